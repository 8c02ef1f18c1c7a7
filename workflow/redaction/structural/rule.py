"""What a structural rule is: where it may apply, and how it reads the value there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.redaction.interface import Span
    from workflow.redaction.structural.source import Source


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of one family.

    `pattern` is a regular expression of hyperscan; it matches where the rule may apply, and is
    selective.  `read` takes the text and the offset at which `pattern` ended (start offsets cost
    too much), and yields the values there.
    """

    pattern: bytes
    read: Callable[[Source, int], Iterator[Span]]
    caseless: bool = False
    multiline: bool = False
