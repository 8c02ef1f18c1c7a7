"""Two reports side by side: what speaks against a patch, what is told, and what is counted."""

from __future__ import annotations

from workflow.gates.pytest import compare
from workflow.gates.pytest.compare import Comparison
from workflow.gates.pytest.report import Ended, Report
from workflow.types import Tally, Turn

P, F, S, X = Ended.PASSED, Ended.FAILED, Ended.SKIPPED, Ended.XFAILED


def test_what_passed_and_is_idle_or_gone_is_a_loss() -> None:
    """Skipped, expected to fail, left out and deleted: each is said in its own words."""
    base = Report(dict.fromkeys(["kept", "gone", "skipped", "marked", "left out"], P))
    patched = Report(
        {"kept": P, "skipped": S, "marked": X}, deselected=frozenset({"left out", "never ran"})
    )
    assert compare.losses(base, patched) == (
        "1 test(s) passed on the base and are gone: gone",
        "3 test(s) passed on the base and do not run any more: left out, marked, skipped",
    )
    assert compare.losses(patched, base) == ()


def test_what_fails_on_the_base_is_no_loss() -> None:
    """A test that failed or was skipped may go."""
    assert compare.losses(Report({"a": F, "b": S, "c": X}), Report({})) == ()


def test_disagreements_are_what_would_decide() -> None:
    """New failures are run again; what fails anyway, or passes, is not."""
    base = Report({"broken": P, "old": F, "fine": P, "cured": F})
    patched = Report({"broken": F, "old": F, "fine": P, "cured": P, "new": F})
    turns = Comparison(base, patched).settled
    assert compare.disagreements(turns) == ("broken", "new")
    assert compare.broken(turns) == (
        "2 test(s) fail on the patched tree and not on the base: broken, new",
    )


def test_a_second_run_on_both_trees_is_heard() -> None:
    """A test that fails on the base, too, when it is run again, speaks against nobody."""
    base, patched = Report({"a": P, "b": P}), Report({"a": F, "b": F})
    again = Comparison(base, patched, (Report({"a": F, "b": P}),), (Report({"a": P, "b": P}),))
    turns = again.settled
    assert compare.broken(turns) == ()
    assert turns["a"].turn is Turn.FLAKY
    assert not turns["b"].is_known
    assert "b" in compare.open_questions(turns)
    assert "a" not in compare.open_questions(turns).partition(": ")[2]


def test_tallies_count_all_and_name_the_first() -> None:
    """Each turn once, in the order of the turns, with names that are bounded and sorted."""
    base = Report({f"t{n:03}": P for n in range(50)} | {"old": F})
    patched = Report({**base.tests, "old": P, "new\x1b": P})
    turns = Comparison(base, patched).settled
    tallies = compare.tallies([compare.from_top("x", turns), {}])
    assert [(one.turn, one.count) for one in tallies] == [
        (Turn.FAIL_TO_PASS, 1),
        (Turn.NEW_PASS, 1),
        (Turn.PASS_TO_PASS, 50),
    ]
    assert tallies[0] == Tally(Turn.FAIL_TO_PASS, 1, ("x/old",))
    assert tallies[1].names[0].isprintable()
    assert tallies[2].names == tuple(f"x/t{n:03}" for n in range(20))


def test_a_test_of_two_roots_counts_once() -> None:
    """A project without settings collects the tests of one below it, too."""
    inner = Comparison(Report({}), Report({"test_a": P})).settled
    outer = Comparison(Report({}), Report({"below/test_a": P, "test_b": P})).settled
    (tally,) = compare.tallies([compare.from_top("below", inner), outer])
    assert tally == Tally(Turn.NEW_PASS, 2, ("below/test_a", "test_b"))


def test_only_a_plain_slowdown_is_told() -> None:
    """Twice as long and five seconds more; what ran on one tree only does not count."""

    def told(before: dict[str, float], after: dict[str, float]) -> list[str]:
        return compare.durations(Report({}, durations=before), Report({}, durations=after))

    assert told({"a": 1.0, "b": 1.0}, {"a": 9.0, "b": 1.0}) == [
        "the same tests take 10.0 s with the patch and 2.0 s without it; a takes 9.0 s, not 1.0 s"
    ]
    assert told({"a": 10.0}, {"a": 16.0}) == []
    assert told({"a": 0.1}, {"a": 4.0}) == []
    assert told({"a": 1.0}, {"a": 1.0, "new": 60.0}) == []
    assert told({}, {"a": 60.0}) == []
