"""Environments that a person made: the project's own beside its files, or the active one."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NAMES = (".venv", "venv")


def own_python(top: Path, root: str, is_committed: Callable[[str], bool]) -> Path | None:
    """Return the Python of the nearest environment that has pytest, at `root` or above it.

    `top` is the work tree's folder, `root` the project's folder in it, empty for the top.  One that
    is committed is content of the repository like any other, and not taken; neither is one that is
    reached through a link of the tree.
    """
    folder = root
    while True:
        for name in NAMES:
            path = posixpath.join(folder, name)
            place = top / path
            is_one = (place / "pyvenv.cfg").is_file() and _has_pytest(place)
            if is_one and place.resolve() == top.resolve() / path:
                return None if is_committed(path) else place / "bin" / "python"
        if not folder:
            return None
        folder = posixpath.dirname(folder)


def active_python(environ: Mapping[str, str]) -> Path | None:
    """Return the Python of the environment that this user has activated, if it has pytest.

    That is what the variables `VIRTUAL_ENV` and `CONDA_PREFIX` name.
    """
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        place = Path(environ.get(name) or "/nowhere")
        python = place / "bin" / "python"
        if place.is_absolute() and python.is_file() and _has_pytest(place):
            return python
    return None


def _has_pytest(place: Path) -> bool:
    return any(place.glob("lib/python3*/site-packages/pytest/__init__.py"))
