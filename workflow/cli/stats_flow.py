"""How people and landings fare, for `workflow stats`: all of it read from the ledger's facts.

How long proposals wait, how fast and how often people say yes, and how often a landing is taken
back.  From fewer than five no share and no median is told: it would say nothing.
"""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workflow.types import State

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

FEW = 5
"""From fewer than these, no median and no share is told."""
QUICK_S = 10
"""An approval so few seconds after its giver was first shown the proposal is called quick."""
SOON = timedelta(days=7)
"""A rollback so soon after its landing counts against that."""
_EVENTS = (
    *("approval", "approval-carried", "rejection", "break-glass"),
    *("landing-moved", "rollback"),
)
_OPEN, _YES = {State.AWAITING}, {State.APPROVED, State.APPLIED, State.ROLLED_BACK}

KEYS = {
    "waiting": "seconds from a proposal (the first one, where it was rebased) until it had all of"
    " its approvals: `proposals` (how many), `median_s`, `p90_s`; and of those that wait now:"
    f" `open`, `open_median_s`, `oldest_s`; null where there are fewer than {FEW}",
    "decided": f"`approved`, `rejected`, and `share` of approved ones (null below {FEW})",
    "approvers": "by `approver`: `approvals`, `quick` (under"
    f" {QUICK_S} s after that person was first shown the proposal), `unseen` (by digest, with no"
    " look on record), `rejections`, `share` (of approvals among both), and `quick_share` (null"
    f" below {FEW})",
    "landings": "`landed` (applied proposals), `young` (less than 7 days ago), `taken_back` within"
    f" 7 days, `automatic` (of those, by a probe), `share` (null below {FEW}); `glass` (landed"
    " without approval) and `reviewed` (of those, afterwards)",
}
"""The keys of `Flow.plain`, for the reference."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long proposals waited for their approvals, in seconds; `None` from too few."""

    proposals: int
    median_s: float | None
    p90_s: float | None
    open: int
    open_median_s: float | None
    oldest_s: float | None


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of proposals that somebody decided on."""

    approved: int
    rejected: int
    share: float | None


@dataclass(frozen=True, slots=True)
class Approver:
    """One person's decisions."""

    approver: str
    approvals: int
    quick: int
    unseen: int
    rejections: int
    quick_share: float | None
    share: float | None


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of landings; `glass` counts those without approval."""

    landed: int
    young: int
    taken_back: int
    automatic: int
    share: float | None
    glass: int
    reviewed: int


@dataclass(frozen=True, slots=True)
class Flow:
    """All of it."""

    waiting: Waiting
    decided: Decided
    approvers: tuple[Approver, ...]
    landings: Landed

    def plain(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Fact:
    """One row of the ledger, in its order."""

    event: str
    at: datetime
    body: dict[str, Any]


@dataclass(slots=True)
class _Facts:
    """The facts that count, by what they are about."""

    approvals: defaultdict[int, list[_Fact]] = field(default_factory=lambda: defaultdict(list))
    rejections: list[_Fact] = field(default_factory=list)
    glass: dict[int, _Fact] = field(default_factory=dict)
    landed: dict[int, _Fact] = field(default_factory=dict)
    rollbacks: dict[int, _Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Proposal:
    number: int
    state: State
    begun: datetime


def look(connection: sqlite3.Connection, now: datetime) -> Flow:
    """Read the facts of one repository; `now` is what open proposals wait until."""
    facts = _facts(connection)
    proposals = tuple(_proposals(connection))
    return Flow(
        waiting=_waiting(proposals, facts, now),
        decided=_decided(proposals, facts),
        approvers=_approvers(connection, facts),
        landings=_landed(facts, now),
    )


def share(part: int, whole: int) -> float | None:
    """Which part of a whole it is, from 0 to 1; `None` of too few."""
    return part / whole if whole >= FEW else None


# --- what is read ---------------------------------------------------------------------------------


def _facts(connection: sqlite3.Connection) -> _Facts:
    found = _Facts()
    marks = ", ".join("?" * len(_EVENTS))
    for event, at, text in connection.execute(
        f"SELECT event, at, body FROM ledger WHERE event IN ({marks}) ORDER BY seq",  # noqa: S608 - question marks only
        _EVENTS,
    ):
        fact = _Fact(event, datetime.fromisoformat(at), json.loads(text))
        body = fact.body
        match event:
            case "approval" | "approval-carried":
                found.approvals[body["proposal"]].append(fact)
            case "rejection":
                found.rejections.append(fact)
            case "break-glass":
                found.glass.setdefault(body["proposal"], fact)
            case "landing-moved" if body["kind"] == "apply":
                found.landed.setdefault(body["landing"], fact)
            case "rollback":
                found.rollbacks.setdefault(body["reverts"], fact)
            case _:
                pass  # A rollback that moved: the fact above says what it took back.
    return found


def _proposals(connection: sqlite3.Connection) -> Iterator[_Proposal]:
    """Every proposal, and when the first one that it puts on a newer base was made."""
    begun: dict[str, datetime] = {}
    # An earlier one always has the smaller number.
    for number, digest, state, created, before in connection.execute(
        "SELECT id, digest, state, created, rebased_from FROM proposals ORDER BY id"
    ):
        begun[digest] = begun.get(before) or datetime.fromisoformat(created)
        yield _Proposal(number, State(state), begun[digest])


# --- what it says ---------------------------------------------------------------------------------


def _waiting(proposals: Sequence[_Proposal], facts: _Facts, now: datetime) -> Waiting:
    waited = [
        _seconds(one.begun, facts.approvals[one.number][-1].at)
        for one in proposals
        if one.state in _YES and one.number not in facts.glass and facts.approvals[one.number]
    ]
    still = [_seconds(one.begun, now) for one in proposals if one.state in _OPEN]
    return Waiting(
        proposals=len(waited),
        median_s=_median(waited),
        p90_s=_p90(waited),
        open=len(still),
        open_median_s=_median(still),
        oldest_s=max(still, default=None),
    )


def _decided(proposals: Sequence[_Proposal], facts: _Facts) -> Decided:
    approved = sum(one.state in _YES and one.number not in facts.glass for one in proposals)
    rejected = len({fact.body["proposal"] for fact in facts.rejections})
    return Decided(approved, rejected, share(approved, approved + rejected))


def _approvers(connection: sqlite3.Connection, facts: _Facts) -> tuple[Approver, ...]:
    """Each person, by name.  A yes that went along to a newer base was not given again."""
    shown = _shown(connection)
    given: defaultdict[str, list[float | None]] = defaultdict(list)
    for fact in (one for each in facts.approvals.values() for one in each):
        if fact.event == "approval":
            body = fact.body
            first = _first_shown(shown, body)
            taken = None if first is None else _seconds(first, datetime.fromisoformat(body["at"]))
            given[body["approver"]].append(taken)
    refused: defaultdict[str, int] = defaultdict(int)
    for fact in facts.rejections:
        refused[fact.body["who"]] += 1
    return tuple(_approver(who, given[who], refused[who]) for who in sorted({*given, *refused}))


def _approver(who: str, taken: Sequence[float | None], rejections: int) -> Approver:
    seen = [one for one in taken if one is not None]
    quick = sum(one < QUICK_S for one in seen)
    unseen = len(taken) - len(seen)
    return Approver(
        approver=who,
        approvals=len(taken),
        quick=quick,
        unseen=unseen,
        rejections=rejections,
        quick_share=share(quick, len(seen)),
        share=share(len(taken), len(taken) + rejections),
    )


def _shown(connection: sqlite3.Connection) -> dict[tuple[str, str], datetime]:
    """When a person or an account was first shown a digest."""
    first: dict[tuple[str, str], datetime] = {}
    for digest, viewer, account, at in connection.execute(
        "SELECT digest, viewer, account, at FROM looks ORDER BY id"
    ):
        for name in (viewer, account):
            first.setdefault((digest, name), datetime.fromisoformat(at))
    return first


def _first_shown(shown: dict[tuple[str, str], datetime], body: dict[str, Any]) -> datetime | None:
    names = [body["approver"], *([body["account"]] if body["account"] else [])]
    return min(
        (shown[body["digest"], name] for name in names if (body["digest"], name) in shown),
        default=None,
    )


def _landed(facts: _Facts, now: datetime) -> Landed:
    undone = [
        facts.rollbacks[number].body
        for number, fact in facts.landed.items()
        if number in facts.rollbacks and facts.rollbacks[number].at - fact.at <= SOON
    ]
    numbers = {fact.body["proposal"] for fact in facts.landed.values()}
    glass = [number for number in facts.glass if number in numbers]
    return Landed(
        landed=len(facts.landed),
        young=sum(now - fact.at < SOON for fact in facts.landed.values()),
        taken_back=len(undone),
        automatic=sum(body["is_automatic"] for body in undone),
        share=share(len(undone), len(facts.landed)),
        glass=len(glass),
        reviewed=sum(bool(facts.approvals[number]) for number in glass),
    )


def _seconds(since: datetime, until: datetime) -> float:
    """Seconds that went by; a clock that was set back makes none of them negative."""
    return max(0.0, (until - since).total_seconds())


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if len(values) >= FEW else None


def _p90(values: Sequence[float]) -> float | None:
    """The smallest value that at least nine tenths do not pass (nearest rank)."""
    if len(values) < FEW:
        return None
    return sorted(values)[-(-len(values) * 9 // 10) - 1]
