"""The host's files and folders that gates of one's own may see, checked before any is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workflow.config import ConfigError
from workflow.sandbox import TREE
from workflow.sandbox.recipe import is_placeable, is_system

if TYPE_CHECKING:
    from collections.abc import Sequence

VARIABLE = "WORKFLOW_GATES__TOOLS"
# What a sandbox has of its own, or what no tool lies in.
_OWN = ("/etc", "/proc", "/dev", "/sys", "/run", "/tmp/home", TREE)  # noqa: S108 - inside


def checked(names: Sequence[str]) -> tuple[Path, ...]:
    """Return the paths, without those of the system, which every run sees.

    Raises `ConfigError` for one that is not there, that holds a home folder, or that cannot be
    shown at its own place.
    """
    paths = [Path(name) for name in names]
    for path in paths:
        if why := _why_not(path):
            message = f"{VARIABLE} names {path}, which {why}"
            raise ConfigError(message, hint=f"export {VARIABLE}=/folder/of/the/tool")
    return tuple(path for path in paths if not is_system(path))


def _why_not(path: Path) -> str:
    """Return why a path cannot be shown; empty when it can."""
    home = Path.home().resolve()
    real = path.resolve()
    if not path.exists():
        return "is not there"
    if real in (home, *home.parents):
        return "is a home folder or holds it"
    if str(path) == "/" or not is_placeable(path) or any(_is_at(path, own) for own in _OWN):
        return "cannot be shown at its own place"
    return ""


def _is_at(path: Path, place: str) -> bool:
    return str(path) == place or str(path).startswith(f"{place}/")
