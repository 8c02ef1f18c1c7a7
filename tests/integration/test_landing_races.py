"""Two processes land, approve, reject, roll back and commit at once: nothing twice or lost."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

BENCH = Path(__file__).parents[2] / "bench/landing_races.py"
ROUNDS = 3


def load() -> ModuleType:
    """Import the benchmark, which runs more rounds of the same."""
    spec = importlib.util.spec_from_file_location("landing_races", BENCH)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


RACES: Any = load()


@pytest.mark.parametrize("name", RACES.RACES)
def test_nothing_is_done_twice_and_nothing_is_lost(name: str, tmp_path: Path) -> None:
    """After each round git, files, index, states and ledger agree."""
    tally = RACES.race(name, ROUNDS, tmp_path)
    assert tally.faults == ()
    assert sum(tally.ends.values()) == ROUNDS
    if name in {"land, land", "approve and land, twice"}:
        assert set(tally.ends) <= {"landed + refused", "refused + landed"}
