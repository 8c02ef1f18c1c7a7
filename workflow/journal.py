"""What is about to happen is written down first, so that the next command can finish or undo it.

Two kinds of notes.  A *run* is a command at work: a folder below `runs/` with its scratch files, a
note of its stage, and a lock that the kernel drops when the process dies.  A *landing* is a move of
a branch: a row that is written before the branch moves and closed after the work tree has followed.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import ledger
from workflow.database import transaction
from workflow.errors import BusyError
from workflow.git_command import holding
from workflow.types import CommitId

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from workflow.types import Identity

_RUNS = "runs"
_RUN, _NEW = "run", "new"
_LOCK = "lock"
_NOTE = "note.json"


class StoppedError(BusyError):
    """The `workflow` process that holds this repository has been stopped."""


class LandingState(StrEnum):
    """How far a landing has come."""

    INTENDED = "intended"
    MOVED = "moved"
    KEPT = "kept"
    UNDONE = "undone"
    ABANDONED = "abandoned"


class LandingKind(StrEnum):
    """Whether a landing brought a proposal in or took one back."""

    APPLY = "apply"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Landing:
    """One move of a branch from `before` to `after`.

    `work_tree` is the checkout that has to follow, if the branch was checked out; `reverts` is the
    landing that a rollback takes back, `reason` why, and `is_automatic` that a probe wanted it.
    `glass` is why it went without approvals.
    """

    id: int
    kind: LandingKind
    proposal: int
    reverts: int | None
    branch: str
    work_tree: Path | None
    before: CommitId
    after: CommitId
    state: LandingState
    who: str
    at: str
    reason: str = ""
    is_automatic: bool = False
    glass: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A command at work: its folder for scratch files, and what it does for whom."""

    folder: Path
    command: str

    def note(self, stage: str) -> None:
        """Write down the stage that begins now."""
        text = json.dumps({"command": self.command, "pid": os.getpid(), "stage": stage})
        fresh = self.folder / (_NOTE + ".new")
        fresh.write_text(text)
        fresh.replace(self.folder / _NOTE)


@dataclass(frozen=True, slots=True)
class Remains:
    """What a killed command left behind."""

    command: str
    stage: str


class Journal:
    """The runs and landings of one repository."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._folder = folder
        self._connection = connection

    # --- runs ---------------------------------------------------------------------------------

    @contextmanager
    def running(self, command: str) -> Iterator[Run]:
        """A folder of one's own for as long as the command lasts."""
        name = os.urandom(6).hex()
        folder, unlocked = (self._folder / _RUNS / f"{kind}-{name}" for kind in (_RUN, _NEW))
        unlocked.mkdir(mode=0o700, parents=True)
        with (unlocked / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Only a locked folder gets the name that `sweep` looks for.
            unlocked.rename(folder)
            run = Run(folder, command)
            run.note("start")
            try:
                yield run
            finally:
                _remove(folder)

    def has_remains(self) -> bool:
        """Whether any run's folder is there, of a live command or a dead one."""
        return any((self._folder / _RUNS).glob(f"{_RUN}-*"))

    def sweep(self) -> tuple[Remains, ...]:
        """Remove what killed commands left, and say what they were doing."""
        found = []
        for folder in sorted((self._folder / _RUNS).glob(f"{_RUN}-*")):
            note = _note_of(folder)
            if note is not None:
                found.append(note)
                _remove(folder)
        return tuple(found)

    # --- the lock -----------------------------------------------------------------------------

    @contextmanager
    def exclusive(self, command: str) -> Iterator[None]:
        """Hold the repository against every other landing.

        Raises `BusyError`, naming the process that holds it, and `StoppedError` where that process
        has been stopped: what it is at is its own until it goes on or is ended.
        """
        # NOTE: the lock lives on the open file, so a killed process never leaves it behind; but a
        # git that it has started, and that outlives it, keeps it until the branch has moved.
        with (self._folder / _LOCK).open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise _busy(lock.read().strip()) from None
            lock.truncate(0)
            lock.write(f"`{command}` (process {os.getpid()}, since {ledger.now()})")
            lock.flush()
            try:
                with holding(lock.fileno()):
                    yield
            finally:
                # The next holder's name must not be read from what this one wrote.
                lock.truncate(0)

    # --- landings -----------------------------------------------------------------------------

    def intend(  # noqa: PLR0913 - one keyword a column, all required
        self,
        *,
        kind: LandingKind,
        proposal: int,
        reverts: int | None,
        branch: str,
        work_tree: Path | None,
        before: CommitId,
        after: CommitId,
        who: Identity,
        glass: str = "",
        reason: str = "",
        is_automatic: bool = False,
    ) -> Landing:
        """Write down a move that is about to happen."""
        at = ledger.now()
        place = None if work_tree is None else str(work_tree)
        with transaction(self._connection):
            cursor = self._connection.execute(
                "INSERT INTO landings (kind, proposal, reverts, branch, work_tree, before_commit,"
                " after_commit, state, who, glass, reason, automatic, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(kind, proposal, reverts, branch, place, before, after),
                    *(LandingState.INTENDED, str(who), glass, reason, is_automatic, at),
                ),
            )
            landing = self.landing(cursor.lastrowid or 0)
            self._log(landing)
        return landing

    def close(self, landing: Landing, state: LandingState) -> Landing:
        """Write down how far a landing has come."""
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE landings SET state = ? WHERE id = ?", (state, landing.id)
            )
            moved = self.landing(landing.id)
            self._log(moved)
            if state is LandingState.MOVED and moved.reverts is not None:
                self._log_rollback(moved, moved.reverts)
        return moved

    def landing(self, number: int) -> Landing:
        """One landing by its number."""
        return self._landings("WHERE id = ?", number)[0]

    def landings(self) -> tuple[Landing, ...]:
        """Every landing, newest first."""
        return self._landings("ORDER BY id DESC")

    def of_proposal(self, proposal: int) -> tuple[Landing, ...]:
        """The landings of one proposal, oldest first."""
        return self._landings("WHERE proposal = ? ORDER BY id", proposal)

    def unconfirmed(self) -> tuple[Landing, ...]:
        """Landings that have moved their branch and were not confirmed, oldest first."""
        return self._landings("WHERE state = ? ORDER BY id", LandingState.MOVED)

    def unfinished(self) -> tuple[Landing, ...]:
        """Landings that were intended and never closed: their command was killed."""
        return self._landings("WHERE state = ? ORDER BY id", LandingState.INTENDED)

    def _landings(self, where: str, *values: object) -> tuple[Landing, ...]:
        found = self._connection.execute(
            "SELECT id, kind, proposal, reverts, branch, work_tree, before_commit, after_commit,"  # noqa: S608 - `where` is one of the constants above
            f" state, who, reason, automatic, glass, at FROM landings {where}",
            values,
        )
        return tuple(
            Landing(
                *(row["id"], LandingKind(row["kind"]), row["proposal"], row["reverts"]),
                *(row["branch"], Path(row["work_tree"]) if row["work_tree"] else None),
                *(CommitId(row["before_commit"]), CommitId(row["after_commit"])),
                *(LandingState(row["state"]), row["who"], row["at"]),
                *(row["reason"], bool(row["automatic"])),
                row["glass"],
            )
            for row in found
        )

    def _log(self, landing: Landing) -> None:
        facts = {
            "landing": landing.id,
            "kind": str(landing.kind),
            "proposal": landing.proposal,
            "branch": landing.branch,
            "before": str(landing.before),
            "after": str(landing.after),
            "who": landing.who,
        }
        ledger.append(self._connection, f"landing-{landing.state}", facts)

    def _log_rollback(self, landing: Landing, reverts: int) -> None:
        facts = {
            "proposal": landing.proposal,
            "landing": landing.id,
            "reverts": reverts,
            "reason": landing.reason,
            "is_automatic": landing.is_automatic,
            "who": landing.who,
        }
        ledger.append(self._connection, "rollback", facts)


def _busy(holder: str) -> BusyError:
    """What to say of the process that holds the repository, from what it wrote of itself."""
    said = re.search(r"\(process ([0-9]{1,10}),", holder)
    if said and _is_stopped(said[1]):
        message = f"{holder} holds this repository and is stopped (SIGSTOP or Ctrl-Z)"
        hint = f"`kill -CONT {said[1]}` lets it go on, `kill -KILL {said[1]}` ends it"
        return StoppedError(message, hint=hint)
    if said and not Path("/proc", said[1]).exists():
        message = f"{holder} was killed, and a git that it started is still at work"
        return BusyError(message, hint="wait for that, then try again")
    message = f"{holder or 'another workflow command'} is working on this repository"
    return BusyError(message, hint="wait for it, then try again")


def _is_stopped(pid: str) -> bool:
    try:
        # The name before it, in parentheses, may hold anything.
        state = Path("/proc", pid, "stat").read_text(errors="replace").rpartition(") ")[2][:1]
    except OSError:
        return False
    return state in {"T", "t"}


def _note_of(folder: Path) -> Remains | None:
    """The note in a run's folder if its process is dead, else nothing."""
    try:
        # NOTE: not opened to write: that would make a lock in a folder that is being removed.
        with (folder / _LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not (folder / _LOCK).exists():
                return None
            note = json.loads((folder / _NOTE).read_text())
            return Remains(str(note["command"]), str(note["stage"]))
    except BlockingIOError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        # Without a lock the folder is gone: its command has just ended.
        return Remains("a workflow command", "start") if (folder / _LOCK).exists() else None


def _remove(folder: Path) -> None:
    """Delete a run's folder, checkouts with read-only folders included.

    Whoever sweeps meanwhile finds the lock until all else is gone, and then no run of that name.
    """
    for entry in list(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            _remove_tree(entry)
        elif entry.name != _LOCK:
            entry.unlink()
    last = folder.with_name(folder.name.replace(_RUN, _NEW, 1))
    folder.rename(last)
    shutil.rmtree(last)


def _remove_tree(top: Path) -> None:
    try:
        shutil.rmtree(top)
    except PermissionError:
        for folder, names, _ in os.walk(top):
            for path in (Path(folder, name) for name in names):
                if not path.is_symlink():
                    path.chmod(0o700)
        shutil.rmtree(top)
