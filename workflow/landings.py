"""The inside of a landing: what is asked first, what follows the branch, what takes it back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from workflow import apply, approval, evidence, ledger, probes, rounds, seal, targets, trust
from workflow.apply import Terms
from workflow.errors import RefusedError, WorkflowError
from workflow.probes import Means, Moment
from workflow.targets import StuckTargetError, TargetError
from workflow.types import State

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.apply import Move
    from workflow.approval import Cleared, Glass
    from workflow.journal import Landing
    from workflow.parts import Engine, Grounds, Parts
    from workflow.probes import Seen
    from workflow.types import Identity, TreeChange


@dataclass(frozen=True, slots=True)
class How:
    """How a landing is asked for: its terms, and failing probes that are to decide nothing.

    `glass` is what was broken for it, so that it waits for nobody's approval.
    """

    terms: Terms = field(default_factory=Terms)
    despite: tuple[str, ...] = ()
    glass: Glass | None = None


def clear(number: int, on: Parts, run: Engine, glass: Glass | None = None) -> Cleared:
    """A proposal that may land: approved, on its base, and judged not too long ago.

    Raises what `approval.cleared`, `apply.require_base` and `approval.require_policy` raise, and
    `StateError` where a gate does not pass any more.
    """
    cleared = run.step("verify", approval.cleared, on.store, on.git, number, glass)
    run.step("base", apply.require_base, on.git, cleared)
    run.step("terms", approval.require_policy, on.git, cleared, on.policy)
    run.step("freshness", _refresh, cleared, on, run)
    return cleared


def _refresh(cleared: Cleared, on: Parts, run: Engine) -> None:
    """Judge again what was judged too long ago to land on."""
    if not evidence.is_fresh(cleared.stored.proposal, datetime.now(UTC)):
        request = cleared.stored.proposal.request
        verdicts = rounds.judge(cleared.change, request, on, run, anew=True)
        evidence.require_clear(verdicts, cleared.stored.id)


def look_first(move: Move, on: Grounds, run: Engine, despite: tuple[str, ...]) -> None:
    """Refuse what could not follow to its live places, or could not be told from a fault before.

    Raises `UntrustedError`, what `targets.require_ready` raises, and `FailingProbeError`.
    """
    if move.is_new:
        return  # nothing lives on a branch that is new
    live = on.live
    trust.require(targets.place_of(live.site), live.site.settings)
    targets.require_ready(live.site, branch=move.branch, before=move.before, after=move.after)
    means = _means(move.change, move.work_tree, on)
    connection, number = on.store.connection, move.proposal
    probes.before(live.probes, means, connection, number, despite, tell=run.tell)


def carry_out(move: Move, who: Identity, on: Grounds, run: Engine) -> Landing:
    """Move the branch, and bring its checkout along."""
    folder = run.fresh_folder()
    return run.step(
        "move", apply.carry_out, on.git, on.store, on.journal, move, who=who, scratch=folder
    )


def prove(landing: Landing, who: Identity, on: Grounds, run: Engine) -> Landing:
    """Bring the live files along, ask the probes, and keep the landing, or take it back.

    Raises `TakenBackError` where a target's commands or a probe said no, `NotTakenBackError` where
    that could not be undone, and `StuckTargetError` where live files are neither old nor new.
    """
    if landing.branch != on.store.get(landing.proposal).proposal.base.branch:
        # Nothing lives on a branch of its own.
        return confirm(landing, on, run)
    # Once more: a landing that was cut short may go on after the yes was taken back.
    trust.require(targets.place_of(on.live.site), on.live.site.settings)
    try:
        run.step("install", targets.follow, on.live.site, landing)
    except StuckTargetError as error:
        said = f"{landing.branch} has moved to {landing.after.short}, its live files have not"
        hint = f"{error.hint}; after that: {apply.command(landing)}"
        message = f"{said}: {error.message}"
        raise StuckTargetError(message, hint=hint) from error
    except (TargetError, RefusedError) as error:
        _undo(landing, error.message, who, on, run)
        raise probes.taken_back(landing, error.message, hint=error.hint) from error
    found = _asked(landing, Moment.AFTER, on, run)
    against = [one for one in found if one.decides]
    if not against:
        return confirm(landing, on, run)
    why = probes.reason(against)
    undone = _undo(landing, why, who, on, run)
    again = probes.of_landing(probes.seen(on.store.connection, undone.proposal), undone.id)
    told = probes.now(against, again)
    raise probes.taken_back(landing, why, told, hint=probes.log_of(landing, against))


def _asked(landing: Landing, moment: Moment, on: Grounds, run: Engine) -> tuple[Seen, ...]:
    """What the probes say of a landing."""
    means = _means(on.git.between(landing.before, landing.after), landing.work_tree, on)
    look = partial(probes.after, on.live.probes, means, on.store.connection, tell=run.tell)
    return run.step("probe", look, landing, moment=moment)


def confirm(landing: Landing, on: Grounds, run: Engine, *, is_good: bool = True) -> Landing:
    """Keep a landing and what was installed for it, and tell git how far the ledger has come."""
    kept = run.step("confirm", apply.keep, on.git, on.journal, landing, is_good=is_good)
    targets.keep(on.store, kept.id)
    run.step("anchor", ledger.anchor, on.git, on.store.connection)
    return kept


def take_back(  # noqa: PLR0913 - a landing, who takes it back, with what, and why
    landing: Landing,
    who: Identity,
    on: Grounds,
    run: Engine,
    reason: str = "",
    *,
    is_automatic: bool = False,
) -> Landing:
    """Take a landing back by another one, and its live files with it.

    Taking a rollback back brings a change in again: that is asked of probes as any landing is.
    """
    is_again = on.store.get(landing.proposal).state is State.ROLLED_BACK
    move = run.step(
        "prepare",
        apply.prepare_rollback,
        *(on.git, on.store, landing, who, reason),
        is_automatic=is_automatic,
    )
    site = on.live.site
    run.step(
        "look",
        targets.require_ready,
        site,
        branch=move.branch,
        before=move.before,
        after=move.after,
        reverts=landing.id,
    )
    if is_again:
        look_first(move, on, run, ())
        return prove(carry_out(move, who, on, run), who, on, run)
    return settle(carry_out(move, who, on, run), on, run)


def go_on(landing: Landing, who: Identity, on: Grounds, run: Engine) -> Landing:
    """Go on with a rollback that was cut short once its branch had moved."""
    if on.store.get(landing.proposal).state is State.APPLIED:
        return prove(landing, who, on, run)
    return settle(landing, on, run)


def settle(landing: Landing, on: Grounds, run: Engine) -> Landing:
    """Bring the live files along and keep a rollback; what probes say of it decides nothing.

    It does not become the last known good while one of them fails.
    """
    site = on.live.site
    run.step("install", targets.follow, site, landing)
    if not trust.is_trusted(targets.place_of(site), site.settings):
        run.tell("nobody trusts the probes here, so they are not asked")
        return confirm(landing, on, run)
    found = _asked(landing, Moment.RESTORED, on, run)
    return confirm(landing, on, run, is_good=not any(one.decides for one in found))


def _undo(landing: Landing, why: str, who: Identity, on: Grounds, run: Engine) -> Landing:
    """Take back what did not prove good.  Raises `NotTakenBackError` where it cannot be."""
    try:
        return take_back(landing, who, on, run, why, is_automatic=True)
    except (WorkflowError, OSError) as error:
        raise probes.not_taken_back(landing, why, error) from error


def _means(change: TreeChange, checkout: Path | None, on: Grounds) -> Means:
    """How probes of a change run, and how what they say is sealed and kept."""
    vault = on.live.vault
    keep = seal.keeper(vault, on.git, change, on.store.keep)
    return Means(checkout or on.git.top, keep, vault.scrub_text)
