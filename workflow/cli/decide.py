"""`workflow approve` and `workflow reject`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from workflow import approval, seal, wiring
from workflow.cli import report, session
from workflow.cli.output import visible
from workflow.types import State

if TYPE_CHECKING:
    from workflow.cli.output import Output
    from workflow.cli.show import Words
    from workflow.store import Stored


def approve(output: Output, number: int, digest: str) -> None:
    """Record a yes to what the approver has seen."""
    repository = session.open_repository(output)
    who = repository.git.identity()
    yes = approval.approve(repository.store, repository.git, number, who, digest)
    stored = repository.store.get(number)
    is_own = who == stored.proposal.request.requester
    words = _words(output, repository, stored)
    approvals = repository.store.approvals(number)
    compared = report.compared(repository.store, stored.proposal)
    data = report.of_proposal(stored, words, compared, approvals)
    said = "is approved" if stored.state is State.APPROVED else "has an approval, not yet enough,"
    lines = [Text(f"Proposal {number} {said} by {visible(yes.approver)}: {yes.digest.short}")]
    if approval.missing(stored.proposal, approvals):
        lines.append(Text(visible(approval.waiting_for(stored.proposal, approvals)), "yellow"))
    for verdict in stored.proposal.verdicts:
        for doubt in verdict.doubts:
            said = f"{visible(verdict.gate)} passed with a doubt: {visible(doubt)}"
            lines.append(Text.assemble(("! ", "yellow"), said))
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
        said = _sealed(repository, repository.store.get(number), reason)
        stored = approval.reject(repository.store, number, who, said)
    compared = report.compared(repository.store, stored.proposal)
    data = report.of_proposal(stored, _words(output, repository, stored), compared)
    output.result({**data, "reason": said}, Text(f"Proposal {number} is rejected."))
    output.next(data["next"])


def _sealed(repository: wiring.Repository, stored: Stored, reason: str) -> str:
    """A reason without the values of the files that it may speak of."""
    if not reason:
        return ""
    base = stored.proposal.base.tree
    vault = wiring.vault(repository, base)
    seal.learn(vault, repository.git, repository.git.change(base, stored.proposal.tree))
    seal.learn_tree(vault, repository.git, base)
    return vault.scrub_text(reason)


def _words(output: Output, repository: wiring.Repository, stored: Stored) -> Words:
    """What changes, in sentences; only JSON has them here."""
    if not output.as_json:
        return {}
    vault = wiring.vault(repository, stored.proposal.base.tree)
    return report.content(repository.git, stored.proposal, vault)[1]
