"""Costs are those of the price list, worked out by hand, and unknown is never zero."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from functools import cache

import pytest
from genai_prices.data import providers as listed_providers
from hypothesis import given
from hypothesis import strategies as st

from workflow.providers.prices import Price, Prices
from workflow.types import Usage

LISTED = Prices()


@cache
def models() -> tuple[tuple[str, str], ...]:
    """Return every model of both vendors that has a price for text."""
    found = [
        (provider.id, model.id)
        for provider in listed_providers
        if provider.id in {"openai", "anthropic"}
        for model in provider.models
        if LISTED.cost(provider.id, model.id, Usage(1000, 1000)) is not None
    ]
    assert len(found) > 50
    return tuple(found)


@pytest.mark.parametrize(
    ("provider", "model", "usage", "microdollars"),
    [
        # $1.25 and $10 for a million: 2,000 x 1.25 + 1,000 x 10
        ("openai", "gpt-5.1", Usage(2000, 1000), 12_500),
        # of these, 1,500 from the cache at $0.125: 500 x 1.25 + 1,500 x 0.125 + 10,000, rounded up
        ("openai", "gpt-5.1", Usage(2000, 1000, 1500), 10_813),
        # $0.15 and $0.60
        ("openai", "gpt-4o-mini", Usage(1_000_000, 100_000), 210_000),
        # $1 and $5
        ("anthropic", "claude-haiku-4-5", Usage(3000, 200), 4000),
        ("anthropic", "claude-haiku-4-5-20251001", Usage(3000, 200), 4000),
        # $0.10 from the cache, $1.25 into it: 500 x 1 + 1,500 x 0.1 + 1,000 x 1.25 + 200 x 5
        ("anthropic", "claude-haiku-4-5", Usage(3000, 200, 1500, None, 1000), 2900),
        # $3 and $15 up to 200,000 tokens of input, $6 and $22.50 for all of them above
        ("anthropic", "claude-sonnet-4-5", Usage(200_000, 1000), 615_000),
        ("anthropic", "claude-sonnet-4-5", Usage(200_001, 1000), 1_222_506),
        ("openai", "gpt-5.1", Usage(0, 0), 0),
        # one token at $1.25 for a million
        ("openai", "gpt-5.1", Usage(1, 0), 2),
    ],
)
def test_costs_by_hand(provider: str, model: str, usage: Usage, microdollars: int) -> None:
    """Input, output, both sides of the cache and tiers, each rounded up once, at the end."""
    assert LISTED.cost(provider, model, usage) == microdollars


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-unheard-of"),
        ("anthropic", "gpt-5.1"),
        ("compatible", "gpt-5.1"),
        ("openai-like", "gpt-5.1"),
        ("groq", "llama-3.1-8b-instant"),
        ("", ""),
        # On the list, with a price for sound, or for input alone, or with none.
        ("openai", "gpt-transcribe"),
        ("openai", "text-embedding-3-small"),
        ("openai", "omni-moderation-latest"),
    ],
)
def test_an_unknown_price_is_unknown(provider: str, model: str) -> None:
    """It is not zero, neither for what came nor for what may come."""
    assert LISTED.cost(provider, model, Usage(1000, 1000)) is None
    assert LISTED.upper(provider, model, 1000, 1000) is None


@pytest.mark.parametrize("usage", [Usage(-1, 0), Usage(0, -1), Usage(1, 0, -1)])
def test_negative_counts_cost_nobody_knows_what(usage: Usage) -> None:
    """A server that counts so does not earn money back, with a price of ours or without."""
    given_price = Prices({"openai": Price(Decimal(1), Decimal(1))})
    assert LISTED.cost("openai", "gpt-5.1", usage) is None
    assert given_price.cost("openai", "gpt-5.1", usage) is None


def test_more_from_the_cache_than_came_in_is_all_from_the_cache() -> None:
    """Counts that contradict each other still have a price."""
    assert LISTED.cost("openai", "gpt-5.1", Usage(1000, 0, 5000, None, 9)) == 125


def test_a_given_price_wins() -> None:
    """It is for every model of that provider, also one that is on the list; others keep theirs."""
    prices = Prices(
        {
            "openai": Price(Decimal("2.5"), Decimal(7)),
            "compatible": Price(Decimal(0), Decimal(0)),
            "anthropic": Price(Decimal(3), Decimal(1), Decimal("0.5")),
        }
    )
    assert prices.cost("openai", "gpt-5.1", Usage(1000, 100, 400)) == 2500 + 700
    assert prices.cost("compatible", "qwen", Usage(1000, 100)) == 0
    assert prices.upper("compatible", "qwen", 1000, 100) == 0
    assert prices.cost("anthropic", "x", Usage(1000, 100, 400)) == 600 * 3 + 200 + 100
    assert prices.upper("anthropic", "x", 1000, 100) == 3000 + 100
    assert Prices({"a": Price(Decimal(1), Decimal(1), Decimal(2))}).upper("a", "x", 10, 0) == 20


@pytest.mark.parametrize(
    ("provider", "model", "most"),
    [
        # no surcharge: 10,000 x 1.25 + 1,000 x 10
        ("openai", "gpt-5.1", 22_500),
        # all of it written to the cache: 10,000 x 1.25 + 1,000 x 5
        ("anthropic", "claude-haiku-4-5", 17_500),
    ],
)
def test_the_most_that_a_call_can_cost_by_hand(provider: str, model: str, most: int) -> None:
    """Nothing comes from the cache, and what is written to it may cost more."""
    assert LISTED.upper(provider, model, 10_000, 1000) == most


@given(st.data())
def test_no_answer_costs_more_than_its_upper_bound(data: st.DataObject) -> None:
    """Whatever came from the cache or went to it, for every model of both vendors."""
    provider, model = data.draw(st.sampled_from(models()))
    most_in, most_out = data.draw(st.tuples(*[st.integers(0, 1_000_000)] * 2))
    used = data.draw(st.integers(0, most_in))
    cached = data.draw(st.integers(0, used))
    written = data.draw(st.integers(0, used - cached))
    out = data.draw(st.integers(0, most_out))
    cost = LISTED.cost(provider, model, Usage(used, out, cached, None, written))
    upper = LISTED.upper(provider, model, most_in, most_out)
    assert cost is not None
    assert upper is not None
    assert cost <= upper


def test_the_list_is_imported_for_a_paid_answer_only() -> None:
    """Neither our module nor a price of settings needs it, and nothing updates it."""
    code = """
import sys
from decimal import Decimal
from workflow.providers.prices import Price, Prices
from workflow.types import Usage
Prices({"a": Price(Decimal(1), Decimal(1))}).cost("a", "b", Usage(1, 1))
Prices().cost("compatible", "b", Usage(1, 1))
assert "genai_prices" not in sys.modules
assert Prices().cost("openai", "gpt-5.1", Usage(1, 1)) == 12
from genai_prices import data_snapshot
assert data_snapshot._custom_snapshot is None
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
