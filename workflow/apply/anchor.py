"""Gives a proposal's commit the ref that keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.approval import proposal_ref

if TYPE_CHECKING:
    from workflow.git_store import GitStore
    from workflow.store import Store


def anchor(git: GitStore, store: Store, number: int) -> None:
    """Give a proposal's commit its ref, so that it outlives `git gc`; doing it again is fine."""
    git.set_ref(proposal_ref(number), store.get(number).proposal.commit, why="proposed")
    store.anchored(number)
