"""Trees and what differs between them, in git's own terms."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# Not under TYPE_CHECKING: pydantic reads these annotations when a stored proposal is read back.
from workflow.types.ids import BlobId, CommitId, RepoPath, TreeId  # noqa: TC001 - see above


class ChangeKind(StrEnum):
    """What happened to one file between two trees, in git's letters."""

    ADDED = "A"
    MODIFIED = "M"
    DELETED = "D"
    TYPE_CHANGED = "T"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The base of a proposal: the branch and the commit and tree that it stood at."""

    branch: str
    commit: CommitId
    tree: TreeId


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a tree: git's octal mode, its blob and its path."""

    mode: str
    blob: BlobId
    path: RepoPath

    @property
    def is_regular(self) -> bool:
        """Whether this is an ordinary file, not a symbolic link or a submodule."""
        return self.mode in {"100644", "100755"}


@dataclass(frozen=True, slots=True)
class FileChange:
    """One row of `git diff-tree --raw`: modes are git's octal strings, `None` where absent."""

    path: RepoPath
    kind: ChangeKind
    old_mode: str | None
    new_mode: str | None
    old: BlobId | None
    new: BlobId | None


@dataclass(frozen=True, slots=True)
class TreeChange:
    """Two trees and every file that differs between them."""

    base: TreeId
    proposed: TreeId
    files: tuple[FileChange, ...]

    @property
    def paths(self) -> tuple[RepoPath, ...]:
        """The changed files' paths, in git's order."""
        return tuple(change.path for change in self.files)


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """How much a patch touches: files, hunks, and lines added and removed.

    `things` are the named ones whose meaning changes, such as functions, routes and dependencies,
    in files of which the language is read (`semantics.changes`); the first 100 files are.
    """

    files: int
    hunks: int
    added: int
    removed: int
    things: int = 0
