"""THE file: what happens to a change request, in order.

`propose` turns words into a stored proposal with evidence; it writes neither work tree nor branch.
A person stands between.  `land` brings in exactly what was approved; it never asks a provider.
`roll_back` restores what was there before.  Each line is a stage of its own module; `run.step` is
how a stage is run, so that an engine can survive a crash between any two of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

from workflow import apply, approval, draft, evidence, gather, policy, record, route
from workflow.journal import LandingKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.apply import Move
    from workflow.approval import Cleared
    from workflow.gates import Gate
    from workflow.git_store import GitStore
    from workflow.journal import Journal, Landing
    from workflow.policy import Policy
    from workflow.providers import Provider
    from workflow.sandbox import Sandbox
    from workflow.store import Store, Stored
    from workflow.types import ChangeRequest, Identity, Role, TreeChange, Verdict

P = ParamSpec("P")
T = TypeVar("T")


class Engine(Protocol):
    """Runs stages one after the other, each to its end or not at all."""

    def step(self, name: str, stage: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one stage and return its result."""
        ...

    def tell(self, detail: str) -> None:
        """Say what the present stage is at."""
        ...

    def fresh_folder(self) -> Path:
        """A new empty folder for a stage, gone when the command ends."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that stages work with; `wiring.py` builds it."""

    git: GitStore
    store: Store
    journal: Journal
    policy: Policy
    providers: dict[Role, Provider]
    gates: tuple[Gate, ...]
    sandbox: Sandbox


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
        run.step("freshness", _refresh, cleared, on, run)
        move = run.step("prepare", apply.prepare, on.git, cleared)
        landing = _carry_out(move, who, on, run)
    return run.step("confirm", apply.keep, on.git, on.journal, landing)


def roll_back(number: int | None, who: Identity, on: Parts, run: Engine) -> Landing:
    """From a landing, the newest or a proposal's, to the files as they were before it."""
    landing = apply.unconfirmed(on.journal, LandingKind.ROLLBACK, number)
    if landing is None:
        undone = run.step("find", apply.to_roll_back, on.journal, number)
        folder = run.fresh_folder()
        move = run.step("prepare", apply.prepare_rollback, on.git, undone, who, folder)
        landing = _carry_out(move, who, on, run)
    return run.step("confirm", apply.keep, on.git, on.journal, landing)


def _carry_out(move: Move, who: Identity, on: Parts, run: Engine) -> Landing:
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
