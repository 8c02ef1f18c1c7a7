"""The sections and keys that systemd knows: data of its own dump, `keys.json` names the version."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Keys of units that cannot be cleared by an empty assignment (systemd.unit(5), "drop-in").
DEPENDENCIES = frozenset(
    [
        "Requires",
        "Requisite",
        "Wants",
        "BindsTo",
        "PartOf",
        "Upholds",
        "Conflicts",
        "Before",
        "After",
        "OnFailure",
        "OnSuccess",
        "PropagatesReloadTo",
        "ReloadPropagatedFrom",
        "PropagatesStopTo",
        "StopPropagatedFrom",
        "JoinsNamespaceOf",
    ]
)


@cache
def _table() -> Mapping[str, Mapping[str, bool]]:
    """Return for each section its keys, and whether each holds one value."""
    text = files("workflow.semantics.systemd").joinpath("keys.json").read_text("utf-8")
    data = json.loads(text)
    found: dict[str, dict[str, bool]] = {}
    for section, own in data["own"].items():
        groups = [own]
        groups += [one for one in data["shared"].values() if section in one["sections"]]
        for group in groups:
            keys = found.setdefault(section, {})
            keys |= dict.fromkeys(group["once"], True) | dict.fromkeys(group["many"], False)
    return found


def sections() -> frozenset[str]:
    """Return the sections that systemd knows."""
    return frozenset(_table())


def keys(section: str) -> frozenset[str]:
    """Return the keys that systemd knows in a section."""
    return frozenset(_table().get(section, {}))


def is_single(section: str, key: str) -> bool:
    """Whether a key holds one value, so that the last assignment wins."""
    return _table().get(section, {}).get(key, False)


def sections_of(key: str) -> tuple[str, ...]:
    """Return the sections that know a key."""
    return tuple(section for section, keys in _table().items() if key in keys)
