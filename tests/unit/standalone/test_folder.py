from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from workflow.patch.interface import Content, PatchError, Reason
from workflow.standalone.folder import MAX_FILE, Folder, FolderError
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """Return a folder to read."""
    path = tmp_path / "top"
    path.mkdir()
    return path


@pytest.fixture
def folder(top: Path) -> Iterator[Folder]:
    """Yield the folder, opened."""
    with Folder(top) as opened:
        yield opened


def _refused(folder: Folder, path: str) -> Reason:
    with pytest.raises(PatchError) as caught:
        folder.read(RepoPath(path))
    (refusal,) = caught.value.refusals
    assert refusal.path == path
    assert refusal.hint
    return refusal.reason


def test_reads_exact_bytes_and_the_executable_bit(top: Path, folder: Folder) -> None:
    """A file is its bytes and whether its owner may execute it."""
    (top / "a").mkdir()
    (top / "a/plain").write_bytes(b"\xff\r\n\0")
    (top / "a/run").write_bytes(b"")
    (top / "a/run").chmod(0o744)
    assert folder.read(RepoPath("a/plain")) == Content("100644", b"\xff\r\n\0")
    assert folder.read(RepoPath("a/run")) == Content("100755", b"")


def test_reads_names_that_are_not_utf8(top: Path, folder: Folder) -> None:
    """A name of any bytes is found by what Python makes of it."""
    (top / os.fsdecode(b"\xff")).write_bytes(b"x")
    assert folder.read(RepoPath(os.fsdecode(b"\xff"))) == Content("100644", b"x")


@pytest.mark.parametrize("path", ["no", "no/such", "a/b/c"])
def test_nothing_is_none(top: Path, folder: Folder, path: str) -> None:
    """Where nothing is, and where no folder is, there is no file."""
    (top / "a").mkdir()
    assert folder.read(RepoPath(path)) is None


def test_gives_again_what_it_gave_once(top: Path, folder: Folder) -> None:
    """A draft sees one state of a file, and `now` the present one."""
    (top / "a").write_bytes(b"1")
    folder.read(RepoPath("a"))
    (top / "a").write_bytes(b"2")
    assert folder.read(RepoPath("a")) == Content("100644", b"1")
    assert folder.now(RepoPath("a")) == Content("100644", b"2")


@pytest.mark.parametrize(
    "path", ["d/" * 65 + "f", "x" * 256, "no/" + "x" * 256, "é" * 128, "/".join(["x" * 250] * 17)]
)
def test_what_others_could_not_open_is_refused(folder: Folder, path: str) -> None:
    """Too deep a path, too long a name, and a path over the system's limit are no patch's."""
    assert _refused(folder, path[:4096]) is Reason.UNSAFE_PATH


def test_the_folder_around_counts(top: Path) -> None:
    """A path is as long as it is from the root on."""
    path = RepoPath("/".join(["x" * 254] * 16))
    with Folder(top) as folder, pytest.raises(PatchError, match="with the folder around it"):
        folder.read(path)


def test_64_folders_are_not_too_deep(folder: Folder) -> None:
    """The limit itself, and a name of 255 bytes, can be read."""
    assert folder.read(RepoPath("d/" * 64 + "f")) is None
    assert folder.read(RepoPath("é" * 127 + "x")) is None


def test_links_are_never_followed(top: Path, folder: Folder, tmp_path: Path) -> None:
    """A link to a file, or to a folder on the way, is refused wherever it leads."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_bytes(b"secret")
    (top / "real").write_bytes(b"x")
    (top / "file").symlink_to("real")
    (top / "dangling").symlink_to("nowhere")
    (top / "way").symlink_to(tmp_path / "outside")
    for path in ("file", "dangling", "way", "way/secret", "way/new"):
        assert _refused(folder, path) is Reason.NOT_A_FILE


def test_only_regular_files_are_read(top: Path, folder: Folder) -> None:
    """A folder, a pipe (which is not waited for), a socket and a file on the way are refused."""
    (top / "folder").mkdir()
    os.mkfifo(top / "pipe")
    (top / "file").write_bytes(b"x")
    with socket.socket(socket.AF_UNIX) as listener, Folder(top):
        here = os.open(top, os.O_RDONLY)
        listener.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
    for path in ("folder", "pipe", "socket", "file/below"):
        assert _refused(folder, path) is Reason.NOT_A_FILE


def test_a_device_is_refused() -> None:
    """A device is not read, although it never ends."""
    with Folder(os_path("/dev")) as devices:
        assert _refused(devices, "zero") is Reason.NOT_A_FILE


def os_path(text: str) -> Path:
    """A path of the machine."""
    from pathlib import Path  # noqa: PLC0415 - this test alone makes a path from nothing

    return Path(text)


def test_another_repository_is_refused(top: Path, folder: Folder) -> None:
    """A folder with a `.git` of its own has a policy of its own."""
    (top / "module").mkdir()
    (top / "module/.git").write_text("gitdir: ../.git/modules/module\n")
    (top / "module/file").write_bytes(b"x")
    assert _refused(folder, "module/file") is Reason.NOT_A_FILE


def test_git_by_another_name_is_refused(top: Path, folder: Folder) -> None:
    """What is the very same file as `.git` is git's, whatever name leads there."""
    (top / ".git").write_text("gitdir: /somewhere\n")
    # A hard link stands for a file system that folds or shortens names.
    (top / "git~1").hardlink_to(top / ".git")
    assert _refused(folder, "git~1") is Reason.UNSAFE_PATH


@pytest.mark.parametrize("path", [".workflow-patch.journal", "a/.Workflow-Patch-1.old"])
def test_our_own_files_are_refused(folder: Folder, path: str) -> None:
    """A patch cannot forge the journal by which a killed one is undone."""
    assert _refused(folder, path) is Reason.UNSAFE_PATH


def test_a_huge_file_is_refused(top: Path, folder: Folder) -> None:
    """A file over the bound is not taken into memory."""
    with (top / "huge").open("wb") as file:
        file.truncate(MAX_FILE + 1)
    assert _refused(folder, "huge") is Reason.NOT_SUPPORTED


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """The folder itself has to exist."""
    with pytest.raises(FolderError, match="No such file"):
        Folder(tmp_path / "none")


def test_names_of_a_folder(top: Path, folder: Folder, tmp_path: Path) -> None:
    """Names are those of real folders, without git's and our own."""
    (top / ".git").mkdir()
    (top / "a").mkdir()
    (top / "a/x").write_bytes(b"")
    (top / "a/Y").mkdir()
    (top / ".workflow-patch-1.new").write_bytes(b"")
    (top / "way").symlink_to(tmp_path)
    assert sorted(folder.names("")) == ["a", "way"]
    assert sorted(folder.names("a")) == ["Y", "x"]
    assert folder.names("a/Y") == folder.names("none") == folder.names("way") == ()
    assert folder.names("a/x") == ()
