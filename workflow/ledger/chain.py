"""The ledger: one append-only row per fact, each holding the hash of the row before it.

A row's hash covers its number, time, event, body and the previous hash, as canonical JSON, so that
a changed, removed, reordered or inserted row breaks the chain at that place.  The newest row is
noted a second time, so that a removed last row is found, too.  A tail that is cut off or written
anew by somebody who corrects that note as well hangs together: git shows it (`anchor`, `check`).
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from workflow.canonical import encode
from workflow.database import transaction
from workflow.errors import StoreError
from workflow.ledger.events import require
from workflow.types import Digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

GENESIS = Digest("sha256:" + "0" * 64)
NOTE = "ledger-head"
"""The key of the note of the newest row."""
_HEAD = re.compile(r"([0-9]{1,18}) (sha256:[0-9a-f]{64})(?: (repo-[0-9a-f]{16}))?\Z")
_ALL = 2**63 - 1
# What canonical JSON is for text and whole numbers; `test_ledger` holds it against RFC 8785.
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


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
class Head:
    """The newest row: its number, 0 where there is none, its hash, and whose ledger it is in."""

    seq: int
    hash: Digest
    repository: str = ""

    @property
    def trailer(self) -> str:
        """`SEQ HASH REPOSITORY`, as a commit's trailer `Workflow-Ledger` has it."""
        return f"{self.seq} {self.hash} {self.repository}".rstrip()

    @classmethod
    def read(cls, text: str) -> Self | None:
        """A head from its trailer; `None` where the text is none."""
        found = _HEAD.match(text)
        return cls(int(found[1]), Digest(found[2]), found[3] or "") if found else None


def head(connection: sqlite3.Connection) -> Head:
    """The newest row's number and hash, and the repository's own name.

    Raises `StoreError` when that row was changed so that none can follow it.
    """
    last = _newest(connection)
    return Head(last.seq, last.hash, repository_of(connection))


def repository_of(connection: sqlite3.Connection) -> str:
    """The repository's own random name."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'repository'").fetchone()
    return str(row["value"]) if row else ""


def _newest(connection: sqlite3.Connection) -> Head:
    last = connection.execute("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
    try:
        return Head(last["seq"], Digest(last["hash"])) if last else Head(0, GENESIS)
    except (ValueError, TypeError) as error:
        message = "the newest row of the ledger was changed: nothing can follow it"
        raise StoreError(message, hint="workflow ledger verify") from error


def now() -> str:
    """The present moment as RFC 3339 in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def append(connection: sqlite3.Connection, event: str, body: Mapping[str, Any]) -> Row:
    """Add one fact, within the caller's transaction if there is one.

    Raises `StoreError` for an event that is not of the closed set (`events`) or lacks a key, and
    where the newest row was changed so that none can follow it.
    """
    require(event, body)
    with transaction(connection):
        last = _newest(connection)
        seq, at, text = last.seq + 1, now(), encode(dict(body)).decode()
        made = Head(seq, row_hash(seq, at, event, text, last.hash))
        connection.execute(
            "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?)",
            (seq, at, event, text, last.hash, made.hash),
        )
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (NOTE, made.trailer))
    return Row(seq, at, event, body, last.hash, made.hash)


def rows(connection: sqlite3.Connection) -> Iterator[Row]:
    """Every fact, oldest first."""
    for seq, at, event, body, previous, said in connection.execute(
        "SELECT seq, at, event, body, previous, hash FROM ledger ORDER BY seq"
    ):
        yield Row(seq, at, event, json.loads(body), Digest(previous), Digest(said))


def facts(
    connection: sqlite3.Connection, event: str, proposal: int, before: int = _ALL
) -> tuple[dict[str, Any], ...]:
    """The bodies of one proposal's rows of one event, up to a row, oldest first.

    Raises `StoreError` where a row of the ledger is damaged, so that this cannot be told.
    """
    with in_words(connection):
        found = connection.execute(
            "SELECT body FROM ledger WHERE event = ? AND seq < ?"
            " AND json_extract(body, '$.proposal') = ? ORDER BY seq",
            (event, before, proposal),
        )
        return tuple(json.loads(row["body"]) for row in found)


@contextmanager
def in_words(connection: sqlite3.Connection) -> Iterator[None]:
    """Reads bodies of rows inside, which somebody may have made anything.

    Raises `StoreError` with the number of a row that is no JSON object, where one is why reading
    failed.
    """
    try:
        yield
    except (sqlite3.OperationalError, ValueError, RecursionError) as error:
        every = connection.execute("SELECT seq, body FROM ledger ORDER BY seq")
        damaged = next((row["seq"] for row in every if not parsed(row["body"])), None)
        if damaged is None:
            raise
        message = f"the ledger does not hold: row {damaged} is not as it was written"
        raise StoreError(message, hint="workflow ledger verify") from error


def row_hash(seq: int, at: str, event: str, body: str, previous: str) -> Digest:
    """The hash of a row: SHA-256 over its canonical JSON, in which `body` is a string."""
    return Digest(numbered(at, event, body, previous)(seq))


def numbered(at: str, event: str, body: str, previous: str) -> Callable[[int], str]:
    """What gives the hash that a row has as number N: of a large one no slower than of a small one.

    A number is the last that canonical JSON has of a row, so that all before it is hashed once.
    """
    rest = canonical({"at": at, "body": body, "event": event, "previous": previous})
    begun = hashlib.sha256(memoryview(rest)[:-1])

    def numbered_as(seq: int) -> str:
        whole = begun.copy()
        whole.update(b',"seq":%d}' % seq)
        return f"sha256:{whole.hexdigest()}"

    return numbered_as


def canonical(fact: Mapping[str, object]) -> bytes:
    """Texts and whole numbers as canonical JSON, ten times as fast as `canonical.encode`."""
    return _CANONICAL(fact).encode()


def parsed(body: object) -> dict[str, Any]:
    """A row's body; empty where somebody has made it something that is no object."""
    try:
        said = json.loads(str(body))
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
