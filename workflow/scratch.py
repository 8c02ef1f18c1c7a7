"""Checkouts for the sandbox: exact blob bytes from git's objects, no filter, no `.git`."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from workflow.gates import Tree
from workflow.sandbox import Scratch

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.git_store import GitStore
    from workflow.types import Entry, RepoPath, TreeId

_LINK = "120000"
_SUBMODULE = "160000"
_MODES = {"100644": 0o644, "100755": 0o755}
_BATCH = 200


def check_out(git: GitStore, tree: TreeId, root: Path) -> Tree:
    """Write a tree below `root`, which must not exist, and return it as gates see it.

    Submodules become empty folders.  Symbolic links are written as they are: only the sandbox,
    where they lead nowhere, may follow them.
    """
    entries = git.entries(tree)
    root.mkdir(mode=0o755)
    folders: set[Path] = {root}
    links: dict[RepoPath, str] = {}
    for start in range(0, len(entries), _BATCH):
        batch = entries[start : start + _BATCH]
        files = [entry for entry in batch if entry.mode != _SUBMODULE]
        contents = git.blobs([entry.blob for entry in files])
        for entry in batch:
            _make_folders(root / entry.path, folders)
            if entry.mode == _SUBMODULE:
                (root / entry.path).mkdir()
        for entry, data in zip(files, contents, strict=True):
            _write(root / entry.path, entry, data)
            if entry.mode == _LINK:
                links[entry.path] = os.fsdecode(data)
    scratch = Scratch(root, id=tree)
    return Tree(
        id=tree, scratch=scratch, entries=entries, read=partial(git.read, tree), links=links
    )


def _make_folders(path: Path, made: set[Path]) -> None:
    """Make the folders on the way to `path`; none of them can be a link, git's trees forbid it."""
    missing = []
    folder = path.parent
    while folder not in made:
        missing.append(folder)
        folder = folder.parent
    for folder in reversed(missing):
        folder.mkdir(mode=0o755)
        made.add(folder)


def _write(path: Path, entry: Entry, data: bytes) -> None:
    if entry.mode == _LINK:
        path.symlink_to(os.fsdecode(data))
        return
    # O_EXCL and O_NOFOLLOW: two entries that collide on this file system must not overwrite.
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
    handle = os.open(path, flags, _MODES.get(entry.mode, 0o644))
    with os.fdopen(handle, "wb") as file:
        file.write(data)
