"""Which files a path stands for, and how one is opened, so that nothing in a tree is passed unsaid.

A file that is named is always read.  A folder in a git work tree stands for what git lists there:
tracked files, and new ones that no ignore file excludes.  Any other folder stands for all of it.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from workflow.errors import WorkflowError
from workflow.git_command import run_git
from workflow.process import ProgramNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

_GIT: Final = ".git"
# NOTE: a FIFO would be waited for without O_NONBLOCK, and a terminal taken over without O_NOCTTY.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KINDS = {
    stat.S_IFLNK: "symbolic link",
    stat.S_IFDIR: "folder",
    stat.S_IFIFO: "named pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


class UnreadableError(WorkflowError):
    """A path cannot be looked at: it is not there, may not be read, or is no file."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file to read.  `is_named`: a person named it, rather than a folder that holds it."""

    path: str
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """What lies in a folder and is not read, and what it is: a link, a pipe, a device."""

    path: str
    why: str


Item = Listed | Skipped | UnreadableError


def walk(path: str, *, is_all: bool = False) -> Iterator[Item]:
    """The files that `path` stands for, in the order of their names.

    `is_all` takes a folder whole, whatever git says.  Links within a folder are not followed, and
    git's own folders are left out, except where `path` itself is one.  An `UnreadableError` among
    them is what is not there or may not be read; the others follow it.
    """
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError) as error:
        yield unreadable(path, error)
        return
    if not stat.S_ISDIR(mode):
        yield Listed(path, is_named=True)
        return
    names = None if is_all else _git_lists(path)
    if names is None:
        yield from _whole(path)
        return
    for name in names:
        yield from _listed(os.path.join(path, name))  # noqa: PTH118 - a name is bytes, not a path


def open_file(path: str) -> BinaryIO:
    """Open a regular file; what it is is judged once it is open.  Raises `UnreadableError`."""
    try:
        fd = os.open(path, _FILE)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(fd, "rb", buffering=0)
    os.close(fd)
    what = _KINDS.get(stat.S_IFMT(mode), "special file")
    message = f"{path} is a {what}, and no file"
    raise UnreadableError(message, hint="name a file; `-` reads standard input")


def _whole(top: str) -> Iterator[Item]:
    """Everything below a folder.  It keeps a stack of its own: no folder is too deep for it."""
    waiting = [top]
    while waiting:
        path = waiting.pop()
        if path is not top and not _is_folder(path):
            yield from _listed(path)
            continue
        try:
            with os.scandir(path) as entries:
                names = sorted((entry.name for entry in entries), reverse=True)
        except OSError as error:
            yield unreadable(path, error)
            continue
        # NOTE: a name may hold what pathlib would fold away.
        waiting += [os.path.join(path, name) for name in names if name != _GIT]  # noqa: PTH118 - see above


def _is_folder(path: str) -> bool:
    return Path(path).is_dir() and not Path(path).is_symlink()


def _listed(path: str) -> Iterator[Item]:
    """A file of a folder; also a repository within a repository, which git lists as one name."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return  # tracked, and deleted in the work tree
    except OSError as error:
        yield unreadable(path, error)
        return
    if stat.S_ISREG(mode):
        yield Listed(path)
    elif stat.S_ISDIR(mode):
        yield from walk(path.rstrip("/"))
    else:
        yield Skipped(path, _KINDS.get(stat.S_IFMT(mode), "special file"))


def _git_lists(folder: str) -> list[str] | None:
    """What git lists below a folder; `None` where there is no git, or it ignores the folder."""
    here = Path(folder)
    try:
        ran = run_git("ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=here)
    except ProgramNotFoundError:
        return None
    if not ran.is_ok:
        return None  # no work tree, or one that git does not trust: all of it is looked at
    names = sorted({os.fsdecode(name) for name in ran.stdout.split(b"\0") if name})
    if not names and run_git("check-ignore", "--quiet", ".", cwd=here).is_ok:
        return None
    return names


def unreadable(path: str, error: OSError | ValueError) -> UnreadableError:
    """The error of the system as one of ours, which names the file."""
    why = error.strerror if isinstance(error, OSError) else str(error)
    message = f"{path} cannot be read: {why}"
    return UnreadableError(message, hint="name a file that is there and that you may read")
