"""Values of a document with the line that each stands on, whatever format they are written in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 64
"""Values that are nested deeper are not read, so that readers of a tree may go down by calls."""
MAX_NODES = 50_000
"""How many values a document may have, each alias counted as all that it stands for."""
_LONG_GAP = re.compile(r"\S[^\S\n]{100}")


class FormatError(ValueError):
    """A text that is not of its format; `line` counts from 1 and is 0 where it is not known."""

    def __init__(self, message: str, line: int = 0, mend: str = "") -> None:
        super().__init__(message)
        self.line = line
        self.mend = mend


class UnboundedError(FormatError):
    """A text that is not read because it is too large, too deep, or takes too long."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value without parts.

    `tag` is `str`, `int`, `float`, `bool`, `null`, `timestamp`, or a YAML tag in full.  `text` is
    what it says, and for what is no string, how it is spelled.
    """

    tag: str
    text: str
    line: int = 0
    size: int = 1


@dataclass(frozen=True, slots=True)
class Items:
    """A list; `size` counts all the values in it, and itself."""

    items: tuple[Node, ...]
    line: int = 0
    size: int = 1
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a table; `said` is the key with its type where it is no string."""

    key: str
    value: Node
    line: int = 0
    tag: str = "str"


@dataclass(frozen=True, slots=True)
class Table:
    """Keys and values, in their order; no key stands twice."""

    entries: tuple[Entry, ...]
    line: int = 0
    size: int = 1
    tag: str = ""

    def get(self, *keys: str) -> Node | None:
        """Return the value at a path of keys, if it is there."""
        node: Node | None = self
        for key in keys:
            if not isinstance(node, Table):
                return None
            node = next((one.value for one in node.entries if one.key == key), None)
        return node

    def table(self, *keys: str) -> Table:
        """Return the table at a path of keys, an empty one if there is none."""
        found = self.get(*keys)
        return found if isinstance(found, Table) else Table(())


Node: TypeAlias = Scalar | Items | Table


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a line, and what to do about it.

    `is_extra` is whether it is a key that nobody knows, and that is near none that is known.
    """

    line: int
    message: str
    mend: str = ""
    is_extra: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """The documents of a text, and keys that stand twice: the last one counts."""

    documents: tuple[Node, ...]
    problems: tuple[Problem, ...] = field(default=())


def strings(node: Node | None) -> Iterator[Scalar]:
    """Give a scalar, or the scalars of a list."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Items):
        yield from (one for one in node.items if isinstance(one, Scalar))


def refuse_long_gaps(text: str) -> None:
    """Raise `UnboundedError` for a long run of blanks inside a line.

    Patterns of the standard library and of others take time that grows with its square.
    """
    if found := _LONG_GAP.search(text):
        line = text.count("\n", 0, found.start()) + 1
        message = "a hundred blanks in a row"
        raise UnboundedError(message, line)
