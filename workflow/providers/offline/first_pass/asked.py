"""What a request asks of a first server block, as values that are fit to stand in a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto


class Guard(Enum):
    """How visitors are asked who they are."""

    NOBODY = auto()
    BASIC = auto()
    """A password file, `auth_basic`."""
    SERVICE = auto()
    """Another service decides, `auth_request`."""


class Flag(Enum):
    """What is on or off in a server block."""

    HTTP2 = auto()
    HTTP3 = auto()
    HSTS = auto()
    SUBDOMAINS = auto()
    PRELOAD = auto()
    GZIP = auto()
    CSP = auto()
    REDIRECT = auto()
    """A second block that sends plain HTTP to HTTPS."""
    OPEN = auto()
    """What no location names is proxied, too."""
    PROXIED_HEALTH = auto()
    """The backend answers the health check, not nginx."""
    PROXY_PROTOCOL = auto()
    WEBSOCKET = auto()
    """WebSockets get through wherever requests are proxied."""
    ONLY_TLS13 = auto()
    EDGE = auto()
    """There is no reverse proxy in front."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go: `http` or `https`, and `host:port` or `unix:/path`; `uri` may be empty."""

    scheme: str
    address: str
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """One location, of exactly this path or, with `is_prefix`, of all that begins so.

    `limit` is a size and `rate` a rate as nginx writes them, empty for those of the server;
    `is_guarded` is `None` where the server's own guard holds.
    """

    path: str
    is_prefix: bool = False
    methods: tuple[str, ...] = ()
    limit: str = ""
    rate: str = ""
    targets: tuple[Target, ...] = ()
    is_websocket: bool = False
    is_guarded: bool | None = None


@dataclass(frozen=True, slots=True)
class Tls:
    """The listeners' addresses or ports, and the certificate; plain HTTP without `is_on`."""

    is_on: bool
    listens: tuple[str, ...]
    certificate: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Auth:
    """Who may come in: how it is asked, whether everywhere, and what answers."""

    guard: Guard = Guard.NOBODY
    is_everywhere: bool = False
    user_file: str = ""
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What browsers are told: the policy whole, or the sources by directive, and CORS origins."""

    policy: str = ""
    sources: tuple[tuple[str, str], ...] = ()
    origins: tuple[str, ...] = ()
    frames: str = ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Sizes, times and rates of the whole server, as nginx writes them."""

    body: str = "1m"
    connect: str = "5s"
    send: str = "30s"
    read: str = "30s"
    rate: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """All of it.  `health` are paths, and `file` is the path to write, empty for one of our choice.

    `front` is the header with the visitor's address, and the proxies that may set it.
    """

    names: tuple[str, ...]
    targets: tuple[Target, ...]
    places: tuple[Place, ...]
    health: tuple[str, ...]
    tls: Tls
    auth: Auth
    rules: Rules
    bounds: Bounds
    front: tuple[str, tuple[str, ...]]
    flags: frozenset[Flag]
    file: str = ""
    notes: tuple[str, ...] = field(default=())
