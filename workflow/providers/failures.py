"""What goes wrong between us and a remote provider: one class for each, with what to do next.

A provider's own error text may quote our request, so no message shows more of it than a code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from http import HTTPStatus
from typing import assert_never

from workflow.errors import ProviderError

_SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
_STATUSES = {
    "context_length_exceeded": 400,
    "invalid_prompt": 400,
    "invalid_request_error": 400,
    "string_above_max_length": 400,
    "unsupported_parameter": 400,
    "unsupported_value": 400,
    "account_deactivated": 401,
    "authentication_error": 401,
    "incorrect_api_key": 401,
    "invalid_api_key": 401,
    "billing_error": 402,
    "permission_error": 403,
    "unsupported_country_region_territory": 403,
    "model_not_found": 404,
    "not_found_error": 404,
    "request_too_large": 413,
    "billing_hard_limit_reached": 429,
    "insufficient_quota": 429,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "tokens_exceeded": 429,
    "api_error": 500,
    "internal_error": 500,
    "server_error": 500,
    "server_is_overloaded": 503,
    "service_unavailable": 503,
    "slow_down": 503,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""Codes of errors, and the statuses that they come with.  No other code is shown: a server that
answers with our own words could put them where the code belongs.
"""
_PASSING = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
_NO_CREDIT = frozenset({"billing_error", "billing_hard_limit_reached", "insufficient_quota"})


class BadKeyError(ProviderError):
    """The provider does not take the key, or the key may not do this (401, 403)."""


class NoCreditError(ProviderError):
    """The provider's account has no credit left (402, or 429 for a spent quota)."""


class UnknownModelError(ProviderError):
    """The provider does not know the model, or the address (404)."""


class RejectedError(ProviderError):
    """The provider does not accept the request as it is (400, 422 and the like)."""


class RateLimitedError(ProviderError):
    """The provider wants fewer requests (429), for longer than we may wait."""


class OverloadedError(ProviderError):
    """The provider fails or is overloaded (408, 409, 5xx), also after our attempts."""


class RefusalError(ProviderError):
    """The model refuses to answer, or a filter of the provider stopped it."""


class TruncatedError(ProviderError):
    """The answer ended at the most tokens it may have; the same would come again."""


class EmptyAnswerError(ProviderError):
    """The answer is complete and has nothing in it."""


class WrongFormError(ProviderError):
    """The answer is not in the form asked for: wrong tool, two calls, no JSON, no forecast."""


class WrongStopError(ProviderError):
    """The answer ended for a reason that we did not ask for."""


class NotAnApiError(ProviderError):
    """What answers at this address is no such API: a web page, or another content type."""


class ConnectionLostError(ProviderError):
    """No connection, one that cannot be trusted, or one that broke, also after our attempts."""


class DeadlineError(ProviderError):
    """The deadline over all attempts has passed, or the provider wants us to wait beyond it."""


class TooLargeError(ProviderError):
    """The prompt or the answer is larger than it may be."""


class Trouble(Enum):
    """What kind of fault a call met, in words."""

    STATUS = "the provider said so"
    """By a status, or by an error in the stream."""
    CONNECTION = "the connection broke"
    """In the middle, or in an unknown way when it was made."""
    NOBODY = "connection refused"
    NO_NAME = "its name cannot be looked up"
    NO_TLS = "what answers there does not speak TLS"
    CERTIFICATE = "its certificate is not trusted"
    TIMEOUT = "nothing came"
    UNREADABLE = "what came cannot be read"
    """Broken JSON, or not Unicode."""
    NOT_AN_API = "what came is no stream of events"
    """A web page, or another content type."""
    TOO_LARGE = "too much came"


class Fault(Exception):  # noqa: N818 - no person sees it: `failure` makes an error of it
    """A call that failed, without any of the provider's words.

    `status` is 0 where there was none; `code` is empty or a known one; `retry_after_s` is how
    long the provider asks us to wait.
    """

    def __init__(
        self,
        trouble: Trouble,
        status: int = 0,
        code: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(trouble, status, code)
        self.trouble = trouble
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s

    @property
    def is_of_connection(self) -> bool:
        """Whether the connection, and not what came over it, is the trouble."""
        return self.trouble in _OF_CONNECTION

    @property
    def is_passing(self) -> bool:
        """Whether the same request may fare better a little later."""
        if self.trouble is Trouble.STATUS:
            return self.status in _PASSING and self.code not in _NO_CREDIT
        return self.is_of_connection

    def __str__(self) -> str:
        """A few words for a person, without the provider's name."""
        if self.trouble is Trouble.STATUS:
            return " ".join(filter(None, (str(self.status or ""), self.code))) or "no reason given"
        return str(self.trouble.value)


_OF_CONNECTION = frozenset({Trouble.CONNECTION, Trouble.NOBODY, Trouble.NO_NAME, Trouble.TIMEOUT})


@dataclass(frozen=True, slots=True)
class Callee:
    """Who was called, as a person can be told: without a path, a key or a user's name.

    `who` is `provider (model)`, `origin` is as in `https://api.example.test`, and `key_variable` is
    the one that holds the key; `is_here` says that the server is one on this machine.
    """

    provider: str
    who: str
    origin: str
    key_variable: str
    is_here: bool

    @property
    def setting(self) -> str:
        """Where the address is set."""
        variable = f"WORKFLOW_PROVIDERS__{self.provider.upper()}__BASE_URL"
        return f"providers.{self.provider}.base_url ({variable} in the environment comes first)"

    @property
    def reach(self) -> str:
        """What to do when nothing comes from there."""
        first = "start the server" if self.is_here else "look at the network"
        return f"{first}, or correct {self.setting}"


def failure(fault: Fault, callee: Callee, attempts: int) -> ProviderError:
    """The error for a call that is not tried again, and was tried `attempts` times."""
    who, there = callee.who, callee.origin
    times = "" if attempts == 1 else f", also at the last of {attempts} attempts"
    match fault.trouble:
        case Trouble.STATUS:
            return _of_status(fault, callee, times)
        case Trouble.CONNECTION | Trouble.TIMEOUT:
            return ConnectionLostError(
                f"no whole answer came from {who} at {there}: {fault}{times}", hint=callee.reach
            )
        case Trouble.NOBODY | Trouble.NO_NAME:
            return ConnectionLostError(
                f"{who} cannot be reached at {there}: {fault}{times}", hint=callee.reach
            )
        case Trouble.NO_TLS | Trouble.CERTIFICATE:
            return _of_tls(fault, callee)
        case Trouble.NOT_AN_API | Trouble.UNREADABLE:
            return NotAnApiError(
                f"what answers at {there} is not the API of {who}: {fault}",
                hint=f"correct {callee.setting}",
            )
        case Trouble.TOO_LARGE:
            return TooLargeError(
                f"the answer of {who} is larger than any draft may be",
                hint="ask for less at once, or of another model",
            )
    assert_never(fault.trouble)


def _of_tls(fault: Fault, callee: Callee) -> ProviderError:
    hint = f"correct {callee.setting}"
    if fault.trouble is Trouble.CERTIFICATE:
        variable = f"WORKFLOW_PROVIDERS__{callee.provider.upper()}__CA_FILE"
        hint = f"export {variable}=… with the authorities (PEM) of that server, or {hint}"
    elif callee.is_here:
        hint += ": without TLS it begins with http://"
    return ConnectionLostError(
        f"{callee.who} cannot be reached at {callee.origin}: {fault}", hint=hint
    )


def _of_status(fault: Fault, callee: Callee, times: str) -> ProviderError:
    status = HTTPStatus.PAYMENT_REQUIRED if fault.code in _NO_CREDIT else fault.status
    if status not in _OF_STATUS and status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        status = HTTPStatus.INTERNAL_SERVER_ERROR
    kind, words, hint = _OF_STATUS.get(status, _REJECTED)
    message = f"{callee.who} {words} ({fault}){times if fault.is_passing else ''}"
    return kind(message, hint=hint.format(key=callee.key_variable, setting=callee.setting))


_LATER = "ask again later, or choose another provider in workflow.toml"
_KEY = "export {key}=… with a valid key, or choose the offline provider"
_OVERLOADED = (OverloadedError, "fails or is overloaded", _LATER)
_OF_STATUS: dict[int, tuple[type[ProviderError], str, str]] = {
    401: (BadKeyError, "does not take the key", _KEY),
    402: (NoCreditError, "wants to be paid first", "pay the provider, or choose another one"),
    403: (BadKeyError, "does not let the key do this", _KEY),
    404: (
        UnknownModelError,
        "is not known there",
        "correct the model in workflow.toml, or {setting}",
    ),
    408: _OVERLOADED,
    409: _OVERLOADED,
    413: (TooLargeError, "does not take a prompt of this size", "name fewer or smaller files"),
    429: (RateLimitedError, "takes no more requests for now", _LATER),
    500: _OVERLOADED,
}
"""By status: the error, what is said of the provider, and what to do: a format of the variable that
has the key, and of where the address is set.
"""
_REJECTED = (RejectedError, "does not accept the request", "choose another model in workflow.toml")


def code_of(body: object) -> str:
    """The code in an error's body, or else its type; empty when neither is a known one."""
    inner = body.get("error", body) if isinstance(body, dict) else None
    if not isinstance(inner, dict):
        return ""
    found = (inner.get("code"), inner.get("type"))
    return next((each for each in found if isinstance(each, str) and each in _STATUSES), "")


def status_of(code: str) -> int:
    """The status of an error in the middle of a stream; the server's fault if it is not known.

    The request itself had been accepted then.
    """
    return _STATUSES.get(code, HTTPStatus.INTERNAL_SERVER_ERROR)


def seconds_of(header: str) -> float | None:
    """A Retry-After in seconds, which may be a number or a date; `None` for neither."""
    if _SECONDS.fullmatch(header):
        return float(header)
    try:
        then = parsedate_to_datetime(header)
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max((then - datetime.now(UTC)).total_seconds(), 0)
