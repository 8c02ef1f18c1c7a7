"""HTTP headers that carry credentials, in traffic, in configuration and in code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.redaction.interface import Kind, Span
from workflow.redaction.plausible import is_boilerplate, is_random, is_reference, is_value
from workflow.redaction.structural.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.redaction.structural.source import Source

_CREDENTIAL = re.compile(rb"[^\s\"'`<>,;\\)\]}]++")
_SPACE = re.compile(rb"[ \t]*\\{0,3}[\"']?(?:token=)?")


_HEADER = re.compile(
    rb"(?i)authorization[\"'`\\]*[ \t]*[:=, ]?[ \t]*"
    rb"(?:\\*[\"']?value\\*[\"']?[ \t]*[:=][ \t]*)?[\"'`\\]*[\w-]+[ \t]+\Z"
)
# So long a value of a header is one without a digit, too.
_LONG = 16
_DIGIT = re.compile(rb"\d")


def _scheme(source: Source, at: int) -> Iterator[Span]:
    """What follows `Bearer `, `Basic ` and the like, wherever they stand."""
    text = source.text
    space = _SPACE.match(text, at)
    start = space.end() if space else at
    end = source.run(_CREDENTIAL, start)
    while end > start and text[end - 1] in b".:" and text[end : end + 1] not in {b'"', b"'"}:
        end -= 1
    value = text[start : min(end, start + 1024)]
    if _HEADER.search(text, max(0, at - 64), at):
        if is_value(value, sure=True, quoted=True) and (
            len(value) >= _LONG or _DIGIT.search(value)
        ):
            yield Span(start, end, Kind.TOKEN, "header")
    elif is_random(value, 8) and not is_reference(value) and not is_boilerplate(value):
        yield Span(start, end, Kind.TOKEN, "header")


_PAIR = re.compile(rb"[ \t]*([^=;,\s\"']{1,128})=([^;\s\"'\\`<>]+);?")
_ATTRIBUTES = frozenset(
    b"path domain expires max-age samesite secure httponly priority version".split()
)
_COOKIE_START = re.compile(rb"[ \t]*[\"'`,:=]{0,3}[ \t]*[\"'`]?")


def _cookies(source: Source, at: int) -> Iterator[Span]:
    """The values of a `Cookie:` or `Set-Cookie:` header that look like a session's."""
    opened = _COOKIE_START.match(source.text, at)
    at = opened.end() if opened else at
    if not source.reads_on("cookie", at, at):
        return
    while pair := _PAIR.match(source.text, at):
        at = source.listed["cookie"] = pair.end()
        name, value = pair[1].lower(), pair[2]
        if name not in _ATTRIBUTES and not is_reference(value) and not is_boilerplate(value):
            is_session = re.search(rb"sess|sid|auth|token|jwt|login|remember|csrf|xsrf|id\Z", name)
            if is_random(value, 16) or (
                is_session and len(value) >= _LONG // 2 and re.search(rb"\d", value)
            ):
                yield Span(*pair.span(2), Kind.COOKIE, "cookie")


_DIGEST = re.compile(rb"[^\n]{0,1024}?\bresponse=\"?([0-9a-fA-F]{32,64})")


def _digest(source: Source, at: int) -> Iterator[Span]:
    """The answer within `Authorization: Digest …`."""
    found = _DIGEST.match(source.text, at)
    if found:
        yield Span(*found.span(1), Kind.TOKEN, "header")


RULES = (
    Rule(rb"\b(?:bearer|basic|apikey|api-key)[ \t]+", _scheme, caseless=True),
    Rule(
        rb"authorization[\"'`]?[ \t]*[:=, ][ \t]*[\"'`]?(?:token|key|sso-key|splunk|genie-?key|"
        rb"negotiate)[ \t]+",
        _scheme,
        caseless=True,
    ),
    Rule(
        rb"authorization[\"'`]?[ \t]*[:=, ][ \t]*[\"'`]?digest[ \t]+",
        _digest,
        caseless=True,
    ),
    Rule(rb"\b(?:set-)?cookie[\"'`]?[ \t]*[:=, ][ \t]*[\"'`]?", _cookies, caseless=True),
)
