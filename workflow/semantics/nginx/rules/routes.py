"""How the routing rules read a configuration: locations, patterns, variables, and their findings.

No pattern of a configuration is ever run here: it is read as text, in one pass.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Fault, Level
from workflow.semantics.nginx.rules.reading import written
from workflow.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item

_SHOWN = 160
_NO_LINE = 1 << 31
# A value that a program fills in before nginx reads the file.
_PLACEHOLDER = re.compile(r"\$\{|%\(|__|%[A-Za-z_]{3}|[<>{}]|@\w+@")
_MODIFIERS = ("=", "^~", "~*", "~")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
# What ends the literal part of a pattern.
_META = frozenset("^$.[]|()*+?{}")
_OPTIONAL = frozenset("*?{")
REGEX = frozenset({"~", "~*"})
PASSES = ("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass")


@dataclass(frozen=True, slots=True)
class Matcher:
    """What a location matches: `modifier` is one of "", =, ^~, ~, ~*, @ and `text` the rest."""

    modifier: str
    text: str

    @property
    def is_regex(self) -> bool:
        """Whether the text is a regular expression."""
        return self.modifier in REGEX

    @property
    def is_prefix(self) -> bool:
        """Whether every path that begins with the text is meant."""
        return self.modifier in {"", "^~"}


def matcher(location: Item) -> Matcher:
    """Read a location's arguments as `ngx_http_core_location` does, glued modifiers included."""
    if len(location.args) > 1:
        return Matcher(location.args[0], location.args[1])
    name = location.args[0] if location.args else ""
    if name.startswith("@"):
        return Matcher("@", name)
    for one in _MODIFIERS:
        if name.startswith(one):
            return Matcher(one, name[len(one) :])
    return Matcher("", name)


def said(where: Matcher, more: str = "") -> str:
    """A location as it is written, with its modifier, and something behind its text."""
    return " ".join(word for word in ("location", where.modifier, short(where.text) + more) if word)


@dataclass(frozen=True, slots=True)
class Head:
    """How a pattern begins: `text` is what every match starts with, `rest` the pattern after it."""

    text: str
    rest: str


def head(pattern: str) -> Head | None:
    """The literal beginning of a pattern that is anchored with `^`; `None` for any other."""
    if not pattern.startswith("^"):
        return None
    literal: list[str] = []
    ends = [1]
    position = 1
    while position < len(pattern):
        char, width = pattern[position], 1
        if char == "\\" and position + 1 < len(pattern) and not pattern[position + 1].isalnum():
            char, width = pattern[position + 1], 2
        elif char in _META or char == "\\":
            break
        literal.append(char)
        position += width
        ends.append(position)
    if position < len(pattern) and pattern[position] in _OPTIONAL and literal:
        literal.pop()
        ends.pop()
    return None if has_choice(pattern) else Head("".join(literal), pattern[ends[-1] :])


def has_choice(pattern: str) -> bool:
    """Whether a `|` outside of all groups makes a pattern two patterns."""
    depth, in_class, position = 0, False, 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and depth == 0:
            return True
        position += 1
    return False


def is_template(text: str) -> bool:
    """Whether a program is to fill in a part of a value before nginx reads the file."""
    return _PLACEHOLDER.search(text) is not None


def variables(text: str) -> tuple[str, ...]:
    """The names of the variables in a value, in order, without `$`."""
    return tuple(one[1] or one[2] for one in _VARIABLE.finditer(text))


def with_value(text: str, name: str, value: str) -> str:
    """A text with a value in place of one of its variables."""
    return _VARIABLE.sub(lambda one: value if name in {one[1], one[2]} else one[0], text)


def without_variables(text: str) -> str:
    """A value with a blank for each variable."""
    return _VARIABLE.sub(" ", text)


def locations(config: Config) -> Iterator[Item]:
    """Every `location` block, in order."""
    return (one for one in config.every("location") if one.is_block)


def servers(config: Config) -> tuple[Item, ...]:
    """The `server` blocks of `http` that are written in the files."""
    return tuple(one for one in config.servers if one.directive is not None)


def is_whole(config: Config, block: Item) -> bool:
    """Whether all of the server around a block is known, so that what is not there is missing."""
    server = block.within("server")
    if config.unread or (server is not None and server.directive is None):
        return False
    if not config.missing:
        return True
    return server is not None and not _may_include(config, server)


@lru_cache(maxsize=256)
def _may_include(config: Config, server: Item) -> bool:
    """Whether a file that is missing may be one that a server includes.

    An `include` has no place in the tree; it is in the server when its line is, or when it stands
    in another file of the server's.
    """
    first = server.place
    beside = server.parent.items if server.parent else []
    later = [one.place.line for one in beside if one.place.path == first.path]
    end = min((line for line in later if line > first.line), default=_NO_LINE)
    within = {item.place.path for item in server.walk()} - {first.path}
    known = _written(config)
    return any(
        (one.place.path == first.path and first.line <= one.place.line <= end)
        or one.place.path in within
        or one.place.path not in known
        for one in config.missing
    )


@lru_cache(maxsize=2)
def _written(config: Config) -> frozenset[str]:
    """The files that directives come from."""
    return frozenset(item.place.path for item in config.main.walk())


def is_full(config: Config) -> bool:
    """Whether `http` itself is written in the files and all of it was read."""
    http = config.main.named("http")
    written = all(one.directive is not None for one in http)
    return bool(http) and written and not config.missing and not config.unread


def shown(item: Item) -> str:
    """A directive on one line, as nginx sees it."""
    return short(" ".join(item.words), 2 * _SHOWN)


def short(text: str, limit: int = _SHOWN) -> str:
    """A value for a sentence: one printable line of bounded length."""
    line = one_line(text[: 4 * limit])
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def scope(item: Item) -> str:
    """The label of the block that a directive stands in, or of the block itself."""
    block = item if item.is_block and item.name in {"location", "server"} else item.parent
    return short(block.label) if block else ""


class Finding:
    """Makes the findings of one rule."""

    __slots__ = ("rule",)

    def __init__(self, rule: str) -> None:
        self.rule = rule

    def fault(self, item: Item, cause: str, fix: str, *key: str) -> Fault:
        """Something that is wrong as it stands; `key` defaults to the directive's words."""
        return self._made(Level.FAULT, item, cause, fix, key)

    def doubt(self, item: Item, cause: str, fix: str, *key: str) -> Fault:
        """Something that a person should look at."""
        return self._made(Level.DOUBT, item, cause, fix, key)

    def _made(self, level: Level, item: Item, cause: str, fix: str, key: tuple[str, ...]) -> Fault:
        where = scope(item)
        named = (where, *(key or item.words))
        return Fault(
            self.rule,
            level,
            item.place,
            where,
            written(item),
            one_line(cause),
            one_line(fix),
            named,
        )


def http(text: str) -> str:
    """A main file around what stands in `http`; the samples of rules are made with it."""
    inner = textwrap.indent(textwrap.dedent(text).strip("\n"), "    ")
    return f"events {{}}\nhttp {{\n{inner}\n}}\n"


def site(text: str) -> str:
    """A main file around what stands in its only `server`."""
    inner = textwrap.indent(textwrap.dedent(text).strip("\n"), "    ")
    return http(f"server {{\n    listen 8080;\n    server_name a.example.test;\n{inner}\n}}\n")
