"""Break-glass: somebody named for it lands without approvals, says why, and it shows ever after."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflow import votes
from workflow.approval.broken import EVENT, broken
from workflow.approval.clear import intact, require_clear, require_ledger
from workflow.approval.interface import Cleared, Glass, NotAllowedError, wrong_state
from workflow.approval.signed import statement
from workflow.approval.standing import ground, is_one_of, moment, utc_now, weigh
from workflow.database import transaction
from workflow.errors import StateError, UsageError
from workflow.identity import Decision
from workflow.text import one_line
from workflow.types import Person, Proof, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from workflow.approval.standing import Ground
    from workflow.git_store import GitStore
    from workflow.store import Store

_LEAST_LETTERS = 10


def break_glass(  # noqa: PLR0913 - all that breaking glass is; two of them have defaults
    store: Store,
    git: GitStore,
    number: int,
    who: Person,
    reason: str,
    *,
    signature: str | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Cleared:
    """Clear a proposal to land without the approvals that it lacks, and write down who and why.

    Only the wait for people is cut short: rules and gates have passed, and the proposal is intact.
    `reason` is sealed.  The glass is broken for good, whether or not the landing that follows can.

    Raises `NotAllowedError` for somebody whom the policy of the base does not name for it,
    `UsageError` for a reason that says nothing, `StateError` for a proposal that needs no broken
    glass or may not land at all, and `ChangedProposalError`.
    """
    stored = store.get(number)
    if stored.state not in {State.AWAITING, State.APPROVED}:
        raise wrong_state(stored, "applied, not even with broken glass")
    require_clear(store, stored)
    now = clock()
    on = ground(store, git, stored)
    if weigh(on, votes.approvals(store.connection, number), now).is_enough:
        message = f"proposal {number} has the approvals that it needs"
        raise StateError(message, hint=f"workflow apply {number}")
    _require_breaker(on, who)
    said = one_line(reason)
    if sum(map(str.isalpha, said)) < _LEAST_LETTERS:
        message = (
            f"a reason of at least {_LEAST_LETTERS} letters is expected; everybody will see it"
        )
        raise UsageError(message, hint=f'workflow apply {number} --break-glass "…"')
    proof = _proof(on, who, signature, now)
    change = intact(git, stored)
    require_ledger(store, git)
    glass = Glass(replace(who, proof=proof), f"{now:%Y-%m-%dT%H:%M:%SZ}", said, stored.digest)
    with transaction(store.connection):
        kept = None if signature is None else store.keep(signature.encode())
        store.log(EVENT, {"proposal": number, "signature": kept, **_facts(glass)})
    given = votes.approvals(store.connection, number)
    return Cleared(stored, weigh(on, given, now).counted, change, glass)


def _facts(glass: Glass) -> dict[str, object]:
    """What the ledger has of a break of glass."""
    return {
        "digest": glass.digest,
        "who": str(glass.who),
        "account": glass.who.account,
        "proof": glass.who.proof,
        "reason": glass.reason,
        "at": glass.at,
    }


def glass(store: Store, git: GitStore, number: int) -> Glass | None:
    """The newest break of glass for a proposal, and whether enough people have approved by now."""
    stored = store.get(number)
    found = broken(store.connection, stored)
    if found is None:
        return None
    on = ground(store, git, stored, askers=(found.who,))
    given = votes.approvals(store.connection, number)
    stands = weigh(on, given, moment(found.at), timed=False)
    return replace(found, is_reviewed=stands.is_enough)


def _require_breaker(on: Ground, who: Person) -> None:
    breakers = on.consent.breakers
    if not is_one_of(on, who, breakers):
        may = f"only {' or '.join(breakers)} may" if breakers else "the policy lets nobody do that"
        message = f"{who} may not land without approvals: {may}"
        raise NotAllowedError(message, hint=f"workflow show {on.stored.id} says who can approve")


def _proof(on: Ground, who: Person, signature: str | None, now: datetime) -> Proof:
    """How it is known who breaks the glass.  Raises `NotAllowedError` where that is too little."""
    if signature is not None:
        said = statement(on.stored, who.identity.email, Decision.BREAK_GLASS)
        on.signatures.check(said, signature, now)
        return Proof.SIGNATURE
    if on.consent.signatures:
        message = "the policy wants signatures, so breaking the glass needs one, too"
        raise NotAllowedError(message, hint=f"workflow apply {on.stored.id} --break-glass … --sign")
    return who.proof
