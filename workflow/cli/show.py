"""Draws a proposal for a reviewer: what changes, the evidence, the forecast, what was sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from rich.text import Text

from workflow.cli import cost, diff, report
from workflow.cli.output import visible
from workflow.cli.receipt import allowed, counted, named, shown
from workflow.shrink import describe
from workflow.types import Outcome, Way

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workflow.forecast import Comparison
    from workflow.store import Store, Stored
    from workflow.types import Proposal, Round, Verdict
    from workflow.votes import Approval

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
# More than that of one file nobody takes in before the diff.
_MOST_SAID = 12
# How a note begins that is not the drafter's: it says why there was no further round.
_OUR_NOTE = "no further round: "


@dataclass(frozen=True, slots=True)
class Page:
    """All that a page about a proposal says.

    `revises` is the number of the proposal that it revises, `None` where that is not here, and
    `request` what all answers to its request took.
    """

    stored: Stored
    words: Words
    patch: str
    compared: Sequence[Comparison]
    approvals: Sequence[Approval] = ()
    revises: int | None = None
    request: cost.Sum = field(default_factory=cost.Sum)


def page(
    store: Store,
    stored: Stored,
    content: tuple[str, Words],
    compared: Sequence[Comparison],
    approvals: Sequence[Approval] = (),
) -> Page:
    """A page with what the store knows beside the proposal; `content` is that of `report`."""
    patch, words = content
    before = stored.proposal.revised_from
    return Page(
        *(stored, words, patch, compared, approvals),
        revises=store.number_of(before) if before else None,
        request=cost.of_request(store, stored.proposal),
    )


def lines(page: Page) -> Iterator[Text]:
    """A whole proposal, top to bottom; what was forecast wrongly comes first."""
    stored, compared = page.stored, page.compared
    yield from _head(page)
    yield Text()
    yield from wrong(compared)
    yield from changes(stored.proposal, page.words, page.patch)
    yield Text()
    yield from evidence(stored, compared)
    yield from _rounds(stored)
    yield Text()
    yield from _sent(stored)
    yield from _cost(page)


def fresh(page: Page) -> Iterator[Text]:
    """What is new to the one who has just proposed it."""
    stored, compared = page.stored, page.compared
    wish = stored.proposal.wish
    said = report.title(stored.proposal.request.text, wish, page.revises)
    yield Text.assemble(
        (f"Proposal {stored.id}  ", "bold"),
        state_text(stored.state),
        f"  {stored.digest.short}  {visible(said)}",
    )
    yield from _drafting(stored.proposal)
    yield from wrong(compared)
    yield from changes(stored.proposal, page.words, page.patch)
    yield from evidence(stored, compared)
    yield from _rounds(stored)
    yield from _cost(page)


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
        shown = said[:_MOST_SAID] or ("nothing but layout or comments",)
        for sentence in shown:
            yield Text.assemble(("  • ", "bold"), visible(f"{path}: {sentence}"))
        if len(said) > _MOST_SAID:
            rest = f"{path}: and {len(said) - _MOST_SAID} more (`summary` of --json has all)"
            yield Text.assemble(("  • ", "bold"), visible(rest))
    yield from diff.lines(patch)


def wrong(compared: Sequence[Comparison]) -> Iterator[Text]:
    """The gates of which the drafter expected something else: it does not know what it changed."""
    for one in compared:
        if one.forecast and one.is_right is False:
            yield Text.assemble(
                ("Forecast WRONG  ", "bold red"), (f"{one.gate}  ", "bold"), visible(one.why)
            )
            yield Text(f"  it was said before, because {visible(one.forecast.why)}")


def evidence(stored: Stored, compared: Sequence[Comparison]) -> Iterator[Text]:
    """Every gate's verdict with its forecast beside it, every policy finding, and what can go."""
    proposal = stored.proposal
    forecasts = {one.gate: one for one in compared if one.forecast}
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
    if len(proposal.rounds) == 1:
        yield from _said(proposal.rounds[0], "  ")


def _rounds(stored: Stored) -> Iterator[Text]:
    """Where it took more than one: what became of each, and what its drafter said of it."""
    rounds = stored.proposal.rounds
    if len(rounds) == 1:
        return
    yield Text()
    yield Text("Rounds", style="bold")
    for number, one in enumerate(rounds, 1):
        objection = visible(_amid(one.objection))
        if one.stands:
            became = f"is kept, although {objection}" if objection else "is kept"
        else:
            became = f"went back: {objection}" if objection else "went back"
        yield Text.assemble((f"  {number} of {len(rounds)}  ", "bold"), f"{one.role}  {became}")
        yield from _said(one, "      ")
    if any(one.answer for one in rounds):
        yield Text.assemble(
            ("  read an answer: ", "dim"), f"workflow receipt {stored.id} --answer N"
        )


def _amid(sentence: str) -> str:
    """A sentence of ours for the middle of a line."""
    return f"t{sentence[1:]}" if sentence.startswith("The ") else sentence


def _said(one: Round, lead: str) -> Iterator[Text]:
    """What a drafter said of a draft that is kept; of one that went back, only what we noted."""
    for note in one.notes:
        said = visible(" ".join(note.split()))
        if said.startswith(_OUR_NOTE):
            yield Text.assemble((f"{lead}note: ", "dim"), said)
        elif one.stands:
            yield Text.assemble((f"{lead}note from the drafter: ", "dim"), said)
    if not one.stands:
        return
    for seen in one.observations:
        yield Text.assemble(
            (f"{lead}! ", "yellow"),
            (f"{seen.severity}  ", "bold"),
            visible(f"{seen.path}:{seen.line}: {seen.what}; {seen.mend}"),
        )
    for repair in one.repairs:
        yield Text.assemble((f"{lead}mended in the draft: ", "dim"), visible(repair))


def _conditions(proposal: Proposal) -> Iterator[Text]:
    """What was declared as intended."""
    for finding in proposal.declared:
        yield Text.assemble(
            ("  ! ", "yellow"),
            (f"policy {finding.rule}  ", "bold"),
            ("declared as intended  ", "yellow"),
            visible(f"{finding.path}: {finding.reason}"),
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


def _head(page: Page) -> Iterator[Text]:
    stored = page.stored
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
    yield from _drafting(proposal)
    if proposal.shrunk_from:
        yield Text(f"  a smaller form of the proposal with the digest {proposal.shrunk_from.short}")
    if proposal.revised_from:
        before = "an earlier proposal" if page.revises is None else f"proposal {page.revises}"
        wish = visible(" ".join(proposal.wish.split()))
        yield Text(f"  revises {before} ({proposal.revised_from.short}): {wish}")
    if proposal.rebased_from:
        digest = proposal.rebased_from.short
        yield Text(f"  the proposal with the digest {digest}, on a newer base or judged anew")
    for reviser in proposal.revisers:
        yield Text(f"  revised by {visible(str(reviser))}, who counts as a requester")


def _drafting(proposal: Proposal) -> Iterator[Text]:
    """Who has drafted, and why they were chosen."""
    drafters = visible(", then ".join(_drafter(one) for one in proposal.standing))
    yield Text(f"  drafted by {drafters}")
    way = proposal.route.way
    who = "the architect, then the surgeon" if way is Way.MIXED else f"the {way}"
    reasons = visible("; ".join(proposal.route.reasons))
    yield Text(f"  routed to {who} because {reasons}")


def _drafter(one: Round) -> str:
    return f"the {one.role} ({one.provider} {one.model}, {one.recipe_name})"


def _verdict(verdict: Verdict, said: Comparison | None) -> Iterator[Text]:
    mark, style = _MARKS[verdict.outcome]
    yield Text.assemble(
        (f"  {mark} ", style),
        (f"{verdict.gate}  ", "bold"),
        (str(verdict.outcome), style),
        f"  {visible(verdict.summary)}",
        (f"  (kept, judged {visible(verdict.judged)})" if verdict.is_kept else "", "dim"),
    )
    if said and said.forecast:
        wrongly = ("WRONG ", "bold red") if said.is_right is False else ("", "")
        forecast = said.forecast
        yield Text.assemble(
            "      forecast: ",
            wrongly,
            f"{forecast.outcome} ({forecast.confidence} %), because {visible(forecast.why)}",
        )
    if verdict.tallies:
        counts = ", ".join(f"{one.count} {one.turn}" for one in verdict.tallies)
        yield Text(f"      {counts}", "dim")
    for doubt in verdict.doubts:
        yield Text.assemble(("      ! look: ", "yellow"), visible(doubt))
    for note in verdict.notes:
        yield Text(f"      {visible(note)}", "dim")
    if verdict.hint:
        yield Text.assemble(("      try: ", "bold"), visible(verdict.hint))


def _sent(stored: Stored) -> Iterator[Text]:
    rounds = stored.proposal.rounds
    sent = sum(one.receipt.sent_bytes for one in rounds)
    receipts = [one.receipt for one in rounds]
    files = named([path for one in receipts for path in shown(one)])
    if sent:
        hosts = ", ".join(dict.fromkeys(one.destination for one in receipts if one.requests))
        said = f"{sent:,} bytes with {files or 'no file'} to {visible(hosts)}"
        read = f"workflow receipt {stored.id}"
    else:
        said = "nothing: the drafter runs in this process"
        read = f"workflow show {stored.id} --prompt"
    yield Text.assemble(("Sent  ", "bold"), said)
    last = receipts[-1]
    if not sent:
        with_files = f" with {files}" if files else ""
        yield Text(f"  a remote model would be given {last.prompt_bytes:,} bytes{with_files}")
    yield Text(f"  {counted(last.sealed)}; read them: {read}")
    for left in dict.fromkeys(left for one in receipts for left in one.left_out):
        yield Text.assemble(("  not shown: ", "dim"), visible(f"{left.path}: {left.why}"))
    for allowance in dict.fromkeys(one for receipt in receipts for one in receipt.shown):
        yield allowed(allowance)


def _cost(page: Page) -> Iterator[Text]:
    """What the answers took, where one was paid for."""
    total = cost.of_proposal(page.stored.proposal)
    if total.answers:
        yield Text.assemble(("Cost  ", "bold"), str(total))
    if page.request.answers > total.answers:
        yield Text(f"  with every other answer to this request: {page.request}")
