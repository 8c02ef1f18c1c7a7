"""Which approvals count now, by what the base says of people: asked at each yes and at landing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from workflow import identity, votes
from workflow.approval.interface import Standing, Void, approve_command, way_out
from workflow.approval.signed import Signatures
from workflow.errors import WorkflowError
from workflow.types import Identity, Person, Proof, SelfApproval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workflow.git_store import GitStore
    from workflow.identity import Mailmap
    from workflow.store import Store, Stored
    from workflow.types import Consent, Requirement
    from workflow.votes import Approval

# A clock may be a little ahead of another one's.
_AHEAD = timedelta(minutes=5)
# A proposal is put on a newer base at most so often: it expires.
_MOST_REBASES = 1000


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the approvals of one proposal are weighed by.

    `askers` are those whose change it is.  Everything but `is_single` is of the proposal's base.
    """

    store: Store
    stored: Stored
    askers: tuple[Person, ...]
    mailmap: Mailmap
    signatures: Signatures
    is_single: bool

    @property
    def consent(self) -> Consent:
        """What the policy of the base wants."""
        return self.stored.proposal.consent

    def are_same(self, one: Person, other: Person) -> bool:
        """Whether two people count as one.

        A signature tells them apart only at an account that the policy says several people share.
        """
        is_shared = not {one.account, other.account}.isdisjoint(self.consent.shared_accounts)
        known = self.signatures.known() if is_shared else frozenset()
        return identity.are_same(one, other, self.mailmap, known)

    def asker_like(self, person: Person) -> Person | None:
        """Who of those who asked for the change counts as the same person, if anybody."""
        return next((one for one in self.askers if self.are_same(person, one)), None)

    def allows_own(self) -> bool:
        """Whether who asked for the change may approve it here."""
        match self.consent.self_approval:
            case SelfApproval.NEVER:
                return False
            case SelfApproval.SINGLE_USER:
                return self.is_single
            case SelfApproval.ALLOWED:
                return True


def ground(store: Store, git: GitStore, stored: Stored, *, askers: Sequence[Person] = ()) -> Ground:
    """What the approvals of a proposal are weighed by; `askers` count besides its own."""
    proposal = stored.proposal
    mailmap = identity.mailmap(git, proposal.base.tree)
    needs_setting = proposal.consent.self_approval is SelfApproval.SINGLE_USER
    return Ground(
        store=store,
        stored=stored,
        askers=(*proposal.askers, *askers),
        mailmap=mailmap,
        signatures=Signatures(git, store, stored, mailmap),
        is_single=needs_setting and identity.single_user(git).is_on,
    )


def following(store: Store, git: GitStore, stored: Stored, who: Person | None = None) -> str:
    """What a proposal waits for next: the command, and who can give it where that is not `who`.

    Without `who` it is said for anybody.
    """
    on = ground(store, git, stored)
    if weigh(on, votes.approvals(store.connection, stored.id), utc_now()).hopeless:
        return way_out(stored)
    command = approve_command(stored)
    if on.allows_own():
        return command
    if who is None:
        return f"somebody who did not ask for it: {command}"
    if on.asker_like(who) is None:
        return command
    # At an account that several people share, a signature may tell them apart.
    signs = on.asker_like(replace(who, proof=Proof.SIGNATURE)) is None
    return f"workflow approve {stored.id} --sign" if signs else f"somebody else: {command}"


def standing(store: Store, git: GitStore, stored: Stored, *, at: datetime) -> Standing:
    """Which approvals of a proposal count at a moment, and what is lacking."""
    return weigh(ground(store, git, stored), votes.approvals(store.connection, stored.id), at)


def weigh(on: Ground, given: Iterable[Approval], at: datetime, *, timed: bool = True) -> Standing:
    """Which approvals count, each person once, and what is lacking; in their order.

    `timed` is off where it is asked who has ever approved, whatever the clock says.
    """
    counted: list[Approval] = []
    people: list[Person] = []
    void: list[Void] = []
    for yes in given:
        why = why_void(on, yes, at, timed=timed)
        same = next((one for one in people if on.are_same(yes.person, one)), None)
        if why:
            void.append(Void(yes, why))
        elif same is not None:
            void.append(Void(yes, f"the same person approved as {same}"))
        else:
            counted.append(yes)
            people.append(yes.person)
    missing = tuple(
        need
        for need in on.stored.proposal.requirements
        if sum(is_one_of(on, person, need.approvers) for person in people) < need.needed
    )
    lacking = max(0, on.consent.quorum - len(counted))
    hopeless = tuple(need for need in missing if _is_hopeless(on, need))
    signed = on.consent.signatures
    return Standing(tuple(counted), tuple(void), lacking, missing, signed, hopeless)


def _is_hopeless(on: Ground, need: Requirement) -> bool:
    """Whether too few of those who could meet a requirement did not ask for the change."""
    if on.allows_own():
        return False
    others = [one for one in need.approvers if not _has_asked(on, Person(Identity("", one)))]
    return len(others) < need.needed


def _has_asked(on: Ground, person: Person) -> bool:
    return any(identity.are_same(person, asker, on.mailmap) for asker in on.askers)


def is_one_of(on: Ground, person: Person, addresses: Iterable[str]) -> bool:
    """Whether a person is named by one of some addresses."""
    return any(identity.is_named(person, address, on.mailmap) for address in addresses)


def why_void(on: Ground, yes: Approval, at: datetime, *, timed: bool = True) -> str:
    """Why a yes does not count at a moment, in words; empty where it does."""
    digest = on.stored.digest
    if yes.digest != digest:
        return f"it is for {yes.digest.short}, and this is {digest.short}"
    given = moment(yes.at)
    if timed and given - at > _AHEAD:
        return f"it is of {yes.at}, which is yet to come: is the clock right?"
    until = given + timedelta(seconds=on.consent.expires_s)
    if timed and at > until:
        return f"it expired at {until:%Y-%m-%dT%H:%M:%SZ}"
    if yes.carried_from is not None and not _was_given(on, yes):
        return f"it was carried over, and {yes.carried_from.short} has no such approval"
    asker = on.asker_like(yes.person)
    if asker is not None and not on.allows_own():
        return _own(yes.person, asker)
    return why_unsigned(on, yes)


def _own(person: Person, asker: Person) -> str:
    how = "" if person.identity == asker.identity else f", as {asker}"
    account = person.account
    if how and identity.UNKNOWN_ACCOUNT in {account, asker.account}:
        how += ", or so it has to count: from inside a user namespace an account cannot be known"
    elif how and account and account == asker.account:
        how += f", from the same account ({account})"
    return f"it is by somebody who asked for this change{how}"


def why_unsigned(on: Ground, yes: Approval) -> str:
    """Why a yes has no signature that it needs, or one that does not hold; else empty."""
    if yes.signature is None:
        needs_one = on.consent.signatures or yes.proof is Proof.SIGNATURE
        return "it is not signed, and only signed ones count" if needs_one else ""
    try:
        signed = on.signatures.verified(yes)
    except WorkflowError as error:
        return error.message
    if not identity.is_named(yes.person, signed.principal, on.mailmap):
        return f"the key that signed it is {signed.principal}'s"
    return ""


def _was_given(on: Ground, yes: Approval) -> bool:
    """Whether a carried yes was given to one of the proposals that this one puts on newer bases."""
    at = on.stored
    for _ in range(_MOST_REBASES):
        before = at.proposal.rebased_from
        number = on.store.number_of(before) if before else None
        if number is None:
            return False
        at = on.store.get(number)
        for one in votes.approvals(on.store.connection, number):
            is_it = (one.approver, one.account, one.at) == (yes.approver, yes.account, yes.at)
            if is_it and one.signature == yes.signature and one.carried_from is None:
                return True
    return False


def moment(at: str) -> datetime:
    """A moment from RFC 3339 in UTC, as rows have it."""
    return datetime.fromisoformat(at)
