"""A person's yes or no to exactly what they were shown."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from workflow import identity, votes
from workflow.approval.broken import broken
from workflow.approval.clear import intact, require_clear
from workflow.approval.interface import NotAllowedError, NotSeenError, wrong_state
from workflow.approval.standing import (
    Ground,
    ground,
    moment,
    utc_now,
    weigh,
    why_unsigned,
    why_void,
)
from workflow.database import transaction
from workflow.errors import ChangedProposalError, StateError, UsageError, WorkflowError
from workflow.journal import LandingState
from workflow.types import Proof, SelfApproval, State
from workflow.votes import Approval

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from workflow.approval.interface import Standing
    from workflow.git_store import GitStore
    from workflow.store import Store, Stored
    from workflow.types import Person

_SHOWN_DIGITS = 12
_OPEN = frozenset({State.AWAITING, State.APPROVED})
# Controls, halves of characters, and what ends a line.
_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})
_LANDED = frozenset({State.APPLIED, State.ROLLED_BACK})


def approve(  # noqa: PLR0913 - all that a yes is; three of them have defaults
    store: Store,
    git: GitStore,
    number: int,
    who: Person,
    seen: str = "",
    *,
    signature: str | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Approval:
    """Record a yes to a proposal as it stands.

    `seen` is the digest, or its beginning, that the approver looked at; empty: what they were shown
    last.  `signature` is an armored SSH signature of `statement`.  After a broken glass, it is a
    review of what has landed.

    Raises `StateError` in another state, or when they have approved already; `UsageError` for a
    beginning that is too short to mean one digest; `NotSeenError` for somebody who was shown
    nothing; `ChangedProposalError` when it is not what they saw; and `NotAllowedError`, or what a
    signature raises, when the policy of the base does not take their yes.
    """
    stored = store.get(number)
    glass = broken(store.connection, stored) if stored.state in _LANDED else None
    if stored.state not in _OPEN and glass is None:
        raise wrong_state(stored, "approved")
    require_clear(store, stored)
    now = clock()
    _require_seen(store, stored, who, seen)
    if glass is None:
        require_fresh(stored, now)
        intact(git, stored)
    on = ground(store, git, stored, askers=(glass.who,) if glass else ())
    yes = _taken(on, who, signature, now)
    given = votes.approvals(store.connection, number)
    before = weigh(on, given, now, timed=glass is None)
    for one in before.counted:
        if on.are_same(one.person, yes.person):
            spelled = "" if one.approver == yes.approver else f", as {one.approver}"
            message = f"you have approved proposal {number} already{spelled}"
            raise StateError(message, hint=before.waiting_for or f"workflow apply {number}")
    with transaction(store.connection):
        _still(store, stored)
        if signature is not None:
            store.keep(signature.encode())
        votes.add(store.connection, yes)
        if glass is None:
            _settle(store, on, now)
    return yes


def recount(
    store: Store, git: GitStore, number: int, *, clock: Callable[[], datetime] = utc_now
) -> Standing:
    """Let a proposal that has enough approvals, such as carried ones, be approved.

    Returns which of them count; within the caller's transaction if there is one.
    """
    stored = store.get(number)
    with transaction(store.connection):
        return _settle(store, ground(store, git, stored), clock())


def reject(store: Store, number: int, who: Person, reason: str) -> Stored:
    """Record a no, whose reason is sealed.  Raises `StateError` for a proposal that is over."""
    stored = store.get(number)
    if stored.state in _LANDED | {State.REJECTED, State.SUPERSEDED}:
        raise wrong_state(stored, "rejected")
    with transaction(store.connection):
        _still(store, stored)
        _require_still(store, number)
        votes.end(store.connection, number)
        store.set_state(number, State.REJECTED)
        facts = {
            "proposal": number,
            "digest": stored.digest,
            "who": str(who),
            "account": who.account,
            "reason": reason,
        }
        store.log("rejection", facts)
    return store.get(number)


def require_fresh(stored: Stored, now: datetime) -> None:
    """Refuse a proposal that waits for too long, or whose evidence is older than the policy allows.

    Raises `NotAllowedError`.
    """
    proposal, number = stored.proposal, stored.id
    consent = proposal.consent
    until = moment(proposal.created) + timedelta(seconds=consent.expires_s)
    hint = f"workflow rebase {number} runs the gates again, and makes a proposal to approve"
    if now >= until:
        message = f"proposal {number} could be approved until {until:%Y-%m-%dT%H:%M:%SZ}"
        raise NotAllowedError(message, hint=hint)
    if consent.fresh_s is None:
        return
    minutes = consent.fresh_s // 60
    last = "last minute" if minutes == 1 else f"last {minutes} minutes"
    for verdict in proposal.verdicts:
        judged = moment(verdict.judged or proposal.created)
        if now - judged > timedelta(seconds=consent.fresh_s):
            message = (
                f"gate {verdict.gate} judged proposal {number} at {judged:%Y-%m-%dT%H:%M:%SZ}, and "
                f"the policy wants evidence of the {last}"
            )
            raise NotAllowedError(message, hint=hint)


def _require_seen(store: Store, stored: Stored, who: Person, seen: str) -> None:
    """Refuse a yes to anything but what this person was shown."""
    number, digest = stored.id, stored.digest
    hint = f"look first: workflow show {number}"
    if seen:
        shown = seen.removeprefix("sha256:")
        if len(shown) < _SHOWN_DIGITS:
            message = f"{seen!r} is too short to mean one digest"
            raise UsageError(message, hint=f"give the {_SHOWN_DIGITS} digits that `show` displays")
        if not digest.removeprefix("sha256:").startswith(shown):
            message = f"proposal {number} is {digest.short}, not {shown[:_SHOWN_DIGITS]}"
            raise ChangedProposalError(message, hint=f"look again: workflow show {number}")
        return
    # NOTE: by name and account: what an agent at this account was shown, its human has not seen.
    mine = [
        one.digest
        for one in votes.looks(store.connection, number)
        if (str(one.viewer), one.viewer.account) == (str(who), who.account)
    ]
    if not mine:
        message = f"{who} was not shown proposal {number} yet"
        raise NotSeenError(message, hint=f"{hint}, or name what you saw: --digest")
    if mine[-1] != digest:
        message = f"proposal {number} is {digest.short}, and you were shown {mine[-1].short}"
        raise ChangedProposalError(message, hint=f"look again: workflow show {number}")


def _taken(on: Ground, who: Person, signature: str | None, now: datetime) -> Approval:
    """The yes as it will be written down.  Raises `NotAllowedError` when it would not count."""
    require_name(who)
    proof = who.proof if signature is None else Proof.SIGNATURE
    yes = Approval(
        proposal=on.stored.id,
        digest=on.stored.digest,
        approver=str(who),
        at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        account=who.account,
        proof=proof,
        signature=None if signature is None else on.signatures.handed_in(signature),
    )
    yes = replace(yes, is_own=on.asker_like(yes.person) is not None)
    # A signature that does not hold is what is wrong first, whoever it might make its owner.
    why = (why_unsigned(on, yes) if signature is not None else "") or why_void(on, yes, now)
    if why:
        message = f"your approval of proposal {on.stored.id} would not count: {why}"
        raise NotAllowedError(message, hint=_mend(on, yes))
    return yes


def require_name(who: Person) -> None:
    """Refuse somebody whose name could be read as another one's.  Raises `UsageError`."""
    name, email = who.identity.name, who.identity.email
    bad = any(char in "<>" or unicodedata.category(char) in _BREAKING for char in name + email)
    if bad or not email.strip():
        message = f"{name!a} <{ascii(email)[1:-1]}> is no name that can be written down"
        raise UsageError(message, hint='git config user.name "…" and user.email "…"')


def _mend(on: Ground, yes: Approval) -> str:
    number = on.stored.id
    is_held = yes.signature is None or not why_unsigned(on, yes)
    if is_held and yes.is_own and not on.allows_own():
        return _mend_own(on, yes)
    if yes.signature is None and on.consent.signatures:
        return f"workflow approve {number} --sign"
    return "workflow keys shows whose keys count"


def _mend_own(on: Ground, yes: Approval) -> str:
    """What to do about a yes that counts as the requester's own."""
    asker = on.asker_like(yes.person)
    if asker and not on.are_same(replace(yes.person, proof=Proof.SIGNATURE), asker):
        return (
            f"several people share this account, so sign it: workflow approve {on.stored.id} --sign"
        )
    said = "somebody else has to approve it"
    if asker and not identity.are_same(
        replace(yes.person, account=""), replace(asker, account=""), on.mailmap
    ):
        said += _mend_account(on, yes.person, asker)
    if on.consent.self_approval is SelfApproval.SINGLE_USER:
        said += "; where you work alone, git config workflow.singleUser true says so"
    return said


def _mend_account(on: Ground, person: Person, asker: Person) -> str:
    """What is lacking for two people at one account to be told apart, in words."""
    accounts = {person.account, asker.account}
    account = person.account
    if identity.UNKNOWN_ACCOUNT in accounts:
        account = identity.UNKNOWN_ACCOUNT
    if not account or ":" in account:
        return ""
    file = on.consent.signers or "approval: signers"
    try:
        known = on.signatures.known()
    except WorkflowError:
        known = frozenset()
    lacking = [
        one.identity.email
        for one in (person, asker)
        if identity.fold(one.identity.email, on.mailmap) not in known
    ]
    if not accounts.isdisjoint(on.consent.shared_accounts):
        nobody = " or ".join(lacking)
        return f"; several people share this account, and {file} has no key of {nobody}"
    name = f'"{account}"' if account == identity.UNKNOWN_ACCOUNT else account
    said = (
        f"; where several people share the account {account}, the policy can say so"
        f" (approval: shared_accounts: [{name}]), and signatures tell them apart"
    )
    return f"{said} by their keys in {file}" if lacking else said


def _still(store: Store, stored: Stored) -> None:
    """Refuse what has been decided otherwise since it was read; another yes is no harm."""
    now = store.get(stored.id).state
    if now is not stored.state and not {now, stored.state} <= _OPEN:
        message = f"proposal {stored.id} has become {now} in this very moment"
        raise StateError(message, hint=f"look again: workflow show {stored.id}")


def _require_still(store: Store, number: int) -> None:
    """Refuse a no that comes while its proposal lands: the branch may have moved already."""
    found = store.connection.execute(
        "SELECT 1 FROM landings WHERE proposal = ? AND state = ?", (number, LandingState.INTENDED)
    )
    if found.fetchone():
        message = f"proposal {number} is landing in this very moment"
        raise StateError(message, hint=f"workflow rollback {number}, once it has")


def _settle(store: Store, on: Ground, now: datetime) -> Standing:
    """Asked for in the transaction, where no other approval can come in between."""
    number = on.stored.id
    stands = weigh(on, votes.approvals(store.connection, number), now)
    if stands.is_enough and store.get(number).state is State.AWAITING:
        store.set_state(number, State.APPROVED)
    return stands
