"""Both SDKs over real sockets: what the guard lets pass arrives, and what it refuses does not."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.integration.redaction.remote_calls import (
    ANTHROPIC_CALLS,
    ANTHROPIC_MODEL,
    KEY,
    OPENAI_CALLS,
    SAYS,
    SECRET,
    anthropic_at,
    forms,
    leaks,
    openai_at,
)
from tests.loopback import Fault, Loopback, loopback
from workflow.redaction.egress.guard import EgressDeniedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anthropic import Anthropic
    from openai import OpenAI

    from workflow.redaction.egress.guard import Sent

CLEAN = 'add a /collect endpoint, please: é "quoted" \\ and ZQVX0123456789BC'
WHAT = re.escape("of kind password from config/prod.env, line 3")
AGAIN = (("retry-after-ms", "1"), ("x-should-retry", "true"))
MANY = tuple(f"Zq{number:04d}+vault/{number * 7919:x}" for number in range(200))


@pytest.fixture
def server() -> Iterator[Loopback]:
    """Run a provider on a loopback socket."""
    with loopback() as state:
        state.says = SAYS
        yield state


def assert_nothing_of(secret: str, raw: bytes) -> None:
    """The recorded bytes hold the value in no form, searched without the product's own code."""
    texts = [raw, *(text.encode() for text in _strings(raw))]
    for name, form in forms(secret).items():
        if not any(letter.isalnum() for letter in name) or "base64" in name:
            form = form[4:-8]  # noqa: PLW2901 - the characters that the value alone decides
        assert all(form.encode() not in text for text in texts), name


def _strings(raw: bytes) -> Iterator[str]:
    open_ends = [json.loads(raw[raw.index(b"\r\n\r\n") :])] if raw else []
    while open_ends:
        each = open_ends.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            open_ends += [*each, *each.values()]
        elif isinstance(each, list):
            open_ends += each


@pytest.mark.parametrize("call", OPENAI_CALLS)
def test_openai_arrives_without_values(
    call: Callable[[OpenAI, str], object], server: Loopback
) -> None:
    """A clean call works, is recorded byte for byte, and no value of 200 is on the socket."""
    records: list[Sent] = []
    with openai_at(server, leaks(SECRET, *MANY), records.append) as client:
        assert call(client, CLEAN)
    (arrived,) = server.arrived
    (sent,) = records
    assert sent.body == arrived.body
    assert sent.destination == f"{server.origin}{arrived.path}"
    assert sent.model == arrived.json["model"]
    for secret in (SECRET, *MANY[::500]):
        assert_nothing_of(secret, arrived.raw)
    assert arrived.raw.count(KEY.encode()) == 1


@pytest.mark.parametrize("call", ANTHROPIC_CALLS)
def test_anthropic_arrives_without_values(
    call: Callable[[Anthropic, str], object], server: Loopback
) -> None:
    """A clean call works, is recorded byte for byte, and no value of 200 is on the socket."""
    records: list[Sent] = []
    with anthropic_at(server, leaks(SECRET, *MANY), records.append) as client:
        assert call(client, CLEAN)
    (arrived,) = server.arrived
    (sent,) = records
    assert sent.body == arrived.body
    assert sent.model == ANTHROPIC_MODEL
    for secret in (SECRET, *MANY[::500]):
        assert_nothing_of(secret, arrived.raw)
    assert arrived.raw.count(KEY.encode()) == 1


@pytest.mark.parametrize("call", OPENAI_CALLS)
def test_openai_with_a_value_is_refused(
    call: Callable[[OpenAI, str], object], server: Loopback
) -> None:
    """A value in any form: our error reaches the caller, and not one byte the socket."""
    records: list[Sent] = []
    with openai_at(server, leaks(SECRET), records.append) as client:
        for form in forms(SECRET).values():
            with pytest.raises(EgressDeniedError, match=WHAT):
                call(client, f"the value is {form}, see?")
    assert (server.arrived, server.connections, records) == ([], 0, [])


@pytest.mark.parametrize("call", ANTHROPIC_CALLS)
def test_anthropic_with_a_value_is_refused(
    call: Callable[[Anthropic, str], object], server: Loopback
) -> None:
    """A value in any form: our error reaches the caller, and not one byte the socket."""
    records: list[Sent] = []
    with anthropic_at(server, leaks(SECRET), records.append) as client:
        for form in forms(SECRET).values():
            with pytest.raises(EgressDeniedError, match=WHAT):
                call(client, f"the value is {form}, see?")
    assert (server.arrived, server.connections, records) == ([], 0, [])


@pytest.mark.parametrize("status", [429, 500, 529])
def test_each_attempt_is_recorded(status: int, server: Loopback) -> None:
    """A retried call is judged and recorded once for each attempt, with the same bytes."""
    records: list[Sent] = []
    server.faults += [Fault(status, AGAIN), Fault(drop=True), Fault(status, AGAIN)]
    with openai_at(server, leaks(SECRET), records.append) as client:
        assert OPENAI_CALLS[0](client.with_options(max_retries=3), CLEAN)
    server.faults += [Fault(status, AGAIN), Fault(drop=True), Fault(status, AGAIN)]
    with anthropic_at(server, leaks(SECRET), records.append) as client_2:
        assert ANTHROPIC_CALLS[0](client_2.with_options(max_retries=3), CLEAN)
    assert [sent.body for sent in records] == [arrived.body for arrived in server.arrived]
    assert len(records) == 8
    assert len({sent.digest for sent in records}) == 2


def test_a_value_learned_between_attempts_stops_the_retry(server: Loopback) -> None:
    """The vault grows while a call is being retried: the next attempt is judged by what is new."""
    learned = leaks()
    server.faults += [Fault(500, AGAIN)]
    known: list[str] = []
    found = leaks(SECRET)
    learned._source = lambda: found._source() if known else ()

    def record(sent: Sent) -> None:
        known.append(sent.digest)

    with openai_at(server, learned, record) as client, pytest.raises(EgressDeniedError):
        OPENAI_CALLS[0](client, SECRET)
    assert len(server.arrived) == 1


@pytest.mark.parametrize("retries", [0, 4])
def test_a_denial_is_not_retried(retries: int, server: Loopback) -> None:
    """The vault is asked once, whatever `max_retries` says."""
    searches: list[int] = []
    found = leaks(SECRET)
    source = found._source

    def counted() -> object:
        searches.append(1)
        return source()

    found._source = counted  # type: ignore[assignment]  # counts, and passes on
    text = "".join(f"\\u{ord(each):04x}" for each in SECRET)
    with (
        anthropic_at(server, found, retries=retries) as client,
        pytest.raises(EgressDeniedError) as caught,
    ):
        ANTHROPIC_CALLS[0](client, SECRET + text)
    assert len(searches) == 1
    assert SECRET not in str(caught.value) + caught.value.hint + repr(caught.value)


def test_compressed_answers_are_read(server: Loopback) -> None:
    """An answer in gzip is no fault: only what leaves has to be readable."""
    server.faults += [Fault(gzip=True), Fault(gzip=True)]
    with openai_at(server, leaks()) as client, anthropic_at(server, leaks()) as client_2:
        assert OPENAI_CALLS[0](client, CLEAN) == SAYS
        assert ANTHROPIC_CALLS[0](client_2, CLEAN)


def test_cookies_are_not_kept(server: Loopback) -> None:
    """A cookie that a provider sets neither goes back to it nor makes the guard refuse."""
    server.faults += [Fault(headers=(("Set-Cookie", "__cf_bm=abc; Path=/"),))]
    server.faults[0] = Fault(200, server.faults[0].headers)
    with openai_at(server, leaks()) as client:
        OPENAI_CALLS[6](client, CLEAN)
        OPENAI_CALLS[6](client, CLEAN)
    assert len(server.arrived) == 2
    assert b"cookie" not in server.raw.lower()
