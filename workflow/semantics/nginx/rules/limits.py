"""Faults of limits: zones that count nobody, limits that replace others, answers before access."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Rule
from workflow.semantics.nginx.rules.routes import (
    Finding,
    http,
    is_full,
    short,
    site,
    variables,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_ZONE = re.compile(r"zone=([^:]+)")
_RATE = re.compile(r"rate=(\d{1,9})r/([sm])\Z")
# Headers that a client may leave out or write anew in each request.
_CLAIMED = re.compile(r"(?:http_x_forwarded_for|http_x_real_ip|http_user_agent|http_referer)\Z")
_MUCH = 10


def _zones(config: Config, name: str) -> Iterator[tuple[str, Item]]:
    for item in config.every(name):
        zone = next((found[1] for word in item.args if (found := _ZONE.match(word))), "")
        if zone:
            yield zone, item


def _unused(config: Config) -> Iterator[Fault]:
    found = Finding("limit-zone-unused")
    if not is_full(config):
        return
    for kind in ("limit_req", "limit_conn"):
        used = {zone for zone, _ in _zones(config, kind)}
        used |= {one.args[0] for one in config.every(kind) if one.args}
        for zone, item in _zones(config, f"{kind}_zone"):
            if zone not in used:
                yield found.doubt(
                    item,
                    f"the zone `{short(zone)}` limits nothing: no `{kind}` uses it",
                    f"add `{kind} {'zone=' if kind == 'limit_req' else ''}{short(zone)}"
                    f"{'' if kind == 'limit_req' else ' 10'};` where the limit is meant",
                    zone,
                )


_LIMITED = (
    "limit_req_zone $binary_remote_addr zone=calls:1m rate=10r/s;\n"
    "server {\n    listen 8080;\n    server_name a.example.test;\nLINE"
    "    location / {\n        proxy_pass http://127.0.0.1:9000;\n    }\n}"
)
UNUSED = Rule(
    "limit-zone-unused",
    "A zone for a limit that nothing uses",
    "limit_req_zone only makes the zone; limit_req applies it (ngx_http_limit_req_module).",
    http(_LIMITED.replace("LINE", "")),
    http(_LIMITED.replace("LINE", "    limit_req zone=calls burst=20;\n")),
    find=_unused,
)


def _evaded(config: Config) -> Iterator[Fault]:
    found = Finding("limit-key-claimed")
    for kind in ("limit_req_zone", "limit_conn_zone"):
        for item in config.every(kind):
            names = variables(item.args[0] if item.args else "")
            claimed = next((one for one in names if _CLAIMED.match(one)), "")
            if claimed and not any(one.endswith("remote_addr") for one in names):
                yield found.doubt(
                    item,
                    f"callers are counted by `${short(claimed)}`, which each of them writes as it "
                    "likes: a new value in each request is never limited",
                    "count by `$binary_remote_addr`, with `set_real_ip_from` for your proxies",
                )


EVADED = Rule(
    "limit-key-claimed",
    "A limit counts callers by what they claim",
    "The key of a zone should be something that the caller cannot choose; requests with an empty "
    "key are not counted (ngx_http_limit_req_module, limit_req_zone).",
    http(
        "limit_req_zone $http_x_forwarded_for zone=calls:1m rate=10r/s;\n"
        "server {\n    listen 8080;\n    server_name a.example.test;\n"
        "    limit_req zone=calls;\n}"
    ),
    http(
        "limit_req_zone $binary_remote_addr zone=calls:1m rate=10r/s;\n"
        "server {\n    listen 8080;\n    server_name a.example.test;\n"
        "    limit_req zone=calls;\n}"
    ),
    find=_evaded,
)


def _replaced(config: Config) -> Iterator[Fault]:
    found = Finding("limit-replaced")
    for kind in ("limit_req", "limit_conn"):
        seen: set[int] = set()
        for item in config.every(kind):
            block = item.parent
            if block is None or block.parent is None or id(block) in seen:
                continue
            seen.add(id(block))
            outer = [_zone_of(one) for one in block.parent.effective(kind)]
            mine = {_zone_of(one) for one in block.named(kind)}
            lost = [zone for zone in outer if zone not in mine]
            if lost:
                yield found.doubt(
                    item,
                    f"the limit by zone `{short(lost[0])}` of the block around does not apply "
                    f"here: a block with a `{kind}` of its own inherits none",
                    f"repeat the line of zone `{short(lost[0])}` here",
                    kind,
                    *sorted(mine),
                )


def _zone_of(item: Item) -> str:
    named = next((found[1] for word in item.args if (found := _ZONE.match(word))), "")
    return named or (item.args[0] if item.args else "")


_REPLACED = (
    "limit_req_zone $binary_remote_addr zone=all:1m rate=10r/s;\n"
    "limit_req_zone $binary_remote_addr zone=login:1m rate=1r/s;\n"
    "server {\n    listen 8080;\n    server_name a.example.test;\n    limit_req zone=all;\n"
    "    location = /login {\n        limit_req zone=login;\nLINE"
    "        proxy_pass http://127.0.0.1:9000;\n    }\n}"
)
REPLACED = Rule(
    "limit-replaced",
    "A location's limit takes the place of the server's",
    "limit_req is inherited only by blocks without one (ngx_http_limit_req_module, limit_req).",
    http(_REPLACED.replace("LINE", "")),
    http(_REPLACED.replace("LINE", "        limit_req zone=all;\n")),
    find=_replaced,
)


def _rate(base: Config, patched: Config) -> Iterator[Fault]:
    found = Finding("limit-rate-changed")
    before = dict(_zones(base, "limit_req_zone"))
    for zone, item in _zones(patched, "limit_req_zone"):
        if zone not in before:
            continue
        old, new = _per_minute(before[zone]), _per_minute(item)
        if old and new and (old >= new * _MUCH or new >= old * _MUCH):
            yield found.doubt(
                item,
                f"the rate of zone `{short(zone)}` changes from {old} to {new} requests a minute",
                "check the unit: `r/s` is a second, `r/m` a minute",
                zone,
            )


def _per_minute(item: Item) -> int:
    rate = next((found for word in item.args if (found := _RATE.match(word))), None)
    return int(rate[1]) * (60 if rate[2] == "s" else 1) if rate else 0


_RATED = (
    "limit_req_zone $binary_remote_addr zone=calls:1m rate=RATE;\n"
    "server {\n    listen 8080;\n    server_name a.example.test;\n    limit_req zone=calls;\n}"
)
RATE = Rule(
    "limit-rate-changed",
    "A limit changes by a factor of ten or more",
    "Rates are given for a second (`r/s`) or a minute (`r/m`): one letter is a factor of sixty "
    "(ngx_http_limit_req_module, limit_req_zone).",
    http(_RATED.replace("RATE", "10r/m")),
    http(_RATED.replace("RATE", "10r/s")),
    compare=_rate,
)


def _answered_first(config: Config) -> Iterator[Fault]:
    found = Finding("return-before-access")
    for item in config.every("return"):
        block = item.parent
        code = item.args[0] if item.args else ""
        if block is None or block.name not in {"server", "location"} or not _GOOD.match(code):
            continue
        if limit := _limiting(block.named(*_LIMITING)):
            yield found.fault(
                item,
                f"everybody gets this answer: `return` comes before `{limit.name}`, which is "
                "never asked",
                "serve a file or pass the request on; both come after the checks of access",
            )
        elif limit := _limiting([one for name in _REFUSING for one in block.effective(name)]):
            yield found.doubt(
                item,
                f"everybody gets this answer: `return` comes before the `{limit.name}` of the "
                "block around",
                "serve a file or pass the request on, unless it is meant for everybody",
            )


def _limiting(lines: Sequence[Item]) -> Item | None:
    return next((one for one in lines if one.args[:1] != ("off",)), None)


_GOOD = re.compile(r"2\d\d\Z")
_REFUSING = ("deny", "auth_basic", "auth_request")
_LIMITING = (*_REFUSING, "limit_req")
ANSWERED_FIRST = Rule(
    "return-before-access",
    "An answer is given before access is checked",
    "return belongs to the rewrite phase, which runs before those of limits and of access "
    "(ngx_http_rewrite_module; development guide, HTTP phases).",
    site("location = /secret {\n    deny all;\n    return 200 secret;\n}"),
    site("location = /secret {\n    deny all;\n    root /srv/www;\n}"),
    find=_answered_first,
)


def _connections(config: Config) -> Iterator[Fault]:
    found = Finding("connections-over-files")
    files = next(config.every("worker_rlimit_nofile"), None)
    limit = files.args[0] if files is not None and files.args else ""
    for item in config.every("worker_connections"):
        value = item.args[0] if item.args else ""
        if not (limit.isdigit() and value.isdigit() and max(len(limit), len(value)) < _MUCH):
            continue
        if int(value) > int(limit):
            yield found.doubt(
                item,
                f"a worker may have {value} connections and opens only {limit} files: under load "
                "it fails with `Too many open files`, and passing on takes two for each request",
                f"set `worker_rlimit_nofile` to twice {value}",
            )


CONNECTIONS = Rule(
    "connections-over-files",
    "More connections than files that may be open",
    "Every connection is an open file; the limit of files wins (ngx_core_module, "
    "worker_connections, worker_rlimit_nofile).",
    "worker_rlimit_nofile 512;\nevents {\n    worker_connections 1024;\n}\nhttp {\n}\n",
    "worker_rlimit_nofile 2048;\nevents {\n    worker_connections 1024;\n}\nhttp {\n}\n",
    find=_connections,
)

LIMITS: tuple[Rule, ...] = (UNUSED, EVADED, REPLACED, RATE, ANSWERED_FIRST, CONNECTIONS)
