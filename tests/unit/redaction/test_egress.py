from __future__ import annotations

import pytest

from workflow.config import ConfigError
from workflow.redaction.egress.guard import Destination, EgressDeniedError, Guard, Outgoing, Sent
from workflow.redaction.egress.leak import Leaks

KEY = "own-key-" + "0123456789abcdef"
URL = "https://api.example.test/v1"
HEADERS = (
    ("host", "api.example.test"),
    ("authorization", f"Bearer {KEY}"),
    ("content-type", "application/json"),
)


def _guard(records: list[Sent], url: str = URL) -> Guard:
    destination = Destination.parse(url, ["/responses"])
    return Guard(Leaks(lambda: ()), destination, records.append, api_key=KEY)


def _outgoing(body: bytes = b'{"model": "one"}', host: str = "api.example.test") -> Outgoing:
    return Outgoing("POST", "https", host, 443, "/v1/responses", HEADERS, body)


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://api.example.test/v1/", "https://api.example.test"),
        ("https://API.example.test:8443", "https://api.example.test:8443"),
        ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434"),
        ("http://localhost/v1", "http://localhost"),
        ("http://[::1]:8000/v1", "http://[::1]:8000"),
    ],
)
def test_destinations(url: str, written: str) -> None:
    """A destination is an origin; plain http reaches this machine only."""
    assert str(Destination.parse(url, [])) == written


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example.test",
        "ftp://api.example.test",
        "http://api.example.test/v1",
        "http://127.0.0.1.example.test",
        "http://localhost.example.test",
        "http://10.0.0.1",
        "https://ada:hidden@api.example.test",
        "https://ada@api.example.test",
        "https://api.example.test/?key=hidden",
        "https://api.example.test/#hidden",
        "https://api.example.test:notaport",
        "https://[::1",
    ],
)
def test_destinations_that_are_refused(url: str) -> None:
    """An address that is unencrypted, unclear or holds credentials is refused, and not quoted."""
    with pytest.raises(ConfigError) as caught:
        Destination.parse(url, [])
    assert "hidden" not in str(caught.value)


def test_the_record_comes_first_and_has_everything() -> None:
    """Time, URL, model and the very bytes; a denied request leaves no record."""
    records: list[Sent] = []
    _guard(records).pass_on(_outgoing())
    (sent,) = records
    assert (sent.destination, sent.model, sent.size) == (f"{URL}/responses", "one", 16)
    assert sent.body == b'{"model": "one"}'
    assert sent.at.tzinfo is not None
    assert "body" not in repr(sent)
    with pytest.raises(EgressDeniedError, match="another host"):
        _guard(records).pass_on(_outgoing(host="api.example.test.evil.test"))
    assert len(records) == 1


def test_the_providers_own_key_stays_in_its_header() -> None:
    """The key in the body is refused in any form, and named as what it is."""
    for body in (KEY.encode(), KEY.encode().hex().encode()):
        with pytest.raises(EgressDeniedError, match="the provider's own key") as caught:
            _guard([]).pass_on(_outgoing(b'{"model": "%s"}' % body))
        assert KEY not in str(caught.value)


def test_a_destination_that_is_tenant_data_can_be_reached() -> None:
    """The address itself is exempt: a company's own gateway is in its list of hosts, too."""
    from tests.unit.redaction.test_leak import Value  # noqa: PLC0415 - one class

    host = Value(b"api.example.test")
    destination = Destination.parse(URL, ["/responses"])
    guard = Guard(Leaks(lambda: (host,)), destination, lambda _: None, api_key=KEY)
    guard.pass_on(_outgoing())
    with pytest.raises(EgressDeniedError, match="of kind token"):
        guard.pass_on(_outgoing(b'{"model": "one", "input": "see api.example.test"}'))
