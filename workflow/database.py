"""The one SQLite file: in the repository's git directory, private to the user, crash-safe."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from workflow.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = "workflow.db"
SCHEMA_VERSION = 5
_BUSY_MS = 10_000
_LITTLE = 1024 * 1024
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE blobs (digest TEXT PRIMARY KEY, data BLOB NOT NULL) STRICT;
CREATE TABLE proposals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest TEXT NOT NULL,
    state TEXT NOT NULL,
    created TEXT NOT NULL,
    branch TEXT NOT NULL,
    title TEXT NOT NULL,
    wish TEXT NOT NULL,
    revised_from TEXT,
    rebased_from TEXT,
    requester TEXT NOT NULL,
    files TEXT NOT NULL,
    anchored INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL
) STRICT;
CREATE TABLE verdicts (
    proposal INTEGER NOT NULL REFERENCES proposals (id),
    gate TEXT NOT NULL,
    outcome TEXT NOT NULL,
    summary TEXT NOT NULL,
    PRIMARY KEY (proposal, gate)
) STRICT;
CREATE TABLE passes (
    key TEXT PRIMARY KEY,
    judged TEXT NOT NULL,
    verdict TEXT NOT NULL
) STRICT;
CREATE TABLE approvals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    proposal INTEGER NOT NULL REFERENCES proposals (id),
    digest TEXT NOT NULL,
    approver TEXT NOT NULL,
    account TEXT NOT NULL,
    proof TEXT NOT NULL,
    is_own INTEGER NOT NULL,
    signature TEXT REFERENCES blobs (digest),
    carried_from TEXT,
    at TEXT NOT NULL
) STRICT;
CREATE TABLE looks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    proposal INTEGER NOT NULL REFERENCES proposals (id),
    digest TEXT NOT NULL,
    viewer TEXT NOT NULL,
    account TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    person TEXT NOT NULL,
    account TEXT NOT NULL,
    scopes TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    made TEXT NOT NULL,
    expires TEXT NOT NULL,
    revoked TEXT
) STRICT;
CREATE TABLE landings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    proposal INTEGER NOT NULL REFERENCES proposals (id),
    reverts INTEGER REFERENCES landings (id),
    branch TEXT NOT NULL,
    work_tree TEXT,
    before_commit TEXT NOT NULL,
    after_commit TEXT NOT NULL,
    state TEXT NOT NULL,
    who TEXT NOT NULL,
    glass TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    automatic INTEGER NOT NULL DEFAULT 0,
    at TEXT NOT NULL
) STRICT;
CREATE TABLE installs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    target TEXT NOT NULL,
    landing INTEGER REFERENCES landings (id),
    commit_id TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    state TEXT NOT NULL,
    who TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE TABLE answers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    request TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    recipe TEXT NOT NULL,
    role TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    written_tokens INTEGER NOT NULL,
    microdollars INTEGER,
    usable INTEGER NOT NULL,
    reason TEXT NOT NULL,
    digest TEXT NOT NULL REFERENCES blobs (digest)
) STRICT;
CREATE INDEX answers_at ON answers (at);
CREATE TABLE reserved (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    request TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    microdollars INTEGER
) STRICT;
CREATE VIEW spending AS
    SELECT at, request, provider, model, input_tokens, output_tokens, microdollars, 0 AS is_open
    FROM answers
    UNION ALL
    SELECT at, request, provider, model, input_tokens, output_tokens, microdollars, 1
    FROM reserved;
CREATE TABLE ledger (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    event TEXT NOT NULL,
    body TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE INDEX ledger_event ON ledger (event);
CREATE TRIGGER ledger_keeps BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_stays BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""


def is_read_only(folder: Path) -> bool:
    """Whether there is a store below `folder` that this process may only look at."""
    return (folder / FILE).exists() and not os.access(folder, os.W_OK)


def connect(folder: Path) -> sqlite3.Connection:
    """Open the store below `folder` (made with mode 0700), creating the tables on first use.

    One that `is_read_only` is opened to be looked at: to write then is an `OperationalError`.
    Raises `StoreError` for a store that cannot be opened, or was written by a newer version.
    """
    path = folder / FILE
    try:
        connection = sqlite3.connect(
            _looked_at(path) if is_read_only(folder) else _made(path),
            uri=True,
            isolation_level=None,
            timeout=_BUSY_MS / 1000,
            # Gates that run side by side keep their logs, one after the other (`evidence`).
            check_same_thread=False,
        )
        try:
            found = _prepared(folder, connection)
        except BaseException:
            connection.close()
            raise
    except (OSError, sqlite3.Error) as error:
        message = f"{path}: cannot open the store: {error}"
        raise StoreError(message, hint=_mend(folder)) from error
    if found != SCHEMA_VERSION:
        connection.close()
        message = (
            f"{path}: written by another version (schema {found}, this one is {SCHEMA_VERSION})"
        )
        hint = "use the `workflow` that wrote it, or a newer one"
        if found < SCHEMA_VERSION:
            hint = f"land or reject with the `workflow` that wrote it, then move {path} away"
        raise StoreError(message, hint=hint)
    return connection


def _mend(folder: Path) -> str:
    """What to do about a store that cannot be opened: is its disk full, or who may write there?"""
    with suppress(OSError):
        found = os.statvfs(folder if folder.exists() else folder.parent)
        if found.f_bavail * found.f_frsize < _LITTLE:
            return f"no space is left on the disk of {folder}: free some space there"
    return f"check who may write {folder}"


def _made(path: Path) -> str:
    """The address of a store's file, which is made private if it is not there."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with suppress(FileExistsError):
        # NOTE: not to be opened when it is there: closing it again would drop the locks that
        # another connection of this process holds on it.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    return path.absolute().as_uri()


def _looked_at(path: Path) -> str:
    """The address of a store's file that is only read."""
    # Without a log of its own nobody is writing, and SQLite would want to make one to read.
    is_quiet = not path.with_name(f"{FILE}-wal").exists()
    return f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if is_quiet else ''}"


def _prepared(folder: Path, connection: sqlite3.Connection) -> int:
    """Make a new connection ours, and its file ours if it is new; return the file's schema."""
    connection.row_factory = sqlite3.Row
    # A flipped byte must reach the digest check that names it, and not stop the reader before.
    connection.text_factory = _text
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    if _version(connection) == 0:
        _create(folder, connection)
    return _version(connection)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is written inside is written, or none of it.  Nested use joins the outer one."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # On a full disk, say, SQLite has rolled back by itself, and has nothing left to.
        with suppress(sqlite3.OperationalError):
            connection.execute("ROLLBACK")
        raise


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _create(folder: Path, connection: sqlite3.Connection) -> None:
    # NOTE: SQLite does not wait when two processes switch to WAL at once, so they queue up here.
    with _locked(folder):
        # Another process may have made the tables while this one waited for the lock.
        if _version(connection) == 0:
            connection.execute("PRAGMA journal_mode = WAL")
            _create_tables(connection)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _create_tables(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        for statement in _statements():
            connection.execute(statement)
        connection.execute(
            "INSERT INTO meta VALUES ('repository', ?)", (f"repo-{os.urandom(8).hex()}",)
        )
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _statements() -> Iterator[str]:
    """The schema's statements; a trigger's body has semicolons of its own."""
    statement = ""
    for line in _SCHEMA.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
