from __future__ import annotations

import os
from typing import TYPE_CHECKING

import hyperscan
import pytest

from workflow.redaction.database import compiled
from workflow.resources import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATTERNS = ([rb"ab+c", rb"x[0-9]"], [3, 7], [0, hyperscan.HS_FLAG_CASELESS])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of its own for each test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return cache_folder()


def _hits() -> list[tuple[int, int]]:
    hits = []
    compiled(*PATTERNS).scan(
        b"abbc X5 .", match_event_handler=lambda number, _from, end, *_: hits.append((number, end))
    )
    return hits


def _kept(folder: Path) -> Path:
    (kept,) = folder.iterdir()
    return kept


def test_what_was_kept_finds_the_same(folder: Path) -> None:
    """The second command reads what the first has compiled: no file is written again."""
    assert _hits() == [(3, 4), (7, 7)]
    before = _kept(folder).stat().st_ino
    assert _hits() == [(3, 4), (7, 7)]
    assert _kept(folder).stat().st_ino == before


def test_it_is_kept_for_this_user_alone(folder: Path) -> None:
    """Nobody else can write the folder or the file."""
    _hits()
    assert [folder.stat().st_mode & 0o777, _kept(folder).stat().st_mode & 0o777] == [0o700, 0o600]


def _flip(kept: Path) -> None:
    data = bytearray(kept.read_bytes())
    data[-1] ^= 1
    kept.write_bytes(data)


def _link(kept: Path) -> None:
    kept.rename(kept.parent.parent / "elsewhere")
    kept.symlink_to(kept.parent.parent / "elsewhere")


def _pipe(kept: Path) -> None:
    kept.unlink()
    os.mkfifo(kept)


@pytest.mark.parametrize(
    "spoil",
    [
        _flip,
        _link,
        lambda kept: kept.write_bytes(kept.read_bytes()[:100]),
        lambda kept: kept.write_bytes(b""),
        lambda kept: kept.chmod(0o622),
        _pipe,
    ],
    ids=["a byte", "a link", "cut", "empty", "writable", "a pipe"],
)
def test_what_is_odd_is_compiled_again(folder: Path, spoil: Callable[[Path], object]) -> None:
    """A file that is not whole, or that somebody else may have written, is replaced."""
    _hits()
    kept = _kept(folder)
    good = kept.read_bytes()
    spoil(kept)
    assert _hits() == [(3, 4), (7, 7)]
    assert kept.read_bytes() == good
    assert not kept.is_symlink()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_others_can_write_is_not_used(folder: Path) -> None:
    """Nothing is read from it, and nothing is put there."""
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    assert _hits() == [(3, 4), (7, 7)]
    assert not list(folder.iterdir())


def test_other_flags_are_another_database(folder: Path) -> None:
    """What is kept is for these very patterns, ids and flags."""
    _hits()
    compiled(PATTERNS[0], PATTERNS[1], [0, 0])
    assert len(list(folder.iterdir())) == 2


def test_a_folder_that_cannot_be_made_is_no_trouble(folder: Path) -> None:
    """Without a cache it takes longer, and that is all."""
    folder.parent.write_bytes(b"a file")
    assert _hits() == [(3, 4), (7, 7)]
