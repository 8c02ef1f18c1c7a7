"""Faults of Content-Security-Policy: a browser skips what it does not know, and tells nobody."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Level, Rule
from workflow.semantics.nginx.rules.csp_changes import CSP_CHANGES
from workflow.semantics.nginx.rules.facts import (
    ADD_HEADER,
    ANSWERING,
    CSP,
    Finder,
    applied,
    nearest,
    site,
)
from workflow.semantics.nginx.rules.policies import (
    DIRECTIVES,
    GOOD,
    KEYWORDS,
    SOURCES,
    Policy,
    policies,
    said,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config
    from workflow.semantics.nginx.fault import Fault

_UNKNOWN = Finder("csp-unknown-directive", Level.FAULT)
_UNQUOTED = Finder("csp-unquoted-keyword", Level.FAULT)
_QUOTED = Finder("csp-invalid-source", Level.FAULT)
_NONE = Finder("csp-none-with-others", Level.FAULT)
_SEMICOLON = Finder("csp-missing-semicolon", Level.FAULT)
_DUPLICATE = Finder("csp-duplicate-directive", Level.FAULT)
_POLICIES = Finder("csp-two-policies", Level.DOUBT)
_VALUED = re.compile(r"(?:nonce|sha256|sha384|sha512|strict-dynamic-url|url-sha\d+)-.", re.DOTALL)
# Names of directives that no source is called by.
_SURE = DIRECTIVES - {"sandbox", "referrer", "webrtc"}
_NAME = re.compile(r"[a-z][a-z-]*\Z")
# Straight, typographic and backward quotes.
_QUOTES = "\"'`\u00b4\u2018\u2019\u201c\u201d"


def _unknown(config: Config) -> Iterator[Fault]:
    for policy in policies(config):
        for name, words in policy.directives:
            if name in DIRECTIVES or "$" in name:
                continue
            meant = nearest(name, DIRECTIVES)
            if meant or _NAME.match(name):
                cause = (
                    f"browsers skip `{name}`: no directive of Content-Security-Policy is called so"
                )
                fix = f"write `{meant}`" if meant else "take it out, or write the directive's name"
            else:
                cause = f"browsers skip `{name}`: it stands where a directive's name belongs"
                fix = "take the `;` before it away, so that it belongs to the directive there"
            yield _UNKNOWN.at(policy.item, cause=cause, fix=fix, key=(name, *words))


def _each_source(config: Config) -> Iterator[tuple[Policy, str, str]]:
    for policy in policies(config):
        for name, words in policy.directives:
            if name in SOURCES:
                yield from ((policy, name, word) for word in words if "$" not in word)


def _unquoted(config: Config) -> Iterator[Fault]:
    for policy, name, word in _each_source(config):
        bare = word.strip(_QUOTES).lower()
        is_keyword = bare in KEYWORDS or bool(_VALUED.match(bare))
        is_quoted = len(word) > 1 and word[0] == word[-1] == "'"
        if is_keyword and not is_quoted:
            yield _UNQUOTED.at(
                policy.item,
                cause=f"in `{name}`, browsers take `{word}` for a host: a keyword has quotes",
                fix=f"write `'{bare}'` in `{name}`",
                key=(policy.header, name, word),
            )


def _invalid(config: Config) -> Iterator[Fault]:
    for policy, name, word in _each_source(config):
        bare = word[1:-1].lower()
        if not (len(word) > 1 and word[0] == word[-1] == "'"):
            if word.endswith(","):
                yield _QUOTED.at(
                    policy.item,
                    cause=f"in `{name}`, the comma behind `{word[:-1]}` ends the whole policy",
                    fix="separate sources by blanks alone",
                    key=(policy.header, name, word),
                )
        elif bare not in KEYWORDS and not _VALUED.match(bare):
            meant = nearest(bare, KEYWORDS)
            yield _QUOTED.at(
                policy.item,
                cause=f"in `{name}`, browsers skip {word}: quotes are for keywords and hashes",
                fix=f"write `'{meant}'`" if meant else f"write `{word[1:-1]}` without quotes",
                key=(policy.header, name, word),
            )


def _none(config: Config) -> Iterator[Fault]:
    for policy in policies(config):
        for name, words in policy.directives:
            said = {word.lower() for word in words}
            # With a directive's name among them, it is the `;` that is missing.
            if name in SOURCES and "'none'" in said and len(said) > 1 and not said & DIRECTIVES:
                yield _NONE.at(
                    policy.item,
                    cause=f"in `{name}`, 'none' has no effect: other sources stand beside it",
                    fix=f"keep `'none'` alone in `{name}`, or take it out",
                    key=(policy.header, name, *words),
                )


def _semicolon(config: Config) -> Iterator[Fault]:
    for policy in policies(config):
        for name, words in policy.directives:
            for word in words:
                if word.lower() in _SURE:
                    yield _SEMICOLON.at(
                        policy.item,
                        cause=f"`{word}` has no effect: browsers read it as a source of `{name}`",
                        fix=f"put a `;` in front of `{word}`",
                        key=(policy.header, name, word),
                    )


def _duplicate(config: Config) -> Iterator[Fault]:
    for policy in policies(config):
        for name, times in Counter(name for name, _ in policy.directives).items():
            if times > 1 and name in DIRECTIVES:
                yield _DUPLICATE.at(
                    policy.item,
                    cause=f"`{name}` is there twice, and browsers skip all but the first",
                    fix=f"put all sources behind one `{name}`",
                    key=(policy.header, name),
                )


def _two(config: Config) -> Iterator[Fault]:
    for block in config.blocks(*ANSWERING):
        if not block.named(ADD_HEADER):
            continue
        found = [one for one in applied(block) if one.name == CSP and one.value]
        fixed = [one for one in found if not one.value.startswith("$")]
        if len(fixed) > 1:
            yield _POLICIES.at(
                fixed[-1].item,
                cause=(
                    f"answers of `{block.label}` carry {len(fixed)} policies: browsers apply each,"
                    " so only what all of them allow is allowed"
                ),
                fix="join them into one `add_header Content-Security-Policy`",
            )


CSP_RULES: tuple[Rule, ...] = (
    Rule(
        "csp-unknown-directive",
        "A directive of the policy that no browser knows",
        "A browser skips a directive whose name it does not know (CSP Level 3, 2.2.1), and what it"
        " was to forbid stays allowed.",
        bad=said("default-src 'self'; scripts-src 'self'; frame-ancestors 'none'"),
        good=said(GOOD),
        find=_unknown,
    ),
    Rule(
        "csp-unquoted-keyword",
        "A keyword of the policy without its quotes",
        "`self` without single quotes is a host called self (CSP Level 3, 2.3.1).",
        bad=said("default-src self; script-src 'self'; frame-ancestors 'none'"),
        good=said(GOOD),
        find=_unquoted,
    ),
    Rule(
        "csp-invalid-source",
        "A source of the policy that browsers cannot read",
        "Single quotes are for keywords, nonces and hashes; a comma ends a policy (CSP Level 3,"
        " 2.3.1 and 2.2.2; RFC 9110, 5.6.1).  A browser skips a source that it cannot read.",
        bad=said("default-src 'self'; script-src 'https://cdn.example.test'"),
        good=said("default-src 'self'; script-src https://cdn.example.test"),
        find=_invalid,
    ),
    Rule(
        "csp-none-with-others",
        "'none' beside other sources",
        "`'none'` counts only where it stands alone (CSP Level 3, 6.7.2.5).",
        bad=said("default-src 'none' https://cdn.example.test; frame-ancestors 'none'"),
        good=said("default-src https://cdn.example.test; frame-ancestors 'none'"),
        find=_none,
    ),
    Rule(
        "csp-missing-semicolon",
        "A directive of the policy is read as a source of the one before",
        "Only `;` ends a directive (CSP Level 3, 2.2.1); line ends and blanks do not.",
        bad=said("default-src 'self'; script-src 'self' frame-ancestors 'none'"),
        good=said(GOOD),
        find=_semicolon,
    ),
    Rule(
        "csp-duplicate-directive",
        "A directive stands twice in one policy",
        "A browser skips all but the first of a name (CSP Level 3, 2.2.1).",
        bad=said("script-src 'self'; script-src https://cdn.example.test"),
        good=said("script-src 'self' https://cdn.example.test"),
        find=_duplicate,
    ),
    Rule(
        "csp-two-policies",
        "Two policies for one answer",
        "Each policy of an answer is enforced (CSP Level 3, 8.1), so a second one can only forbid"
        " more.",
        bad=site(
            "add_header Content-Security-Policy \"default-src 'self'\" always;\n"
            "add_header Content-Security-Policy \"script-src 'self' https://a.example\" always;"
        ),
        good=said("default-src 'self'; script-src 'self' https://a.example"),
        find=_two,
    ),
    *CSP_CHANGES,
)
