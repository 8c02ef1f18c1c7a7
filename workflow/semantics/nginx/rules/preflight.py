"""Faults of preflights: the OPTIONS request by which a browser asks before it calls.

A browser calls only when the answer has a status from 200 to 299 and the headers that allow the
call (Fetch, 4.8).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Level, Rule
from workflow.semantics.nginx.rules.facts import ORIGIN, Finder, applied, own, site
from workflow.semantics.nginx.rules.pairs import pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_BARE = Finder("cors-preflight-without-headers", Level.FAULT)
_DENIED = Finder("cors-preflight-denied", Level.FAULT)
_LOST = Finder("cors-preflight-lost", Level.FAULT)
_ASKING = {"access-control-allow-methods", "access-control-allow-headers"}
_CONDITION = re.compile(r"\(\s*\$request_method\s*(!?=|!?~\*?)\s*(.+?)\s*\)\Z", re.DOTALL)
_NAMES = re.compile(r"\^?\(?(?:\?:)?([A-Z|]+)\)?\$?\Z", re.IGNORECASE)
_FINE = range(200, 300)
_OPTIONS = "OPTIONS"
_FIX = "if ($request_method = OPTIONS) { return 204; }"
_MAX_CONDITION = 500


def _is_met(block: Item) -> bool | None:
    """Whether an OPTIONS request gets into an `if`; `None` where that cannot be told."""
    found = _CONDITION.match(" ".join(block.args)[:_MAX_CONDITION])
    if not found:
        return None
    operator, operand = found[1], found[2].strip("\"'")
    if operator in {"=", "!="}:
        return (operand == _OPTIONS) is (operator == "=")
    # NOTE: patterns of a configuration are read, never run.
    if not (names := _NAMES.match(operand)):
        return None
    return (_OPTIONS in names[1].upper().split("|")) is not operator.startswith("!")


def _answer(block: Item) -> tuple[int, Item] | None:
    """The status that the rewriting of a server or location gives to OPTIONS, and its `return`."""
    for item in block.items:
        if item.name == "return" and item.args:
            code = item.args[0]
            return (int(code), item) if code.isdecimal() and len(code) == len("405") else None
        if item.name == "if" and item.is_block:
            met = _is_met(item)
            if met is None and item.named("return", "rewrite"):
                return None
            if met and (inner := item.named("return")) and inner[0].args:
                code = inner[0].args[0]
                return (int(code), inner[0]) if code.isdecimal() else (302, inner[0])
        if item.name == "limit_except" and item.is_block:
            methods = {arg.upper() for arg in item.args}
            denies = any(one.args[:1] == ("all",) for one in item.named("deny"))
            if denies and _OPTIONS not in methods:
                return (403, item)
    return None


def _preflight(location: Item) -> tuple[int, Item] | None:
    server = location.within("server")
    first = _answer(server) if server and server is not location else None
    return first or _answer(location)


def _allows_origins(block: Item) -> bool:
    return any(one.name == ORIGIN and one.value for one in applied(block))


def _bare(config: Config) -> Iterator[Fault]:
    meant: dict[int, bool] = {}  # the locations that allow origins anywhere
    for block in config.blocks("if"):
        outer = block.parent
        answers = block.named("return")
        if outer is None or not answers or not answers[0].args or not _is_met(block):
            continue
        code = answers[0].args[0]
        if not code.isdecimal() or int(code) not in _FINE or _allows_origins(block):
            continue
        if id(outer) not in meant:
            meant[id(outer)] = any(_allows_origins(one) for one in (outer, *outer.named("if")))
        if meant[id(outer)]:
            yield _BARE.at(
                answers[0],
                cause=(
                    f"the preflight of `{outer.label}` is answered without"
                    " Access-Control-Allow-Origin, so browsers do not make the call"
                ),
                fix="repeat the Access-Control headers in this `if`",
            )


def _invites(location: Item) -> bool:
    """Whether a location itself says what may be asked of it, not only what all around it say."""
    around = applied(location.parent) if location.parent else ()
    known = {(one.name, one.value) for one in around}
    return any(one.name in _ASKING and (one.name, one.value) not in known for one in own(location))


def _denied(config: Config) -> Iterator[Fault]:
    for location in config.blocks("location"):
        if not _invites(location) or not _allows_origins(location):
            continue
        answer = _preflight(location)
        if answer and answer[0] not in _FINE:
            yield _DENIED.at(
                answer[1],
                cause=(
                    f"a preflight for `{location.label}` gets {answer[0]}, so browsers do not make"
                    " the calls that its Access-Control headers allow"
                ),
                fix=f"put `{_FIX}` before it, and keep the headers on that answer",
                key=(location.label, str(answer[0])),
            )


def _lost(base: Config, patched: Config) -> Iterator[Fault]:
    for pair in pairs(base, patched):
        if pair.is_gone or pair.new.name != "location" or not _allows_origins(pair.new):
            continue
        before, after = _preflight(pair.old), _preflight(pair.new)
        was_fine = before is not None and before[0] in _FINE and pair.old.words == pair.new.words
        if was_fine and before and (after is None or after[0] not in _FINE):
            what = f"gets {after[0]}" if after else "goes to what stands behind nginx"
            yield _LOST.at(
                after[1] if after else pair.new,
                cause=(
                    f"a preflight for `{pair.new.label}` was answered with {before[0]} and now"
                    f" {what}, so browsers may not make the call"
                ),
                fix=f"keep `{_FIX}`, above other conditions",
                key=(pair.new.label,),
                level=Level.FAULT if after else Level.DOUBT,
            )


_ORIGIN_LINE = "add_header Access-Control-Allow-Origin https://app.example.test always;"
_HEADERS = f"{_ORIGIN_LINE}\nadd_header Access-Control-Allow-Methods 'PUT, OPTIONS' always;"
_OPTIONS_LINE = "    if ($request_method = OPTIONS) { return 204; }\n"
_METHODS = (
    "location /api/ {{\n{}    if ($request_method != PUT) {{ return 405; }}\n"
    "    proxy_pass http://127.0.0.1:8000;\n}}"
)
PREFLIGHT: tuple[Rule, ...] = (
    Rule(
        "cors-preflight-without-headers",
        "Preflights are answered without the headers that allow the call",
        "An `if` with an `add_header` of its own, or headers that stand in another `if`, leave the"
        " answer to OPTIONS bare (ngx_http_headers_module, add_header; Fetch, 4.8).",
        bad=site(
            f"""
location /api/ {{
    if ($request_method = OPTIONS) {{
        return 204;
    }}
    if ($request_method = PUT) {{
        {_ORIGIN_LINE}
    }}
    proxy_pass http://127.0.0.1:8000;
}}
"""
        ),
        good=site(
            f"""
location /api/ {{
    {_ORIGIN_LINE}
    if ($request_method = OPTIONS) {{
        return 204;
    }}
    proxy_pass http://127.0.0.1:8000;
}}
"""
        ),
        find=_bare,
    ),
    Rule(
        "cors-preflight-denied",
        "Preflights are refused where Access-Control headers invite them",
        "A status outside of 200 to 299 refuses the call (Fetch, 4.8).  A list of methods, by `if`"
        " or `limit_except`, has to let OPTIONS in.",
        bad=site(_METHODS.format("    " + _HEADERS.replace("\n", "\n    ") + "\n")),
        good=site(
            _METHODS.format("    " + _HEADERS.replace("\n", "\n    ") + "\n" + _OPTIONS_LINE)
        ),
        find=_denied,
    ),
    Rule(
        "cors-preflight-lost",
        "A change stops answering preflights",
        "Compares what OPTIONS gets in base and patched, per location with Access-Control headers"
        " (Fetch, 4.8).",
        bad=site(f"{_HEADERS}\n\n{_METHODS.format('')}"),
        good=site(f"{_HEADERS}\n\n{_METHODS.format(_OPTIONS_LINE)}"),
        compare=_lost,
    ),
)
