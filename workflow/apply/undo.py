"""Makes the commit that takes a landing back; nothing has moved yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow import ledger
from workflow.apply.interface import LIVE, Move, Terms
from workflow.apply.message import message
from workflow.apply.prepare import checkout_of, require_quiet
from workflow.apply.sign import SigningError, commit
from workflow.errors import ChangedProposalError, StaleProposalError, StateError
from workflow.journal import LandingKind
from workflow.work_tree import in_checkout

if TYPE_CHECKING:
    from workflow.git_store import GitStore
    from workflow.journal import Journal, Landing
    from workflow.store import Store
    from workflow.types import BlobId, CommitId, Identity, RepoPath, TreeChange, TreeId

_PLAIN = Terms()


def prepare_rollback(  # noqa: PLR0913 - what is taken back, by whom, why and how
    git: GitStore,
    store: Store,
    landing: Landing,
    who: Identity,
    reason: str = "",
    *,
    is_automatic: bool = False,
    terms: Terms = _PLAIN,
) -> Move:
    """The move that takes a landing back: its files become what they were before it.

    Commits that came later stay; only files that nobody has changed since can be taken back.
    `reason` is told in the commit, and `is_automatic` says that a probe wanted it.  Nothing that
    can be done without stands in the way: where git cannot sign, the commit goes unsigned, and of
    the hooks only post-commit runs.

    Raises `StaleProposalError` naming a file that has changed since, `DirtyFileError`,
    `BusyError` when git is at work there, and `ChangedProposalError` for a landing whose row is not
    what git and the ledger have.
    """
    _require_recorded(git, store, landing)
    head = git.head_of(landing.branch)
    if head is None:
        said = f"branch {landing.branch} is gone"
        raise StaleProposalError(said, hint="workflow history")
    change = _restored(git, head, landing)
    work_tree = checkout_of(git, landing.branch)
    require_quiet(git, landing.branch)
    if work_tree:
        in_checkout(git, work_tree).check(change)
    words = _message(store, landing, reason)
    return Move(
        kind=LandingKind.ROLLBACK,
        proposal=landing.proposal,
        reverts=landing.id,
        branch=landing.branch,
        work_tree=work_tree,
        before=head,
        after=_commit(git, change.proposed, head, words, who, sign=terms.sign),
        change=change,
        reason=reason,
        is_automatic=is_automatic,
        hooks=terms.hooks,
    )


def _message(store: Store, landing: Landing, reason: str) -> str:
    """The words of the commit that takes a landing back."""
    trailers = [
        ("Workflow-Proposal", str(landing.proposal)),
        ("Workflow-Reverts", landing.after),
        ("Workflow-Reason", reason),
        ("Workflow-Ledger", ledger.head(store.connection).trailer),
    ]
    return message(f"Roll back {landing.kind} of proposal {landing.proposal}", trailers)


def _restored(git: GitStore, head: CommitId, landing: Landing) -> TreeChange:
    """What gives a landing's files back as they were before it, on what the branch holds now.

    Raises `StaleProposalError` naming a file that has changed since.
    """
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
    return change


def _require_recorded(git: GitStore, store: Store, landing: Landing) -> None:
    """Refuse a row that was changed: what it says was there before would be restored."""
    facts = [
        fact
        for fact in ledger.facts(store.connection, "landing-moved", landing.proposal)
        if fact["landing"] == landing.id
    ]
    said = (landing.kind, landing.branch, landing.before, landing.after)
    known = [(one["kind"], one["branch"], one["before"], one["after"]) for one in facts[-1:]]
    parent = git.attempt("rev-parse", "--verify", f"{landing.after}^1").stdout.decode().strip()
    if [said] != known or parent != landing.before:
        message = f"the row of landing {landing.id} is not what the ledger and git have"
        hint = f"workflow ledger verify; git revert {landing.after.short}, by hand"
        raise ChangedProposalError(message, hint=hint)


def _commit(  # noqa: PLR0913 - what a commit is made of
    git: GitStore, tree: TreeId, parent: CommitId, words: str, who: Identity, *, sign: bool
) -> CommitId:
    try:
        return commit(git, tree, parent, words, who, sign=sign)
    except SigningError:
        return commit(git, tree, parent, words, who, sign=False)


def _changed_since(path: RepoPath, landing: Landing) -> StaleProposalError:
    said = f"{path} has changed on {landing.branch} since {landing.after.short}"
    return StaleProposalError(said, hint=f"git revert {landing.after.short}, by hand")


def to_roll_back(journal: Journal, proposal: int | None) -> Landing:
    """The newest landing that still stands, of any proposal or of one.

    Raises `StateError` when there is none, and when that was taken back because it did not prove
    good: to bring it in again would bring the fault in again.
    """
    for landing in journal.landings():
        if landing.state in LIVE and proposal in {None, landing.proposal}:
            if landing.is_automatic:
                said = f"proposal {landing.proposal} was taken back by itself: {landing.reason}"
                raise StateError(said, hint="propose the change again, mended")
            return landing
    of = "" if proposal is None else f" of proposal {proposal}"
    said = f"nothing{of} has been applied here, so there is nothing to roll back"
    raise StateError(said, hint="workflow history")
