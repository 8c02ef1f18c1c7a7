"""THE file: what happens to a change request, in order.

`propose` turns words into a stored proposal with evidence; it writes neither work tree nor branch.
A person stands between.  `land` brings in exactly what was approved; it never asks a provider.
`roll_back` restores what was there before.  Each line is a stage of its own module; `run.step` is
how a stage is run, so that an engine can survive a crash between any two of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workflow import apply, approval, draft, evidence, gather, policy, record, route
from workflow.journal import LandingKind

if TYPE_CHECKING:
    from workflow.apply import Move
    from workflow.approval import Cleared
    from workflow.journal import Landing
    from workflow.parts import Engine, Parts, Records
    from workflow.store import Stored
    from workflow.types import ChangeRequest, Identity, TreeChange, Verdict


def propose(request: ChangeRequest, on: Parts, run: Engine) -> Stored:
    """From words to a stored proposal that is clear, or that says what stands against it."""
    base = run.step("snapshot", on.git.snapshot)
    named = run.step("resolve", gather.resolve, on.git, base, request)
    way = run.step("route", route.choose, request, named)
    brief = run.step("gather", gather.gather, on.git, base, request, way, named)
    provider = on.providers[way.role]
    answer = run.step("draft", draft.ask, provider, brief)
    placed = run.step("place", draft.place, on.git, base, brief, answer, run.fresh_folder())
    findings = run.step(
        "policy",
        policy.judge,
        placed.change,
        placed.radius,
        on.policy,
        role=way.role,
        given=tuple(file.path for file in brief.files),
        read=on.git.blob,
    )
    verdicts = run.step("gates", _judge, placed.change, on, run)
    return run.step(
        "record",
        record.record,
        on.git,
        on.store,
        record.Outcome(request, base, way, answer, placed, findings, verdicts),
        policy=on.policy.digest,
        receipt=draft.receipt(provider, brief),
    )


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
        folder = run.fresh_folder()
        move = run.step("prepare", apply.prepare_rollback, on.git, undone, who, folder)
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
        keep=on.store.keep,
        scratch=run.fresh_folder(),
        tell=run.tell,
    )
