"""Turns a file's bytes into text that detectors can read, and places in it back into the file's."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from workflow.redaction.interface import SealingError

_BOMS = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_UTF8_BOM = b"\xef\xbb\xbf"
_STEP = 1024
"""Characters between two marks of the offset map."""
_CONTROLS = frozenset(map(chr, range(32))) - set("\t\n\r\f\x1b")


class UndecodableError(SealingError):
    """The bytes are no text in any encoding that we can seal, so nothing of them is sent."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as text, and where each of its bytes came from."""

    text: bytes = field(repr=False)
    """UTF-8 without its mark, or the file's own bytes when ASCII is a part of their encoding."""
    encoding: str
    """What a placeholder has to be encoded in: `utf-8`, `latin-1`, `utf-16-le`, …"""
    begin: int = 0
    """The length of the byte order mark: where the text begins in the file."""
    marks: tuple[tuple[int, ...], tuple[int, ...]] | None = field(default=None, repr=False)
    """Places in `text` and in the file, every so many characters; None when they run alike."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The place in the file of `text[start:end]`."""
        return self._place(start), self._place(end)

    def _place(self, offset: int) -> int:
        if self.marks is None:
            return self.begin + offset
        ours, theirs = self.marks
        at = bisect_right(ours, offset) - 1
        rest = self.text[ours[at] : offset].decode()
        return self.begin + theirs[at] + len(rest.encode(self.encoding))


def read(data: bytes) -> Reading:
    """Read `data` as UTF-8, as an eight-bit superset of ASCII, or as UTF-16 or UTF-32.

    UTF-16 and UTF-32 are told by their mark, or by where their NULs are.

    Raises:
        UndecodableError: it is none of these: broken UTF-16 or UTF-32, or NULs within other bytes.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _wide(data, encoding, len(mark))
    nul = data.find(b"\0")
    if nul >= 0:
        encoding = _unmarked(data)
        if not encoding:
            raise _undecodable(nul, "there is a NUL byte, so this is no text")
        return _wide(data, encoding, 0)
    begin = len(_UTF8_BOM) if data.startswith(_UTF8_BOM) else 0
    return Reading(data[begin:], "utf-8" if _is_utf8(data) else "latin-1", begin)


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _wide(data: bytes, encoding: str, begin: int) -> Reading:
    try:
        text = data[begin:].decode(encoding)
    except UnicodeDecodeError as error:
        place = begin + error.start
        raise _undecodable(place, f"broken {encoding.upper()}") from None
    if "\0" in text:
        place = begin + len(text[: text.index("\0")].encode(encoding))
        raise _undecodable(place, "there is a NUL character, so this is no text")
    parts = [text[at : at + _STEP] for at in range(0, len(text), _STEP)]
    ours, theirs, pieces = [0], [0], []
    for part in parts:
        pieces.append(part.encode())
        ours.append(ours[-1] + len(pieces[-1]))
        theirs.append(theirs[-1] + len(part.encode(encoding)))
    return Reading(b"".join(pieces), encoding, begin, (tuple(ours), tuple(theirs)))


def _unmarked(data: bytes) -> str:
    """The encoding that the NULs of `data` speak for, or nothing."""
    zeros = [data[at::4].count(0) for at in range(4)]
    quarter = len(data) // 4
    fits = []
    if len(data) % 4 == 0 and zeros[3] == quarter and zeros[0] == 0:
        fits.append("utf-32-le")
    if len(data) % 4 == 0 and zeros[0] == quarter and zeros[3] == 0:
        fits.append("utf-32-be")
    if len(data) % 2 == 0 and zeros[0] + zeros[2] == 0:
        fits.append("utf-16-le")
    if len(data) % 2 == 0 and zeros[1] + zeros[3] == 0:
        fits.append("utf-16-be")
    return next((encoding for encoding in fits if _reads_as(data, encoding)), "")


def _reads_as(data: bytes, encoding: str) -> bool:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return _CONTROLS.isdisjoint(text)


def _undecodable(place: int, why: str) -> UndecodableError:
    return UndecodableError(
        f"cannot read the bytes as text: {why} (byte {place})",
        hint="leave this file out, or save it as UTF-8",
    )
