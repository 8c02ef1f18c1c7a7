"""The server's own part: what it listens on, TLS, HTTP/3, and whom it believes about visitors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.providers.offline.first_pass.asked import Flag

if TYPE_CHECKING:
    from workflow.providers.offline.first_pass.asked import Asked
    from workflow.providers.offline.first_pass.placing import Location


def _addresses(asked: Asked) -> list[str]:
    """Every address to listen on; a bare port means all of IPv4 and of IPv6."""
    found = (
        address
        for listen in asked.tls.listens
        for address in ((listen, f"[::]:{listen}") if listen.isdigit() else (listen,))
    )
    return list(dict.fromkeys(found))


def has_switch(asked: Asked) -> bool:
    """Whether HTTP/3 can be switched on: it is always encrypted, and has no PROXY protocol."""
    is_possible = asked.tls.is_on and Flag.PROXY_PROTOCOL not in asked.flags
    return is_possible and Flag.HTTP3 in asked.flags


def listen(asked: Asked, location: Location) -> list[str]:
    """The listeners, and the names."""
    words = " ssl" if asked.tls.is_on else ""
    words += " proxy_protocol" if Flag.PROXY_PROTOCOL in asked.flags else ""
    lines = [f"listen {address}{words};" for address in _addresses(asked)]
    if Flag.HTTP2 in asked.flags:
        lines.append("http2 on;")
    if has_switch(asked):
        lines += [
            "# HTTP/3 is off until listen.conf.off there is renamed to listen.conf.",
            f"include http3.d/{location.stem}/*.conf;",
        ]
    return [*lines, f"server_name {' '.join(asked.names)};"]


def redirect(asked: Asked) -> list[str]:
    """A block of its own that sends plain HTTP to HTTPS."""
    port = asked.tls.listens[0].rpartition(":")[2]
    suffix = "" if port == "443" else f":{port}"
    return [
        "server {",
        "    listen 80;",
        "    listen [::]:80;",
        f"    server_name {' '.join(asked.names)};",
        "",
        f"    return 301 https://$host{suffix}$request_uri;",
        "}",
    ]


def tls(asked: Asked, identifier: str) -> list[str]:
    """The certificate, and what a handshake may use."""
    if not asked.tls.is_on:
        return []
    older = "" if Flag.ONLY_TLS13 in asked.flags else "TLSv1.2 "
    return [
        f"ssl_certificate {asked.tls.certificate};",
        f"ssl_certificate_key {asked.tls.key};",
        f"ssl_protocols {older}TLSv1.3;",
        f"ssl_session_cache shared:tls_of_{identifier}:5m;",
        "ssl_session_timeout 1d;",
        "ssl_session_tickets off;",
    ]


def front(asked: Asked) -> list[str]:
    """Whom to believe about a visitor's address."""
    if Flag.EDGE in asked.flags:
        return []
    header, trusted = asked.front
    if Flag.PROXY_PROTOCOL in asked.flags:
        header = "proxy_protocol"
    lines = [
        "# The visitor's address, as the reverse proxy in front says it.  Only these are believed.",
        *(f"set_real_ip_from {address};" for address in trusted or ("127.0.0.1", "::1")),
        f"real_ip_header {header};",
    ]
    return lines if header == "proxy_protocol" else [*lines, "real_ip_recursive on;"]


def switch(asked: Asked, *, is_first: bool) -> str:
    """The file that switches HTTP/3 on; `is_first` if no other server has QUIC listeners yet."""
    reuse = " reuseport" if is_first else ""
    port = asked.tls.listens[0].rpartition(":")[2]
    lines = [
        "# Switched off by its name: the site includes *.conf of this folder inside server {}.",
        f"# Needs an nginx with http_v3 (nginx -V) and UDP port {port} open up to this host.",
        *(f"listen {address} quic{reuse};" for address in _addresses(asked)),
        "http3 on;",
        "",
        "# Browsers try HTTP/3 only after this header has named it.",
        f"add_header Alt-Svc 'h3=\":{port}\"; ma=86400' always;",
    ]
    if is_first:
        lines.insert(2, "# reuseport may be said once for each address of all servers.")
    return "\n".join(lines) + "\n"
