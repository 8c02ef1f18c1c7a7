"""A change request on its way to a proposal: who asks, who drafts, what speaks for and against."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

# Not under TYPE_CHECKING: pydantic reads these annotations when a stored proposal is read back.
from workflow.types.change import BlastRadius, FileChange, Snapshot  # noqa: TC001 - see above
from workflow.types.ids import CommitId, Digest, RepoPath, TreeId  # noqa: TC001 - see above

if TYPE_CHECKING:
    from collections.abc import Callable


class Role(StrEnum):
    """Who drafts: the architect creates new files, the surgeon edits existing ones."""

    ARCHITECT = "architect"
    SURGEON = "surgeon"


class Outcome(StrEnum):
    """What a gate says.  Only `PASS` passes; `ERROR` means that it could not judge."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    ERROR = "error"


class Side(StrEnum):
    """Which of the two trees a gate looked at."""

    BASE = "base"
    PATCHED = "patched"


class State(StrEnum):
    """Where a proposal stands."""

    AWAITING = "awaiting-approval"
    REFUSED = "refused"
    APPROVED = "approved"
    REJECTED = "rejected"
    APPLIED = "applied"
    ROLLED_BACK = "rolled-back"


@dataclass(frozen=True, slots=True)
class Identity:
    """A person, as git names one."""

    name: str
    email: str

    def __str__(self) -> str:
        """`Name <email>`, as in a trailer."""
        return f"{self.name} <{self.email}>"


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """What a person asks for, in words, and the files that they name.

    `allowed` are the ids of policy rules whose objection the requester says is intended.
    """

    text: str
    paths: tuple[RepoPath, ...]
    requester: Identity
    role: Role | None = None
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """The role that drafts, and why."""

    role: Role
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the base tree, with its exact bytes."""

    path: RepoPath
    data: bytes


@dataclass(frozen=True, slots=True)
class Brief:
    """All that a provider is given: the request, the role, the files, and the rendered prompt.

    Everything in it is sealed: placeholders stand for secrets and tenant data, in names, too.
    """

    request: str
    role: Role
    files: tuple[SourceFile, ...]
    prompt: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the drafter expects of one gate, said before the gate runs."""

    gate: str
    outcome: Outcome
    why: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many values of a kind (`workflow.redaction.Kind`) were sealed."""

    kind: str
    values: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A value that was not sealed, because a comment in its file or the policy allows it.

    `path` is empty for a value in the request; `expires` is the last day, in ISO form.
    """

    path: str
    line: int
    kind: str
    reason: str
    expires: str


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it went over the wire.

    `body` is the digest under which its `size` bytes were kept, and `sealed` counts the
    placeholders in them.
    """

    at: str
    destination: str
    model: str
    body: Digest
    size: int
    sealed: tuple[Count, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A provider's answer: raw, untrusted, never shown to a terminal unescaped.

    `sent` are the requests that were made for it, in their order.
    """

    text: str
    forecasts: tuple[Forecast, ...]
    notes: tuple[str, ...]
    provider: str
    model: str
    sent: tuple[Sent, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What left this machine for a draft, or that nothing did.

    `prompt` is the digest of the rendered prompt and `prompt_bytes` its size, whether it was sent
    or not; `sealed` counts the values that a placeholder stands for in it, and `shown` has those
    that were allowed to be seen.  `sent_bytes` counts what went to `destination`, and `requests`
    has each request, also one that was tried again.
    """

    destination: str
    sent_bytes: int
    prompt: Digest
    prompt_bytes: int
    files: tuple[RepoPath, ...]
    sealed: tuple[Count, ...] = ()
    shown: tuple[Shown, ...] = ()
    requests: tuple[Sent, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """A policy rule that objects: the rule's id, the file, and the reason in one line."""

    rule: str
    path: RepoPath
    reason: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """One run of a gate's tool.  `log` is the digest under which its output was kept."""

    side: Side
    command: str
    exit_status: int | None
    seconds: float
    log: Digest


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate says about a proposal: one line for a person, and the runs that show it.

    `proofs` names the checks that pass on the patched tree and fail, or do not exist, on the base:
    they are what the change is needed for.
    """

    gate: str
    outcome: Outcome
    summary: str
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    hint: str = ""
    proofs: tuple[str, ...] = ()


class Spare(StrEnum):
    """Why a part of a patch can go."""

    NEUTRAL = "neutral"
    """It changes nothing that the file means."""
    UNPROVEN = "unproven"
    """Without it every gate still passes, and everything the patch proves still holds."""


@dataclass(frozen=True, slots=True)
class SparePart:
    """Adjoining lines of a patch that can go; `line` counts from 1 in the base file."""

    path: RepoPath
    line: int
    removed: int
    added: int
    why: Spare


@dataclass(frozen=True, slots=True)
class Excess:
    """How much more a patch changes than it needs to; lines are added plus removed ones.

    `tree` is what is left without the spare parts: the base's own tree when nothing is.
    `is_tried` says whether gates were run without each part; they can only tell where a check fails
    without the patch.  `untried` counts the parts that were too many to be tried.
    """

    changed: int
    needed: int
    parts: tuple[SparePart, ...]
    tree: TreeId
    is_tried: bool
    untried: int = 0

    @property
    def score(self) -> float:
        """Lines changed for each line needed: 1.0 is a minimal patch."""
        return self.changed / max(self.needed, 1)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A file that only named people may approve: one of `approvers` (e-mail addresses) must."""

    path: RepoPath
    approvers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """One contained change with all that an approval covers.  Its number is not part of it.

    `declared` are objections that the requester said are intended, where the policy lets them;
    `repairs` says what was mended in the way the draft was written; `shrunk_from` is the digest of
    the proposal whose spare parts were taken out.
    """

    repository: str
    base: Snapshot
    commit: CommitId
    tree: TreeId
    patch: Digest
    files: tuple[FileChange, ...]
    blast_radius: BlastRadius
    request: ChangeRequest
    route: Route
    provider: str
    model: str
    draft: Digest
    notes: tuple[str, ...]
    forecasts: tuple[Forecast, ...]
    receipt: Receipt
    policy: Digest
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    created: str
    repairs: tuple[str, ...] = ()
    declared: tuple[Finding, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    excess: Excess | None = None
    shrunk_from: Digest | None = None

    @property
    def is_clear(self) -> bool:
        """Whether no rule objects, at least one gate judged, and every gate passed."""
        passed = all(verdict.outcome is Outcome.PASS for verdict in self.verdicts)
        return not self.findings and bool(self.verdicts) and passed


Keep: TypeAlias = "Callable[[bytes], Digest]"
"""Keeps bytes in the content-addressed store and returns the digest to find them by."""
