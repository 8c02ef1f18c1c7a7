"""Requests that cannot be judged, or not recorded: nothing of them reaches the socket."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.integration.redaction.remote_calls import (
    ANTHROPIC_CALLS,
    KEY,
    OPENAI_CALLS,
    OPENAI_MODEL,
    SECRET,
    anthropic_at,
    leaks,
    openai_at,
)
from tests.loopback import Loopback, loopback
from workflow.redaction.egress.guard import EgressDeniedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from workflow.redaction.egress.guard import Sent

OTHER_KEY = KEY[::-1]


@pytest.fixture
def server() -> Iterator[Loopback]:
    """Run the provider that requests are meant for."""
    with loopback() as state:
        yield state


GOOD = json.dumps({"model": OPENAI_MODEL, "input": "go"}).encode()
JSON: dict[str, str] = {"content-type": "application/json"}


class _Broken(httpx2.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        yield GOOD[:9]
        message = f"cannot read on after {SECRET}"
        raise OSError(message)


async def _later() -> AsyncIterator[bytes]:
    yield GOOD


UNJUDGED: tuple[dict[str, Any], ...] = (
    {"content": gzip.compress(GOOD), "headers": {**JSON, "content-encoding": "gzip"}},
    {"content": GOOD, "headers": {**JSON, "content-encoding": "identity"}},
    {"content": gzip.compress(GOOD), "headers": JSON},
    {"content": GOOD.decode().encode("utf-16"), "headers": JSON},
    {"content": b"\xef\xbb\xbf" + GOOD, "headers": JSON},
    {"content": GOOD.replace(b"go", b"\xff"), "headers": JSON},
    {"content": b'{"model": "a", "model": "b"}', "headers": JSON},
    {"content": b'{"model": NaN}', "headers": JSON},
    {"content": GOOD + GOOD, "headers": JSON},
    {"content": b"[]", "headers": JSON},
    {"content": b"[" * 99999, "headers": JSON},
    {"content": b"", "headers": JSON},
    {"content": GOOD},
    {"content": GOOD, "headers": {"content-type": "text/plain"}},
    {"files": {"file": GOOD}},
    {"data": {"input": "go"}},
    {"content": _Broken(), "headers": JSON},
    {"content": GOOD, "headers": {**JSON, "host": "example.invalid"}},
    {"content": GOOD, "headers": {**JSON, "x-other": "1"}},
    {"content": GOOD, "headers": {**JSON, "cookie": "a=b"}},
    {"content": GOOD, "headers": {**JSON, "trailer": "x-other"}},
    {"content": GOOD, "headers": {**JSON, "user-agent": SECRET[:12] + "Zq"}},
    {"content": GOOD, "headers": {**JSON, "user-agent": f"key {KEY}"}},
    {"content": GOOD, "headers": {**JSON, "authorization": f"Bearer {OTHER_KEY}"}},
    {"content": GOOD, "headers": [*JSON.items(), ("accept", "a"), ("accept", "b")]},
    {"content": GOOD, "headers": JSON, "auth": ("ada", OTHER_KEY)},
    {"content": GOOD, "headers": JSON, "extensions": {"sni_hostname": "example.invalid"}},
    {"content": GOOD, "headers": JSON, "extensions": {"target": b"/v1/files"}},
    {"content": GOOD, "headers": JSON, "params": {"to": SECRET}},
    {"content": GOOD.replace(b"go", KEY.encode()), "headers": JSON},
    {"content": GOOD.replace(b"go", KEY.encode().hex().encode()), "headers": JSON},
)


@pytest.mark.parametrize("words", UNJUDGED)
def test_what_cannot_be_judged_is_refused(words: dict[str, Any], server: Loopback) -> None:
    """The raw HTTP client of an SDK is guarded, too, and refuses what is not plain JSON."""
    with openai_at(server, leaks(SECRET[:12] + "Zq")) as client:
        with pytest.raises(EgressDeniedError) as caught:
            client._client.post(f"{server.v1}/responses", **words)
        assert server.connections == 0
        client._client.post(f"{server.v1}/responses", content=GOOD, headers=JSON)
    assert SECRET not in str(caught.value)
    assert len(server.arrived) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://ada:word@{}/v1/responses",
        "http://{}/v1/responses/",
        "http://{}/v1//responses",
        "http://{}/V1/responses",
        "http://{}/v1/responses?",
        "http://{}/v1/responses?a=b",
        "https://{}/v1/responses",
        "http://localhost:{port}/v1/responses",
        "http://127.0.0.2:{port}/v1/responses",
        "http://[::1]:{port}/v1/responses",
    ],
)
def test_only_the_exact_address_is_allowed(url: str, server: Loopback) -> None:
    """Another spelling of the address is another address."""
    there = url.format(server.origin.partition("://")[2], port=server.port)
    with openai_at(server, leaks()) as client, pytest.raises(EgressDeniedError):
        client._client.post(there, content=GOOD, headers=JSON)
    assert server.connections == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "CONNECT", "QUERY"])
def test_only_post_is_allowed(method: str, server: Loopback) -> None:
    """No other method has a use."""
    with openai_at(server, leaks()) as client, pytest.raises(EgressDeniedError):
        client._client.request(method, f"{server.v1}/responses", content=GOOD, headers=JSON)
    assert server.connections == 0


def test_a_streamed_body_is_read_before_it_leaves(server: Loopback) -> None:
    """A value in the last piece of a body stops all of it; a clean one arrives in one piece."""
    with openai_at(server, leaks(SECRET[:12])) as client:
        pieces = [GOOD[:20], GOOD[20:-2], SECRET[:5].encode(), SECRET[5:12].encode(), b'"}']
        with pytest.raises(EgressDeniedError, match="of kind password"):
            client._client.post(f"{server.v1}/responses", content=iter(pieces), headers=JSON)
        assert server.connections == 0
        pieces = [GOOD[:20], GOOD[20:]]
        client._client.post(f"{server.v1}/responses", content=iter(pieces), headers=JSON)
    (arrived,) = server.arrived
    assert arrived.body == GOOD
    assert b"chunked" not in arrived.head.lower()


def test_credentials_in_an_address_are_refused(server: Loopback) -> None:
    """The transport itself refuses them, whatever a client would make of them."""
    url = f"http://ada:{OTHER_KEY}@127.0.0.1:{server.port}/v1/responses"
    headers = {**JSON, "authorization": f"Bearer {KEY}"}
    with openai_at(server, leaks()) as client, pytest.raises(EgressDeniedError) as caught:
        client._client._transport.handle_request(
            httpx2.Request("POST", url, content=GOOD, headers=headers)
        )
    assert OTHER_KEY not in str(caught.value)
    assert server.connections == 0


def test_asynchronous_clients_are_refused(server: Loopback) -> None:
    """The transport is no door for an `AsyncClient`, nor for a body that only one can read."""
    with openai_at(server, leaks()) as client:
        transport: Any = client._client._transport
        request = httpx2.Request("POST", f"{server.v1}/responses", content=_later(), headers=JSON)
        with pytest.raises(EgressDeniedError):
            transport.handle_request(request)

        async def post() -> None:
            inner = httpx2.AsyncClient(transport=transport)
            await inner.post(f"{server.v1}/responses", content=GOOD, headers=JSON)

        with pytest.raises(EgressDeniedError):
            asyncio.run(post())
    assert server.connections == 0


# --- failing closed ----------------------------------------------------------------------------


def test_a_search_that_fails_stops_the_request(server: Loopback) -> None:
    """When the vault cannot be asked, nothing leaves, nothing is tried again, nothing is quoted."""
    tries: list[int] = []

    def fails() -> Any:
        tries.append(1)
        message = f"no vault: {SECRET}"
        raise RuntimeError(message)

    found = leaks()
    found._source = fails
    with openai_at(server, found) as client, anthropic_at(server, found) as client_2:
        calls: tuple[Callable[[], object], ...] = (
            lambda: OPENAI_CALLS[0](client, "go"),
            lambda: ANTHROPIC_CALLS[0](client_2, "go"),
        )
        for call in calls:
            with pytest.raises(
                EgressDeniedError, match="guard itself failed \\(RuntimeError\\)"
            ) as e:
                call()
            assert SECRET not in str(e.value)
            assert e.value.__suppress_context__
            assert e.value.__context__ is None
    assert len(tries) == 2
    assert server.connections == 0


def test_what_cannot_be_recorded_does_not_leave(server: Loopback) -> None:
    """A receipt that cannot be written stops the request."""

    def full(sent: Sent) -> None:
        raise OSError(28, "no space", sent.destination)

    with (
        openai_at(server, leaks(), full) as client,
        anthropic_at(server, leaks(), full) as client_2,
    ):
        with pytest.raises(EgressDeniedError, match="OSError"):
            OPENAI_CALLS[0](client, "go")
        with pytest.raises(EgressDeniedError, match="OSError"):
            ANTHROPIC_CALLS[0](client_2, "go")
    assert server.connections == 0
