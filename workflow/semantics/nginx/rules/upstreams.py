"""Faults of upstream servers: hosts that a caller chooses, names nobody resolves, dead servers."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Rule
from workflow.semantics.nginx.rules.known import variables_of
from workflow.semantics.nginx.rules.near import Names
from workflow.semantics.nginx.rules.proxying import host_of, misspelled, target
from workflow.semantics.nginx.rules.routes import (
    PASSES,
    Finding,
    http,
    is_full,
    matcher,
    short,
    site,
    variables,
    without_variables,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault
    from workflow.semantics.nginx.rules.known import Variables

# Variables that hold what the client wrote, and may hold any host.
_CLIENTS = re.compile(
    r"(?:arg_\w+|args|query_string|cookie_\w+|http_(?!host\Z)\w+|request_uri|uri)\Z"
)
_HOSTS = frozenset({"host", "http_host"})
_PAIR = len(("$name", "value"))
# A group of words or of letters without dots cannot name a foreign host.
_OPEN_GROUP = re.compile(r"\((?:\?P?<(\w+)>)?(?:\.|\[\^|\[[^\]]{0,60}\.|https?\?|\\S)")


def _chosen(config: Config) -> Iterator[Fault]:
    found = Finding("proxy-to-any-host")
    known = variables_of(config)
    for item in config.every(*PASSES):
        text = item.args[0] if item.args else ""
        if not variables(target(item).host):
            continue
        captured = _open_captures(item)
        for value in known.values(text):
            host = host_of(value)
            names = variables(host)
            name = next((one for one in names if _CLIENTS.match(one) or one in captured), "")
            if not name:
                continue
            cause = (
                f"the host comes from the request (`${short(name)}`), so a caller makes nginx ask "
                "any server, those of the own network too"
            )
            fix = "choose the host by a map of the values that are allowed"
            fixed = without_variables(host).partition(":")[0].strip(" .")
            internal = item.parent is not None and item.parent.named("internal")
            if fixed or internal:
                yield found.doubt(item, cause, fix, name)
            else:
                yield found.fault(item, cause, fix, name)
            break


def _open_captures(item: Item) -> set[str]:
    """The captures around a directive that may hold a name with dots in it."""
    location = item.within("location")
    if location is None:
        return set()
    where = matcher(location)
    patterns = [where.text] if where.is_regex else []
    patterns += [one.args[0] for one in location.named("rewrite") if one.args]
    open_groups = [found for one in patterns for found in _OPEN_GROUP.finditer(one)]
    numbers = {str(digit) for digit in range(1, 10)} if open_groups else set()
    return numbers | {found[1] for found in open_groups if found[1]}


CHOSEN = Rule(
    "proxy-to-any-host",
    "A caller chooses the host that requests are passed to",
    "With variables in proxy_pass the host is looked up for each request (ngx_http_proxy_module, "
    "proxy_pass); one that the request brings lets a caller reach internal services (CWE-918).",
    site("resolver 127.0.0.1;\nlocation /fetch {\n    proxy_pass http://$arg_host$request_uri;\n}"),
    site("location /fetch {\n    proxy_pass http://127.0.0.1:9000;\n}"),
    find=_chosen,
)


def _unresolved(config: Config) -> Iterator[Fault]:
    found = Finding("resolver-missing")
    make = found.fault if is_full(config) else found.doubt
    known = variables_of(config)
    upstreams = {" ".join(one.args) for one in config.every("upstream") if one.is_block}
    names = Names(upstreams)
    literal = {target(one).host for one in config.every(*PASSES)}
    for item in config.every("proxy_pass", "grpc_pass"):
        text = item.args[0] if item.args else ""
        if not variables(target(item).host) or item.parent is None:
            continue
        if item.parent.effective("resolver"):
            continue
        every = known.values(text)
        for value in every:
            host = host_of(value)
            if variables(host) or not host or host.startswith("unix:"):
                continue
            if host in upstreams or host in literal or _is_address(host):
                continue
            if misspelled(host, upstreams, names):
                continue  # which `upstream-name-typo` says
            yield make(
                item,
                f"{_failing(item, host, len(every))}: `{short(host)}` is in a variable, so nginx "
                "looks it up each time, and there is no `resolver`",
                "add `resolver` with the address of your name server, or write the name into an "
                "upstream block",
                host,
            )
            break
        else:
            yield from _unknown_host(found, item, known)


def _failing(item: Item, host: str, count: int) -> str:
    """Who fails, and how, for a name that nobody looks up."""
    who = "every" if count == 1 else "each"
    which = "" if count == 1 else f" that goes to `{short(host)}`"
    if item.within("stream"):
        return f"{who} connection{which} is closed at once"
    return f"{who} request{which} fails with 502"


def _unknown_host(found: Finding, item: Item, known: Variables) -> Iterator[Fault]:
    host = target(item).host
    if any(_HOSTS & set(variables(value)) for value in known.values(host)):
        yield found.doubt(
            item,
            "a host that is a name fails with 502: it is looked up for each request, and there is "
            "no `resolver`",
            "add `resolver` with the address of your name server",
        )


def _is_address(host: str) -> bool:
    name = host.rpartition(":")[0] if re.search(r":\d+\Z", host) else host
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


UNRESOLVED = Rule(
    "resolver-missing",
    "A name in a variable, and no resolver",
    "A host in a variable that is neither an address nor an upstream is resolved for each request "
    "by `resolver`; without one nginx answers 502 (ngx_http_proxy_module, proxy_pass).",
    site("location / {\n    set $service app.example.test;\n    proxy_pass http://$service;\n}"),
    site(
        "resolver 127.0.0.1;\n"
        "location / {\n    set $service app.example.test;\n    proxy_pass http://$service;\n}"
    ),
    find=_unresolved,
)


def _public(config: Config) -> Iterator[Fault]:
    found = Finding("resolver-public")
    for item in config.every("resolver"):
        for word in item.args:
            try:
                address = ipaddress.ip_address(word.partition(":")[0].strip("[]"))
            except ValueError:
                continue
            if address.is_global:
                yield found.doubt(
                    item,
                    f"names are looked up at {address}, outside of the own network: whoever can "
                    "forge its answers (plain UDP) chooses where requests go",
                    "use the name server of the own machine or network",
                    word,
                )
                break


PUBLIC = Rule(
    "resolver-public",
    "Names of upstream servers are looked up at a public name server",
    "The documentation asks for a resolver in a trusted network, against forged answers "
    "(ngx_http_core_module, resolver).",
    site("resolver 8.8.8.8;\nlocation / {\n    proxy_pass http://127.0.0.1:9000;\n}"),
    site("resolver 127.0.0.1;\nlocation / {\n    proxy_pass http://127.0.0.1:9000;\n}"),
    find=_public,
)


def _dead(config: Config) -> Iterator[Fault]:
    found = Finding("upstream-without-server")
    for block in config.every("upstream"):
        lines = block.named("server")
        if block.is_block and lines and all("down" in one.args for one in lines):
            yield found.fault(
                lines[0],
                f"no server of upstream `{short(' '.join(block.args))}` is in use: all are marked "
                "`down`, and every request fails with 502",
                "take `down` off one of them",
            )


DEAD = Rule(
    "upstream-without-server",
    "Every server of an upstream is marked down",
    "A server with `down` is never asked (ngx_http_upstream_module, server).",
    http("upstream app {\n    server 127.0.0.1:9000 down;\n}"),
    http("upstream app {\n    server 127.0.0.1:9000;\n}"),
    find=_dead,
)


def _kept(config: Config) -> Iterator[Fault]:
    found = Finding("upstream-keepalive-unused")
    upstreams = {
        " ".join(one.args): one.named("keepalive")[0]
        for one in config.every("upstream")
        if one.is_block and one.named("keepalive")
    }
    for item in config.every("proxy_pass"):
        line = upstreams.get(target(item).host)
        if line is None or item.parent is None or line.args == ("0",):
            continue
        headers = item.parent.effective("proxy_set_header")
        connection = [one.args[1] for one in headers if _names_connection(one)]
        version = item.parent.value("proxy_http_version")
        reason = ""
        if version == "1.0" or (connection and connection[-1].lower() == "close"):
            reason = "it asks for one request for each connection"
        elif connection and connection[-1].lower() == "upgrade":
            reason = "every request is sent with `Connection: upgrade`"
        elif not version or not connection:
            lacking = "" if version else "`proxy_http_version 1.1`"
            lacking += " and " if lacking and not connection else ""
            lacking += "" if connection else '`proxy_set_header Connection ""`'
            reason = f"{lacking} is not set here, which nginx before 1.29.7 needs"
        if reason:
            yield found.doubt(
                item,
                f"connections to upstream `{short(target(item).host)}` are not kept open, though "
                f"it has `keepalive`: {reason}",
                'write `proxy_http_version 1.1;` and `proxy_set_header Connection "";` here',
                target(item).host,
            )


def _names_connection(item: Item) -> bool:
    return len(item.args) == _PAIR and item.args[0].lower() == "connection"


_KEPT = "upstream app {\n    server 127.0.0.1:9000;\n    keepalive 8;\n}\n"
KEPT = Rule(
    "upstream-keepalive-unused",
    "An upstream keeps connections that nobody uses twice",
    "`keepalive` needs HTTP/1.1 and an empty Connection header; these became the default in "
    "1.29.7 (ngx_http_upstream_module, keepalive).",
    http(
        f"{_KEPT}server {{\n    listen 8080;\n    server_name a.example.test;\n"
        "    location / {\n        proxy_pass http://app;\n    }\n}"
    ),
    http(
        f"{_KEPT}server {{\n    listen 8080;\n    server_name a.example.test;\n"
        "    location / {\n        proxy_http_version 1.1;\n"
        '        proxy_set_header Connection "";\n        proxy_pass http://app;\n    }\n}'
    ),
    find=_kept,
)

UPSTREAMS: tuple[Rule, ...] = (CHOSEN, UNRESOLVED, PUBLIC, DEAD, KEPT)
