"""A checked-out branch follows a landing: only the changed files, each replaced in one step.

The smudged contents are prepared in a folder of our own first; then each file is renamed over its
predecessor, and the index rows of just these paths are set.  Every step can be done again, so a
landing that was killed in the middle is completed by the next command.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.errors import BusyError, DirtyFileError
from workflow.git_store import discover
from workflow.types import BlobId, RepoPath

if TYPE_CHECKING:
    from workflow.git_store import GitStore
    from workflow.types import FileChange, TreeChange

_COMMIT_FIRST = "commit or stash it, then run the command again"
_PERMISSIONS = 0o777
_EXECUTABLE = 0o111


@dataclass(frozen=True, slots=True)
class WorkTree:
    """One checkout of the repository."""

    git: GitStore

    def check(self, change: TreeChange) -> None:
        """Refuse if bringing `change` in would overwrite anything that is not in the base.

        Raises `DirtyFileError` naming the first such file, or `BusyError` when git is at work here.
        """
        if (self.git.git_dir / "index.lock").exists():
            message = f"{self.git.git_dir / 'index.lock'}: git is at work in this checkout"
            raise BusyError(message, hint="let it end; if it is long dead, remove that file")
        indexed = self._indexed(change)
        for file in change.files:
            false = self._false_parent(file)
            if false:
                message = f"{false} is not a folder of this checkout"
                raise DirtyFileError(message, hint=_COMMIT_FIRST)
            if file.old is not None and file.path not in indexed:
                message = f"{file.path} is not in the index here, or outside the sparse checkout"
                hint = f"git sparse-checkout add, or git restore --staged {file.path}"
                raise DirtyFileError(message, hint=hint)
            if self._content(file) != file.old:
                state = "is in the way" if file.old is None else "has changes of its own"
                message = f"{file.path} {state} in {self.git.top}"
                raise DirtyFileError(message, hint=_COMMIT_FIRST)
            if indexed.get(file.path) != file.old:
                message = f"{file.path} has staged changes"
                raise DirtyFileError(message, hint=_COMMIT_FIRST)

    def stage(self, change: TreeChange, folder: Path) -> Path:
        """Write the new contents below `folder`, as the user's own filters check them out."""
        staged = folder / "staged"
        env = {"GIT_INDEX_FILE": str(folder / "staged.index")}
        self.git.git("read-tree", change.proposed, env=env)
        names = "".join(f"{file.path}\0" for file in change.files if file.new)
        self.git.git(
            *("checkout-index", "-f", "-z", "--stdin", f"--prefix={staged}/"),
            stdin=names.encode("utf-8", "surrogateescape"),
            env=env,
        )
        return staged

    def bring(self, change: TreeChange, staged: Path) -> tuple[RepoPath, ...]:
        """Bring the checkout to the proposed tree and return the files that were left alone.

        A file is left alone when it holds neither the old nor the new content: somebody has edited
        it since `check`.
        """
        left = []
        for file in change.files:
            content = self._content(file)
            if content == file.old:
                self._replace(file, staged)
            elif content != file.new:
                left.append(file.path)
        indexed = self._indexed(change)
        moved = [file for file in change.files if indexed.get(file.path) == file.old]
        rows = "".join(_index_row(file) for file in moved)
        if rows:
            stdin = rows.encode("utf-8", "surrogateescape")
            self.git.git("update-index", "-z", "--index-info", stdin=stdin)
        # Refresh the cached file times, so that the next `git status` has nothing to re-read.
        self.git.git("update-index", "-q", "--refresh", "--unmerged", "--ignore-missing")
        return tuple(left)

    def different(self, change: TreeChange) -> tuple[RepoPath, ...]:
        """The changed paths whose file or index row is not what the proposed tree holds."""
        indexed = self._indexed(change)
        return tuple(
            file.path
            for file in change.files
            if self._content(file) != file.new or indexed.get(file.path) != file.new
        )

    def _content(self, file: FileChange) -> BlobId | None:
        """The blob that the checked-out file would become; `None` when there is no file."""
        path = self.git.top / file.path
        if self._false_parent(file):
            return BlobId("f" * 40)
        try:
            mode = path.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(mode):
            return BlobId("f" * 40)
        out = self.git.git("hash-object", f"--path={file.path}", "--", str(path))
        cleaned = BlobId(out.decode().strip())
        if cleaned in {file.old, file.new}:
            return cleaned
        # NOTE: with core.autocrlf, git leaves a file alone that has CRLF in its blob already, and
        # `hash-object`, which reads no index, does not know that.
        out = self.git.git("hash-object", "--no-filters", "--", str(path))
        exact = BlobId(out.decode().strip())
        return exact if exact in {file.old, file.new} else cleaned

    def _false_parent(self, file: FileChange) -> Path | None:
        """What stands on the way and is no real folder: a symbolic link could lead anywhere."""
        folder = self.git.top
        for part in file.path.parts[:-1]:
            folder = folder / part
            if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
                return folder
        return None

    def _indexed(self, change: TreeChange) -> dict[RepoPath, BlobId]:
        """What the index holds for the changed paths; a skip-worktree row counts as absent."""
        out = self.git.git("ls-files", "-z", "-t", "-s", "--", *change.paths, literal=True)
        rows = {}
        for row in out.decode("utf-8", "surrogateescape").split("\0"):
            meta, _, path = row.partition("\t")
            fields = meta.split()
            if path and fields[0] == "H" and fields[-1] == "0":
                rows[RepoPath(path)] = BlobId(fields[2])
        return rows

    def _replace(self, file: FileChange, staged: Path) -> None:
        target = self.git.top / file.path
        if file.new is None:
            target.unlink()
            _prune(target.parent, self.git.top)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = staged / file.path
        _keep_permissions(fresh, target)
        _sync(fresh)
        try:
            fresh.replace(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            handle, beside = tempfile.mkstemp(prefix=".workflow-", dir=target.parent)
            os.close(handle)
            shutil.copy2(fresh, beside)
            _sync(Path(beside))
            Path(beside).replace(target)
        _sync(target.parent)


def in_checkout(git: GitStore, top: Path) -> WorkTree:
    """The work tree at `top`, which may be another worktree of the same repository."""
    return WorkTree(git if top == git.top else discover(top))


def _index_row(file: FileChange) -> str:
    if file.new is None:
        return f"0 {'0' * len(file.old or '')}\t{file.path}\0"
    return f"{file.new_mode} {file.new}\t{file.path}\0"


def _keep_permissions(fresh: Path, target: Path) -> None:
    """Give the new file its predecessor's permissions, but for the executable bits git decides."""
    try:
        old = target.lstat().st_mode & _PERMISSIONS
    except FileNotFoundError:
        return
    new = fresh.stat().st_mode & _PERMISSIONS
    readable = old & ~_EXECUTABLE
    # A reader of the old file may execute the new one if git says that it is executable.
    executable = (readable >> 2) & _EXECUTABLE if new & _EXECUTABLE else 0
    fresh.chmod(readable | executable)


def _sync(path: Path) -> None:
    """Wait until a file, or a folder's rows, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prune(folder: Path, top: Path) -> None:
    """Remove folders that have become empty, as git does."""
    while folder != top:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
