"""Finds the parts of a patch that can go; it reports, and drops nothing.

A part is one run of adjoining changed lines.  One that changes nothing that its file means can go,
and so can one without which all evidence still holds.  The reviewer takes the full patch or the
shrunk one.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from workflow.errors import GitError
from workflow.semantics.neutral import is_read, meaning
from workflow.text import one_line
from workflow.types import ChangeKind, Excess, FileChange, Outcome, Spare, SparePart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from workflow.git_store import GitStore
    from workflow.types import BlobId, RepoPath, TreeChange, TreeId, Verdict

MAX_RUNS = 8
"""How many parts are tried with the gates; each costs at most what judging the whole patch does."""
MAX_READ = 4 * 1024 * 1024
"""Bytes that are parsed for one patch; Python is read at about 1.5 MB/s."""
_MAX_NAMED = 6
_UNTRIED = "parts of the patch were not tried: that would take too long"
# What no gate reads: without it everything always still holds.
_PROSE = {".md", ".rst", ".txt", ".adoc"}
# Body lines of a diff start with one of " -+\", so these can only be headers.
_HEADER = re.compile(
    rb"^(?:index ([0-9a-f]+)\.\.([0-9a-f]+)|@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@)",
    re.MULTILINE,
)
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")

Holds: TypeAlias = "Callable[[TreeChange], bool]"


# --- parts --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """Lines `start:end` of the base file, and the lines of the proposed file in their place."""

    start: int
    end: int
    lines: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Lines removed and added."""
        return self.end - self.start + len(self.lines)


@dataclass(frozen=True, slots=True)
class Split:
    """One changed file, split into its parts.

    `base` is the base file's lines.  A file that comes or goes is one part, which `is_whole`.
    """

    change: FileChange
    base: tuple[bytes, ...]
    parts: tuple[Part, ...]

    @property
    def is_whole(self) -> bool:
        """Whether the file can only come or go, or stay as it is, as a whole."""
        return self.change.kind is not ChangeKind.MODIFIED

    def without(self, spare: AbstractSet[int]) -> bytes:
        """The file with all parts but those at these indices."""
        pieces: list[bytes] = []
        at = 0
        for index, part in enumerate(self.parts):
            if index not in spare:
                pieces += self.base[at : part.start]
                pieces += part.lines
                at = part.end
        return b"".join((*pieces, *self.base[at:]))


def lines_of(data: bytes) -> tuple[bytes, ...]:
    """The lines of a file with their ends, as git counts them: only a line feed ends one."""
    return tuple(_LINE.findall(data))


def split(git: GitStore, change: TreeChange) -> tuple[Split, ...]:
    """Split each changed text file into its parts; links, submodules and binary files have none.

    Raises `GitError` when git's diff does not lead from the base's bytes to the proposed ones.
    """
    files = [file for file in change.files if _is_regular(file) and file.old != file.new]
    blobs = sorted({blob for file in files for blob in (file.old, file.new) if blob})
    contents = dict(zip(blobs, git.blobs(blobs), strict=True)) if blobs else {}
    ranges = _ranges(git.patch(change.base, change.proposed, context=0))
    found = []
    for file in files:
        old = contents[file.old] if file.old else b""
        new = contents[file.new] if file.new else b""
        if b"\0" in old or b"\0" in new:
            continue
        one = Split(file, lines_of(old), _parts(file, ranges, old, new))
        if one.without(frozenset()) != new:
            message = f"{file.path}: git's diff does not give the proposed file"
            raise GitError(message, hint="this is a defect of `workflow`: please report it")
        found.append(one)
    return tuple(found)


def _is_regular(file: FileChange) -> bool:
    modes = [mode for mode in (file.old_mode, file.new_mode) if mode]
    return all(mode in {"100644", "100755"} for mode in modes)


_Range: TypeAlias = "tuple[int, int, int, int]"


def _ranges(patch: bytes) -> dict[tuple[bytes, bytes], list[_Range]]:
    """The hunks of a diff without context, by the two blobs that they lead from and to."""
    found: dict[tuple[bytes, bytes], list[_Range]] = {}
    hunks: list[_Range] = []
    for header in _HEADER.finditer(patch):
        if header[1]:
            # Two files may have the same two blobs, and then have the same hunks.
            hunks = found[header[1], header[2]] = []
            continue
        start, new_start = int(header[3]), int(header[5])
        count = int(header[4] or 1)
        new_count = int(header[6] or 1)
        # A range of no lines names the line before it.
        start -= count > 0
        new_start -= new_count > 0
        hunks.append((start, start + count, new_start, new_start + new_count))
    return found


def _parts(
    file: FileChange, ranges: dict[tuple[bytes, bytes], list[_Range]], old: bytes, new: bytes
) -> tuple[Part, ...]:
    lines = lines_of(new)
    if file.old is None or file.new is None:
        return (Part(0, len(lines_of(old)), lines),)
    hunks = ranges.get((file.old.encode(), file.new.encode()), [])
    return tuple(Part(start, end, lines[at:to]) for start, end, at, to in hunks)


# --- the search ---------------------------------------------------------------------------------


@dataclass(slots=True)
class _Search:
    """A patch while parts are taken out of it: which are spare by now, and why."""

    git: GitStore
    change: TreeChange
    files: tuple[Split, ...]
    why: dict[tuple[int, int], Spare] = field(default_factory=dict)
    read: int = 0
    untried: int = 0

    @property
    def left(self) -> list[tuple[int, int]]:
        """The parts that are still in the patch, as (file, part)."""
        every = ((at, n) for at, one in enumerate(self.files) for n in range(len(one.parts)))
        return [place for place in every if place not in self.why]

    def tree(self, also: tuple[int, int] | None = None) -> TreeId:
        """The proposed tree without the spare parts, and without one more."""
        spare: dict[int, set[int]] = {}
        for at, index in (*self.why, *((also,) if also else ())):
            spare.setdefault(at, set()).add(index)
        rows = {self.files[at].change.path: self._row(self.files[at], n) for at, n in spare.items()}
        if not rows:
            return self.change.proposed
        return self.git.write_tree(self.change.proposed, rows)

    def _row(self, one: Split, spare: AbstractSet[int]) -> tuple[str, BlobId] | None:
        file = one.change
        if len(spare) < len(one.parts):
            # Only a changed file has several parts, and it keeps its new mode.
            return file.new_mode or "100644", self.git.write_blob(one.without(spare))
        if file.old is None:
            return None
        return file.new_mode or file.old_mode or "100644", file.old


def find(  # noqa: PLR0913 - the change with its verdicts, the means to judge, and whom to tell
    git: GitStore,
    change: TreeChange,
    verdicts: Sequence[Verdict],
    *,
    holds: Holds,
    budget_s: float,
    tell: Callable[[str], None],
) -> Excess | None:
    """How much more a patch changes than it needs to; `None` where it only makes files, or nothing.

    `holds` runs gates on a smaller change of the same base, and says whether it passes and proves
    all that `verdicts` do; `tell` hears which part is being tried.  Gates are run only if they can
    tell: all passed, and some check fails or does not exist on the base and passes now.  They are
    run without each part that is left, or without none: at most `MAX_RUNS` times, and for at most
    about `budget_s` seconds, judged by how long they took on the whole patch; 0 seconds is never.

    Raises `GitError`, and what `holds` raises.
    """
    files = split(git, change)
    # Of files that are all new nothing can be told: who scaffolds asks for the whole of them.
    if all(one.change.kind is ChangeKind.ADDED or not one.parts for one in files):
        return None
    search = _Search(git, change, files)
    for at in range(len(files) - 1, -1, -1):
        _find_neutral(search, at)
    is_tried = _find_unproven(search, verdicts, holds, budget_s, tell)
    if search.untried:
        tell(f"{search.untried} {_UNTRIED}")
    changed = sum(part.size for one in files for part in one.parts)
    spare = tuple(_described(files[at], n, search.why[at, n]) for at, n in sorted(search.why))
    return Excess(
        changed=changed,
        needed=changed - sum(part.removed + part.added for part in spare),
        parts=spare,
        tree=search.tree(),
        is_tried=is_tried,
        untried=search.untried,
    )


def _described(one: Split, index: int, why: Spare) -> SparePart:
    part = one.parts[index]
    removed = part.end - part.start
    return SparePart(one.change.path, part.start + 1, removed, len(part.lines), why)


def _find_neutral(search: _Search, at: int) -> None:
    """Take out what changes nothing that a file means: halves first, then halves of those.

    A formatter's hundred parts around one that matters need a dozen comparisons, not a hundred.
    """
    one = search.files[at]
    path = one.change.path
    proposed = one.without(frozenset())
    if one.is_whole or not is_read(path, len(proposed)):
        return
    search.read += len(proposed)
    if search.read > MAX_READ:
        search.untried += len(one.parts)
        return
    meant = meaning(path, proposed)
    if meant is None:
        return
    spare: frozenset[int] = frozenset()
    waiting = [range(len(one.parts))]
    while waiting:
        chunk = waiting.pop()
        candidate = one.without(spare.union(chunk))
        search.read += len(candidate)
        if search.read > MAX_READ:
            search.untried += len(chunk) + sum(map(len, waiting))
            break
        if meaning(path, candidate) == meant:
            spare = spare.union(chunk)
        elif len(chunk) > 1:
            middle = len(chunk) // 2
            waiting += [chunk[:middle], chunk[middle:]]
    search.why.update(dict.fromkeys(((at, index) for index in spare), Spare.NEUTRAL))


def _find_unproven(
    search: _Search,
    verdicts: Sequence[Verdict],
    holds: Holds,
    budget_s: float,
    tell: Callable[[str], None],
) -> bool:
    """Take out, from the last to the first, what no check misses; say whether it was tried."""
    left = [place for place in search.left if _is_judged(search.files[place[0]].change.path)]
    if not _can_tell(verdicts) or not budget_s or len(left) < 2:  # noqa: PLR2004 - a part alone is what is proven
        return False
    if len(left) > MAX_RUNS or len(left) * sum(one.seconds for one in verdicts) > budget_s:
        search.untried += len(left)
        return False
    for at, index in reversed(left):
        tree = search.tree((at, index))
        if tree == search.change.base:
            continue
        part = _described(search.files[at], index, Spare.UNPROVEN)
        tell(f"without {_lines(part)} of {one_line(part.path)}")
        if holds(search.git.change(search.change.base, tree)):
            search.why[at, index] = Spare.UNPROVEN
    return True


def _can_tell(verdicts: Sequence[Verdict]) -> bool:
    """Whether every gate passed, and some check needs the patch."""
    all_passed = all(one.outcome is Outcome.PASS for one in verdicts)
    return all_passed and any(one.proofs for one in verdicts)


def _is_judged(path: RepoPath) -> bool:
    return posixpath.splitext(path.name)[1].lower() not in _PROSE


# --- words --------------------------------------------------------------------------------------


def describe(excess: Excess) -> tuple[str, ...]:
    """A reviewer's sentences on what can go, one for each file and reason; none when nothing can.

    Line numbers are the base file's.
    """
    groups: dict[tuple[RepoPath, Spare], list[SparePart]] = {}
    for part in excess.parts:
        groups.setdefault((part.path, part.why), []).append(part)
    return (*(_sentence(excess, group) for group in groups.values()), *_untried(excess))


def _sentence(excess: Excess, group: Sequence[SparePart]) -> str:
    path, why = one_line(group[0].path), group[0].why
    count = sum(part.removed + part.added for part in group)
    places = [_lines(part) for part in group]
    shown = ", ".join(places[:_MAX_NAMED])
    if len(places) > _MAX_NAMED:
        shown += f" and {len(places) - _MAX_NAMED} more places"
    share = f"{count} of {excess.changed} changed lines"
    if why is Spare.NEUTRAL:
        return f"{share} change nothing that {path} means ({shown})"
    return f"{share} are in {path} and no check misses them ({shown})"


def _untried(excess: Excess) -> Iterator[str]:
    if excess.untried:
        yield f"{excess.untried} {_UNTRIED}"


def _lines(part: SparePart) -> str:
    """Where a part stands, in the base file's lines."""
    if not part.removed:
        lines = "the new line" if part.added == 1 else f"the {part.added} new lines"
        return f"{lines} before line {part.line}" if part.line > 1 else f"{lines} at the top"
    if part.removed == 1:
        return f"line {part.line}"
    return f"lines {part.line}-{part.line + part.removed - 1}"
