"""A change request on its way to a proposal: who asks, who drafts, what speaks for and against."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

# Not under TYPE_CHECKING: pydantic reads these annotations when a stored proposal is read back.
from workflow.types.change import BlastRadius, FileChange, Snapshot  # noqa: TC001 - see above
from workflow.types.consent import Consent, Requirement
from workflow.types.draft import (
    Forecast,
    Observation,
    Outcome,
    Receipt,
    Usage,
)
from workflow.types.ids import CommitId, Digest, RepoPath, TreeId  # noqa: TC001 - see above
from workflow.types.people import Person  # noqa: TC001 - see above
from workflow.types.request import ChangeRequest, Role, Route  # noqa: TC001 - see above

if TYPE_CHECKING:
    from collections.abc import Callable


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
    SUPERSEDED = "superseded"
    """Another proposal is the same change on a newer base."""


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


class Turn(StrEnum):
    """What became of a check between the base and the patched tree."""

    FAIL_TO_PASS = "fail-to-pass"  # noqa: S105 - a turn of a check
    """It fails on the base and passes on the patched tree: the change is needed for it."""
    NEW_PASS = "new-pass"  # noqa: S105 - a turn of a check
    """It is not on the base, and passes: the change brought it along, so it proves less."""
    PASS_TO_PASS = "pass-to-pass"  # noqa: S105 - a turn of a check
    PASS_TO_FAIL = "pass-to-fail"  # noqa: S105 - a turn of a check
    NEW_FAIL = "new-fail"
    FAIL_TO_FAIL = "fail-to-fail"
    SKIPPED = "skipped"
    """It passed or failed on the base and is skipped, deselected or expected to fail now."""
    REMOVED = "removed"
    FLAKY = "flaky"
    """Two runs on one tree did not agree."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many checks took one turn, and the first of their names, in order."""

    turn: Turn
    count: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate says about a proposal: one line for a person, and the runs that show it.

    `proofs` names the checks that pass on the patched tree and fail, or do not exist, on the base:
    they are what the change is needed for.  `ran` is the digest under which the names of the checks
    that ran on the patched tree were kept, one a line.  `tallies` count what became of single
    checks.  `doubts` are reasons why a person should look before believing a verdict: they do not
    change the outcome.  `judged` is when, in RFC 3339 and UTC, and `is_kept` says that it was for
    an earlier proposal of the same change; a gate itself leaves both empty.
    """

    gate: str
    outcome: Outcome
    summary: str
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    hint: str = ""
    proofs: tuple[str, ...] = ()
    ran: Digest | None = None
    tallies: tuple[Tally, ...] = ()
    doubts: tuple[str, ...] = ()
    judged: str = ""
    is_kept: bool = False

    @property
    def seconds(self) -> float:
        """How long its runs took; those on the two trees were made side by side."""
        sides = [[run.seconds for run in self.evidence if run.side is side] for side in Side]
        return max(map(sum, sides))


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
class Round:
    """One answer of a provider, and what became of it.

    `recipe` is the digest of the recipe `recipe_name`.  `draft` is the digest of the draft's text
    and `answer` the one under which a paid answer was kept.  `repairs` says what was mended in the
    way the draft was written.  `objection` says in a line what stood against it, and `verdicts`
    what the gates said of it; `stands` is whether its draft is in the proposal.
    """

    role: Role
    recipe_name: str
    recipe: Digest
    provider: str
    model: str
    draft: Digest
    notes: tuple[str, ...]
    forecasts: tuple[Forecast, ...]
    receipt: Receipt
    repairs: tuple[str, ...] = ()
    usage: Usage | None = None
    answer: Digest | None = None
    observations: tuple[Observation, ...] = ()
    smoke_test: Digest | None = None
    objection: str = ""
    verdicts: tuple[Verdict, ...] = ()
    stands: bool = True


@dataclass(frozen=True, slots=True)
class Proposal:
    """One contained change with all that an approval covers.  Its number is not part of it.

    `rounds` are the answers that it was made from, in their order.  `declared` are objections that
    the requester said are intended, where the policy lets them; `shrunk_from` is the digest of the
    proposal whose spare parts were taken out, and `revised_from` of the one that a reviewer wanted
    otherwise, in the words of `wish`.  `revisers` are those who wanted it otherwise, in this
    proposal or the ones before it: they count as requesters.  `rebased_from` is the digest of the
    proposal that this one puts on a newer base.  `consent` and `requirements` say who has to
    approve it.
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
    rounds: tuple[Round, ...]
    policy: Digest
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    created: str
    declared: tuple[Finding, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    excess: Excess | None = None
    shrunk_from: Digest | None = None
    revised_from: Digest | None = None
    wish: str = ""
    consent: Consent = field(default_factory=Consent)
    revisers: tuple[Person, ...] = ()
    rebased_from: Digest | None = None

    @property
    def askers(self) -> tuple[Person, ...]:
        """Who wanted it: the requester, and those who have revised it."""
        return (self.request.person, *self.revisers)

    @property
    def standing(self) -> tuple[Round, ...]:
        """The rounds whose drafts are in it, one for each role."""
        return tuple(one for one in self.rounds if one.stands)

    @property
    def forecasts(self) -> tuple[Forecast, ...]:
        """What was expected of the gates, by the drafts that are in it."""
        return tuple(forecast for one in self.standing for forecast in one.forecasts)

    @property
    def title(self) -> str:
        """The request's words, and a reviewer's where it was revised."""
        return f"{self.request.text}; revised: {self.wish}" if self.wish else self.request.text

    @property
    def drafters(self) -> tuple[str, ...]:
        """Each provider and model whose draft is in it, one for each role."""
        return tuple(f"{one.provider} {one.model}" for one in self.standing)

    @property
    def is_clear(self) -> bool:
        """Whether no rule objects, at least one gate judged, and every gate passed."""
        passed = all(verdict.outcome is Outcome.PASS for verdict in self.verdicts)
        return not self.findings and bool(self.verdicts) and passed


Keep: TypeAlias = "Callable[[bytes], Digest]"
"""Keeps bytes in the content-addressed store and returns the digest to find them by."""
