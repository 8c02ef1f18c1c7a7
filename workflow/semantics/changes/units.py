"""What changes in a unit file of systemd, by section and key; repeated keys in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.changes.interface import Effect, SemanticChange, change
from workflow.semantics.systemd import effective, parse
from workflow.semantics.systemd.keys import DEPENDENCIES

if TYPE_CHECKING:
    from collections.abc import Sequence

# Lists of words whose order and lines mean nothing.
_SETS = DEPENDENCIES | {"WantedBy", "RequiredBy", "UpheldBy", "Alias", "Also", "Documentation"}
# What may hold a secret: which names changed is told, not their values.
_HIDDEN = frozenset(("Environment", "SetCredential", "SetCredentialEncrypted"))


def unit_changes(before: str, after: str) -> list[SemanticChange]:
    """Return what differs between two texts of a unit file or drop-in.

    Comments, blank lines, how a value is folded, and the order of different keys are nothing.

    Raises `ValueError` for a text that is no unit file.
    """
    old, new = _table(before), _table(after)
    found: list[SemanticChange] = []
    for place in dict.fromkeys((*new, *old)):
        found += _compared(place, old.get(place, []), new.get(place, []))
    return found


def _table(text: str) -> dict[str, list[str]]:
    """Return the values that count by `[Section] Key`, and the lines that are no settings."""
    unit = parse(text)
    found: dict[str, list[str]] = {}
    for one in effective(unit.assignments):
        values = found.setdefault(f"[{one.section}] {one.key}", [])
        if one.key in _SETS:
            values += [word for word in one.value.split() if word not in values]
        else:
            values.append(one.value)
    for _, line in unit.strays:
        found.setdefault("line that is no setting", []).append(line)
    return found


def _compared(place: str, old: Sequence[str], new: Sequence[str]) -> list[SemanticChange]:
    key = place.rpartition(" ")[2]
    if key in _SETS and sorted(old) == sorted(new):
        return []
    if list(old) == list(new):
        return []
    if key in _HIDDEN:
        return [change(_effect(old, new), "setting", place, _names(old, new))]
    if len(old) <= 1 and len(new) <= 1:
        detail = " → ".join(value or "(empty)" for value in (*old, *new))
        return [change(_effect(old, new), "setting", place, detail)]
    if sorted(old) == sorted(new):
        return [change(Effect.MOVED, "setting", place, " / ".join(new))]
    gone = [change(Effect.REMOVED, "setting", place, one) for one in _less(old, new)]
    return gone + [change(Effect.ADDED, "setting", place, one) for one in _less(new, old)]


def _effect(old: Sequence[str], new: Sequence[str]) -> Effect:
    if old and new:
        return Effect.CHANGED
    return Effect.ADDED if new else Effect.REMOVED


def _less(values: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return the values that the others do not have, each as often as it is more."""
    left = list(others)
    found = []
    for value in values:
        if value in left:
            left.remove(value)
        else:
            found.append(value or "(empty)")
    return found


def _names(old: Sequence[str], new: Sequence[str]) -> str:
    """Say which variables differ, and never what they are."""
    was, now = _variables(old), _variables(new)
    words = [f"+{name}" for name in now if name not in was]
    words += [f"-{name}" for name in was if name not in now]
    words += [name for name in now if name in was and was[name] != now[name]]
    return ", ".join(words) or "another order"


def _variables(values: Sequence[str]) -> dict[str, str]:
    rows = (word.strip("\"'") for value in values for word in value.split())
    pairs = (row.partition("=") for row in rows)
    return {name: value for name, equals, value in pairs if equals}
