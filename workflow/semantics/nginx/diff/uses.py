"""Who has a directive of its own, and who uses a name: looked up once for a configuration."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.semantics.nginx.expanded import Config, Item

_BLOCKS = {"server", "location", "if", "limit_except"}
_MOST = 1000
_HOST = re.compile(r"(?:\w+://)?([\w.-]+)")
_VARIABLE = re.compile(r"\$\{?(\w+)")
_ZONES = ("limit_req", "limit_conn")
_VARIABLES = {"map", "geo", "split_clients"}
_USED = _VARIABLES | {"upstream", "limit_req_zone", "limit_conn_zone"}


def is_used(thing: Item) -> bool:
    """Whether others may use a thing by its name."""
    return thing.name in _USED


class Uses:
    """An index of the blocks of one configuration."""

    __slots__ = ("_end", "_hosts", "_number", "_owners", "_sorted", "_variables", "_zones")

    def __init__(self, config: Config) -> None:
        """Go through the configuration once."""
        self._number: dict[Item, int] = {}
        self._end: dict[Item, int] = {}
        self._owners: dict[str, dict[Item, None]] = {}
        self._sorted: dict[str, tuple[list[Item], list[int]]] = {}
        self._hosts: dict[str, dict[Item, None]] = {}
        self._variables: dict[str, dict[Item, None]] = {}
        self._zones: dict[str, dict[Item, None]] = {}
        for item in config.main.walk():
            self._number[item] = len(self._number)
            if item.parent is not None:
                self._take(item, item.parent)
        for item in reversed(self._number):
            last = self._end.setdefault(item, self._number[item])
            if item.parent is not None:
                self._end[item.parent] = max(self._end.get(item.parent, 0), last)

    def _take(self, item: Item, block: Item) -> None:
        if block.name in _BLOCKS and block.is_block:
            self._owners.setdefault(item.name, {})[block] = None
        if item.name.endswith("_pass") and item.args and (host := _HOST.match(item.args[0])):
            self._hosts.setdefault(host[1], {})[block] = None
        for arg in item.args:
            if "$" in arg:
                for name in _VARIABLE.findall(arg):
                    self._variables.setdefault(name, {})[block] = None
            if item.name in _ZONES:
                name = arg.removeprefix("zone=").partition(":")[0]
                self._zones.setdefault(name, {})[block] = None

    def own(self, name: str, block: Item) -> Sequence[Item]:
        """The blocks in a block that have a directive of this name themselves, the first of them.

        At most a thousand.
        """
        if name not in self._sorted:
            owners = sorted(self._owners.get(name, ()), key=self._number.__getitem__)
            self._sorted[name] = owners, [self._number[one] for one in owners]
        owners, numbers = self._sorted[name]
        start = bisect_left(numbers, self._number[block] + 1)
        end = bisect_left(numbers, self._end[block] + 1)
        return owners[start : min(end, start + _MOST)]

    def users(self, thing: Item) -> Sequence[Item]:
        """The blocks that use an upstream, the variable of a map, or a zone."""
        found: dict[Item, None] = {}
        if thing.name == "upstream" and thing.args:
            found = self._hosts.get(thing.args[0], {})
        elif thing.name in _VARIABLES and thing.args:
            found = self._variables.get(thing.args[-1].removeprefix("$"), {})
        elif is_used(thing):
            zones = (one for one in thing.args if one.startswith("zone="))
            name = next(zones, "").removeprefix("zone=").partition(":")[0]
            found = self._zones.get(name, {})
        return [one for one in found if one is not thing and one is not thing.parent]
