"""Reads unified diffs: git's, other tools', and what models write in their place.

Line numbers and counts are ignored, because models get them wrong (164 of 178 rejected diffs in
`facts/patch.md`) and content proves the place.  Where two readings are possible, counts that are
right may say which one was meant; without them the draft is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.patch import hunks
from workflow.patch.changes import operation
from workflow.patch.headers import heads
from workflow.patch.interface import PatchError, Reason, Repair
from workflow.patch.names import DEV_NULL
from workflow.patch.refusal import refuse, shown
from workflow.patch.together import merged

if TYPE_CHECKING:
    from workflow.patch.headers import Head
    from workflow.patch.interface import Operation, Refusal
    from workflow.patch.refusal import Notes

# `git format-patch` ends with a signature: "-- ", then git's version.
_SIGNATURE = re.compile(rb"\n-- \n[0-9]+\.[0-9][0-9A-Za-z.() +-]*\n*\Z")
_SIGNATURE_MAX = 200
_MAIL = re.compile(rb"^From [0-9a-f]{40,64} Mon Sep 17 00:00:00 2001$", re.MULTILINE)
_SIGNS = (b" ", b"-", b"+", b"\\")
_MAX_REFUSALS = 50


def unified(data: bytes, notes: Notes) -> list[Operation]:
    """The operations of a diff, or of a series of mails, whose diffs are made one after the other.

    Raises `PatchError` for all in it that says nothing certain.
    """
    found: list[Operation] = []
    starts = [mail.start() for mail in _MAIL.finditer(data)] if b"\nFrom " in data else []
    mails: dict[bytes, None] = {}
    for start, end in zip([0, *starts[1:]], [*starts[1:], len(data)], strict=True):
        if (mail := data[start:end]) in mails:
            notes.repaired(Repair.REPEATED, "a mail")
            continue
        mails[mail] = None
        found += _diff(mail, notes)
    return found


def _diff(data: bytes, notes: Notes) -> list[Operation]:
    """The operations of one diff, cut where a line begins with `diff -`, as only headers do."""
    text = b"\n" + data.removesuffix(b"\n")
    signature = _SIGNATURE.search(text, max(0, len(text) - _SIGNATURE_MAX))
    if signature:
        text = text[: signature.start()]
    above, *sections = text.split(b"\ndiff -")
    found: list[Head] = []
    refusals: list[Refusal] = []
    for number, section in enumerate((above, *[b"\ndiff -" + section for section in sections])):
        try:
            _read_section(section, found, notes, is_last=number == len(sections))
        except PatchError as error:
            refusals += error.refusals
    _raise(refusals)
    return merged(_operations(found, notes), notes)


def _read_section(text: bytes, found: list[Head], notes: Notes, *, is_last: bool) -> None:
    """Add the files of a part of a diff that has one `diff` line, or none, to `found`."""
    pieces = text.split(b"\n@@")
    last = len(pieces) - 1
    found += heads(pieces[0], notes, above=found[-1] if found else None, has_hunk=last > 0)
    if not last:
        return
    if not found:
        message = f"the draft has a hunk above its first file header: {shown(b'@@' + pieces[1])}"
        refuse(Reason.UNREADABLE, message)
    first = len(pieces[0])
    has_more = text.find(b"\n--- ", first) >= 0 or text.find(b"\nIndex: ", first) >= 0
    for at in range(1, last + 1):
        piece, tail = pieces[at], b""
        if has_more:
            piece, tail = _apart(piece, has_hunk=at < last)
        _add_hunk(found[-1], piece, notes, is_last=is_last and at == last and not tail)
        if tail:
            found += heads(tail, notes, above=found[-1], has_hunk=at < last)


def _operations(found: list[Head], notes: Notes) -> list[Operation]:
    operations: list[Operation] = []
    refusals: list[Refusal] = []
    for head in found:
        try:
            operations.append(operation(head, notes))
        except PatchError as error:
            refusals += error.refusals
    _raise(refusals)
    return operations


def _raise(refusals: list[Refusal]) -> None:
    if refusals:
        raise PatchError(*refusals[:_MAX_REFUSALS])


def _add_hunk(head: Head, piece: bytes, notes: Notes, *, is_last: bool) -> None:
    """Read what stands behind the `@@` of a hunk, up to the next."""
    lines = piece.split(b"\n")
    header = lines.pop(0)
    if header.startswith(b"@"):
        message = f"the draft holds a combined diff of several parents: {shown(b'@@' + header)}"
        refuse(Reason.NOT_SUPPORTED, message, path=head.shown)
    counts = hunks.counts_of(header)
    if is_last and counts:
        lines = _without_epilogue(lines, counts, notes)
    hunk = hunks.hunk(lines, counts, head.shown, notes)
    if counts != hunks.sizes(hunk.signs) and hunks.has_numbers(header):
        notes.repaired(Repair.COUNTS, f"hunk {hunk.number} of {head.shown}")
    if not head.hunks:
        head.says_new = header.startswith(b" -0,0 ")
    head.hunks.append(hunk)


def _without_epilogue(lines: list[bytes], counts: hunks.Counts, notes: Notes) -> list[bytes]:
    """The last hunk's lines without prose below it.

    It is prose for certain where the counts are right without it, a blank line stands above it, and
    none of its lines could be one of a hunk.
    """
    end = len(lines)
    while end and not lines[end - 1].startswith(_SIGNS):
        end -= 1
    below = lines[end:]
    if not any(below) or below[0].strip():
        return lines
    signs = b"".join([line[:1] or b" " for line in lines[:end] if line[:1] != b"\\"])
    if hunks.sizes(signs) != counts:
        return lines
    notes.left_out(b"\n".join(below), "below the patch")
    return lines[:end]


def _apart(piece: bytes, *, has_hunk: bool) -> tuple[bytes, bytes]:
    """A hunk, and the headers of the files after it; `has_hunk` tells whether a hunk follows."""
    banner = piece.find(b"\nIndex: ")
    end = len(piece) if banner < 0 else banner
    if piece.find(b"\n--- ", 0, end) >= 0:
        end = _before_pairs(piece, end, has_hunk=has_hunk and banner < 0)
    return piece[:end], piece[end + 1 :]


def _before_pairs(piece: bytes, end: int, *, has_hunk: bool) -> int:
    """Where a hunk ends that has `---` and `+++` lines among its last ones.

    A removed `-- x` above an added `++ x` looks like a file header.  Counts that are right decide;
    else it is a header if a hunk follows, as every header has one, or if it says that a file comes
    or goes.
    """
    bottom = end
    is_first = True
    while True:
        while is_first and piece[bottom - 1 : bottom] == b"\n":
            bottom -= 1
        middle = piece.rfind(b"\n", 0, bottom)
        start = piece.rfind(b"\n", 0, max(middle, 0))
        if start < 0 or not piece.startswith(b"--- ", start + 1):
            return end
        if not piece.startswith(b"+++ ", middle + 1):
            return end
        counted = _counted(piece[:start]) if is_first else 0
        names = piece[start + 5 : middle], piece[middle + 5 : bottom]
        is_whole = any(name.partition(b"\t")[0].strip() == DEV_NULL for name in names)
        if counted > 0 or (counted == 0 and not (is_whole or (is_first and has_hunk))):
            return end
        end = bottom = start
        is_first = False


def _counted(hunk: bytes) -> int:
    """Whether a hunk's counts are right: -1 as it is, 1 with one more old and new line, else 0."""
    lines = hunk.split(b"\n")
    counts = hunks.counts_of(lines[0])
    if not counts:
        return 0
    signs = b"".join([line[:1] or b" " for line in lines[1:] if line[:1] != b"\\"])
    old, new = hunks.sizes(signs)
    if (old, new) == counts:
        return -1
    return int((old + 1, new + 1) == counts)
