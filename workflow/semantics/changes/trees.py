"""What differs between two trees of values, by path; an item that only moves is no new one."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, TypeAlias

from workflow.semantics.changes.interface import Effect
from workflow.semantics.formats import Items, Scalar, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.semantics.formats import Entry, Node

Path: TypeAlias = "tuple[str | int, ...]"
_MOST_PAIRS = 40_000
_IDENTITIES = ("id", "name", "key", "alias", "repo", "title")
_SIZE_OF_A_MOVE = 3
_LENGTH_OF_A_MOVE = 8


@dataclass(frozen=True, slots=True)
class Step:
    """What happens at one path; `source` is where a moved value was.

    `near` is the name of the list's item that it happens in, where the items have names.
    """

    effect: Effect
    path: Path
    old: Node | None
    new: Node | None
    source: Path = ()
    near: str = ""


def steps(old: Node, new: Node) -> list[Step]:
    """Return what differs, in the order of the newer tree; the order of keys is nothing.

    Goes down by calls: trees have bounded depth.
    """
    both = _Both()
    both.compare((), old, new)
    return _with_moves(both)


def spelled(path: Path) -> str:
    """Return a path as people write it: `services.web.ports[0]`."""
    said = ""
    for part in path:
        if isinstance(part, int):
            said += f"[{part}]"
            continue
        is_bare = part.replace("-", "").replace("_", "").replace("/", "").isalnum()
        name = part if is_bare else f'"{part}"'
        said += f".{name}" if said else name
    return said


@dataclass(slots=True)
class _Both:
    """The comparison of two trees, with what was worked out of their parts."""

    found: list[Step] = field(default_factory=list)
    _near: str = ""
    _digests: dict[int, bytes] = field(default_factory=dict)

    def digest(self, node: Node) -> bytes:
        """What a value says, without its place; parts that are shared are worked out once."""
        known = self._digests.get(id(node))
        if known is not None:
            return known
        match node:
            case Scalar():
                said = [b"s", node.tag.encode(), node.text.encode("utf-8", "surrogatepass")]
            case Items():
                said = [b"i", node.tag.encode(), *map(self.digest, node.items)]
            case Table():
                said = [b"t", node.tag.encode(), *sorted(map(self._entry, node.entries))]
        made = _hash(said)
        self._digests[id(node)] = made
        return made

    def _entry(self, entry: Entry) -> bytes:
        key = entry.key.encode("utf-8", "surrogatepass")
        return _hash([key, entry.tag.encode(), self.digest(entry.value)])

    def _note(self, effect: Effect, path: Path, old: Node | None, new: Node | None) -> None:
        self.found.append(Step(effect, path, old, new, near=self._near))

    def compare(self, path: Path, old: Node, new: Node) -> None:
        """Note what differs at and below a path."""
        if self.digest(old) == self.digest(new):
            return
        match old, new:
            case Table(), Table() if old.tag == new.tag:
                self._tables(path, old, new)
            case Items(), Items() if old.tag == new.tag:
                self._lists(path, old.items, new.items)
            case _:
                self._note(Effect.CHANGED, path, old, new)

    def _tables(self, path: Path, old: Table, new: Table) -> None:
        before = {(one.key, one.tag): one.value for one in old.entries}
        after = {(one.key, one.tag): one.value for one in new.entries}
        for (key, tag), value in after.items():
            if (key, tag) in before:
                self.compare((*path, key), before[key, tag], value)
            else:
                self._note(Effect.ADDED, (*path, key), None, value)
        for (key, tag), value in before.items():
            if (key, tag) not in after:
                self._note(Effect.REMOVED, (*path, key), value, None)

    def _lists(self, path: Path, old: Sequence[Node], new: Sequence[Node]) -> None:
        names = _identities(old), _identities(new)
        if names[0] and names[1]:
            self._named(path, dict(zip(names[0], enumerate(old), strict=True)), names[1], new)
            return
        was, now = list(map(self.digest, old)), list(map(self.digest, new))
        for begin, end, first, last in _differing(was, now):
            waiting: dict[tuple[str, str] | None, deque[int]] = {}
            for place in range(begin, end):
                waiting.setdefault(_identity(old[place]), deque()).append(place)
            for place in range(first, last):
                namesakes = waiting.get(_identity(new[place]))
                if namesakes:
                    self.compare((*path, place), old[namesakes.popleft()], new[place])
                else:
                    self._note(Effect.ADDED, (*path, place), None, new[place])
            for place in sorted(place for places in waiting.values() for place in places):
                self._note(Effect.REMOVED, (*path, place), old[place], None)

    def _named(
        self, path: Path, old: dict[str, tuple[int, Node]], names: list[str], new: Sequence[Node]
    ) -> None:
        """Compare lists of tables that have names: each with its namesake."""
        kept = frozenset(names)
        for place, (name, value) in enumerate(zip(names, new, strict=True)):
            if name in old:
                outside, self._near = self._near, name
                self.compare((*path, place), old[name][1], value)
                self._near = outside
            else:
                self._note(Effect.ADDED, (*path, place), None, value)
        for name, (place, value) in old.items():
            if name not in kept:
                self._note(Effect.REMOVED, (*path, place), value, None)
        if [name for name in names if name in old] != [name for name in old if name in kept]:
            for place, name in enumerate(names):
                if name in old and old[name][0] != place:
                    source = (*path, old[name][0])
                    moved = Step(Effect.MOVED, (*path, place), old[name][1], new[place], source)
                    self.found.append(moved)


def _identity(node: Node) -> tuple[str, str] | None:
    """Return the name of a table, if it has one."""
    for key in _IDENTITIES:
        value = node.get(key) if isinstance(node, Table) else None
        if isinstance(value, Scalar):
            return key, value.text
    return None


def _identities(items: Sequence[Node]) -> list[str]:
    """Return the names of tables in a list, if each has one of its own."""
    for key in _IDENTITIES:
        names = []
        for one in items:
            value = one.get(key) if isinstance(one, Table) else None
            if not isinstance(value, Scalar):
                break
            names.append(value.text)
        if names and len(names) == len(items) == len(set(names)):
            return names
    return []


def _differing(was: list[bytes], now: list[bytes]) -> list[tuple[int, int, int, int]]:
    """Return the ranges in which two lists differ; long ones are compared place by place."""
    head = 0
    while head < min(len(was), len(now)) and was[head] == now[head]:
        head += 1
    tail = 0
    while tail < min(len(was), len(now)) - head and was[-1 - tail] == now[-1 - tail]:
        tail += 1
    old, new = was[head : len(was) - tail], now[head : len(now) - tail]
    if len(old) * len(new) > _MOST_PAIRS:
        return [(head, head + len(old), head, head + len(new))]
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [
        (head + begin, head + end, head + first, head + last)
        for code, begin, end, first, last in codes
        if code != "equal"
    ]


def _with_moves(both: _Both) -> list[Step]:
    """Return the steps, each value that goes at one path and comes at another as one."""
    gone = _by_digest(both, Effect.REMOVED)
    come = _by_digest(both, Effect.ADDED)
    pairs = {digest: (gone[digest], come[digest]) for digest in gone.keys() & come.keys()}
    sources = {id(one[0]) for one in pairs.values()}
    targets = {id(one[1]): one[0] for one in pairs.values()}
    told = []
    for step in both.found:
        if id(step) in targets:
            source = targets[id(step)]
            told.append(Step(Effect.MOVED, step.path, source.old, step.new, source.path))
        elif id(step) not in sources:
            told.append(step)
    return told


def _by_digest(both: _Both, effect: Effect) -> dict[bytes, Step]:
    """Return the steps with values that are worth to be followed, and are there once."""
    rows = []
    for step in both.found:
        node = step.new if effect is Effect.ADDED else step.old
        if step.effect is effect and node is not None and _is_worth(node, step.path):
            rows.append((both.digest(node), step))
    count = Counter(digest for digest, _ in rows)
    return {digest: step for digest, step in rows if count[digest] == 1}


def _is_worth(node: Node, path: Path) -> bool:
    if isinstance(path[-1], int):
        return True
    if isinstance(node, Scalar):
        return len(node.text) >= _LENGTH_OF_A_MOVE
    return node.size >= _SIZE_OF_A_MOVE


def _hash(parts: list[bytes]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()
