"""Tells which lines of two texts stay, for dialects that write the old and the new text apart.

Lines that stand once in each text, in the same order, are the fixed points, and like lines next to
them stay, too.  That takes time in proportion to the text, times the logarithm of its lines;
whatever it does not find counts as removed and added again, which says the same.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def signs(old: bytes, new: bytes) -> bytes:
    """One byte of b" -+" for each line of `old` and `new` together; removed ones come first."""
    olds, news = _lines(old), _lines(new)
    result: list[bytes] = []
    one = other = 0
    for here, there in (*_fixed(olds, news), (len(olds), len(news))):
        result.append(_between(olds[one:here], news[other:there]))
        result.append(b" " * (here < len(olds)))
        one, other = here + 1, there + 1
    return b"".join(result)


def _lines(text: bytes) -> list[bytes]:
    parts = text.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _between(olds: Sequence[bytes], news: Sequence[bytes]) -> bytes:
    """The signs of two runs of lines that have no fixed point: like ends stay."""
    most = min(len(olds), len(news))
    lead = next((at for at in range(most) if olds[at] != news[at]), most)
    most -= lead
    tail = next((at for at in range(most) if olds[-1 - at] != news[-1 - at]), most)
    gone, come = len(olds) - lead - tail, len(news) - lead - tail
    return b" " * lead + b"-" * gone + b"+" * come + b" " * tail


def _fixed(olds: Sequence[bytes], news: Sequence[bytes]) -> list[tuple[int, int]]:
    """Positions of lines that stand once in each text: the longest run of them in both orders."""
    counts, others = Counter(olds), Counter(news)
    once = {line for line, count in counts.items() if count == 1 and others[line] == 1}
    places = {line: at for at, line in enumerate(news) if line in once}
    pairs = [(at, places[line]) for at, line in enumerate(olds) if line in once]
    ends: list[int] = []
    best: list[int] = []
    before: list[int] = []
    for number, (_, there) in enumerate(pairs):
        size = bisect_left(ends, there)
        before.append(best[size - 1] if size else -1)
        ends[size : size + 1] = [there]
        best[size : size + 1] = [number]
    run: list[tuple[int, int]] = []
    number = best[-1] if best else -1
    while number >= 0:
        run.append(pairs[number])
        number = before[number]
    return run[::-1]
