"""The key is private, whole, and made once."""

from __future__ import annotations

import multiprocessing
import os
from typing import TYPE_CHECKING

import pytest

from workflow.redaction.interface import SealingError
from workflow.redaction.vault import key

if TYPE_CHECKING:
    from pathlib import Path


def test_a_key_is_made_once(tmp_path: Path) -> None:
    """The first call makes it, in a folder of its own, and nothing else stays there."""
    folder = tmp_path / "state"
    made = key.load(folder)
    assert len(made) == 32
    assert key.load(folder) == made
    assert [path.name for path in folder.iterdir()] == ["seal.key"]
    assert (folder / "seal.key").stat().st_mode & 0o777 == 0o600


def test_two_repositories_have_two_keys(tmp_path: Path) -> None:
    """It is random."""
    assert key.load(tmp_path / "a") != key.load(tmp_path / "b")


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path, umask: int) -> None:
    """Neither too open nor unreadable."""
    tmp_path.joinpath("state").mkdir()
    before = os.umask(umask)
    try:
        key.load(tmp_path / "state")
    finally:
        os.umask(before)
    assert (tmp_path / "state/seal.key").stat().st_mode & 0o777 == 0o600


def _load(folder: Path, out: multiprocessing.Queue[bytes]) -> None:
    out.put(key.load(folder))


def test_processes_that_make_it_at_once_agree(tmp_path: Path) -> None:
    """Whoever links first has made it."""
    context = multiprocessing.get_context("fork")
    out: multiprocessing.Queue[bytes] = context.Queue()
    processes = [context.Process(target=_load, args=(tmp_path, out)) for _ in range(8)]
    for process in processes:
        process.start()
    keys = {out.get(timeout=30) for _ in processes}
    for process in processes:
        process.join()
    assert keys == {key.load(tmp_path)}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666])
def test_a_key_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    """Whoever could read it could tell what placeholders stand for."""
    key.load(tmp_path)
    (tmp_path / "seal.key").chmod(mode)
    with pytest.raises(SealingError, match=f"open to others \\(mode {mode:o}\\)") as caught:
        key.load(tmp_path)
    assert "chmod 600" in caught.value.hint


@pytest.mark.parametrize("data", [b"", b"x" * 31, b"x" * 33])
def test_a_key_that_is_not_whole_is_refused(tmp_path: Path, data: bytes) -> None:
    """It is never replaced in silence: what it sealed would stand for nothing."""
    path = tmp_path / "seal.key"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(SealingError, match="is not 32 bytes"):
        key.load(tmp_path)
    assert path.read_bytes() == data


def test_only_an_ordinary_file_is_a_key(tmp_path: Path) -> None:
    """A link may lead anywhere, a folder has no bytes, and a pipe would wait for ever."""
    for name in ("link", "dangling", "folder", "pipe"):
        (tmp_path / name).mkdir()
    key.load(tmp_path / "real")
    (tmp_path / "link/seal.key").symlink_to(tmp_path / "real/seal.key")
    (tmp_path / "dangling/seal.key").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder/seal.key").mkdir()
    os.mkfifo(tmp_path / "pipe/seal.key", 0o600)
    for name, said in (
        ("link", "symbolic link"),
        ("dangling", "symbolic link"),
        ("folder", "cannot be read|not an ordinary file"),
        ("pipe", "not an ordinary file"),
    ):
        with pytest.raises(SealingError, match=said):
            key.load(tmp_path / name)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_key_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """They know it."""
    key.load(tmp_path)
    os.chown(tmp_path / "seal.key", 12345, 12345)
    with pytest.raises(SealingError, match="belongs to another user"):
        key.load(tmp_path)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """Nothing is sealed with a key that is nowhere."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SealingError, match="cannot make the key") as caught:
        key.load(tmp_path / "file")
    assert "writable" in caught.value.hint
