"""Stops before the call that could pass a cap of the policy, and says what an answer cost."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workflow.answers import Call, Spent
from workflow.errors import SpendingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.answers import Answers
    from workflow.policy import Spending
    from workflow.providers.interface import Model
    from workflow.providers.prices import Prices
    from workflow.types import Usage

_MILLION = 1_000_000


def _now() -> datetime:
    return datetime.now(UTC)


class Purse:
    """What one change request may still spend.  Implements `providers.interface.Purse`.

    `request` is the name of one that goes on: a revision counts with what it revises.

    Each call reserves the most that it can take, in the store and for all processes of the
    repository, until its answer is recorded.  An answer counts with what it cost, and one whose
    price was not known when it came with the most that it can have cost by the prices of now.
    """

    def __init__(
        self,
        caps: Spending,
        answers: Answers,
        prices: Prices,
        now: Callable[[], datetime] = _now,
        *,
        request: str = "",
    ) -> None:
        self._caps = caps
        self._answers = answers
        self._prices = prices
        self._now = now
        self._request = request or os.urandom(8).hex()

    def require(self, model: Model, input_tokens: int) -> None:
        """Reserve a call of this size, in place of an earlier one that was not answered.

        Raises `SpendingError` if it could pass a cap, or if there is a cap in money and a price is
        not known: of this model, or of one that has answered today.
        """
        most = model.max_output_tokens
        call = Call(
            provider=model.provider,
            model=model.name,
            input_tokens=input_tokens,
            output_tokens=most,
            microdollars=self._prices.upper(model.provider, model.name, input_tokens, most),
        )
        at = self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
        self._answers.reserve(call, self._request, at, lambda *spent: self._refusal(call, *spent))

    def release(self) -> None:
        """Give up the reservation of a call that certainly cost nothing: it was turned away."""
        self._answers.release()

    def price(self, model: Model, usage: Usage) -> Usage:
        """The same usage with what it cost, `None` where the price is not known."""
        cost = self._prices.cost(model.provider, model.name, usage)
        return replace(usage, microdollars=cost)

    def _refusal(self, call: Call, request: Spent, day: Spent) -> SpendingError | None:
        """Why a call may not be made after what this request and this day have spent."""
        caps = self._caps
        in_tokens = [
            (request, caps.request_tokens, "request_tokens", "this request"),
            (day, caps.day_tokens, "day_tokens", "this day (UTC)"),
        ]
        for spent, cap, key, whose in in_tokens:
            if cap is not None and spent.tokens + call.tokens > cap:
                said = f"{spent.tokens:,} tokens; another answer may take {call.tokens:,}"
                return _over(f"{whose} has taken {said}", f"{cap:,}", key)
        in_money = [
            (request, caps.request_microdollars, "request_usd", "this request"),
            (day, caps.day_microdollars, "day_usd", "this day (UTC)"),
        ]
        for spent, money_cap, key, whose in in_money:
            if money_cap is None:
                continue
            so_far = self._cost(spent)
            if isinstance(so_far, SpendingError):
                return so_far
            if call.microdollars is None:
                return _unpriced(call, key)
            if so_far + call.microdollars > money_cap:
                said = f"{dollars(so_far)}; another answer may cost {dollars(call.microdollars)}"
                return _over(f"{whose} has cost {said}", dollars(money_cap), key)
        return None

    def _cost(self, spent: Spent) -> int | SpendingError:
        """The known prices, and for an unknown one the most that it can be by the prices of now."""
        total = spent.microdollars
        for one in spent.unpriced:
            most = self._prices.upper(one.provider, one.model, one.input_tokens, one.output_tokens)
            if most is None:
                message = (
                    f"an answer of {one.provider} {one.model} was recorded today, and its price is "
                    "not known, so that nobody can say what the day has cost"
                )
                return SpendingError(message, hint=_mend(one.provider))
            total += most
        return total


def dollars(microdollars: int) -> str:
    """A sum of money for people, exactly: `$1.20`, `$0.000125`."""
    whole, rest = divmod(microdollars, _MILLION)
    digits = f"{rest:06d}".rstrip("0")
    return f"${whole:,}.{digits:0<2}"


def _over(said: str, cap: str, key: str) -> SpendingError:
    message = f"{said}, and the policy's cap is {cap} (spending.{key}); nothing was sent"
    hint = "ask for less at once, name fewer files, or raise the cap in the policy and commit it"
    return SpendingError(message, hint=hint)


def _unpriced(call: Call, key: str) -> SpendingError:
    message = (
        f"the price of {call.provider} {call.model} is not known, and the policy has a cap in "
        f"money (spending.{key}); nothing was sent"
    )
    return SpendingError(message, hint=_mend(call.provider))


def _mend(provider: str) -> str:
    return (
        f"give its price in workflow.toml, [providers.{provider}] (0 for a model of your own), "
        "choose a model whose price is known, or take the cap in money out of the policy"
    )
