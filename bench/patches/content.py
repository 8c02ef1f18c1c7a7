"""Faults in the lines of hunks: what a model leaves out, makes up, shifts or puts elsewhere."""

from __future__ import annotations

import random  # noqa: TC003 - named in the table's types
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.patches.model import Fault, Line, Piece, Scene, Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WORD = re.compile(rb"[A-Za-z]{3,}")
_CONTEXT = 3


def _one(
    rng: random.Random, scene: Scene, damage: Callable[[random.Random, Piece], Piece | None]
) -> Scene | None:
    """Damage one hunk."""
    number = rng.randrange(len(scene.written))
    damaged = damage(rng, scene.written[number])
    if damaged is None:
        return None
    written = (*scene.written[:number], damaged, *scene.written[number + 1 :])
    return replace(scene, written=written)


def _all(scene: Scene, damage: Callable[[Piece], Piece | None]) -> Scene | None:
    """Damage every hunk, or none."""
    damaged = tuple(damage(piece) for piece in scene.written)
    whole = tuple(piece for piece in damaged if piece is not None)
    if len(whole) != len(damaged) or whole == scene.written:
        return None
    return replace(scene, written=whole)


def _ends(piece: Piece) -> tuple[int, int]:
    """How many lines of context stand at the hunk's two ends."""
    signs = [sign for sign, _ in piece.lines]
    lead = next((at for at, sign in enumerate(signs) if sign != b" "), 0)
    tail = next((at for at, sign in enumerate(reversed(signs)) if sign != b" "), 0)
    return lead, tail


def _trimmed(piece: Piece, lead: int, tail: int) -> Piece:
    """The hunk with at most `lead` and `tail` lines of context at its ends."""
    has_lead, has_tail = _ends(piece)
    drop, end = max(0, has_lead - lead), len(piece.lines) - max(0, has_tail - tail)
    return replace(piece, start=piece.start + drop, lines=piece.lines[drop:end])


def cut_to(count: int) -> Fault:
    """Leave only `count` lines of context round each change."""

    def cut(_: random.Random, scene: Scene) -> Scene | None:
        cut = _all(scene, lambda piece: _trimmed(piece, count, count))
        # Without any context, removed lines alone may or may not be taken as proof.
        return replace(cut, truth=Truth.EITHER) if cut and not count else cut

    return cut


def no_lead(_: random.Random, scene: Scene) -> Scene | None:
    """Drop the context before each change."""
    return _all(scene, lambda piece: _trimmed(piece, 0, _CONTEXT))


def no_tail(_: random.Random, scene: Scene) -> Scene | None:
    """Drop the context after each change."""
    return _all(scene, lambda piece: _trimmed(piece, _CONTEXT, 0))


def blanks_added(rng: random.Random, scene: Scene) -> Scene | None:
    """Old lines of the draft end in blanks that the file does not have."""
    extra = rng.choice((b" ", b"\t", b"  "))

    def longer(line: Line) -> Line:
        sign, text = line
        if sign == b"+" or not text.endswith(b"\n"):
            return line
        return sign, text.removesuffix(b"\n") + extra + b"\n"

    return _all(scene, lambda piece: replace(piece, lines=tuple(map(longer, piece.lines))))


def indented(rng: random.Random, scene: Scene) -> Scene | None:
    """The draft's lines are all shifted to the right."""
    shift = rng.choice((b"  ", b"    ", b"\t"))

    def deeper(piece: Piece) -> Piece | None:
        if _has_blank_line_with_blanks(piece):
            return None
        return replace(
            piece,
            lines=tuple(
                (sign, shift + text if text.strip() else text) for sign, text in piece.lines
            ),
        )

    return _all(scene, deeper)


def dedented(_: random.Random, scene: Scene) -> Scene | None:
    """The draft's lines are all shifted to the left, as far as they have the same blanks."""

    def flat(piece: Piece) -> Piece | None:
        texts = [text for _, text in piece.lines if text.strip()]
        if not texts or _has_blank_line_with_blanks(piece):
            return None
        shift = texts[0][: len(texts[0]) - len(texts[0].lstrip(b" \t"))]
        while not all(text.startswith(shift) for text in texts):
            shift = shift[:-1]
        return replace(
            piece, lines=tuple((sign, text.removeprefix(shift)) for sign, text in piece.lines)
        )

    return _all(scene, flat)


def _has_blank_line_with_blanks(piece: Piece) -> bool:
    return any(not text.strip() and text.strip(b"\r\n") for _, text in piece.lines)


def old_shifted(rng: random.Random, scene: Scene) -> Scene | None:
    """Context lost its leading space, so that it reads one column to the left, and `+` did not.

    What is added would be shifted along with the context that it does not belong to.
    """

    def shorter(_: random.Random, piece: Piece) -> Piece | None:
        context = [text for sign, text in piece.lines if sign == b" " and text.strip()]
        others = [text for sign, text in piece.lines if sign == b"-"]
        is_exact = scene.base[piece.start : piece.start + len(piece.old)] == piece.old
        if (
            others
            or not is_exact
            or not context
            or not all(text.startswith(b" ") for text in context)
        ):
            return None
        lines = tuple(
            (sign, text[1:] if sign == b" " and text.strip() else text)
            for sign, text in piece.lines
        )
        return replace(piece, lines=lines)

    damaged = _one(rng, scene, shorter)
    return replace(damaged, truth=Truth.EITHER) if damaged else None


def hallucinated(rng: random.Random, scene: Scene) -> Scene | None:
    """A removed line that the file never had."""

    def more(rng: random.Random, piece: Piece) -> Piece:
        at = rng.randrange(len(piece.lines))
        ghost = (b"-", b"    return never_written(%d)\n" % rng.randrange(10**6))
        return replace(piece, lines=(*piece.lines[:at], ghost, *piece.lines[at:]))

    return _one(rng, scene, more)


def altered(rng: random.Random, scene: Scene) -> Scene | None:
    """A context line with one word changed."""
    return _at(rng, scene, b" -", lambda text: _WORD.sub(b"unheard_of", text, count=1))


def elided(rng: random.Random, scene: Scene) -> Scene | None:
    """A context line left out with dots in its place."""
    return _at(rng, scene, b" ", lambda _: b"    ...  # unchanged\n")


def _at(
    rng: random.Random, scene: Scene, signs: bytes, damage: Callable[[bytes], bytes]
) -> Scene | None:
    """Damage one line that has a word and one of the signs."""

    def change(rng: random.Random, piece: Piece) -> Piece | None:
        rows = [
            at
            for at, (sign, text) in enumerate(piece.lines)
            if sign in signs and _WORD.search(text)
        ]
        if not rows:
            return None
        at = rng.choice(rows)
        sign, text = piece.lines[at]
        return replace(
            piece, lines=(*piece.lines[:at], (sign, damage(text)), *piece.lines[at + 1 :])
        )

    return _one(rng, scene, change)


def plus_lost(rng: random.Random, scene: Scene) -> Scene | None:
    """An added line that reads as context."""

    def lost(rng: random.Random, piece: Piece) -> Piece | None:
        rows = [
            at for at, (sign, text) in enumerate(piece.lines) if sign == b"+" and _WORD.search(text)
        ]
        if not rows:
            return None
        at = rng.choice(rows)
        line = (b" ", piece.lines[at][1])
        return replace(piece, lines=(*piece.lines[:at], line, *piece.lines[at + 1 :]))

    return _one(rng, scene, lost)


def line_lost(rng: random.Random, scene: Scene) -> Scene | None:
    """A context line between two others left out without a word."""

    def lost(rng: random.Random, piece: Piece) -> Piece | None:
        olds = [at for at, (sign, _) in enumerate(piece.lines) if sign != b"+"]
        rows = [at for at in olds[1:-1] if piece.lines[at][0] == b" "]
        if not rows:
            return None
        at = rng.choice(rows)
        return replace(piece, lines=(*piece.lines[:at], *piece.lines[at + 1 :]))

    return _one(rng, scene, lost)


def swapped(rng: random.Random, scene: Scene) -> Scene | None:
    """Two neighbouring context lines in the wrong order."""

    def swap(rng: random.Random, piece: Piece) -> Piece | None:
        rows = [
            at
            for at in range(len(piece.lines) - 1)
            if piece.lines[at][0] == piece.lines[at + 1][0] == b" "
            and piece.lines[at] != piece.lines[at + 1]
        ]
        if not rows:
            return None
        at = rng.choice(rows)
        one, other = piece.lines[at : at + 2]
        return replace(piece, lines=(*piece.lines[:at], other, one, *piece.lines[at + 2 :]))

    return _one(rng, scene, swap)


def reordered(rng: random.Random, scene: Scene) -> Scene | None:
    """The hunks stand in another order than their places."""
    written = list(scene.written)
    rng.shuffle(written)
    return replace(scene, written=tuple(written)) if tuple(written) != scene.written else None


def split_hunks(_: random.Random, scene: Scene) -> Scene | None:
    """A hunk with two changes is written as two hunks that share their context."""
    pieces: list[Piece] = []
    for piece in scene.written:
        pieces += _halves(piece)
    return replace(scene, written=tuple(pieces)) if len(pieces) > len(scene.written) else None


def _halves(piece: Piece) -> Sequence[Piece]:
    signs = b"".join(sign for sign, _ in piece.lines)
    gap = re.search(rb"(?<=[-+]) +(?=[-+])", signs)
    if gap is None:
        return (piece,)
    start = piece.start + sum(sign != b"+" for sign, _ in piece.lines[: gap.start()])
    return (
        replace(piece, lines=piece.lines[: gap.end()]),
        replace(piece, start=start, lines=piece.lines[gap.start() :]),
    )


def merged_short(rng: random.Random, scene: Scene) -> Scene | None:
    """Two hunks under one header, without the lines between them."""
    return _merged(rng, scene, is_filled=False)


def merged_full(rng: random.Random, scene: Scene) -> Scene | None:
    """Two hunks written as one, with the lines between them."""
    return _merged(rng, scene, is_filled=True)


def _merged(rng: random.Random, scene: Scene, *, is_filled: bool) -> Scene | None:
    if len(scene.written) < 2 or scene.written != scene.meant:  # noqa: PLR2004 - two to merge
        return None
    at = rng.randrange(len(scene.written) - 1)
    one, other = scene.written[at : at + 2]
    between = scene.base[one.start + len(one.old) : other.start]
    if one.start > other.start or (not is_filled and not any(map(bytes.strip, between))):
        return None
    gap = tuple((b" ", text) for text in between) if is_filled else ()
    whole = replace(one, lines=(*one.lines, *gap, *other.lines))
    return replace(scene, written=(*scene.written[:at], whole, *scene.written[at + 2 :]))


def doubled(rng: random.Random, scene: Scene) -> Scene | None:
    """The same hunk twice under one file header."""
    at = rng.randrange(len(scene.written))
    written = (*scene.written[: at + 1], *scene.written[at:])
    return replace(scene, written=written, truth=Truth.EITHER)


CONTENTS: dict[str, Fault] = {
    "context cut to 2 lines": cut_to(2),
    "context cut to 1 line": cut_to(1),
    "no context": cut_to(0),
    "no context before": no_lead,
    "no context after": no_tail,
    "trailing blanks added to old lines": blanks_added,
    "indented throughout": indented,
    "dedented throughout": dedented,
    "context one column to the left": old_shifted,
    "removed line made up": hallucinated,
    "old line altered by a word": altered,
    "context line elided with dots": elided,
    "`+` lost": plus_lost,
    "context line lost": line_lost,
    "context lines swapped": swapped,
    "hunks reordered": reordered,
    "hunk split in two": split_hunks,
    "hunks merged without what is between": merged_short,
    "hunks merged with what is between": merged_full,
    "hunk doubled": doubled,
}
