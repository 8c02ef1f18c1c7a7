"""A paid answer is kept with its row and its ledger row, or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from workflow import ledger
from workflow.answers import AnswerRow, Call, Spent
from workflow.canonical import sha256
from workflow.database import transaction
from workflow.store import Store
from workflow.types import Answered, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USAGE = Usage(1000, 200, 300, 4000, 50)
ANSWERED = Answered("anthropic", "claude-test", "surgical-edit", "surgeon", USAGE, True)
BODY = b'{"diff": "the words of a model"}'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Yield an empty store."""
    made = Store(tmp_path / "state")
    yield made
    made.close()


def test_an_answer_is_kept_and_recorded(store: Store) -> None:
    """Its bytes come back, its row has all it took, and the ledger says so without its words."""
    name = store.answered(ANSWERED, BODY)
    assert (name, store.kept(name)) == (sha256(BODY), BODY)
    (row,) = store.answers.rows()
    assert row == AnswerRow(
        *(row.at, "", "anthropic", "claude-test", "surgical-edit", "surgeon"),
        *(USAGE, True, "", name),
    )
    (fact,) = list(ledger.rows(store.connection))
    assert fact.event == "answer"
    assert fact.body == {
        "provider": "anthropic",
        "model": "claude-test",
        "recipe": "surgical-edit",
        "role": "surgeon",
        "usage": {
            "input_tokens": 1000,
            "output_tokens": 200,
            "cached_tokens": 300,
            "microdollars": 4000,
            "written_tokens": 50,
        },
        "is_usable": True,
        "reason": "",
        "answer": name,
    }
    assert "words of a model" not in json.dumps(fact.body)
    assert ledger.verify(store.connection) == (1, ())


def test_an_answer_of_unknown_price_that_cannot_be_used(store: Store) -> None:
    """Neither is lost: no price stays no price, and the reason stands beside it."""
    unknown = Answered("compatible", "m", "r", "architect", Usage(1, 2), False, "cut short")
    store.answered(unknown, b"")
    (row,) = store.answers.rows()
    assert (row.usage, row.is_usable, row.reason) == (Usage(1, 2), False, "cut short")


@pytest.mark.parametrize("count", [10**30, -(10**30), 2**63, -1])
def test_nonsense_is_recorded_as_far_as_it_can_be(store: Store, count: int) -> None:
    """A server that counts so was paid, and neither row nor sum nor ledger may fail over it."""
    usage = Usage(count, count, count, count, count)
    for _ in range(3):
        store.answered(Answered("compatible", "m", "r", "surgeon", usage, True), BODY)
    most = 10**12 if count > 0 else 0
    assert store.answers.rows()[0].usage == Usage(most, most, most, most, most)
    assert store.answers.spent("2000-01-01") == Spent(6 * most, 3 * most)
    assert ledger.verify(store.connection) == (3, ())


def test_the_same_answer_twice_is_two_answers(store: Store) -> None:
    """They were paid for twice."""
    assert store.answered(ANSWERED, BODY) == store.answered(ANSWERED, BODY)
    assert len(store.answers.rows()) == 2
    assert store.answers.spent("2000-01-01") == Spent(tokens=2400, microdollars=8000)


def test_all_or_nothing(store: Store) -> None:
    """When the ledger cannot be written, neither bytes nor row are there, and the chain holds."""
    store.connection.execute(
        "CREATE TRIGGER full BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'full'); END"
    )
    with pytest.raises(Exception, match="full"):
        store.answered(ANSWERED, BODY)
    assert store.answers.rows() == ()
    assert store.connection.execute("SELECT count(*) FROM blobs").fetchone()[0] == 0


def test_an_answer_settles_what_was_reserved(store: Store) -> None:
    """It takes the reservation's place and has its request's name."""
    call = Call("anthropic", "claude-test", 9000, 900, 50_000)
    store.answers.reserve(call, "request-1", "2027-01-31T10:00:00Z", lambda _mine, _day: None)
    assert store.answers.spent("2027-01-31") == Spent(9900, 50_000)
    store.answered(ANSWERED, BODY)
    assert store.answers.rows()[0].request == "request-1"
    assert store.connection.execute("SELECT count(*) FROM reserved").fetchone()[0] == 0


def test_sums_keep_apart_what_is_known(store: Store) -> None:
    """Known prices are summed, unknown ones listed by model; requests are told apart."""
    unknown = Answered("compatible", "m", "r", "surgeon", Usage(10, 2), True)
    for answered in (ANSWERED, unknown, unknown):
        store.answered(answered, BODY)
    unpriced = (Call("compatible", "m", 20, 4, None),)
    assert store.answers.spent("2000-01-01") == Spent(1224, 4000, unpriced)
    assert store.answers.spent("9999-01-01") == Spent()
    seen: list[tuple[Spent, Spent]] = []

    def look(mine: Spent, day: Spent) -> None:
        seen.append((mine, day))

    store.answers.reserve(Call("a", "b", 1, 1, 1), "other", ledger.now(), look)
    assert seen == [(Spent(), Spent(1224, 4000, unpriced))]


def test_other_stores_reservations_are_not_settled(store: Store) -> None:
    """An answer settles the call of its own command, and no other's."""
    other = Store(store.folder)
    call = Call("anthropic", "claude-test", 1, 1, 1)
    other.answers.reserve(call, "theirs", ledger.now(), lambda _mine, _day: None)
    store.answered(ANSWERED, BODY)
    assert store.answers.rows()[0].request == ""
    assert store.answers.spent("2000-01-01").tokens == 1202
    other.close()


def test_a_reservation_joins_an_outer_transaction(store: Store) -> None:
    """What is rolled back around it is not reserved."""
    call = Call("anthropic", "claude-test", 1, 1, 1)

    def interrupted() -> None:
        with transaction(store.connection):
            store.answers.reserve(call, "mine", ledger.now(), lambda _mine, _day: None)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert store.answers.spent("2000-01-01") == Spent()
