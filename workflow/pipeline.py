"""THE file: what happens to a change request, in order.

`propose` turns words into a stored proposal with evidence, and `propose_smaller` makes another one
of it without what it does not need; they write neither work tree nor branch.
A person stands between.  `land` brings in exactly what was approved; it never asks a provider.
`roll_back` restores what was there before.  Each line is a stage of its own module; `run.step` is
how a stage is run, so that an engine can survive a crash between any two of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from workflow import (
    apply,
    approval,
    draft,
    evidence,
    gather,
    policy,
    record,
    route,
    seal,
    shrink,
)
from workflow.journal import LandingKind

if TYPE_CHECKING:
    from workflow.apply import Move
    from workflow.approval import Cleared
    from workflow.draft import Origin, Placed
    from workflow.journal import Landing
    from workflow.parts import Engine, Parts, Records
    from workflow.store import Stored
    from workflow.types import ChangeRequest, Identity, TreeChange, Verdict


def propose(request: ChangeRequest, on: Parts, run: Engine) -> Stored:
    """From words to a stored proposal that is clear, or that says what stands against it."""
    named = run.step("resolve", gather.resolve, on.git, on.base, request)
    way = run.step("route", route.choose, request, named)
    files = run.step("gather", gather.gather, on.git, on.base, way, named)
    brief = run.step("seal", seal.brief, on.vault, request, way.role, files)
    provider = on.providers[way.role]
    answer = run.step("draft", draft.ask, provider, brief)
    folder = run.fresh_folder()
    placed = run.step("place", draft.place, on.git, on.base, answer, on.vault, folder)
    sent = draft.receipt(provider, brief, answer, on.vault, on.store.keep)
    return _prove(draft.origin(request, on.base, way, brief, answer, sent), placed, on, run)


def propose_smaller(number: int, on: Parts, run: Engine) -> Stored:
    """From a proposal to a second one without the parts that it does not need."""
    stored = run.step("verify", approval.may_shrink, on.store, on.git, number)
    folder = run.fresh_folder()
    placed = run.step("place", draft.place_smaller, on.git, stored, on.vault, folder)
    return _prove(draft.smaller(stored), placed, on, run)


def _prove(origin: Origin, placed: Placed, on: Parts, run: Engine) -> Stored:
    """Judge a change by the policy and by every gate, look for what it does not need, store it."""
    case = _case(origin, placed, on)
    judged = run.step("policy", policy.judge, case)
    verdicts = run.step("gates", _judge, placed.change, on, run)
    excess = run.step(
        "shrink",
        shrink.find,
        on.git,
        placed.change,
        verdicts,
        judge=lambda smaller: _judge(smaller, on, run),
        budget_s=on.shrink_s,
        tell=run.tell,
    )
    if excess:
        judged += policy.judge_excess(excess, case)
    found = record.Outcome(origin, placed, judged, verdicts, excess)
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
        evidence.require_clear(_judge(cleared.change, on, run), cleared.stored.id)


def _judge(change: TreeChange, on: Parts, run: Engine) -> tuple[Verdict, ...]:
    """Every gate's verdict on a change."""
    return evidence.judge(
        on.git,
        change,
        gates=on.gates,
        sandbox=on.sandbox,
        keep=seal.keeper(on.vault, on.git, change, on.store.keep),
        scratch=run.fresh_folder(),
        tell=run.tell,
    )


def _case(origin: Origin, placed: Placed, on: Parts) -> policy.Case:
    """What the rules may look at."""
    return policy.Case(
        change=placed.change,
        radius=placed.radius,
        policy=on.policy,
        role=origin.route.role,
        given=origin.receipt.files,
        allowed=frozenset(origin.request.allowed),
        blobs=on.git.blobs,
        names=partial(on.git.names, placed.change.proposed),
        faults=placed.faults,
        secrets=seal.secrets(on.vault, on.secrets),
    )
