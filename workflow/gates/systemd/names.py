"""The names that a unit takes for granted: accounts, paths, programs, other units."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workflow.gates.systemd.commands import expand, starts
from workflow.semantics.systemd.keys import DEPENDENCIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.gates.systemd.units import Unit
    from workflow.semantics.systemd import Assignment


class Kind(StrEnum):
    """What a name names."""

    USER = "account"
    GROUP = "group"
    FILE = "file"
    FOLDER = "folder"
    PROGRAM = "program"
    UNIT = "unit"


@dataclass(frozen=True, slots=True)
class Name:
    """One name, and the setting that has it."""

    kind: Kind
    value: str
    setting: Assignment


_PATHS = (
    *("ReadWritePaths", "ReadOnlyPaths", "ExecPaths", "InaccessiblePaths"),
    *("BindPaths", "BindReadOnlyPaths"),
)


def names(unit: Unit) -> Iterator[Name]:
    """Yield the names that have to be there when the unit starts."""
    yield from _accounts(unit)
    yield from _paths(unit)
    for start in starts(unit):
        yield Name(Kind.PROGRAM, start.program, start.setting)
    yield from _units(unit)


def _accounts(unit: Unit) -> Iterator[Name]:
    if unit.is_on("DynamicUser"):
        return
    for key in ("User", "SocketUser"):
        yield from (Name(Kind.USER, one.value, one) for one in unit.every(key))
    for key in ("Group", "SocketGroup", "SupplementaryGroups"):
        yield from (Name(Kind.GROUP, word, one) for one, word in unit.words(key))


def _paths(unit: Unit) -> Iterator[Name]:
    """Yield what has to exist; a leading minus says that it need not."""
    for one in unit.every("EnvironmentFile"):
        if not one.value.startswith("-"):
            yield Name(Kind.FILE, expand(one.value, unit), one)
    for key in ("WorkingDirectory", "RootDirectory"):
        for one in unit.every(key):
            if not one.value.startswith(("-", "~")):
                yield Name(Kind.FOLDER, expand(one.value, unit), one)
    for key in _PATHS:
        for one, word in unit.words(key):
            path = word.partition(":")[0] if key.startswith("Bind") else word
            if not path.startswith("-"):
                yield Name(Kind.FOLDER, expand(path.lstrip("+"), unit), one)


def _units(unit: Unit) -> Iterator[Name]:
    for key in sorted(DEPENDENCIES):
        yield from (Name(Kind.UNIT, word, one) for one, word in unit.words(key, "Unit"))
    for key in ("WantedBy", "RequiredBy", "UpheldBy", "Also"):
        yield from (Name(Kind.UNIT, word, one) for one, word in unit.words(key, "Install"))
    for key in ("Unit", "Service", "Sockets"):
        yield from (Name(Kind.UNIT, expand(word, unit), one) for one, word in unit.words(key))
