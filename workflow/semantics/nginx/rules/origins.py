"""Faults of the origin `null`, which stands for every page that hides where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Level, Rule
from workflow.semantics.nginx.rules.facts import (
    ADD_HEADER,
    ANSWERING,
    ORIGIN,
    Finder,
    applied,
    site,
    variable_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault
    from workflow.semantics.nginx.rules.facts import Header

_NULL = Finder("cors-null-origin", Level.FAULT)
_MAP_ARGS = 2


def _allowing(config: Config) -> dict[str, Item]:
    """The line of a map that lets `null` in, by the variable that the map makes."""
    found: dict[str, Item] = {}
    for block in config.blocks("map"):
        if len(block.args) == _MAP_ARGS and block.args[0] == "$http_origin":
            for one in block.named("null"):
                if one.args not in {(), ("",), ("0",)}:
                    found[block.args[1].removeprefix("$")] = one
    return found


def _line(header: Header, lists: dict[str, Item]) -> Item | None:
    return header.item if header.value == "null" else lists.get(variable_of(header.value))


def _null(config: Config) -> Iterator[Fault]:
    lists = _allowing(config)
    told: set[int] = set()
    for block in config.blocks(*ANSWERING):
        if not block.named(ADD_HEADER):
            continue
        headers = applied(block)
        allows = [line for one in headers if one.name == ORIGIN and (line := _line(one, lists))]
        for line in allows:
            if id(line) in told:
                continue
            told.add(id(line))
            known = any(
                one.name.endswith("-credentials") and one.value == "true" for one in headers
            )
            yield _NULL.at(
                line,
                cause=(
                    "every site may read the answers, for it can send `Origin: null` from a"
                    " sandboxed frame"
                ),
                fix="take `null` out of the origins",
                level=None if known else Level.DOUBT,
            )


_MAP = """
map $http_origin $allowed {
    default "";
    "https://app.example.test" $http_origin;
    "null" $http_origin;
}
"""
_HEADERS = (
    "add_header Access-Control-Allow-Origin $allowed always;\n"
    "add_header Access-Control-Allow-Credentials true always;\n"
    "add_header Vary Origin always;"
)
ORIGINS: tuple[Rule, ...] = (
    Rule(
        "cors-null-origin",
        "The origin `null` is allowed",
        "Browsers send `Origin: null` for sandboxed frames, `data:` pages and some redirects"
        " (Fetch, 3.2; HTML, 7.1.1), so any site can.  Without credentials it is a doubt.",
        bad=site(_HEADERS, above=_MAP),
        good=site(_HEADERS, above=_MAP.replace('    "null" $http_origin;\n', "")),
        find=_null,
    ),
)
