"""Faults of HTTP/3: listeners that no browser finds, and promises that no listener keeps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Level, Rule
from workflow.semantics.nginx.rules.facts import Finder, address_of, own, sent, tls_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_UNSAID = Finder("quic-without-alt-svc", Level.DOUBT)
_EMPTY = Finder("alt-svc-without-quic", Level.FAULT)
_ALONE = Finder("quic-without-tcp", Level.FAULT)
_OLD = Finder("quic-without-tls13", Level.FAULT)
_REUSE = Finder("quic-without-reuseport", Level.DOUBT)
_ALT_SVC = "alt-svc"
_H3 = re.compile(r"h3(?:-\d+)?=\"?[^\":,;]{0,100}:(\d{1,5}|\$\w{1,40})")


def _port(listen: Item) -> str:
    return address_of(listen)[1]


def _quic(server: Item) -> tuple[Item, ...]:
    return tuple(one for one in server.named("listen") if "quic" in one.args)


def _is_named(server: Item) -> bool:
    """Whether any answer of a server has an Alt-Svc."""
    blocks = (one for one in server.walk() if one.is_block)
    return any(one.name == _ALT_SVC for block in blocks for one in sent(block))


def _unsaid(config: Config) -> Iterator[Fault]:
    for server in config.servers:
        if (listens := _quic(server)) and not _is_named(server):
            port = _port(listens[0])
            yield _UNSAID.at(
                listens[0],
                cause=(
                    "no answer names HTTP/3, so browsers never use it (unless DNS has an HTTPS"
                    " record)"
                ),
                fix=f"add `add_header Alt-Svc 'h3=\":{port}\"; ma=86400' always;` to the server",
            )


def _empty(config: Config) -> Iterator[Fault]:
    for block in config.blocks("server", "location", "if"):
        server = block.within("server")
        for header in own(block):
            promised = _H3.findall(header.value) if header.name == _ALT_SVC else []
            if not promised or server is None or not server.directive:
                continue
            listens = _quic(server)
            ports = {_port(one) for one in listens}
            missing = [port for port in promised if port not in ports and "$" not in port]
            if not missing:
                continue
            how = "no `listen ... quic` at all" if not listens else f"no `listen {missing[0]} quic`"
            yield _EMPTY.at(
                header.item,
                cause=f"Alt-Svc offers HTTP/3 on port {missing[0]}, and the server has {how}",
                fix=f"put `listen {missing[0]} quic;` beside the `ssl` listener, or drop Alt-Svc",
                key=(missing[0],),
                level=Level.DOUBT if listens else None,
            )


def _alone(config: Config) -> Iterator[Fault]:
    named: dict[str, set[str]] = {}
    for server in config.servers:
        ports = {
            _port(one)
            for one in server.named("listen")
            if "quic" not in one.args and ("ssl" in one.args or server.value("ssl") == "on")
        }
        for name in _names(server):
            named.setdefault(name, set()).update(ports)
    for server in config.servers:
        for listen in _quic(server)[:1]:
            port = _port(listen)
            if any(port not in named[name] for name in _names(server)):
                yield _ALONE.at(
                    listen,
                    cause=(
                        f"port {port} answers over QUIC alone: browsers come over TCP first, and"
                        " many networks let no UDP through"
                    ),
                    fix=f"put `listen {port} ssl;` beside it",
                    key=(port,),
                )


def _names(server: Item) -> tuple[str, ...]:
    return tuple(arg for one in server.named("server_name") for arg in one.args) or ("",)


def _old(config: Config) -> Iterator[Fault]:
    for server in config.servers:
        protocols = server.effective("ssl_protocols")
        if _quic(server) and protocols and "TLSv1.3" not in protocols[-1].args:
            yield _OLD.at(
                protocols[-1],
                cause="no HTTP/3 handshake works: ssl_protocols has no TLSv1.3, which QUIC needs",
                fix="add `TLSv1.3` to ssl_protocols",
                key=(server.label,),
            )


def _reuse(config: Config) -> Iterator[Fault]:
    workers = config.main.value("worker_processes", "1")
    every = [one for server in config.servers for one in _quic(server) if one.args]
    shared = {one.args[0] for one in every if "reuseport" in one.args}
    told: set[str] = set()
    for one in every:
        if workers != "1" and one.args[0] not in shared | told:
            told.add(one.args[0])
            yield _REUSE.at(
                one,
                cause="with several workers, packets of one QUIC connection reach the wrong worker",
                fix=f"write `listen {' '.join(one.args)} reuseport;` in one of the servers",
                key=(one.args[0],),
            )


_ALT = "add_header Alt-Svc 'h3=\":443\"; ma=86400' always;"
_BOTH = "443 ssl;\n    listen 443 quic reuseport"
_ALWAYS_13 = "ssl_protocols TLSv1.2 TLSv1.3;\n"
QUIC: tuple[Rule, ...] = (
    Rule(
        "quic-without-alt-svc",
        "HTTP/3 is served, and nobody is told",
        "A browser tries HTTP/3 after an Alt-Svc header (RFC 7838; RFC 9114, 3.1.1) or an HTTPS"
        " record in DNS (RFC 9460), which no configuration shows: so it is a doubt.",
        bad=tls_site("", listen=_BOTH),
        good=tls_site(_ALT, listen=_BOTH),
        find=_unsaid,
    ),
    Rule(
        "alt-svc-without-quic",
        "HTTP/3 is promised, and nothing listens",
        "Browsers try the port that Alt-Svc names and fall back after a while (RFC 7838, 2.4).  It"
        " is a doubt when the server listens for QUIC on another port, which may be mapped.",
        bad=tls_site(_ALT),
        good=tls_site(_ALT, listen=_BOTH),
        find=_empty,
    ),
    Rule(
        "quic-without-tcp",
        "A port answers over QUIC alone",
        "HTTP/3 is found through HTTP/1.1 or HTTP/2 on the same host, which are also its fallback"
        " where UDP is blocked (RFC 9114, 3.1).",
        bad=tls_site(_ALT, listen="443 quic reuseport"),
        good=tls_site(_ALT, listen=_BOTH),
        find=_alone,
    ),
    Rule(
        "quic-without-tls13",
        "QUIC without TLS 1.3",
        "QUIC works with TLS 1.3 or later only (RFC 9001, 4.2).",
        bad=tls_site(f"ssl_protocols TLSv1.2;\n{_ALT}", listen=_BOTH),
        good=tls_site(f"{_ALWAYS_13}{_ALT}", listen=_BOTH),
        find=_old,
    ),
    Rule(
        "quic-without-reuseport",
        "QUIC and several workers without reuseport",
        "`reuseport` is needed for QUIC to work properly with several workers"
        " (ngx_http_v3_module; ngx_http_core_module, listen).",
        bad="worker_processes auto;\n" + tls_site(_ALT, listen="443 ssl;\n    listen 443 quic"),
        good="worker_processes auto;\n" + tls_site(_ALT, listen=_BOTH),
        find=_reuse,
    ),
)
