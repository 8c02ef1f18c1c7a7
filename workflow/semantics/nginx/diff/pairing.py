"""Finds which directive of one block became which of the other.

Equal ones first, then versions of the same topic, then what is alike.  Everything that could be
quadratic is bounded: blocks of 20,000 directives are paired by what they share.
"""

from __future__ import annotations

from collections import Counter, deque
from difflib import SequenceMatcher
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from workflow.semantics.nginx.diff.forms import Forms
    from workflow.semantics.nginx.expanded import Item

_MOST_COMPARED = 400
"""How many pairs of unlike directives are looked at, at most, in one block."""
_MOST_SHARED = 50
"""A directive that more blocks than this share does not tell them apart."""
_LONGEST_COMPARED = 120
_ALIKE = 0.6
_MOSTLY = 0.5
_CHOSEN = 8
_LITTLE = 3
# One that comes takes the place of one that goes, however unlike they are.
_ONE_FOR_ANOTHER = {"access_log", "error_log", "proxy_redirect", "limit_req", "limit_conn"}


class Pairing(NamedTuple):
    """What is in both blocks, as it was or changed, and what is in one alone.

    `kept` and `changed` are pairs of base and patched; all are in the order of their block.
    """

    kept: list[tuple[Item, Item]]
    changed: list[tuple[Item, Item]]
    gone: list[Item]
    came: list[Item]


class _Work:
    """What is still without its other version."""

    __slots__ = ("came", "changed", "forms", "gone")

    def __init__(self, forms: Forms, gone: Iterable[Item], came: Iterable[Item]) -> None:
        self.forms = forms
        self.gone = dict.fromkeys(gone)
        self.came = dict.fromkeys(came)
        self.changed: list[tuple[Item, Item]] = []

    def join(self, old: Item, new: Item) -> None:
        """Say that one became the other."""
        del self.gone[old]
        del self.came[new]
        self.changed.append((old, new))

    def by(self, key: Callable[[Item], Hashable | None]) -> None:
        """Join those of one key, in their order; those with none are left alone."""
        waiting: dict[Hashable, deque[Item]] = {}
        for old in self.gone:
            if (named := key(old)) is not None:
                waiting.setdefault((old.is_block, named), deque()).append(old)
        for new in tuple(self.came) if waiting else ():
            named = key(new)
            queue = waiting.get((new.is_block, named)) if named is not None else None
            if queue:
                self.join(queue.popleft(), new)


def pair(forms: Forms, before: Sequence[Item], after: Sequence[Item]) -> Pairing:
    """Pair the directives of two blocks."""
    kept, gone, came = _equal(forms, before, after)
    work = _Work(forms, gone, came)
    if gone and came:
        _servers(work)
        work.by(lambda item: None if _is_server(item) else _exact_topic(forms, item))
        work.by(lambda item: None if _is_server(item) else forms.reading(item).topic)
        work.by(_path_of_location)
        work.by(lambda item: _body(forms, item))
        _alike_blocks(work)
        work.by(lambda item: _rest(forms, item))
        work.by(lambda item: item.name if item.name in _ONE_FOR_ANOTHER else None)
        _alike_directives(work)
        _only_ones(work)
    place = {item: at for at, item in enumerate(after)}
    work.changed.sort(key=lambda both: place[both[1]])
    return Pairing(kept, work.changed, list(work.gone), list(work.came))


def _equal(
    forms: Forms, before: Sequence[Item], after: Sequence[Item]
) -> tuple[list[tuple[Item, Item]], list[Item], list[Item]]:
    """Pair what means the same; what is left of both.

    What is at the start, and at the end, of both goes together first: of two equal directives it
    is then the right one that is left.
    """
    most = min(len(before), len(after))
    start = end = 0
    while start < most and forms.form(before[start]) == forms.form(after[start]):
        start += 1
    while end < most - start and forms.form(before[-1 - end]) == forms.form(after[-1 - end]):
        end += 1
    kept = list(zip(before[:start], after[:start], strict=True))
    kept += zip(before[len(before) - end :], after[len(after) - end :], strict=True)
    before, after = before[start : len(before) - end], after[start : len(after) - end]
    waiting: dict[int, deque[Item]] = {}
    for old in before:
        waiting.setdefault(forms.form(old), deque()).append(old)
    came: list[Item] = []
    for new in after:
        queue = waiting.get(forms.form(new))
        if queue:
            kept.append((queue.popleft(), new))
        else:
            came.append(new)
    left = {item for queue in waiting.values() for item in queue}
    return kept, [item for item in before if item in left], came


def _is_server(item: Item) -> bool:
    return item.is_block and item.name == "server"


def _servers(work: _Work) -> None:
    """Join servers by their names and where they listen, then by either."""

    def names(item: Item) -> tuple[str, ...]:
        return tuple(one.lower() for said in item.named("server_name") for one in said.args)

    def listens(item: Item) -> tuple[str, ...]:
        return tuple(sorted(" ".join(one.args[:1]) for one in item.named("listen")))

    keys: tuple[Callable[[Item], Hashable | None], ...] = (
        lambda item: (names(item), listens(item)),
        lambda item: names(item) or None,
        lambda item: (names(item)[:1], listens(item)) if names(item) else None,
    )
    for key in keys:
        work.by(lambda item, key=key: key(item) if _is_server(item) else None)  # type: ignore[misc] # a default binds the loop's value


def _exact_topic(forms: Forms, item: Item) -> Hashable:
    """The topic, and the last argument: of several versions the one that shares it is nearest."""
    reading = forms.reading(item)
    return reading.topic, reading.words[-1]


def _path_of_location(item: Item) -> Hashable | None:
    """A location is the same with another modifier."""
    if not item.is_block or item.name != "location" or not item.args:
        return None
    return item.args[-1]


def _body(forms: Forms, item: Item) -> Hashable | None:
    """All that a block holds: one that is only called otherwise is the same."""
    if not item.is_block or item.code or not item.items:
        return None
    kind = "@" if "".join(item.args[:1]).startswith("@") else ""
    return item.name, kind, tuple(sorted(map(forms.form, forms.contents(item))))


def _rest(forms: Forms, item: Item) -> Hashable | None:
    """The words behind the topic: a header with another name, an address with the same options."""
    words, topic, _ = forms.reading(item)
    if item.is_block or len(topic) <= 1:
        return None
    if item.name == "listen":
        return item.name, words[2:]
    return item.name, words[len(topic) :] if words[: len(topic)] == topic else words[-1:]


def _alike_blocks(work: _Work) -> None:
    """Join blocks of one kind of which most is the same."""
    forms = work.forms
    sharing: dict[tuple[str, int], list[Item]] = {}
    for new in work.came:
        for one in {forms.form(inner) for inner in forms.contents(new)} if new.is_block else ():
            sharing.setdefault((new.name, one), []).append(new)
    for old in [one for one in work.gone if one.is_block]:
        votes: Counter[Item] = Counter()
        for one in {forms.form(inner) for inner in forms.contents(old)}:
            votes.update(
                new for new in sharing.get((old.name, one), ())[:_MOST_SHARED] if new in work.came
            )
        best = max(
            (new for new, _ in votes.most_common(_CHOSEN)),
            key=lambda new: (_share(forms, old, new), -abs(len(new.args) - len(old.args))),
            default=None,
        )
        if best and (_share(forms, old, best) >= _MOSTLY) and _may_be_one(old, best):
            work.join(old, best)


def _share(forms: Forms, old: Item, new: Item) -> float:
    """How much of two blocks is the same, from 0 to 1; a Lua block counts as one directive."""
    was, now = (Counter(map(forms.form, forms.contents(one))) for one in (old, new))
    if old.code or new.code:
        return float(old.code == new.code)
    return 2 * (was & now).total() / max(1, was.total() + now.total())


def _may_be_one(old: Item, new: Item) -> bool:
    """Whether one block may be a version of the other: a named location is never a plain one."""
    named = ["@" if one.args and one.args[0].startswith("@") else "" for one in (old, new)]
    return old.name != "location" or named[0] == named[1]


def _alike_directives(work: _Work) -> None:
    """Join directives whose words are nearly the same: a name with a typo, a similar value."""
    gone = [one for one in work.gone if not one.is_block]
    came = [one for one in work.came if not one.is_block]
    if len(gone) * len(came) > _MOST_COMPARED:
        return
    matcher = SequenceMatcher(autojunk=False)
    rated = []
    for at, (new, old) in enumerate(product(came, gone)):
        if (rate := _likeness(matcher, old, new)) >= _ALIKE:
            rated.append((-rate, at, old, new))
    for _, _, old, new in sorted(rated, key=lambda row: row[:2]):
        if old in work.gone and new in work.came:
            work.join(old, new)


def _likeness(matcher: SequenceMatcher[str], old: Item, new: Item) -> float:
    """How alike two directives are, from 0 to 1: one of both, name or value, has to be the same."""
    if old.name == new.name:
        texts = (" ".join(old.args), " ".join(new.args))
    elif old.args == new.args and len("".join(old.args)) > len("off"):
        return 1.0
    elif old.args == new.args:
        texts = (old.name, new.name)
    else:
        return 0.0
    if max(map(len, texts)) > _LONGEST_COMPARED:
        texts = (texts[0][:_LONGEST_COMPARED], texts[1][:_LONGEST_COMPARED])
    matcher.set_seqs(*texts)
    return matcher.ratio()


def _only_ones(work: _Work) -> None:
    """Join a small block that is the only one of its kind to go with the only one to come."""
    gone, came = ([one for one in side if one.is_block] for side in (work.gone, work.came))
    counts = [Counter(one.name for one in side) for side in (gone, came)]
    others = {one.name: one for one in gone}
    for new in came:
        if counts[0][new.name] == 1 == counts[1][new.name] and _is_little(others[new.name], new):
            work.join(others[new.name], new)


def _is_little(old: Item, new: Item) -> bool:
    """Whether two small blocks hold about the same kinds of directives."""
    was, now = (Counter(one.name for one in block.items) for block in (old, new))
    if old.name in {"if", "limit_except"}:
        return True
    if max(was.total(), now.total()) > _LITTLE or not _may_be_one(old, new):
        return False
    if max(was.total(), now.total()) <= (old.name == "server"):
        return True
    return 2 * (was & now).total() >= _MOSTLY * (was.total() + now.total())
