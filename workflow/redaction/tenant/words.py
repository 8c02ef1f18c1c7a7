"""Whether bytes are a whole word, or a part of an identifier that is one (`AcmeCorp_id`)."""

from __future__ import annotations

import re
import unicodedata

_HEX = re.compile(rb"[0-9A-Fa-f]+")
_PERCENT = re.compile(rb"%[0-9A-Fa-f]{2}")
_UTF8_MAX = 4
# Scripts that set no blanks between words, so that every character may begin or end one.
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR")
_ESCAPES = b"nrtbfv"


def is_whole(text: bytes, start: int, end: int) -> bool:
    """Whether no letter of the same word stands before or behind a part of a text."""
    return _begins(text, start, end) and _ends(text, start, end)


def _begins(text: bytes, start: int, end: int) -> bool:
    before = _before(text, start)
    if not _is_letter(before):
        return True
    first = _after(text, start)
    if _is_unspaced(before) or _is_unspaced(first) or _is_escape(text, start):
        return True
    if before.isdigit() or first.isdigit():
        # `01acme` and `acme01` are both; within a hash or a longer number neither is.
        return before.isdigit() != first.isdigit() and not _HEX.fullmatch(text[start:end])
    second = _after(text, start + len(first.encode("utf-8", "surrogateescape")))
    # A hump: `myAcme`, or `HTTPAcme`, whose last capital letter is the word's own.
    return first.isupper() and (before.islower() or (before.isupper() and second.islower()))


def _ends(text: bytes, start: int, end: int) -> bool:
    after = _after(text, end)
    if unicodedata.category(after or " ").startswith("M"):
        return False
    if not _is_letter(after):
        return True
    last = _before(text, end)
    if _is_unspaced(after) or _is_unspaced(last):
        return True
    if after.isdigit() or last.isdigit():
        return after.isdigit() != last.isdigit() and not _HEX.fullmatch(text[start:end])
    beyond = _after(text, end + len(after.encode("utf-8", "surrogateescape")))
    return after.isupper() and (last.islower() or (last.isupper() and beyond.islower()))


def _is_letter(char: str) -> bool:
    return char.isalnum()


def _is_unspaced(char: str) -> bool:
    return not char.isascii() and unicodedata.name(char, "").startswith(_UNSPACED)


def _is_escape(text: bytes, start: int) -> bool:
    r"""Whether what stands before is the end of `\n`, `%2F` or the like."""
    if text[start - 2 : start - 1] == b"\\":
        return text[start - 1] in _ESCAPES
    return (
        text[start - 3 : start - 2] == b"%" and _HEX.fullmatch(text[start - 2 : start]) is not None
    )


def _before(text: bytes, at: int) -> str:
    """The character before an offset; "" at the beginning."""
    byte = text[at - 1 : at] if at else b""
    if not byte or byte.isascii():
        return byte.decode("ascii")
    for length in range(2, _UTF8_MAX + 1):
        char = text[max(0, at - length) : at].decode("utf-8", "replace")
        if len(char) == 1 and char != "\ufffd":
            return char
    return byte.decode("latin-1")


def _after(text: bytes, at: int) -> str:
    """The character at an offset; "" at the end."""
    byte = text[at : at + 1]
    if not byte or byte.isascii():
        return byte.decode("ascii")
    for length in range(2, _UTF8_MAX + 1):
        char = text[at : at + length].decode("utf-8", "replace")
        if len(char) == 1 and char != "\ufffd":
            return char
    return byte.decode("latin-1")
