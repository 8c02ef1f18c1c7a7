"""The receipt of a proposal that a remote model drafted has every byte that left."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.integration.redaction.remote_calls import anthropic_at
from tests.loopback import Fault, loopback
from workflow import seal, wiring
from workflow.engine import Inline
from workflow.pipeline import propose
from workflow.redaction.egress.guard import EgressDeniedError
from workflow.redaction.egress.leak import Leaks
from workflow.types import ChangeRequest, Draft, Identity, RepoPath, Role

if TYPE_CHECKING:
    from collections.abc import Callable

    import anthropic

    from tests.conftest import GitRepo, GitRepoFactory, WorkflowCommand
    from tests.loopback import Loopback
    from workflow.store import Stored
    from workflow.types import Brief

ADA = Identity("Ada Author", "ada@example.test")
TOKEN = hashlib.sha256(b"a made-up token").hexdigest()
DRAFT = "```diff\n--- a/app.conf\n+++ b/app.conf\n@@\n-retries 3;\n+retries 5;\n```\n"
FILE = f"retries 3;\n\n\n\n\nproxy_set_header X-Api-Key {TOKEN};\n"


@dataclass
class Remote:
    """A provider that asks a server by Anthropic's own client."""

    client: anthropic.Anthropic
    outbox: seal.Outbox
    destination: str
    more: str = ""
    name: str = "remote"
    model: str = "claude-opus-5-5"
    can_repair: bool = False

    def draft(self, brief: Brief, tell: Callable[[str], None]) -> Draft:
        """Send the prompt and whatever else the test wants."""
        del tell
        answer = self.client.messages.create(
            model=self.model,
            max_tokens=100,
            messages=[{"role": "user", "content": f"{brief.prompt}{self.more}"}],
        )
        text = "".join(block.text for block in answer.content if block.type == "text")
        return Draft(text, (), (), self.name, answer.model, self.outbox.requests)


class Silent:
    """An observer that hears nothing."""

    def began(self, stage: str) -> None:
        """Ignore it."""

    def detail(self, text: str) -> None:
        """Ignore it."""

    def ended(self, stage: str, seconds: float) -> None:
        """Ignore it."""


def ask(repo: GitRepo, server: Loopback, more: str = "") -> Stored:
    """Propose with a remote provider, as the command would."""
    repository = wiring.open_repository(repo.path)
    parts = wiring.build(repository, repository.git.snapshot(), "retry more often")
    outbox = seal.Outbox(parts.vault, repository.store)
    request = ChangeRequest("retry more often", (RepoPath("app.conf"),), ADA)
    with (
        anthropic_at(server, Leaks(parts.vault.values), outbox, retries=1) as client,
        repository.journal.running("a test") as run,
    ):
        remote = Remote(client, outbox, server.origin, more)
        on = replace(parts, providers=dict.fromkeys(Role, remote), gates=())
        return propose(request, on, Inline(run, Silent()))


@pytest.fixture
def repo(git_repo: GitRepoFactory) -> GitRepo:
    """Return a repository with one token."""
    return git_repo({"app.conf": FILE})


def test_every_request_is_in_the_receipt(repo: GitRepo, workflow: WorkflowCommand) -> None:
    """One that was tried again is there twice, each to the byte as it arrived."""
    with loopback() as server:
        server.says = DRAFT
        server.faults.append(Fault(status=500))
        stored = ask(repo, server)
        arrived = [request.body for request in server.arrived]
    receipt = stored.proposal.rounds[0].receipt
    assert len(receipt.requests) == len(arrived) == 2
    assert receipt.sent_bytes == sum(map(len, arrived))
    for place, body in enumerate(arrived, 1):
        shown = workflow("receipt", "1", "--body", str(place), cwd=repo.path)
        assert shown.stdout.encode() == body
        assert TOKEN.encode() not in body
    said = workflow("receipt", "1", cwd=repo.path).stdout
    assert f"{receipt.sent_bytes:,} bytes in 2 requests" in said
    assert "1 value sealed: 1 token" in said
    assert "claude-opus-5-5" in said
    new = repo.git("show", f"{stored.proposal.commit}:app.conf") + "\n"
    assert new == FILE.replace("retries 3", "retries 5")


def test_a_denied_request_is_not_in_any_receipt(repo: GitRepo) -> None:
    """A value that a provider adds to its prompt never arrives, and no proposal is made."""
    with loopback() as server:
        server.says = DRAFT
        with pytest.raises(EgressDeniedError, match=r"token.*app\.conf") as caught:
            ask(repo, server, more=f"\nby the way: {TOKEN}")
        assert server.arrived == []
        assert server.connections == 0
    assert TOKEN not in str(caught.value)
    assert wiring.open_repository(repo.path).store.rows() == ()


def test_what_cannot_be_recorded_does_not_leave(
    repo: GitRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger that cannot be written to, such as on a full disk, keeps the request here."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("workflow.store.Store.sent", full)
    with loopback() as server:
        with pytest.raises((OSError, EgressDeniedError)):
            ask(repo, server)
        assert server.arrived == []
