"""Names blocks, directives and values for a reader: short, on one printable line."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from workflow.semantics.nginx.diff.reading import HEADERS
from workflow.semantics.nginx.expanded import MAIN
from workflow.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from workflow.semantics.nginx.expanded import Config, Item

_LONGEST = 200
_MOST_NAMED = 5


class Scopes:
    """The names of the blocks of one configuration; two servers of one name are told apart."""

    __slots__ = ("_config", "_servers")

    def __init__(self, config: Config) -> None:
        """The names are counted when the first is asked for."""
        self._config = config
        self._servers: Counter[str] | None = None

    def label(self, block: Item) -> str:
        """The block's label: `location /x of server a.example`."""
        if block.name == MAIN:
            return MAIN
        if block.directive is None:
            return f"the {block.name} that includes it"
        if block.name == "server":
            return self._server(block)
        own = one_line(" ".join(block.words))
        outer = next((one for one in block.around if one.name in {"server", "location"}), None)
        return cut(f"{own} of {self.label(outer)}" if outer and outer.directive else own)

    def told(self, block: Item) -> str:
        """The block in a sentence: `location /x` of server a.example."""
        own, of, outer = self.label(block).partition(" of server ")
        if block.name in {MAIN, "http", "server"} or block.directive is None:
            return own + of + outer
        return f"`{own}`{of}{outer}"

    def _server(self, server: Item) -> str:
        listens = (one.args[0].rpartition(":")[2] for one in server.named("listen") if one.args)
        ports = list(dict.fromkeys(listens))
        if self._servers is None:
            self._servers = Counter(one.label for one in self._config.servers)
        if self._servers[server.label] <= 1 or not ports:
            return server.label
        return f"{server.label} ({', '.join(ports[:2])})"


def cut(text: str, longest: int = _LONGEST) -> str:
    """A text on one printable line, and not too long."""
    line = text[: 8 * longest]
    line = line if line.isprintable() else one_line(line)
    return line if len(line) <= longest else f"{line[:longest]}…"


def shown(item: Item) -> str:
    """A directive's words."""
    return cut(" ".join(one or '""' for one in item.words))


def value(item: Item, start: int = 0) -> str:
    """A directive's arguments from one on."""
    return cut(" ".join(one or '""' for one in item.args[start:]))


T = TypeVar("T")


def listed(names: Iterable[str]) -> str:
    """Some names, the first five by name and the others as a number."""
    return named(tuple(names), str)


def named(things: Sequence[T], name: Callable[[T], str]) -> str:
    """Some things, the first five by name and the others as a number."""
    head = list(dict.fromkeys(cut(name(one)) for one in things[:_MOST_NAMED]))
    if len(things) > _MOST_NAMED:
        return f"{', '.join(head)} and {len(things) - _MOST_NAMED} more"
    return " and ".join((", ".join(head[:-1]), head[-1])) if len(head) > 1 else "".join(head)


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: `1 header`, `2 headers`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def contents(items: Sequence[Item]) -> str:
    """What a block, or an include, holds: its directives' names, those of one name counted.

    A few headers are told by their own names.
    """
    if 0 < len(items) <= _MOST_NAMED and all(item.name in HEADERS and item.args for item in items):
        return listed(f"`{item.name} {item.args[0]}`" for item in items)
    counts = Counter(item.name for item in items)
    return listed(name if number == 1 else f"{number} x {name}" for name, number in counts.items())
