"""Every change of a single row is found, and the row is named: all of them, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow import ledger
from workflow.database import connect, transaction
from workflow.ledger.chain import NOTE, row_hash

if TYPE_CHECKING:
    from sqlite3 import Connection

    from tests.unit.ledger.conftest import Chain

ROWS = 6
OTHER = "sha256:" + "1" * 64
COPY = "SELECT ?, at, event, body, previous, hash FROM ledger WHERE seq = ?"
Damage: TypeAlias = Callable[["Connection", int], tuple[str, ...]]


def texts(connection: Connection) -> tuple[str, ...]:
    """Verify, and return what is said to be wrong."""
    return tuple(map(str, ledger.verify(connection)[1]))


def shift(connection: Connection, first: int, by: int) -> None:
    """Renumber the rows from `first` on."""
    connection.execute("UPDATE ledger SET seq = -seq WHERE seq >= ?", (first,))
    connection.execute("UPDATE ledger SET seq = -seq + ? WHERE seq < 0", (by,))


def forge(connection: Connection, seq: int, previous: str | None = None) -> None:
    """Put in a row, whose own hash is right."""
    before = connection.execute("SELECT hash FROM ledger WHERE seq = ?", (seq - 1,)).fetchone()
    link = previous or (before[0] if before else ledger.GENESIS)
    made = row_hash(seq, "2026-01-01T00:00:00Z", "forged", "{}", link)
    connection.execute(
        "INSERT INTO ledger VALUES (?, '2026-01-01T00:00:00Z', 'forged', '{}', ?, ?)",
        (seq, link, made),
    )


@pytest.mark.parametrize("seq", range(1, ROWS + 1))
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2020-01-01T00:00:00Z"),
        ("event", "another"),
        ("body", '{"number":9}'),
        ("body", "not JSON"),
        ("body", ""),
        ("previous", OTHER),
        ("previous", ""),
        ("hash", OTHER),
        ("hash", "no digest"),
    ],
)
def test_a_changed_column_is_found(chain: Chain, seq: int, column: str, value: str) -> None:
    """Whichever column of whichever row changes, this row is named, and no other one."""
    connection = chain(ROWS)
    statement = f"UPDATE ledger SET {column} = ? WHERE seq = ?"  # noqa: S608 - a name from above
    connection.execute(statement, (value, seq))
    (said,) = texts(connection)
    assert said.startswith(f"row {seq}: changed after it was written")
    if column == "previous":
        assert said.endswith("(its link to the row before it alone)")
    elif seq < ROWS:
        assert said.endswith("(its hash alone)" if column == "hash" else "(what it says)")


@pytest.mark.parametrize("to", [0, -3, ROWS + 1, 99, 2**62])
@pytest.mark.parametrize("seq", range(1, ROWS + 1))
def test_a_changed_number_is_found(chain: Chain, seq: int, to: int) -> None:
    """A row that was given another number is named by one of the two."""
    connection = chain(ROWS)
    connection.execute("UPDATE ledger SET seq = ? WHERE seq = ?", (to, seq))
    assert any(f"row {seq}" in said or f"row {to}" in said for said in texts(connection))


@pytest.mark.parametrize("seq", range(1, ROWS + 1))
def test_a_removed_row_is_found(chain: Chain, seq: int) -> None:
    """A gap is named by the number that is missing, also at the end."""
    connection = chain(ROWS)
    connection.execute("DELETE FROM ledger WHERE seq = ?", (seq,))
    (said,) = texts(connection)
    assert said.startswith(f"row {seq}: missing")


@pytest.mark.parametrize(
    ("seq", "count"), [(seq, count) for seq in range(1, ROWS) for count in range(1, ROWS - seq + 1)]
)
def test_removed_rows_whose_gap_was_closed_are_found(chain: Chain, seq: int, count: int) -> None:
    """Renumbering what follows does not hide it, and what follows is not called changed."""
    last = seq + count - 1
    connection = chain(ROWS)
    connection.execute("DELETE FROM ledger WHERE seq BETWEEN ? AND ?", (seq, last))
    shift(connection, last + 1, -count)
    (said,) = texts(connection)
    name = f"row {seq}" if count == 1 else f"rows {seq} to {last}"
    assert said == f"{name}: removed; the rows after it were renumbered"


@pytest.mark.parametrize(("seq", "other"), [*combinations(range(1, ROWS + 1), 2)])
def test_two_rows_that_changed_places_are_found(chain: Chain, seq: int, other: int) -> None:
    """Both places are named, with what they hold, for neighbours and for others."""
    connection = chain(ROWS)
    connection.execute("UPDATE ledger SET seq = 99 WHERE seq = ?", (seq,))
    connection.execute("UPDATE ledger SET seq = ? WHERE seq = ?", (seq, other))
    connection.execute("UPDATE ledger SET seq = ? WHERE seq = 99", (other,))
    assert texts(connection) == (
        f"row {seq}: written as row {other}",
        f"row {other}: written as row {seq}",
    )


@pytest.mark.parametrize("seq", range(1, ROWS + 1))
def test_a_row_that_was_put_in_is_found(chain: Chain, seq: int) -> None:
    """A row with a right hash and link of its own is named, and those after it are not."""
    connection = chain(ROWS)
    shift(connection, seq, 1)
    forge(connection, seq)
    assert texts(connection) == (f"row {seq}: put in; the rows after it were renumbered",)


@pytest.mark.parametrize("seq", range(1, ROWS + 1))
def test_a_row_of_nonsense_that_was_put_in_is_found(chain: Chain, seq: int) -> None:
    """A row without a right hash is named as well."""
    connection = chain(ROWS)
    shift(connection, seq, 1)
    connection.execute("INSERT INTO ledger VALUES (?, '', '', '', '', '')", (seq,))
    assert texts(connection) == (f"row {seq}: put in; the rows after it were renumbered",)


@pytest.mark.parametrize("at", range(1, ROWS + 1))
@pytest.mark.parametrize("seq", range(1, ROWS + 1))
def test_a_copied_row_is_found(chain: Chain, seq: int, at: int) -> None:
    """A row once more, behind any other one, is named with the one that it is a copy of."""
    connection = chain(ROWS)
    connection.execute(f"INSERT INTO ledger {COPY}", (99, seq))
    connection.execute("UPDATE ledger SET seq = 990 WHERE seq = 99")
    connection.execute("UPDATE ledger SET seq = -seq WHERE seq > ? AND seq < 990", (at,))
    connection.execute("UPDATE ledger SET seq = -seq + 1 WHERE seq < 0")
    connection.execute("UPDATE ledger SET seq = ? WHERE seq = 990", (at + 1,))
    said = texts(connection)
    # A copy right before the row itself is not to be told from it.
    assert any(f"row {number}:" in one for one in said for number in (at, at + 1, at + 2))
    if at in {seq, ROWS}:
        assert said[0].startswith(f"row {at + 1}: a copy of row {seq}")


@pytest.mark.parametrize("seq", range(1, ROWS + 1))
@pytest.mark.parametrize("link", [None, OTHER])
def test_a_row_written_anew_with_a_right_hash_is_found(
    chain: Chain, seq: int, link: str | None
) -> None:
    """Who can compute the hash is given away by the rows around it, or by the note of the end."""
    connection = chain(ROWS)
    connection.execute("DELETE FROM ledger WHERE seq = ?", (seq,))
    forge(connection, seq, link)
    (said,) = texts(connection)
    assert said.startswith(f"row {seq}: another row than the one that")


@pytest.mark.parametrize("left", range(ROWS))
def test_a_tail_that_was_cut_off_is_found(chain: Chain, left: int) -> None:
    """All rows that are missing at the end are named."""
    connection = chain(ROWS)
    connection.execute("DELETE FROM ledger WHERE seq > ?", (left,))
    (said,) = texts(connection)
    name = f"row {ROWS}" if left == ROWS - 1 else f"rows {left + 1} to {ROWS}"
    assert said == f"{name}: missing: rows were cut off the end"


@pytest.mark.parametrize("is_right", [True, False])
def test_an_added_row_that_is_not_noted_is_found(chain: Chain, *, is_right: bool) -> None:
    """A last row that somebody added is named, whether its hash is right or not."""
    connection = chain(ROWS)
    forge(connection, ROWS + 1)
    if not is_right:
        connection.execute("UPDATE ledger SET hash = 'none' WHERE seq = ?", (ROWS + 1,))
    assert texts(connection) == (
        f"row {ROWS + 1}: added behind the row that was noted as the newest",
    )


@pytest.mark.parametrize("seq", [0, -1, -(2**62)])
def test_a_row_before_the_first_is_found(chain: Chain, seq: int) -> None:
    """A row of a number that no row has is named, and no other one."""
    connection = chain(ROWS)
    forge(connection, seq)
    assert texts(connection) == (f"row {seq}: does not belong: rows count from 1",)


@pytest.mark.parametrize("value", [None, "", "nonsense", "6", f"7 {OTHER}"])
def test_a_note_that_was_changed_is_found(chain: Chain, value: str | None) -> None:
    """The note of the newest row cannot be dropped or changed unseen."""
    connection = chain(ROWS)
    if value is None:
        connection.execute("DELETE FROM meta WHERE key = ?", (NOTE,))
    else:
        connection.execute("UPDATE meta SET value = ? WHERE key = ?", (value, NOTE))
    assert len(texts(connection)) == 1


def test_several_damages_are_all_named(chain: Chain) -> None:
    """A break is told at its own place and hides none that comes after it."""
    connection = chain(12)
    connection.execute("UPDATE ledger SET event = 'x' WHERE seq = 2")
    connection.execute("DELETE FROM ledger WHERE seq = 5")
    connection.execute("UPDATE ledger SET hash = 'x' WHERE seq = 8")
    ledger.append(connection, "unusable", {"answer": "later", "reason": ""})
    connection.execute("DELETE FROM ledger WHERE seq = 13")
    assert texts(connection) == (
        "row 2: changed after it was written (what it says)",
        "row 5: missing",
        "row 8: changed after it was written (its hash alone)",
        "row 13: missing: rows were cut off the end",
    )


def test_a_table_of_another_kind_is_found(chain: Chain) -> None:
    """A table that was made anew, with numbers and bytes for texts, does not stop the check."""
    connection = chain(3)
    connection.execute("CREATE TABLE other AS SELECT * FROM ledger")
    connection.execute("DROP TABLE ledger")
    connection.execute("ALTER TABLE other RENAME TO ledger")
    connection.execute("UPDATE ledger SET body = x'ff00' WHERE seq = 1")
    connection.execute("UPDATE ledger SET at = 7 WHERE seq = 2")
    connection.execute("UPDATE ledger SET seq = 'three' WHERE seq = 3")
    assert [said.partition(":")[0] for said in texts(connection)] == ["rows 1 to 2", "row 3"]


def test_a_ledger_in_ruins_is_told_in_few_words(chain: Chain) -> None:
    """A hundred places are named, and the others counted."""
    connection = chain(400)
    connection.execute("UPDATE ledger SET event = event || seq WHERE seq % 2 = 0")
    said = texts(connection)
    assert len(said) == 101
    assert said[-1] == "row 202: and 100 more places from here on"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """Yield one store without guards, whose ledger is written again and again."""
    with closing(connect(tmp_path_factory.mktemp("stage") / "workflow")) as connection:
        connection.execute("DROP TRIGGER ledger_keeps")
        connection.execute("DROP TRIGGER ledger_stays")
        yield connection


COLUMNS = ("at", "event", "body", "previous", "hash")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_single_change_of_a_generated_ledger_goes_unseen(
    stage: Connection, data: st.DataObject
) -> None:
    """Whatever the ledger holds, and whatever one value becomes, its row is named."""
    facts = data.draw(st.lists(st.text(max_size=5), min_size=1, max_size=8))
    seq = data.draw(st.integers(1, len(facts)))
    column = data.draw(st.sampled_from(COLUMNS))
    value = data.draw(st.text(max_size=80))
    with transaction(stage):
        stage.execute("DELETE FROM ledger")
        for fact in facts:
            ledger.append(stage, "unusable", {"answer": fact, "reason": ""})
        before = stage.execute("SELECT * FROM ledger WHERE seq = ?", (seq,)).fetchone()
        statement = f"UPDATE ledger SET {column} = ? WHERE seq = ?"  # noqa: S608 - see above
        stage.execute(statement, (value, seq))
        after = stage.execute("SELECT * FROM ledger WHERE seq = ?", (seq,)).fetchone()
        named = [broken.seq for broken in ledger.verify(stage)[1]]
    assert named == ([] if tuple(before) == tuple(after) else [seq])


SEQ = st.integers(-1, 9)
STEP = st.tuples(
    st.sampled_from(
        [
            "DELETE FROM ledger WHERE seq = :one",
            "UPDATE OR IGNORE ledger SET seq = :two WHERE seq = :one",
            (
                "INSERT OR IGNORE INTO ledger SELECT :two, at, event, body, previous, hash"
                " FROM ledger WHERE seq = :one"
            ),
            "UPDATE ledger SET body = :two WHERE seq = :one",
            "UPDATE ledger SET hash = :two WHERE seq = :one",
            (
                "UPDATE ledger SET previous = (SELECT hash FROM ledger WHERE seq = :two)"
                " WHERE seq = :one AND EXISTS (SELECT 1 FROM ledger WHERE seq = :two)"
            ),
            (
                "UPDATE meta SET value = :two || ' ' || (SELECT hash FROM ledger LIMIT 1)"
                " WHERE key = 'ledger-head' AND EXISTS (SELECT 1 FROM ledger)"
            ),
        ]
    ),
    SEQ,
    SEQ,
)


def holds(connection: Connection) -> bool:
    """Whether a chain holds, asked in the plainest way, which names nothing."""
    previous, count = str(ledger.GENESIS), 0
    for count, row in enumerate(connection.execute("SELECT * FROM ledger ORDER BY seq"), 1):
        seq, at, event, body, link, said = row
        right = row_hash(seq, at, event, body, link)
        if (seq, link, said) != (count, previous, right):
            return False
        previous = said
    (note,) = connection.execute("SELECT value FROM meta WHERE key = ?", (NOTE,)).fetchone()
    return bool(note == f"{count} {previous}")


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=4))
def test_any_mix_of_damages_is_found(stage: Connection, steps: list[tuple[str, int, int]]) -> None:
    """However damages add up, the check breaks nothing and agrees with the plainest one."""
    with transaction(stage):
        stage.execute("DELETE FROM ledger")
        for number in range(ROWS):
            ledger.append(stage, "unusable", {"answer": str(number), "reason": ""})
        for statement, one, two in steps:
            stage.execute(statement, {"one": one, "two": two})
        assert (texts(stage) == ()) == holds(stage)
