"""Facts are written once, in a chain that anybody can recompute."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow import ledger
from workflow.canonical import encode, sha256
from workflow.database import FILE, connect, transaction
from workflow.errors import StoreError
from workflow.ledger.chain import Head, row_hash
from workflow.types import Digest

if TYPE_CHECKING:
    from sqlite3 import Connection

    from tests.unit.conftest import Spawn
    from tests.unit.ledger.conftest import Chain

FACT = {"answer": "one", "reason": "it is prose"}
APPEND = """
import sys
from pathlib import Path
from workflow import ledger
from workflow.database import connect
connection = connect(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    ledger.append(connection, "unusable", {"answer": sys.argv[2], "reason": str(number)})
"""


def test_rows_come_back_as_they_were_written(chain: Chain) -> None:
    """The facts are numbered from 1, dated, chained, and hold what was said."""
    connection = chain(5)
    rows = list(ledger.rows(connection))
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5]
    assert rows[0].previous == ledger.GENESIS
    assert [row.previous for row in rows[1:]] == [row.hash for row in rows[:-1]]
    assert rows[1].event == "unusable"
    assert rows[1].body == {"answer": "answer 2", "reason": "é\né\n"}
    assert datetime.fromisoformat(rows[0].at).tzinfo is not None
    assert ledger.verify(connection) == (5, ())
    assert (ledger.head(connection).seq, ledger.head(connection).hash) == (5, rows[-1].hash)


def test_an_empty_ledger_holds(fresh: Connection) -> None:
    """Without a fact there is nothing that could be broken."""
    assert ledger.verify(fresh) == (0, ())
    assert (ledger.head(fresh).seq, ledger.head(fresh).hash) == (0, ledger.GENESIS)


@pytest.mark.parametrize("statement", ["UPDATE ledger SET event = 'x'", "DELETE FROM ledger"])
def test_the_store_itself_refuses_changes(fresh: Connection, statement: str) -> None:
    """Without dropping the triggers first, no row can be changed or removed."""
    ledger.append(fresh, "unusable", FACT)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        fresh.execute(statement)


def test_only_known_facts_are_written(fresh: Connection) -> None:
    """An event of another name, or one that lacks a key, is refused and leaves no row."""
    with pytest.raises(StoreError, match="no event 'rumour'"):
        ledger.append(fresh, "rumour", FACT)
    with pytest.raises(StoreError, match="'unusable' lacks reason"):
        ledger.append(fresh, "unusable", {"answer": "one"})
    assert ledger.verify(fresh) == (0, ())


def test_the_table_names_every_event() -> None:
    """The table for the documents has a row for each event, with its keys."""
    rows = ledger.table().splitlines()
    assert len(rows) == len(ledger.EVENTS) + 2
    assert len({event.name for event in ledger.EVENTS}) == len(ledger.EVENTS)
    assert any(row.startswith("| `unusable` |") and "`answer`, `reason`" in row for row in rows)
    page = Path(__file__).parents[3] / "docs" / "ledger.md"
    assert ledger.table() in page.read_text()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(st.integers(1, 2**53 - 1), TEXT, TEXT, TEXT)
def test_the_hash_is_that_of_canonical_json(seq: int, at: str, event: str, body: str) -> None:
    """What is hashed is RFC 8785, whatever the texts hold."""
    before = str(ledger.GENESIS)
    fact = {"seq": seq, "at": at, "event": event, "body": body, "previous": before}
    assert row_hash(seq, at, event, body, before) == sha256(encode(fact))


def test_the_body_is_canonical_json(fresh: Connection) -> None:
    """Keys are in order, without blanks, and the text is not escaped."""
    ledger.append(fresh, "unusable", {"reason": "é", "answer": "b", "a": [1, None]})
    (body,) = fresh.execute("SELECT body FROM ledger").fetchone()
    assert body == '{"a":[1,null],"answer":"b","reason":"é"}'
    assert json.loads(body)["reason"] == "é"


def test_a_head_is_read_back_from_its_trailer() -> None:
    """The trailer of a commit says number, hash and whose ledger; other text is no trailer."""
    head = Head(57, Digest("sha256:" + "a" * 64), "repo-0011223344556677")
    assert Head.read(head.trailer) == head
    for text in ("", "57", "57 sha256:abc", f"x{head.trailer}", f"{head.trailer} more"):
        assert Head.read(text) is None


def append_and_fail(connection: Connection) -> None:
    """Append a fact in a transaction that fails."""
    with transaction(connection):
        ledger.append(connection, "unusable", FACT)
        raise RuntimeError


def test_a_fact_goes_with_its_transaction(fresh: Connection) -> None:
    """What is rolled back was never in the ledger, which still holds."""
    ledger.append(fresh, "unusable", FACT)
    with pytest.raises(RuntimeError):
        append_and_fail(fresh)
    assert ledger.verify(fresh) == (1, ())


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
        assert {row.body["answer"] for row in ledger.rows(connection)} == {"one", "two"}


def test_a_check_and_a_writer_do_not_wait(tmp_path: Path, fresh: Connection) -> None:
    """What is verified is of one moment, and takes no lock that a writer has or would wait for."""
    ledger.append(fresh, "unusable", FACT)
    with closing(connect(tmp_path / "fresh")) as other:
        for connection in (fresh, other):
            connection.execute("PRAGMA busy_timeout = 0")
        other.execute("BEGIN IMMEDIATE")
        assert ledger.verify(fresh) == (1, ())
        other.execute("ROLLBACK")
        fresh.execute("BEGIN")
        assert ledger.verify(fresh) == (1, ())
        ledger.append(other, "unusable", FACT)
        assert ledger.verify(fresh) == (1, ())
        fresh.execute("ROLLBACK")
    assert ledger.verify(fresh) == (2, ())


def test_a_flipped_byte_of_the_file_is_found(fresh: Connection, tmp_path: Path) -> None:
    """A bit that flips on the disk is found, also where the text is no UTF-8 any more."""
    for number in range(1, 6):
        ledger.append(fresh, "unusable", {**FACT, "answer": f"answer {number}"})
    fresh.execute("PRAGMA journal_mode = DELETE")
    path = tmp_path / "fresh" / FILE
    data = path.read_bytes()
    at = data.index(b"answer 3")
    path.write_bytes(data[:at] + bytes([data[at] ^ 0x80]) + data[at + 1 :])
    with closing(connect(tmp_path / "fresh")) as opened:
        assert [broken.seq for broken in ledger.verify(opened)[1]] == [3]


def test_a_ledger_that_cannot_be_read_is_an_error(fresh: Connection) -> None:
    """A table that is gone is said to be, and is no empty ledger."""
    fresh.execute("DROP TABLE ledger")
    with pytest.raises(StoreError, match="cannot be read"):
        ledger.verify(fresh)


def test_nothing_follows_a_row_without_a_hash(chain: Chain) -> None:
    """Where the newest row has no hash, nothing can be written, and the error says why."""
    connection = chain(2)
    connection.execute("UPDATE ledger SET hash = 'none' WHERE seq = 2")
    with pytest.raises(StoreError, match="newest row of the ledger was changed"):
        ledger.append(connection, "unusable", FACT)
