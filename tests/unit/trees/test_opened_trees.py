"""Both trees of a change as gates see them are what git says they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from workflow import trees
from workflow.errors import GitError
from workflow.trees import Listing, checkout
from workflow.trees import open as opening
from workflow.trees.laid import Bound
from workflow.trees.verify import is_exact
from workflow.types import BlobId, RepoPath

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.unit.conftest import Desk
    from tests.unit.trees.conftest import LayOver
    from workflow.gates import Tree
    from workflow.types import TreeId

OPEN_ON_TMPFS = """
import sys
from pathlib import Path
from workflow import git_store, trees
git = git_store.discover(Path(sys.argv[1]))
tree = git.snapshot().tree
try:
    with trees.opened(git, git.change(tree, tree), tell=print):
        print("opened")
except trees.CheckoutError as error:
    print(error.message, "|", error.hint, "|", sorted(p.name for p in Path(sys.argv[2]).iterdir()))
"""


class Opened(Protocol):
    """Opens two trees and compares everything with git."""

    def __call__(self, base: TreeId, proposed: TreeId) -> tuple[int, int]:
        """Return how many files are laid over each."""
        ...


@pytest.fixture
def opened(desk: Desk, lay_over: LayOver) -> Opened:
    """Return what opens two trees of a desk and says how many files are laid over each."""

    def compare(tree: Tree, wanted: TreeId) -> None:
        root = desk.folder() / "shown"
        shutil.copytree(tree.scratch.folder, root, symlinks=True)
        lay_over(root, tree.scratch.over)
        assert tree.id == tree.scratch.id == wanted
        assert is_exact(desk.git, wanted, root)
        entries = desk.git.entries(wanted)
        assert tuple(tree.entries) == entries
        links = {one.path: desk.git.blob(one.blob) for one in entries if one.mode == "120000"}
        assert tree.links == {path: data.decode() for path, data in links.items()}
        for entry in entries:
            if entry.is_regular:
                assert tree.read(entry.path) == desk.git.blob(entry.blob)

    def both(base: TreeId, proposed: TreeId) -> tuple[int, int]:
        change = desk.git.change(base, proposed)
        with trees.opened(desk.git, change, tell=print) as (first, second):
            compare(first, base)
            compare(second, proposed)
            return len(first.scratch.over), len(second.scratch.over)

    return both


def changed(desk: Desk, base: TreeId, files: Mapping[str, bytes | None]) -> TreeId:
    """Return `base` with files and one link more."""
    return desk.tree(desk.tree(base, files), {"link": b"site.conf"}, "120000")


def test_both_trees_are_what_git_says(desk: Desk, opened: Opened) -> None:
    """The base is its checkout, the patched tree the same one with the patch laid over."""
    base = desk.git.snapshot().tree
    patched = changed(desk, base, {"site.conf": None, "app/main.py/now/folder": b"x\n"})
    assert opened(base, patched) == (0, 4)
    assert opened(patched, base) == (4, 0), "the other way round, over the same checkout"
    assert opened(base, base) == (0, 0)


def test_a_base_that_moved_on_is_laid_over(desk: Desk, opened: Opened) -> None:
    """A few commits later the old checkout still serves both trees."""
    old = desk.git.snapshot().tree
    opened(old, old)
    base = changed(desk, old, {"a/b": b"1\n", "app/main.py": None})
    assert opened(base, desk.tree(base, {"a/b": b"2\n", "c": b"3\n"})) == (3, 4)


@pytest.mark.parametrize("most", [Bound(1, 10**6), Bound(10, 3)])
def test_what_is_too_much_is_written(
    desk: Desk, opened: Opened, monkeypatch: pytest.MonkeyPatch, most: Bound
) -> None:
    """A large patch has a checkout of its own, and a large drift moves the base's."""
    old = desk.git.snapshot().tree
    opened(old, old)
    base = changed(desk, old, {"a/b": b"one\n"})
    patched = desk.tree(base, {"a/b": b"two\n", "c": b"three\n"})
    monkeypatch.setattr(opening, "DRIFT", most)
    monkeypatch.setattr(opening, "PATCH", most)
    assert opened(base, patched) == (0, 0)


def test_a_new_submodule_is_an_empty_folder(desk: Desk, opened: Opened) -> None:
    """It cannot be laid over, so that tree is checked out."""
    base = desk.git.snapshot()
    rows = {RepoPath("vendor/sub"): ("160000", BlobId(base.commit))}
    assert opened(base.tree, desk.git.write_tree(base.tree, rows)) == (0, 0)


def test_checkouts_are_held_until_the_end(desk: Desk) -> None:
    """While a gate runs, nobody brings its trees forward; afterwards anybody may."""
    base = desk.git.snapshot().tree
    other = desk.tree(base, {"site.conf": b"x\n"})
    with trees.opened(desk.git, desk.git.change(base, base), tell=print) as (tree, _):
        with trees.cache.Cache(desk.git, print).held(other, exactly=True) as held:
            assert held.root != tree.scratch.folder
        assert is_exact(desk.git, base, tree.scratch.folder)
    third = desk.tree(base, {"site.conf": b"y\n"})
    with trees.cache.Cache(desk.git, print).held(third, exactly=True) as held:
        assert held.root.exists()


def test_entries_are_read_once_and_only_when_asked_for() -> None:
    """Listing a large tree takes longer than opening it."""
    calls: list[int] = []

    def load() -> tuple[()]:
        calls.append(1)
        return ()

    listing = Listing(load)
    assert calls == []
    assert (len(listing), list(listing), listing[:1]) == (0, [], ())
    assert calls == [1]


def test_a_small_file_is_read_from_git_once(desk: Desk) -> None:
    """The second time, and for a file that is not there, git is not asked again."""
    base = desk.tree(desk.git.snapshot().tree, {"large": b"x" * 100_000})
    with trees.opened(desk.git, desk.git.change(base, base), tell=print) as (tree, _):
        for path in ("site.conf", "large"):
            assert tree.read(RepoPath(path)) == desk.git.read(base, RepoPath(path))
        for path in ("nothing", "app"):
            with pytest.raises(KeyError):
                tree.read(RepoPath(path))
        shutil.move(desk.repo.path / ".git/objects", desk.scratch / "objects")
        assert tree.read(RepoPath("site.conf")) == b"one\ntwo\nthree\n"
        for path in ("nothing", "app"):
            with pytest.raises(KeyError):
                tree.read(RepoPath(path))
        with pytest.raises(GitError):
            tree.read(RepoPath("large"))


def test_how_far_it_is_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long checkout says so, with counts; a short one says nothing."""
    desk.repo.commit({f"many/{n}": "x\n" for n in range(60)})
    base = desk.git.snapshot().tree
    monkeypatch.setattr(checkout, "_PAUSE_S", 0.0)
    monkeypatch.setattr(checkout, "_BATCH_FILES", 50)
    told: list[str] = []
    with trees.opened(desk.git, desk.git.change(base, base), tell=told.append):
        pass
    assert "50 of 62 files checked out" in told
    told.clear()
    with trees.opened(desk.git, desk.git.change(base, base), tell=told.append):
        pass
    assert told == []


@pytest.mark.parametrize("options", ["size=64k", "nr_inodes=20"])
def test_a_full_disk_is_said_and_nothing_stays(desk: Desk, options: str) -> None:
    """No room for bytes or for files: one error with a mend, and no partial checkout."""
    desk.repo.commit({f"many/{n}": "x" * 3000 for n in range(60)})
    place = desk.repo.path / ".git/workflow/trees"
    place.mkdir(parents=True, exist_ok=True)
    mount = 'mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@"'
    paths = os.pathsep.join([str(Path(trees.__file__).parents[2]), *filter(None, sys.path)])
    said = subprocess.run(
        [
            *("unshare", "-Urm", "sh", "-c", mount, "sh", options, place),
            *("env", f"PYTHONPATH={paths}"),
            *(sys.executable, "-c", OPEN_ON_TMPFS, desk.repo.path, place),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if "Operation not permitted" in said.stderr:
        pytest.skip("no user namespace to mount a small disk in")
    assert "No space left on device" in said.stdout, said.stderr
    assert "make room on that disk" in said.stdout
    assert said.stdout.endswith("| ['lock']\n")
