"""The canonical patch: git's own diff of two trees, cross-checked before anybody relies on it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from workflow.errors import DraftError
from workflow.process import side_by_side
from workflow.semantics.changes import of_files
from workflow.types import BlastRadius, ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from workflow.git_store import GitStore
    from workflow.types import BlobId, RepoPath, TreeChange

_REPORT = "this is a defect of `workflow`: please report it"


class _Counts(NamedTuple):
    """What a reader finds in a patch; git does not count hunks."""

    files: int
    added: int
    removed: int
    hunks: int = 0


def canonical(git: GitStore, change: TreeChange, index: Path) -> tuple[bytes, BlastRadius]:
    """The patch that a reviewer sees, and how much it touches.

    Proven on every call: applied to the base by git it gives the proposed tree, and unidiff counts
    the same files and lines in it as `git apply --numstat` does.

    `index` is the path of a private index file, which must not exist yet.  Raises `DraftError` when
    a proof fails.
    """
    env, trees = {"GIT_INDEX_FILE": str(index)}, (change.base, change.proposed)
    made = (lambda: git.patch(*trees), lambda: _index_base(git, change, env))
    patch, _ = side_by_side(made)
    if not patch:
        _require(not change.files, "the canonical patch does not show every file")
        return patch, BlastRadius(0, 0, 0, 0)
    # git works in a process of its own while unidiff reads here.
    calls = (lambda: _round_trip(git, change, patch, env), lambda: _read(patch))
    applied, read = side_by_side(calls)
    # Where a file becomes a link, or the other way round, git shows one going and one coming.
    turned = sum(file.kind is ChangeKind.TYPE_CHANGED for file in change.files)
    is_whole = applied.files == len(change.files) + turned
    _require(is_whole, "the canonical patch does not show every file")
    is_agreed = applied == read._replace(hunks=0)
    _require(is_agreed, "two readers of the canonical patch count different lines")
    things = sum(map(len, of_files(change.files, git.blobs).values()))
    return patch, BlastRadius(len(change.files), read.hunks, read.added, read.removed, things)


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - a condition reads best first
    if not holds:
        raise DraftError(otherwise, hint=_REPORT)


def _index_base(git: GitStore, change: TreeChange, env: Mapping[str, str]) -> bytes:
    """Make an index of the base as far as the two trees differ.

    `diff-tree` has named every path in which they do, so that this index proves as much as one of
    the whole base would, and does not hold 80,000 rows for three files.
    """
    rows = _rows((file.path, file.old_mode, file.old) for file in change.files)
    stdin = b"".join(row + b"\0" for row in rows)
    return git.git("update-index", "-z", "--index-info", stdin=stdin, env=env)


def _round_trip(git: GitStore, change: TreeChange, patch: bytes, env: Mapping[str, str]) -> _Counts:
    """Apply the patch to that index, and return what git counted in it."""
    out = git.git(
        *("-c", "apply.ignoreWhitespace=no", "apply", "--cached", "--whitespace=nowarn"),
        *("--numstat", "-z", "--apply", "-"),
        stdin=patch,
        env=env,
    )
    given = [row for row in git.git("ls-files", "-z", "--stage", env=env).split(b"\0") if row]
    new = _rows((file.path, file.new_mode, file.new) for file in change.files)
    _require(sorted(given) == sorted(new), "the canonical patch does not give the proposed tree")
    counts = [row.split(b"\t", 2) for row in out.split(b"\0") if row]
    added, removed = (sum(int(count[side]) for count in counts) for side in (0, 1))
    return _Counts(len(counts), added, removed)


def _rows(files: Iterable[tuple[RepoPath, str | None, BlobId | None]]) -> list[bytes]:
    """Index rows as git lists and reads them, for the files that are there."""
    return [
        f"{mode} {blob} 0\t{path}".encode("utf-8", "surrogateescape")
        for path, mode, blob in files
        if mode and blob
    ]


def _read(patch: bytes) -> _Counts:
    """What unidiff reads in a patch."""
    text = patch.decode("utf-8", "surrogateescape")
    try:
        read = PatchSet(io.StringIO(text, newline="\n"))
    except UnidiffParseError as error:
        message = f"the canonical patch cannot be read: {error}"
        raise DraftError(message, hint=_REPORT) from error
    hunks = sum(len(file) for file in read)
    return _Counts(files=len(read), hunks=hunks, added=read.added, removed=read.removed)
