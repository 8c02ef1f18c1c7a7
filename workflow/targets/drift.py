"""Tells a live file that somebody has edited from one that is as it was installed."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.targets.interface import DriftError, Entry, EntryKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MOST_COMPARED = 128 * 1024
_MOST_LINES = 40
_MOST_LINE = 200


@dataclass(frozen=True, slots=True)
class LiveFile:
    """What is at a live path, and what was when it was written last (`None`: never by us)."""

    place: Path
    known: Entry | None
    entry: Entry
    data: bytes


def differences(expected: Entry, found: Entry) -> tuple[str, ...]:
    """In which ways a live file is other than expected; nothing where it is the same."""
    if expected.kind is not found.kind:
        if found.kind is EntryKind.ABSENT:
            return ("missing",)
        return ("unexpected",) if expected.kind is EntryKind.ABSENT else ("kind",)
    pairs = {
        "content": (expected.content, found.content),
        "mode": (expected.mode, found.mode),
        "owner": (expected.uid, found.uid),
        "group": (expected.gid, found.gid),
    }
    return tuple(what for what, (one, other) in pairs.items() if one != other)


def require_expected(
    live: LiveFile,
    target: str,
    contents: tuple[bytes | None, bytes | None],
    seal: Callable[[str], str],
) -> None:
    """Refuse to overwrite what nobody has installed; `contents` are the old and the new commit's.

    A file that was never installed may hold what either commit has, or not be there.  Raises
    `DriftError` with a bounded, sealed diff.
    """
    old, new = contents
    is_there = live.entry.kind is not EntryKind.ABSENT
    if live.known is None:
        if not is_there or live.data in {old, new}:
            return
        differs: tuple[str, ...] = ("content",)
        what = "was never installed, and is not what the repository has"
    else:
        differs = differences(live.known, live.entry)
        if not differs or (differs == ("content",) and live.data == new):
            return
        what = f"differs from what was installed last ({', '.join(differs)})"
    message = f"target {target}: live {live.place} {what}: edited by hand?"
    hint = f"commit what is live, or let it be replaced: workflow targets adopt {target}"
    details = diff(old, live.data, str(live.place), seal) if "content" in differs else ""
    raise DriftError(message, hint=hint, details=details)


def diff(before: bytes | None, after: bytes, name: str, seal: Callable[[str], str]) -> str:
    """A bounded diff from what a commit holds to what is live, with secrets sealed."""
    if before is None:
        return ""
    if max(len(before), len(after)) > _MOST_COMPARED:
        return f"{name}: too large to compare here ({len(before)} and {len(after)} bytes)"
    try:
        old, new = (seal(data.decode()).splitlines() for data in (before, after))
    except UnicodeDecodeError:
        return f"{name}: not UTF-8 text ({len(before)} and {len(after)} bytes)"
    lines = list(
        difflib.unified_diff(
            old, new, fromfile=f"committed {name}", tofile=f"live {name}", lineterm="", n=2
        )
    )
    shown = [line[:_MOST_LINE] for line in lines[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        shown.append(f"… and {len(lines) - _MOST_LINES} more lines")
    return "\n".join(shown)
