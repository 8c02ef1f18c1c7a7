"""Where the repository lies on the servers: told by the base's units, and frozen."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from workflow.gates.systemd.commands import Start, expand, starts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflow.gates.systemd.units import Unit, Units

_APPS = frozenset(("uvicorn", "gunicorn", "hypercorn", "daphne", "granian", "waitress-serve"))
_LONGEST = 1024
_SHARED = frozenset(("/", "/usr", "/usr/bin", "/etc", "/var", "/var/lib", "/opt", "/srv", "/home"))


@dataclass(frozen=True, slots=True)
class Module:
    """The Python module, and the name in it, that a command loads from its folder."""

    start: Start
    name: str
    attribute: str
    folder: str


def module_of(start: Start, unit: Unit) -> Module | None:
    """Return what a command loads by a module's name; `None` for another command."""
    folder = expand(unit.value("WorkingDirectory"), unit).lstrip("-").rstrip("/")
    argv = start.argv
    name = ""
    if start.name in _APPS:
        folder = start.option("--app-dir", "--chdir") or folder
        name = next((word for word in argv[1:] if _is_target(word)), "")
    elif start.name in {"celery", "flask"}:
        name = start.option("-A", "--app")
    elif "-m" in argv[1:-1] and posixpath.basename(argv[0]).startswith("python"):
        name = argv[argv.index("-m") + 1]
    module, _, attribute = name.partition(":")
    if not module or not all(part.isidentifier() for part in module.split(".")):
        return None
    return Module(start, module, attribute.partition("(")[0].partition(".")[0], folder)


def _is_target(word: str) -> bool:
    module, colon, attribute = word.partition(":")
    parts = module.split(".")
    return bool(colon and attribute) and all(part.isidentifier() for part in parts)


def file_of(module: Module, folder: str, modes: Mapping[str, str]) -> str:
    """Return the file of a tree's folder that a module is; empty when it is not there."""
    stem = posixpath.join(folder, *module.name.split("."))
    ends = (".py", "/__init__.py", "/__main__.py")
    return next((stem + end for end in ends if stem + end in modes), "")


def has_package(module: Module, folder: str, units: Units) -> bool:
    """Whether a tree's folder has the package that a module is in, or should be."""
    top = posixpath.join(folder, module.name.partition(".")[0])
    return top in units.folders or f"{top}.py" in units.modes


@dataclass(frozen=True, slots=True)
class Places:
    """Folders of the servers and the tree's folder that each is."""

    known: Mapping[str, str]

    def tree_path(self, path: str) -> str | None:
        """Return where a server's path is in the tree; `None` for one that is elsewhere."""
        for folder in sorted(self.known, key=len, reverse=True):
            if path == folder or path.startswith(f"{folder}/"):
                return posixpath.join(self.known[folder], path[len(folder) + 1 :]).rstrip("/")
        return None


def places(units: Units) -> Places:
    """Return which folders of the servers the units' own working directories show to be ours."""
    found: dict[str, str] = {}
    for unit in units.units:
        for deployed, folder in _places(unit, units):
            # As high as both agree: /srv/app/backend and backend make /srv/app the top.
            top, inside = deployed, folder
            while inside and posixpath.basename(top) == posixpath.basename(inside):
                top, inside = posixpath.dirname(top), posixpath.dirname(inside)
            if not inside and top not in _SHARED:
                found.setdefault(top, "")
            elif deployed not in _SHARED:
                found.setdefault(deployed, folder)
    return Places(found)


def _places(unit: Unit, units: Units) -> Iterator[tuple[str, str]]:
    home = expand(unit.value("WorkingDirectory"), unit).lstrip("-").rstrip("/")
    for start in starts(unit, "ExecStart"):
        module = module_of(start, unit)
        if module and module.folder.startswith("/"):
            fitting = (
                one for one in candidates(module.folder, units) if file_of(module, one, units.modes)
            )
            yield from ((module.folder, folder) for folder in islice(fitting, 1))
        script = next((word for word in start.argv[1:2] if word.endswith((".py", ".js"))), "")
        if home and script and not script.startswith("/"):
            fitting = (
                one for one in candidates(home, units) if posixpath.join(one, script) in units.modes
            )
            yield from ((home, folder) for folder in islice(fitting, 1))
        yield from islice(_scripts(start, units), 1)


def _scripts(start: Start, units: Units) -> Iterator[tuple[str, str]]:
    """Yield where the top lies, by files of the tree that a command names by their full paths."""
    for word in start.argv:
        parts = word[:_LONGEST].split("/")
        for number in range(2, len(parts)):
            if word.startswith("/") and "/".join(parts[number:]) in units.modes:
                yield "/".join(parts[:number]), ""


def candidates(deployed: str, units: Units) -> Iterator[str]:
    """Yield the tree's folders that a server's folder may be: by its last names, then the top."""
    parts = [part for part in deployed[:_LONGEST].split("/") if part]
    for number in range(len(parts)):
        folder = "/".join(parts[number:])
        if folder in units.folders:
            yield folder
    yield ""
