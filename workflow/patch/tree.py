"""A tree of git's as the files that a draft is placed in, and a placement as another tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.git_objects import FOLDER
from workflow.patch.interface import Content, PatchError, Reason, Refusal
from workflow.patch.refusal import short
from workflow.types import BlobId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.git_objects import Hit
    from workflow.git_store import GitStore
    from workflow.patch.interface import Placement
    from workflow.types import RepoPath, TreeId

_REGULAR = {"100644", "100755", "100664"}
_KINDS = {FOLDER: "a folder", "120000": "a symbolic link", "160000": "a submodule"}


class TreeFiles:
    """The regular files of a tree, read when they are asked for, many at a time.

    Implements `patch.interface.ManyFiles`.
    """

    def __init__(self, git: GitStore, tree: TreeId) -> None:
        self._git = git
        self._tree = tree
        self._read: dict[RepoPath, Content | Refusal | None] = {}

    def prepare(self, paths: Sequence[RepoPath]) -> None:
        """Read what is at `paths`, by one process for each level of folders and one for all."""
        new = [path for path in dict.fromkeys(paths) if path not in self._read]
        hits = self._git.lookup(self._tree, new)
        regular = {
            path: hit.item
            for path, hit in hits.items()
            if hit and hit.is_whole and hit.item.mode in _REGULAR
        }
        blobs = list(dict.fromkeys(BlobId(item.id) for item in regular.values()))
        data = dict(zip(blobs, self._git.blobs(blobs), strict=True)) if blobs else {}
        for path, hit in hits.items():
            if path in regular:
                mode = regular[path].mode.replace("664", "644")
                self._read[path] = Content(mode, data[BlobId(regular[path].id)])
            else:
                self._read[path] = _other(path, hit) if hit else None

    def read(self, path: RepoPath) -> Content | None:
        """The regular file at `path`, or `None` where nothing is.

        Raises `PatchError` with `Reason.NOT_A_FILE` for a folder, a symbolic link, a submodule, or
        a path that leads through one of these or through a file.
        """
        if path not in self._read:
            self.prepare((path,))
        found = self._read[path]
        if isinstance(found, Refusal):
            raise PatchError(found)
        return found


def write(git: GitStore, base: TreeId, placement: Placement) -> TreeId:
    """The tree that a placement makes of `base`."""
    contents = [content for _, content in placement.files if content]
    blobs = iter(git.write_blobs([content.data for content in contents]))
    rows: dict[RepoPath, tuple[str, BlobId] | None] = {
        path: (content.mode, next(blobs)) if content else None for path, content in placement.files
    }
    return git.write_tree(base, rows)


def _other(path: RepoPath, hit: Hit) -> Refusal:
    kind = _KINDS.get(hit.item.mode, "a file")
    message = f"{short(path)} {'is' if hit.is_whole else 'leads through'} {kind}"
    hint = "only regular files are edited, made and deleted; name one"
    return Refusal(Reason.NOT_A_FILE, message, hint, path)
