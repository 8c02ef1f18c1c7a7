"""`workflow approve` and `workflow reject`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from workflow import approval
from workflow.cli import report, session
from workflow.cli.output import visible
from workflow.types import State

if TYPE_CHECKING:
    from workflow.cli.output import Output


def approve(output: Output, number: int, digest: str) -> None:
    """Record a yes to what the approver has seen."""
    repository = session.open_repository(output)
    who = repository.git.identity()
    yes = approval.approve(repository.store, repository.git, number, who, digest)
    stored = repository.store.get(number)
    is_own = who == stored.proposal.request.requester
    words = report.in_words(repository.git, stored.proposal)
    approvals = repository.store.approvals(number)
    data = report.of_proposal(stored, words, approvals)
    said = "is approved" if stored.state is State.APPROVED else "has an approval, not yet enough,"
    lines = [Text(f"Proposal {number} {said} by {visible(yes.approver)}: {yes.digest.short}")]
    if approval.missing(stored.proposal, approvals):
        lines.append(Text(visible(approval.waiting_for(stored.proposal, approvals)), "yellow"))
    if is_own:
        lines.append(Text("You approved your own request; this version lets one person do both."))
    output.result({**data, "self_approved": is_own}, *lines)
    if stored.state is State.APPROVED:
        output.next(data["next"])


def reject(output: Output, number: int, reason: str) -> None:
    """Record a no."""
    repository = session.open_repository(output)
    who = repository.git.identity()
    # Not while it lands: then it is too late, and `rollback` is the way back.
    with repository.journal.exclusive(f"workflow reject {number}"):
        stored = approval.reject(repository.store, number, who, reason)
    data = report.of_proposal(stored, report.in_words(repository.git, stored.proposal))
    output.result({**data, "reason": reason}, Text(f"Proposal {number} is rejected."))
    output.next(data["next"])
