"""Who is at this machine: the account of the human behind the process, and what git calls them."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.identity.interface import UNKNOWN_ACCOUNT, SingleUser
from workflow.identity.setting import setting
from workflow.types import Person, Proof

if TYPE_CHECKING:
    from workflow.git_store import GitStore
    from workflow.types import Identity

SETTING = "workflow.singleUser"
_VARIABLE = "GIT_COMMITTER_EMAIL"
_PROC = Path("/proc/self")
_NOT_SET = 2**32 - 1
"""What the kernel says for "nobody logged in": (uid_t) -1, see proc_pid_loginuid(5)."""
_FIRST_NAMESPACE = ["0", "0", str(2**32 - 1)]
"""The map of user ids outside of every user namespace, see user_namespaces(7)."""


def account(proc: Path = _PROC) -> str:
    """The login name of the human behind this process, or the number where there is no name.

    It is who logged in (`/proc/self/loginuid`), whoever the process runs as since: `sudo` and `su`
    do not change it.  Where nobody logged in, as in most containers and services, it is whose
    process it is.  No environment variable is asked: anybody can set those.  In a user namespace
    it is `UNKNOWN_ACCOUNT`.
    """
    return known_account(proc)[0]


def known_account(proc: Path = _PROC) -> tuple[str, str]:
    """The account as `account` has it, and in a few words how it is known."""
    if not _is_first_namespace(proc):
        return UNKNOWN_ACCOUNT, "in a user namespace a process has whatever user id it likes"
    number = _login(proc)
    how = "who logged in"
    if number is None:
        number, how = os.getuid(), "whose process this is; nobody is known to have logged in"
    return login_name(number), how


def login_name(number: int) -> str:
    """The name of an account, or its number where it has none here."""
    try:
        return pwd.getpwuid(number).pw_name
    except (KeyError, OverflowError):
        return str(number)


def local(git: GitStore) -> Person:
    """Who git says the user is, and their account.

    Raises `GitError` when git has no name and address for them.
    """
    return Person(git.identity(), account(), Proof.GIT)


def single_user(git: GitStore) -> SingleUser:
    """Whether git's own setting says that one person works here alone.

    A file inside the work tree cannot say so: it could come from anybody's commit.  Raises
    `GitError` when the setting is no boolean.
    """
    origin, _, value = setting(git, SETTING, "--type=bool", "--show-origin").partition("\0")
    origin = origin.removeprefix("file:")
    return SingleUser(value == "true" and not _is_of_tree(git, origin), origin)


def known_identity(git: GitStore) -> tuple[Identity, str]:
    """Who git says the user is, and which variable or file says so.

    Raises `GitError` when git has no name and address for them.
    """
    found = git.identity()
    if os.environ.get(_VARIABLE):
        return found, f"the variable {_VARIABLE}"
    for name in ("committer.email", "user.email"):
        origin = setting(git, name, "--show-origin").partition("\0")[0]
        if origin:
            return found, f"{name} in {origin.removeprefix('file:')}"
    return found, "git's guess from the names of the account and the machine"


def _is_first_namespace(proc: Path) -> bool:
    try:
        return (proc / "uid_map").read_text().split() == _FIRST_NAMESPACE
    except OSError:
        return False


def _login(proc: Path) -> int | None:
    try:
        number = int((proc / "loginuid").read_text())
    except (OSError, ValueError):
        return None
    return None if number == _NOT_SET else number


def _is_of_tree(git: GitStore, origin: str) -> bool:
    """Whether a file of settings lies in a work tree, as one that git's own settings include."""
    path = (git.top / origin).resolve()
    own = (git.git_dir.resolve(), git.common_dir.resolve())
    return path.is_relative_to(git.top.resolve()) and not any(map(path.is_relative_to, own))
