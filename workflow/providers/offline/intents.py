"""What the offline surgeon can be asked for, as values: one class per kind of edit."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an edit belongs, as far as the request says it; empty parts are for us to find."""

    server: str = ""
    port: str = ""
    location: str = ""
    file: str = ""


class Direction(Enum):
    """Whether a value is simply set, or the request says which way it goes."""

    SET = "set"
    RAISE = "raise"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class AddEndpoint:
    """A new exact-match location that is proxied; `target` is a URL or an upstream's name.

    `origins` are those that the same request allows in CORS; `copies_headers` is whether the
    response headers of the location that it imitates are wanted.
    """

    path: str
    methods: tuple[str, ...] = ()
    body_limit: str = ""
    target: str = ""
    scope: Scope = field(default_factory=Scope)
    origins: tuple[str, ...] = ()
    copies_headers: bool = True


@dataclass(frozen=True, slots=True)
class AddHealthCheck:
    """A new health check: a static 200, or passed on where `is_proxied` or a target says so."""

    path: str = "/healthz"
    is_proxied: bool = False
    target: str = ""
    scope: Scope = field(default_factory=Scope)


@dataclass(frozen=True, slots=True)
class AllowCors:
    """Let pages of an origin read our answers."""

    origin: str
    is_assumed: bool = False
    scope: Scope = field(default_factory=Scope)


@dataclass(frozen=True, slots=True)
class AllowCsp:
    """Let our pages use an origin, by one directive of the Content-Security-Policy."""

    source: str
    directive: str
    is_assumed: bool = False
    scope: Scope = field(default_factory=Scope)


@dataclass(frozen=True, slots=True)
class SetHeader:
    """A response header with `always`; `is_assumed` marks a value that we chose."""

    name: str
    value: str
    is_assumed: bool = False
    only_if_missing: bool = False
    scope: Scope = field(default_factory=Scope)


@dataclass(frozen=True, slots=True)
class SetDirective:
    """A timeout or a size; `expected` is the old value where the request names it."""

    name: str
    value: str
    direction: Direction = Direction.SET
    expected: str = ""
    scope: Scope = field(default_factory=Scope)


@dataclass(frozen=True, slots=True)
class ReplaceServer:
    """One address for another: in an upstream, or where nothing is named wherever it occurs."""

    old: str
    new: str
    upstream: str = ""
    scope: Scope = field(default_factory=Scope)


@dataclass(frozen=True, slots=True)
class AddServer:
    """One more server of an upstream, with its parameters as nginx writes them."""

    address: str
    upstream: str = ""
    parameters: tuple[str, ...] = ()
    scope: Scope = field(default_factory=Scope)


@dataclass(frozen=True, slots=True)
class SetTarget:
    """Where an existing location is proxied to."""

    target: str
    scope: Scope = field(default_factory=Scope)


@dataclass(frozen=True, slots=True)
class EnableHttp3:
    """QUIC listeners beside the TLS ones, `http3 on` and Alt-Svc."""

    scope: Scope = field(default_factory=Scope)


@dataclass(frozen=True, slots=True)
class IncludeFile:
    """An `include` in `http {}` of a main file; `name` is as nginx reads it, from there."""

    name: str
    scope: Scope = field(default_factory=Scope)


Intent: TypeAlias = (
    AddEndpoint
    | AddHealthCheck
    | AllowCors
    | AllowCsp
    | SetHeader
    | SetDirective
    | ReplaceServer
    | AddServer
    | SetTarget
    | EnableHttp3
    | IncludeFile
)
