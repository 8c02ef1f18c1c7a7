"""Moves a branch by compare-and-swap, brings its checkout along, and confirms it.

The order is what makes it safe: refuse first, write the intent down, move the ref, then let the
files follow.  Whatever is cut short after the intent was written, `recovery.py` finishes.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from workflow.apply import hooks
from workflow.apply.hooks import HookError
from workflow.apply.interface import LIVE, command, last_known_good_ref
from workflow.database import transaction
from workflow.errors import (
    DirtyFileError,
    GitError,
    StaleProposalError,
    StateError,
    UnfinishedLandingError,
)
from workflow.journal import LandingKind, LandingState
from workflow.types import State
from workflow.work_tree import in_checkout

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.apply.interface import Move
    from workflow.git_store import GitStore
    from workflow.journal import Journal, Landing
    from workflow.store import Store
    from workflow.types import Identity
    from workflow.work_tree import WorkTree


def carry_out(  # noqa: PLR0913 - the move, its two records, who moves, and a folder to stage in
    git: GitStore, store: Store, journal: Journal, move: Move, *, who: Identity, scratch: Path
) -> Landing:
    """Move the branch and bring its checkout along.

    Raises `StaleProposalError` when the branch moved in this very moment, `DirtyFileError` when a
    file changed, and `BusyError` when git is at work there: nothing has changed then.
    Raises `StateError` when the proposal was rejected in this very moment.
    Raises `UnfinishedLandingError` when the branch has moved and the files could not follow.
    """
    good = last_known_good_ref(move.branch)
    if not move.is_new and git.read_ref(good) is None:
        git.set_ref(good, move.before, why="before the first landing")
    checkout = in_checkout(git, move.work_tree) if move.work_tree else None
    if checkout is None:
        landing = _move_branch(git, store, journal, move, who)
    else:
        staged = checkout.stage(move.change, scratch)
        # NOTE: held before the branch moves, or a `git commit` just after that would commit the
        # old index on top, which takes the landing back without a word.
        with checkout.hold(move.change, staged) as held:
            checkout.verify(move.change)
            _require_checked_out(git, move)
            landing = _move_branch(git, store, journal, move, who)
            try:
                held.follow()
            except (OSError, GitError) as error:
                raise _unfinished(move, error) from error
    settled = settle(store, journal, landing)
    if move.hooks:
        with suppress(HookError):
            hooks.tell(git)
    return settled


def _move_branch(
    git: GitStore, store: Store, journal: Journal, move: Move, who: Identity
) -> Landing:
    """Write the intent down, then move the branch, if it is where it was."""
    landing = intend(store, journal, move, who)
    old = None if move.is_new else move.before
    why = f"workflow {move.kind} {move.proposal}"
    try:
        git.move_ref(f"refs/heads/{move.branch}", move.after, old, why=why)
    except (StaleProposalError, GitError):
        journal.close(landing, LandingState.ABANDONED)
        raise
    return landing


def _require_checked_out(git: GitStore, move: Move) -> None:
    """Refuse where the checkout has gone to another branch in this very moment."""
    if move.work_tree not in git.worktrees_on(move.branch):
        message = f"{move.work_tree} has left {move.branch} in this very moment"
        raise DirtyFileError(message, hint="run the command again")


def _unfinished(move: Move, error: Exception) -> UnfinishedLandingError:
    message = f"{move.branch} is at {move.after.short}, but its files could not follow: {error}"
    hint = "mend that, then run any workflow command: it completes the landing"
    return UnfinishedLandingError(message, hint=hint)


def intend(store: Store, journal: Journal, move: Move, who: Identity) -> Landing:
    """Write the move down; a rejection that came while it was prepared still counts."""
    with transaction(store.connection):
        if move.kind is LandingKind.APPLY:
            state = store.get(move.proposal).state
            # With broken glass nobody's approval is waited for.
            if state is not State.APPROVED and not (move.glass and state is State.AWAITING):
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
            glass=move.glass,
            reason=move.reason,
            is_automatic=move.is_automatic,
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


def keep(git: GitStore, journal: Journal, landing: Landing, *, is_good: bool = True) -> Landing:
    """Confirm that branch, index and files hold what was landed.

    With `is_good`, it becomes the last known good.

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
    if is_good:
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


def unconfirmed(journal: Journal, kind: LandingKind, proposal: int | None) -> Landing | None:
    """The newest landing, if its command was killed before it could confirm it."""
    live = (one for one in journal.landings() if one.state in LIVE)
    newest = next((one for one in live if proposal in {None, one.proposal}), None)
    is_open = newest is not None and newest.state is LandingState.MOVED
    return newest if newest is not None and is_open and newest.kind is kind else None
