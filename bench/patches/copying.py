"""Faults in copied lines: what a model, or the channel that its answer came through, changes."""

from __future__ import annotations

import random  # noqa: TC003 - named in the table's types
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.patches.content import dedented
from bench.patches.terrain import with_copy

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.patches.model import Fault, Line, Scene

_ENTITIES = ((b"&", b"&amp;"), (b"<", b"&lt;"), (b">", b"&gt;"), (b'"', b"&quot;"))
_QUOTES = re.compile(rb'"([^"\n]*)"')
_CURLY = "\u201c".encode() + rb"\1" + "\u201d".encode()
_WIDE = 40


def _everywhere(change: Callable[[Line], Line]) -> Fault:
    """A fault of every line; it is none where no line changes."""

    def fault(_: random.Random, scene: Scene) -> Scene | None:
        written = tuple(
            replace(piece, lines=tuple(map(change, piece.lines))) for piece in scene.written
        )
        return replace(scene, written=written) if written != scene.written else None

    return fault


def _somewhere(change: Callable[[Line], Line | None]) -> Fault:
    """A fault of one line that it can befall."""

    def fault(rng: random.Random, scene: Scene) -> Scene | None:
        places = [
            (number, at, changed)
            for number, piece in enumerate(scene.written)
            for at, line in enumerate(piece.lines)
            if (changed := change(line)) is not None
        ]
        if not places:
            return None
        number, at, changed = rng.choice(places)
        piece = scene.written[number]
        damaged = replace(piece, lines=(*piece.lines[:at], changed, *piece.lines[at + 1 :]))
        written = (*scene.written[:number], damaged, *scene.written[number + 1 :])
        return replace(scene, written=written)

    return fault


def _escaped(line: Line) -> Line:
    sign, text = line
    for plain, entity in _ENTITIES:
        text = text.replace(plain, entity)
    return sign, text


def _curled(line: Line) -> Line:
    return line[0], _QUOTES.sub(_CURLY, line[1])


def _unsigned(line: Line) -> Line | None:
    """A context line without its sign, which reads as one that is a blank shorter."""
    sign, text = line
    return (sign, text[1:]) if sign == b" " and re.match(rb"  +\S", text) else None


def _numbered(rng: random.Random, scene: Scene) -> Scene | None:
    """Every line begins with its number, as an editor shows it."""
    form = rng.choice((b"%4d  ", b"%d: ", b"%4d | "))
    written = tuple(
        replace(
            piece,
            lines=tuple(
                (sign, form % (piece.start + at) + text)
                for at, (sign, text) in enumerate(piece.lines, 1)
            ),
        )
        for piece in scene.written
    )
    return replace(scene, written=written)


def _wrapped(rng: random.Random, scene: Scene) -> Scene | None:
    """A long old line is broken in two."""
    places = [
        (number, at)
        for number, piece in enumerate(scene.written)
        for at, (sign, text) in enumerate(piece.lines)
        if sign != b"+" and len(text) > _WIDE and b" " in text.strip()[_WIDE // 2 :]
    ]
    if not places:
        return None
    number, at = rng.choice(places)
    piece = scene.written[number]
    sign, text = piece.lines[at]
    cut = text.rindex(b" ", 0, len(text.rstrip()))
    if not text[:cut].strip():
        return None
    two = ((sign, text[:cut] + b"\n"), (sign, text[cut + 1 :]))
    damaged = replace(piece, lines=(*piece.lines[:at], *two, *piece.lines[at + 1 :]))
    written = (*scene.written[:number], damaged, *scene.written[number + 1 :])
    return replace(scene, written=written)


def _spaced(line: Line) -> Line:
    """Blanks inside a line, of which there are two, become one."""
    sign, text = line
    body = text.lstrip(b" \t")
    return sign, text[: len(text) - len(body)] + re.sub(rb"(?<=\S)  +(?=\S)", b" ", body)


def _flat_decoy(rng: random.Random, scene: Scene) -> Scene | None:
    """The draft has lost its indentation, and two places have the lines, with different ones."""
    flat = dedented(rng, scene)
    shift = rng.choice((b" ", b"  ", b"\t", b"        "))
    return (
        with_copy(rng, flat, lambda line: shift + line if line.strip() else line) if flat else None
    )


COPYING: dict[str, Fault] = {
    "entities for < > &": _everywhere(_escaped),
    "curly quotes": _everywhere(_curled),
    "double blanks made one": _everywhere(_spaced),
    "line numbers in front": _numbered,
    "one context line without its sign": _somewhere(_unsigned),
    "old line wrapped": _wrapped,
    "two indentations for a flat draft": _flat_decoy,
}
