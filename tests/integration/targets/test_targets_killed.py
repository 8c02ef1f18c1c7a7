"""An install or a restore that is killed at any step ends before or after, never between."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.targets.conftest import Machine

SETTINGS = """
[[targets]]
name = "web"
files = { "site.conf" = "LIVE/site.conf", "app.conf" = "LIVE/new/deep/app.conf" }
validate = ["true"]
"""
ROOT = Path(__file__).parents[3]
RUNS = 40


@pytest.mark.parametrize("what", ["install", "restore"])
def test_a_killed_exchange_ends_before_or_after(machine: Machine, what: str) -> None:
    """The next command brings the live files to one of the two, and leaves nothing beside them."""
    machine.commit(
        {"workflow.toml": SETTINGS, "site.conf": "one\n", "app.conf": "app\n"}, is_good=False
    )
    (machine.live / "site.conf").write_text("one\n")
    (machine.live / "site.conf").chmod(0o640)
    machine.commit({"site.conf": "two\n"})
    script = "tests.integration.targets.killed_installs"
    ran = subprocess.run(
        [sys.executable, "-m", script, str(machine.repo.path), str(machine.live), what, str(RUNS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert len(found["runs"]) == RUNS
    bad = [one for one in found["runs"] if one[2] not in {"before", "after"} or not one[3]]
    assert not bad
    assert {one[2] for one in found["runs"]} == {"before", "after"}
    assert sum(one[1] for one in found["runs"]) >= RUNS - 2
