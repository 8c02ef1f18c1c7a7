"""The versions that a lock pins: `uv.lock`, `pylock.toml` (PEP 751) and `poetry.lock`.

They bound the versions of what is required.  Their hashes, markers and addresses do not count: a
package that a lock has in several versions is left to the resolver.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow.environments.interface import EnvironmentUnavailableError
from workflow.environments.lines import normal, requirement
from workflow.semantics.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Callable

# Name of the file, and of its list of packages.
LOCKS = {"uv.lock": "package", "pylock.toml": "packages", "poetry.lock": "package"}
_ELSEWHERE = {"git", "url", "directory", "path", "file", "virtual", "editable"}
_MAX_PACKAGES = 5000


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock's file name, empty where there is none, and its pins in normal form."""

    name: str = ""
    pins: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def locked(text: Callable[[str], str | None]) -> Lock:
    """Return the first lock of a folder; `text` gives a file of the folder by its name."""
    for name, key in LOCKS.items():
        content = text(name)
        if content is None:
            continue
        try:
            packages = read_toml(content).get(key)
        except ValueError as error:
            return Lock(name, (), (f"{name} is not read: {error}",))
        return Lock(name, _pins(packages if isinstance(packages, list) else [], name))
    return Lock()


def _pins(packages: list[Any], name: str) -> tuple[str, ...]:
    versions: dict[str, set[str]] = {}
    for one in packages[:_MAX_PACKAGES]:
        if isinstance(one, dict) and "version" in one and not _is_elsewhere(one):
            versions.setdefault(normal(str(one.get("name", ""))), set()).add(str(one["version"]))
    pins = []
    for package, found in sorted(versions.items()):
        if len(found) == 1:
            try:
                pins.append(requirement(f"{package}=={found.pop()}", name))
            except EnvironmentUnavailableError:
                continue
    return tuple(pins)


def _is_elsewhere(package: dict[str, Any]) -> bool:
    """Whether a package comes from a folder or an address, and from no index."""
    source = package.get("source")
    kinds = {str(source.get("type")), *source} if isinstance(source, dict) else set()
    return bool(kinds & _ELSEWHERE) or bool({"vcs", "directory", "archive"} & package.keys())
