"""Real changes, damaged by chance, come out as the commit made them, or are refused."""

from __future__ import annotations

import os
import secrets

import pytest

from bench.patches.corpus import changes
from bench.patches.faults import KINDS, Case, cases
from bench.patches.model import Truth, seeded
from bench.patches.outcome import Outcome, Result, ours

# Read at import: the seal round each test takes it away.
SEED = os.environ.get("PATCH_SEED") or secrets.token_hex(4)
CASES = 600
CHANGES = 120
BAR = 0.99


@pytest.fixture(scope="module")
def results() -> tuple[tuple[Case, Result], ...]:
    """Return every case of this run's seed and what our engine made of it."""
    rng = seeded(SEED)
    return tuple((case, ours(case)) for case in cases(rng, changes(rng, CHANGES), CASES))


def _told(results: list[tuple[Case, Result]]) -> str:
    shown = "\n".join(
        f"{' + '.join(case.names)} in {case.path}: {result.said or 'applied'}\n{case.draft!r:.2000}"
        for case, result in results[:5]
    )
    return f"\n{len(results)} of {CASES} cases, PATCH_SEED={SEED}\n{shown}"


def test_no_damaged_draft_is_placed_wrongly(
    results: tuple[tuple[Case, Result], ...],
) -> None:
    """Nothing is applied with another result than the commit's, decoys included."""
    wrong = [row for row in results if row[1].outcome.is_unsafe]
    assert not wrong, _told(wrong)


def test_what_is_proven_is_recovered(results: tuple[tuple[Case, Result], ...]) -> None:
    """At least 99 % of the drafts whose places are proven give exactly the commit's file."""
    proven = [row for row in results if row[0].truth is Truth.RIGHT]
    missed = [row for row in proven if row[1].outcome is not Outcome.RIGHT]
    assert len(missed) <= (1 - BAR) * len(proven), _told(missed)


def test_every_kind_of_fault_is_there(results: tuple[tuple[Case, Result], ...]) -> None:
    """The corpus has room for each kind of fault, and for both kinds of truth."""
    assert {kind.name for kind in KINDS} == {case.names[0] for case, _ in results}
    truths = [case.truth for case, _ in results]
    assert min(truths.count(Truth.RIGHT), truths.count(Truth.REFUSED)) > CASES // 10, SEED
