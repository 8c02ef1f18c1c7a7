"""Where a shim may lie inside the sandbox, and which empty folder must be there for it."""

from __future__ import annotations

import posixpath
import re

from workflow.sandbox import TREE
from workflow.semantics.nginx.files import PREFIXES

# Not for an empty folder of ours: the sandbox's own, or needed to run anything.
_TAKEN = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "dev", "proc", "sys", "oldroot"}
_OPEN = {"etc", "run", "var", "tmp", "tree"}
_NAME = re.compile(r"[A-Za-z0-9._-]+\Z")
_MAX_LENGTH = 1000


def landing(place: str, folder: str) -> str:
    """Return the path inside of a file that a configuration names, without `..` in it.

    `folder` is the tree's folder that stands for /etc/nginx: what is above it is above it inside.
    """
    path = posixpath.join(PREFIXES[0], place)
    if ".." in path.split("/") and path.startswith(f"{PREFIXES[0]}/"):
        path = posixpath.join(TREE, folder, path[len(PREFIXES[0]) + 1 :])
    return posixpath.normpath(path)


def is_placeable(path: str) -> bool:
    """Whether a file or folder may be made at this path inside."""
    top = path.split("/")[1] if path.startswith("/") else ""
    if not top or not path.isprintable() or len(path) > _MAX_LENGTH or top in _TAKEN:
        return False
    return top in _OPEN or bool(mount_of(path))


def mount_of(path: str) -> str:
    """Return the folder that must be empty and writable for `path`; empty when there is none."""
    parts = path.split("/")
    if parts[1] in _OPEN or parts[1] in _TAKEN:
        return ""
    if parts[1] == "usr":
        second = parts[2] if len(parts) > 3 else ""  # noqa: PLR2004 - /usr/local/x, not /usr/x
        return f"/usr/{second}" if second in {"local", "share"} else ""
    return f"/{parts[1]}" if _NAME.match(parts[1]) else ""
