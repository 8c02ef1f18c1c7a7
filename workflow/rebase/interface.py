"""What stands in the way of a patch on a newer base, and what became of its approvals."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workflow.errors import StaleProposalError

if TYPE_CHECKING:
    from workflow.types import RepoPath, Snapshot
    from workflow.votes import Approval


class Reason(StrEnum):
    """Why a part of a patch does not belong to the new base."""

    CHANGED = "changed"
    """The branch has changed lines that the patch changes, or that stand next to them."""
    SEVERAL_PLACES = "several-places"
    """The lines with their context stand at more than one place, before or now."""
    GONE = "gone"
    """The file that the patch changes is not there any more, or is no file."""
    OCCUPIED = "occupied"
    """Where the patch puts a file, something stands by now."""
    WHOLE_FILE = "whole-file"
    """The file can only change as a whole (binary, a link, one that goes), and has changed."""
    MODE = "mode"
    """The file's mode is not the one that the patch changes."""
    MERGE = "merge"
    """The lines have a place, and git's own three-way merge does not agree with it."""


@dataclass(frozen=True, slots=True)
class Clash:
    """One part of a patch that does not belong to the new base.

    `hunk` is the hunk's header in the patch, empty where it is about the whole file.  `expected`
    are the lines that the patch was made for and `found` those that are there now, from line `line`
    of the file on (from 1; 0 where there are none).  Both are bounded, without line ends, and
    sealed once they have left this package.
    """

    path: RepoPath
    reason: Reason
    message: str
    hunk: str = ""
    expected: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    line: int = 0


class ConflictError(StaleProposalError):
    """A patch that does not belong to the new base exactly: `clashes` says where and why.

    `number` is the proposal's and `base` what it does not fit, where it is a proposal's.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str,
        clashes: tuple[Clash, ...],
        number: int | None = None,
        base: Snapshot | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.clashes = clashes
        self.number = number
        self.base = base


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of the approvals of a proposal that was put on a newer base.

    `approvals` are those that hold for the new one.  `reasons` say why there are none, or not all;
    empty where nobody had approved.
    """

    approvals: tuple[Approval, ...] = ()
    reasons: tuple[str, ...] = ()
