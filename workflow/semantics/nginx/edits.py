"""Edits are replaced spans of the text; nothing is ever printed again from the tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters from `start` up to `end`; an insertion has both equal."""

    start: int
    end: int
    replacement: str


def in_order(text: str, edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """The edits by place; insertions at one place keep their order.

    Raises `ValueError` for edits that overlap or lie outside the text.
    """
    ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))
    behind = 0
    for edit in ordered:
        if not behind <= edit.start <= edit.end <= len(text):
            message = f"edits overlap or leave the text at offset {edit.start}"
            raise ValueError(message)
        behind = edit.end
    return tuple(ordered)


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with every edit made; all other characters stay as they are."""
    pieces: list[str] = []
    position = 0
    for edit in in_order(text, edits):
        pieces += (text[position : edit.start], edit.replacement)
        position = edit.end
    return "".join((*pieces, text[position:]))
