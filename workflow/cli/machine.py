"""What the machine says no with, in words: which place, and what to do then."""

from __future__ import annotations

import errno
import os
import shlex
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sqlite3 import Error as DatabaseError

_AGAIN = "then run the command again"
_LITTLE = 1024 * 1024
"""A file system with fewer free bytes is called full."""


def told(error: OSError | DatabaseError) -> tuple[str, str]:
    """An error of a disk, a file or the store as a message and a hint."""
    words, number = str(error), getattr(error, "errno", None)
    file = getattr(error, "filename", None)
    if number in {errno.ENOSPC, errno.EDQUOT} or "disk is full" in words:
        place = os.fsdecode(file) if file else " and ".join(_full()) or str(_own())
        return f"no space is left on the disk of {place}", f"free some space there, {_AGAIN}"
    if number == errno.EROFS or "readonly database" in words:
        place = os.fsdecode(file) if file else str(_own())
        folder = place.partition("/.git/")[0] + "/.git" if "/.git/" in place else place
        hint = f"mount it writable, {_AGAIN}; list, show, history, stats and ledger work as it is"
        return f"{folder} is read-only, and this has to write", hint
    if number in {errno.EACCES, errno.EPERM} and file:
        return _forbidden(Path(os.fsdecode(file)))
    return words, f"check the disk and its permissions, {_AGAIN}"


def _forbidden(place: Path) -> tuple[str, str]:
    """What this account may not do: whose it is, and how one comes to it."""
    from workflow.identity.local import login_name

    found = next(one for one in (place, *place.parents) if _is_seen(one))
    status, own = found.stat(), os.geteuid()
    owner = login_name(status.st_uid)
    whose = f"{found} belongs to {owner}, with mode {stat.S_IMODE(status.st_mode):04o}"
    message = f"{place} is closed to {login_name(own)}: {whose}"
    if status.st_uid != own and "/.git/" in str(place):
        return message, f"run it as {owner}, or work in a clone of your own"
    return message, f"look with `ls -ld {shlex.quote(str(found))}`, {_AGAIN}"


def _is_seen(place: Path) -> bool:
    try:
        place.stat()
    except OSError:
        return False
    return True


def _own() -> Path:
    """The folder of ours within git's own; without a repository, the current folder."""
    from workflow.errors import WorkflowError
    from workflow.git_store import discover
    from workflow.wiring import STATE

    try:
        return discover(Path.cwd(), needs_files=False).common_dir / STATE
    except (WorkflowError, OSError):
        return Path(os.curdir).absolute()


def _full() -> Iterator[str]:
    """The places that commands write to, as far as they have no space left."""
    from workflow.resources import cache_folder

    for place in dict.fromkeys((_own(), Path(tempfile.gettempdir()), cache_folder())):
        there = next((one for one in (place, *place.parents) if one.exists()), place)
        try:
            found = os.statvfs(there)
        except OSError:
            continue
        if found.f_bavail * found.f_frsize < _LITTLE:
            yield str(place)
