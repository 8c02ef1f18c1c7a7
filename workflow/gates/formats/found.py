"""What a check of one file finds, and which of it is new."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workflow.semantics.formats import Problem

_MOST_KNOWN = 500
_NUMBERS = re.compile(r"\[\d+\]|line \d+")


@dataclass(frozen=True, slots=True)
class Found:
    """What one content of a file shows.

    `schema` names the one that it was checked against.  `unread` says why the content does not
    parse, or is not read; nothing else is known of it then.
    """

    problems: tuple[Problem, ...] = ()
    doubts: tuple[Problem, ...] = ()
    schema: str = ""
    unread: Problem | None = None
    is_bounded: bool = False
    """Whether it is not read because it is too large, too deep, or of another format."""
    notes: tuple[str, ...] = ()


def fresh(before: Sequence[Problem], after: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return the problems that a patch brings in; lines and places in lists do not count."""
    was, now = _counted(before), _counted(after)
    over = now - was
    found = []
    for one in reversed(after):
        key = _key(one)
        if over[key] > 0:
            over[key] -= 1
            found.append(one)
    return tuple(reversed(found))


def _counted(problems: Iterable[Problem]) -> Counter[str]:
    return Counter(map(_key, problems))


def _key(problem: Problem) -> str:
    return _NUMBERS.sub("", problem.message)


def near(word: str, known: Iterable[str]) -> str:
    """Return the known word that another one nearly is, or nothing; the first 500 are tried."""
    words = sorted(known)[:_MOST_KNOWN]
    return next(iter(difflib.get_close_matches(word[:80], words, 1)), "")
