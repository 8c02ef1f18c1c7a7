"""Decodes base64, base64url and hex: of a value, of a whole file, of `user:password`."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from workflow.redaction.forms.view import View, Weaver
from workflow.redaction.interface import Kind, Span
from workflow.redaction.reading import UndecodableError, read

if TYPE_CHECKING:
    from collections.abc import Iterable

_DIGITS = re.compile(rb"[A-Za-z0-9+/_-]+")
_PADDING = re.compile(rb"={0,2}")
_WRAPPED = re.compile(
    rb"\\?\r?\n[ \t]*(?P<more>[A-Za-z0-9+/_-]+)={0,2}(?=[ \t]*(?:[\"'`\\<,;)\]}]|\r?\n|\Z))"
)
_WRAP = 40
"""The shortest line that counts as one of several; writers break at 60, 64, 70, 72 or 76."""
_CHUNK = 256
_HEX = re.compile(rb"[0-9a-fA-F]{3,}")
_HEX_MORE = re.compile(rb"\r?\n[ \t]*(?:[0-9a-fA-F]{2}){2,}(?=[ \t]*(?:[\"'`\\<,;)\]}]|\r?\n|\Z))")
_HEX_BYTES = re.compile(rb"(?:(?:0x|\\x)?[0-9a-fA-F]{2}(?:[: -]|, ?)?)+")
_HEX_BYTE = re.compile(rb"[0-9a-fA-F]{2}(?![xX])")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_CONTROL_BUT_NUL = re.compile(rb"[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_SHORTEST = 6
_LOGIN = re.compile(rb"[^\s:/]{1,256}:(?!//)[^\s]{3,}")
_LOGIN_NEAR = re.compile(rb"basic|auth|cred|login|passw|registry|docker", re.IGNORECASE)
_NEAR = 120


def base64_views(
    text: bytes, starts: Iterable[int], path: str
) -> tuple[View | None, tuple[Span, ...]]:
    """What the base64 that begins at `starts` says, and each `user:password` among it.

    Base64 that is text at its beginning only is taken as far as that goes, so that each digit is
    looked at once however often one may begin.
    """
    weaver, spans, done = Weaver(text), [], 0
    for start in sorted(starts):
        if start < done:
            continue
        decoded, done = _base64_text(text, start)
        if len(decoded) < _SHORTEST:
            continue
        weaver.gap()
        weaver.put(_not_as_long(decoded, done - start), start, done)
        near = text[max(start - _NEAR, text.rfind(b"\n", 0, start) + 1) : start]
        if _LOGIN.fullmatch(decoded) and _LOGIN_NEAR.search(near):
            spans.append(Span(start, done, Kind.PASSWORD, "login"))
    return weaver.view("base64", path), tuple(spans)


def hex_view(text: bytes, starts: Iterable[int], path: str) -> View | None:
    """What the hexadecimal numbers that begin at `starts` say."""
    weaver, done = Weaver(text), 0
    for start in sorted(starts):
        if start < done:
            continue
        match = _HEX.match(text, start) or _HEX_BYTES.match(text, start)
        if match is None:
            continue
        done = match.end()
        while done - start >= _WRAP and (more := _HEX_MORE.match(text, done)):
            done = more.end()
        digits = b"".join(_HEX_BYTE.findall(text[start:done])).decode("ascii")
        weaver.gap()
        weaver.put(_not_as_long(_text_of(bytes.fromhex(digits)), done - start), start, done)
    return weaver.view("hex", path)


def _base64_text(text: bytes, start: int) -> tuple[bytes, int]:
    """The text that the base64 from `start` on says, and where it ends; it may go on over lines."""
    said: list[bytes] = []
    line, at, left, size, control = start, start, b"", _CHUNK, _CONTROL
    while match := _DIGITS.match(text, at, at + size):
        digits = left + match[0].translate(_TO_STANDARD)
        whole = len(digits) - len(digits) % 4
        data, left = base64.b64decode(digits[:whole]), digits[whole:]
        if not said and b"\0" in data[:2]:
            control = _CONTROL_BUT_NUL  # UTF-16
        if stop := control.search(data):
            said.append(data[: stop.start()])
            return _text_of(b"".join(said)), min(match.end(), at + stop.start() * 4 // 3 + 4)
        said.append(data)
        at, size = match.end(), min(size * 2, 1 << 24)
        if _DIGITS.match(text, at, at + 1):
            continue
        more = _WRAPPED.match(text, at) if at - line >= _WRAP else None
        if more is None or len(more["more"]) > at - line:
            break
        line = at = more.start("more")
    if len(left) > 1:
        said.append(base64.b64decode(left + b"=" * (4 - len(left))))
    padding = _PADDING.match(text, at)
    return _text_of(b"".join(said)), padding.end() if padding else at


def _text_of(data: bytes) -> bytes:
    """The text that `data` is, as far as it is any."""
    try:
        text = read(data).text
    except UndecodableError:
        text = data
    return _CONTROL.sub(b"\n", text)


def _not_as_long(decoded: bytes, length: int) -> bytes:
    """A piece as long as its source would count as a copy of it."""
    return decoded + b"\n" if len(decoded) == length else decoded
