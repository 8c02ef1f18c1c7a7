"""What the tests of people share: keys made for this run, and statements to sign."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.unit.identity.signers import ADA, BOB, signers_of
from workflow.identity import Decision, Statement, signatures
from workflow.types import CommitId, Digest, TreeId

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.identity import Signers


@dataclass(frozen=True, slots=True)
class Keys:
    """A folder of key pairs, each made when it is first asked for."""

    folder: Path

    def path(self, name: str, kind: str = "ed25519", passphrase: str = "") -> Path:
        """The private key of a name."""
        path = self.folder / name
        if not path.exists():
            words = ("-q", "-t", kind, "-N", passphrase, "-C", f"{name} comment", "-f", str(path))
            subprocess.run(["ssh-keygen", *words], check=True, stdin=subprocess.DEVNULL)
        return path

    def public(self, name: str) -> str:
        """The public key of a name, as a line of allowed signers has it."""
        return " ".join(self.path(name).with_suffix(".pub").read_text().split()[:2])

    def certificate(self, name: str, by: str, *principals: str) -> Path:
        """A copy of a key with a certificate of an authority; signing with it uses that."""
        path = self.folder / f"{name}-by-{by}"
        path.write_bytes(self.path(name).read_bytes())
        path.chmod(0o600)
        public = path.with_suffix(".pub")
        public.write_text(self.public(name) + "\n")
        names = ",".join(principals)
        words = ("-q", "-s", str(self.path(by)), "-I", "a", "-n", names, str(public))
        subprocess.run(["ssh-keygen", *words], check=True, stdin=subprocess.DEVNULL)
        return self.folder / f"{path.name}-cert.pub"


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Return the keys of this run; nothing of them is committed."""
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def statement() -> Statement:
    """Return what somebody could sign, without saying who."""
    return Statement(
        repository="repo-0123456789abcdef",
        digest=Digest("sha256:" + "a" * 64),
        base=CommitId("b" * 40),
        tree=TreeId("c" * 40),
        decision=Decision.APPROVE,
        approver="",
        expires="2026-02-01T00:00:00Z",
    )


@pytest.fixture
def by_ada(statement: Statement) -> Statement:
    """Return the statement as Ada's."""
    return replace(statement, approver=ADA)


@pytest.fixture
def armored(keys: Keys, by_ada: Statement) -> str:
    """Return Ada's signature of the statement."""
    return signatures.sign(by_ada, keys.path("ada"))


@pytest.fixture
def allowed(keys: Keys) -> Signers:
    """Return signers with Ada's key and Bob's."""
    return signers_of(
        "# approvers", f"{ADA} {keys.public('ada')} laptop", f"{BOB} {keys.public('bob')}"
    )
