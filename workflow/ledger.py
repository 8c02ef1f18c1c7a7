"""The ledger: one append-only row per fact, each holding the hash of the row before it.

A row's hash covers its number, time, event, body and the previous hash, as canonical JSON, so that
a changed, removed, reordered or inserted row breaks the chain at that place.  The newest hash is
kept a second time, so that a removed last row is found, too.  What the ledger cannot show by itself
is a tail cut off by somebody who corrects that note as well.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workflow.canonical import encode, sha256
from workflow.database import transaction
from workflow.types import Digest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

GENESIS = Digest("sha256:" + "0" * 64)
_HEAD = "ledger-head"


@dataclass(frozen=True, slots=True)
class Row:
    """One fact: its number from 1, RFC 3339 time, event name, body, and its place in the chain."""

    seq: int
    at: str
    event: str
    body: Mapping[str, Any]
    previous: Digest
    hash: Digest


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the chain does not hold, and what is wrong with it."""

    seq: int
    reason: str


def now() -> str:
    """The present moment as RFC 3339 in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def append(connection: sqlite3.Connection, event: str, body: Mapping[str, Any]) -> Row:
    """Add one fact, within the caller's transaction if there is one."""
    with transaction(connection):
        last = connection.execute(
            "SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        seq, previous = (last["seq"] + 1, Digest(last["hash"])) if last else (1, GENESIS)
        at, text = now(), encode(dict(body)).decode()
        row_hash = _hash(seq, at, event, text, previous)
        connection.execute(
            "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?)",
            (seq, at, event, text, previous, row_hash),
        )
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_HEAD, row_hash))
    return Row(seq, at, event, body, previous, row_hash)


def rows(connection: sqlite3.Connection) -> Iterator[Row]:
    """Every fact, oldest first."""
    for seq, at, event, body, previous, row_hash in connection.execute(
        "SELECT seq, at, event, body, previous, hash FROM ledger ORDER BY seq"
    ):
        yield Row(seq, at, event, json.loads(body), Digest(previous), Digest(row_hash))


def facts(connection: sqlite3.Connection, event: str, proposal: int) -> tuple[dict[str, Any], ...]:
    """The bodies of one proposal's rows of one event, oldest first."""
    found = connection.execute(
        "SELECT body FROM ledger WHERE event = ? AND json_extract(body, '$.proposal') = ?"
        " ORDER BY seq",
        (event, proposal),
    )
    return tuple(json.loads(row["body"]) for row in found)


def verify(connection: sqlite3.Connection) -> tuple[int, tuple[Break, ...]]:
    """Recompute the whole chain: the number of rows, and each place where it does not hold."""
    breaks: list[Break] = []
    expected_seq, previous, count = 1, str(GENESIS), 0
    # One transaction, so that no row can be added between the rows and the note of the newest.
    with transaction(connection):
        head = connection.execute("SELECT value FROM meta WHERE key = ?", (_HEAD,)).fetchone()
        for seq, at, event, body, said, row_hash in connection.execute(
            "SELECT seq, at, event, body, previous, hash FROM ledger ORDER BY seq"
        ):
            count += 1
            if seq != expected_seq:
                breaks.append(Break(expected_seq, f"row {expected_seq} is missing"))
            elif said != previous:
                breaks.append(Break(seq, "does not follow the row before it"))
            if _hash(seq, at, event, body, said) != row_hash:
                breaks.append(Break(seq, "was changed after it was written"))
            expected_seq, previous = seq + 1, row_hash
    if previous != (head["value"] if head else GENESIS):
        breaks.append(Break(expected_seq, "is not the end that was noted: the last row is another"))
    return count, tuple(breaks)


def _hash(seq: int, at: str, event: str, body: str, previous: str) -> Digest:
    fact = {"seq": seq, "at": at, "event": event, "body": body, "previous": previous}
    return sha256(encode(fact))
