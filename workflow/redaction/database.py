"""Compiles our fixed patterns for hyperscan, and keeps what was compiled for the next command.

Compiling takes 1 s, reading it again 2 ms.  What names or values of a tenant are in is never kept.
"""

from __future__ import annotations

import hashlib
import os
import platform
import stat
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.resources import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyperscan import Database

_CPU = Path("/proc/cpuinfo")
_CPU_BYTES = 8192
"""What describes the first processor; what a database can use depends on it."""
_DIGEST = hashlib.sha256().digest_size
_LARGEST = 64_000_000
"""Bytes of the largest database that is read back; all of ours together have 2 MB."""
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def compiled(expressions: Sequence[bytes], ids: Sequence[int], flags: Sequence[int]) -> Database:
    """The patterns as one database, for whole texts; ids may repeat.

    It is read from the cache folder if nobody but this user can have written it there.  Anything
    odd about the folder or the file means that it is compiled again.

    Raises `hyperscan.error` for a pattern that cannot be compiled.
    """
    import hyperscan  # noqa: PLC0415 - 15 MB that commands which seal nothing do not need

    about = (version("hyperscan"), platform.machine(), _processor())
    asked = repr((about, list(expressions), list(ids), list(flags)))
    kept = cache_folder() / f"patterns-{hashlib.sha256(asked.encode()).hexdigest()}.hs"
    if data := _read(kept):
        with suppress(hyperscan.error):
            loaded = hyperscan.loadb(data, hyperscan.HS_MODE_BLOCK)
            loaded.scratch = hyperscan.Scratch(loaded)
            return loaded
    made = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    made.compile(expressions=list(expressions), ids=list(ids), elements=len(ids), flags=list(flags))
    # A folder that is full, or that cannot be written, only means that it takes longer again.
    with suppress(OSError):
        _write(kept, hyperscan.dumpb(made))
    return made


def _processor() -> bytes:
    """What the first processor can do; a home may be shared by machines that differ."""
    try:
        with _CPU.open("rb") as file:
            about = file.read(_CPU_BYTES)
    except OSError:
        return b""
    return b"".join(line for line in about.split(b"\n") if line.startswith((b"flags", b"Features")))


def _read(path: Path) -> bytes:
    """A database that was kept; empty unless it is there, whole, and this user's alone."""
    try:
        if not _is_ours(os.lstat(path.parent), stat.S_ISDIR):
            return b""
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with open(file, "rb") as opened:  # noqa: PTH123 - a descriptor, which Path cannot open
        about = os.fstat(file)
        if not _is_ours(about, stat.S_ISREG) or about.st_size > _LARGEST:
            return b""
        digest, data = opened.read(_DIGEST), opened.read()
    return data if hashlib.sha256(data).digest() == digest else b""


def _is_ours(about: os.stat_result, is_kind: Callable[[int], bool]) -> bool:
    mode = about.st_mode
    return is_kind(mode) and about.st_uid == os.geteuid() and not mode & _OTHERS


def _write(path: Path, data: bytes) -> None:
    """Keep a database: in a folder for this user alone, and whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_ours(os.lstat(path.parent), stat.S_ISDIR):
        return
    file, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.stem[:16]}-")
    written = Path(name)
    try:
        with open(file, "wb") as opened:  # noqa: PTH123 - a descriptor, which Path cannot open
            opened.write(hashlib.sha256(data).digest() + data)
        written.replace(path)
    finally:
        written.unlink(missing_ok=True)
