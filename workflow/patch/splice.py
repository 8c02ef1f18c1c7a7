"""From proven places to new bytes: what a hunk changes is replaced, and all else stays as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from workflow.patch.comparing import signs as compared
from workflow.patch.find import refused
from workflow.patch.interface import Fit, PatchError, Reason, Refusal
from workflow.patch.lines import MARK, joined
from workflow.patch.refusal import short, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.patch.find import Found, Lines
    from workflow.patch.lines import Text

_RUNS = re.compile(rb" +|[-+]+")


@dataclass(frozen=True, slots=True, order=True)
class Splice:
    """Bytes `start` to `end` of a file give way to `new`; `number` is the hunk's."""

    start: int
    end: int
    number: int
    new: bytes


class _LineEnds(Enum):
    """What happens to the line ends of added lines."""

    AS_WRITTEN = auto()
    CRLF = auto()
    LF = auto()
    MIXED = auto()


def splices(lines: Lines, found: Found, text: Text, path: str) -> list[Splice]:
    """What a hunk at its place changes.

    Raises `PatchError` with `NO_PLACE` for an added line that cannot be written as the file's own
    lines are: less indented than the shift, among lines of both line ends, or last in a file
    without a last line feed about which the draft says nothing.
    """
    result = []
    at, old, new = found.line, 0, 0
    write = _Writer(lines, found, text, path)
    for run in _RUNS.findall(lines.signs):
        gone, come = len(run) - run.count(b"+"), len(run) - run.count(b"-")
        if run[:1] != b" ":
            result.append(write.block(at, lines.old[old : old + gone], lines.new[new : new + come]))
        at, old, new = at + gone, old + gone, new + come
    return result


def merge(data: bytes, parts: Sequence[Splice], path: str) -> bytes:
    """The file with every part replaced.  Raises `PatchError` with `OVERLAP`."""
    result, done = [], 0
    before: Splice | None = None
    clashes = []
    for part in sorted(parts):
        is_twice = before is not None and part.start == part.end == before.start == before.end
        if before and (part.start < done or is_twice):
            clashes.append(_overlap(before, part, path))
            continue
        result += [data[done : part.start], part.new]
        before, done = part, part.end
    if clashes:
        raise PatchError(*clashes)
    return b"".join([*result, data[done:]])


def _overlap(one: Splice, other: Splice, path: str) -> Refusal:
    first, second = sorted((one.number, other.number))
    message = f"hunks {first} and {second} of {short(path)} change the same lines"
    return Refusal(Reason.OVERLAP, message, "write them as one hunk", path, second)


class _Writer:
    """Writes one hunk's new lines the way the file is written at the place."""

    def __init__(self, lines: Lines, found: Found, text: Text, path: str) -> None:
        self._lines = lines
        self._found = found
        self._text = text
        self._path = path
        self._line_ends = _line_ends(lines, found, text)

    def block(self, at: int, gone: list[bytes], come: list[bytes]) -> Splice:
        """One run of lines that go and lines that come, at file line `at`."""
        text, end = self._text, at + len(gone)
        kept = _kept(gone, come) if self._found.fit is not Fit.EXACT else {}
        real = text.exact.lines
        out = [
            real[at + kept[number]] if number in kept else self._written(line)
            for number, line in enumerate(come)
        ]
        start = at
        has_end = True
        if end == text.count and out:
            has_end = self._has_end(gone)
            if not gone and at and not text.has_end:
                start = at - 1
                out.insert(0, real[start])
            out = self._ended(out, has_end=has_end)
        new = b"\n".join([*out, b""] if has_end and out else out)
        first, last = text.offset(start), text.offset(end)
        if start == 0 and self._found.is_under_mark:
            # The mark stays in front of whatever the file's first line is now.
            new = new.removeprefix(MARK)
            first, last = len(MARK), max(last, len(MARK))
        return Splice(first, last, self._lines.number, new)

    def _ended(self, out: list[bytes], *, has_end: bool) -> list[bytes]:
        """The file's last lines among CRLF lines: only the very last one may do without."""
        if self._line_ends is not _LineEnds.CRLF:
            return out
        *others, last = (line.removesuffix(b"\r") for line in out)
        return [*(line + b"\r" for line in others), last + b"\r" if has_end else last]

    def _has_end(self, gone: list[bytes]) -> bool:
        """Whether the file's last line ends with a line feed afterwards."""
        lines, text = self._lines, self._text
        if not text.count or lines.old_ends == text.has_end or lines.new_ends != lines.old_ends:
            return lines.new_ends
        if text.has_end or not gone:
            return True
        if lines.is_marked:
            message = (
                f"hunk {lines.number} of {short(self._path)} replaces the file's last line, which"
                " has no line feed, and does not say whether the new one has"
            )
            hint = "write `\\ No newline at end of file` after the last - line, and the last + line"
            raise refused(Reason.NO_PLACE, message, hint, self._path, lines)
        return False

    def _written(self, line: bytes) -> bytes:
        shifted = self._found.shift(line)
        if shifted is None:
            message = (
                f"hunk {self._lines.number} of {short(self._path)} is indented otherwise than the"
                f" file, and its line {shown(line)} cannot be shifted alike"
            )
            hint = "indent the old and new lines as the file does"
            raise refused(Reason.NO_PLACE, message, hint, self._path, self._lines)
        match self._line_ends:
            case _LineEnds.CRLF:
                return shifted if shifted.endswith(b"\r") else shifted + b"\r"
            case _LineEnds.LF:
                return shifted.removesuffix(b"\r")
            case _LineEnds.AS_WRITTEN:
                return shifted
            case _LineEnds.MIXED:
                message = (
                    f"hunk {self._lines.number} of {short(self._path)} adds lines among lines that"
                    " end in CRLF and lines that end in LF"
                )
                hint = "end the hunk's lines as the file's lines there do, or leave one kind out"
                raise refused(Reason.NO_PLACE, message, hint, self._path, self._lines)


def _line_ends(lines: Lines, found: Found, text: Text) -> _LineEnds:
    """Lines that come get the line end that all lines of the place have and none of the hunk's."""
    count = len(lines.old)
    real = text.exact.lines[found.line : found.line + count]
    if found.line + count == text.count and not text.has_end:
        # The last line has no end to compare; the one before has.
        count -= 1
        real = real[:count] or text.exact.lines[-2:-1]
    theirs = {line.endswith(b"\r") for line in real}
    ours = {line.endswith(b"\r") for line in (lines.old[:count] or lines.new[:-1] or lines.new)}
    each = [line.endswith(b"\r") for line in lines.old[:count]]
    if found.fit is Fit.EXACT or not real or each == [line.endswith(b"\r") for line in real]:
        return _LineEnds.AS_WRITTEN
    if theirs == {True} and ours == {False}:
        return _LineEnds.CRLF
    if theirs == {False} and ours == {True}:
        return _LineEnds.LF
    return _LineEnds.AS_WRITTEN if theirs == ours and len(ours) == 1 else _LineEnds.MIXED


def _kept(gone: list[bytes], come: list[bytes]) -> dict[int, int]:
    """Which lines that come are lines that go, in order: those keep the file's bytes."""
    kept = {}
    old = new = 0
    for sign in compared(joined(gone), joined(come)).decode():
        if sign == " ":
            kept[new] = old
        old += sign != "+"
        new += sign != "-"
    return kept
