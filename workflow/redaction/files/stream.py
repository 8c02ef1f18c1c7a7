"""Cuts a file of any size into windows, so that memory stays flat however large the file is.

Windows overlap: a value is judged with at least 64 KiB of the file on both sides of it, so that a
key of many lines or a value split over lines is seen whole.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO, Final

from workflow.redaction.reading import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.redaction.interface import Span

SIZE: Final = 4 * 1024 * 1024
"""How many bytes a window has, about."""
MARGIN: Final = 64 * 1024
"""How many bytes before and after a value are looked at with it, at least."""
_GROWTH: Final = 4  # a line may make a window this many times as large, before it is cut itself
_CONTINUES: Final = 0b1000_0000  # the two upper bits of a byte of UTF-8 that begins no character
_UPPER: Final = 0b1100_0000
_LOOK: Final = 8192  # how far zero bytes are looked for in a file without a mark
_READ: Final = 256 * 1024
# UTF-32 first: its mark begins with that of UTF-16.
_MARKS: Final = (
    ("utf-32-le", codecs.BOM_UTF32_LE),
    ("utf-32-be", codecs.BOM_UTF32_BE),
    ("utf-16-le", codecs.BOM_UTF16_LE),
    ("utf-16-be", codecs.BOM_UTF16_BE),
)


@dataclass(frozen=True, slots=True)
class Wide:
    """An encoding of which ASCII is no part: its name, its mark, and the bytes of a unit."""

    name: str
    mark: bytes

    @property
    def unit(self) -> int:
        """How many bytes a unit has: 2 or 4."""
        return len(self.mark)

    def is_half(self, unit: bytes) -> bool:
        """Whether a unit of UTF-16 is the first of the two that make a character."""
        return "\ud800" <= unit.decode(self.name, "surrogatepass") <= "\udbff"


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a file.  All numbers are bytes from the beginning of the file.

    `data` is the part from `start`, and `lead` is how many bytes were put before it: the mark that
    says how to read it.  `first` to `until` is what this window answers for; the rest of it is
    there to be looked at.  `line` is the number of the line at `start`, from 1.
    """

    data: bytes = field(repr=False)
    start: int
    first: int
    until: int
    line: int
    lead: int = 0
    wide: Wide | None = None

    @property
    def part(self) -> bytes:
        """What the window answers for, with the mark that says how to read it before it."""
        shift = self.lead - self.start
        return self.data[: self.lead] + self.data[self.first + shift : self.until + shift]

    def text(self, span: Span) -> bytes:
        """The value at a span (bytes of the file), in UTF-8 where the file is UTF-16 or UTF-32."""
        shift = self.lead - self.start
        value = self.data[span.start + shift : span.end + shift]
        return value.decode(self.wide.name).encode() if self.wide else value

    def places(self, spans: Sequence[Span]) -> Iterator[tuple[int, int]]:
        """The line and the column of each span (bytes of the file, sorted), both from 1.

        A column is counted in bytes, or in units of UTF-16 or UTF-32.
        """
        shift, newline = self.lead - self.start, _newline(self.wide)
        line, at, begin = self.line, self.lead, self.lead
        for span in spans:
            place = span.start + shift
            line += _count(self.data, self.wide, at, place)
            last = _rfind(self.data, newline, at, place)
            begin = last + len(newline) if last >= 0 else begin
            at = place
            yield line, (place - begin) // len(newline) + 1


def windows(file: BinaryIO, size: int = SIZE, margin: int = MARGIN) -> Iterator[Window]:
    """A file, from where it stands, in windows; one window, if it has at most `size` bytes.

    `size` is at least eight margins.  Raises `UndecodableError` for what has zero bytes and is
    no UTF-16 or UTF-32.
    """
    buffer = _fill(file, b"", _LOOK + 1)
    wide = _wide(buffer)
    start = first = 0
    line = 1
    while True:
        buffer, cut = _cut(file, buffer, wide, size)
        is_last = cut == len(buffer)
        until = cut if is_last else _seam(buffer, wide, cut - 2 * margin, cut - margin)
        lead = wide.mark if wide and not (start == 0 and buffer.startswith(wide.mark)) else b""
        data = lead + buffer[:cut]
        yield Window(data, start, first, start + until, line, len(lead), wide)
        if is_last:
            return
        begin = _seam(buffer, wide, until - 2 * margin, until - margin)
        line += _count(buffer, wide, 0, begin)
        first = start + until
        start += begin
        buffer = buffer[begin:]


def clipped(window: Window, spans: Sequence[Span], done: int) -> tuple[Span, ...]:
    """What a finder found in a window, in bytes of the file, where the window answers for it.

    `done` is where the last span of the window before ended.  Only within a line of over 16 MiB can
    a span reach into the next window's part; it belongs to the window that it begins in.
    """
    shift = window.start - window.lead
    floor = max(window.first, done)
    found = []
    for span in spans:
        start, end = max(span.start + shift, floor), span.end + shift
        if start < min(end, window.until):
            found.append(replace(span, start=start, end=end))
    return tuple(found)


def _cut(file: BinaryIO, buffer: bytes, wide: Wide | None, size: int) -> tuple[bytes, int]:
    """The buffer, filled, and where a window of it ends: its length if nothing follows."""
    most = size
    for most in (size, size * _GROWTH):
        buffer = _fill(file, buffer, most + 1)
        if len(buffer) <= most:
            return buffer, len(buffer)
        cut = _line_start(buffer, wide, size // 2, most)
        if cut >= 0:
            return buffer, cut
    return buffer, _seam(buffer, wide, most, most)


def _fill(file: BinaryIO, buffer: bytes, size: int) -> bytes:
    """The buffer with as much of the file as it takes to have `size` bytes."""
    parts = [buffer]
    missing = size - len(buffer)
    # NOTE: a read makes room for all that it is asked for, however small the file is.
    while missing > 0 and (more := file.read(min(missing, _READ))):
        parts.append(more)
        missing -= len(more)
    return b"".join(parts)


def _seam(data: bytes, wide: Wide | None, least: int, most: int) -> int:
    """The last place from `least` to `most` where a line begins, else the last for a character."""
    cut = _line_start(data, wide, least, most)
    if cut >= 0:
        return cut
    if wide:
        cut = most - most % wide.unit
        return cut - wide.unit if wide.is_half(data[cut - wide.unit : cut]) else cut
    # A character of UTF-8 has four bytes at most.
    backwards = range(most, most - 4, -1)
    return next((at for at in backwards if data[at] & _UPPER != _CONTINUES), most)


def _line_start(data: bytes, wide: Wide | None, least: int, most: int) -> int:
    """The last place from `least` to `most` where a line begins; -1 for none."""
    newline = _newline(wide)
    found = _rfind(data, newline, max(least - len(newline), 0), most)
    return found + len(newline) if found >= 0 else -1


# --- encodings of which ASCII is no part ----------------------------------------------------------


def _wide(data: bytes) -> Wide | None:
    """What a file's beginning says of its encoding; `None` for UTF-8 and its like."""
    for name, mark in _MARKS:
        if data.startswith(mark):
            return Wide(name, mark)
    if b"\0" not in data[:_LOOK]:
        return None
    encoding = read(data[: _whole_characters(data)]).encoding
    return next((Wide(name, mark) for name, mark in _MARKS if name == encoding), None)


def _whole_characters(data: bytes) -> int:
    """The length of what is looked at without a mark: cut at a line end, for it cuts no pair."""
    if len(data) <= _LOOK:
        return len(data)
    cut = max(data.rfind(newline, 0, _LOOK) + len(newline) for newline in (b"\n\0", b"\0\n"))
    return cut - cut % 4 or _LOOK


def _newline(wide: Wide | None) -> bytes:
    return "\n".encode(wide.name) if wide else b"\n"


def _rfind(data: bytes, newline: bytes, start: int, end: int) -> int:
    """The last line end within, at a whole unit; -1 for none."""
    found = data.rfind(newline, start, end)
    while found >= 0 and found % len(newline):
        found = data.rfind(newline, start, found + len(newline) - 1)
    return found


def _count(data: bytes, wide: Wide | None, start: int, end: int) -> int:
    """How many lines end within."""
    if wide is None:
        return data.count(b"\n", start, end)
    return data[start:end].decode(wide.name, "replace").count("\n")
