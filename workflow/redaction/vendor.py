"""Finds the tokens of known services by the rules of kingfisher, a maintained library of them.

Only its scanner is used.  What it can also do, trying a token out at its vendor's, never happens.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from workflow.redaction.interface import Kind, Span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kingfisher_sdk import Scanner

_KINDS = (
    (re.compile(r"private-key|age-secret-key"), Kind.PRIVATE_KEY),
    (re.compile(r"cookie"), Kind.COOKIE),
    (re.compile(r"connection-string|credential-uri|sensitive-url"), Kind.CONNECTION),
    (re.compile(r"password|passphrase|curl-auth-user"), Kind.PASSWORD),
)
_PUBLIC = re.compile(
    r"-(?:id|ids|url|host|name|domain|address|username|repository|public-key|pub-key)(?:\.\d+)?$"
)
"""Rules of kingfisher's for what stands beside a secret and is none itself."""
_PEM = re.compile(rb"-----BEGIN[^\n-]*-----(.*?)(?:-----END[^\n-]*-----|\Z)", re.DOTALL)
_MANY = 200
"""Of five dashes, which a key has four of."""
_PRIVATE_KEY = re.compile(rb"(private) (?=key)", re.IGNORECASE)
_PEM_RUN = re.compile(
    rb"\\+[nrt]|-----[^\n]*|[A-Za-z-]+: [^\n\\\"']*|(?P<value>[A-Za-z0-9+/=_-]{2,})", re.DOTALL
)
_PEM_LINE = 16
"""Bytes; what is shorter is the last line of a body, with nothing behind it."""
_NOT_ARMOUR = re.compile(rb"[^\s\\\"'+#/>*|,.;()-]")
_WITHIN = (
    re.compile(rb"^[a-z+.-]+://[^/\s]*:(?P<value>[^@/\s]+)@", re.IGNORECASE),
    re.compile(rb"^(?:https?://)?[^/\s]+/(?P<value>\S+)$"),
    re.compile(rb";(?:SharedAccessKey|Secret|AccountKey)=(?P<value>[^;\s]+)", re.IGNORECASE),
    re.compile(rb"^_\w+=(?P<value>\S+)$"),
    re.compile(rb"^[\"']?[^:\"'\s]*[\"']?:[\"']?(?P<value>[^\"']+)[\"']?$"),
)
_TIGHTER = re.compile(
    r"connection-string|sensitive-url|webhook|session-cookie|curl-auth-user|credential-uri"
)
_BLOB_LENGTH = 64
_BLOB = re.compile(rb"[A-Za-z0-9+/]{%d}" % _BLOB_LENGTH)
_FIELDS = re.compile(rb'"(?:client_secret|refresh_token)"\s*:\s*"(?P<value>[^"]+)"')


class Vendor:
    """The vendors' rules, compiled when first asked: 0.3 s with `cache` filled, 4 s without.

    A folder that cannot be written or is open to others is not used; the rules are the same.
    """

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = cache

    @cached_property
    def _scanner(self) -> Scanner:
        from kingfisher_sdk import Rules, Scanner  # noqa: PLC0415 - 30 MB, for who scans only

        # No policy: with one, a comment in the file (`gitleaks:allow`) would switch rules off.
        rules = Rules(cache=self._cache is not None, cache_dir=self._cache)
        return Scanner(rules, base64=False, dedup=False, redact=False)

    def find(self, text: bytes, path: str) -> Iterator[Span]:  # noqa: ARG002 - of the protocol
        """The tokens in `text`.  The path is kept from the rules: some pass over whole folders."""
        for found in self._scanner.scan(_without_armour(text)):
            if not found.visible and _PUBLIC.search(found.rule_id):
                continue
            start, end = found.location["start_offset"], found.location["end_offset"]
            kind = _kind(found.rule_id)
            for begin, until in _tightened(text[start:end], found.rule_id):
                place = start + begin, start + until
                if not _is_of_a_blob(text, *place):
                    yield Span(*place, kind, f"vendor:{found.rule_id}")


def _without_armour(text: bytes) -> bytes:
    """The same length of text, without the heads of keys if there are very many.

    Kingfisher takes time by the square of their number if they have no end: 3 s for 12,000.  The
    armour is found by `structural.pem`, too.
    """
    if text.count(b"-----") <= _MANY:
        return text
    return _PRIVATE_KEY.sub(b"\\1\x1f", text)


def _kind(rule: str) -> Kind:
    return next((kind for pattern, kind in _KINDS if pattern.search(rule)), Kind.TOKEN)


def _is_of_a_blob(text: bytes, start: int, end: int) -> bool:
    """Whether what looks like a token is a piece of something long in base64."""
    before = start >= _BLOB_LENGTH and _BLOB.match(text, start - _BLOB_LENGTH)
    return bool(before or _BLOB.match(text, end)) and b"\n" not in text[start:end]


def _armoured(secret: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The lines of a key's body, up to what is none: the end of one may be that of another key."""
    at = start
    for run in _PEM_RUN.finditer(secret, start, end):
        if _NOT_ARMOUR.search(secret, at, run.start()):
            return
        at = run.end()
        if run["value"]:
            follows = secret[at : at + 1]
            if at - run.start() < _PEM_LINE and follows and follows not in b"\r\n\\\"'-":
                return
            yield run.span("value")


def _tightened(secret: bytes, rule: str) -> Iterator[tuple[int, int]]:
    """The values within what a rule takes for one, such as a URL or a key with its armour."""
    if rule.endswith(".private-key"):
        for armour in _PEM.finditer(secret):
            yield from _armoured(secret, *armour.span(1))
        return
    fields = [field.span("value") for field in _FIELDS.finditer(secret)]
    if fields:
        yield from fields
        return
    if _TIGHTER.search(rule):
        for pattern in _WITHIN:
            if match := pattern.search(secret):
                yield match.span("value")
                return
    yield 0, len(secret)
