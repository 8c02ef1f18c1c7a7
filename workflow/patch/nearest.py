"""The real lines most like the ones that were not found, so that who wrote a hunk can mend it."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from workflow.patch.refusal import cut

if TYPE_CHECKING:
    from workflow.patch.lines import Text

_AROUND: Final = 3
_OLD_LINES = 200
_COMMON = 20
_WORDS = 6
_HITS = 8
_WINDOW = 15
_SMALL_FILE = 100
_COMPARED = 80
_SHOWN_BYTES = 300
_LIKE = 0.5
_WORD = re.compile(rb"\w{3,40}")


def nearest(old: list[bytes], text: Text) -> tuple[tuple[tuple[int, bytes], ...], str]:
    """Up to seven numbered lines of the file, and a sentence on which old line is not there."""
    if not text.effort.may_explain():
        return (), "too many hunks have no place: mend the ones above first"
    known = text.known
    missing = [
        at for at, line in enumerate(old[:_OLD_LINES]) if line.strip() and line.strip() not in known
    ]
    start = _block(old, known)
    if start is None:
        best = _alike(old[missing[0]], text, _by_words(old[missing[0]], text)) if missing else None
        focus = best
    else:
        at = missing[0] if missing else _first_other(old, text, start)
        focus = max(0, min(start + at, text.count - 1))
        window = range(max(0, focus - _WINDOW), min(text.count, focus + _WINDOW))
        best = _alike(old[missing[0]], text, window) if missing else None
    if start is not None and not missing and _is_alike(old, text, start):
        hint = "these lines are in the file with other blanks: copy them from it exactly"
        return around(focus, text), hint
    return around(focus, text), _hint(old, missing, best, text)


def _hint(old: list[bytes], missing: list[int], best: int | None, text: Text) -> str:
    if not text.count:
        return "the file is empty"
    if not missing:
        return "each old line is in the file, but not in this order: copy them from the file"
    like = ""
    if best is not None:
        like = f"; the nearest line is {best + 1}: {_shown(text.exact.lines[best])}"
    return f"not in the file: {_shown(old[missing[0]])}{like}"


def _block(old: list[bytes], known: dict[bytes, list[int]]) -> int | None:
    """Where the block begins that shares most with the old lines; a rare line counts for more."""
    votes: Counter[int] = Counter()
    for at, line in enumerate(old[:_OLD_LINES]):
        numbers = known.get(line.strip(), []) if line.strip() else []
        for number in numbers[:_COMMON]:
            votes[number - at] += 1000 // len(numbers)
    return min(votes, key=lambda start: (-votes[start], start)) if votes else None


def _is_alike(old: list[bytes], text: Text, start: int) -> bool:
    real = text.exact.lines[max(0, start) : start + len(old)]
    return [line.strip() for line in real] == [line.strip() for line in old]


def _first_other(old: list[bytes], text: Text, start: int) -> int:
    """The first old line that is not the file's at its place."""
    for at, line in enumerate(old[:_OLD_LINES]):
        number = start + at
        is_inside = 0 <= number < text.count
        if not is_inside or text.exact.lines[number].strip() != line.strip():
            return at
    return 0


def _by_words(line: bytes, text: Text) -> list[int]:
    """Lines that share a word with this one, the longest words first; all of a small file."""
    if text.count <= _SMALL_FILE:
        return list(range(text.count))
    found: set[int] = set()
    words = sorted(set(_WORD.findall(line[:_SHOWN_BYTES])), key=lambda word: (-len(word), word))
    for word in words[:_WORDS]:
        found.update(text.lines_with(word, _HITS))
    return sorted(found)


def _alike(line: bytes, text: Text, numbers: range | list[int]) -> int | None:
    """Which of the numbered lines looks most like this one, if any does."""
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(line.strip()[:_COMPARED].decode("latin-1"))
    best, score = None, _LIKE
    for number in numbers:
        matcher.set_seq1(text.exact.lines[number].strip()[:_COMPARED].decode("latin-1"))
        quick = matcher.real_quick_ratio() > score and matcher.quick_ratio() > score
        if quick and (ratio := matcher.ratio()) > score:
            best, score = number, ratio
    return best


def around(focus: int | None, text: Text) -> tuple[tuple[int, bytes], ...]:
    """A line of the file, from 0, and those next to it, numbered from 1."""
    if focus is None:
        return ()
    shown = range(max(0, focus - _AROUND), min(text.count, focus + _AROUND + 1))
    return tuple((number + 1, text.exact.lines[number][:_SHOWN_BYTES]) for number in shown)


def _shown(line: bytes) -> str:
    """A line in quotes, with nothing in it that a terminal would act on."""
    return cut(repr(line.strip()[:_COMPARED].decode("utf-8", "replace")))
