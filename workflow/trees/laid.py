"""What differs between a checkout and the tree that is wanted, as files to lay over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.git_objects import FOLDER
from workflow.sandbox import Laid
from workflow.trees.checkout import SUBMODULE
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.git_store import GitStore
    from workflow.types import FileChange, TreeChange


@dataclass(frozen=True, slots=True)
class Bound:
    """How much is laid over a checkout rather than written to disk."""

    files: int
    bytes: int


DRIFT = Bound(200, 4 * 1024**2)
"""Of a base: every run pays for what is laid over, and a base is run on again and again."""
PATCH = Bound(2_000, 64 * 1024**2)
"""Of a patched tree."""


def laid(git: GitStore, change: TreeChange, most: Bound) -> tuple[Laid, ...] | None:
    """Lay a change over the checkout of its base: removals first, then files in their order.

    `None` when it is more than `most`, or cannot be said so: a new submodule is an empty folder.
    """
    if len(change.files) > most.files:
        return None
    if any(file.new_mode == SUBMODULE != file.old_mode for file in change.files):
        return None
    placed = [file for file in change.files if file.new and file.new_mode != SUBMODULE]
    blobs = [file.new for file in placed if file.new]
    if blobs and sum(git.sizes(blobs)) > most.bytes:
        return None
    contents = git.blobs(blobs) if blobs else ()
    removals = [Laid(path) for path in _removals(git, change)]
    return (
        *removals,
        *(
            Laid(file.path, file.new_mode or "", content)
            for file, content in zip(placed, contents, strict=True)
        ),
    )


def _removals(git: GitStore, change: TreeChange) -> Sequence[str]:
    """What goes: a file, or the outermost folder that is none any more, for git has no empty one.

    A file that stays a file is replaced, and does not go.
    """
    gone = [file for file in change.files if file.old and _goes(file)]
    if not gone:
        return ()
    around = {folder for file in gone for folder in _above(file.path)}
    found = git.lookup(change.proposed, [*around])
    stay = {
        folder for folder, hit in found.items() if hit and hit.is_whole and hit.item.mode == FOLDER
    }
    first = (
        next((folder for folder in _above(file.path) if folder not in stay), file.path)
        for file in gone
    )
    return tuple(dict.fromkeys(first))


def _goes(file: FileChange) -> bool:
    return file.new is None or SUBMODULE == file.old_mode != file.new_mode


def _above(path: RepoPath) -> Iterator[RepoPath]:
    """The folders around a path, the outermost first."""
    at = path.find("/")
    while at >= 0:
        yield RepoPath(path[:at])
        at = path.find("/", at + 1)
