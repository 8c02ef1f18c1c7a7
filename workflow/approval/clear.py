"""The check that what is about to land is exactly what was approved."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from workflow import ledger
from workflow.approval.broken import broken
from workflow.approval.interface import Cleared, proposal_ref, wrong_state
from workflow.approval.standing import following, standing, utc_now
from workflow.canonical import sha256
from workflow.errors import (
    ChangedProposalError,
    NotApprovedError,
    StaleProposalError,
    StateError,
)
from workflow.types import Outcome, Role, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from workflow.approval.interface import Glass
    from workflow.git_store import GitStore
    from workflow.policy import Policy
    from workflow.store import Store, Stored
    from workflow.types import TreeChange

# What a smaller proposal could not be judged by: its tree no longer tells it from the user's text.
_NOTHING_TO_RESTORE = frozenset({"placeholder-unknown", "placeholder-altered"})
_OUTSIDE = "outside-request"
# A verdict of this name says that a role's part was never drafted.
_ROLES = frozenset(role.value for role in Role)


def cleared(
    store: Store,
    git: GitStore,
    number: int,
    glass: Glass | None = None,
    *,
    clock: Callable[[], datetime] = utc_now,
) -> Cleared:
    """The proposal, once it is proven that it may land.

    Everything is asked again: the ledger, each approval's digest, time and signature, who asked,
    and what git holds.  `glass` is what this command has just broken: then approvals may lack.

    Raises `NotApprovedError` without the approvals that the base's policy wants for this very
    digest, `StateError` for a refused, rejected or landed proposal, `ChangedProposalError` when git
    no longer holds what was approved.
    """
    stored = store.get(number)
    if stored.state not in {State.AWAITING, State.APPROVED}:
        raise wrong_state(stored, "applied")
    stands = standing(store, git, stored, at=clock())
    if glass is not None:
        _require_broken(store, stored, glass)
    elif not stands.is_enough:
        require_ledger(store, git)
        message = f"proposal {number} awaits approval: {stands.waiting_for}"
        hint = following(store, git, stored)
        hint = hint if stands.hopeless else f"workflow show {number}, then {hint}"
        raise NotApprovedError(message, hint=hint)
    require_clear(store, stored)
    if glass is None and stored.state is State.AWAITING:
        message = f"proposal {number} has its approvals, and its row does not say approved"
        raise ChangedProposalError(message, hint="workflow doctor; propose the change again")
    change = intact(git, stored)
    require_ledger(store, git)
    return Cleared(stored, stands.counted, change, glass)


def _require_broken(store: Store, stored: Stored, glass: Glass) -> None:
    """Refuse a break of glass that the ledger does not hold for this very digest."""
    if broken(store.connection, stored) != glass:
        message = f"the ledger knows no such break of glass for proposal {stored.id}"
        raise ChangedProposalError(message, hint=f"workflow show {stored.id}")


def require_policy(git: GitStore, cleared: Cleared, policy: Policy) -> None:
    """Refuse what was recorded with less than `policy`, the one of its base, wants.

    The policy and the CODEOWNERS file are read from the base again; what a row says is not
    believed.  Raises `ChangedProposalError`.
    """
    from workflow.policy import required  # noqa: PLC0415 - reads YAML: `show` does without

    stored = cleared.stored
    proposal = stored.proposal
    again = f"workflow rebase {stored.id} judges it again"
    if proposal.policy != policy.digest or proposal.consent != policy.approvals.consent:
        message = f"proposal {stored.id} was not recorded under the policy of its base"
        raise ChangedProposalError(message, hint=again)
    committed = partial(git.committed, proposal.base.tree)
    wanted = required(policy, cleared.change.paths, committed)
    lacking = [need for need in wanted if need not in proposal.requirements]
    if lacking:
        message = f"{lacking[0].path} needs approvers that proposal {stored.id} does not name"
        raise ChangedProposalError(message, hint=again)


def require_clear(store: Store, stored: Stored) -> None:
    """Refuse a proposal of another repository, and what evidence is against, whatever a row says.

    Raises `ChangedProposalError`.
    """
    if stored.proposal.repository != store.repository:
        message = f"proposal {stored.id} was made in another repository, and copied into this one"
        raise ChangedProposalError(message, hint="propose the change here")
    if not stored.proposal.is_clear:
        message = f"proposal {stored.id} is {stored.state}, and its evidence is against it"
        raise ChangedProposalError(message, hint=f"workflow show {stored.id}; workflow doctor")


def require_ledger(store: Store, git: GitStore) -> None:
    """Refuse to go on with a ledger that does not hold, by itself or by what git says of it.

    Raises `ChangedProposalError`.
    """
    breaks = ledger.check(git, store.connection, has_history=False).breaks
    if breaks:
        message = f"the ledger does not hold: {breaks[0]}"
        hint = "workflow ledger verify; nothing lands on a broken ledger"
        raise ChangedProposalError(message, hint=hint)


def may_shrink(store: Store, git: GitStore, number: int) -> Stored:
    """A proposal of which a smaller one may be made.

    Raises `StateError` when it has landed, was rejected, has a smaller one already, lacks the part
    of a role, or has a placeholder that stands for nothing; `StaleProposalError` when its branch
    has moved, and what `intact` raises.
    """
    stored = store.get(number)
    if stored.state in {State.APPLIED, State.ROLLED_BACK, State.REJECTED, State.SUPERSEDED}:
        raise wrong_state(stored, "made smaller")
    lacking = [
        one.summary
        for one in stored.proposal.verdicts
        if one.gate in _ROLES and one.outcome is Outcome.ERROR
    ]
    if lacking:
        message = f"proposal {number} is not whole: {lacking[0]}"
        raise StateError(message, hint="propose the change again")
    if any(finding.rule in _NOTHING_TO_RESTORE for finding in stored.proposal.findings):
        message = f"proposal {number} has a placeholder in it that stands for nothing"
        raise StateError(message, hint="propose the change again")
    for other in store.numbers_after(number):
        if store.get(other).proposal.shrunk_from == stored.digest:
            message = f"proposal {other} is proposal {number} without its spare parts"
            raise StateError(message, hint=f"workflow show {other}")
    base = stored.proposal.base
    if not git.is_at(base):
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
    if stored.state in {State.APPLIED, State.ROLLED_BACK, State.SUPERSEDED}:
        raise wrong_state(stored, "revised")
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
