"""What gates said of a past proposal is compared with what they say today, verdict by verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workflow.canonical import sha256
from workflow.replay import Result, compare, worst
from workflow.types import Outcome, Tally, Turn, Verdict

THEN = Verdict(
    "pytest",
    Outcome.PASS,
    "3 passed",
    proofs=("t.py::new",),
    ran=sha256(b"names"),
    tallies=(Tally(Turn.NEW_PASS, 1, ("t.py::new",)), Tally(Turn.PASS_TO_PASS, 2, ("t.py::a",))),
)


def test_the_same_verdict_is_the_same() -> None:
    """Wording, notes, times and logs do not count."""
    now = replace(THEN, summary="3 passed in 2 s", notes=("other",), judged="2026-01-01T00:00:00Z")
    (found,) = compare([THEN], [now])
    assert (found.result, found.what) == (Result.SAME, ())
    assert worst([found]) is Result.SAME


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (replace(THEN, outcome=Outcome.FAIL, summary="1 failed"), "pass then, fail now: 1 failed"),
        (replace(THEN, proofs=()), "no proof any more: t.py::new"),
        (replace(THEN, proofs=("t.py::new", "t.py::b")), "a proof now: t.py::b"),
        (replace(THEN, tallies=THEN.tallies[1:]), "new-pass: 1 then, 0 now"),
        (replace(THEN, ran=sha256(b"other names")), "other checks ran"),
    ],
)
def test_another_verdict_differs(now: Verdict, said: str) -> None:
    """Outcome, proofs, tallies and the checks that ran are told where they are not the same."""
    (found,) = compare([THEN], [now])
    assert (found.result, found.what) == (Result.DIFFERS, (said,))


def test_many_proofs_are_told_in_few_words() -> None:
    """Five names, and how many more."""
    now = replace(THEN, proofs=tuple(f"t.py::{number}" for number in range(9)) + THEN.proofs)
    (found,) = compare([THEN], [now])
    assert found.what[0].endswith("t.py::4 and 4 more")


def test_a_gate_that_cannot_judge_is_neither() -> None:
    """A gate that is gone, or is in error today, says nothing about then."""
    broken = replace(THEN, outcome=Outcome.ERROR, summary="no Python")
    assert [one.result for one in compare([THEN], [])] == [Result.CANNOT]
    (found,) = compare([THEN], [broken])
    assert (found.result, found.what) == (Result.CANNOT, ("no Python",))
    (found,) = compare([broken], [broken])
    assert found.result is Result.SAME


def test_a_gate_that_is_new_differs() -> None:
    """What did not judge then cannot be the same."""
    (same, new) = compare([THEN], [replace(THEN, gate="nginx"), THEN])
    assert (same.result, new.gate, new.result) == (Result.SAME, "nginx", Result.DIFFERS)


def test_one_difference_counts_most() -> None:
    """A replay differs, else cannot tell, else is the same; nothing to compare cannot tell."""
    differs, cannot, same = (
        next(compare([THEN], [replace(THEN, proofs=())])),
        next(compare([THEN], [])),
        next(compare([THEN], [THEN])),
    )
    assert worst([same, cannot, differs]) is Result.DIFFERS
    assert worst([same, cannot]) is Result.CANNOT
    assert worst([]) is Result.CANNOT
