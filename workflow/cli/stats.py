"""`workflow stats`: what answers took, how good forecasts were, how people and landings fare.

An unknown price is shown as unknown, and never summed as zero.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from rich.text import Text

from workflow import forecast
from workflow.cli import session, stats_flow, stats_words
from workflow.cli.cost import KEYS, Sum, counted
from workflow.cli.output import visible
from workflow.errors import ChangedProposalError, StoreError
from workflow.types import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence

    from workflow.answers import AnswerRow
    from workflow.cli.output import Output
    from workflow.forecast import Comparison
    from workflow.store import Store
    from workflow.types import Forecast, Proposal, Verdict

_DAYS = 14

STATS = {
    "answers": f"paid answers by `provider`, `model` and `recipe`: {KEYS}",
    "total": "the same over all of them",
    "days": "the same by `day` (UTC), for the last 14 days that had answers",
    "rounds": "`proposals` that a provider drafted, and `by_rounds`: how many took how many rounds",
    "forecasts": "by `provider`, `model`, `recipe`, and by `gate` (null: all of them):"
    " `forecasts`, `judged` (where it can be told), `right`, and `brier` (0 is best; null where"
    " nothing was judged)",
    **stats_flow.KEYS,
    "unreadable": "the numbers of proposals that could not be read",
    "next": "the next command",
}

Drafter: TypeAlias = "tuple[str, str, str]"
"""Provider, model and recipe, which are compared with one another."""


@dataclass(slots=True)
class _Forecasts:
    """The forecasts of one drafter, and what became of them by gate."""

    said: list[Comparison] = field(default_factory=list)

    def rows(self) -> Iterator[dict[str, Any]]:
        """All together first, then each gate."""
        yield _scored(None, self.said)
        for gate in sorted({one.gate for one in self.said}):
            yield _scored(gate, [one for one in self.said if one.gate == gate])


@dataclass(slots=True)
class _Seen:
    """What the stored proposals say: answers for each one, forecasts by drafter."""

    rounds: Counter[int] = field(default_factory=Counter)
    forecasts: defaultdict[Drafter, _Forecasts] = field(
        default_factory=lambda: defaultdict(_Forecasts)
    )
    unreadable: list[int] = field(default_factory=list)


def run(output: Output) -> None:
    """Print the numbers of this repository."""
    repository = session.open_repository(output, needs_files=False)
    answers = repository.store.answers.rows()
    seen = _look(repository.store)
    flow = stats_flow.look(repository.store.connection, datetime.now(UTC))
    data = {**_of_answers(answers), **_of_proposals(seen), **flow.plain(), "next": "workflow list"}
    output.result(data, *_lines(answers, seen), *stats_words.lines(flow), *_unreadable(seen))
    output.next("workflow list")


# --- numbers --------------------------------------------------------------------------------------


def _of_answers(answers: Sequence[AnswerRow]) -> dict[str, Any]:
    return {
        "answers": [
            {"provider": provider, "model": model, "recipe": recipe, **one.plain()}
            for (provider, model, recipe), one in _summed(answers, _drafter).items()
        ],
        "total": _total(answers).plain(),
        "days": [{"day": day, **one.plain()} for day, one in _by_day(answers).items()],
    }


def _of_proposals(seen: _Seen) -> dict[str, Any]:
    return {
        "rounds": {
            "proposals": seen.rounds.total(),
            "by_rounds": {str(number): seen.rounds[number] for number in sorted(seen.rounds)},
        },
        "forecasts": [
            {"provider": provider, "model": model, "recipe": recipe, **row}
            for (provider, model, recipe), said in sorted(seen.forecasts.items())
            for row in said.rows()
        ],
        "unreadable": seen.unreadable,
    }


def _drafter(row: AnswerRow) -> Drafter:
    return row.provider, row.model, row.recipe


def _summed(answers: Iterable[AnswerRow], key: Callable[[AnswerRow], Hashable]) -> dict[Any, Sum]:
    """Sums by a key, in the key's order."""
    sums: defaultdict[Any, Sum] = defaultdict(Sum)
    for row in answers:
        sums[key(row)].add(row.usage, is_usable=row.is_usable)
    return dict(sorted(sums.items()))


def _total(answers: Iterable[AnswerRow]) -> Sum:
    return _summed(answers, lambda _row: "").get("", Sum())


def _by_day(answers: Iterable[AnswerRow]) -> dict[str, Sum]:
    first = (datetime.now(UTC) - timedelta(days=_DAYS - 1)).strftime("%Y-%m-%d")
    recent = (row for row in answers if row.at >= first)
    return _summed(recent, lambda row: row.at[:10])


def _look(store: Store) -> _Seen:
    """Read every proposal that a provider has drafted.

    A smaller form of a proposal has the rounds of that one, which count once.
    """
    seen = _Seen()

    def ran(verdict: Verdict) -> Collection[str]:
        return forecast.tests(store.kept(verdict.ran)) if verdict.ran else ()

    for row in reversed(store.rows()):
        try:
            proposal = store.get(row.id).proposal
            found = tuple(_compared(proposal, ran)) if proposal.shrunk_from is None else ()
        except (ChangedProposalError, StoreError):
            seen.unreadable.append(row.id)
            continue
        for drafter, comparisons in found:
            seen.forecasts[drafter].said.extend(comparisons)
        seen.rounds.update([len(found)] if found else [])
    return seen


def _compared(
    proposal: Proposal, ran: Callable[[Verdict], Collection[str]]
) -> Iterator[tuple[Drafter, list[Comparison]]]:
    """Each round's drafter and forecasts, beside what the gates said of that very draft."""
    for one in proposal.rounds:
        verdicts = proposal.verdicts if one.stands else one.verdicts
        compared = forecast.compare(one.forecasts, verdicts, ran)
        drafter = (one.provider, one.model, one.recipe_name)
        yield drafter, [each for each in compared if each.forecast]


def _scored(gate: str | None, said: Sequence[Comparison]) -> dict[str, Any]:
    return {
        "gate": gate,
        "forecasts": len(said),
        "judged": sum(one.is_right is not None for one in said),
        "right": sum(one.is_right is True for one in said),
        "brier": forecast.brier(_pairs(said)),
    }


def _pairs(said: Iterable[Comparison]) -> Iterator[tuple[Forecast, Outcome]]:
    for one in said:
        if one.forecast and one.outcome and one.outcome is not Outcome.ERROR:
            yield one.forecast, one.outcome


# --- words ----------------------------------------------------------------------------------------


def _lines(answers: Sequence[AnswerRow], seen: _Seen) -> Iterator[Text]:
    yield from _answer_lines(answers)
    proposals = seen.rounds.total()
    if proposals:
        each = ", ".join(
            f"{seen.rounds[number]} took {counted(number, 'round')}"
            for number in sorted(seen.rounds)
        )
        mean = sum(number * many for number, many in seen.rounds.items()) / proposals
        yield Text("")
        yield Text("Rounds", style="bold")
        yield Text(f"  {counted(proposals, 'proposal')}, {mean:.1f} rounds each: {each}")
    yield from _forecast_lines(seen)


def _unreadable(seen: _Seen) -> Iterator[Text]:
    for number in seen.unreadable:
        yield Text(f"Proposal {number} could not be read: workflow show {number}", style="yellow")


def _answer_lines(answers: Sequence[AnswerRow]) -> Iterator[Text]:
    yield Text("Answers of remote models", style="bold")
    if not answers:
        yield Text("  none")
        return
    for drafter, one in _summed(answers, _drafter).items():
        yield Text(f"  {_named(drafter)}")
        yield Text(f"    {one}; {one.usable} usable ({_percent(one.usable, one.answers)})")
    yield Text(f"  all: {_total(answers)}")
    days = _by_day(answers)
    yield Text("")
    yield Text(f"The last {_DAYS} days (UTC)", style="bold")
    for day, one in days.items():
        yield Text(f"  {day}  {one}")
    if not days:
        yield Text("  none")


def _forecast_lines(seen: _Seen) -> Iterator[Text]:
    rows = [(drafter, said.rows()) for drafter, said in sorted(seen.forecasts.items()) if said.said]
    if not rows:
        return
    yield Text("")
    yield Text("Forecasts", style="bold")
    for drafter, scored in rows:
        for row in scored:
            who = f"  {_named(drafter)}" if row["gate"] is None else f"    {visible(row['gate'])}"
            yield Text(f"{who}: {_score(row)}")


def _score(row: dict[str, Any]) -> str:
    judged, right = row["judged"], row["right"]
    if not judged:
        return f"{counted(row['forecasts'], 'forecast')}, none of which can be judged"
    said = f"{right} of {judged} right ({_percent(right, judged)})"
    brier = "" if row["brier"] is None else f", Brier score {row['brier']:.3f}"
    left = row["forecasts"] - judged
    return f"{said}{brier}" + (f"; {left} cannot be judged" if left else "")


def _named(drafter: Drafter) -> str:
    provider, model, recipe = map(visible, drafter)
    return f"{provider} {model}, {recipe}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"
