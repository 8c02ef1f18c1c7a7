"""`workflow propose` and `workflow shrink`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.text import Text

from workflow import wiring
from workflow.cli import report, session
from workflow.cli.output import visible
from workflow.cli.show import changes, evidence, state_text
from workflow.errors import ExitCode
from workflow.pipeline import propose, propose_smaller
from workflow.policy import require_known
from workflow.types import ChangeRequest, Outcome, State

if TYPE_CHECKING:
    from workflow.cli.output import Output
    from workflow.redaction import Vault
    from workflow.store import Stored
    from workflow.types import Role


def run(output: Output, typed: str, names: list[str], role: Role | None, allow: list[str]) -> None:
    """Propose a change, print it, and leave with 3 when a gate or the policy says no."""
    text = session.request_text(typed)
    require_known(allow)
    repository = session.open_repository(output)
    git = repository.git
    paths = tuple(session.repo_path(repository, name) for name in names)
    base = git.snapshot()
    if git.is_shallow():
        output.note("this is a shallow clone: older history cannot be looked at")
    request = ChangeRequest(text, paths, git.identity(), role, tuple(dict.fromkeys(allow)))
    parts = wiring.build(repository, base, text)
    with session.engine(repository, output, "workflow propose") as engine:
        stored = propose(request, parts, engine)
    _say(output, repository, stored, parts.vault)


def shrink(output: Output, number: int) -> None:
    """Propose what is left of a proposal without its spare parts."""
    repository = session.open_repository(output)
    parts = wiring.build(repository, repository.store.get(number).proposal.base)
    with session.engine(repository, output, f"workflow shrink {number}") as engine:
        stored = propose_smaller(number, parts, engine)
    _say(output, repository, stored, parts.vault)


def _say(output: Output, repository: wiring.Repository, stored: Stored, vault: Vault) -> None:
    """Print a fresh proposal, and leave with 3 when it is refused."""
    text = stored.proposal.request.text
    patch, words = report.content(repository.git, stored.proposal, vault)
    data = report.of_proposal(stored, words)
    output.result(
        data,
        Text.assemble(
            (f"Proposal {stored.id}  ", "bold"),
            state_text(stored.state),
            f"  {stored.digest.short}  {visible(' '.join(text.split()))}",
        ),
        *changes(stored.proposal, words, patch),
        *evidence(stored),
    )
    if stored.state is State.REFUSED:
        against = [v.gate for v in stored.proposal.verdicts if v.outcome is not Outcome.PASS]
        log = f" --log {against[0]}" if against else ""
        output.next(f"workflow show {stored.id}{log}")
        raise typer.Exit(ExitCode.REFUSED)
    output.next(f"workflow show {stored.id}, then {data['next']}")
