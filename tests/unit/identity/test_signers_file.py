from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.unit.identity.signers import ADA, BOB, FILE, NOW, signers_of
from workflow.git_store import discover
from workflow.identity import (
    SignatureError,
    SignersError,
    signatures,
)
from workflow.types import RepoPath

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GitRepoFactory
    from tests.unit.identity.conftest import Keys
    from workflow.identity import Statement


def test_signers_come_from_the_base(git_repo: GitRepoFactory, keys: Keys) -> None:
    """A key that a commit on top, the index or the work tree brings in does not count."""
    repo = git_repo({FILE: f"{ADA} {keys.public('ada')}\n"})
    git = discover(repo.path)
    base = git.snapshot().tree
    repo.commit({FILE: f"{BOB} {keys.public('bob')}\n"})
    assert signatures.principals(signatures.signers(git, base, RepoPath(FILE))) == {ADA}
    with pytest.raises(SignersError, match="the base has no other/file"):
        signatures.signers(git, base, RepoPath("other/file"))


def test_gits_revocation_file_is_heeded(
    git_repo: GitRepoFactory, keys: Keys, statement: Statement, armored: str, tmp_path: Path
) -> None:
    """What git's own setting revokes is revoked; a file that is not there lets nothing pass."""
    repo = git_repo({FILE: f"{ADA} {keys.public('ada')}\n"})
    git = discover(repo.path)
    base = (git, git.snapshot().tree, RepoPath(FILE))
    signatures.verify(statement, armored, signatures.signers(*base), NOW)
    repo.git("config", "gpg.ssh.revocationFile", str(tmp_path / "revoked"))
    with pytest.raises(SignersError, match="cannot be read"):
        signatures.signers(*base)
    (tmp_path / "revoked").write_text(keys.public("ada") + "\n")
    with pytest.raises(SignatureError, match="does not hold"):
        signatures.verify(statement, armored, signatures.signers(*base), NOW)


def test_each_line_says_what_it_allows(keys: Keys) -> None:
    """A listing shows principals, options and why a line allows nothing."""
    key = keys.public("ada")
    found = signatures.listed(
        signers_of(
            "# a comment",
            "",
            f'"{ADA},o@x.test" cert-authority,namespaces="git,x",valid-after="2026" {key} c',
            f"*@example.test {key}",
            f"{BOB} {key[:40]}",
            BOB,
            f"{BOB} speed=1 {key}",
        )
    )
    first = found[0]
    assert (first.line, first.principals) == (3, (ADA, "o@x.test"))
    assert first.is_authority
    assert (first.namespaces, first.after, first.before) == (("git", "x"), "2026", "")
    assert [one.problem for one in found] == [
        "",
        "it names no e-mail address",
        "its key cannot be read",
        "it is not EMAIL KEYTYPE KEY",
        "ssh-keygen does not know the option speed",
    ]
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(keys.path("ada"))],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert first.fingerprint == shown[1]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, None),
        ({"user.signingKey": "~/.ssh/id"}, None),
        ({"gpg.format": "ssh"}, None),
        ({"gpg.format": "openpgp", "user.signingKey": "ABCD"}, None),
        ({"gpg.format": "ssh", "user.signingKey": "ssh-ed25519 AAAA"}, "ssh-ed25519 AAAA"),
        ({"gpg.format": "ssh", "user.signingKey": "key::ssh-ed25519 A"}, "key::ssh-ed25519 A"),
        ({"gpg.format": "ssh", "user.signingKey": "~/.ssh/id"}, "HOME"),
    ],
)
def test_the_key_is_the_one_that_git_signs_with(
    git_repo: GitRepoFactory, sealed: Path, settings: dict[str, str], expected: str | None
) -> None:
    """Who signs commits with SSH needs no setting more."""
    repo = git_repo({"a": "1"})
    for name, value in settings.items():
        repo.git("config", name, value)
    found = signatures.signing_key(discover(repo.path))
    assert found == (sealed / "home/.ssh/id" if expected == "HOME" else expected)
