"""Tries one project's tests on both trees, in as many runs as it takes to be sure, and no more.

Where there are many tests, those that use what changed come first; when they break it ends there.
Then all tests run on both trees, and what speaks against the patch runs again.  What a patch that
passes has to show beyond that is in `proof`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.gates.pytest import compare, guard, impact, pair, words
from workflow.gates.pytest import roots as roots_of
from workflow.gates.pytest.pair import Both
from workflow.gates.pytest.report import Ended
from workflow.gates.pytest.runs import Wanted
from workflow.types import Outcome, Side

if TYPE_CHECKING:
    from workflow.gates.pytest.runs import Bench
    from workflow.gates.pytest.words import Result


def judge(bench: Bench) -> Result | Both:
    """Return the verdict on tests that got worse or cannot be judged, or else what was heard."""
    early = _early(bench)
    return early or _judged(bench, pair.run(bench, *_trees(bench)))


def _trees(bench: Bench, only: tuple[str, ...] = ()) -> tuple[Wanted, Wanted]:
    case = bench.case
    what = f"{len(only)} file(s) that use what changed" if only else ""
    there = roots_of.test_files(case.base, bench.root) if only else frozenset()
    return (
        Wanted(
            side=Side.BASE,
            scratch=guard.clean(case.base),
            settings=case.base,
            what=what,
            only=tuple(name for name in only if name in there),
        ),
        Wanted(Side.PATCHED, guard.clean(case.patched), case.patched, what, only),
    )


def _early(bench: Bench) -> Result | None:
    """Return a verdict by the tests that use what changed, if they break; else nothing is said."""
    base, patched = _trees(bench, impact.first(bench))
    if not base.only:
        return None
    both = pair.run(bench, base, patched)
    if both.compared.base.problem or both.compared.base.uncollected:
        return None
    judged = _judged(bench, both)
    if isinstance(judged, Both) or judged.outcome is not Outcome.FAIL:
        return None
    note = f"only the {patched.what} were run: they break"
    # The tests that ran are not all that run: no forecast is held against them.
    return replace(judged, ran=None, notes=(note, *judged.notes))


def _judged(bench: Bench, both: Both) -> Result | Both:
    """Return the verdict on tests that got worse or cannot be judged; else what is settled."""
    compared, root = both.compared, bench.root
    unusable = words.unusable(compared.base, compared.patched, root)
    if unusable:
        return unusable
    lost = () if bench.may_weaken else compare.losses(compared.base, compared.patched)
    if not lost:
        both = pair.settle(bench, both)
        compared = both.compared
    turns = compared.settled
    faults = (*compare.broken(turns), *lost)
    if faults:
        return words.failed(compared, root, faults)
    question = compare.open_questions(turns)
    if question:
        return words.undecided(compared, root, question)
    if not compared.patched.names(Ended.PASSED, Ended.XPASSED):
        return words.nothing_passes(compared, root)
    return both
