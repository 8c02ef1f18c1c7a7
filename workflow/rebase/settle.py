"""Takes the place of the proposal before: it is superseded, and its approvals are carried over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workflow import approval, ledger, votes
from workflow.approval.standing import ground, weigh
from workflow.database import transaction
from workflow.errors import NotApprovedError, StateError
from workflow.rebase.carry import carried
from workflow.rebase.interface import Carried
from workflow.types import State

if TYPE_CHECKING:
    from workflow.git_store import GitStore
    from workflow.store import Store, Stored


def settle(git: GitStore, store: Store, before: Stored, after: Stored) -> Carried:
    """Mark `before` as superseded by `after`, and carry over the approvals that hold for it.

    Called within the transaction that records `after`, so that all of it is true or nothing is.

    Raises `StateError` when somebody has decided on `before`, or lands it, since it was read.
    """
    now = datetime.now(UTC)
    with transaction(store.connection):
        _require_same(store, before)
        result = _carried(git, store, before, after, now)
        for yes in result.approvals:
            votes.add(store.connection, yes)
        if result.approvals:
            approval.recount(store, git, after.id)
        store.set_state(before.id, State.SUPERSEDED)
        facts = {
            "proposal": after.id,
            "digest": after.digest,
            "before": before.id,
            "rebased_from": before.digest,
            "base": after.proposal.base.commit,
            "carried": len(result.approvals),
            "reasons": list(result.reasons),
        }
        store.log("rebase", facts)
    return result


def _carried(git: GitStore, store: Store, before: Stored, after: Stored, now: datetime) -> Carried:
    """The approvals that count for `before`, hold for `after`, and count there, too."""
    given = approval.standing(store, git, before, at=now).counted
    held = carried(git, before.proposal, after.proposal, given, now)
    mine = tuple(
        replace(
            yes,
            proposal=after.id,
            digest=after.digest,
            carried_from=yes.carried_from or before.digest,
        )
        for yes in held.approvals
    )
    # A key, say, may be allowed no more by the file of the newer base.
    there = weigh(ground(store, git, after), mine, now)
    void = tuple(f"that of {one.approval.approver} does not count: {one.why}" for one in there.void)
    return Carried(there.counted, (*held.reasons, *void))


def _require_same(store: Store, before: Stored) -> None:
    """Refuse where a decision or a landing has come in between."""
    now = store.get(before.id).state
    landing = store.connection.execute(
        "SELECT 1 FROM landings WHERE proposal = ? AND state = 'intended'", (before.id,)
    ).fetchone()
    if now is not before.state or landing:
        said = "is landing" if landing else f"has become {now}"
        message = f"proposal {before.id} {said} in this very moment"
        raise StateError(message, hint=f"look again: workflow show {before.id}")


def told(store: Store, number: int) -> tuple[str, ...]:
    """Why approvals did not go along to a proposal, in words; empty where all did."""
    facts = ledger.facts(store.connection, "rebase", number)
    return tuple(str(reason) for fact in facts for reason in fact["reasons"])


def require_approved(store: Store, before: Stored, after: Stored, *, waits: bool = True) -> None:
    """Refuse to land what is not approved on its newer base; without `waits`, what is refused.

    Raises `StateError` where it does not pass there, and `NotApprovedError` where its approvals
    did not go along, or not enough of them.
    """
    name = f"proposal {after.id} is proposal {before.id} on the new base"
    if after.state is State.REFUSED:
        message = f"{name}, and there it is refused"
        raise StateError(message, hint=f"workflow show {after.id}")
    if waits and after.state is not State.APPROVED:
        said = "".join(f"; {reason}" for reason in told(store, after.id))
        message = f"{name}: look and approve it{said}"
        raise NotApprovedError(message, hint=f"workflow show {after.id}")
