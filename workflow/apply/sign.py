"""Makes the commit of a landing, signed where the user's git signs commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.errors import RefusedError
from workflow.git_command import author_variables, first_line, passed
from workflow.types import CommitId

if TYPE_CHECKING:
    from workflow.git_store import GitStore
    from workflow.process import Ran
    from workflow.types import Identity, TreeId

# What gpg and ssh-keygen need to find keys and agents, and gpg's agent to ask on this terminal.
_SIGNERS = (
    *("GNUPGHOME", "GPG_AGENT_INFO", "GPG_TTY", "TERM"),
    *("SSH_AUTH_SOCK", "SSH_AGENT_PID", "XDG_RUNTIME_DIR"),
)
_TIMEOUT_S = 60.0
_MOST_LINES = 5


class SigningError(RefusedError):
    """git is set up to sign commits and cannot; nothing has moved."""


def commit(  # noqa: PLR0913 - what a commit is made of, and whether it may be signed
    git: GitStore,
    tree: TreeId,
    parent: CommitId,
    message: str,
    author: Identity,
    *,
    sign: bool,
    timeout_s: float = _TIMEOUT_S,
) -> CommitId:
    """Make a commit; with `sign` it is signed if `commit.gpgSign` says so.

    Raises `SigningError` when git cannot sign, or somebody was asked for a passphrase and did not
    answer within `timeout_s` seconds.
    """
    if not (sign and _is_set_up(git)):
        return git.commit(tree, (parent,), message, author)
    ran = git.attempt(
        *("commit-tree", "-S", tree, "-p", parent, "-F", "-"),
        stdin=message.encode(),
        env={**author_variables(author), **passed(_SIGNERS)},
        timeout=timeout_s,
    )
    if not ran.is_ok:
        said = f"the commit cannot be signed: {_reason(ran)}"
        hint = 'try `git commit-tree -S`, or set landing.sign = "never" in workflow.toml'
        raise SigningError(said, hint=hint)
    return CommitId(ran.stdout.decode().strip())


def _is_set_up(git: GitStore) -> bool:
    ran = git.attempt("config", "--type=bool", "--get", "commit.gpgSign")
    return ran.stdout.strip() == b"true"


def _reason(ran: Ran) -> str:
    if ran.timed_out:
        return f"nobody answered within {ran.seconds:.0f} s"
    lines = [first_line(line) for line in ran.stderr.splitlines() if line.strip()]
    return "; ".join(lines[:_MOST_LINES]) or f"git ended with status {ran.exit_status}"


def is_unsigned(git: GitStore, commit: CommitId) -> bool:
    """Whether a commit has no signature although git is set up to sign."""
    head = git.git("cat-file", "commit", commit).partition(b"\n\n")[0]
    return _is_set_up(git) and b"\ngpgsig" not in head
