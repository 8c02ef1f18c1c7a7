"""Tokens that are known by their shape alone, and JSON web tokens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.redaction.interface import Kind, Span
from workflow.redaction.plausible import is_boilerplate
from workflow.redaction.structural.rule import Rule
from workflow.redaction.structural.shapes import SHAPES, Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.redaction.structural.source import Source

_ALNUM = re.compile(rb"[A-Za-z0-9_]")
# An escape that ends in a letter or digit may stand right before a token.
_ESCAPE = re.compile(
    rb"(?:\\[nrtbf0]|%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|&#\d+;)\Z"
)
# Base64 of something long, right up to a sign of it.
_WITHIN = re.compile(rb"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^0-9]*[0-9])[A-Za-z0-9+/]{24}[+/]\Z")
_REPEATED = re.compile(rb"(.)\1{7}")
# So much of a body is asked of hyperscan: more would make it slow to compile, not more selective.
_CONSTANT = re.compile(rb"[A-Z]*[_-][A-Z_-]*")
_UPPER = re.compile(rb"[A-Z]")
_CONSTANT = re.compile(rb"[A-Z]*[_-][A-Z_-]*")
_VARIED = 5
"""So many different characters has whatever was drawn by chance, and more if it has no digit."""
_LEAST_PARTS, _MOST_PARTS = 3, 5
_LEAST_JWT = 20
_PREFILTER = 14
_TIDY = frozenset(b".,:")


def is_start(text: bytes, at: int) -> bool:
    """Whether a token may start at `at`: no letter or digit runs on from before."""
    if at == 0 or not _ALNUM.match(text, at - 1):
        return _WITHIN.search(text, max(0, at - 25), at) is None
    return _ESCAPE.search(text[max(0, at - 6) : at]) is not None


def _reader(shape: Shape) -> Callable[[Source, int], Iterator[Span]]:
    body = re.compile(shape.body + b"++")
    width = shape.width + min(shape.least, _PREFILTER)

    def read(source: Source, at: int) -> Iterator[Span]:
        start = at - width
        if not is_start(source.text, start):
            return
        end = source.run(body, start + shape.width)
        while end > at and source.text[end - 1] in _TIDY:
            end -= 1
        if end - start < shape.width + shape.least:
            return
        value = source.text[start : min(end, start + 512)]
        rest = value[shape.width :]
        if is_boilerplate(value) or _REPEATED.search(rest) or len(set(rest)) < _VARIED:
            return
        # Words joined by signs, as names in code are; chance leaves no run of 20 without a digit.
        is_word = len(set(rest)) < 2 * _VARIED or not _UPPER.search(rest)
        if shape.kind is Kind.TOKEN and not re.search(rb"\d", rest):
            is_word = is_word or _CONSTANT.fullmatch(rest) is not None
        else:
            is_word = False
        if is_word:
            return
        yield Span(start, end, shape.kind, "shape")

    return read


def _around(pattern: bytes, width: int) -> Callable[[Source, int], Iterator[Span]]:
    """A reader of tokens that `pattern` matches from up to `width` bytes before the hit's end."""
    whole = re.compile(pattern)

    def read(source: Source, at: int) -> Iterator[Span]:
        text = source.text
        for found in whole.finditer(text, max(0, at - width), min(len(text), at + 512)):
            if found.end() >= at and is_start(text, found.start()):
                if not is_boilerplate(found[0]):
                    yield Span(found.start(), found.end(), Kind.TOKEN, "shape")
                return

    return read


# Tokens without a fixed head: what hyperscan looks for, the whole, how far back it may begin.
_AROUND: tuple[tuple[bytes, bytes, int], ...] = (
    (rb"\.atlasv1\.", rb"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{40,100}", 32),
    (rb"pat[A-Za-z0-9]{14}\.[a-f0-9]{8}", rb"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}", 64),
    (
        rb"[A-Za-z0-9]Q~[A-Za-z0-9_.~-]{20}",
        rb"[A-Za-z0-9_~.-]{3}[A-Za-z0-9]Q~[A-Za-z0-9_.~-]{31,36}",
        30,
    ),
    (
        rb"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27}",
        rb"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}",
        72,
    ),
    (rb"[0-9a-f]{8}-us\d", rb"[0-9a-f]{32}-us\d{1,2}", 40),
    (rb"\d:AA[A-Za-z0-9_-]{12}", rb"\d{8,12}:AA[A-Za-z0-9_-]{32,40}", 52),
)

_PART = re.compile(rb"[A-Za-z0-9_-]++")


def _jwt(source: Source, at: int) -> Iterator[Span]:
    """Three parts with dots between them; the last may be empty, or there may be five (JWE)."""
    text = source.text
    start = at - 8
    if not is_start(text, start) and text[start - 1 : start] != b"_":
        return
    end = source.run(_PART, start)
    parts = 1
    while parts < _MOST_PARTS and text[end : end + 1] == b".":
        following = source.run(_PART, end + 1)
        parts += 1
        end = following
    if parts < _LEAST_PARTS and not (parts > 1 and text[end - 1 : end] == b"."):
        return
    if end - start >= _LEAST_JWT:
        yield Span(start, end, Kind.TOKEN, "jwt")


RULES = (
    *(
        Rule(shape.head + shape.body + b"{%d}" % min(shape.least, _PREFILTER), _reader(shape))
        for shape in dict.fromkeys(SHAPES)
    ),
    *(Rule(hint, _around(whole, width)) for hint, whole, width in _AROUND),
    Rule(rb"eyJ[A-Za-z0-9_-]{5}", _jwt),
)
