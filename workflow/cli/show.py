"""Draws a proposal for a reviewer: what changes, the evidence, the forecast, what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from rich.text import Text

from workflow.cli.output import visible
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
    yield from evidence(stored.proposal)
    yield Text()
    yield from _sent(stored)


def state_text(state: str) -> Text:
    """A state in its colour."""
    return Text(state, style=_STATE_STYLES.get(state, ""))


def changes(proposal: Proposal, words: Words, patch: str) -> Iterator[Text]:
    """What really changes, computed from the two trees: in words first, then the diff."""
    radius = proposal.blast_radius
    yield Text.assemble(
        ("What changes  ", "bold"),
        f"{_count(radius.files, 'file')}, {_count(radius.hunks, 'hunk')}, ",
        (f"+{radius.added}", "green"),
        " ",
        (f"-{radius.removed}", "red"),
        "  (read from the two trees)",
    )
    for path, said in words.items():
        for sentence in said or ("no directive differs: layout or comments only",):
            yield Text.assemble(("  • ", "bold"), visible(f"{path}: {sentence}"))
    for line in patch.split("\n")[:-1]:
        # Lines of a hunk begin with a sign, so these two can only be git's; `--- a/` says it again.
        if not line.startswith(("diff --git ", "index ")):
            # The carriage return of a CRLF file is its habit, not a trick.
            yield _diff_line(visible(line.removesuffix("\r")))


def evidence(proposal: Proposal) -> Iterator[Text]:
    """Every gate's verdict with its forecast beside it, and every policy finding."""
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
    for note in proposal.notes:
        yield Text.assemble(("  note from the drafter: ", "dim"), visible(note))


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
    if receipt.sent_bytes:
        said = f"{receipt.sent_bytes} bytes to {receipt.destination}"
    else:
        said = "nothing: the drafter runs in this process"
    yield Text.assemble(("Sent  ", "bold"), visible(said))
    files = ", ".join(receipt.files)
    yield Text(
        f"  a remote model would be given {receipt.prompt_bytes} bytes with {visible(files)};"
        f" read them: workflow show {stored.id} --prompt"
    )


def _diff_line(line: str) -> Text:
    style = ""
    if line.startswith(("+++", "---", "diff ", "index ")):
        style = "bold"
    elif line.startswith("@@"):
        style = "cyan"
    elif line.startswith("+"):
        style = "green"
    elif line.startswith("-"):
        style = "red"
    return Text(f"  {line}", style=style, no_wrap=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
