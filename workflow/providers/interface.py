"""What every provider does: read a brief, answer with a draft; and what a remote one is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.redaction.egress.guard import Sent as Outgoing
    from workflow.types import Answered, Brief, Digest, Draft, Sent, Usage


class Provider(Protocol):
    """A source of drafts.  Its answer is untrusted data, whoever it is."""

    @property
    def name(self) -> str:
        """The provider's name in configuration and in the ledger."""
        ...

    @property
    def model(self) -> str:
        """The model that is asked, as the provider names it."""
        ...

    @property
    def destination(self) -> str:
        """The host that a brief would be sent to, or `nowhere` for one that runs in process."""
        ...

    @property
    def can_repair(self) -> bool:
        """Whether it reads a brief's complaint; without that, asking again changes nothing."""
        ...

    def draft(self, brief: Brief, tell: Callable[[str], None]) -> Draft:
        """Answer a brief; `tell` hears in a few words how far the answer is.

        Raises `NotUnderstoodError` for a request or a file that it cannot work on,
        `NothingToDoError` for one that is carried out already, and `ProviderError` when no answer
        was had that can be used.
        """
        ...


@dataclass(frozen=True, slots=True)
class Model:
    """Which model of a remote provider drafts, and how far it may go.

    Tokens are counted over one call.  `deadline_s` is for all attempts together, in seconds of wall
    time; `retries` are attempts after the first.
    """

    provider: str
    name: str
    max_input_tokens: int = 100_000
    max_output_tokens: int = 16_000
    deadline_s: float = 300.0
    retries: int = 2


class Outbox(Protocol):
    """Records what is sent, before it leaves, and what is answered, before it is read."""

    @property
    def requests(self) -> tuple[Sent, ...]:
        """The requests of this brief so far."""
        ...

    def begin(self) -> None:
        """Forget the requests of an earlier brief."""
        ...

    def __call__(self, request: Outgoing) -> None:
        """Record a request; what this raises keeps it from leaving."""
        ...

    def answered(self, answer: Answered, body: bytes) -> Digest:
        """Keep an answer, and record what it took; returns the digest under which it is kept."""
        ...

    def unusable(self, answer: Digest, reason: str) -> None:
        """Record of a kept answer that it is of no use, once it was read."""
        ...


class Purse(Protocol):
    """Knows what may still be spent."""

    def require(self, model: Model, input_tokens: int) -> None:
        """Raise `SpendingError` if a call of this size could pass a cap.

        `input_tokens` is an upper estimate; the answer may have `model.max_output_tokens`.
        """
        ...

    def release(self) -> None:
        """Take a call that was required and not answered for one that cost nothing."""
        ...

    def price(self, model: Model, usage: Usage) -> Usage:
        """The same usage with what it cost, `None` where the price is not known."""
        ...
