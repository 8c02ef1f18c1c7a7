"""The hunks of a canonical patch, and the one place where each of them belongs.

A hunk belongs where its old lines stand byte for byte with all their context.  Where the context is
cut short because the file begins or ends there, that beginning or end is a part of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONTEXT = 3
"""Lines of context in a canonical patch (`git_store.patch`)."""
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_INDEX = re.compile(rb"index ([0-9a-f]+)\.\.([0-9a-f]+)")
_RANGE = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)\n", re.DOTALL)
_END = b"\\"

Pair: TypeAlias = "tuple[str, str]"
"""The two blobs that a file's hunks lead from and to; zeros stand for no file."""
_Part: TypeAlias = "tuple[bytes, list[bytes]]"
"""A hunk's header, and its lines."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """One hunk: `old` lines to find, and `new` ones to put there.

    `start` and `count` are its first line in the base, from 0, and how many there are; `header` is
    its first line in the patch, and `body` are the others.  `at_start` and `at_end` say that the
    file begins or ends with it.
    """

    start: int
    count: int
    header: bytes
    body: bytes
    old: bytes
    new: bytes
    at_start: bool
    at_end: bool

    @property
    def heading(self) -> bytes:
        """What git says of its surroundings."""
        found = _RANGE.match(self.header)
        return found[5] if found else b""

    @property
    def end(self) -> int:
        """The line after its last one in the base, from 0."""
        return self.start + self.count


@dataclass(frozen=True, slots=True)
class Shift:
    """Lines `start:end` of one text that are lines `new_start:new_end` of another."""

    start: int
    end: int
    new_start: int
    new_end: int


def lines_of(data: bytes) -> list[bytes]:
    """The lines of a file with their ends, as git counts them: only a line feed ends one."""
    return _LINE.findall(data)


def read(patch: bytes) -> dict[Pair, tuple[Hunk, ...]]:
    """The hunks of a canonical patch, by the blobs that they lead from and to."""
    # Two files may have the same two blobs, and then have the same hunks.
    return {pair: tuple(_hunk(*part) for part in parts) for pair, parts in _files(patch)}


def shifts(patch: bytes) -> dict[Pair, tuple[Shift, ...]]:
    """What a patch without context replaces by what, by the blobs that it leads from and to."""
    return {pair: tuple(_shift(header) for header, _ in parts) for pair, parts in _files(patch)}


def places(data: bytes, hunk: Hunk) -> tuple[int, ...]:
    """Where a hunk's old lines begin in a file, in bytes; two places stand for any more."""
    # A line feed before both lets every hit begin a line.
    text, wanted = b"\n" + data, b"\n" + hunk.old
    first = len(text) - len(wanted) if hunk.at_end else 0
    if hunk.at_start or hunk.at_end:
        fits = first >= 0 and (first == 0 or not hunk.at_start) and text.startswith(wanted, first)
        return (first,) if fits else ()
    at = text.find(wanted)
    second = text.find(wanted, at + 1) if at >= 0 else -1
    return tuple(place for place in (at, second) if place >= 0)


def spliced(data: bytes, found: Sequence[tuple[int, Hunk]]) -> bytes | None:
    """A file with each hunk's new lines at its place; `None` where they are not in their order."""
    pieces: list[bytes] = []
    end = 0
    for at, hunk in found:
        if at < end:
            return None
        pieces += (data[end:at], hunk.new)
        end = at + len(hunk.old)
    return b"".join((*pieces, data[end:]))


def now_at(hunk: Hunk, moved: Sequence[Shift]) -> tuple[int, int]:
    """Which lines of a changed text, from 0, stand where a hunk's old lines stood.

    What was put right before or behind them is among them.
    """
    first, last = hunk.start, hunk.end
    for one in moved:
        by = one.new_end - one.end
        is_added = one.start == one.end
        if one.end < hunk.start or (one.end == hunk.start and not is_added):
            first = hunk.start + by
        elif one.start <= hunk.start:
            first = one.new_start
        if one.start < hunk.end or (one.start == hunk.end and is_added):
            last = max(one.end, hunk.end) + by
    return first, last


def _files(patch: bytes) -> Iterator[tuple[Pair, list[_Part]]]:
    """The hunks of each file that has some, and its two blobs."""
    pair: Pair = ("", "")
    parts: list[_Part] = []
    is_in = False
    for line in lines_of(patch):
        # Lines of a hunk begin with one of these; so do only the two headers above the first one.
        if is_in and line[:1] in {b" ", b"-", b"+", _END}:
            parts[-1][1].append(line)
        elif line.startswith(b"@@ "):
            is_in = True
            parts.append((line, []))
        elif named := _INDEX.match(line):
            pair = (named[1].decode(), named[2].decode())
        elif line.startswith(b"diff "):
            is_in = False
            if parts:
                yield pair, parts
            pair, parts = ("", ""), []
    if parts:
        yield pair, parts


def _shift(header: bytes) -> Shift:
    start, count, new_start, new_count = _numbers(header)
    return Shift(start, start + count, new_start, new_start + new_count)


def _numbers(header: bytes) -> tuple[int, int, int, int]:
    """First line and count on both sides, lines from 0; a range of none names the line before."""
    found = _RANGE.match(header)
    if found is None:
        message = f"not the header of a hunk: {header!r}"
        raise ValueError(message)
    start, new_start = int(found[1]), int(found[3])
    count, new_count = (int(found[2] or 1), int(found[4] or 1))
    return start - (count > 0), count, new_start - (new_count > 0), new_count


def _hunk(header: bytes, body: list[bytes]) -> Hunk:
    start, count, _, _ = _numbers(header)
    marked = [line for line in body if not line.startswith(_END)]
    before, after = (
        sum(1 for _ in takewhile(lambda line: line[:1] == b" ", lines))
        for lines in (marked, reversed(marked))
    )
    return Hunk(
        start=start,
        count=count,
        header=header,
        body=b"".join(body),
        old=_side(body, b" -"),
        new=_side(body, b" +"),
        at_start=before < CONTEXT,
        at_end=after < CONTEXT,
    )


def _side(body: list[bytes], signs: bytes) -> bytes:
    """The lines of one side; a mark below a line says that it has no line feed."""
    lines: list[bytes] = []
    is_own = False
    for line in body:
        if line.startswith(_END):
            if is_own:
                lines[-1] = lines[-1].removesuffix(b"\n")
            continue
        is_own = line[:1] in signs
        if is_own:
            lines.append(line[1:])
    return b"".join(lines)
