"""THE file: what happens to a change request, in order.

`propose` turns words into a stored proposal with evidence; `revise` makes another one as a reviewer
wants it, and `propose_smaller` one without what it does not need.  They write neither work tree nor
branch.
A person stands between.  `land` brings in exactly what was approved; it never asks a provider.
`roll_back` restores what was there before.  Each line is a stage of its own module; `run.step` is
how a stage is run, so that an engine can survive a crash between any two of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workflow import (
    apply,
    approval,
    draft,
    evidence,
    gather,
    record,
    rounds,
    route,
    seal,
    shrink,
)
from workflow.journal import LandingKind
from workflow.rounds import Drafted, Order

if TYPE_CHECKING:
    from workflow.apply import Move
    from workflow.approval import Cleared
    from workflow.draft import Origin
    from workflow.journal import Landing
    from workflow.parts import Engine, Parts, Records
    from workflow.store import Stored
    from workflow.types import ChangeRequest, Draft, Identity


def propose(request: ChangeRequest, on: Parts, run: Engine) -> Stored:
    """From words to a stored proposal that is clear, or that says what stands against it."""
    named = run.step("resolve", gather.resolve, on.git, on.base, request)
    wanted = on.recipe(request.recipe).role if request.recipe else None
    way = run.step("route", route.choose, on.git, on.base, request, named, wanted)
    drafted = rounds.draft_change(Order(request, way, named), on, run)
    return _store(
        drafted, draft.origin(request, on.base, way, drafted.words, drafted.rounds), on, run
    )


def revise(number: int, wish: str, on: Parts, run: Engine) -> Stored:
    """From a proposal and a reviewer's words to a second proposal; the first one stays."""
    stored = run.step("verify", approval.may_revise, on.store, on.git, number)
    before = stored.proposal
    named = run.step("resolve", gather.resolve, on.git, on.base, before.request)
    patch = seal.patch_of(on.vault, on.git, on.git.change(before.base.tree, before.tree))
    order = Order(before.request, before.route, named, wish, patch)
    drafted = rounds.draft_change(order, on, run)
    origin = draft.revised(stored, on.base, on.vault.seal_text(wish), drafted.rounds)
    return _store(drafted, origin, on, run)


def explain(number: int, on: Parts, run: Engine) -> Draft:
    """What a proposal does, in a drafter's words; nothing is changed."""
    return rounds.explain(on.store.get(number), on, run)


def propose_smaller(number: int, on: Parts, run: Engine) -> Stored:
    """From a proposal to a second one without the parts that it does not need."""
    stored = run.step("verify", approval.may_shrink, on.store, on.git, number)
    folder = run.fresh_folder()
    placed = run.step("place", draft.place_smaller, on.git, stored, on.vault, folder)
    judged = run.step("policy", rounds.judge_again, placed, stored.proposal, on)
    verdicts = run.step("gates", rounds.judge, placed.change, stored.proposal.request, on, run)
    again = Drafted(stored.proposal.request.text, (), placed, judged, verdicts)
    return _store(again, draft.smaller(stored), on, run)


def _store(drafted: Drafted, origin: Origin, on: Parts, run: Engine) -> Stored:
    """Look for what a judged change does not need, and store it as a proposal."""
    excess = run.step(
        "shrink",
        shrink.find,
        on.git,
        drafted.placed.change,
        drafted.verdicts,
        judge=lambda smaller: rounds.judge(smaller, origin.request, on, run),
        budget_s=on.shrink_s,
        tell=run.tell,
    )
    judged = drafted.judged
    if excess:
        judged += rounds.judge_excess(excess, drafted.placed, origin, on)
    found = record.Outcome(origin, drafted.placed, judged, drafted.verdicts, excess)
    sealed = found.sealed(on.vault.scrub_text)
    return run.step("record", record.record, on.git, on.store, sealed, policy=on.policy.digest)


def land(number: int, who: Identity, on: Parts, run: Engine) -> Landing:
    """From an approved proposal to a branch that holds exactly it."""
    landing = apply.unconfirmed(on.journal, LandingKind.APPLY, number)
    if landing is None:
        cleared = run.step("verify", approval.cleared, on.store, on.git, number)
        run.step("base", apply.require_base, on.git, cleared)
        run.step("freshness", _refresh, cleared, on, run)
        move = run.step("prepare", apply.prepare, on.git, cleared)
        landing = _carry_out(move, who, on, run)
    return run.step("confirm", apply.keep, on.git, on.journal, landing)


def roll_back(number: int | None, who: Identity, on: Records, run: Engine) -> Landing:
    """From a landing, the newest or a proposal's, to the files as they were before it."""
    landing = apply.unconfirmed(on.journal, LandingKind.ROLLBACK, number)
    if landing is None:
        undone = run.step("find", apply.to_roll_back, on.journal, number)
        move = run.step("prepare", apply.prepare_rollback, on.git, undone, who)
        landing = _carry_out(move, who, on, run)
    return run.step("confirm", apply.keep, on.git, on.journal, landing)


def _carry_out(move: Move, who: Identity, on: Records, run: Engine) -> Landing:
    folder = run.fresh_folder()
    return run.step(
        "move", apply.carry_out, on.git, on.store, on.journal, move, who=who, scratch=folder
    )


def _refresh(cleared: Cleared, on: Parts, run: Engine) -> None:
    """Judge again what was judged too long ago to land on."""
    if not evidence.is_fresh(cleared.stored.proposal, datetime.now(UTC)):
        request = cleared.stored.proposal.request
        verdicts = rounds.judge(cleared.change, request, on, run, anew=True)
        evidence.require_clear(verdicts, cleared.stored.id)
