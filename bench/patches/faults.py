"""The table of all faults, and cases that one or two of them make of a real change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

from bench.patches.content import CONTENTS
from bench.patches.copying import COPYING
from bench.patches.dialects import DIALECTS
from bench.patches.model import Fault, Scene, Truth, scene
from bench.patches.sheets import SHEETS, draw
from bench.patches.terrain import TERRAINS
from bench.patches.truth import judged
from bench.patches.wraps import WRAPS

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from bench.patches.model import Change

_ATTEMPTS = 60
_PAIRED = 0.35
# Of the faults round a whole diff, these go with another one.
_FREE = {"no fault", "CRLF draft", "no newline at the end"}
# Two shifts that lines do not share can look like one that they do share: nobody could tell.
_SHIFTS = {
    "tabs written as spaces",
    "indented throughout",
    "dedented throughout",
    "context one column to the left",
    "two indentations for a flat draft",
    "one context line without its sign",
}


class Phase(IntEnum):
    """When a fault is made: each works on what the ones before left."""

    TERRAIN = 0
    CONTENT = 1
    SHEET = 2
    WRAP = 3
    DIALECT = 4


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault."""

    name: str
    phase: Phase
    fault: Fault


@dataclass(frozen=True, slots=True)
class Case:
    """A damaged draft of a file's change, and what has to come of it.

    `after` is the file as the commit leaves it.
    """

    names: tuple[str, ...]
    path: str
    before: bytes
    after: bytes
    draft: bytes
    truth: Truth
    is_unified: bool


KINDS = (
    Kind("no fault", Phase.WRAP, lambda _, scene: scene),
    *(Kind(name, Phase.TERRAIN, fault) for name, fault in TERRAINS.items()),
    *(Kind(name, Phase.CONTENT, fault) for name, fault in CONTENTS.items()),
    *(Kind(name, Phase.CONTENT, fault) for name, fault in COPYING.items()),
    *(Kind(name, Phase.SHEET, fault) for name, fault in SHEETS.items()),
    *(Kind(name, Phase.WRAP, fault) for name, fault in WRAPS.items()),
    *(Kind(name, Phase.DIALECT, fault) for name, fault in DIALECTS.items()),
)


def cases(rng: random.Random, changes: Sequence[Change], count: int) -> Iterator[Case]:
    """`count` cases, every kind of fault as often as the others; some have a second fault."""
    scenes = tuple(scene(change) for change in changes)
    usable = tuple(one for one in scenes if one.meant)
    kinds: list[Kind] = []
    for _ in range(count):
        if not kinds:
            kinds = list(KINDS)
            rng.shuffle(kinds)
        yield _case(rng, usable, kinds.pop())


def _case(rng: random.Random, scenes: Sequence[Scene], first: Kind) -> Case:
    for _ in range(_ATTEMPTS):
        kinds = [first]
        if rng.random() < _PAIRED:
            kinds.append(rng.choice(KINDS))
        made = _made(rng, rng.choice(scenes), kinds)
        if made:
            return made
    # A kind that the corpus gives no room for; the undamaged draft is a case, too.
    made = _made(rng, rng.choice(scenes), [KINDS[0]])
    return made or _case(rng, scenes, KINDS[0])


def _go_together(kinds: Sequence[Kind]) -> bool:
    """Whether one draft can have all these faults, and its truth still be known."""
    phases = [kind.phase for kind in kinds]
    if Phase.DIALECT in phases:
        others = {Phase.SHEET, Phase.WRAP}
        if phases.count(Phase.DIALECT) > 1 or others.intersection(phases):
            return False
    wraps = sum(kind.phase is Phase.WRAP and kind.name not in _FREE for kind in kinds)
    shifts = sum(kind.name in _SHIFTS for kind in kinds)
    return max(wraps, shifts) <= 1


def _made(rng: random.Random, start: Scene, kinds: Sequence[Kind]) -> Case | None:
    # In the table's order: what cuts context comes before what breaks it.
    ordered = sorted(set(kinds), key=KINDS.index)
    if not _go_together(ordered):
        return None
    is_other = ordered[-1].phase is Phase.DIALECT
    now: Scene | None = start
    for phase in Phase:
        if phase is Phase.SHEET and now and not is_other:
            truth = judged(now)
            now = replace(now, sheet=draw(now), truth=truth) if truth else None
        if phase is Phase.WRAP and now and not is_other:
            now = replace(now, draft=now.sheet.text())
        for kind in ordered:
            if kind.phase is phase and now:
                now = kind.fault(rng, now)
    if now is None:
        return None
    before, after = b"".join(now.base), now.after()
    if before == after or (is_other and len(ordered) > 1 and _is_other_truth_unknown(now)):
        return None
    names = tuple(kind.name for kind in kinds)
    return Case(names, now.path, before, after, now.draft, now.truth, not is_other)


def _is_other_truth_unknown(now: Scene) -> bool:
    """Whether the hunks prove another place, which the dialect's own truth has not seen."""
    return judged(now) is None
