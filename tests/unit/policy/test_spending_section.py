"""Caps are read as they are written, and what is not written has none."""

from __future__ import annotations

import pytest

from workflow.policy import PolicyError, Spending, load
from workflow.resources import folder

DEFAULT = (folder("policies") / "default.yaml").read_bytes()
HEAD = DEFAULT.partition(b"spending:\n")[0]


def read(section: str) -> Spending:
    """Return the caps of the default policy with another section."""
    return load(HEAD + section.encode(), "policies/x.yaml").spending


def test_the_shipped_policies_have_caps() -> None:
    """Every one of them, and the strict ones are lower."""
    default = load(DEFAULT, "default").spending
    strict = load((folder("policies") / "strict.yaml").read_bytes(), "strict").spending
    assert default == Spending(1_000_000, 20_000_000, 400_000, 10_000_000, 3)
    assert strict == Spending(250_000, 2_000_000, 120_000, 1_000_000, 2)


@pytest.mark.parametrize("section", ["", "spending: {}\n"])
def test_what_is_not_there_has_no_cap(section: str) -> None:
    """A policy that was written before caps came says nothing of them."""
    assert read(section) == Spending(None, None, None, None, None)


@pytest.mark.parametrize(
    ("written", "microdollars"),
    [
        ("1", 1_000_000),
        ("0", 0),
        ("0.1", 100_000),
        ("0.29", 290_000),
        ("1.15", 1_150_000),
        ("0.0000019", 1),
        ("1000000", 10**12),
    ],
)
def test_money_is_read_to_the_millionth(written: str, microdollars: int) -> None:
    """As it is written in decimal, and never more than that."""
    assert read(f"spending: {{request_usd: {written}}}\n") == Spending(microdollars)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("{request_usd: -1}", "spending.request_usd"),
        ("{request_usd: 1e3}", "spending.request_usd"),
        ("{request_usd: one}", "spending.request_usd"),
        ("{day_usd: 1000001}", "spending.day_usd"),
        ("{day_tokens: 0}", "spending.day_tokens"),
        ("{request_tokens: 1.5}", "spending.request_tokens"),
        ("{rounds: 0}", "spending.rounds"),
        ("{month_usd: 5}", "month_usd"),
    ],
)
def test_what_is_no_cap_is_refused(section: str, words: str) -> None:
    """The key is named."""
    with pytest.raises(PolicyError, match=words):
        read(f"spending: {section}\n")
