"""What tools print, made fit for a person's terminal: one line, printable, bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_LINE = 300
MAX_NOTES = 40


def one_line(text: str | bytes, limit: int = MAX_LINE) -> str:
    """Return `text` on one line: controls and bidi marks shown as escapes, the length bounded."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    text = " ".join(text.split())
    clean = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def bounded(notes: Sequence[str]) -> tuple[str, ...]:
    """Return the notes as single lines, the surplus counted instead of shown."""
    shown = [one_line(note) for note in notes[:MAX_NOTES]]
    if len(notes) > MAX_NOTES:
        shown.append(f"and {len(notes) - MAX_NOTES} more")
    return tuple(shown)


def listed(names: Sequence[str], limit: int = 5) -> str:
    """Return up to `limit` names, and how many more there are."""
    shown = ", ".join(one_line(name, 120) for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
