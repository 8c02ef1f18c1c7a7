"""The forms in which a value may turn up elsewhere; finding and guarding both go by this list."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator

_GO_AND_GSON = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&='"})
"""What JSON writers that have HTML in mind escape although JSON does not ask for it."""
_UNRESERVED = ("", "/", "!'()*", ";,/?:@&=+$#!'()*")
"""What is left as it is by RFC 3986, Python's `quote`, `encodeURIComponent` and `encodeURI`."""
_PLAIN = re.compile(rb"[A-Za-z0-9._~-]+")
"""What JSON, URLs and HTML leave as it is."""
_LEADING = (0, 2, 3)
"""Base64 characters that hold a bit of the 0, 1 or 2 bytes before the value."""


def variants(value: bytes) -> Iterator[tuple[str, bytes]]:
    """The name and bytes of each form of `value`: first itself, then all that differ from it.

    Base64 comes at all three alignments, cut to the characters that the value alone decides: up to
    one character before and one behind such a hit hold further bits of it.
    """
    seen = set()
    for name, form in _all(value):
        if form and form not in seen:
            seen.add(form)
            yield name, form


def _all(value: bytes) -> Iterator[tuple[str, bytes]]:
    yield "raw", value
    if not _PLAIN.fullmatch(value):
        text = _text(value)
        yield "utf-8", text.encode()
        yield from (("json", form.encode()) for form in _json(text))
        yield from (("url", form) for form in _url(value))
        yield from (("html", form.encode()) for form in _html(text))
    yield from base64_forms(value)
    yield "hex", value.hex().encode()
    yield "hex", value.hex().upper().encode()


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _json(text: str) -> Iterator[str]:
    for ascii_only in (True, False):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        for form in (once, once.replace("/", "\\/"), once.translate(_GO_AND_GSON)):
            yield form
            yield json.dumps(form, ensure_ascii=ascii_only)[1:-1]


def _url(value: bytes) -> Iterator[bytes]:
    forms = [quote(value, safe=safe) for safe in _UNRESERVED]
    forms.append(quote_plus(value))
    for form in forms:
        yield form.encode()
        yield _lower_percent(form).encode()


def _lower_percent(form: str) -> str:
    head, *tail = form.split("%")
    return "%".join([head, *(part[:2].lower() + part[2:] for part in tail)])


def _html(text: str) -> Iterator[str]:
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
