"""What a recipe is, what it is filled with, and what can be wrong with one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workflow.errors import UsageError, WorkflowError

if TYPE_CHECKING:
    from workflow.types import (
        AnswerKind,
        Digest,
        LeftOut,
        RepoPath,
        Role,
        SourceFile,
        Wanted,
    )


class PromptError(WorkflowError):
    """A recipe cannot be read, or not be filled."""


class FenceError(PromptError):
    """A fence stands in what it is to enclose; `fence` makes another one."""


class UnknownRecipeError(UsageError):
    """No recipe has that name."""


class ContextRule(StrEnum):
    """What is gathered beside the files that may be edited."""

    NAMED = "named"
    """The files that the request names."""
    INCLUDES = "includes"
    """What a named nginx file includes, and what includes it."""
    IMPORTS = "imports"
    """Modules of the repository that a named one imports."""
    IMPORTERS = "importers"
    """Modules of the repository that import a named one."""
    TESTS = "tests"
    """Tests that touch a named file."""
    CLIENTS = "clients"
    """Files that name the endpoints of a named one."""
    LISTING = "listing"
    """The paths of the repository, without their content."""


@dataclass(frozen=True, slots=True)
class Input:
    """Something that a recipe works on; `pattern` is a file's glob, empty for any or for words."""

    name: str
    what: str
    pattern: str = ""
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """A recipe's three templates, in the order of a `Prompt`."""

    rules: str
    data: str
    task: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """One prompt file, read and checked.

    `forecast` has the fields of a forecast, empty when nothing is to be forecast.  `digest` is over
    the file's bytes, and `source` is `built in` or the file's path in the repository.
    """

    name: str
    title: str
    role: Role
    answer: AnswerKind
    inputs: tuple[Input, ...]
    context: tuple[ContextRule, ...]
    gates: tuple[str, ...]
    forecast: tuple[str, ...]
    parts: Parts
    digest: Digest
    source: str


@dataclass(frozen=True, slots=True)
class Filling:
    """What a recipe is filled with, all of it sealed where it has to be.

    `files` may be edited and `context` is to read only.  `existing` are paths that are taken, and
    `left_out` files that are not shown.  `already_made` are new files of the architect's draft, and
    `wanted` the edits that it asks for: both for the surgeon of a mixed request.  `complaint` is
    what was wrong with the draft of the round before.
    """

    request: str
    fence: str
    files: tuple[SourceFile, ...] = ()
    context: tuple[SourceFile, ...] = ()
    existing: tuple[RepoPath, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    already_made: tuple[RepoPath, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    complaint: str = ""
    gates: tuple[str, ...] = ()
    is_sealed: bool = False
