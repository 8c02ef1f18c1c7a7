"""The journal of a swap: what it is about to do, written so that whoever finds it can undo it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from workflow.errors import WorkflowError
from workflow.standalone.folder import RESERVED
from workflow.types import RepoPath

if TYPE_CHECKING:
    from workflow.standalone.folder import Folder

JOURNAL: Final = f"{RESERVED}.journal"
DONE: Final = f"{RESERVED}.done"
CLEARED: Final = f"{RESERVED}.cleared"
UNWRITTEN: Final = f"{RESERVED}.journal.new"
_MAX_JOURNAL = 64 * 1024 * 1024


class UnfinishedSwapError(WorkflowError):
    """Files were to be restored, and could not; the next command tries again."""


@dataclass(frozen=True, slots=True)
class Row:
    """One file of a plan: digests of its contents, and our own names beside it.

    `folder` is the number of the innermost folder above it that is there before the plan.
    """

    path: RepoPath
    before: str | None
    after: str | None
    folder: int
    new: str
    old: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The number of the folder that it is for, a row for each file, and the folders to be made."""

    folder: int
    rows: tuple[Row, ...]
    folders: tuple[RepoPath, ...]

    def text(self) -> bytes:
        """The plan as it is written down."""
        return json.dumps(asdict(self)).encode()


def read_plan(folder: Folder, name: str) -> Plan | None:
    """The journal of that name at a folder's top, if there is one.

    Raises `UnfinishedSwapError` for one that was not written by us, in this folder: it may have
    been copied, or have come with a repository, and it must not move anything here.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        handle = os.open(name, flags, dir_fd=folder.fd)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        text = file.read(_MAX_JOURNAL)
    try:
        plan = _parse(text)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _strange(folder, name) from error
    if plan.folder != os.fstat(folder.fd).st_ino:
        raise _strange(folder, name)
    return plan


def _strange(folder: Folder, name: str) -> UnfinishedSwapError:
    message = f"{folder.top / name} was not written by `workflow patch` in this folder"
    return UnfinishedSwapError(message, hint="look at what it says; if it is no use, remove it")


def _parse(text: bytes) -> Plan:
    """Raises `ValueError`, `KeyError`, `TypeError` or `RecursionError` for anything but a plan."""
    data = json.loads(text)
    rows = tuple(_row(row) for row in data["rows"])
    return Plan(int(data["folder"]), rows, tuple(RepoPath(each) for each in data["folders"]))


def _row(data: dict[str, str | None]) -> Row:
    new, old = str(data["new"]), str(data["old"])
    if not all(name.startswith(f"{RESERVED}-") and "/" not in name for name in (new, old)):
        message = "not our own names"
        raise ValueError(message)
    path, number = RepoPath(str(data["path"])), int(data["folder"] or 0)
    return Row(path, data["before"], data["after"], number, new, old)
