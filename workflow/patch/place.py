"""Puts what a draft says where it belongs: proven places only, all of it or nothing."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from workflow.patch.find import find, of_hunk, of_snippet, refused, several
from workflow.patch.interface import (
    Content,
    Create,
    Delete,
    Edit,
    Fit,
    Hunk,
    ManyFiles,
    Move,
    PatchError,
    Place,
    Placement,
    Reason,
    Refusal,
    Snippet,
)
from workflow.patch.lines import Effort, ExhaustedError, Text, split, trimmed
from workflow.patch.refusal import short
from workflow.patch.splice import Splice, merge, splices
from workflow.patch.together import wider

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.patch.interface import Files, Names, Operation
    from workflow.types import RepoPath

_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")
_EFFORT_NS = 8_000_000_000
_PLACES = 6
MAX_HUNKS = 5000
"""Hunks of one file.  git compared one with 5,000 changes in 1.4 s, with 100,000 in over 120 s."""


def place(operations: Sequence[Operation], files: Files) -> Placement:
    """The files that a draft gives; nothing is written.

    Raises `PatchError` with one refusal for each hunk or file that has no proven place.
    """
    if isinstance(files, ManyFiles):
        files.prepare(named(operations))
    draft = _Draft(files)
    for operation in operations:
        draft.add(operation)
    return draft.placement()


def named(operations: Sequence[Operation]) -> tuple[RepoPath, ...]:
    """Every path that a draft can mean, once."""
    found: dict[RepoPath, None] = {}
    for operation in operations:
        found |= dict.fromkeys(operation.names)
        if isinstance(operation, Move):
            found |= dict.fromkeys(operation.to)
    return tuple(found)


class _Draft:
    """What the operations so far have made of the files, and what stands against them."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._before: dict[RepoPath, Content | None] = {}
        self._after: dict[RepoPath, Content | None] = {}
        self._closed: set[RepoPath] = set()
        """Paths about which no second operation may say anything: all but edits in place."""
        self._edits: dict[RepoPath, Edit] = {}
        """The last edit of each path, without the numbers of its hunks."""
        self._hunks: Counter[RepoPath] = Counter()
        self._places: list[Place] = []
        self._refusals: list[Refusal] = []
        self._effort = Effort(_EFFORT_NS)

    def add(self, operation: Operation) -> None:
        """Do one operation, and keep what speaks against it."""
        try:
            match operation:
                case Edit():
                    self._edit(operation)
                case Create():
                    self._create(operation)
                case Delete():
                    self._delete(operation)
                case Move():
                    self._move(operation)
                case _:
                    assert_never(operation)
        except PatchError as error:
            self._refusals += error.refusals

    def placement(self) -> Placement:
        """What came of it.  Raises `PatchError` with every refusal, or for no change at all."""
        self._refusals += self._nested()
        if self._refusals:
            raise PatchError(*self._refusals)
        changed = {
            path: content for path, content in self._after.items() if content != self._before[path]
        }
        if not changed:
            message = "the draft leaves every file as it is"
            raise PatchError(
                Refusal(Reason.NO_CHANGE, message, "say what should be different afterwards")
            )
        return Placement(tuple(changed.items()), tuple(self._places))

    # --- operations -----------------------------------------------------------------------------

    def _edit(self, edit: Edit) -> None:
        path, content = self._existing(edit.names)
        self._claim(path, is_open=True)
        bare = replace(edit, changes=tuple(replace(change, number=0) for change in edit.changes))
        before = self._edits.setdefault(path, bare)
        if before is not bare and before.changes == bare.changes:
            # Said again, in a spelling that only the files could tell to be the same.
            edit = replace(edit, changes=())
        elif wider(before.names, edit.names) is None:
            raise PatchError(_two_things(path))
        self._edits[path] = bare
        self._after[path] = self._changed(path, content, edit)

    def _create(self, create: Create) -> None:
        path = self._free(create.names, 0)
        self._claim(path)
        self._after[path] = Content(create.mode, create.data)

    def _delete(self, delete: Delete) -> None:
        path, content = self._existing(delete.names)
        self._claim(path)
        if delete.data is not None and not _is_same(delete.data, content.data):
            message = f"the draft deletes {short(path)} and shows other lines than it holds"
            hint = "show the file as it is now, or delete it without its lines"
            raise PatchError(Refusal(Reason.NO_PLACE, message, hint, path))
        self._after[path] = None

    def _move(self, move: Move) -> None:
        path, content = self._existing(move.names)
        target = self._free(move.to, move.names.index(path))
        self._claim(path)
        self._claim(target)
        self._after[path] = None
        self._after[target] = self._changed(path, content, move)

    # --- paths ----------------------------------------------------------------------------------

    def _read(self, path: RepoPath) -> Content | None:
        if path not in self._before:
            self._before[path] = self._files.read(path)
        return self._before[path]

    def _existing(self, names: Names) -> tuple[RepoPath, Content]:
        """The one file that a written name stands for, as the draft has left it so far."""
        found: list[tuple[RepoPath, Content]] = []
        others: list[Refusal] = []
        for path in dict.fromkeys(names):
            try:
                content = self._read(path)
            except PatchError as error:
                others += error.refusals
                continue
            if path in self._after:
                content = self._after[path] or content
            if content is not None:
                found.append((path, content))
        if len(found) == 1:
            return found[0]
        if found:
            message = "a name can stand for two paths: " + ", ".join(map(short, names[:2]))
            hint = "write the path from the top of the repository, behind a/ and b/"
            raise PatchError(Refusal(Reason.AMBIGUOUS_PATH, message, hint, names[0]))
        if others:
            raise PatchError(*others)
        hint = "name a file that exists, or write it as a new file (--- /dev/null)"
        message = f"there is no file {short(names[0])}"
        raise PatchError(Refusal(Reason.NO_SUCH_FILE, message, hint, names[0]))

    def _free(self, names: Names, prefer: int) -> RepoPath:
        """The path of a new file: nothing may be at any that the name can stand for."""
        wanted = names[min(prefer, len(names) - 1)]
        for path in names:
            try:
                is_there = self._read(path) is not None
            except PatchError:
                if path == wanted:
                    raise
                continue
            if is_there:
                message = f"{short(path)} exists, and the draft would put a new file there"
                hint = "edit it: show the lines that change, with unchanged ones round them"
                raise PatchError(Refusal(Reason.FILE_EXISTS, message, hint, path))
        return wanted

    def _claim(self, path: RepoPath, *, is_open: bool = False) -> None:
        """Note that the draft says something about a path; only edits may come one by one."""
        if path in self._closed or (path in self._after and not is_open):
            raise PatchError(_two_things(path))
        if not is_open:
            self._closed.add(path)

    def _nested(self) -> list[Refusal]:
        """Refusals of new files inside what is a file of the draft, too."""
        there = {path for path, content in self._after.items() if content is not None}
        found = []
        for path in there & self._closed:
            parts = path.split("/")
            above = ("/".join(parts[:count]) for count in range(1, len(parts)))
            found += [
                Refusal(
                    Reason.CONFLICTING,
                    f"the draft makes {short(outer)} both a file and a folder of {short(path)}",
                    "give one of them another name",
                    path,
                )
                for outer in above
                if outer in there
            ]
        return sorted(found, key=lambda refusal: refusal.path)

    # --- changes --------------------------------------------------------------------------------

    def _changed(self, path: RepoPath, content: Content, edit: Edit | Move) -> Content:
        """A file with all changes made; those that cannot be are refused, and left out."""
        self._hunks[path] += len(edit.changes)
        if self._hunks[path] > MAX_HUNKS:
            message = f"{path} has over {MAX_HUNKS:,} hunks"
            hint = "write the new file in another way, or change it in several steps"
            raise PatchError(Refusal(Reason.NOT_SUPPORTED, message, hint, path))
        text = Text(content.data, self._effort)
        parts: list[Splice] = []
        for change in edit.changes:
            try:
                at, found = _change(change, text, path)
            except PatchError as error:
                self._refusals += error.refusals
            except ExhaustedError:
                self._refusals.append(_exhausted(change, path))
            else:
                parts += found
                self._places.append(at)
        try:
            data = merge(content.data, parts, path)
        except PatchError as error:
            self._refusals += error.refusals
            data = content.data
        return Content(edit.mode or content.mode, data)


def _two_things(path: RepoPath) -> Refusal:
    message = f"the draft says two things about {short(path)}"
    return Refusal(Reason.CONFLICTING, message, "say once what becomes of each file", path)


def _exhausted(change: Hunk | Snippet, path: RepoPath) -> Refusal:
    message = f"hunk {change.number} of {short(path)}: the draft's lines take too long to look for"
    hint = "split the draft, and begin each hunk with lines that are rare in the file"
    return Refusal(Reason.NOT_SUPPORTED, message, hint, path, change.number)


def _is_same(shown: bytes, data: bytes) -> bool:
    """Whether a deleted file holds what the draft shows, but for blanks at the ends of lines."""
    return [trimmed(line) for line in split(shown)] == [trimmed(line) for line in split(data)]


def _change(change: Hunk | Snippet, text: Text, path: RepoPath) -> tuple[Place, list[Splice]]:
    """Where one change belongs, and what it replaces there."""
    match change:
        case Hunk():
            return _hunk(change, text, path)
        case Snippet():
            return _snippet(change, text, path)
        case _:
            assert_never(change)


def _hunk(hunk: Hunk, text: Text, path: RepoPath) -> tuple[Place, list[Splice]]:
    if not text.data and not hunk.old:
        # An empty file has one place, and nothing in it to prove.
        fills = [Splice(0, 0, hunk.number, hunk.new)] if hunk.new else []
        return Place(path, hunk.number, 1, 0, Fit.EXACT), fills
    lines = of_hunk(hunk)
    found = find(lines, text, path)
    where = Place(path, hunk.number, found.line + 1, len(lines.old), found.fit)
    return where, splices(lines, found, text, path)


def _snippet(snippet: Snippet, text: Text, path: RepoPath) -> tuple[Place, list[Splice]]:
    if not snippet.old.strip():
        message = (
            f"hunk {snippet.number} of {short(path)} has no old text that could prove its place"
        )
        hint = "give the old text exactly, with enough of it to be unique"
        raise refused(Reason.NO_ANCHOR, message, hint, path, snippet)
    found = text.offsets(snippet.old, _PLACES)
    numbers = [text.line_of(at) + 1 for at in found]
    if len(found) > 1:
        raise several(numbers, snippet, path)
    if found:
        last = text.line_of(found[0] + len(snippet.old) - 1) + 1
        where = Place(path, snippet.number, numbers[0], last - numbers[0] + 1, Fit.EXACT)
        end = found[0] + len(snippet.old)
        new = _as_line_ends(snippet, text, numbers[0] - 1)
        return where, [Splice(found[0], end, snippet.number, new)]
    lines = of_snippet(snippet)
    if lines is None:
        message = f"hunk {snippet.number} of {short(path)}: its old text is nowhere in the file"
        hint = "give the old text exactly as the file has it"
        raise refused(Reason.NO_PLACE, message, hint, path, snippet)
    at = find(lines, text, path)
    where = Place(path, snippet.number, at.line + 1, len(lines.old), at.fit)
    return where, splices(lines, at, text, path)


def _as_line_ends(snippet: Snippet, text: Text, line: int) -> bytes:
    """The new text with the line ends of the line that the old text is a part of.

    Old text with a line end of its own is the file's to the byte, and the new text as it is meant.
    """
    if b"\n" in snippet.old:
        return snippet.new
    real = text.exact.lines
    if line == text.count - 1 and not text.has_end:
        line -= 1  # the last line has no end to go by; the one before has
    is_crlf = line >= 0 and real[line].endswith(b"\r")
    return _BARE_LINE_FEED.sub(b"\r\n", snippet.new) if is_crlf else snippet.new
