"""Reads the file headers of a unified diff: what stands above and between its files' hunks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from workflow.patch.interface import Reason, Repair
from workflow.patch.names import DEV_NULL, bare, name_of
from workflow.patch.refusal import label, refuse, shown

if TYPE_CHECKING:
    from workflow.patch.interface import Hunk
    from workflow.patch.refusal import Notes

# What git writes between `diff --git` and `---`, and where it is kept.
_EXTENDED = {
    b"old mode ": "old_mode",
    b"new mode ": "new_mode",
    b"new file mode ": "new_file_mode",
    b"deleted file mode ": "deleted_file_mode",
    b"rename from ": "rename_from",
    b"rename to ": "rename_to",
    b"index ": "index",
    b"copy from ": "unsupported",
    b"copy to ": "unsupported",
    b"GIT binary patch": "unsupported",
    b"Binary files ": "unsupported",
    b"similarity index ": "",
    b"dissimilarity index ": "",
}
_EXTENDED_LINE = re.compile(b"|".join(map(re.escape, _EXTENDED)))
_GIT = b"diff --git "
_HALVES = (b"--- ", b"+++ ")
_BLANKS = 2
# What Subversion and GNU diff write above a file's `---`.
_BANNER = re.compile(rb"Index: |={20,}\r?\Z|Only in ")
_COMBINED = (b"diff --cc ", b"diff --combined ")


@dataclass(slots=True)
class Head:
    """One file's header, in the words of the draft, and the hunks below it."""

    git: bytes | None = None
    old: bytes | None = None
    new: bytes | None = None
    fields: dict[str, bytes] = field(default_factory=dict)
    hunks: list[Hunk] = field(default_factory=list)
    is_quoted: bool = False
    says_new: bool = False
    """Whether the first hunk says that there were no lines before."""
    label: str = ""
    """What `shown` has found, once it was asked for."""

    @property
    def is_named(self) -> bool:
        """Whether `---` or `+++` was there."""
        return self.old is not None or self.new is not None

    @property
    def shown(self) -> str:
        """A name for messages, without git's prefix."""
        if not self.label:
            name = self.new if self.new not in (None, DEV_NULL) else self.old
            name = name or (self.git or b"").rpartition(b" ")[2]
            self.label = label((bare(name) or name).decode("utf-8", "surrogateescape"))
        return self.label


def heads(text: bytes, notes: Notes, *, above: Head | None, has_hunk: bool) -> list[Head]:
    """The file headers in the text above a hunk.

    `above` is the header of the hunk before, `None` at the beginning of the draft, where prose may
    stand above the first header.  `has_hunk` tells whether a hunk follows.  Raises `PatchError` for
    lines that belong to no header.
    """
    found: list[Head] = []
    prose: list[bytes] = []
    lines = iter(enumerate(all_lines := text.split(b"\n")))
    for at, line in lines:
        following = all_lines[at + 1] if at + 1 < len(all_lines) else None
        head = found[-1] if found else None
        if line.startswith(b"diff -"):
            found.append(_of_git(line))
        elif line.startswith(b"--- ") and following is not None and following[:4] == b"+++ ":
            _name(_unnamed(found), line, following)
            next(lines)
        elif has_hunk and line.startswith(_HALVES) and _is_half(all_lines, at, head):
            head = _unnamed(found)
            _name(head, *((line, None) if line[:1] == b"-" else (None, line)))
            notes.repaired(Repair.NO_FILE_HEADER, head.shown)
        elif not line.strip() or (above and _BANNER.match(line)):
            if head and head.is_named:
                notes.repaired(Repair.STRAY_BLANKS, head.shown)
        elif head is None and above is None:
            prose.append(line)
        elif head is None or head.is_named or not _extended(head, line):
            _refuse_line(head or above, line)
    notes.left_out(b"\n".join(prose), "above the patch")
    return found


def _of_git(line: bytes) -> Head:
    if line.startswith(_COMBINED):
        message = f"the draft holds a combined diff of several parents: {shown(line)}"
        refuse(Reason.NOT_SUPPORTED, message)
    return Head(git=line[len(_GIT) :].rstrip(b"\r") if line.startswith(_GIT) else None)


def _unnamed(found: list[Head]) -> Head:
    """The header that a `---` belongs to: that of the `diff` line above it, or a new one."""
    if not found or found[-1].is_named:
        found.append(Head())
    return found[-1]


def _name(head: Head, old: bytes | None, new: bytes | None) -> None:
    for line in (old, new):
        if line is not None:
            name, is_quoted = name_of(line[4:])
            head.is_quoted |= is_quoted
            if line is old:
                head.old = name
            else:
                head.new = name


def _is_half(lines: list[bytes], at: int, head: Head | None) -> bool:
    """Whether the other of the two name lines is missing, and its hunk follows at once."""
    is_last = len(lines) - at <= _BLANKS + 1 and not any(lines[at + 1 :])
    return is_last and not (head and head.is_named)


def _extended(head: Head, line: bytes) -> bool:
    """Keep what a line of git's extended header says; whether it is one."""
    found = _EXTENDED_LINE.match(line)
    if found is None:
        return False
    name = _EXTENDED[found[0]]
    if name == "unsupported":
        message = f"the draft says {shown(line)} of {head.shown}"
        hint = "copies and binary patches are not read: write the file's lines as a text diff"
        refuse(Reason.NOT_SUPPORTED, message, hint, path=head.shown)
    value = line[found.end() :]
    if name.startswith("rename"):
        value, is_quoted = name_of(value)
        head.is_quoted |= is_quoted
    if head.fields.setdefault(name, value) != value:
        message = f"the header of {head.shown} says two things: {shown(line)}"
        refuse(Reason.CONFLICTING, message, path=head.shown)
    return True


def _refuse_line(head: Head | None, line: bytes) -> NoReturn:
    path = head.shown if head else ""
    message = f"the draft has a line for {label(path)} above its first @@: {shown(line)}"
    hint = "begin every hunk with a line @@ below the --- and +++ lines of its file"
    refuse(Reason.UNREADABLE, message, hint, path=path)
