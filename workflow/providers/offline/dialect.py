r"""The surgeon's diff dialect: bare `@@` hunk heads, no numbers, unique context instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.providers.offline.revision import split_lines
from workflow.semantics.nginx import parse, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.providers.offline.revision import Revision

CONTEXT = 3
_NO_NEWLINE = "\\ No newline at end of file\n"


@dataclass(frozen=True, slots=True)
class _Change:
    """Old lines `start` up to `end` become `new`."""

    start: int
    end: int
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Hunk:
    """Neighbouring changes with their context, in indexes of old lines."""

    start: int
    end: int
    changes: tuple[_Change, ...]


def _changes(old: Sequence[str], revision: Revision) -> tuple[_Change, ...]:
    """What differs from the base, by the revision's own record of untouched lines."""
    new = split_lines(revision.text)
    found: list[_Change] = []
    behind, pending = 0, list[str]()
    for line, origin in (*zip(new, revision.origins, strict=True), ("", len(old))):
        if origin is None:
            pending.append(line)
            continue
        if pending or origin > behind:
            found.append(_trimmed(old, _Change(behind, origin, tuple(pending))))
        behind, pending = origin + 1, []
    return tuple(change for change in found if change.new or change.end > change.start)


def _trimmed(old: Sequence[str], change: _Change) -> _Change:
    """The change without the equal lines at its ends."""
    start, end, new = change.start, change.end, list(change.new)
    while start < end and new and old[start] == new[0]:
        start += 1
        new.pop(0)
    while start < end and new and old[end - 1] == new[-1]:
        end -= 1
        new.pop()
    return _Change(start, end, tuple(new))


def _occurrences(old: Sequence[str], start: int, end: int) -> int:
    """How often the old lines `start` up to `end` occur in the file."""
    wanted = tuple(old[start:end])
    size = len(wanted)
    return sum(tuple(old[at : at + size]) == wanted for at in range(len(old) - size + 1))


def _placed(old: Sequence[str], changes: tuple[_Change, ...]) -> _Hunk:
    """Context around the changes, grown until the hunk's old lines occur exactly once."""
    start, end = changes[0].start, changes[-1].end
    context = CONTEXT
    while True:
        low, high = max(0, start - context), min(len(old), end + context)
        whole = low == 0 and high == len(old)
        blank = not any(line.strip() for line in old[low:high])
        if whole or (not blank and _occurrences(old, low, high) == 1):
            return _Hunk(low, high, changes)
        context += 1


def _hunks(old: Sequence[str], changes: tuple[_Change, ...]) -> tuple[_Hunk, ...]:
    """The changes as hunks; hunks that touch or overlap are one."""
    hunks: list[_Hunk] = []
    for change in changes:
        hunk = _placed(old, (change,))
        while hunks and hunk.start <= hunks[-1].end:
            hunk = _placed(old, hunks.pop().changes + hunk.changes)
        hunks.append(hunk)
    return tuple(hunks)


def _hint(base: str, line: int) -> str:
    """The head of the innermost block that encloses a line, counted from 0."""
    best = ""
    for directive in walk(parse(base).children):
        block = directive.block
        if block is None or not directive.line - 1 < line:
            continue
        if base.count("\n", 0, block.span.end) >= line:
            words = (directive.word, *directive.args)
            best = " ".join(word.raw.replace("\r", "").replace("\n", " ") for word in words)
    return best


def _marked(sign: str, line: str) -> str:
    """One diff line; a line without its newline gets git's marker."""
    return f"{sign}{line}" if line.endswith("\n") else f"{sign}{line}\n{_NO_NEWLINE}"


def _body(old: Sequence[str], hunk: _Hunk) -> str:
    """A hunk's lines."""
    pieces: list[str] = []
    position = hunk.start
    for change in hunk.changes:
        pieces += (_marked(" ", line) for line in old[position : change.start])
        pieces += (_marked("-", line) for line in old[change.start : change.end])
        pieces += (_marked("+", line) for line in change.new)
        position = change.end
    pieces += (_marked(" ", line) for line in old[position : hunk.end])
    return "".join(pieces)


def _file_diff(revision: Revision) -> str:
    """One file's part of the answer."""
    old = split_lines(revision.base)
    parts = [f"--- a/{revision.path}\n+++ b/{revision.path}\n"]
    for hunk in _hunks(old, _changes(old, revision)):
        hint = _hint(revision.base, hunk.changes[0].start)
        parts.append(f"@@ {hint}".rstrip() + "\n" + _body(old, hunk))
    return "".join(parts)


def as_answer(revisions: Sequence[Revision]) -> str:
    """The changed files as one fenced diff in the surgeon's dialect."""
    body = "".join(_file_diff(revision) for revision in revisions if revision.is_changed)
    fence = "```"
    while fence in body:
        fence += "`"
    return f"{fence}diff\n{body}{fence}\n"
