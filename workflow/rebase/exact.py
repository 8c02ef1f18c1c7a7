"""Exact application: a patch is put on another tree where each of its places is proven."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.errors import GitError
from workflow.git_objects import FOLDER, Hit
from workflow.rebase import hunks
from workflow.rebase.interface import Clash, ConflictError, Reason
from workflow.rebase.merge import three_way
from workflow.types import BlobId, TreeId

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workflow.git_objects import Item
    from workflow.git_store import GitStore
    from workflow.rebase.hunks import Hunk, Pair, Shift
    from workflow.types import FileChange, RepoPath, TreeChange

_REGULAR = {"100644", "100755"}
_MOST_LINES = 40
_MOST_CLASHES = 50
_AGAIN = "propose the change again, or have it drafted anew: workflow revise"


@dataclass(slots=True)
class _Bench:
    """One change on its way to another base: what becomes of each file, and what does not fit.

    `texts` are files both of whose sides have changed, with the item that is there now.
    """

    git: GitStore
    change: TreeChange
    onto: TreeId
    rows: dict[RepoPath, tuple[str, BlobId] | None] = field(default_factory=dict)
    texts: list[tuple[FileChange, Item]] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)

    def clash(self, path: RepoPath, reason: Reason, message: str) -> None:
        """Note that a whole file does not fit."""
        self.clashes.append(Clash(path, reason, message))


def exact(git: GitStore, change: TreeChange, onto: TreeId) -> TreeChange:
    """What a change is on top of another base.

    A file that is as it was is replaced.  Else each hunk must stand, with all its context, at
    exactly one place of the file as it was and as it is now, in the same order.  Links, binary
    files and files that go must be as they were, and where a file comes nothing may be.  In the
    end git's own three-way merge of the three trees must give the very same tree.

    Raises `ConflictError` with each part that does not fit, in the order of the change; the lines
    in it are the files' own, not sealed and of any length.
    """
    bench = _Bench(git, change, onto)
    gone = {file.path for file in change.files if file.new is None}
    there = git.lookup(onto, change.paths)
    for file in change.files:
        _sort(bench, file, there[file.path], gone)
    _merge_texts(bench)
    if not bench.clashes:
        return _agreed(bench, git.write_tree(onto, bench.rows))
    order = {path: number for number, path in enumerate(change.paths)}
    raise _conflict(sorted(bench.clashes, key=lambda one: order[one.path]))


def _conflict(clashes: Sequence[Clash]) -> ConflictError:
    first, more = clashes[0], len(clashes) - 1
    message = f"the patch does not fit the branch any more: {first.path}: {first.message}"
    message += f" (and {more} more)" if more else ""
    return ConflictError(message, hint=_AGAIN, clashes=tuple(clashes[:_MOST_CLASHES]))


def _agreed(bench: _Bench, tree: TreeId) -> TreeChange:
    """The result as a change, once git's own merge gives it, too."""
    made = bench.git.change(bench.onto, tree)
    if made.paths != bench.change.paths:
        message = "the rebased patch changes other files than the one before"
        raise GitError(message, hint="this is a defect of `workflow`: please report it")
    merged = three_way(bench.git, bench.change.base, bench.onto, bench.change.proposed)
    if merged == tree:
        return made
    said = "git's own three-way merge sees a conflict here"
    if isinstance(merged, TreeId):
        said = "git's own three-way merge puts it elsewhere"
        merged = bench.git.change(merged, tree).paths
    raise _conflict([Clash(path, Reason.MERGE, said) for path in merged or made.paths])


# --- files as a whole -----------------------------------------------------------------------------


def _sort(bench: _Bench, file: FileChange, hit: Hit | None, gone: set[RepoPath]) -> None:
    """Say what becomes of a file, or that its hunks have to be placed, or that it does not fit."""
    if file.old is None:
        _comes(bench, file, hit, gone)
        return
    if hit is None or not hit.is_whole or hit.item.mode == FOLDER:
        bench.clash(file.path, Reason.GONE, "it is not there any more as a file")
        return
    now = hit.item
    if now == (file.old_mode, file.old):
        bench.rows[file.path] = _row(file)
    elif file.new is None:
        bench.clash(file.path, Reason.WHOLE_FILE, "the patch deletes it, and it has changed")
    elif not {file.old_mode, file.new_mode, now.mode} <= _REGULAR:
        bench.clash(file.path, Reason.WHOLE_FILE, "a link or submodule is there, before or now")
    elif file.old_mode not in {file.new_mode, now.mode}:
        said = f"the patch makes its mode {file.new_mode} of {file.old_mode}; it is {now.mode} now"
        bench.clash(file.path, Reason.MODE, said)
    elif now.id == file.old:
        bench.rows[file.path] = (_mode(file, now), file.new)
    elif file.old == file.new:
        bench.rows[file.path] = (_mode(file, now), BlobId(now.id))
    else:
        bench.texts.append((file, now))


def _comes(bench: _Bench, file: FileChange, hit: Hit | None, gone: set[RepoPath]) -> None:
    """A new file: nothing may stand at its place but what the patch itself takes away."""
    parts = file.path.parts
    above = {"/".join(parts[:depth]) for depth in range(1, len(parts))}
    if hit is None or (not hit.is_whole and above & gone):
        bench.rows[file.path] = _row(file)
    elif not hit.is_whole:
        bench.clash(file.path, Reason.OCCUPIED, "a file stands where its folder would be")
    elif hit.item.mode != FOLDER:
        is_same = hit.item == (file.new_mode, file.new)
        said = "the branch has it by now, as it is in the patch" if is_same else "it is there now"
        bench.clash(file.path, Reason.OCCUPIED, f"the patch creates it, and {said}")
    else:
        inside = (entry.path for entry in bench.git.entries(bench.onto, file.path))
        others = [path for path in inside if path not in gone]
        if others:
            said = f"the patch puts it in place of a folder, which has {others[0]} by now"
            bench.clash(file.path, Reason.OCCUPIED, said)
        else:
            bench.rows[file.path] = _row(file)


def _row(file: FileChange) -> tuple[str, BlobId] | None:
    return (file.new_mode, file.new) if file.new_mode and file.new else None


def _mode(file: FileChange, now: Item) -> str:
    """The mode that the patch gives, or the one that the file has by now if it gives none."""
    is_set = file.new_mode and file.new_mode != file.old_mode
    return file.new_mode if is_set and file.new_mode else now.mode


# --- hunks ----------------------------------------------------------------------------------------


def _merge_texts(bench: _Bench) -> None:
    """Put the hunks of files that have changed on both sides where they belong."""
    if not bench.texts:
        return
    git = bench.git
    names = [BlobId(name) for file, now in bench.texts for name in (file.old or "", now.id)]
    data = git.blobs(names)
    known = hunks.read(git.patch(bench.change.base, bench.change.proposed))
    merged: list[tuple[FileChange, Item, bytes]] = []
    stuck: list[tuple[FileChange, Item, bytes, tuple[Hunk, ...]]] = []
    for (file, now), before, after in zip(bench.texts, data[::2], data[1::2], strict=True):
        own = known.get(_pair(file), ())
        if not own or any(b"\0" in text for text in (before, after, *(one.new for one in own))):
            said = "a binary file can only change as a whole, and it has changed"
            bench.clash(file.path, Reason.WHOLE_FILE, said)
            continue
        found = [(place(before, after, hunk), hunk) for hunk in own]
        if lost := tuple(hunk for at, hunk in found if at is None):
            stuck.append((file, now, after, lost))
            continue
        result = hunks.spliced(after, [(at, hunk) for at, hunk in found if at is not None])
        if result is None:
            bench.clash(file.path, Reason.CHANGED, "its hunks stand in another order by now")
        else:
            merged.append((file, now, result))
    blobs = git.write_blobs([result for *_, result in merged]) if merged else ()
    for (file, now, _), blob in zip(merged, blobs, strict=True):
        bench.rows[file.path] = (_mode(file, now), blob)
    bench.clashes += _told(bench, stuck) if stuck else ()


def place(before: bytes, after: bytes, hunk: Hunk) -> int | None:
    """Where a hunk's old lines stand now, in bytes; `None` unless before and now it is one place.

    Were there two before, the one that is left need not be the one that was meant.
    """
    now = hunks.places(after, hunk)
    is_one = len(now) == 1 and len(hunks.places(before, hunk)) == 1
    return now[0] if is_one else None


def _pair(file: FileChange) -> Pair:
    return (file.old or "", file.new or "")


def _told(
    bench: _Bench, stuck: Iterable[tuple[FileChange, Item, bytes, tuple[Hunk, ...]]]
) -> Iterator[Clash]:
    """What each hunk without a place expects, and what is there now."""
    found = list(stuck)
    rows = {file.path: (now.mode, BlobId(now.id)) for file, now, *_ in found}
    # Only these files differ between the two trees, however far the branch has come.
    diff = bench.git.patch(
        bench.change.base, bench.git.write_tree(bench.change.base, rows), context=0
    )
    moved = hunks.shifts(diff)
    for file, now, after, lost in found:
        lines = hunks.lines_of(after)
        for hunk in lost:
            yield _lost(file, hunk, after, lines, moved.get((file.old or "", now.id), ()))


def _lost(
    file: FileChange, hunk: Hunk, after: bytes, lines: list[bytes], moved: Sequence[Shift]
) -> Clash:
    expected = hunks.lines_of(hunk.old)
    first, last = hunks.now_at(hunk, moved)
    there = lines[first:last]
    several = len(hunks.places(after, hunk)) > 1
    if several or there == expected:
        reason, said = Reason.SEVERAL_PLACES, "its lines stand at more than one place"
    elif [line.split() for line in there] == [line.split() for line in expected]:
        reason, said = Reason.CHANGED, "its lines have other blanks or line ends by now"
    else:
        reason, said = Reason.CHANGED, "its lines, or lines next to them, have changed"
    start = hunk.start + bool(hunk.count)
    return Clash(
        path=file.path,
        reason=reason,
        message=f"the hunk at line {start}: {said}",
        hunk=_text(hunk.header).rstrip(),
        expected=_bounded(expected),
        found=_bounded(there),
        line=first + 1 if there else 0,
    )


def _bounded(lines: Sequence[bytes]) -> tuple[str, ...]:
    """Lines for a person: the first of very many."""
    left = len(lines) - _MOST_LINES
    shown = [_text(line) for line in lines[:_MOST_LINES]]
    return (*shown, f"(and {left} more lines)") if left > 0 else tuple(shown)


def _text(line: bytes) -> str:
    return line.removesuffix(b"\n").decode("utf-8", "replace")
