"""The forms in which a value may turn up elsewhere; finding and guarding both go by this list."""

from __future__ import annotations

import base64
import html
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_GO_AND_GSON = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&='"})
"""What JSON writers that have HTML in mind escape although JSON does not ask for it."""
_UNRESERVED = (b"", b"/", b"!'()*", b";,/?:@&=+$#!'()*")
"""What is left as it is by RFC 3986, Python's `quote`, `encodeURIComponent` and `encodeURI`."""
_ALWAYS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
_URL_SAME = re.compile(rb"[A-Za-z0-9_.~-]+")
_JSON_SAME = re.compile(rb"[ !#-%(-.0-;?-\[\]-~]+")
_HTML_SAME = re.compile(rb"[^&<>\"']+")
"""What URLs, JSON and HTML leave as it is."""
_LEADING = (0, 2, 3)
"""Base64 characters that hold a bit of the 0, 1 or 2 bytes before the value."""


@dataclass(frozen=True, slots=True)
class Family:
    """Forms that a text can hold only if it holds one of the signs."""

    signs: tuple[bytes, ...]
    forms: Callable[[bytes], Iterator[tuple[str, bytes]]]

    def may_be_in(self, text: bytes) -> bool:
        """Whether it is worth the time to look for these forms."""
        return any(sign in text for sign in self.signs)


def variants(value: bytes) -> Iterator[tuple[str, bytes]]:
    """The name and bytes of each form of `value`: first itself, then all that differ from it.

    Base64 comes at all three alignments, cut to the characters that the value alone decides: up to
    one character before and one behind such a hit hold further bits of it.
    """
    for family in FAMILIES:
        yield from family.forms(value)


def _direct(value: bytes) -> Iterator[tuple[str, bytes]]:
    if not value:
        return
    yield "raw", value
    if not value.isascii() and (utf8 := _text(value).encode()) != value:
        yield "utf-8", utf8
    yield from _new(base64_forms(value), value)
    number = value.hex().encode()
    yield from _new((("hex", form) for form in (number, number.upper())), value)


def _json(value: bytes) -> Iterator[tuple[str, bytes]]:
    if not _JSON_SAME.fullmatch(value):
        text = _text(value)
        yield from _new((("json", form.encode()) for form in _json_forms(text)), value)


def _url(value: bytes) -> Iterator[tuple[str, bytes]]:
    if not _URL_SAME.fullmatch(value):
        forms = (b"".join([table[byte] for byte in value]) for table in _URL_TABLES)
        yield from _new((("url", form) for form in forms), value)


def _html(value: bytes) -> Iterator[tuple[str, bytes]]:
    if not _HTML_SAME.fullmatch(value):
        text = _text(value)
        yield from _new((("html", form.encode()) for form in _html_forms(text)), value)


def _new(forms: Iterator[tuple[str, bytes]], value: bytes) -> Iterator[tuple[str, bytes]]:
    """Each form once, without the value itself."""
    seen = {value, b""}
    if not value.isascii():
        seen.add(_text(value).encode())
    for name, form in forms:
        if form not in seen:
            seen.add(form)
            yield name, form


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _json_forms(text: str) -> Iterator[str]:
    for ascii_only in (True, False):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        for form in (once, once.replace("/", "\\/"), once.translate(_GO_AND_GSON)):
            yield form
            yield json.dumps(form, ensure_ascii=ascii_only)[1:-1]


def _url_tables() -> Iterator[tuple[bytes, ...]]:
    """How each writer writes each byte; a form's writer has a plus for a blank."""
    for safe in _UNRESERVED:
        for digits in (b"%%%02X", b"%%%02x"):
            kept = _ALWAYS + safe
            yield tuple(bytes([n]) if n in kept else digits % n for n in range(256))
    for digits in (b"%%%02X", b"%%%02x"):
        plain = (bytes([n]) if n in _ALWAYS else digits % n for n in range(256))
        yield tuple(b"+" if n == ord(" ") else form for n, form in enumerate(plain))


def _html_forms(text: str) -> Iterator[str]:
    yield html.escape(text, quote=False)
    named = html.escape(text)
    yield named
    yield named.replace("&#x27;", "&#39;")
    yield named.replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    yield named.replace("&#x27;", "&apos;")


def base64_forms(value: bytes) -> Iterator[tuple[str, bytes]]:
    """Base64 and base64url at the three alignments, cut as `variants` says."""
    for lead, cut in enumerate(_LEADING):
        whole = (lead + len(value)) * 8 // 6
        form = base64.b64encode(bytes(lead) + value)[cut:whole]
        yield "base64", form
        yield "base64url", form.translate(_TO_URL)


_TO_URL = bytes.maketrans(b"+/", b"-_")
_URL_TABLES = tuple(_url_tables())
FAMILIES = (
    Family((b"",), _direct),
    Family((b"\\",), _json),
    Family((b"%", b"+"), _url),
    Family((b"&",), _html),
)
"""All forms; those of the first family need no sign."""
