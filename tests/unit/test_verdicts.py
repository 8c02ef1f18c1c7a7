"""Passes of former commands: only passes, only for a while, only with their logs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from workflow.canonical import sha256
from workflow.store import Store
from workflow.types import Evidence, Outcome, Side, Tally, Turn, Verdict

if TYPE_CHECKING:
    from pathlib import Path

KEY, OTHER = sha256(b"one"), sha256(b"other")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return an empty store."""
    return Store(tmp_path / "store")


def passed(store: Store, *, age: timedelta = timedelta(), log: bytes = b"all well") -> Verdict:
    """Return a pass with everything that a verdict may have."""
    at = (datetime.now(UTC) - age).isoformat(timespec="seconds")
    return Verdict(
        gate="pytest",
        outcome=Outcome.PASS,
        summary="1 passed",
        evidence=(Evidence(Side.PATCHED, "pytest -q", 0, 0.5, store.keep(log)),),
        notes=("a note",),
        proofs=("pytest: a",),
        tallies=(Tally(Turn.FAIL_TO_PASS, 1, ("a",)),),
        doubts=("look",),
        judged=at,
    )


def test_a_pass_comes_back_as_it_was(store: Store, tmp_path: Path) -> None:
    """Another command gets the whole verdict; this one knows it as its own."""
    verdict = passed(store)
    store.passes.put(KEY, verdict)
    assert store.passes.get(KEY) == verdict
    assert store.passes.get(OTHER) is None
    assert store.passes.is_own(KEY)
    later = Store(tmp_path / "store").passes
    assert later.get(KEY) == verdict
    assert not later.is_own(KEY)


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.ERROR])
def test_only_passes_are_remembered(store: Store, outcome: Outcome) -> None:
    """Whoever met another verdict may have mended the machine, and asks again."""
    store.passes.put(KEY, replace(passed(store), outcome=outcome))
    assert store.passes.get(KEY) is None


@pytest.mark.parametrize(
    ("age", "is_there"),
    [(timedelta(hours=23), True), (timedelta(hours=25), False), (timedelta(hours=-1), False)],
    ids=["of today", "too old", "of the future"],
)
def test_a_pass_counts_for_a_day(store: Store, age: timedelta, is_there: bool) -> None:  # noqa: FBT001 - a column of the table
    """An older one does not, nor one that a clock set back has made."""
    store.passes.put(KEY, passed(store, age=age))
    assert (store.passes.get(KEY) is not None) is is_there


def test_a_pass_without_its_log_is_none(store: Store) -> None:
    """What can no longer be shown is judged again."""
    store.passes.put(KEY, passed(store))
    store.connection.execute("DELETE FROM blobs")
    assert store.passes.get(KEY) is None


def test_a_damaged_row_is_none(store: Store) -> None:
    """A row that does not read as a verdict is as good as gone."""
    store.passes.put(KEY, passed(store))
    store.connection.execute("UPDATE passes SET verdict = '{'")
    assert store.passes.get(KEY) is None
