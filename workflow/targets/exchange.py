"""Puts new files in the place of live ones, and the old ones back, exactly.

Beside the live files, in a folder that only we can enter, the new ones are made ready and the old
ones get a second name.  So the exchange is renames alone, and taking it back needs no space: the
very file that was there comes back.  Where it is gone, it is made anew from the snapshot.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.targets import live
from workflow.targets.interface import ABSENT, EntryKind, TargetError
from workflow.targets.live import Like

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from workflow.targets.interface import Entry
    from workflow.targets.manifest import Manifest, Row

_FOLDER_MODE = 0o755


class Exchange:
    """The live files of one manifest.  `blob` gives the bytes of what was there before."""

    def __init__(self, manifest: Manifest, blob: Callable[[str], bytes]) -> None:
        self._manifest = manifest
        self._aside = aside_name(manifest.token)
        self._blob = blob

    # --- forwards -----------------------------------------------------------------------------

    def stage(self, contents: Mapping[str, bytes]) -> None:
        """Make everything ready beside the live files, which stay as they are.

        `contents` are the new bytes by live path.  Raises `OSError` when the system says no.
        """
        for folder in self._manifest.folders:
            with live.folder(Path(folder).parent) as fd, suppress(FileExistsError):
                os.mkdir(Path(folder).name, _FOLDER_MODE, dir_fd=fd)
                os.fsync(fd)
        for row in self._moving():
            name = Path(row.path).name
            with self._open(row, make=True) as (fd, aside):
                if row.after.kind is EntryKind.FILE:
                    is_like = row.before.kind is EntryKind.FILE
                    like = Like.PREDECESSOR if is_like else Like.NEW
                    live.write(aside, f"{row.aside}.new", row.after, contents[row.path], like)
                if row.before.kind is not EntryKind.ABSENT:
                    self._second_name(row, name, fd, aside)
                os.fsync(aside)
        self.sync()

    def require_unchanged(self) -> None:
        """Refuse to go on when a live file is not what was put by.  Raises `TargetError`."""
        for row in self._manifest.rows:
            if self._now(row) != row.before:
                message = f"{row.path} was changed in this very moment; it stays as it is"
                raise TargetError(message, hint="look at it, then run the command again")

    def switch(self) -> None:
        """Give the new files their names.  Raises `OSError`, with some of them done."""
        for row in self._moving():
            name = Path(row.path).name
            with self._open(row) as (fd, aside):
                if row.after.kind is EntryKind.ABSENT:
                    with suppress(FileNotFoundError):
                        os.unlink(name, dir_fd=fd)
                elif row.before.kind is EntryKind.ABSENT:
                    _appear(row, name, fd, aside)
                else:
                    os.rename(f"{row.aside}.new", name, src_dir_fd=aside, dst_dir_fd=fd)
        self.sync()

    def now(self) -> tuple[Entry, ...]:
        """What is at the live paths, in the order of the rows."""
        return tuple(map(self._now, self._manifest.rows))

    # --- backwards ----------------------------------------------------------------------------

    def put_back(self, put_by: Callable[[bytes], None]) -> tuple[str, ...]:
        """Bring back exactly what was there before; safe to repeat.

        What somebody else has written there meanwhile goes to `put_by`, and a sentence says so.
        Raises `OSError`, `TargetError` and `StoreError` when it cannot be done.
        """
        said = []
        for row in self._manifest.rows[::-1]:
            name = Path(row.path).name
            try:
                found, data, _ = self._look(row)
            except FileNotFoundError:
                found, data = ABSENT, b""
            ours = {row.before.content, row.after.content, ""}
            if found.content not in ours:
                put_by(data)
                said.append(f"{row.path} had been changed by somebody else; that is put by")
            if row.before.kind is EntryKind.ABSENT:
                if found.kind is not EntryKind.ABSENT:
                    with live.folder(Path(row.path).parent) as fd:
                        os.unlink(name, dir_fd=fd)
            elif found != row.before:
                with self._open(row, make=True) as (fd, aside):
                    os.rename(self._old(row, aside), name, src_dir_fd=aside, dst_dir_fd=fd)
        self.sync()
        for row in self._manifest.rows:
            if self._now(row) != row.before:
                message = f"{row.path} is not what it was before"
                raise TargetError(message, hint="look at it by hand")
        return tuple(said)

    def clear(self, *, and_folders: bool) -> None:
        """Remove what was put aside and, on the way back, the folders that were made."""
        for parent in self._parents():
            with suppress(FileNotFoundError), live.folder(parent) as fd:
                with suppress(FileNotFoundError):
                    with _inner(fd, self._aside) as aside:
                        for name in os.listdir(aside):  # noqa: PTH208 - a descriptor, not a path
                            os.unlink(name, dir_fd=aside)
                    os.rmdir(self._aside, dir_fd=fd)
                os.fsync(fd)
        for folder in self._manifest.folders[::-1] if and_folders else ():
            # Not empty, or gone already: then it is somebody else's.
            with suppress(OSError), live.folder(Path(folder).parent) as fd:
                os.rmdir(Path(folder).name, dir_fd=fd)
                os.fsync(fd)

    def sync(self) -> None:
        """Wait until the names in every folder are on the disk."""
        for parent in self._parents():
            with suppress(FileNotFoundError):
                live.sync(parent)

    # --- parts --------------------------------------------------------------------------------

    def _moving(self) -> list[Row]:
        """The rows with a file to bring, to replace or to remove."""
        return [
            row
            for row in self._manifest.rows
            if {row.before.kind, row.after.kind} != {EntryKind.ABSENT}
        ]

    def _parents(self) -> list[Path]:
        return list(dict.fromkeys(Path(row.path).parent for row in self._manifest.rows))

    @contextmanager
    def _open(self, row: Row, *, make: bool = False) -> Iterator[tuple[int, int]]:
        """The descriptors of a live file's folder, and of the one beside it that is ours."""
        with live.folder(Path(row.path).parent) as fd:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(self._aside, 0o700, dir_fd=fd)
            with _inner(fd, self._aside) as aside:
                yield fd, aside

    def _look(self, row: Row) -> tuple[Entry, bytes, int]:
        with live.folder(Path(row.path).parent) as fd:
            return live.look(fd, Path(row.path).name)

    def _now(self, row: Row) -> Entry:
        try:
            return self._look(row)[0]
        except FileNotFoundError:
            return ABSENT

    def _second_name(self, row: Row, name: str, fd: int, aside: int) -> None:
        """Keep the old file under a name of ours; a copy where the system allows no link to it."""
        old = f"{row.aside}.old"
        try:
            os.link(name, old, src_dir_fd=fd, dst_dir_fd=aside, follow_symlinks=False)
        except OSError:
            live.write(aside, old, row.before, self._blob(row.before.content), Like.SNAPSHOT)

    def _old(self, row: Row, aside: int) -> str:
        """The name, in our folder, of a file that is exactly what was there before."""
        old, again = f"{row.aside}.old", f"{row.aside}.again"
        if live.look(aside, old)[0] == row.before:
            return old
        with suppress(FileNotFoundError):
            os.unlink(again, dir_fd=aside)
        live.write(aside, again, row.before, self._blob(row.before.content), Like.SNAPSHOT)
        os.fsync(aside)
        return again


def _appear(row: Row, name: str, fd: int, aside: int) -> None:
    """Give a new file a name that nothing has, and that nothing may have got since."""
    new = f"{row.aside}.new"
    try:
        # NOTE: a rename would overwrite what somebody has put there.
        os.link(new, name, src_dir_fd=aside, dst_dir_fd=fd)
    except PermissionError:
        # A file system without hard links, such as FAT.
        os.rename(new, name, src_dir_fd=aside, dst_dir_fd=fd)
    else:
        os.unlink(new, dir_fd=aside)


def aside_name(token: str) -> str:
    """The folder beside live files; readers of whole folders skip hidden names and those with ~."""
    return f".workflow-{token}~"


@contextmanager
def _inner(fd: int, name: str) -> Iterator[int]:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    opened = os.open(name, flags, dir_fd=fd)
    try:
        yield opened
    finally:
        os.close(opened)
