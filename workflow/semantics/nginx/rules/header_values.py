"""Faults of what is written in a header: names and values that no browser knows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Level, Rule
from workflow.semantics.nginx.rules.facts import (
    HSTS,
    SECURITY,
    SETTING_HEADERS,
    Finder,
    every_header,
    is_tls,
    nearest,
    own,
    site,
    texts_of,
    tls_site,
)
from workflow.semantics.nginx.rules.pairs import saying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_NAME = Finder("header-misspelled", Level.FAULT)
_VALUE = Finder("header-value", Level.FAULT)
_HSTS = Finder("hsts-value", Level.FAULT)
_PLAIN = Finder("hsts-on-plain-http", Level.DOUBT)
_WEAKER = Finder("hsts-weakened", Level.DOUBT)
# Names that are close to one of `SECURITY` and right.
_ALSO = {
    "access-control-expose-headers",
    "access-control-max-age",
    "content-security-policy-report-only",
    "cross-origin-embedder-policy-report-only",
    "cross-origin-opener-policy-report-only",
    "x-content-security-policy",
    "x-content-type",
}
_REQUESTED = {
    name.lower(): name
    for name in (
        "Authorization",
        "Connection",
        "Forwarded",
        "Host",
        "Upgrade",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
        "X-Forwarded-Prefix",
        "X-Forwarded-Server",
        "X-Forwarded-User",
        "X-Forwarded-Path",
        "X-Forwarded-Scheme",
        "X-Forwarded-Ssl",
        "X-Real-IP",
        "X-Real-Port",
        "X-Request-ID",
    )
}
_POLICIES = (
    *("no-referrer", "no-referrer-when-downgrade", "origin", "origin-when-cross-origin"),
    *("same-origin", "strict-origin", "strict-origin-when-cross-origin", "unsafe-url"),
)
# What each header may say, in lower case (Fetch; HTML, 7; Referrer Policy; RFC 7034).
_ALLOWED = {
    "x-content-type-options": ("nosniff",),
    "x-frame-options": ("deny", "sameorigin"),
    "referrer-policy": _POLICIES,
    "cross-origin-opener-policy": (
        *("same-origin", "same-origin-allow-popups", "unsafe-none"),
        *("noopener-allow-popups", "same-origin-plus-coep"),
    ),
    "cross-origin-embedder-policy": ("require-corp", "credentialless", "unsafe-none"),
    "cross-origin-resource-policy": ("same-site", "same-origin", "cross-origin"),
    "access-control-allow-credentials": ("true",),
}
_LISTS = {"referrer-policy"}
# `camera=(), geolocation=(self "https://a.example"), fullscreen=*;report-to=x`
_FEATURE = re.compile(r'[a-z][a-z0-9-]*=(?:\*|\([^()]*\)|self|"[^"]*"|src)(?:;[^,]*)?')
_TOKEN = re.compile(r"[a-z0-9_-]{1,100}")
_DAY_S = 86_400
_YEAR_S = 31_536_000
_MAX_AGE = re.compile(r'max-age\s*=\s*"?(\d{1,12})"?\Z', re.IGNORECASE)


def _misspelled(config: Config) -> Iterator[Fault]:
    for directive, known in (("add_header", SECURITY), ("proxy_set_header", _REQUESTED)):
        for item in config.every(directive):
            name = item.args[0].lower() if item.args else ""
            if name in known or name in _ALSO or not _TOKEN.fullmatch(name):
                continue  # what is no name at all is the matter of `header-broken`
            if meant := nearest(name, known):
                yield _NAME.at(
                    item,
                    cause=f"nobody reads a header `{item.args[0]}`; {known[meant]} is not set",
                    fix=f"write `{directive} {known[meant]} ...`",
                    key=(directive, name),
                )


def _values(config: Config) -> Iterator[Fault]:
    for header in every_header(config):
        if not header.value or "$" in header.value:
            continue
        if header.name == "permissions-policy":
            wrong = _bad_features(header.value)
            hint = "a feature is written `camera=()`, `camera=(self)` or `camera=*`"
        else:
            wrong = _bad_value(header.name, header.value)
            hint = f"it may be {', '.join(_ALLOWED.get(header.name, ()))}"
        if wrong:
            is_old = header.name == "x-frame-options" and wrong.lower().startswith("allow-from ")
            yield _VALUE.at(
                header.item,
                cause=f"browsers ignore {header.said}: they do not know its value `{wrong}`",
                fix=(
                    "say who may frame the page with `frame-ancestors` in Content-Security-Policy"
                    if is_old
                    else f"mend the value: {hint}"
                ),
                key=(header.name, wrong),
                level=Level.DOUBT if is_old else None,
            )


def _bad_value(name: str, value: str) -> str:
    """The part of a value that is not among those allowed; nothing where there is none."""
    allowed = _ALLOWED.get(name)
    if allowed is None:
        return ""
    parts = value.split(",") if name in _LISTS else [value.partition(";")[0]]
    for part in (one.strip() for one in parts):
        # NOTE: Fetch takes `true` in lower case alone.
        said = part if name.endswith("-credentials") else part.lower()
        if said not in allowed:
            return part or value
    return ""


def _bad_features(value: str) -> str:
    """The first feature of a Permissions-Policy that is no structured field (RFC 8941)."""
    for part in value.rstrip().rstrip(",").split(","):
        if part.strip() and not _FEATURE.fullmatch(part.strip()):
            return part.strip()
    return ""


def _hsts(config: Config) -> Iterator[Fault]:
    for header in every_header(config):
        if header.name != HSTS:
            continue
        for text in texts_of(config, header.value):
            if text and "$" not in text and (said := _hsts_fault(text)):
                cause, fix, level = said
                yield _HSTS.at(header.item, cause=cause, fix=fix, key=(text,), level=level)


def _hsts_fault(value: str) -> tuple[str, str, Level] | None:
    """What is wrong with a Strict-Transport-Security (RFC 6797, 6.1; hstspreload.org)."""
    parts = [part.strip() for part in value.split(";") if part.strip()]
    age = next((int(found[1]) for part in parts if (found := _MAX_AGE.match(part))), None)
    if age is None:
        cause = f"browsers ignore Strict-Transport-Security: `{value}` has no valid max-age"
        return cause, "write `max-age=31536000; includeSubDomains`", Level.FAULT
    flags = {part.lower() for part in parts if not _MAX_AGE.match(part)}
    if wrong := sorted(flags - {"includesubdomains", "preload"}):
        cause = f"browsers ignore `{wrong[0]}` in Strict-Transport-Security"
        return cause, "write `includeSubDomains` and `preload`, with `;` between", Level.FAULT
    if age == 0:
        cause = "`max-age=0` tells browsers to forget Strict-Transport-Security"
        return cause, "write `max-age=31536000`", Level.DOUBT
    if age < _DAY_S:
        cause = f"Strict-Transport-Security holds for {age} seconds only, less than a day"
        return cause, "write `max-age=31536000` when the trial is over", Level.DOUBT
    if "preload" in flags and (age < _YEAR_S or "includesubdomains" not in flags):
        cause = "`preload` needs includeSubDomains and a max-age of a year, so no list takes it"
        return cause, "write `max-age=31536000; includeSubDomains; preload`", Level.DOUBT
    return None


def _on_plain(config: Config) -> Iterator[Fault]:
    for server in config.servers:
        sends = next((one for one in own(server) if one.name == HSTS and one.value), None)
        to_tls = any("https://" in arg for one in server.named("return") for arg in one.args)
        if sends and to_tls and not is_tls(server):
            yield _PLAIN.at(
                sends.item,
                cause="browsers ignore Strict-Transport-Security in answers over plain HTTP",
                fix="move the header into the server that listens with `ssl`",
            )


def _weaker(base: Config, patched: Config) -> Iterator[Fault]:
    told: set[int] = set()
    for pair in saying(base, patched, *SETTING_HEADERS):
        old, new = _said(pair.old), _said(pair.new)
        if pair.is_gone or old is None or new is None or id(new[1]) in told:
            continue
        lost = [
            name for name in ("includeSubDomains", "preload") if name.lower() in old[2] - new[2]
        ]
        if new[0] < old[0]:
            lost.append(f"max-age {old[0]} (now {new[0]})")
        if lost:
            told.add(id(new[1]))
            yield _WEAKER.at(
                new[1],
                cause=f"Strict-Transport-Security protects less: it lost {', '.join(lost)}",
                fix="keep the old value",
                key=tuple(lost),
                level=None if new[0] else Level.FAULT,
            )


def _said(block: Item) -> tuple[int, Item, frozenset[str]] | None:
    """The max-age, the directive and the other words of the HSTS header that applies."""
    for item in block.effective("add_header"):
        if len(item.args) > 1 and item.args[0].lower() == HSTS:
            parts = [part.strip().lower() for part in item.args[1].split(";")]
            ages = [int(found[1]) for part in parts if (found := _MAX_AGE.match(part))]
            return (ages[0], item, frozenset(parts)) if ages else None
    return None


_HSTS_LINE = "add_header Strict-Transport-Security"
HEADER_VALUES: tuple[Rule, ...] = (
    Rule(
        "header-misspelled",
        "A header's name is one letter away from the one that was meant",
        "nginx sends and passes on whatever name it is given.  A browser or an application that"
        " does not know the name ignores the header, and nothing complains.",
        bad=site("add_header X-Content-Type-Option nosniff always;"),
        good=site("add_header X-Content-Type-Options nosniff always;"),
        find=_misspelled,
    ),
    Rule(
        "header-value",
        "A header has a value that browsers do not know",
        "A browser ignores the whole header then (Fetch, `X-Content-Type-Options` and CORS; HTML,"
        " `X-Frame-Options` and cross-origin policies; Referrer Policy; Permissions Policy is a"
        " structured field, RFC 8941).  `ALLOW-FROM` is a doubt: it once meant something.",
        bad=site("add_header X-Frame-Options ALLOWALL always;"),
        good=site("add_header X-Frame-Options SAMEORIGIN always;"),
        find=_values,
    ),
    Rule(
        "hsts-value",
        "Strict-Transport-Security is invalid, or protects for no time",
        "Without a valid `max-age` a browser ignores the header, and unknown words in it, too"
        " (RFC 6797, 6.1).  A max-age under a day, `max-age=0` and a `preload` that no list will"
        " take are doubts.",
        bad=tls_site(f'{_HSTS_LINE} "includeSubDomains" always;'),
        good=tls_site(f'{_HSTS_LINE} "max-age=31536000; includeSubDomains" always;'),
        find=_hsts,
    ),
    Rule(
        "hsts-on-plain-http",
        "Strict-Transport-Security is sent where no browser heeds it",
        "A browser must ignore the header in an answer over plain HTTP (RFC 6797, 8.1), so in the"
        " server that redirects to https it does nothing.",
        bad=site(
            f'{_HSTS_LINE} "max-age=31536000" always;\nreturn 301 https://example.test$request_uri;'
        ),
        good=site("return 301 https://example.test$request_uri;"),
        find=_on_plain,
    ),
    Rule(
        "hsts-weakened",
        "A change makes Strict-Transport-Security protect less",
        "Compares max-age, includeSubDomains and preload of base and patched.  Browsers take the"
        " new value at the next visit (RFC 6797, 8.1).",
        bad=tls_site(f'{_HSTS_LINE} "max-age=31536000" always;'),
        good=tls_site(f'{_HSTS_LINE} "max-age=31536000; includeSubDomains" always;'),
        compare=_weaker,
    ),
)
