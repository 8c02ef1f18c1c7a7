"""What a tool on this machine is, so that a verdict is not taken for another tool's."""

from __future__ import annotations

import os
import stat
from functools import cache
from pathlib import Path

from workflow.canonical import encode, sha256

_MOST_FILES = 100_000
_OURS = (Path(__file__).parent, Path(__file__).parent.parent / "sandbox")


def identity(*words: object, tools: tuple[Path, ...] = ()) -> str:
    """Return a digest of settings and of the programs and folders that a verdict depends on.

    A folder is known by every file's place, size, mode and times: 10,000 files take about 30 ms.
    The code of gates and sandbox themselves is always among them.  Empty when one cannot be read,
    or holds more than 100,000 files.
    """
    try:
        prints = [_print(path) for path in (*_OURS, *tools)]
    except OSError:
        return ""
    return sha256(encode([*map(repr, words), *prints]))


@cache
def _print(path: Path) -> str:
    """Return a digest of what lies at `path`; asked once in a process for each path."""
    rows: list[str] = [_row(str(path), path.stat())]
    folders = [path] if path.is_dir() else []
    while folders:
        with os.scandir(folders.pop()) as found:
            for one in found:
                if one.name == "__pycache__":
                    continue
                rows.append(_row(one.path, one.stat(follow_symlinks=False)))
                if one.is_dir(follow_symlinks=False):
                    folders.append(Path(one.path))
        if len(rows) > _MOST_FILES:
            message = f"{path}: too many files"
            raise OSError(message)
    return sha256("\n".join(sorted(rows)).encode("utf-8", "surrogateescape"))


def _row(name: str, found: os.stat_result) -> str:
    if stat.S_ISDIR(found.st_mode):
        # Running a program may write into a folder, and take it away again.
        return f"{name} {found.st_mode:o}"
    return f"{name} {found.st_mode:o} {found.st_size} {found.st_mtime_ns} {found.st_ino}"
