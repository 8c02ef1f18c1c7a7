"""What of an environment's packages reaches beyond them: into start-up, and into one another.

Read from the files as they lie there, bounded; nothing is imported.
"""

from __future__ import annotations

import csv
import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STARTUP = re.compile(r"(?:site|user)customize(?:\.[^/]+)?\Z")
_MAX_PTH = 64 * 1024
_MAX_RECORD = 16 * 1024 * 1024


def startup(folder: Path) -> Iterator[str]:
    """Give what the interpreter runs by itself when it starts (Python's `site` module), by name.

    These are lines of `*.pth` files that begin with `import`, and the modules `sitecustomize` and
    `usercustomize`.
    """
    for library in _libraries(folder):
        for path in sorted(library.iterdir()):
            if _STARTUP.match(path.name) or (path.suffix == ".pth" and _has_code(path)):
                yield path.name


def _has_code(path: Path) -> bool:
    """Whether a line is executed; of a long file it is taken for granted."""
    with path.open("rb") as file:
        data = file.read(_MAX_PTH + 1)
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()
    return len(data) > _MAX_PTH or any(line.startswith((b"import ", b"import\t")) for line in lines)


def overwritten(folder: Path) -> Iterator[str]:
    """Give each file that more than one package has, but for what packages of one folder share.

    By the `RECORD` of each, in which pip writes every file that it installed.
    """
    for library in _libraries(folder):
        owners: dict[str, str] = {}
        for record in sorted(library.glob("*.dist-info/RECORD")):
            package = record.parent.name.removesuffix(".dist-info")
            try:
                paths = _recorded(record)
            except csv.Error:
                yield f"{package}, whose list of files cannot be read"
                continue
            for path in paths:
                first = owners.setdefault(path, package)
                if first != package and not _is_shared(library / path):
                    yield f"{path} (of {first} and {package})"


def _recorded(record: Path) -> list[str]:
    if record.stat().st_size > _MAX_RECORD:
        message = f"longer than {_MAX_RECORD} bytes"
        raise csv.Error(message)
    with record.open(encoding="utf-8", errors="backslashreplace", newline="") as file:
        return [posixpath.normpath(row[0]) for row in csv.reader(file) if row and row[0]]


def _is_shared(path: Path) -> bool:
    """Whether several packages may well have it: it is empty, or it is not even there."""
    try:
        return path.stat().st_size == 0
    except OSError:
        return True


def _libraries(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("lib*/python3*/site-packages"))
