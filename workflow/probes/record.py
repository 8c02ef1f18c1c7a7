"""What probes said about landings, in the ledger; and what that makes of a landing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workflow import ledger
from workflow.database import transaction
from workflow.probes.interface import Moment, ProbeResult
from workflow.types import Digest, Outcome

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Sequence

_EVENT = "probe"


class Health(StrEnum):
    """What is known of a landing by its probes.  No probe is not health."""

    PROVEN = "proven"
    """Every probe passed."""
    UNPROVEN = "unproven"
    """There is no probe, it has not run, or one failed that was to decide nothing."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a probe said at one moment of a landing; before it, the landing has no number.

    `is_despite` says that it was to decide nothing.
    """

    result: ProbeResult
    moment: Moment
    landing: int | None
    is_despite: bool

    @property
    def decides(self) -> bool:
        """Whether it speaks against a landing."""
        return not self.result.is_passed and not self.is_despite

    @property
    def when(self) -> str:
        """Its moment in words, such as `after landing 5`."""
        match self.moment:
            case Moment.BEFORE:
                return "before the landing"
            case Moment.AFTER:
                return f"after landing {self.landing}"
            case Moment.RESTORED:
                return f"after rollback {self.landing}"


def record(  # noqa: PLR0913 - a fact has as many sides
    connection: sqlite3.Connection,
    results: Sequence[ProbeResult],
    *,
    proposal: int,
    landing: int | None,
    moment: Moment,
    despite: Collection[str] = (),
) -> tuple[Seen, ...]:
    """Add a fact for each result to the ledger; those named in `despite` are to decide nothing."""
    found = tuple(Seen(one, moment, landing, one.name in despite) for one in results)
    with transaction(connection):
        for one in found:
            ledger.append(connection, _EVENT, _facts(one, proposal))
    return found


def seen(connection: sqlite3.Connection, proposal: int) -> tuple[Seen, ...]:
    """All that probes said of a proposal's landings and before them, oldest first."""
    return tuple(
        Seen(
            ProbeResult(
                name=fact["probe"],
                is_passed=fact["outcome"] == Outcome.PASS,
                summary=fact["summary"],
                seconds=fact["seconds"],
                attempts=fact["attempts"],
                log=Digest(fact["log"]),
            ),
            Moment(fact["moment"]),
            fact["landing"],
            fact["is_despite"],
        )
        for fact in ledger.facts(connection, _EVENT, proposal)
    )


def newest(found: Iterable[Seen]) -> tuple[Seen, ...]:
    """The last word of each probe, in the order in which they first spoke."""
    return tuple({one.result.name: one for one in found}.values())


def of_landing(found: Iterable[Seen], landing: int) -> tuple[Seen, ...]:
    """The last word of each probe about one landing."""
    return newest(one for one in found if one.landing == landing)


def excused(found: Sequence[Seen]) -> frozenset[str]:
    """The probes that failed before the landing, which goes on in spite of them."""
    before = newest(one for one in found if one.moment is Moment.BEFORE)
    return frozenset(
        one.result.name for one in before if one.is_despite and not one.result.is_passed
    )


def health(about: Sequence[Seen]) -> Health:
    """What the probes' last words about one landing make of it."""
    if any(one.decides for one in about):
        return Health.FAILED
    is_proven = bool(about) and all(one.result.is_passed for one in about)
    return Health.PROVEN if is_proven else Health.UNPROVEN


def _facts(one: Seen, proposal: int) -> dict[str, object]:
    result = one.result
    return {
        "proposal": proposal,
        "landing": one.landing,
        "moment": one.moment,
        "probe": result.name,
        "outcome": Outcome.PASS if result.is_passed else Outcome.FAIL,
        "summary": result.summary,
        "seconds": result.seconds,
        "attempts": result.attempts,
        "log": result.log,
        "is_despite": one.is_despite,
    }
