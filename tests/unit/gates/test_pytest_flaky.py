"""What several runs of a test show: only what every run says decides, and luck passes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.gates.pytest.flaky import Settled, settled, turn
from workflow.gates.pytest.report import Ended
from workflow.types import Turn

P, F, S, N, X = Ended.PASSED, Ended.FAILED, Ended.SKIPPED, Ended.NOT_RUN, Ended.XFAILED
AGAINST = {Turn.PASS_TO_FAIL, Turn.NEW_FAIL}
ends = st.sampled_from(Ended)
runs = st.lists(ends, max_size=4)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (P, P, Turn.PASS_TO_PASS),
        (P, F, Turn.PASS_TO_FAIL),
        (P, S, Turn.SKIPPED),
        (P, N, Turn.SKIPPED),
        (P, X, Turn.SKIPPED),
        (P, None, Turn.REMOVED),
        (P, Ended.XPASSED, Turn.PASS_TO_PASS),
        (F, P, Turn.FAIL_TO_PASS),
        (F, F, Turn.FAIL_TO_FAIL),
        (F, S, Turn.SKIPPED),
        (F, X, Turn.SKIPPED),
        (X, P, Turn.FAIL_TO_PASS),
        (X, F, Turn.NEW_FAIL),
        (X, X, None),
        (S, P, Turn.NEW_PASS),
        (S, F, Turn.NEW_FAIL),
        (S, S, None),
        (S, None, Turn.REMOVED),
        (None, P, Turn.NEW_PASS),
        (None, F, Turn.NEW_FAIL),
        (None, S, None),
        (None, None, None),
    ],
)
def test_two_runs_are_a_turn(
    before: Ended | None, after: Ended | None, expected: Turn | None
) -> None:
    """Each pair of ends is one turn, or none worth counting."""
    assert turn(before, after) is expected


@pytest.mark.parametrize(
    ("base", "patched", "expected"),
    [
        # Every run agrees.
        ((P, P), (F, F), Settled(Turn.PASS_TO_FAIL)),
        ((F, F), (P, P), Settled(Turn.FAIL_TO_PASS)),
        ((), (F, F), Settled(Turn.NEW_FAIL)),
        # The base is unsteady by itself.
        ((P, F), (F, P), Settled(Turn.FLAKY)),
        ((F, P), (P, P), Settled(Turn.FLAKY)),
        # It is, but the patched tree never passes.
        ((P, F), (F, F), Settled(Turn.PASS_TO_FAIL, is_known=False)),
        # The patched tree alone is unsteady.
        ((P, P), (F, P), Settled(Turn.FLAKY, is_open=True, is_known=False)),
        ((P, P, P), (F, P, P), Settled(Turn.FLAKY, is_open=True, is_known=False)),
        ((), (F, P), Settled(Turn.FLAKY, is_open=True)),
        ((S,), (F, P), Settled(Turn.FLAKY, is_open=True)),
        # It fails anyway.
        ((F, F), (P, F), Settled(Turn.FLAKY)),
        # A later run that says nothing changes nothing.
        ((P,), (F, S, N), Settled(Turn.PASS_TO_FAIL)),
    ],
)
def test_more_runs_settle_it(
    base: tuple[Ended, ...], patched: tuple[Ended, ...], expected: Settled
) -> None:
    """The rule, case by case."""
    assert settled(base, patched) == expected


@given(runs, runs)
def test_luck_never_lets_a_broken_test_pass(base: list[Ended], patched: list[Ended]) -> None:
    """One failure on the patched tree where the base never failed is never just let pass."""
    fails = {F, X}
    if not patched or patched[0] is not F or not fails.isdisjoint(base):
        return
    said = settled(base, patched)
    assert said.turn in AGAINST or said.is_open


@given(runs, runs)
def test_one_unsteady_tree_proves_nothing(base: list[Ended], patched: list[Ended]) -> None:
    """What the runs of one tree do not agree about is no proof, and no failing alone."""
    said = settled(base, patched)
    if said.turn is Turn.FAIL_TO_PASS:
        assert F not in patched
        assert P not in base
    if not base and not patched:
        assert said == Settled(None)


@given(ends, ends)
def test_a_run_of_each_says_what_the_turn_says(before: Ended, after: Ended) -> None:
    """Without a second run, nothing is flaky."""
    assert settled([before], [after]) == Settled(turn(before, after))
