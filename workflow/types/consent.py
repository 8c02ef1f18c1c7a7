"""Whose yes a proposal needs, as the policy of its base says: the digest covers this, too."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# Not under TYPE_CHECKING: pydantic reads these annotations when a stored proposal is read back.
from workflow.types.ids import RepoPath  # noqa: TC001 - see above


class SelfApproval(StrEnum):
    """Whether who asked for a change may approve it."""

    NEVER = "never"
    SINGLE_USER = "single-user"
    """Where git's setting `workflow.singleUser` says that one person works here alone."""
    ALLOWED = "allowed"


class Carry(StrEnum):
    """What becomes of approvals when a proposal is put on a newer base."""

    NEVER = "never"
    UNCHANGED = "unchanged"
    """They hold where the patch with its context and every verdict are what they were."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A file that only named people may approve.

    `needed` of `approvers` (e-mail addresses) must; `because` says which rule wants it, such as
    `CODEOWNERS line 4` or the pattern of a policy.
    """

    path: RepoPath
    approvers: tuple[str, ...]
    needed: int = 1
    because: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """How many people have to approve, who may not, and for how long it counts.

    `quorum` counts distinct people.  An approval counts for `expires_s` seconds, and may be given
    while the evidence is at most `fresh_s` seconds old (`None`: at any age).  With `signatures`
    only signed ones count, by keys in `signers`, a file of the base.  `breakers` are those who may
    land without approval and say why (break glass).  People at one of the `shared_accounts` are
    told apart by their signatures; at any other account there is one person.
    """

    quorum: int = 1
    self_approval: SelfApproval = SelfApproval.SINGLE_USER
    expires_s: int = 7 * 86_400
    fresh_s: int | None = None
    signatures: bool = False
    signers: RepoPath | None = None
    carry: Carry = Carry.NEVER
    breakers: tuple[str, ...] = ()
    shared_accounts: tuple[str, ...] = ()
