"""The walk: every file of a tree is read or said to be skipped."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.redaction.files.walk import Listed, Skipped, UnreadableError, open_file, walk

if TYPE_CHECKING:
    from tests.conftest import GitRepoFactory


def _names(path: Path, *, is_all: bool = False) -> list[str]:
    items = walk(str(path), is_all=is_all)
    return [os.path.relpath(item.path, path) for item in items if isinstance(item, Listed)]


def test_a_named_file_is_read(tmp_path: Path) -> None:
    """A file that is named stands for itself."""
    file = tmp_path / "a"
    file.write_text("x")
    assert list(walk(str(file))) == [Listed(str(file), is_named=True)]


def test_a_folder_stands_for_all_of_it(tmp_path: Path) -> None:
    """Outside git, every file below a folder is read, in order, but git's own."""
    for name in ("b", "a/z", "a/y", ".env", ".git/config", "a/.git/config", "node_modules/m"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert _names(tmp_path) == [".env", "a/y", "a/z", "b", "node_modules/m"]


def test_git_says_what_a_folder_holds(git_repo: GitRepoFactory) -> None:
    """In a work tree, ignored files are left out, new ones are not; `is_all` takes everything."""
    repo = git_repo({"a": "1", ".gitignore": "*.log\nbuilt/\n", "sub/c": "3", "gone": "4"})
    repo.write({"new": "2", "b.log": "x", "built/x": "y"})
    (repo.path / "gone").unlink()
    assert _names(repo.path) == [".gitignore", "a", "new", "sub/c"]
    assert _names(repo.path / "sub") == ["c"]
    assert "b.log" in _names(repo.path, is_all=True)


def test_an_ignored_folder_that_is_named_is_read(git_repo: GitRepoFactory) -> None:
    """Naming a folder means its files, also when git would not look there."""
    repo = git_repo({".gitignore": "built/\n"})
    repo.write({"built/x": "y"})
    assert _names(repo.path / "built") == ["x"]


def test_a_repository_in_a_repository_is_read(git_repo: GitRepoFactory) -> None:
    """What git lists as one name, because it is another repository, is looked into."""
    repo = git_repo({"a": "1"})
    inner = git_repo({"b": "2"}, name="repo/inner")
    assert inner.path.is_relative_to(repo.path)
    assert _names(repo.path) == ["a", "inner/b"]


def test_links_and_devices_are_skipped_and_said(tmp_path: Path) -> None:
    """Links, also in circles, pipes and sockets within a folder are not read, and are named."""
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(tmp_path)
        listener.bind("sock")
        os.chdir(here)
        items = list(walk(str(tmp_path)))
    skipped = {Path(item.path).name: item.why for item in items if isinstance(item, Skipped)}
    assert skipped == {
        "dangling": "symbolic link",
        "loop": "symbolic link",
        "pipe": "named pipe",
        "sock": "socket",
    }


def test_names_are_bytes(tmp_path: Path) -> None:
    """Names with line ends, escapes or broken UTF-8 are files like any other."""
    names = {b"a\nb", b"\x1b[31m", b"\xff\xfe", b"-rf"}
    for name in names:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text("x")
    assert {os.fsencode(name) for name in _names(tmp_path)} == names


def test_what_is_not_there_is_said_and_the_rest_is_read(tmp_path: Path) -> None:
    """A path that cannot be looked at is an error among the items."""
    (item,) = walk(str(tmp_path / "none"))
    assert isinstance(item, UnreadableError)
    (item,) = walk("nul\0byte")
    assert isinstance(item, UnreadableError)


@pytest.mark.parametrize("name", ["pipe", "folder"])
def test_only_regular_files_are_opened(tmp_path: Path, name: str) -> None:
    """A pipe is refused at once, not waited for."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UnreadableError, match="is a"):
        open_file(str(tmp_path / name))


def test_a_very_deep_folder_is_read(tmp_path: Path) -> None:
    """No depth is too much for the walk."""
    here = tmp_path
    for _ in range(400):
        here /= "d"
    here.mkdir(parents=True)
    (here / "f").write_text("x")
    assert len(_names(tmp_path)) == 1
