"""Keeps a few checkouts below git's directory, so that a sandbox has a tree to show at once."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.errors import GitError
from workflow.trees import checkout, verify
from workflow.trees.laid import DRIFT
from workflow.trees.slot import Note, Slot, last_used, note_of, this_boot
from workflow.types import TreeChange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from workflow.git_store import GitStore
    from workflow.types import TreeId

MOST_CHECKOUTS = 8
MOST_BYTES = 2 * 1024**3
"""What all checkouts of a repository may take on disk; a single one may be larger."""
_LOCK = "lock"
_PLACE, _OLD = "tree", "old"
# Where more than one file in four differs, writing a new checkout is no slower.
_WORTH = 4


@dataclass(frozen=True, slots=True)
class Held:
    """A checkout that stays as it is while it is held, and what differs to the wanted tree."""

    root: Path
    change: TreeChange


@dataclass(frozen=True, slots=True)
class _Known:
    """A whole checkout on disk and what differs between it and the wanted tree."""

    folder: Path
    note: Note
    change: TreeChange


class Cache:
    """The checkouts of one repository, shared by all its commands."""

    __slots__ = ("_folder", "_git", "_tell")

    def __init__(self, git: GitStore, tell: Callable[[str], None]) -> None:
        self._git = git
        self._tell = tell
        self._folder = git.common_dir / "workflow" / "trees"

    @contextlib.contextmanager
    def held(self, tree: TreeId, *, exactly: bool = False) -> Iterator[Held]:
        """Hold a checkout of `tree`, or, unless `exactly`, of one that differs in few files.

        Raises `CheckoutError` when there is none and none can be written.
        """
        with self._explained():
            slot, change = self._claimed(tree, exactly=exactly)
        try:
            yield Held(slot.root, change)
        finally:
            slot.close()

    def _claimed(self, tree: TreeId, *, exactly: bool) -> tuple[Slot, TreeChange]:
        """Return a place whose shared lock is ours, with what differs between it and `tree`."""
        most = 0 if exactly else DRIFT.files
        while True:
            with self._alone():
                self._sweep()
                known = self._known(tree, most)
                found = self._shared(known, most)
                if found:
                    return found
                writer = self._writer(tree)
                if not writer:
                    slot, base = self._seized(known) or self._new(tree)
                    break
            self._tell("waiting for another command that checks this tree out")
            with contextlib.closing(writer):
                writer.wait()
        try:
            self._make(slot, tree, base)
        except BaseException:
            with contextlib.closing(slot), self._alone():
                self._retire(slot.folder)
            raise
        finally:
            self._remove_old()
        return slot, TreeChange(tree, tree, ())

    def _make(self, slot: Slot, tree: TreeId, base: _Known | None) -> None:
        """Write what a place of ours is marked for, and share it."""
        if base:
            grown = checkout.bring_forward(self._git, base.change, slot.root, self._tell)
            files, size = base.note.files + grown.files, base.note.bytes + grown.bytes
        else:
            slot.root.mkdir(mode=0o755)
            written = checkout.write_tree(self._git, tree, slot.root, self._tell)
            files, size = written.files, written.bytes
        folders = verify.folders(slot.root)
        with self._alone():
            slot.seal(Note(tree, files=files, bytes=size), folders)
            # Who seizes a place is alone, and who waits for it wants to share it: this goes well.
            slot.share()
            self._evict()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = f"no checkout can be kept in {self._folder}: {error.strerror}"
            hint = checkout.hint_of(error) or "look at that folder's owner and permissions"
            raise checkout.CheckoutError(message, hint=hint) from error

    # --- under the lock -----------------------------------------------------------------------

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep all other commands from choosing, for a moment."""
        for folder in (self._folder.parent, self._folder):
            folder.mkdir(mode=0o700, exist_ok=True)
        with (self._folder / _LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _places(self) -> list[tuple[Path, Note | None]]:
        """Every place and what is written down of it, the last used first."""
        found = sorted(self._folder.glob(f"{_PLACE}-*"), key=last_used, reverse=True)
        return [(folder, note_of(folder)) for folder in found]

    def _known(self, tree: TreeId, most: int) -> list[_Known]:
        """The whole checkouts, nearest first; one that differs in up to `most` files ends this."""
        whole = [(folder, note) for folder, note in self._places() if note and note.is_whole]
        found: list[_Known] = []
        for folder, note in sorted(whole, key=lambda one: one[1].tree != tree):
            try:
                same = note.tree == tree
                change = TreeChange(tree, tree, ()) if same else self._git.change(note.tree, tree)
            except GitError:
                continue  # git has forgotten that tree
            found.append(_Known(folder, note, change))
            if len(change.files) <= most:
                break
        return sorted(found, key=lambda one: len(one.change.files))

    def _shared(self, known: list[_Known], most: int) -> tuple[Slot, TreeChange] | None:
        """The first checkout that differs in up to `most` files and is as it was sealed."""
        for one in known:
            if len(one.change.files) > most:
                break
            slot = Slot(one.folder)
            if slot.share() and self._is_sound(slot, one.note):
                return slot, one.change
            slot.close()
        return None

    def _seized(self, known: list[_Known]) -> tuple[Slot, _Known] | None:
        """The first checkout that nobody uses and that is worth bringing forward, marked for it."""
        for one in known:
            if len(one.change.files) * _WORTH > one.note.files:
                break
            if not one.folder.exists():
                continue  # retired just now: it was not sound
            slot = Slot(one.folder)
            if slot.seize() and self._is_sound(slot, one.note):
                slot.mark(one.change.proposed)
                return slot, one
            slot.close()
        return None

    def _new(self, tree: TreeId) -> tuple[Slot, None]:
        folder = self._folder / f"{_PLACE}-{os.urandom(6).hex()}"
        folder.mkdir(mode=0o700)
        slot = Slot(folder)
        slot.seize()
        slot.mark(tree)
        return slot, None

    def _writer(self, tree: TreeId) -> Slot | None:
        """The place, opened, where another command is writing `tree` now."""
        for folder, note in self._places():
            if note and note.tree == tree and not note.is_whole:
                return Slot(folder)
        return None

    def _is_sound(self, slot: Slot, note: Note) -> bool:
        """Whether a checkout is what was sealed; one that is not goes, once nobody uses it."""
        with contextlib.suppress(OSError):
            if note.boot == this_boot() and verify.is_untouched(slot.folders(), note.sealed):
                return True
        self._tell("comparing a checkout with git")
        if verify.is_exact(self._git, note.tree, slot.root):
            slot.seal(note, verify.folders(slot.root))
            return True
        if slot.seize():
            self._retire(slot.folder)
        return False

    def _sweep(self) -> None:
        """Retire what killed commands left half-written."""
        for folder, note in self._places():
            if not note or not note.is_whole:
                self._retire_unused(folder)

    def _evict(self) -> None:
        """Retire the checkouts that are too many or too much, the longest unused first."""
        count, size = 0, 0
        for folder, note in self._places():
            count, size = count + 1, size + (note.bytes if note else 0)
            if count > 1 and (count > MOST_CHECKOUTS or size > MOST_BYTES):
                self._retire_unused(folder)

    def _retire_unused(self, folder: Path) -> None:
        with contextlib.closing(Slot(folder)) as slot:
            if slot.seize():
                self._retire(folder)

    def _retire(self, folder: Path) -> None:
        """Give a place a name under which nobody looks for checkouts."""
        folder.rename(folder.with_name(folder.name.replace(_PLACE, _OLD, 1)))

    def _remove_old(self) -> None:
        """Remove what was retired, by whomever.

        NOTE: not before a checkout is written: ext4 takes ten times as long to make files when as
        many have just been removed.
        """
        for folder in self._folder.glob(f"{_OLD}-*"):
            shutil.rmtree(folder, ignore_errors=True)
