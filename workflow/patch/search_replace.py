"""Reads search/replace blocks: a path, `<<<<<<< SEARCH`, old lines, `=======`, and new lines.

The blocks of a file are made one after the other, so each is an edit of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from workflow.patch import titles
from workflow.patch.comparing import signs
from workflow.patch.interface import Create, Edit, Hunk, Reason
from workflow.patch.names import alone
from workflow.patch.refusal import refuse, refuse_cut, shown
from workflow.patch.together import in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.patch.interface import Operation
    from workflow.patch.refusal import Notes

_MARK = re.compile(
    rb"^(?:(<{5,9}|-{5,9}) ?SEARCH\b(?P<rest>[^\n]*)"
    rb"|(={5,9})[ \t\r]*|(>{5,9}|\+{5,9}) ?REPLACE[ \t\r]*)$",
    re.MULTILINE,
)
_FENCES = (b"```", b"~~~")
_HINT = (
    "write the file's path on a line, then <<<<<<< SEARCH, the old lines, =======, the new lines,"
    " and >>>>>>> REPLACE, each mark once and on a line of its own"
)


@dataclass(frozen=True, slots=True)
class _Block:
    """Where a block's marks stand in the draft: the first, the one between, and the last."""

    opening: re.Match[bytes]
    middle: re.Match[bytes]
    end: re.Match[bytes]


def search_replace(data: bytes, notes: Notes) -> list[Operation]:
    """The operations of all blocks, in their order; the same block twice counts once.

    Raises `PatchError` for marks that do not make blocks, and for a block whose file is not told.
    """
    found: list[Operation] = []
    done = 0
    path: bytes | None = None
    is_fenced = False
    for block in _blocks(data):
        above = data[done : block.opening.start()]
        named, is_fenced = _above(above, notes, is_fenced=is_fenced)
        path = titles.title(block.opening["rest"].strip(b"> \t\r")) or named or path
        old = data[block.opening.end() + 1 : block.middle.start()]
        new = data[block.middle.end() + 1 : block.end.start()]
        found.append(_operation(path, old, new, notes))
        done = min(block.end.end() + 1, len(data))
    _, is_fenced = _above(data[done:], notes, is_fenced=is_fenced)
    if is_fenced:
        refuse_cut("the last fence of the draft does not end")
    return in_turn(found, notes)


def _blocks(data: bytes) -> Iterator[_Block]:
    """The blocks of a draft: of the lines between its marks exactly one divides old and new."""
    opening: re.Match[bytes] | None = None
    middles: list[re.Match[bytes]] = []
    for mark in _MARK.finditer(data):
        if mark[1]:
            if opening is not None:
                _refuse(data, opening, "does not end before the next one begins")
            opening, middles = mark, []
        elif mark[3]:
            middles.append(mark)
        elif opening is not None:
            alike = [middle for middle in middles if len(middle[3]) == len(opening[1])] or middles
            if len(alike) != 1:
                _refuse(data, opening, f"has {len(alike)} lines of ======= instead of one")
            yield _Block(opening, alike[0], mark)
            opening = None
        else:
            _refuse(data, mark, "ends and has not begun")
    if opening is not None:
        _refuse(data, opening, "does not end")


def _operation(path: bytes | None, old: bytes, new: bytes, notes: Notes) -> Operation:
    number = notes.next_number()
    if path is None:
        message = f"no path stands above search/replace block {number}"
        refuse(Reason.UNREADABLE, message, _HINT, number=number)
    names = alone(path)
    if not old.strip():
        return Create(names[:1], new)
    return Edit(names, (Hunk(number, old, new, signs(old, new)),))


def _above(text: bytes, notes: Notes, *, is_fenced: bool) -> tuple[bytes | None, bool]:
    """The path that is told above a block, and whether a fence is open below the text.

    A line that is a path goes before one that only mentions it; the last one counts.  In a fence
    there is nothing but paths and blocks.
    """
    told: bytes | None = None
    spoken: bytes | None = None
    prose: list[bytes] = []
    for line in text.split(b"\n"):
        if not line.strip():
            continue
        title = titles.title(line)
        if line.startswith(_FENCES):
            is_fenced = not is_fenced
            told = (titles.of_info(line.lstrip(b"`~")) if is_fenced else None) or told
        elif title:
            told = title
        elif is_fenced:
            message = f"a fence holds more than search/replace blocks: {shown(line)}"
            refuse(Reason.UNREADABLE, message, _HINT)
        else:
            prose.append(line)
            found = titles.mentioned(line)
            spoken = found[0] if len(found) == 1 else spoken
    notes.left_out(b"\n".join(prose), "outside of the search/replace blocks")
    return told or spoken, is_fenced


def _refuse(data: bytes, mark: re.Match[bytes], what: str) -> NoReturn:
    line = data.count(b"\n", 0, mark.start()) + 1
    message = f"the search/replace block in line {line} of the draft {what}"
    refuse(Reason.UNREADABLE, message, _HINT)
