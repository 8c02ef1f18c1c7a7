"""What really differs between two effective configurations, one entry for each real change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflow.semantics.nginx.files import Place


class Effect(StrEnum):
    """What happens to a directive or a block."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"
    """The same words in another order where order has meaning, or in another block."""


@dataclass(frozen=True, slots=True)
class Change:
    """One real change, as a reviewer is told of it.

    `scope` is the block's label, such as `location /collect of server a.example`; `directive` what
    it is about (`add_header Content-Security-Policy`, `location /collect`); `before` and `after`
    the words as nginx sees them, empty where there were none; `base` and `patched` where they are
    written.  `text` says it in plain words, on one printable line.  `consequences` are what follows
    from it by inheritance, such as headers that are lost; they are no changes of their own.
    """

    effect: Effect
    scope: str
    directive: str
    text: str
    before: str = ""
    after: str = ""
    base: Place | None = None
    patched: Place | None = None
    consequences: tuple[str, ...] = ()
