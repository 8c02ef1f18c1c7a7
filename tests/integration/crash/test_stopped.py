"""A command that is stopped, starved or overtaken at an effect, while another one goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.crashes.matrix import told
from tests.crashes.stories import Crashes
from tests.crashes.warm import DAY_S, NO_RIGHTS, warm

if TYPE_CHECKING:
    import random
    from pathlib import Path

POINTS = 2
# A git that takes its time to move a branch: whoever started it may be dead by then.
SLOW_GIT = """\
#!/bin/sh
case "$*" in *update-ref*refs/heads/main*) sleep 2;; esac
exec "{git}" "$@"
"""


def test_stopped_anywhere_another_goes_on(crashes: Crashes, rng: random.Random) -> None:
    """One apply is stopped, others look, approve and apply, and it goes on: one commit."""
    matrix = crashes.matrix("apply")
    for point in matrix.sample(POINTS, rng):
        matrix.begin()
        stopped = matrix.run("apply", "1", at=point.number, act=("stop",))
        if not stopped.stopped:
            continue  # it had a step less this time
        for command in (("list",), ("apply", "1"), ("approve", "1")):
            done = matrix.run(*command)
            assert "defect of workflow" not in done.stderr, (point, command, done.stderr)
        assert "defect of workflow" not in matrix.resume(stopped).stderr, point
        left = matrix.judge(point)
        assert not left.wrong, told([left])


@pytest.mark.parametrize("seconds", [-400 * DAY_S, 400 * DAY_S])
def test_the_clock_jumps_anywhere(crashes: Crashes, rng: random.Random, seconds: int) -> None:
    """Whatever the time is suddenly said to be, the landing is whole."""
    matrix = crashes.matrix("apply")
    lefts = matrix.each(matrix.sample(POINTS, rng), ("clock", seconds))
    assert not told(lefts), told(lefts)


@pytest.mark.parametrize("folder", [".git/refs/heads", ".git", "bin", ".git/workflow"])
def test_a_right_is_lost_anywhere(
    crashes: Crashes, rng: random.Random, tmp_path: Path, folder: str
) -> None:
    """A folder that may not be written from one moment on; then it may again."""
    prefix = NO_RIGHTS if os.geteuid() == 0 else ()
    said = tmp_path / "without rights"
    said.mkdir()
    with warm(said, prefix=prefix) as process:
        matrix = Crashes(process, crashes.folder).matrix("apply")
        place = str(crashes.folder / "work/repo" / folder)
        lefts = matrix.each(matrix.sample(POINTS, rng), ("forbid", place))
    assert not told(lefts), told(lefts)


def test_the_disk_is_full_anywhere(rng: random.Random) -> None:
    """A small disk with 0 bytes, 4 KiB, 64 KiB or 1 MiB left from one effect on."""
    argv = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-P", "-m"]
    ran = subprocess.run(
        [*argv, "tests.crashes.disk", "1", str(rng.randrange(10**9))],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stdout + ran.stderr


def test_git_outlives_whoever_started_it(
    crashes: Crashes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The branch moves after its command is dead, and after the next one has looked."""
    matrix = crashes.matrix("apply")
    git = shutil.which("git")
    slow = tmp_path / "slow/git"
    slow.parent.mkdir()
    slow.write_text(SLOW_GIT.format(git=git))
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}{os.pathsep}{os.environ['PATH']}")
    point = next(
        one
        for one in matrix.points
        if one.what.startswith("after fork_exec") and "move_ref" in one.what
    )
    matrix.begin()
    matrix.run("apply", "1", at=point.number)
    matrix.run("list")
    time.sleep(4)
    left = matrix.judge(point)
    assert not left.wrong, told([left])
