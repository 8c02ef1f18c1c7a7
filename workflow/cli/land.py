"""`workflow apply` and `workflow rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from workflow.cli import report, session
from workflow.cli.output import visible
from workflow.errors import DetachedHeadError, UnbornBranchError
from workflow.pipeline import land, roll_back

if TYPE_CHECKING:
    from workflow import wiring
    from workflow.cli.output import Output
    from workflow.journal import Landing
    from workflow.types import TreeId


def apply(output: Output, number: int) -> None:
    """Bring an approved proposal in."""
    repository = session.open_repository(output)
    command = f"workflow apply {number}"
    who = repository.git.identity()
    tree = repository.store.get(number).proposal.base.tree
    with (
        repository.journal.exclusive(command),
        session.pipeline(repository, output, command, tree) as (parts, engine),
    ):
        landing = land(number, who, parts, engine)
    _say(output, landing, f"Proposal {number} is applied")


def rollback(output: Output, number: int | None) -> None:
    """Take a landing back."""
    repository = session.open_repository(output)
    command = "workflow rollback" + (f" {number}" if number else "")
    who = repository.git.identity()
    with (
        repository.journal.exclusive(command),
        session.pipeline(repository, output, command, _any_tree(repository)) as (parts, engine),
    ):
        landing = roll_back(number, who, parts, engine)
    _say(output, landing, f"Proposal {landing.proposal}: landing {landing.reverts} is taken back")


def _any_tree(repository: wiring.Repository) -> TreeId:
    """A tree to read settings from; a rollback uses none of them."""
    try:
        return repository.git.snapshot().tree
    except (DetachedHeadError, UnbornBranchError):
        landing = repository.journal.landings()[0]
        return repository.git.tree_of(landing.after)


def _say(output: Output, landing: Landing, done: str) -> None:
    where = "and its files" if landing.work_tree else "(not checked out)"
    lines = [
        Text.assemble(("✓ ", "green"), f"{done}: {visible(landing.branch)} {where}"),
        Text(f"  {landing.before.short} -> {landing.after.short}, confirmed byte for byte"),
    ]
    data = {**report.of_landing(landing), "next": "workflow rollback"}
    output.result(data, *lines)
    output.next("workflow history; workflow rollback takes this back")
