"""Probes before a landing, which they can forbid, and after it, when they have it taken back.

What fails before a landing cannot be its fault, so that it is asked first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.errors import RefusedError, UsageError, WorkflowError
from workflow.probes.interface import Moment
from workflow.probes.record import excused, record, seen
from workflow.probes.run import run

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from workflow.journal import Landing
    from workflow.probes.interface import Means, Probe
    from workflow.probes.record import Seen


class FailingProbeError(RefusedError):
    """A probe fails already, so that it could not tell what the landing does."""


class TakenBackError(RefusedError):
    """A probe failed after the landing, which was taken back: the files are what they were."""


class NotTakenBackError(WorkflowError):
    """A probe failed after the landing, which could not be taken back: it stands, unconfirmed."""


def before(  # noqa: PLR0913 - the probes, their means and record, the landing, and what to pass over
    probes: Sequence[Probe],
    means: Means,
    connection: sqlite3.Connection,
    proposal: int,
    despite: Sequence[str],
    *,
    tell: Callable[[str], None],
) -> tuple[Seen, ...]:
    """Refuse to land where a probe fails already, unless `despite` names it.

    Raises `FailingProbeError`, and `UsageError` for a name in `despite` that no probe has.
    """
    names = [probe.name for probe in probes]
    for name in despite:
        if name not in names:
            message = f"there is no probe {name!r}"
            raise UsageError(message, hint=f"the probes: {', '.join(names) or 'none'}")
    results = run(probes, means, tell=tell)
    found = record(
        connection,
        results,
        proposal=proposal,
        landing=None,
        moment=Moment.BEFORE,
        despite=despite,
    )
    against = [one for one in found if one.decides]
    if against:
        options = " ".join(f"--despite-probe {one.result.name}" for one in against)
        message = f"{reason(against)} already, before the landing; nothing has changed"
        hint = f"mend that first, or let it decide nothing: workflow apply {proposal} {options}"
        raise FailingProbeError(message, hint=hint)
    return found


def after(  # noqa: PLR0913 - as `before`
    probes: Sequence[Probe],
    means: Means,
    connection: sqlite3.Connection,
    landing: Landing,
    *,
    moment: Moment = Moment.AFTER,
    tell: Callable[[str], None],
) -> tuple[Seen, ...]:
    """What each probe says of a landing; those that failed before it decide nothing."""
    results = run(probes, means, tell=tell)
    passed_over = excused(seen(connection, landing.proposal))
    return record(
        connection,
        results,
        proposal=landing.proposal,
        landing=landing.id,
        moment=moment,
        despite=passed_over,
    )


def reason(against: Sequence[Seen]) -> str:
    """Which probes fail, and what the first of them says, in a line."""
    names = ", ".join(one.result.name for one in against)
    are = "probe {} fails" if len(against) == 1 else "probes {} fail"
    return f"{are.format(names)} ({against[0].result.summary})"


def now(against: Sequence[Seen], restored: Sequence[Seen]) -> str:
    """What the probes that had a landing taken back say after that."""
    names = {one.result.name for one in against}
    still = [one for one in restored if one.result.name in names and not one.result.is_passed]
    if still:
        return f"{', '.join(one.result.name for one in still)} still fails, so look elsewhere, too"
    return "it passes again" if len(names) == 1 else "they pass again"


def log_of(landing: Landing, against: Sequence[Seen]) -> str:
    """The command that shows what a probe said."""
    return f"workflow show {landing.proposal} --log probe:{against[0].result.name}"


def taken_back(landing: Landing, why: str, after: str = "", *, hint: str) -> TakenBackError:
    """What to say of a landing that was taken back, why, and how it is after that."""
    said = f"proposal {landing.proposal} was landed, {why}, and it was taken back"
    message = f"{said}: the files of {landing.branch} are what they were before"
    return TakenBackError(f"{message}; {after}" if after else message, hint=hint)


def not_taken_back(landing: Landing, why: str, error: WorkflowError | OSError) -> NotTakenBackError:
    """What to say of a landing that did not prove good and could not be taken back."""
    number = landing.proposal
    said = f"proposal {number} has landed on {landing.branch}, {why}"
    message = f"{said}, and it could not be taken back: {error}"
    mend = error.hint if isinstance(error, WorkflowError) else "mend that"
    then = f"then `workflow rollback {number}` takes it back, or `workflow apply {number}`"
    return NotTakenBackError(message, hint=f"{mend}; {then} asks the probes again")
