"""What git's own settings say: the user's and the repository's, never those of a tree."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from workflow.git_command import git_error

if TYPE_CHECKING:
    from workflow.git_store import GitStore

_NOT_SET = 1


def setting(git: GitStore, name: str, *how: str) -> str:
    """The value of a setting, empty where there is none; `how` are options of `git config`.

    Raises `GitError` for one that cannot be read, or is not of the type that `how` asks for.
    """
    # NOTE: no setting comes through from the environment (`git_command`).
    ran = git.attempt("config", "--null", *how, "--get", name)
    if ran.exit_status == _NOT_SET and not ran.stderr:
        return ""
    if not ran.is_ok:
        raise git_error(ran, git.top)
    return os.fsdecode(ran.stdout).removesuffix("\0")
