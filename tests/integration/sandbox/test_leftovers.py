from __future__ import annotations

import contextlib
import ctypes
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[3]
LEAVE = Path(__file__).with_name("leave.py")
GROUPS = Path("/sys/fs/cgroup")
START_S = 20.0
_ADOPT = 36  # PR_SET_CHILD_SUBREAPER
GONE_S = 3.0
"""What is measured here is some milliseconds; the machine may be busy with other things."""


def carrying(mark: str) -> list[Path]:
    """Return the folders in /proc of all processes that have the mark in their arguments."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in path.joinpath("cmdline").read_text("utf-8", "replace"):
                found.append(path)
    return found


def namespaces(folder: Path) -> set[str]:
    """Return the names of a process's namespaces."""
    found = set()
    for path in (folder / "ns").iterdir():
        with contextlib.suppress(OSError):
            found.add(str(path.readlink()))
    return found


def held() -> set[str]:
    """Return the names of all namespaces that any process is in."""
    found: set[str] = set()
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found |= namespaces(path)
    return found


def groups(folder: Path) -> set[Path]:
    """Return the control groups of a process, but for those that the test itself is in."""
    found = set()
    for line in folder.joinpath("cgroup").read_text("ascii").splitlines():
        _, kinds, name = line.split(":", 2)
        places = [GROUPS / kinds / name[1:], GROUPS / "unified" / name[1:], GROUPS / name[1:]]
        if line not in Path("/proc/self/cgroup").read_text("ascii").splitlines():
            found |= {place for place in places if place.is_dir()}
    return found


def until(what: Callable[[], bool], seconds: float) -> float:
    """Wait for it, and return the seconds that it took; fail the test when it does not come."""
    began = time.monotonic()
    while not what():
        if time.monotonic() - began > seconds:
            pytest.fail(f"not within {seconds} s")
        time.sleep(0.002)
    return time.monotonic() - began


def children() -> set[int]:
    """Return the numbers of this process's children, the adopted ones among them."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found |= {int(path.name)} if field(path, "PPid") == str(os.getpid()) else set()
    return found


def reaped(numbers: set[int]) -> bool:
    """Take leave of adopted children that have ended; say whether none is left."""
    for number in numbers:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(number, os.WNOHANG)
    return not numbers & children()


class Left:
    """A driver at work, and what belongs to its run."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.mark = f"leftover-{secrets.token_hex(6)}"
        self.temporary = folder / self.mark
        self.tree = folder / "tree"
        self.temporary.mkdir()
        self.tree.mkdir()
        self.tree.joinpath("file").write_text("as it was")
        known = children()
        self.shared = {path.name for path in Path("/dev/shm").iterdir()}  # noqa: S108 - looked at
        self.driver = subprocess.Popen(
            [sys.executable, str(LEAVE), kind, self.mark, str(self.tree)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": self._path(), "TMPDIR": str(self.temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.namespaces: set[str] = set()
        self.groups: set[Path] = set()
        self.kin = known | {self.driver.pid}

    @staticmethod
    def _path() -> str:
        return os.pathsep.join([str(ROOT), *(path for path in sys.path if "site-packages" in path)])

    def daemons(self) -> list[Path]:
        """Return those that run the daemon's words, which nobody but it has alone."""
        found = []
        for path in carrying(self.mark):
            with contextlib.suppress(OSError):
                words = path.joinpath("cmdline").read_bytes().split(b"\0")
                found += [path] if words[-2:] == [self.mark.encode(), b""] else []
        return found

    def is_at_work(self) -> bool:
        """Whether both daemons run; notes what they are in."""
        daemons = self.daemons()
        own = namespaces(Path("/proc/self"))
        with contextlib.suppress(OSError):
            for path in daemons:
                self.namespaces |= namespaces(path) - own
                self.groups |= groups(path)
        return len(daemons) > 1

    def gone(self) -> float:
        """Wait until no process is left; return the seconds that it took.

        Whatever the driver leaves is this process's child by then.
        """
        return until(
            lambda: not carrying(self.mark) and reaped(children() - self.kin),
            GONE_S,
        )

    def assert_nothing_left(self) -> None:
        """Assert that neither process, namespace, mount, control group nor file is left."""
        assert not carrying(self.mark)
        assert reaped(children() - self.kin)
        assert self.namespaces, "nothing was seen of the run: the test proves nothing"
        until(lambda: not self.namespaces & held(), GONE_S)
        mounts = Path("/proc/self/mountinfo").read_text("utf-8")
        assert self.mark not in mounts
        assert str(self.tree) not in mounts
        until(lambda: not any(path.exists() for path in self.groups), GONE_S)
        assert list(self.temporary.iterdir()) == []
        assert [path.name for path in self.tree.iterdir()] == ["file"]
        shared = {path.name for path in Path("/dev/shm").iterdir()}  # noqa: S108 - looked at
        assert not [name for name in shared - self.shared if self.mark in name]


@pytest.fixture
def leave(tmp_path: Path) -> Iterator[Callable[[str], Left]]:
    """Yield what starts drivers; whatever a failed test leaves is ended by its mark.

    Meanwhile this process adopts the orphans of what it starts.
    """
    started: list[Left] = []
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(_ADOPT, 1, 0, 0, 0) == 0

    def start(kind: str) -> Left:
        started.append(Left(kind, tmp_path))
        return started[-1]

    yield start
    libc.prctl(_ADOPT, 0, 0, 0, 0)
    for left in started:
        for path in carrying(left.mark):
            with contextlib.suppress(OSError):
                os.kill(int(path.name), signal.SIGKILL)
        left.driver.kill()
        left.driver.communicate()


ENDS = {"success": "0 False", "failure": "3 False", "deadline": "None True"}


@pytest.mark.parametrize("kind", ENDS)
def test_run_that_ends_by_itself_leaves_nothing(kind: str, leave: Callable[[str], Left]) -> None:
    """Daemons in sessions of their own end with the run, however it ends."""
    left = leave(kind)
    until(left.is_at_work, START_S)
    out, err = left.driver.communicate(timeout=START_S)
    seconds = left.gone()
    print(f"{kind}: gone {seconds * 1000:.0f} ms after the driver")  # noqa: T201 - the figure
    assert out.startswith(ENDS[kind]), out + err
    assert re.search(r"pid:\[\d+\]", out)
    left.assert_nothing_left()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_driver_that_is_ended_leaves_nothing(
    number: signal.Signals, leave: Callable[[str], Left]
) -> None:
    """Ctrl-C, a polite end, a lost terminal and `kill -9` of the parent leave nothing."""
    left = leave("waits")
    until(left.is_at_work, START_S)
    left.driver.send_signal(number)
    left.driver.communicate(timeout=START_S)
    seconds = left.gone()
    print(f"{number.name}: gone {seconds * 1000:.0f} ms after the driver")  # noqa: T201 - the figure
    assert left.driver.returncode
    left.assert_nothing_left()


def test_ctrl_c_in_a_terminal_leaves_nothing(leave: Callable[[str], Left]) -> None:
    """The whole group gets the signal, as from a keyboard."""
    left = leave("waits")
    until(left.is_at_work, START_S)
    os.killpg(left.driver.pid, signal.SIGINT)
    left.driver.communicate(timeout=START_S)
    left.gone()
    left.assert_nothing_left()


def test_sandbox_that_is_killed_leaves_nothing(leave: Callable[[str], Left]) -> None:
    """The processes between the driver and the run may die: the run dies with them."""
    left = leave("waits")
    until(left.is_at_work, START_S)
    parents = {int(field(path, "PPid")) for path in carrying(left.mark)}
    for pid in parents - {left.driver.pid, os.getpid(), 1}:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    left.driver.communicate(timeout=START_S)
    left.gone()
    left.assert_nothing_left()


def field(folder: Path, name: str) -> str:
    """Return a line of a process's status."""
    lines = folder.joinpath("status").read_text("utf-8").splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))
