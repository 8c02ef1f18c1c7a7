"""Faults of what nginx hands to the application: lost, forged and replayed headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Level, Rule
from workflow.semantics.nginx.rules.facts import (
    Finder,
    blocks_said,
    listed,
    number,
    site,
    variable_of,
)
from workflow.semantics.nginx.rules.pairs import saying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_INHERITANCE = Finder("proxy-header-inheritance", Level.FAULT)
_REMOVED = Finder("proxy-header-removed", Level.DOUBT)
_FORGED = Finder("forwarded-for-client", Level.FAULT)
_EXTENDED = Finder("forwarded-for-extended", Level.DOUBT)
_TRUST = Finder("real-ip-trusts-all", Level.FAULT)
# What sets what a backend reads, and what passes requests to it.
_FAMILIES = {
    "proxy_set_header": "proxy_pass",
    "grpc_set_header": "grpc_pass",
    "fastcgi_param": "fastcgi_pass",
    "uwsgi_param": "uwsgi_pass",
    "scgi_param": "scgi_pass",
}
# What applications rely on; without `proxy_set_header Host`, nginx sends the upstream's own name.
_NEEDED = {
    *("authorization", "connection", "host", "upgrade", "x-forwarded-for", "x-forwarded-host"),
    *("x-forwarded-port", "x-forwarded-prefix", "x-forwarded-proto", "x-forwarded-ssl"),
    *("x-forwarded-user", "x-real-ip", "x-request-id", "x-scheme", "forwarded"),
    *("x-forwarded-scheme", "x-client-cert", "x-ssl-client-verify", "early-data"),
    *("script_filename", "query_string", "request_method", "content_type", "content_length"),
    *("request_uri", "document_root", "server_name", "remote_addr", "https", "path_info"),
}
_NGINX_SENDS = {("host", "$proxy_host"), ("connection", "close")}
_SHARED = ("http", "server", "location", "if", "limit_except")
_ADDRESSES = {
    "x-forwarded-for": ("$http_x_forwarded_for",),
    "x-real-ip": ("$http_x_real_ip", "$http_x_forwarded_for"),
    "x-client-ip": ("$http_x_client_ip",),
}
_ANYBODY = {"0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1"}
_MAX_SEEN = 2000
_CLIENTS_WORD = ("x-forwarded-for", "x-real-ip", "true-client-ip", "cf-connecting-ip")


def _names(items: tuple[Item, ...]) -> dict[str, str]:
    return {one.args[0].lower(): one.args[0] for one in items if one.args}


def _meant(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Without those that say what nginx sends anyway."""
    return tuple(one for one in items if tuple(arg.lower() for arg in one.args) not in _NGINX_SENDS)


def _passes(block: Item, directive: str) -> bool:
    """Whether requests that a block answers go to a backend of that kind."""
    if block.effective(directive):
        return True
    stack = list(block.items)
    seen = 0
    while stack and seen < _MAX_SEEN:
        item = stack.pop()
        seen += 1
        if item.name == directive:
            return True
        stack.extend(item.items)
    return False


def _inheritance(config: Config) -> Iterator[Fault]:
    for block in config.blocks(*_SHARED):
        for setting, passing in _FAMILIES.items():
            mine = block.named(setting)
            if not mine or block.parent is None:
                continue
            outer, inner = _names(_meant(block.parent.effective(setting))), _names(mine)
            lost = [name for name in outer if name not in inner]
            if not lost or not _passes(block, passing):
                continue
            needed = [name for name in lost if name in _NEEDED]
            said = [outer[name] for name in (*needed, *(n for n in lost if n not in needed))]
            what = "header" if setting.endswith("header") else "parameter"
            is_fault = needed and not outer.keys() & inner.keys()
            yield _INHERITANCE.at(
                mine[0],
                cause=(
                    f"`{block.label}` has a {setting} of its own, so its backend no longer gets"
                    f" {number(len(said), f'inherited {what}')}: {listed(said)}"
                ),
                fix=f"repeat {listed(said)} in `{block.label}`, or include the same snippet there",
                key=(setting,),
                parts=tuple(sorted(lost)),
                level=Level.FAULT if is_fault else Level.DOUBT,
            )


def _removed(base: Config, patched: Config) -> Iterator[Fault]:
    told: set[tuple[int, str]] = set()
    lost: dict[tuple[str, ...], list[Item]] = {}
    for pair in saying(base, patched, *_FAMILIES):
        if pair.is_gone:
            continue
        for setting, passing in _FAMILIES.items():
            before, after = _names(pair.old.effective(setting)), _names(pair.new.effective(setting))
            outer = _names(pair.new.parent.effective(setting)) if pair.new.parent else {}
            gone = [
                name
                for name in before
                if name in _NEEDED and name not in after and name not in outer
            ]
            fresh = [one for one in gone if not any((id(b), one) in told for b in pair.new.around)]
            if not fresh or not _passes(pair.new, passing):
                continue
            told.update((id(pair.new), name) for name in gone)
            lost.setdefault((setting, *(before[name] for name in fresh)), []).append(pair.new)
    for (setting, *said), blocks in lost.items():
        yield _REMOVED.at(
            blocks[0],
            cause=f"the backend of {blocks_said(blocks)} no longer gets {listed(said)}",
            fix=f"keep the `{setting}` of {listed(said)}",
            key=(setting, *sorted(said)),
        )


def _forged(config: Config) -> Iterator[Fault]:
    for item in config.every("proxy_set_header", "grpc_set_header"):
        if len(item.args) < len(("name", "value")):
            continue
        name, value = item.args[0].lower(), item.args[1]
        if value in _ADDRESSES.get(name, ()) and variable_of(value) and item.parent:
            trusted = bool(item.parent.effective("set_real_ip_from"))
            yield _FORGED.at(
                item,
                cause=(
                    f"{item.args[0]} is what the client itself sent, so anybody can claim any"
                    " address towards the application"
                ),
                fix=(
                    f"write `{item.name} {item.args[0]} $remote_addr;`; behind a proxy of yours,"
                    " name it in set_real_ip_from, too"
                ),
                key=(name,),
                level=Level.DOUBT if trusted else None,
            )


def _extended(base: Config, patched: Config) -> Iterator[Fault]:
    told: set[int] = set()
    for pair in saying(base, patched, "proxy_set_header"):
        if pair.is_gone:
            continue
        before, after = _forwarded(pair.old), _forwarded(pair.new)
        if not before or not after or id(after) in told:
            continue
        if before.args[1] == "$remote_addr" and after.args[1] == "$proxy_add_x_forwarded_for":
            told.add(id(after))
            yield _EXTENDED.at(
                after,
                cause=(
                    "X-Forwarded-For began with the client's real address and now begins with"
                    " whatever the client sent in that header"
                ),
                fix="keep `$remote_addr`, unless a proxy of yours stands in front of nginx",
            )


def _forwarded(block: Item) -> Item | None:
    found = block.effective("proxy_set_header")
    return next(
        (one for one in found if len(one.args) > 1 and one.args[0].lower() == "x-forwarded-for"),
        None,
    )


def _trust(config: Config) -> Iterator[Fault]:
    for item in config.every("set_real_ip_from"):
        if not item.parent or item.args[:1] not in {(one,) for one in _ANYBODY}:
            continue
        header = item.parent.value("real_ip_header", "X-Real-IP")
        if header.lower() in _CLIENTS_WORD:
            yield _TRUST.at(
                item,
                cause=(
                    f"nginx believes {header} of every client, so limits, logs and allow lists"
                    " see the address that the client chose"
                ),
                fix="name the addresses of your own proxies in set_real_ip_from",
                key=item.args,
            )


_PASS = "    proxy_pass http://127.0.0.1:8000;"  # noqa: S105 - a directive, no password
_SET = "proxy_set_header {} {};"
_HOST = _SET.format("Host", "$host")
_PROTO = _SET.format("X-Forwarded-Proto", "$scheme")
_ADDED = _SET.format("X-Forwarded-For", "$remote_addr")
PROXY_HEADERS: tuple[Rule, ...] = (
    Rule(
        "proxy-header-inheritance",
        "A block's own proxy_set_header drops all inherited ones",
        "nginx hands `proxy_set_header`, `grpc_set_header`, `fastcgi_param`, `uwsgi_param` and"
        " `scgi_param` down only to blocks that have none of their own (ngx_http_proxy_module,"
        " proxy_set_header).  It is a fault when headers are lost that applications rely on and"
        " none of the inherited ones is repeated, else a doubt.",
        bad=site(f"{_HOST}\n\nlocation /app/ {{\n    {_PROTO}\n{_PASS}\n}}"),
        good=site(f"{_HOST}\n{_PROTO}\n\nlocation /app/ {{\n{_PASS}\n}}"),
        find=_inheritance,
    ),
    Rule(
        "proxy-header-removed",
        "A change takes a header away from the application",
        "Compares what the backend of each location gets in base and patched.  Without"
        " `proxy_set_header Host`, nginx sends `$proxy_host`, the upstream's own name"
        " (ngx_http_proxy_module, proxy_set_header).",
        bad=site(f"location /app/ {{\n    {_HOST}\n{_PASS}\n}}"),
        good=site(f"location /app/ {{\n    {_HOST}\n    {_ADDED}\n{_PASS}\n}}"),
        compare=_removed,
    ),
    Rule(
        "forwarded-for-client",
        "The application believes the address that a client claims",
        "`$http_x_forwarded_for` is the client's own header (ngx_http_core_module, variables)."
        "  `$remote_addr` is the address that it comes from.",
        bad=site(
            f"location /app/ {{\n    {_HOST}\n"
            f"    {_SET.format('X-Forwarded-For', '$http_x_forwarded_for')}\n{_PASS}\n}}"
        ),
        good=site(f"location /app/ {{\n    {_HOST}\n    {_ADDED}\n{_PASS}\n}}"),
        find=_forged,
    ),
    Rule(
        "forwarded-for-extended",
        "A change lets clients put addresses in front of their own",
        "`$proxy_add_x_forwarded_for` appends to what the client sent (ngx_http_proxy_module,"
        " variables).  At the edge, only `$remote_addr` says nothing false.",
        bad=site(
            f"location /app/ {{\n    {_HOST}\n"
            f"    {_SET.format('X-Forwarded-For', '$proxy_add_x_forwarded_for')}\n{_PASS}\n}}"
        ),
        good=site(f"location /app/ {{\n    {_HOST}\n    {_ADDED}\n{_PASS}\n}}"),
        compare=_extended,
    ),
    Rule(
        "real-ip-trusts-all",
        "Every client may choose the address that nginx sees",
        "`set_real_ip_from` names the proxies whose header replaces the client's address"
        " (ngx_http_realip_module, set_real_ip_from).  All addresses are no proxies of yours.",
        bad=site("set_real_ip_from 0.0.0.0/0;\nreal_ip_header X-Forwarded-For;"),
        good=site("set_real_ip_from 10.0.0.0/8;\nreal_ip_header X-Forwarded-For;"),
        find=_trust,
    ),
)
