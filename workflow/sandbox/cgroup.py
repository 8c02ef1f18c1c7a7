"""One control group per run, where one may be had: bounds what all processes of it have together.

That is as root, or in a subtree that systemd has delegated to the user.  Both versions of control
groups are known; nothing that is there already is reconfigured.  Memory in files (the tree's copy,
/tmp, /dev/shm) counts as memory, and so does swap.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.sandbox.interface import Limits

_CONTROLLERS = ("memory", "pids")
# Bubblewrap's own processes come on top of the program's.
_OWN_PROCESSES = 8
_NAME = re.compile(r"workflow-(\d+)-(\d+)-\d+")
_OOM_KILLS = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)
_MEMORY_FULL = "the kernel ended it: memory"
_END_S, _LOOK_S = 2.0, 0.002
_COUNT = itertools.count()


@dataclass(frozen=True, slots=True)
class Home:
    """Where groups may be made: the folders that take one, and the version of control groups."""

    folders: tuple[Path, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Group:
    """A control group of one run.

    `descriptors` are its lists of processes, open for writing.  `close` must be called.
    """

    folders: tuple[Path, ...]
    descriptors: tuple[int, ...]

    def join(self) -> None:
        """Move the calling process in; for a child, between fork and exec."""
        for fd in self.descriptors:
            os.write(fd, b"0")

    def add(self, pid: int) -> None:
        """Move the process `pid` in."""
        for fd in self.descriptors:
            os.write(fd, str(pid).encode())

    def reason(self) -> str:
        """Return why the kernel has killed in here; empty when it has not."""
        for folder in self.folders:
            for name in ("memory.events", "memory.oom_control"):
                found = _OOM_KILLS.search(_read(folder / name))
                if found and int(found[1]):
                    return _MEMORY_FULL
        return ""

    def close(self) -> None:
        """Kill what is left and remove the group."""
        for fd in self.descriptors:
            with contextlib.suppress(OSError):
                os.close(fd)
        for folder in self.folders:
            _remove(folder)


def make(limits: Limits) -> Group | None:
    """Return a group with the bounds of `limits`; `None` where none may be had."""
    home = _home()
    if home is None:
        return None
    name = f"workflow-{os.getpid()}-{_started(os.getpid())}-{next(_COUNT)}"
    folders = tuple(folder / name for folder in home.folders)
    descriptors: list[int] = []
    try:
        for folder in folders:
            folder.mkdir()
            _bound(folder, limits, home.version)
            descriptors.append(os.open(folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC))
    except OSError:
        Group(tuple(folder for folder in folders if folder.is_dir()), tuple(descriptors)).close()
        return None
    return Group(folders, tuple(descriptors))


def is_there() -> bool:
    """Whether a run here is put into a control group, which counts all of its memory."""
    return _home() is not None


@functools.cache
def _home() -> Home | None:
    return find()


def find(
    mounts: Path = Path("/proc/self/mountinfo"), own: Path = Path("/proc/self/cgroup")
) -> Home | None:
    """Return where this process may make groups; `None` when that is nowhere.

    `mounts` and `own` are the kernel's tables of mounts and of this process's groups.
    """
    memberships = [line.split(":", 2) for line in _read(own).splitlines()]
    mounted = list(_mounted(_read(mounts)))
    legacy = _legacy(memberships, mounted)
    return legacy if legacy is not None else _unified(memberships, mounted)


def sweep() -> None:
    """Remove the groups whose launcher is gone; what still runs in them is killed."""
    home = _home()
    for folder in home.folders if home else ():
        for path in folder.glob("workflow-*"):
            found = _NAME.fullmatch(path.name)
            if found and _started(int(found[1])) != found[2]:
                _remove(path)


def _legacy(memberships: list[list[str]], mounted: list[tuple[Path, str, set[str]]]) -> Home | None:
    """Return this process's own groups of version 1, one for each controller."""
    folders = []
    for controller in _CONTROLLERS:
        own = next((path for _, names, path in memberships if controller in names.split(",")), None)
        place = next(
            (at for at, kind, on in mounted if kind == "cgroup" and controller in on), None
        )
        if own is None or place is None:
            return None
        folder = place / own.lstrip("/")
        if not os.access(folder, os.W_OK) or not os.access(folder / "cgroup.procs", os.W_OK):
            return None
        folders.append(folder)
    return Home(tuple(dict.fromkeys(folders)), version=1)


def _unified(
    memberships: list[list[str]], mounted: list[tuple[Path, str, set[str]]]
) -> Home | None:
    """Return the nearest group of version 2 above this process that hands both bounds on."""
    own = next((path for number, _, path in memberships if number == "0"), None)
    place = next((at for at, kind, _ in mounted if kind == "cgroup2"), None)
    if own is None or place is None:
        return None
    folder = place / own.lstrip("/")
    for candidate in (folder, *folder.parents):
        handed_on = _read(candidate / "cgroup.subtree_control").split()
        writable = all(os.access(path, os.W_OK) for path in (candidate, candidate / "cgroup.procs"))
        if writable and set(_CONTROLLERS) <= set(handed_on):
            return Home((candidate,), version=2)
        if candidate == place:
            break
    return None


def _mounted(table: str) -> Iterator[tuple[Path, str, set[str]]]:
    """Yield the place, the kind and the options of each mount that shows whole control groups."""
    for line in table.splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind in {"cgroup", "cgroup2"}:
            yield Path(left.split(" ")[4]), kind, set(options.split(","))


def _bound(folder: Path, limits: Limits, version: int) -> None:
    memory, processes = str(limits.memory), str(limits.processes + _OWN_PROCESSES)
    needed, wanted = {
        1: (
            {"memory.limit_in_bytes": memory, "pids.max": processes},
            {"memory.memsw.limit_in_bytes": memory},
        ),
        2: (
            {"memory.max": memory, "pids.max": processes},
            {"memory.swap.max": "0", "memory.oom.group": "1"},
        ),
    }[version]
    for name, value in needed.items():
        # Of version 1 each controller has a folder of its own.
        if version == 2 or (folder / name).exists():  # noqa: PLR2004 - the version
            (folder / name).write_text(value, "ascii")
    for name, value in wanted.items():
        if (folder / name).exists():
            (folder / name).write_text(value, "ascii")


def _remove(folder: Path) -> None:
    _until(lambda: _is_removed(folder))


def _is_removed(folder: Path) -> bool:
    """Kill what is in the group and try to remove it."""
    with contextlib.suppress(OSError):
        (folder / "cgroup.kill").write_text("1", "ascii")
    for pid in _read(folder / "cgroup.procs").split():
        with contextlib.suppress(OSError):
            os.kill(int(pid), signal.SIGKILL)
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _until(done: Callable[[], bool]) -> None:
    """Try until it is done, or it is time to leave it to a later `sweep`."""
    end = time.monotonic() + _END_S
    while not done() and time.monotonic() < end:
        time.sleep(_LOOK_S)


def _started(pid: int) -> str:
    """Return when the process started, in the kernel's ticks; empty when it is gone."""
    # NOTE: the name of a program, in parentheses, may hold spaces and parentheses.
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 else ""  # noqa: PLR2004 - the 22nd field of proc(5)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
