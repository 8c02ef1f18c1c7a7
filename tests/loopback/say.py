"""What a model is to say, before it is written in one of the three wire formats."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, TypeAlias

Event: TypeAlias = dict[str, Any]
"""One event of a stream, as the JSON in its `data` line."""


class Way(Enum):
    """How an answer is given."""

    ASKED = auto()
    """As the request asks: a call of the offered tool, or text."""
    TEXT = auto()
    """As text, also where a tool is forced."""
    REFUSAL = auto()
    """As the vendor marks a refusal."""
    NOTHING = auto()
    """Without any content."""


@dataclass(frozen=True, slots=True)
class Count:
    """What the provider says that it counted; any JSON value, so that it can be absurd.

    `fresh` input tokens are neither read from a cache nor written to one.
    """

    fresh: object = 7
    cached: object = 0
    written: object = 0
    output: object = 3

    @property
    def input(self) -> object:
        """All input tokens together, as OpenAI counts them."""
        parts = [part for part in (self.fresh, self.cached, self.written) if isinstance(part, int)]
        return sum(parts) if len(parts) == 3 else self.fresh


@dataclass(frozen=True, slots=True)
class Say:
    """One answer: its text, or a tool's arguments as they are to go over the wire.

    `tool` is called in place of the offered one, `calls` times; `stop` is the vendor's word for why
    it stopped, the right one where it is empty; without `count`, no usage is told.
    """

    text: str = "fine"
    way: Way = Way.ASKED
    tool: str = ""
    calls: int = 1
    stop: str | None = ""
    count: Count | None = field(default_factory=Count)


def pieces(text: str) -> list[str]:
    """The text as a model writes it: piece by piece, at most about 40 of them."""
    size = max(8, len(text) // 40)
    return [text[at : at + size] for at in range(0, len(text), size)]
