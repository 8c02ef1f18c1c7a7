"""What an answer costs, by the price list that ships with `genai-prices` or by a price of yours.

Nothing is fetched: only that package's `UpdatePrices`, which nobody starts, asks the network.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.types import Usage

_MILLION = Decimal(1_000_000)
# Under their own names only: a server that answers for another may ask what it likes.
_LISTED = frozenset({"anthropic", "openai"})


@dataclass(frozen=True, slots=True)
class Price:
    """A price that settings give, in US dollars for a million tokens; 0 for a model of your own.

    `cached` is for tokens from the provider's cache, `input` where it is not given.
    """

    input: Decimal
    output: Decimal
    cached: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by provider and model; `given` are those of settings, by the provider's name, and win.

    Every sum is in millionths of a US dollar, rounded up.  `None` is a price that is not known,
    which is never zero.
    """

    given: Mapping[str, Price] = field(default_factory=lambda: MappingProxyType({}))

    def cost(self, provider: str, model: str, usage: Usage) -> int | None:
        """What an answer cost."""
        said = (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.written_tokens)
        if min(said) < 0:
            return None  # A server that counts so cannot be believed.
        cached = min(usage.cached_tokens, usage.input_tokens)
        written = min(usage.written_tokens, usage.input_tokens - cached)
        price = self.given.get(provider)
        if price is None:
            counts = _Counts(usage.input_tokens, usage.output_tokens, cached, written)
            return _listed(provider, model, counts)
        of_cached = price.input if price.cached is None else price.cached
        fresh = usage.input_tokens - cached
        total = fresh * price.input + cached * of_cached + usage.output_tokens * price.output
        return _rounded(total / _MILLION)

    def upper(self, provider: str, model: str, input_tokens: int, output_tokens: int) -> int | None:
        """The most that a call of at most this many tokens could cost.

        None of the input comes from a cache, and all of it is written to one where that costs more.
        """
        price = self.given.get(provider)
        if price is not None:
            dearest = max(price.input, price.cached or Decimal(0))
            return _rounded((input_tokens * dearest + output_tokens * price.output) / _MILLION)
        counts = [_Counts(input_tokens, output_tokens, written=n) for n in (0, input_tokens)]
        sums = [_listed(provider, model, one) for one in counts]
        return max((one for one in sums if one is not None), default=None)


@dataclass(frozen=True, slots=True)
class _Counts:
    """Tokens as the price list takes them: `cached` and `written` are parts of the input."""

    input: int
    output: int
    cached: int = 0
    written: int = 0


def _listed(provider: str, model: str, counts: _Counts) -> int | None:
    """A cost by the price list."""
    if provider not in _LISTED:
        return None
    import genai_prices  # noqa: PLC0415 - 0.3 s of CPU; only a paid answer needs it

    usage = genai_prices.Usage(
        input_tokens=counts.input,
        output_tokens=counts.output,
        cache_read_tokens=counts.cached,
        cache_write_tokens=counts.written,
    )
    try:
        found = genai_prices.calc_price(usage, model, provider_id=provider)
    except (LookupError, ValueError):
        return None
    # NOTE: what the list has no price for it counts as free: for models that make sound, say.
    listed = found.model_price
    if not listed.input_mtok or not listed.output_mtok:
        return None
    return _rounded(found.total_price)


def _rounded(dollars: Decimal) -> int:
    return int((dollars * _MILLION).to_integral_value(ROUND_CEILING))
