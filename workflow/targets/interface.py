"""What targets are made of: live files before and after, how far an install has come, and errors.

A *target* is a group of files that live outside git, such as NGINX's.  An *install* brings what a
commit holds to the live paths; before it does, it takes an exact *snapshot* of what is there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from workflow.errors import RefusedError, WorkflowError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.config import Settings
    from workflow.git_store import GitStore
    from workflow.store import Store
    from workflow.types import Digest, Keep, RepoPath


class TargetError(WorkflowError):
    """An install or a restore could not be done; the message says what is there now."""


class TargetRefusedError(RefusedError):
    """An install was refused before anything was written."""


class DriftError(TargetRefusedError):
    """A live file is not what was installed last: somebody has edited it.

    `details` is a bounded diff, sealed.
    """

    def __init__(self, message: str, *, hint: str, details: str = "") -> None:
        """Keep the diff apart from the two sentences."""
        super().__init__(message, hint=hint)
        self.details = details


class StuckTargetError(WorkflowError):
    """What was there could not be restored; the recovery file has the exact commands."""


class InstallState(StrEnum):
    """How far an install has come."""

    INTENDED = "intended"
    """Written down; whoever finds it like this restores what was there before."""
    INSTALLED = "installed"
    """Live, checked and reloaded; the landing that it belongs to is not confirmed yet."""
    KEPT = "kept"
    """It stands."""
    RESTORING = "restoring"
    """It is being taken back; whoever finds it like this goes on with that."""
    RESTORED = "restored"
    """What was there before is there again."""
    STUCK = "stuck"
    """What was there before could not be restored, or not be reloaded: a person has to look."""


OPEN = frozenset({InstallState.INTENDED, InstallState.RESTORING})
"""States that a killed command leaves behind."""
STANDING = frozenset({InstallState.INSTALLED, InstallState.KEPT})
"""States in which the live files are those of the install."""


class EntryKind(StrEnum):
    """What is at a live path."""

    ABSENT = "absent"
    FILE = "file"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is at a live path, to the last attribute that can be put back.

    `content` is the digest of a file's bytes, or of where a link leads; `mtime` is in nanoseconds,
    as text, and `xattrs` are names with their values in hex (POSIX ACLs are among them).
    """

    kind: EntryKind
    content: str = ""
    size: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    mtime: str = "0"
    xattrs: tuple[tuple[str, str], ...] = ()


ABSENT = Entry(EntryKind.ABSENT)


@dataclass(frozen=True, slots=True)
class Target:
    """One `[[targets]]` section: where each file of the repository lives, and what to run."""

    name: str
    files: tuple[tuple[RepoPath, Path], ...]
    mode: int
    may_replace_links: bool
    branch: str
    check: tuple[str, ...]
    reload: tuple[str, ...]
    probes: tuple[str, ...]
    timeout_s: float
    settle_s: float


@dataclass(frozen=True, slots=True)
class Site:
    """The live machine beside a repository: what every verb of this package needs.

    `settings` are those of the base.  `who` is written into the journal.  `keep` keeps what probes
    say, sealed; `seal` hides secrets in text that is shown; `tell` hears what takes long.
    """

    git: GitStore
    store: Store
    settings: Settings
    who: str
    keep: Keep
    seal: Callable[[str], str]
    tell: Callable[[str], None] = field(default=lambda _: None)


@dataclass(frozen=True, slots=True)
class Install:
    """An install as the journal has it: its number, target, commit, landing if any, and state.

    `snapshot` is the digest of the manifest, which says what was there before, and `note` is what
    went wrong, if anything did.
    """

    number: int
    target: str
    landing: int | None
    commit: str
    snapshot: Digest
    state: InstallState
    who: str
    at: str
    note: str = ""


class Health(StrEnum):
    """How a target's live files compare with the repository."""

    SAME = "same"
    DRIFT = "drift"
    """Somebody has changed a live file since it was installed."""
    BEHIND = "behind"
    """The live files are as they were installed, and the branch has gone on."""
    NOT_INSTALLED = "not installed"
    UNFINISHED = "unfinished"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class FileStatus:
    """One live file: what is other than expected.

    That is `content`, `mode`, `owner`, `group`, `missing`, `unexpected` or `kind` where somebody
    has changed it since it was written, else `repository` where the branch has another content,
    or `not in the repository`.  `diff` is how the content of an edited one is other than what was
    installed, bounded and sealed, where that was asked for.
    """

    source: str
    path: str
    differs: tuple[str, ...]
    diff: str = ""


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """A target as `workflow targets status` shows it.

    `commit` is what was installed last and still stands, `good` the newest install that was kept,
    `recovery` the file with the commands of a stuck one.
    """

    name: str
    health: Health
    files: tuple[FileStatus, ...]
    commit: str
    good: str
    recovery: str = ""
    note: str = ""
