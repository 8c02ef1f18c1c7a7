from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.gates.nginx import kept
from workflow.gates.nginx.layout import Context, Target
from workflow.gates.nginx.manifest import Kind, Manifest, Shim, from_plain
from workflow.types import RepoPath

if TYPE_CHECKING:
    from pathlib import Path

TARGET = Target(RepoPath("nginx/nginx.conf"), "nginx")
MANIFEST = Manifest(TARGET, None, (Shim(Kind.HOST, "app"), Shim(Kind.KEY, "/k", "rsa")), "sha256:1")
NAME = "0" * 64

words = st.text(st.characters(codec="utf-8"), max_size=20)
shims = st.builds(Shim, st.sampled_from(Kind), words, words)


@given(st.lists(shims, max_size=8), st.sampled_from([None, *Context]))
def test_manifest_comes_back_from_json(found: list[Shim], context: Context | None) -> None:
    """What is written as JSON is read back as the same value, with the same digest."""
    manifest = Manifest(TARGET, context, binary="x").adding(*found)
    back = from_plain(json.loads(json.dumps(manifest.plain())))
    assert back == manifest
    assert back.digest == manifest.digest


@given(st.lists(shims, max_size=8))
def test_order_in_which_shims_are_found_does_not_count(found: list[Shim]) -> None:
    """A manifest is a set: the same shims in another order make the same value."""
    empty = Manifest(TARGET, None)
    assert empty.adding(*found) == empty.adding(*reversed(found))


@pytest.mark.parametrize(
    "change",
    [
        {"shims": [["NOTHING", "a", ""]]},
        {"shims": [["HOST", "a"]]},
        {"shims": [["HOST", 1, ""]]},
        {"shims": "HOST"},
        {"path": "../x"},
        {"path": 3},
        {"context": "elsewhere"},
        {"more": 1},
        {"shims": [["HOST", "a" * 10_000, ""]]},
    ],
)
def test_damaged_manifest_is_refused(change: dict[str, object]) -> None:
    """What is not of the right form raises, and is never half believed."""
    with pytest.raises(ValueError, match=r".+"):
        from_plain({**MANIFEST.plain(), **change})


def test_lines_have_one_for_each_kind() -> None:
    """A person reads one line for each kind of shim."""
    manifest = MANIFEST.adding(Shim(Kind.HOST, "db", "compose.yml"))
    assert manifest.lines() == (
        "throwaway key /k (rsa)",
        "host name to 127.0.0.1 app, db (known from compose.yml)",
    )


def test_kept_manifest_is_read_back_and_private(tmp_path: Path) -> None:
    """A manifest is kept for this user alone."""
    folder = tmp_path / "cache"
    kept.write(folder, NAME, MANIFEST)
    assert kept.read(folder, NAME) == MANIFEST
    assert stat.S_IMODE((folder / f"{NAME}.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 100_000,
        b'{"name": "x"}',
        bytes(3_000_000),
    ],
)
def test_damaged_file_counts_as_absent(damage: bytes, tmp_path: Path) -> None:
    """A file that does not fit is not believed and does no harm."""
    (tmp_path / f"{NAME}.json").write_bytes(damage)
    assert kept.read(tmp_path, NAME) is None


@pytest.mark.parametrize(("old", "new"), [(b'"app"', b'"apq"'), (b"nginx.conf", b"ngimx.conf")])
def test_changed_file_counts_as_absent(old: bytes, new: bytes, tmp_path: Path) -> None:
    """A manifest whose digest does not fit its content is not believed."""
    kept.write(tmp_path, NAME, MANIFEST)
    path = tmp_path / f"{NAME}.json"
    path.write_bytes(path.read_bytes().replace(old, new))
    assert kept.read(tmp_path, NAME) is None


def test_manifest_of_another_name_counts_as_absent(tmp_path: Path) -> None:
    """A file that was copied to another name is not believed."""
    kept.write(tmp_path, NAME, MANIFEST)
    other = "1" * 64
    (tmp_path / f"{NAME}.json").rename(tmp_path / f"{other}.json")
    assert kept.read(tmp_path, other) is None


def test_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    """Where nothing can be kept, nothing is, and the verdict is not lost for it."""
    (tmp_path / "file").write_text("x")
    kept.write(tmp_path / "file", NAME, MANIFEST)
    assert kept.read(tmp_path / "file", NAME) is None
