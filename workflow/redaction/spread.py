"""Finds everywhere what was found once: a value in another place, written as it is or encoded."""

from __future__ import annotations

import re
import sys
from itertools import compress, count
from typing import TYPE_CHECKING

from workflow.redaction.interface import Kind, Span
from workflow.redaction.variants import FAMILIES, Family

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hyperscan import Database

_FEW = 22_000_000
"""Literals times bytes of text up to which looking for one after the other is the fastest way."""
_MUCH, _SOON = 1_000_000, 5000
"""Bytes of text, and of text for each literal, from which on compiling the literals pays: 40 us for
each, but then a text takes a tenth of the time."""
_CORE = 64
"""Bytes of a literal that are compiled; hyperscan refuses one of 16,000."""
_WORD = 4
"""Bytes of a word, as which a text is read.  A literal has at least seven, so one word of a text
is wholly in it, and begins at one of four places in a row."""
_ALIKE = 32
"""Lengths and places of literals that may have a word in common; looking at more takes long."""
_SHORT, _LONG, _DISTINCT = 8, 16, 5
_WORDS = re.compile(rb"(?:[A-Z]?[a-z]+|[A-Z]+)(?:[^A-Za-z0-9](?:[A-Z]?[a-z]+|[A-Z]+))*")
_NUMBERS = re.compile(rb"[^A-Za-z]+")
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")


def is_strong(value: bytes) -> bool:
    """Whether a value is so long or so mixed that the same bytes elsewhere are no accident.

    A weak one (`admin`, `postgres`, `20240101`) is sealed only where it was found.
    """
    if len(value) < _SHORT or len(set(value)) < _DISTINCT:
        return False
    if len(value) >= _LONG:
        return True
    return not (_WORDS.fullmatch(value) or _NUMBERS.fullmatch(value))


class Spread:
    """Finds known values.  It takes pairs of a value and its kind, and leaves weak values out."""

    def __init__(self, values: Iterable[tuple[bytes, Kind]]) -> None:
        self._values: dict[bytes, Kind] = {}
        for value, kind in values:
            if is_strong(value):
                self._values.setdefault(value, kind)
        self._tables: dict[Family, _Table] = {}

    def __len__(self) -> int:
        """The number of values that it looks for."""
        return len(self._values)

    def find(self, text: bytes) -> Iterator[Span]:
        """Every place of a known value in `text`, in any order; places may overlap."""
        for family in FAMILIES:
            if family.may_be_in(text):
                table = self._tables.get(family)
                if table is None:
                    table = self._tables[family] = _Table(family, self._values)
                yield from table.find(text)


class _Table:
    """The forms of one family, of all values."""

    def __init__(self, family: Family, values: Mapping[bytes, Kind]) -> None:
        self._forms: dict[bytes, tuple[Kind, str]] = {}
        for value, kind in values.items():
            for name, form in family.forms(value):
                if b"\0" not in form:  # in no text, and hyperscan would end a literal there
                    self._forms.setdefault(form, (kind, name))
        self._literals = tuple(self._forms)
        self._read = 0
        self._words: dict[int, set[tuple[int, int]]] = {}
        self._most = 0
        self._database: Database | None = None

    def find(self, text: bytes) -> Iterator[Span]:
        done: dict[bytes, int] = {}
        for literal, start in self._places(text):
            if start < done.get(literal, 0):
                continue  # it overlaps itself, as in `abcabcabc`: many places of little use
            kind, name = self._forms[literal]
            done[literal] = end = start + len(literal)
            if name in {"base64", "base64url"}:
                start, end = _widened(text, start, end)  # noqa: PLW2901 - the span's ends
            yield Span(start, end, kind, f"known:{name}")

    def _places(self, text: bytes) -> Iterator[tuple[bytes, int]]:
        number = len(self._literals)
        self._read += len(text)
        if self._database is None and self._read <= max(_MUCH, _SOON * number):
            if number * len(text) <= _FEW:
                return self._one_by_one(text)
            if not self._words:
                self._words = _words(self._literals)
                self._most = max(map(len, self._words.values()))
            if self._most <= _ALIKE:
                return self._by_words(text)
        return self._at_once(text)

    def _one_by_one(self, text: bytes) -> Iterator[tuple[bytes, int]]:
        for literal in self._literals:
            start = text.find(literal)
            while start >= 0:
                yield literal, start
                start = text.find(literal, start + len(literal))

    def _by_words(self, text: bytes) -> Iterator[tuple[bytes, int]]:
        """By one word of each, looked up at each word of the text: 100 MB/s for any number."""
        known = self._words
        words = memoryview(text)[: len(text) // _WORD * _WORD].cast("I")
        for number in compress(count(), map(known.__contains__, words)):
            for before, size in known[words[number]]:
                start = number * _WORD - before
                if start >= 0 and (literal := text[start : start + size]) in self._forms:
                    yield literal, start

    def _at_once(self, text: bytes) -> Iterator[tuple[bytes, int]]:
        literals = self._literals
        if not literals:
            return
        if self._database is None:
            import hyperscan  # noqa: PLC0415 - large; only large texts with many values need it

            cores = tuple(literal[:_CORE] for literal in literals)
            self._database = hyperscan.Database()
            self._database.compile(
                expressions=cores, ids=tuple(range(len(cores))), flags=0, literal=True
            )
        hits: list[tuple[int, int]] = []

        def hit(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            hits.append((number, end))

        self._database.scan(text, match_event_handler=hit)
        for number, end in hits:
            literal = literals[number]
            start = end - min(len(literal), _CORE)
            if len(literal) <= _CORE or text.startswith(literal, start):
                yield literal, start


def _words(literals: Iterable[bytes]) -> dict[int, set[tuple[int, int]]]:
    """The words in the middle of each: what is before one, and the length of the whole."""
    found: dict[int, set[tuple[int, int]]] = {}
    for literal in literals:
        size = len(literal)
        middle = (size - 2 * _WORD + 1) // 2
        for at in range(middle, middle + _WORD):
            word = int.from_bytes(literal[at : at + _WORD], sys.byteorder)
            found.setdefault(word, set()).add((at, size))
    return found


def _widened(text: bytes, start: int, end: int) -> tuple[int, int]:
    """With the characters at both ends that may hold some bits of the value, too."""
    if start > 0 and text[start - 1] in _BASE64:
        start -= 1
    if end < len(text) and text[end] in _BASE64:
        end += 1
    return start, end
