"""What is asked of nginx: where it listens, and one request."""

from __future__ import annotations

import base64
import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.gates.nginx.live.inside.told import HTTP1, HTTP2, HTTP2_CLEAR, HTTP3, Ask

if TYPE_CHECKING:
    from workflow.semantics.nginx.expanded import Item

STRANGER = "203.0.113.9"
"""Where requests come from: an address for documentation (RFC 5737), which no one allows."""
IMPATIENT = "203.0.113.77"
"""Where those come from that are sent again and again, so that only they are slowed down."""
PUBLIC = "198.51.100.1"
"""Where nginx is reached that listens on every address: another one of them."""
_OVER = {HTTP2: " over HTTP/2", HTTP2_CLEAR: " over HTTP/2 without TLS", HTTP3: " over HTTP/3"}
_STANDARD_PORTS = {80: False, 443: True}


@dataclass(frozen=True, slots=True)
class Listener:
    """One `listen` of an HTTP server: an address as written (`*` for all), or a UNIX socket.

    A socket has port 0 and its path as the address.  `item` is where it is written; `None` for the
    one that nginx has without any.
    """

    address: str
    port: int
    is_tls: bool = False
    is_http2: bool = False
    is_quic: bool = False
    has_proxy_line: bool = False
    is_dual: bool = False
    item: Item | None = field(default=None, compare=False, repr=False)

    @property
    def is_wildcard(self) -> bool:
        """Whether it takes connections to every address of IPv4."""
        return self.address == "*" or (self.address == "::" and self.is_dual)

    @property
    def protocols(self) -> tuple[str, ...]:
        """The protocols that are spoken, the plainest first."""
        if self.is_quic:
            return (HTTP3,)
        if not self.is_http2:
            return (HTTP1,)
        return HTTP1, HTTP2 if self.is_tls else HTTP2_CLEAR

    def __str__(self) -> str:
        """As a person writes it."""
        return f"{self.address}:{self.port}" if self.port else f"unix:{self.address}"


@dataclass(frozen=True, slots=True)
class Door:
    """Where a server is reached: the address to connect to, and the name to ask for."""

    address: str
    port: int
    host: str
    is_tls: bool

    @property
    def url(self) -> str:
        """The start of every URL behind it."""
        host = self.host or self.address
        if not self.port:
            host = f"[unix:{posixpath.basename(self.address)}]{self.host}"
        port = "" if _STANDARD_PORTS.get(self.port) is self.is_tls or not self.port else self.port
        return f"{'https' if self.is_tls else 'http'}://{host}{f':{port}' if port else ''}"


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    `scopes` are the labels of the blocks that it was made for.  `note` says in a few words what is
    special, and is part of the name.  `pad` adds spaces to the body; `declared` declares a length
    without sending any of it.  `first` tells what has to be asked before other requests: 0 is what
    the change is about.
    """

    door: Door
    target: str
    method: str = "GET"
    protocol: str = HTTP1
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    pad: int = 0
    declared: int = 0
    is_chunked: bool = False
    source: str = STRANGER
    version: str = ""
    note: str = ""
    scopes: frozenset[str] = frozenset()
    first: int = 0

    @property
    def url(self) -> str:
        """The URL that is asked for."""
        return f"{self.door.url}{self.target}"

    @property
    def name(self) -> str:
        """The request in a line; no two of a probe have the same."""
        note = f" ({self.note})" if self.note else ""
        return f"{self.method} {self.url}{_OVER.get(self.protocol, '')}{note}"

    def ask(self) -> Ask:
        """As the driver is told."""
        host = self.door.host or self.door.address
        port = self.door.port
        if _STANDARD_PORTS.get(port) is not self.door.is_tls and port:
            host = f"{host}:{port}"
        given = {name.lower() for name, _ in self.headers}
        headers = list(self.headers)
        if "host" not in given:
            headers.insert(0, ("Host", host if port else self.door.host or "localhost"))
        if "user-agent" not in given:
            headers.append(("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"))
        if "accept" not in given:
            headers.append(("Accept", "*/*"))
        return {
            "protocol": self.protocol,
            "address": self.door.address,
            "port": port,
            "source": self.source,
            "tls": self.door.is_tls,
            "sni": self.door.host if self.door.is_tls else "",
            "version": self.version,
            "method": self.method,
            "target": self.target,
            "headers": headers,
            "body": base64.b64encode(self.body).decode(),
            "pad": self.pad,
            "declared": self.declared,
            "chunked": self.is_chunked,
        }
