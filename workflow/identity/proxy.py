"""Who a reverse proxy says somebody is: believed of proxies at configured addresses only."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, TypeAlias

from workflow.identity.interface import ProxyError
from workflow.types import Identity, Person, Proof

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.config.landing import ProxySettings

_Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"
_Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"
_EMAIL = re.compile(r"[!#$%&'*+./0-9=?A-Z^_`a-z{|}~-]{1,64}@[0-9A-Za-z.-]{1,253}")
"""Printable ASCII only: what else a proxy could send is not to be guessed at."""


def from_header(
    peer: str, headers: Sequence[tuple[str, str]], settings: ProxySettings
) -> Person | None:
    """The person that the configured header of a request names.

    `peer` is the address that the connection comes from, as the socket has it, and never one that
    a header such as `X-Forwarded-For` names; `headers` are all of the request's, in order, with
    those that occur twice.  `None` when no proxy is configured, the peer is not one, or there is no
    such header: then nobody is known.

    Raises `ProxyError` when the proxy sends the header twice, or something else than an address:
    then one of the two was not the proxy's.
    """
    if not settings.addresses or not _is_from(peer, settings.addresses):
        return None
    # NOTE: some servers make `_` a `-` on the way, so both are the header.
    wanted = settings.header.lower()
    found = [value for name, value in headers if name.lower().replace("_", "-") == wanted]
    if not found:
        return None
    hint = f"have the proxy set {settings.header} itself, and drop what the client sends"
    if len(found) > 1:
        message = f"the proxy at {peer} sends {settings.header} {len(found)} times"
        raise ProxyError(message, hint=hint)
    email = found[0].strip(" \t")
    if not _EMAIL.fullmatch(email):
        message = f"the proxy at {peer} sends a {settings.header} that is no e-mail address"
        raise ProxyError(message, hint=hint)
    return Person(Identity(email.partition("@")[0], email), "", Proof.PROXY)


def _is_from(peer: str, addresses: Sequence[str]) -> bool:
    address = _address(peer)
    if address is None:
        return False
    return any(address in _network(one) for one in addresses)


def _address(text: str) -> _Address | None:
    """An address; one of IPv4 within IPv6 is that of IPv4."""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _network(text: str) -> _Network:
    """A configured address or network, which the settings checked; IPv4 within IPv6 is IPv4."""
    found = ipaddress.ip_network(text)
    mapped = _address(str(found.network_address))
    if isinstance(found, ipaddress.IPv6Network) and isinstance(mapped, ipaddress.IPv4Address):
        bits = found.prefixlen - (128 - 32)
        return ipaddress.ip_network((mapped, bits)) if bits >= 0 else found
    return found
