"""Faults of protocols: gRPC without HTTP/2, and a name that nginx does not read from TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Rule
from workflow.semantics.nginx.rules.facts import address_of
from workflow.semantics.nginx.rules.routes import Finding, is_full, is_whole, site, variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_MAX_STEPS = 200
_PREREAD = "ssl_preread_"


def _without_http2(config: Config) -> Iterator[Fault]:
    found = Finding("grpc-without-http2")
    make = found.fault if is_full(config) else found.doubt
    sockets = {
        address_of(one)
        for server in config.servers
        for one in server.named("listen")
        if {"http2", "quic"} & set(one.args)
    }
    told: set[int] = set()
    for item in config.every("grpc_pass"):
        server = item.within("server")
        if server is None or id(server) in told or not is_whole(config, item):
            continue
        listens = server.named("listen")
        has_socket = any(address_of(one) in sockets for one in listens)
        if server.value("http2") == "on" or has_socket or not server.directive:
            continue
        told.add(id(server))
        yield make(
            item,
            "no gRPC client gets an answer: gRPC needs HTTP/2, and this server has neither "
            "`http2 on` nor a `listen` with `http2`",
            "add `http2 on;` to the server",
            "http2",
        )


_GRPC = "location / {\n    grpc_pass grpc://127.0.0.1:50051;\n}"
GRPC = Rule(
    "grpc-without-http2",
    "gRPC is passed on by a server without HTTP/2",
    "gRPC runs over HTTP/2 (its protocol description); nginx speaks it to clients only where "
    "`http2` is on (ngx_http_v2_module; ngx_http_grpc_module).",
    site(_GRPC),
    site(f"http2 on;\n{_GRPC}"),
    find=_without_http2,
)


def _unread(config: Config) -> Iterator[Fault]:
    found = Finding("preread-off")
    sources = {
        block.args[-1].lstrip("$"): variables(" ".join((*block.args[:-1], *_results(block))))
        for block in config.blocks("map")
        if block.args and block.within("stream")
    }
    for block in config.blocks("server"):
        if not block.within("stream") or block.value("ssl_preread") == "on":
            continue
        for item in block.named("proxy_pass", "return"):
            name = _from_hello(variables(" ".join(item.args)), sources)
            if name:
                yield found.fault(
                    item,
                    f"`${name}` is always empty, for nginx does not look into the TLS handshake "
                    "here: every connection goes where an empty name goes",
                    "add `ssl_preread on;` to the server",
                    name,
                )


def _results(block: Item) -> tuple[str, ...]:
    return tuple(one.args[-1] for one in block.items if one.args)


def _from_hello(names: tuple[str, ...], sources: dict[str, tuple[str, ...]]) -> str:
    """The variable of the TLS handshake that others depend on, through maps; else nothing."""
    waiting, seen = list(names), set(names)
    while waiting and len(seen) < _MAX_STEPS:
        name = waiting.pop()
        if name.startswith(_PREREAD):
            return name
        fresh = [one for one in sources.get(name, ()) if one not in seen]
        seen.update(fresh)
        waiting += fresh
    return ""


_BY_NAME = (
    "events {}\n\nstream {\n    map $ssl_preread_server_name $service {\n"
    "        default 127.0.0.1:9000;\n        git.example.test 127.0.0.1:9001;\n    }\n\n"
    "    server {\n        listen 8443;\nLINE        proxy_pass $service;\n    }\n}\n"
)
PREREAD = Rule(
    "preread-off",
    "The name in a TLS handshake is asked for and not read",
    "The variables $ssl_preread_* are filled where `ssl_preread` is on, which is off unless said "
    "(ngx_stream_ssl_preread_module).",
    _BY_NAME.replace("LINE", ""),
    _BY_NAME.replace("LINE", "        ssl_preread on;\n"),
    find=_unread,
)

PROTOCOLS: tuple[Rule, ...] = (GRPC, PREREAD)
