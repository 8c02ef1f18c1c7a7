"""Lays files over a folder, so that no symbolic link in it leads anywhere else.

Each path is walked part by part from the folder's own descriptor; a link is never followed.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LINK, _PROGRAM, _FILE = "120000", "100755", "100644"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_SHOWN = 200
_IMPOSSIBLE = {errno.ENAMETOOLONG, errno.ENOENT, errno.EINVAL}
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def lay(folder: str, over: Iterable[tuple[str, str, bytes | None]]) -> None:
    """Lay files over `folder`, one after the other: path, git's mode, content or `None` to remove.

    A file takes the place of whatever is there.  A folder that loses its last file goes, too, as
    git knows none that is empty.  Raises `ValueError` for a path or mode that must not be, for a
    path that leads through what is no folder, and for a name or a link that cannot be made.
    """
    top = os.open(folder, _FOLDER)
    emptied: set[tuple[str, ...]] = set()
    for path, mode, content in over:
        parts = tuple(path.split("/"))
        is_bad = "\0" in path or any(part in {"", ".", ".."} for part in parts)
        if is_bad or mode not in {_LINK, _PROGRAM, _FILE}:
            message = f"no file that can be laid over a tree: {mode} {_shown(path)}"
            raise ValueError(message)
        try:
            _lay_one(top, parts, mode, content)
        except OSError as error:
            if error.errno not in _IMPOSSIBLE:
                raise
            message = f"no file that can be made ({error.strerror}): {mode} {_shown(path)}"
            raise ValueError(message) from error
        if content is None:
            emptied.update(parts[:length] for length in range(1, len(parts)))
    for parts in sorted(emptied, key=len, reverse=True):
        _remove_if_empty(top, parts)
    os.close(top)


def _shown(path: str) -> str:
    return repr(path if len(path) <= _MOST_SHOWN else f"{path[:_MOST_SHOWN]}…")


def _lay_one(top: int, parts: tuple[str, ...], mode: str, content: bytes | None) -> None:
    if mode == _LINK and content is not None and b"\0" in content:
        message = f"a link whose target has a NUL: {_shown('/'.join(parts))}"
        raise ValueError(message)
    parent = _parent(top, parts, make=content is not None)
    if parent is None:
        return
    try:
        _remove(parent, parts[-1])
        if content is not None:
            _create(parent, parts[-1], mode, content)
    finally:
        os.close(parent)


def _parent(top: int, parts: tuple[str, ...], *, make: bool) -> int | None:
    """Return the folder that the last part is in; `None` when it is not there nor to be made."""
    here = os.dup(top)
    for part in parts[:-1]:
        try:
            below = _folder(here, part, make=make)
        except NotADirectoryError as error:
            if make:
                message = f"leads through what is no folder of the tree: {_shown('/'.join(parts))}"
                raise ValueError(message) from error
            below = None
        os.close(here)
        if below is None:
            return None
        here = below
    return here


def _folder(here: int, name: str, *, make: bool) -> int | None:
    try:
        return os.open(name, _FOLDER, dir_fd=here)
    except FileNotFoundError:
        if not make:
            return None
    os.mkdir(name, 0o755, dir_fd=here)
    return os.open(name, _FOLDER, dir_fd=here)


def _create(parent: int, name: str, mode: str, content: bytes) -> None:
    if mode == _LINK:
        os.symlink(os.fsdecode(content), name, dir_fd=parent)
        return
    made = os.open(name, _NEW, 0o755 if mode == _PROGRAM else 0o644, dir_fd=parent)
    with open(made, "wb", buffering=0) as file:  # noqa: PTH123 - a descriptor, not a path
        left = memoryview(content)
        while left:
            left = left[file.write(left) :]


def _remove(parent: int, name: str) -> None:
    try:
        found = os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return
    if stat.S_ISDIR(found.st_mode):
        _remove_folder(parent, name)
    else:
        os.unlink(name, dir_fd=parent)


def _remove_folder(parent: int, name: str) -> None:
    """Remove a folder with all that is in it, however deep, by one open descriptor."""
    here = os.open(name, _FOLDER, dir_fd=parent)
    names, left = [name], [_subfolders(here)]
    while left:
        step = left[-1].pop() if left[-1] else ".."
        below = os.open(step, _FOLDER, dir_fd=here)
        os.close(here)
        here = below
        if step == "..":
            left.pop()
            os.rmdir(names.pop(), dir_fd=here)
        else:
            names.append(step)
            left.append(_subfolders(here))
    os.close(here)


def _subfolders(here: int) -> list[str]:
    """Remove a folder's files and return the names of its folders."""
    with os.scandir(here) as entries:
        found = list(entries)
    for entry in found:
        if not entry.is_dir(follow_symlinks=False):
            os.unlink(entry.name, dir_fd=here)
    return [entry.name for entry in found if entry.is_dir(follow_symlinks=False)]


def _remove_if_empty(top: int, parts: tuple[str, ...]) -> None:
    parent = _parent(top, parts, make=False)
    if parent is None:
        return
    try:
        os.rmdir(parts[-1], dir_fd=parent)
    except OSError:
        return  # Something is in it, or it is a folder no more.
    finally:
        os.close(parent)
