"""What the tests use that lies outside their folders: a patch that changes it changes the tests.

A file of expected values, or a module of the tests' own assertions, says what the tests ask for.
It is found by reading: a file that the base's tests name, and none of its sources.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.gates.pytest.collected import PLAIN_FOLDERS
from workflow.gates.pytest.guard import infrastructure
from workflow.semantics.neutral import is_same
from workflow.semantics.places import is_named_as_test

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.gates.interface import Case
    from workflow.types import FileChange, RepoPath

_REGULAR = ("100644", "100755")
# How much is read to find out who names a file.
_MAX_FILES = 3000
_MAX_BYTES = 32 * 1024 * 1024
_MAX_CANDIDATES = 50
# What a module does that checks things for tests.
_CHECKS = re.compile(
    rb"(?m)^[^\S\n]*(?:assert\b|raise[^\S\n]+AssertionError)"
    rb"|^[^\S\n]*(?:import|from)[^\S\n]+(?:pytest|unittest)\b"
)


@dataclass(slots=True)
class _Candidate:
    """A changed file, and who names it."""

    file: FileChange
    pattern: re.Pattern[bytes]
    by_tests: bool = False
    by_sources: bool = False


def borrowed(case: Case) -> tuple[RepoPath, ...]:
    """Return the changed files that the base's tests name, and none of its sources."""
    tests = frozenset(infrastructure(case))
    changed = [file for file in case.change.files if file.path not in tests]
    candidates = [_Candidate(file, _naming(file.path)) for file in changed if _may(case, file)]
    if not candidates or len(candidates) > _MAX_CANDIDATES:
        return ()
    left = _MAX_BYTES
    paths = (one.path for one in case.base.entries if one.is_regular and one.path.endswith(".py"))
    for count, path in enumerate(paths):
        data = case.base.read(path)
        left -= len(data)
        if left < 0 or count >= _MAX_FILES:
            return ()
        _look(candidates, path, data)
    return tuple(one.file.path for one in candidates if one.by_tests and not one.by_sources)


def _look(candidates: Sequence[_Candidate], path: RepoPath, data: bytes) -> None:
    is_test = is_named_as_test(path) or not PLAIN_FOLDERS.isdisjoint(path.parts[:-1])
    for one in candidates:
        if path != one.file.path and one.pattern.search(data):
            one.by_tests |= is_test
            one.by_sources |= not is_test


def _may(case: Case, file: FileChange) -> bool:
    """Whether a file that the base has means something else now, and could be the tests' own."""
    if file.old_mode not in _REGULAR or file.new_mode not in _REGULAR:
        return False
    old, new = case.base.read(file.path), case.patched.read(file.path)
    if file.path.endswith(".py") and not _CHECKS.search(old):
        return False
    return not is_same(file.path, old, new)


def _naming(path: RepoPath) -> re.Pattern[bytes]:
    """Return what finds a file that names another: by an import, or by its name in a text."""
    name = posixpath.basename(path)
    if not name.endswith(".py"):
        return re.compile(re.escape(name.encode("utf-8", "surrogateescape")))
    stem = name.removesuffix(".py")
    module = posixpath.basename(posixpath.dirname(path)) if stem == "__init__" else stem
    word = re.escape(module.encode("utf-8", "surrogateescape"))
    return re.compile(rb"(?m)^[^\S\n]*(?:import|from)\b[^\n]{0,400}?\b" + word + rb"\b")
