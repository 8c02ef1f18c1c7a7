"""A checkout for the sandbox holds exact bytes, and follows nothing that a tree can hold."""

from __future__ import annotations

import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from workflow.scratch import check_out
from workflow.types import BlobId, RepoPath, TreeId

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Desk

EXACT = b"$Id$\r\nmixed\nends\r\n\xff\0"


def test_bytes_are_exact(desk: Desk, tmp_path: Path) -> None:
    """No attribute, filter or line-end setting touches what a gate sees."""
    tree = desk.tree(desk.git.snapshot().tree, {"a/b/exact": EXACT, "empty": b""})
    desk.repo.git("config", "core.autocrlf", "true")
    desk.repo.git("config", "filter.f.smudge", "false")
    desk.repo.git("config", "filter.f.required", "true")
    (desk.repo.path / ".git/info/attributes").write_text("* filter=f text eol=crlf ident\n")
    made = check_out(desk.git, tree, tmp_path / "out")
    assert (made.scratch.folder / "a/b/exact").read_bytes() == EXACT
    assert (made.scratch.folder / "empty").read_bytes() == b""
    assert made.read(RepoPath("a/b/exact")) == EXACT
    assert made.id == tree
    assert [entry.path for entry in made.entries] == [
        *("a/b/exact", "app/main.py", "empty", "site.conf")
    ]
    assert not (made.scratch.folder / ".git").exists()


def test_it_is_the_tree_and_not_the_checkout(desk: Desk, tmp_path: Path) -> None:
    """Edits and untracked files of the user are not judged."""
    desk.repo.write({"site.conf": "mine\n", "untracked": "x\n"})
    made = check_out(desk.git, desk.git.snapshot().tree, tmp_path / "out")
    assert (made.scratch.folder / "site.conf").read_text() == "one\ntwo\nthree\n"
    assert not (made.scratch.folder / "untracked").exists()


def test_executables_are_executable(desk: Desk, tmp_path: Path) -> None:
    """The one permission that git records is there, and no other."""
    tree = desk.tree(desk.git.snapshot().tree, {"run.sh": b"#!/bin/sh\n"}, "100755")
    root = check_out(desk.git, tree, tmp_path / "out").scratch.folder
    assert (root / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (root / "site.conf").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "site.conf", "nowhere", "."])
def test_links_are_written_as_they_are(desk: Desk, tmp_path: Path, target: str) -> None:
    """A symbolic link is made, whatever it points to, and nothing is read or written through it."""
    base = desk.git.snapshot().tree
    tree = desk.tree(base, {"link": target.encode(), "z/file": b"x\n"}, "120000")
    made = check_out(desk.git, desk.tree(tree, {"z/file": b"x\n"}), tmp_path / "out")
    assert (made.scratch.folder / "link").is_symlink()
    assert str((made.scratch.folder / "link").readlink()) == target
    assert made.links == {"link": target}
    with pytest.raises(KeyError):
        made.read(RepoPath("link"))


def test_a_tree_that_leads_through_a_link_is_refused(desk: Desk, tmp_path: Path) -> None:
    """A tree made by hand, with a link and a folder of one name, writes nothing outside."""
    outside = tmp_path / "outside"
    outside.mkdir()
    link, blob = desk.git.write_blob(str(outside).encode()), desk.git.write_blob(b"x\n")
    inner = mktree(desk, f"100644 blob {blob}\tfile\n")
    for rows in (
        f"120000 blob {link}\tdir\n040000 tree {inner}\tdir\n",
        f"040000 tree {inner}\tdir\n120000 blob {link}\tdir\n",
    ):
        tree = mktree(desk, rows)
        with pytest.raises(FileExistsError):
            check_out(desk.git, tree, tmp_path / tree)
        assert list(outside.iterdir()) == []


def test_two_entries_of_one_name_do_not_overwrite(desk: Desk, tmp_path: Path) -> None:
    """What was judged is the one or the other: a tree that holds both is refused."""
    blobs = [desk.git.write_blob(data) for data in (b"good\n", b"evil\n")]
    tree = mktree(desk, "".join(f"100644 blob {blob}\tfile\n" for blob in blobs))
    with pytest.raises(FileExistsError):
        check_out(desk.git, tree, tmp_path / "out")


def mktree(desk: Desk, rows: str) -> TreeId:
    """Make a tree object of the rows given, unchecked."""
    ran = subprocess.run(
        ["git", "mktree"], input=rows.encode(), capture_output=True, check=True, cwd=desk.repo.path
    )
    return TreeId(ran.stdout.decode().strip())


def test_submodules_are_empty_folders(desk: Desk, tmp_path: Path) -> None:
    """What is in a submodule is in another repository."""
    commit = BlobId(desk.git.snapshot().commit)
    rows = {RepoPath("vendor/sub"): ("160000", commit)}
    tree = desk.git.write_tree(desk.git.snapshot().tree, rows)
    root = check_out(desk.git, tree, tmp_path / "out").scratch.folder
    assert (root / "vendor/sub").is_dir()
    assert list((root / "vendor/sub").iterdir()) == []


def test_odd_names_are_files_too(desk: Desk, tmp_path: Path) -> None:
    """Whatever git can name is there under its name."""
    names = ["with space", "line\nbreak", "-x", "\udcff", "ünï", '"q"', "deep/ /x"]
    tree = desk.tree(desk.git.snapshot().tree, dict.fromkeys(names, b"x\n"))
    root = check_out(desk.git, tree, tmp_path / "out").scratch.folder
    for name in names:
        assert (root / name).read_bytes() == b"x\n"


def test_more_files_than_one_batch(desk: Desk, tmp_path: Path) -> None:
    """Large trees are read in several goes, each file with its own bytes."""
    files = {f"many/{number:04}": f"{number}\n".encode() for number in range(450)}
    base = desk.git.snapshot().tree
    desk.repo.write({name: data for name, data in files.items()})  # noqa: C416 - other value types
    desk.repo.commit()
    tree = desk.git.snapshot().tree
    assert tree != base
    root = check_out(desk.git, tree, tmp_path / "out").scratch.folder
    assert {f"many/{path.name}": path.read_bytes() for path in (root / "many").iterdir()} == files


def test_what_is_there_is_never_overwritten(desk: Desk, tmp_path: Path) -> None:
    """The folder must be new."""
    (tmp_path / "out").mkdir()
    with pytest.raises(FileExistsError):
        check_out(desk.git, desk.git.snapshot().tree, tmp_path / "out")


def test_nobody_else_may_write(desk: Desk, tmp_path: Path) -> None:
    """Group and others may look, and not change what is judged."""
    root = check_out(desk.git, desk.git.snapshot().tree, tmp_path / "out").scratch.folder
    for path in (root, *root.rglob("*")):
        assert not path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)
