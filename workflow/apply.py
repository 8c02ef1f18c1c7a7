"""Moves a branch to what was approved, brings its checkout along, and takes it back again.

The order is what makes it safe: refuse first, write the intent down, move the ref by
compare-and-swap, then let the files follow.  Whatever is cut short after the intent was written,
`recovery.py` finishes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.approval import proposal_ref
from workflow.database import transaction
from workflow.errors import (
    GitError,
    StaleProposalError,
    StateError,
    UnfinishedLandingError,
)
from workflow.git_store import REFS
from workflow.journal import Landing, LandingKind, LandingState
from workflow.text import one_line
from workflow.types import State, TreeChange
from workflow.work_tree import WorkTree, in_checkout

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.approval import Cleared
    from workflow.git_store import GitStore
    from workflow.journal import Journal
    from workflow.store import Store
    from workflow.types import BlobId, CommitId, Identity, RepoPath

_SUBJECT = 72
_LIVE = {LandingState.MOVED, LandingState.KEPT}


@dataclass(frozen=True, slots=True)
class Move:
    """A branch's next step, checked and ready: the commit exists, nothing has moved."""

    kind: LandingKind
    proposal: int
    reverts: int | None
    branch: str
    work_tree: Path | None
    before: CommitId
    after: CommitId
    change: TreeChange


def last_known_good_ref(branch: str) -> str:
    """The ref of the newest commit of a branch that its probes proved good."""
    return f"{REFS}/last-known-good/{branch}"


def require_base(git: GitStore, cleared: Cleared) -> None:
    """Refuse a proposal whose branch has moved.  Raises `StaleProposalError`."""
    base = cleared.stored.proposal.base
    head = git.head_of(base.branch)
    if head != base.commit:
        now = f"is at {head.short}" if head else "is gone"
        number = cleared.stored.id
        message = f"proposal {number} is from {base.commit.short}, and {base.branch} {now}"
        raise StaleProposalError(message, hint=f"propose the change again on {base.branch}")


def prepare(git: GitStore, cleared: Cleared) -> Move:
    """The move that brings an approved proposal in; makes its commit.

    Raises `StaleProposalError` when the branch is not at the proposal's base, `DirtyFileError` when
    a file that would be overwritten has changes of its own.
    """
    require_base(git, cleared)
    stored = cleared.stored
    proposal = stored.proposal
    base = proposal.base
    work_tree = _checkout_of(git, base.branch)
    if work_tree:
        in_checkout(git, work_tree).check(cleared.change)
    trailers = [
        ("Workflow-Proposal", str(stored.id)),
        ("Workflow-Digest", stored.digest),
        ("Workflow-Model", ", ".join(dict.fromkeys(proposal.drafters))),
        *(("Approved-by", approval.approver) for approval in cleared.approvals),
    ]
    message = _message(proposal.title, trailers)
    return Move(
        kind=LandingKind.APPLY,
        proposal=stored.id,
        reverts=None,
        branch=base.branch,
        work_tree=work_tree,
        before=base.commit,
        after=git.commit(proposal.tree, (base.commit,), message, proposal.request.requester),
        change=cleared.change,
    )


def prepare_rollback(git: GitStore, landing: Landing, who: Identity) -> Move:
    """The move that takes a landing back: its files become what they were before it.

    Commits that came later stay; only files that nobody has changed since can be taken back.

    Raises `StaleProposalError` naming a file that has changed since, and `DirtyFileError`.
    """
    head = git.head_of(landing.branch)
    if head is None:
        message = f"branch {landing.branch} is gone"
        raise StaleProposalError(message, hint="workflow history")
    undone = git.between(landing.after, landing.before)
    here = {
        entry.path: (entry.mode, entry.blob)
        for entry in git.entries(git.tree_of(head), *undone.paths)
    }
    rows: dict[RepoPath, tuple[str, BlobId] | None] = {}
    for file in undone.files:
        if here.get(file.path, (None, None)) != (file.old_mode, file.old):
            raise _changed_since(file.path, landing)
        rows[file.path] = (file.new_mode, file.new) if file.new and file.new_mode else None
    tree = git.write_tree(git.tree_of(head), rows)
    change = git.change(git.tree_of(head), tree)
    # A file that comes back where a folder is by now, or under one that became a file.
    for path in set(change.paths) - set(undone.paths):
        raise _changed_since(path, landing)
    work_tree = _checkout_of(git, landing.branch)
    if work_tree:
        in_checkout(git, work_tree).check(change)
    trailers = [
        ("Workflow-Proposal", str(landing.proposal)),
        ("Workflow-Reverts", landing.after),
    ]
    message = _message(f"Roll back {landing.kind} of proposal {landing.proposal}", trailers)
    return Move(
        kind=LandingKind.ROLLBACK,
        proposal=landing.proposal,
        reverts=landing.id,
        branch=landing.branch,
        work_tree=work_tree,
        before=head,
        after=git.commit(tree, (head,), message, who),
        change=change,
    )


def _changed_since(path: RepoPath, landing: Landing) -> StaleProposalError:
    message = f"{path} has changed on {landing.branch} since {landing.after.short}"
    return StaleProposalError(message, hint=f"git revert {landing.after.short}, by hand")


def to_roll_back(journal: Journal, proposal: int | None) -> Landing:
    """The newest landing that still stands, of any proposal or of one.

    Raises `StateError` when there is none.
    """
    for landing in journal.landings():
        if landing.state in _LIVE and proposal in {None, landing.proposal}:
            return landing
    of = "" if proposal is None else f" of proposal {proposal}"
    message = f"nothing{of} has been applied here, so there is nothing to roll back"
    raise StateError(message, hint="workflow history")


def unconfirmed(journal: Journal, kind: LandingKind, proposal: int | None) -> Landing | None:
    """The newest landing, if its command was killed before it could confirm it."""
    live = (one for one in journal.landings() if one.state in _LIVE)
    newest = next((one for one in live if proposal in {None, one.proposal}), None)
    is_open = newest is not None and newest.state is LandingState.MOVED
    return newest if newest is not None and is_open and newest.kind is kind else None


def command(landing: Landing) -> str:
    """The command that carries a landing on."""
    is_apply = landing.kind is LandingKind.APPLY
    return f"workflow apply {landing.proposal}" if is_apply else "workflow rollback"


def carry_out(  # noqa: PLR0913 - the move, its two records, who moves, and a folder to stage in
    git: GitStore, store: Store, journal: Journal, move: Move, *, who: Identity, scratch: Path
) -> Landing:
    """Move the branch and bring its checkout along.

    Raises `StaleProposalError` when the branch moved in this very moment: nothing has changed then.
    Raises `StateError` when the proposal was rejected in this very moment.
    Raises `UnfinishedLandingError` when the branch has moved and the files could not follow.
    """
    checkout = in_checkout(git, move.work_tree) if move.work_tree else None
    staged = checkout.stage(move.change, scratch) if checkout else None
    good = last_known_good_ref(move.branch)
    if git.read_ref(good) is None:
        git.set_ref(good, move.before, why="before the first landing")
    landing = _intend(store, journal, move, who)
    why = f"workflow {move.kind} {move.proposal}"
    try:
        git.move_ref(f"refs/heads/{move.branch}", move.after, move.before, why=why)
    except (StaleProposalError, GitError):
        journal.close(landing, LandingState.ABANDONED)
        raise
    try:
        if checkout and staged:
            checkout.bring(move.change, staged)
    except (OSError, GitError) as error:
        message = f"{move.branch} is at {move.after.short}, but its files could not follow: {error}"
        hint = "mend that, then run any workflow command: it completes the landing"
        raise UnfinishedLandingError(message, hint=hint) from error
    return settle(store, journal, landing)


def _intend(store: Store, journal: Journal, move: Move, who: Identity) -> Landing:
    """Write the move down; a rejection that came while it was prepared still counts."""
    with transaction(store.connection):
        if move.kind is LandingKind.APPLY:
            state = store.get(move.proposal).state
            if state is not State.APPROVED:
                message = f"proposal {move.proposal} has become {state} in this very moment"
                raise StateError(message, hint=f"workflow show {move.proposal}")
        return journal.intend(
            kind=move.kind,
            proposal=move.proposal,
            reverts=move.reverts,
            branch=move.branch,
            work_tree=move.work_tree,
            before=move.before,
            after=move.after,
            who=who,
        )


def settle(store: Store, journal: Journal, landing: Landing) -> Landing:
    """Record that the branch has moved and its files have followed; `keep` confirms it."""
    with transaction(store.connection):
        is_applied = landing.kind is LandingKind.APPLY
        if landing.reverts is not None:
            is_applied = store.get(landing.proposal).state is State.ROLLED_BACK
            journal.close(journal.landing(landing.reverts), LandingState.UNDONE)
        store.set_state(landing.proposal, State.APPLIED if is_applied else State.ROLLED_BACK)
        return journal.close(landing, LandingState.MOVED)


def keep(git: GitStore, journal: Journal, landing: Landing) -> Landing:
    """Confirm that branch, index and files hold what was landed; record the last known good.

    Raises `UnfinishedLandingError` naming the files that somebody else has changed meanwhile.
    """
    head = git.head_of(landing.branch)
    if head is None or not git.is_ancestor(landing.after, head):
        message = f"{landing.branch} no longer holds {landing.after.short}"
        raise StaleProposalError(message, hint="somebody moved it back: look with `git reflog`")
    checkout = follower(git, landing)
    different = checkout.different(git.between(landing.before, landing.after)) if checkout else ()
    if different:
        message = f"{landing.branch} is at {landing.after.short}, but these files differ from it: "
        hint = f"commit or discard your edits, then run `{command(landing)}` again"
        raise UnfinishedLandingError(message + ", ".join(different), hint=hint)
    good = last_known_good_ref(landing.branch)
    git.set_ref(good, landing.after, why=f"landing {landing.id} is confirmed")
    return journal.close(landing, LandingState.KEPT)


def follower(git: GitStore, landing: Landing) -> WorkTree | None:
    """The checkout that has to hold what a landing brought.

    There is none once the branch has moved on, or the checkout is gone or on another branch.
    """
    top = landing.work_tree
    if top is None or not top.is_dir() or git.head_of(landing.branch) != landing.after:
        return None
    return in_checkout(git, top) if top in git.worktrees_on(landing.branch) else None


def anchor(git: GitStore, store: Store, number: int) -> None:
    """Give a proposal's commit its ref, so that it outlives `git gc`; doing it again is fine."""
    git.set_ref(proposal_ref(number), store.get(number).proposal.commit, why="proposed")
    store.anchored(number)


def _checkout_of(git: GitStore, branch: str) -> Path | None:
    """The work tree that has a branch checked out: this one rather than another."""
    tops = [top for top in git.worktrees_on(branch) if top.is_dir()]
    return git.top if git.top in tops else next(iter(tops), None)


def _message(title: str, trailers: list[tuple[str, str]]) -> str:
    """A commit message whose title cannot pose as a trailer: one line of printable text."""
    whole = one_line(title)
    is_cut = len(whole) > _SUBJECT
    subject = whole[: _SUBJECT - 1].rstrip() + "…" if is_cut else whole
    # git reads trailers from the last paragraph only, and these words are in one before it.
    body = [whole, ""] if is_cut else []
    lines = [subject, "", *body, *(f"{key}: {one_line(value)}" for key, value in trailers)]
    return "\n".join(lines)
