"""How people ask for response headers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.providers.offline.intents import Scope, SetHeader
from workflow.providers.offline.literals import as_time, milliseconds_in, quoted
from workflow.providers.offline.refusals import refusal, vague
from workflow.providers.offline.scanner import phrase
from workflow.providers.offline.words import (
    CSP_DIRECTIVE,
    DET,
    LOCATION_SLOT,
    SCOPE_SLOTS,
    TIME,
    scope_of,
)

if TYPE_CHECKING:
    from workflow.providers.offline.scanner import Scanner


@dataclass(frozen=True, slots=True)
class _Known:
    """A header with its other names, the shape of its value, and a default if one is sound."""

    names: str
    value: str
    default: str = ""


_CROSS = r"same-origin|same-site|cross-origin"
_POLICIES = (
    r"no-referrer-when-downgrade|no-referrer|origin-when-cross-origin|origin|same-origin"
    r"|strict-origin-when-cross-origin|strict-origin|unsafe-url"
)
_FEATURE = r"[a-z-]+\s*=\s*(?:\*|\([^()\n]*\))"
KNOWN = {
    "Strict-Transport-Security": _Known(
        r"HSTS|Strict[ -]Transport[ -]Security",
        r"max-age=\d{1,10}(?:\s*;\s*includeSubDomains)?(?:\s*;\s*preload)?",
        "max-age=31536000",
    ),
    "X-Content-Type-Options": _Known(r"X-Content-Type-Options|nosniff", "nosniff", "nosniff"),
    "X-Frame-Options": _Known("X-Frame-Options", "DENY|SAMEORIGIN", "DENY"),
    "Referrer-Policy": _Known(r"Referrer[ -]Policy", _POLICIES, "strict-origin-when-cross-origin"),
    "Permissions-Policy": _Known(
        r"Permissions[ -]Policy",
        rf"{_FEATURE}(?:\s*,\s*{_FEATURE})*",
        "camera=(), geolocation=(), microphone=()",
    ),
    "Cross-Origin-Opener-Policy": _Known(
        "COOP|Cross-Origin-Opener-Policy",
        r"same-origin-allow-popups|same-origin|unsafe-none|noopener-allow-popups",
        "same-origin",
    ),
    "Cross-Origin-Resource-Policy": _Known(
        "CORP|Cross-Origin-Resource-Policy", _CROSS, "same-origin"
    ),
    "Cross-Origin-Embedder-Policy": _Known(
        "COEP|Cross-Origin-Embedder-Policy",
        r"require-corp|credentialless|unsafe-none",
        "require-corp",
    ),
    "Content-Security-Policy-Report-Only": _Known(
        r"Content-Security-Policy-Report-Only|CSP-Report-Only", r"(?!)"
    ),
    "Content-Security-Policy": _Known(r"Content-Security-Policy|CSP", r"(?!)"),
}
BUNDLE = ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy")

_VERB = (
    r"(?:add|set|send|enable|turn on|switch on|change|update|include|use|put|return|emit"
    r"|configure|introduce|need|want|activate|replace)"
)
_GENERIC = r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)+"
_KNOWN = "|".join(known.names for known in KNOWN.values())
_QUOTE = "[\"'`]?"
_TOKEN = (
    rf"(?:(?:add_header|(?:(?:security|response|http) )?header:?|headers:?) )?"
    rf"{_QUOTE}(?P<known>{_KNOWN}){_QUOTE}(?P<colon>\s*:)?"
    rf"(?: (?:(?:security|response|http) )?headers?(?P<colon2>\s*:)?)?"
)
_FREE = (
    rf"(?:add_header {_QUOTE}(?P<h1>[A-Za-z][A-Za-z0-9-]*){_QUOTE}"
    rf"|(?:(?:the|a|an) )?(?:(?:security|response|http) )*header:? (?:(?:named|called) )?"
    rf"{_QUOTE}(?P<h2>[A-Za-z][A-Za-z0-9-]*){_QUOTE}"
    rf"|{_QUOTE}(?P<h3>{_GENERIC}){_QUOTE}(?: (?:(?:response|http) )?header)?)(?P<colon>\s*:)?"
)
_TO = r"(?:(?:to|as|of|is|with|with (?:the |a )?value(?: of)?|value) )?(?:[:=]\s*)?"
HEAD = phrase(rf"(?:{_VERB} )?{DET}(?:response |security |http )?{_TOKEN}")
FREE_HEAD = phrase(rf"(?:{_VERB} |(?=add_header )){_FREE}")
BUNDLE_HEAD = phrase(
    rf"(?:{_VERB}) {DET}(?:(?:usual|standard|common|basic|recommended|missing|default|sensible) )*"
    r"security headers?"
)
NO_HEADER = phrase(rf"{_VERB} {DET}(?:(?:response|http|new) )*headers?")
_STRING = r"\"(?P<d>[^\"\n]*)\"|'(?P<s>[^'\n]*)'|`(?P<b>[^`\n]*)`"
_VALUE = phrase(rf"{_TO}(?:{_STRING})")
_BARE = phrase(
    rf"{_TO}(?P<bare>(?!and\b|in\b|on\b|for\b|header\b|always\b)[A-Za-z0-9*][\w*./=:+-]*?)"
)
_SUBDOMAINS = r"(?:(?:all )?sub[ -]?domains|includeSubDomains)"
_SLOTS = {
    "always": phrase(
        r"always|(?:on|for|to|in|with) (?:all|every|each) (?:the )?"
        r"(?:responses?|answers?|pages?|locations?)(?: too)?|everywhere"
    ),
    "noun": phrase(r"(?:(?:security|response|http) )?headers?"),
    "location": LOCATION_SLOT,
    **SCOPE_SLOTS,
}
_HSTS_SLOTS = {
    "age": phrase(
        rf"(?:(?:with|for|of|to|set to) )?(?:an? )?(?:max[- ]age\s*(?:of|to|=|:)?\s*(?P<age>{TIME})"
        rf"|(?:for|of|to) (?P<time>{TIME}))(?: max[- ]age)?;?"
    ),
    "one": phrase(r"(?:for|of) (?P<one>one|a) year"),
    "subdomains": phrase(
        rf"(?:(?:with|for|on|including|include|incl\.|and) )?(?:the )?{_SUBDOMAINS}(?: too)?;?"
    ),
    "preload": phrase(r"(?:with )?preload(?:ing)?"),
    **_SLOTS,
}


def _value(scanner: Scanner, pattern: str) -> str | None:
    """The value at the cursor: quoted, or in the header's own shape."""
    if match := scanner.take(_VALUE):
        return next(group for group in match.groupdict().values() if group is not None)
    if match := scanner.take(phrase(rf"{_TO}(?P<shaped>{pattern})")):
        return match["shaped"]
    return None


def _canonical(word: str) -> str:
    """The header's full name."""
    for name, known in KNOWN.items():
        if re.fullmatch(known.names.replace(" ", r"\s"), word, re.IGNORECASE):
            return name
    raise AssertionError(word)


def _checked(name: str, value: str) -> str:
    """The value, refused where it is not one of the header's own."""
    pattern = KNOWN[name].value
    if pattern == "(?!)":
        if not re.match(
            rf"\s*(?:{CSP_DIRECTIVE}|base-uri|sandbox|upgrade-insecure-requests)",
            value,
            re.IGNORECASE,
        ):
            message = f"'{value}' is not a Content-Security-Policy"
            raise refusal(message)
    elif not re.fullmatch(pattern, value, re.IGNORECASE):
        message = f"'{value}' is not a value of {name}"
        raise refusal(message)
    quoted(value)
    return value.upper() if name == "X-Frame-Options" else value


def _hsts(scanner: Scanner) -> tuple[str, bool, Scope]:
    """HSTS from its words: the value, whether its age is our choice, and the scope."""
    found = scanner.gather(_HSTS_SLOTS)
    names = {name for name, _ in found}
    seconds, assumed = 31536000, True
    for name, match in found:
        if name == "age":
            said = match["age"] or match["time"]
            seconds, assumed = (milliseconds_in(as_time(said)) or 0) // 1000, False
        elif name == "one":
            assumed = False
    value = f"max-age={seconds}"
    value += "; includeSubDomains" if "subdomains" in names else ""
    value += "; preload" if "preload" in names else ""
    return value, assumed, scope_of(found)


def _one(scanner: Scanner, word: str) -> SetHeader:
    """One known header, its head already taken."""
    name = _canonical(word)
    value = _value(scanner, KNOWN[name].value)
    if value is None and name == "Strict-Transport-Security":
        text, is_assumed, scope = _hsts(scanner)
        return SetHeader(name, text, is_assumed, scope=scope)
    scope = scope_of(scanner.gather(_SLOTS))
    if value is not None:
        return SetHeader(name, _checked(name, value), scope=scope)
    if not KNOWN[name].default:
        message = f"the request does not say which policy {name} should have"
        raise vague(message, f"set {name} to \"default-src 'self'\"")
    return SetHeader(name, KNOWN[name].default, is_assumed=True, scope=scope)


def _free(scanner: Scanner, match: re.Match[str]) -> SetHeader:
    """One header that we do not know, its head already taken."""
    name = match["h1"] or match["h2"] or match["h3"]
    value = _value(scanner, r"(?!)")
    if value is None and (bare := scanner.take(_BARE)):
        value = bare["bare"]
    if value is None:
        message = f"the request does not say which value the header {name} should have"
        raise vague(message, f'set header {name} to "value"')
    quoted(value)
    return SetHeader(name, value, scope=scope_of(scanner.gather(_SLOTS)))


_MORE_AFTER_MARK = re.compile(
    r"\s*(?:,\s*(?:and\s+)?|and\s+|plus\s+|&\s*)(?:the\s+|an?\s+)?(?:"
    + _TOKEN.replace(" ", r"\s+")
    + r")(?=[\s,;.!?):]|$)",
    re.IGNORECASE,
)


def take_header(scanner: Scanner) -> tuple[SetHeader, ...]:
    """The headers at the cursor; nothing if the words are about something else."""
    if scanner.take(BUNDLE_HEAD):
        scope = scope_of(scanner.gather(_SLOTS))
        return tuple(
            SetHeader(name, KNOWN[name].default, True, only_if_missing=True, scope=scope)
            for name in BUNDLE
        )
    if not (head := scanner.take(HEAD)):
        free = scanner.take(FREE_HEAD)
        return (_free(scanner, free),) if free else ()
    headers = [_one(scanner, head["known"])]
    while more := scanner.take(_MORE_AFTER_MARK):
        headers.append(_one(scanner, more["known"]))
    return tuple(headers)
