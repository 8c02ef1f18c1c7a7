"""Whether this process is the machine's own root, which nothing inside may be."""

from __future__ import annotations

import os
from pathlib import Path


def is_root() -> bool:
    """Whether this process is the machine's root; in a namespace another user can look like it."""
    return is_real_root(Path("/proc/self/uid_map").read_text("ascii"), os.geteuid())


def is_real_root(uid_map: str, euid: int) -> bool:
    """Whether `euid` 0 is the machine's own root; `uid_map` is the text of /proc/self/uid_map."""
    return euid == 0 and uid_map.split()[:2] == ["0", "0"]
