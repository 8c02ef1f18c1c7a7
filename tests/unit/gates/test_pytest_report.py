from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.gates.pytest.canary import watch
from workflow.gates.pytest.report import Ended, read
from workflow.process import Ran

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.gates.pytest.report import Report

Line = dict[str, object]

WATCH = watch(lambda text: hashlib.sha256(text.encode()).hexdigest(), "a run")
STOPS = watch(lambda text: hashlib.sha256(text.encode()).hexdigest(), "a run", stops=True)


def signed(lines: Sequence[Line], key: bytes = WATCH.key) -> bytes:
    """Return lines as the reporter writes them."""
    texts = (f"{number} {json.dumps(line)}".encode() for number, line in enumerate(lines))
    return b"".join(
        hmac.digest(key, text, "sha256").hex().encode() + b" " + text + b"\n" for text in texts
    )


def ran(status: int | None, *said: Line, timed_out: bool = False) -> Ran:
    """Return a run that reported these lines."""
    return Ran((), status, b"", b"", 1.0, timed_out=timed_out, report=signed(said))


def phases(name: str, outcome: str = "passed", **more: object) -> list[Line]:
    """Return the lines of one test."""
    return [
        {
            "test": name,
            "when": when,
            "outcome": outcome if when == "call" else "passed",
            "s": 0.25,
            **(more if when == "call" else {}),
        }
        for when in ("setup", "call", "teardown")
    ]


def canaries(fail: str = "failed", succeed: str = "passed") -> list[Line]:
    """Return the lines of all canaries; those that must fail say `fail`."""
    lines = [line for name in WATCH.failing for line in phases(f"t::{name}", fail, raised=True)]
    return lines + [line for name in WATCH.passing for line in phases(f"t::{name}", succeed)]


def ended(status: int) -> list[Line]:
    """Return the last lines of a run."""
    return [{"end": status}, {"left": status}]


def heard(status: int, *said: Line) -> Report:
    """Return the report of a whole run of one test `a`, with its canaries and its end."""
    lines: list[Line] = [{"collected": ["a"]}, *canaries(), *said, *ended(status)]
    return read(ran(status, *lines), WATCH)


def test_clean_run_is_believed() -> None:
    """Tests, their outcomes, the canaries and the end agree; of canaries nothing is left."""
    report = heard(0, *phases("a"))
    assert (report.problem, report.unwatched) == ("", "")
    assert report.tests == {"a": Ended.PASSED}
    assert report.durations == {"a": 0.75}


def test_what_was_left_out_and_hidden_is_told() -> None:
    """Deselected tests and hidden modules come through."""
    report = heard(0, *phases("a"), {"deselected": ["b"]}, {"hidden": ["json"]})
    assert (report.deselected, report.hidden) == (frozenset({"b"}), ("json",))


@pytest.mark.parametrize(
    ("status", "lines", "words"),
    [
        (0, [{"collected": ["a"]}, *phases("a")], "before pytest was done"),
        (0, [{"collected": ["a"]}, *phases("a"), {"end": 0}], "before pytest was done"),
        (0, [{"collected": ["a"]}, *phases("a"), *ended(1)], "said status 1"),
        (0, [{"collected": ["a"]}, *phases("a"), {"end": 1}, {"left": 0}], "said status 1"),
        (0, [{"collected": ["a"]}, *phases("a", "failed"), *ended(0)], "not every test passed"),
        (0, [{"collected": ["a", "b"]}, *phases("a"), *ended(0)], "not every test passed"),
        (0, [{"collected": ["a"]}, *phases("a", raised=True), *ended(0)], "reported as a pass: a"),
        (0, [*phases("a"), *ended(0)], "not collected: a"),
        (1, [{"collected": ["a"]}, *phases("a"), *ended(1)], "reported none"),
        (0, [{"end": 0}, {"collected": []}], "damaged"),
        (0, [*ended(0), {"left": 0}], "damaged"),
        (0, [{"test": "a", "when": "later", "outcome": "passed", "s": 0}], "damaged"),
        (0, [{"test": "a", "when": "call", "outcome": "great", "s": 0}], "damaged"),
        (0, [{"test": "a", "when": "call", "outcome": "passed", "s": -1}], "damaged"),
        (0, [{"test": "a", "when": "call", "outcome": "passed", "s": "inf"}], "damaged"),
        (0, [{"test": "a", "when": "call", "outcome": "passed"}], "damaged"),
    ],
)
def test_contradictions_are_not_believed(status: int, lines: list[Line], words: str) -> None:
    """A report that cannot be is a problem, and not one that the run admits."""
    report = read(ran(status, *lines), WATCH)
    assert words in report.problem
    assert not report.broken


@pytest.mark.parametrize("status", [2, 3, 4, 139])
def test_ends_of_its_own_are_told(status: int) -> None:
    """A crash or a refusal to start is the run's own word."""
    assert read(ran(status), WATCH).broken


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"timed_out": True}, "did not end"),
        ({"truncated": True}, "printed more"),
        ({"out_of_memory": True}, "more memory"),
    ],
)
def test_what_was_cut_says_why(how: dict[str, bool], words: str) -> None:
    """A run that was killed says by what limit, though its last line is cut in two."""
    whole = signed([{"collected": ["a"]}, *phases("a")])
    report = read(Ran((), None, b"", b"", 1.0, report=whole[:-5], **how), WATCH)
    assert words in report.problem
    assert report.broken


@pytest.mark.parametrize(
    "report",
    [
        signed([{"collected": ["a"]}, *ended(0)], key=b"another key"),
        signed([{"collected": []}])[:-1],
        signed([{"collected": []}]) + signed([{"collected": []}]),
        b"".join(reversed(signed([{"collected": []}, {"end": 0}]).splitlines(keepends=True))),
        b'{"end": 0}\n',
    ],
    ids=["another key", "half a line", "a line twice", "another order", "no mark"],
)
def test_lines_that_are_not_the_reporters_are_damage(report: bytes) -> None:
    """Each line counts once, in its turn, and under the run's own key."""
    assert "damaged" in read(Ran((), 0, b"", b"", 1.0, report=report), WATCH).problem


def test_failing_canary_that_passes_is_a_lie() -> None:
    """What must fail and is said to pass shows that outcomes are decided elsewhere."""
    lines: list[Line] = [{"collected": ["a"]}, *canaries(fail="passed"), *phases("a"), *ended(0)]
    report = read(ran(0, *lines), WATCH)
    assert "must fail was reported as a pass" in report.problem
    assert not any(name in report.problem for name in WATCH.canaries)


@pytest.mark.parametrize(
    "lines",
    [[], canaries()[:-3], canaries(fail="skipped"), canaries(succeed="failed")],
    ids=["none", "one is missing", "skipped", "all fail"],
)
def test_canaries_that_cannot_tell_are_no_lie(lines: list[Line]) -> None:
    """A fixture may keep them from running: then nobody watched, and that is said."""
    said: list[Line] = [{"collected": ["a"]}, *lines, *phases("a"), *ended(0)]
    report = read(ran(0, *said), WATCH)
    assert report.problem == ""
    assert "of which the end is known" in report.unwatched


def test_nobody_needs_to_watch_where_nothing_passes() -> None:
    """Without a pass there is nothing to doubt."""
    said: list[Line] = [{"collected": ["a"]}, *phases("a", "failed", raised=True), *ended(1)]
    report = read(ran(1, *said), WATCH)
    assert (report.problem, report.unwatched) == ("", "")


def test_run_that_stops_early_needs_no_last_canary() -> None:
    """`-x` ends a run at the first failure, before the last canaries."""
    said: list[Line] = [
        {"collected": ["a", "b", "c"]},
        *canaries()[:3],
        *phases("a"),
        *phases("b", "failed", raised=True),
        *ended(1),
    ]
    assert read(ran(1, *said), WATCH).unwatched == ""


def test_run_that_was_meant_to_stop_is_not_broken() -> None:
    """A run that ends at its first failure, because it was told to, is a whole report."""
    lines: list[Line] = [{"collected": ["a", "b"]}, *phases("a", "failed", raised=True), *ended(2)]
    assert read(ran(2, *lines), STOPS).problem == ""
    assert read(ran(2, *lines), WATCH).broken


@pytest.mark.parametrize(
    ("outcome", "more", "end"),
    [
        ("skipped", {}, Ended.SKIPPED),
        ("skipped", {"expected": True, "raised": True}, Ended.XFAILED),
        ("passed", {"expected": True}, Ended.XPASSED),
    ],
)
def test_idle_ends_are_told_apart(outcome: str, more: dict[str, object], end: Ended) -> None:
    """A skip, an expected failure and a pass that could have been a failure are three things."""
    assert heard(0, *phases("a", outcome, **more)).tests == {"a": end}


def test_failing_subtest_stays_failed() -> None:
    """A later pass of the same phase does not wipe a failure out."""
    assert heard(1, *phases("a", "failed"), *phases("a")).tests == {"a": Ended.FAILED}


def test_rerun_starts_anew() -> None:
    """What a plugin is going to run again does not count."""
    report = heard(0, *phases("a", "rerun")[:2], *phases("a"))
    assert report.tests == {"a": Ended.PASSED}


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(report: bytes) -> None:
    """Arbitrary bytes on the pipe are never a clean report of passed tests."""
    assert read(Ran((), 0, b"", b"", 1.0, report=report), WATCH).problem


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["collected", "test", "when", "outcome", "s", "end", "left", "why"]),
            _JSON,
            max_size=4,
        ),
        max_size=4,
    )
)
def test_no_authentic_lines_break_the_reader(lines: list[Line]) -> None:
    """Whatever the tested process makes the reporter say, the reader does not raise."""
    read(ran(0, *lines), WATCH)
