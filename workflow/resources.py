"""Finds the folders that ship beside the code, and the one for what can be made again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from workflow.errors import WorkflowError

Folder = Literal["prompts", "policies", "sandbox_repo"]

_PACKAGE = Path(__file__).resolve().parent


class MissingResourceError(WorkflowError):
    """A folder that belongs to this program is not there."""


def folder(name: Folder, *, package: Path = _PACKAGE) -> Path:
    """Return the absolute path of a shipped folder.

    An installed wheel carries it as `workflow/data/<name>`; in a checkout, also an editable
    install, it is the folder of that name beside `workflow/`.  `package` is the folder of the
    `workflow` package itself.

    Raises `MissingResourceError` when neither is there.
    """
    checkout = package.parent
    candidates = [package / "data" / name]
    # NOTE: site-packages may hold a stranger's `policies`; only a checkout has our pyproject.toml.
    if (checkout / "pyproject.toml").is_file():
        candidates.append(checkout / name)
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    message = f"the folder {name!r} is missing: looked for {' and '.join(map(str, candidates))}"
    raise MissingResourceError(
        message, hint="install change-workflow again: the installation is incomplete"
    )


def cache_folder() -> Path:
    """The folder of this user for what can be made again; it may not exist yet.

    `$XDG_CACHE_HOME`, or `~/.cache`, as the XDG base directory specification has it.
    """
    home = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(home) if home.startswith("/") else Path.home() / ".cache"
    return base / "change-workflow"
