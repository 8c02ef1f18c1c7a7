"""The effective configuration: one tree of directives, includes expanded, inheritance answered.

Rules, the semantic diff and the live probe all read this.  A part that has no main file of its own
is read inside a wrapper, so that a directive always has its blocks around it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

from workflow.semantics.nginx.files import Place
from workflow.semantics.nginx.parser import encode, parse
from workflow.semantics.nginx.tree import Directive, NginxSyntaxError, directives
from workflow.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.semantics.nginx.files import Files
    from workflow.semantics.nginx.tree import Node

_MAX_FILES = 1000
_MAX_DEPTH = 40
_MAX_ITEMS = 200_000
_MAX_NOTES = 100
_TOO_MUCH = "too deep or too large to be read"
MAIN = "main"
# Blocks that a wrapper puts around a part of each context.
_AROUND = {
    "main": (),
    "http": ("http",),
    "server": ("http", "server"),
    "location": ("http", "server", "location"),
    "stream": ("stream",),
    "stream_server": ("stream", "server"),
    "upstream": ("http", "upstream"),
    "mail": ("mail",),
}
# Directives whose value a block does not hand to the blocks in it (nginx's own merge functions).
NOT_INHERITED = frozenset(
    {
        *(
            "rewrite",
            "return",
            "set",
            "break",
            "if",
            "try_files",
            "server_name",
            "listen",
        ),
        *(
            "location",
            "server",
            "proxy_pass",
            "fastcgi_pass",
            "uwsgi_pass",
            "scgi_pass",
            "grpc_pass",
        ),
        *("memcached_pass", "stub_status", "empty_gif", "flv", "mp4", "include", "limit_except"),
        *("perl", "js_content", "content_by_lua_block", "content_by_lua_file", "echo"),
    }
)
# An `if` and a `limit_except` block take the handler of the location that they stand in.
_HANDLERS = frozenset(
    {
        *("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass"),
    }
)
_TRANSPARENT = frozenset({"if", "limit_except"})
# Names of one setting: a block that has one of them inherits none of the others.
FAMILIES = {name: family for family in (("allow", "deny"), ("root", "alias")) for name in family}
# These of the headers-more module add up along the blocks.
_ADDING_UP = frozenset({"more_set_headers", "more_clear_headers", "more_set_input_headers"})


@dataclass(frozen=True, slots=True, eq=False)
class Include:
    """An `include` as it is written, the files that it reads, and the one that led to its file."""

    pattern: str
    place: Place
    files: tuple[str, ...] = ()
    outer: Include | None = None


@dataclass(slots=True, eq=False)
class Item:
    """One directive of the effective configuration, with the blocks around and in it.

    `name` and `args` are as nginx sees them; `place` is where it is written.  `directive` is its
    node in the lossless tree of that file: `None` for the whole ("main") and for a wrapper's
    blocks.  `items` are the directives in its block, in nginx's order; `include` is not among them,
    what it reads is.  `includes` are those that stand in the block, `via` the one, if any, that
    this directive itself came through into its block.
    """

    name: str
    args: tuple[str, ...]
    place: Place
    directive: Directive | None = field(repr=False)
    parent: Item | None = field(repr=False)
    is_block: bool = False
    items: list[Item] = field(default_factory=list, repr=False)
    includes: list[Include] = field(default_factory=list, repr=False)
    via: Include | None = field(default=None, repr=False)
    _index: dict[str, tuple[Item, ...]] = field(default_factory=dict, repr=False)
    _indexed: int = field(default=0, repr=False)

    @property
    def words(self) -> tuple[str, ...]:
        """The name and the arguments."""
        return (self.name, *self.args)

    @property
    def code(self) -> str:
        """The content of a Lua or njs block, which is not read."""
        block = self.directive.block if self.directive else None
        return (block.lua or "") if block else ""

    @property
    def around(self) -> Iterator[Item]:
        """The blocks around this one, the innermost first, "main" last."""
        block = self.parent
        while block is not None:
            yield block
            block = block.parent

    @property
    def blocks(self) -> tuple[Item, ...]:
        """The blocks directly in this one."""
        return tuple(item for item in self.items if item.is_block)

    def within(self, name: str) -> Item | None:
        """This block, or the nearest one around it, of that name."""
        here = self if self.name == name else None
        return here or next((one for one in self.around if one.name == name), None)

    def named(self, *names: str) -> tuple[Item, ...]:
        """The directives of these names directly in this block."""
        if len(names) == 1:
            return self._by_name().get(names[0], ())
        return tuple(item for item in self.items if item.name in names)

    def has(self, names: frozenset[str]) -> bool:
        """Whether a directive of one of these names is directly in this block."""
        return not names.isdisjoint(self._by_name())

    def _by_name(self) -> dict[str, tuple[Item, ...]]:
        """The directives by their names, gone through once: blocks of thousands are asked often."""
        if self._indexed != len(self.items):
            found: dict[str, list[Item]] = {}
            for item in self.items:
                found.setdefault(item.name, []).append(item)
            self._index = {name: tuple(items) for name, items in found.items()}
            self._indexed = len(self.items)
        return self._index

    def effective(self, name: str) -> tuple[Item, ...]:
        """The directives of a name that apply in this block, inherited ones included.

        A block that has the directive itself, or another of its family (`deny` and `allow`, `alias`
        and `root`), inherits none of it: nginx never adds the two up, unless `add_header_inherit
        merge` (1.29.3) says so.
        """
        here = self._by_name()
        own = here.get(name, ())
        hands_on = name in _HANDLERS and self.name in _TRANSPARENT
        if self.parent is None or (name in NOT_INHERITED and not hands_on):
            return own
        if name in _MERGING and (mode := self.effective(_MERGING[name])):
            if mode[-1].args == ("merge",):
                return (*self.parent.effective(name), *own)
            if mode[-1].args == ("off",):
                return own
        if name in _ADDING_UP:
            return (*self.parent.effective(name), *own)
        if own or not here.keys().isdisjoint(FAMILIES.get(name, ())):
            return own
        return self.parent.effective(name)

    def value(self, name: str, default: str = "") -> str:
        """The first argument of the directive that applies; nginx's default is yours to know."""
        found = self.effective(name)
        return found[-1].args[0] if found and found[-1].args else default

    @property
    def label(self) -> str:
        """Which block this is, for a person: `location /collect of server a.example`."""
        if self.name == MAIN:
            return "main"
        if self.name == "server":
            names = [name for one in self.named("server_name") for name in one.args if name]
            return f"server {names[0]}" if names else _unnamed(self)
        own = one_line(" ".join(self.words))
        server = next((one for one in self.around if one.name in {"server", "location"}), None)
        return f"{own} of {server.label}" if server and server.directive else own

    def walk(self) -> Iterator[Item]:
        """This directive and every one below it, in order."""
        stack = [self]
        while stack:
            item = stack.pop()
            yield item
            stack.extend(reversed(item.items))


_MERGING = {"add_header": "add_header_inherit", "add_trailer": "add_trailer_inherit"}


def _unnamed(server: Item) -> str:
    listens = [one.args[0] for one in server.named("listen") if one.args]
    return f"server on {listens[0]}" if listens else "server"


@dataclass(frozen=True, slots=True)
class Missing:
    """An `include` of one file, without a wildcard, that the tree does not have."""

    pattern: str
    place: Place


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that could not be read, and nginx's reason; it counts as empty.

    `digest` tells one content of the file from another; empty where there is none.
    """

    place: Place
    reason: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """The effective configuration that nginx would have from one file on.

    `main` holds everything; `files` are those that were read, in order.
    """

    main: Item
    files: tuple[str, ...]
    missing: tuple[Missing, ...] = ()
    unread: tuple[Unread, ...] = ()
    # By name, with its number in the order of the whole; gone through once, for many rules ask.
    _index: dict[str, list[tuple[int, Item]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def servers(self) -> tuple[Item, ...]:
        """The `server` blocks of `http`."""
        return tuple(
            one for http in self.main.named("http") for one in http.named("server") if one.is_block
        )

    def blocks(self, *names: str) -> Iterator[Item]:
        """Every block of these names, wherever it is, in order."""
        return (one for one in self.every(*names) if one.is_block)

    def every(self, *names: str) -> Iterator[Item]:
        """Every directive of these names, wherever it is, in order."""
        if not self._index:
            for number, item in enumerate(self.main.walk()):
                self._index.setdefault(item.name, []).append((number, item))
        rows = [row for name in dict.fromkeys(names) for row in self._index.get(name, ())]
        if len(names) > 1:
            rows.sort(key=itemgetter(0))
        return (item for _, item in rows)


class _Loading:
    """What has been read so far."""

    __slots__ = ("files", "left", "missing", "opening", "parsed", "source", "unread")

    def __init__(self, source: Files) -> None:
        self.source = source
        self.files: dict[str, None] = {}
        self.parsed: dict[str, Sequence[Node]] = {}
        self.opening: list[str] = []
        self.missing: list[Missing] = []
        self.unread: dict[Unread, None] = {}
        self.left = _MAX_ITEMS

    def nodes(self, path: str) -> Sequence[Node]:
        """The top of a file; nothing, with a note, where it cannot be read."""
        if path not in self.parsed:
            self.files[path] = None
            self.parsed[path] = self._parsed(path)
        return self.parsed[path]

    def _parsed(self, path: str) -> Sequence[Node]:
        text = self.source.text(path)
        if text is None:
            self.note(Place(path, 1), "there is no such file")
            return ()
        try:
            return parse(text).children
        except NginxSyntaxError as error:
            self.note(Place(path, error.line), error.reason)
            return ()

    def note(self, place: Place, reason: str) -> None:
        """Keep that something is not read; the first hundred places are enough."""
        if len(self.unread) < _MAX_NOTES:
            data = encode(self.source.text(place.path) or "")
            digest = hashlib.sha256(data).hexdigest() if data else ""
            self.unread[Unread(place, reason, digest)] = None

    def fill(
        self, block: Item, nodes: Sequence[Node], path: str, depth: int, via: Include | None
    ) -> None:
        """Put what a stretch of a file says into its block."""
        for one in directives(nodes):
            self.left -= 1
            place = Place(path, one.line)
            if depth > _MAX_DEPTH or self.left < 0:
                self.note(place, _TOO_MUCH)
                return
            if one.name == "include" and one.block is None and len(one.values) == 1:
                self._include(block, one.values[0], place, depth, via)
                continue
            is_block = one.block is not None
            item = Item(one.name, one.values, place, one, block, is_block=is_block, via=via)
            block.items.append(item)
            if is_block:
                self.fill(item, one.children, path, depth + 1, None)

    def _include(
        self, block: Item, pattern: str, place: Place, depth: int, outer: Include | None
    ) -> None:
        found = tuple(self.source.matching(pattern))
        include = Include(pattern, place, found, outer)
        block.includes.append(include)
        if not found and not any(mark in pattern for mark in "*?["):
            self.missing.append(Missing(pattern, place))
        for path in found:
            if path in self.opening:
                self.note(place, "it includes itself")
                continue
            if path not in self.parsed and (self.left < 0 or len(self.parsed) >= _MAX_FILES):
                self.note(Place(path, 1), _TOO_MUCH)
                continue
            self.opening.append(path)
            self.fill(block, self.nodes(path), path, depth + 1, include)
            self.opening.pop()


def load(files: Files, path: str, context: str = MAIN) -> Config:
    """Read the configuration that starts at a file, or at a part in the context it is written for.

    `context` is one of main, http, server, location, stream, stream_server, upstream and mail.
    Never raises for what a file says: see `Config.missing` and `Config.unread`.
    """
    loading = _Loading(files)
    main = Item(MAIN, (), Place(), None, None, is_block=True)
    block = main
    for name in _AROUND[context]:
        args = ("/",) if name == "location" else ()
        around = Item(name, args, Place(), None, block, is_block=True)
        block.items.append(around)
        block = around
    loading.opening.append(path)
    loading.fill(block, loading.nodes(path), path, 0, None)
    return Config(main, tuple(loading.files), tuple(loading.missing), tuple(loading.unread))
