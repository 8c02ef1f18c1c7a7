"""A proposal that is cut short: the next command works, says what happened, and nothing is left."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.crashes.matrix import spread
from tests.crashes.warm import warm

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GitRepo, WorkflowCommand

REQUEST = "Add a /collect endpoint and allow origin https://s.ado.im via CORS and CSP"
SITE = "nginx/site_nginx.conf"
POINTS = 5


def _runs(repo: Path) -> list[Path]:
    """The folders of commands at work, or of dead ones that nobody has cleared away."""
    folder = repo / ".git/workflow/runs"
    return list(folder.iterdir()) if folder.exists() else []


@pytest.mark.usefixtures("quick")
def test_propose_killed_anywhere_changes_nothing(sandbox_repo: GitRepo, tmp_path: Path) -> None:
    """Wherever `propose` dies, files, index and branches are as before, and it works again."""
    here, said = sandbox_repo.path, tmp_path / "said"
    said.mkdir()
    before = sandbox_repo.snapshot()
    with warm(said) as process:
        words = ("propose", REQUEST, SITE)
        done = process.run(here, *words, is_counted=True)
        assert done.status == 0, done.stderr
        for point in spread(done.points, random.Random(), POINTS):  # noqa: S311 - a choice of tests
            process.run(here, *words, at=point.number)
            listed = process.run(here, "list", "--json")
            assert listed.status == 0, (point, listed.stderr)
            after = sandbox_repo.snapshot()
            assert (after.head, after.index, after.status, after.files) == (
                *(before.head, before.index, before.status, before.files),
            ), point
            assert not _runs(here), point
            for row in listed.json["proposals"]:
                assert process.run(here, "show", str(row["id"])).status == 0, point
        assert process.run(here, *words).status == 0


def test_a_killed_command_is_named_by_the_next(
    sandbox_repo: GitRepo, workflow: WorkflowCommand
) -> None:
    """The next command says on stderr which command was killed, and at which stage."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "workflow", "propose", REQUEST, SITE],
        cwd=sandbox_repo.path,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stderr is not None
        for line in process.stderr:
            if "gates" in line:
                break
        process.kill()
    listed = workflow("list", cwd=sandbox_repo.path)
    assert "`workflow propose` was killed at the stage 'gates'" in listed.stderr
    assert "killed" not in workflow("list", cwd=sandbox_repo.path).stderr


def test_ctrl_c_ends_cleanly(sandbox_repo: GitRepo) -> None:
    """Ctrl-C leaves with 130, one error, no traceback, no process and no scratch file."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "workflow", "propose", REQUEST, SITE],
        cwd=sandbox_repo.path,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        for line in process.stderr:
            if "gates: " in line:
                break
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in rest
    assert "error: interrupted" in rest
    assert not _runs(sandbox_repo.path)
