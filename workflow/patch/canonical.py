"""The canonical patch: git's own diff of two trees, cross-checked before anybody relies on it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from unidiff.patch import PatchSet

from workflow.errors import DraftError
from workflow.types import BlastRadius, TreeId

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.git_store import GitStore
    from workflow.types import TreeChange

_REPORT = "this is a defect of `workflow`: please report it"


def canonical(git: GitStore, change: TreeChange, index: Path) -> tuple[bytes, BlastRadius]:
    """The patch that a reviewer sees, and how much it touches.

    Proven on every call: applied to the base by git it gives the proposed tree, and unidiff counts
    the same files and lines in it as `git apply --numstat` does.

    `index` is the path of a private index file.  Raises `DraftError` when a proof fails.
    """
    patch = git.patch(change.base, change.proposed)
    env = {"GIT_INDEX_FILE": str(index)}
    git.git("read-tree", change.base, env=env)
    git.git("apply", "--cached", "--whitespace=nowarn", "-", stdin=patch, env=env)
    if TreeId(git.git("write-tree", env=env).decode().strip()) != change.proposed:
        message = "the canonical patch does not give the proposed tree"
        raise DraftError(message, hint=_REPORT)
    added, removed = git.numstat(patch)
    read = PatchSet(io.StringIO(patch.decode("utf-8", "surrogateescape"), newline="\n"))
    if (len(read), read.added, read.removed) != (len(change.files), added, removed):
        message = "two readers of the canonical patch count different lines"
        raise DraftError(message, hint=_REPORT)
    hunks = sum(len(file) for file in read)
    return patch, BlastRadius(files=len(change.files), hunks=hunks, added=added, removed=removed)
