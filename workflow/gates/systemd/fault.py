"""A fault of a unit: what systemd takes and does otherwise than it seems, or fails at on start."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workflow.gates.text import one_line

if TYPE_CHECKING:
    from workflow.gates.systemd.units import Unit
    from workflow.semantics.systemd import Assignment


class Level(StrEnum):
    """How much a new fault weighs."""

    FAULT = "fault"
    """Wrong as it stands: a patch that brings it in is refused."""
    DOUBT = "doubt"
    """Often intended: a person should look before approving."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that a rule found.

    `cause` says in a sentence what happens, `fix` what to do.  `key` tells this fault from others
    and is the same on base and patched as long as it is the same one: names and values, no lines.
    """

    rule: str
    path: str
    line: int
    cause: str
    key: tuple[str, ...]
    fix: str = ""
    level: Level = Level.FAULT

    def __str__(self) -> str:
        """One line, as compilers print it."""
        return one_line(f"{self.path}:{self.line}: {self.cause} [{self.rule}]")


def at(  # noqa: PLR0913 - a fault has a rule, a place, a cause, a fix and a weight
    rule: str,
    unit: Unit,
    place: Assignment,
    cause: str,
    *,
    fix: str = "",
    level: Level = Level.FAULT,
) -> Fault:
    """Return the fault of a unit at one of its settings."""
    key = (rule, unit.name, place.key, place.value)
    return Fault(rule, place.path, place.line, cause, key, fix, level)
