"""What a landing is before it happens: a branch's next step, checked and ready."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workflow.git_store import REFS
from workflow.journal import Landing, LandingKind, LandingState

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.types import CommitId, TreeChange

LIVE = {LandingState.MOVED, LandingState.KEPT}
"""Landings that stand."""


class Shape(StrEnum):
    """What an approved proposal becomes."""

    COMMIT = "commit"
    """A commit on the branch that it was proposed for."""
    BRANCH = "branch"
    """A commit on a new branch; the one that it was proposed for stays."""
    PATCH = "patch"
    """A mail that `git am` reads; nothing in the repository moves."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a landing is made, as its command and the settings of the base say.

    `to` names the new branch of `Shape.BRANCH`, else `workflow/ID`.  With `hooks` the user's own
    commit-msg and post-commit run.  Without `sign` no commit is signed, whatever git is set up to.
    """

    shape: Shape = Shape.COMMIT
    to: str = ""
    hooks: bool = False
    sign: bool = True


@dataclass(frozen=True, slots=True)
class Move:
    """A branch's next step, checked and ready: the commit exists, nothing has moved.

    `is_new` says that the branch must not exist yet.  `glass` is why it goes without approvals,
    `reason` why a landing is taken back, and `is_automatic` that a probe wanted that.  With `hooks`
    the user's own post-commit runs afterwards.
    """

    kind: LandingKind
    proposal: int
    reverts: int | None
    branch: str
    work_tree: Path | None
    before: CommitId
    after: CommitId
    change: TreeChange
    is_new: bool = False
    glass: str = ""
    reason: str = ""
    is_automatic: bool = False
    hooks: bool = False


def last_known_good_ref(branch: str) -> str:
    """The ref of the newest commit of a branch that its probes proved good."""
    return f"{REFS}/last-known-good/{branch}"


def command(landing: Landing) -> str:
    """The command that carries a landing on."""
    is_apply = landing.kind is LandingKind.APPLY
    return f"workflow apply {landing.proposal}" if is_apply else "workflow rollback"
