"""A process with everything imported, which runs each command in a fork of itself.

It reads an order a line from stdin and answers with a line on stdout, both JSON; so a point costs
a fork and not a start of Python.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.crashes import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MODULES = ("app", "decide", "doctor", "land", "look", "session")


def main() -> None:
    """Answer orders until stdin ends."""
    clock.install()
    warm_up()
    stopped: dict[int, Path] = {}
    for line in sys.stdin:
        order = json.loads(line)
        if "resume" in order:
            child, report = order["resume"], stopped.pop(order["resume"])
            os.kill(child, signal.SIGCONT)
        else:
            child, report = _start(order), Path(order["stdout"] + ".report")
        answer = _wait(child, report)
        if "stopped" in answer:
            stopped[child] = report
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def warm_up() -> None:
    """Import and compile what the commands need, so that their forks find it there."""
    load({f"workflow.cli.{name}" for name in _MODULES})
    from workflow import wiring  # noqa: PLC0415 - after the clock is there

    wiring.finder(wiring.built_in_policy().sealing).find(b"a line\n", "a.py")


def load(names: set[str]) -> None:
    """Import modules that a command needed, so that the next one finds them there."""
    for name in sorted(names - set(sys.modules)):
        with suppress(ImportError):
            importlib.import_module(name)


def _start(order: dict[str, Any]) -> int:
    """Fork a child that carries an order out."""
    child = os.fork()
    if child:
        return child
    status = 70
    try:
        status = _carry_out(order)
    finally:
        os._exit(status)


def _carry_out(order: dict[str, Any]) -> int:
    from tests.crashes.points import Counter  # noqa: PLC0415 - after the clock is there
    from workflow import cli  # noqa: PLC0415 - as above

    writing = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    given = os.open(os.devnull, os.O_RDONLY)
    become(order, [given, *(os.open(order[name], writing, 0o600) for name in ("stdout", "stderr"))])
    known = set(sys.modules)
    counter = Counter(order["at"], _act(order["act"]))
    if order["is_counted"]:
        counter.start()
    status = cli.run(order["arguments"])
    counter.stop()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    said = {"points": counter.points, "modules": sorted(set(sys.modules) - known)}
    # A file, since a pipe that nobody reads yet takes no more than 64 KiB.
    Path(order["stdout"] + ".report").write_text(json.dumps(said))
    return status


def become(order: dict[str, Any], streams: Sequence[int]) -> None:
    """Take an order's folder and environment, and these descriptors for the standard streams."""
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)


def _act(words: list[Any]) -> Callable[[], None]:
    from tests.crashes import points  # noqa: PLC0415 - after the clock is there

    match words:
        case ["kill"]:
            return points.kill
        case ["kill-all"]:
            return points.kill_all
        case ["stop"]:
            return points.stop
        case ["fill", int(left), str(folder)]:
            return partial(points.fill, left, Path(folder))
        case ["forbid", str(folder)]:
            return partial(points.forbid, Path(folder))
        case ["clock", int(seconds)]:
            return partial(clock.jump, seconds)
    raise ValueError(words)


def _wait(child: int, report: Path) -> dict[str, Any]:
    """What became of a child: its end, or that it has stopped."""
    _, status = os.waitpid(child, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        return {"stopped": child}
    said = ""
    if report.exists():
        said = report.read_text()
        report.unlink()
    found = json.loads(said) if said else {"points": [], "modules": []}
    load(set(found.pop("modules")))
    return {"status": os.waitstatus_to_exitcode(status), **found}


if __name__ == "__main__":
    main()
