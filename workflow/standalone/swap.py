"""Puts new contents in the place of old ones in a folder: all of them or none, also when killed.

What is about to happen is written down first, in a journal at the folder's top.  A file's old
content stays beside it until every new one is in place; then the journal gets another name, and
from that moment on the change is done.  Whoever finds the first name takes everything back, whoever
finds the second clears up.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.errors import BusyError, RefusedError
from workflow.patch.interface import PatchError
from workflow.standalone.folder import RESERVED, failed
from workflow.standalone.plan import (
    CLEARED,
    DONE,
    JOURNAL,
    UNWRITTEN,
    Plan,
    Row,
    UnfinishedSwapError,
)
from workflow.standalone.recovery import Recovery, above, digest, lstat
from workflow.standalone.signals import HeldSignals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from workflow.patch.interface import Content
    from workflow.standalone.folder import Folder
    from workflow.types import RepoPath

_PERMISSIONS = 0o777
_EXECUTABLE = 0o111
_WRITE = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class ChangedFileError(RefusedError):
    """A file is no longer as it was when the patch was placed in it."""


@dataclass(frozen=True, slots=True)
class Swap:
    """One file before and after; `None` where there is none."""

    path: RepoPath
    before: Content | None
    after: Content | None


class Exchange:
    """A folder that nobody else is changing; got from `exclusive`.

    `stay` is a folder in it that is not removed when it becomes empty.
    """

    def __init__(self, folder: Folder, stay: str = "") -> None:
        self._folder = folder
        self._recovery = Recovery(folder, stay)

    def swap(self, swaps: Sequence[Swap], done: Callable[[], object] = lambda: None) -> None:
        """Bring every file from its old content to its new one, or none of them.

        `KeyboardInterrupt` says that nothing was changed.  `done` is called when all is, before
        another one can come.

        Raises `ChangedFileError` when a file is not what it was, `FolderError` when the system says
        no, and `UnfinishedSwapError` when what was done could not be taken back at once.
        """
        plan = self._plan(swaps)
        with HeldSignals() as signals:
            try:
                self._write_journal(plan)
                for folder in plan.folders:
                    with _about(folder), self._folder.parent(folder) as fd:
                        os.mkdir(folder.name, dir_fd=fd)
                for row, swap in zip(plan.rows, swaps, strict=True):
                    signals.let_in()
                    self._write(row, swap)
                identities = [self._check(swap) for swap in swaps]
                signals.let_in()
                for row in plan.rows:
                    self._switch(row)
                self._settle(plan, identities)
                self._commit(plan)
            except BaseException:
                self.recover()
                raise
            done()
            signals.forget_interrupt()

    def recover(self) -> str:
        """Take back or clear up what a killed `swap` left here; a sentence about it, if anything.

        Raises `UnfinishedSwapError` when it cannot.
        """
        return self._recovery.run()

    # --- forwards -----------------------------------------------------------------------------

    def _plan(self, swaps: Sequence[Swap]) -> Plan:
        token = secrets.token_hex(4)
        missing: set[RepoPath] = set()
        rows = tuple(
            Row(
                path=swap.path,
                before=digest(swap.before),
                after=digest(swap.after),
                folder=self._number(swap, missing),
                new=f"{RESERVED}-{token}-{number}.new",
                old=f"{RESERVED}-{token}-{number}.old",
            )
            for number, swap in enumerate(swaps)
        )
        return Plan(os.fstat(self._folder.fd).st_ino, rows, tuple(sorted(missing, key=len)))

    def _number(self, swap: Swap, missing: set[RepoPath]) -> int:
        """The number of the innermost folder above a file; note those that are to be made."""
        path = swap.path
        with _about(swap.path):
            while True:
                try:
                    with self._folder.parent(path) as fd:
                        return os.fstat(fd).st_ino
                except FileNotFoundError:
                    if swap.before:
                        raise
                    path = next(above(path))
                    missing.add(path)

    def _write_journal(self, plan: Plan) -> None:
        top = self._folder.fd
        with _about(str(self._folder.top)):
            _write_file(UNWRITTEN, plan.text(), top, 0o600)
            os.rename(UNWRITTEN, JOURNAL, src_dir_fd=top, dst_dir_fd=top)
            os.fsync(top)

    def _write(self, row: Row, swap: Swap) -> None:
        """Write a new content beside its target, with the permissions that it will have."""
        if swap.after is None:
            return
        executable = swap.after.mode == "100755"
        with _about(row.path), self._folder.parent(row.path) as fd:
            if swap.before is None:
                _write_file(row.new, swap.after.data, fd, 0o777 if executable else 0o666)
                return
            target = os.stat(row.path.name, dir_fd=fd, follow_symlinks=False)
            permissions = target.st_mode & _PERMISSIONS
            if swap.before.mode != swap.after.mode:
                readers = (permissions & ~_EXECUTABLE) >> 2 & _EXECUTABLE
                permissions = permissions & ~_EXECUTABLE | (readers if executable else 0)
            _write_file(row.new, swap.after.data, fd, 0o600, permissions=permissions, like=target)

    def _check(self, swap: Swap) -> os.stat_result | None:
        """Compare a file with what was read, and note its identity."""
        try:
            now = self._folder.now(swap.path)
        except PatchError as error:
            raise ChangedFileError(error.message, hint=_AGAIN) from error
        if now != swap.before:
            raise _changed(swap.path)
        if now is None:
            return None
        with _about(swap.path), self._folder.parent(swap.path) as fd:
            return os.stat(swap.path.name, dir_fd=fd, follow_symlinks=False)

    def _switch(self, row: Row) -> None:
        """Put the old content aside and the new one in its place."""
        name = row.path.name
        with _about(row.path), self._folder.parent(row.path) as fd:
            if row.before is None:
                # A link, not a renaming: it never replaces what has come there meanwhile.
                os.link(row.new, name, src_dir_fd=fd, dst_dir_fd=fd, follow_symlinks=False)
            elif row.after is None:
                os.rename(name, row.old, src_dir_fd=fd, dst_dir_fd=fd)
            else:
                os.link(name, row.old, src_dir_fd=fd, dst_dir_fd=fd, follow_symlinks=False)
                os.rename(row.new, name, src_dir_fd=fd, dst_dir_fd=fd)

    def _settle(self, plan: Plan, identities: Sequence[os.stat_result | None]) -> None:
        """Make sure that what was put aside is what was checked, and that all is on the disk."""
        for row, seen in zip(plan.rows, identities, strict=True):
            if seen is not None:
                with _about(row.path), self._folder.parent(row.path) as fd:
                    if _identity(seen) != _identity(lstat(fd, row.old)):
                        raise _changed(row.path)
        self._recovery.sync(plan)

    def _commit(self, plan: Plan) -> None:
        """Pass the point from which the change is done."""
        top = self._folder.fd
        with _about(str(self._folder.top)):
            os.rename(JOURNAL, DONE, src_dir_fd=top, dst_dir_fd=top)
        # What cannot be cleared up now, the next command clears up.
        with suppress(OSError, PatchError, UnfinishedSwapError):
            os.fsync(top)
            self._clear(plan)

    def _clear(self, plan: Plan) -> None:
        self._recovery.clear(plan)


def is_needed(folder: Folder) -> bool:
    """Whether a killed `swap` may have left something here for `recover`."""
    return any(lstat(folder.fd, name) for name in (JOURNAL, DONE, CLEARED, UNWRITTEN))


@contextmanager
def exclusive(folder: Folder, stay: str = "") -> Iterator[Exchange]:
    """Keep every other `workflow patch` off a folder.

    Raises `BusyError` when one is at work there, and `FolderError` where a folder cannot be locked.
    """
    try:
        fcntl.flock(folder.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        message = f"{folder.top}: another `workflow patch` is at work here"
        raise BusyError(message, hint="let it end, then run the command again") from error
    except OSError as error:
        raise failed(str(folder.top), error, "cannot be locked") from error
    try:
        yield Exchange(folder, stay)
    finally:
        fcntl.flock(folder.fd, fcntl.LOCK_UN)


_AGAIN = "run the command again: it places the patch in what is there now"


def _changed(path: str) -> ChangedFileError:
    message = f"{path} has changed while the patch was applied; nothing is applied"
    return ChangedFileError(message, hint=_AGAIN)


@contextmanager
def _about(path: str) -> Iterator[None]:
    """Name the file in what the system says, and in what has changed under our hands."""
    try:
        yield
    except (FileExistsError, FileNotFoundError) as error:
        raise _changed(path) from error
    except PatchError as error:
        raise ChangedFileError(error.message, hint=_AGAIN) from error
    except OSError as error:
        raise failed(path, error, "nothing is applied") from error


def _write_file(  # noqa: PLR0913 - what a file is made of
    name: str,
    data: bytes,
    fd: int,
    mode: int,
    *,
    permissions: int | None = None,
    like: os.stat_result | None = None,
) -> None:
    """Write a new file in a folder and wait until it is on the disk."""
    with os.fdopen(os.open(name, _WRITE, mode, dir_fd=fd), "wb") as file:
        if like and (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
            with suppress(PermissionError):
                os.fchown(file.fileno(), like.st_uid, like.st_gid)
        if permissions is not None:
            os.fchmod(file.fileno(), permissions)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _identity(seen: os.stat_result | None) -> tuple[int, int, int] | None:
    return (seen.st_ino, seen.st_size, seen.st_mtime_ns) if seen else None
