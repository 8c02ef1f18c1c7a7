"""What changes in what a Python project asks for: `pyproject.toml` and lists of requirements."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from workflow.semantics.changes.interface import SemanticChange, compared
from workflow.semantics.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9](?:[\w.-]{0,200}[A-Za-z0-9])?)\s*(.*)\Z", re.DOTALL)
# What is told as a dependency, a command or a fact of the project.
_TOLD = {
    *("dependency-groups", "build-system.requires", "project.dependencies", "project.scripts"),
    *("project.optional-dependencies", "project.name", "project.version"),
    "project.requires-python",
}
_IS_LIST = re.compile(r"(?:requirements|constraints)[\w.-]*\.(?:txt|in)\Z")


def is_requirements(name: str) -> bool:
    """Whether a file of this name is a list of requirements."""
    return _IS_LIST.match(name) is not None


def requirement_changes(before: str, after: str) -> list[SemanticChange]:
    """Return what differs between two lists of requirements; comments are nothing."""
    return compared("dependency", _listed(_lines(before)), _listed(_lines(after)))


def pyproject_changes(before: str, after: str) -> list[SemanticChange]:
    """Return what differs between two `pyproject.toml` in dependencies, scripts and versions.

    Raises `ValueError` for a text that is no TOML.
    """
    old, new = _tables(read_toml(before)), _tables(read_toml(after))
    return [
        one
        for thing in dict.fromkeys((*new, *old))
        for one in compared(thing, old.get(thing, {}), new.get(thing, {}))
    ]


def _tables(document: dict[str, Any]) -> dict[str, dict[str, str]]:
    project = _table(document.get("project"))
    found = {"dependency": _listed(_strings(project.get("dependencies")))}
    for key, groups in (
        ("extra", _table(project.get("optional-dependencies"))),
        ("group", _table(document.get("dependency-groups"))),
    ):
        for name, rows in groups.items():
            found[f"dependency of the {key} {name}"] = _listed(_strings(rows))
    system = _table(document.get("build-system"))
    found["dependency of the build"] = _listed(_strings(system.get("requires")))
    scripts = _table(project.get("scripts"))
    found["command"] = {name: str(value) for name, value in scripts.items()}
    words = ("name", "version", "requires-python")
    found["project"] = {key: str(project[key]) for key in words if key in project}
    found["setting"] = _settings(document)
    return found


def _settings(document: dict[str, Any]) -> dict[str, str]:
    """Return every other value by its dotted key."""
    found: dict[str, str] = {}
    stack: list[tuple[str, Any]] = [("", document)]
    while stack:
        place, value = stack.pop()
        if place in _TOLD:
            continue
        if isinstance(value, dict):
            inner = [(f"{place}.{key}" if place else key, one) for key, one in value.items()]
            stack.extend(reversed(inner))
        else:
            found[place] = str(value)
    return found


def _listed(rows: Iterable[str]) -> dict[str, str]:
    """Return requirements by their normalised names (PEP 503)."""
    found: dict[str, str] = {}
    for row in rows:
        match = _REQUIREMENT.match(row)
        if match is None or row.lstrip().startswith("-"):
            found[row.strip()] = ""
        else:
            found[re.sub(r"[-_.]+", "-", match[1]).lower()] = " ".join(match[2].split())
    return found


def _lines(text: str) -> Iterable[str]:
    joined = text.replace("\\\n", " ")
    rows = (re.sub(r"(?:^|\s)#.*", "", line) for line in joined.splitlines())
    return (row for row in rows if row.strip())


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _strings(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
