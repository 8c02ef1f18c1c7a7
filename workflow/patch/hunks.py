"""Reads the lines of a hunk: the part that unified diffs and V4A have in common.

The work is done on all lines of a hunk at once: it is what a large patch consists of.
"""

from __future__ import annotations

import re
from itertools import compress
from typing import TYPE_CHECKING, TypeAlias

from workflow.patch.interface import Hunk, Reason, Repair
from workflow.patch.refusal import label, refuse, shown

if TYPE_CHECKING:
    from workflow.patch.refusal import Notes

Counts: TypeAlias = "tuple[int, int]"
"""How many old and new lines a hunk's header says that it has."""

_NUMBERS = re.compile(
    rb" -[0-9]{1,9}(?:,([0-9]{1,9}))? \+[0-9]{1,9}(?:,([0-9]{1,9}))? @@(?:[ \t\r].*)?\Z", re.DOTALL
)
_NUMBERED = re.compile(rb"[ \t]*-?[0-9]")
_IS_OLD = bytes(sign != ord("+") for sign in range(256))
_IS_NEW = bytes(sign != ord("-") for sign in range(256))
_BLANKS = (b"", b"\r")
_HINT = "begin each line of a hunk with a space, - or +, and put nothing else into the fence"


def counts_of(header: bytes) -> Counts | None:
    """What a hunk's header says, from what follows its `@@`; `None` where it has no numbers."""
    found = _NUMBERS.match(header)
    if found is None:
        return None
    old, new = found.groups()
    return (1 if old is None else int(old), 1 if new is None else int(new))


def has_numbers(header: bytes) -> bool:
    """Whether a hunk's header has numbers, right or wrong, whole or not; it needs none."""
    return _NUMBERED.match(header) is not None


def hunk(lines: list[bytes], counts: Counts | None, path: str, notes: Notes) -> Hunk:
    """A hunk from its lines, which have no line feeds.

    `path` is for messages.  Raises `PatchError` for no lines, for a line that is neither context
    nor removed nor added, and for a mark that the file ends above a line that goes on.
    """
    number = notes.next_number()
    try:
        signs = bytes([line[0] for line in lines])
    except IndexError:
        signs = b"\r"
    if b"\r" in signs:
        lines = _unblank(lines, counts, f"hunk {number} of {label(path)}", notes)
        signs = bytes([line[0] for line in lines])
    if signs.translate(None, b" -+"):
        return _marked(number, lines, path)
    if not signs:
        message = f"hunk {number} of {label(path)} has no lines"
        refuse(Reason.UNREADABLE, message, path=path, number=number)
    bare = [line[1:] for line in lines]
    bare.append(b"")
    old = b"\n".join(compress(bare, signs.translate(_IS_OLD) + b"\1"))
    new = b"\n".join(compress(bare, signs.translate(_IS_NEW) + b"\1"))
    return Hunk(number, old, new, signs)


def sizes(signs: bytes) -> Counts:
    """How many old and new lines there are."""
    return len(signs) - signs.count(b"+"), len(signs) - signs.count(b"-")


def _unblank(lines: list[bytes], counts: Counts | None, where: str, notes: Notes) -> list[bytes]:
    """Lines with the space that blank context has lost, without the blank lines that only separate.

    At the end of a hunk the counts tell which it is; without them, or with wrong ones, it is taken
    for a separator, because context can be left out without another meaning.
    """
    end = len(lines)
    while end and lines[end - 1] in _BLANKS:
        end -= 1
    strays = len(lines) - end
    if counts and strays:
        signs = b"".join([line[:1] or b" " for line in lines[:end] if line[:1] != b"\\"])
        old, new = sizes(signs.replace(b"\r", b" "))
        missing = counts[0] - old
        if missing == counts[1] - new and 0 < missing <= strays:
            end, strays = end + missing, strays - missing
    if strays:
        notes.repaired(Repair.STRAY_BLANKS, where)
    kept = [b" " + line if line in _BLANKS else line for line in lines[:end]]
    if kept != lines[:end]:
        notes.repaired(Repair.BLANK_CONTEXT, where)
    return kept


def _marked(number: int, lines: list[bytes], path: str) -> Hunk:
    r"""A hunk with lines that begin with a backslash: the line above is the file's last.

    The sentence behind the backslash is git's in any language.
    """
    kept: list[bytes] = []
    signs = bytearray()
    ended = b""
    for line in lines:
        sign = line[:1]
        # A line that is empty and has no end is no line.
        if sign == b"\\" and kept and kept[-1] != b"\n" and kept[-1].endswith(b"\n"):
            kept[-1] = kept[-1][:-1]
            ended += b"-+" if signs[-1:] == b" " else signs[-1:]
            continue
        if sign not in (b" ", b"-", b"+"):
            message = (
                f"hunk {number} of {label(path)} has a line that begins with none of ' -+':"
                f" {shown(line)}"
            )
            refuse(Reason.UNREADABLE, message, _HINT, path=path, number=number)
        if ended and (sign == b" " or sign in ended):
            message = f"hunk {number} of {label(path)} goes on after a line that ends the file"
            hint = "put `\\ No newline at end of file` after the last line only"
            refuse(Reason.UNREADABLE, message, hint, path=path, number=number)
        kept.append(line[1:] + b"\n")
        signs += sign
    old = b"".join(compress(kept, signs.translate(_IS_OLD)))
    new = b"".join(compress(kept, signs.translate(_IS_NEW)))
    return Hunk(number, old, new, bytes(signs))
