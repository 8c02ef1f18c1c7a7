"""What a policy holds, what a rule looks at, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

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


@dataclass(frozen=True, slots=True)
class Policy:
    """The values that rules judge by, and the digest of the text that they came from."""

    max_files: int
    max_changed_lines: int
    protected: tuple[str, ...]
    source: str
    digest: Digest


@dataclass(frozen=True, slots=True)
class Case:
    """All that rules may look at: what differs between two trees, never the text of a draft.

    `role` is who drafted, `None` for a patch from anywhere, whose `given` is `None`, too; `given`
    are the files that the drafter was shown.  `allowed` are the ids of rules whose objection the
    requester says is intended.  `blobs` gives the bytes of many blobs at once.  `names` gives the
    names in one folder of the proposed tree (`""`: its top), none where there is no folder.
    """

    change: TreeChange
    radius: BlastRadius
    policy: Policy
    role: Role | None
    given: tuple[RepoPath, ...] | None
    allowed: frozenset[str]
    blobs: Callable[[Sequence[BlobId]], Sequence[bytes]]
    names: Callable[[str], Collection[str]]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say: objections, objections that were declared, and who has to approve."""

    findings: tuple[Finding, ...]
    declared: tuple[Finding, ...] = ()
    requirements: tuple[Requirement, ...] = ()
