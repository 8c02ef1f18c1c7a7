"""Every change of a single row of the ledger is found, and its place is named."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from workflow import ledger
from workflow.database import FILE, connect, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.conftest import Spawn

ROWS = 5
APPEND = """
import sys
from pathlib import Path
from workflow import ledger
from workflow.database import connect
connection = connect(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    ledger.append(connection, "event", {"who": sys.argv[2], "number": number})
"""


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a store with a ledger of five rows."""
    with closing(connect(tmp_path / "workflow")) as opened:
        for number in range(1, ROWS + 1):
            ledger.append(opened, f"event-{number}", {"number": number, "text": "é\n"})
        yield opened


@pytest.fixture
def attacker(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Return the store with its triggers dropped, as somebody with the file can do."""
    connection.execute("DROP TRIGGER ledger_keeps")
    connection.execute("DROP TRIGGER ledger_stays")
    return connection


def test_rows_come_back_as_they_were_written(connection: sqlite3.Connection) -> None:
    """The facts are numbered from 1, dated, chained, and hold what was said."""
    rows = list(ledger.rows(connection))
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5]
    assert rows[0].previous == ledger.GENESIS
    assert [row.previous for row in rows[1:]] == [row.hash for row in rows[:-1]]
    assert rows[2].event == "event-3"
    assert rows[2].body == {"number": 3, "text": "é\n"}
    assert datetime.fromisoformat(rows[0].at).tzinfo is not None
    assert ledger.verify(connection) == (ROWS, ())


def test_an_empty_ledger_holds(tmp_path: Path) -> None:
    """Without a fact there is nothing that could be broken."""
    with closing(connect(tmp_path / "new")) as connection:
        assert ledger.verify(connection) == (0, ())


@pytest.mark.parametrize("statement", ["UPDATE ledger SET event = 'x'", "DELETE FROM ledger"])
def test_the_store_itself_refuses_changes(connection: sqlite3.Connection, statement: str) -> None:
    """Without dropping the triggers first, no row can be changed or removed."""
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)


@pytest.mark.parametrize("seq", range(1, ROWS + 1))
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2020-01-01T00:00:00Z"),
        ("event", "another"),
        ("body", '{"number":9}'),
        ("body", "not JSON"),
        ("previous", "sha256:" + "1" * 64),
        ("hash", "sha256:" + "2" * 64),
        ("hash", "no digest"),
    ],
)
def test_a_changed_column_is_found(
    attacker: sqlite3.Connection, seq: int, column: str, value: str
) -> None:
    """Whichever column of whichever row changes, the row is named."""
    statement = f"UPDATE ledger SET {column} = ? WHERE seq = ?"  # noqa: S608 - a name from above
    attacker.execute(statement, (value, seq))
    count, breaks = ledger.verify(attacker)
    assert count == ROWS
    assert (seq, "was changed after it was written") in [(b.seq, b.reason) for b in breaks]


@pytest.mark.parametrize("seq", range(1, ROWS + 1))
def test_a_removed_row_is_found(attacker: sqlite3.Connection, seq: int) -> None:
    """A gap is named by the number that is missing, also at the end."""
    attacker.execute("DELETE FROM ledger WHERE seq = ?", (seq,))
    count, breaks = ledger.verify(attacker)
    assert count == ROWS - 1
    assert seq in {broken.seq for broken in breaks}


@pytest.mark.parametrize("seq", range(1, ROWS + 1))
def test_a_removed_row_whose_gap_was_closed_is_found(
    attacker: sqlite3.Connection, seq: int
) -> None:
    """Renumbering what follows does not hide it: the numbers are part of what is hashed."""
    attacker.execute("DELETE FROM ledger WHERE seq = ?", (seq,))
    attacker.execute("UPDATE ledger SET seq = seq - 1 WHERE seq > ?", (seq,))
    assert seq in {broken.seq for broken in ledger.verify(attacker)[1]}


@pytest.mark.parametrize("seq", range(1, ROWS))
def test_two_rows_that_changed_places_are_found(attacker: sqlite3.Connection, seq: int) -> None:
    """Both places are named."""
    attacker.execute("UPDATE ledger SET seq = 99 WHERE seq = ?", (seq,))
    attacker.execute("UPDATE ledger SET seq = ? WHERE seq = ?", (seq, seq + 1))
    attacker.execute("UPDATE ledger SET seq = ? WHERE seq = 99", (seq + 1,))
    count, breaks = ledger.verify(attacker)
    assert count == ROWS
    assert {seq, seq + 1} <= {broken.seq for broken in breaks}


@pytest.mark.parametrize("seq", range(2, ROWS + 1))
def test_an_inserted_row_is_found(attacker: sqlite3.Connection, seq: int) -> None:
    """A row with a right hash of its own does not fit between its neighbours."""
    attacker.execute("UPDATE ledger SET seq = -seq - 1 WHERE seq >= ?", (seq,))
    attacker.execute("UPDATE ledger SET seq = -seq WHERE seq < 0")
    before = attacker.execute("SELECT hash FROM ledger WHERE seq = ?", (seq - 1,)).fetchone()[0]
    made = ledger._hash(seq, "2026-01-01T00:00:00Z", "forged", "{}", before)
    attacker.execute(
        "INSERT INTO ledger VALUES (?, '2026-01-01T00:00:00Z', 'forged', '{}', ?, ?)",
        (seq, before, made),
    )
    count, breaks = ledger.verify(attacker)
    assert count == ROWS + 1
    assert seq + 1 in {broken.seq for broken in breaks}


@pytest.mark.parametrize("seq", range(1, ROWS + 1))
def test_a_rewritten_row_with_a_right_hash_is_found(attacker: sqlite3.Connection, seq: int) -> None:
    """Who can compute the hash is found by the row after it, or by the note of the end."""
    row = list(ledger.rows(attacker))[seq - 1]
    made = ledger._hash(seq, row.at, "forged", "{}", row.previous)
    attacker.execute(
        "UPDATE ledger SET event = 'forged', body = '{}', hash = ? WHERE seq = ?", (made, seq)
    )
    assert [broken.seq for broken in ledger.verify(attacker)[1]] == [seq + 1]


def test_an_appended_row_that_is_not_noted_is_found(attacker: sqlite3.Connection) -> None:
    """A forged last row hangs together with the chain and not with the note of its end."""
    last = list(ledger.rows(attacker))[-1]
    made = ledger._hash(ROWS + 1, last.at, "forged", "{}", last.hash)
    attacker.execute(
        "INSERT INTO ledger VALUES (?, ?, 'forged', '{}', ?, ?)",
        (ROWS + 1, last.at, last.hash, made),
    )
    assert ledger.verify(attacker)[1]


def test_an_emptied_ledger_is_found(attacker: sqlite3.Connection) -> None:
    """No rows at all are not a fresh ledger."""
    attacker.execute("DELETE FROM ledger")
    assert ledger.verify(attacker)[1]


def test_a_flipped_byte_of_the_file_is_found(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    """A bit that flips on the disk is found, also where the text is no UTF-8 any more."""
    connection.execute("PRAGMA journal_mode = DELETE")
    path = tmp_path / "workflow" / FILE
    data = path.read_bytes()
    at = data.index(b"event-3")
    path.write_bytes(data[:at] + bytes([data[at] ^ 0x80]) + data[at + 1 :])
    with closing(connect(tmp_path / "workflow")) as opened:
        assert [broken.seq for broken in ledger.verify(opened)[1]] == [3]


def test_the_chain_goes_on_after_a_break(attacker: sqlite3.Connection) -> None:
    """A break is reported at its own place and does not spoil what comes after it."""
    attacker.execute("UPDATE ledger SET event = 'x' WHERE seq = 2")
    ledger.append(attacker, "later", {})
    count, breaks = ledger.verify(attacker)
    assert count == ROWS + 1
    assert [broken.seq for broken in breaks] == [2]


def append_and_fail(connection: sqlite3.Connection) -> None:
    """Append a fact in a transaction that fails."""
    with transaction(connection):
        ledger.append(connection, "never", {})
        raise RuntimeError


def test_a_fact_goes_with_its_transaction(connection: sqlite3.Connection) -> None:
    """What is rolled back was never in the ledger, which still holds."""
    with pytest.raises(RuntimeError):
        append_and_fail(connection)
    assert ledger.verify(connection) == (ROWS, ())


def test_two_processes_write_one_chain(tmp_path: Path, python: Spawn) -> None:
    """Rows of processes that write at once neither collide nor fork."""
    folder = tmp_path / "workflow"
    children = [python(APPEND, folder, name) for name in ("one", "two")]
    assert [child.line() for child in children] == ["ready", "ready"]
    for child in children:
        child.tell("go")
    assert [child.close() for child in children] == [0, 0]
    with closing(connect(folder)) as connection:
        assert ledger.verify(connection) == (40, ())
        assert {row.body["who"] for row in ledger.rows(connection)} == {"one", "two"}
