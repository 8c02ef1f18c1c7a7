"""Puts hunks where their old lines stand, or nowhere: exact, unique, all or none, never fuzzy."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from workflow.errors import DraftError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.patch.interface import FileEdit, Hunk

_SHOWN = 5


def apply(edit: FileEdit, data: bytes) -> bytes:
    """The file with every hunk of `edit` in place; bytes outside the hunks are untouched.

    Raises `DraftError` naming the hunk whose old lines stand nowhere, or more than once, or overlap
    another hunk's, or for a line without its end that is not the file's last.
    """
    lines = _split(data)
    placed = sorted((_place(edit, hunk, lines), hunk.number, hunk) for hunk in edit.hunks)
    result: list[bytes] = []
    done = 0
    for start, number, hunk in placed:
        if start < done:
            message = f"hunk {number} of {edit.path} overlaps another hunk"
            raise DraftError(message, hint="merge the two hunks into one")
        result += lines[done:start]
        result += hunk.new
        done = start + len(hunk.old)
    result += lines[done:]
    if not all(line.endswith(b"\n") for line in result[:-1]):
        message = f"the draft says that {edit.path} ends where it goes on"
        raise DraftError(
            message, hint="put `\\ No newline at end of file` after the last line only"
        )
    return b"".join(result)


def _split(data: bytes) -> list[bytes]:
    """Lines that end at a line feed; a carriage return stays inside its line."""
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _place(edit: FileEdit, hunk: Hunk, lines: Sequence[bytes]) -> int:
    first, count = hunk.old[0], len(hunk.old)
    places = [
        at
        for at in range(len(lines) - count + 1)
        if lines[at] == first and tuple(lines[at : at + count]) == hunk.old
    ]
    if len(places) == 1:
        return places[0]
    if places:
        at = ", ".join(str(place + 1) for place in places[:_SHOWN])
        message = f"hunk {hunk.number} of {edit.path} fits {len(places)} places (lines {at})"
        raise DraftError(message, hint="add unchanged lines until the place is unique")
    message = f"hunk {hunk.number} of {edit.path}: its old lines stand nowhere in the file"
    raise DraftError(message, hint=_nearest(hunk, lines))


def _nearest(hunk: Hunk, lines: Sequence[bytes]) -> str:
    """The real lines that look most like the first old line that is missing."""
    real = [line.decode("utf-8", "replace").rstrip() for line in lines]
    for old in hunk.old:
        wanted = old.decode("utf-8", "replace").rstrip()
        if wanted not in real:
            close = difflib.get_close_matches(wanted, real, n=1, cutoff=0.5)
            shown = f"; the nearest line is {close[0]!r}" if close else ""
            return f"not in the file: {wanted!r}{shown}"
    return "each old line is in the file, but not in this order"
