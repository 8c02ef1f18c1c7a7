"""Gives every directive and block a number that is equal for equal meaning.

The number of a block is made of its words and of the numbers in it: sorted where order means
nothing, in their order where it does.  Base and patched share one `Forms`.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from workflow.semantics.nginx.diff.reading import TABLES, Reading, read
from workflow.semantics.nginx.diff.values import address
from workflow.semantics.nginx.expanded import Item

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

_HASHED = ("hash", "ip_hash")
_KINDS = TABLES | {"upstream"}
_ANY_ADDRESS = "*:80"
_DEFAULT = {"default_server", "default"}
# Several of one name in one block count as one with all the arguments.
_GATHERED = frozenset({"server_name", "index", "valid_referers"})
_TYPES = "_types"


class _Known(NamedTuple):
    """What was read of one spelling; `gathering` names those that it adds up with."""

    reading: Reading
    number: int
    group: str
    gathering: str


class Forms:
    """The numbers given so far, and what was read of each directive."""

    __slots__ = ("_contents", "_numbers", "_of_items", "_readings")

    def __init__(self) -> None:
        """Begin without any."""
        self._numbers: dict[Hashable, int] = {}
        self._readings: dict[tuple[str, str, tuple[str, ...]], _Known] = {}
        self._of_items: dict[Item, int] = {}
        self._contents: dict[Item, Sequence[Item]] = {}

    def reading(self, item: Item) -> Reading:
        """How a directive is read in its block."""
        return self._read(_kind(item.parent), item).reading

    def contents(self, block: Item) -> Sequence[Item]:
        """The directives in a block, those of one name that add up as one."""
        found = self._contents.get(block)
        if found is None:
            self.form(block)
            found = self._contents.get(block, block.items)
        return found

    def form(self, item: Item) -> int:
        """The number of a directive or block; equal numbers mean the same."""
        found = self._of_items.get(item)
        if found is None:
            found = self._of_items[item] = self._form(_kind(item.parent), item)
        return found

    def same_order(self, group: str, items: Iterable[Item]) -> Sequence[Hashable]:
        """A sequence that is equal for two orders that mean the same."""
        if group != "access":
            return [self.form(item) for item in items]
        # The order among neighbours that all allow, or all deny, means nothing.
        runs = groupby(items, key=lambda item: item.name)
        return [tuple(sorted(map(self.form, run))) for _, run in runs]

    def _read(self, kind: str, item: Item) -> _Known:
        key = (kind, item.name, item.args)
        found = self._readings.get(key)
        if found is None:
            reading = read(*key)
            number = self._number(reading.words)
            found = _Known(reading, number, reading.group, _gathering(kind, item))
            self._readings[key] = found
        return found

    def _form(self, kind: str, item: Item) -> int:
        head = self._read(kind, item).number
        if not item.is_block:
            return head
        numbers: list[int] = []
        ordered: dict[str, list[Item]] = {}
        inner = _kind(item)
        for one, known in self._gathered(inner, item):
            number = self._form(inner, one) if one.is_block else known.number
            self._of_items[one] = number
            if known.group:
                ordered.setdefault(known.group, []).append(one)
            elif one.is_block and one.name == "server":
                # Which of them is the default one is found out where they are compared.
                ordered.setdefault("server", []).append(one)
            else:
                numbers.append(number)
        numbers.sort()
        rows = tuple(
            (group, tuple(self.same_order(group, ordered[group]))) for group in sorted(ordered)
        )
        # What an include would bring whose files are not in the tree is part of the meaning.
        unknown = {one.pattern for one in item.includes if not one.files} if item.includes else ()
        return self._number((head, item.code, tuple(numbers), rows, tuple(sorted(unknown))))

    def _gathered(self, kind: str, block: Item) -> Iterable[tuple[Item, _Known]]:
        """The directives of a block with what was read of them; those that add up are one."""
        items = self._contents[block] = block.items
        known = [self._read(kind, one) for one in items]
        keys = [one.gathering for one in known if one.gathering]
        if len(keys) == len(set(keys)):
            return zip(items, known, strict=True)
        groups: dict[str, list[Item]] = {}
        for item, one in zip(items, known, strict=True):
            if one.gathering:
                groups.setdefault(one.gathering, []).append(item)
        several = [group for group in groups.values() if len(group) > 1]
        joined = {group[0]: _joined(group) for group in several}
        left_out = {item for group in several for item in group[1:]}
        rest = [joined.get(item, item) for item in items if item not in left_out]
        self._contents[block] = rest
        return [(item, self._read(kind, item)) for item in rest]

    def _number(self, key: Hashable) -> int:
        return self._numbers.setdefault(key, len(self._numbers))


def winners(http: Item) -> dict[tuple[str, str], Item]:
    """The server that takes what several could: by address, then by a name; "" for other names.

    Regular expressions are tried in the order of their servers; each such name has a number.
    """
    servers = [one for one in http.named("server") if one.is_block]
    if len(servers) <= 1 or http.name not in {"http", "stream"}:
        return {}
    found: dict[tuple[str, str], Item] = {}
    claimed: dict[tuple[str, str], int] = {}
    explicit: set[str] = set()
    patterns = 0
    for server in servers:
        names = [name for one in server.named("server_name") for name in one.args]
        for where, is_default in _addresses(server):
            if is_default and where not in explicit:
                explicit.add(where)
                found[where, ""] = server
            found.setdefault((where, ""), server)
            for name in {one.lower() for one in names if one and not one.startswith("~")}:
                claimed[where, name] = claimed.get((where, name), 0) + 1
                found.setdefault((where, name), server)
        for name in names:
            if name.startswith("~"):
                found["~", f"{patterns:06}"] = server
                claimed["~", f"{patterns:06}"] = 2
                patterns += 1
    return {key: one for key, one in found.items() if not key[1] or claimed[key] > 1}


def _addresses(server: Item) -> Iterator[tuple[str, bool]]:
    """Where a server listens, and whether it is the default there."""
    listens = server.named("listen")
    if not listens:
        yield _ANY_ADDRESS, False
    for one in listens:
        if one.args:
            yield address(one.args[0]), not _DEFAULT.isdisjoint(one.args[1:])


def _kind(block: Item | None) -> str:
    """Which kind of entries a block holds, where these are no ordinary directives."""
    if block is None or block.name not in _KINDS or not block.is_block:
        return ""
    if block.name != "upstream":
        return block.name
    return "hashed" if any(map(block.named, _HASHED)) else "upstream"


def _joined(items: Sequence[Item]) -> Item:
    """One directive that says what several say, at the place of the first."""
    first = items[0]
    args = tuple(dict.fromkeys(arg for item in items for arg in item.args))
    if first.name == "error_page":
        codes = tuple(arg for arg in args if arg.isdigit())
        args = (*codes, *(arg for arg in first.args if not arg.isdigit()))
    return Item(first.name, args, first.place, first.directive, first.parent, via=first.via)


def _gathering(kind: str, item: Item) -> str:
    """The name under which a directive adds up with others; empty for one that stands alone."""
    if kind == "types":
        return item.name.lower()
    if item.is_block or kind in TABLES:
        return ""
    if item.name == "error_page" and item.args:
        return " ".join(("error_page", *(one for one in item.args if not one.isdigit())))
    return item.name if item.name in _GATHERED or item.name.endswith(_TYPES) else ""
