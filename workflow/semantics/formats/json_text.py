"""Reads JSON: the standard library decides what is JSON, and a walk over it says where."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
    from collections.abc import Callable

_MAX = 1024 * 1024
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\]]|[-\w+.]++|\n')
_WORDS = {"true": "bool", "false": "bool", "null": "null"}
_TRAILING = re.compile(r",\s*+[}\]]?\s*+\Z")


def load(
    text: str, pairs: Callable[[list[tuple[str, object]]], object], number: Callable[[str], object]
) -> object:
    """Return what JSON says: `pairs` makes its objects, `number` its numbers from their spelling.

    Raises `FormatError` with the line for other text, and `UnboundedError` for text that is too
    large or too deep.
    """
    if len(text) > _MAX:
        message = f"larger than {_MAX:,} characters"
        raise UnboundedError(message)
    try:
        return json.loads(
            text,
            object_pairs_hook=pairs,
            parse_float=number,
            parse_int=number,
            parse_constant=_no_constant,
        )
    except json.JSONDecodeError as error:
        mend = _mend(text, error)
        message = f"{error.msg} (column {error.colno})"
        raise FormatError(message, error.lineno, mend) from error
    except RecursionError as error:
        message = "nested too deeply"
        raise UnboundedError(message) from error


def read_json(text: str) -> Read:
    """Return the value of JSON text; raises as `load` does."""
    load(text, _nothing, _nothing)
    walk = _Walk()
    for found in _TOKEN.finditer(text):
        walk.take(found[0])
    return Read((walk.done[0],), tuple(walk.problems))


def _nothing(_: object) -> None:
    """Make nothing of what is only checked."""


def _no_constant(word: str) -> object:
    message = f"{word} is no JSON"
    raise FormatError(message, 0, "write null, or a string")


def _mend(text: str, error: json.JSONDecodeError) -> str:
    """Say what to do about the usual mistakes."""
    before, at = text[max(error.pos - 200, 0) : error.pos], text[error.pos : error.pos + 2]
    if at in {"//", "/*"} or at.startswith("#"):
        return "JSON has no comments: take it out"
    if at.startswith("'"):
        return "put strings in double quotes"
    if _TRAILING.search(text[max(error.pos - 200, 0) : error.pos + 1]) and at[:1] in {
        "}",
        "]",
        ",",
    }:
        return "take out the comma before it"
    if error.msg.startswith("Illegal trailing comma"):
        return "take out the comma"
    if error.msg.startswith("Expecting ',' delimiter"):
        return "put a comma between the two values"
    return "take out what follows the document" if before and error.msg == "Extra data" else ""


@dataclass(slots=True)
class _Walk:
    """Makes a tree of the tokens of text that is known to be JSON."""

    done: list[Node] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _open: list[tuple[str, int, list[Node]]] = field(default_factory=list)
    _line: int = 1
    _count: int = 0

    def take(self, token: str) -> None:
        """Take the next token."""
        match token:
            case "\n":
                self._line += 1
            case "{" | "[":
                if len(self._open) == MAX_DEPTH:
                    message = f"nested deeper than {MAX_DEPTH}"
                    raise UnboundedError(message, self._line)
                self._open.append((token, self._line, []))
            case "}" | "]":
                self._put(self._closed(*self._open.pop()))
            case _ if token.startswith('"'):
                said = json.loads(token, strict=False)
                self._put(Scalar("str", said, self._line))
            case _:
                tag = _WORDS.get(token) or ("float" if set(token) & set(".eE") else "int")
                self._put(Scalar(tag, token, self._line))

    def _put(self, node: Node) -> None:
        self._count += 1
        if self._count > MAX_NODES:
            message = f"more than {MAX_NODES:,} values"
            raise UnboundedError(message, self._line)
        (self._open[-1][2] if self._open else self.done).append(node)

    def _closed(self, bracket: str, line: int, parts: list[Node]) -> Node:
        size = 1 + sum(part.size for part in parts)
        if bracket == "[":
            return Items(tuple(parts), line, size)
        entries: dict[str, Entry] = {}
        for key, value in zip(parts[::2], parts[1::2], strict=True):
            if not isinstance(key, Scalar):
                raise FormatError("a key that is no string", key.line)  # noqa: EM101, TRY003 - never
            if (earlier := entries.get(key.text)) is not None:
                message = f"the key {key.text} stands twice, first at line {earlier.line}"
                self.problems.append(Problem(key.line, message, "keep one of them"))
            entries[key.text] = Entry(key.text, value, key.line)
        return Table(tuple(entries.values()), line, size)
