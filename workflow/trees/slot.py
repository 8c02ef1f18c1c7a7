"""One cached checkout on disk: its folder, a note of what it holds, and who uses it.

The lock lives on the open file, so that a killed process never leaves it behind: shared while a
run uses the checkout, exclusive while it is written or removed.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.types import TreeId

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOCK, _NOTE, _FOLDERS, _FILES = "lock", "note.json", "folders", "files"
_MAX_NOTE = 4096


@dataclass(frozen=True, slots=True)
class Note:
    """What a checkout holds: `files` of about `bytes` on disk; not yet, unless it `is_whole`.

    `boot` names the boot of the machine in which it was written or looked at byte by byte, and
    `sealed` is the time after which nothing in it has changed, in nanoseconds.
    """

    tree: TreeId
    is_whole: bool = False
    files: int = 0
    bytes: int = 0
    boot: str = ""
    sealed: int = 0


@cache
def this_boot() -> str:
    """A name of this boot that nobody can foretell.

    What a crash of the machine may have left half-written, and what came with a copied repository,
    is of another boot.
    """
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


class Slot:
    """A place for a checkout, opened; `close` drops the lock with it."""

    __slots__ = ("_lock", "folder")

    def __init__(self, folder: Path) -> None:
        """Open a place that exists; raises `OSError` when it does not."""
        self.folder = folder
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._lock = os.open(folder / _LOCK, flags, 0o600)

    @property
    def root(self) -> Path:
        """The checkout itself."""
        return self.folder / _FILES

    def close(self) -> None:
        """Let go of the place."""
        os.close(self._lock)

    def share(self) -> bool:
        """Keep others from changing it, and note that it is in use, if nobody is writing it."""
        if not self._locked(fcntl.LOCK_SH):
            return False
        os.utime(self._lock)
        return True

    def seize(self) -> bool:
        """Keep all others off, if nobody uses it."""
        return self._locked(fcntl.LOCK_EX)

    def wait(self) -> None:
        """Wait until nobody is writing it any more."""
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def mark(self, tree: TreeId) -> None:
        """Write down which tree it is about to hold: it holds none until it is sealed."""
        self._note(Note(tree))

    def seal(self, note: Note, folders: Sequence[bytes]) -> None:
        """Write down that it is whole from now on, in this boot."""
        listed = self.folder / _FOLDERS
        listed.write_bytes(b"\0".join(folders))
        sealed = listed.stat().st_ctime_ns
        self._note(Note(note.tree, True, note.files, note.bytes, this_boot(), sealed))

    def folders(self) -> list[bytes]:
        """Every folder of the checkout as it was sealed."""
        return (self.folder / _FOLDERS).read_bytes().split(b"\0")

    def _locked(self, kind: int) -> bool:
        try:
            fcntl.flock(self._lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _note(self, note: Note) -> None:
        fresh = self.folder / (_NOTE + ".new")
        fresh.write_text(json.dumps(asdict(note)))
        fresh.replace(self.folder / _NOTE)


def note_of(folder: Path) -> Note | None:
    """What is written down of a place; `None` where that cannot be understood."""
    try:
        with (folder / _NOTE).open("rb") as file:
            said = json.loads(file.read(_MAX_NOTE))
        note = Note(**{**said, "tree": TreeId(said["tree"])})
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    blank = Note(note.tree)
    same = all(
        type(getattr(note, one.name)) is type(getattr(blank, one.name)) for one in fields(note)
    )
    return note if same else None


def last_used(folder: Path) -> int:
    """When a run last used a place, in nanoseconds; 0 for one that is gone."""
    try:
        return (folder / _LOCK).stat().st_mtime_ns
    except OSError:
        return 0
