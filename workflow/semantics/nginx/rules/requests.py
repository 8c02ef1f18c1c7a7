"""Faults of what is sent on: the Host header, upgrades, bodies, timeouts, request smuggling."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Rule
from workflow.semantics.nginx.rules.pairs import pairs
from workflow.semantics.nginx.rules.routes import Finding, http, short, site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_PAIR = len(("name", "value"))
_TINY = 128
_HOST_HEADERS = frozenset({"host", "x-forwarded-host"})
_TIMES = ("proxy", "fastcgi", "uwsgi", "scgi", "grpc")
_LOOSENED = {
    ("ignore_invalid_headers", "off"): (
        "headers with invalid names are passed on, and two servers may read them differently"
    ),
    ("underscores_in_headers", "on"): (
        "`X_Real_IP` is passed on beside `X-Real-IP`, and an application that reads both as one "
        "takes the caller's"
    ),
    ("merge_slashes", "off"): (
        "`//admin` is another path than `/admin`, so a location or `deny` for the second does not "
        "see the first"
    ),
    ("chunked_transfer_encoding", "off"): (
        "answers of unknown length end with the connection, so a client cannot tell a whole one "
        "from half of one"
    ),
}
_UPSTREAM_TIMES = [
    f"{one}_{kind}_timeout" for one in _TIMES for kind in ("connect", "read", "send")
]
_ANSWER_TIMES = [name for name in _UPSTREAM_TIMES if "_connect_" not in name]
_TIME = re.compile(r"(\d{1,9})(ms|s|m|h|d|)\Z")
_UNITS = {"ms": 1, "": 1000, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_MUCH = 5
_BRIEF = 1000


def _sent(block: Item, name: str) -> tuple[str, ...]:
    """The values that a block sets for a header of the request that it passes on."""
    lines = block.effective("proxy_set_header")
    return tuple(
        one.args[1] for one in lines if len(one.args) == _PAIR and one.args[0].lower() == name
    )


def _raw_host(config: Config) -> Iterator[Fault]:
    found = Finding("host-header-raw")
    for item in config.every("proxy_set_header"):
        if len(item.args) != _PAIR or item.args[0].lower() not in _HOST_HEADERS:
            continue
        if item.args[1] in {"$http_host", "${http_host}"}:
            yield found.doubt(
                item,
                "the application gets the Host header as the client wrote it, also where the "
                "request line names another host, and builds links and cache keys from it",
                f"write `proxy_set_header {short(item.args[0])} $host;`",
            )


RAW_HOST = Rule(
    "host-header-raw",
    "The Host header is passed on unchecked",
    "`$host` is the name by which nginx chose the server: from the request line first, in lower "
    "case, without a port; `$http_host` is any text (ngx_http_core_module, $host).",
    site(
        "location / {\n    proxy_set_header Host $http_host;\n"
        "    proxy_pass http://127.0.0.1:9000;\n}"
    ),
    site(
        "location / {\n    proxy_set_header Host $host;\n    proxy_pass http://127.0.0.1:9000;\n}"
    ),
    find=_raw_host,
)


def _upgrade(config: Config) -> Iterator[Fault]:
    found = Finding("upgrade-incomplete")
    seen: set[int] = set()
    maps = (one.args for one in config.every("map") if one.is_block and len(one.args) == _PAIR)
    upgrading = {"upgrade", *(args[1].lower() for args in maps if args[0] == "$http_upgrade")}
    for item in config.every("proxy_pass"):
        block = item.parent
        if block is None or id(block) in seen:
            continue
        seen.add(id(block))
        upgrade, connection = _sent(block, "upgrade"), _sent(block, "connection")
        lines = block.effective("proxy_set_header")
        line = next((one for one in lines if _is_upgrading(one, upgrading)), item)
        version = block.value("proxy_http_version")
        if upgrade and upgrade[-1] and not (connection and connection[-1]):
            yield found.fault(
                line,
                "WebSocket connections fail: `Upgrade` is passed on without "
                "`Connection: upgrade`, and the server ignores it then",
                "add `proxy_set_header Connection $connection_upgrade;`, with a map of "
                "`$http_upgrade`",
            )
        elif connection and connection[-1].lower() in upgrading and not upgrade:
            yield found.fault(
                line,
                f"WebSocket connections fail: `Connection: {short(connection[-1])}` is sent "
                "without `Upgrade`, which says to what",
                "add `proxy_set_header Upgrade $http_upgrade;`",
            )
        elif upgrade and upgrade[-1] and version != "1.1":
            what = f"`proxy_http_version {short(version)}`" if version else "the default version"
            make = found.fault if version == "1.0" else found.doubt
            before = "" if version else " before nginx 1.29.7"
            yield make(
                line,
                f"WebSocket connections fail{before}: {what} is HTTP/1.0, which has no upgrade",
                "add `proxy_http_version 1.1;`",
            )


def _is_upgrading(item: Item, upgrading: set[str]) -> bool:
    name = item.args[0].lower() if item.args else ""
    return name == "upgrade" or (name == "connection" and item.args[-1].lower() in upgrading)


UPGRADE = Rule(
    "upgrade-incomplete",
    "A WebSocket upgrade that is only half passed on",
    "Upgrade and Connection concern one hop and are not passed on by themselves; both headers and "
    "HTTP/1.1 are needed (RFC 9110, 7.8; nginx, WebSocket proxying).",
    site(
        "location /ws {\n    proxy_http_version 1.1;\n"
        "    proxy_set_header Upgrade $http_upgrade;\n    proxy_set_header Host $host;\n"
        "    proxy_pass http://127.0.0.1:9000;\n}"
    ),
    site(
        "location /ws {\n    proxy_http_version 1.1;\n"
        "    proxy_set_header Upgrade $http_upgrade;\n    proxy_set_header Host $host;\n"
        '    proxy_set_header Connection "upgrade";\n    proxy_pass http://127.0.0.1:9000;\n}'
    ),
    find=_upgrade,
)


def _timeouts(config: Config) -> Iterator[Fault]:
    found = Finding("timeout-too-short")
    for item in config.every(*_UPSTREAM_TIMES):
        time = _milliseconds(item)
        if time == 0:
            yield found.fault(
                item,
                f"`{item.name} {short(item.args[0])}` is no unlimited time but none at all: "
                "requests end with 504 at once",
                "write the longest time that an answer may take, such as `1h`",
            )
        elif time is not None and time <= _BRIEF:
            yield found.doubt(
                item,
                f"the upstream server has {short(item.args[0])} in `{item.name}`; whatever takes "
                "longer ends with 504",
                "write the longest time that an answer may take",
            )


def _milliseconds(item: Item) -> int | None:
    """A time with one unit in milliseconds; `None` for what is none."""
    found = _TIME.match(item.args[0]) if item.args else None
    return int(found[1]) * _UNITS[found[2]] if found else None


TIMEOUTS = Rule(
    "timeout-too-short",
    "A timeout that no answer can keep",
    "Zero is a timeout of zero for the times of upstream servers (ngx_http_proxy_module, "
    "proxy_read_timeout; measured with 1.31: 504).",
    site("location / {\n    proxy_read_timeout 0;\n    proxy_pass http://127.0.0.1:9000;\n}"),
    site("location / {\n    proxy_read_timeout 1h;\n    proxy_pass http://127.0.0.1:9000;\n}"),
    find=_timeouts,
)


def _lowered(base: Config, patched: Config) -> Iterator[Fault]:
    found = Finding("timeout-lowered")
    for pair in pairs(base, patched):
        # A new location takes requests from one that may have passed none on.
        if pair.is_gone or pair.old.name != pair.new.name or pair.old.args != pair.new.args:
            continue
        for item in pair.new.named(*_ANSWER_TIMES):
            before = pair.old.effective(item.name)
            old, new = _milliseconds(before[-1]) if before else _USUAL, _milliseconds(item)
            if old is None or new is None or new <= _BRIEF or old < new * _MUCH:
                continue
            was = short(before[-1].args[0]) if before else "60s"
            yield found.doubt(
                item,
                f"`{item.name}` falls from {was} to {short(item.args[0])}: answers that took "
                "longer than that end with 504 now",
                f"keep {was}, unless no answer takes that long",
            )


_USUAL = 60_000
LOWERED = Rule(
    "timeout-lowered",
    "A timeout for the upstream server falls to a fifth or less",
    "The usual time is 60 seconds (ngx_http_proxy_module, proxy_read_timeout); who waits longer "
    "gets 504.",
    site("location / {\n    proxy_read_timeout 10s;\n    proxy_pass http://127.0.0.1:9000;\n}"),
    site("location / {\n    proxy_read_timeout 60s;\n    proxy_pass http://127.0.0.1:9000;\n}"),
    compare=_lowered,
)


def _bodies(config: Config) -> Iterator[Fault]:
    found = Finding("body-limit-odd")
    for item in config.every("client_max_body_size"):
        value = item.args[0] if item.args else ""
        if not value.isdigit() or len(value) > _MAX_DIGITS:
            continue
        if int(value) == 0:
            yield found.doubt(
                item,
                "bodies of any size are taken, and by default stored on disk before they are "
                "passed on: one caller can fill it",
                "write the largest size that the application takes",
            )
        elif int(value) < _TINY:
            yield found.fault(
                item,
                f"the limit is {value} bytes, since the value has no unit: any form or upload is "
                "refused with 413",
                f"write `{value}m` for megabytes",
            )


_MAX_DIGITS = 9
BODIES = Rule(
    "body-limit-odd",
    "A limit of the request's body without unit, or none at all",
    "A number alone is bytes, and 0 switches the check off (ngx_http_core_module, "
    "client_max_body_size).",
    site("location / {\n    client_max_body_size 10;\n    proxy_pass http://127.0.0.1:9000;\n}"),
    site("location / {\n    client_max_body_size 10m;\n    proxy_pass http://127.0.0.1:9000;\n}"),
    find=_bodies,
)


def _smuggled(config: Config) -> Iterator[Fault]:
    found = Finding("request-smuggling")
    for item in config.every("proxy_set_header"):
        name = item.args[0].lower() if len(item.args) == _PAIR else ""
        if name == "transfer-encoding" and item.args[1]:
            yield found.fault(
                item,
                "the upstream server is told of an encoding that the body does not have any more "
                "(nginx has decoded it), and takes its bytes for another request",
                "remove the line: nginx says itself how the body is sent",
            )
        elif name == "content-length" and item.args[1] not in {"", "0"}:
            yield found.doubt(
                item,
                "the length that the client claims is passed on, also where nginx sends another "
                "body or none: the rest is taken for another request",
                "remove the line, or send an empty value where no body is passed on",
            )
    for (name, value), cause in _LOOSENED.items():
        for item in config.every(name):
            if item.args == (value,):
                yield found.doubt(item, cause, f"remove `{name} {value};`")
    for item in config.every("proxy_pass_request_body"):
        block = item.parent
        if item.args == ("off",) and block and "" not in _sent(block, "content-length"):
            yield found.doubt(
                item,
                "the body is left out and its length is still announced, so the upstream server "
                "waits for it, or takes the next request for it",
                'add `proxy_set_header Content-Length "";`',
            )


SMUGGLED = Rule(
    "request-smuggling",
    "nginx and the server behind it may see different requests",
    "Where two servers do not agree on where a request ends, or on a header's name or path, one "
    "lets through what the other would refuse (RFC 9112, 11.2; ngx_http_core_module).",
    site(
        "location / {\n    proxy_set_header Host $host;\n"
        "    proxy_set_header Transfer-Encoding $http_transfer_encoding;\n"
        "    proxy_pass http://127.0.0.1:9000;\n}"
    ),
    site(
        "location / {\n    proxy_set_header Host $host;\n    proxy_pass http://127.0.0.1:9000;\n}"
    ),
    find=_smuggled,
)


def _repeated(config: Config) -> Iterator[Fault]:
    found = Finding("request-repeated")
    for item in config.every(*(f"{one}_next_upstream" for one in _TIMES)):
        if "non_idempotent" in item.args:
            yield found.doubt(
                item,
                "a POST that reached a server which then failed is sent to the next one, too: an "
                "order or a payment may be made twice",
                "take `non_idempotent` out",
            )


_TWO_SERVERS = "upstream app {\n    server 127.0.0.1:9000;\n    server 127.0.0.1:9001;\n}\n"
_REPEATED = (
    f"{_TWO_SERVERS}server {{\n    listen 8080;\n    server_name a.example.test;\n"
    "    proxy_next_upstream WHEN;\n    location / {\n        proxy_pass http://app;\n    }\n}"
)
REPEATED = Rule(
    "request-repeated",
    "Requests that change something are sent twice",
    "Requests with POST, LOCK and PATCH are passed to another server only with `non_idempotent` "
    "(ngx_http_proxy_module, proxy_next_upstream).",
    http(_REPEATED.replace("WHEN", "error timeout non_idempotent")),
    http(_REPEATED.replace("WHEN", "error timeout")),
    find=_repeated,
)

REQUESTS: tuple[Rule, ...] = (RAW_HOST, UPGRADE, TIMEOUTS, LOWERED, BODIES, SMUGGLED, REPEATED)
