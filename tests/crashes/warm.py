"""The tests' side of the warm process: run a command, and let something happen at one point."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

Act: TypeAlias = "tuple[str | int, ...]"
"""What happens at a point: ("kill",), ("kill-all",), ("stop",), ("fill", BYTES, FOLDER),
("forbid", FOLDER) or ("clock", SECONDS)."""

KILL: Act = ("kill",)
DAY_S = 86_400
# Root without its rights may write no more than anybody else.
NO_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")


@dataclass(frozen=True, slots=True)
class Point:
    """A moment before or after an effect; `number` counts from 1."""

    number: int
    what: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its status, `-N` when signal N killed it, and what it printed.

    `points` are those that it passed, unless it was killed; `stopped` is its process id as long as
    it is stopped.
    """

    status: int
    points: tuple[Point, ...]
    stdout: str
    stderr: str
    stopped: int = 0

    @property
    def json(self) -> Any:
        """What `--json` printed."""
        return json.loads(self.stdout)


class Warm:
    """The warm process."""

    def __init__(self, process: subprocess.Popen[str], scratch: Path) -> None:
        self._process = process
        self._scratch = scratch
        self._count = 0

    def run(
        self,
        cwd: Path,
        *arguments: str,
        at: int = 0,
        act: Act = KILL,
        is_counted: bool = False,
    ) -> Ended:
        """Run `workflow ARGS` in a folder, and let `act` happen at point number `at`.

        Points are counted where one is asked for, or `is_counted`: it takes its time.
        """
        self._count += 1
        names = {name: str(self._scratch / f"{self._count}.{name}") for name in _STREAMS}
        order = {"cwd": str(cwd), "arguments": arguments, "at": at, "act": act}
        rest = {"env": dict(os.environ), "is_counted": is_counted or at > 0}
        return self._ask({**order, **names, **rest}, names)

    def resume(self, stopped: Ended) -> Ended:
        """Let a stopped command go on to its end."""
        names = {"stdout": stopped.stdout, "stderr": stopped.stderr}
        return self._ask({"resume": stopped.stopped}, names)

    def _ask(self, order: Mapping[str, Any], names: Mapping[str, str]) -> Ended:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "stopped" in answer:
            # Its output is not complete yet: `resume` reads it.
            return Ended(0, (), names["stdout"], names["stderr"], answer["stopped"])
        out, err = (_taken(names[name]) for name in _STREAMS)
        points = tuple(Point(number, what) for number, what in enumerate(answer["points"], 1))
        return Ended(answer["status"], points, out, err)


_STREAMS = ("stdout", "stderr")


def _taken(name: str) -> str:
    """What a file holds, which is not needed any more then."""
    with open(name, encoding="utf-8") as file:  # noqa: PTH123 - a name, as the order has it
        said = file.read()
    os.unlink(name)  # noqa: PTH108 - as above
    return said


@contextmanager
def warm(scratch: Path, *, prefix: Sequence[str] = ()) -> Iterator[Warm]:
    """Start the warm process; `scratch` is a folder for what commands print.

    `prefix` is a program with its words that starts it, such as one that drops rights.
    """
    argv = [*prefix, sys.executable, "-P", "-m", "tests.crashes.server"]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, text=True, stdin=pipe, stdout=pipe) as process:
        try:
            yield Warm(process, scratch)
        finally:
            if process.stdin:
                process.stdin.close()
