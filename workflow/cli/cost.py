"""What answers took together, in tokens and money: for `show`, `receipt` and `stats` alike.

An unknown price is said as unknown, and never summed as zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow.spending import dollars

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflow.store import Store
    from workflow.types import Proposal, Usage

KEYS = (
    "`answers`, `usable`, `input_tokens` (`cached_tokens` among them), `output_tokens`,"
    " `microdollars` (millionths of a US dollar, those of known price) and `unpriced` (the answers"
    " of unknown price)"
)
"""The keys of `Sum.plain`, for the reference."""


@dataclass(slots=True)
class Sum:
    """What answers took together; `microdollars` is the sum of the known prices."""

    answers: int = 0
    usable: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    microdollars: int = 0
    unpriced: int = 0

    def add(self, usage: Usage, *, is_usable: bool = True) -> None:
        """Take in one more."""
        self.answers += 1
        self.usable += is_usable
        self.input_tokens += usage.input_tokens
        self.cached_tokens += usage.cached_tokens
        self.output_tokens += usage.output_tokens
        self.microdollars += usage.microdollars or 0
        self.unpriced += usage.microdollars is None

    def plain(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def money(self) -> str:
        """What they cost, for people."""
        if not self.unpriced:
            return dollars(self.microdollars)
        many = counted(self.unpriced, "answer")
        if self.unpriced == self.answers:
            return f"{many} of unknown price"
        return f"≥ {dollars(self.microdollars)}, {many} of unknown price"

    def __str__(self) -> str:
        """All of it in one line."""
        cached = f" ({self.cached_tokens:,} cached)" if self.cached_tokens else ""
        tokens = f"{self.input_tokens:,} tokens in{cached}, {self.output_tokens:,} out"
        return f"{counted(self.answers, 'answer')}, {tokens}, {self.money}"


def of_proposal(proposal: Proposal) -> Sum:
    """What the answers that a proposal was made from took."""
    return _of(one.usage for one in proposal.rounds if one.usage)


def of_request(store: Store, proposal: Proposal) -> Sum:
    """What every answer to the request of a proposal took, also one of which no round came."""
    paid = [one.answer for one in proposal.rounds if one.answer]
    request = store.answers.request_of(paid[0]) if paid else ""
    rows = store.answers.rows() if request else ()
    return _of(row.usage for row in rows if row.request == request)


def counted(number: int, what: str) -> str:
    """A number of things, in words: `1 answer`, `2,000 answers`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _of(usages: Iterable[Usage]) -> Sum:
    total = Sum()
    for usage in usages:
        total.add(usage)
    return total
