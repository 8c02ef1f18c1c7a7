"""The warm process of a session, and the stories in the environment of each test."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

import pytest

from tests.crashes.stories import Crashes
from tests.crashes.warm import Warm, warm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def _warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """Yield a warm process; each order brings its own environment."""
    with warm(tmp_path_factory.mktemp("said")) as process:
        yield process


@pytest.fixture
def crashes(sealed: Path, _warm: Warm, tmp_path: Path) -> Crashes:
    """Return the stories, in the test's own environment."""
    del sealed
    return Crashes(_warm, tmp_path)


@pytest.fixture
def rng() -> random.Random:
    """Return a chooser of points with a new seed each time: each run tries others."""
    seed = random.randrange(10**9)  # noqa: S311 - a choice of tests, not of secrets
    sys.stdout.write(f"seed {seed}\n")
    return random.Random(seed)  # noqa: S311 - as above
