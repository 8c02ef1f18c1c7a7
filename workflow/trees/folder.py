"""A folder, or one file, of this machine as a tree that gates can judge: git or no git.

Nothing is followed: a symbolic link is listed as one, and what is no file is left out.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.canonical import encode, sha256
from workflow.errors import UsageError, WorkflowError
from workflow.gates import Tree
from workflow.git_store import discover
from workflow.sandbox import Laid, Scratch
from workflow.types import BlobId, ChangeKind, Entry, FileChange, RepoPath, TreeChange, TreeId

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MAX_FILES = 100_000
_MAX_READ = 4 * 1024 * 1024
_MAX_CLIMB = 5
# Not listed; the sandbox shows them all the same, for removing thousands of files takes long.
_HIDDEN = frozenset({".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__"})
_MARKS = ("nginx.conf", "openresty.conf")
_MAY = "run it as a user who may read it, or name the file alone"
_GIT_FILE, _GIT_RUN, _GIT_LINK = "100644", "100755", "120000"


@dataclass(frozen=True, slots=True)
class Named:
    """What a person named: the folder that is looked at, and the one file in it, if it was one."""

    folder: Path
    file: RepoPath | None = None
    is_alone: bool = False
    """The file's folder is not shown with it: it is somebody's home, or everybody's."""


def named(path: Path) -> Named:
    """Find the folder around a path: its repository's top, nginx's own folder, or its parent.

    Raises `UsageError` for what is not there, is neither file nor folder, or may not be looked at.
    """
    try:
        real = path.resolve(strict=True)
        is_folder = real.is_dir()
    except (OSError, RuntimeError) as error:
        message = f"{path}: {getattr(error, 'strerror', None) or 'it cannot be reached'}"
        raise UsageError(message, hint="name a file or a folder that is there") from error
    if is_folder:
        if real in _everybodys():
            message = f"{path} is a home, or everybody's folder: all of it would be looked at"
            raise UsageError(message, hint="name the folder of the configuration")
        return Named(real)
    if not real.is_file():
        message = f"{path} is neither a file nor a folder"
        raise UsageError(message, hint="name a file or a folder")
    folder = _around(real)
    try:
        return Named(folder, RepoPath(real.relative_to(folder).as_posix()), _is_everybodys(folder))
    except ValueError as error:
        message = f"{path}: {error}"
        raise UsageError(message, hint="rename it") from error


def _around(file: Path) -> Path:
    parents = list(file.parents)
    for folder in parents:
        if (folder / ".git").exists() and not _is_everybodys(folder):
            return folder
    for folder in parents[:_MAX_CLIMB]:
        if _is_everybodys(folder):
            break
        if any((folder / mark).is_file() for mark in _MARKS):
            return folder
    return parents[0]


def _everybodys() -> tuple[Path, ...]:
    home = Path.home().resolve()
    return (home, *home.parents, Path(tempfile.gettempdir()).resolve(), Path("/tmp"))  # noqa: S108 - compared, not used


def _is_everybodys(folder: Path) -> bool:
    return folder in _everybodys()


def tree(found: Named, over: Mapping[RepoPath, bytes] | None = None) -> Tree:
    """Return the tree of a folder as it is now, with the contents `over` laid over it.

    Its id is made of names, modes and contents; a file of more than 4 MiB counts by its size and
    time.  Raises `UsageError` for a folder of more than 100,000 files.
    """
    laid = dict(over or {})
    read = _Read(found.folder, laid)
    entries, links = read.entries(found)
    for path, data in laid.items():
        entries[path] = Entry(_GIT_FILE, _blob(data), path)
    rows = [[one.mode, one.blob, one.path] for one in entries.values()]
    name = TreeId(sha256(encode(rows)).partition(":")[2])
    shown = [Laid(path, _GIT_FILE, data) for path, data in laid.items()]
    folder = found.folder
    if found.is_alone and found.file:
        if found.file not in laid:
            shown.append(Laid(found.file, _GIT_FILE, read(found.file)))
        folder = _nothing()
    return Tree(name, Scratch(folder, tuple(shown), name), tuple(entries.values()), read, links)


def _nothing() -> Path:
    """An empty folder that stays empty, as the place of files that are laid over it."""
    from workflow.resources import cache_folder  # noqa: PLC0415 - for a lone file alone

    empty = cache_folder() / "empty"
    empty.mkdir(parents=True, exist_ok=True)
    return empty


class _Read:
    """Reads the regular files of a folder, without following links."""

    def __init__(self, folder: Path, laid: Mapping[RepoPath, bytes]) -> None:
        self._folder = folder
        self._laid = laid

    def __call__(self, path: RepoPath) -> bytes:
        """The content of a file; a folder or link on the way raises `OSError`."""
        if path in self._laid:
            return self._laid[path]
        number = os.open(self._folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(number, "rb") as file:
            return file.read()

    def _readable(self, path: RepoPath) -> bytes:
        """The content of a file that must be readable.  Raises `UsageError`."""
        try:
            return self(path)
        except PermissionError as error:
            message = f"{self._folder / path}: {error.strerror}"
            raise UsageError(message, hint=_MAY) from error

    def entries(self, found: Named) -> tuple[dict[str, Entry], dict[RepoPath, str]]:
        """The files and links of the folder, by path."""
        entries: dict[str, Entry] = {}
        links: dict[RepoPath, str] = {}
        for path in _walk(found):
            full = self._folder / path
            status = full.lstat()
            if stat.S_ISLNK(status.st_mode):
                target = str(full.readlink())
                links[path] = target
                mode, blob = _GIT_LINK, _blob(os.fsencode(target))
            elif status.st_size > _MAX_READ:
                mode = _GIT_FILE
                blob = _blob(f"{status.st_size} {status.st_mtime_ns} {status.st_ino}".encode())
            else:
                mode = _GIT_RUN if status.st_mode & stat.S_IXUSR else _GIT_FILE
                blob = _blob(self._readable(path))
            entries[path] = Entry(mode, blob, path)
        return entries, links


def _walk(found: Named) -> Iterator[RepoPath]:
    """Every file and link of the folder by its path, in order; names that are no paths are out."""
    if found.is_alone and found.file:
        yield found.file
        return
    if (known := _known_to_git(found.folder)) is not None:
        yield from known
        return
    waiting, count = [""], 0
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(found.folder / here) as listed:
                inside = sorted(listed, key=lambda one: one.name)
        except PermissionError as error:
            message = f"{found.folder / here}: {error.strerror}"
            raise UsageError(message, hint=_MAY) from error
        for one in inside:
            name = f"{here}/{one.name}" if here else one.name
            if one.is_dir(follow_symlinks=False):
                waiting += [] if one.name in _HIDDEN else [name]
            elif one.is_symlink() or one.is_file(follow_symlinks=False):
                count += 1
                _require_few(count, found.folder)
                try:
                    yield RepoPath(name)
                except ValueError:
                    continue


def _known_to_git(top: Path) -> list[RepoPath] | None:
    """What git counts to a work tree: its files, and new ones that are not ignored."""
    if not (top / ".git").exists():
        return None
    try:
        told = discover(top).git(
            "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"
        )
        paths = [RepoPath(os.fsdecode(name)) for name in told.split(b"\0") if name]
    except (WorkflowError, ValueError):
        return None  # no repository that git can read, or names that are no paths: any folder
    # Without files that are gone, and without submodules.
    kept = [path for path in paths if (top / path).is_symlink() or (top / path).is_file()]
    _require_few(len(kept), top)
    return kept


def _require_few(count: int, folder: Path) -> None:
    if count > _MAX_FILES:
        message = f"{folder} holds more than {_MAX_FILES:,} files"
        raise UsageError(message, hint="name the folder of the configuration")


def _blob(data: bytes) -> BlobId:
    """Git's own name for a content, so that equal files are equal here, too."""
    header = b"blob %d\0" % len(data)
    return BlobId(hashlib.sha1(header + data, usedforsecurity=False).hexdigest())


def change(base: Tree, patched: Tree) -> TreeChange:
    """Every file that differs between two trees."""
    old = {one.path: one for one in base.entries}
    new = {one.path: one for one in patched.entries}
    files = []
    for path in sorted({*old, *new}):
        one, other = old.get(path), new.get(path)
        if one == other:
            continue
        kind = ChangeKind.ADDED if one is None else ChangeKind.MODIFIED
        kind = ChangeKind.DELETED if other is None else kind
        files.append(
            FileChange(
                RepoPath(path),
                kind,
                one.mode if one else None,
                other.mode if other else None,
                one.blob if one else None,
                other.blob if other else None,
            )
        )
    return TreeChange(base.id, patched.id, tuple(files))


def pair(base: Path, patched: Path) -> tuple[Tree, Tree, RepoPath | None]:
    """Both trees of two paths, base first, and the one file that was named, by its patched path.

    Two files may have different names: the base's content then stands at the patched one's path, in
    the patched one's folder.  Raises what `named` and `tree` do, and `UsageError` for a file beside
    a folder.
    """
    old, new = named(base), named(patched)
    if (old.file is None) is not (new.file is None):
        message = f"{base} and {patched} are a file and a folder"
        raise UsageError(message, hint="name two files or two folders")
    if new.file is None or (old.file == new.file and old.folder != new.folder):
        return tree(old), tree(new), new.file
    data = _Read(old.folder, {})(old.file) if old.file else b""
    return tree(new, {new.file: data}), tree(new), new.file
