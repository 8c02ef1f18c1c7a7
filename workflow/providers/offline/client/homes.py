"""Chooses the folder of a drafted backend, so that it stands beside what is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMED = re.compile(
    r"\b(?:in|into|under|inside|below|to)\s+(?:the\s+)?[`'\"]?([\w./-]{1,100})/(?!\w)"
)
_CALLED = re.compile(
    r"\b(?:folder|directory|package)\s+(?:named\s+|called\s+)?[`'\"]?([\w-]{1,60})\b"
)
_OTHERS = ("backend", "service", "ingest", "backend-from-client")
_TOP = frozenset({"app", "tests", "test", "schema"})


def home(request: str, existing: Iterable[RepoPath]) -> tuple[str, tuple[str, ...]]:
    """The folder to draft into, empty for the repository's own, and what to say of the choice."""
    paths = tuple(existing)
    named = _wanted(request)
    if named and not _is_taken(named, paths):
        return named, ()
    if not named and not _is_taken("", paths):
        return "", ()
    numbered = (f"backend{number}" for number in range(2, 100))
    chosen = next(one for one in (*_OTHERS, *numbered) if not _is_taken(one, paths))
    before = f"{named}/" if named else "app/ or tests/"
    note = f"{before} is there already, so the backend is drafted in {chosen}/"
    return chosen, (note,)


def mentioned(request: str) -> frozenset[str]:
    """The folders that a request names."""
    found = [match[1].strip("/") for one in (_NAMED, _CALLED) for match in one.finditer(request)]
    return frozenset(found)


def _wanted(request: str) -> str:
    """The folder that the request names, if it can be one."""
    for pattern in (_NAMED, _CALLED):
        for found in pattern.finditer(request):
            name = found[1].strip("/")
            try:
                path = RepoPath(name)
            except ValueError:
                continue
            if not any(part.startswith((".", "-")) for part in path.parts):
                return str(path)
    return ""


def _is_taken(folder: str, paths: tuple[RepoPath, ...]) -> bool:
    """Whether something of what is to be drafted is there, or a file stands in the way."""
    if not folder:
        return any(path.parts[0] in _TOP for path in paths)
    parts = tuple(folder.split("/"))
    size = len(parts)
    return any(
        path.parts == parts[: len(path.parts)]
        or (path.parts[:size] == parts and path.parts[size] in _TOP)
        for path in paths
    )
