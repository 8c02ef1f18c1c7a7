"""`workflow propose`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.text import Text

from workflow import wiring
from workflow.cli import report, session
from workflow.cli.output import visible
from workflow.cli.show import changes, evidence, state_text
from workflow.errors import ExitCode
from workflow.pipeline import propose
from workflow.types import ChangeRequest, Outcome, State

if TYPE_CHECKING:
    from workflow.cli.output import Output
    from workflow.types import Role


def run(output: Output, typed: str, names: list[str], role: Role | None) -> None:
    """Propose a change, print it, and leave with 3 when a gate or the policy says no."""
    text = session.request_text(typed)
    repository = session.open_repository(output)
    git = repository.git
    paths = tuple(session.repo_path(repository, name) for name in names)
    base = git.snapshot()
    if git.is_shallow():
        output.note("this is a shallow clone: older history cannot be looked at")
    request = ChangeRequest(text=text, paths=paths, requester=git.identity(), role=role)
    parts = wiring.build(repository, base.tree)
    with session.engine(repository, output, "workflow propose") as engine:
        stored = propose(request, parts, engine)
    patch = git.patch(stored.proposal.base.tree, stored.proposal.tree).decode("utf-8", "replace")
    words = report.in_words(git, stored.proposal)
    data = report.of_proposal(stored, words)
    output.result(
        data,
        Text.assemble(
            (f"Proposal {stored.id}  ", "bold"),
            state_text(stored.state),
            f"  {stored.digest.short}  {visible(' '.join(text.split()))}",
        ),
        *changes(stored.proposal, words, patch),
        *evidence(stored.proposal),
    )
    if stored.state is State.REFUSED:
        against = [v.gate for v in stored.proposal.verdicts if v.outcome is not Outcome.PASS]
        log = f" --log {against[0]}" if against else ""
        output.next(f"workflow show {stored.id}{log}")
        raise typer.Exit(ExitCode.REFUSED)
    output.next(f"workflow show {stored.id}, then {data['next']}")
