"""Makes the commit that brings an approved proposal in; nothing has moved yet."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from workflow import ledger
from workflow.apply import hooks, sign
from workflow.apply.interface import Move, Shape, Terms
from workflow.apply.message import message, trailers
from workflow.errors import BusyError, DirtyFileError, StaleProposalError, UsageError
from workflow.journal import LandingKind
from workflow.work_tree import in_checkout

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.approval import Cleared
    from workflow.git_store import GitStore
    from workflow.store import Store

_PLAIN = Terms()
_REBASES = ("rebase-merge", "rebase-apply")


def require_base(git: GitStore, cleared: Cleared) -> None:
    """Refuse a proposal whose branch has moved.  Raises `StaleProposalError`."""
    base = cleared.stored.proposal.base
    head = git.head_of(base.branch)
    if head != base.commit:
        now = f"is at {head.short}" if head else "is gone"
        number = cleared.stored.id
        said = f"proposal {number} is from {base.commit.short}, and {base.branch} {now}"
        raise StaleProposalError(said, hint=f"propose the change again on {base.branch}")


def prepare(git: GitStore, store: Store, cleared: Cleared, terms: Terms = _PLAIN) -> Move:
    """The move that brings an approved proposal in; makes its commit.

    Raises `StaleProposalError` when the branch is not at the proposal's base, `DirtyFileError` when
    a file that would be overwritten has changes of its own, `BusyError` when git is at work there,
    `UsageError` for a new branch that cannot be one, `SigningError`, and `HookError`.
    """
    require_base(git, cleared)
    stored = cleared.stored
    proposal, base = stored.proposal, stored.proposal.base
    work_tree = None
    if terms.shape is Shape.COMMIT:
        work_tree = checkout_of(git, base.branch)
        require_quiet(git, base.branch)
        if work_tree:
            in_checkout(git, work_tree).check(cleared.change)
    said = message(proposal.title, trailers(cleared, ledger.head(store.connection)))
    if terms.hooks:
        hooks.agree(git, said)
    author = proposal.request.requester
    return Move(
        kind=LandingKind.APPLY,
        proposal=stored.id,
        reverts=None,
        branch=_new_branch(git, stored.id, terms) if terms.shape is Shape.BRANCH else base.branch,
        work_tree=work_tree,
        before=base.commit,
        after=sign.commit(git, proposal.tree, base.commit, said, author, sign=terms.sign),
        change=cleared.change,
        is_new=terms.shape is Shape.BRANCH,
        glass=cleared.glass.reason if cleared.glass else "",
        hooks=terms.hooks,
    )


def checkout_of(git: GitStore, branch: str) -> Path | None:
    """The work tree that has a branch checked out, if any.

    Raises `DirtyFileError` when several have: only one could follow.
    """
    tops = [top for top in git.worktrees_on(branch) if top.is_dir()]
    if len(tops) > 1:
        said = f"{branch} is checked out in {tops[0]} and in {tops[1]}, and only one can follow"
        raise DirtyFileError(said, hint="git switch --detach, in one of them")
    return tops[0] if tops else None


def require_quiet(git: GitStore, branch: str) -> None:
    """Refuse to move a branch that git is rebasing somewhere.  Raises `BusyError`."""
    for folder in (git.common_dir, *git.common_dir.glob("worktrees/*")):
        for name in _REBASES:
            note = folder / name / "head-name"
            with suppress(OSError):
                if note.read_text(errors="replace").strip() == f"refs/heads/{branch}":
                    said = f"{branch} is being rebased ({note.parent})"
                    raise BusyError(said, hint="git rebase --continue, or --abort, there")


def branch_name(number: int) -> str:
    """The branch that a proposal is put on, where no other is named."""
    return f"workflow/{number}"


def _new_branch(git: GitStore, number: int, terms: Terms) -> str:
    name = terms.to or branch_name(number)
    if not git.attempt("check-ref-format", "--branch", name).is_ok or name.startswith("@"):
        said = f"{name!r} is no name of a branch"
        raise UsageError(said, hint=f"workflow apply {number} --as branch --to NAME")
    at = git.head_of(name)
    if at is not None:
        said = f"there is a branch {name} already, at {at.short}"
        raise UsageError(said, hint=f"workflow apply {number} --as branch --to ANOTHER")
    return name
