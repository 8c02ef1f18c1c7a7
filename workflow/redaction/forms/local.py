"""Decodes what is escaped character by character: backslashes, per cents, HTML's references."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.redaction.forms.view import View, Weaver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_BACKSLASH = re.compile(
    rb"\\(?:u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|u(?P<u>[0-9a-fA-F]{4})|u\{(?P<brace>[0-9a-fA-F]{1,6})\}|U(?P<long>[0-9a-fA-F]{8})"
    rb"|x(?P<x>[0-9a-fA-F]{2})|(?P<octal>[0-3][0-7]{2})|(?P<one>[nrtbfv\"'/\\]))"
)
_ONE = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b" ", b"f": b" ", b"v": b" "}
_PERCENT = re.compile(rb"(?:%[0-9a-fA-F]{2})")
_PERCENT_OR_PLUS = re.compile(rb"%[0-9a-fA-F]{2}|\+")
_WORD = re.compile(rb"[^\s\"'<>`]+")
_REFERENCE = re.compile(rb"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|quot|apos|amp|lt|gt|nbsp);")

_CLOSING = re.compile(rb"</(?:pre|textarea|listing)", re.IGNORECASE)
_TAG = re.compile(rb"</?(?:span|b|i|em|strong|code|a|kbd|samp|var|mark)(?:[ \t][^<>\n]{0,999})?>")


@dataclass(frozen=True, slots=True)
class Local:
    """An encoding of single characters: what one looks like, and what it says."""

    form: str
    pattern: re.Pattern[bytes]
    decoded: Callable[[re.Match[bytes]], bytes]

    def view(self, text: bytes, lines: Iterable[tuple[int, int]]) -> View | None:
        """These lines of `text`, decoded; they come in order and do not overlap."""
        weaver, last = Weaver(text), -1
        for start, end in lines:
            _begin(weaver, last, start)
            self.decode(weaver, text, start, end)
            last = end
        return weaver.view(self.form, "")

    def decode(self, weaver: Weaver, text: bytes, start: int, end: int) -> None:
        """Put `text[start:end]`, decoded, into a view."""
        at = start
        for match in self.pattern.finditer(text, start, end):
            weaver.copy(at, match.start())
            weaver.put(self.decoded(match), match.start(), match.end())
            at = match.end()
        weaver.copy(at, end)


def percent_view(text: bytes, lines: Iterable[tuple[int, int]]) -> View | None:
    """These lines of `text`, decoded as URLs or forms are: in a form, a plus is a blank.

    A word is a form's if it has blanks as pluses, and none as `%20`.
    """
    weaver, last = Weaver(text), -1
    for start, end in lines:
        _begin(weaver, last, start)
        at = start
        for word in _WORD.finditer(text, start, end):
            weaver.copy(at, word.start())
            form = b"%" in word[0] and b"%20" not in word[0]
            (FORM if form else PERCENT).decode(weaver, text, *word.span())
            at = word.end()
        weaver.copy(at, end)
        last = end
    return weaver.view("url", "")


def preformatted_view(text: bytes, starts: Iterable[int]) -> View | None:
    """What HTML shows as it is from these places on: a configuration, say, and no prose."""
    weaver, done = Weaver(text), 0
    for start in starts:
        if start < done:
            continue
        closing = _CLOSING.search(text, start)
        done = closing.start() if closing else len(text)
        weaver.gap()
        at = start
        for tag in _TAG.finditer(text, start, done):
            REFERENCE.decode(weaver, text, at, tag.start())
            at = tag.end()
        REFERENCE.decode(weaver, text, at, done)
    return weaver.view("html", "")


def _begin(weaver: Weaver, last: int, start: int) -> None:
    """Go on after the last line, or begin anew where lines were left out."""
    if start > last + 1:
        weaver.gap()
    else:
        weaver.copy(last, start)


def _backslash(match: re.Match[bytes]) -> bytes:
    if one := match["one"]:
        return _ONE.get(one, one)
    if match["x"] or match["octal"]:
        number = int(match["x"], 16) if match["x"] else int(match["octal"], 8)
        return bytes([number]) if number else b" "
    if match["high"]:
        pair = (int(match["high"], 16) - 0xD800) * 0x400 + int(match["low"], 16) - 0xDC00
        return _character(0x10000 + pair)
    return _character(int(match["u"] or match["brace"] or match["long"], 16))


def _percent(match: re.Match[bytes]) -> bytes:
    return b" " if match[0] in (b"+", b"%00") else bytes([int(match[0][1:], 16)])


def _reference(match: re.Match[bytes]) -> bytes:
    return html.unescape(match[0].decode("ascii")).encode("utf-8", "replace")


def _character(number: int) -> bytes:
    """In UTF-8; a blank for what is no character and for NUL, which no text holds."""
    if not 0 < number < 0x110000:  # noqa: PLR2004 - Unicode's last character and one
        return b" "
    return chr(number).encode("utf-8", "replace")


BACKSLASH = Local("escaped", _BACKSLASH, _backslash)
PERCENT = Local("url", _PERCENT, _percent)
FORM = Local("url", _PERCENT_OR_PLUS, _percent)
REFERENCE = Local("html", _REFERENCE, _reference)
