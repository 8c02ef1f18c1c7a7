"""A folder as a stand-alone patch sees it: regular files, reached without following any link.

Every step on the way is opened by itself, relative to the folder before it, so that a link put
there meanwhile leads nowhere.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Never, Self

from workflow.errors import WorkflowError
from workflow.patch.interface import Content, PatchError, Reason, Refusal
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RESERVED: Final = ".workflow-patch"
"""How the names of our own files begin: a journal at the top, and files beside their targets."""
MAX_FILE: Final = 64 * 1024 * 1024
_MAX_ALL: Final = 1024 * 1024 * 1024
_MAX_DEPTH: Final = 64
# NAME_MAX and PATH_MAX of Linux (limits.h); the latter counts the zero byte at the end.
_MAX_NAME: Final = 255
_MAX_PATH: Final = 4095
_SHOWN: Final = 80
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# NOTE: a FIFO would be waited for without O_NONBLOCK, and a terminal taken over without O_NOCTTY.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class FolderError(WorkflowError):
    """The folder cannot be read or written: permissions, a full disk, a file system's limits."""


class Folder:
    """The regular files at and below one folder.  Implements `patch.interface.Files`.

    What `read` has given once it gives again, so that a draft is placed in one state of the files;
    `now` looks afresh.
    """

    def __init__(self, top: Path) -> None:
        """Open the folder.  Raises `FolderError` when that cannot be done."""
        self.top = top
        try:
            self.fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise failed(str(top), error) from error
        self._read: dict[RepoPath, Content | None] = {}
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)

    def read(self, path: RepoPath) -> Content | None:
        """The regular file at `path` as it was when it was first asked for; `None`: nothing is.

        Raises `PatchError` for what is no regular file, also on the way; for git's files, our own
        and another repository's; and for one over 64 MiB.  Raises `FolderError` for what may not be
        read.
        """
        if path not in self._read:
            content = self._read[path] = self.now(path)
            self._bytes += len(content.data) if content else 0
            if self._bytes > _MAX_ALL:
                message = f"the files that the patch names hold over {_MAX_ALL >> 20} MiB"
                _refuse(Reason.NOT_SUPPORTED, path, message, "split it into several patches")
        return self._read[path]

    def now(self, path: RepoPath) -> Content | None:
        """The regular file at `path` as it is now; raises what `read` does."""
        try:
            with self.parent(path) as fd:
                return _regular(fd, path)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                _refuse_length(path, "has a name that is too long for this file system")
            raise failed(path, error) from error

    def names(self, folder: str) -> tuple[str, ...]:
        """The names in one folder (`""`: the top); none where there is no folder."""
        try:
            # The last part of a path is never looked at on the way to it.
            inside = RepoPath(f"{folder}/x" if folder else "x")
            with self.parent(inside) as fd, os.scandir(fd) as found:
                return tuple(entry.name for entry in found if not _is_ours(entry.name))
        except (FileNotFoundError, PatchError):
            return ()
        except OSError as error:
            raise failed(folder or str(self.top), error) from error

    @contextmanager
    def parent(self, path: RepoPath) -> Iterator[int]:
        """The descriptor of the folder that holds `path`.

        Raises `FileNotFoundError` when there is no such folder, and `PatchError` when what is there
        is none, is git's own, or is another repository, and for a path that other programs could
        not open.
        """
        self._require_short(path)
        for part in path.parts:
            if _is_ours(part):
                message = f"{path}: {part} is not a patch's to change"
                _refuse(Reason.UNSAFE_PATH, path, message, "leave that file out of the patch")
        fd = os.dup(self.fd)
        try:
            for part in path.parts[:-1]:
                # Named before it is closed: an interruption between must not close it twice.
                outer, fd = fd, _enter(fd, part, path)
                os.close(outer)
            yield fd
        finally:
            os.close(fd)

    def _require_short(self, path: RepoPath) -> None:
        """Refuse what could be reached step by step here, and by nobody else afterwards."""
        parts = path.parts
        if len(parts) > _MAX_DEPTH + 1:
            _refuse_length(path, f"is over {_MAX_DEPTH} folders deep")
        if any(len(os.fsencode(part)) > _MAX_NAME for part in parts):
            _refuse_length(path, f"has a name of over {_MAX_NAME} bytes")
        if len(os.fsencode(self.top)) + 1 + len(os.fsencode(path)) > _MAX_PATH:
            _refuse_length(path, f"is over {_MAX_PATH} bytes long, with the folder around it")


def failed(where: str, error: OSError, so: str = "") -> FolderError:
    """What the system said about a path, and what follows from it."""
    hint = "look at the permissions of the file and its folder, then run the command again"
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        hint = "free some space, then run the command again"
    if error.errno == errno.ENAMETOOLONG:
        hint = "shorten the name"
    return FolderError(f"{where}: {so and so + ': '}{error.strerror}", hint=hint)


def git_mode(mode: int) -> str:
    """Git's mode of a regular file: whether its owner may execute it is all that git keeps."""
    return "100755" if mode & stat.S_IXUSR else "100644"


def _is_ours(part: str) -> bool:
    """Whether a name belongs to git, or to `swap`; file systems that fold case count."""
    folded = part.casefold()
    return folded == ".git" or folded.startswith(RESERVED)


def _enter(fd: int, part: str, path: RepoPath) -> int:
    """Open a folder in a folder."""
    try:
        inner = os.open(part, _FOLDER, dir_fd=fd)
    except OSError as error:
        if error.errno not in {errno.ENOTDIR, errno.ELOOP}:
            raise
        kind = _kind(os.stat(part, dir_fd=fd, follow_symlinks=False).st_mode)
        message = f"{path}: {part} is {kind}, not a folder"
        _refuse(Reason.NOT_A_FILE, path, message, "name the real path of the file")
    try:
        _require_not_git(fd, os.fstat(inner), path)
        if _lstat(inner, ".git"):
            message = f"{path}: {part} is another repository"
            _refuse(Reason.NOT_A_FILE, path, message, f"cd {part}, and apply a patch of it there")
    except BaseException:
        os.close(inner)
        raise
    return inner


def _regular(fd: int, path: RepoPath) -> Content | None:
    """Read a regular file in a folder."""
    seen = _lstat(fd, path.name)
    if seen is None:
        return None
    _require_regular(seen, path)
    with os.fdopen(os.open(path.name, _FILE, dir_fd=fd), "rb") as file:
        seen = os.fstat(file.fileno())
        _require_regular(seen, path)
        _require_not_git(fd, seen, path)
        data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        message = f"{path} has over {MAX_FILE >> 20} MiB"
        _refuse(Reason.NOT_SUPPORTED, path, message, "files of that size are not patched")
    return Content(git_mode(seen.st_mode), data)


def _require_regular(seen: os.stat_result, path: RepoPath) -> None:
    if not stat.S_ISREG(seen.st_mode):
        message = f"{path} is {_kind(seen.st_mode)}"
        _refuse(Reason.NOT_A_FILE, path, message, "only regular files are patched")


def _require_not_git(fd: int, seen: os.stat_result, path: RepoPath) -> None:
    """Refuse what is `.git` by another name, as file systems have that fold or shorten names."""
    own = _lstat(fd, ".git")
    if own and os.path.samestat(own, seen):
        message = f"{path} leads to git's own files"
        _refuse(Reason.UNSAFE_PATH, path, message, "leave that file out of the patch")


def _lstat(fd: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _kind(mode: int) -> str:
    return _KINDS.get(stat.S_IFMT(mode), "a regular file")


def _refuse_length(path: RepoPath, so: str) -> Never:
    shown = path if len(path) <= _SHOWN else f"{path[:_SHOWN]}..."
    _refuse(Reason.UNSAFE_PATH, path, f"{shown} {so}", "give the file a shorter path")


def _refuse(reason: Reason, path: RepoPath, message: str, hint: str) -> Never:
    raise PatchError(Refusal(reason, message, hint, path=path))
