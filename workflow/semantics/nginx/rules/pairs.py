"""Which block of a patched configuration takes the place of which block of its base."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from workflow.semantics.nginx.expanded import Config, Item

_PAIRED = ("http", "server", "location", "if", "limit_except")
_MAX_STEPS = 100_000
_MAX_INSTEAD = 300
_TWO = 2


@dataclass(frozen=True, slots=True)
class Pair:
    """A block of the base and one of the patched tree that answer the same requests.

    `is_gone` says that the old one has no counterpart, and `new` answers in its stead.
    """

    old: Item
    new: Item
    is_gone: bool = False


@lru_cache(maxsize=1)
def pairs(base: Config, patched: Config) -> tuple[Pair, ...]:
    """Blocks of http, the outer ones first.

    Servers are matched by names and listeners, locations by their words.  A location that one of
    the two lacks is matched with the block that answers its requests there: the location with the
    longest matching prefix, or the server.  Kept until another two are compared, for many rules
    ask.
    """
    found: list[Pair] = []
    waiting = [Pair(base.main, patched.main)]
    while waiting and len(found) < _MAX_STEPS:
        pair = waiting.pop()
        found.append(pair)
        # A pair of unlike blocks stands for requests, not for blocks: it is not entered.
        if pair.old.words == pair.new.words or pair.old.name == pair.new.name == "server":
            waiting += reversed(list(_inside(pair.old, pair.new)))
    return tuple(found[1:])


def saying(base: Config, patched: Config, *names: str) -> Iterator[Pair]:
    """Those of `pairs` in which one of these directives may apply otherwise than around them.

    A block that has none of them, and its counterpart neither, does as the pair around it.
    """
    wanted = frozenset(names)
    for pair in pairs(base, patched):
        is_alike = pair.old.name != "http" and pair.old.words == pair.new.words
        if not is_alike or pair.old.has(wanted) or pair.new.has(wanted):
            yield pair


def _inside(old: Item, new: Item) -> Iterator[Pair]:
    before, after = _blocks(old), _blocks(new)
    matched: list[Pair] = []
    for identity in (_exact, _names, _listeners, _kind):
        matched += _matched(before, after, identity)
    yield from sorted(matched, key=lambda pair: pair.new.place)
    for gone in islice(before, _MAX_INSTEAD):
        if other := _instead(gone, new):
            yield Pair(gone, other, is_gone=True)
    for come in islice(after, _MAX_INSTEAD):
        if other := _instead(come, old):
            yield Pair(other, come)


def _blocks(block: Item) -> list[Item]:
    return [one for one in block.items if one.is_block and one.name in _PAIRED]


def _matched(
    before: list[Item], after: list[Item], identity: Callable[[Item], Hashable]
) -> list[Pair]:
    """Pair what has the same identity, in order, and take it off both lists."""
    waiting: dict[Hashable, list[Item]] = {}
    for one in reversed(before):
        if (name := identity(one)) is not None:
            waiting.setdefault(name, []).append(one)
    found = []
    for one in after:
        name = identity(one)
        if name is not None and waiting.get(name):
            found.append(Pair(waiting[name].pop(), one))
    gone = {id(pair.old) for pair in found}
    come = {id(pair.new) for pair in found}
    before[:] = [one for one in before if id(one) not in gone]
    after[:] = [one for one in after if id(one) not in come]
    return found


def _exact(block: Item) -> Hashable:
    if block.name == "server":
        return ("server", _server_names(block), _ports(block))
    return block.words


def _names(block: Item) -> Hashable:
    if block.name != "server" or not _server_names(block):
        return None
    return ("server", _server_names(block))


def _listeners(block: Item) -> Hashable:
    return ("server", _ports(block)) if block.name == "server" else None


def _kind(block: Item) -> Hashable:
    """A server or an `if` whose words all changed, matched by order."""
    return block.name if block.name in {"http", "server", "limit_except"} else None


def _server_names(server: Item) -> tuple[str, ...]:
    return tuple(sorted({name for one in server.named("server_name") for name in one.args}))


def _ports(server: Item) -> tuple[str, ...]:
    listens = server.named("listen")
    return tuple(sorted({one.args[0].rpartition(":")[2] for one in listens if one.args}))


def _instead(location: Item, within: Item) -> Item | None:
    """The block in `within` that answers the requests of a location which is not there."""
    if location.name != "location" or not location.args:
        return None
    if location.args[0] == "internal" or location.args[0].startswith("@"):
        return None
    is_pattern = len(location.args) == _TWO and location.args[0] in {"~", "~*"}
    path = "" if is_pattern else location.args[-1]
    best = within
    length = 0
    for one in within.named("location"):
        if prefix := _prefix(one.args, path):
            if prefix == path and one.args[0] == "=":
                return one
            if len(prefix) > length:
                best, length = one, len(prefix)
    return best


def _prefix(args: Sequence[str], path: str) -> str:
    """The prefix of a location that a path begins with; nothing for patterns and names."""
    if not args or args[0] in {"~", "~*"} or args[-1].startswith("@"):
        return ""
    if args[0] == "=":
        return args[-1] if args[-1] == path else ""
    return args[-1] if path.startswith(args[-1]) else ""
