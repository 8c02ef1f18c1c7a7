"""Truth lives in git: trees, proposals as real commits, and refs that move by compare-and-swap.

Everything here is plumbing on object names.  Hooks, file-system monitors and content filters are
off, the index is a private one, and the work tree is never touched (`work_tree.py` does that).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.errors import (
    BareRepositoryError,
    DetachedHeadError,
    GitError,
    NotARepositoryError,
    StaleProposalError,
    UnbornBranchError,
)
from workflow.git_command import INERT, TIMEOUT_S, author_variables, first_line, git_error, run_git
from workflow.git_objects import FOLDER, Hit, Item, Trees, object_sizes, read_objects, write_blobs
from workflow.types import (
    BlobId,
    ChangeKind,
    CommitId,
    Entry,
    FileChange,
    Identity,
    RepoPath,
    Snapshot,
    TreeChange,
    TreeId,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.process import Ran

REFS = "refs/workflow"
_DIFF = (
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-renames",
    "--ignore-submodules=none",
    # An attribute such as `-diff` must not hide lines from a reviewer.
    "--text",
    "--diff-algorithm=histogram",
)
_RAW_FIELDS = 5


@dataclass(frozen=True, slots=True)
class Checkout:
    """A work tree of a repository; `branch` is empty where HEAD is detached."""

    top: Path
    branch: str


@dataclass(frozen=True, slots=True)
class GitStore:
    """One repository: its work tree's top, its git directory, and the one all worktrees share."""

    top: Path
    git_dir: Path
    common_dir: Path

    # --- objects ------------------------------------------------------------------------------

    def tree_of(self, commit: CommitId) -> TreeId:
        """The tree of a commit."""
        return TreeId(self._line("rev-parse", "--verify", f"{commit}^{{tree}}"))

    def entries(self, tree: TreeId, *paths: str) -> tuple[Entry, ...]:
        """Every file below `tree`, or only those at or below `paths` (exact names, no patterns)."""
        out = self.git("ls-tree", "-r", "-z", "--full-tree", tree, "--", *paths, literal=True)
        return tuple(_entry(row) for row in out.split(b"\0") if row)

    def read(self, tree: TreeId, path: RepoPath) -> bytes:
        """The exact bytes of a regular file in a tree; no filter runs.

        Raises `KeyError` when there is no regular file at `path`.
        """
        for entry in self.entries(tree, path):
            if entry.path == path and entry.is_regular:
                return self.blob(entry.blob)
        raise KeyError(path)

    def committed(self, tree: TreeId, path: RepoPath) -> bytes | None:
        """The exact bytes of a regular file in a tree, `None` where there is none."""
        try:
            return self.read(tree, path)
        except KeyError:
            return None

    def blob(self, blob: BlobId) -> bytes:
        """The bytes of a blob."""
        return self.git("cat-file", "blob", blob)

    def blobs(self, ids: Sequence[BlobId]) -> tuple[bytes, ...]:
        """The bytes of many blobs, by one process."""
        return tuple(read_objects(self.git, ids, "blob"))

    def sizes(self, ids: Sequence[BlobId]) -> tuple[int, ...]:
        """How many bytes each of many blobs has, by one process."""
        return object_sizes(self.git, ids)

    def names(self, tree: TreeId, folder: str) -> tuple[str, ...]:
        """The names in one folder of a tree, `""` for its top; none where there is no folder."""
        trees = Trees(self.git)
        hit = trees.lookup(tree, (folder,))[folder] if folder else Hit(Item(FOLDER, tree), True)
        if not hit or not hit.is_whole or hit.item.mode != FOLDER:
            return ()
        found = trees.items(hit.item.id)
        return tuple(name.decode("utf-8", "surrogateescape") for name in found)

    def lookup(self, tree: TreeId, paths: Sequence[RepoPath]) -> dict[RepoPath, Hit | None]:
        """What each path leads to in a tree; only the folders on the way are read."""
        return Trees(self.git).lookup(tree, paths)

    def write_tree(
        self, base: TreeId, rows: Mapping[RepoPath, tuple[str, BlobId] | None]
    ) -> TreeId:
        """A new tree: `base` with files replaced (mode, blob) or removed (`None`).

        Raises `GitError` when a path would be a file and a folder.
        """
        return Trees(self.git).edited(base, rows)

    def write_blob(self, data: bytes) -> BlobId:
        """Store bytes as they are."""
        return self.write_blobs((data,))[0]

    def write_blobs(self, datas: Sequence[bytes]) -> tuple[BlobId, ...]:
        """Store many byte strings as they are, by one process."""
        return write_blobs(self.git, datas)

    def commit(
        self, tree: TreeId, parents: Sequence[CommitId], message: str, author: Identity
    ) -> CommitId:
        """Make a commit object; no branch moves and no hook runs."""
        arguments = [word for parent in parents for word in ("-p", parent)]
        words = ("commit-tree", tree, *arguments, "-F", "-")
        return CommitId(self._line(*words, stdin=message.encode(), env=author_variables(author)))

    # --- differences --------------------------------------------------------------------------

    def change(self, base: TreeId, proposed: TreeId) -> TreeChange:
        """Every file that differs between two trees, judged from the trees alone."""
        out = self.git(
            *("diff-tree", "-r", "-z", "--raw", "--no-renames", "--full-index"),
            *("--ignore-submodules=none", base, proposed),
        )
        fields = [field for field in out.split(b"\0") if field]
        pairs = zip(fields[::2], fields[1::2], strict=True)
        return TreeChange(base, proposed, tuple(_change(meta, path) for meta, path in pairs))

    def between(self, before: CommitId, after: CommitId) -> TreeChange:
        """Every file that differs between the trees of two commits."""
        return self.change(self.tree_of(before), self.tree_of(after))

    def patch(self, base: TreeId, proposed: TreeId, *, context: int = 3) -> bytes:
        """The canonical diff: git's own, of two trees, full object names, nothing configurable."""
        return self._diff(
            *("diff-tree", "-r", "-p", "--full-index", "--binary", f"-U{context}", *_DIFF),
            *("--src-prefix=a/", "--dst-prefix=b/", base, proposed),
        )

    def numstat(self, patch: bytes) -> tuple[int, int]:
        """Lines added and removed by a canonical patch, as `git apply` reads it."""
        # NOTE: `diff-tree --numstat` has no counts for a file with a NUL or the attribute `-diff`.
        out = self.git("apply", "--numstat", "-z", "-", stdin=patch) if patch else b""
        counts = [row.split(b"\t")[:2] for row in out.split(b"\0") if row]
        return sum(int(added) for added, _ in counts), sum(int(removed) for _, removed in counts)

    # --- refs and history ---------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """The branch that HEAD is on, its commit and tree.

        Raises `DetachedHeadError`, `UnbornBranchError`, and `GitError` for a name not in UTF-8.
        """
        branch = self.current_branch()
        if branch is None:
            message = f"{self.top}: HEAD is detached, so no branch has the settings that count"
            raise DetachedHeadError(message, hint="git switch BRANCH, or git switch -c NAME")
        try:
            branch.encode()
        except UnicodeEncodeError as error:
            message = f"{self.top}: the name of branch {branch!r} is not UTF-8"
            raise GitError(message, hint="git branch -m NAME") from error
        commit = self.head_of(branch)
        if commit is None:
            message = f"{self.top}: branch {branch} has no commit yet"
            raise UnbornBranchError(message, hint="git add -A && git commit")
        return Snapshot(branch=branch, commit=commit, tree=self.tree_of(commit))

    def current_branch(self) -> str | None:
        """The branch that HEAD is on, without `refs/heads/`; `None` when HEAD is detached."""
        ran = self.attempt("symbolic-ref", "--quiet", "HEAD")
        name = ran.stdout.decode("utf-8", "surrogateescape").strip()
        return name.removeprefix("refs/heads/") if ran.is_ok else None

    def head_of(self, branch: str) -> CommitId | None:
        """The commit that a branch is at, if it has one."""
        return self.read_ref(f"refs/heads/{branch}")

    def is_at(self, base: Snapshot) -> bool:
        """Whether a branch is still at the commit that was taken from it."""
        return self.head_of(base.branch) == base.commit

    def read_ref(self, ref: str) -> CommitId | None:
        """The commit that a full ref name points to, if there is one."""
        ran = self.attempt("rev-parse", "--quiet", "--verify", f"{ref}^{{commit}}")
        return CommitId(ran.stdout.decode().strip()) if ran.is_ok else None

    def refs(self, prefix: str) -> tuple[str, ...]:
        """The full names of the refs below `prefix`, such as `refs/workflow/proposals`."""
        out = self.git("for-each-ref", "--format=%(refname)", f"{prefix}/")
        return tuple(out.decode("utf-8", "surrogateescape").split())

    def move_ref(self, ref: str, new: CommitId, old: CommitId | None, *, why: str) -> None:
        """Compare-and-swap: move `ref` from `old` (`None`: it must not exist) to `new`.

        Raises `StaleProposalError` when the ref is not at `old`, and `GitError` when git cannot
        move it for another reason (a lock, a full disk); nothing has moved then.
        """
        expected = old or "0" * len(new)
        ran = self.attempt("update-ref", "--create-reflog", "-m", why, ref, new, expected)
        if not ran.is_ok:
            now = self.read_ref(ref)
            if now == old:
                raise git_error(ran, self.top)
            message = f"{ref} is at {now.short if now else 'nothing'}, not at {expected[:10]}"
            raise StaleProposalError(message, hint=first_line(ran.stderr) or "look with `git log`")

    def set_ref(self, ref: str, commit: CommitId, *, why: str) -> None:
        """Point a ref of our own somewhere, whatever it was."""
        self.git("update-ref", "--create-reflog", "-m", why, ref, commit)

    def is_ancestor(self, commit: CommitId, of: CommitId) -> bool:
        """Whether `commit` is reachable from `of`.  Raises `GitError` when git cannot tell."""
        ran = self.attempt("merge-base", "--is-ancestor", commit, of)
        if ran.exit_status not in {0, 1}:
            raise git_error(ran, self.top)
        return ran.is_ok

    def is_shallow(self) -> bool:
        """Whether this is a shallow clone."""
        return (self.common_dir / "shallow").exists()

    def worktrees(self) -> tuple[Checkout, ...]:
        """Every work tree of the repository, of which a folder may be gone."""
        out = self.git("worktree", "list", "--porcelain", "-z")
        blocks = out.decode("utf-8", "surrogateescape").split("\0\0")
        found = []
        for number, block in enumerate(blocks):
            rows = dict(row.partition(" ")[::2] for row in block.split("\0"))
            # NOTE: git derives the main work tree, listed first, from its git directory's name, and
            # is wrong in a submodule and after `git init --separate-git-dir`.
            is_here = number == 0 and self.git_dir == self.common_dir
            if "worktree" in rows:
                top = self.top if is_here else Path(rows["worktree"])
                found.append(Checkout(top, rows.get("branch", "").removeprefix("refs/heads/")))
        return tuple(found)

    def worktrees_on(self, branch: str) -> tuple[Path, ...]:
        """The work trees that have `branch` checked out."""
        return tuple(one.top for one in self.worktrees() if one.branch == branch)

    def identity(self) -> Identity:
        """Who git says the user is.

        Raises `GitError` when git has no name and address for them.
        """
        ran = self.attempt("var", "GIT_COMMITTER_IDENT")
        if not ran.is_ok:
            message = "git does not know who you are, and requests and approvals bear a name"
            raise GitError(message, hint='git config --global user.name "…" and user.email "…"')
        name, _, rest = ran.stdout.decode("utf-8", "replace").partition(" <")
        return Identity(name, rest.partition(">")[0])

    # --- running git --------------------------------------------------------------------------

    def git(
        self,
        *arguments: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        literal: bool = False,
    ) -> bytes:
        """Run git in this repository and return its output.

        `literal` switches pathspec patterns off.  Raises `GitError` with git's own first line.
        """
        ran = self.attempt(*arguments, stdin=stdin, env=env, literal=literal)
        if not ran.is_ok:
            raise git_error(ran, self.top)
        return ran.stdout

    def attempt(
        self,
        *arguments: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        literal: bool = False,
        timeout: float | None = None,
    ) -> Ran:
        """Run git in this repository; how it ended is the caller's to look at."""
        where = (f"--git-dir={self.git_dir}", f"--work-tree={self.top}")
        flags = (*INERT, *where, *(("--literal-pathspecs",) if literal else ()))
        return run_git(
            *(*flags, *arguments), cwd=self.top, stdin=stdin, env=env, timeout=timeout or TIMEOUT_S
        )

    def _diff(self, *arguments: str) -> bytes:
        """Run git where no attributes file can be seen: they could change how a diff reads."""
        nowhere = self.common_dir
        flags = (f"--git-dir={self.git_dir}", f"--work-tree={nowhere}")
        plain = (*INERT, "-c", "core.attributesFile=/dev/null", *flags)
        env = {"GIT_INDEX_FILE": str(nowhere / "no-index")}
        ran = run_git(*plain, *arguments, cwd=nowhere, env=env)
        if not ran.is_ok:
            raise git_error(ran, self.top)
        return ran.stdout

    def _line(
        self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> str:
        return self.git(*arguments, stdin=stdin, env=env).decode().strip()


def discover(start: Path, *, needs_files: bool = True) -> GitStore:
    """Find the repository around a folder.

    A bare one is for those who need no files, and its top is git's own folder.  Raises
    `NotARepositoryError` and `BareRepositoryError`.
    """
    ran = run_git(
        *("rev-parse", "--path-format=absolute", "--is-bare-repository"),
        *("--git-dir", "--git-common-dir"),
        cwd=start,
    )
    if not ran.is_ok:
        reason = first_line(ran.stderr).removeprefix("fatal: ")
        message = f"{start}: {reason or 'not a git repository'}"
        hint = "cd into a repository, or start one: git init"
        if "dubious ownership" in reason:
            hint = f"if you trust its owner: git config --global --add safe.directory {start}"
        raise NotARepositoryError(message, hint=hint)
    bare, git_dir, common_dir = _lines(ran.stdout, start, 3)
    inside = run_git("rev-parse", "--path-format=absolute", "--show-toplevel", cwd=start)
    if (bare == "true" or not inside.is_ok) and not needs_files:
        return GitStore(top=Path(git_dir), git_dir=Path(git_dir), common_dir=Path(common_dir))
    if bare == "true" or not inside.is_ok:
        message = f"{git_dir}: a bare repository (or its git directory) has no work tree to change"
        raise BareRepositoryError(message, hint="git clone it, and propose in the clone")
    (top,) = _lines(inside.stdout, start, 1)
    return GitStore(top=Path(top), git_dir=Path(git_dir), common_dir=Path(common_dir))


def _lines(stdout: bytes, start: Path, count: int) -> list[str]:
    lines = os.fsdecode(stdout).removesuffix("\n").split("\n")
    if len(lines) != count:
        message = f"{start}: a folder on the way to this repository has a line break in its name"
        raise NotARepositoryError(message, hint="rename that folder")
    return lines


def _path(raw: bytes) -> RepoPath:
    try:
        return RepoPath(raw.decode("utf-8", "surrogateescape"))
    except ValueError as error:
        raise GitError(str(error), hint="`git fsck` names the tree that holds it") from error


def _entry(row: bytes) -> Entry:
    meta, _, path = row.partition(b"\t")
    mode, _, blob = meta.decode().split()
    return Entry(mode=mode, blob=BlobId(blob), path=_path(path))


def _change(meta: bytes, path: bytes) -> FileChange:
    old_mode, new_mode, old, new, kind = meta.decode().removeprefix(":").split()[:_RAW_FIELDS]
    return FileChange(
        path=_path(path),
        kind=ChangeKind(kind[0]),
        old_mode=None if set(old_mode) == {"0"} else old_mode,
        new_mode=None if set(new_mode) == {"0"} else new_mode,
        old=None if set(old) == {"0"} else BlobId(old),
        new=None if set(new) == {"0"} else BlobId(new),
    )
