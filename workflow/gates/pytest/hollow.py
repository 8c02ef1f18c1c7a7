"""Breaks the tests themselves on purpose: none that passed may pass then.

Whoever takes over the verdicts knows tests by their names, or by what the program gives back.  Both
are here as they were, and only the tests have another end.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.gates.pytest import guard, spoil
from workflow.gates.pytest.report import Ended
from workflow.gates.pytest.runs import Wanted, arguments
from workflow.sandbox import Laid
from workflow.semantics.python import UnreadableError, weight
from workflow.types import RepoPath, Side

if TYPE_CHECKING:
    from workflow.gates.interface import Tree
    from workflow.gates.pytest.pair import Both
    from workflow.gates.pytest.report import Report
    from workflow.gates.pytest.runs import Bench

_WHAT = "when the tests are broken on purpose"
_FAULTS = (UnreadableError, RecursionError, MemoryError, ValueError)
# Words and signs of all files together: about 2 s of reading and writing.
_MAX_WEIGHT = 30_000
_MAX_FILES = 100


@dataclass(frozen=True, slots=True)
class Hollow:
    """The run of broken tests on each tree, and the names of those that are broken."""

    patched: Wanted
    base: Wanted
    names: frozenset[str]


def hollow(bench: Bench, both: Both) -> Hollow | None:
    """Return how to run the tests that pass, broken: those first that name what changed."""
    passed = both.compared.patched.names(Ended.PASSED)
    stems = {path.name.partition(".")[0].encode() for path in bench.case.change.paths}
    contents = _contents(bench.case.patched, bench.root, {_file(name) for name in passed})
    ordered = sorted(contents, key=lambda name: not any(stem in contents[name] for stem in stems))
    broken: dict[str, bytes] = {}
    names: set[str] = set()
    left = _MAX_WEIGHT
    for name in ordered:
        left -= weight(contents[name])
        found = _broken(contents[name]) if left >= 0 else None
        if found is not None:
            broken[name], inside = found
            names.update(f"{name}::{one}" for one in inside)
    only = arguments(sorted(broken))
    if not only:
        return None
    there = {entry.path: entry.mode for entry in bench.case.patched.entries}
    paths = {name: RepoPath(posixpath.join(bench.root, name)) for name in only}
    laid = [Laid(paths[name], there[paths[name]], broken[name]) for name in only]
    case = bench.case
    return Hollow(
        Wanted(Side.PATCHED, guard.clean(case.patched).laid(*laid), case.patched, _WHAT, only),
        Wanted(Side.BASE, guard.clean(case.base).laid(*laid), case.base, _WHAT, only),
        frozenset(names),
    )


def standing(bench: Bench, both: Both, tried: Hollow, report: Report) -> list[str]:
    """Return the tests of the base that pass though they are broken, and do not on the base."""
    compared = both.compared
    passed = compared.patched.names(Ended.PASSED) & compared.base.names(Ended.PASSED)
    found = _standing(tried, report) & passed
    if found:
        (before,) = bench.run(tried.base)
        found -= _standing(tried, before)
    return sorted(found)


def _standing(tried: Hollow, report: Report) -> frozenset[str]:
    return frozenset(
        name for name in report.names(Ended.PASSED) if name.partition("[")[0] in tried.names
    )


def _contents(tree: Tree, root: str, files: set[str]) -> dict[str, bytes]:
    there = frozenset(entry.path for entry in tree.entries if entry.is_regular)
    paths = {name: posixpath.join(root, name) for name in sorted(files) if name.endswith(".py")}
    chosen = [name for name, path in paths.items() if path in there][:_MAX_FILES]
    return {name: tree.read(RepoPath(paths[name])) for name in chosen}


def _broken(data: bytes) -> tuple[bytes, list[str]] | None:
    """Return a file with its tests broken at their ends, and their names."""
    try:
        module = spoil.parsed(data)
        names = [
            name.replace(".", "::")
            for name, node, around in spoil.definitions(module)
            if node.name.startswith("test") and not around and spoil.raise_at_end(node, always=True)
        ]
        text = spoil.written(module) if names else b""
    except _FAULTS:
        return None
    return (text, names) if text else None


def _file(name: str) -> str:
    return name.partition("::")[0]
