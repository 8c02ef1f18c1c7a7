"""What is cleared to land, who is still to come, and what to say of what is in another state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.errors import RefusedError, StateError
from workflow.git_store import REFS
from workflow.types import SelfApproval, State

if TYPE_CHECKING:
    from workflow.store import Stored
    from workflow.types import Person, Requirement, TreeChange
    from workflow.votes import Approval


class NotSeenError(RefusedError):
    """Who approves has not been shown what they approve."""


class NotAllowedError(RefusedError):
    """The policy of the base does not take this person's yes, or not now."""


@dataclass(frozen=True, slots=True)
class Void:
    """A yes that does not count, and why, in words."""

    approval: Approval
    why: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Which approvals of a proposal count now, and what is lacking.

    `people` is how many distinct people must still approve to make the quorum, and `missing` are
    the requirements that are not met.  Those of them that nobody can meet are `hopeless`: who asked
    for the change could, and may not.  `signatures` says that only signed ones count.
    """

    counted: tuple[Approval, ...]
    void: tuple[Void, ...]
    people: int
    missing: tuple[Requirement, ...]
    signatures: bool = False
    hopeless: tuple[Requirement, ...] = ()

    @property
    def is_enough(self) -> bool:
        """Whether it may land as far as people are concerned."""
        return bool(self.counted) and not self.people and not self.missing

    @property
    def waiting_for(self) -> str:
        """Whose approval is still to come and which do not count, in words; empty if enough."""
        said = [
            f"{need.path} needs the approval of {_some(need)}"
            + (f" ({need.because})" if need.because else "")
            + (", and only who asked for the change could give it" if need in self.hopeless else "")
            for need in self.missing
        ]
        if self.people:
            signed = "signed " if self.signatures else ""
            many = f"{self.people} more {signed}approvals" if self.people > 1 else ""
            more = "one more" if self.counted else "one"
            said.insert(0, f"it needs {many or f'{more} {signed}approval'}")
        said += [
            f"that of {void.approval.approver} does not count: {void.why}" for void in self.void
        ]
        return "" if self.is_enough else "; ".join(said)


@dataclass(frozen=True, slots=True)
class Glass:
    """A break of glass: who took it on themselves to land without approvals, when and why.

    `digest` is what they landed.  `is_reviewed` says that enough people have approved it by now, of
    whom none asked for it or broke the glass.
    """

    who: Person
    at: str
    reason: str
    digest: str
    is_reviewed: bool = False


@dataclass(frozen=True, slots=True)
class Cleared:
    """A proposal that may land: approved as it is, or with broken glass, and intact in git."""

    stored: Stored
    approvals: tuple[Approval, ...]
    change: TreeChange
    glass: Glass | None = None


def proposal_ref(number: int) -> str:
    """The ref under which a proposal's commit is kept."""
    return f"{REFS}/proposals/{number}"


def approve_command(stored: Stored) -> str:
    """The command that gives a yes that counts; where only signed ones do, it signs."""
    sign = " --sign" if stored.proposal.consent.signatures else ""
    return f"workflow approve {stored.id}{sign}"


def way_out(stored: Stored) -> str:
    """What to do about a proposal that nobody could approve as the policy wants it."""
    number, consent = stored.id, stored.proposal.consent
    ways = [f"let the policy name another approver, commit that, then workflow rebase {number}"]
    if consent.self_approval is SelfApproval.SINGLE_USER:
        ways.append("where you work alone, git config workflow.singleUser true says so")
    if consent.breakers:
        ways.append(f'workflow apply {number} --break-glass "…"')
    return "; or ".join(ways)


def wrong_state(stored: Stored, wanted: str) -> StateError:
    """What to say of a proposal whose state does not allow what is wanted."""
    hints = {
        State.REFUSED: f"workflow show {stored.id} says why; propose the change again",
        State.REJECTED: "propose the change again",
        State.APPLIED: "workflow history; workflow rollback takes it back",
        State.ROLLED_BACK: "workflow history; propose the change again",
        State.APPROVED: f"workflow apply {stored.id}",
        State.SUPERSEDED: f"workflow show {stored.id} names the one that has taken its place",
        State.AWAITING: approve_command(stored),
    }
    message = f"proposal {stored.id} is {stored.state}, so it cannot be {wanted}"
    return StateError(message, hint=hints[stored.state])


def _some(need: Requirement) -> str:
    names = " or ".join(need.approvers)
    return f"{need.needed} of {names}" if need.needed > 1 else names
