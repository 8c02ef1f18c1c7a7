"""What a policy holds, what rules look at, and what they say."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from workflow.redaction.settings import SealingSettings
from workflow.types import Consent

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from workflow.redaction.interface import Fault, Span
    from workflow.types import (
        BlastRadius,
        BlobId,
        Digest,
        Finding,
        RepoPath,
        Requirement,
        Role,
        TreeChange,
    )


class Level(StrEnum):
    """What a rule's objection does."""

    REFUSE = "refuse"
    """It stands against the proposal."""
    DECLARE = "declare"
    """It stands until the requester says that it is intended; the reviewer sees it either way."""
    OFF = "off"
    """It is not made."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much one proposal may touch.

    `changed_lines` are added and removed ones; `excess` is lines changed for each line needed.
    `things` bounds those of `BlastRadius`; `None` leaves them unbounded.
    """

    files: int
    hunks: int
    changed_lines: int
    excess: float
    things: int | None = None


@dataclass(frozen=True, slots=True)
class Budgets:
    """A budget for each role, and one for a patch from anywhere."""

    surgeon: Budget
    architect: Budget
    patch: Budget

    def of(self, role: Role | None) -> Budget:
        """The budget of a role; `None` is a patch from anywhere."""
        budget: Budget = getattr(self, "patch" if role is None else role.value)
        return budget


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much text one proposal may bring in: characters in a line, and bytes."""

    line_characters: int
    added_bytes: int
    file_bytes: int


@dataclass(frozen=True, slots=True)
class Protected:
    """Patterns of paths, and who may approve a change there (e-mail addresses); nobody if empty."""

    paths: tuple[str, ...]
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reserved:
    """Patterns of paths, and how many of which people have to approve a change there."""

    paths: tuple[str, ...]
    approvers: tuple[str, ...]
    needed: int = 1


@dataclass(frozen=True, slots=True)
class Approvals:
    """Who has to approve.

    `owners` gives the e-mail addresses behind a name of a CODEOWNERS file, such as `@example/ops`,
    in lower case; `codeowners` says whether such a file of the base is heeded.
    """

    consent: Consent = field(default_factory=Consent)
    paths: tuple[Reserved, ...] = ()
    owners: tuple[tuple[str, tuple[str, ...]], ...] = ()
    codeowners: bool = True


@dataclass(frozen=True, slots=True)
class Spending:
    """How much answers of remote models may take; `None` where there is no cap.

    Money is in millionths of a US dollar, tokens are input and output together, a day is one in UTC
    and counts for the whole repository, and `rounds` are the answers to one request in one role.
    """

    request_microdollars: int | None = None
    day_microdollars: int | None = None
    request_tokens: int | None = None
    day_tokens: int | None = None
    rounds: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The values that rules judge by, and the digest of the text that they came from.

    `levels` has the rules that are not at `Level.REFUSE`.  `sealing` names files of the base that
    hold more names, which are not read yet.
    """

    budgets: Budgets
    sizes: Sizes
    protected: tuple[Protected, ...]
    levels: tuple[tuple[str, Level], ...]
    source: str
    digest: Digest
    sealing: SealingSettings = field(default_factory=SealingSettings)
    spending: Spending = field(default_factory=Spending)
    approvals: Approvals = field(default_factory=Approvals)

    def level(self, rule: str) -> Level:
        """What the objection of a rule, named by its id, does."""
        return dict(self.levels).get(rule, Level.REFUSE)


@dataclass(frozen=True, slots=True)
class Case:
    """All that rules may look at: what differs between two trees, never the text of a draft.

    `role` is who drafted, `None` for a patch from anywhere, whose `given` is `None`, too; `given`
    are the files that the drafter was shown.  `allowed` are the ids of rules whose objection the
    requester says is intended.  `blobs` gives the bytes of many blobs at once.  `names` gives the
    names in one folder of the proposed tree (`""`: its top), none where there is no folder.
    `committed` gives the bytes of a regular file of the base, `None` where there is none.
    `creates` says that an architect has drafted a part of it, before the surgeon.  `faults` are
    those of placeholders, from restoring the draft's result.  `secrets` finds the
    values in a file's bytes, given its path; without it nobody looks for them.
    """

    change: TreeChange
    radius: BlastRadius
    policy: Policy
    role: Role | None
    given: tuple[RepoPath, ...] | None
    allowed: frozenset[str]
    blobs: Callable[[Sequence[BlobId]], Sequence[bytes]]
    names: Callable[[str], Collection[str]]
    committed: Callable[[RepoPath], bytes | None]
    faults: tuple[Fault, ...] = ()
    secrets: Callable[[bytes, str], Sequence[Span]] | None = None
    creates: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say: objections, objections that were declared, and who has to approve."""

    findings: tuple[Finding, ...]
    declared: tuple[Finding, ...] = ()
    requirements: tuple[Requirement, ...] = ()

    def __add__(self, other: Judgement) -> Judgement:
        """Both judgements of one change as one."""
        return Judgement(
            self.findings + other.findings,
            self.declared + other.declared,
            self.requirements + other.requirements,
        )
