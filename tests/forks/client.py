"""The tests' side of the forking process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Forks:
    """The process, by the socket that it listens on."""

    def __init__(self, place: str) -> None:
        self._place = place

    def run(
        self, *arguments: str, cwd: Path, stdin: bytes, env: Mapping[str, str], timeout: float
    ) -> tuple[int, bytes, bytes]:
        """Run `workflow ARGS`; return its status, and what it printed on both streams.

        Raises `TimeoutError` when it had to be ended.
        """
        # Files in memory: nothing of a test's own folders is touched.
        with _file(stdin) as given, _file() as out, _file() as err:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
                asking.connect(self._place)
                order = {"cwd": str(cwd), "arguments": arguments, "env": dict(env)}
                streams = [one.fileno() for one in (given, out, err)]
                socket.send_fds(asking, [json.dumps(order).encode()], streams)
                asking.settimeout(timeout)
                with asking.makefile("r") as answers:
                    child = int(answers.readline())
                    try:
                        status = int(answers.readline())
                    except TimeoutError:
                        os.killpg(child, signal.SIGKILL)
                        raise
            for one in (out, err):
                one.seek(0)
            return status, out.read(), err.read()


@contextmanager
def _file(data: bytes = b"") -> Iterator[BinaryIO]:
    with os.fdopen(os.memfd_create("stream"), "w+b", buffering=0) as file:
        file.write(data)
        file.seek(0)
        yield file


@contextmanager
def forks(env: Mapping[str, str]) -> Iterator[Forks]:
    """Start the process; it ends with the session."""
    with tempfile.TemporaryDirectory() as folder:
        place = str(Path(folder, "socket"))
        argv = [sys.executable, "-P", "-m", "tests.forks.server", place]
        pipe = subprocess.PIPE
        # It ends with its standard input, however this process ends.
        with subprocess.Popen(argv, env=env, stdin=pipe, stdout=pipe) as on:
            assert on.stdout
            assert on.stdout.readline() == b"ready\n"
            yield Forks(place)
