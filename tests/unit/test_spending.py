"""No call is made that could pass a cap, by this command or by another one at the same moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.errors import SpendingError
from workflow.policy import Spending
from workflow.providers.interface import Model
from workflow.providers.prices import Price, Prices
from workflow.spending import Purse, dollars
from workflow.store import Store
from workflow.types import Answered, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.conftest import Spawn

# One dollar for a million tokens, so that a token is a microdollar.
PLAIN = Prices({"openai": Price(Decimal(1), Decimal(1))})
MODEL = Model("openai", "gpt-test", max_output_tokens=100)
LOCAL = Model("compatible", "local", max_output_tokens=100)
NOON = datetime(2027, 1, 31, 12, tzinfo=UTC)
RACE = """
import sys
from decimal import Decimal
from pathlib import Path
from workflow.errors import SpendingError
from workflow.policy import Spending
from workflow.providers.interface import Model
from workflow.providers.prices import Price, Prices
from workflow.spending import Purse
from workflow.store import Store
store = Store(Path(sys.argv[1]))
prices = Prices({"openai": Price(Decimal(1), Decimal(1))})
purse = Purse(Spending(day_microdollars=1000), store.answers, prices)
print("ready", flush=True)
sys.stdin.readline()
try:
    purse.require(Model("openai", "gpt-test", max_output_tokens=100), 500)
except SpendingError:
    print("refused", flush=True)
else:
    print("reserved", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Yield an empty store."""
    made = Store(tmp_path / "state")
    yield made
    made.close()


def purse_of(store: Store, prices: Prices = PLAIN, **caps: int) -> Purse:
    """Return the purse of a new change request."""
    return Purse(Spending(**caps), store.answers, prices)


def answer(
    store: Store, purse: Purse, usage: Usage, model: Model = MODEL, *, usable: bool = True
) -> None:
    """Record an answer as a provider does."""
    priced = purse.price(model, usage)
    made = Answered(model.provider, model.name, "surgical-edit", "surgeon", priced, usable)
    store.answered(made, b"an answer")


# --- caps -----------------------------------------------------------------------------------------


def test_without_caps_everything_goes(store: Store) -> None:
    """Also a model whose price nobody knows."""
    purse = purse_of(store)
    purse.require(MODEL, 10**9)
    purse.require(LOCAL, 10**9)


@pytest.mark.parametrize(
    ("cap", "words"),
    [
        ("request_tokens", "this request has taken 0 tokens; another answer may take 1,001"),
        ("day_tokens", "this day (UTC) has taken 0 tokens; another answer may take 1,001"),
        ("request_microdollars", "this request has cost $0.00; another answer may cost $0.001001"),
        ("day_microdollars", "this day (UTC) has cost $0.00; another answer may cost $0.001001"),
    ],
)
def test_a_call_may_reach_a_cap_and_not_pass_it(store: Store, cap: str, words: str) -> None:
    """The message says what was spent, what the call may take, and which key of the policy."""
    purse = purse_of(store, PLAIN, **{cap: 1000})
    purse.require(MODEL, 900)
    with pytest.raises(SpendingError) as raised:
        purse.require(MODEL, 901)
    assert words in raised.value.message
    assert f"(spending.{cap.replace('microdollars', 'usd')}); nothing was sent" in str(raised.value)
    assert "raise the cap in the policy" in raised.value.hint


def test_an_answer_counts_with_what_it_took(store: Store) -> None:
    """Less than was reserved leaves room for more; an unusable answer is paid for, too."""
    purse = purse_of(store, request_microdollars=1000)
    purse.require(MODEL, 900)
    answer(store, purse, Usage(300, 20))
    purse.require(MODEL, 580)
    answer(store, purse, Usage(500, 80), usable=False)
    with pytest.raises(SpendingError, match=r"has cost \$0.0009; another answer may cost \$0.0002"):
        purse.require(MODEL, 100)
    purse.require(MODEL, 0)


def test_a_request_has_its_own_cap_and_a_day_everybodys(store: Store) -> None:
    """What another request has spent counts for the day alone."""
    first = purse_of(store, request_tokens=500, day_tokens=1000)
    first.require(MODEL, 400)
    answer(store, first, Usage(400, 100))
    second = purse_of(store, request_tokens=500, day_tokens=1000)
    second.require(MODEL, 400)
    answer(store, second, Usage(400, 100))
    with pytest.raises(SpendingError, match="this day"):
        purse_of(store, request_tokens=500, day_tokens=1000).require(MODEL, 0)


def test_an_attempt_takes_the_place_of_the_one_before(store: Store) -> None:
    """A call that was turned away is tried again within the same reservation."""
    purse = purse_of(store, request_tokens=1000, day_tokens=1000)
    for _ in range(5):
        purse.require(MODEL, 900)
    assert store.answers.spent("2000-01-01").tokens == 1000


def test_what_is_released_is_free_again(store: Store) -> None:
    """A command that was turned away for good blocks nobody; to release twice does no harm."""
    purse = purse_of(store, day_tokens=1000)
    purse.require(MODEL, 900)
    purse.release()
    purse.release()
    purse_of(store, day_tokens=1000).require(MODEL, 900)


def test_a_refused_call_reserves_nothing(store: Store) -> None:
    """What was refused does not stand in the way of something smaller."""
    purse = purse_of(store, day_tokens=1000)
    with pytest.raises(SpendingError):
        purse.require(MODEL, 5000)
    purse_of(store, day_tokens=1000).require(MODEL, 900)


# --- days -----------------------------------------------------------------------------------------


def test_a_day_begins_anew(store: Store) -> None:
    """Answers and reservations of yesterday count no more, and those of today do."""
    caps = Spending(day_tokens=1000)
    yesterday = Purse(caps, store.answers, PLAIN, lambda: NOON - timedelta(hours=13))
    yesterday.require(MODEL, 900)
    today = Purse(caps, store.answers, PLAIN, lambda: NOON)
    today.require(MODEL, 900)
    assert store.connection.execute("SELECT count(*) FROM reserved").fetchone()[0] == 1
    evening = Purse(caps, store.answers, PLAIN, lambda: NOON + timedelta(hours=11))
    with pytest.raises(SpendingError):
        evening.require(MODEL, 900)


def test_an_answer_after_midnight_belongs_to_its_request(store: Store) -> None:
    """Somebody else's call has swept the reservation away by then."""
    times = [NOON - timedelta(hours=12, seconds=1)]
    purse = Purse(Spending(request_tokens=1000), store.answers, PLAIN, lambda: times[-1])
    purse.require(MODEL, 900)
    other = Store(store.folder)
    Purse(Spending(), other.answers, PLAIN, lambda: NOON).require(MODEL, 0)
    other.close()
    answer(store, purse, Usage(900, 100))
    times.append(NOON)
    with pytest.raises(SpendingError, match="this request has taken 1,000 tokens"):
        purse.require(MODEL, 0)


# --- unknown prices -------------------------------------------------------------------------------


@pytest.mark.parametrize("cap", ["request_microdollars", "day_microdollars"])
def test_a_cap_in_money_needs_a_price(store: Store, cap: str) -> None:
    """An unknown price could be any; the hint says how to give one."""
    purse = purse_of(store, PLAIN, **{cap: 10**12})
    with pytest.raises(SpendingError, match="the price of compatible local is not known") as raised:
        purse.require(LOCAL, 1)
    assert "[providers.compatible]" in raised.value.hint
    purse_of(store, request_tokens=10**6, day_tokens=10**6).require(LOCAL, 1)


def test_an_answer_of_unknown_price_closes_the_day(store: Store) -> None:
    """Under a cap in money, until a price is given: then it counts with its upper bound."""
    free = purse_of(store)
    free.require(LOCAL, 10)
    answer(store, free, Usage(700, 100), LOCAL)
    with pytest.raises(SpendingError, match="an answer of compatible local was recorded today"):
        purse_of(store, day_microdollars=10**9).require(MODEL, 0)
    purse_of(store, request_microdollars=10**9).require(MODEL, 0)
    both = {**PLAIN.given, "compatible": Price(Decimal(1), Decimal(2))}
    with pytest.raises(SpendingError, match=r"has cost \$0.001; another"):
        purse_of(store, Prices(both), day_microdollars=900).require(MODEL, 1)


def test_an_unknown_price_is_recorded_as_unknown(store: Store) -> None:
    """It is not zero in the store either."""
    purse = purse_of(store)
    assert purse.price(LOCAL, Usage(1, 1)).microdollars is None
    assert purse.price(MODEL, Usage(1, 1)).microdollars == 2


# --- two processes --------------------------------------------------------------------------------


def test_two_processes_cannot_pass_a_cap_together(store: Store, python: Spawn) -> None:
    """Each alone would stay below it; one of them is refused."""
    children = [python(RACE, store.folder) for _ in range(2)]
    assert [child.line() for child in children] == ["ready", "ready"]
    for child in children:
        child.tell("go")
    assert sorted(child.line() for child in children) == ["refused", "reserved"]


def test_what_a_killed_command_has_reserved_counts_until_midnight(
    store: Store, python: Spawn
) -> None:
    """Its call may have been answered, and paid for, with nobody there to record it."""
    child = python(RACE, store.folder)
    child.line()
    child.tell("go")
    assert child.line() == "reserved"
    child.kill()
    caps = Spending(day_microdollars=1000)
    with pytest.raises(SpendingError, match=r"this day \(UTC\) has cost \$0.0006"):
        Purse(caps, store.answers, PLAIN).require(MODEL, 400)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    Purse(caps, store.answers, PLAIN, lambda: tomorrow).require(MODEL, 400)


# --- always ---------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 100), st.booleans()), max_size=12))
def test_no_sequence_of_calls_passes_a_cap(
    tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[int, int, bool]]
) -> None:
    """Whatever is asked for and whatever comes back, as long as estimates are upper ones."""
    store = Store(tmp_path_factory.mktemp("state") / "state")
    purse = purse_of(store, request_microdollars=2000, day_tokens=3000)
    for size, out, is_answered in calls:
        try:
            purse.require(MODEL, size)
        except SpendingError:
            continue
        if is_answered:
            answer(store, purse, Usage(size, out))
        spent = store.answers.spent("2000-01-01")
        assert spent.microdollars <= 2000
        assert spent.tokens <= 3000
    store.close()


@pytest.mark.parametrize(
    ("microdollars", "words"),
    [
        (0, "$0.00"),
        (1, "$0.000001"),
        (10_000, "$0.01"),
        (125_000, "$0.125"),
        (1_200_000, "$1.20"),
        (1_234_000_000, "$1,234.00"),
    ],
)
def test_money_is_written_exactly(microdollars: int, words: str) -> None:
    """At least cents, and more where there is more."""
    assert dollars(microdollars) == words
