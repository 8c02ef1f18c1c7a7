"""Opens live folders one name at a time, so that no link on the way leads anywhere else.

All that is read or written at a live path goes through the folder's descriptor, which stays the
same folder whatever happens to its name.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.canonical import sha256
from workflow.targets.interface import ABSENT, Entry, EntryKind, TargetRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = 64 * 1024 * 1024
"""Of one live file."""
_STEP = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_PERMISSIONS = 0o7777


@contextmanager
def folder(path: Path) -> Iterator[int]:
    """The descriptor of a folder, reached without following any link.

    Raises `FileNotFoundError` when it is not there, and `TargetRefusedError` for a link on the way
    or a folder in which anybody may exchange names.
    """
    fd = os.open("/", _STEP)
    try:
        for count, part in enumerate(path.parts[1:], start=2):
            try:
                inner = os.open(part, _STEP, dir_fd=fd)
            except OSError as error:
                raise _way(path, count, error) from error
            os.close(fd)
            fd = inner
            _require_kept(fd, path, count)
        # NOTE: what is opened with O_PATH can be walked from, and neither listed nor synced.
        opened = os.open(".", _FOLDER, dir_fd=fd)
    finally:
        os.close(fd)
    try:
        yield opened
    finally:
        os.close(opened)


def _way(path: Path, count: int, error: OSError) -> OSError | TargetRefusedError:
    """What is wrong with the way to a folder."""
    place = Path(*path.parts[:count])
    if error.errno == errno.ENOENT:
        return FileNotFoundError(error.errno, error.strerror, str(place))
    if place.is_symlink():
        message = f"{place} is a symbolic link, and no link is followed on the way to a live file"
        return TargetRefusedError(message, hint=f"name the real folder: {os.path.realpath(place)}")
    return OSError(error.errno, error.strerror, str(place))


def _require_kept(fd: int, path: Path, count: int) -> None:
    """Refuse a folder in which every account may exchange names."""
    mode = os.fstat(fd).st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        place = Path(*path.parts[:count])
        message = f"{place}: every account may exchange the files in this folder"
        raise TargetRefusedError(message, hint=f"chmod o-w {place}")


def look(fd: int, name: str) -> tuple[Entry, bytes, int]:
    """What is under a name of a folder, its bytes, and how many names it has.

    The bytes of a link are where it leads.  Raises `TargetRefusedError` for what is neither a file
    nor a link, or over 64 MiB.
    """
    try:
        found = os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return ABSENT, b"", 0
    if stat.S_ISLNK(found.st_mode):
        leads = os.fsencode(os.readlink(name, dir_fd=fd))
        return _entry(EntryKind.LINK, leads, found, ()), leads, found.st_nlink
    if not stat.S_ISREG(found.st_mode):
        raise _unfit(name, "is neither a file nor a link")
    opened = os.open(name, _READ, dir_fd=fd)
    with os.fdopen(opened, "rb") as file:
        # Asked again of what was opened: the name could have been given to another file.
        found = os.fstat(opened)
        if not stat.S_ISREG(found.st_mode):
            raise _unfit(name, "is neither a file nor a link")
        data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise _unfit(name, "is over 64 MiB")
        return _entry(EntryKind.FILE, data, found, read_xattrs(opened)), data, found.st_nlink


def _unfit(name: str, said: str) -> TargetRefusedError:
    return TargetRefusedError(f"{name}: {said}", hint="a target is made of plain files")


def _entry(
    kind: EntryKind, data: bytes, found: os.stat_result, xattrs: tuple[tuple[str, str], ...]
) -> Entry:
    return Entry(
        kind=kind,
        content=sha256(data),
        size=len(data),
        mode=found.st_mode & _PERMISSIONS,
        uid=found.st_uid,
        gid=found.st_gid,
        mtime=str(found.st_mtime_ns),
        xattrs=xattrs,
    )


def read_xattrs(fd: int) -> tuple[tuple[str, str], ...]:
    """A file's extended attributes by name, values in hex; those that may not be read are left."""
    try:
        names = sorted(os.listxattr(fd))
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return ()
        raise
    found = []
    for name in names:
        try:
            found.append((name, os.getxattr(fd, name).hex()))
        except OSError as error:
            if error.errno not in {errno.EPERM, errno.EACCES, errno.ENODATA}:
                raise
    return tuple(found)


class Like(Enum):
    """How much of an `Entry` a new file takes over."""

    NEW = auto()
    """Its mode: owner, group and ACL are as the folder gives them."""
    PREDECESSOR = auto()
    """All but the time."""
    SNAPSHOT = auto()
    """All of it."""


def write(fd: int, name: str, entry: Entry, data: bytes, like: Like) -> None:
    """Make a file or a link that is what `entry` says, and wait until it is on the disk.

    `name` must not be there.  Nobody else can read it before it has its owner and mode.
    """
    if entry.kind is EntryKind.LINK:
        os.symlink(data, name.encode(), dir_fd=fd)
        os.chown(name, entry.uid, entry.gid, dir_fd=fd, follow_symlinks=False)
        os.utime(name, ns=_times(entry), dir_fd=fd, follow_symlinks=False)
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    opened = os.open(name, flags, 0o600, dir_fd=fd)
    with os.fdopen(opened, "wb") as file:
        file.write(data)
        file.flush()
        if like is not Like.NEW:
            found = os.fstat(opened)
            if (found.st_uid, found.st_gid) != (entry.uid, entry.gid):
                os.fchown(opened, entry.uid, entry.gid)
            _write_xattrs(opened, entry)
        # NOTE: last, since a new owner clears set-id bits, and an ACL's mask is the group's bits.
        os.fchmod(opened, entry.mode)
        if like is Like.SNAPSHOT:
            os.utime(opened, ns=_times(entry))
        os.fsync(opened)


def _times(entry: Entry) -> tuple[int, int]:
    return int(entry.mtime), int(entry.mtime)


def _write_xattrs(fd: int, entry: Entry) -> None:
    """Bring a file's extended attributes to those of `entry`: no more, no fewer."""
    wanted, found = dict(entry.xattrs), dict(read_xattrs(fd))
    for name in found:
        if name not in wanted:
            os.removexattr(fd, name)
    for name, value in wanted.items():
        if found.get(name) != value:
            os.setxattr(fd, name, bytes.fromhex(value))


def sync(path: Path) -> None:
    """Wait until a folder's rows are on the disk."""
    with folder(path) as fd:
        os.fsync(fd)
