"""From a stored proposal to the same change on the commit that its branch is at now."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflow import approval, seal
from workflow.approval.interface import wrong_state
from workflow.errors import StaleProposalError, StateError
from workflow.rebase.exact import exact
from workflow.rebase.interface import ConflictError
from workflow.types import Outcome, Role, Snapshot, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from workflow.git_store import GitStore
    from workflow.rebase.interface import Clash
    from workflow.redaction import Vault
    from workflow.store import Store, Stored
    from workflow.types import RepoPath, TreeChange, TreeId

_OVER = {State.APPLIED, State.ROLLED_BACK, State.REJECTED, State.SUPERSEDED}
# Its tree no longer tells a placeholder that stands for nothing from the user's own text.
_NOTHING_TO_RESTORE = {"placeholder-unknown", "placeholder-altered"}
_LONGEST = 300


def present(git: GitStore, stored: Stored) -> Snapshot:
    """The commit that a proposal's branch is at now.

    Raises `StaleProposalError` when the branch is gone.
    """
    base = stored.proposal.base
    head = git.head_of(base.branch)
    if head is None:
        message = f"proposal {stored.id} is for {base.branch}, and that branch is gone"
        raise StaleProposalError(message, hint="propose the change again on another branch")
    return Snapshot(base.branch, head, git.tree_of(head))


def may_rebase(store: Store, git: GitStore, number: int) -> Stored:
    """A proposal that may be put on another base, or judged again on its own.

    A refused one may: what spoke against it may be mended on the branch by now.

    Raises `StateError` when it has landed, was rejected or is superseded, when a part of it was
    never drafted, or when it has a placeholder that stands for nothing; and what `approval.intact`
    raises.
    """
    stored = store.get(number)
    if stored.state in _OVER:
        raise wrong_state(stored, "put on another base")
    proposal = stored.proposal
    roles = {role.value for role in Role}
    missing = [
        one for one in proposal.verdicts if one.gate in roles and one.outcome is Outcome.ERROR
    ]
    if missing:
        message = f"proposal {number} is not whole: {missing[0].summary}"
        raise StateError(message, hint="propose the change again")
    if any(finding.rule in _NOTHING_TO_RESTORE for finding in proposal.findings):
        message = f"proposal {number} has a placeholder in it that stands for nothing"
        raise StateError(message, hint="propose the change again")
    approval.intact(git, stored)
    return stored


def moved(git: GitStore, store: Store, stored: Stored, base: Snapshot, vault: Vault) -> TreeChange:
    """What a proposal changes, on another base; on its own base it is what it was.

    A conflict goes into the ledger.  Raises `ConflictError`, whose lines are sealed, where the
    patch does not fit exactly.
    """
    proposal = stored.proposal
    change = git.change(proposal.base.tree, proposal.tree)
    if base.tree == proposal.base.tree:
        return change
    try:
        return exact(git, change, base.tree)
    except ConflictError as error:
        clashes = _sealed(git, change, base.tree, error.clashes, vault)
        facts = [{"path": one.path, "reason": one.reason} for one in clashes]
        store.log(
            "rebase-conflict",
            {"proposal": stored.id, "digest": stored.digest, "base": base.commit, "at": facts},
        )
        message = f"proposal {stored.id}, {error.message}"
        hint = f'workflow revise {stored.id} "…", or propose the change again'
        raise ConflictError(
            message, hint=hint, clashes=clashes, number=stored.id, base=base
        ) from None


def _sealed(
    git: GitStore, change: TreeChange, onto: TreeId, clashes: Iterable[Clash], vault: Vault
) -> tuple[Clash, ...]:
    """Clashes without the values of the files that they quote, cut where a line is very long."""
    found = tuple(clashes)
    paths = {one.path for one in found if one.hunk}
    seal.learn(vault, git, _only(change, paths))
    seal.learn(vault, git, _only(git.change(change.base, onto), paths))
    return tuple(
        replace(
            one,
            hunk=_cut(vault.scrub_text(one.hunk, one.path)),
            expected=_block(vault, one.path, one.expected),
            found=_block(vault, one.path, one.found),
        )
        for one in found
    )


def _only(change: TreeChange, paths: Collection[RepoPath]) -> TreeChange:
    return replace(change, files=tuple(one for one in change.files if one.path in paths))


def _block(vault: Vault, path: RepoPath, lines: tuple[str, ...]) -> tuple[str, ...]:
    """Lines that belong together, sealed as one text: a value may need what is around it."""
    text = vault.scrub_text("\n".join(lines), path)
    return tuple(_cut(line) for line in text.split("\n")) if lines else ()


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
