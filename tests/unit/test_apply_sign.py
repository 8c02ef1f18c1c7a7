"""Where the user's git signs commits, a landing is signed, or nothing has moved."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow import apply, approval
from workflow.apply import SigningError, Terms
from workflow.apply.sign import commit
from workflow.types import Identity, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.conftest import Desk
    from workflow.apply import Move

NEW = b"one\nTWO\nthree\n"
ADA = Identity("Ada Author", "ada@example.test")


@pytest.fixture
def key(desk: Desk, tmp_path: Path) -> Path:
    """Set git up to sign with a new SSH key, and return the key's file."""
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    desk.repo.git("config", "gpg.format", "ssh")
    desk.repo.git("config", "user.signingKey", str(path))
    desk.repo.git("config", "commit.gpgSign", "yes")
    signers = tmp_path / "signers"
    signers.write_text(f"carl@example.test {path.with_suffix('.pub').read_text()}")
    desk.repo.git("config", "gpg.ssh.allowedSignersFile", str(signers))
    return path


def prepare(desk: Desk, terms: Terms) -> Move:
    """Prepare the landing of a change."""
    stored = desk.approved({"site.conf": NEW})
    cleared = approval.cleared(desk.store, desk.git, stored.id)
    return apply.prepare(desk.git, desk.store, cleared, terms)


def test_a_landing_is_signed_with_git_s_own_key(desk: Desk, key: Path) -> None:
    """Git itself finds the signature good, and whose it is."""
    move = prepare(desk, Terms())
    assert key.exists()
    assert desk.repo.git("show", "-s", "--format=%G? %GS", move.after) == "G carl@example.test"
    landing = apply.keep(desk.git, desk.journal, desk.carry_out(move))
    back = apply.prepare_rollback(desk.git, desk.store, landing, ADA)
    assert desk.repo.git("show", "-s", "--format=%G?", back.after) == "G"


@pytest.mark.parametrize("setting", ["never", "off"])
def test_it_is_not_signed_where_that_is_not_wanted(desk: Desk, key: Path, setting: str) -> None:
    """Neither with landing.sign = never, nor where git does not sign."""
    assert key.exists()
    if setting == "off":
        desk.repo.git("config", "commit.gpgSign", "false")
    move = prepare(desk, Terms(sign=setting == "off"))
    assert desk.repo.git("show", "-s", "--format=%G?", move.after) == "N"


def test_a_key_that_cannot_sign_stops_a_landing(desk: Desk, key: Path) -> None:
    """Nothing has moved, the reason is told, and with the key back it lands."""
    hidden = key.rename(key.with_suffix(".away"))
    with pytest.raises(SigningError, match=r"cannot be signed: .*key") as caught:
        prepare(desk, Terms())
    assert 'landing.sign = "never"' in caught.value.hint
    assert desk.journal.landings() == ()
    assert desk.store.get(1).state is State.APPROVED
    hidden.rename(key)
    assert desk.repo.git("show", "-s", "--format=%G?", desk.prepare(1).after) == "G"


def test_a_rollback_does_not_wait_for_a_key(desk: Desk, key: Path) -> None:
    """What cannot be signed is taken back unsigned."""
    landing = apply.keep(desk.git, desk.journal, desk.carry_out(prepare(desk, Terms())))
    key.unlink()
    move = apply.prepare_rollback(desk.git, desk.store, landing, ADA)
    assert desk.repo.git("show", "-s", "--format=%G?", move.after) == "N"


def test_a_passphrase_that_nobody_gives(desk: Desk, tmp_path: Path) -> None:
    """A program that waits for somebody is ended at the deadline, with all that it started."""
    waits = tmp_path / "waits"
    waits.write_text(f"#!/bin/sh\necho $$ >'{tmp_path}/pid'\nexec sleep 60\n")
    waits.chmod(0o755)
    desk.repo.git("config", "gpg.program", str(waits))
    desk.repo.git("config", "commit.gpgSign", "true")
    base = desk.git.snapshot()
    with pytest.raises(SigningError, match="nobody answered within"):
        commit(desk.git, base.tree, base.commit, "x\n", ADA, sign=True, timeout_s=1.0)
    state = Path("/proc", (tmp_path / "pid").read_text().strip(), "stat")
    deadline = time.monotonic() + 10
    # Its parent is gone, too, and whether anybody reaps it is not ours to say.
    while state.exists() and not state.read_text().rpartition(") ")[2].startswith("Z"):
        assert time.monotonic() < deadline, "it is still there"
        time.sleep(0.01)


@pytest.fixture
def gpg(sealed: Path) -> Iterator[Path]:
    """Yield a GnuPG home with a new key of Carl's; its agent ends afterwards."""
    home = sealed / "gpg"
    home.mkdir(mode=0o700)
    words = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--passphrase", ""]
    who = "Carl Committer <carl@example.test>"
    subprocess.run([*words, "--quick-generate-key", who, "ed25519", "sign", "never"], check=True)
    yield home
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    shutil.rmtree(home, ignore_errors=True)


def test_a_landing_is_signed_by_gnupg(
    desk: Desk, gpg: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The home of GnuPG is passed to the one call that signs."""
    monkeypatch.setenv("GNUPGHOME", str(gpg))
    desk.repo.git("config", "commit.gpgSign", "true")
    move = prepare(desk, Terms())
    assert desk.repo.git("show", "-s", "--format=%G?", move.after) in {"G", "U"}
    assert "GNUPGHOME" not in desk.git.git("var", "-l").decode()
