"""A tree of git's as files, and a placement as another tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.patch.interface import (
    Content,
    Create,
    Delete,
    Edit,
    ManyFiles,
    PatchError,
    Reason,
    Snippet,
)
from workflow.patch.place import place
from workflow.patch.tree import TreeFiles, write
from workflow.types import RepoPath

if TYPE_CHECKING:
    from tests.unit.conftest import Desk
    from workflow.patch.interface import Operation


def test_regular_files_are_read(desk: Desk) -> None:
    """With their mode and exact bytes; where nothing is, there is nothing."""
    desk.repo.commit({"x.sh": b"\xff\r\n", "\udcff/ü\n": b"odd"})
    (desk.repo.path / "x.sh").chmod(0o755)
    desk.repo.commit()
    files = TreeFiles(desk.git, desk.git.snapshot().tree)
    assert isinstance(files, ManyFiles)
    assert files.read(RepoPath("x.sh")) == Content("100755", b"\xff\r\n")
    assert files.read(RepoPath("\udcff/ü\n")) == Content("100644", b"odd")
    assert files.read(RepoPath("nowhere")) is None
    assert files.read(RepoPath("app/nowhere/x")) is None


def test_all_else_is_no_file(desk: Desk) -> None:
    """A folder, a link, a submodule, and what leads through one or through a file."""
    (desk.repo.path / "link").symlink_to("app")
    head = desk.repo.commit()
    desk.repo.git("update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    desk.repo.git("commit", "-qm", "a submodule")
    files = TreeFiles(desk.git, desk.git.snapshot().tree)
    for name, what in (
        *(("app", "is a folder"), ("link", "is a symbolic link"), ("sub", "is a submodule")),
        *(("link/main.py", "leads through a symbolic link"), ("sub/x", "through a submodule")),
        ("site.conf/x", "leads through a file"),
    ):
        with pytest.raises(PatchError, match=what) as caught:
            files.read(RepoPath(name))
        assert caught.value.refusals[0].reason is Reason.NOT_A_FILE


def test_a_placement_becomes_a_tree(desk: Desk) -> None:
    """Files edited, made and deleted; a mode is kept, and the rest of the tree, too."""
    base = desk.git.snapshot().tree
    operations: list[Operation] = [
        Edit((RepoPath("site.conf"),), (Snippet(1, b"two", b"2"),), "100755"),
        Create((RepoPath("new/file"),), b""),
        Delete((RepoPath("app/main.py"),)),
    ]
    tree = write(desk.git, base, place(operations, TreeFiles(desk.git, base)))
    listed = {
        entry.path: (entry.mode, desk.git.blob(entry.blob)) for entry in desk.git.entries(tree)
    }
    assert listed == {
        "new/file": ("100644", b""),
        "site.conf": ("100755", b"one\n2\nthree\n"),
    }


def test_a_refusal_writes_nothing(desk: Desk) -> None:
    """Neither a blob nor a tree is left behind by a draft of which one part fails."""
    before = desk.repo.git("count-objects", "-v")
    base = desk.git.snapshot().tree
    good = Edit((RepoPath("site.conf"),), (Snippet(1, b"two", b"2"),))
    bad = Edit((RepoPath("app/main.py"),), (Snippet(2, b"two", b"2"),))
    with pytest.raises(PatchError):
        place([good, bad], TreeFiles(desk.git, base))
    assert desk.repo.git("count-objects", "-v") == before
