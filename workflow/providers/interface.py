"""What every provider does: read a brief, answer with a draft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from workflow.types import Brief, Draft


class Provider(Protocol):
    """A source of drafts.  Its answer is untrusted data, whoever it is."""

    @property
    def name(self) -> str:
        """The provider's name in configuration and in the ledger."""
        ...

    @property
    def destination(self) -> str:
        """The host that a brief would be sent to, or `nowhere` for one that runs in process."""
        ...

    def draft(self, brief: Brief) -> Draft:
        """Answer a brief.

        Raises `NotUnderstoodError` for a request or a file that it cannot work on.
        """
        ...
