"""The key of a repository: the one thing that sealing stores, and never makes anew in silence."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from workflow.durable import sync
from workflow.redaction.interface import SealingError

if TYPE_CHECKING:
    from pathlib import Path

NAME = "seal.key"
_SIZE = 32
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_NEW = (
    "move it away and the next command makes another: placeholders in what is stored already "
    "then stand for nothing"
)


def load(folder: Path) -> bytes:
    """The 32 bytes of the key in `folder`, made when there is none.

    Two processes that make it at once get the same one.  Raises `SealingError` for a key that is
    not private to this user, is not whole, or cannot be read or written.
    """
    path = folder / NAME
    if not os.path.lexists(path):
        _create(folder, path)
    return _read(path)


def _create(folder: Path, path: Path) -> None:
    """Write the key under a name of its own and link it: whole, or not there."""
    fresh = folder / f".{NAME}.{secrets.token_hex(8)}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _write(fresh, secrets.token_bytes(_SIZE))
            # Whoever links first has made the key; all others read that one.
            with suppress(FileExistsError):
                os.link(fresh, path)
        finally:
            fresh.unlink(missing_ok=True)
        sync(folder)
    except OSError as error:
        message = f"cannot make the key {path}: {error.strerror}"
        raise SealingError(message, hint=f"make {folder} writable for this user") from error


def _write(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> bytes:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            _require_private(path, os.fstat(file.fileno()))
            key = file.read(_SIZE + 1)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _refused(path, "is a symbolic link", hint=_NEW) from error
        said = f"cannot be read: {error.strerror}"
        hint = f"make {path} readable for this user alone, or {_NEW}"
        raise _refused(path, said, hint=hint) from error
    if len(key) != _SIZE:
        raise _refused(path, f"is not {_SIZE} bytes", hint=f"bring back its backup, or {_NEW}")
    return key


def _require_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _refused(path, "is not an ordinary file", hint=_NEW)
    if found.st_uid != os.geteuid():
        raise _refused(path, "belongs to another user", hint=f"run as its owner, or {_NEW}")
    if found.st_mode & _OTHERS:
        hint = f"chmod 600 {path}; if others may have read it, {_NEW}"
        raise _refused(path, f"is open to others (mode {found.st_mode & 0o777:o})", hint=hint)


def _refused(path: Path, said: str, *, hint: str) -> SealingError:
    return SealingError(f"the key {path} {said}", hint=hint)
