"""Environments that are there already: the one that a setting names, or the one that runs us."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.environments.interface import Environment, Pair, Source
from workflow.sandbox.interpreter import interpreter

if TYPE_CHECKING:
    from collections.abc import Collection

    from workflow.environments.interface import Read
    from workflow.types import RepoPath

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Installed:
    """One interpreter for both trees, whatever they require.

    `python` is its absolute path, or `auto` for the one that runs us.
    """

    python: str = AUTO

    def pair(
        self,
        base: Read,
        patched: Read,
        root: str = "",
        changed: Collection[RepoPath] | None = None,
    ) -> Pair:
        """Return that interpreter; raises `UsageError` when it is none."""
        del base, patched, root, changed
        one = installed(self.python)
        return Pair(one, one)


def installed(python: str) -> Environment:
    """Return the environment of an interpreter's absolute path, or ours for `auto`."""
    ours = python == AUTO
    found = interpreter(Path(sys.executable if ours else python))
    told = "the Python that runs `workflow`" if ours else str(found.program)
    return Environment(found, Source.OURS if ours else Source.SETTING, told, str(found.program))
