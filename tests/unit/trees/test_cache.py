"""Cached checkouts: found again, brought forward, never taken for what they are not, bounded."""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.trees import CheckoutError, cache, laid, verify
from workflow.trees.cache import Cache
from workflow.trees.verify import is_exact

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.conftest import Desk, Spawn
    from workflow.types import TreeId

HOLD = """
import sys
from pathlib import Path
from workflow import git_store
from workflow.trees.cache import Cache
from workflow.types import TreeId
git = git_store.discover(Path(sys.argv[1]))
with Cache(git, print).held(TreeId(sys.argv[2]), exactly=True) as held:
    print("held", held.root, flush=True)
    sys.stdin.readline()
"""
DIE = """
import os, signal, sys
from pathlib import Path
from workflow import git_store
from workflow.trees import checkout
from workflow.trees.cache import Cache
from workflow.types import TreeId
git = git_store.discover(Path(sys.argv[1]))
written = checkout._write_file
def die(folder, file, data):
    written(folder, file, data)
    if file.name == sys.argv[3].encode():
        os.kill(os.getpid(), signal.SIGKILL)
checkout._write_file = die
with Cache(git, print).held(TreeId(sys.argv[2]), exactly=True) as held:
    print("held", flush=True)
"""


WRONG = '{"tree": "0000000000000000000000000000000000000000", "is_whole": "yes", "files": "1"}'


def exact(desk: Desk, tree: TreeId, tell: Callable[[str], None] = print) -> Path:
    """Hold an exact checkout for a moment; return where it was, and that it was right."""
    with Cache(desk.git, tell).held(tree, exactly=True) as held:
        assert held.change.files == ()
        assert is_exact(desk.git, tree, held.root)
        return held.root


def places(desk: Desk) -> list[str]:
    """Return the names of all places, whatever their state."""
    folder = desk.repo.path / ".git/workflow/trees"
    return sorted(path.name for path in folder.iterdir() if path.name != "lock")


def many(desk: Desk, count: int = 12) -> TreeId:
    """Commit some files and return the tree."""
    desk.repo.commit({f"many/{n}/{n}.txt": f"{n}\n" for n in range(count)})
    return desk.git.snapshot().tree


def test_a_checkout_is_kept_and_found_again(desk: Desk) -> None:
    """The same tree is written once, in a folder that only its owner can enter."""
    tree = many(desk)
    first = exact(desk, tree)
    inode = (first / "site.conf").stat().st_ino
    os.utime(first.parent / "lock", ns=(0, 0))
    assert exact(desk, tree) == first
    assert (first.parent / "lock").stat().st_mtime_ns > 0, "it is noted that it was used"
    assert (first / "site.conf").stat().st_ino == inode
    assert len(places(desk)) == 1
    assert (desk.repo.path / ".git/workflow/trees").stat().st_mode & 0o777 == 0o700
    assert first.parent.stat().st_mode & 0o777 == 0o700


def test_a_near_checkout_serves_with_what_differs(desk: Desk) -> None:
    """A few changed files are no reason to write anything, unless it is to be exact."""
    old = many(desk)
    root = exact(desk, old)
    new = desk.tree(old, {"site.conf": b"new\n", "many/0/0.txt": None})
    with Cache(desk.git, print).held(new) as held:
        assert held.root == root
        assert (held.change.base, held.change.proposed) == (old, new)
        assert held.change.paths == ("many/0/0.txt", "site.conf")
        assert is_exact(desk.git, old, root)
    assert exact(desk, new) == root, "brought forward in its place"
    assert exact(desk, old) == root, "and back"


def test_a_checkout_in_use_is_not_brought_forward(desk: Desk, python: Spawn) -> None:
    """Another command's run keeps its tree; a second checkout is written beside it."""
    old = many(desk)
    new = desk.tree(old, {"site.conf": b"new\n"})
    other = python(HOLD, desk.repo.path, old)
    held = Path(other.line().removeprefix("held "))
    assert exact(desk, new) != held
    assert is_exact(desk.git, old, held)
    other.tell("go")
    assert other.close() == 0


def test_a_very_different_tree_gets_its_own_checkout(desk: Desk) -> None:
    """Two branches that have little in common do not push each other out."""
    one = many(desk)
    root = exact(desk, one)
    two = desk.tree(one, {f"many/{n}/{n}.txt": b"other\n" for n in range(8)})
    assert exact(desk, two) != root
    assert exact(desk, one) == root


@pytest.mark.parametrize("when", ["new", "forward"])
def test_a_killed_command_leaves_nothing_that_is_taken_for_whole(
    desk: Desk, python: Spawn, when: str
) -> None:
    """SIGKILL in the middle of writing, anew or in place: the next command sweeps and writes."""
    tree = many(desk)
    if when == "forward":
        exact(desk, tree)
        tree = desk.tree(tree, {"many/0/0.txt": b"new\n", "many/1/1.txt": b"new\n"})
    child = python(DIE, desk.repo.path, tree, "0.txt")
    assert child.close() == -9
    assert len(places(desk)) == 1
    told: list[str] = []
    exact(desk, tree, told.append)
    assert told == [], "it was known to be half-written, and not even looked at"
    assert len(places(desk)) == 1


def test_two_commands_write_a_tree_once(desk: Desk, python: Spawn) -> None:
    """Who comes second waits for the first and uses its checkout."""
    tree = many(desk, 100)
    others = [python(HOLD, desk.repo.path, tree) for _ in range(3)]
    lines = []
    for other in others:
        line = other.line()
        while line.startswith("waiting"):
            line = other.line()
        assert line.startswith("held")
        lines.append(line)
    assert len(set(lines)) == 1
    assert len(places(desk)) == 1
    for other in others:
        other.tell("go")
        assert other.close() == 0


def test_threads_of_one_command_share(desk: Desk) -> None:
    """Locks hold between threads as they do between processes."""
    old = many(desk, 40)
    trees = [desk.tree(old, {"site.conf": f"{n}\n".encode()}) for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda tree: exact(desk, tree), trees * 3))
    assert len(places(desk)) <= len(trees)


def test_a_failed_write_leaves_nothing(desk: Desk) -> None:
    """An object that is missing ends the command, and the partial checkout goes."""
    tree = many(desk)
    blob = desk.git.entries(tree, "many/5/5.txt")[0].blob
    (desk.repo.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(Exception, match="missing"):
        exact(desk, tree)
    assert places(desk) == []


FOLDERS, FILE, LINK = ("", "many", "many/1"), "many/1/1.txt", "link"
DISTURBED = (
    *(("add", at) for at in FOLDERS),
    *(("replace", at) for at in (*FOLDERS, FILE, LINK)),
    *(("remove", at) for at in (FILE, LINK)),
    *(("write", FILE), ("chmod", FILE)),
)


@pytest.mark.parametrize(("how", "at"), DISTURBED)
def test_an_accidental_change_is_noticed(desk: Desk, how: str, at: str) -> None:
    """Whatever came, went or changed in a checkout: it is never used as it is."""
    linked = desk.tree(many(desk), {"link": b"site.conf"}, "120000")
    root = exact(desk, linked)
    _disturb(root / at, how, desk.scratch)
    assert not is_exact(desk.git, linked, root)
    told: list[str] = []
    exact(desk, linked, told.append)
    assert "comparing a checkout with git" in told
    assert len(places(desk)) == 1


def _disturb(path: Path, how: str, away: Path) -> None:
    match how:
        case "add":
            (path / "added").touch()
        case "remove":
            path.unlink()
        case "chmod":
            path.chmod(0o755)
        case "write":
            path.write_bytes(b"X" * path.stat().st_size)
        case _:
            # What is seen through the new link is the same; it is another kind of thing.
            shutil.move(path, away / "moved")
            path.symlink_to(away / "moved")


def test_what_only_looks_changed_is_compared_once(desk: Desk) -> None:
    """A copied repository has new times: its files are compared with git's, and kept."""
    tree = many(desk)
    root = exact(desk, tree)
    inode = (root / "site.conf").stat().st_ino
    (root / "site.conf").chmod(0o644)
    told: list[str] = []
    exact(desk, tree, told.append)
    assert told == ["comparing a checkout with git"]
    exact(desk, tree, told.append)
    assert len(told) == 1
    assert (root / "site.conf").stat().st_ino == inode


def test_a_checkout_of_another_boot_is_compared(desk: Desk) -> None:
    """After a crash of the machine, or from another one, times prove nothing."""
    tree = many(desk)
    root = exact(desk, tree)
    (root / "site.conf").write_bytes(b"forged")
    note = root.parent / "note.json"
    said = json.loads(note.read_text())
    note.write_text(json.dumps({**said, "boot": "another", "sealed": 2**62}))
    exact(desk, tree)
    assert (exact(desk, tree) / "site.conf").read_bytes() == b"one\ntwo\nthree\n"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"tree": "x"}', "[" * 4000, WRONG])
def test_a_note_that_cannot_be_read_is_no_checkout(desk: Desk, text: str) -> None:
    """Whatever is in the note, the checkout is written anew or not used."""
    tree = many(desk)
    (exact(desk, tree).parent / "note.json").write_text(text)
    exact(desk, tree)
    assert len(places(desk)) == 1


def test_git_may_have_forgotten_a_tree(desk: Desk) -> None:
    """A checkout whose tree was pruned is no base to compare with, and stops nobody."""
    tree = many(desk)
    lost = desk.tree(tree, {"site.conf": b"lost\n", **{f"n{n}": b"x" for n in range(9)}})
    exact(desk, lost)
    (desk.repo.path / ".git/objects" / lost[:2] / lost[2:]).unlink()
    exact(desk, tree)
    assert len(places(desk)) == 2


def test_the_least_used_go(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many, and too much, is brought down by those that were not used for the longest."""
    base = many(desk)
    trees = [
        desk.tree(base, {f"many/{n}/{n}.txt": f"{k}\n".encode() for n in range(12)})
        for k in range(4)
    ]
    monkeypatch.setattr(cache, "MOST_CHECKOUTS", 3)
    roots = [exact(desk, tree) for tree in trees[:3]]
    assert len(places(desk)) == 3
    for age, root in enumerate((roots[1], roots[0], roots[2])):
        os.utime(root.parent / "lock", ns=(age, age))
    roots.append(exact(desk, trees[3]))
    assert [root.exists() for root in roots] == [True, False, True, True]
    monkeypatch.setattr(cache, "MOST_BYTES", 1)
    assert exact(desk, base).exists()
    assert len(places(desk)) == 1


def test_a_checkout_in_use_stays_however_many_there_are(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound waits for the runs."""
    monkeypatch.setattr(cache, "MOST_CHECKOUTS", 1)
    one = many(desk)
    two = desk.tree(one, {f"many/{n}/{n}.txt": b"other\n" for n in range(12)})
    with Cache(desk.git, print).held(one, exactly=True) as held:
        exact(desk, two)
        assert is_exact(desk.git, one, held.root)
    exact(desk, desk.tree(two, {f"many/{n}/{n}.txt": b"third\n" for n in range(12)}))
    assert len(places(desk)) == 1


def test_only_some_files_of_a_large_tree_are_looked_at(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every folder is looked at each time; a file that is written to in place, by chance."""
    monkeypatch.setattr(verify, "LOOKED_AT", 0)
    tree = many(desk)
    root = exact(desk, tree)
    (root / "many/1/1.txt").write_bytes(b"X\n")
    with Cache(desk.git, print).held(tree) as held:
        assert not is_exact(desk.git, tree, held.root), "documented: this goes unnoticed"
    (root / "many/1/new").touch()
    exact(desk, tree)


@pytest.mark.parametrize("where", ["workflow", "workflow/trees", "workflow/trees/lock"])
def test_what_stands_in_the_way_is_said(desk: Desk, where: str) -> None:
    """A file where a folder should be, or a folder for the lock, is an error with a hint."""
    tree = many(desk)
    path = desk.repo.path / ".git" / where
    if path.is_dir():
        shutil.move(path, desk.scratch / "away")
    path.parent.mkdir(exist_ok=True)
    if where.endswith("lock"):
        path.mkdir()
    else:
        path.touch()
    with pytest.raises(CheckoutError) as caught:
        exact(desk, tree)
    assert ".git/workflow/trees" in caught.value.message
    assert caught.value.hint


def test_drift_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many changed files, and the checkout is brought forward."""
    monkeypatch.setattr(cache, "DRIFT", laid.Bound(1, 100))
    old = many(desk)
    root = exact(desk, old)
    new = desk.tree(old, {"site.conf": b"1\n", "app/main.py": b"2\n"})
    with Cache(desk.git, print).held(new) as held:
        assert (held.root, held.change.files) == (root, ())
        assert is_exact(desk.git, new, root)
