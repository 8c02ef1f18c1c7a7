"""The same tests on both trees, and again those of them that disagree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workflow.gates.pytest import compare, flaky
from workflow.gates.pytest import roots as roots_of
from workflow.gates.pytest.compare import Comparison
from workflow.gates.pytest.report import Report
from workflow.gates.pytest.runs import arguments
from workflow.types import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.gates.pytest.runs import Bench, Wanted

_FIRST_AGAIN = 3
MOST_AGAIN = 50
"""Of more tests than these, nobody believes that they broke by chance: none is run again."""


@dataclass(frozen=True, slots=True)
class Both:
    """How to run the tests of each tree, and what was heard."""

    base: Wanted
    patched: Wanted
    compared: Comparison


def run(bench: Bench, base: Wanted, patched: Wanted) -> Both:
    """Run the tests of both trees; a tree that has no tests there has an empty report."""
    have = [one for one in (base, patched) if roots_of.has_tests(one.settings, bench.root)]
    heard = dict(zip([one.side for one in have], bench.run(*have), strict=True))
    empty = Report({})
    compared = Comparison(heard.get(Side.BASE, empty), heard.get(Side.PATCHED, empty))
    return Both(base, patched, compared)


def settle(bench: Bench, both: Both) -> Both:
    """Run again what speaks against the patch, and once more what is undecided then.

    The quickest come first: one test that fails every time is enough, and the others stay as they
    were.  Only where none does, the rest runs again, too.
    """
    names = compare.disagreements(both.compared.settled)
    if len(names) > MOST_AGAIN:
        return both
    seconds = both.compared.patched.durations
    quickest = sorted(names, key=lambda name: (seconds.get(name, 0.0), name))
    for chosen in (quickest[:_FIRST_AGAIN], quickest[_FIRST_AGAIN:]):
        both = _settled(bench, both, chosen)
        turns = both.compared.settled
        if any(compare.is_broken(turns[name]) for name in chosen):
            break
    return both


def _settled(bench: Bench, both: Both, names: Sequence[str]) -> Both:
    for attempt in range(1, flaky.MAX_RUNS + 1):
        if not names:
            break
        wanted = _again(both, names, attempt)
        both = heard_again(both, wanted, bench.run(*wanted))
        turns = both.compared.settled
        names = [name for name in names if not turns[name].is_known]
    return both


def _again(both: Both, names: Sequence[str], attempt: int) -> tuple[Wanted, ...]:
    """Return the runs of some tests alone, on each tree that has them."""
    compared = both.compared
    sides = ((both.base, compared.base), (both.patched, compared.patched))
    chosen = (
        (one, arguments([name for name in names if name in known.tests])) for one, known in sides
    )
    return tuple(alone(one, only, attempt) for one, only in chosen if only)


def alone(one: Wanted, only: tuple[str, ...], attempt: int) -> Wanted:
    """Return the run of these tests alone."""
    what = f"{one.what}{', ' if one.what else ''}{len(only)} test(s) again"
    return replace(one, what=what, only=only, attempt=attempt)


def heard_again(both: Both, wanted: Sequence[Wanted], reports: Sequence[Report]) -> Both:
    """Return the same with the reports of later runs; one that broke says nothing."""
    found: dict[Side, tuple[Report, ...]] = dict.fromkeys(Side, ())
    for one, report in zip(wanted, reports, strict=True):
        if not report.problem:
            found[one.side] += (report,)
    compared = replace(
        both.compared,
        base_again=both.compared.base_again + found[Side.BASE],
        patched_again=both.compared.patched_again + found[Side.PATCHED],
    )
    return replace(both, compared=compared)
