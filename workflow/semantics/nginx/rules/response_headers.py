"""Faults of `add_header`: what gets lost on the way from a server to its locations' answers."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Level, Rule
from workflow.semantics.nginx.rules.facts import (
    ADD_HEADER,
    ANSWERING,
    CSP,
    HSTS,
    ORIGIN,
    SECURITY,
    SETTING_HEADERS,
    Finder,
    applied,
    blocks_said,
    every_header,
    listed,
    number,
    own,
    sent,
    site,
    variable_of,
)
from workflow.semantics.nginx.rules.pairs import saying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault
    from workflow.semantics.nginx.rules.facts import Header

_REPORT_ONLY = f"{CSP}-report-only"
_INHERITANCE = Finder("header-inheritance", Level.FAULT)
_ALWAYS = Finder("header-without-always", Level.DOUBT)
_TWICE = Finder("header-twice", Level.FAULT)
_TYPE = Finder("header-content-type", Level.DOUBT)
_REMOVED = Finder("header-removed", Level.FAULT)
_BROKEN = Finder("header-broken", Level.FAULT)
# Headers of which a browser takes one, or none when there are two.
_ONCE = {
    ORIGIN: "browsers then refuse the answer to every other origin",
    "access-control-allow-credentials": "browsers then take it for false",
    "x-frame-options": "browsers then may ignore both",
    HSTS: "browsers read the first only (RFC 6797, 8.1)",
    "x-content-type-options": "browsers read the first only",
}
_MATTERS_ON_ERRORS = (CSP, HSTS, "x-frame-options", "x-content-type-options")
_HIDING = ("proxy_hide_header", "fastcgi_hide_header", "uwsgi_hide_header", "scgi_hide_header")
_BAD_NAME = re.compile(r"[^!#$%&'*+\-.^_`|~0-9A-Za-z]")


def _inheritance(config: Config) -> Iterator[Fault]:
    for block in config.blocks(*ANSWERING):
        mine = own(block)
        mode = block.effective("add_header_inherit")
        if not mine or block.parent is None or (mode and mode[-1].args == ("off",)):
            continue
        kept = {header.name for header in sent(block)} | {header.name for header in mine}
        lost = [one for one in applied(block.parent) if one.value and one.name not in kept]
        if not lost:
            continue
        names = list(dict.fromkeys(one.said for one in lost))
        guards = [one for one in lost if one.name in SECURITY]
        repeats = {one.name for one in applied(block.parent)} & kept
        inner = block.label
        yield _INHERITANCE.at(
            mine[0].item,
            cause=(
                f"`{inner}` has an add_header of its own, so its answers lose"
                f" {number(len(names), 'inherited header')}: {listed(names)}"
            ),
            fix=(
                f"repeat {'them' if len(names) > 1 else 'it'} in `{inner}`, or put the headers in"
                " a snippet that both blocks include"
                " (nginx 1.29.3 and later: `add_header_inherit merge;` in this block)"
            ),
            parts=tuple(sorted(one.name for one in lost)),
            level=Level.FAULT if guards and not repeats else Level.DOUBT,
        )


def _without_always(config: Config) -> Iterator[Fault]:
    for block in config.blocks(*ANSWERING):
        weak = [one for one in own(block) if one.name in _MATTERS_ON_ERRORS and not one.always]
        if weak := [one for one in weak if one.value]:
            names = list(dict.fromkeys(one.said for one in weak))
            yield _ALWAYS.at(
                weak[0].item,
                cause=f"without `always`, error answers (4xx, 5xx) go out without {listed(names)}",
                fix=f"put `always` behind the value of {listed(names)}",
                parts=tuple(sorted(one.name for one in weak)),
            )


def _twice(config: Config) -> Iterator[Fault]:
    for block in config.blocks(*ANSWERING):
        if not block.named(ADD_HEADER):
            continue
        counted = [one for one in applied(block) if one.value and not variable_of(one.value)]
        times = Counter(one.name for one in counted)
        for name, why in _ONCE.items():
            if times[name] > 1:
                last = [one for one in counted if one.name == name][-1]
                yield _TWICE.at(
                    last.item,
                    cause=f"{block.label} sends {last.said} {times[name]} times: {why}",
                    fix=f"keep one `add_header {last.said}`",
                    key=(name,),
                )


def _content_type(config: Config) -> Iterator[Fault]:
    for header in every_header(config):
        if header.name == "content-type" and not _is_hidden(header):
            yield _TYPE.at(
                header.item,
                cause="add_header adds a second Content-Type and leaves nginx's own in place",
                fix=f'say `default_type "{header.value}";` instead (and `types {{}}` for files)',
                key=(header.value,),
            )


def _is_hidden(header: Header) -> bool:
    """Whether the application's own header of that name is left out."""
    block = header.item.parent
    hidden = [
        arg
        for name in _HIDING
        for one in (block.effective(name) if block else ())
        for arg in one.args
    ]
    return header.name in {arg.lower() for arg in hidden}


def _removed(base: Config, patched: Config) -> Iterator[Fault]:
    told: set[tuple[int, str]] = set()
    lost: dict[tuple[str, ...], list[Item]] = {}
    for pair in saying(base, patched, *SETTING_HEADERS):
        if pair.is_gone:
            continue
        new = pair.new
        before = {one.name: one for one in sent(pair.old) if one.name in SECURITY}
        gone = [name for name in before if name not in _still(new)]
        fresh = [name for name in gone if not any((id(one), name) in told for one in new.around)]
        told.update((id(new), name) for name in gone)
        if fresh:
            lost.setdefault(tuple(before[name].said for name in fresh), []).append(new)
    for names, blocks in lost.items():
        it = "it" if len(names) == 1 else "them"
        where = blocks_said(blocks)
        yield _REMOVED.at(
            blocks[0],
            cause=f"answers of {where} had {listed(names)} and no longer have {it}",
            fix=f"keep the `add_header` of {listed(names)} for {where}",
            key=tuple(sorted(names)),
        )


def _still(block: Item) -> set[str]:
    """The headers that answers have, and those whose loss other rules tell."""
    names = {one.name for one in sent(block)}
    if _REPORT_ONLY in names:
        names.add(CSP)
    if block.parent and (mine := own(block)):
        outer = {one.name for one in applied(block.parent)}
        if not outer & {one.name for one in mine}:
            names |= outer
    return names


def _broken(config: Config) -> Iterator[Fault]:
    for header in every_header(config):
        raw = header.item.args[0]
        if "\n" in header.value or "\r" in header.value:
            yield _BROKEN.at(
                header.item,
                cause=(
                    f"the value of {header.said} holds a line break, which nginx sends as it is:"
                    " over HTTP/2 and HTTP/3, clients refuse the whole answer"
                ),
                fix="write the value on one line",
                key=(header.name,),
            )
        elif _BAD_NAME.search(raw) and "$" not in raw:
            yield _BROKEN.at(
                header.item,
                cause=f"`{raw}` is no header name, so clients drop the header or the answer",
                fix=f"write the name alone: `add_header {_BAD_NAME.sub('', raw)} ...`",
                key=(header.name,),
            )


RESPONSE_HEADERS: tuple[Rule, ...] = (
    Rule(
        "header-inheritance",
        "A block's own add_header drops all inherited ones",
        "nginx hands `add_header` down only to blocks that have none of their own"
        " (ngx_http_headers_module, add_header).  One header in a location, or in an `if`, takes"
        " every header of the server from its answers.  It is a fault when headers are lost that"
        " protect users and none of them is repeated, else a doubt.",
        bad=site(
            """
add_header X-Frame-Options DENY always;

location /assets/ {
    add_header Cache-Control public;
}
"""
        ),
        good=site(
            """
add_header X-Frame-Options DENY always;

location /assets/ {
    add_header X-Frame-Options DENY always;
    add_header Cache-Control public;
}
"""
        ),
        find=_inheritance,
    ),
    Rule(
        "header-without-always",
        "A header that protects users is missing on errors",
        "Without the parameter `always`, `add_header` works for the status codes 200, 201, 204,"
        " 206, 301, 302, 303, 304, 307 and 308 only (ngx_http_headers_module, add_header)."
        "  Error pages of an application are pages, too.",
        bad=site("add_header X-Frame-Options DENY;"),
        good=site("add_header X-Frame-Options DENY always;"),
        find=_without_always,
    ),
    Rule(
        "header-twice",
        "A header that may be there once is sent twice",
        "`add_header` always adds: a second one of the same name is a second header line, and of"
        " some headers a browser takes one or none (RFC 6797, 8.1; Fetch, CORS check; RFC 7034).",
        bad=site(
            "add_header X-Frame-Options DENY always;\nadd_header X-Frame-Options DENY always;"
        ),
        good=site("add_header X-Frame-Options DENY always;"),
        find=_twice,
    ),
    Rule(
        "header-content-type",
        "Content-Type is set with add_header",
        "nginx sends a Content-Type of its own (`types`, `default_type`); `add_header` puts a"
        " second one beside it (ngx_http_headers_module, add_header; RFC 9110, 8.3).",
        bad=site(
            """
location = /ready {
    add_header Content-Type text/plain;
    return 200 "ok";
}
"""
        ),
        good=site(
            """
location = /ready {
    default_type text/plain;
    return 200 "ok";
}
"""
        ),
        find=_content_type,
    ),
    Rule(
        "header-removed",
        "A change takes away a header that protects users",
        "Compares the headers that answers get in base and patched, per server and location with"
        " inheritance applied (ngx_http_headers_module, add_header; headers-more).  Headers that"
        " are lost because a block has its own are told by `header-inheritance`.",
        bad=site("add_header X-Frame-Options DENY always;"),
        good=site(
            "add_header X-Content-Type-Options nosniff always;\n"
            "add_header X-Frame-Options DENY always;"
        ),
        compare=_removed,
    ),
    Rule(
        "header-broken",
        "A header's name or value cannot be sent as it is written",
        "nginx sends names and values as they are.  A colon or a blank in the name makes another"
        " header (RFC 9110, 5.1); an answer with a line break in a value is malformed (RFC 9113,"
        " 8.2.1; RFC 9114, 4.2).",
        bad=site('add_header "Referrer-Policy:" no-referrer always;'),
        good=site("add_header Referrer-Policy no-referrer always;"),
        find=_broken,
    ),
)
