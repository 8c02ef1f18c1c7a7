from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.gates.pytest.report import Ended, read
from workflow.process import Ran


def ran(status: int | None, *said: dict[str, object], timed_out: bool = False) -> Ran:
    """Return a run that reported these lines."""
    report = b"".join(json.dumps(line).encode() + b"\n" for line in said)
    return Ran((), status, b"", b"", 1.0, timed_out=timed_out, report=report)


def phases(name: str, outcome: str = "passed") -> list[dict[str, object]]:
    """Return the lines of one test."""
    return [
        {"test": name, "when": when, "outcome": outcome if when == "call" else "passed"}
        for when in ("setup", "call", "teardown")
    ]


def test_clean_run_is_believed() -> None:
    """Tests, their outcomes and the end agree."""
    report = read(ran(0, {"collected": ["a"]}, *phases("a"), {"end": 0}))
    assert (report.problem, report.tests) == ("", {"a": Ended.PASSED})


@pytest.mark.parametrize(
    ("status", "lines", "words"),
    [
        (0, [{"collected": ["a"]}, *phases("a")], "before pytest was done"),
        (0, [{"collected": ["a"]}, *phases("a"), {"end": 1}], "said status 1"),
        (0, [{"collected": ["a"]}, *phases("a", "failed"), {"end": 0}], "not every test passed"),
        (0, [{"collected": ["a", "b"]}, *phases("a"), {"end": 0}], "not every test passed"),
        (1, [{"collected": ["a"]}, *phases("a"), {"end": 1}], "reported none"),
        (0, [{"end": 0}, {"collected": []}], "damaged"),
        (0, [{"test": "a", "when": "later", "outcome": "passed"}], "damaged"),
        (0, [{"test": "a", "when": "call", "outcome": "great"}], "damaged"),
    ],
)
def test_contradictions_are_not_believed(
    status: int, lines: list[dict[str, object]], words: str
) -> None:
    """A report that cannot be is a problem, and not one that the run admits."""
    report = read(ran(status, *lines))
    assert words in report.problem
    assert not report.broken


@pytest.mark.parametrize("status", [2, 3, 4, 139])
def test_ends_of_its_own_are_told(status: int) -> None:
    """A crash or a refusal to start is the run's own word."""
    assert read(ran(status)).broken


def test_deadline_is_told() -> None:
    """A run that hung says so."""
    assert "did not end" in read(ran(None, timed_out=True)).problem


def test_failing_subtest_stays_failed() -> None:
    """A later pass of the same phase does not wipe a failure out."""
    lines = [*phases("a", "failed"), *phases("a")]
    report = read(ran(1, {"collected": ["a"]}, *lines, {"end": 1}))
    assert report.tests == {"a": Ended.FAILED}


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(report: bytes) -> None:
    """Arbitrary bytes on the pipe are never a clean report of passed tests."""
    found = read(Ran((), 0, b"", b"", 1.0, report=report))
    assert found.problem
