"""Everything that can be told of files, to compare before and after."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def fingerprint(top: Path) -> dict[str, tuple[object, ...]]:
    """All that can be told of every name below a folder but for its own times, by path."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(top.rglob("*")):
        is_link = path.is_symlink()
        one = path.lstat()
        xattrs = () if is_link else tuple((n, os.getxattr(path, n)) for n in os.listxattr(path))
        owner = (stat.filemode(one.st_mode), one.st_uid, one.st_gid, tuple(sorted(xattrs)))
        if is_link:
            found[str(path.relative_to(top))] = (*owner, path.readlink(), one.st_mtime_ns)
        elif path.is_dir():
            found[str(path.relative_to(top))] = owner
        else:
            data = (path.read_bytes(), one.st_mtime_ns, one.st_nlink)
            found[str(path.relative_to(top))] = (*owner, *data)
    return found
