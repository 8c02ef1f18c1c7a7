"""Reads TOML as a tree; the standard library keeps no lines, so keys are looked up for theirs."""

from __future__ import annotations

import re
from typing import Any, Self

from workflow.semantics.formats.tree import (
    MAX_DEPTH,
    MAX_NODES,
    Entry,
    FormatError,
    Items,
    Node,
    Read,
    Scalar,
    Table,
    UnboundedError,
)
from workflow.semantics.toml import read_toml

_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")
_HEADER = re.compile(r"\s*\[\[?([^\]\n]+)\]")
_KEY = re.compile(r"""\s*("[^"\n]*"|'[^'\n]*'|[\w.-]+)\s*=""")


def read_toml_tree(text: str) -> Read:
    """Return the document of TOML text.

    Raises `FormatError` with the line; a key that stands twice is one.
    """
    try:
        document = read_toml(text, parse_float=_Spelled)
    except ValueError as error:
        said = str(error)
        found = _AT.search(said)
        if found is None:
            raise UnboundedError(said) from error
        line = int(found[1]) if found[1] else text.count("\n") + 1
        column = f" (column {found[2]})" if found[2] else " (at the end)"
        raise FormatError(said[: found.start()] + column, line) from error
    node = _node(document, 0)
    if node.size > MAX_NODES:
        message = f"more than {MAX_NODES:,} values"
        raise UnboundedError(message)
    return Read((node,))


def line_of(text: str, *keys: str) -> int:
    """Return the line on which a path of keys is likely written; 0 where it is not found."""
    wanted, best = ".".join(keys), 0
    table = ""
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            table = _bare(header[1])
            if wanted == table:
                best = best or number
        elif key := _KEY.match(line):
            name = _bare(key[1])
            if wanted == (f"{table}.{name}" if table else name):
                return number
    return best


def _bare(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))


class _Spelled(float):
    """A number with a point that remembers how it is spelled: 1.0 and 1.00 may be two versions."""

    __slots__ = ("text",)

    def __new__(cls, text: str) -> Self:
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str


def _node(value: Any, depth: int) -> Node:  # noqa: ANN401 - what TOML holds
    # Goes down by calls: what is nested deeper than MAX_DEPTH is refused.
    if depth > MAX_DEPTH:
        message = f"nested deeper than {MAX_DEPTH}"
        raise UnboundedError(message)
    match value:
        case dict():
            entries = tuple(Entry(key, _node(one, depth + 1)) for key, one in value.items())
            return Table(entries, 0, 1 + sum(one.value.size for one in entries))
        case list():
            items = tuple(_node(one, depth + 1) for one in value)
            return Items(items, 0, 1 + sum(one.size for one in items))
        case _:
            return _scalar(value)


def _scalar(value: object) -> Scalar:
    match value:
        case bool():
            return Scalar("bool", str(value).lower())
        case str():
            return Scalar("str", value)
        case _Spelled():
            return Scalar("float", value.text)
        case int():
            return Scalar("int", _digits(value))
        case _:
            return Scalar("timestamp", str(value))


def _digits(value: int) -> str:
    """A number in decimal; a hexadecimal one may be too long for that."""
    return str(value) if value.bit_length() < 10_000 else hex(value)  # noqa: PLR2004 - bits
