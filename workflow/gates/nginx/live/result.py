"""What a live probe shows, in the words of a verdict."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.gates.nginx.live.facts import STATUS
from workflow.gates.nginx.live.weigh import Weight
from workflow.gates.text import bounded, listed, one_line
from workflow.types import Outcome, Tally, Turn

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from workflow.gates.nginx.live.compare import Compared
    from workflow.gates.nginx.live.weigh import Difference
    from workflow.types import Evidence

_MAX_NAMES = 50
_MAX_PROOFS = 50
_MAX_ALIKE = 3
_MAX_DOUBTS = 20
_MOST_EXPLAINED = 6
_SHORT = 48
_REFUSED = 400
_WRONG = (
    *("no resolver defined", "could not find named location", "redirection cycle"),
    *("invalid URL prefix", "invalid number of arguments", "is not allowed to use unix"),
    *("upstream sent too big header", "no live upstreams", "directory index of"),
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One request in the list of answers: in a line each, what base and patched tree answer."""

    name: str
    base: str
    patched: str


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one target.

    `why` says why it could not be probed, and is empty when it was; `is_broken` that nginx comes up
    on the base and not on the patched tree.  `apart` is what no single request shows, and `logged`
    the errors that nginx logs on the patched tree alone.  `seconds` are of wall time.
    """

    target: str
    why: str = ""
    is_broken: bool = False
    compared: tuple[Compared, ...] = ()
    apart: tuple[Difference, ...] = ()
    logged: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    seconds: float = 0.0

    @property
    def is_probed(self) -> bool:
        """Whether it was asked."""
        return not self.why

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Everything that is answered otherwise."""
        return (*(one for each in self.compared for one in each.differences), *self.apart)

    @property
    def faults(self) -> tuple[Difference, ...]:
        """What is held against the change."""
        return self._of(Weight.FAULT)

    def _of(self, weight: Weight) -> tuple[Difference, ...]:
        return tuple(one for one in self.differences if one.weight is weight)

    @property
    def outcome(self) -> Outcome:
        """`ERROR` where it could not be probed, `FAIL` with a fault."""
        if self.is_broken or self.faults:
            return Outcome.FAIL
        return Outcome.PASS if self.is_probed else Outcome.ERROR

    @property
    def summary(self) -> str:
        """In a line."""
        if self.why:
            return one_line(f"{self.target} could not be probed: {self.why}")
        asked = f"{len(self.compared)} requests"
        if self.faults:
            said = [f"{one.request}: {one.cause}" for one in self.faults]
            return one_line(f"{self.target}: of {asked}, wrong are {listed(said, 2)}")
        if any(each.before is None for each in self.compared):
            return f"{self.target} answers {asked}"
        changed = sum(bool(each.differences) for each in self.compared)
        how = f"{changed} otherwise than on the base" if changed else "all as on the base"
        return f"{asked} answered, {how}"

    @property
    def answers(self) -> tuple[Listed, ...]:
        """Every request with what was answered."""
        return tuple(
            Listed(
                one_line(each.request.name),
                each.before.told if each.before else "",
                each.after.told,
            )
            for each in self.compared
        )

    @property
    def doubts(self) -> tuple[str, ...]:
        """What a person should look at."""
        said = list(_grouped(self._of(Weight.DOUBT)))
        quoted = {one.cause for one in self.differences}
        said += [
            f"nginx logs {line}"
            for line in self.logged
            if line not in quoted and any(one in line for one in _WRONG)
        ]
        left = len(said) - _MAX_DOUBTS
        shown = [one_line(doubt) for doubt in said[:_MAX_DOUBTS]]
        return (*shown, f"and {left} more") if left > 0 else tuple(shown)

    @property
    def told(self) -> tuple[str, ...]:
        """The notes: what stood in, what differs as expected, what is wrong."""
        faults = [f"fault: {line}" for line in _grouped(self.faults)]
        explained = list(_shortly(self._of(Weight.EXPLAINED)))
        left = len(explained) - _MOST_EXPLAINED
        kinds = "kind" if left == 1 else "kinds"
        more = [f"and {left} more {kinds} of answers, as the change says"] if left > 0 else []
        return bounded([*faults, *explained[:_MOST_EXPLAINED], *more, *self.notes])

    @property
    def proofs(self) -> tuple[str, ...]:
        """What the change is needed for: answers that it brings about."""
        if self.outcome is not Outcome.PASS:
            return ()
        counts: Counter[tuple[str, str, str]] = Counter()
        found = []
        for each in self.compared:
            first = each.differences[0] if each.weights == {Weight.EXPLAINED} else None
            is_good = each.after.end == "answer" and each.after.status < _REFUSED
            if first is None or not first.after or first.after[0] == "5" or not is_good:
                continue
            kind = (first.what, first.before, first.after)
            counts[kind] += 1
            if counts[kind] <= _MAX_ALIKE:
                found.append(f"nginx: {one_line(_proof(each), 220)}")
        return tuple(found[:_MAX_PROOFS])

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """How many requests are answered as before, wrongly, and as the change says."""
        turns: dict[Turn, list[str]] = {}
        for each in self.compared:
            turn = _turn(each)
            if turn is not None:
                turns.setdefault(turn, []).append(one_line(each.request.name, 120))
        return tuple(
            Tally(turn, len(turns[turn]), tuple(turns[turn][:_MAX_NAMES]))
            for turn in Turn
            if turn in turns
        )

    def plain(self) -> dict[str, object]:
        """As JSON-ready values."""
        return {
            "target": self.target,
            "outcome": str(self.outcome),
            "summary": self.summary,
            "why": self.why,
            "differences": [
                {
                    "request": one_line(one.request),
                    "what": one.what,
                    "base": one.before,
                    "patched": one.after,
                    "weight": str(one.weight),
                    "cause": one_line(one.cause),
                }
                for one in self.differences
            ],
            "answers": [
                {"request": one.name, "base": one.base, "patched": one.patched}
                for one in self.answers
            ],
            "logged": list(self.logged),
            "notes": list(self.notes),
            "proofs": list(self.proofs),
            "seconds": round(self.seconds, 3),
        }


def _turn(each: Compared) -> Turn | None:
    """Return what became of a request; `None` where a person has to say."""
    if each.before is None:
        return None
    if Weight.FAULT in each.weights:
        return Turn.PASS_TO_FAIL
    if Weight.DOUBT in each.weights:
        return None
    return Turn.FAIL_TO_PASS if each.weights else Turn.PASS_TO_PASS


def _proof(each: Compared) -> str:
    first = each.differences[0]
    if first.what == STATUS:
        return f"{each.request.name} answers {first.after} instead of {first.before}"
    instead = f" instead of {first.before}" if first.before else ""
    return f"{each.request.name} has {first.what} {first.after}{instead}"


def _grouped(found: tuple[Difference, ...]) -> Iterator[str]:
    """Yield a line for each kind of difference: the first of it, and how many there are."""
    for first, *others in _kinds(found):
        more = f"; the same in {len(others)} more" if others else ""
        yield f"{first}{more}"


def _shortly(found: tuple[Difference, ...]) -> Iterator[str]:
    """Yield a short line for each kind: what explains it stands above, with what changes."""
    for first, *others in _kinds(found):
        more = f", and {len(others)} more" if others else ""
        what = "" if first.what == STATUS else f"{first.what}: "
        was, now = (one_line(one or "none", _SHORT) for one in (first.before, first.after))
        changed = f"{what}{was} → {now}" if was != now else f"{what}{_words(first)}"
        yield f"as the change says: {first.request}: {changed}{more}"


def _words(one: Difference) -> str:
    """Say which words of a long text came and went."""
    was, now = (re.split(r"[\s;]+", text) for text in (one.before, one.after))
    new, gone = ([word for word in a if word not in b] for a, b in ((now, was), (was, now)))
    said = [
        f"{how} {listed(words, 3)}" for how, words in (("gains", new), ("loses", gone)) if words
    ]
    return ", ".join(said) or "differs"


def _kinds(found: tuple[Difference, ...]) -> Collection[list[Difference]]:
    """Put differences of one kind together."""
    groups: dict[tuple[str, ...], list[Difference]] = {}
    for one in found:
        kind = (one.before[:3], one.after[:3]) if one.what == STATUS else ()
        groups.setdefault((one.what, *kind, one.reason), []).append(one)
    return groups.values()
