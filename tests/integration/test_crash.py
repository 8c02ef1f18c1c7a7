"""kill -9 anywhere: the next command works, says what happened, and nothing is in between."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workflow import ledger
from workflow.database import connect

if TYPE_CHECKING:
    from tests.conftest import GitRepo, WorkflowCommand

KILLED = Path(__file__).with_name("killed.py")
REQUEST = "Add a /collect endpoint and allow origin https://s.ado.im via CORS and CSP"
SITE = "nginx/site_nginx.conf"
UNRELATED = "README.md"
OWN_EDIT = b"my own edit\n"
# Points are spread evenly with a random offset, so that each run tries others.
LANDING_POINTS = 24
PROPOSE_POINTS = 6
STEPS_VARY = 20


def _git(repo: Path, *arguments: str) -> str:
    ran = subprocess.run(["git", *arguments], cwd=repo, check=True, capture_output=True, timeout=60)
    return ran.stdout.decode()


def _die(repo: Path, step: int, *arguments: str, steps_file: Path | None = None) -> int:
    """Run `workflow ARGS` and kill it at a step (0: never); return how it ended."""
    ran = subprocess.run(
        [sys.executable, "-P", str(KILLED), str(step), *arguments],
        cwd=repo,
        env={**os.environ, "STEPS_FILE": str(steps_file)},
        check=False,
        capture_output=True,
        timeout=120,
    )
    return ran.returncode


def _steps(repo: Path, copy: Path, *arguments: str) -> int:
    """How many steps a command takes when nothing kills it."""
    shutil.copytree(repo, copy, symlinks=True)
    counted = copy.with_suffix(".steps")
    assert _die(copy, 0, *arguments, steps_file=counted) == 0
    shutil.rmtree(copy)
    return int(counted.read_text())


def _points(steps: int, number: int) -> list[int]:
    """Steps to die at: spread over the whole run, with a random start, both ends among them."""
    width = max(1, steps // number)
    start = random.randrange(1, width + 1)  # noqa: S311 - a choice of tests, not of secrets
    # The number of steps varies a little from run to run; the last few may not be reached.
    return sorted({1, *range(start, steps - STEPS_VARY, width)})


def _runs(repo: Path) -> list[Path]:
    """The folders of commands at work, or of dead ones that nobody has cleared away."""
    folder = repo / ".git/workflow/runs"
    return list(folder.iterdir()) if folder.exists() else []


def _landings(history: Any) -> list[tuple[str, str]]:
    return [(row["kind"], row["state"]) for row in _json(history)["landings"]]


def _json(done: Any) -> Any:
    return json.loads(done.stdout)


@pytest.fixture
def proposed(approved: GitRepo) -> GitRepo:
    """A repository with one approved proposal and an unrelated file that is dirty."""
    (approved.path / UNRELATED).write_bytes(OWN_EDIT)
    return approved


def _assert_before_or_after(repo: Path, before: str, kind: str) -> bool:
    """The branch, the index and the files agree on one of two states; whether it is the later."""
    head = _git(repo, "rev-parse", "main").strip()
    subject = _git(repo, "log", "-1", "--format=%s", head)
    has_moved = head != before
    if has_moved:
        assert _git(repo, "rev-parse", f"{head}^").strip() == before, "one commit, not more"
        assert subject.startswith(REQUEST[:20] if kind == "apply" else "Roll back")
    status = _git(repo, "status", "--porcelain")
    assert status == f" M {UNRELATED}\n", f"index and files follow the branch:\n{status}"
    assert (repo / UNRELATED).read_bytes() == OWN_EDIT
    committed = subprocess.run(
        ["git", "show", f"{head}:{SITE}"], cwd=repo, check=True, capture_output=True
    ).stdout
    assert (repo / SITE).read_bytes() == committed
    assert not _runs(repo), "no scratch files stay"
    assert "error" not in _git(repo, "fsck", "--strict", "--no-dangling")
    return has_moved


def test_apply_killed_anywhere_ends_before_or_after(
    proposed: GitRepo, workflow: WorkflowCommand, tmp_path: Path
) -> None:
    """Wherever `apply` dies, the next command leaves a whole state, and apply then works."""
    before = proposed.git("rev-parse", "main")
    steps = _steps(proposed.path, tmp_path / "count", "apply", "1")
    seen: set[bool] = set()
    for point in _points(steps, LANDING_POINTS):
        copy = tmp_path / f"apply-{point}"
        shutil.copytree(proposed.path, copy, symlinks=True)
        assert _die(copy, point, "apply", "1") == -signal.SIGKILL
        assert workflow("list", cwd=copy).exit_status == 0
        has_moved = _assert_before_or_after(copy, before, "apply")
        seen.add(has_moved)
        again = workflow("apply", "1", "--json", cwd=copy)
        # A landing that was complete is not done twice; any other is finished now.
        assert again.exit_status == 0 or _json(again)["error"].startswith("proposal 1 is applied")
        assert _assert_before_or_after(copy, before, "apply")
        with closing(connect(copy / ".git/workflow")) as connection:
            assert ledger.verify(connection)[1] == ()
        shutil.rmtree(copy)
    assert seen == {True, False}, "the points lie on both sides of the move"


def test_rollback_killed_anywhere_ends_before_or_after(
    proposed: GitRepo, workflow: WorkflowCommand, tmp_path: Path
) -> None:
    """Wherever `rollback` dies, branch and files agree, and the files can still be restored."""
    original = (proposed.path / SITE).read_bytes()
    assert workflow("apply", "1", cwd=proposed.path).exit_status == 0
    before = proposed.git("rev-parse", "main")
    steps = _steps(proposed.path, tmp_path / "count", "rollback")
    for point in _points(steps, LANDING_POINTS):
        copy = tmp_path / f"rollback-{point}"
        shutil.copytree(proposed.path, copy, symlinks=True)
        assert _die(copy, point, "rollback") == -signal.SIGKILL
        assert workflow("list", cwd=copy).exit_status == 0
        _assert_before_or_after(copy, before, "rollback")
        # Whatever was done, the same command again completes it and never takes it back.
        if _landings(workflow("history", "--json", cwd=copy))[0] != ("rollback", "kept"):
            assert workflow("rollback", cwd=copy).exit_status == 0
        assert _assert_before_or_after(copy, before, "rollback")
        assert (copy / SITE).read_bytes() == original
        assert _landings(workflow("history", "--json", cwd=copy))[0] == ("rollback", "kept")
        shutil.rmtree(copy)


def test_propose_killed_anywhere_changes_nothing(
    sandbox_repo: GitRepo, workflow: WorkflowCommand, tmp_path: Path
) -> None:
    """Wherever `propose` dies, files, index and branches are as before, and it works again."""
    snapshot = sandbox_repo.snapshot()
    steps = _steps(sandbox_repo.path, tmp_path / "count", "propose", REQUEST, SITE)
    for point in _points(steps, PROPOSE_POINTS):
        assert _die(sandbox_repo.path, point, "propose", REQUEST, SITE) == -signal.SIGKILL
        listed = workflow("list", "--json", cwd=sandbox_repo.path)
        assert listed.exit_status == 0
        after = sandbox_repo.snapshot()
        assert (after.head, after.index, after.status, after.files) == (
            snapshot.head,
            snapshot.index,
            snapshot.status,
            snapshot.files,
        )
        assert not _runs(sandbox_repo.path)
        for row in _json(listed)["proposals"]:
            assert workflow("show", str(row["id"]), cwd=sandbox_repo.path).exit_status == 0
    assert workflow("propose", REQUEST, SITE, cwd=sandbox_repo.path).exit_status == 0


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
