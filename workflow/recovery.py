"""What a killed command left is finished or forgotten by the next one, which says so."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from workflow import apply, ledger, work_tree
from workflow.errors import BusyError, UnfinishedLandingError, WorkflowError
from workflow.journal import LandingState, StoppedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.git_store import GitStore
    from workflow.journal import Journal, Landing
    from workflow.store import Store, Stored


def recover(git: GitStore, store: Store, journal: Journal) -> tuple[str, ...]:
    """Bring everything to a clean state and say, in a sentence each, what was found.

    Does nothing while another process holds the repository: what is there is its own.  One that
    has been stopped is named, since it may be for long.
    """
    try:
        with journal.exclusive("workflow (recovery)"):
            return tuple(_recover(git, store, journal))
    except StoppedError as error:
        return (f"{error}: {error.hint}",)
    except BusyError:
        return ()
    except (OSError, sqlite3.OperationalError) as error:
        # A disk that is full or cannot be written to: looking must still work.
        return (f"what a command left cannot be put in order yet: {error}",)


def _recover(git: GitStore, store: Store, journal: Journal) -> Iterator[str]:
    """Put one thing after the other in order; each can be done again."""
    work_tree.release(git)
    for remains in journal.sweep():
        yield f"`{remains.command}` was killed at the stage {remains.stage!r}"
    for stored in store.unanchored():
        yield _anchor(git, store, stored)
    for landing in journal.unfinished():
        yield _try(git, store, journal, landing)
    if _has_installs(store):
        from workflow import targets  # noqa: PLC0415 - commands that only look do not pay for it

        yield from targets.recover(git, store)
    try:
        ledger.anchor(git, store.connection)
    except WorkflowError as error:
        yield f"git cannot be told yet how far the ledger has come: {error}"


def is_needed(git: GitStore, journal: Journal, store: Store) -> bool:
    """Whether there is anything to recover; costs a few small queries and folder listings."""
    return (
        journal.has_remains()
        or any(work_tree.remains(git))
        or bool(journal.unfinished())
        or bool(store.unanchored())
        or not ledger.is_anchored(store.connection)
        or _is_install_open(store)
    )


def _has_installs(store: Store) -> bool:
    """Whether anything was ever installed from here, by a row or by a folder."""
    row = store.connection.execute("SELECT 1 FROM installs LIMIT 1").fetchone()
    return row is not None or (store.folder / "targets").exists()


def _is_install_open(store: Store) -> bool:
    if not _has_installs(store):
        return False
    from workflow import targets  # noqa: PLC0415 - commands that only look do not pay for it

    return targets.is_needed(store)


def _anchor(git: GitStore, store: Store, stored: Stored) -> str:
    """Give a proposal its ref, unless `git gc` was faster."""
    if git.read_ref(stored.proposal.commit) is None:
        store.anchored(stored.id)
        return f"proposal {stored.id} has lost its commit to `git gc`: propose the change again"
    apply.anchor(git, store, stored.id)
    return f"proposal {stored.id} was complete; it has its ref now"


def require_finished(journal: Journal) -> None:
    """Refuse to land on top of a landing that could not be completed.

    Raises `UnfinishedLandingError` naming it.
    """
    for landing in journal.unfinished():
        message = f"the {landing.kind} of proposal {landing.proposal} is not complete"
        raise UnfinishedLandingError(
            message, hint="mend what the note says; any command completes it"
        )


def _try(git: GitStore, store: Store, journal: Journal, landing: Landing) -> str:
    """Finish a landing, or say what keeps it from being finished: looking must still work."""
    try:
        return _finish(git, store, journal, landing)
    except (WorkflowError, OSError) as error:
        what = f"the {landing.kind} of proposal {landing.proposal}"
        return f"{what} has moved {landing.branch}, and its files cannot follow yet: {error}"


def _finish(git: GitStore, store: Store, journal: Journal, landing: Landing) -> str:
    """Complete a landing whose branch has moved, or abandon one whose branch has not."""
    what = f"the {landing.kind} of proposal {landing.proposal}"
    head = git.head_of(landing.branch)
    if head is None or not git.is_ancestor(landing.after, head):
        journal.close(landing, LandingState.ABANDONED)
        return f"{what} had not moved {landing.branch}: nothing has changed"
    left: tuple[str, ...] = ()
    checkout = apply.follower(git, landing)
    if checkout:
        change = git.between(landing.before, landing.after)
        with journal.running(f"workflow {landing.kind} {landing.proposal}") as run:
            left = checkout.bring(change, checkout.stage(change, run.folder))
    apply.settle(store, journal, landing)
    done = f"{what} had moved {landing.branch} to {landing.after.short}"
    if checkout:
        done += "; its files have followed"
    if left:
        done += f", but for your own edits in {', '.join(left)}"
    return f"{done}; run `{apply.command(landing)}` to confirm it"
