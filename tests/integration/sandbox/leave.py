"""Runs one command in the sandbox, as `workflow` does; started by the leftovers tests.

`leave.py KIND MARK TREE`: the command starts a daemon that carries MARK in its arguments, and then
ends well, fails, goes on past its deadline, or goes on until this process is ended from outside.
"""

from __future__ import annotations

import sys
from pathlib import Path

from workflow.sandbox import Command, Limits, Scratch
from workflow.sandbox.bubblewrap import Bubblewrap
from workflow.sandbox.interpreter import interpreter

DAEMON = "import time; time.sleep(300)"
CODE = """
import os, subprocess, sys, time
words = [sys.executable, "-I", "-S", "-c", sys.argv[3], sys.argv[2]]
for _ in range(2):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0: os.execv(words[0], words)
        os._exit(0)
open("left", "w").write("x")
open("/tmp/left", "w").write("x")
time.sleep(0.3)
print(*(os.readlink(f"/proc/self/ns/{name}") for name in sorted(os.listdir("/proc/self/ns"))))
sys.stdout.flush()
if sys.argv[1] == "failure": sys.exit(3)
if sys.argv[1] != "success": time.sleep(300)
"""


def main() -> None:
    """Run it and print how it ended."""
    kind, mark, tree = sys.argv[1:]
    python = interpreter(Path(sys.executable))
    words = (str(python.program), "-I", "-S", "-c", CODE, kind, mark, DAEMON)
    ran = Bubblewrap().run(
        Command(
            argv=words,
            tree=Scratch(Path(tree)),
            read_only=python.folders,
            limits=Limits(wall_s=2.0 if kind == "deadline" else 60.0),
        )
    )
    sys.stdout.write(f"{ran.exit_status} {ran.timed_out}\n{ran.stdout.decode()}")


if __name__ == "__main__":
    main()
