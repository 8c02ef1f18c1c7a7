"""Writes what a build sent to a folder of ours: plain files at contained places, bounded."""

from __future__ import annotations

import gzip
import io
import json
import os
import zlib
from typing import TYPE_CHECKING, Any

from workflow.environments.interface import EnvironmentUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 2 * 1024**3
MAX_FILES = 100_000
_MAX_HEAD = 8192
_MAX_PATH = 1024
_CHUNK = 1024 * 1024
_DAMAGE = (
    *(EOFError, ValueError, KeyError, TypeError, zlib.error, gzip.BadGzipFile),
    *(FileExistsError, NotADirectoryError, IsADirectoryError),
)
_HINT = "run it again; if it comes back, report it with the versions that `workflow doctor` shows"


def unpack(sent: bytes, folder: Path) -> None:
    """Write the files below `folder`, which is ours alone.

    Raises `EnvironmentUnavailableError` for what leads out of it, comes twice, is too large or is
    cut off, and `OSError` where the files cannot be written.
    """
    left = MAX_BYTES
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(sent)) as packed:
            for _ in range(MAX_FILES):
                head = json.loads(packed.readline(_MAX_HEAD))
                if head["path"] == "":
                    return
                left -= head["size"]
                if left < 0:
                    break
                _write(packed, head, folder)
    except _DAMAGE as error:
        message = f"what the build sent cannot be used: {error}"
        raise EnvironmentUnavailableError(message, hint=_HINT) from error
    message = f"the environment has more than {MAX_FILES:,} files or {MAX_BYTES >> 30} GiB"
    raise EnvironmentUnavailableError(message, hint="require less, or use a `.venv` of the project")


def _write(packed: gzip.GzipFile, head: dict[str, Any], folder: Path) -> None:
    name, size = str(head["path"]), int(head["size"])
    parts = name.split("/")
    if size < 0 or len(name) > _MAX_PATH or "\0" in name or not {"", ".", ".."}.isdisjoint(parts):
        message = f"a file at {name[:80]!r}"
        raise ValueError(message)
    path = folder.joinpath(*parts)
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    # NOTE: nothing sent becomes a link, so no part of the path can be one.
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
    handle = os.open(path, flags, 0o755 if head["program"] else 0o644)
    with os.fdopen(handle, "wb") as file:
        while size:
            chunk = packed.read(min(size, _CHUNK))
            if not chunk:
                message = "it ends early"
                raise EOFError(message)
            file.write(chunk)
            size -= len(chunk)
