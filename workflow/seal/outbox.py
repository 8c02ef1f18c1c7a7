"""Keeps what is sent before it leaves, and what is answered before it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.types import Digest, Sent

if TYPE_CHECKING:
    from workflow.redaction import Vault
    from workflow.redaction.egress.guard import Sent as Outgoing
    from workflow.store import Store
    from workflow.types import Answered

# What an answer is to the detectors.
_ANSWER = "answer.json"


class Outbox:
    """Records each request of a draft, in the ledger and with its body, before it leaves.

    What the egress guard calls for each attempt; `requests` are those so far, for the receipt.
    Implements `providers.Outbox`.
    """

    def __init__(self, vault: Vault, store: Store) -> None:
        self._vault = vault
        self._store = store
        self.requests: tuple[Sent, ...] = ()

    def __call__(self, request: Outgoing) -> None:
        """Record a request; what this raises keeps it from leaving."""
        sent = Sent(
            at=request.at.isoformat(timespec="seconds"),
            destination=request.destination,
            model=request.model,
            body=Digest(f"sha256:{request.digest}"),
            size=request.size,
            sealed=self._vault.counts(request.body),
        )
        self._store.sent(sent, request.body)
        self.requests += (sent,)

    def begin(self) -> None:
        """Forget the requests of an earlier brief."""
        self.requests = ()

    def answered(self, answer: Answered, body: bytes) -> Digest:
        """Keep an answer, sealed, with what it took; returns the digest under which it is kept."""
        return self._store.answered(answer, self._vault.scrub(body, _ANSWER))

    def unusable(self, answer: Digest, reason: str) -> None:
        """Record of a kept answer that it is of no use."""
        self._store.unusable(answer, self._vault.scrub_text(reason))
