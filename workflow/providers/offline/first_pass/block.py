"""Writes a first server block: nginx directives from checked values, and comments on each."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.providers.offline.first_pass import headers, listeners
from workflow.providers.offline.first_pass.asked import Flag, Guard

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workflow.providers.offline.first_pass.asked import Asked, Place, Target
    from workflow.providers.offline.first_pass.placing import Location

_LONG_NAME = 40
_IDENTIFIER = 24
_WEBSOCKET_READ = "1h"


@dataclass(frozen=True, slots=True)
class Site:
    """A request, and the names that its file gives to upstreams, variables and zones."""

    asked: Asked
    location: Location

    @property
    def identifier(self) -> str:
        """A word for the site; never made of a placeholder, which must be found again whole."""
        name = self.asked.names[0]
        digest = hashlib.sha256(name.encode()).hexdigest()[:6]
        word = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        if "zqvx" in word:
            return f"site_{digest}"
        return word if len(word) <= _IDENTIFIER else f"{word[:17]}_{digest}"

    @property
    def origin(self) -> str:
        """The variable with the origin that may read an answer."""
        return f"$origin_of_{self.identifier}"

    @property
    def connection(self) -> str:
        """The variable that lets a WebSocket through."""
        return f"$connection_of_{self.identifier}"

    def upstream(self, place: Place | None = None) -> str:
        """The upstream of the site, or a location's own."""
        if place is None or not place.targets:
            return self.identifier
        slug = re.sub(r"[^a-z0-9]+", "_", place.path.lower()).strip("_")[:20]
        number = [one.path for one in self.asked.places].index(place.path)
        return f"{self.identifier}_{slug or 'path'}_{number}"

    def zone(self, place: Place | None = None) -> str:
        """The zone that counts the requests of the site, or of one location."""
        if place is None or not place.rate:
            return f"rate_of_{self.identifier}"
        return (
            f"rate_{[one.path for one in self.asked.places].index(place.path)}_of_{self.identifier}"
        )


def written(site: Site) -> str:
    """The whole file."""
    parts = [_head(site), *_upstreams(site), *_shared(site)]
    if Flag.REDIRECT in site.asked.flags and site.asked.tls.is_on:
        parts.append(listeners.redirect(site.asked))
    parts.append(["server {", *_indented(_server(site)), "}"])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head(site: Site) -> list[str]:
    first = f"# {site.asked.names[0]}: a first pass, for http {{}} of the main file to include."
    if len(max(site.asked.names, key=len)) <= _LONG_NAME:
        return [first]
    return [first, "", "# Long names need more room; leave it out if http {} sets it already.",
            "server_names_hash_bucket_size 128;"]  # fmt: skip


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in lines]


def _paragraphs(*parts: Sequence[str]) -> list[str]:
    """Groups of lines with an empty one between."""
    lines: list[str] = []
    for part in parts:
        if part:
            lines += ["", *part] if lines else part
    return lines


# --- beside the server -------------------------------------------------------------------------


def _upstream(name: str, targets: Sequence[Target]) -> list[str]:
    return [
        f"upstream {name} {{",
        *(f"    server {target.address};" for target in targets),
        "    keepalive 16;",
        "    keepalive_timeout 4s;  # below what backends wait, so that they never close first",
        "}",
    ]


def _upstreams(site: Site) -> list[list[str]]:
    asked = site.asked
    own = [place for place in asked.places if place.targets]
    parts = [_upstream(site.upstream(), asked.targets)] if asked.targets else []
    return parts + [_upstream(site.upstream(place), place.targets) for place in own]


def _shared(site: Site) -> list[list[str]]:
    """What only http {} may have: the origins of CORS, and the counters of requests."""
    asked, parts = site.asked, []
    if asked.rules.origins:
        origins = [f'    "{origin}" $http_origin;' for origin in asked.rules.origins]
        parts.append(
            [
                "# Origins that may read our answers, each an exact string.",
                f"map $http_origin {site.origin} {{",
                '    default "";',
                *origins,
                "}",
            ]
        )
    if Flag.WEBSOCKET in asked.flags or any(place.is_websocket for place in asked.places):
        parts.append(
            [
                "# Of the requests to change protocols, only those for a WebSocket are passed on.",
                f"map $http_upgrade {site.connection} {{",
                '    default "";',
                "    websocket upgrade;",
                "}",
            ]
        )
    rates = [(site.zone(place), place.rate) for place in asked.places if place.rate]
    if asked.bounds.rate:
        rates.insert(0, (site.zone(), asked.bounds.rate))
    if rates:
        parts.append(
            [
                "# How often one address may ask; 10 MB remember about 80,000 addresses.",
                *(
                    f"limit_req_zone $binary_remote_addr zone={zone}:10m rate={rate};"
                    for zone, rate in rates
                ),
            ]
        )
    return parts


# --- the server --------------------------------------------------------------------------------


def _server(site: Site) -> list[str]:
    asked = site.asked
    return _paragraphs(
        listeners.listen(asked, site.location),
        listeners.tls(asked, site.identifier),
        listeners.front(asked),
        _headers(site),
        _compression(asked),
        _limits(asked),
        _guard(asked) if asked.auth.is_everywhere else [],
        _proxy(site),
        *_locations(site),
    )


def _headers(site: Site) -> list[str]:
    found = (*headers.security(site.asked), *headers.cors(site.asked, site.origin))
    hidden = [header.name for header in found if header.name != "Vary"]
    return [
        "# NOTE: a location with an add_header of its own loses all of these: add new ones here.",
        "# `always` puts them on errors, too.",
        *(line for header in found for line in header.lines),
        "",
        "# The backend's own copies are left out, so that each header is sent once.",
        *(f"proxy_hide_header {name};" for name in hidden),
    ]


def _compression(asked: Asked) -> list[str]:
    if Flag.GZIP not in asked.flags:
        return ["gzip off;"]
    return [
        "# No application/json: it is small, and compressing secrets beside a caller's own input",
        "# tells them by the length (BREACH).",
        "gzip on;",
        "gzip_vary on;",
        "gzip_proxied any;",
        "gzip_types text/css text/javascript application/javascript image/svg+xml;",
    ]


def _limits(asked: Asked) -> list[str]:
    lines = [
        "# Requests that are too large or too slow end here, and the backend never sees them.",
        f"client_max_body_size {asked.bounds.body};",
        "client_header_timeout 10s;",
        "client_body_timeout 10s;",
        "send_timeout 10s;",
    ]
    if asked.bounds.rate or any(place.rate for place in asked.places):
        lines.append("limit_req_status 429;")
    return lines


def _guard(asked: Asked) -> list[str]:
    auth = asked.auth
    if auth.guard is Guard.SERVICE:
        return [f"auth_request {verifier(asked)};"]
    return [f'auth_basic "{asked.names[0]}";', f"auth_basic_user_file {auth.user_file};"]


def verifier(asked: Asked) -> str:
    """The location that asks whether a visitor may come in: one that no request names."""
    path = "/_auth"
    while path in {place.path for place in asked.places}:
        path += "_"
    return path


def _set_headers(asked: Asked, connection: str = "") -> list[str]:
    """What the backend is told of the visitor; `connection` lets WebSockets through."""
    scheme = "$scheme"
    if not asked.tls.is_on and Flag.EDGE not in asked.flags:
        scheme = "$http_x_forwarded_proto"
    upgrade = ['proxy_set_header Connection "";']
    if connection:
        upgrade = [
            "proxy_set_header Upgrade $http_upgrade;",
            f"proxy_set_header Connection {connection};",
        ]
    return [
        *upgrade,
        "proxy_set_header Host $host;",
        "proxy_set_header X-Real-IP $remote_addr;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        f"proxy_set_header X-Forwarded-Proto {scheme};",
        'proxy_set_header Accept-Encoding "";',
    ]


def _proxy(site: Site) -> list[str]:
    """How requests are passed on."""
    bounds = site.asked.bounds
    return [
        "# What a client claims in X-Forwarded-* is replaced, not extended.  The backend does not",
        "# compress: that is decided above.",
        "proxy_http_version 1.1;",
        *_set_headers(site.asked),
        f"proxy_connect_timeout {bounds.connect};",
        f"proxy_send_timeout {bounds.send};",
        f"proxy_read_timeout {bounds.read};",
    ]


# --- locations ---------------------------------------------------------------------------------


def _locations(site: Site) -> list[list[str]]:
    asked = site.asked
    parts = [_health(site, path) for path in asked.health]
    parts += [_place(site, place) for place in asked.places if place.path not in asked.health]
    if asked.auth.guard is Guard.SERVICE and asked.auth.target:
        parts.append(_asks(asked))
    rest = ["return 404;"]
    if Flag.OPEN in asked.flags and asked.targets:
        rest = [*_preflight(asked), *_rate(site, None)]
        rest += _websocket(site) if Flag.WEBSOCKET in asked.flags else []
        rest += _pass(site, None)
    return [*parts, ["location / {", *_indented(rest), "}"]]


def _health(site: Site, path: str) -> list[str]:
    """The health check: open to everyone, and not logged."""
    is_proxied = Flag.PROXIED_HEALTH in site.asked.flags and bool(site.asked.targets)
    lines = [*_unguarded(site.asked), "access_log off;", *_only(("GET",))]
    if is_proxied:
        lines += _pass(site, None)
    else:
        lines += ["default_type text/plain;", 'return 200 "ok\\n";']
    says = "The backend says" if is_proxied else "Says that nginx is up, not the backend,"
    return [f"# {says} without asking who wants to know.", f"location = {path} {{",
            *_indented(lines), "}"]  # fmt: skip


def _unguarded(asked: Asked) -> list[str]:
    service = ["auth_request off;"] if asked.auth.guard is Guard.SERVICE else []
    return ["auth_basic off;", *service]


def _only(methods: Sequence[str]) -> list[str]:
    """Let these methods through; `return` in an `if` is safe, and limit_except says 403."""
    allowed = tuple(dict.fromkeys((*methods, *(("HEAD",) if "GET" in methods else ()))))
    if not allowed:
        return []
    test = f"!= {allowed[0]}" if len(allowed) == 1 else f"!~ ^(?:{'|'.join(allowed)})$"
    return [f"if ($request_method {test}) {{ return 405; }}"]


def _preflight(asked: Asked) -> list[str]:
    if not asked.rules.origins:
        return []
    return ["if ($request_method = OPTIONS) { return 204; }  # CORS preflight"]


def _rate(site: Site, place: Place | None) -> list[str]:
    if not (place and place.rate) and not site.asked.bounds.rate:
        return []
    return [f"limit_req zone={site.zone(place)} burst=20 nodelay;"]


def _pass(site: Site, place: Place | None) -> list[str]:
    """Pass on to the upstream, with the backend's own name where it has TLS."""
    targets = place.targets if place and place.targets else site.asked.targets
    name = f"{targets[0].scheme}://{site.upstream(place)}"
    lines = []
    host = targets[0].address.rpartition(":")[0]
    if targets[0].scheme == "https" and re.search(r"[A-Za-z]", host) and "unix" not in host:
        lines = ["proxy_ssl_server_name on;", f"proxy_ssl_name {host};"]
    return [*lines, f"proxy_pass {name};"]


def _websocket(site: Site) -> list[str]:
    return [
        "# NOTE: a proxy_set_header of its own loses the server's, so all are here again.",
        *_set_headers(site.asked, site.connection),
        f"proxy_read_timeout {_WEBSOCKET_READ};",
    ]


def _place(site: Site, place: Place) -> list[str]:
    asked = site.asked
    lines = []
    if place.is_guarded and not asked.auth.is_everywhere:
        lines += _guard(asked)
    elif place.is_guarded is False and asked.auth.guard is not Guard.NOBODY:
        lines += _unguarded(asked)
    lines += _preflight(asked) if "OPTIONS" not in place.methods else []
    lines += _only(place.methods)
    lines += _rate(site, place)
    if place.limit:
        lines.append(f"client_max_body_size {place.limit};")
    lines += _websocket(site) if place.is_websocket else []
    lines += _pass(site, place)
    sign = "" if place.is_prefix else "= "
    return [f"location {sign}{place.path} {{", *_indented(lines), "}"]


def _asks(asked: Asked) -> list[str]:
    """The location that asks another service whether a visitor may come in."""
    target = asked.auth.target
    if target is None:
        return []
    address = f"{target.scheme}://{target.address}"
    glue = ":" if target.address.startswith("unix:") else ""
    lines = [
        "internal;",
        f"proxy_pass {address}{glue if target.uri else ''}{target.uri};",
        "proxy_pass_request_body off;",
        *_set_headers(asked),
        'proxy_set_header Content-Length "";',
        "proxy_set_header X-Original-URI $request_uri;",
        "proxy_set_header X-Original-Method $request_method;",
    ]
    return [f"location = {verifier(asked)} {{", *_indented(lines), "}"]
