"""Values that people write down for each other: in mail, chat, notes and Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.redaction.interface import Kind, Span
from workflow.redaction.plausible import Syntax, is_random, is_value
from workflow.redaction.structural.names import STEMS, classify
from workflow.redaction.structural.rule import Rule
from workflow.redaction.structural.source import LOOK_BACK
from workflow.redaction.structural.values import Literal, bare, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.redaction.structural.source import Source

# Letters and digits, or a digit and a sign that no word of a text has.
_MIXED = re.compile(rb"(?=\S{6})(?=\S*\d)(?=\S*(?:[A-Za-z]\S*[A-Za-z]|[^\w\s.:/,()\[\]-]))\S+\Z")
_CODE = re.compile(rb"\w\*?[\[(]|\w=\w|[{|]\w+\||^\{\"|\A[\w-]+\.\w+\Z|\A\.*/|://")
_STOPS = b".,;:)"


def _told(source: Source, literal: Literal | None) -> Iterator[Span]:
    """The value, if no word of a text looks like it."""
    if literal is None or source.syntax is Syntax.CODE:
        return
    start, end = literal.start, literal.end
    while not literal.quoted and end > start and source.text[end - 1] in _STOPS:
        end -= 1
    value = source.text[start : min(end, start + 1024)]
    if _CODE.search(value) or not (is_random(value, 8) or _MIXED.match(value)):
        return
    if is_value(value, sure=True, quoted=True, syntax=Syntax.CONFIG):
        yield Span(start, end, Kind.PASSWORD, "said")


def _aside(source: Source, at: int) -> Iterator[Span]:
    """`password (admin): VALUE`, `admin password - VALUE`, `login ada / VALUE`."""
    yield from _told(source, bare(source, at))


_WORD = re.compile(
    rb"[\"'`]?(\S+?)[\"'`]?[ \t]+(?:as|for)(?:[ \t]+(?:the|your|its|a))?[ \t]+[\w ]+\Z"
)


def _named_after(source: Source, at: int) -> Iterator[Span]:
    """`use VALUE as password`."""
    low = max(0, at - LOOK_BACK)
    start = max(low, source.text.rfind(b"\n", low, at) + 1)
    cut = source.text.rfind(b"use ", start, at)
    found = _WORD.match(source.text, cut + 4, at) if cut >= 0 else None
    if found:
        yield from _told(source, Literal(*found.span(1), quoted=False))


def _ticked(source: Source, at: int) -> Iterator[Span]:
    """Markdown: user `ada`, pass `VALUE`."""
    yield from _told(source, quoted(source, at - 1))


_ROW = re.compile(rb"[ \t*`]*([^|\r\n`*]*[^|\r\n`*\s])[ \t*`]*\|")
_CELL = re.compile(rb"\|?[ \t*`]*([\w. -]*\w)[ \t*`]*\|\Z")


def _row(source: Source, at: int) -> Iterator[Span]:
    """A row of a table that names a secret and then its value."""
    before = source.before(at)
    name = _CELL.search(before) if before else None
    cell = _ROW.match(source.text, at, min(source.line_end(at), at + 4096))
    if name and cell and (says := classify(name[1].replace(b" ", b"_"))) and says.is_sure:
        yield from _told(source, Literal(*cell.span(1), quoted=True))


_STEM = rb"(?:" + STEMS.encode() + rb")"
_SECRET = rb"(?:password|passwd|passphrase|passwort|passcode|token|secret|api[ _-]?key|pw|pwd|pin)"
RULES = (
    Rule(_SECRET + rb"[ \t]+\([^()\n]*\)[ \t]*[:=][ \t]+", _aside, caseless=True),
    Rule(_SECRET + rb"[ \t]+(?:-|\xe2\x80[\x93\x94])[ \t]+", _aside, caseless=True),
    Rule(
        rb"(?:login|log[ -]in|user|username|account|credentials|"
        rb"creds)\b(?:[^\n:]*:)?[ \t]+[\w.@+-]+[ \t]+/[ \t]+",
        _aside,
        caseless=True,
    ),
    Rule(
        _SECRET
        + rb"(?:[ \t]+(?:for|of|to|on)(?:[ \t]+[\w.@-]+)+)?[ \t]+(?:is|was|are|(?:was[ \t]+|"
        rb"has[ \t]+been[ \t]+)?(?:changed|rotated|set|reset)[ \t]+(?:from|to))[ \t]*:?[ \t]+",
        _aside,
        caseless=True,
    ),
    Rule(
        rb"\buse[ \t][^\n]*[ \t](?:as|for)[ \t]+(?:the[ \t]+|your[ \t]+|its[ \t]+|a[ \t]+)?"
        + _SECRET
        + rb"\b",
        _named_after,
        caseless=True,
    ),
    Rule(
        rb"(?:user|login|username|account)\b[^\n]*\b(?:pass|pw|pwd|passwd|pword)[ \t]*[:=]?[ \t]*`",
        _ticked,
        caseless=True,
    ),
    Rule(_STEM + rb"[\w-]*[ \t*`]*\|", _row, caseless=True),
)
