"""A checked-out branch follows a landing: only the changed files, each replaced in one step.

While a branch moves, its checkout's index is held by git's own lock, so that a `git commit` at the
same time cannot take the old index for a change of the new commit.  The smudged contents and the
new index are prepared in folders of our own first; then each file is renamed over its predecessor,
and the index over its own.  Every step can be done again, so a landing that was killed in the
middle is completed by the next command.
"""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from workflow.durable import sync
from workflow.errors import BusyError, DirtyFileError, GitError
from workflow.git_store import discover
from workflow.types import BlobId, RepoPath
from workflow.work_tree.files import put, remove

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from workflow.git_store import GitStore
    from workflow.types import FileChange, TreeChange

_COMMIT_FIRST = "commit or stash it, then run the command again"
_STRANGE = BlobId("f" * 40)
"""What is there is no regular file in a real folder."""
_OURS = b"held by a landing of workflow\n"
_FRESH = "index.workflow"
_MOST_NAMES = 200
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}
# What git leaves in its directory while it is at something that a moving branch would spoil.
_UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase or `git am`",
}


class _Row(NamedTuple):
    """An index row: what it holds, and whether it is outside the sparse checkout."""

    blob: BlobId
    is_outside: bool


@dataclass(frozen=True, slots=True)
class WorkTree:
    """One checkout of the repository."""

    git: GitStore

    def check(self, change: TreeChange) -> None:
        """Refuse if bringing `change` in would overwrite anything that is not in the base.

        Raises `DirtyFileError` naming the first such file, `BusyError` when git is at work here,
        and `GitError` when a folder cannot be written to.
        """
        if self._lock.exists():
            raise _busy(self._lock)
        self.verify(change)

    def verify(self, change: TreeChange) -> None:
        """As `check`, but for the lock, which the caller may hold."""
        for name, what in _UNDER_WAY.items():
            if (self.git.git_dir / name).exists():
                message = f"{what} is under way in {self.git.top}"
                raise BusyError(message, hint="finish or abort it (`git status` says how)")
        indexed, contents = self.indexed(change), self.contents(change.files)
        for file in change.files:
            false = self._false_parent(file)
            if false:
                message = f"{false} is not a folder of this checkout"
                raise DirtyFileError(message, hint=_COMMIT_FIRST)
            row, content = indexed.get(file.path), contents[file.path]
            if row and row.is_outside and content is None and row.blob == file.old:
                continue
            if file.old is not None and (row is None or row.is_outside):
                message = f"{file.path} is not in the index here, or outside the sparse checkout"
                hint = f"git sparse-checkout add, or git restore --staged {file.path}"
                raise DirtyFileError(message, hint=hint)
            if content != file.old:
                state = "is in the way" if file.old is None else "has changes of its own"
                message = f"{file.path} {state} in {self.git.top}"
                raise DirtyFileError(message, hint=_COMMIT_FIRST)
            if (row and row.blob) != file.old:
                message = f"{file.path} has staged changes"
                raise DirtyFileError(message, hint=_COMMIT_FIRST)
            self._require_writable(file)

    def stage(self, change: TreeChange, folder: Path) -> Path:
        """Write the new contents below `folder`, as the user's own filters check them out.

        New files that are outside the sparse checkout are left out.
        """
        staged = folder / "staged"
        env = {"GIT_INDEX_FILE": str(folder / "staged.index")}
        self.git.git("read-tree", change.proposed, env=env)
        outside = self._outside(change, folder)
        names = "".join(
            f"{file.path}\0" for file in change.files if file.new and file.path not in outside
        )
        self.git.git(
            *("checkout-index", "-f", "-z", "--stdin", f"--prefix={staged}/"),
            stdin=names.encode("utf-8", "surrogateescape"),
            env=env,
        )
        return staged

    def bring(self, change: TreeChange, staged: Path) -> tuple[RepoPath, ...]:
        """Bring the checkout to the proposed tree and return the files that were left alone.

        A file is left alone when it holds neither the old nor the new content: somebody has edited
        it since `check`.  Raises `BusyError` when git is at work here.
        """
        with self.hold(change, staged) as held:
            return held.follow()

    @contextmanager
    def hold(self, change: TreeChange, staged: Path) -> Iterator[Held]:
        """Keep git from writing this checkout's index, and have the index of `change` ready.

        Raises `BusyError` when git is at work here.
        """
        self._take()
        fresh = self.git.git_dir / _FRESH
        try:
            with suppress(FileNotFoundError):
                shutil.copy2(self.git.git_dir / "index", fresh)
            held = Held(self, change, staged, fresh)
            held.prepare()
            yield held
        finally:
            fresh.unlink(missing_ok=True)
            self._lock.unlink(missing_ok=True)

    def different(self, change: TreeChange) -> tuple[RepoPath, ...]:
        """The changed paths whose file or index row is not what the proposed tree holds."""
        indexed, contents = self.indexed(change), self.contents(change.files)
        found = []
        for file in change.files:
            row, content = indexed.get(file.path), contents[file.path]
            is_there = content == file.new or bool(row and row.is_outside and content is None)
            if not is_there or (row and row.blob) != file.new:
                found.append(file.path)
        return tuple(found)

    @property
    def _lock(self) -> Path:
        return self.git.git_dir / "index.lock"

    def _take(self) -> None:
        mark = self.git.git_dir / f"{_FRESH}.{os.getpid()}"
        try:
            # Not opened as the lock: killed then, it would leave one that does not say whose it is.
            mark.write_bytes(_OURS)
            os.link(mark, self._lock)
        except FileExistsError:
            raise _busy(self._lock) from None
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self._take_without_links()
        finally:
            mark.unlink(missing_ok=True)

    def _take_without_links(self) -> None:
        try:
            with self._lock.open("xb") as lock:
                lock.write(_OURS)
        except FileExistsError:
            raise _busy(self._lock) from None

    def contents(self, files: Sequence[FileChange]) -> dict[RepoPath, BlobId | None]:
        """The blob that each checked-out file would become; `None` where there is no file."""
        found: dict[RepoPath, BlobId | None] = {}
        regular = []
        for file in files:
            found[file.path] = None
            if self._false_parent(file):
                found[file.path] = _STRANGE
                continue
            with suppress(FileNotFoundError, NotADirectoryError):
                mode = (self.git.top / file.path).lstat().st_mode
                found[file.path] = _STRANGE
                if stat.S_ISREG(mode):
                    regular.append(file)
        cleaned = self._hashes(regular)
        # NOTE: with core.autocrlf, git leaves a file alone that has CRLF in its blob already, and
        # `hash-object`, which reads no index, does not know that.
        other = [f for f in regular if cleaned[f.path] not in {f.old, f.new}]
        exact = self._hashes(other, "--no-filters")
        kept = {f.path: exact[f.path] for f in other if exact[f.path] in {f.old, f.new}}
        return {**found, **cleaned, **kept}

    def _hashes(self, files: Sequence[FileChange], *options: str) -> dict[RepoPath, BlobId]:
        if not files:
            return {}
        names = "".join(f"{_quoted(file.path)}\n" for file in files)
        out = self.git.git(
            *("hash-object", *options, "--stdin-paths"),
            stdin=names.encode("utf-8", "surrogateescape"),
        )
        return {
            file.path: BlobId(line) for file, line in zip(files, out.decode().split(), strict=True)
        }

    def _false_parent(self, file: FileChange) -> Path | None:
        """What stands on the way and is no real folder: a symbolic link could lead anywhere."""
        folder = self.git.top
        for part in file.path.parts[:-1]:
            folder = folder / part
            if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
                return folder
        return None

    def indexed(self, change: TreeChange, index: Path | None = None) -> dict[RepoPath, _Row]:
        """What an index, else the checkout's own, holds for the changed paths.

        A row with the skip-worktree flag counts where the checkout is sparse, else as absent.
        """
        env = {"GIT_INDEX_FILE": str(index)} if index else None
        paths = change.paths
        out = self.git.git("ls-files", "-z", "-t", "-s", "--", *paths, literal=True, env=env)
        rows = {}
        flags = "HS" if self._is_sparse() else "H"
        for row in out.decode("utf-8", "surrogateescape").split("\0"):
            meta, _, path = row.partition("\t")
            fields = meta.split()
            if path and fields[0] in flags and fields[-1] == "0":
                rows[RepoPath(path)] = _Row(BlobId(fields[2]), fields[0] == "S")
        return rows

    def _is_sparse(self) -> bool:
        ran = self.git.attempt("config", "--type=bool", "--get", "core.sparseCheckout")
        return ran.stdout.strip() == b"true"

    def _outside(self, change: TreeChange, folder: Path) -> set[RepoPath]:
        """The new files that git would not check out here, as it says itself."""
        new = [file.path for file in change.files if file.old is None]
        if not new or not self._is_sparse():
            return set()
        # Empty files: what is asked for are the flags, and no filter is to see a content.
        empty = self.git.write_blob(b"")
        here, index = folder / "sparse", {"GIT_INDEX_FILE": str(folder / "sparse.index")}
        rows = "".join(f"100644 {empty}\t{path}\0" for path in new)
        names = {"GIT_INDEX_FILE": str(folder / "sparse.names")}
        stdin = rows.encode("utf-8", "surrogateescape")
        self.git.git("update-index", "-z", "--index-info", stdin=stdin, env=names)
        tree = self.git.git("write-tree", env=names).decode().strip()
        here.mkdir()
        self.git.git(f"--work-tree={here}", "read-tree", "-m", "-u", tree, env=index)
        out = self.git.git("ls-files", "-z", "-t", env=index).decode("utf-8", "surrogateescape")
        return {RepoPath(row[2:]) for row in out.split("\0") if row.startswith("S ")}

    def _require_writable(self, file: FileChange) -> None:
        folder = (self.git.top / file.path).parent
        while not folder.exists():
            folder = folder.parent
        if not os.access(folder, os.W_OK | os.X_OK):
            message = f"{folder} cannot be written to, and {file.path} is to change"
            raise GitError(message, hint="look with `ls -ld`; nothing has moved")


@dataclass(frozen=True, slots=True)
class Held:
    """A checkout whose index nobody else can write, and the index that it will have."""

    tree: WorkTree
    change: TreeChange
    staged: Path
    index: Path

    def prepare(self) -> None:
        """Give the new index the rows of the proposed tree, where it has those of the base."""
        git, env = self.tree.git, {"GIT_INDEX_FILE": str(self.index)}
        rows = self.tree.indexed(self.change, self.index)
        inside: list[FileChange] = []
        outside: list[FileChange] = []
        for file in self.change.files:
            row = rows.get(file.path)
            if (row and row.blob) == file.old:
                is_new = file.old is None and not (self.staged / file.path).exists()
                is_outside = file.new is not None and ((row and row.is_outside) or is_new)
                (outside if is_outside else inside).append(file)
        if inside:
            stdin = "".join(map(_index_row, inside)).encode("utf-8", "surrogateescape")
            git.git("update-index", "-z", "--index-info", stdin=stdin, env=env)
        for at in range(0, len(outside), _MOST_NAMES):
            some = outside[at : at + _MOST_NAMES]
            words = [w for f in some for w in ("--cacheinfo", f"{f.new_mode},{f.new},{f.path}")]
            names = [str(file.path) for file in some]
            # By one command, so that no row is ever there without its flag.
            git.git("update-index", "--add", *words, "--skip-worktree", "--", *names, env=env)

    def follow(self) -> tuple[RepoPath, ...]:
        """Replace the files, then the index; returns the files that were left alone."""
        git, tree = self.tree.git, self.tree
        rows = tree.indexed(self.change, self.index)
        contents = tree.contents(self.change.files)
        left = []
        for file in self.change.files:
            row, content = rows.get(file.path), contents[file.path]
            if content is None and row and row.is_outside:
                continue
            if content == file.old:
                self._replace(file)
            elif content != file.new:
                left.append(file.path)
        # Refresh the cached file times, so that the next `git status` has nothing to re-read; an
        # index without them is right, too.
        env = {"GIT_INDEX_FILE": str(self.index)}
        git.attempt("update-index", "-q", "--refresh", "--unmerged", "--ignore-missing", env=env)
        if self.index.exists():
            sync(self.index)
            self.index.replace(git.git_dir / "index")
            sync(git.git_dir)
        return tuple(left)

    def _replace(self, file: FileChange) -> None:
        target = self.tree.git.top / file.path
        if file.new is None:
            remove(target, self.tree.git.top)
        else:
            put(self.staged / file.path, target)


def remains(git: GitStore) -> Iterator[Path]:
    """What landings have put beside the indexes of work trees and not taken away: no lock of git's.

    Some of it may belong to a landing that is under way.
    """
    for folder in (git.common_dir, *git.common_dir.glob("worktrees/*")):
        lock = folder / "index.lock"
        # One that this account may not read is not ours either.
        with suppress(FileNotFoundError, PermissionError):
            if lock.read_bytes() == _OURS:
                yield lock
        yield from folder.glob(f"{_FRESH}*")


def release(git: GitStore) -> None:
    """Take away what is left of landings that are over.

    Only for who holds the repository against every other landing.
    """
    for left in remains(git):
        left.unlink(missing_ok=True)


def in_checkout(git: GitStore, top: Path) -> WorkTree:
    """The work tree at `top`, which may be another worktree of the same repository."""
    return WorkTree(git if top == git.top else discover(top))


def _busy(lock: Path) -> BusyError:
    message = f"{lock}: git is at work in this checkout"
    remove = f"rm {shlex.quote(str(lock))}"
    hint = f"let it end; no git is at work any more? then {remove}, and run it again"
    return BusyError(message, hint=hint)


def _quoted(path: RepoPath) -> str:
    """A path as git reads one a line; quoted, as git does it, where it would be two, or another."""
    if not set(path) & set('"\r\n'):
        return path
    codes = "".join(f"\\{byte:03o}" for byte in path.encode("utf-8", "surrogateescape"))
    return f'"{codes}"'


def _index_row(file: FileChange) -> str:
    if file.new is None:
        return f"0 {'0' * len(file.old or '')}\t{file.path}\0"
    return f"{file.new_mode} {file.new}\t{file.path}\0"
