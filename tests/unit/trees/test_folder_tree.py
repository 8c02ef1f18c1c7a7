from __future__ import annotations

import os
from pathlib import Path

import pytest

from workflow.errors import UsageError
from workflow.trees import folder
from workflow.types import ChangeKind, RepoPath


def write(top: Path, files: dict[str, str]) -> Path:
    """Write files below a folder, and return the folder."""
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return top


def test_a_folder_is_its_files_and_links(tmp_path: Path) -> None:
    """Links are listed and not followed; what belongs to git and to tools is left out."""
    top = write(tmp_path / "a", {"nginx.conf": "x", "sites/a.conf": "y", ".git/config": "z"})
    (top / "enabled").symlink_to("sites")
    (top / "out.conf").symlink_to("/etc/passwd")
    tree = folder.tree(folder.named(top))
    assert {one.path: one.mode for one in tree.entries} == {
        "enabled": "120000",
        "nginx.conf": "100644",
        "out.conf": "120000",
        "sites/a.conf": "100644",
    }
    assert tree.links == {"enabled": "sites", "out.conf": "/etc/passwd"}
    with pytest.raises(OSError, match="symbolic"):
        tree.read(RepoPath("out.conf"))


def test_the_same_content_is_the_same_tree(tmp_path: Path) -> None:
    """A tree's id depends on names, modes and contents, and not on where the folder is."""
    files = {"nginx.conf": "x"}
    one, other = (folder.tree(folder.named(write(tmp_path / n, files))) for n in "ab")
    assert one.id == other.id
    (tmp_path / "b/nginx.conf").write_text("y")
    assert folder.tree(folder.named(tmp_path / "b")).id != one.id


def test_a_file_is_found_in_its_configuration(tmp_path: Path) -> None:
    """The folder around a part is the one that has the main file."""
    top = write(tmp_path / "etc", {"nginx.conf": "x", "sites/deep/a.conf": "y"})
    found = folder.named(top / "sites/deep/a.conf")
    assert (found.folder, found.file) == (top, "sites/deep/a.conf")


def test_a_file_in_a_repository_is_seen_from_its_top(tmp_path: Path) -> None:
    """Includes of a repository's configuration may lie anywhere in it."""
    top = write(tmp_path / "repo", {".git/HEAD": "x", "deploy/nginx/a.conf": "y"})
    found = folder.named(top / "deploy/nginx/a.conf")
    assert (found.folder, found.file) == (top, "deploy/nginx/a.conf")


def test_a_file_in_a_home_is_seen_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else of a home folder is listed or shown to the sandbox."""
    write(tmp_path, {"a.conf": "mine", ".ssh/id": "secret"})
    monkeypatch.setenv("HOME", str(tmp_path))
    tree = folder.tree(folder.named(tmp_path / "a.conf"))
    assert [one.path for one in tree.entries] == ["a.conf"]
    assert tree.scratch.folder != tmp_path
    assert [(one.path, one.content) for one in tree.scratch.over] == [("a.conf", b"mine")]


def test_a_home_is_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole home, or the file system's top, is a mistake."""
    monkeypatch.setenv("HOME", str(tmp_path / "home/me"))
    (tmp_path / "home/me").mkdir(parents=True)
    for path in (tmp_path / "home/me", tmp_path / "home", Path("/")):
        with pytest.raises(UsageError, match="home, or everybody's"):
            folder.named(path)


@pytest.mark.parametrize("name", ["nothing", "pipe", "loop"])
def test_what_is_no_file_is_said(tmp_path: Path, name: str) -> None:
    """Missing paths, pipes and circles of links are usage errors that name them."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match=name):
        folder.named(tmp_path / name)


def test_two_files_of_different_names_are_one_changed_file(tmp_path: Path) -> None:
    """The base's content stands at the patched one's path, in the patched one's folder."""
    write(tmp_path / "a", {"new.conf": "new", "old.conf": "old", "part.inc": "p"})
    base, patched, named = folder.pair(tmp_path / "a/old.conf", tmp_path / "a/new.conf")
    assert named == "new.conf"
    assert base.read(RepoPath("new.conf")) == b"old"
    assert patched.read(RepoPath("new.conf")) == b"new"
    change = folder.change(base, patched)
    assert [(one.path, one.kind) for one in change.files] == [("new.conf", ChangeKind.MODIFIED)]


def test_two_folders_are_compared_file_by_file(tmp_path: Path) -> None:
    """Files that come, go and change are told apart."""
    one = write(tmp_path / "one", {"a": "1", "b": "2", "c": "3"})
    other = write(tmp_path / "other", {"b": "2", "c": "4", "d": "5"})
    base, patched, named = folder.pair(one, other)
    assert named is None
    kinds = {file.path: file.kind for file in folder.change(base, patched).files}
    assert kinds == {"a": ChangeKind.DELETED, "c": ChangeKind.MODIFIED, "d": ChangeKind.ADDED}


def test_a_file_beside_a_folder_is_refused(tmp_path: Path) -> None:
    """There is no saying which file of the folder is meant."""
    write(tmp_path / "one", {"a": "1"})
    with pytest.raises(UsageError, match="a file and a folder"):
        folder.pair(tmp_path / "one", tmp_path / "one/a")
