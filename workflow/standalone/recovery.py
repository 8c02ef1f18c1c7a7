"""Takes back what a killed swap has left half done, or clears up after one that was done.

A row is undone only where its file was: in the folder that the plan was made for, which is known by
its number.  Where that folder is not to be found, the journal stays until it is back.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING

from workflow.patch.interface import PatchError
from workflow.standalone.plan import (
    CLEARED,
    DONE,
    JOURNAL,
    UNWRITTEN,
    Plan,
    Row,
    UnfinishedSwapError,
    read_plan,
)
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from workflow.patch.interface import Content
    from workflow.standalone.folder import Folder


class Recovery:
    """The way back, and the clearing up, for one folder; `stay` is a folder in it that is kept."""

    def __init__(self, folder: Folder, stay: str) -> None:
        self._folder = folder
        self._stay = f"{stay}/"

    def run(self) -> str:
        """Take back or clear up what is there; a sentence about it, if anything.

        Raises `UnfinishedSwapError` when it cannot.
        """
        try:
            with suppress(FileNotFoundError):
                os.unlink(UNWRITTEN, dir_fd=self._folder.fd)
            if plan := read_plan(self._folder, CLEARED):
                self._remove_emptied(plan)
                return _TIDIED
            if plan := read_plan(self._folder, DONE):
                self.clear(plan)
                return _TIDIED
            if plan := read_plan(self._folder, JOURNAL):
                return self._take_back(plan)
        except (OSError, PatchError) as error:
            said = error.message if isinstance(error, PatchError) else error.strerror
            message = f"{self._folder.top}: a patch is half applied, and cannot be undone: {said}"
            hint = "mend that, then run `workflow patch apply` here: it undoes the rest first"
            raise UnfinishedSwapError(message, hint=hint) from error
        return ""

    def clear(self, plan: Plan) -> None:
        """Remove what was put aside, and folders that have become empty, as git does.

        Raises `UnfinishedSwapError`, and keeps the journal, when a folder is not to be found.
        """

        def remove(row: Row, fd: int) -> None:
            _remove(fd, row.old)
            _remove(fd, row.new)

        missed = self._each(plan, plan.rows, remove)
        if missed:
            raise self._missing(missed, DONE, "a patch was applied, and its old files are left")
        top = self._folder.fd
        os.rename(DONE, CLEARED, src_dir_fd=top, dst_dir_fd=top)
        self._remove_emptied(plan)

    def sync(self, plan: Plan) -> None:
        """Wait until the rows of every folder of the plan are on the disk."""
        for path in {row.path.rpartition("/")[0]: row.path for row in plan.rows}.values():
            with suppress(FileNotFoundError, PatchError), self._folder.parent(path) as fd:
                os.fsync(fd)

    def _take_back(self, plan: Plan) -> str:
        kept: list[str] = []

        def undo(row: Row, fd: int) -> None:
            if not self._undo(row, fd):
                kept.append(f"; {row.path} was changed since and stays")

        missed = self._each(plan, plan.rows[::-1], undo)
        if missed:
            raise self._missing(missed, JOURNAL, "a patch is half applied, and cannot be undone")
        self._remove_folders(plan.folders)
        self.sync(plan)
        os.unlink(JOURNAL, dir_fd=self._folder.fd)
        return f"a patch that was half applied here has been undone{''.join(kept)}"

    def _each(
        self, plan: Plan, rows: Iterable[Row], act: Callable[[Row, int], None]
    ) -> list[RepoPath]:
        """Act on each row in its folder; the rows whose folder is not where it was."""
        made = frozenset(plan.folders)
        missed: list[RepoPath] = []
        for row in rows:
            own = [folder for folder in above(row.path) if folder in made]
            try:
                # The innermost folder that was there before the plan: ours are below it, if any.
                with self._folder.parent(own[-1] if own else row.path) as fd:
                    is_there = os.fstat(fd).st_ino == row.folder
            except (FileNotFoundError, PatchError):
                is_there = False
            if not is_there:
                missed.append(row.path)
                continue
            with _nothing_but(is_fine=bool(own)), self._folder.parent(row.path) as fd:
                act(row, fd)
        return missed

    def _missing(self, paths: list[RepoPath], journal: str, what: str) -> UnfinishedSwapError:
        folders = sorted({path.rpartition("/")[0] for path in paths})
        others = f" (and {len(folders) - 1} more)" if len(folders) > 1 else ""
        message = (
            f"{self._folder.top}: {what}: the folder {folders[0]} is not the one that was there"
            f"{others}"
        )
        hint = (
            f"put {folders[0]} back and run `workflow patch apply` here: it does the rest first;"
            f" if it is gone for good, remove {journal}"
        )
        return UnfinishedSwapError(message, hint=hint)

    def _undo(self, row: Row, fd: int) -> bool:
        """Restore one file; `False` when somebody has changed it since, so that it stays."""
        name = row.path.name
        target, new, old = lstat(fd, name), lstat(fd, row.new), lstat(fd, row.old)
        is_there = False
        if row.before is None:
            is_there = bool(target and new and os.path.samestat(target, new))
        elif target and old and os.path.samestat(target, old):
            os.unlink(row.old, dir_fd=fd)
        else:
            is_there = old is not None
        is_ours = not is_there or target is None or self._holds(row.path, row.after)
        if is_there and is_ours and row.before is None:
            os.unlink(name, dir_fd=fd)
        elif is_there and is_ours:
            os.rename(row.old, name, src_dir_fd=fd, dst_dir_fd=fd)
        _remove(fd, row.new)
        return is_ours

    def _holds(self, path: RepoPath, expected: str | None) -> bool:
        try:
            return digest(self._folder.now(path)) == expected
        except PatchError:
            return False

    def _remove_emptied(self, plan: Plan) -> None:
        emptied = {folder for row in plan.rows if row.after is None for folder in above(row.path)}
        self._remove_folders([each for each in emptied if not self._stay.startswith(f"{each}/")])
        os.unlink(CLEARED, dir_fd=self._folder.fd)

    def _remove_folders(self, folders: Iterable[RepoPath]) -> None:
        for folder in sorted(folders, key=len, reverse=True):
            # Not empty, or gone already: then it is somebody else's.
            with suppress(OSError, PatchError), self._folder.parent(folder) as fd:
                os.rmdir(folder.name, dir_fd=fd)


_TIDIED = "a patch that was applied here has been tidied up after"


def lstat(fd: int, name: str) -> os.stat_result | None:
    """What is under a name in a folder, itself and not where it leads; `None`: nothing."""
    try:
        return os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return None


def digest(content: Content | None) -> str | None:
    """What a content is recognised by."""
    return sha256(content.data).hexdigest() if content else None


def above(path: RepoPath) -> Iterator[RepoPath]:
    """The folders on the way to a path, the innermost first."""
    while outer := path.rpartition("/")[0]:
        path = RepoPath(outer)
        yield path


@contextmanager
def _nothing_but(*, is_fine: bool) -> Iterator[None]:
    """Let a folder be missing that the plan was to make: it was not made, or is gone again."""
    try:
        yield
    except (FileNotFoundError, PatchError):
        if not is_fine:
            raise


def _remove(fd: int, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=fd)
