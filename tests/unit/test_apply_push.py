"""A landing goes to a remote only on top of what was seen there, never by force, or not at all."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from workflow.apply import Lease, PushError, push, ready_to_push
from workflow.apply.push import _reason
from workflow.errors import StaleProposalError, UsageError
from workflow.process import Ran
from workflow.types import CommitId

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GitRepo
    from tests.unit.conftest import Desk

NEW = b"one\nTWO\nthree\n"


@pytest.fixture
def origin(desk: Desk, tmp_path: Path) -> GitRepo:
    """Return a bare repository that is the remote `origin` and has the branch `main`."""
    path = tmp_path / "origin.git"
    desk.repo.git("clone", "--quiet", "--bare", ".", str(path))
    desk.repo.git("remote", "add", "origin", str(path))
    desk.repo.git("fetch", "--quiet", "origin")
    return type(desk.repo)(path)


def elsewhere(desk: Desk, origin: GitRepo, tmp_path: Path) -> CommitId:
    """Let somebody else push a commit to the remote's main, and return it."""
    path = tmp_path / "theirs"
    desk.repo.git("clone", "--quiet", str(origin.path), str(path))
    theirs = type(desk.repo)(path)
    made = theirs.commit({"theirs.txt": "x\n"})
    theirs.git("push", "--quiet", "origin", "main")
    return CommitId(made)


def landed(desk: Desk) -> CommitId:
    """Land a change here, and return its commit."""
    return desk.land({"site.conf": NEW}).after


def test_a_landing_is_pushed(desk: Desk, origin: GitRepo) -> None:
    """The remote's branch is at the landing; nothing of ours but that goes along."""
    before = desk.git.snapshot().commit
    lease = ready_to_push(desk.git, "origin", "main", before)
    assert lease == Lease("origin", "main", before)
    after = landed(desk)
    desk.repo.commit({"later.txt": "mine, not to be pushed\n"})
    assert push(desk.git, lease, after).also == 0
    assert origin.git("rev-parse", "main") == after
    assert origin.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert desk.repo.git("rev-parse", "origin/main") == after
    assert push(desk.git, ready_to_push(desk.git, "origin", "main", after), after).commit == after


def test_earlier_commits_that_go_along_are_counted(desk: Desk, origin: GitRepo) -> None:
    """What the remote did not have of the base is told."""
    for number in range(3):
        desk.repo.commit({"mine.txt": f"{number}\n"})
    lease = ready_to_push(desk.git, "origin", "main", desk.git.snapshot().commit)
    assert push(desk.git, lease, landed(desk)).also == 3
    assert origin.git("rev-list", "--count", "main") == "5"


def test_a_new_branch_is_pushed_only_where_there_is_none(desk: Desk, origin: GitRepo) -> None:
    """One that the remote has already, or gets in the last moment, stays what it is."""
    after = landed(desk)
    lease = ready_to_push(desk.git, "origin", "workflow/1", None)
    assert lease.expected is None
    origin.git("branch", "workflow/1", "main")
    with pytest.raises(StaleProposalError, match="has a branch workflow/1 already"):
        ready_to_push(desk.git, "origin", "workflow/1", None)
    with pytest.raises(PushError, match="stale info"):
        push(desk.git, lease, after)
    origin.git("branch", "--quiet", "-D", "workflow/1")
    push(desk.git, lease, after)
    assert origin.git("rev-parse", "workflow/1") == after


def test_a_remote_that_went_on_is_not_overwritten(
    desk: Desk, origin: GitRepo, tmp_path: Path
) -> None:
    """Found in time it is fetched and named; in the last moment the lease does not hold."""
    before = desk.git.snapshot().commit
    lease = ready_to_push(desk.git, "origin", "main", before)
    theirs = elsewhere(desk, origin, tmp_path)
    with pytest.raises(StaleProposalError, match=f"is at {theirs.short}") as caught:
        ready_to_push(desk.git, "origin", "main", before)
    assert "git pull origin main" in caught.value.hint
    assert desk.git.read_ref(theirs) == theirs
    with pytest.raises(PushError, match="stale info"):
        push(desk.git, lease, landed(desk))
    assert origin.git("rev-parse", "main") == theirs


def test_a_remote_s_hook_is_heard(desk: Desk, origin: GitRepo) -> None:
    """Why the other side says no is told, without what would drive a terminal."""
    hook = origin.path / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nprintf 'no \\033[31mFriday\\n' >&2\nexit 1\n")
    hook.chmod(0o755)
    lease = ready_to_push(desk.git, "origin", "main", desk.git.snapshot().commit)
    with pytest.raises(PushError, match=r"pre-receive hook declined.*no \?\[31mFriday"):
        push(desk.git, lease, landed(desk))


@pytest.mark.parametrize("hooks", [True, False])
def test_the_user_s_pre_push(desk: Desk, origin: GitRepo, *, hooks: bool) -> None:
    """It may refuse where hooks are asked for, and does not run elsewhere."""
    hook = desk.repo.path / ".git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'not today' >&2\nexit 1\n")
    hook.chmod(0o755)
    lease = ready_to_push(desk.git, "origin", "main", desk.git.snapshot().commit)
    after = landed(desk)
    if hooks:
        with pytest.raises(PushError, match="not today"):
            push(desk.git, lease, after, hooks=True)
    else:
        push(desk.git, lease, after)
    assert (origin.git("rev-parse", "main") == after) is not hooks


@pytest.mark.parametrize(
    "name", ["upstream", "", "../origin.git", "--upload-pack=touch x", "ext::sh"]
)
def test_only_configured_remotes(desk: Desk, origin: GitRepo, name: str) -> None:
    """An address or an option is none: the settings of a repository name a remote of the user's."""
    assert origin.path.exists()
    with pytest.raises(UsageError, match="it has origin"):
        ready_to_push(desk.git, name, "main", desk.git.snapshot().commit)


def test_a_remote_that_is_not_there_is_told_without_credentials(desk: Desk) -> None:
    """A refused connection ends at once, and what is in the address stays ours."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    word = "hunter" + "2"
    desk.repo.git("remote", "add", "origin", f"http://me:{word}@127.0.0.1:{port}/x.git")
    with pytest.raises(PushError) as caught:
        ready_to_push(desk.git, "origin", "main", desk.git.snapshot().commit)
    assert word not in caught.value.message + caught.value.hint
    assert "127.0.0.1" in caught.value.message


def test_what_git_says_is_told_without_credentials() -> None:
    """Not every one of git's words is free of what is in an address."""
    word = "hunter" + "2"
    said = f"fatal: repository 'https://me:{word}@example.test/x' not found\n".encode()
    ran = Ran(("git",), 128, f"!\tx\t[no] (ssh://{word}@example.test)\n".encode(), said, 0.1)
    assert _reason(ran).count("://…@example.test") == 2
    assert word not in _reason(ran)


def test_nobody_is_asked_for_a_password(desk: Desk, tmp_path: Path) -> None:
    """Over ssh git asks in batch mode, by the user's own command."""
    said = tmp_path / "said"
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\necho \"$@\" >'{said}'\nexit 255\n")
    ssh.chmod(0o755)
    desk.repo.git("config", "core.sshCommand", f"{ssh} -4")
    desk.repo.git("remote", "add", "origin", "ssh://git@127.0.0.1/x.git")
    with pytest.raises(PushError):
        ready_to_push(desk.git, "origin", "main", desk.git.snapshot().commit)
    assert said.read_text().startswith("-4 -oBatchMode=yes ")
