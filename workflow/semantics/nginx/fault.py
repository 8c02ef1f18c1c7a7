"""A silent fault: configuration that nginx accepts and that does not do what it seems to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from workflow.semantics.nginx.expanded import Config
    from workflow.semantics.nginx.files import Place


# A rule and a fault's key.
_Same: TypeAlias = tuple[str, tuple[str, ...]]


class Level(StrEnum):
    """How much a new fault weighs."""

    FAULT = "fault"
    """Wrong or dangerous as it stands: a patch that brings it in is refused."""
    DOUBT = "doubt"
    """Often intended: a person should look before approving."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that a rule found.

    `place` is the line of evidence and `evidence` the directive as nginx sees it; `scope` the
    block's label; `cause` says in one sentence what happens and why; `fix` a minimal edit in words.
    `key` tells this fault from others of its rule and is the same in base and patched as long as it
    is the same fault: the block's label, then names and values, never lines.
    """

    rule: str
    level: Level
    place: Place
    scope: str
    evidence: str
    cause: str
    fix: str
    key: tuple[str, ...]
    parts: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line, as compilers print it."""
        return f"{self.place}: {self.cause} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Rule:
    """One class of silent faults.

    `about` is a sentence or two for the documentation: what nginx does, and why that is a fault,
    with the source.  `find` looks at one configuration; `compare` at base and patched, for faults
    that lie in the change itself (a header that is gone).  One of the two is given.  `bad` and
    `good` are main files: the rule finds exactly one fault of its own in `bad`, and no rule finds
    any in `good`.  For `compare`, `good` is the base and `bad` the patched file.
    """

    id: str
    title: str
    about: str
    bad: str
    good: str
    find: Callable[[Config], Iterable[Fault]] | None = None
    compare: Callable[[Config, Config], Iterable[Fault]] | None = None


def found(rules: Sequence[Rule], config: Config) -> tuple[Fault, ...]:
    """Every fault of one configuration, each once, by place."""
    every = [fault for rule in rules if rule.find for fault in rule.find(config)]
    return tuple(sorted(dict.fromkeys(every), key=lambda one: (one.place, one.rule, one.key)))


def new(
    rules: Sequence[Rule], base: Config, patched: Config, now: Sequence[Fault] | None = None
) -> tuple[Fault, ...]:
    """The faults that a change brings in, by place; those that the base has, too, are not new.

    Nor is one that came along with its block when that was renamed or moved to another port.  `now`
    is what `found` gives for `patched`, where it is known already.
    """
    left: defaultdict[_Same, list[Fault]] = defaultdict(list)
    for fault in found(rules, base):
        left[fault.rule, fault.key].append(fault)
    every = found(rules, patched) if now is None else now
    fresh = [one for one in every if not _taken(left[one.rule, one.key], one)]
    if fresh and any(left.values()):
        fresh = _not_renamed(fresh, left, _labels(base), _labels(patched))
    for rule in rules:
        fresh += rule.compare(base, patched) if rule.compare else ()
    return tuple(sorted(dict.fromkeys(fresh), key=lambda one: (one.place, one.rule, one.key)))


def _taken(same: list[Fault], fault: Fault) -> bool:
    """Take the fault of the base that this one is off the list; whether there was one."""
    known = next((one for one in same if set(fault.parts) <= set(one.parts)), None)
    if known:
        same.remove(known)
    return known is not None


def _labels(config: Config) -> set[str]:
    return {block.label for block in config.main.walk() if block.is_block}


def _not_renamed(
    fresh: list[Fault], left: Mapping[_Same, list[Fault]], before: set[str], after: set[str]
) -> list[Fault]:
    """The faults but for those of a block that is new in the place of one that is gone."""
    gone: defaultdict[_Same, list[Fault]] = defaultdict(list)
    for (rule, key), faults in left.items():
        if key[0] not in after:
            gone[rule, key[1:]] += faults
    return [
        one for one in fresh if one.key[0] in before or not _taken(gone[one.rule, one.key[1:]], one)
    ]
