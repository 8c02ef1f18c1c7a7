"""Cases for gates, made of two dictionaries of files; the sandbox and the tools are real."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

import pytest

from workflow.gates import Case, Tree
from workflow.sandbox import Scratch
from workflow.sandbox.bubblewrap import Bubblewrap
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

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LINK = "link to: "


class MakeCase(Protocol):
    """Builds a case from the files of both trees; a text `link to: x` is a symbolic link."""

    def __call__(self, base: Mapping[str, str | bytes], patched: Mapping[str, str | bytes]) -> Case:
        """Return the case; what differs between the two is the change."""
        ...


@pytest.fixture(scope="session")
def sandbox() -> Bubblewrap:
    """Return the real sandbox; a machine without one fails the suite."""
    return Bubblewrap()


@pytest.fixture
def kept() -> dict[Digest, bytes]:
    """Return what gates kept."""
    return {}


@pytest.fixture
def make_case(tmp_path: Path, sandbox: Bubblewrap, kept: dict[Digest, bytes]) -> MakeCase:
    """Return the builder of cases."""

    def keep(data: bytes) -> Digest:
        digest = Digest(f"sha256:{hashlib.sha256(data).hexdigest()}")
        kept[digest] = data
        return digest

    def make(base: Mapping[str, str | bytes], patched: Mapping[str, str | bytes]) -> Case:
        old, new = _tree(tmp_path / "base", base), _tree(tmp_path / "patched", patched)
        before = {entry.path: entry for entry in old.entries}
        after = {entry.path: entry for entry in new.entries}
        changes = tuple(
            _change(path, before.get(path), after.get(path))
            for path in sorted(before.keys() | after.keys())
            if before.get(path) != after.get(path)
        )
        return Case(TreeChange(old.id, new.id, changes), old, new, sandbox, keep)

    return make


def _change(path: RepoPath, old: Entry | None, new: Entry | None) -> FileChange:
    kind = ChangeKind.MODIFIED
    if old is None:
        kind = ChangeKind.ADDED
    elif new is None:
        kind = ChangeKind.DELETED
    return FileChange(
        path=path,
        kind=kind,
        old_mode=old.mode if old else None,
        new_mode=new.mode if new else None,
        old=old.blob if old else None,
        new=new.blob if new else None,
    )


def _tree(root: Path, files: Mapping[str, str | bytes]) -> Tree:
    root.mkdir()
    contents: dict[str, bytes] = {}
    links: dict[RepoPath, str] = {}
    entries = []
    for name, text in files.items():
        data = text.encode() if isinstance(text, str) else text
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        is_link = data.startswith(LINK.encode())
        if is_link:
            data = data[len(LINK) :]
            path.symlink_to(data.decode())
            links[RepoPath(name)] = data.decode()
        else:
            path.write_bytes(data)
            # As git's objects are read: regular files alone, `KeyError` for a link.
            contents[name] = data
        blob = BlobId(hashlib.sha1(data, usedforsecurity=False).hexdigest())
        entries.append(Entry("120000" if is_link else "100644", blob, RepoPath(name)))
    whole = repr(sorted((entry.path, entry.blob) for entry in entries)).encode()
    tree = TreeId(hashlib.sha256(whole).hexdigest())
    return Tree(tree, Scratch(root, id=tree), tuple(entries), lambda path: contents[path], links)
