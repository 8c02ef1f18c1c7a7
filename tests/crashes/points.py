"""Counts a command's effects as the interpreter reports them, and acts at one of them."""

from __future__ import annotations

import fcntl
import itertools
import os
import signal
import sqlite3
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import workflow

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_PACKAGE = str(Path(workflow.__file__).parent) + os.sep
_CALLS = (
    *(os.replace, os.rename, os.fsync, os.fdatasync, os.unlink, os.remove, os.rmdir, os.mkdir),
    *(os.chmod, os.fchmod, os.chown, os.fchown, os.lchown, os.link, os.symlink, os.truncate),
    *(os.ftruncate, os.utime, os.setxattr, os.removexattr, os.write, fcntl.flock),
)
_NAMES = frozenset(call.__name__ for call in _CALLS)
_STATEMENTS = frozenset({"execute", "executemany", "commit", "rollback"})
_START = "fork_exec"
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_BLOCK = 1 << 16
# How long a child of ours may have had when all are killed together: git's commands take 2 to 5 ms.
_CHILD_S = 0.003


class Counter:
    """Numbers the points of this process from 1 and calls `act` at one of them; 0 is never."""

    def __init__(self, at: int, act: Callable[[], None]) -> None:
        self.points: list[str] = []
        self._at = at
        self._act = act
        self._is_writing = False
        self._is_on = False

    def start(self) -> None:
        """Begin to count, in this thread."""
        sys.addaudithook(self._audit)
        self._is_on = True
        sys.setprofile(self._profile)

    def stop(self) -> None:
        """Count no more."""
        sys.setprofile(None)
        self._is_on = False

    def _profile(self, frame: FrameType, event: str, function: object) -> None:
        if event not in {"c_call", "c_return"}:
            return
        name = getattr(function, "__name__", "")
        is_before = event == "c_call"
        if name == "open":
            if not is_before and self._is_writing:
                self._is_writing = False
                self._point("after", name, frame)
        elif self._is_effect(name, function):
            self._point("before" if is_before else "after", name, frame)

    def _is_effect(self, name: str, function: object) -> bool:
        if name == _START:
            return True
        owner = getattr(function, "__self__", None)
        if name in _STATEMENTS:
            # What is written outside a transaction is a row of one statement, and this has none.
            return isinstance(owner, sqlite3.Connection) and owner.in_transaction
        return name in _NAMES and function in _CALLS

    def _audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._is_on or event != "open":
            return
        flags = arguments[2]
        self._is_writing = isinstance(flags, int) and bool(flags & _WRITING)
        if self._is_writing:
            self._point("before", "open", sys._getframe(1))

    def _point(self, when: str, name: str, frame: FrameType | None) -> None:
        self.points.append(f"{when} {name} {_place(frame)}")
        if len(self.points) == self._at:
            self._is_on = False
            sys.setprofile(None)
            self._act()


def _place(frame: FrameType | None) -> str:
    """Where in the package it happens, and which program is started."""
    program = ""
    names: list[str] = []
    while frame is not None and len(names) < 3:
        path = frame.f_code.co_filename
        if path.startswith(_PACKAGE):
            if frame.f_code.co_name == "_popen":
                program = _words(frame.f_locals.get("argv", ()))
            elif not path.endswith(("process.py", "git_command.py")):
                names.append(f"{Path(path).stem}.{frame.f_code.co_name}")
        frame = frame.f_back
    return f"{program}in {' < '.join(names)}"


def _words(argv: object) -> str:
    """The program and the first of its words that is no option."""
    words = [str(word) for word in argv] if isinstance(argv, list | tuple) else []
    options = {"-c", "-C"}
    plain = [
        word
        for before, word in itertools.pairwise(words)
        if not word.startswith("-") and before not in options
    ]
    return f"({Path(words[0]).name} {plain[0] if plain else ''}) " if words else ""


# --- what happens at the point -----------------------------------------------------------------


def kill() -> None:
    """Die; a child of this process lives on."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_all() -> None:
    """Die with every child, as when the machine loses power."""
    time.sleep(_CHILD_S)
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            os.kill(int(pid), signal.SIGKILL)
    kill()


def stop() -> None:
    """Stop until somebody sends SIGCONT."""
    os.kill(os.getpid(), signal.SIGSTOP)


def fill(left: int, folder: Path) -> None:
    """Fill the disk of a folder so that `left` bytes are free."""
    with (folder / "filler").open("wb", buffering=0) as filler:
        while (free := _free(folder)) > left:
            try:
                filler.write(b"\0" * min(_BLOCK, free - left))
            except OSError:
                return


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def forbid(place: Path) -> None:
    """Take the right to write in a folder away."""
    place.chmod(0o500)
