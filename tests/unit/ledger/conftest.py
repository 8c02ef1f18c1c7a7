"""What tests of the ledger share: a chain of a few rows, and somebody who holds its file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path  # noqa: TC003 - fixtures are annotated with it
from sqlite3 import Connection
from typing import TypeAlias

import pytest

from workflow import ledger
from workflow.database import connect, transaction

Chain: TypeAlias = Callable[[int], Connection]


@pytest.fixture(scope="session")
def _written() -> Iterator[dict[int, Connection]]:
    """Keep the ledgers that were made, by their rows, to be copied."""
    made: dict[int, Connection] = {}
    yield made
    for connection in made.values():
        connection.close()


def written(folder: Path, rows: int) -> Connection:
    """Make a store with a ledger of some rows, whose guards somebody with the file took out."""
    connection = connect(folder)
    with transaction(connection):
        for number in range(1, rows + 1):
            fact = {"answer": f"answer {number}", "reason": "é\n" * number}
            ledger.append(connection, "unusable", fact)
    connection.execute("DROP TRIGGER ledger_keeps")
    connection.execute("DROP TRIGGER ledger_stays")
    return connection


@pytest.fixture
def chain(
    _written: dict[int, Connection], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chain]:
    """Yield a maker of ledgers of some rows, in memory, without their guards."""
    opened: list[Connection] = []

    def make(rows: int) -> Connection:
        if rows not in _written:
            _written[rows] = written(tmp_path_factory.mktemp("ledger") / "workflow", rows)
        source = _written[rows]
        copy = sqlite3.connect(":memory:", isolation_level=None)
        opened.append(copy)
        source.backup(copy)
        copy.row_factory, copy.text_factory = source.row_factory, source.text_factory
        return copy

    yield make
    for connection in opened:
        connection.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Connection]:
    """Yield a store without a row, with its guards."""
    with closing(connect(tmp_path / "fresh")) as opened:
        yield opened
