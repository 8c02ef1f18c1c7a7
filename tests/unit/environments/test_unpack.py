from __future__ import annotations

import contextlib
import gzip
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.environments import EnvironmentUnavailableError
from workflow.environments.unpack import MAX_BYTES, unpack

if TYPE_CHECKING:
    from pathlib import Path


def sent(
    *files: tuple[object, bytes], size: int | None = None, end: str = '{"path": ""}\n'
) -> bytes:
    """Return what a build sends of these files; `size` is told instead of the real one."""
    text = b""
    for path, content in files:
        told = len(content) if size is None else size
        text += json.dumps({"path": path, "size": told, "program": path == "bin/run"}).encode()
        text += b"\n" + content
    return gzip.compress(text + end.encode())


def test_files_are_written_as_sent(tmp_path: Path) -> None:
    """Folders are made on the way, and a program stays one."""
    unpack(sent(("lib/a/b.py", b"one\ntwo"), ("bin/run", b"#!"), ("empty", b"")), tmp_path)
    assert (tmp_path / "lib/a/b.py").read_bytes() == b"one\ntwo"
    assert (tmp_path / "bin/run").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "empty").read_bytes() == b""


@pytest.mark.parametrize("path", ["../out", "a/../../out", "/out", "a//b", ".", "a\0b", "x" * 2000])
def test_places_outside_are_refused(tmp_path: Path, path: object) -> None:
    """Nothing is written but below the folder."""
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(EnvironmentUnavailableError):
        unpack(sent((path, b"x")), inside)
    assert [one.name for one in tmp_path.iterdir()] == ["inside"]


def test_file_that_comes_twice_is_refused(tmp_path: Path) -> None:
    """A second file cannot take the place of the first, nor of the folder's own program."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to("/usr/bin/python3")
    for files in ([("a", b"1"), ("a", b"2")], [("bin/python", b"x")]):
        with pytest.raises(EnvironmentUnavailableError, match="cannot be used"):
            unpack(sent(*files), tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not packed",
        sent(("a", b"xyz"))[:-12],
        sent(("a", b"xyz"), end=""),
        sent(("a", b"xyz"), size=-1),
        sent(("a", b"xyz"), size=9999),
        gzip.compress(b"[]\n"),
        gzip.compress(b"{}\n"),
        gzip.compress(b"x" * 100_000),
    ],
    ids=["empty", "raw", "cut", "no end", "short", "long", "list", "nothing", "text"],
)
def test_damage_is_refused(tmp_path: Path, data: bytes) -> None:
    """What is cut off, or is no such thing, is an error and no environment."""
    with pytest.raises(EnvironmentUnavailableError, match="cannot be used"):
        unpack(data, tmp_path)


def test_too_much_is_refused_before_it_is_written(tmp_path: Path) -> None:
    """The size that is told counts, so that nothing is unpacked of a bomb."""
    with pytest.raises(EnvironmentUnavailableError, match="GiB"):
        unpack(sent(("a", b"x"), size=MAX_BYTES + 1), tmp_path)
    assert not (tmp_path / "a").exists()


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_unpacked(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """No bytes break the reading."""
    folder = tmp_path_factory.mktemp("any") / "inside"
    folder.mkdir()
    with contextlib.suppress(EnvironmentUnavailableError):
        unpack(gzip.compress(data), folder)
    assert [path.name for path in folder.parent.iterdir()] == ["inside"]
