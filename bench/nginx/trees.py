"""Trees for the gate, made of a dictionary of files in a folder of this run."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.gates import Tree
from workflow.sandbox import Scratch
from workflow.sandbox.bubblewrap import Bubblewrap
from workflow.types import BlobId, Digest, Entry, RepoPath, TreeId

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def tree(folder: Path, files: Mapping[str, bytes]) -> Tree:
    """Write the files below a folder, and show them as a tree."""
    shutil.rmtree(folder, ignore_errors=True)
    entries = []
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        blob = BlobId(hashlib.sha1(data, usedforsecurity=False).hexdigest())
        entries.append(Entry("100644", blob, RepoPath(path)))
    words = "".join(f"{entry.blob}{entry.path}" for entry in entries)
    name = TreeId(hashlib.sha1(words.encode(), usedforsecurity=False).hexdigest())
    held = dict(files)
    return Tree(name, Scratch(folder), tuple(entries), lambda path: held[path])


def keep(data: bytes) -> Digest:
    """Keep nothing, and say where it would be."""
    return Digest(f"sha256:{hashlib.sha256(data).hexdigest()}")


@dataclass(frozen=True, slots=True)
class Bench:
    """A sandbox, and a folder for the trees of one case after another."""

    sandbox: Bubblewrap
    folder: Path

    def pair(self, base: Mapping[str, bytes], patched: Mapping[str, bytes]) -> tuple[Tree, Tree]:
        """Both trees of a case; those of the case before are gone."""
        return tree(self.folder / "base", base), tree(self.folder / "patched", patched)


@contextmanager
def bench() -> Iterator[Bench]:
    """The means of a run; its folder goes with it."""
    with tempfile.TemporaryDirectory(prefix="bench-nginx-") as name:
        yield Bench(Bubblewrap(), Path(name))
