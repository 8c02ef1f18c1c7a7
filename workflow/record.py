"""Makes the stored proposal: a commit for its tree, one body that a digest covers, and a ref."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workflow import ledger
from workflow.apply import anchor
from workflow.database import transaction
from workflow.evidence import sealed
from workflow.git_store import REFS
from workflow.text import one_line
from workflow.types import Proposal

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.draft import Origin, Placed
    from workflow.git_store import GitStore
    from workflow.policy import Judgement, Policy
    from workflow.store import Store, Stored
    from workflow.types import CommitId, Excess, Finding, Round, Verdict

# A longer number was nobody's proposal: SQLite counts rows in 63 bits.
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the stages of a proposal have found."""

    origin: Origin
    placed: Placed
    judged: Judgement
    verdicts: tuple[Verdict, ...]
    excess: Excess | None

    def sealed(self, seal: Callable[[str], str]) -> Outcome:
        """The same, with every text that a model, a tool or a rule wrote sealed by `seal`.

        Ids, paths, digests and numbers are as they were, and so is the request, which is sealed.
        """

        def each(texts: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(map(seal, texts))

        def said(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
            return tuple(replace(one, reason=seal(one.reason)) for one in findings)

        origin, judged = self.origin, self.judged
        return replace(
            self,
            origin=replace(
                origin,
                route=replace(
                    origin.route,
                    reasons=each(origin.route.reasons),
                    looked_at=each(origin.route.looked_at),
                ),
                rounds=tuple(sealed_round(one, seal) for one in origin.rounds),
                wish=seal(origin.wish),
            ),
            judged=replace(judged, findings=said(judged.findings), declared=said(judged.declared)),
            verdicts=tuple(sealed(one, seal) for one in self.verdicts),
        )


def sealed_round(one: Round, seal: Callable[[str], str]) -> Round:
    """A round with every text that a model, a tool or a rule wrote sealed by `seal`."""
    return replace(
        one,
        notes=tuple(map(seal, one.notes)),
        forecasts=tuple(
            replace(said, why=seal(said.why), tests=tuple(map(seal, said.tests)))
            for said in one.forecasts
        ),
        repairs=tuple(map(seal, one.repairs)),
        observations=tuple(
            replace(seen, path=seal(seen.path), what=seal(seen.what), mend=seal(seen.mend))
            for seen in one.observations
        ),
        verdicts=tuple(sealed(said, seal) for said in one.verdicts),
    )


def record(
    git: GitStore,
    store: Store,
    found: Outcome,
    *,
    policy: Policy,
    settle: Callable[[Stored], object] = lambda _: None,
) -> Stored:
    """Store a proposal.  Killed in the middle, it is either whole or not there.

    `settle` does, in the same transaction, what becomes true along with it.
    """
    origin, tree = found.origin, found.placed.change.proposed
    requester = origin.request.requester
    asked = f"{origin.request.text}; revised: {origin.wish}" if origin.wish else origin.request.text
    commit = git.commit(tree, (origin.base.commit,), f"Propose: {one_line(asked)}", requester)
    # A store that was deleted has left its refs, and their proposals must not be overwritten.
    tails = [ref.rsplit("/", 1)[-1] for ref in git.refs(f"{REFS}/proposals")]
    numbers = [int(tail) for tail in tails if tail.isdecimal() and len(tail) <= _MOST_DIGITS]
    store.skip_to(max(numbers, default=0))
    proposal = _proposal(store.repository, found, commit, policy)
    with transaction(store.connection):
        stored = store.add(proposal)
        settle(stored)
    anchor(git, store, stored.id)
    return store.get(stored.id)


def _proposal(repository: str, found: Outcome, commit: CommitId, policy: Policy) -> Proposal:
    """All that an approval will cover."""
    origin, placed, judged = found.origin, found.placed, found.judged
    return Proposal(
        repository=repository,
        base=origin.base,
        commit=commit,
        tree=placed.change.proposed,
        patch=placed.patch,
        files=placed.change.files,
        blast_radius=placed.radius,
        request=origin.request,
        route=origin.route,
        rounds=origin.rounds,
        policy=policy.digest,
        findings=judged.findings,
        verdicts=found.verdicts,
        created=ledger.now(),
        declared=judged.declared,
        requirements=judged.requirements,
        excess=found.excess,
        shrunk_from=origin.shrunk_from,
        revised_from=origin.revised_from,
        wish=origin.wish,
        consent=policy.approvals.consent,
        revisers=origin.revisers,
        rebased_from=origin.rebased_from,
    )
