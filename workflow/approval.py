"""What a yes covers, and the check that what is about to land is exactly that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow import ledger
from workflow.canonical import sha256
from workflow.errors import (
    ChangedProposalError,
    NotApprovedError,
    StaleProposalError,
    StateError,
    UsageError,
)
from workflow.git_store import REFS
from workflow.types import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.git_store import GitStore
    from workflow.store import Approval, Store, Stored
    from workflow.types import Identity, Proposal, Requirement, TreeChange

# What a smaller proposal could not be judged by: its tree no longer tells it from the user's text.
_NOTHING_TO_RESTORE = frozenset({"placeholder-unknown", "placeholder-altered"})
_OUTSIDE = "outside-request"
_SHOWN_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Cleared:
    """A proposal that may land: approved as it is, and intact in git."""

    stored: Stored
    approvals: tuple[Approval, ...]
    change: TreeChange


def proposal_ref(number: int) -> str:
    """The ref under which a proposal's commit is kept."""
    return f"{REFS}/proposals/{number}"


def approve(store: Store, git: GitStore, number: int, approver: Identity, seen: str) -> Approval:
    """Record a yes to a proposal as it stands.

    `seen` is the digest, or its beginning, that the approver looked at; empty: the present one.

    Raises `StateError` unless it awaits approval, `UsageError` for a beginning that is too short to
    mean one digest, and `ChangedProposalError` when it is not what was seen.
    """
    stored = store.get(number)
    if stored.state is not State.AWAITING:
        raise _wrong_state(stored, "approved")
    shown = seen.removeprefix("sha256:")
    if seen and len(shown) < _SHOWN_DIGITS:
        message = f"{seen!r} is too short to mean one digest"
        raise UsageError(message, hint=f"give the {_SHOWN_DIGITS} digits that `show` displays")
    if seen and not stored.digest.removeprefix("sha256:").startswith(shown):
        message = f"proposal {number} is {stored.digest.short}, not {seen}"
        raise ChangedProposalError(message, hint=f"look again: workflow show {number}")
    if any(yes.approver == str(approver) for yes in store.approvals(number)):
        message = f"you have approved proposal {number} already"
        raise StateError(message, hint=waiting_for(stored.proposal, store.approvals(number)))
    intact(git, stored)
    return store.approve(stored, approver, lambda given: not missing(stored.proposal, given))


def missing(proposal: Proposal, given: Sequence[Approval]) -> tuple[Requirement, ...]:
    """The requirements that no approval meets yet.

    People are told apart by the e-mail address that git has for them, whatever its case.
    """
    addresses = {yes.approver.rpartition("<")[2].rstrip(">").casefold() for yes in given}
    return tuple(
        need
        for need in proposal.requirements
        if addresses.isdisjoint(address.casefold() for address in need.approvers)
    )


def waiting_for(proposal: Proposal, given: Sequence[Approval]) -> str:
    """Whose approval is still to come, in words."""
    needs = [
        f"{need.path} needs the approval of {' or '.join(need.approvers)}"
        for need in missing(proposal, given)
    ]
    return "; ".join(needs) or "it needs one approval"


def reject(store: Store, number: int, who: Identity, reason: str) -> Stored:
    """Record a no.  Raises `StateError` for a proposal that has landed."""
    stored = store.get(number)
    if stored.state in {State.APPLIED, State.ROLLED_BACK, State.REJECTED}:
        raise _wrong_state(stored, "rejected")
    store.reject(stored, who, reason)
    return store.get(number)


def cleared(store: Store, git: GitStore, number: int) -> Cleared:
    """The proposal, once it is proven that it may land.

    Raises `NotApprovedError` without an approval of this very digest, `StateError` for a refused,
    rejected or landed proposal, `ChangedProposalError` when git no longer holds what was approved.
    """
    stored = store.get(number)
    _, breaks = ledger.verify(store.connection)
    if breaks:
        message = f"the ledger does not hold: row {breaks[0].seq} {breaks[0].reason}"
        raise ChangedProposalError(
            message, hint="workflow doctor; nothing lands on a broken ledger"
        )
    hint = f"workflow show {number}, then workflow approve {number}"
    approvals = tuple(yes for yes in store.approvals(number) if yes.digest == stored.digest)
    lacking = missing(stored.proposal, approvals)
    if stored.state is State.AWAITING:
        said = f": {waiting_for(stored.proposal, approvals)}" if lacking else ""
        message = f"proposal {number} awaits approval{said}"
        raise NotApprovedError(message, hint=hint)
    if stored.state is not State.APPROVED:
        raise _wrong_state(stored, "applied")
    if not approvals or lacking or not stored.proposal.is_clear:
        message = f"proposal {number} has no approval of {stored.digest.short}"
        raise NotApprovedError(message, hint=hint)
    return Cleared(stored, approvals, intact(git, stored))


def may_shrink(store: Store, git: GitStore, number: int) -> Stored:
    """A proposal of which a smaller one may be made.

    Raises `StateError` when it has landed, was rejected, or has a smaller one already, or has a
    placeholder that stands for nothing; `StaleProposalError` when its branch has moved, and what
    `intact` raises.
    """
    stored = store.get(number)
    if stored.state in {State.APPLIED, State.ROLLED_BACK, State.REJECTED}:
        raise _wrong_state(stored, "made smaller")
    if any(finding.rule in _NOTHING_TO_RESTORE for finding in stored.proposal.findings):
        message = f"proposal {number} has a placeholder in it that stands for nothing"
        raise StateError(message, hint="propose the change again")
    for other in store.numbers_after(number):
        if store.get(other).proposal.shrunk_from == stored.digest:
            message = f"proposal {other} is proposal {number} without its spare parts"
            raise StateError(message, hint=f"workflow show {other}")
    base = stored.proposal.base
    if git.head_of(base.branch) != base.commit:
        message = f"proposal {number} is from {base.commit.short}, and {base.branch} has moved"
        raise StaleProposalError(message, hint="propose the change again")
    intact(git, stored)
    return stored


def may_revise(store: Store, git: GitStore, number: int) -> Stored:
    """A proposal of which another one may be made, as a reviewer wants it.

    Raises `StateError` when it has landed, or changes files that its drafter was not given: its
    patch goes along.  Raises what `intact` raises, too.
    """
    stored = store.get(number)
    if stored.state in {State.APPLIED, State.ROLLED_BACK}:
        raise _wrong_state(stored, "revised")
    strange = [one.path for one in stored.proposal.findings if one.rule == _OUTSIDE]
    if strange:
        message = f"proposal {number} changes {strange[0]}, which its drafter was not given"
        raise StateError(message, hint="propose the change again, and name the file if it may")
    intact(git, stored)
    return stored


def intact(git: GitStore, stored: Stored) -> TreeChange:
    """What git says the proposal changes, proven to be what was recorded.

    Raises `ChangedProposalError` when the ref, the tree or the canonical patch differ.
    """
    proposal = stored.proposal
    again = f"propose the change again; what was recorded is in `workflow show {stored.id}`"
    if git.read_ref(proposal_ref(stored.id)) != proposal.commit:
        message = f"{proposal_ref(stored.id)} no longer points to what was proposed"
        raise ChangedProposalError(message, hint=again)
    trees = (git.tree_of(proposal.base.commit), git.tree_of(proposal.commit))
    if trees != (proposal.base.tree, proposal.tree):
        message = f"the trees of proposal {stored.id} are not those that were judged"
        raise ChangedProposalError(message, hint=again)
    change = git.change(*trees)
    if change.files != proposal.files or sha256(git.patch(*trees)) != proposal.patch:
        message = f"the patch of proposal {stored.id} is not the one that was judged"
        raise ChangedProposalError(message, hint=again)
    return change


def _wrong_state(stored: Stored, wanted: str) -> StateError:
    hints = {
        State.REFUSED: f"workflow show {stored.id} says why; propose the change again",
        State.REJECTED: "propose the change again",
        State.APPLIED: "workflow history; workflow rollback takes it back",
        State.ROLLED_BACK: "workflow history; propose the change again",
        State.APPROVED: f"workflow apply {stored.id}",
        State.AWAITING: f"workflow approve {stored.id}",
    }
    message = f"proposal {stored.id} is {stored.state}, so it cannot be {wanted}"
    return StateError(message, hint=hints[stored.state])
