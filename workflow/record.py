"""Makes the stored proposal: a commit for its tree, one body that a digest covers, and a ref."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow import ledger
from workflow.apply import anchor
from workflow.canonical import sha256
from workflow.git_store import REFS
from workflow.text import one_line
from workflow.types import Proposal

if TYPE_CHECKING:
    from workflow.draft import Placed
    from workflow.git_store import GitStore
    from workflow.store import Store, Stored
    from workflow.types import (
        ChangeRequest,
        Digest,
        Draft,
        Finding,
        Receipt,
        Route,
        Snapshot,
        Verdict,
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the stages of a proposal have found."""

    request: ChangeRequest
    base: Snapshot
    route: Route
    draft: Draft
    placed: Placed
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]


def record(
    git: GitStore, store: Store, found: Outcome, *, policy: Digest, receipt: Receipt
) -> Stored:
    """Store a proposal.  Killed in the middle, it is either whole or not there."""
    title = one_line(found.request.text)
    tree = found.placed.change.proposed
    commit = git.commit(tree, (found.base.commit,), f"Propose: {title}", found.request.requester)
    # A store that was deleted has left its refs, and their proposals must not be overwritten.
    tails = [ref.rsplit("/", 1)[-1] for ref in git.refs(f"{REFS}/proposals")]
    store.skip_to(max((int(tail) for tail in tails if tail.isdecimal()), default=0))
    stored = store.add(
        Proposal(
            repository=store.repository,
            base=found.base,
            commit=commit,
            tree=tree,
            patch=found.placed.patch,
            files=found.placed.change.files,
            blast_radius=found.placed.radius,
            request=found.request,
            route=found.route,
            provider=found.draft.provider,
            model=found.draft.model,
            draft=sha256(found.draft.text.encode("utf-8", "surrogateescape")),
            notes=found.draft.notes,
            forecasts=found.draft.forecasts,
            receipt=receipt,
            policy=policy,
            findings=found.findings,
            verdicts=found.verdicts,
            created=ledger.now(),
        )
    )
    anchor(git, store, stored.id)
    return stored
