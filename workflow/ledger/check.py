"""The whole check of a ledger: its chain, and what git says about it."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.errors import StoreError
from workflow.ledger.anchor import anchors
from workflow.ledger.chain import GENESIS, NOTE, Head, repository_of
from workflow.ledger.compare import Said, losses, notes, rewritings
from workflow.ledger.damage import Break, breaks
from workflow.ledger.walk import Raw, Walk
from workflow.ledger.witness import proposal_refs, trailers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workflow.git_store import GitStore

_MOST = 100


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: the rows read, the newest's hash, what does not hold, and what to know.

    `anchors` counts the commits in which git was told of this ledger.
    """

    rows: int
    newest: str
    breaks: tuple[Break, ...]
    notes: tuple[str, ...]
    anchors: int


def verify(connection: sqlite3.Connection) -> tuple[int, tuple[Break, ...]]:
    """Recompute the whole chain: the number of rows, and each place where it does not hold.

    It takes some 10 microseconds a row (`bench/ledger.py`), so that a landing can afford all.

    Raises `StoreError` when the rows cannot be read.
    """
    walk, note = walked(connection, ())
    return walk.count, _first(breaks(walk, note))


def check(git: GitStore, connection: sqlite3.Connection, *, has_history: bool = True) -> Checked:
    """Recompute the chain, and compare it with the anchors, trailers and refs that git holds.

    Without `has_history`, the anchors alone are compared: a landing cannot wait for a search of all
    commits and proposals, and nobody may stop it by a commit of theirs.

    Raises `StoreError` when the rows cannot be read, and `GitError`.
    """
    told = anchors(git)
    said = (
        Said(told, trailers(git), dict(proposal_refs(git))) if has_history else Said(told, (), {})
    )
    with _one_moment(connection):
        repository = repository_of(connection)
        walk, note = walked(connection, said.rows)
        found = tuple(breaks(walk, note))
        # What the chain shows by itself need not be said twice.
        more = [one for one in rewritings(walk, said, repository) if not _is_told(one, found)]
        more += losses(said, connection, repository)
        know = tuple(notes(said, connection, repository))
        if not _has_guards(connection):
            know += ("the database's own guards against changes of rows were taken out",)
    every = sorted((*found, *more), key=lambda one: (one.seq, one.end))
    ours = sum(one.repository == repository for one in said.anchors)
    return Checked(walk.count, walk.newest, _first(every), know, ours)


def _is_told(one: Break, found: Iterable[Break]) -> bool:
    """Whether a place lies where something else is said to be wrong."""
    return any(each.seq <= one.end and one.seq <= each.end for each in found)


def _has_guards(connection: sqlite3.Connection) -> bool:
    found = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'ledger'"
        " AND name IN ('ledger_keeps', 'ledger_stays')"
    )
    return int(found.fetchone()[0]) == 2  # noqa: PLR2004 - the two above


def walked(connection: sqlite3.Connection, asked: Iterable[int]) -> tuple[Walk, Head | None]:
    """A walk over the chain, and the note of its end; `asked` are rows whose hashes are wanted."""
    try:
        with _one_moment(connection):
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (NOTE,)).fetchone()
            count = connection.execute("SELECT count(*) FROM ledger").fetchone()[0]
            note = Head.read(str(row[0])) if row else None if count else Head(0, GENESIS)
            walk = Walk({*asked, note.seq} if note else asked)
            cursor = connection.cursor()
            cursor.row_factory = lambda _, values: Raw(*values)
            walk.read(
                cursor.execute(
                    "SELECT seq, at, event, body, previous, hash FROM ledger ORDER BY seq"
                ),
                note,
            )
    except sqlite3.DatabaseError as error:
        message = f"the ledger cannot be read: {error}"
        raise StoreError(message, hint="restore the store's file from a backup") from error
    return walk, note


@contextmanager
def _one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is read inside is of one moment, and nobody has to wait for it to write."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def _first(found: Iterable[Break]) -> tuple[Break, ...]:
    """The first places, and how many more there are."""
    every = tuple(found)
    if len(every) <= _MOST:
        return every
    more = Break(every[_MOST].seq, f"and {len(every) - _MOST:,} more places from here on")
    return (*every[:_MOST], more)
