"""Puts a staged file in its place in one step, wherever the two are."""

from __future__ import annotations

import errno
import os
import shutil
from hashlib import sha256
from typing import TYPE_CHECKING

from workflow.durable import sync

if TYPE_CHECKING:
    from pathlib import Path

_PERMISSIONS = 0o777
_EXECUTABLE = 0o111


def put(fresh: Path, target: Path) -> None:
    """Rename a file over its predecessor, whose permissions it gets.

    Across file systems it is copied beside first.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _keep_permissions(fresh, target)
    sync(fresh)
    try:
        fresh.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = _beside(target)
        beside.unlink(missing_ok=True)
        shutil.copy2(fresh, beside)
        sync(beside)
        beside.replace(target)
    sync(target.parent)


def remove(target: Path, top: Path) -> None:
    """Remove a file, and the folders below `top` that have become empty, as git does."""
    target.unlink()
    folder = target.parent
    while folder != top:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _beside(target: Path) -> Path:
    """Where a file is copied to first; always the same, so that a killed copy is written over."""
    return target.with_name(f".workflow-{sha256(os.fsencode(target.name)).hexdigest()[:16]}")


def _keep_permissions(fresh: Path, target: Path) -> None:
    """Give the new file its predecessor's permissions, but for the executable bits git decides."""
    try:
        old = target.lstat().st_mode & _PERMISSIONS
    except FileNotFoundError:
        return
    new = fresh.stat().st_mode & _PERMISSIONS
    readable = old & ~_EXECUTABLE
    # A reader of the old file may execute the new one if git says that it is executable.
    executable = (readable >> 2) & _EXECUTABLE if new & _EXECUTABLE else 0
    fresh.chmod(readable | executable)
