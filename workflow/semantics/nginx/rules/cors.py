"""Faults of cross-origin headers: origins that get in, and browsers that are turned away.

What browsers do with them is the Fetch standard, 3.2 and 4.8 to 4.10.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Level, Rule
from workflow.semantics.nginx.rules.facts import (
    ADD_HEADER,
    ANSWERING,
    CSP,
    ORIGIN,
    SETTING_HEADERS,
    Finder,
    applied,
    every_header,
    site,
    texts_of,
    variable_of,
)
from workflow.semantics.nginx.rules.origins import ORIGINS
from workflow.semantics.nginx.rules.pairs import pairs, saying
from workflow.semantics.nginx.rules.preflight import PREFLIGHT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault
    from workflow.semantics.nginx.rules.facts import Header

_CREDENTIALS = "access-control-allow-credentials"
_ASKED = "$http_origin"
_STAR = Finder("cors-wildcard-credentials", Level.FAULT)
_REFLECTED = Finder("cors-reflected-origin", Level.FAULT)
_REGEX = Finder("cors-origin-pattern", Level.FAULT)
_VALUE = Finder("cors-origin-value", Level.FAULT)
_VARY = Finder("cors-without-vary", Level.DOUBT)
_WIDENED = Finder("cors-widened", Level.FAULT)
_APART = Finder("cors-csp-apart", Level.DOUBT)
_ONE_ORIGIN = re.compile(r"(?:[a-z][a-z0-9+.-]*://[^\s/,*?#]+|\*|null)\Z", re.IGNORECASE)
_DOT = re.compile(r"(?<!\\)\.(?![*+?{])(?=\w|\()")
_EVERYTHING = {"", ".", ".*", "^.*$", "^", "^.*", ".+", "^.+$", "^(.*)$", "(.*)", "^(.+)$"}
_SOME_ARGS = 2
_MAX_PATTERN = 500


def _origin_headers(block: Item) -> tuple[Header, ...]:
    """The headers that allow origins, of a block that has add_header itself."""
    if not block.named(ADD_HEADER):
        return ()
    return tuple(one for one in applied(block) if one.name == ORIGIN and one.value)


def _with_credentials(block: Item) -> bool:
    return any(one.name == _CREDENTIALS and one.value == "true" for one in applied(block))


def _star(config: Config) -> Iterator[Fault]:
    for block in config.blocks(*ANSWERING):
        headers = [one for one in _origin_headers(block) if one.value == "*"]
        for header in headers[:1]:
            if _with_credentials(block):
                yield _STAR.at(
                    header.item,
                    cause=(
                        "browsers refuse answers with credentials from any origin `*`, so requests"
                        " with cookies fail for every origin"
                    ),
                    fix="name the origins in a `map $http_origin`, or drop Allow-Credentials",
                )


def _is_guarded(item: Item) -> bool:
    """Whether an `if` around looked at the origin."""
    return any(
        block.name == "if" and any(_ASKED in arg for arg in block.args) for block in item.around
    )


def _reflects(config: Config, header: Header) -> bool:
    """Whether any origin that asks is let in."""
    if header.value == _ASKED:
        return not _is_guarded(header.item)
    return variable_of(header.value) in _repeating(config)


@lru_cache(maxsize=2)
def _repeating(config: Config) -> frozenset[str]:
    """The variables that hold whatever origin asks; kept for the last two configurations."""
    found = {
        item.args[0].removeprefix("$")
        for item in config.every("set")
        if item.args[1:] == (_ASKED,) and not _is_guarded(item)
    }
    for block in config.blocks("map"):
        for one in block.items if len(block.args) == _SOME_ARGS else ():
            pattern = one.name[1:].removeprefix("*") if one.name.startswith("~") else None
            every = one.name == "default" or pattern in _EVERYTHING
            if every and one.args == (_ASKED,):
                found.add(block.args[1].removeprefix("$"))
    return frozenset(found)


def _maps(config: Config, variable: str) -> Sequence[Item]:
    return _maps_by_result(config).get(f"${variable}", ())


@lru_cache(maxsize=2)
def _maps_by_result(config: Config) -> dict[str, list[Item]]:
    """The `map` blocks by the variable that they make; kept for the last two configurations."""
    found: dict[str, list[Item]] = {}
    for block in config.blocks("map"):
        if len(block.args) == _SOME_ARGS:
            found.setdefault(block.args[1], []).append(block)
    return found


def _reflected(config: Config) -> Iterator[Fault]:
    for block in config.blocks(*ANSWERING):
        headers = [one for one in _origin_headers(block) if one.item.parent is block]
        known = bool(headers) and _with_credentials(block)
        for header in headers:
            if _reflects(config, header):
                how = "with its visitor's cookies" if known else "as `*` would allow"
                yield _REFLECTED.at(
                    header.item,
                    cause=(
                        "Access-Control-Allow-Origin repeats whatever origin asks, so every site"
                        f" may read answers {how}"
                    ),
                    fix=(
                        "name the origins: `map $http_origin $allowed"
                        ' { default ""; "https://a.example" $http_origin; }`'
                    ),
                    key=(header.value,),
                    level=Level.FAULT if known else Level.DOUBT,
                )


def _used_for_origins(config: Config) -> set[str]:
    """The variables that Access-Control-Allow-Origin is made of."""
    return {
        variable_of(item.args[1])
        for item in config.every(ADD_HEADER)
        if len(item.args) > 1 and item.args[0].lower() == ORIGIN
    } - {""}


def _patterns(config: Config) -> Iterator[tuple[Item, str]]:
    """Each regular expression that decides on an origin, and the directive that has it."""
    used = _used_for_origins(config)
    for block in config.blocks("map"):
        if len(block.args) == _SOME_ARGS and block.args[0] == _ASKED:
            for one in block.items if block.args[1].removeprefix("$") in used else ():
                if one.name.startswith("~") and one.args != ("",):
                    yield one, one.name[1:_MAX_PATTERN].removeprefix("*")
    for block in config.blocks("if"):
        words = " ".join(block.args)[:_MAX_PATTERN]
        if found := re.match(r"\(\s*\$http_origin\s+~\*?\s*(.*?)\s*\)\Z", words, re.DOTALL):
            yield block, found[1].strip("\"'")


def _regex(config: Config) -> Iterator[Fault]:
    for item, pattern in _patterns(config):
        if pattern in _EVERYTHING:
            continue  # `cors-reflected-origin` says that
        missing = []
        if not pattern.endswith("$") or pattern.endswith("\\$"):
            missing.append("its end is open, so `https://trusted.example.evil.example` matches")
        if not pattern.startswith(("^", "(^")):
            missing.append(
                "its start is open, so `https://evil.example/?trusted.example` may match"
            )
        if "|" in re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", pattern)):
            missing.append("a `|` outside of brackets parts it, so `^` and `$` hold for one half")
        level = Level.FAULT
        if not missing and _DOT.search(re.sub(r"\[[^\]]*\]", "x", pattern)):
            missing.append("an unescaped `.` matches any letter, so `wwwXexample.org` passes, too")
            level = Level.DOUBT
        if missing:
            yield _REGEX.at(
                item,
                cause=f"the pattern `{pattern}` lets in other origins: {missing[0]}",
                fix=r"write `^https://(www\.)?example\.org$`, or list the origins as plain strings",
                key=(pattern,),
                level=level,
            )


def _value(config: Config) -> Iterator[Fault]:
    for item in config.every(ADD_HEADER):
        if len(item.args) < _SOME_ARGS or item.args[0].lower() != ORIGIN or not item.args[1]:
            continue
        for text in texts_of(config, item.args[1]):
            if "$" in text or not text or _ONE_ORIGIN.match(text):
                continue
            why = "it may be one origin, `*` or `null`"
            if text.endswith("/"):
                why = "an origin ends behind the host or port, without `/`"
            elif "," in text or " " in text:
                why = "it may name one origin only"
            elif "*" in text:
                why = "a `*` stands for all origins alone, not for a part of a name"
            yield _VALUE.at(
                item,
                cause=f"browsers refuse every origin, for `{text}` is no origin: {why}",
                fix="name one origin as `https://a.example`, or choose one by `map $http_origin`",
                key=(text,),
            )


def _vary(config: Config) -> Iterator[Fault]:
    for block in config.blocks(*ANSWERING):
        for header in _origin_headers(block)[:1]:
            name = variable_of(header.value)
            asks = name == "http_origin" or any(
                one.args[0] == _ASKED for one in _maps(config, name) if name
            )
            varies = any(
                one.name == "vary" and ("origin" in one.value.lower() or "*" in one.value)
                for one in applied(block)
            )
            if asks and not varies:
                yield _VARY.at(
                    header.item,
                    cause=(
                        "Access-Control-Allow-Origin depends on who asks, and without `Vary:"
                        " Origin` a cache gives one origin's answer to another"
                    ),
                    fix="put `add_header Vary Origin always;` beside it",
                )


def _open_values(config: Config) -> set[int]:
    """The `add_header` directives by which every origin is let in."""
    headers = (one for one in every_header(config) if one.name == ORIGIN)
    return {id(one.item) for one in headers if one.value == "*" or _reflects(config, one)}


def _widened(base: Config, patched: Config) -> Iterator[Fault]:
    told: set[int] = set()
    known, now = _open_values(base), _open_values(patched)
    for pair in saying(base, patched, *SETTING_HEADERS) if now else ():
        before = [one for one in applied(pair.old) if one.name == ORIGIN and one.value]
        after = [one for one in applied(pair.new) if one.name == ORIGIN]
        wide = [one for one in after if id(one.item) in now - told]
        if not before or not wide or pair.is_gone:
            continue
        if not any(id(one.item) in known for one in before):
            told.add(id(wide[0].item))
            yield _WIDENED.at(
                wide[0].item,
                cause="every site may read the answers now; before, only those that were named",
                fix=f"keep `add_header {wide[0].said} {before[0].value} always;`",
            )


def _apart(base: Config, patched: Config) -> Iterator[Fault]:
    for pair in pairs(base, patched):
        if pair.new.name != "server":
            continue
        old, new = _origins(base, pair.old), _origins(patched, pair.new)
        if not old[0] or old[0] != old[1] or new[0] == new[1] or not new[0] or not new[1]:
            continue
        only_cors, only_csp = sorted(new[0] - new[1]), sorted(new[1] - new[0])
        where = "Access-Control-Allow-Origin" if only_cors else "connect-src"
        yield _APART.at(
            pair.new,
            cause=(
                f"the origins of connect-src and of Access-Control-Allow-Origin were the same, and"
                f" `{(only_cors or only_csp)[0]}` is in {where} only"
            ),
            fix="change both lists alike",
            key=(*only_cors, *only_csp),
        )


def _origins(config: Config, block: Item) -> tuple[set[str], set[str]]:
    """The origins that CORS allows, and those of connect-src, without `'self'`."""
    allowed: set[str] = set()
    connect: set[str] = set()
    for header in applied(block):
        if header.name == ORIGIN:
            for one in _maps(config, variable_of(header.value)):
                allowed |= {item.name for item in one.items if "://" in item.name}
        elif header.name == CSP:
            for part in header.value.split(";"):
                words = part.split()
                if words[:1] == ["connect-src"]:
                    connect |= {word for word in words if "://" in word}
    return allowed, connect


_MAP = """
map $http_origin $allowed {
    default "";
    "https://app.example.test" $http_origin;
}
"""
_GOOD = site(
    "add_header Access-Control-Allow-Origin $allowed always;\n"
    "add_header Access-Control-Allow-Credentials true always;\n"
    "add_header Vary Origin always;",
    above=_MAP,
)
_BY_LIST = "add_header Access-Control-Allow-Origin $allowed always;\nadd_header Vary Origin always;"
_CREDENTIALS_LINE = "\nadd_header Access-Control-Allow-Credentials true always;"
_FIXED = "add_header Access-Control-Allow-Origin https://app.example.test always;"
_POLICY = (
    "add_header Content-Security-Policy \"connect-src 'self' {}\" always;\n"
    "add_header Access-Control-Allow-Origin $allowed always;\n"
    "add_header Vary Origin always;"
)
CORS: tuple[Rule, ...] = (
    Rule(
        "cors-wildcard-credentials",
        "Any origin, with credentials",
        "A browser refuses `Access-Control-Allow-Origin: *` for requests with credentials (Fetch,"
        " 4.10), so this can only have been meant otherwise.",
        bad=site("add_header Access-Control-Allow-Origin * always;" + _CREDENTIALS_LINE),
        good=site(_FIXED + _CREDENTIALS_LINE),
        find=_star,
    ),
    Rule(
        "cors-reflected-origin",
        "Every origin that asks is allowed",
        "`$http_origin` is what the caller says.  Repeated without a list of names it allows every"
        " site; with credentials, every site reads what the visitor may read (Fetch, 3.2.5).",
        bad=site(
            "add_header Access-Control-Allow-Origin $http_origin always;\n"
            "add_header Access-Control-Allow-Credentials true always;\n"
            "add_header Vary Origin always;"
        ),
        good=_GOOD,
        find=_reflected,
    ),
    Rule(
        "cors-origin-pattern",
        "A pattern for origins that matches others, too",
        "nginx searches a pattern anywhere in the value unless `^` and `$` hold it"
        " (ngx_http_map_module; ngx_http_rewrite_module, if), and `.` stands for any letter.",
        bad=site(
            _BY_LIST,
            above=_MAP.replace('"https://app.example.test"', r"~^https://app\.example\.test"),
        ),
        good=site(
            _BY_LIST,
            above=_MAP.replace('"https://app.example.test"', r"~^https://app\.example\.test$"),
        ),
        find=_regex,
    ),
    Rule(
        "cors-origin-value",
        "Access-Control-Allow-Origin says what is no origin",
        "The header holds one origin, `*` or `null`, letter by letter as the browser sent it"
        " (Fetch, 3.2.3 and 4.10); lists, paths and `*.example.test` match nothing.",
        bad=site("add_header Access-Control-Allow-Origin https://app.example.test/ always;"),
        good=site(_FIXED),
        find=_value,
    ),
    Rule(
        "cors-without-vary",
        "A cache may give one origin's answer to another",
        "An answer that depends on the origin needs `Vary: Origin` (Fetch, 3.2.5)."
        "  An application behind nginx may send it, so it is a doubt.",
        bad=site("add_header Access-Control-Allow-Origin $allowed always;", above=_MAP),
        good=_GOOD,
        find=_vary,
    ),
    Rule(
        "cors-widened",
        "A change opens answers to every origin",
        "Compares Access-Control-Allow-Origin of base and patched: named origins became `*`"
        " (Fetch, 3.2.3).",
        bad=site("add_header Access-Control-Allow-Origin * always;"),
        good=site(_FIXED),
        compare=_widened,
    ),
    Rule(
        "cors-csp-apart",
        "Two lists of origins that were the same are no longer",
        "In the base, connect-src of the policy and Access-Control-Allow-Origin named the same"
        " origins; the change touched one of them.",
        bad=site(_POLICY.format("https://app.example.test https://new.example.test"), above=_MAP),
        good=site(_POLICY.format("https://app.example.test"), above=_MAP),
        compare=_apart,
    ),
    *ORIGINS,
    *PREFLIGHT,
)
