from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.unit.identity.signers import ADA, NOW, signers_of
from workflow.git_store import discover
from workflow.identity import (
    NoSshKeygenError,
    SignatureError,
    SigningError,
    signatures,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import GitRepoFactory
    from tests.unit.identity.conftest import Keys
    from workflow.identity import Signers, Statement


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Start an agent for this test alone; return a script that says the passphrase."""
    said = subprocess.run(
        ["ssh-agent", "-a", str(tmp_path / "agent")], check=True, capture_output=True, text=True
    ).stdout
    number = int(said.split("SSH_AGENT_PID=")[1].split(";")[0])
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    script = tmp_path / "passphrase"
    script.write_text("#!/bin/sh\necho open sesame\n")
    script.chmod(0o700)
    yield script
    os.kill(number, signal.SIGTERM)


def _add(key: Path, agent: Path) -> None:
    env = {**os.environ, "SSH_ASKPASS": str(agent), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}
    subprocess.run(["ssh-add", "-q", str(key)], check=True, env=env, stdin=subprocess.DEVNULL)


def test_a_key_with_a_passphrase_signs_by_the_agent(
    keys: Keys, by_ada: Statement, agent: Path
) -> None:
    """Nobody is asked for a passphrase; `ssh-add` is where it goes."""
    path = keys.path("locked", passphrase="open sesame")  # noqa: S106 - of a key of this test
    with pytest.raises(SigningError, match="has a passphrase") as caught:
        signatures.sign(by_ada, path)
    assert caught.value.hint.startswith(f"ssh-add {path}")
    _add(path, agent)
    file = signers_of(f"{ADA} {keys.public('locked')}")
    for key in (path, path.with_suffix(".pub"), keys.public("locked"), signatures.AGENT):
        signatures.verify(by_ada, signatures.sign(by_ada, key), file, NOW)


def test_the_agent_has_to_hold_one_key(keys: Keys, by_ada: Statement, agent: Path) -> None:
    """Which of several is meant is for the person to say."""
    with pytest.raises(SigningError, match="holds 0 keys") as caught:
        signatures.sign(by_ada, signatures.AGENT)
    assert caught.value.hint == "ssh-add KEY"
    for name in ("ada", "bob"):
        _add(keys.path(name), agent)
    assert len(signatures.agent_keys()) == 2
    with pytest.raises(SigningError, match="holds 2 keys") as caught:
        signatures.sign(by_ada, signatures.AGENT)
    assert "user.signingKey" in caught.value.hint


def test_a_key_that_is_not_there_is_named(keys: Keys, by_ada: Statement, tmp_path: Path) -> None:
    """What is wrong with a key is told with its name, in one line."""
    with pytest.raises(SigningError, match="No such file"):
        signatures.sign(by_ada, tmp_path / "none")
    with pytest.raises(SigningError, match="is a public key, and no agent"):
        signatures.sign(by_ada, keys.public("ada"))
    (tmp_path / "open").write_bytes(keys.path("ada").read_bytes())
    (tmp_path / "open").chmod(0o644)
    with pytest.raises(SigningError, match="did not sign"):
        signatures.sign(by_ada, tmp_path / "open")


def test_without_ssh_keygen_the_package_is_named(
    statement: Statement, armored: str, allowed: Signers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is verified by anything else, and the next command is told."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NoSshKeygenError) as caught:
        signatures.verify(statement, armored, allowed, NOW)
    assert "openssh-client" in caught.value.hint


def test_nothing_is_left_behind(
    sealed: Path, statement: Statement, armored: str, allowed: Signers
) -> None:
    """The files for `ssh-keygen` are gone, also after a refusal."""
    signatures.verify(statement, armored, allowed, NOW)
    with pytest.raises(SignatureError):
        signatures.verify(statement, armored, signers_of(), NOW)
    assert list((sealed / "tmp").iterdir()) == []


def test_an_agent_is_asked_where_git_names_no_key(
    git_repo: GitRepoFactory, agent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git's own setting comes first; without an agent and without it, there is no key."""
    repo = git_repo({"a": "1"})
    git = discover(repo.path)
    assert agent.exists()
    assert signatures.own_key(git) == signatures.AGENT
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingKey", "key.pub")
    assert signatures.own_key(git) == git.top / "key.pub"
    repo.git("config", "--unset", "user.signingKey")
    monkeypatch.delenv("SSH_AUTH_SOCK")
    assert signatures.own_key(git) is None
