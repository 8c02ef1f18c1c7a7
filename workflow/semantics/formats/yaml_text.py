"""Reads YAML from its events: nothing is constructed, nothing is looked up, aliases are shared.

A node that has an alias is held once, however often it is used, and its size is counted as often:
so an alias bomb is seen before anything goes through it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import yaml

from workflow.semantics.formats.tree import (
    MAX_DEPTH,
    MAX_NODES,
    Entry,
    FormatError,
    Items,
    Node,
    Problem,
    Read,
    Scalar,
    Table,
    UnboundedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# NOTE: PyYAML compares each open bracket at each token, and libyaml each %TAG with all others; the
# bounds keep these from mattering.
_MAX = 256 * 1024
_MAX_BRACKETS = 64
_BRACKET = re.compile(r"[\[\]{}]")
_DIRECTIVE = re.compile(r"(?m)^%")
_LONGEST_PLAIN = 200
_CORE = "tag:yaml.org,2002:"
_MERGE = "merge"
_MENDS = {
    "mapping values are not allowed": "quote a value that holds `: `, or correct the indentation",
    "could not find expected ':'": "put a colon and a blank behind the key",
    "did not find expected key": "indent it as the keys beside it, or close a quote before it",
    "did not find expected '-' indicator": "indent it as the items beside it",
    "did not find expected ',' or": "close the bracket, or put a comma between the values",
    "cannot start any token": "quote a value that begins with @, ` or %",
    "unexpected end of stream": "close the quote or bracket that is open",
}
_Opened: TypeAlias = yaml.SequenceStartEvent | yaml.MappingStartEvent


def events(text: str) -> Iterator[yaml.Event]:
    """Give the events of YAML text.

    Raises `yaml.YAMLError`, and `UnboundedError` for text that takes too long to read.
    """
    if len(text) > _MAX or _DIRECTIVE.search(text) or _deepest(text) > _MAX_BRACKETS:
        message = "too large, too deep, or with directives"
        raise UnboundedError(message)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    yield from yaml.parse(text, Loader=loader)


def read_yaml(text: str) -> Read:
    """Return the documents of YAML text, aliases and merge keys resolved.

    Raises `FormatError` with the line; it is an `UnboundedError` where text takes too long to read,
    or stands for more than 50,000 values.
    """
    builder = _Builder()
    try:
        for event in events(text):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise _refused(text, error) from error
    except yaml.YAMLError as error:
        message = " ".join(str(error).split())
        raise FormatError(message) from error
    return Read(tuple(builder.documents), tuple(builder.problems))


def _refused(text: str, error: yaml.MarkedYAMLError) -> FormatError:
    """Say what is wrong, on which line, and for the usual mistakes what to do."""
    lines = text.rstrip("\n").split("\n")
    mark, begun = error.problem_mark or error.context_mark, error.context_mark
    line = min(mark.line + 1, len(lines)) if mark else 0
    words = " ".join(filter(None, (error.context, error.problem)))
    row = lines[line - 1] if line else ""
    if "\t" in row[: len(row) - len(row.lstrip())]:
        return FormatError(words, line, "indent with spaces, not tabs")
    mend = next((mend for said, mend in _MENDS.items() if said in words), "")
    since = f", begun at line {begun.line + 1}" if begun and begun.line + 1 < line else ""
    return FormatError(words + since, line, mend)


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end is still to come: what it has, keys and values in turn."""

    event: _Opened
    parts: list[Node] = field(default_factory=list)
    size: int = 1


@dataclass(slots=True)
class _Builder:
    """Makes trees of events."""

    documents: list[Node] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _open: list[_Open] = field(default_factory=list)
    _anchors: dict[str, Node | None] = field(default_factory=dict)
    _resolver: yaml.resolver.Resolver = field(default_factory=yaml.resolver.Resolver)

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        match event:
            case yaml.DocumentStartEvent():
                self._anchors.clear()
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                if len(self._open) == MAX_DEPTH:
                    message = f"nested deeper than {MAX_DEPTH}"
                    raise UnboundedError(message, _line(event))
                if event.anchor:
                    self._anchors[event.anchor] = None
                self._open.append(_Open(event))
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                made = self._open.pop()
                node = self._closed(made)
                self._put(node, made.event.anchor)
            case yaml.ScalarEvent():
                self._put(self._scalar(event), event.anchor)
            case yaml.AliasEvent():
                self._put(self._named(event), None)

    def _put(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        if not self._open:
            self.documents.append(node)
            return
        inside = self._open[-1]
        inside.parts.append(node)
        inside.size += node.size
        if inside.size > MAX_NODES:
            message = f"stands for more than {MAX_NODES:,} values"
            raise UnboundedError(message, _line(inside.event))

    def _named(self, event: yaml.AliasEvent) -> Node:
        line = _line(event)
        if event.anchor not in self._anchors:
            message = f"the alias {event.anchor} has no anchor before it"
            raise FormatError(message, line, f"write &{event.anchor} where the value stands")
        node = self._anchors[event.anchor]
        if node is None:
            message = f"the alias {event.anchor} stands inside its own anchor"
            raise FormatError(message, line)
        return node

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        tag = event.tag
        if tag is None or tag == "!":
            is_plain = event.implicit[0] and len(event.value) <= _LONGEST_PLAIN
            kind = yaml.ScalarNode
            words = (kind, event.value, (is_plain, not is_plain))
            tag = self._resolver.resolve(*words)  # type: ignore[no-untyped-call]  # PyYAML's own
        return Scalar(tag.removeprefix(_CORE), event.value, _line(event))

    def _closed(self, made: _Open) -> Node:
        line, tag = _line(made.event), made.event.tag or ""
        if isinstance(made.event, yaml.SequenceStartEvent):
            return Items(tuple(made.parts), line, made.size, tag)
        own: dict[tuple[str, str], Entry] = {}
        merged: dict[tuple[str, str], Entry] = {}
        for key, value in zip(made.parts[::2], made.parts[1::2], strict=True):
            name, kind = _key(key)
            if kind == _MERGE:
                _merge(merged, value, key.line)
                continue
            if (earlier := own.get((name, kind))) is not None:
                message = f"the key {name} stands twice, first at line {earlier.line}"
                self.problems.append(Problem(key.line, message, "keep one of them"))
            own[name, kind] = Entry(name, value, key.line, kind)
        entries = (*own.values(), *(one for at, one in merged.items() if at not in own))
        return Table(entries, line, made.size, tag)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _key(node: Node) -> tuple[str, str]:
    """Return how a key is spelled, and of what type it is."""
    if isinstance(node, Scalar):
        return node.text, node.tag
    # YAML has such keys, and hardly a program that reads configuration does.
    message = "a key that is a list or a mapping"
    raise FormatError(message, node.line, "quote a value that begins with {{")


def _merge(into: dict[tuple[str, str], Entry], node: Node, line: int) -> None:
    """Take the keys of what stands at a merge key; of two, the first one's count."""
    for one in node.items if isinstance(node, Items) else (node,):
        if not isinstance(one, Table):
            message = "a merge key (<<) that names no mapping"
            raise FormatError(message, line, "give it an alias of a mapping, or a list of them")
        for entry in one.entries:
            into.setdefault((entry.key, entry.tag), entry)


def _deepest(text: str) -> int:
    """How deep brackets are nested, those in strings and comments included."""
    depth = deepest = 0
    for found in _BRACKET.finditer(text):
        depth = depth + 1 if found[0] in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest
