"""Where nginx listens, and which upstreams it asks: read from the effective configuration."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.gates.nginx.live.asked import Listener

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflow.semantics.nginx.expanded import Config, Item

_PASSES = {
    "proxy_pass": "http",
    "fastcgi_pass": "fastcgi",
    "uwsgi_pass": "uwsgi",
    "scgi_pass": "scgi",
    "grpc_pass": "grpc",
}
_SECURE = {"https", "grpcs", "suwsgi"}
_PORTS = {"http": 80, "https": 443, "grpc": 80, "grpcs": 443}
_URL = re.compile(r"(?:(?P<scheme>[a-z]+)://)?(?P<rest>[^/?#\s]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>\d{1,5}))?\Z")
_MOST = 200
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True, order=True)
class Upstream:
    """An address that nginx asks: a host and a port, or a UNIX socket's path with port 0."""

    host: str
    port: int
    protocol: str = field(default="http", compare=False)

    def __str__(self) -> str:
        """As a person writes it."""
        return f"{self.host}:{self.port}" if self.port else f"unix:{self.host}"


def listeners(server: Item) -> tuple[Listener, ...]:
    """Return where a server listens."""
    is_http2 = server.value("http2") == "on"
    is_secure = server.value("ssl") == "on"
    found = [
        _listener(one, is_http2=is_http2, is_secure=is_secure) for one in server.named("listen")
    ]
    known = tuple(one for one in found if one is not None)
    return known if found else (Listener("*", 80, is_secure, is_http2),)


def _listener(item: Item, *, is_http2: bool, is_secure: bool) -> Listener | None:
    if not item.args:
        return None
    given, words = item.args[0], set(item.args[1:])
    is_tls = bool(words & {"ssl", "quic"}) or is_secure
    flags = (is_tls, is_http2 or "http2" in words, "quic" in words, "proxy_protocol" in words)
    if given.startswith("unix:"):
        return Listener(given.removeprefix("unix:"), 0, *flags, item=item)
    if given.isascii() and given.isdigit():
        given = f"*:{given}"
    found = _ADDRESS.match(given.replace("*", "0.0.0.0", 1))  # noqa: S104 - as it is written
    port = int(found["port"] or 80) if found else 0
    if found is None or not 0 < port <= _MAX_PORT:
        return None
    host = found["host"].strip("[]")
    host = {"0.0.0.0": "*", "localhost": "127.0.0.1"}.get(host, host)  # noqa: S104 - as above
    return Listener(host, port, *flags, "ipv6only=off" in words, item)


def literal(host: str) -> str:
    """Return the address that a host is without being looked up; empty for a name."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return ""


def upstreams(config: Config) -> tuple[Upstream, ...]:
    """Return every address that is asked, each once."""
    groups = {
        block.args[0]: block
        for block in config.blocks("upstream")
        if block.args and block.directive
    }
    variables: dict[str, list[str]] = {}
    for item in config.every("set"):
        if len(item.args) == 2:  # noqa: PLR2004 - a name and a value
            variables.setdefault(item.args[0], []).append(item.args[1])
    for block in config.blocks("map"):
        if len(block.args) == 2:  # noqa: PLR2004 - as above
            values = [one.args[0] for one in block.items if one.args]
            variables.setdefault(block.args[1], []).extend(values)
    found: dict[Upstream, None] = {}
    for item in config.every(*_PASSES, "memcached_pass"):
        for value in _values(item.args[0], variables) if item.args else ():
            for one in _addresses(value, _PASSES.get(item.name, "memcached"), groups):
                found[one] = None
    return tuple(found)[:_MOST]


def _values(value: str, variables: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield what a value may be: of one variable, each of what it is set to."""
    name = re.match(r"((?:[a-z]+://)?)\$(?:\{(\w+)\}|(\w+))", value)
    if name is None:
        yield value
        return
    for one in variables.get(f"${name[2] or name[3]}", []):
        yield f"{name[1]}{one}" if "://" not in one else one


def _addresses(value: str, protocol: str, groups: Mapping[str, Item]) -> Iterator[Upstream]:
    if "unix:" in value:
        scheme, _, path = value.partition("unix:")
        yield Upstream(path.split(":")[0], 0, scheme.removesuffix("://") or protocol)
        return
    found = _URL.match(value)
    if found is None or "$" in found["rest"]:
        return
    scheme = (found["scheme"] or protocol).lower()
    group = groups.get(found["rest"])
    if group is None:
        one = _one(found["rest"], scheme)
        if one:
            yield one
        return
    for server in group.named("server"):
        words = server.args[0] if server.args else ""
        if words.startswith("unix:"):
            yield Upstream(words.removeprefix("unix:"), 0, scheme)
        elif one := _one(words, scheme, 80):
            yield one


def _one(words: str, scheme: str, port: int = 0) -> Upstream | None:
    found = _ADDRESS.match(words)
    number = int(found["port"] or 0) if found else 0
    number = number or port or _PORTS.get(scheme, 80)
    if found is None or not 0 < number <= _MAX_PORT:
        return None
    spoken = "https" if scheme in _SECURE else scheme
    return Upstream(found["host"].strip("[]"), number, spoken)


def resolvers(config: Config) -> tuple[tuple[str, int], ...]:
    """Return the name servers that are asked, as far as they are given by address."""
    found: dict[tuple[str, int], None] = {}
    for item in config.every("resolver"):
        for word in item.args:
            match = _ADDRESS.match(word)
            address = literal(match["host"]) if match and "=" not in word else ""
            if match and address and ":" not in address:
                found[address, int(match["port"] or 53)] = None
    return tuple(found)[:_MOST]
