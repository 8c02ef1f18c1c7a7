"""The lines of a file as each tier of locating compares them, searched without guessing.

Every view of a file has the same lines, each with its line feed (the last one, too), so that a
place found in any of them is a line number of the file.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BLANKS = b" \t\r"
MARK = b"\xef\xbb\xbf"
"""The byte-order mark of UTF-8, which editors hide and models do not see."""
_INDENT = b" \t"
# Neither stands in an indentation, so that the first one in a line is where it was put.
_TURN, _FIRST = b"\x01", b"\x02"
_MANY = 64
_INDEX_AFTER = 32 * 1024 * 1024
_CANDIDATE = 256
# What a byte costs at most to search, to split, to trim, to turn and to know by its line, in ns.
_TO_SEARCH, _TO_SPLIT, _TO_TRIM, _TO_TURN, _TO_KNOW = 4, 8, 16, 32, 16


class ExhaustedError(Exception):
    """A draft asks for more searching than any real one needs."""


class Effort:
    """What may still be spent on one draft: nanoseconds, roughly, and refusals that show lines.

    Hostile drafts ask for hours of either.  It is counted and not measured, so that the same draft
    always ends the same way.
    """

    def __init__(self, limit: int, explained: int = 20) -> None:
        self._left = limit
        self._explained = explained

    def spend(self, amount: int) -> None:
        """Count work.  Raises `ExhaustedError` when that is too much."""
        self._left -= amount
        if self._left < 0:
            raise ExhaustedError

    def may_explain(self) -> bool:
        """Whether one more refusal may look for the nearest lines."""
        self._explained -= 1
        return self._explained >= 0


def split(data: bytes) -> list[bytes]:
    """Lines without their line feeds; a carriage return stays inside its line."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def joined(lines: list[bytes]) -> bytes:
    """Lines as text, each with its line feed."""
    return b"\n".join([*lines, b""]) if lines else b""


def trimmed(line: bytes) -> bytes:
    """A line without blanks and carriage returns at its end."""
    return line.rstrip(BLANKS)


def indent(line: bytes) -> bytes:
    """The blanks and tabs that a line begins with."""
    return line[: len(line) - len(line.lstrip(_INDENT))]


def turns(lines: list[bytes]) -> list[bytes]:
    r"""Trimmed lines with only the change of indentation since the last one that is not blank.

    Two runs of lines give the same turns, but for the first line's, exactly where one and the same
    shift of the indentation turns one run into the other.  A line is written as what the
    indentation loses, `\1`, what it gains instead, `\2` and the rest; a blank one is empty.
    """
    found, before = [], b""
    for line in lines:
        text = line.lstrip(_INDENT)
        if not text:
            found.append(b"")
            continue
        now = line[: len(line) - len(text)]
        if now == before:
            found.append(_TURN + _FIRST + text)
            continue
        same = _alike(before, now)
        found.append(before[same:] + _TURN + now[same:] + _FIRST + text)
        before = now
    return found


def _alike(one: bytes, other: bytes) -> int:
    """How many bytes two indentations have in common at their beginning."""
    if one.startswith(other) or other.startswith(one):
        return min(len(one), len(other))
    return next(at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)


class View:
    """Text made of whole lines, and where they start."""

    def __init__(self, text: bytes, lines: list[bytes], effort: Effort) -> None:
        self.text = text
        self.lines = lines
        self._effort = effort
        self._scanned = 0

    @cached_property
    def starts(self) -> list[int]:
        """The offset of each line, and the length of the text."""
        return list(accumulate((len(line) + 1 for line in self.lines), initial=0))

    @cached_property
    def _index(self) -> dict[bytes, list[int]]:
        """The numbers of the lines that say the same, but for the many that a common line has."""
        found: dict[bytes, list[int]] = {}
        for number, line in enumerate(self.lines):
            known = found.setdefault(line, [])
            if len(known) <= _MANY:
                known.append(number)
        return found

    def find(self, wanted: list[bytes], limit: int) -> list[int]:
        """The numbers, from 0, of the lines where all of `wanted` stand, at most `limit`."""
        needle = joined(wanted)
        if self._scanned > _INDEX_AFTER:
            known = [(self._index.get(line, []), at) for at, line in enumerate(wanted)]
            numbers, at = min(known, key=lambda pair: len(pair[0]))
            if len(numbers) <= _MANY:
                return self._check(needle, [number - at for number in numbers])[:limit]
        found = [0] if self.text.startswith(needle) else []
        self._scan()
        inside, at = b"\n" + needle, -1
        while len(found) < limit and (at := self.text.find(inside, at + 1)) >= 0:
            found.append(bisect_right(self.starts, at + 1) - 1)
        return found

    def find_turned(self, wanted: list[bytes]) -> Iterator[int]:
        """Where lines of `turns` may stand, the first one's own turn left aside.

        The first line is not blank.  What is found may begin inside a line: it is to be verified.
        """
        needle = _FIRST + wanted[0].split(_FIRST, 1)[1] + b"\n" + joined(wanted[1:])
        at = -1
        self._scan()
        while (at := self.text.find(needle, at + 1)) >= 0:
            self._effort.spend(_CANDIDATE)
            yield bisect_right(self.starts, at) - 1

    def _scan(self) -> None:
        self._scanned += len(self.text)
        self._effort.spend(_TO_SEARCH * len(self.text))

    def _check(self, needle: bytes, numbers: list[int]) -> list[int]:
        self._effort.spend(_CANDIDATE * len(numbers))
        return [
            number
            for number in numbers
            if number >= 0 and self.text.startswith(needle, self.starts[number])
        ]


class Text:
    """A file's bytes, and the views of it that tiers compare, each made when it is first needed."""

    def __init__(self, data: bytes, effort: Effort) -> None:
        self.data = data
        self.effort = effort
        self.has_end = data.endswith(b"\n")
        """Whether the last line has its line feed."""
        self.has_mark = data.startswith(MARK)

    @cached_property
    def exact(self) -> View:
        """The file as it is."""
        self.effort.spend(_TO_SPLIT * len(self.data))
        full = self.data if self.has_end or not self.data else self.data + b"\n"
        return View(full, split(full), self.effort)

    @cached_property
    def trimmed(self) -> View:
        """The file without blanks at the ends of lines."""
        self.effort.spend(_TO_TRIM * len(self.data))
        lines = [trimmed(line) for line in self.exact.lines]
        return View(joined(lines), lines, self.effort)

    @cached_property
    def turned(self) -> View:
        """The file as turns of its indentation."""
        self.effort.spend(_TO_TURN * len(self.data))
        lines = turns(self.trimmed.lines)
        return View(joined(lines), lines, self.effort)

    @cached_property
    def known(self) -> dict[bytes, list[int]]:
        """The lines without any indentation, and where they stand: the first of them."""
        self.effort.spend(_TO_KNOW * len(self.data))
        found: dict[bytes, list[int]] = {}
        for number, line in enumerate(self.exact.lines):
            numbers = found.setdefault(line.strip(), [])
            if len(numbers) <= _MANY:
                numbers.append(number)
        return found

    def lines_with(self, word: bytes, limit: int) -> list[int]:
        """The numbers, from 0, of the first lines that hold a word."""
        return [self.line_of(at) for at in self.offsets(word, limit)]

    def offsets(self, wanted: bytes, limit: int) -> list[int]:
        """Where bytes stand in the file, also where they overlap themselves, at most `limit`."""
        self.effort.spend(_TO_SEARCH * len(self.data))
        found: list[int] = []
        at = -1
        while len(found) < limit and (at := self.data.find(wanted, at + 1)) >= 0:
            found.append(at)
        return found

    def line_of(self, offset: int) -> int:
        """The number, from 0, of the line that a byte is in."""
        return bisect_right(self.exact.starts, offset) - 1

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self.exact.lines)

    def offset(self, number: int) -> int:
        """The byte at which a line starts, counted from 0; the file's length after the last."""
        return min(self.exact.starts[number], len(self.data))
