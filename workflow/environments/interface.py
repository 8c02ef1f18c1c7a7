"""What a gate asks for when it needs a Python with a project's dependencies, and what it gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from workflow.errors import WorkflowError

if TYPE_CHECKING:
    from collections.abc import Collection

    from workflow.sandbox.interpreter import Interpreter
    from workflow.types import RepoPath

Read = Callable[["RepoPath"], bytes]
"""Content of a regular file of a tree; raises `KeyError` where there is none."""


class EnvironmentUnavailableError(WorkflowError):
    """There is no Python with what the project needs, and none could be made."""


class Source(StrEnum):
    """Where an environment comes from."""

    SETTING = "setting"
    """The interpreter that `[gates.pytest] python` names."""
    PROJECT = "project"
    """The project's own virtual environment, in its folder and not committed."""
    ACTIVE = "active"
    """The environment that this user has activated."""
    BUILT = "built"
    """Built in the sandbox from what the project's files require, and kept by hash."""
    OURS = "ours"
    """The interpreter that runs `workflow`."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A Python and its packages, as a sandbox shows them read-only.

    `told` says to a person what it is, without a path of the cache.  `packages` are the pinned
    packages (`name==version`) of one that was built, sorted, and empty for the others.  Two of one
    `key` are the same interpreter with the same packages; of what was not built, it is the place.
    """

    interpreter: Interpreter
    source: Source
    told: str
    key: str
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """The environments of both trees, and what a reviewer should know of them.

    `doubts` are what he has to look at: a patch that changes what tests run on brings code that
    runs together with them, and can tell them what to say.
    """

    base: Environment
    patched: Environment
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether both trees run on the same interpreter and packages."""
        return self.base.key == self.patched.key


class Environments(Protocol):
    """Gives each tree its environment: one for both, unless the patch changes what is required."""

    def pair(
        self,
        base: Read,
        patched: Read,
        root: str = "",
        changed: Collection[RepoPath] | None = None,
    ) -> Pair:
        """Return the environments for the project in the folder `root`, empty for the top.

        `changed` are the paths in which the trees differ: with them only what matters is read.
        Builds one where that is wanted and none is kept yet, which takes seconds to minutes.

        Raises `EnvironmentUnavailableError` or `UsageError`, with the mend as its hint, and
        `SandboxUnavailableError`.
        """
        ...
