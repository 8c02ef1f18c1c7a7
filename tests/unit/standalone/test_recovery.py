from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.unit.standalone.samples import (
    ALL,
    EDIT,
    State,
    die_half_way,
    in_child,
    only_files,
    recover,
    state_of,
    swap_all,
)
from workflow.standalone.folder import Folder
from workflow.standalone.plan import DONE, JOURNAL, UnfinishedSwapError
from workflow.standalone.recovery import Recovery
from workflow.standalone.swap import ChangedFileError, Exchange, exclusive, is_needed

if TYPE_CHECKING:
    from pathlib import Path


def test_recovery_says_what_it_did(top: Path) -> None:
    """One sentence tells whether a dead patch was undone or tidied up after."""
    die_half_way(top)
    assert recover(top) == "a patch that was half applied here has been undone"
    die_half_way(top, "_clear")
    assert (top / DONE).exists()
    assert recover(top) == "a patch that was applied here has been tidied up after"


def test_recovery_keeps_what_was_edited_since(top: Path) -> None:
    """A file that somebody wrote after the crash stays, and is named; its old content, too."""
    die_half_way(top)
    (top / "a/edit").write_bytes(b"mine\n")
    (top / "b/c/new").write_bytes(b"mine, too\n")
    said = recover(top)
    assert "a/edit was changed since" in said
    assert "b/c/new was changed since" in said
    assert (top / "a/edit").read_bytes() == b"mine\n"
    assert (top / "b/c/new").read_bytes() == b"mine, too\n"
    assert (top / "run").stat().st_mode & 0o777 == 0o644
    assert [path.read_bytes() for path in (top / "a").glob(".workflow-patch-*.old")] == [b"old\n"]
    assert recover(top) == ""


@pytest.mark.parametrize("instead", ["nothing", "a link", "another folder", "a copy"])
def test_recovery_waits_for_a_folder_that_is_away(
    top: Path, tmp_path: Path, states: tuple[State, State], instead: str
) -> None:
    """What is in a folder's place is left alone, the journal stays, and the rest comes later."""
    die_half_way(top)
    away = tmp_path / "away"
    (top / "a").rename(away)
    if instead == "a link":
        (top / "a").symlink_to(away)
    elif instead == "another folder":
        (top / "a").mkdir()
    elif instead == "a copy":
        shutil.copytree(away, top / "a")
    before, in_place = state_of(away), only_files(state_of(top)).keys() - {"run"}
    for _ in range(2):
        with pytest.raises(UnfinishedSwapError, match="the folder a is not the one") as caught:
            recover(top)
    assert JOURNAL in caught.value.hint
    assert state_of(away) == before
    assert {path for path in in_place if path.startswith("a")} <= state_of(top).keys()
    assert (top / "d/gone").read_bytes() == b"gone\n"
    if instead == "a link":
        (top / "a").unlink()
    elif instead != "nothing":
        shutil.rmtree(top / "a")
    away.rename(top / "a")
    assert recover(top) == "a patch that was half applied here has been undone"
    assert state_of(top) == states[0]


def test_recovery_waits_for_the_folder_around_a_new_one(top: Path, tmp_path: Path) -> None:
    """A folder that the patch made is undone where it was made, not where it is missing."""
    (top / "b").mkdir()
    die_half_way(top)
    (top / "b").rename(tmp_path / "b")
    (top / "b").mkdir()
    with pytest.raises(UnfinishedSwapError, match="the folder b/c is not the one"):
        recover(top)
    (top / "b").rmdir()
    (tmp_path / "b").rename(top / "b")
    recover(top)
    assert list((top / "b").iterdir()) == []


def test_a_folder_that_the_patch_made_may_be_gone(top: Path) -> None:
    """Who removes a new folder after the crash has undone that part."""
    die_half_way(top)
    shutil.rmtree(top / "b")
    assert recover(top) == "a patch that was half applied here has been undone"
    assert (top / EDIT.path).read_bytes() == b"old\n"


@pytest.mark.parametrize("folder", ["a", "d"])
def test_tidying_up_waits_for_a_folder_that_is_away(
    top: Path, tmp_path: Path, states: tuple[State, State], folder: str
) -> None:
    """Old contents that were put aside are not forgotten because their folder is away."""
    die_half_way(top, "_clear")
    (top / folder).rename(tmp_path / "away")
    with pytest.raises(UnfinishedSwapError, match=f"the folder {folder} is not"):
        recover(top)
    (tmp_path / "away").rename(top / folder)
    assert recover(top) == "a patch that was applied here has been tidied up after"
    assert state_of(top) == states[1]


@pytest.mark.parametrize("step", ["_check", "_switch", "_settle", "_commit", "_clear"])
def test_a_folder_away_during_the_swap_leaves_nothing_for_good(
    top: Path, tmp_path: Path, states: tuple[State, State], step: str
) -> None:
    """What cannot be taken back at once is, as soon as the folder is back."""
    with Folder(top) as folder, exclusive(folder) as exchange:
        real = getattr(exchange, step)

        def act(*arguments: object) -> object:
            if (top / "a").exists():
                (top / "a").rename(tmp_path / "away")
            return real(*arguments)

        setattr(exchange, step, act)
        with suppress(UnfinishedSwapError):
            exchange.swap(ALL)
    (tmp_path / "away").rename(top / "a")
    assert recover(top)
    assert state_of(top) in states


def test_a_folder_that_is_gone_before_is_a_change(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is half applied when the folder of a file was not there from the start."""
    shutil.rmtree(top / "a")
    before = state_of(top)
    monkeypatch.setattr(Exchange, "_write_journal", lambda *_: pytest.fail("it began"))
    with pytest.raises(ChangedFileError, match="a/edit"):
        swap_all(top)
    assert state_of(top) == before


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b'{"folder": 1, "folders": [], "rows": []}',
        b'{"folder": HERE, "folders": ["../x"], "rows": []}',
        b'{"folder": HERE, "folders": [], "rows": [%s]}'
        % b'{"path": "x", "before": null, "after": null, "new": "run", "old": "../../z"}',
    ],
)
def test_a_strange_journal_moves_nothing(top: Path, text: bytes) -> None:
    """A journal that came with a repository, or from another folder, is not obeyed."""
    for name in (JOURNAL, DONE):
        (top / name).write_bytes(text.replace(b"HERE", b"%d" % top.stat().st_ino))
        before = state_of(top)
        with pytest.raises(UnfinishedSwapError, match="was not written by"):
            recover(top)
        assert state_of(top) == before
        (top / name).unlink()


def test_a_copied_journal_moves_nothing(top: Path, tmp_path: Path) -> None:
    """A copy of a half-changed folder is not the folder that the journal is about."""
    die_half_way(top)
    shutil.copytree(top, tmp_path / "copy")
    with pytest.raises(UnfinishedSwapError):
        recover(tmp_path / "copy")


def test_emptied_folders_are_removed_by_the_next_one(
    top: Path, states: tuple[State, State], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed when only empty folders are left to remove, it needs no folder any more."""

    def die() -> None:
        monkeypatch.setattr(Recovery, "_remove_emptied", lambda *_: os._exit(9))
        swap_all(top)

    assert os.WEXITSTATUS(in_child(die)) == 9
    with Folder(top) as folder:
        assert is_needed(folder)
    (top / "d").rmdir()
    assert recover(top) == "a patch that was applied here has been tidied up after"
    assert state_of(top) == states[1]
