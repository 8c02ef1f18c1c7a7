"""Pushes a landing to a remote: only onto what was looked at, and never by force.

A push that fails takes nothing back: the landing stands here, and the same command tries it again.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.apply.hooks import hooks_folder
from workflow.errors import StaleProposalError, UsageError, WorkflowError
from workflow.git_command import first_line, passed
from workflow.git_store import REFS
from workflow.types import CommitId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.git_store import GitStore
    from workflow.process import Ran

_TIMEOUT_S = 120.0
# What ssh, a proxy, a certificate store and a credential helper need; nothing is asked for.
_NETWORK = (
    *("SSH_AUTH_SOCK", "SSH_AGENT_PID", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "GNUPGHOME"),
    *("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"),
    *("GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "SSL_CERT_FILE", "SSL_CERT_DIR"),
)
_QUIET = ("--no-tags", "--no-recurse-submodules", "--no-auto-maintenance", "--no-write-fetch-head")
_CREDENTIALS = re.compile(r"://[^/@\s]{1,2000}@")
_REJECTED = re.compile(rb"^!\t[^\t]*\t(.*)$", re.MULTILINE)
_FAILED = b"error: failed to push some refs to "
_MOST_LINES = 3


class PushError(WorkflowError):
    """A remote could not be reached, or did not take a landing; what has landed here stands."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A branch of a remote as it was seen: `None` where it did not exist."""

    remote: str
    branch: str
    expected: CommitId | None


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a remote's branch is at now; `also` counts the earlier commits that went along.

    `was_there` says that the remote had the commit already, so that nothing was pushed.
    """

    remote: str
    branch: str
    commit: CommitId
    also: int = 0
    was_there: bool = False


def ready_to_push(
    git: GitStore, remote: str, branch: str, before: CommitId | None, *, is_landed: bool = False
) -> Lease:
    """Look at a remote's branch, and fetch what is not here.

    `before` is the commit that the landing goes on top of, `None` for a branch that must not be
    there; with `is_landed` it is the landing itself, which the remote may have.  Raises
    `UsageError` for a name that is no configured remote, `PushError` when it cannot be reached, and
    `StaleProposalError` when its branch holds what `before` does not.
    """
    names = git.git("remote").decode("utf-8", "surrogateescape").split("\n")
    if not remote or remote not in names:
        known = ", ".join(name for name in names if name) or "none"
        message = f"{remote!r} is no remote of this repository; it has {known}"
        raise UsageError(message, hint="git remote add NAME URL, or name one with --remote")
    there = _head(git, remote, branch)
    if there is None:
        return Lease(remote, branch, None)
    if before is None:
        message = f"{remote} has a branch {branch} already, at {there.short}"
        raise StaleProposalError(message, hint="give the new branch another name with --to")
    if git.read_ref(there) is None:
        ref = f"{REFS}/remotes/{remote}/{branch}"
        _talk(git, remote, "fetch", *_QUIET, remote, f"+refs/heads/{branch}:{ref}")
    if is_landed and git.is_ancestor(before, there):
        return Lease(remote, branch, there)
    if not git.is_ancestor(there, before):
        message = f"{branch} of {remote} is at {there.short}, which {before.short} does not hold"
        raise StaleProposalError(message, hint=f"git pull {remote} {branch}")
    return Lease(remote, branch, there)


def push(git: GitStore, lease: Lease, commit: CommitId, *, hooks: bool = False) -> Pushed:
    """Push a commit onto a branch that is as it was seen; with `hooks` the user's pre-push runs.

    Raises `PushError` when the remote does not take it: it has another commit by now, a hook of its
    says no, or it cannot be reached.
    """
    if lease.expected and git.is_ancestor(commit, lease.expected):
        return Pushed(lease.remote, lease.branch, lease.expected, was_there=True)
    ref = f"refs/heads/{lease.branch}"
    switch = ("-c", f"core.hooksPath={hooks_folder(git)}") if hooks else ()
    _talk(
        git,
        lease.remote,
        *(*switch, "push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no"),
        *(f"--force-with-lease={ref}:{lease.expected or ''}", lease.remote, f"{commit}:{ref}"),
    )
    range_of = f"{lease.expected}..{commit}^"
    also = int(git.git("rev-list", "--count", range_of)) if lease.expected else 0
    return Pushed(lease.remote, lease.branch, commit, also)


def _head(git: GitStore, remote: str, branch: str) -> CommitId | None:
    ref = f"refs/heads/{branch}"
    rows = _talk(git, remote, "ls-remote", remote, ref).decode("utf-8", "replace").splitlines()
    found = [row.partition("\t")[0] for row in rows if row.partition("\t")[2] == ref]
    return CommitId(found[0]) if found else None


def _talk(git: GitStore, remote: str, *arguments: str) -> bytes:
    ran = git.attempt(*arguments, env=_environment(git), timeout=_TIMEOUT_S)
    if not ran.is_ok:
        hint = f"look with `git ls-remote {remote}`, then run the command again"
        message = f"{remote}: {_reason(ran)}"
        raise PushError(message, hint=hint)
    return ran.stdout


def _environment(git: GitStore) -> Mapping[str, str]:
    """What git needs to reach a remote; ssh asks nobody."""
    said = git.attempt("config", "--get", "core.sshCommand").stdout
    words = os.environ.get("GIT_SSH_COMMAND", "").strip() or os.fsdecode(said).strip() or "ssh"
    is_openssh = words.split()[0].rpartition("/")[2] == "ssh"
    batch = " -oBatchMode=yes" if is_openssh else ""
    return {**passed(_NETWORK), "GIT_SSH_COMMAND": words + batch}


def _reason(ran: Ran) -> str:
    """Why a remote said no, in a few words of git's and the remote's, without credentials."""
    if ran.timed_out:
        return f"no end within {ran.seconds:.0f} s; whether it took anything is not known"
    # git's own last line says once more that it has failed, and of what it says already.
    told = [line for line in ran.stderr.splitlines() if not line.startswith(_FAILED)]
    lines = [*_REJECTED.findall(ran.stdout), *told]
    said = [first_line(line) for line in lines if line.strip()]
    words = "; ".join(said[:_MOST_LINES]) or f"git ended with status {ran.exit_status}"
    return _CREDENTIALS.sub("://…@", words)
