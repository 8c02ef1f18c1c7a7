"""What a disk says no with is told with its place and the next step."""

from __future__ import annotations

import errno
import os
import sqlite3
from typing import TYPE_CHECKING

import pytest

from workflow.cli.machine import told
from workflow.identity.local import login_name

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GitRepoFactory


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (OSError(errno.ENOSPC, "No space", "/x/y"), "no space is left on the disk of /x/y", "free"),
        (OSError(errno.EROFS, "x", "/r/.git/workflow/z"), "/r/.git is read-only, and", "mount it"),
        (OSError(errno.EIO, "I/O error", "/x"), "[Errno 5] I/O error: '/x'", "check the disk"),
    ],
)
def test_an_error_that_names_its_file(error: OSError, message: str, hint: str) -> None:
    """The file or git's folder is in the message, and the hint fits it."""
    said = told(error)
    assert said[0].startswith(message)
    assert said[1].startswith(hint)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space"), "no space is left on the disk of {}/.git/workflow"),
        (sqlite3.OperationalError("database or disk is full"), "no space is left on the disk of"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "{}/.git is read-only"),
    ],
)
def test_an_error_without_a_file_is_about_the_repository(
    git_repo: GitRepoFactory,
    monkeypatch: pytest.MonkeyPatch,
    error: OSError | sqlite3.Error,
    message: str,
) -> None:
    """Where nothing else is full, what this repository keeps is named."""
    top: Path = git_repo({"a": "1"}).path
    monkeypatch.chdir(top)
    assert told(error)[0].startswith(message.format(top))


def test_a_closed_place_says_whose_it_is(tmp_path: Path) -> None:
    """What another account keeps to itself is named with its owner; one's own, with its mode."""
    store = tmp_path / "r/.git/workflow"
    store.mkdir(parents=True, mode=0o700)
    refused = PermissionError(errno.EACCES, "Permission denied", str(store / "workflow.db"))
    message, hint = told(refused)
    me = login_name(os.geteuid())
    assert message.endswith(
        f"workflow.db is closed to {me}: {store} belongs to {me}, with mode 0700"
    )
    assert hint.startswith(f"look with `ls -ld {store}`")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
def test_a_store_of_another_account(tmp_path: Path) -> None:
    """The way out is that account, or a clone."""
    store = tmp_path / "r/.git/workflow"
    store.mkdir(parents=True)
    os.chown(store, 65_534, 65_534)
    message, hint = told(PermissionError(errno.EACCES, "x", str(store / "workflow.db")))
    owner = login_name(65_534)
    assert f"{store} belongs to {owner}" in message
    assert hint == f"run it as {owner}, or work in a clone of your own"
