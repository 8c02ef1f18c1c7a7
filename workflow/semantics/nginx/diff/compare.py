"""Walks two effective configurations side by side and notes every difference once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from workflow.semantics.nginx.change import Effect
from workflow.semantics.nginx.diff.forms import winners
from workflow.semantics.nginx.diff.order import moved
from workflow.semantics.nginx.diff.pairing import pair
from workflow.semantics.nginx.expanded import Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workflow.semantics.nginx.diff.forms import Forms
    from workflow.semantics.nginx.diff.pairing import Pairing
    from workflow.semantics.nginx.expanded import Config, Include


_CLAIMS = {"listen", "server_name"}


class Kind(Enum):
    """What a difference is about."""

    DIRECTIVE = auto()
    """A directive, or a block as a whole."""
    HEAD = auto()
    """The words before a block's `{`, while most in it stays."""
    CODE = auto()
    """A Lua or njs block, which is not read."""
    ORDER = auto()
    """The order in a group where order has a meaning."""
    INCLUDE = auto()
    """A whole `include`: everything that it brings into its block."""
    DEFAULT = auto()
    """Which server takes what several could take."""
    REGEX_SERVERS = auto()
    """The order of servers that are found by regular expressions."""


@dataclass(slots=True, eq=False)
class Difference:
    """One difference, in the blocks of base and patched in which it lies.

    `items` are the members that changed place, or what an `include` brings; `lost` what the one
    brought that was there before, or that is gone.  `places` are the same difference in further
    blocks that read the same file.
    """

    kind: Kind
    effect: Effect
    old_block: Item
    new_block: Item
    before: Item | None = None
    after: Item | None = None
    items: tuple[Item, ...] = ()
    about: str = ""
    include: Include | None = None
    former: Include | None = None
    lost: tuple[Item, ...] = ()
    places: tuple[Difference, ...] = ()

    @property
    def source(self) -> tuple[object, ...]:
        """What is equal for two differences that come from the same lines."""
        written = (_node(self.before), _node(self.after), *map(_node, self.items))
        return (self.kind, self.effect, self.about, *written)


def _node(item: Item | None) -> int:
    if item is None:
        return 0
    return id(item.directive) if item.directive else id(item)


class Walk:
    """The differences found so far."""

    __slots__ = ("forms", "found")

    def __init__(self, forms: Forms) -> None:
        """Begin without any."""
        self.forms = forms
        self.found: list[Difference] = []

    def compare(self, old: Item, new: Item) -> None:
        """Note what differs in a block; blocks are at most forty deep."""
        paired = pair(self.forms, self.forms.contents(old), self.forms.contents(new))
        versions = {after: before for before, after in paired.changed}
        came, gone = self._includes(old, new, paired)
        for one in self.forms.contents(new):
            if one in versions:
                self._changed(old, new, versions[one], one)
            elif one in came and _is_wrapper(one):
                self.compare(_empty(one, old), one)
            elif one in came:
                self.found.append(Difference(Kind.DIRECTIVE, Effect.ADDED, old, new, None, one))
        for one in paired.gone:
            if one in gone and _is_wrapper(one):
                self.compare(one, _empty(one, new))
            elif one in gone:
                self.found.append(Difference(Kind.DIRECTIVE, Effect.REMOVED, old, new, one))
        self._orders(old, new, paired)
        if new.name in {"http", "stream"}:
            self._defaults(old, new, paired)

    def _changed(self, old: Item, new: Item, before: Item, after: Item) -> None:
        def note(kind: Kind) -> None:
            self.found.append(Difference(kind, Effect.CHANGED, old, new, before, after))

        if not (before.is_block and after.is_block):
            note(Kind.DIRECTIVE)
            return
        if self.forms.reading(before).words != self.forms.reading(after).words:
            note(Kind.HEAD)
        if before.code != after.code:
            note(Kind.CODE)
        self.compare(before, after)

    def _includes(self, old: Item, new: Item, paired: Pairing) -> tuple[set[Item], set[Item]]:
        """Note includes that come or go as one difference each; return what is left to be told."""
        came, gone = set(paired.came), set(paired.gone)
        fresh = _by_include(new, old, paired.came)
        former = _by_include(old, new, paired.gone)
        for one in (*_misspelt(former, came, old, new), *_misspelt(fresh, gone, old, new)):
            self.found.append(one)
            came.difference_update((*one.items, one.after))
            gone.difference_update((*one.lost, one.before))
        is_one = len(fresh) == len(former) == 1
        if is_one:
            ((include, brought),), ((other, lost),) = fresh.items(), former.items()
            one = Difference(Kind.INCLUDE, Effect.CHANGED, old, new, items=tuple(brought))
            one.include, one.former, one.lost = include, other, tuple(lost)
            self.found.append(one)
            return came.difference(brought), gone.difference(lost)
        for include, brought in fresh.items():
            if len(brought) != 1:
                one = Difference(Kind.INCLUDE, Effect.ADDED, old, new, items=tuple(brought))
                one.include = include
                self.found.append(one)
                came.difference_update(brought)
        for include, lost in former.items():
            if len(lost) != 1:
                one = Difference(Kind.INCLUDE, Effect.REMOVED, old, new, lost=tuple(lost))
                one.former = include
                self.found.append(one)
                gone.difference_update(lost)
        return came, gone

    def _orders(self, old: Item, new: Item, paired: Pairing) -> None:
        """Note each group whose members stay but change their order."""
        groups: dict[str, list[tuple[Item, Item]]] = {}
        kept = {self.forms.form(before) for before, _ in paired.kept} if paired.changed else set()
        for pairs, is_kept in ((paired.kept, True), (paired.changed, False)):
            for before, after in pairs:
                group = self.forms.reading(after).group
                if not group or group != self.forms.reading(before).group:
                    continue
                # Of several equal ones it is not known which of them changed.
                if is_kept or not (group == "access" or self.forms.form(before) in kept):
                    groups.setdefault(group, []).append((before, after))
        groups = {group: pairs for group, pairs in groups.items() if len(pairs) > 1}
        if groups:
            self._noted_orders(old, new, groups)

    def _noted_orders(
        self, old: Item, new: Item, groups: dict[str, list[tuple[Item, Item]]]
    ) -> None:
        stood = {item: at for at, item in enumerate(self.forms.contents(old))}
        stands = {item: at for at, item in enumerate(self.forms.contents(new))}
        for group, pairs in groups.items():
            places = _runs(pairs, stood) if group == "access" else stood
            rows = sorted(pairs, key=lambda both: stands[both[1]])
            astray = moved([places[before] for before, _ in rows])
            if astray:
                self.found.append(
                    Difference(
                        *(Kind.ORDER, Effect.MOVED, old, new),
                        *rows[astray[0]],
                        tuple(rows[at][1] for at in astray),
                        group,
                    )
                )

    def _same_claims(self, old: Item, new: Item, pairs: Sequence[tuple[Item, Item]]) -> bool:
        """Whether the same servers, in the same order, ask for the same requests."""
        became = dict(pairs)
        if [became.get(one) for one in _servers(old)] != _servers(new):
            return False
        return all(self._claims(before) == self._claims(after) for before, after in pairs)

    def _claims(self, server: Item) -> list[int]:
        return [self.forms.form(one) for one in server.items if one.name in _CLAIMS]

    def _defaults(self, old: Item, new: Item, paired: Pairing) -> None:
        """Note which servers take over, or lose, what several of them could take."""
        pairs = [
            both
            for both in (*paired.kept, *paired.changed)
            if both[1].is_block and both[1].name == "server"
        ]
        if self._same_claims(old, new, pairs):
            return
        became = dict(pairs)
        was, now = winners(old), winners(new)
        for key in now:
            before = was.get(key)
            if before is None or key[0] == "~" or became.get(before) is now[key]:
                continue
            self.found.append(
                Difference(
                    *(Kind.DEFAULT, Effect.MOVED, old, new, before, now[key]),
                    about=" ".join(key).strip(),
                )
            )
        stood = {item: at for at, item in enumerate(old.items)}
        stands = {item: at for at, item in enumerate(new.items)}
        rows = sorted(
            (both for both in pairs if _is_found_by_regex(both[0]) and _is_found_by_regex(both[1])),
            key=lambda both: stands[both[1]],
        )
        astray = moved([stood[before] for before, _ in rows])
        if astray:
            items = tuple(rows[at][1] for at in astray)
            self.found.append(
                Difference(Kind.REGEX_SERVERS, Effect.MOVED, old, new, *rows[astray[0]], items)
            )


def _is_wrapper(block: Item) -> bool:
    """Whether a block is written nowhere, but put around a part: only what is in it counts."""
    return block.is_block and block.directive is None


def _empty(block: Item, parent: Item) -> Item:
    """A block like another one, with nothing in it."""
    return Item(block.name, block.args, block.place, None, parent, is_block=True)


def _servers(block: Item) -> list[Item]:
    return [one for one in block.named("server") if one.is_block]


def _runs(pairs: Sequence[tuple[Item, Item]], stood: dict[Item, int]) -> dict[Item, int]:
    """For each directive the number of its run: neighbours that all allow, or all deny."""
    found: dict[Item, int] = {}
    run, name = 0, ""
    for item in sorted((before for before, _ in pairs), key=stood.__getitem__):
        run += item.name != name
        name = item.name
        found[item] = run
    return found


def _is_found_by_regex(server: Item) -> bool:
    return any(name.startswith("~") for one in server.named("server_name") for name in one.args)


def _chain(via: Include | None) -> Iterator[Include]:
    """The includes that led to a directive, the innermost first."""
    while via is not None:
        yield via
        via = via.outer


def _misspelt(
    includes: dict[Include, list[Item]], items: Iterable[Item], old: Item, new: Item
) -> list[Difference]:
    """The includes that became another directive of the same words, or that were one."""
    by_pattern = {one.pattern: one for one in includes}
    found = []
    for item in items if by_pattern else ():
        include = by_pattern.pop(item.args[0], None) if item.args else None
        if include is None or item.is_block:
            continue
        members = tuple(includes.pop(include))
        one = Difference(Kind.INCLUDE, Effect.CHANGED, old, new)
        if item.parent is old:
            one.before, one.include, one.items = item, include, members
        else:
            one.after, one.former, one.lost = item, include, members
        found.append(one)
    return found


def _by_include(here: Item, there: Item, items: Iterable[Item]) -> dict[Include, list[Item]]:
    """The includes that only one of two blocks has, each with those of `items` that it brings.

    One that brings nothing else is left out, unless it finds no file in the tree: then nobody
    knows what it would bring.
    """
    known = {one.pattern for one in there.includes}
    fresh = [one for one in here.includes if one.pattern not in known]
    brought: dict[Include, list[Item]] = {}
    for item in items if fresh else ():
        outermost = None
        for one in _chain(item.via):
            outermost = one if one.pattern not in known else outermost
        if outermost is not None:
            brought.setdefault(outermost, []).append(item)
    for one in fresh:
        if one.files or any(above in brought for above in _chain(one.outer)):
            continue
        brought.setdefault(one, [])
    return {one: brought[one] for one in fresh if one in brought}


def once(found: Sequence[Difference]) -> list[Difference]:
    """Each difference once, however many blocks read the lines that it comes from."""
    first: dict[tuple[object, ...], Difference] = {}
    more: dict[tuple[object, ...], list[Difference]] = {}
    for one in found:
        key = one.source
        if one.kind is Kind.INCLUDE:
            places = (here.place if here else None for here in (one.include, one.former))
            key = (one.kind, one.effect, *places)
        if key in first:
            more.setdefault(key, []).append(one)
        else:
            first[key] = one
    for key, rest in more.items():
        first[key].places = tuple(rest)
    return list(first.values())


def with_moves(forms: Forms, found: Sequence[Difference]) -> list[Difference]:
    """The differences, those that go from one block and come to another told as moved."""
    waiting: dict[object, list[Difference]] = {}
    for one in found:
        if one.effect is Effect.REMOVED and (key := _thing(forms, one)) is not None:
            waiting.setdefault(key, []).append(one)
    told: list[Difference] = []
    from_there: set[Difference] = set()
    for one in found:
        gone = waiting.get(_thing(forms, one)) if one.effect is Effect.ADDED else None
        if not gone:
            told.append(one)
            continue
        left = gone.pop(0)
        from_there.add(left)
        told.append(
            Difference(
                *(one.kind, Effect.MOVED, left.old_block, one.new_block, left.before, one.after),
                *(one.items, one.about, one.include, left.former, left.lost, one.places),
            )
        )
    return [one for one in told if one not in from_there]


def _thing(forms: Forms, one: Difference) -> object | None:
    if one.kind is Kind.INCLUDE:
        include = one.include or one.former
        return include and include.pattern
    item = one.before or one.after
    return forms.form(item) if one.kind is Kind.DIRECTIVE and item else None


def differences(forms: Forms, base: Config, patched: Config) -> list[Difference]:
    """Every difference of the directives, each once."""
    walk = Walk(forms)
    if forms.form(base.main) != forms.form(patched.main):
        walk.compare(base.main, patched.main)
    return with_moves(forms, once(walk.found))
