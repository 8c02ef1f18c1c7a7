"""Patterns of locations tried with Python, only where that is sure to take little time."""

from __future__ import annotations

import re
from re import _constants, _parser  # type: ignore[attr-defined]  # not in the stubs
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Node: TypeAlias = "tuple[object, Any]"
MAX_PATTERN = 500
_MAX_PATH = 64
_MAX_WAYS = 10_000
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
_ASSERTIONS = (_constants.ASSERT, _constants.ASSERT_NOT)
_BROKEN = (re.error, RecursionError, OverflowError, ValueError)


def pythonic(pattern: str) -> str:
    """Return a pattern with its groups named as Python does."""
    return re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", pattern)


def fits(pattern: str, path: str, *, ignores_case: bool) -> bool | None:
    """Whether a pattern matches a path; `None` where that is not tried.

    That is so for one that Python cannot read, and for one that could backtrack for long.
    """
    if len(pattern) > MAX_PATTERN or len(path) > _MAX_PATH:
        return None
    words = pythonic(pattern)
    try:
        if _ways(_parser.parse(words)) > _MAX_WAYS:
            return None
        return re.search(words, path, re.IGNORECASE if ignores_case else 0) is not None
    except _BROKEN:
        return None


def _ways(nodes: Iterable[Node]) -> int:
    """Return in how many ways a pattern can be tried at one place of a path, at most."""
    ways = 1
    for kind, value in nodes:
        ways *= _of_one(kind, value)
        if ways > _MAX_WAYS:
            break
    return ways


def _of_one(kind: object, value: Any) -> int:  # noqa: ANN401 - each kind has its own
    if kind is _constants.BRANCH:
        return sum(map(_ways, value[1]))
    if kind is _constants.SUBPATTERN:
        return _ways(value[3])
    if kind is _constants.ATOMIC_GROUP:
        return _ways(value)
    if kind in _ASSERTIONS:
        return _ways(value[1])
    if kind in _REPEATS:
        least, most, nodes = value
        inner = _ways(nodes)
        # One inside another multiplies with the length: too much of either.
        again = _MAX_WAYS + 1 if inner > 1 and most > 1 else inner
        spread: int = min(most - least, _MAX_PATH) + 1
        return again * spread
    return _MAX_WAYS + 1 if kind is _constants.GROUPREF_EXISTS else 1
