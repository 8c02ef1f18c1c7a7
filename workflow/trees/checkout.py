"""Writes files of git's into a folder and takes them away: exact bytes, never through a link."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from workflow import process
from workflow.errors import WorkflowError
from workflow.types import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from workflow.git_store import GitStore
    from workflow.types import FileChange, TreeChange, TreeId

LINK = "120000"
SUBMODULE = "160000"
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_MODES = {"100644": 0o644, "100755": 0o755}
_BATCH_FILES, _BATCH_BYTES = 1000, 8 * 1024**2
# Two wait for the disk while one waits for git: more gained nothing on two cores.
_THREADS = 3
_PAUSE_S = 0.3
_BLOCK = 4096
_FULL = {errno.ENOSPC, errno.EDQUOT}
_COLLIDES = {errno.EEXIST, errno.ENOTDIR, errno.ELOOP, errno.EISDIR}


class CheckoutError(WorkflowError):
    """A tree could not be written to disk for the sandbox."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much a checkout holds: files, and the bytes that they take on disk, about."""

    files: int
    bytes: int


def write_tree(git: GitStore, tree: TreeId, root: Path, tell: Callable[[str], None]) -> Size:
    """Write a whole tree into `root`, an empty folder, and say how much that was.

    Submodules become empty folders.  Symbolic links are written as they are: only the sandbox,
    where they lead nowhere, may follow them.  Raises `CheckoutError` when the disk is full, and for
    a tree with entries that collide.
    """
    with _explained(tree, root):
        return _write(git, git.entries(tree), root, tell)


def bring_forward(
    git: GitStore, change: TreeChange, root: Path, tell: Callable[[str], None]
) -> Size:
    """Turn the checkout of a change's base into that of its other tree; say how it has grown.

    Raises what `write_tree` raises; the checkout is neither the one nor the other then.
    """
    gone = [file for file in change.files if file.old]
    old = [file.old for file in gone if file.old and file.old_mode != SUBMODULE]
    entries = [
        Entry(file.new_mode, file.new, file.path)
        for file in change.files
        if file.new and file.new_mode
    ]
    with _explained(change.proposed, root):
        shrunk = sum(map(_on_disk, git.sizes(old)))
        _remove(root, gone)
        grown = _write(git, entries, root, tell)
    return Size(grown.files - len(old), grown.bytes - shrunk)


@contextlib.contextmanager
def opened_folder(root: Path | bytes, *parts: bytes, make: bool = False) -> Iterator[int]:
    """A descriptor of a folder, reached part by part through no link; `make` makes missing ones."""
    folder = os.open(root, FOLDER_FLAGS)
    try:
        for part in parts:
            folder = _deeper(folder, part, make=make)
        yield folder
    finally:
        os.close(folder)


def hint_of(error: OSError) -> str:
    """What to do about a full disk; empty for anything else."""
    if error.errno not in _FULL:
        return ""
    return "make room on that disk; `.git/workflow/trees` may be removed while no command runs"


def bytes_of(path: str) -> bytes:
    """A path as git and the file system have it, whatever the locale."""
    return path.encode("utf-8", "surrogateescape")


def _deeper(outer: int, part: bytes, *, make: bool) -> int:
    """Return a descriptor of a folder in another; the outer one is closed unless this raises."""
    try:
        inner = os.open(part, FOLDER_FLAGS, dir_fd=outer)
    except FileNotFoundError:
        if not make:
            raise
        os.mkdir(part, 0o755, dir_fd=outer)
        inner = os.open(part, FOLDER_FLAGS, dir_fd=outer)
    os.close(outer)
    return inner


@dataclass(frozen=True, slots=True)
class _File:
    """One file to write, with the folders on the way to it."""

    folder: bytes
    name: bytes
    entry: Entry
    size: int


class _Work:
    """What the threads of one checkout share: the batches that are left, and how far it is."""

    def __init__(self, files: Sequence[_File], tell: Callable[[str], None]) -> None:
        self._lock = threading.Lock()
        self._batches = _batches(files)
        self._done, self._total = 0, len(files)
        self._told, self._tell = time.monotonic(), tell

    def next(self) -> Sequence[_File]:
        """Take a batch; none are left when it is empty."""
        with self._lock:
            now = time.monotonic()
            if now - self._told >= _PAUSE_S:
                self._told = now
                self._tell(f"{self._done:,} of {self._total:,} files checked out")
            batch = next(self._batches, ())
            self._done += len(batch)
            return batch


def _write(
    git: GitStore, entries: Sequence[Entry], root: Path, tell: Callable[[str], None]
) -> Size:
    """Write files below a folder; folders may be there, files must not."""
    written = [entry for entry in entries if entry.mode != SUBMODULE]
    sizes = git.sizes([entry.blob for entry in written])
    files = [_file(entry, size) for entry, size in zip(written, sizes, strict=True)]
    empty = [bytes_of(entry.path) for entry in entries if entry.mode == SUBMODULE]
    for folder in dict.fromkeys((*(file.folder for file in files), *empty)):
        with opened_folder(root, *_parts(folder), make=True):
            pass
    work = _Work(files, tell)
    threads = 1 if len(files) <= _BATCH_FILES else _THREADS
    process.side_by_side([partial(_write_batches, git, work, root)] * threads)
    return Size(len(files), sum(_on_disk(size) for size in sizes))


def _write_batches(git: GitStore, work: _Work, root: Path) -> None:
    while batch := work.next():
        contents = iter(git.blobs([file.entry.blob for file in batch]))
        for folder, files in groupby(batch, key=lambda file: file.folder):
            with opened_folder(root, *_parts(folder)) as place:
                for file in files:
                    _write_file(place, file, next(contents))


def _write_file(folder: int, file: _File, data: bytes) -> None:
    if file.entry.mode == LINK:
        if not data or b"\0" in data:
            raise OSError(errno.EINVAL, "a symbolic link to a name that cannot be", file.name)
        os.symlink(data, file.name, dir_fd=folder)
        return
    # O_EXCL and O_NOFOLLOW: two entries that collide on this file system must not overwrite.
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
    handle = os.open(file.name, flags, _MODES.get(file.entry.mode, 0o644), dir_fd=folder)
    with os.fdopen(handle, "wb", buffering=0) as target:
        left = memoryview(data)
        while left:
            left = left[target.write(left) :]


def _remove(root: Path, gone: Sequence[FileChange]) -> None:
    """Remove files, and the folders that are empty then: git's trees have none."""
    for file in gone:
        *folders, name = _parts(bytes_of(file.path))
        with opened_folder(root, *folders) as folder:
            if file.old_mode == SUBMODULE:
                os.rmdir(name, dir_fd=folder)
            else:
                os.unlink(name, dir_fd=folder)
    left = {tuple(_parts(bytes_of(file.path))[:-1]) for file in gone}
    while left:
        deepest = max(left, key=len)
        left.discard(deepest)
        if deepest and _is_removed(root, deepest):
            left.add(deepest[:-1])


def _is_removed(root: Path, parts: tuple[bytes, ...]) -> bool:
    """Remove a folder if it is empty, and say whether it was."""
    with opened_folder(root, *parts[:-1]) as folder:
        try:
            os.rmdir(parts[-1], dir_fd=folder)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
            return False
    return True


@contextlib.contextmanager
def _explained(tree: TreeId, root: Path) -> Iterator[None]:
    """Turn what the file system says into an error for a person."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"tree {tree.short} cannot be checked out to {root}: {reason}"
        hint = hint_of(error) or "look at that folder's owner and permissions"
        if error.errno in _COLLIDES:
            message = f"tree {tree.short} holds two entries that collide: {reason}"
            hint = f"`git ls-tree -r {tree.short}` shows them; `git fsck` names what git refuses"
        raise CheckoutError(message, hint=hint) from error


def _batches(files: Sequence[_File]) -> Iterator[Sequence[_File]]:
    batch: list[_File] = []
    size = 0
    for file in files:
        if batch and (len(batch) >= _BATCH_FILES or size + file.size > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch


def _file(entry: Entry, size: int) -> _File:
    folder, _, name = bytes_of(entry.path).rpartition(b"/")
    return _File(folder, name, entry, size)


def _parts(path: bytes) -> list[bytes]:
    return path.split(b"/") if path else []


def _on_disk(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
