"""Credentials inside URLs: user and password before the host, tokens in the path of a webhook."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.redaction.interface import Kind, Span
from workflow.redaction.plausible import is_boilerplate, is_random, is_reference
from workflow.redaction.structural.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.redaction.structural.source import Source

# A password of a URL is shorter than this, in bytes; beyond it the sign is another URL's.
_MOST = 4096
# A webhook's path that lets in is at least so long; `/services/` alone is an address.
_HOOK_LEAST = 16
_REST = re.compile(rb"[^\s\"'<>`\\]++")
_HOST = re.compile(rb"@(?:\[[0-9A-Fa-f:]+\]|[\w.$%{}*<>-]+|\()")
_PORT = re.compile(rb"\d{1,5}(?:[/?#]|\Z)")
_WORDS = frozenset(
    b"password passwd pass pwd pw secret token user username x-oauth-basic x-token-auth oauth2 "
    b"x-access-token git @ p ... *** xxx redacted hidden apikey api_key".split()
)


def _credentials(source: Source, at: int) -> Iterator[Span]:
    """`scheme://user:password@host`; `at` is behind the first `@`."""
    text = source.text
    scheme = text.rfind(b"://", max(0, at - _MOST), at)
    if scheme < 0:
        return
    start = scheme + 3
    end = min(source.run(_REST, start), start + _MOST)
    first = text.find(b"@", start, end)
    # An `@` further on belongs to the password only while no path or query has begun.
    slash = min(
        (p for p in (text.find(c, first, end) for c in (b"/", b"?", b",")) if p > 0), default=end
    )
    sign = text.rfind(b"@", start, slash)
    sign = first if sign < 0 else sign
    if sign < 0 or not _HOST.match(text, sign):
        return
    colon = text.find(b":", start, sign)
    if colon < 0:
        colon = sign
    user, password = text[start:colon], text[colon + 1 : sign]
    if _PORT.match(password) and b"/" in password:
        return
    if _counts(password, 3):
        yield Span(colon + 1, sign, Kind.CONNECTION, "url")
    if is_random(user, 16) and not is_reference(user) and not is_boilerplate(user):
        yield Span(start, colon, Kind.TOKEN, "url-user")


def _counts(value: bytes, least: int) -> bool:
    """Whether a part of a URL is a credential, not an example or a reference."""
    if len(value) < least or value.lower() in _WORDS:
        return False
    if value[:1] in b"<{[" and value[-1:] in b">}]":
        return False
    return not (is_reference(value) or is_boilerplate(value))


_HOOK = re.compile(
    rb"(?:hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/|"
    rb"discord(?:app)?\.com/api/(?:v\d+/)?webhooks/|"
    rb"webhook\.office\.com/webhookb2/|outlook\.office(?:365)?\.com/webhook/|"
    rb"chat\.googleapis\.com/v1/spaces/[\w-]+/messages\?|hooks\.zapier\.com/hooks/catch/|"
    rb"api\.telegram\.org/(?:file/)?bot|maker\.ifttt\.com/[\w/{}]+/with/key/|"
    rb"events\.pagerduty\.com/integration/|logic\.azure\.com[:\d]*/workflows/|"
    rb"hook\.[\w.]*(?:make|integromat)\.com/|webhook\.site/|discord\.com/api/webhooks/)"
)
_TAIL = re.compile(rb"[^\s\"'<>`\\?#),;\]}|]++")


def _hook(source: Source, at: int) -> Iterator[Span]:
    """The secret part of a webhook's path."""
    low = max(0, at - 160)
    found = None
    for found in _HOOK.finditer(source.text, low, at + 64):
        if found.end() >= at:
            break
    if found is None or found.end() < at:
        return
    end = source.run(_TAIL, found.end())
    while end > found.end() and source.text[end - 1 : end] == b".":
        end -= 1
    value = source.text[found.end() : min(end, found.end() + 1024)]
    if re.search(rb"\d", value) and _counts(value, _HOOK_LEAST):
        yield Span(found.end(), end, Kind.TOKEN, "webhook")


RULES = (
    Rule(rb"://[^\s/\"'<>@:]*(?::[^\s\"'<>@]*)?@", _credentials),
    Rule(
        rb"(?:hooks\.slack(?:-gov)?\.com/|discord(?:app)?\.com/api/|webhook\.office\.com/|"
        rb"outlook\.office(?:365)?\.com/webhook/|hooks\.zapier\.com/|api\.telegram\.org/|"
        rb"maker\.ifttt\.com/|events\.pagerduty\.com/|webhook\.site/|"
        rb"hook\.[a-z0-9.]{0,12}make\.com/)",
        _hook,
    ),
)
