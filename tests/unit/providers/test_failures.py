"""How a call that failed becomes an error that a person can act upon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.providers.failures import (
    BadKeyError,
    Callee,
    ConnectionLostError,
    Fault,
    NoCreditError,
    NotAnApiError,
    OverloadedError,
    RateLimitedError,
    RejectedError,
    TooLargeError,
    Trouble,
    UnknownModelError,
    code_of,
    failure,
    seconds_of,
    status_of,
)

if TYPE_CHECKING:
    from workflow.errors import ProviderError

WHO = "openai (gpt-x)"
THERE = Callee("openai", WHO, "https://api.example.test", "A_KEY", is_here=False)
HERE = Callee("compatible", WHO, "http://127.0.0.1:9", "A_KEY", is_here=True)
OF_STATUS = [
    (400, RejectedError, False),
    (401, BadKeyError, False),
    (402, NoCreditError, False),
    (403, BadKeyError, False),
    (404, UnknownModelError, False),
    (408, OverloadedError, True),
    (409, OverloadedError, True),
    (413, TooLargeError, False),
    (418, RejectedError, False),
    (422, RejectedError, False),
    (429, RateLimitedError, True),
    (500, OverloadedError, True),
    (501, OverloadedError, False),
    (502, OverloadedError, True),
    (503, OverloadedError, True),
    (504, OverloadedError, True),
    (529, OverloadedError, True),
]
OF_TROUBLE = [
    (Trouble.CONNECTION, ConnectionLostError, True),
    (Trouble.TIMEOUT, ConnectionLostError, True),
    (Trouble.NOBODY, ConnectionLostError, True),
    (Trouble.NO_NAME, ConnectionLostError, True),
    (Trouble.NO_TLS, ConnectionLostError, False),
    (Trouble.CERTIFICATE, ConnectionLostError, False),
    (Trouble.NOT_AN_API, NotAnApiError, False),
    (Trouble.UNREADABLE, NotAnApiError, False),
    (Trouble.TOO_LARGE, TooLargeError, False),
]


@pytest.mark.parametrize(("status", "kind", "passes"), OF_STATUS)
def test_each_status_has_its_error(status: int, kind: type[ProviderError], *, passes: bool) -> None:
    """With who and which status in the message, and a next step."""
    fault = Fault(Trouble.STATUS, status)
    error = failure(fault, THERE, 3)
    assert type(error) is kind
    assert fault.is_passing is passes
    assert WHO in error.message
    assert f"({status})" in error.message
    assert ("3 attempts" in error.message) is passes
    assert error.hint
    assert "{" not in error.hint


@pytest.mark.parametrize(("trouble", "kind", "passes"), OF_TROUBLE)
def test_each_trouble_has_its_error(
    trouble: Trouble, kind: type[ProviderError], *, passes: bool
) -> None:
    """Also those that have no status."""
    fault = Fault(trouble)
    error = failure(fault, THERE, 1)
    assert type(error) is kind
    assert fault.is_passing is passes
    assert WHO in error.message
    assert "attempts" not in error.message


def test_every_trouble_is_tried() -> None:
    """None is left out above."""
    assert {each for each, _, _ in OF_TROUBLE} | {Trouble.STATUS} == set(Trouble)


OF_CONNECTION = [
    (Trouble.NOBODY, "connection refused"),
    (Trouble.NO_NAME, "its name cannot be looked up"),
    (Trouble.NO_TLS, "does not speak TLS"),
    (Trouble.CERTIFICATE, "certificate is not trusted"),
    (Trouble.CONNECTION, "the connection broke"),
    (Trouble.NOT_AN_API, "no stream of events"),
]


@pytest.mark.parametrize(("trouble", "words"), OF_CONNECTION)
@pytest.mark.parametrize("callee", [THERE, HERE])
def test_a_connection_that_fails_says_where_and_why(
    callee: Callee, trouble: Trouble, words: str
) -> None:
    """The origin is in the message, and the setting and variable that it comes from in the hint."""
    error = failure(Fault(trouble), callee, 1)
    assert callee.origin in error.message
    assert words in error.message
    assert f"providers.{callee.provider}.base_url" in error.hint
    assert f"WORKFLOW_PROVIDERS__{callee.provider.upper()}__BASE_URL" in error.hint


def test_a_server_of_this_machine_may_have_to_be_started() -> None:
    """Elsewhere it may be the network."""
    assert failure(Fault(Trouble.NOBODY), HERE, 1).hint.startswith("start the server")
    assert failure(Fault(Trouble.NOBODY), THERE, 1).hint.startswith("look at the network")
    assert "http://" in failure(Fault(Trouble.NO_TLS), HERE, 1).hint
    assert "http://" not in failure(Fault(Trouble.NO_TLS), THERE, 1).hint


def test_a_hint_names_what_to_set() -> None:
    """The certificates, the key, and where a model may be known."""
    certificate = failure(Fault(Trouble.CERTIFICATE), THERE, 1)
    assert "export WORKFLOW_PROVIDERS__OPENAI__CA_FILE=" in certificate.hint
    assert "export A_KEY=" in failure(Fault(Trouble.STATUS, 401), THERE, 1).hint
    assert "providers.openai.base_url" in failure(Fault(Trouble.STATUS, 404), THERE, 1).hint


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_hard_limit_reached"])
def test_a_spent_quota_is_not_waited_for(code: str) -> None:
    """It comes with the status of a rate limit, and no second later is it any better."""
    fault = Fault(Trouble.STATUS, 429, code)
    assert not fault.is_passing
    assert type(failure(fault, THERE, 1)) is NoCreditError


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"error": {"type": "overloaded_error", "message": "…"}}, "overloaded_error"),
        ({"type": "error", "error": {"type": "rate_limit_error"}}, "rate_limit_error"),
        ({"code": "model_not_found", "type": "invalid_request_error"}, "model_not_found"),
        ({"code": None, "type": "server_error"}, "server_error"),
        ({"code": 500, "type": "server_error"}, "server_error"),
        ({"code": "of their own", "type": "made up"}, ""),
        ({"error": "words"}, ""),
        ({"error": None}, ""),
        ("words", ""),
        (None, ""),
        ([], ""),
    ],
)
def test_a_code_is_one_that_is_known(body: object, code: str) -> None:
    """From either vendor's error, and from nothing else."""
    assert code_of(body) == code


@given(word=st.text())
def test_no_other_word_passes_for_a_code(word: str) -> None:
    """A server that answers with our request cannot have it shown."""
    found = code_of({"error": {"code": f"x{word}", "type": f"y{word}"}})
    assert found == ""


def test_an_error_in_mid_stream_has_the_status_of_its_code() -> None:
    """One that is not known is the server's own: it had accepted the request."""
    assert status_of("overloaded_error") == 529
    assert status_of("rate_limit_exceeded") == 429
    assert status_of("") == status_of("never heard of") == 500


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("0", 0), ("2", 2), ("3600", 3600), ("1.5", 1.5), ("999999999999", 999_999_999_999)],
)
def test_a_time_to_wait_may_be_a_number(header: str, seconds: float) -> None:
    """Of seconds, with or without a fraction."""
    assert seconds_of(header) == seconds


def test_a_time_to_wait_may_be_a_date() -> None:
    """As HTTP writes it; one that has passed is now."""
    then = datetime.now(UTC) + timedelta(hours=1)
    assert 3_500 < (seconds_of(format_datetime(then, usegmt=True)) or 0) <= 3_600
    assert seconds_of("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert seconds_of("Wed, 21 Oct 2015 07:28:00 -0000") == 0


@pytest.mark.parametrize(
    "header", ["", "-1", "nan", "inf", "1e9", "soon", "9" * 400, "٣", "Wed, 99 Foo 2015 07:28:00"]
)
def test_another_time_to_wait_is_none(header: str) -> None:
    """What cannot be read is no reason to fail."""
    assert seconds_of(header) is None


@given(header=st.text())
def test_any_header_can_be_looked_at(header: str) -> None:
    """Nothing is raised, and nothing below zero comes out."""
    assert (seconds_of(header) or 0) >= 0
