"""What the CLI says about proposals and landings, as JSON-ready dicts with stable keys."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from workflow import forecast
from workflow.approval import approve_command
from workflow.canonical import plain
from workflow.cli import cost
from workflow.cli.cost import KEYS
from workflow.types import Outcome, State

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from workflow.forecast import Comparison
    from workflow.git_store import GitStore
    from workflow.journal import Landing
    from workflow.redaction import Vault
    from workflow.store import ProposalRow, Store, Stored
    from workflow.types import Excess, Forecast, Proposal, Verdict
    from workflow.votes import Approval


_COMMON = {
    "id": "the proposal's number",
    "state": "`awaiting-approval`, `refused`, `approved`, `rejected`, `applied`,"
    " `rolled-back` or `superseded`",
    "digest": "`sha256:` over everything that an approval covers",
    "request": "the words that were typed, sealed",
    "requester": "`Name <email>`",
    "created": "RFC 3339, UTC",
    "branch": "the branch that the proposal is for",
    "files": "the paths that change",
    "next": "the next command",
}
_WISH = "a reviewer's words, sealed, where it is a revision"
ROW = {
    **_COMMON,
    "wish": _WISH,
    "revises": "the number of the proposal that a reviewer wanted otherwise, or null",
    "glass": "whether somebody broke the glass to land it",
}
PROPOSAL = {
    **_COMMON,
    "base": "the commit that the proposal starts from",
    "commit": "the proposed commit, kept as `refs/workflow/proposals/ID`",
    "route": "`architect` or `surgeon`",
    "reasons": "why that role drafts",
    "confidence": "how sure the router was, from 0 to 1",
    "rounds": "each answer: `role`, `recipe_name`, `provider`, `model`, `notes`, `repairs`,"
    " `observations`, `usage`, `objection`, `stands` (whether its draft is in the proposal),"
    " `receipt`",
    "summary": "for each file whose meaning can be read: `path`, `changes` in plain words",
    "blast_radius": "`files`, `hunks`, `added`, `removed`, `things`: functions, routes and such",
    "findings": "policy rules that object: `rule`, `path`, `reason`",
    "declared": "objections that the requester said are intended",
    "requirements": "files that only named people may approve: `path`, `approvers`",
    "excess": "what can go: `changed`, `needed`, `score`, `tried`, `untried`, `parts`; or null",
    "shrunk_from": "the digest of the proposal that this one is a smaller form of, or null",
    "revised_from": "the digest of the proposal that a reviewer wanted otherwise, or null",
    "wish": _WISH,
    "gates": "`gate`, `outcome` (`pass`, `fail`, `error`), `summary`, `notes`, `hint`, `doubts`"
    " (reasons to look before believing it), `tallies` (`turn`, `count`, `names`: what became of"
    " single checks), `proofs` (checks that need the change), `judged` (when), `is_kept` (from an"
    " earlier proposal of the same change)",
    "forecasts": "said before the gate ran: `gate`, `outcome`, `confidence`, `why`, `tests`;"
    " and after it: `is_right` (null where it cannot be told), `missing_tests`, `verdict`",
    "cost": f"what its answers took: {KEYS}",
    "approvals": "`approver`, `at`; `show` has more of each",
}
LANDING = {
    "landing": "the landing's number",
    "kind": "`apply` or `rollback`",
    "proposal": "the proposal's number",
    "reverts": "the landing that a rollback takes back, or null",
    "branch": "the branch that moved",
    "before": "its commit before",
    "after": "its commit after",
    "state": "`intended`, `moved`, `kept`, `undone` or `abandoned`",
    "who": "who ran the command",
    "glass": "why it was landed without approvals, else empty",
    "reason": "why a rollback was made, where that was said",
    "automatic": "whether a probe or a target had it taken back",
    "at": "RFC 3339, UTC",
}
HISTORY = {
    **LANDING,
    "health": "`proven` (every probe passed), `unproven` (none has looked) or `failed`",
}


_OF_GATE = (
    *("gate", "outcome", "summary", "notes", "hint", "doubts", "tallies", "proofs"),
    *("judged", "is_kept"),
)
# A proposal that changes what its drafter was not given cannot be revised.
_OUTSIDE = "outside-request"


def next_command(number: int, state: State) -> str:
    """The command that a proposal in some state waits for, as far as a listing knows."""
    return {
        State.AWAITING: f"workflow approve {number}",
        State.APPROVED: f"workflow apply {number}",
        State.APPLIED: f"workflow rollback {number}",
        State.REFUSED: f"workflow show {number}",
        State.REJECTED: 'workflow propose "…"',
        State.ROLLED_BACK: "workflow history",
        State.SUPERSEDED: "workflow list",
    }[state]


def following(stored: Stored) -> str:
    """The command that a proposal waits for.

    A refused one has been looked at: next are the log of a gate that does not pass, and another
    round where a model drafted.
    """
    proposal, number = stored.proposal, stored.id
    if stored.state is State.AWAITING:
        return approve_command(stored)
    if stored.state is not State.REFUSED:
        return next_command(number, stored.state)
    against = [v for v in proposal.verdicts if v.outcome is not Outcome.PASS and v.evidence]
    steps = [f"workflow show {number} --log {against[0].gate}"] if against else []
    is_remote = any(one.provider != "offline" for one in proposal.rounds)
    if is_remote and all(one.rule != _OUTSIDE for one in proposal.findings):
        steps.append(f'workflow revise {number} "…"')
    return ", then ".join(steps) or 'workflow propose "…" PATH'


def title(request: str, wish: str, revises: int | None) -> str:
    """What a proposal is called, in one line: a revision by what a reviewer wanted otherwise."""
    if not wish:
        return " ".join(request.split())
    before = "an earlier one" if revises is None else str(revises)
    return f"revises {before}: {' '.join(wish.split())}"


def content(
    git: GitStore, proposal: Proposal, vault: Vault | None
) -> tuple[str, dict[str, tuple[str, ...]]]:
    """What a proposal really changes: its patch, and in sentences what that means in each file.

    With a vault, placeholders stand for secrets and tenant data in both.
    """
    patch = git.patch(proposal.base.tree, proposal.tree)
    words = _in_words(git, proposal)
    if vault is not None:
        from workflow import seal

        seal.learn(vault, git, git.change(proposal.base.tree, proposal.tree))
        patch = vault.scrub(patch)
        words = {path: tuple(map(vault.scrub_text, said)) for path, said in words.items()}
    return patch.decode("utf-8", "replace"), words


def _in_words(git: GitStore, proposal: Proposal) -> dict[str, tuple[str, ...]]:
    """For each file whose language is read, what changes in it.

    NGINX configuration is told as it takes effect, with what follows from a change.  A file that
    cannot be read is left out: its diff speaks for itself.
    """
    from workflow import trees
    from workflow.gates.nginx.effective import told
    from workflow.gates.nginx.source import LargeError
    from workflow.semantics.changes import of_files

    read = of_files(proposal.files, git.blobs)
    # A file that comes or goes with nothing to tell is told by the diff.
    kept = {file.path for file in proposal.files if file.old and file.new}
    said = {str(path): tuple(map(str, one)) for path, one in read.items() if one or path in kept}
    change = git.change(proposal.base.tree, proposal.tree)
    with suppress(LargeError):
        said.update(told(*trees.contents(git, change), change.files))
    return said


def compared(store: Store, proposal: Proposal) -> tuple[Comparison, ...]:
    """What was forecast of each gate, beside what it said."""

    def ran(verdict: Verdict) -> Collection[str]:
        return forecast.tests(store.kept(verdict.ran)) if verdict.ran else ()

    return forecast.compare(proposal.forecasts, proposal.verdicts, ran)


def of_proposal(
    stored: Stored,
    words: Mapping[str, Sequence[str]],
    compared: Sequence[Comparison],
    approvals: Sequence[Approval] = (),
) -> dict[str, Any]:
    """Everything about one proposal but its patch; `words` are those of `content`."""
    proposal = stored.proposal
    body = plain(proposal)
    return {
        "id": stored.id,
        "state": str(stored.state),
        "digest": stored.digest,
        "request": proposal.request.text,
        "requester": str(proposal.request.requester),
        "created": proposal.created,
        "branch": proposal.base.branch,
        "base": proposal.base.commit,
        "commit": proposal.commit,
        "route": str(proposal.route.way),
        "reasons": list(proposal.route.reasons),
        "confidence": proposal.route.confidence / 100,
        "rounds": body["rounds"],
        "files": [str(change.path) for change in proposal.files],
        "summary": [{"path": path, "changes": list(said)} for path, said in words.items()],
        "blast_radius": body["blast_radius"],
        "findings": body["findings"],
        "declared": body["declared"],
        "requirements": body["requirements"],
        "excess": _of_excess(proposal.excess),
        "shrunk_from": proposal.shrunk_from,
        "revised_from": proposal.revised_from,
        "wish": proposal.wish,
        "gates": [{key: verdict[key] for key in _OF_GATE} for verdict in body["verdicts"]],
        "forecasts": [_of_comparison(one, one.forecast) for one in compared if one.forecast],
        "cost": cost.of_proposal(proposal).plain(),
        "approvals": [{"approver": yes.approver, "at": yes.at} for yes in approvals],
        "next": following(stored),
    }


def _of_comparison(one: Comparison, said: Forecast) -> dict[str, Any]:
    return {
        **plain(said),
        "is_right": one.is_right,
        "missing_tests": list(one.missing_tests),
        "verdict": one.outcome and str(one.outcome),
    }


def _of_excess(excess: Excess | None) -> dict[str, Any] | None:
    if excess is None:
        return None
    return {
        "changed": excess.changed,
        "needed": excess.needed,
        "score": round(excess.score, 2),
        "tried": excess.is_tried,
        "untried": excess.untried,
        "parts": plain(excess)["parts"],
    }


def of_row(row: ProposalRow) -> dict[str, Any]:
    """One line of a listing."""
    return {
        "id": row.id,
        "state": str(row.state),
        "digest": row.digest,
        "request": row.title,
        "requester": row.requester,
        "created": row.created,
        "branch": row.branch,
        "files": list(row.files),
        "wish": row.wish,
        "revises": row.revises,
        "next": next_command(row.id, row.state),
    }


def of_landing(landing: Landing) -> dict[str, Any]:
    """One move of a branch."""
    return {
        "landing": landing.id,
        "kind": str(landing.kind),
        "proposal": landing.proposal,
        "reverts": landing.reverts,
        "branch": landing.branch,
        "before": landing.before,
        "after": landing.after,
        "state": str(landing.state),
        "who": landing.who,
        "glass": landing.glass,
        "reason": landing.reason,
        "automatic": landing.is_automatic,
        "at": landing.at,
    }
