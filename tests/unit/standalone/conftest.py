"""The folder that is swapped in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.standalone.samples import (
    State,
    fresh,
    state_of,
    swap_all,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """Return a folder with the files that `ALL` changes."""
    return fresh(tmp_path / "top")


@pytest.fixture
def states(tmp_path: Path) -> tuple[State, State]:
    """Return the state before and the state after `ALL`."""
    top = fresh(tmp_path / "states")
    before = state_of(top)
    swap_all(top)
    return before, state_of(top)
