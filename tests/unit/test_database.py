"""The store's file is private, made once, and never half written."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from workflow import database
from workflow.database import FILE, SCHEMA_VERSION, connect, transaction
from workflow.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Spawn

OPEN = """
import sys, time
from pathlib import Path
from workflow.database import connect
print("ready", flush=True)
sys.stdin.readline()
connection = connect(Path(sys.argv[1]))
print(connection.execute("SELECT value FROM meta WHERE key = 'repository'").fetchone()[0])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the path of a store's folder, which does not exist yet."""
    return tmp_path / "workflow"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_user_can_look_inside(folder: Path, umask: int) -> None:
    """The folder is 0700 and every file in it 0600, whatever the umask."""
    before = os.umask(umask)
    try:
        with closing(connect(folder)) as connection, transaction(connection):
            connection.execute("INSERT INTO meta VALUES ('x', 'y')")
            assert folder.stat().st_mode & 0o777 == 0o700
            # With the write-ahead log and its shared memory beside it.
            modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    finally:
        os.umask(before)
    assert set(modes) == {FILE, f"{FILE}-wal", f"{FILE}-shm"}
    assert set(modes.values()) == {0o600}


def test_processes_that_create_at_once_make_one_store(folder: Path, python: Spawn) -> None:
    """Whoever comes first makes the tables; the others find them, and nobody fails."""
    children = [python(OPEN, folder) for _ in range(4)]
    assert [child.line() for child in children] == ["ready"] * 4
    for child in children:
        child.tell("go")
    names = {child.line() for child in children}
    assert len(names) == 1
    assert names.pop().startswith("repo-")
    assert [child.close() for child in children] == [0, 0, 0, 0]


def test_a_second_connection_keeps_the_locks_of_the_first(folder: Path, python: Spawn) -> None:
    """Opening the store twice in one process lets no other process take its log away."""
    with closing(connect(folder)) as one, closing(connect(folder)):
        one.execute("INSERT INTO meta VALUES ('x', 'y')")
        log = (folder / f"{FILE}-wal").stat().st_ino
        child = python(OPEN, folder)
        child.tell("go")
        # The other process closes its connection, and is not the last to do so.
        assert child.close() == 0
        assert (folder / f"{FILE}-wal").stat().st_ino == log
        one.execute("INSERT INTO meta VALUES ('z', 'z')")
    with closing(connect(folder)) as again:
        assert len(again.execute("SELECT * FROM meta WHERE key IN ('x', 'z')").fetchall()) == 2


def test_each_store_has_a_name_of_its_own(tmp_path: Path) -> None:
    """Two repositories never share a name, so no digest fits both."""
    names = set()
    for number in range(3):
        with closing(connect(tmp_path / str(number))) as connection:
            names |= set(connection.execute("SELECT value FROM meta").fetchall())
    assert len(names) == 3


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 99])
def test_a_newer_store_is_refused(folder: Path, version: int) -> None:
    """What a newer version wrote is left alone, and both versions are named."""
    with closing(connect(folder)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    before = (folder / FILE).read_bytes()
    with pytest.raises(StoreError, match=f"schema {version}, this one is {SCHEMA_VERSION}"):
        connect(folder)
    assert (folder / FILE).read_bytes() == before


def test_what_is_no_database_is_refused(folder: Path) -> None:
    """A file that SQLite cannot read is an error with its path, not a traceback."""
    folder.mkdir()
    (folder / FILE).write_bytes(b"not a database, but long enough to look like one" * 40)
    with pytest.raises(StoreError, match=f"{FILE}: cannot open the store"):
        connect(folder)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A store below a file cannot be, and the message says where it was to be."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file/workflow"):
        connect(tmp_path / "file" / "workflow")


def write_twice(connection: sqlite3.Connection) -> None:
    """Write a row, and then one that is refused."""
    with transaction(connection):
        connection.execute("INSERT INTO meta VALUES ('x', 'y')")
        connection.execute("INSERT INTO meta VALUES ('x', 'z')")


def write_much(connection: sqlite3.Connection) -> None:
    """Write a row, and then a large one."""
    with transaction(connection):
        connection.execute("INSERT INTO meta VALUES ('x', 'y')")
        connection.execute("INSERT INTO blobs VALUES ('z', zeroblob(1000000))")


def test_all_of_a_transaction_or_none(folder: Path) -> None:
    """What fails inside takes back what was written before it."""
    with closing(connect(folder)) as connection:
        with pytest.raises(sqlite3.IntegrityError):
            write_twice(connection)
        assert not connection.in_transaction
        assert connection.execute("SELECT * FROM meta WHERE key = 'x'").fetchall() == []


def test_an_inner_transaction_joins_the_outer_one(folder: Path) -> None:
    """Nothing is written before the outermost ends."""
    with closing(connect(folder)) as connection, closing(connect(folder)) as other:
        with transaction(connection):
            with transaction(connection):
                connection.execute("INSERT INTO meta VALUES ('x', 'y')")
            assert other.execute("SELECT * FROM meta WHERE key = 'x'").fetchall() == []
        assert len(other.execute("SELECT * FROM meta WHERE key = 'x'").fetchall()) == 1


def test_an_error_that_rolled_back_by_itself_is_the_one_that_shows(folder: Path) -> None:
    """When SQLite has ended the transaction, the first error is not hidden by a second."""
    with closing(connect(folder)) as connection:
        with (
            pytest.raises(sqlite3.IntegrityError, match="UNIQUE"),
            transaction(connection),
        ):
            connection.execute("INSERT OR ROLLBACK INTO meta VALUES ('repository', 'another')")
        assert not connection.in_transaction


def test_a_full_disk_takes_everything_back(folder: Path) -> None:
    """A store that cannot grow says so, and holds what it held."""
    with closing(connect(folder)) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            write_much(connection)
        assert not connection.in_transaction
        assert connection.execute("SELECT * FROM meta WHERE key = 'x'").fetchall() == []


def test_the_schema_is_read_statement_by_statement() -> None:
    """A trigger's body does not end where its first semicolon stands."""
    statements = list(database._statements())
    assert [text for text in statements if "TRIGGER" in text and "END;" not in text] == []
    assert len(statements) == 18
