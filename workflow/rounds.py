"""Drafts a change: one role after the other, each in rounds.

In a round a provider is asked, and its draft is placed and judged; what does not hold goes back
with the reason, as often as the policy lets it.  What stays is the last draft that could be placed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from workflow import draft, evidence, gather, policy, recipe, record, repair, seal
from workflow.canonical import plain
from workflow.errors import (
    DraftError,
    NothingToDoError,
    ProviderError,
    RefusedError,
    SpendingError,
    VagueRequestError,
)
from workflow.providers.failures import WrongFormError
from workflow.text import one_line
from workflow.types import Outcome, RepoPath, Role, SourceFile, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.draft import Origin, Placed
    from workflow.errors import WorkflowError
    from workflow.parts import Engine, Parts
    from workflow.policy import Judgement
    from workflow.store import Stored
    from workflow.types import (
        ChangeRequest,
        Draft,
        Excess,
        Proposal,
        Round,
        Route,
        TreeChange,
        TreeId,
        Wanted,
    )

_MOST_SEEN = 10
_MOST_ROUNDS = 10
"""Where the policy has no cap: what ten rounds did not mend, an eleventh will not."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: the request, who drafts, the existing files it is about.

    `wish` is what a reviewer wants otherwise in an earlier proposal, whose sealed patch is `patch`.
    """

    request: ChangeRequest
    way: Route
    named: tuple[RepoPath, ...]
    wish: str = ""
    patch: str = ""


@dataclass(frozen=True, slots=True)
class Drafted:
    """What all roles together have made, with every round that it took.

    `words` are those of the request as the drafters have seen them.
    """

    words: str
    rounds: tuple[Round, ...]
    placed: Placed
    judged: Judgement
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class _Trial:
    """A draft that could be placed, what is said of it, and where its round is noted."""

    draft: Draft
    placed: Placed
    judged: Judgement
    verdicts: tuple[Verdict, ...]
    place: int


class NothingFoundError(NothingToDoError):
    """A drafter changes nothing; `found` is its round, which may hold what a check has seen."""

    def __init__(self, message: str, *, hint: str, found: Round) -> None:
        super().__init__(message, hint=hint)
        self.found = found


@dataclass(slots=True)
class _Desk:
    """Where the roles of one order work: the rounds so far, and the parts that stay.

    `words` are those of the request, sealed; `complaint` is what was wrong in the last round.
    """

    order: Order
    on: Parts
    run: Engine
    rounds: list[Round] = field(default_factory=list)
    parts: list[_Trial] = field(default_factory=list)
    words: str = ""
    complaint: str = ""

    @property
    def tree(self) -> TreeId:
        """What the next role starts from."""
        return self.parts[-1].placed.change.proposed if self.parts else self.on.base.tree

    @property
    def made(self) -> tuple[RepoPath, ...]:
        """The files that an earlier role has made."""
        return tuple(path for part in self.parts for path in part.placed.change.paths)

    @property
    def told(self) -> str:
        """What a drafter is told beside the request: a reviewer's wish, and what was wrong."""
        wish = repair.of_wish(self.order.wish, self.order.patch) if self.order.wish else ""
        return f"{wish}{self.complaint}"

    def note(self, now: Round, complaint: str) -> None:
        """Record a round, in the ledger at once, with what stands against its draft."""
        self.complaint = complaint
        said = self.on.vault.scrub_text(repair.headline(complaint))
        sealed = record.sealed_round(replace(now, objection=said), self.on.vault.scrub_text)
        self.rounds.append(sealed)
        self.on.store.log("round", plain(sealed))

    def end_early(self, error: WorkflowError) -> None:
        """Note why there is no further round."""
        last = self.rounds[-1]
        said = self.on.vault.scrub_text(f"no further round: {error.message}")
        self.rounds[-1] = replace(last, notes=(*last.notes, said))

    def keep(self, stays: _Trial | None, first: int) -> None:
        """Mark the one round of a role, from `first` on, whose draft stays, if one does."""
        for place in range(first, len(self.rounds)):
            stands = stays is not None and place == stays.place
            self.rounds[place] = replace(self.rounds[place], stands=stands)


def draft_change(order: Order, on: Parts, run: Engine) -> Drafted:
    """Have every role of the route draft its part, each on what the one before has left.

    An architect's wish for edits in files that the request names goes to the surgeon.

    Raises `VagueRequestError` for a route without a role, what a provider raises, and `DraftError`
    for a role none of whose drafts could be placed; but what one role was paid for is kept as a
    proposal that is refused because the other role's part is missing.
    """
    if not order.way.roles:
        message = f"it is not clear who should draft: {'; '.join(order.way.reasons)}"
        raise VagueRequestError(message, hint="say it with --route architect, surgeon or mixed")
    desk = _Desk(order, on, run)
    roles = list(order.way.roles)
    missing: tuple[Verdict, ...] = ()
    for role in roles:
        wanted = _wanted(desk) if desk.parts else ()
        first = len(desk.rounds)
        try:
            desk.parts.append(_part(desk, role, wanted))
        except (DraftError, NothingToDoError, ProviderError, SpendingError) as error:
            if not any(part.draft.usage for part in desk.parts):
                raise
            missing = (_missing(role, error),)
            desk.keep(None, first)
            break
        if role is Role.ARCHITECT and Role.SURGEON not in roles and _wanted(desk):
            roles.append(Role.SURGEON)
    placed = draft.whole(on.git, [part.placed for part in desk.parts], run.fresh_folder())
    judged = desk.parts[0].judged
    for part in desk.parts[1:]:
        judged += part.judged
    verdicts = (*desk.parts[-1].verdicts, *missing)
    return Drafted(desk.words, tuple(desk.rounds), placed, judged, verdicts)


def explain(stored: Stored, on: Parts, run: Engine) -> Draft:
    """What a proposal does, in a drafter's words; nothing is changed.

    Raises what a provider raises.
    """
    proposal, role = stored.proposal, Role.SURGEON
    order = Order(proposal.request, proposal.route, tuple(_present(proposal)))
    desk = _Desk(order, on, run)
    chosen = on.recipe("explain-change")
    needs = recipe.needs(chosen, on.room[role], order.named, may_default=False)
    found = run.step("gather", gather.gather, on.git, proposal.tree, needs, order.named)
    change = on.git.change(proposal.base.tree, proposal.tree)
    patch = seal.patch_of(on.vault, on.git, change)
    shown = SourceFile(RepoPath(f"proposal-{stored.id}.patch"), patch.encode())
    found = replace(found, files=(), context=(shown, *found.files, *found.context))
    text = f"Explain the patch {shown.path}, which somebody made for: {proposal.request.text}"
    asked = run.step("seal", seal.brief, on.vault, chosen, text, found)
    answer = run.step("draft", draft.ask, on.providers[role], asked.brief, run.tell)
    keep = on.store.keep
    desk.note(draft.round_of(on.providers[role], asked, answer, on.vault, keep), "")
    return answer


def judge(
    change: TreeChange, request: ChangeRequest, on: Parts, run: Engine, *, anew: bool = False
) -> tuple[Verdict, ...]:
    """Every gate's verdict on a change; `anew` takes no former pass for one."""
    return evidence.judge(on.git, change, _means(change, request, on, is_anew=anew), tell=run.tell)


def holds(
    smaller: TreeChange, shown: Sequence[Verdict], request: ChangeRequest, on: Parts, run: Engine
) -> bool:
    """Whether a smaller change passes and proves all that was shown of the whole one."""
    return evidence.holds(on.git, smaller, _means(smaller, request, on), shown, tell=run.tell)


def _means(
    change: TreeChange, request: ChangeRequest, on: Parts, *, is_anew: bool = False
) -> evidence.Means:
    """What it takes to judge a change."""
    return evidence.Means(
        gates=on.gates,
        sandbox=on.sandbox,
        keep=seal.keeper(on.vault, on.git, change, on.store.keep),
        seal=on.vault.scrub_text,
        token=on.vault.token,
        passes=None if is_anew else on.store.passes,
        declared=frozenset(request.allowed),
    )


def judge_again(placed: Placed, before: Proposal, on: Parts) -> Judgement:
    """The policy's judgement of what is left of a proposal."""
    return policy.judge(_case(placed, before.standing, before.request, on))


def judge_excess(excess: Excess, placed: Placed, origin: Origin, on: Parts) -> Judgement:
    """The policy's judgement of how much more changes than is needed."""
    standing = [one for one in origin.rounds if one.stands]
    return policy.judge_excess(excess, _case(placed, standing, origin.request, on))


def _case(
    placed: Placed, drafted: Sequence[Round], request: ChangeRequest, on: Parts
) -> policy.Case:
    """What the rules may look at: a change, and the rounds whose drafts are in it."""
    given = [path for one in drafted for path in one.receipt.files]
    roles = {one.role for one in drafted}
    return policy.Case(
        change=placed.change,
        radius=placed.radius,
        policy=on.policy,
        role=drafted[-1].role,
        creates=Role.ARCHITECT in roles,
        given=tuple(dict.fromkeys(given)),
        allowed=frozenset(request.allowed),
        blobs=on.git.blobs,
        names=partial(on.git.names, placed.change.proposed),
        committed=partial(on.git.committed, on.base.tree),
        faults=placed.faults,
        secrets=seal.secrets(on.vault, on.secrets),
    )


def _part(desk: _Desk, role: Role, wanted: tuple[Wanted, ...]) -> _Trial:
    """One role's rounds: the draft that holds, or else the last one that could be placed."""
    on, run = desk.on, desk.run
    asked = _brief(desk, role, wanted)
    first = len(desk.rounds)
    stays: _Trial | None = None
    refused: DraftError | None = None
    allowed = on.policy.spending.rounds or _MOST_ROUNDS
    for left in reversed(range(allowed if on.providers[role].can_repair else 1)):
        try:
            answer = run.step("draft", draft.ask, on.providers[role], asked.brief, run.tell)
        except (ProviderError, SpendingError, DraftError) as error:
            if isinstance(error, WrongFormError) and left:
                desk.complaint = repair.of_form(error)
            elif stays is None:
                raise
            else:
                desk.end_early(error)
                break
        else:
            tried = _try(desk, asked, answer)
            if isinstance(tried, _Trial):
                stays = tried
            else:
                refused = tried
        if not desk.complaint:
            break
        if left:
            asked = run.step("seal", seal.again, on.vault, asked, desk.told)
    if stays is None:
        raise _unplaced(desk, role, refused)
    desk.keep(stays, first)
    return stays


def _missing(role: Role, error: WorkflowError) -> Verdict:
    """Stands against a change of which one role's part is there and the other's is not."""
    summary = f"the {role}'s part is missing: {one_line(error.message)}"
    return Verdict(role.value, Outcome.ERROR, summary, hint="propose it again, or the part alone")


def _unplaced(desk: _Desk, role: Role, refused: DraftError | None) -> DraftError:
    """Says that no draft of a role could be placed, and why the last one could not."""
    if refused and not desk.on.providers[role].can_repair:
        return refused
    said = refused.message if refused else repair.headline(desk.complaint)
    message = f"no draft of the {role} could be placed, nor the last one: {said}"
    hint = "name more of the files, say it in other words, or take another model; what it took: "
    return DraftError(message, hint=f"{hint}workflow stats")


def _brief(desk: _Desk, role: Role, wanted: tuple[Wanted, ...]) -> seal.Asked:
    """What a role is given in its first round."""
    on, run, order = desk.on, desk.run, desk.order
    chosen = run.step("recipe", recipe.choose, on.recipe, order.request, role, order.named)
    needs = recipe.needs(chosen, on.room[role], order.named, may_default=not desk.parts)
    found = run.step("gather", gather.gather, on.git, desk.tree, needs, order.named)
    text = order.request.text
    asked = run.step("seal", seal.brief, on.vault, chosen, text, found, wanted, desk.made)
    desk.words = asked.brief.request
    desk.complaint = ""
    return seal.again(on.vault, asked, desk.told) if order.wish else asked


def _present(proposal: Proposal) -> Iterator[RepoPath]:
    """The changed files that are there afterwards."""
    return (file.path for file in proposal.files if file.new is not None)


def _try(desk: _Desk, asked: seal.Asked, answer: Draft) -> _Trial | DraftError:
    """Place and judge one answer, and note its round with what stands against it."""
    on, run, git = desk.on, desk.run, desk.on.git
    provider, keep = on.providers[asked.recipe.role], on.store.keep
    now = draft.round_of(provider, asked, answer, on.vault, keep)
    others = [one for one in answer.wanted if not _is_named(desk, one)]
    told = (f"also wants {one.path} changed, which is not named: {one.request}" for one in others)
    now = replace(now, notes=(*now.notes, *map(one_line, told)))
    if not answer.text:
        desk.note(now, "nothing is to change")
        raise _nothing(desk.rounds[-1], answer)
    folder = run.fresh_folder()
    placed = run.step("place", draft.try_to_place, git, desk.tree, answer, on.vault, folder)
    if isinstance(placed, DraftError):
        brief = asked.brief
        given = {str(file.path) for file in (*brief.files, *brief.context)}
        desk.note(now, repair.of_refusal(placed, given))
        return placed
    judged = run.step("policy", policy.judge, _case(placed, (now,), desk.order.request, on))
    whole = draft.whole(git, [*(part.placed for part in desk.parts), placed], run.fresh_folder())
    verdicts = run.step("gates", judge, whole.change, desk.order.request, on, run)
    now = replace(now, repairs=placed.repairs, verdicts=verdicts)
    # A drafter must not print its way to values that were kept from it.
    may_quote = not on.vault.values() or repair.is_inert(whole.change.paths)
    said = repair.of_judgement(judged.findings, verdicts, on.store.kept, may_quote=may_quote)
    desk.note(now, said)
    return _Trial(answer, placed, judged, verdicts, len(desk.rounds) - 1)


def _wanted(desk: _Desk) -> tuple[Wanted, ...]:
    """The edits that an architect wants in files that the request names, which nobody else may."""
    found = [one for part in desk.parts for one in part.draft.wanted]
    return tuple(one for one in found if _is_named(desk, one))


def _is_named(desk: _Desk, wanted: Wanted) -> bool:
    """Whether an edit that an architect wants is in a file that the request names."""
    try:
        return desk.on.vault.restore_path(wanted.path) in desk.order.named
    except RefusedError:
        return False  # a placeholder that stands for nothing names nothing


def _nothing(now: Round, answer: Draft) -> NothingFoundError:
    """Says what a drafter has seen who has nothing to change."""
    seen = [f"{one.path}:{one.line} ({one.severity}) {one.what}" for one in now.observations]
    said = "; ".join(map(one_line, (*seen, *now.notes)[:_MOST_SEEN])) or "it does not say why"
    message = f"the {now.role} changes nothing: {said}"
    hint = "no proposal was made; say it in other words"
    if answer.wanted:
        hint = "it asks for edits of existing files only: propose it with --route surgeon"
    return NothingFoundError(message, hint=hint, found=now)
