"""Runs git so that no environment or configuration of the caller changes what a command means."""

from __future__ import annotations

import os
import re
import shlex
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import process
from workflow.errors import GitError
from workflow.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from workflow.types import Identity

INERT = (
    # A replacement ref would show another object under the name that an approval covers.
    "--no-replace-objects",
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.protectHFS=true"),
    *("-c", "core.protectNTFS=true"),
    *("-c", "core.quotePath=true"),
    *("-c", "i18n.commitEncoding=UTF-8"),
    *("-c", "diff.suppressBlankEmpty=false"),
    *("-c", "diff.indentHeuristic=true"),
    *("-c", "gc.auto=0"),
    # `git log` would start the program that a clone's settings name.
    *("-c", "log.showSignature=false"),
)
# What git may see of our environment: where its user's settings are, who commits, and nothing that
# points it at another repository, index or object store.
_KEPT = (
    *("HOME", "PATH", "TMPDIR", "USER", "LOGNAME", "XDG_CONFIG_HOME"),
    *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CEILING_DIRECTORIES"),
    *("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"),
    *("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"),
)
_LOCK = re.compile(r"Unable to create '(.+\.lock)': File exists")
TIMEOUT_S = 120.0
# A checkout reads whole batches of files at once, so this bounds memory and not what git may say.
_MAX_OUTPUT = 1024 * 1024 * 1024
_MOVES = frozenset({"update-ref", "update-index", "read-tree", "checkout-index"})
"""The commands by which a landing moves refs and the index."""
_HELD: ContextVar[tuple[int, ...]] = ContextVar("held", default=())


def git_version() -> str:
    """The version of git, such as `2.39.5`.  Raises `GitError` when there is no git."""
    return run_git("version", cwd=Path("/")).stdout.decode().removeprefix("git version ").strip()


def run_git(
    *arguments: str,
    cwd: Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT_S,
) -> process.Ran:
    """Run git in a folder with a clean environment; whether it went well is the caller's to ask.

    `timeout` is in seconds of wall time.
    """
    # An optional lock would let a mere look write the user's index.
    full = {**clean_environment(), "GIT_OPTIONAL_LOCKS": "0", **(env or {})}
    argv = ("git", *arguments)
    # Not to every git: one that starts an agent or a connection would leave the lock to those.
    locks = _HELD.get() if not _MOVES.isdisjoint(arguments) else ()
    return process.run(
        argv,
        env=full,
        cwd=cwd,
        stdin=stdin,
        timeout=timeout,
        max_output=_MAX_OUTPUT,
        pass_fds=locks,
    )


@contextmanager
def holding(lock: int) -> Iterator[None]:
    """Have every git that moves something hold a lock of ours, too, until it has ended.

    `lock` is a descriptor with a `flock`.  When this process is killed, the git that it has started
    goes on, and nobody else may act before that one is done.
    """
    token = _HELD.set((*_HELD.get(), lock))
    try:
        yield
    finally:
        _HELD.reset(token)


def clean_environment() -> dict[str, str]:
    """The environment of git and of its hooks: nobody is asked, and nothing leads elsewhere."""
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "false", "LC_ALL": "C.UTF-8"}
    return {**passed(_KEPT), **_safe_directories(), **quiet}


def passed(names: Iterable[str]) -> dict[str, str]:
    """The variables of our own environment of these names, as far as they are set."""
    return {name: os.environ[name] for name in names if name in os.environ}


def _safe_directories() -> dict[str, str]:
    """The folders that the caller's variables declare safe, as CI does; no other setting passes."""
    count = os.environ.get("GIT_CONFIG_COUNT", "")
    names = [str(number) for number in range(int(count) if count.isdecimal() else 0)]
    folders = [
        os.environ.get(f"GIT_CONFIG_VALUE_{name}", "")
        for name in names
        if os.environ.get(f"GIT_CONFIG_KEY_{name}", "").lower() == "safe.directory"
    ]
    settings = {"GIT_CONFIG_COUNT": str(len(folders))}
    for number, folder in enumerate(folders):
        settings[f"GIT_CONFIG_KEY_{number}"] = "safe.directory"
        settings[f"GIT_CONFIG_VALUE_{number}"] = folder
    return settings


def git_error(ran: process.Ran, top: Path) -> GitError:
    """What went wrong, in git's own first line."""
    verb = next((word for word in ran.argv[1:] if not word.startswith("-") and "=" not in word), "")
    if ran.timed_out:
        return GitError(f"{top}: git {verb} took over {ran.seconds:.0f} s", hint="try it by hand")
    if ran.truncated:
        return GitError(f"{top}: git {verb} printed over 1 GiB", hint="is a huge file committed?")
    said = first_line(ran.stderr) or f"exit status {ran.exit_status}"
    hint = "run `workflow doctor`, or the command by hand"
    if lock := _LOCK.search(said):
        hint = f"no git is at work any more? then rm {shlex.quote(lock[1])}, and run it again"
    return GitError(f"{top}: git {verb}: {said}", hint=hint)


def first_line(stderr: bytes) -> str:
    """The first line of what git said, printable."""
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return "".join(char if char.isprintable() else "?" for char in lines[0]) if lines else ""


def author_variables(author: Identity) -> dict[str, str]:
    """The variables by which git knows a commit's author; a name that is blank is the address."""
    email = one_line(author.email)
    return {"GIT_AUTHOR_NAME": one_line(author.name) or email, "GIT_AUTHOR_EMAIL": email}
