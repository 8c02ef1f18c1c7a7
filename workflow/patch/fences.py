"""Finds the fences of a draft, and what stands outside of them.

Only a fence at the very beginning of a line counts: inside of a patch a line of a file never stands
there, as a sign is in front of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(rb"^(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)
_MARKS = (b"```", b"~~~")


@dataclass(frozen=True, slots=True)
class Fence:
    """What stands in one fence: the words behind its opening marks, and whole lines.

    `start` is where the draft's fence begins; `above` is the text from the fence before it.
    """

    start: int
    info: bytes
    body: bytes
    above: bytes


@dataclass(frozen=True, slots=True)
class Fenced:
    """The fences of a draft, and what stands below the last; `is_cut` says that it has no end."""

    fences: tuple[Fence, ...]
    below: bytes
    is_cut: bool = False

    @property
    def outside(self) -> tuple[bytes, ...]:
        """All text that stands in no fence, in the order of the draft."""
        return (*(fence.above for fence in self.fences), self.below)


def split(data: bytes) -> Fenced:
    """The fences of a draft; a fence ends at the next line of as many of the same marks."""
    if not data.startswith(_MARKS) and not any(b"\n" + mark in data for mark in _MARKS):
        return Fenced((), data)
    fences: list[Fence] = []
    done = 0
    opening: re.Match[bytes] | None = None
    for found in _FENCE.finditer(data):
        marks, info = found[1], found[2].strip()
        if opening is None:
            is_code = b"`" in info and marks.startswith(b"`")  # a code span, not a fence
            opening = None if is_code else found
        elif not info and marks[:1] == opening[1][:1] and len(marks) >= len(opening[1]):
            fences.append(_fence(data, done, opening, found.start()))
            done = min(found.end() + 1, len(data))
            opening = None
    if opening is None:
        return Fenced(tuple(fences), data[done:])
    return Fenced((*fences, _fence(data, done, opening, len(data))), b"", is_cut=True)


def without_stray_mark(fenced: Fenced, data: bytes) -> bytes:
    """The draft without a closing fence that has no opening one, at its very end."""
    last = fenced.fences[-1]
    is_stray = fenced.is_cut and not last.body.strip() and not last.info
    return data[: last.start] if is_stray else data


def _fence(data: bytes, done: int, opening: re.Match[bytes], end: int) -> Fence:
    start = opening.start()
    return Fence(start, opening[2].strip(), data[opening.end() + 1 : end], data[done:start])
