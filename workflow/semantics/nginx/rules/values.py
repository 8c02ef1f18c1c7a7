"""Faults of values: maps whose entries hide others, answers that are changed after compression."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Rule
from workflow.semantics.nginx.rules.routes import (
    Finding,
    head,
    http,
    matcher,
    short,
    site,
    variables,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_PAIR = len(("name", "value"))
_ALL_THAT_FOLLOWS = frozenset({"", ".*", ".*$", "(.*)", "(.*)$"})
_EVERYTHING = frozenset({"", "^", ".*", "^.*", "^.*$", ".", "(.*)", "^(.*)$"})
_LONGEST = 300


def _hidden(config: Config) -> Iterator[Fault]:
    found = Finding("map-entry-shadowed")
    for block in config.every("map"):
        if not block.is_block or not block.args:
            continue
        seen: dict[str, str] = {}
        whole: dict[str, str] = {}
        for entry in block.items:
            if not entry.name.startswith("~"):
                continue
            pattern = entry.name.lstrip("~").removeprefix("*")
            first = seen.get(pattern) or _first(whole, pattern)
            if first:
                yield found.fault(
                    entry,
                    f"`{short(entry.name)}` is never reached: `{short(first)}` stands before it "
                    f"in the map of `{short(block.args[-1])}` and matches all that it matches",
                    "put the narrower pattern first",
                    block.args[-1],
                    entry.name,
                )
            elif not entry.name.startswith("~*"):
                seen[pattern] = entry.name
                begin = head(pattern)
                if pattern in _EVERYTHING:
                    whole[""] = entry.name
                elif begin is not None and begin.rest in _ALL_THAT_FOLLOWS:
                    whole[begin.text] = entry.name


def _first(whole: dict[str, str], pattern: str) -> str:
    """The earlier entry that takes every text which begins as this pattern's matches do."""
    begin = head(pattern)
    text = begin.text[:_LONGEST] if begin else ""
    return next((whole[text[:end]] for end in range(len(text) + 1) if text[:end] in whole), "")


_MAP = (
    "map $uri $place {\n    default other;\n    ENTRIES\n}\n"
    "server {\n    listen 8080;\n    server_name a.example.test;\n    return 200 $place;\n}"
)
HIDDEN = Rule(
    "map-entry-shadowed",
    "An entry of a map that an earlier pattern hides",
    "Of several patterns of a map the first that matches, in the order of the file, is used "
    "(ngx_http_map_module, map).",
    http(_MAP.replace("ENTRIES", "~^/docs one;\n    ~^/docs/old two;")),
    http(_MAP.replace("ENTRIES", "~^/docs/old two;\n    ~^/docs one;")),
    find=_hidden,
)


def _no_default(config: Config) -> Iterator[Fault]:
    found = Finding("map-without-default")
    passed = {
        name
        for one in config.every("proxy_pass", "grpc_pass", "fastcgi_pass", "uwsgi_pass")
        for name in variables(" ".join(one.args))
    }
    for block in config.every("map"):
        if (
            not block.is_block
            or len(block.args) != _PAIR
            or block.args[1].lstrip("$") not in passed
        ):
            continue
        if any(one.name == "default" or one.name in _EVERYTHING_TOLD for one in block.items):
            continue
        yield found.doubt(
            block,
            f"`{short(block.args[1])}` is empty for a value that the map does not name, and a "
            "request that is passed to it fails with 500",
            "add a `default` to the map",
            block.args[1],
        )


_EVERYTHING_TOLD = frozenset(f"~{one}" for one in _EVERYTHING)
_CHOICE = (
    "map $http_host $backend {\n    a.example.test 127.0.0.1:9000;\nDEFAULT}\n"
    "server {\n    listen 8080;\n    server_name a.example.test;\n"
    "    location / {\n        proxy_pass http://$backend;\n    }\n}"
)
NO_DEFAULT = Rule(
    "map-without-default",
    "A map that chooses the upstream server has no default",
    "Without `default` the result for other values is an empty text (ngx_http_map_module, map).",
    http(_CHOICE.replace("DEFAULT", "")),
    http(_CHOICE.replace("DEFAULT", "    default 127.0.0.1:9001;\n")),
    find=_no_default,
)


def _compressed(config: Config) -> Iterator[Fault]:
    found = Finding("sub-filter-compressed")
    seen: set[int] = set()
    for item in config.every("sub_filter"):
        block = item.parent
        if block is None or id(block) in seen:
            continue
        seen.add(id(block))
        for one in _passing(block):
            if not _asks_plain(one):
                yield found.doubt(
                    item,
                    "sub_filter finds nothing in answers that the upstream server compressed, and "
                    "the browser's Accept-Encoding is passed on to it",
                    'add `proxy_set_header Accept-Encoding "";`, beside the other headers',
                )
                break


def _passing(block: Item) -> Iterator[Item]:
    """The blocks from this one on that pass requests on and have no sub_filter of their own."""
    waiting = [block]
    while waiting:
        one = waiting.pop()
        if one.named("proxy_pass"):
            yield one
        waiting += [inner for inner in one.blocks if not inner.named("sub_filter")]


def _asks_plain(block: Item) -> bool:
    headers = [one.args for one in block.effective("proxy_set_header") if len(one.args) == _PAIR]
    plain = {"", "identity"}
    return any(name.lower() == "accept-encoding" and value in plain for name, value in headers)


_FILTERED = (
    "location / {\nLINE    proxy_set_header Host $host;\n    sub_filter old new;\n"
    "    proxy_pass http://127.0.0.1:9000;\n}"
)
COMPRESSED = Rule(
    "sub-filter-compressed",
    "Texts are to be replaced in answers that may be compressed",
    "sub_filter works on the bytes of the answer (ngx_http_sub_module); a compressed answer does "
    "not have the text.",
    site(_FILTERED.replace("LINE", "")),
    site(_FILTERED.replace("LINE", '    proxy_set_header Accept-Encoding "";\n')),
    find=_compressed,
)


def _groups(pattern: str) -> int:
    """How many groups of a pattern capture."""
    count, in_class, position = 0, False, 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
        elif char == "(" and _CAPTURES.match(pattern, position):
            count += 1
        position += 1
    return count


_CAPTURES = re.compile(r"\((?!\?|\*)|\(\?P?<[A-Za-z_]|\(\?'")


def _uncaptured(config: Config) -> Iterator[Fault]:
    found = Finding("capture-missing")
    for item in config.every("rewrite", "alias"):
        if item.name == "rewrite":
            pattern, text = item.args[:1], " ".join(item.args[1:2])
        else:
            location = item.parent
            if (
                location is None
                or not matcher(location).is_regex
                or location.named("rewrite", "if")
            ):
                continue
            pattern, text = (matcher(location).text,), " ".join(item.args)
        numbers = [int(one) for one in variables(text) if one.isdigit() and len(one) == 1]
        groups = _groups(pattern[0]) if pattern else 0
        wrong = next((one for one in numbers if one > groups), 0)
        if wrong:
            has = f"only {groups}" if groups else "none"
            yield found.fault(
                item,
                f"`${wrong}` is always empty: the pattern `{short(pattern[0])}` has {has} of "
                "the groups that capture",
                "put brackets around what is meant, or write the number of its group",
            )


UNCAPTURED = Rule(
    "capture-missing",
    "A number stands for a group that the pattern does not have",
    "`$1` to `$9` are what the groups of the last pattern matched, and empty where there is no "
    "such group (ngx_http_rewrite_module, rewrite).",
    site("rewrite ^/old/(.*)$ /new/$2 last;"),
    site("rewrite ^/old/(.*)$ /new/$1 last;"),
    find=_uncaptured,
)

VALUES: tuple[Rule, ...] = (HIDDEN, NO_DEFAULT, COMPRESSED, UNCAPTURED)
