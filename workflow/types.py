"""The words of the product as values: immutable, and ids that validate themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic_core import CoreSchema

_OBJECT_ID = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_MAX_PATH = 4096


class _Text(str):
    """A string that checks itself on construction, for pydantic as well."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        """Validate as a string, then construct."""
        # Imported here: only the commands that read whole proposals back pay for pydantic.
        from pydantic_core import core_schema  # noqa: PLC0415 - see above

        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


class ObjectId(_Text):
    """A full git object name, SHA-1 or SHA-256, in lower-case hex."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Raise `ValueError` unless `value` is 40 or 64 hex digits."""
        if not _OBJECT_ID.match(value):
            message = f"not a full object id: {value!r}"
            raise ValueError(message)
        return super().__new__(cls, value)

    @property
    def short(self) -> str:
        """The first ten digits, for people."""
        return self[:10]


class CommitId(ObjectId):
    """Names a commit."""

    __slots__ = ()


class TreeId(ObjectId):
    """Names a tree."""

    __slots__ = ()


class BlobId(ObjectId):
    """Names a blob."""

    __slots__ = ()


class Digest(_Text):
    """A SHA-256 with its name in front: `sha256:` and 64 hex digits."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Raise `ValueError` unless `value` has that form."""
        if not _DIGEST.match(value):
            message = f"not a digest: {value!r}"
            raise ValueError(message)
        return super().__new__(cls, value)

    @property
    def short(self) -> str:
        """The first twelve hex digits, for people."""
        return self[7:19]


class RepoPath(_Text):
    """A path inside a repository: relative, `/` between parts, and unable to leave it.

    Refused are absolute paths, empty and dot parts, `..`, NUL, and any part that git could take
    for `.git` (any case).  The finer tricks of other file systems are the policy's business.
    """

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Raise `ValueError` for a path that is not contained."""
        parts = value.split("/")
        bad = (
            not value
            or len(value) > _MAX_PATH
            or "\0" in value
            or any(part in {"", ".", ".."} or part.lower() == ".git" for part in parts)
        )
        if bad:
            message = f"not a contained repository path: {value!r}"
            raise ValueError(message)
        return super().__new__(cls, value)

    @property
    def parts(self) -> tuple[str, ...]:
        """The path's folders and its name."""
        return tuple(self.split("/"))

    @property
    def name(self) -> str:
        """The last part."""
        return self.rsplit("/", 1)[-1]


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


class ChangeKind(StrEnum):
    """What happened to one file between two trees, in git's letters."""

    ADDED = "A"
    MODIFIED = "M"
    DELETED = "D"
    TYPE_CHANGED = "T"


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
    """What a person asks for, in words, and the files that they name."""

    text: str
    paths: tuple[RepoPath, ...]
    requester: Identity
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The base of a proposal: the branch and the commit and tree that it stood at."""

    branch: str
    commit: CommitId
    tree: TreeId


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
    """All that a provider is given: the request, the role, the files, and the rendered prompt."""

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
class Draft:
    """A provider's answer: raw, untrusted, never shown to a terminal unescaped."""

    text: str
    forecasts: tuple[Forecast, ...]
    notes: tuple[str, ...]
    provider: str
    model: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What left this machine for a draft, or that nothing did.

    `prompt` is the digest of the rendered prompt and `prompt_bytes` its size, whether it was sent
    or not; `sent_bytes` counts what went to `destination`.
    """

    destination: str
    sent_bytes: int
    prompt: Digest
    prompt_bytes: int
    files: tuple[RepoPath, ...]


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
    """How much a patch touches: files, hunks, and lines added and removed."""

    files: int
    hunks: int
    added: int
    removed: int


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
    """What a gate says about a proposal: one line for a person, and the runs that show it."""

    gate: str
    outcome: Outcome
    summary: str
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One contained change with all that an approval covers.  Its number is not part of it."""

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

    @property
    def is_clear(self) -> bool:
        """Whether no rule objects, at least one gate judged, and every gate passed."""
        passed = all(verdict.outcome is Outcome.PASS for verdict in self.verdicts)
        return not self.findings and bool(self.verdicts) and passed


Keep: TypeAlias = "Callable[[bytes], Digest]"
"""Keeps bytes in the content-addressed store and returns the digest to find them by."""
