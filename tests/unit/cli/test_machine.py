"""What a disk says no with is told with its place and the next step."""

from __future__ import annotations

import errno
import sqlite3
from typing import TYPE_CHECKING

import pytest

from workflow.cli.machine import told

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
