from __future__ import annotations

import pytest
from pydantic import ValidationError

from workflow.config.landing import ProxySettings
from workflow.identity import ProxyError, proxy
from workflow.types import Identity, Person, Proof

HEADERS = (("Host", "page.test"), ("X-Forwarded-Email", "ada@example.test"))
BEHIND = ProxySettings(addresses=("127.0.0.1", "10.1.0.0/16", "fd00::/8", "::ffff:192.0.2.0/120"))


@pytest.mark.parametrize(
    "peer",
    [
        "127.0.0.1",
        "10.1.2.3",
        "fd12::1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "192.0.2.7",
        "fd12::1%e",
    ],
)
def test_a_configured_proxy_is_believed(peer: str) -> None:
    """Somebody is who the header says, known by the proxy alone and from no account."""
    found = proxy.from_header(peer, HEADERS, BEHIND)
    assert found == Person(Identity("ada", "ada@example.test"), "", Proof.PROXY)


@pytest.mark.parametrize(
    "peer",
    [
        *("127.0.0.2", "10.2.0.1", "fe80::1", "::1", "::ffff:127.0.0.2", "", "unix:", "localhost"),
        *("127.0.0.1:80", "127.0.0.1, 10.9.9.9", "0x7f000001", "127.1", "::127.0.0.1"),
    ],
)
def test_from_elsewhere_the_header_says_nothing(peer: str) -> None:
    """Anybody can send a header; who they are is then not known."""
    assert proxy.from_header(peer, HEADERS, BEHIND) is None


def test_without_a_configured_proxy_nobody_is_believed() -> None:
    """The default is none, also for what comes from this machine."""
    assert proxy.from_header("127.0.0.1", HEADERS, ProxySettings()) is None


def test_other_headers_say_nothing() -> None:
    """Neither another name for a person nor an address that a header tells of is looked at."""
    others = (
        ("X-Forwarded-User", "eve@example.test"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1"),
        ("X-Real-IP", "127.0.0.1"),
    )
    assert proxy.from_header("127.0.0.1", others, BEHIND) is None
    assert proxy.from_header("198.51.100.1", (*others, *HEADERS), BEHIND) is None


@pytest.mark.parametrize("name", ["X-Forwarded-Email", "x-forwarded-email", "X_Forwarded_Email"])
def test_two_headers_are_refused(name: str) -> None:
    """One of them came from outside, whatever case or underscore it hides behind."""
    for headers in ((*HEADERS, (name, "eve@example.test")), ((name, "ada@example.test"), *HEADERS)):
        with pytest.raises(ProxyError, match="2 times"):
            proxy.from_header("127.0.0.1", headers, BEHIND)


@pytest.mark.parametrize(
    "value",
    [
        *("", "ada", "ada@", "@example.test", "ada@example.test, eve@example.test", "ada@b@c"),
        *("Ada <ada@example.test>", "\u0430da@example.test", "ada@example.test\n", "a b@c.test"),
        *("a" * 65 + "@x.test", "ada@example.test\0", "\x1b[31mada@example.test"),
        '"ada"@example.test',
    ],
)
def test_what_is_no_address_is_refused(value: str) -> None:
    """Nothing is guessed from it, and it is not printed either."""
    with pytest.raises(ProxyError, match="no e-mail address") as caught:
        proxy.from_header("127.0.0.1", (("X-Forwarded-Email", value),), BEHIND)
    assert value == "" or value not in caught.value.message


@pytest.mark.parametrize("wrong", ["proxy.test", "10.0.0.5/8", "127.0.0.1/33", "*", "", "1"])
def test_a_wrong_address_in_the_settings_is_refused(wrong: str) -> None:
    """A name, a wrong mask and bits behind a mask would match nothing, in silence."""
    with pytest.raises(ValidationError, match="is not an IP address or a network"):
        ProxySettings(addresses=("127.0.0.1", wrong))
