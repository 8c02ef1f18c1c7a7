"""Holds what a drafter forecast of each gate against what the gate said.

A model that knows what its draft does forecasts well; how well is shown to the reviewer, and over
many proposals in `workflow stats`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.types import Forecast, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from workflow.types import Verdict

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Comparison:
    """One gate: what was forecast of it, and what it said; `None` for what there was not.

    `is_right` is `None` where nothing can be said: the gate was not forecast, did not run, or could
    not judge.  `missing_tests` were forecast to run and did not; they alone make a forecast wrong.
    `why` says in one line what was right or wrong.
    """

    gate: str
    forecast: Forecast | None
    outcome: Outcome | None
    is_right: bool | None
    missing_tests: tuple[str, ...]
    why: str


def compare(
    forecasts: Sequence[Forecast],
    verdicts: Sequence[Verdict],
    ran: Callable[[Verdict], Collection[str]],
) -> tuple[Comparison, ...]:
    """One comparison for each gate that was forecast or ran, the verdicts' first, in their order.

    `ran` gives the names of the tests that a gate ran on the patched tree; it is asked only where
    tests were forecast and `Verdict.ran` says that names were kept.  Of several forecasts of a gate
    the first counts: the one that was made before the others.
    """
    said: dict[str, Forecast] = {}
    for forecast in forecasts:
        said.setdefault(forecast.gate, forecast)
    judged = [_compared(said.pop(verdict.gate, None), verdict, ran) for verdict in verdicts]
    idle = [
        Comparison(forecast.gate, forecast, None, None, (), "the gate did not run")
        for forecast in said.values()
    ]
    return (*judged, *idle)


def tests(kept: bytes) -> frozenset[str]:
    """The names of tests in the bytes that `Verdict.ran` is the digest of."""
    return frozenset(kept.decode("utf-8", "replace").split("\n")) - {""}


def brier(pairs: Iterable[tuple[Forecast, Outcome]]) -> float | None:
    """How far forecasts were off: the mean of (p - passed)², from 0 (all sure and right) to 1.

    p is the probability of a pass that a forecast states; 0.25 is what tossing a coin earns.
    Verdicts that could not judge do not count; `None` where no other is left (Brier, 1950).
    """
    scores = [
        (_pass_probability(forecast) - (outcome is Outcome.PASS)) ** 2
        for forecast, outcome in pairs
        if outcome is not Outcome.ERROR
    ]
    return sum(scores) / len(scores) if scores else None


def _pass_probability(forecast: Forecast) -> float:
    sure = forecast.confidence / 100
    return sure if forecast.outcome is Outcome.PASS else 1 - sure


def _compared(
    forecast: Forecast | None, verdict: Verdict, ran: Callable[[Verdict], Collection[str]]
) -> Comparison:
    gate, outcome = verdict.gate, verdict.outcome
    if forecast is None:
        return Comparison(gate, None, outcome, None, (), "not forecast")
    if outcome is Outcome.ERROR:
        return Comparison(gate, forecast, outcome, None, (), "the gate could not judge")
    missing: tuple[str, ...] = ()
    if forecast.tests and verdict.ran is not None:
        missing = _missing(forecast.tests, ran(verdict))
    if forecast.outcome is not outcome:
        why = f"forecast {forecast.outcome.value} ({forecast.confidence} %), was {outcome.value}"
    elif missing:
        why = f"forecast tests that did not run: {_listed(missing)}"
    else:
        why = f"{outcome.value}, as forecast"
    is_right = forecast.outcome is outcome and not missing
    return Comparison(gate, forecast, outcome, is_right, missing, why)


def _missing(expected: Sequence[str], ran: Collection[str]) -> tuple[str, ...]:
    """The expected tests that did not run.

    A name may leave out the front of a node id: `test_app.py::test_one` and `test_one` are both
    found in `backend/tests/test_app.py::test_one[1]`.
    """
    known = {*ran, *(name.partition("[")[0] for name in ran)}
    return tuple(test for test in expected if not _is_among(test, known))


def _is_among(test: str, known: Collection[str]) -> bool:
    """Whether a name, or the end of one after a folder, a file or a class, is this."""
    wanted = test.strip().removeprefix("./")
    if wanted in known:
        return True
    endings = (f"/{wanted}", f"::{wanted}")
    return any(name.endswith(endings) for name in known)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
