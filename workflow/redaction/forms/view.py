"""A decoded view of a text, which knows for each of its bytes where in the text it came from."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_GAP = b"\n\n"
"""What keeps two parts of a view from being read as one statement."""


@dataclass(frozen=True, slots=True)
class View:
    """Parts of a text, decoded one after the other.

    The pieces begin at `starts` and stand for `sources`, which are places in the text.  A piece of
    the same length as its source is a copy, byte by byte; of any other, all of the source belongs
    to each byte of the piece.
    """

    form: str
    """What was decoded, such as `json` or `base64`."""
    text: bytes = field(repr=False)
    path: str
    """The file's name if the view has the file's syntax, else nothing."""
    starts: tuple[int, ...] = field(repr=False)
    sources: tuple[tuple[int, int], ...] = field(repr=False)

    def back(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The places in the text of `view.text[start:end]`, in order, joined where they touch."""
        begin = until = -1
        at = max(bisect_right(self.starts, start) - 1, 0)
        while at < len(self.starts) and self.starts[at] < end:
            source = self._source(at, start, end)
            at += 1
            if source is None:
                continue
            if source[0] <= until:
                until = max(until, source[1])
                continue
            if until >= 0:
                yield begin, until
            begin, until = source
        if until >= 0:
            yield begin, until

    def _source(self, at: int, start: int, end: int) -> tuple[int, int] | None:
        """The part of piece `at` within the range; None for a gap."""
        begin = self.starts[at]
        until = self.starts[at + 1] if at + 1 < len(self.starts) else len(self.text)
        source, source_end = self.sources[at]
        if source_end == source or until <= start:
            return None
        if source_end - source != until - begin:
            return source, source_end
        return source + max(start - begin, 0), source_end - max(until - end, 0)


class Weaver:
    """Puts a view together, piece by piece."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._parts: list[bytes] = []
        self._length = 0
        self._starts: list[int] = []
        self._sources: list[tuple[int, int]] = []

    def copy(self, start: int, end: int) -> None:
        """Take over `text[start:end]` as it is."""
        if start < end:
            self.put(self._text[start:end], start, end)

    def put(self, decoded: bytes, start: int, end: int) -> None:
        """Let `decoded` stand for `text[start:end]`."""
        if decoded:
            self._starts.append(self._length)
            self._sources.append((start, end))
            self._parts.append(decoded)
            self._length += len(decoded)

    def gap(self) -> None:
        """End a part: what follows has nothing to do with it."""
        if self._parts:
            self.put(_GAP, 0, 0)

    def view(self, form: str, path: str) -> View | None:
        """All that was put in; None if that is nothing."""
        if not self._parts:
            return None
        text = b"".join(self._parts)
        return View(form, text, path, tuple(self._starts), tuple(self._sources))
