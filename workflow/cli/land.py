"""`workflow apply` and `workflow rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from workflow import wiring
from workflow.cli import report, session
from workflow.cli.output import visible
from workflow.pipeline import land, roll_back
from workflow.types import State

if TYPE_CHECKING:
    from workflow.cli.output import Output
    from workflow.journal import Landing


def apply(output: Output, number: int) -> None:
    """Bring an approved proposal in."""
    repository = session.open_repository(output)
    who = repository.git.identity()
    base = repository.store.get(number).proposal.base
    with session.landing(repository, output, f"workflow apply {number}") as engine:
        parts = wiring.build(repository, base, tell=engine.tell)
        landing = land(number, who, parts, engine)
    _say(output, landing, f"Proposal {number} is applied")


def rollback(output: Output, number: int | None) -> None:
    """Take a landing back."""
    repository = session.open_repository(output)
    command = "workflow rollback" + (f" {number}" if number else "")
    who = repository.git.identity()
    with session.landing(repository, output, command) as engine:
        landing = roll_back(number, who, repository, engine)
    is_in = repository.store.get(landing.proposal).state is State.APPLIED
    done = "is in again" if is_in else "is taken back"
    _say(output, landing, f"Proposal {landing.proposal} {done} (landing {landing.reverts} undone)")


def _say(output: Output, landing: Landing, done: str) -> None:
    where = "and its files" if landing.work_tree else "(not checked out)"
    lines = [
        Text.assemble(("✓ ", "green"), f"{done}: {visible(landing.branch)} {where}"),
        Text(f"  {landing.before.short} -> {landing.after.short}, confirmed byte for byte"),
    ]
    data = {**report.of_landing(landing), "next": "workflow rollback"}
    output.result(data, *lines)
    output.next("workflow history; workflow rollback takes this back")
