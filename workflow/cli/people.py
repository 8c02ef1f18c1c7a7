"""What people have said of a proposal, and what its landings' probes: for `show` and its JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from workflow import approval, ledger, probes
from workflow.approval.standing import utc_now
from workflow.canonical import plain
from workflow.cli import report, session
from workflow.cli.output import visible
from workflow.errors import GitError
from workflow.journal import Journal, LandingKind, LandingState
from workflow.types import Carry, Proof, SelfApproval, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from workflow.approval import Glass, Standing
    from workflow.git_store import GitStore
    from workflow.journal import Landing
    from workflow.probes import Seen
    from workflow.store import Store, Stored
    from workflow.types import Consent
    from workflow.votes import Approval
    from workflow.wiring import Repository

_OPEN = {State.AWAITING, State.APPROVED}
_DAY_S = 86_400
SHOWN = {
    "approvals": "`approver`, `at`, `proof` (`git`, `proxy`, `token`, `signature`), `account`,"
    " `is_own` (by somebody who asked for the change), `carried_from` (the digest that the yes was"
    " given to, on an older base; or null), `counts`, `why_not`",
    "consent": "what the policy of the base wants of approvals: `quorum`, `self_approval`,"
    " `expires_s`, `fresh_s`, `signatures`, `signers`, `carry`, `breakers`, `shared_accounts`",
    "waiting_for": "whose approval is still to come, in words; empty where it is enough",
    "glass": "where it was landed without approvals: `who`, `at`, `reason`, `is_reviewed`; or null",
    "probes": "what each probe said: `probe`, `moment` (`before`, `after`, `restored`), `landing`,"
    " `passed`, `summary`, `seconds`, `attempts`, `despite` (it was to decide nothing)",
    "superseded_by": "the number of the proposal that puts it on a newer base, or null",
    "landings": "its landings and rollbacks, oldest first, as in `history`",
    "has_moved": "whether the branch has gone on, so that it would land as another proposal",
    "conflict": "where a rebase has found that it does not fit the branch as it is now: `path`,"
    " `reason`; null where none was tried there, or it fits",
}
"""Keys of `show --json` beside those of a proposal."""


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a proposal: by whom, how it stands, and what probes said of its landings.

    `gone` are branches that it landed on and that are no more.
    """

    stored: Stored
    approvals: tuple[Approval, ...]
    standing: Standing
    glass: Glass | None
    probes: tuple[Seen, ...]
    superseded_by: int | None
    has_moved: bool
    conflict: tuple[dict[str, str], ...]
    landings: tuple[Landing, ...]
    gone: frozenset[str]


def said(store: Store, git: GitStore, stored: Stored) -> Said:
    """Look it up."""
    number = stored.id
    landings = Journal(store.folder, store.connection).of_proposal(number)
    branches = {one.branch for one in landings}
    has_moved = stored.state in _OPEN and not git.is_at(stored.proposal.base)
    return Said(
        stored=stored,
        approvals=store.approvals(number),
        standing=approval.standing(store, git, stored, at=utc_now()),
        glass=approval.glass(store, git, number),
        probes=probes.seen(store.connection, number),
        superseded_by=store.successor(stored.digest),
        has_moved=has_moved,
        conflict=_conflict(store, git, stored) if has_moved else (),
        landings=landings,
        gone=frozenset(one for one in branches if git.head_of(one) is None),
    )


def data(about: Said) -> dict[str, Any]:
    """All of it, JSON-ready."""
    void = {one.approval: one.why for one in about.standing.void}
    return {
        "approvals": [
            {
                "approver": yes.approver,
                "at": yes.at,
                "proof": str(yes.proof),
                "account": yes.account,
                "is_own": yes.is_own,
                "carried_from": yes.carried_from,
                "counts": yes not in void,
                "why_not": void.get(yes, ""),
            }
            for yes in about.approvals
        ],
        "consent": plain(about.stored.proposal.consent),
        "waiting_for": about.standing.waiting_for if about.stored.state in _OPEN else "",
        "glass": _of_glass(about.glass),
        "probes": [of_probe(one) for one in about.probes],
        "superseded_by": about.superseded_by,
        "has_moved": about.has_moved,
        "conflict": list(about.conflict) or None,
        "landings": [report.of_landing(one) for one in about.landings],
    }


def _of_glass(glass: Glass | None) -> dict[str, Any] | None:
    if glass is None:
        return None
    return {
        "who": str(glass.who),
        "at": glass.at,
        "reason": glass.reason,
        "is_reviewed": glass.is_reviewed,
    }


def of_probe(one: Seen) -> dict[str, Any]:
    """What a probe said at one moment."""
    return {
        "probe": one.result.name,
        "moment": str(one.moment),
        "landing": one.landing,
        "passed": one.result.is_passed,
        "summary": one.result.summary,
        "seconds": one.result.seconds,
        "attempts": one.result.attempts,
        "despite": one.is_despite,
    }


def lines(about: Said) -> Iterator[Text]:
    """All of it in words."""
    proposal = about.stored.proposal
    if about.superseded_by is not None:
        yield Text(f"  proposal {about.superseded_by} has taken its place, on a newer base", "cyan")
    yield Text("Approval", style="bold")
    yield Text(f"  wanted: {visible(wanted(proposal.consent))}")
    for need in proposal.requirements:
        many = f"{need.needed} of " if need.needed > 1 else ""
        because = f" ({need.because})" if need.because else ""
        names = " or ".join(need.approvers)
        yield Text(f"  {visible(f'{need.path}: {many}{names}{because}')}")
    void = {one.approval: one.why for one in about.standing.void}
    for yes in about.approvals:
        yield from _yes(yes, void.get(yes, ""))
    if about.stored.state in _OPEN and not about.standing.is_enough:
        yield Text.assemble(("  · ", "yellow"), visible(about.standing.waiting_for))
    if about.has_moved:
        yield Text.assemble(("  ! ", "yellow"), _moved(about))
    yield from _glass(about.glass)
    if about.landings:
        yield Text("Landings", style="bold")
        yield from (_landing(one, about.gone) for one in about.landings)
    if about.probes:
        yield Text("Probes", style="bold")
        for one in about.probes:
            yield from _probe(one)


def _conflict(store: Store, git: GitStore, stored: Stored) -> tuple[dict[str, str], ...]:
    """Where the newest rebase onto the branch as it is now has failed."""
    head = git.head_of(stored.proposal.base.branch)
    tried = ledger.facts(store.connection, "rebase-conflict", stored.id)
    return next((tuple(one["at"]) for one in reversed(tried) if one["base"] == head), ())


def _moved(about: Said) -> str:
    """What it means for a yes that the branch has gone on."""
    stored = about.stored
    branch, commit = stored.proposal.base.branch, stored.proposal.base.commit
    if about.conflict:
        paths = ", ".join(dict.fromkeys(one["path"] for one in about.conflict))
        said = f"{branch} has moved since {commit.short}, and this does not fit there ({paths}): "
        return visible(f'{said}`workflow revise {stored.id} "…"`, or propose the change again')
    said = f"{visible(branch)} has moved since {commit.short}: `workflow rebase {stored.id}` first"
    if stored.proposal.consent.carry is Carry.UNCHANGED:
        return f"{said}, or have approvals carried over where nothing is different"
    return f"{said}; an approval here would be for nothing"


def wanted(consent: Consent) -> str:
    """Whose approval the policy of the base wants, in words."""
    signed = "signed " if consent.signatures else ""
    many = f"1 {signed}approval" if consent.quorum == 1 else f"{consent.quorum} {signed}approvals"
    match consent.self_approval:
        case SelfApproval.NEVER:
            own = "by somebody who did not ask for it"
        case SelfApproval.SINGLE_USER:
            own = "by somebody who did not ask for it, or one's own in single-user mode"
        case SelfApproval.ALLOWED:
            own = "by anybody, whoever asked for it included"
    days = consent.expires_s / _DAY_S
    return f"{many} {own}; it counts for {days:g} day{'' if days == 1 else 's'}"


def next_of(repository: Repository, stored: Stored) -> str:
    """The command that a proposal waits for; it says so where this person may not give it."""
    if stored.state is not State.AWAITING:
        return report.following(stored)
    try:
        who = session.person(repository)
    except GitError:
        who = None
    return approval.following(repository.store, repository.git, stored, who)


def _yes(yes: Approval, why_not: str) -> Iterator[Text]:
    marks = [] if yes.proof is Proof.GIT else [f"by {yes.proof}"]
    marks += ["their own request"] if yes.is_own else []
    marks += [f"carried over from {yes.carried_from.short}"] if yes.carried_from else []
    marks += [f"does not count: {why_not}"] if why_not else []
    tail = f" ({'; '.join(marks)})" if marks else ""
    mark = ("  ✗ ", "red") if why_not else ("  ✓ ", "green")
    yield Text.assemble(mark, visible(f"{yes.approver}, {yes.at}{tail}"))


def _glass(glass: Glass | None) -> Iterator[Text]:
    if glass is None:
        return
    since = "reviewed since" if glass.is_reviewed else "nobody has reviewed it since"
    told = f"{glass.who} broke the glass, {glass.at}: {glass.reason} ({since})"
    yield Text.assemble(("  ! ", "bold red"), visible(told))


def _landing(one: Landing, gone: Collection[str]) -> Text:
    """A move of the branch by this proposal, and why, where that was said."""
    why = f": {one.reason}" if one.reason else ""
    by_itself = ", by itself" if one.is_automatic else ""
    is_lost = one.branch in gone and (one.kind, one.state) == (LandingKind.APPLY, LandingState.KEPT)
    lost = f"; the branch {one.branch} is gone" if is_lost else ""
    told = f"{one.id}  {one.kind} {one.state}{by_itself}, {one.at}{why}{lost}"
    return Text(f"  {visible(told)}")


def _probe(one: Seen) -> Iterator[Text]:
    mark = ("  ✓ ", "green") if one.result.is_passed else ("  ✗ ", "red")
    tail = ", was to decide nothing" if one.is_despite else ""
    text = f"{one.when}: {one.result.summary}{tail}"
    yield Text.assemble(mark, (f"{visible(one.result.name)}  ", "bold"), visible(text))
