"""A checkout for the sandbox holds exact bytes, and follows nothing that a tree can hold."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from workflow.trees import CheckoutError, checkout
from workflow.trees.verify import is_exact
from workflow.types import BlobId, RepoPath, TreeId

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Desk

EXACT = b"$Id$\r\nmixed\nends\r\n\xff\0"


def check_out(desk: Desk, tree: TreeId, root: Path) -> Path:
    """Write a tree to a new folder."""
    root.mkdir()
    checkout.write_tree(desk.git, tree, root, print)
    return root


def raw_tree(desk: Desk, *rows: tuple[str, str, str]) -> TreeId:
    """Make a tree object of rows (mode, name, id) in the order given, unchecked."""
    data = b"".join(
        f"{mode} {name}\0".encode() + bytes.fromhex(named) for mode, name, named in rows
    )
    ran = subprocess.run(
        ["git", "hash-object", "-w", "-t", "tree", "--stdin", "--literally"],
        input=data,
        capture_output=True,
        check=True,
        cwd=desk.repo.path,
    )
    return TreeId(ran.stdout.decode().strip())


def test_bytes_are_exact(desk: Desk, tmp_path: Path) -> None:
    """No attribute, filter or line-end setting touches what a gate sees."""
    tree = desk.tree(desk.git.snapshot().tree, {"a/b/exact": EXACT, "empty": b""})
    desk.repo.git("config", "core.autocrlf", "true")
    desk.repo.git("config", "filter.f.smudge", "false")
    desk.repo.git("config", "filter.f.required", "true")
    (desk.repo.path / ".git/info/attributes").write_text("* filter=f text eol=crlf ident\n")
    root = check_out(desk, tree, tmp_path / "out")
    assert (root / "a/b/exact").read_bytes() == EXACT
    assert (root / "empty").read_bytes() == b""
    assert not (root / ".git").exists()
    assert is_exact(desk.git, tree, root)


def test_it_is_the_tree_and_not_the_work_tree(desk: Desk, tmp_path: Path) -> None:
    """Edits and untracked files of the user are not judged."""
    desk.repo.write({"site.conf": "mine\n", "untracked": "x\n"})
    root = check_out(desk, desk.git.snapshot().tree, tmp_path / "out")
    assert (root / "site.conf").read_text() == "one\ntwo\nthree\n"
    assert not (root / "untracked").exists()


def test_executables_are_executable(desk: Desk, tmp_path: Path) -> None:
    """The one permission that git records is there, and no other."""
    tree = desk.tree(desk.git.snapshot().tree, {"run.sh": b"#!/bin/sh\n"}, "100755")
    root = check_out(desk, tree, tmp_path / "out")
    assert (root / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (root / "site.conf").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "site.conf", "nowhere", "."])
def test_links_are_written_as_they_are(desk: Desk, tmp_path: Path, target: str) -> None:
    """A symbolic link is made, whatever it points to, and nothing is written through it."""
    tree = desk.tree(desk.git.snapshot().tree, {"link": target.encode()}, "120000")
    root = check_out(desk, desk.tree(tree, {"z/file": b"x\n"}), tmp_path / "out")
    assert os.readlink(root / "link") == target  # noqa: PTH115 - `Path` would clean it up
    assert (root / "z/file").read_bytes() == b"x\n"


@pytest.mark.parametrize("target", [b"", b"a\0b", b"x" * 5000])
def test_a_link_that_cannot_be_is_an_error(desk: Desk, tmp_path: Path, target: bytes) -> None:
    """A target that no file system takes is said, and no traceback is shown."""
    tree = desk.tree(desk.git.snapshot().tree, {"link": target}, "120000")
    with pytest.raises(CheckoutError, match="cannot be checked out"):
        check_out(desk, tree, tmp_path / "out")


def test_a_tree_that_leads_through_a_link_is_refused(desk: Desk, tmp_path: Path) -> None:
    """A tree made by hand, with a link and a folder of one name, writes nothing outside."""
    outside = tmp_path / "outside"
    outside.mkdir()
    link, blob = desk.git.write_blob(str(outside).encode()), desk.git.write_blob(b"x\n")
    inner = raw_tree(desk, ("100644", "file", blob))
    rows = (("120000", "dir", link), ("40000", "dir", inner))
    for tree in (raw_tree(desk, *rows), raw_tree(desk, *reversed(rows))):
        with pytest.raises(CheckoutError, match="collide"):
            check_out(desk, tree, tmp_path / tree)
        assert list(outside.iterdir()) == []


def test_bringing_forward_writes_through_no_link(desk: Desk, tmp_path: Path) -> None:
    """A link of the old tree that stays, and a folder of its name in the new one, are refused."""
    outside = tmp_path / "outside"
    outside.mkdir()
    link, blob = desk.git.write_blob(str(outside).encode()), desk.git.write_blob(b"x\n")
    inner = raw_tree(desk, ("100644", "file", blob))
    old = raw_tree(desk, ("120000", "dir", link))
    new = raw_tree(desk, ("120000", "dir", link), ("40000", "dir", inner))
    root = check_out(desk, old, tmp_path / "out")
    with pytest.raises(CheckoutError):
        checkout.bring_forward(desk.git, desk.git.change(old, new), root, print)
    assert list(outside.iterdir()) == []


def test_nothing_is_removed_through_a_link(desk: Desk, tmp_path: Path) -> None:
    """A folder that somebody made a link of is not entered to remove what git has removed."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("mine\n")
    old = desk.tree(desk.git.snapshot().tree, {"dir/file": b"x\n"})
    root = check_out(desk, old, tmp_path / "out")
    (root / "dir/file").unlink()
    (root / "dir").rmdir()
    (root / "dir").symlink_to(outside)
    change = desk.git.change(old, desk.git.snapshot().tree)
    with pytest.raises(CheckoutError):
        checkout.bring_forward(desk.git, change, root, print)
    assert (outside / "file").read_text() == "mine\n"


def test_two_entries_of_one_name_do_not_overwrite(desk: Desk, tmp_path: Path) -> None:
    """What was judged is the one or the other: a tree that holds both is refused."""
    blobs = [desk.git.write_blob(data) for data in (b"good\n", b"evil\n")]
    tree = raw_tree(desk, *(("100644", "file", blob) for blob in blobs))
    with pytest.raises(CheckoutError, match="collide"):
        check_out(desk, tree, tmp_path / "out")


def test_submodules_are_empty_folders(desk: Desk, tmp_path: Path) -> None:
    """What is in a submodule is in another repository; it comes and goes with its entry."""
    commit = BlobId(desk.git.snapshot().commit)
    base = desk.git.snapshot().tree
    tree = desk.git.write_tree(base, {RepoPath("vendor/sub"): ("160000", commit)})
    root = check_out(desk, tree, tmp_path / "out")
    assert list((root / "vendor/sub").iterdir()) == []
    assert is_exact(desk.git, tree, root)
    checkout.bring_forward(desk.git, desk.git.change(tree, base), root, print)
    assert not (root / "vendor").exists()
    checkout.bring_forward(desk.git, desk.git.change(base, tree), root, print)
    assert list((root / "vendor/sub").iterdir()) == []


def test_odd_names_are_files_too(desk: Desk, tmp_path: Path) -> None:
    """Whatever git can name is there under its name."""
    names = ["with space", "line\nbreak", "-x", "\udcff", "ünï", '"q"', "deep/ /x"]
    tree = desk.tree(desk.git.snapshot().tree, dict.fromkeys(names, b"x\n"))
    root = check_out(desk, tree, tmp_path / "out")
    for name in names:
        assert (root / name).read_bytes() == b"x\n"
    assert is_exact(desk.git, tree, root)


def test_several_threads_write_each_file_with_its_own_bytes(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large trees are read in several goes; how far it is, is told from whatever thread."""
    monkeypatch.setattr(checkout, "_BATCH_FILES", 20)
    files: dict[str, str | bytes] = {f"many/{n % 7}/{n:03}": f"{n}\n".encode() for n in range(250)}
    desk.repo.commit(files)
    tree = desk.git.snapshot().tree
    root = tmp_path / "out"
    root.mkdir()
    before = threading.active_count()
    size = checkout.write_tree(desk.git, tree, root, print)
    assert {name: (root / name).read_bytes() for name in files} == files
    assert size == checkout.Size(252, 252 * 4096)
    assert threading.active_count() == before


def test_nobody_else_may_write(desk: Desk, tmp_path: Path) -> None:
    """Group and others may look, and not change what is judged."""
    root = check_out(desk, desk.git.snapshot().tree, tmp_path / "out")
    for path in root.rglob("*"):
        assert not path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def test_a_missing_object_is_named(desk: Desk, tmp_path: Path) -> None:
    """A shallow or damaged repository is not checked out by halves without a word."""
    missing = BlobId("1" * 40)
    rows = {RepoPath("gone"): ("100644", missing)}
    tree = desk.git.write_tree(desk.git.snapshot().tree, rows)
    with pytest.raises(Exception, match=f"object {missing} is missing"):
        check_out(desk, tree, tmp_path / "out")
