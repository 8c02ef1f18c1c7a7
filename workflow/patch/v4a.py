"""Reads V4A patches: `*** Begin Patch`, `*** Update File: PATH`, and hunks without numbers.

What stands behind an `@@` is a heading.  It places nothing: only the lines below it do.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.patch import hunks
from workflow.patch.interface import Create, Delete, Edit, Move, Reason, Repair
from workflow.patch.names import alone, name_of
from workflow.patch.refusal import label, refuse, shown
from workflow.patch.together import merged

if TYPE_CHECKING:
    from workflow.patch.interface import Hunk, Names, Operation
    from workflow.patch.refusal import Notes

_MARK = re.compile(
    rb"^\*\*\* (?:(Begin Patch)|(End Patch)|(Update|Add|Delete) File:|(Move to:))([^\n]*)\n?",
    re.MULTILINE,
)
_END_OF_FILE = b"*** End of File"
_HINT = (
    "write *** Begin Patch, then *** Update File: PATH and hunks that begin with @@, then"
    " *** End Patch"
)


def v4a(data: bytes, notes: Notes) -> list[Operation]:
    """The operations of all envelopes in a text; the same one twice counts once.

    Raises `PatchError` for the first thing in it that says nothing certain.
    """
    found: list[Operation] = []
    marks = list(_MARK.finditer(data))
    is_open = is_begun = False
    done = 0
    at = 0
    while at < len(marks):
        mark = marks[at]
        if mark[1] or mark[2]:
            if not mark[1] or not is_open:
                notes.left_out(data[done : mark.start()], "outside *** Begin Patch")
            _check_blank(mark[5], data[mark.start() : mark.end()])
            is_open = is_begun = bool(mark[1])
            done = mark.end()
            at += 1
            continue
        if not is_open:
            notes.left_out(data[done : mark.start()], "outside *** Begin Patch")
            notes.repaired(Repair.NO_FILE_HEADER, "*** Begin Patch")
            is_open = True
        at, done, operation = _section(data, marks, at, notes)
        found.append(operation)
    notes.is_complete, notes.is_cut = not is_open, is_begun
    if is_open:
        notes.repaired(Repair.NO_FILE_HEADER, "*** End Patch")
    else:
        notes.left_out(data[done:], "outside *** Begin Patch")
    return merged(found, notes)


def _section(
    data: bytes, marks: list[re.Match[bytes]], at: int, notes: Notes
) -> tuple[int, int, Operation]:
    """One file's operation, with the next mark and the place in the text where it ends."""
    mark = marks[at]
    at += 1
    names, start = _names(mark[5]), mark.end()
    path = names[0]
    to = None
    if at < len(marks) and marks[at][4] and marks[at].start() == start:
        to, start = _names(marks[at][5])[:1], marks[at].end()
        at += 1
    end = marks[at].start() if at < len(marks) else len(data)
    body = data[start:end].removesuffix(b"\n")
    kind = mark[3]
    if mark[4] or (to and kind != b"Update"):
        message = f"the draft says *** Move to: without *** Update File: above it, at {label(path)}"
        refuse(Reason.UNREADABLE, message, _HINT, path=path)
    if kind == b"Add":
        return at, end, Create(names[:1], added(body, path, notes))
    if kind == b"Delete":
        if body.strip():
            message = f"the draft has lines below *** Delete File: {label(path)}: {shown(body)}"
            refuse(Reason.UNREADABLE, message, _HINT, path=path)
        return at, end, Delete(names)
    changes = updates(body, path, notes)
    if to:
        return at, end, Move(names, to, changes)
    if not changes:
        message = f"the draft names {label(path)} and has no hunk for it"
        refuse(Reason.UNREADABLE, message, _HINT, path=path)
    return at, end, Edit(names, changes)


def updates(body: bytes, path: str, notes: Notes) -> tuple[Hunk, ...]:
    """The hunks of one file: what stands below `*** Update File`, or in `diff` of an operation.

    Raises `PatchError` for a line that is neither context nor removed nor added.
    """
    pieces = (b"\n" + body).split(b"\n@@")
    found: list[Hunk] = []
    last = len(pieces) - 1
    for at, piece in enumerate(pieces):
        lines = piece.split(b"\n")[1:]
        # Above the first @@ there may be a hunk or nothing; headings stand above one another.
        if not any(map(bytes.strip, lines)) and (at == 0 or at < last):
            continue
        found.append(_hunk(lines, path, notes))
    return tuple(found)


def added(body: bytes, path: str, notes: Notes) -> bytes:
    """The content of a new file, whose lines all begin with `+`.

    Raises `PatchError` for another line.
    """
    lines = body.split(b"\n")
    while lines and lines[-1] in (b"", b"\r"):
        lines.pop()
        if lines:
            notes.repaired(Repair.STRAY_BLANKS, label(path))
    for line in lines:
        if not line.startswith(b"+"):
            message = f"the new file {label(path)} has a line that does not begin with +"
            hint = "begin each line of a new file with +, blank ones, too"
            refuse(Reason.UNREADABLE, f"{message}: {shown(line)}", hint, path=path)
    return b"".join([line[1:] + b"\n" for line in lines])


def _hunk(lines: list[bytes], path: str, notes: Notes) -> Hunk:
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    if end and lines[end - 1].strip() == _END_OF_FILE:
        return replace(hunks.hunk(lines[: end - 1], None, path, notes), at_end=True)
    return hunks.hunk(lines, None, path, notes)


def _names(text: bytes) -> Names:
    return alone(name_of(text)[0])


def _check_blank(rest: bytes, line: bytes) -> None:
    if rest.strip():
        message = f"the draft has more than a mark in a line: {shown(line)}"
        refuse(Reason.UNREADABLE, message, _HINT)
