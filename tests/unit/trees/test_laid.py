"""A checkout with a change laid over it is the checkout of the other tree, whatever changed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflow.trees import checkout
from workflow.trees.laid import PATCH, Bound, laid
from workflow.trees.verify import is_exact
from workflow.types import BlobId, RepoPath, TreeId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.unit.conftest import Desk
    from tests.unit.trees.conftest import LayOver

NAMES = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)
FILES = st.dictionaries(
    NAMES,
    st.tuples(st.sampled_from(["100644", "100755", "120000"]), st.sampled_from([b"x", b"y/z"])),
    max_size=6,
)


def of(desk: Desk, files: Mapping[str, tuple[str, bytes]]) -> TreeId:
    """Write a tree of files; of a file and a folder with one name only the file is taken."""
    rows = {
        RepoPath(name): (mode, desk.git.write_blob(data))
        for name, (mode, data) in files.items()
        if not any(name.startswith(f"{other}/") for other in files)
    }
    empty = desk.git.git("hash-object", "-w", "-t", "tree", "--stdin").decode().strip()
    return desk.git.write_tree(TreeId(empty), rows)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(before=FILES, after=FILES)
def test_laid_over_and_brought_forward_agree(
    desk: Desk,
    lay_over: LayOver,
    before: dict[str, tuple[str, bytes]],
    after: dict[str, tuple[str, bytes]],
) -> None:
    """Files, links and folders in each other's place: both ways give the tree and nothing else."""
    old, new = of(desk, before), of(desk, after)
    change = desk.git.change(old, new)
    over = laid(desk.git, change, PATCH)
    assert over is not None
    with tempfile.TemporaryDirectory() as name:
        for root in (Path(name, "laid"), Path(name, "forward")):
            root.mkdir()
            written = checkout.write_tree(desk.git, old, root, print)
            assert is_exact(desk.git, old, root)
            if root.name == "laid":
                lay_over(root, over)
            else:
                grown = checkout.bring_forward(desk.git, change, root, print)
                assert written.files + grown.files == len(desk.git.entries(new))
            assert is_exact(desk.git, new, root), root.name
            assert is_exact(desk.git, old, root) == (old == new)


def test_what_is_too_much_is_not_laid_over(desk: Desk) -> None:
    """Too many files and too many bytes are said to be so, and content is not even read."""
    change = desk.change({"a": b"12345", "b": b"12345"})
    assert laid(desk.git, change, Bound(2, 10)) is not None
    assert laid(desk.git, change, Bound(1, 10)) is None
    assert laid(desk.git, change, Bound(2, 9)) is None


def test_a_submodule_is_laid_over_only_when_it_goes(desk: Desk) -> None:
    """An empty folder cannot be said; another commit in it changes nothing that is shown."""
    commit = desk.git.snapshot().commit
    base = desk.git.snapshot().tree
    path = RepoPath("vendor/sub")
    one = desk.git.write_tree(base, {path: ("160000", BlobId(commit))})
    two = desk.git.write_tree(base, {path: ("160000", BlobId("1" * 40))})
    assert laid(desk.git, desk.git.change(base, one), PATCH) is None
    assert laid(desk.git, desk.git.change(one, two), PATCH) == ()
    gone = laid(desk.git, desk.git.change(one, base), PATCH)
    assert gone is not None
    assert [(each.path, each.content) for each in gone] == [("vendor", None)]


@pytest.mark.parametrize("mode", ["100644", "100755"])
def test_a_mode_alone_is_laid_over(desk: Desk, mode: str) -> None:
    """The file comes with its bytes when only its permission has changed."""
    base = desk.git.snapshot().tree
    other = {"100644": "100755", "100755": "100644"}[mode]
    old = desk.tree(base, {"run": b"#!/bin/sh\n"}, other)
    new = desk.tree(base, {"run": b"#!/bin/sh\n"}, mode)
    over = laid(desk.git, desk.git.change(old, new), PATCH)
    assert over is not None
    assert [(one.path, one.mode, one.content) for one in over] == [("run", mode, b"#!/bin/sh\n")]
