"""Trees that are texts alone, for what the service gate reads of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.gates import Tree
from workflow.sandbox import Scratch
from workflow.types import BlobId, Entry, RepoPath, TreeId

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n"
NO_BLOB = BlobId("0" * 40)


def tree(files: Mapping[str, str]) -> Tree:
    """Make a tree of texts; nobody looks at its folder."""
    entries = tuple(Entry("100644", NO_BLOB, RepoPath(name)) for name in files)
    scratch: Scratch = Scratch(folder=NOWHERE)
    return Tree(TreeId("0" * 40), scratch, entries, lambda path: files[path].encode())


class _Nowhere:
    """Fails whoever looks at it: content is read from git alone."""


NOWHERE: Path = _Nowhere()  # type: ignore[assignment]  # it is never looked at
