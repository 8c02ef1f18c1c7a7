"""Faults of a change to a Content-Security-Policy: what it was there to stop gets through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Level, Rule
from workflow.semantics.nginx.rules.facts import (
    CSP,
    SETTING_HEADERS,
    Finder,
    sent,
    site,
    texts_of,
)
from workflow.semantics.nginx.rules.pairs import saying
from workflow.semantics.nginx.rules.policies import (
    FETCH,
    GOOD,
    REPORT_ONLY,
    SOURCES,
    Policy,
    policy_of,
    said,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_WEAKENED = Finder("csp-weakened", Level.FAULT)
_NOT_ENFORCED = Finder("csp-report-only", Level.FAULT)


def _enforced(block: Item, config: Config) -> tuple[Policy, ...]:
    return tuple(
        policy_of(one.name, text, one.item)
        for one in sent(block)
        if one.name == CSP
        for text in texts_of(config, one.value)
    )


# What makes a policy allow scripts of an attacker, and how much that weighs.
_OPEN = {
    "*": Level.FAULT,
    "'unsafe-inline'": Level.FAULT,
    "http:": Level.FAULT,
    "https:": Level.DOUBT,
    "data:": Level.FAULT,
    "blob:": Level.DOUBT,
    "'unsafe-eval'": Level.DOUBT,
}


def _weakened(base: Config, patched: Config) -> Iterator[Fault]:
    told: set[tuple[int, str]] = set()
    for pair in saying(base, patched, *SETTING_HEADERS):
        old, new = _enforced(pair.old, base), _enforced(pair.new, patched)
        if pair.is_gone or len(old) != 1 or len(new) != 1:
            continue
        for what, cause, level in _lost(old[0], new[0]):
            if (id(new[0].item), what) not in told:
                told.add((id(new[0].item), what))
                fix = "allow the scripts that need it by a nonce or a hash, or keep the old policy"
                yield _WEAKENED.at(new[0].item, cause=cause, fix=fix, key=(what,), level=level)


def _lost(old: Policy, new: Policy) -> Iterator[tuple[str, str, Level]]:
    """What a policy stopped to forbid: its name, a sentence, and its weight."""
    before, after = old.scripts, new.scripts
    if before is not None and after is None:
        cause = "the policy no longer says where scripts may come from, so they may from anywhere"
        yield "script-src", cause, Level.FAULT
    elif before is not None and after is not None:
        known = {word.lower() for word in before}
        strict = any(word.lower().startswith(("'nonce-", "'sha")) for word in after)
        for word in dict.fromkeys(word.lower() for word in after):
            if word in _OPEN and word not in known and not (strict and word == "'unsafe-inline'"):
                cause = (
                    f"the policy now allows scripts from `{word}`, as an attacker would bring them"
                )
                yield word, cause, _OPEN[word]
    yield from _opened(old, new)


def _opened(old: Policy, new: Policy) -> Iterator[tuple[str, str, Level]]:
    """Directives, but for those of scripts, that allow every host now."""
    for name, words in new.directives:
        if name in SOURCES - {"script-src", "default-src"} and "*" in words:
            before = old.get(name) or (old.get("default-src") if name in FETCH else None)
            if before is not None and "*" not in before:
                yield name, f"the policy's `{name}` now allows every host", Level.DOUBT
    for name in ("frame-ancestors", "base-uri", "form-action", "object-src"):
        if old.get(name) is None or new.get(name) is not None:
            continue
        if name != "object-src" or new.get("default-src") is None:
            yield name, f"the policy lost `{name}`, which falls back to nothing", Level.DOUBT


def _report_only(base: Config, patched: Config) -> Iterator[Fault]:
    told: set[int] = set()
    for pair in saying(base, patched, *SETTING_HEADERS):
        before = {one.name for one in sent(pair.old)}
        after = {one.name: one for one in sent(pair.new)}
        if pair.is_gone or CSP not in before or CSP in after or REPORT_ONLY not in after:
            continue
        if id(item := after[REPORT_ONLY].item) not in told:
            told.add(id(item))
            yield _NOT_ENFORCED.at(
                item,
                cause="the policy is reported and no longer enforced: nothing is blocked now",
                fix="keep `add_header Content-Security-Policy` beside the new header",
            )


CSP_CHANGES: tuple[Rule, ...] = (
    Rule(
        "csp-weakened",
        "A change lets a policy allow what it was there to stop",
        "Compares where scripts may come from, and the directives that have no fallback (CSP Level"
        " 3, 6.1).  Inline scripts, any host, and `data:` are faults, for an attacker's script is"
        " one of them; `'unsafe-eval'` and `https:` are doubts.",
        bad=said("default-src 'self'; script-src 'self' 'unsafe-inline'; frame-ancestors 'none'"),
        good=said(GOOD),
        compare=_weakened,
    ),
    Rule(
        "csp-report-only",
        "A change turns an enforced policy into one that only reports",
        "`Content-Security-Policy-Report-Only` blocks nothing (CSP Level 3, 3.2).",
        bad=site(f'add_header Content-Security-Policy-Report-Only "{GOOD}" always;'),
        good=said(GOOD),
        compare=_report_only,
    ),
)
