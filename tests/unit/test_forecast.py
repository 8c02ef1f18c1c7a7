"""What was forecast is held against what was said, and scored as Brier did."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow import forecast
from workflow.canonical import sha256
from workflow.types import Forecast, Outcome, Verdict

RAN = (
    "backend/tests/test_app.py::test_happy",
    "backend/tests/test_app.py::TestLimits::test_large[10-x/y::z]",
    "test_top.py::test_one",
)
KEPT = sha256(b"".join(f"{name}\n".encode() for name in RAN))


def forecast_of(
    outcome: Outcome = Outcome.PASS,
    confidence: int = 90,
    gate: str = "pytest",
    tests: tuple[str, ...] = (),
) -> Forecast:
    """Return a forecast of one gate."""
    return Forecast(gate, outcome, "because", confidence, tests)


def verdict_of(outcome: Outcome, gate: str = "pytest") -> Verdict:
    """Return a verdict that kept the names of `RAN`."""
    return Verdict(gate, outcome, "said", ran=KEPT)


def ran(_verdict: Verdict) -> tuple[str, ...]:
    """Return what every gate of these tests ran."""
    return RAN


@pytest.mark.parametrize(
    ("expected", "said", "is_right"),
    [
        (Outcome.PASS, Outcome.PASS, True),
        (Outcome.PASS, Outcome.FAIL, False),
        (Outcome.FAIL, Outcome.FAIL, True),
        (Outcome.FAIL, Outcome.PASS, False),
        (Outcome.PASS, Outcome.ERROR, None),
        (Outcome.FAIL, Outcome.ERROR, None),
    ],
)
def test_an_outcome_is_right_or_wrong_or_neither(
    expected: Outcome, said: Outcome, *, is_right: bool | None
) -> None:
    """A gate that could not judge makes no forecast right or wrong."""
    (one,) = forecast.compare([forecast_of(expected)], [verdict_of(said)], ran)
    assert (one.is_right, one.outcome) == (is_right, said)
    assert one.why


def test_what_has_no_partner_is_listed_and_not_judged() -> None:
    """A gate that did not run and one that was not forecast are neither right nor wrong."""
    found = forecast.compare([forecast_of(gate="nginx")], [verdict_of(Outcome.PASS)], ran)
    assert [(one.gate, one.is_right, one.why) for one in found] == [
        ("pytest", None, "not forecast"),
        ("nginx", None, "the gate did not run"),
    ]
    assert found[0].forecast is None
    assert found[1].outcome is None


def test_the_first_forecast_of_a_gate_counts() -> None:
    """Who says both cannot be right with one of them."""
    both = [forecast_of(Outcome.FAIL), forecast_of(Outcome.PASS)]
    (one,) = forecast.compare(both, [verdict_of(Outcome.PASS)], ran)
    assert one.is_right is False


@pytest.mark.parametrize(
    "test",
    [
        "backend/tests/test_app.py::test_happy",
        "tests/test_app.py::test_happy",
        "./tests/test_app.py::test_happy",
        "test_app.py::test_happy",
        "test_happy",
        "test_large",
        "TestLimits::test_large",
        "test_app.py::TestLimits::test_large[10-x/y::z]",
        "test_top.py::test_one",
    ],
)
def test_a_test_is_found_by_the_end_of_its_name(test: str) -> None:
    """Folders, file, class and parameters may be left out."""
    (one,) = forecast.compare([forecast_of(tests=(test,))], [verdict_of(Outcome.PASS)], ran)
    assert (one.is_right, one.missing_tests) == (True, ())


@pytest.mark.parametrize(
    "test",
    ["test_hap", "happy", "app.py::test_happy", "other/test_app.py::test_happy", "", "test_two"],
)
def test_a_test_that_did_not_run_makes_a_forecast_wrong(test: str) -> None:
    """It is named; a part of a name is no name."""
    (one,) = forecast.compare([forecast_of(tests=(test,))], [verdict_of(Outcome.PASS)], ran)
    assert (one.is_right, one.missing_tests) == (False, (test,))
    assert test in one.why


def test_many_missing_tests_are_counted() -> None:
    """The reason stays one line."""
    tests = tuple(f"test_{number}" for number in range(10))
    (one,) = forecast.compare([forecast_of(tests=tests)], [verdict_of(Outcome.PASS)], ran)
    assert one.why == "forecast tests that did not run: test_0, test_1, test_2 and 7 more"


def test_a_name_without_end_is_no_more_work_than_others() -> None:
    """What ran says what it is called, and may call itself anything."""
    endless = ("a/" * 500_000 + "b::" * 500_000 + "c",)
    said = [forecast_of(tests=("c", "b::c", "d"))]
    (one,) = forecast.compare(said, [verdict_of(Outcome.PASS)], lambda _verdict: endless)
    assert one.missing_tests == ("d",)


def test_tests_are_not_asked_of_a_gate_that_kept_none() -> None:
    """A gate without tests, and a proposal of an older version, are judged by the outcome alone."""
    said = Verdict("nginx", Outcome.PASS, "said")
    asked: list[Verdict] = []

    def ask(verdict: Verdict) -> tuple[str, ...]:
        asked.append(verdict)
        return ()

    (one,) = forecast.compare([forecast_of(gate="nginx", tests=("test_a",))], [said], ask)
    assert one.is_right
    assert not asked


def test_kept_names_come_back() -> None:
    """One a line, whatever other line ends a name may hold."""
    assert forecast.tests(b"a::b\nc\x0bd\n") == {"a::b", "c\x0bd"}
    assert forecast.tests(b"") == frozenset()


def test_brier_by_hand() -> None:
    """Sure and right is 0, sure and wrong 1, a coin 0.25; what could not judge does not count."""
    passes, fails = Outcome.PASS, Outcome.FAIL
    assert forecast.brier([(forecast_of(passes, 100), passes)]) == 0
    assert forecast.brier([(forecast_of(fails, 100), passes)]) == 1
    assert forecast.brier([(forecast_of(passes, 50), fails)]) == 0.25
    pairs = [(forecast_of(passes, 90), passes), (forecast_of(fails, 80), fails)]
    # (0.9 - 1)² = 0.01 and (0.2 - 0)² = 0.04
    assert forecast.brier(pairs) == pytest.approx(0.025)
    assert forecast.brier([*pairs, (forecast_of(), Outcome.ERROR)]) == pytest.approx(0.025)
    assert forecast.brier([(forecast_of(), Outcome.ERROR)]) is None
    assert forecast.brier([]) is None


@given(
    st.lists(
        st.tuples(
            st.builds(forecast_of, st.sampled_from(Outcome), st.integers(50, 100)),
            st.sampled_from([Outcome.PASS, Outcome.FAIL]),
        ),
        min_size=1,
    )
)
def test_a_score_is_between_0_and_1_in_any_order(pairs: list[tuple[Forecast, Outcome]]) -> None:
    """It is a mean: order does not matter, nor does saying everything twice."""
    score = forecast.brier(pairs)
    assert score is not None
    assert 0 <= score <= 1
    assert forecast.brier(pairs[::-1] * 2) == pytest.approx(score)
