"""Starts nginx inside the sandbox, with upstreams that stand in, asks it, and reports.

nginx is its child, and out of reach of this process's memory and descriptors (`_withdraw`): a
module that a tree brings along may be hostile.  Its one argument names a JSON file, `told.Told`.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

from workflow.gates.nginx.live.inside.client import Plain
from workflow.gates.nginx.live.inside.stubs import Upstreams, serve_names
from workflow.gates.nginx.live.inside.told import HTTP1, HTTP3, nothing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.gates.nginx.live.inside.quic import Quic
    from workflow.gates.nginx.live.inside.streams import Streams
    from workflow.gates.nginx.live.inside.told import Ask, Got, Told

_PR_SET_DUMPABLE = 4
_CHUNK = 65536
_MAX_LOG = 256 * 1024
_RETRY_S = 0.003
_SETTLED_S = 0.2
_GIVE_UP = 3
"""So many requests in a row that come to no end in time: no other is waited for."""


def _withdraw() -> int:
    """Put this process out of reach of its child, and return the report's descriptor."""
    report = int(os.environ.pop("WORKFLOW_REPORT_FD"))
    os.set_inheritable(report, False)
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        sys.exit("the probe cannot withdraw from the reach of nginx")
    return report


class _Nginx:
    """The tested process; the first of what it prints goes to this process's own log."""

    def __init__(self, argv: list[str]) -> None:
        read, write = os.pipe()
        self.process = subprocess.Popen(  # noqa: S603 - words of ours, inside the sandbox
            argv, stdin=subprocess.DEVNULL, stdout=write, stderr=write
        )
        os.close(write)
        self._log = threading.Thread(target=_copy, args=(read,), daemon=True)
        self._log.start()

    def stop(self) -> None:
        """End it, and take the rest of its log."""
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()
        self._log.join(0.5)


def _copy(read: int) -> None:
    room = _MAX_LOG
    while chunk := os.read(read, _CHUNK):
        sys.stderr.buffer.write(chunk[:room])
        room -= len(chunk[:room])
    sys.stderr.buffer.flush()


class _Probe:
    """Waits for nginx, then sends every request, in order, as often as it is told."""

    def __init__(self, told: Told, report: int) -> None:
        self._told, self._report = told, report
        self._until = time.monotonic() + told["timeout_s"]
        self._plain = Plain()
        self._streams: Streams | None = None
        self._quic: Quic | None = None
        context = None
        if any(stub["protocol"] == "https" for stub in told["stubs"]):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(told["certificate"], told["key"])
        self._upstreams = Upstreams(told["stubs"], context)
        self._nginx = _Nginx(told["nginx"])

    def run(self) -> None:
        """Probe, and say at the end that this is all."""
        self._say({"failed": self._upstreams.failed})
        if self._start():
            self._ask_all()
        ended = self._nginx.process.poll()
        self._nginx.stop()
        self._say({"done": True, "ended": ended})

    def _say(self, said: Mapping[str, object]) -> None:
        data = json.dumps(said).encode() + b"\n"
        while data:
            data = data[os.write(self._report, data) :]

    def _start(self) -> bool:
        """Wait until nginx listens; say how long that took, or that it ended."""
        started = time.monotonic()
        until = min(started + self._told["start_s"], self._until)
        while time.monotonic() < until:
            status = self._nginx.process.poll()
            if status is not None:
                self._say({"stopped": status})
                return False
            # Where nothing can be connected to, that nginx still runs has to do.
            is_late = time.monotonic() - started > _SETTLED_S
            ready = self._told["ready"]
            if all(map(_listens, ready)) and (ready or is_late):
                self._say({"started_ms": int((time.monotonic() - started) * 1000)})
                return True
            time.sleep(_RETRY_S)
        self._say({"not_up": True})
        return False

    def _ask_all(self) -> None:
        late = 0
        for turn in range(self._told["turns"]):
            for number, ask in enumerate(self._told["asks"]):
                started = time.monotonic()
                if started >= self._until or late >= _GIVE_UP:
                    return
                self._upstreams.memory.take()
                until = min(self._until, started + self._told["request_s"])
                if self._told["spread"] and not ask["source"]:
                    # Of the addresses for benchmarks (RFC 2544): nobody has them.
                    source = f"198.18.{turn}.{number % 250 + 1}"
                    got = self._ask({**ask, "source": source}, until)
                else:
                    got = self._ask(ask, until)
                late = late + 1 if got["end"] == "deadline" else 0
                time.sleep(self._told["settle_s"])
                upstream = self._upstreams.memory.take()
                took = int((time.monotonic() - started) * 1000)
                status = self._nginx.process.poll()
                self._say(
                    {"turn": turn, "ask": number, "ms": took, "upstream": upstream, "ended": status}
                    | {"got": got}
                )
                if status is not None:
                    return

    def _ask(self, ask: Ask, until: float) -> Got:
        try:
            return self._asked(ask, until)
        except (ValueError, LookupError) as error:
            return nothing(f"no answer that can be read: {type(error).__name__}")

    def _asked(self, ask: Ask, until: float) -> Got:
        if ask["protocol"] == HTTP1:
            return self._plain.ask(ask, until)
        if not self._told["packages"]:
            return nothing("not asked: the packages for it are not installed")
        if ask["protocol"] == HTTP3:
            if self._quic is None:
                from workflow.gates.nginx.live.inside.quic import Quic  # noqa: PLC0415 - 0.2 s

                self._quic = Quic()
            return self._quic.ask(ask, until)
        if self._streams is None:
            from workflow.gates.nginx.live.inside.streams import Streams  # noqa: PLC0415 - on use

            self._streams = Streams()
        return self._streams.ask(ask, until)


def _listens(address: tuple[str, int]) -> bool:
    host, port = address
    family = socket.AF_INET if port else socket.AF_UNIX
    family = socket.AF_INET6 if ":" in host else family
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        return sock.connect_ex((host, port) if port else host) == 0


def _make_pages(pages: list[tuple[str, str]]) -> None:
    """Make files for nginx to serve where there are none; not all places can be written to."""
    for path, text in pages:
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - pathlib costs start-up time
            with open(path, "x", encoding="utf-8") as file:  # noqa: PTH123 - as above
                file.write(text)


def main() -> None:
    """Probe the nginx that the file says."""
    report = _withdraw()
    # Client and upstreams take turns all the time.
    sys.setswitchinterval(0.0005)
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123 - as above
        told: Told = json.load(file)
    if told["packages"]:
        sys.path.append(told["packages"])
    _make_pages(told["pages"])
    serve_names(told["names"], [(host, port) for host, port in told["resolvers"]])
    _Probe(told, report).run()


if __name__ == "__main__":
    main()
