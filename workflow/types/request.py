"""What is asked for, of whom, and what the one who drafts is given to read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# Not under TYPE_CHECKING: pydantic reads these annotations when a stored proposal is read back.
from workflow.types.draft import LeftOut, Wanted  # noqa: TC001 - see above
from workflow.types.ids import RepoPath  # noqa: TC001 - see above
from workflow.types.people import Identity, Person


class Role(StrEnum):
    """Who drafts: the architect creates new files, the surgeon edits existing ones."""

    ARCHITECT = "architect"
    SURGEON = "surgeon"


class Way(StrEnum):
    """What the router answers: one role, both one after the other, or that a person has to say."""

    ARCHITECT = "architect"
    SURGEON = "surgeon"
    MIXED = "mixed"
    ASK = "ask"


class AnswerKind(StrEnum):
    """What a recipe has a drafter answer with."""

    EDITS = "edits"
    """A diff of existing files."""
    FILES = "files"
    """New files, whole."""
    FINDINGS = "findings"
    """What is wrong where, a diff that mends it, and a smoke test."""
    EXPLANATION = "explanation"
    """Words alone: nothing is to change."""


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """What a person asks for, in words, and the files that they name.

    `way` and `recipe` are what the requester asked for, `None` and empty where they leave the
    choice.  `allowed` are the ids of policy rules whose objection the requester says is intended.
    `account` is that of `Person`: who is behind an agent that asks under a name of its own.
    """

    text: str
    paths: tuple[RepoPath, ...]
    requester: Identity
    way: Way | None = None
    allowed: tuple[str, ...] = ()
    recipe: str = ""
    account: str = ""

    @property
    def person(self) -> Person:
        """Who asks."""
        return Person(self.requester, self.account)


@dataclass(frozen=True, slots=True)
class Route:
    """Who drafts, and why.

    `confidence` is in percent, 100 for a fact or a given role; `looked_at` says what was weighed.
    """

    way: Way
    reasons: tuple[str, ...]
    confidence: int = 100
    looked_at: tuple[str, ...] = ()

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles that draft, in their order; none where a person has to say."""
        both = {Way.MIXED: (Role.ARCHITECT, Role.SURGEON), Way.ASK: ()}
        return both[self.way] if self.way in both else (Role(self.way.value),)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the base tree, with its exact bytes."""

    path: RepoPath
    data: bytes


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is given to read, in the order in which it changes least.

    `rules` are the recipe's and the same for each request with it, `data` are the fenced files, and
    `task` is the request and, after the first round, what was wrong with the draft before.
    """

    rules: str
    data: str
    task: str

    def __str__(self) -> str:
        """The whole text, as it is kept and shown."""
        return f"{self.rules}\n{self.data}\n{self.task}"


@dataclass(frozen=True, slots=True)
class Brief:
    """All that a provider is given: the request, the role, the files, and the rendered prompt.

    `files` may be edited and are whole; `context` is to read only, and `existing` are names of
    files of the base, not always of all; `left_out` was not shown.  `wanted` are the edits that
    an architect has left to the surgeon.  `complaint` is what was wrong with the draft of the round
    before, empty in the first one.  Everything in it but `left_out` is sealed: placeholders stand
    for secrets and tenant data, in names, too.
    """

    request: str
    role: Role
    files: tuple[SourceFile, ...]
    prompt: Prompt
    recipe: str = "surgical-edit"
    answer: AnswerKind = AnswerKind.EDITS
    gates: tuple[str, ...] = ()
    context: tuple[SourceFile, ...] = ()
    existing: tuple[RepoPath, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    complaint: str = ""
