"""Runs git hooks that are the user's own, where the settings ask for it.

Of git's hooks three run: commit-msg, which may refuse a landing but not reword it; post-commit,
which is told of it; and pre-push, which git runs.  None runs that a patch could bring along: a
hooks folder, or a hook, inside a work tree is refused.  Left out is pre-commit: it runs programs of
the checkout, which would run what was proposed outside of the sandbox.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from workflow import process
from workflow.errors import RefusedError
from workflow.git_command import clean_environment, first_line

if TYPE_CHECKING:
    from workflow.git_store import GitStore
    from workflow.process import Ran

_TIMEOUT_S = 60.0
_MAX_OUTPUT = 1024 * 1024
_WITHOUT = 'mend the hook, or leave hooks out: landing.hooks = "none" in workflow.toml'


class HookError(RefusedError):
    """A hook of the user's refuses a landing, or is not theirs alone; nothing has moved."""


def hooks_folder(git: GitStore) -> Path:
    """Where the user's hooks are: `core.hooksPath`, else the folder `hooks` of git's directory.

    Raises `HookError` for one inside a work tree: a patch could bring a hook there.
    """
    out = git.git("config", "--null", "--show-scope", "--type=path", "--get-all", "core.hooksPath")
    fields = os.fsdecode(out).split("\0")
    # Our own commands switch hooks off by a setting of the scope `command`.
    pairs = zip(fields[::2], fields[1::2], strict=False)
    set_by_user = [value for scope, value in pairs if scope != "command"]
    place = git.top / set_by_user[-1] if set_by_user else git.common_dir / "hooks"
    return _outside(git, place)


def agree(git: GitStore, message: str) -> None:
    """Have the user's commit-msg look at a landing's message.

    Raises `HookError` when it refuses, takes over a minute, or changes the message.
    """
    with TemporaryDirectory(prefix="workflow-message-") as folder:
        file = Path(folder) / "COMMIT_EDITMSG"
        file.write_text(message)
        ran = _run(git, "commit-msg", str(file))
        if ran is None:
            return
        if not ran.is_ok:
            why = "it took too long" if ran.timed_out else first_line(ran.stderr or ran.stdout)
            said = f"the hook commit-msg refuses the landing: {why or f'status {ran.exit_status}'}"
            raise HookError(said, hint=_WITHOUT)
        if not file.is_file() or file.read_bytes() != message.encode():
            said = "the hook commit-msg changes the message, in which the approvers are named"
            raise HookError(said, hint=_WITHOUT)


def tell(git: GitStore) -> None:
    """Run the user's post-commit; as with git, what becomes of it changes nothing."""
    _run(git, "post-commit")


def _run(git: GitStore, name: str, *arguments: str) -> Ran | None:
    """Run a hook as git does; `None` where there is none that can be run."""
    hook = hooks_folder(git) / name
    if not hook.is_file() or not os.access(hook, os.X_OK):
        return None
    return process.run(
        [str(_outside(git, hook)), *arguments],
        env={**clean_environment(), "GIT_DIR": str(git.git_dir)},
        cwd=git.top,
        timeout=_TIMEOUT_S,
        max_output=_MAX_OUTPUT,
    )


def _outside(git: GitStore, place: Path) -> Path:
    real = place.resolve()
    tops = [one.top.resolve() for one in git.worktrees()]
    if any(real.is_relative_to(top) for top in tops) and not real.is_relative_to(
        git.common_dir.resolve()
    ):
        message = f"{place}: a hook inside the work tree is not the user's own"
        raise HookError(message, hint="move it out of there, or set landing.hooks to none")
    return place
