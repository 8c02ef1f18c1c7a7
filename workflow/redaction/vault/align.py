"""Pairs the lines of a file with those that they were before an edit, in about linear time."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Past this many comparisons, lines between two pairs that nothing sets apart stay alone.
_MAX_TABLE = 10_000
_MAX_DEPTH = 16


def aligned(before: Sequence[bytes], after: Sequence[bytes]) -> list[int]:
    """For each line of `after` the number of its like in `before`, or -1.

    The numbers rise.  Lines are compared without regard to blanks.  What stands alike at both ends
    is paired, then what each side has exactly once (patience diff), then what is between.
    """
    old, new = _numbered(before, after)
    pairs = [-1] * len(new)
    ranges = [(0, len(old), 0, len(new), 0)]
    while ranges:
        low, high, start, end, depth = ranges.pop()
        while low < high and start < end and old[low] == new[start]:
            pairs[start] = low
            low, start = low + 1, start + 1
        while low < high and start < end and old[high - 1] == new[end - 1]:
            high, end = high - 1, end - 1
            pairs[end] = high
        if low == high or start == end:
            continue
        anchors = _anchors(old, new, (low, high, start, end)) if depth < _MAX_DEPTH else []
        if not anchors and (high - low) * (end - start) <= _MAX_TABLE:
            for here, there in _longest_common(old[low:high], new[start:end]):
                pairs[start + there] = low + here
        for here, there in [*anchors, (high, end)] if anchors else ():
            if here < high:
                pairs[there] = here
            ranges.append((low, here, start, there, depth + 1))
            low, start = here + 1, there + 1
    return pairs


def _numbered(*sides: Iterable[bytes]) -> list[list[int]]:
    """Lines as numbers, the same where the words are."""
    numbers: dict[bytes, int] = {}
    return [
        [numbers.setdefault(b" ".join(line.split()), len(numbers)) for line in side]
        for side in sides
    ]


def _anchors(
    old: Sequence[int], new: Sequence[int], within: tuple[int, int, int, int]
) -> list[tuple[int, int]]:
    """The longest rising row of lines that both sides have exactly once."""
    low, high, start, end = within
    once = {line for line, count in Counter(old[low:high]).items() if count == 1}
    once &= {line for line, count in Counter(new[start:end]).items() if count == 1}
    if not once:
        return []
    there = {new[number]: number for number in range(start, end) if new[number] in once}
    places = [(number, there[old[number]]) for number in range(low, high) if old[number] in once]
    ends: list[int] = []
    tops: list[int] = []
    below: list[int] = []
    for at, (_, place) in enumerate(places):
        pile = bisect_left(ends, place)
        below.append(tops[pile - 1] if pile else -1)
        ends[pile : pile + 1] = [place]
        tops[pile : pile + 1] = [at]
    row, at = [], tops[-1]
    while at >= 0:
        row.append(places[at])
        at = below[at]
    return row[::-1]


def _longest_common(old: Sequence[int], new: Sequence[int]) -> list[tuple[int, int]]:
    """The pairs of a longest common row, by the usual table."""
    width = len(new) + 1
    table = [0] * (width * (len(old) + 1))
    for here in range(len(old) - 1, -1, -1):
        for there in range(len(new) - 1, -1, -1):
            at = here * width + there
            if old[here] == new[there]:
                table[at] = table[at + width + 1] + 1
            else:
                table[at] = max(table[at + width], table[at + 1])
    pairs, here, there = [], 0, 0
    while here < len(old) and there < len(new):
        at = here * width + there
        if old[here] == new[there]:
            pairs.append((here, there))
            here, there = here + 1, there + 1
        elif table[at + width] >= table[at + 1]:
            here += 1
        else:
            there += 1
    return pairs
