"""Whether a checkout still is what was written: by its inodes' times, or byte for byte."""

from __future__ import annotations

import hashlib
import os
import random
import stat
from typing import TYPE_CHECKING

from workflow.errors import GitError
from workflow.trees.checkout import LINK, SUBMODULE, bytes_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from workflow.git_store import GitStore
    from workflow.types import Entry, TreeId

LOOKED_AT = 5_000
"""How many files are looked at each time; in larger trees others every time."""
_SHA1_HEX = 40
_CHUNK = 1024 * 1024


def folders(root: Path) -> list[bytes]:
    """Every folder of a checkout, its root first; what stands in them is not looked at."""
    found = [os.fsencode(root)]
    for folder in found:
        with os.scandir(folder) as inside:
            found.extend(one.path for one in inside if one.is_dir(follow_symlinks=False))
    return found


def is_untouched(places: Sequence[bytes], sealed: int) -> bool:
    """Whether nothing seems to have changed since `sealed`, in nanoseconds.

    The kernel sets an inode's change time, which no program can choose.  Of `places` every folder
    is looked at, so that a file which came, went or was replaced is noticed; and `LOOKED_AT` files,
    in larger trees by chance, so that one written to in place may go unnoticed there.
    """
    left = LOOKED_AT
    for place in random.sample(places, len(places)):
        try:
            if not _is_older(os.lstat(place), sealed):
                return False
            if left > 0:
                with os.scandir(place) as inside:
                    for one in inside:
                        left -= 1
                        if not _is_older(one.stat(follow_symlinks=False), sealed):
                            return False
        except OSError:
            return False
    return True


def is_exact(git: GitStore, tree: TreeId, root: Path) -> bool:
    """Whether a checkout holds a tree's files byte for byte, and nothing else."""
    try:
        entries = git.entries(tree)
    except GitError:
        return False
    wanted = {bytes_of(entry.path): entry for entry in entries}
    around = {b""}
    for path in wanted:
        folder = path.rpartition(b"/")[0]
        while folder not in around:
            around.add(folder)
            folder = folder.rpartition(b"/")[0]
    top = os.fsencode(root) + b"/"
    try:
        if not stat.S_ISDIR(os.lstat(root).st_mode):
            return False
        for path, is_folder in _inside(top):
            entry = wanted.pop(path, None)
            if is_folder:
                if path not in around and (entry is None or entry.mode != SUBMODULE):
                    return False
            elif entry is None or not _is_same(top + path, entry):
                return False
    except OSError:
        return False
    return not wanted


def _inside(top: bytes) -> Iterator[tuple[bytes, bool]]:
    """Every path below `top`, which ends in a slash, and whether a folder is there."""
    waiting = [b""]
    for folder in waiting:
        with os.scandir(top + folder) as inside:
            for one in inside:
                path = folder + one.name
                is_folder = one.is_dir(follow_symlinks=False)
                if is_folder:
                    waiting.append(path + b"/")
                yield path, is_folder


def _is_same(path: bytes, entry: Entry) -> bool:
    """Whether a file has an entry's kind, permission and bytes."""
    if entry.mode == LINK:
        if not stat.S_ISLNK(os.lstat(path).st_mode):
            return False
        target = os.readlink(path)  # noqa: PTH115 - bytes, whatever the locale
        named = _naming(entry, len(target))
        named.update(target)
        return named.hexdigest() == entry.blob
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb", buffering=0) as file:
        state = os.fstat(handle)
        is_executable = bool(state.st_mode & stat.S_IXUSR)
        if not stat.S_ISREG(state.st_mode) or is_executable != (entry.mode == "100755"):
            return False
        named = _naming(entry, state.st_size)
        while data := file.read(_CHUNK):
            named.update(data)
    return named.hexdigest() == entry.blob


def _naming(entry: Entry, size: int) -> hashlib._Hash:
    """Start on the name that git gives a blob of `size` bytes, by its own rule."""
    algorithm = "sha1" if len(entry.blob) == _SHA1_HEX else "sha256"
    return hashlib.new(algorithm, b"blob %d\0" % size, usedforsecurity=False)


def _is_older(state: os.stat_result, sealed: int) -> bool:
    return state.st_ctime_ns <= sealed
