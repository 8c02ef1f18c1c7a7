"""Runs the gates of a past proposal again and compares what they say with what was recorded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workflow import approval, evidence, rounds
from workflow.types import Outcome, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.parts import Engine, Parts
    from workflow.types import Identity, Verdict

_SHOWN = 5


class Result(StrEnum):
    """How a gate's verdict of today stands to the one of then."""

    SAME = "same"
    DIFFERS = "differs"
    CANNOT = "cannot"
    """It could not judge today, or is not there any more."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One gate, then and now; `then` or `now` is `None` where it did not judge.

    `what` says what is not the same, a line for each.
    """

    gate: str
    result: Result
    then: Verdict | None
    now: Verdict | None
    what: tuple[str, ...] = ()


def replay(number: int, who: Identity, on: Parts, run: Engine) -> tuple[Compared, ...]:
    """Every gate of a past proposal, then and now, in their order; none where none judged.

    The trees are those that git keeps, the settings those of the proposal's base (`on` is built for
    it), the tools those of today.  What was recorded stays as it is; that it was compared is a fact
    of the ledger.

    Raises what `approval.intact` and `evidence.judge` raise.
    """
    stored = on.store.get(number)
    change = run.step("verify", approval.intact, on.git, stored)
    made = run.step("gates", rounds.judge, change, stored.proposal.request, on, run, anew=True)
    now = tuple(evidence.sealed(one, on.vault.scrub_text) for one in made)
    found = tuple(compare(stored.proposal.verdicts, now))
    gates = [{"gate": one.gate, "result": one.result, "what": list(one.what)} for one in found]
    fact = {"proposal": number, "digest": stored.digest, "who": str(who)}
    on.store.log("replay", {**fact, "result": worst(found), "gates": gates})
    return found


def worst(found: Sequence[Compared]) -> Result:
    """What a replay comes to: one difference counts more than one gate that could not judge."""
    results = {one.result for one in found}
    if Result.DIFFERS in results:
        return Result.DIFFERS
    return Result.SAME if results == {Result.SAME} else Result.CANNOT


def compare(then: Sequence[Verdict], now: Sequence[Verdict]) -> Iterator[Compared]:
    """What gates said, and what they say, one by one."""
    today = {one.gate: one for one in now}
    for one in then:
        yield _compared(one, today.pop(one.gate, None))
    for left in today.values():
        yield Compared(left.gate, Result.DIFFERS, None, left, ("it did not judge then",))


def _compared(then: Verdict, now: Verdict | None) -> Compared:
    if now is None:
        said = "it is not there any more, or does not apply"
        return Compared(then.gate, Result.CANNOT, then, None, (said,))
    if now.outcome is Outcome.ERROR and then.outcome is not Outcome.ERROR:
        return Compared(then.gate, Result.CANNOT, then, now, (now.summary,))
    what = tuple(_differences(then, now))
    return Compared(then.gate, Result.DIFFERS if what else Result.SAME, then, now, what)


def _differences(then: Verdict, now: Verdict) -> Iterator[str]:
    """What is not the same in two verdicts; times, logs and wording do not count."""
    if then.outcome is not now.outcome:
        yield f"{then.outcome} then, {now.outcome} now: {now.summary}"
    lost, new = sorted({*then.proofs} - {*now.proofs}), sorted({*now.proofs} - {*then.proofs})
    if lost:
        yield f"no proof any more: {_few(lost)}"
    if new:
        yield f"a proof now: {_few(new)}"
    before, after = (Counter({one.turn: one.count for one in of.tallies}) for of in (then, now))
    for turn in Turn:
        if before[turn] != after[turn]:
            yield f"{turn}: {before[turn]} then, {after[turn]} now"
    if then.ran and now.ran and then.ran != now.ran and before == after:
        yield "other checks ran"


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
