from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.sandbox.resident.lay import lay

if TYPE_CHECKING:
    from collections.abc import Iterable

Files = dict[str, tuple[str, bytes]]

names = st.sampled_from(["a", "b", "c"])
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
contents = st.binary(max_size=4)
kinds = st.sampled_from(["100644", "100755"])
entries = st.tuples(paths, kinds, st.one_of(st.none(), contents))


def read(folder: Path) -> Files:
    """Return every file and link below a folder; an empty folder shows as one, too."""
    found: Files = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = ("120000", os.fsencode(path.readlink()))
        elif path.is_file():
            found[name] = (
                "100755" if path.stat().st_mode & 0o100 else "100644",
                path.read_bytes(),
            )
        elif not list(path.iterdir()):
            found[name] = ("folder", b"")
    return found


def write(folder: Path, files: Files) -> None:
    """Write files below a folder."""
    for name, (mode, content) in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if mode == "100755" else 0o644)


def expected(files: Files, over: Iterable[tuple[str, str, bytes | None]]) -> Files | None:
    """Return the files with others laid over them; `None` where one would be below a file."""
    result = dict(files)
    for path, mode, content in over:
        above = path.split("/")[:-1]
        if any("/".join(above[:length]) in result for length in range(1, len(above) + 1)):
            if content is not None:
                return None
            continue
        result = {
            name: file
            for name, file in result.items()
            if name != path and not name.startswith(f"{path}/")
        }
        if content is not None:
            result[path] = (mode, content)
    return result


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(paths, kinds, contents), max_size=6), st.lists(entries, max_size=6))
def test_laying_is_what_it_says(
    before: list[tuple[str, str, bytes]], over: list[tuple[str, str, bytes | None]]
) -> None:
    """Files laid over a folder one after the other leave what a model of it leaves."""
    files: Files = {}
    for path, mode, content in before:
        files = expected(files, [(path, mode, content)]) or files
    wanted = expected(files, over)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, files)
        if wanted is None:
            with pytest.raises(ValueError, match="no folder of the tree"):
                lay(name, over)
        else:
            lay(name, over)
            assert read(folder) == wanted


@pytest.mark.parametrize(
    "path", ["", ".", "..", "/etc/x", "a//b", "../x", "a/../../x", "a/./b", "a/"]
)
def test_paths_that_are_none_are_refused(path: str, tmp_path: Path) -> None:
    """A path that is not plain and relative is refused, and nothing is made."""
    (tmp_path / "tree").mkdir()
    with pytest.raises(ValueError, match="no file that can be laid"):
        lay(str(tmp_path / "tree"), [(path, "100644", b"x")])
    assert read(tmp_path) == {"tree": ("folder", b"")}


@pytest.mark.parametrize("mode", ["160000", "040000", "100600", ""])
def test_modes_that_git_has_for_no_file_are_refused(mode: str, tmp_path: Path) -> None:
    """Only ordinary files, programs and links can be laid."""
    with pytest.raises(ValueError, match="no file that can be laid"):
        lay(str(tmp_path), [("a", mode, b"x")])


def test_no_link_is_followed(tmp_path: Path) -> None:
    """A link on the way is refused for a file, leads no removal astray, and can be replaced."""
    tree, host = tmp_path / "tree", tmp_path / "host"
    tree.mkdir()
    host.mkdir()
    (host / "file").write_text("as it was")
    (tree / "out").symlink_to(host)
    (tree / "file").symlink_to(host / "file")
    with pytest.raises(ValueError, match="no folder of the tree"):
        lay(str(tree), [("out/new", "100644", b"x")])
    lay(str(tree), [("out/file", "100644", None), ("file", "100644", b"laid")])
    lay(str(tree), [("out", "100644", None), ("out/new", "100644", b"laid")])
    assert read(host) == {"file": ("100644", b"as it was")}
    assert read(tree) == {"file": ("100644", b"laid"), "out/new": ("100644", b"laid")}


def test_link_is_laid_as_its_target_says(tmp_path: Path) -> None:
    """The content of a link is its target, of any bytes, and is not looked at."""
    lay(str(tmp_path), [("link", "120000", b"../no/such\xff")])
    assert read(tmp_path) == {"link": ("120000", b"../no/such\xff")}


@pytest.mark.parametrize(
    ("path", "mode", "content", "why"),
    [
        ("a" * 256, "100644", b"x", "File name too long"),
        ("d" * 300 + "/a", "100644", b"x", "File name too long"),
        ("d" * 300 + "/a", "100644", None, "File name too long"),
        ("a\0b", "100644", b"x", "can be laid over"),
        ("link", "120000", b"", "No such file"),
        ("link", "120000", b"t" * 4096, "File name too long"),
        ("link", "120000", b"a\0b", "has a NUL"),
    ],
)
def test_what_cannot_be_made_is_the_trees_fault(
    path: str, mode: str, content: bytes | None, why: str, tmp_path: Path
) -> None:
    """A name or a target that Linux cannot hold is refused as that, in a short line."""
    with pytest.raises(ValueError, match=why) as caught:
        lay(str(tmp_path), [(path, mode, content)])
    assert len(str(caught.value)) < 300


def test_folder_of_any_depth_is_removed(tmp_path: Path) -> None:
    """A folder deeper than Python recurses and descriptors last goes with all that is in it."""
    deepest = tmp_path
    for _ in range(600):
        deepest /= "d"
    deepest.mkdir(parents=True)
    (deepest / "file").write_text("x")
    (tmp_path / "d" / "wide").mkdir()
    lay(str(tmp_path), [("d", "100644", None)])
    assert not list(tmp_path.iterdir())
