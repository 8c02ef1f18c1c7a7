"""Runs one command as a probe: on the live machine, unconfined, which somebody has to have allowed.

No word of it may be a file of the checkout: whatever lands could replace what runs next.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import process

if TYPE_CHECKING:
    from workflow.probes.interface import CommandCheck
    from workflow.process import Ran

MOST_OUTPUT = 1_000_000
"""How many bytes of each output a command may write; one that writes more is killed."""
_KEPT = ("HOME", "PATH", "TMPDIR", "USER", "LOGNAME", "XDG_RUNTIME_DIR")


class NotRunError(Exception):
    """The command was not run; the message says why, in a line."""


def run(check: CommandCheck, folder: Path, timeout_s: float) -> Ran:
    """Run it in `folder`, the top of the checkout, with little of our environment.

    Raises `NotRunError`.
    """
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    for word in check.argv[1:]:
        if (folder / word).is_file() and _is_inside(folder / word, folder):
            raise _replaceable(word)
    try:
        return process.run(
            check.argv,
            env={**env, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
            cwd=folder,
            timeout=timeout_s,
            max_output=MOST_OUTPUT,
            executable=str(_program(check.argv[0], folder, env.get("PATH", os.defpath))),
        )
    except process.ProgramNotFoundError as error:
        raise NotRunError(error.message) from error


def _program(name: str, folder: Path, path: str) -> Path:
    """The program of a name, by `path` or as it stands, which may not lie in `folder`."""
    if os.sep in name:
        found = folder / name
    else:
        found = Path(shutil.which(name, path=path) or "")
        if not found.is_absolute():
            message = f"there is no program {name!r} on PATH"
            raise NotRunError(message)
    if _is_inside(found, folder):
        raise _replaceable(name)
    return found


def _is_inside(place: Path, folder: Path) -> bool:
    """Whether a path leads into a folder, by its words or by links."""
    top = folder.resolve()
    places = (Path(os.path.normpath(place)), place.resolve())
    return any(one.is_relative_to(top) or one.is_relative_to(folder) for one in places)


def _replaceable(word: str) -> NotRunError:
    message = f"{word!r} lies in the repository, where a change could replace it"
    return NotRunError(message)
