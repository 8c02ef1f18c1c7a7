"""Reads the labelled requests, and finds the facts about each as the product does.

A row has `text`, `label`, `family` (all rows made from one template), and `tree`: the repository
that it is asked in, `sandbox` for `sandbox_repo/`, another one of `trees.json`, or `none` outside
of any; `paths` are files given with it.  No row says what exists: the product finds that out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.resources import folder
from workflow.routing import Facts, look
from workflow.types import BlobId, Entry, RepoPath, Way

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
OUTSIDE = "none"


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled request; `family` is unique over all files."""

    text: str
    label: Way
    family: str
    tree: str
    paths: tuple[RepoPath, ...] = ()

    @property
    def facts(self) -> Facts:
        """What the product finds out about the request in its repository."""
        if self.tree == OUTSIDE:
            return Facts()
        files = _trees()[self.tree]
        entries = tuple(
            Entry("100644", BlobId(sha1(path.encode(), usedforsecurity=False).hexdigest()), path)
            for path in files
        )

        def read(wanted: Sequence[Entry]) -> list[bytes]:
            return [files[entry.path] for entry in wanted]

        return look(self.text, self.paths, self.paths, entries, read)


def rows(name: str) -> tuple[Row, ...]:
    """The rows of a file: `train`, `test`, `later` or `later2`."""
    lines = (HERE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    data = [json.loads(line) for line in lines]
    return tuple(
        Row(
            *(d["text"], Way(d["label"]), d["family"], d["tree"]),
            paths=tuple(RepoPath(path) for path in d.get("paths", ())),
        )
        for d in data
    )


@cache
def _trees() -> dict[str, dict[RepoPath, bytes]]:
    data = json.loads((HERE / "trees.json").read_text(encoding="utf-8"))
    made = {
        tree: {RepoPath(path): text.encode() for path, text in sorted(files.items())}
        for tree, files in data.items()
    }
    top = folder("sandbox_repo")
    shown = (path for path in sorted(top.rglob("*")) if path.is_file() and not _is_made(path, top))
    made["sandbox"] = {
        RepoPath(path.relative_to(top).as_posix()): path.read_bytes() for path in shown
    }
    return made


def _is_made(path: Path, top: Path) -> bool:
    """Whether a file is no part of the repository but left there by its tools."""
    parts = path.relative_to(top).parts
    return any(
        part in {".venv", ".git", "__pycache__"} or part.endswith("_cache") for part in parts
    )
