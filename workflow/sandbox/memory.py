"""Watches what the processes of a run have together, where no control group bounds it.

Counted are pages of their own or shared among them, each once (the kernel's proportional sizes,
for which a pool of forked workers is no more than one of threads), and what is in files in memory.
Pages of programs and libraries are the system's and do not count.  A socket counts with what can
wait in it: nobody outside can see how much does.

A watch looks now and then: what is taken and given back between two looks is not seen, and
`Limits.address_space` bounds what one process takes at once.  Memory in files and memory that is
mapped and shared may be the same: the larger of both is counted, so together they can reach twice
the limit.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from pathlib import Path

# Of `smaps_rollup`: each page shared by n processes counts n times an n-th.  Of `status`: n times.
_EXACT = ("smaps_rollup", (b"Pss_Anon:", b"SwapPss:"), b"Pss_Shmem:")
_AT_MOST = ("status", (b"RssAnon:", b"VmSwap:"), b"RssShmem:")
_LARGEST_TABLE = 8192
_KIBIBYTE = 1024
_BLOCK = 512
_SOCKET_BUFFER = Path("/proc/sys/net/core/wmem_default")
_USUAL_SOCKET_BUFFER = 212_992
# An exact look costs 5 ms and more for 100 MB that are shared by eight.
_REST = 4
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Watch:
    """Looks at the memory of the run whose first process is `first`, a pid of the caller's view.

    Only who may read that process's counters can watch it: its user, or root.  `close` must be
    called.
    """

    __slots__ = ("_first", "_limit", "_proc", "_rests_until", "_socket", "_unnamed")

    def __init__(self, first: int, limit: int) -> None:
        """Watch for more than `limit` bytes."""
        self._first = first
        self._limit = limit
        self._proc: int | None = None
        self._rests_until = 0.0
        self._socket = _socket_buffer()
        with os.fdopen(os.memfd_create("watch", os.MFD_CLOEXEC), "rb") as file:
            self._unnamed = os.fstat(file.fileno()).st_dev

    def __call__(self) -> str:
        """Return why the run must end; empty when it may go on, or has not begun, or is over.

        An exact look is taken only when a cheap one cannot say, and not for long at a time.
        """
        started = time.monotonic()
        if self._used(*_AT_MOST) <= self._limit or started < self._rests_until:
            return ""
        used = self.used()
        ended = time.monotonic()
        self._rests_until = ended + _REST * (ended - started)
        return f"{used} bytes of memory, {self._limit} allowed" if used > self._limit else ""

    def close(self) -> None:
        """Let go of the run's folders."""
        proc, self._proc = self._proc, None
        if proc is not None:
            os.close(proc)

    def used(self) -> int:
        """Return the bytes that the run has now; 0 before it has begun and when it is over."""
        return self._used(*_EXACT)

    def _used(self, table: str, own_keys: tuple[bytes, ...], shared_key: bytes) -> int:
        if self._proc is None and not self._enter():
            return 0
        own = shared = 0
        unnamed: dict[int, int] = {}
        sockets: set[int] = set()
        is_alive = False
        for pid in self._pids():
            found = self._table(pid, table)
            is_alive = is_alive or shared_key in found
            own += sum(found.get(key, 0) for key in own_keys)
            shared += found.get(shared_key, 0)
            self._look_at_open(pid, unnamed, sockets)
        own += len(sockets) * self._socket
        written = sum(unnamed.values()) * _BLOCK
        return own + max(shared, written + _in_memory(self._first)) if is_alive else 0

    def _enter(self) -> bool:
        """Open the run's own `/proc`, once it is there.

        Before that the first process still has the launcher's root, where everybody's processes
        are to be seen.
        """
        place = f"/proc/{self._first}"
        with contextlib.suppress(OSError):
            proc = os.open(f"{place}/root/proc", _DIRECTORY)
            try:
                if os.stat(f"{place}/ns/pid") == os.stat("1/ns/pid", dir_fd=proc):  # noqa: PTH116 - relative to a descriptor
                    self._proc, proc = proc, -1
                    return True
            finally:
                if proc >= 0:
                    os.close(proc)
        return False

    def _pids(self) -> list[str]:
        try:
            return [name for name in os.listdir(self._proc) if name.isdigit()]  # noqa: PTH208 - of a descriptor
        except OSError:
            return []

    def _table(self, pid: str, name: str) -> dict[bytes, int]:
        """Return the counters of one process in bytes; empty when it is gone."""
        with contextlib.suppress(OSError):
            fd = os.open(f"{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
            try:
                lines = os.read(fd, _LARGEST_TABLE).splitlines()
            finally:
                os.close(fd)
            words = [line.split() for line in lines if line.endswith(b" kB")]
            return {word[0]: int(word[1]) * _KIBIBYTE for word in words}
        return {}

    def _look_at_open(self, pid: str, unnamed: dict[int, int], sockets: set[int]) -> None:
        """Add what a process holds open: files of `memfd_create` with their blocks, and sockets."""
        with contextlib.suppress(OSError):
            folder = os.open(f"{pid}/fd", _DIRECTORY, dir_fd=self._proc)
            try:
                for name in os.listdir(folder):  # noqa: PTH208 - of a descriptor
                    with contextlib.suppress(OSError):
                        file = os.stat(name, dir_fd=folder)
                        if file.st_dev == self._unnamed:
                            unnamed[file.st_ino] = file.st_blocks
                        elif stat.S_ISSOCK(file.st_mode):
                            sockets.add(file.st_ino)
            finally:
                os.close(folder)


def _socket_buffer() -> int:
    """Return the bytes that can wait in a socket, unless its program has asked for more."""
    try:
        return int(_SOCKET_BUFFER.read_text("ascii"))
    except (OSError, ValueError):
        return _USUAL_SOCKET_BUFFER


def _in_memory(first: int) -> int:
    """Return the bytes in the file systems in memory that the process `first` sees writable.

    One that is read-only belongs to the host.  A copy-on-write tree is in one of the others.
    """
    try:
        lines = Path(f"/proc/{first}/mountinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return 0
    used: dict[int, int] = {}
    for line in lines:
        left, _, right = line.partition(" - ")
        fields = left.split(" ")
        if right.startswith("tmpfs ") and "rw" in fields[5].split(","):
            with contextlib.suppress(OSError):
                place = f"/proc/{first}/root{fields[4]}"
                disk = os.statvfs(place)
                used[Path(place).stat().st_dev] = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
    return sum(used.values())
