"""The modules that import a named one, tests apart: what else a change of it can break."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.gather.near import Lead, Leads, is_foreign
from workflow.gather.touching import is_test

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.gather.near import Nearness
    from workflow.gather.python import Sources
    from workflow.gather.shelf import Shelf
    from workflow.types import RepoPath

_MAX_SEARCHED = 400


def importing(shelf: Shelf, sources: Sources, near: Nearness, files: Sequence[RepoPath]) -> Leads:
    """The Python files that import some others, the nearest first."""
    targets = {path for path in files if path.endswith(".py")}
    words = sorted({sources.dotted(path).rpartition(".")[2] for path in targets} - {""})
    if not words:
        return Leads()
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b")
    candidates = near.sorted(
        path
        for path in sources.paths.values()
        if path not in targets and not is_test(path) and not is_foreign(path)
    )[:_MAX_SEARCHED]
    shelf.open(candidates)
    found = [
        path
        for path in candidates
        if pattern.search(shelf.text(path)) and not targets.isdisjoint(sources.imported(path))
    ]
    return Leads(tuple(Lead(path, 0) for path in found))
