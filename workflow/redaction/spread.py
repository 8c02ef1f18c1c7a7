"""Finds everywhere what was found once: a value in another place, written as it is or encoded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.redaction.interface import Kind, Span
from workflow.redaction.variants import variants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hyperscan import Database

_FEW = 64_000_000
"""Literals times bytes of text up to which looking for one after the other is the faster way."""
_CODED = ("base64", "base64url", "hex")
_GRAM = 10
"""The digits of the shortest coded form: base64 of eight bytes, cut to what they alone decide."""
_RUN = re.compile(rb"[A-Za-z0-9+/_-]{%d,}" % _GRAM)
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
        self._forms: dict[bytes, tuple[Kind, str]] = {}
        for value, kind in values:
            if is_strong(value):
                for name, form in variants(value):
                    if b"\0" not in form:  # in no text, and hyperscan would end a literal there
                        self._forms.setdefault(form, (kind, name))
        self._literals = tuple(self._forms)
        self._engine: tuple[tuple[bytes, ...], Database, dict[bytes, list[bytes]]] | None = None

    def __len__(self) -> int:
        """The number of literals, which is some ten for each value."""
        return len(self._literals)

    def find(self, text: bytes) -> Iterator[Span]:
        """Every place of a known value in `text`, in any order; places may overlap."""
        few = len(self._literals) * len(text) <= _FEW
        for literal, start in self._one_by_one(text) if few else self._at_once(text):
            kind, name = self._forms[literal]
            end = start + len(literal)
            if name in ("base64", "base64url"):
                start, end = _widened(text, start, end)  # noqa: PLW2901 - the span's ends
            yield Span(start, end, kind, f"known:{name}")

    def _one_by_one(self, text: bytes) -> Iterator[tuple[bytes, int]]:
        for literal in self._literals:
            start = text.find(literal)
            while start >= 0:
                yield literal, start
                start = text.find(literal, start + len(literal))

    def _at_once(self, text: bytes) -> Iterator[tuple[bytes, int]]:
        hits: list[tuple[int, int]] = []

        def hit(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            hits.append((number, end))

        literals, database, grams = self._compiled()
        if literals:
            database.scan(text, match_event_handler=hit)
        for number, end in hits:
            yield literals[number], end - len(literals[number])
        if grams:
            yield from _in_runs(text, grams)

    def _compiled(self) -> tuple[tuple[bytes, ...], Database, dict[bytes, list[bytes]]]:
        """The literals for hyperscan, and those in base64 or hex by their first digits.

        hyperscan takes 40 us to compile a literal, so that the six coded forms of each of many
        values would cost more than all else.
        """
        if self._engine is None:
            import hyperscan  # noqa: PLC0415 - large; only a large text with many values needs it

            literals: list[bytes] = []
            grams: dict[bytes, list[bytes]] = {}
            for form, (_, name) in self._forms.items():
                if name in _CODED and len(form) >= _GRAM:
                    grams.setdefault(form[:_GRAM], []).append(form)
                else:
                    literals.append(form)
            database = hyperscan.Database()
            if literals:
                database.compile(
                    expressions=literals, ids=tuple(range(len(literals))), flags=0, literal=True
                )
            self._engine = tuple(literals), database, grams
        return self._engine


def _in_runs(text: bytes, grams: dict[bytes, list[bytes]]) -> Iterator[tuple[bytes, int]]:
    """The literals, by their first digits, within runs of what base64 and hex are made of."""
    for run in _RUN.finditer(text):
        for at in range(run.start(), run.end() - _GRAM + 1):
            for literal in grams.get(text[at : at + _GRAM], ()):
                if text.startswith(literal, at):
                    yield literal, at


def _widened(text: bytes, start: int, end: int) -> tuple[int, int]:
    """With the characters at both ends that may hold some bits of the value, too."""
    if start > 0 and text[start - 1] in _BASE64:
        start -= 1
    if end < len(text) and text[end] in _BASE64:
        end += 1
    return start, end
