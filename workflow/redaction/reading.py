"""Turns a file's bytes into text that detectors can read, and places in it back into the file's."""

from __future__ import annotations

import re
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
_ASCII_RUN = re.compile(rb"(?:[\t\n -~]|\r\n){16,}")
"""ASCII that may be eight letters of Chinese, many of which are two printable bytes."""
_ALL_ASCII = re.compile(rb"[\t\n\r -~]{6,}")
_LONG_RUN = 64
_MIXED = 5
"""Different bytes at the even and at the odd places of ASCII; Japanese has a `0` at most of one."""
_NO_LETTERS = frozenset(range(0x21, 0x4E)) - {0x30, 0x31}
"""Upper bytes of characters that no language writes with, and many bytes of most ASCII.

With these limits, none of 250 files of Chinese, Japanese and Korean messages is refused.
"""
_ODD_ONES = 2
_SWAPPED_RUN = re.compile("[" + "".join(chr(high << 8) for high in range(0x20, 0x7F)) + "]{6,}")
"""Characters that are ASCII if their bytes change places; Chinese has some, never many in a row."""
_SWAPPED = 4
_LATE = "\u2000"
"""Where symbols and Chinese begin; two bytes of ASCII make a character behind it."""
_LATE_OF = 10


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
    _check_alone(data, text, encoding, begin)
    parts = [text[at : at + _STEP] for at in range(0, len(text), _STEP)]
    ours, theirs, pieces = [0], [0], []
    for part in parts:
        pieces.append(part.encode())
        ours.append(ours[-1] + len(pieces[-1]))
        theirs.append(theirs[-1] + len(part.encode(encoding)))
    return Reading(b"".join(pieces), encoding, begin, (tuple(ours), tuple(theirs)))


def _check_alone(data: bytes, text: str, encoding: str, begin: int) -> None:
    """Refuse what can be read in another way, too: nobody would look at what it says there.

    UTF-32 needs no such check, for no other text is valid UTF-32.
    """
    if not encoding.startswith("utf-16"):
        return
    if _ALL_ASCII.fullmatch(data, begin):
        raise _undecodable(begin, "a mark of UTF-16 stands before ASCII")
    late = encoding == "utf-16-le"
    for run in _ASCII_RUN.finditer(data, begin):
        if _is_ascii(run[0], (run.start() + begin + late) % 2):
            raise _undecodable(run.start(), "there is ASCII within UTF-16")
    for swapped in _SWAPPED_RUN.finditer(text):
        if len(set(swapped[0])) >= _SWAPPED:
            place = begin + len(text[: swapped.start()].encode(encoding))
            raise _undecodable(place, "the byte order of the UTF-16 changes")


def _is_ascii(run: bytes, first: int) -> bool:
    """Whether a run of ASCII is that, and no Chinese; `first` is where a pair's upper byte is."""
    upper, lower = set(run[first::2]), set(run[1 - first :: 2])
    if len(upper & _NO_LETTERS) >= _ODD_ONES:
        return True
    return len(run) >= _LONG_RUN and min(len(upper), len(lower)) >= _MIXED


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
    """Whether it is text of an alphabet for the most part: pairs of ASCII would be Chinese."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return False
    late = sum(char >= _LATE for char in text)
    return _CONTROLS.isdisjoint(text) and late * _LATE_OF <= len(text)


def _undecodable(place: int, why: str) -> UndecodableError:
    return UndecodableError(
        f"cannot read the bytes as text: {why} (byte {place})",
        hint="leave this file out, or save it as UTF-8",
    )
