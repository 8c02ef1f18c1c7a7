"""Picks the reader of a file by its name, and compares both of its contents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.changes.dependencies import (
    is_requirements,
    pyproject_changes,
    requirement_changes,
)
from workflow.semantics.changes.interface import Effect, SemanticChange, bounded, change
from workflow.semantics.changes.python import python_changes
from workflow.semantics.python import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workflow.types import BlobId, FileChange, RepoPath

_MAX_BYTES = 1024 * 1024
_MAX_FILES = 100


def is_readable(path: RepoPath) -> bool:
    """Whether files of this name are read for their meaning."""
    return _reader(path) is not None


def changes(path: RepoPath, before: bytes, after: bytes) -> tuple[SemanticChange, ...]:
    """Return what really changes in a file; empty content stands for a file that is not there.

    Nothing is returned where only layout and comments differ.  A content that cannot be read is
    one change that says so.
    """
    reader = _reader(path)
    if reader is None or before == after:
        return ()
    if max(len(before), len(after)) > _MAX_BYTES:
        return (_unread("larger than 1 MiB"),)
    try:
        old, new = (data.decode("utf-8-sig").replace("\r\n", "\n") for data in (before, after))
        found = reader(old, new)
        return bounded(found if before and after else _as_whole(found))
    except UnicodeDecodeError:
        return (_unread("no UTF-8"),)
    except (UnreadableError, ValueError) as error:
        return (_unread(str(error)),)


def of_files(
    files: Sequence[FileChange], blobs: Callable[[Sequence[BlobId]], Sequence[bytes]]
) -> dict[RepoPath, tuple[SemanticChange, ...]]:
    """Return what really changes in each file whose language is read, for the first 100 of them.

    `blobs` gives the contents of blobs in their order.
    """
    read = [file for file in files if is_readable(file.path) and _is_text(file)][:_MAX_FILES]
    contents = iter(blobs([blob for file in read for blob in (file.old, file.new) if blob]))
    found = {}
    for file in read:
        before, after = (next(contents) if blob else b"" for blob in (file.old, file.new))
        found[file.path] = changes(file.path, before, after)
    return found


def _is_text(file: FileChange) -> bool:
    """Whether both sides, where they are there, are ordinary files and no links."""
    return {file.old_mode, file.new_mode} <= {"100644", "100755", None}


def _as_whole(found: list[SemanticChange]) -> list[SemanticChange]:
    """What there is to say of a file that comes or goes: its imports are many, and counted."""
    told = [one for one in found if one.thing not in {"import", "docstring"}]
    imports = [one for one in found if one.thing == "import"]
    if imports:
        told.append(change(imports[0].effect, f"{len(imports)} import(s)", ""))
    return told


def _unread(why: str) -> SemanticChange:
    return change(Effect.CHANGED, "something that could not be read", "", why)


def _reader(path: RepoPath) -> Callable[[str, str], list[SemanticChange]] | None:
    if path.name.endswith((".py", ".pyi")):
        return python_changes
    if path.name == "pyproject.toml":
        return pyproject_changes
    return requirement_changes if is_requirements(path.name) else None
