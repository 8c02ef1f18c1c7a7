"""Runs `workflow ARGS` in this process and dies by SIGKILL at the Nth step of its own code.

A step is a call, a return, or a call into C of any function of the package, as the interpreter
reports them; so the process can be made to die between any two of its effects.

`killed.py 0 ARGS…` runs to the end and writes the number of steps to the file `$STEPS_FILE`.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import workflow
from workflow import cli, wiring

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

PACKAGE = str(Path(workflow.__file__).parent)
EVENTS = {"call", "return", "c_call"}


def counted(act: Callable[[], object], deadly: int) -> int:
    """Act, and die at the given step of the package's own code; returns how many there were."""
    steps = 0

    def count(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal steps
        if event in EVENTS and frame.f_code.co_filename.startswith(PACKAGE):
            steps += 1
            if steps == deadly:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    act()
    sys.setprofile(None)
    return steps


def main() -> int:
    """Run, and die at the given step."""
    deadly, arguments = int(sys.argv[1]), sys.argv[2:]

    # Imported first: steps are those of the command, not of loading it.
    from workflow.cli import app, land, propose  # noqa: F401, PLC0415 - see above

    # Rules are compiled once for all runs: a first run would have more steps than the others.
    wiring.finder(wiring.built_in_policy().sealing).find(b"password = 'Kq3vX9dYkR2m'\n", "a.py")

    status: list[int] = []
    steps = counted(lambda: status.append(cli.run(arguments)), deadly)
    if not deadly:
        Path(os.environ["STEPS_FILE"]).write_text(str(steps))
    return status[0]


if __name__ == "__main__":
    sys.exit(main())
