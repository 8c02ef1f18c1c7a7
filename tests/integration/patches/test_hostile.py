"""Hostile patches: none takes effect under the default policy, and each refusal has its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.patches.hostile import HOSTILE
from bench.patches.trial import Court

if TYPE_CHECKING:
    from bench.patches.attack import Hostile


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Court:
    """Return the repository that all hostile patches attack."""
    return Court.open(tmp_path_factory.mktemp("court"))


@pytest.mark.parametrize("row", HOSTILE, ids=[row.name for row in HOSTILE])
def test_a_hostile_patch_is_refused_by_name(court: Court, row: Hostile) -> None:
    """Whoever drafts it, it is refused; the refusal names what is expected."""
    refusals = court.tried(row)
    assert all(refused.ids for refused in refusals), "it takes effect"
    assert refusals[0].ids & row.expected, refusals[0].said


def test_hostile_patches_are_distinct() -> None:
    """There are at least 48 of them, each with a name of its own."""
    names = {row.name for row in HOSTILE}
    assert len(names) == len(HOSTILE) >= 48
