"""The real sandbox shows a cached checkout with a change laid over it, and leaves it as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow import git_store, trees
from workflow.sandbox import Command, Laid, Limits, Scratch
from workflow.trees.verify import is_exact
from workflow.types import RepoPath

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GitRepo, GitRepoFactory
    from workflow.sandbox import Sandbox
    from workflow.types import TreeId

LIMITS = Limits(wall_s=20.0)
LIST = """
find . -mindepth 1 -printf '%y %m %P %l\\n' | sort; cat kept/a kept/new 2>/dev/null
echo mine >kept/a; echo mine >new-here; mkdir -p kept/more; rm -rf gone; chmod 755 kept/a
cat kept/a new-here
"""
FILES: dict[str, str | bytes] = {"kept/a": "a\n", "gone/deep/b": "b\n", "run": "#!/bin/sh\n"}


@pytest.fixture
def repo(git_repo: GitRepoFactory) -> GitRepo:
    """Return a repository with a few files."""
    return git_repo(FILES)


def patched(git: git_store.GitStore, base: TreeId) -> TreeId:
    """Return the tree of a patch that adds, changes, removes and links."""
    rows = {
        RepoPath("kept/a"): ("100755", git.write_blob(b"changed\n")),
        RepoPath("kept/new"): ("100644", git.write_blob(b"new\n")),
        RepoPath("link"): ("120000", git.write_blob(b"/etc/passwd")),
        RepoPath("gone/deep/b"): None,
    }
    return git.write_tree(base, rows)


def test_runs_see_the_trees_and_cannot_change_the_checkout(sandbox: Sandbox, repo: GitRepo) -> None:
    """Base and patched tree are shown as git has them, writable, and the writes are gone."""
    git = git_store.discover(repo.path)
    base = git.snapshot().tree
    change = git.change(base, patched(git, base))
    told: list[str] = []
    with trees.opened(git, change, tell=told.append) as both:
        said = [
            sandbox.run(Command(("sh", "-c", LIST), tree=tree.scratch, limits=LIMITS))
            for tree in (*both, *both)
        ]
        assert is_exact(git, base, both[0].scratch.folder)
    for ran in said:
        assert ran.exit_status == 0, ran.stderr
    plain = ["d 755 gone ", "d 755 gone/deep ", "d 755 kept ", "f 644 gone/deep/b "]
    first = [*plain, "f 644 kept/a ", "f 644 run ", "a", "mine", "mine"]
    second = ["d 755 kept ", "f 644 kept/new ", "f 644 run ", "f 755 kept/a "]
    second += ["l 777 link /etc/passwd", "changed", "new", "mine", "mine"]
    lines = [ran.stdout.decode().splitlines() for ran in said]
    assert lines == [first, second, first, second]
    with trees.opened(git, change, tell=told.append):
        assert told == [], "the checkout did not even look changed"


def test_a_base_that_moved_on_is_shown_whole(sandbox: Sandbox, repo: GitRepo) -> None:
    """What differs between the old checkout and the base is laid over for the base, too."""
    git = git_store.discover(repo.path)
    old = git.snapshot().tree
    with trees.opened(git, git.change(old, old), tell=print) as (first, _):
        checkout = first.scratch.folder
    base = patched(git, old)
    with trees.opened(git, git.change(base, old), tell=print) as both:
        assert both[0].scratch.folder == checkout
        shown = [
            sandbox.run(
                Command(("find", ".", "-type", "f"), tree=tree.scratch, limits=LIMITS)
            ).stdout.split()
            for tree in both
        ]
    wanted = [
        sorted([b"./kept/a", b"./kept/new", b"./run"]),
        sorted(f"./{x}".encode() for x in FILES),
    ]
    assert [sorted(one) for one in shown] == wanted


@pytest.mark.parametrize(
    "laid",
    [Laid("a" * 256, "100644", b"x"), Laid("a", "120000", b""), Laid("a", "120000", b"b\0c")],
    ids=["name", "empty link", "NUL"],
)
def test_a_tree_that_no_system_can_hold_is_its_own_fault(
    sandbox: Sandbox, tmp_path: Path, laid: Laid
) -> None:
    """What cannot be laid out is refused as that, and the sandbox is not said to be broken."""
    scratch = Scratch(folder=tmp_path, over=(laid,))
    with pytest.raises(ValueError, match=r"no file that can be made|has a NUL"):
        sandbox.run(Command(("true",), tree=scratch, limits=LIMITS))
