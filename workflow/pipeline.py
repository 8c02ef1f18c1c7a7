"""THE file: what happens to a change request, in order.

`propose` turns words into a stored proposal with evidence; `revise`, `propose_smaller` and `renew`
make another one of it: as a reviewer wants it, without what it does not need, or on a newer base.
They write neither work tree nor branch.
People stand between.  `land` brings in exactly what was approved and asks no provider; what does
not prove good is taken back.  `roll_back` restores what was there before.  Each line is a stage of
its own module; `run.step` is how a stage is run, so that an engine can survive a crash between any
two of them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from workflow import (
    apply,
    approval,
    draft,
    gather,
    landings,
    rebase,
    record,
    rounds,
    route,
    seal,
    shrink,
)
from workflow.errors import StaleProposalError
from workflow.journal import LandingKind
from workflow.rounds import Drafted, Order

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.draft import Origin
    from workflow.journal import Landing
    from workflow.landings import How
    from workflow.parts import Engine, Grounds, Parts, Records
    from workflow.store import Stored
    from workflow.types import ChangeRequest, Draft, Identity, Person, Snapshot

MOST_RENEWALS = 3
"""How often one landing is put on a newer base; where a branch moves on, somebody is at work."""


def propose(request: ChangeRequest, on: Parts, run: Engine) -> Stored:
    """From words to a stored proposal that is clear, or that says what stands against it."""
    named = run.step("resolve", gather.resolve, on.git, on.base, request)
    wanted = on.recipe(request.recipe).role if request.recipe else None
    way = run.step("route", route.choose, on.git, on.base, request, named, wanted)
    drafted = rounds.draft_change(Order(request, way, named), on, run)
    return _store(
        drafted, draft.origin(request, on.base, way, drafted.words, drafted.rounds), on, run
    )


def revise(number: int, wish: str, who: Person, on: Parts, run: Engine) -> Stored:
    """From a proposal and a reviewer's words to a second proposal; the first one stays."""
    stored = run.step("verify", approval.may_revise, on.store, on.git, number)
    before = stored.proposal
    named = run.step("resolve", gather.resolve, on.git, on.base, before.request)
    patch = seal.patch_of(on.vault, on.git, on.git.change(before.base.tree, before.tree))
    order = Order(before.request, before.route, named, wish, patch)
    drafted = rounds.draft_change(order, on, run)
    origin = draft.revised(stored, on.base, on.vault.seal_text(wish), drafted.rounds, who)
    return _store(drafted, origin, on, run)


def explain(number: int, on: Parts, run: Engine) -> Draft:
    """What a proposal does, in a drafter's words; nothing is changed."""
    return rounds.explain(on.store.get(number), on, run)


def propose_smaller(number: int, on: Parts, run: Engine) -> Stored:
    """From a proposal to a second one without the parts that it does not need."""
    stored = run.step("verify", approval.may_shrink, on.store, on.git, number)
    folder = run.fresh_folder()
    placed = run.step("place", draft.place_smaller, on.git, stored, on.vault, folder)
    judged = run.step("policy", rounds.judge_again, placed, stored.proposal, on)
    verdicts = run.step("gates", rounds.judge, placed.change, stored.proposal.request, on, run)
    again = Drafted(stored.proposal.request.text, (), placed, judged, verdicts)
    return _store(again, draft.smaller(stored), on, run)


def renew(number: int, on: Parts, run: Engine) -> Stored:
    """From a proposal to a second one that takes its place: the same change on the base of `on`.

    No model is asked; policy and gates judge anew.  On its own base, only the evidence is fresh.
    Approvals go along where the policy lets them, and nothing that they were given to is different.
    """
    stored = run.step("verify", rebase.may_rebase, on.store, on.git, number)
    before = stored.proposal
    change = run.step("rebase", rebase.moved, on.git, on.store, stored, on.base, on.vault)
    placed = run.step("place", draft.place_tree, on.git, change, on.vault, run.fresh_folder())
    judged = run.step("policy", rounds.judge_again, placed, before, on)
    verdicts = run.step("gates", rounds.judge, change, before.request, on, run, anew=True)
    again = Drafted(before.request.text, (), placed, judged, verdicts)
    settle = partial(rebase.settle, on.git, on.store, stored)
    return _store(again, draft.rebased(stored, on.base), on, run, settle)


def renewed(
    number: int,
    records: Records,
    on: Callable[[Snapshot], Parts],
    run: Engine,
    *,
    waits: bool = True,
) -> tuple[int, Parts]:
    """The proposal that may land in place of an approved one, on the branch as it is now.

    `on` gives the parts of a base.  Without `waits`, for broken glass, nobody's approval is asked
    for.  Raises `NotApprovedError` where the approvals did not go along, and what `renew` raises.
    """
    git, store = records.git, records.store
    parts = None
    for _ in range(MOST_RENEWALS):
        stored = store.get(number)
        is_open = apply.unconfirmed(records.journal, LandingKind.APPLY, number)
        if is_open or git.is_at(stored.proposal.base):
            return number, parts or on(stored.proposal.base)
        if waits:
            run.step("verify", approval.cleared, store, git, number)
        parts = on(rebase.present(git, stored))
        fresh = renew(number, parts, run)
        rebase.require_approved(store, stored, fresh, waits=waits)
        number = fresh.id
    message = f"{stored.proposal.base.branch} has moved {MOST_RENEWALS} times meanwhile"
    raise StaleProposalError(message, hint=f"workflow apply {number}, once it is quiet")


def _store(
    drafted: Drafted,
    origin: Origin,
    on: Parts,
    run: Engine,
    settle: Callable[[Stored], object] = lambda _: None,
) -> Stored:
    """Look for what a judged change does not need, and store it as a proposal."""
    excess = run.step(
        "shrink",
        shrink.find,
        on.git,
        drafted.placed.change,
        drafted.verdicts,
        holds=lambda smaller: rounds.holds(smaller, drafted.verdicts, origin.request, on, run),
        budget_s=on.shrink_s,
        tell=run.tell,
    )
    judged = drafted.judged
    if excess:
        judged += rounds.judge_excess(excess, drafted.placed, origin, on)
    found = record.Outcome(origin, drafted.placed, judged, drafted.verdicts, excess)
    sealed = found.sealed(on.vault.scrub_text)
    keep = partial(record.record, policy=on.policy, settle=settle)
    return run.step("record", keep, on.git, on.store, sealed)


def land(number: int, who: Identity, on: Parts, run: Engine, how: How) -> Landing:
    """From an approved proposal to a branch, and live files, that hold exactly it."""
    landing = apply.unconfirmed(on.journal, LandingKind.APPLY, number)
    if landing is None:
        cleared = landings.clear(number, on, run, how.glass)
        move = run.step("prepare", apply.prepare, on.git, on.store, cleared, how.terms)
        run.step("look", landings.look_first, move, on, run, how.despite)
        landing = landings.carry_out(move, who, on, run)
    return landings.prove(landing, who, on, run)


def hand_out(number: int, on: Parts, run: Engine, how: How) -> bytes:
    """From an approved proposal to a mail that `git am` reads; nothing moves."""
    cleared = landings.clear(number, on, run, how.glass)
    move = run.step("prepare", apply.prepare, on.git, on.store, cleared, how.terms)
    return run.step("mail", apply.mail, on.git, move)


def roll_back(number: int | None, who: Identity, on: Grounds, run: Engine) -> Landing:
    """From a landing, the newest or a proposal's, to the files as they were before it."""
    landing = apply.unconfirmed(on.journal, LandingKind.ROLLBACK, number)
    if landing is None:
        undone = run.step("find", apply.to_roll_back, on.journal, number)
        return landings.take_back(undone, who, on, run)
    return landings.go_on(landing, who, on, run)
