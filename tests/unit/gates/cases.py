"""Cases of two trees that lie nowhere: for what is decided by reading, before anything runs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NoReturn

from workflow.gates import Case, Tree
from workflow.sandbox import Command, Scratch, Wall
from workflow.types import (
    BlobId,
    ChangeKind,
    Digest,
    Entry,
    FileChange,
    RepoPath,
    TreeChange,
    TreeId,
)


class _Nowhere:
    """A sandbox that must not be used."""

    def run(self, command: Command) -> NoReturn:
        """Fail."""
        raise NotImplementedError(command)

    def walls(self) -> tuple[Wall, ...]:
        """Return none."""
        return ()


def _keep(data: bytes) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(data).hexdigest()}")


Files = dict[str, str]
LINK = "link to: "


def tree(files: Files, name: str) -> Tree:
    """Return a tree that lies nowhere."""
    entries = tuple(
        Entry(
            "120000" if text.startswith(LINK) else "100644",
            BlobId(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()),
            RepoPath(path),
        )
        for path, text in sorted(files.items())
    )
    contents = {path: text.encode() for path, text in files.items() if not text.startswith(LINK)}
    links = {
        RepoPath(path): text.removeprefix(LINK)
        for path, text in files.items()
        if text.startswith(LINK)
    }
    tree_id = TreeId(hashlib.sha1(repr(entries).encode(), usedforsecurity=False).hexdigest())
    scratch = Scratch(Path("/nowhere") / name, id=tree_id)
    return Tree(tree_id, scratch, entries, lambda path: contents[path], links)


def case(base: Files, patched: Files) -> Case:
    """Return a case of two trees, without the means to run anything."""
    old, new = tree(base, "base"), tree(patched, "patched")
    before = {entry.path: entry for entry in old.entries}
    after = {entry.path: entry for entry in new.entries}
    changes = []
    for path in sorted(before.keys() | after.keys()):
        was, now = before.get(path), after.get(path)
        if was != now:
            kind = ChangeKind.MODIFIED if was and now else ChangeKind.ADDED
            changes.append(
                FileChange(
                    path,
                    ChangeKind.DELETED if now is None else kind,
                    was.mode if was else None,
                    now.mode if now else None,
                    was.blob if was else None,
                    now.blob if now else None,
                )
            )
    change = TreeChange(old.id, new.id, tuple(changes))
    return Case(change, old, new, _Nowhere(), _keep)
