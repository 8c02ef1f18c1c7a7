"""A change with everything that a fault may alter, and what has to come of it.

The words here are the harness's own and share no code with the engine, so that a mistake in one
is not a mistake in both.
"""

from __future__ import annotations

import difflib
import random
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CONTEXT = 3

Line: TypeAlias = "tuple[bytes, bytes]"
"""A sign (b" ", b"-" or b"+") and the line's bytes with its line feed, if it has one."""


class Truth(Enum):
    """What has to come of a damaged draft."""

    RIGHT = "right"
    """The places are proven: the result is exactly the commit's."""
    EITHER = "either"
    """The commit's result, or a refusal: a matter of taste, but nothing else may come of it."""
    REFUSED = "refused"
    """Nothing proves the places: any result is wrong."""


@dataclass(frozen=True, slots=True)
class Change:
    """A real modification of one file."""

    path: str
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """A hunk: the line that it starts at in the base file, from 0, and its signed lines.

    `stated` is the line that its header names, from 0, if that is another.
    """

    start: int
    lines: tuple[Line, ...]
    stated: int | None = None

    @property
    def old(self) -> tuple[bytes, ...]:
        """The lines that it finds."""
        return tuple(text for sign, text in self.lines if sign != b"+")

    @property
    def new(self) -> tuple[bytes, ...]:
        """The lines that it leaves."""
        return tuple(text for sign, text in self.lines if sign != b"-")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A unified diff before its parts are joined: header lines, hunk headers and hunk bodies."""

    head: tuple[bytes, ...]
    hunks: tuple[tuple[bytes, bytes], ...]

    def text(self) -> bytes:
        """The diff as it stands."""
        return b"".join((*self.head, *(part for hunk in self.hunks for part in hunk)))


@dataclass(frozen=True, slots=True)
class Scene:
    """A base file, the change as it is meant (`meant`), and the draft that is written of it.

    `sheet` and `draft` are filled in on the way.  `truth` is what the faults made so far allow.
    """

    path: str
    base: tuple[bytes, ...]
    meant: tuple[Piece, ...]
    written: tuple[Piece, ...]
    truth: Truth = Truth.RIGHT
    sheet: Sheet = Sheet((), ())
    draft: bytes = b""

    def after(self) -> bytes:
        """The file as the commit leaves it."""
        parts: list[bytes] = []
        done = 0
        for piece in self.meant:
            parts += self.base[done : piece.start]
            parts += piece.new
            done = piece.start + len(piece.old)
        parts += self.base[done:]
        return b"".join(parts)


Fault: TypeAlias = "Callable[[random.Random, Scene], Scene | None]"
"""Damages a scene; `None` where it has nothing to damage."""


def seeded(seed: str) -> random.Random:
    """A generator that gives the same cases for the same seed."""
    return random.Random(seed)  # noqa: S311 - test cases, not secrets


def split(data: bytes) -> tuple[bytes, ...]:
    """Lines that end at a line feed; the last one may lack it."""
    lines = data.split(b"\n")
    return (*(line + b"\n" for line in lines[:-1]), *(lines[-1:] if lines[-1] else ()))


def scene(change: Change, context: int = CONTEXT) -> Scene:
    """The undamaged draft of a change."""
    base, after = split(change.before), split(change.after)
    pieces = tuple(_pieces(base, after, context))
    return Scene(path=change.path, base=base, meant=pieces, written=pieces)


def _pieces(base: Sequence[bytes], after: Sequence[bytes], context: int) -> Iterator[Piece]:
    # Equal ends are cut off first: difflib is slow on long files.
    shorter = min(len(base), len(after))
    lead = next((at for at in range(shorter) if base[at] != after[at]), shorter)
    most = shorter - lead
    tail = next((at for at in range(most) if base[-1 - at] != after[-1 - at]), most)
    middle = difflib.SequenceMatcher(
        None, base[lead : len(base) - tail], after[lead : len(after) - tail], autojunk=False
    )
    group: list[tuple[int, int, int, int]] = []
    for code in middle.get_opcodes():
        if code[0] == "equal":
            continue
        old, old_end, new, new_end = (at + lead for at in code[1:])
        if group and old - group[-1][1] > 2 * context:
            yield _piece(base, after, group, context)
            group = []
        group.append((old, old_end, new, new_end))
    if group:
        yield _piece(base, after, group, context)


def _piece(
    base: Sequence[bytes],
    after: Sequence[bytes],
    group: Sequence[tuple[int, int, int, int]],
    context: int,
) -> Piece:
    start = max(0, group[0][0] - context)
    lines: list[Line] = []
    done = start
    for old, old_end, new, new_end in group:
        lines += [(b" ", text) for text in base[done:old]]
        lines += [(b"-", text) for text in base[old:old_end]]
        lines += [(b"+", text) for text in after[new:new_end]]
        done = old_end
    lines += [(b" ", text) for text in base[done : done + context]]
    return Piece(start, tuple(lines))
