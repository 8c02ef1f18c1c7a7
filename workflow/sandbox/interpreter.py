"""Which folders a Python needs: found by looking, for it is not started outside a sandbox."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from workflow.errors import UsageError

_HINT = "set `[gates.pytest] python` to the full path of an interpreter, such as .venv/bin/python"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python as a sandbox runs it: the program, and the host folders that it needs."""

    program: Path
    folders: tuple[Path, ...]


def interpreter(python: Path) -> Interpreter:
    """Return how to run `python` inside.

    For a virtual environment that is the environment and the prefix of the Python that it was made
    from; else the prefix of the real program behind any links.  The home folder is never among
    them as a whole.  Raises `UsageError` when there is no such program, or it lies loose in a home.
    """
    python = Path(os.path.normpath(python.absolute()))
    if not python.is_file():
        message = f"there is no Python at {python}"
        raise UsageError(message, hint=_HINT)
    real = python.resolve()
    environment = python.parent.parent
    config = environment / "pyvenv.cfg"
    if not config.is_file():
        return Interpreter(real, _outermost([real.parent.parent]))
    found = [environment, real.parent.parent]
    link = python
    while link.is_symlink():
        link = Path(os.path.normpath(link.parent.resolve() / link.readlink()))
        found.append(link.parent)
    home = _home(config)
    if home is not None:
        found += [home, home.parent / "lib"]
    return Interpreter(python, _outermost([path for path in found if path.is_dir()]))


def _outermost(found: list[Path]) -> tuple[Path, ...]:
    home = Path.home()
    for path in found:
        if path == home or path in home.parents:
            message = f"the Python in {path} would show the home folder to what runs inside"
            raise UsageError(message, hint=_HINT)
    paths = sorted(set(found))
    return tuple(path for path in paths if not any(other in path.parents for other in paths))


def _home(config: Path) -> Path | None:
    """Return the `home` key of a `pyvenv.cfg`: the folder of the Python it was made from."""
    for line in config.read_text("utf-8", "replace").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home" and value.strip().startswith("/"):
            return Path(os.path.normpath(value.strip()))
    return None
