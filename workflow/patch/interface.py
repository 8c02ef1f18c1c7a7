"""The edit model that every dialect becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflow.types import RepoPath


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines to find and lines to put there; each line keeps its own end, as bytes.

    `number` counts the hunks of a draft from 1, for messages.
    """

    number: int
    old: tuple[bytes, ...]
    new: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class FileEdit:
    """The hunks that a draft has for one existing file."""

    path: RepoPath
    hunks: tuple[Hunk, ...]
