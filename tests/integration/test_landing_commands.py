"""`workflow apply` as a commit, a branch or a mail, pushed or not; hooks and stopped processes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GitRepo, WorkflowCommand

pytestmark = pytest.mark.forked

SITE = "nginx/site_nginx.conf"
DEADLINE_S = 60


@pytest.fixture
def origin(approved: GitRepo, tmp_path: Path) -> GitRepo:
    """Return a bare repository that is the remote `origin` of the approved one."""
    path = tmp_path / "origin.git"
    approved.git("clone", "--quiet", "--bare", ".", str(path))
    approved.git("remote", "add", "origin", str(path))
    return type(approved)(path)


def test_a_mail_brings_the_same_tree_elsewhere(
    approved: GitRepo, workflow: WorkflowCommand, tmp_path: Path
) -> None:
    """It is printed as it is, nothing moves here, and the proposal can still be applied."""
    before = approved.snapshot()
    mail = workflow("apply", "1", "--as", "patch", "--quiet", cwd=approved.path)
    assert mail.exit_status == 0, mail.stderr
    assert approved.snapshot() == before
    told = workflow("apply", "1", "--as", "patch", "--json", cwd=approved.path).json
    assert told["patch"].startswith("From ")
    assert told["base"] == approved.git("rev-parse", "main")
    approved.git("clone", "--quiet", ".", str(tmp_path / "elsewhere"))
    elsewhere = type(approved)(tmp_path / "elsewhere")
    words = ["git", "am", "--quiet"]
    subprocess.run(words, input=mail.stdout.encode(), cwd=elsewhere.path, check=True)
    tree = approved.git("rev-parse", "refs/workflow/proposals/1^{tree}")
    assert elsewhere.git("rev-parse", "HEAD^{tree}") == tree
    assert "Approved-by: " in elsewhere.git("show", "-s", "--format=%(trailers)")
    assert workflow("apply", "1", cwd=approved.path).exit_status == 0
    assert approved.git("rev-parse", "main^{tree}") == tree


def test_a_branch_of_its_own(approved: GitRepo, origin: GitRepo, workflow: WorkflowCommand) -> None:
    """The landing is on a new branch, here and at the remote; main and the files stay."""
    before = approved.snapshot()
    done = workflow("apply", "1", "--as", "branch", "--push", "--json", cwd=approved.path)
    assert done.exit_status == 0, done.stderr
    assert (done.json["branch"], done.json["state"]) == ("workflow/1", "kept")
    assert done.json["pushed"]["branch"] == "workflow/1"
    after = approved.snapshot()
    assert (after.files, after.index, after.status) == (before.files, before.index, before.status)
    assert origin.git("rev-parse", "workflow/1") == approved.git("rev-parse", "workflow/1")
    assert origin.git("rev-parse", "main") == approved.git("rev-parse", "main")


def test_what_is_in_already_is_told_with_its_branch(
    approved: GitRepo, workflow: WorkflowCommand
) -> None:
    """Applying again says where it is, and when that branch is gone, how it comes back."""
    assert workflow("apply", "1", "--as", "branch", cwd=approved.path).exit_status == 0
    again = workflow("apply", "1", cwd=approved.path)
    assert again.exit_status == 3
    assert "proposal 1 is applied already, on workflow/1\n" in again.stderr
    tip = approved.git("rev-parse", "workflow/1")
    approved.git("branch", "-D", "workflow/1")
    gone = workflow("apply", "1", cwd=approved.path)
    assert "on workflow/1, a branch that is gone" in gone.stderr
    assert f"git branch workflow/1 {tip[:10]}" in gone.stderr
    checks = workflow("doctor", "--json", cwd=approved.path).json["checks"]
    (landings,) = (one for one in checks if one["name"] == "landings")
    assert "workflow/1, on which proposal 1 is, is gone" in landings["detail"]


@pytest.mark.parametrize("name", ["refs/heads/main.lock", "HEAD.lock", "index.lock"])
def test_a_lock_that_git_has_left(approved: GitRepo, workflow: WorkflowCommand, name: str) -> None:
    """The refusal has the command that removes it, `doctor` names it, and nothing has moved."""
    lock = approved.path / ".git" / name
    lock.touch()
    refused = workflow("apply", "1", cwd=approved.path)
    assert refused.exit_status == 1
    assert f"no git is at work any more? then rm {lock}, and run it again" in refused.stderr
    checks = workflow("doctor", "--json", cwd=approved.path).json["checks"]
    assert [str(lock) in one["detail"] for one in checks if one["name"] == "git locks"] == [True]
    lock.unlink()
    assert workflow("apply", "1", cwd=approved.path).exit_status == 0


def test_a_rollback_that_cannot_be_signed_says_so(
    approved: GitRepo, workflow: WorkflowCommand, tmp_path: Path
) -> None:
    """It is made all the same, and the output and its JSON say that it bears no signature."""
    assert workflow("apply", "1", cwd=approved.path).exit_status == 0
    for key, value in (("gpg.format", "ssh"), ("user.signingKey", str(tmp_path / "no-key"))):
        approved.git("config", key, value)
    approved.git("config", "commit.gpgSign", "true")
    done = workflow("rollback", cwd=approved.path)
    assert done.exit_status == 0, done.stderr
    assert "! not signed, for git could not: " in done.stdout
    again = workflow("rollback", "--json", cwd=approved.path)
    assert (again.exit_status, again.json["unsigned"]) == (0, True)


def test_a_rollback_on_a_ledger_that_does_not_hold(
    approved: GitRepo, workflow: WorkflowCommand
) -> None:
    """It is made all the same, and names the command that says what is wrong."""
    assert workflow("apply", "1", cwd=approved.path).exit_status == 0
    with sqlite3.connect(approved.path / ".git/workflow/workflow.db") as database:
        database.execute("DROP TRIGGER ledger_keeps")
        database.execute("UPDATE ledger SET at = '' WHERE event = 'request'")
    database.close()
    done = workflow("rollback", cwd=approved.path)
    assert done.exit_status == 0, done.stderr
    assert "! the ledger does not hold: workflow ledger verify\n" in done.stdout


def test_a_rollback_beside_a_stuck_target_names_the_way_out_first(
    approved: GitRepo, workflow: WorkflowCommand
) -> None:
    """The branch goes back all the same; next is what live files still wait for."""
    assert workflow("apply", "1", cwd=approved.path).exit_status == 0
    row = ("edge", approved.git("rev-parse", "main"), f"sha256:{'0' * 64}", "stuck", "x", "x")
    with sqlite3.connect(approved.path / ".git/workflow/workflow.db") as database:
        database.execute(
            "INSERT INTO installs (target, commit_id, snapshot, state, who, at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            row,
        )
    database.close()
    done = workflow("rollback", cwd=approved.path)
    assert done.exit_status == 0, done.stderr
    assert "! target edge is stuck: workflow targets restore edge\n" in done.stdout
    assert "Next: workflow targets restore edge; " in done.stdout


def test_a_landing_and_its_rollback_are_pushed(
    approved: GitRepo, origin: GitRepo, workflow: WorkflowCommand
) -> None:
    """With `landing.push` every landing goes to the remote, and so does what takes it back."""
    env = {"WORKFLOW_LANDING__PUSH": "origin"}
    for command in ("apply", "rollback"):
        done = workflow(command, "1", cwd=approved.path, env=env)
        assert done.exit_status == 0, done.stderr
        assert "pushed to origin" in done.stdout
        assert origin.git("rev-parse", "main") == approved.git("rev-parse", "main")


def test_a_push_that_fails_takes_nothing_back(
    approved: GitRepo, origin: GitRepo, workflow: WorkflowCommand
) -> None:
    """The landing stands here, the reason is told, and the command that is named pushes it."""
    hook = origin.path / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'frozen until Monday' >&2\nexit 1\n")
    hook.chmod(0o755)
    failed = workflow("apply", "1", "--push", cwd=approved.path)
    assert failed.exit_status == 1
    assert "frozen until Monday" in failed.stderr
    assert "landed and kept; not pushed: origin: " in failed.stderr
    assert "failed to push" not in failed.stderr
    assert "  try: workflow apply 1 --push\n" in failed.stderr
    head = approved.git("rev-parse", "main")
    assert head != origin.git("rev-parse", "main")
    hook.unlink()
    again = workflow("apply", "1", "--push", cwd=approved.path)
    assert again.exit_status == 0, again.stderr
    assert approved.git("rev-parse", "main") == origin.git("rev-parse", "main") == head
    more = workflow("apply", "1", "--push", cwd=approved.path)
    assert "origin has it already: nothing was pushed" in more.stdout


def test_a_remote_that_went_on_stops_a_landing(
    approved: GitRepo, origin: GitRepo, workflow: WorkflowCommand, tmp_path: Path
) -> None:
    """What was to be pushed, and cannot, does not land either."""
    approved.git("clone", "--quiet", str(origin.path), str(tmp_path / "theirs"))
    theirs = type(approved)(tmp_path / "theirs")
    theirs.commit({"theirs.txt": "x\n"})
    theirs.git("push", "--quiet", "origin", "main")
    before = approved.snapshot().files
    head = approved.git("rev-parse", "main")
    refused = workflow("apply", "1", "--push", cwd=approved.path)
    assert refused.exit_status == 3
    assert "  try: git pull origin main, then workflow rebase 1\n" in refused.stderr
    assert (approved.git("rev-parse", "main"), approved.snapshot().files) == (head, before)
    assert workflow("apply", "1", cwd=approved.path).exit_status == 0
    late = workflow("apply", "1", "--push", cwd=approved.path)
    assert "landed and kept; not pushed: main of origin is at " in late.stderr
    assert "  try: git pull origin main, then git push origin main\n" in late.stderr


def test_what_makes_no_sense(approved: GitRepo, workflow: WorkflowCommand) -> None:
    """It is a usage error with the next command, and nothing moves."""
    head = approved.git("rev-parse", "main")
    for options, said in (
        (("--to", "x"), "--as branch --to x"),
        (("--as", "patch", "--push"), "a mail is not pushed"),
        (("--remote", "x"), "--push --remote x"),
        (("--push", "--remote", "x"), "no remote of this repository"),
    ):
        done = workflow("apply", "1", *options, cwd=approved.path)
        assert (done.exit_status, said in done.stderr) == (2, True), done.stderr
    assert approved.git("rev-parse", "main") == head


def test_a_stopped_landing_is_named_and_ends_as_one_commit(
    approved: GitRepo, workflow: WorkflowCommand, tmp_path: Path
) -> None:
    """While it is stopped others may look and not land; it goes on, and lands exactly once."""
    hook = approved.path / ".git/hooks/commit-msg"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/sh\ntouch '{tmp_path}/begun'\n"
        f"for i in $(seq 600); do test -e '{tmp_path}/go' && exit 0; sleep 0.1; done\n"
    )
    hook.chmod(0o755)
    before = approved.git("rev-parse", "main")
    landing = subprocess.Popen(
        [sys.executable, "-P", "-m", "workflow", "apply", "1"],
        cwd=approved.path,
        env={**os.environ, "WORKFLOW_LANDING__HOOKS": "user"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with landing:
        deadline = time.monotonic() + DEADLINE_S
        while not (tmp_path / "begun").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(landing.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, landing.pid, os.WSTOPPED)
        looked = workflow("list", cwd=approved.path)
        assert looked.exit_status == 0
        assert f"kill -CONT {landing.pid}" in looked.stderr
        other = workflow("apply", "1", cwd=approved.path)
        assert (other.exit_status, "is stopped" in other.stderr) == (1, True)
        assert workflow("rollback", cwd=approved.path).exit_status == 1
        (tmp_path / "go").touch()
        os.kill(landing.pid, signal.SIGCONT)
        assert landing.wait(DEADLINE_S) == 0
    assert approved.git("rev-parse", "main^") == before
    assert approved.git("status", "--porcelain") == ""
    assert workflow("apply", "1", cwd=approved.path).exit_status == 3
    assert approved.git("rev-list", "--count", f"{before}..main") == "1"
