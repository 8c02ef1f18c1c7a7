"""The folder that patches are tried on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.patch_commands.samples import PYTHON

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder outside git with two files."""
    place = tmp_path / "place"
    (place / "app").mkdir(parents=True)
    (place / "app/x.py").write_text(PYTHON)
    (place / "app/y.py").write_text(PYTHON)
    return place
