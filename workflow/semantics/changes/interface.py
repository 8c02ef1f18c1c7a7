"""One named thing that a change adds, removes or alters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workflow.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 200
"""How many changes of one file are told; the rest is counted."""
_LONGEST = 240


class Effect(StrEnum):
    """What happens to a thing."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class SemanticChange:
    """What happens to one thing of a file.

    `thing` is what kind it is, such as `function`, `route` or `dependency`; `name` which one, as
    the language spells it; `detail` what was and what is.  Name and detail are printable lines.
    """

    effect: Effect
    thing: str
    name: str
    detail: str = ""

    def __str__(self) -> str:
        """One sentence for a person."""
        told = f"{self.thing} {self.name}" if self.name else self.thing
        return f"{self.effect}: {told}" + (f": {self.detail}" if self.detail else "")


def change(effect: Effect, thing: str, name: str, detail: str = "") -> SemanticChange:
    """Return a change, its words made fit to show."""
    return SemanticChange(effect, thing, _shown(name), _shown(detail))


def _shown(text: str) -> str:
    line = one_line(text[: 4 * _LONGEST])
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def bounded(found: Sequence[SemanticChange]) -> tuple[SemanticChange, ...]:
    """Return the changes, the surplus as one that counts it."""
    if len(found) <= MOST:
        return tuple(found)
    rest = f"{len(found) - MOST} more"
    return (*found[:MOST], SemanticChange(Effect.CHANGED, "and", rest))


def compared(
    thing: str, before: dict[str, str], after: dict[str, str], *, arrow: str = " → "
) -> list[SemanticChange]:
    """Return what differs between two tables of names and values, in the order of the newer."""
    found = []
    for name, value in after.items():
        if name not in before:
            found.append(change(Effect.ADDED, thing, name, value))
        elif before[name] != value:
            detail = f"{before[name]}{arrow}{value}" if before[name] and value else ""
            found.append(change(Effect.CHANGED, thing, name, detail))
    gone = (name for name in before if name not in after)
    return found + [change(Effect.REMOVED, thing, name, before[name]) for name in gone]
