"""Which blocks a change is in, and so which requests it may explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.semantics.nginx.change import Effect

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workflow.semantics.nginx.change import Change
    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.files import Place

_OWN = {"server", "location"}
EVERYWHERE = "http"
"""Stands for what concerns every request."""


@dataclass(frozen=True, slots=True)
class Reach:
    """A change, and the labels of the blocks that it may show in; `EVERYWHERE` for all."""

    change: Change
    labels: frozenset[str]

    @property
    def words(self) -> tuple[str, ...]:
        """The directive that it is about, in words."""
        return tuple(self.change.directive.split())

    @property
    def is_new_location(self) -> bool:
        """Whether it brings in a location."""
        return self.change.effect is Effect.ADDED and self.words[:1] == ("location",)

    @property
    def is_everywhere(self) -> bool:
        """Whether it is not about one server or location."""
        return EVERYWHERE in self.labels


class Reaches:
    """All changes, found by the blocks that they may show in."""

    def __init__(self, every: Iterable[Reach]) -> None:
        """Sort them by block."""
        self.every = tuple(every)
        self.everywhere = tuple(one for one in self.every if one.is_everywhere)
        self._by_label: dict[str, list[Reach]] = {}
        for one in self.every:
            for name in one.labels if not one.is_everywhere else ():
                self._by_label.setdefault(name, []).append(one)
        self.labels = frozenset(self._by_label)
        self.is_about_limits = any(
            one.words[:1] and one.words[0].startswith("limit_") for one in self.every
        )

    def touching(self, labels: frozenset[str]) -> tuple[Reach, ...]:
        """Return the changes that may show in a request that was made for these blocks."""
        found = {id(one) for name in labels for one in self._by_label.get(name, ())}
        # In the order of the changes: that of a set is another one in each process.
        return (*(one for one in self.every if id(one) in found), *self.everywhere)

    def is_in(self, server: Item) -> bool:
        """Whether a change is in a server, or in one of its locations."""
        blocks = (one for one in server.walk() if one.is_block and one.name in _OWN)
        return bool(self.labels) and any(one.label in self.labels for one in blocks)


def reaches(changes: Sequence[Change], base: Config | None, patched: Config) -> Reaches:
    """Return how far each change reaches: the block that it is in on either side."""
    sides = (_Lines(base) if base is not None and changes else None, _Lines(patched))
    found = []
    for change in changes:
        places = zip(sides, (change.base, change.patched), strict=True)
        labels = [
            label
            for lines, place in places
            if lines is not None and place is not None
            for label in lines.labels(place, change.directive)
        ]
        found.append(Reach(change, frozenset(labels or [EVERYWHERE])))
    return Reaches(found)


class _Lines:
    """The directives of a configuration by where they are written."""

    def __init__(self, config: Config) -> None:
        self._items: dict[Place, list[Item]] = {}
        for item in config.main.walk():
            self._items.setdefault(item.place, []).append(item)

    def labels(self, place: Place, directive: str) -> list[str]:
        """Return the labels of the blocks that a line's directive is in, or is."""
        found = self._items.get(place, [])
        name = directive.partition(" ")[0]
        named = [item for item in found if item.name == name] or found
        return [label(item) for item in named]


def label(item: Item) -> str:
    """Return the label of the innermost server or location that an item is, or is in."""
    around: Iterable[Item] = (item, *item.around)
    block = next((one for one in around if one.is_block and one.name in _OWN), None)
    # NOTE: an upstream has `server` as well, without a block.
    return block.label if block is not None else EVERYWHERE


def scopes(block: Item) -> frozenset[str]:
    """Return the labels of a server or location and of those around it."""
    return frozenset(
        one.label for one in (block, *block.around) if one.is_block and one.name in _OWN
    )
