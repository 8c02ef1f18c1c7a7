"""Asks git for its own three-way merge of three trees, as a second opinion on a patch's places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.errors import GitError
from workflow.git_command import INERT, git_error, run_git
from workflow.types import RepoPath, TreeId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.git_store import GitStore

# Nothing that a repository or a person configures takes part: no renames are guessed, no driver of
# theirs is run, and no attribute says how a file is to be merged.
_SETTINGS = (
    *("-c", "core.attributesFile=/dev/null"),
    *("-c", "diff.renames=false"),
    *("-c", "merge.renames=false"),
    *("-c", "merge.directoryRenames=false"),
    *("-c", "merge.renormalize=false"),
    *("-c", "merge.default=text"),
)
_CONFLICT = 1
_USAGE = 129
_NOBODY = {
    "GIT_AUTHOR_NAME": "workflow",
    "GIT_AUTHOR_EMAIL": "workflow",
    "GIT_COMMITTER_NAME": "workflow",
    "GIT_COMMITTER_EMAIL": "workflow",
    # The same trees give the same commits, so that asking twice leaves nothing more behind.
    "GIT_AUTHOR_DATE": "@0 +0000",
    "GIT_COMMITTER_DATE": "@0 +0000",
}


def three_way(
    git: GitStore, base: TreeId, ours: TreeId, theirs: TreeId
) -> TreeId | tuple[RepoPath, ...]:
    """The tree in which both sides' changes of `base` are, or the files where git sees a conflict.

    Raises `GitError` when git cannot tell.
    """
    # NOTE: git learned in 2.40 to merge trees as they are; before that, it wants commits.
    root = _commit(git, base)
    tips = (_commit(git, ours, "-p", root), _commit(git, theirs, "-p", root))
    nowhere = git.common_dir
    flags = (*INERT, *_SETTINGS, f"--git-dir={git.git_dir}", f"--work-tree={nowhere}")
    words = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", *tips)
    ran = run_git(*flags, *words, cwd=nowhere, env=_env(git))
    tree, *paths = ran.stdout.decode("utf-8", "surrogateescape").split("\0")
    if ran.exit_status == _CONFLICT and tree:
        return tuple(dict.fromkeys(RepoPath(path) for path in paths if path))
    if not ran.is_ok:
        if ran.exit_status == _USAGE:
            message = "this git cannot merge without a work tree"
            raise GitError(message, hint="install git 2.38 or a newer one")
        raise git_error(ran, git.top)
    return TreeId(tree)


def _commit(git: GitStore, tree: TreeId, *parents: str) -> str:
    """A commit that nothing points to, for git to find the common base by."""
    made = git.git("commit-tree", tree, *parents, "-m", "workflow: a base to compare", env=_NOBODY)
    return made.decode().strip()


def _env(git: GitStore) -> Mapping[str, str]:
    """Where no attributes file can be seen: neither in a work tree nor in an index."""
    return {"GIT_INDEX_FILE": str(git.common_dir / "no-index")}
