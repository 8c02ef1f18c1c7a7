"""Every sensible combination of a kind, a context and an encoding, with fresh random values."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

from bench.sealing import documents, encodings, keys, passwords, strings, vendors, wrap
from bench.sealing.code import CONTEXTS
from bench.sealing.contexts import Value
from bench.sealing.model import Case, Kind, Snippet, places

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS: tuple[Kind, ...] = (
    *passwords.KINDS,
    *vendors.KINDS,
    *keys.KINDS,
    *strings.KINDS,
    *documents.KINDS,
)
ENCODINGS = (
    "plain",
    "json",
    "url",
    "base64 of value",
    "base64 of file",
    "base64 of user:password",
    "base64url",
    "hex",
    "unicode escapes",
    "html",
    "utf-16",
    "latin-1",
    "split lines",
)
_BY_FILE = 0.5

Combination = tuple[Kind, str, str]


def combinations() -> tuple[Combination, ...]:
    """Kind, context and encoding; some turn out to make no sense with the value drawn."""
    return tuple(
        (kind, context, encoding)
        for kind in KINDS
        for encoding in ENCODINGS
        for context in _contexts(kind, encoding)
    )


def cases(rng: random.Random, count: int = 0, *, encoding: str = "") -> Iterator[Case]:
    """`count` cases, as many of each encoding, or one of every combination if `count` is 0.

    With `encoding`, those of that one alone.
    """
    chosen = (encoding,) if encoding else ENCODINGS
    found = tuple(row for row in combinations() if row[2] in chosen)
    if not count:
        for combination in found:
            case = make(rng, *combination)
            if case:
                yield case
        return
    for number, name in enumerate(chosen):
        rows = [row for row in found if row[2] == name]
        rng.shuffle(rows)
        share = (count + number) // len(chosen)
        endless = (make(rng, *row) for row in itertools.cycle(rows))
        yield from itertools.islice((case for case in endless if case), share)


def make(rng: random.Random, kind: Kind, context: str, encoding: str) -> Case | None:
    """One case, or nothing if this value cannot be written so."""
    if encoding == "base64 of user:password":
        value = _value(rng, kind)
        snippet: Snippet | None = wrap.basic(rng, value)
    elif encoding == "split lines":
        value = _value(rng, kind)
        snippet = wrap.split(rng, value, context) if context in wrap.splits(value) else None
    else:
        snippet = _encoded(rng, kind, context, encoding)
    if snippet is None:
        return None
    if encoding == "utf-16":
        data, truth = encodings.utf16(rng, snippet.pieces)
    elif encoding == "latin-1":
        found = encodings.latin1(snippet)
        if found is None:
            return None
        data, truth = found
    else:
        data, truth = places(snippet.pieces, "utf-8")
    return Case(snippet.path, data, truth, kind.name, kind.family, context, encoding)


def _contexts(kind: Kind, encoding: str) -> tuple[str, ...]:
    if kind.path:
        if encoding in {"base64 of value", "base64 of user:password", "split lines"}:
            return ()
        return tuple(wrap.DOCUMENTS)
    if encoding == "split lines":
        return wrap.splits(_value(random.Random(0), kind))  # noqa: S311 - sample text
    if encoding == "base64 of user:password":
        fits = kind.family in {"password", "vendor"}
        return ("basic",) * (len(CONTEXTS) if fits else 0)
    return tuple(CONTEXTS)


def _encoded(rng: random.Random, kind: Kind, context: str, encoding: str) -> Snippet | None:
    by_file = encoding in encodings.FILES
    if by_file and encoding in encodings.VALUES:
        by_file = bool(kind.path) or rng.random() < _BY_FILE
    if by_file:
        inner = _plain(rng, kind, context)
        return inner and encodings.FILES[encoding](rng, inner)
    return _plain(rng, kind, context, encoding if encoding in encodings.VALUES else "")


def _plain(rng: random.Random, kind: Kind, context: str, encoding: str = "") -> Snippet | None:
    if kind.path:
        return wrap.DOCUMENTS[context](rng, kind.path, kind.make(rng))
    value = _value(rng, kind)
    if encoding:
        pieces = encodings.VALUES[encoding](rng, value.pieces)
        if pieces is None:
            return None
        called = value.called
        if encoding.startswith("base64") and rng.random() < 0.3:  # noqa: PLR2004 - seldom
            called += rng.choice([" b64", " base64", " encoded"])
        value = Value(called, pieces, value.shaped)
    return CONTEXTS[context](rng, value)


def _value(rng: random.Random, kind: Kind) -> Value:
    return Value(rng.choice(kind.names), kind.make(rng), kind.shaped)
