"""Draws a proposal for a reviewer: what changes, the evidence, the forecast, what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from rich.text import Text

from workflow.cli import diff
from workflow.cli.output import visible
from workflow.cli.receipt import allowances, counted
from workflow.shrink import describe
from workflow.types import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workflow.store import Approval, Stored
    from workflow.types import Forecast, Proposal, Verdict

Words: TypeAlias = "Mapping[str, tuple[str, ...]]"
"""For each path, what changes in it, in sentences."""

_MARKS = {Outcome.PASS: ("✓", "green"), Outcome.FAIL: ("✗", "red"), Outcome.ERROR: ("!", "yellow")}
_STATE_STYLES = {
    "awaiting-approval": "yellow",
    "approved": "cyan",
    "applied": "green",
    "refused": "red",
    "rejected": "red",
    "rolled-back": "magenta",
}


def lines(
    stored: Stored, words: Words, patch: str, approvals: Sequence[Approval]
) -> Iterator[Text]:
    """A whole proposal, top to bottom."""
    yield from _head(stored, approvals)
    yield Text()
    yield from changes(stored.proposal, words, patch)
    yield Text()
    yield from evidence(stored)
    yield Text()
    yield from _sent(stored)


def state_text(state: str) -> Text:
    """A state in its colour."""
    return Text(state, style=_STATE_STYLES.get(state, ""))


def changes(proposal: Proposal, words: Words, patch: str) -> Iterator[Text]:
    """What really changes, computed from the two trees: in words first, then the diff."""
    yield Text.assemble(
        ("What changes  ", "bold"),
        diff.size(proposal.blast_radius),
        "  (read from the two trees)",
    )
    for path, said in words.items():
        for sentence in said or ("no directive differs: layout or comments only",):
            yield Text.assemble(("  • ", "bold"), visible(f"{path}: {sentence}"))
    yield from diff.lines(patch)


def evidence(stored: Stored) -> Iterator[Text]:
    """Every gate's verdict with its forecast beside it, every policy finding, and what can go."""
    proposal = stored.proposal
    forecasts = {forecast.gate: forecast for forecast in proposal.forecasts}
    yield Text("Evidence", style="bold")
    if not proposal.verdicts:
        yield Text("  ! no gate judges these files, and no verdict is not clearance", "yellow")
    for verdict in proposal.verdicts:
        yield from _verdict(verdict, forecasts.get(verdict.gate))
    for finding in proposal.findings:
        yield Text.assemble(
            ("  ✗ ", "red"),
            (f"policy {finding.rule}  ", "bold"),
            visible(f"{finding.path}: {finding.reason}"),
        )
    if not proposal.findings:
        yield Text.assemble(("  ✓ ", "green"), ("policy  ", "bold"), "no rule objects")
    yield from _conditions(proposal)
    yield from _excess(stored)
    for note in proposal.notes:
        yield Text.assemble(("  note from the drafter: ", "dim"), visible(" ".join(note.split())))
    for repair in proposal.repairs:
        yield Text.assemble(("  mended in the draft: ", "dim"), visible(repair))


def _conditions(proposal: Proposal) -> Iterator[Text]:
    """What was declared as intended, and who has to approve."""
    for finding in proposal.declared:
        yield Text.assemble(
            ("  ! ", "yellow"),
            (f"policy {finding.rule}  ", "bold"),
            ("declared as intended  ", "yellow"),
            visible(f"{finding.path}: {finding.reason}"),
        )
    for need in proposal.requirements:
        yield Text.assemble(
            ("  ! ", "yellow"),
            ("approval  ", "bold"),
            visible(f"{need.path} needs the approval of {' or '.join(need.approvers)}"),
        )


def _excess(stored: Stored) -> Iterator[Text]:
    """What the patch does not need, and the command that leaves it out."""
    excess = stored.proposal.excess
    if excess is None:
        return
    for sentence in describe(excess):
        yield Text.assemble(("  ! ", "yellow"), ("excess  ", "bold"), visible(sentence))
    if excess.parts and excess.tree != stored.proposal.base.tree:
        yield Text.assemble(("      try: ", "bold"), f"workflow shrink {stored.id}")


def _head(stored: Stored, approvals: Sequence[Approval]) -> Iterator[Text]:
    proposal = stored.proposal
    yield Text.assemble(
        (f"Proposal {stored.id}  ", "bold"),
        state_text(stored.state),
        f"  {stored.digest.short}",
    )
    yield Text(f"  {visible(' '.join(proposal.request.text.split()))}")
    yield Text(
        f"  on {visible(proposal.base.branch)} at {proposal.base.commit.short},"
        f" for {visible(str(proposal.request.requester))}, {proposal.created}"
    )
    reasons = visible("; ".join(proposal.route.reasons))
    drafter = f"{proposal.provider} {proposal.model}"
    yield Text(f"  drafted by the {proposal.route.role} ({visible(drafter)}): {reasons}")
    if proposal.shrunk_from:
        yield Text(f"  a smaller form of the proposal with the digest {proposal.shrunk_from.short}")
    for approval in approvals:
        yield Text(f"  approved by {visible(approval.approver)}, {approval.at}", "green")


def _verdict(verdict: Verdict, forecast: Forecast | None) -> Iterator[Text]:
    mark, style = _MARKS[verdict.outcome]
    yield Text.assemble(
        (f"  {mark} ", style),
        (f"{verdict.gate}  ", "bold"),
        (str(verdict.outcome), style),
        f"  {visible(verdict.summary)}",
    )
    if forecast:
        wrong = ("", "") if forecast.outcome is verdict.outcome else ("WRONG ", "bold red")
        yield Text.assemble(
            "      forecast: ", wrong, f"{forecast.outcome}, because {visible(forecast.why)}"
        )
    for note in verdict.notes:
        yield Text(f"      {visible(note)}", "dim")
    if verdict.hint:
        yield Text.assemble(("      try: ", "bold"), visible(verdict.hint))


def _sent(stored: Stored) -> Iterator[Text]:
    receipt = stored.proposal.receipt
    files = visible(", ".join(receipt.files))
    if receipt.requests:
        said = f"{receipt.sent_bytes} bytes with {files} to {visible(receipt.destination)}"
        read = f"workflow receipt {stored.id}"
    else:
        said = "nothing: the drafter runs in this process"
        read = f"workflow show {stored.id} --prompt"
    yield Text.assemble(("Sent  ", "bold"), said)
    if not receipt.requests:
        yield Text(f"  a remote model would be given {receipt.prompt_bytes} bytes with {files}")
    yield Text(f"  {counted(receipt.sealed)}; read them: {read}")
    yield from allowances(receipt)
