"""Faults of passing requests on: another path than meant, another server, or the own one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Rule
from workflow.semantics.nginx.rules.known import variables_of
from workflow.semantics.nginx.rules.near import Names
from workflow.semantics.nginx.rules.pairs import pairs
from workflow.semantics.nginx.rules.routes import (
    PASSES,
    Finding,
    http,
    matcher,
    said,
    servers,
    short,
    site,
    variables,
)

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault
    from workflow.semantics.nginx.rules.known import Variables

# The host ends where a path begins, also one that a variable holds.
_TARGET = re.compile(
    r"(?:(?P<scheme>https?|grpcs?|\$\{?\w+\}?)://)?"
    r"(?P<host>(?:(?!\$\{?(?:request_uri|uri|document_uri|is_args|args)\b)[^/?#])*)(?P<uri>.*)",
    re.DOTALL,
)
_PORTS = {"https": "443", "grpcs": "443"}
_HERE = frozenset({"127.0.0.1", "localhost", "[::1]", "0.0.0.0"})  # noqa: S104 - a name, not bound
_ENDS_WORD = re.compile(r"[A-Za-z0-9]\Z")
_PAIR = len(("$name", "value"))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request is passed to; `host` has the port, `uri` is empty where none was given."""

    scheme: str
    host: str
    uri: str

    @property
    def address(self) -> str:
        """The host with its port, the scheme's where none is given."""
        last = self.host.rpartition("]")[2]
        return self.host if ":" in last else f"{self.host}:{_PORTS.get(self.scheme, '80')}"


def target(item: Item) -> Target:
    """Read the argument of a `proxy_pass` and its like."""
    text = item.args[0] if item.args else ""
    if text.startswith(("http://unix:", "https://unix:", "unix:", "grpc://unix:")):
        path = text.partition("unix:")[2]
        socket, _, uri = path.partition(":")
        return Target(text.partition(":")[0], f"unix:{socket}", uri)
    found = _TARGET.match(text)
    if found is None:
        return Target("", text, "")
    return Target(found["scheme"] or "", found["host"], found["uri"])


def host_of(address: str) -> str:
    """The host of an address that proxy_pass would take, with its port."""
    found = _TARGET.match(address)
    return found["host"] if found else address


def _passed(path: str, text: str, uri: str) -> str:
    """The path that the upstream server gets for a request of a prefix location."""
    return uri + path[len(text) :] if uri else path


def _slash(config: Config) -> Iterator[Fault]:
    found = Finding("proxy-pass-slash")
    for item in config.every("proxy_pass"):
        location = item.parent
        if location is None or location.name != "location" or location.named("rewrite"):
            continue
        where, to = matcher(location), target(item)
        if not where.is_prefix or not where.text.startswith("/") or not to.uri:
            continue
        if variables(item.args[0]):
            if not variables(to.uri) and not location.named("internal"):
                yield found.fault(
                    item,
                    f"every request below `{short(where.text)}` is passed to `{short(to.uri)}` "
                    "alone: with a variable in proxy_pass, its path replaces the request's",
                    f"take `{short(to.uri)}` off the end, or add `$request_uri` in its place",
                    to.uri,
                )
            continue
        sample = f"{where.text.rstrip('/')}/x"
        passed = _passed(sample, where.text, to.uri)
        if where.text.endswith("/") and not to.uri.endswith("/") and _ENDS_WORD.search(to.uri):
            if "?" not in to.uri:
                yield found.fault(
                    item,
                    f"`{short(sample)}` is passed on as `{short(passed)}`: the location ends in a "
                    "slash and the path of proxy_pass does not, so two names are glued together",
                    f"end the path of proxy_pass with a slash: `{short(item.args[0])}/`",
                    to.uri,
                )
        elif not where.text.endswith("/") and to.uri.endswith("/"):
            yield found.fault(
                item,
                f"`{short(sample)}` is passed on as `{short(passed)}`, with two slashes, and "
                f"`{short(where.text)}x` as `{short(to.uri)}x`: the path of proxy_pass ends in a "
                "slash and the location does not",
                f"write `{said(where, '/')}`, with the closing slash",
                to.uri,
            )


PASS_SLASH = Rule(
    "proxy-pass-slash",
    "A location and its proxy_pass differ in the closing slash",
    "nginx replaces the location's text by the path of proxy_pass, character for character; with "
    "variables the path replaces all of the request's (ngx_http_proxy_module, proxy_pass).",
    site("location /api {\n    proxy_pass http://127.0.0.1:9000/;\n}"),
    site("location /api/ {\n    proxy_pass http://127.0.0.1:9000/;\n}"),
    find=_slash,
)


def _passes(base: Config, patched: Config) -> Iterator[tuple[Item, Item]]:
    """Each proxy_pass of the base with the one that takes its place in the same location."""
    for pair in pairs(base, patched):
        old, new = pair.old, pair.new
        if old.name in {"location", "if", "limit_except"} and old.words == new.words:
            for name in PASSES:
                before, after = old.named(name), new.named(name)
                if len(before) == len(after) == 1:
                    yield before[0], after[0]


def _path_changed(base: Config, patched: Config) -> Iterator[Fault]:
    found = Finding("proxy-path-changed")
    for before, after in _passes(base, patched):
        new = after.parent
        if before.name != "proxy_pass" or new is None:
            continue
        was, now = target(before), target(after)
        where = matcher(new)
        if was.uri == now.uri or new.name != "location" or not where.text.startswith("/"):
            continue
        sample = where.text if where.modifier == "=" else f"{where.text.rstrip('/')}/x"
        first, second = (_passed(sample, where.text, one.uri) for one in (was, now))
        if first == second:
            cause = (
                "the upstream server gets the decoded path instead of the one that the client sent"
                if now.uri
                else "the upstream server gets the path as the client sent it, no longer decoded"
            )
            cause = f"{cause}: proxy_pass {'has' if now.uri else 'no longer has'} a path"
        else:
            cause = (
                f"a request for `{short(sample)}` now reaches the upstream server as "
                f"`{short(second)}`; before it was `{short(first)}`"
            )
        yield found.doubt(
            after, cause, f"keep `{short(before.args[0])}` unless the new path is meant"
        )


PATH_CHANGED = Rule(
    "proxy-path-changed",
    "The upstream server gets another path for the same request",
    "Whether proxy_pass has a path, if only a slash, decides if the location's text is cut off "
    "the request (ngx_http_proxy_module, proxy_pass).",
    site("location /api/ {\n    proxy_pass http://127.0.0.1:9000/;\n}"),
    site("location /api/ {\n    proxy_pass http://127.0.0.1:9000;\n}"),
    compare=_path_changed,
)


def _target_changed(base: Config, patched: Config) -> Iterator[Fault]:
    found = Finding("proxy-target-changed")
    old, new = _upstreams(base), _upstreams(patched)
    for before, after in (*_passes(base, patched), *_stream_passes(base, patched)):
        was, now = target(before), target(after)
        is_named = (was.scheme, was.host) == (now.scheme, now.host)
        reached = _reached(before, was, old, variables_of(base))
        if not is_named and reached != _reached(after, now, new, variables_of(patched)):
            who = "connections to this server" if _in_stream(after) else "requests of this location"
            yield found.doubt(
                after,
                f"{who} go to {_spoken(now, new)} instead of {_spoken(was, old)}",
                "make sure that the service listens there; nginx does not ask it",
            )
    for name, block in new.items():
        if name in old:
            yield from _servers_changed(found, old[name], block)


def _upstreams(config: Config) -> dict[str, Item]:
    return {" ".join(one.args): one for one in config.every("upstream") if one.is_block}


def _in_stream(item: Item) -> bool:
    return item.within("stream") is not None


def _stream_passes(base: Config, patched: Config) -> Iterator[tuple[Item, Item]]:
    """Each proxy_pass of a stream server with that of the server on the same addresses."""
    before: dict[tuple[str, ...], Item] = {}
    for block in base.blocks("server"):
        if _in_stream(block) and len(block.named("proxy_pass")) == 1:
            before.setdefault(_listening(block), block.named("proxy_pass")[0])
    for block in patched.blocks("server"):
        if _in_stream(block) and len(block.named("proxy_pass")) == 1:
            old = before.pop(_listening(block), None)
            if old is not None:
                yield old, block.named("proxy_pass")[0]


def _listening(server: Item) -> tuple[str, ...]:
    return tuple(sorted(one.args[0] for one in server.named("listen") if one.args))


def _reached(
    item: Item, to: Target, upstreams: dict[str, Item], known: Variables
) -> tuple[object, ...]:
    """What tells one target from another: what an upstream or a variable holds, not its name."""
    scheme = to.scheme or ("grpc" if item.name == "grpc_pass" else "")
    plain = to.host if _in_stream(item) or to.host in upstreams else to.address
    hosts = known.values(to.host) if variables(to.host) else (plain,)
    lines = {
        tuple(sorted(one.args[:1] for one in upstreams[host].named("server")))
        if host in upstreams
        else (host,)
        for host in hosts
    }
    return (scheme, frozenset(lines))


def _spoken(to: Target, upstreams: dict[str, Item]) -> str:
    scheme = f"{to.scheme}://" if to.scheme else ""
    if to.host in upstreams:
        return f"upstream `{short(scheme + to.host)}`"
    is_whole = not to.scheme or variables(to.host)
    return f"`{short(scheme + (to.host if is_whole else to.address))}`"


def _servers_changed(found: Finding, old: Item, new: Item) -> Iterator[Fault]:
    before = {one.args[0]: one for one in old.named("server") if one.args}
    after = {one.args[0]: one for one in new.named("server") if one.args}
    gone = [name for name in before if name not in after]
    for name, item in after.items():
        if name in before:
            continue
        instead = f" instead of `{short(gone.pop(0))}`" if gone else " as well"
        yield found.doubt(
            item,
            f"requests for upstream `{short(' '.join(new.args))}` go to `{short(name)}`{instead}",
            "make sure that the service listens there; nginx does not ask it",
        )


TARGET_CHANGED = Rule(
    "proxy-target-changed",
    "Requests are passed to another address",
    "nginx resolves a name when it starts and connects when the first request comes: a wrong "
    "port is no error of configuration (ngx_http_proxy_module, proxy_pass).",
    site("location / {\n    proxy_pass http://127.0.0.1:9001;\n}"),
    site("location / {\n    proxy_pass http://127.0.0.1:9000;\n}"),
    compare=_target_changed,
)


def listeners(server: Item) -> tuple[str, ...]:
    """The port of each `listen` of a server, in order; nginx's default where there is none."""
    return tuple(map(port_of, server.named("listen"))) or ("80",)


def port_of(listen: Item) -> str:
    """The port of a `listen`; empty for a socket."""
    address = listen.args[0] if listen.args else ""
    if address.startswith("unix:"):
        return ""
    port = address.rpartition(":")[2] if ":" in address.rpartition("]")[2] else address
    return port if port.isdigit() else "80"


def _loop(config: Config) -> Iterator[Fault]:
    found = Finding("proxy-loop")
    owners: dict[str, set[int]] = {}
    for server in servers(config):
        for port in listeners(server):
            owners.setdefault(port, set()).add(id(server))
    upstreams = {" ".join(one.args): one for one in config.every("upstream") if one.is_block}
    for item in config.every("proxy_pass"):
        to = target(item)
        own = item.within("server")
        if own is None or to.uri not in {"", "/"} or variables(to.host):
            continue
        upstream = upstreams.get(to.host)
        named = upstream.named("server") if upstream else ()
        addresses = [(to.address, item)] if upstream is None else []
        addresses += [(one.args[0], one) for one in named if one.args]
        location = item.parent if item.parent and item.parent.name == "location" else None
        if to.uri == "/" and (location is None or matcher(location).text != "/"):
            continue
        for address, line in addresses:
            host, _, port = address.rpartition(":")
            if host in _HERE and owners.get(port) == {id(own)}:
                yield found.fault(
                    line,
                    f"requests are passed to `{short(address)}`, where this very server listens: "
                    "each one comes back until connections run out",
                    "write the port of the service behind nginx",
                    address,
                )


LOOP = Rule(
    "proxy-loop",
    "A server passes requests to itself",
    "nginx does not compare the addresses of proxy_pass and upstream with its own listen "
    "directives (ngx_http_proxy_module, proxy_pass).",
    site("location / {\n    proxy_pass http://127.0.0.1:8080;\n}"),
    site("location / {\n    proxy_pass http://127.0.0.1:9000;\n}"),
    find=_loop,
)


def _name_typo(config: Config) -> Iterator[Fault]:
    found = Finding("upstream-name-typo")
    upstreams = _upstreams(config)
    if not upstreams:
        return
    names = Names(upstreams)
    known = variables_of(config)
    told: set[tuple[int, str]] = set()
    for item in config.every(*PASSES):
        text = item.args[0] if item.args else ""
        for value in known.values(text):
            host = host_of(value)
            near = misspelled(host, upstreams, names)
            line = _giving(config, item, host) if near else item
            if not near or (id(line), host) in told:
                continue
            told.add((id(line), host))
            yield found.fault(
                line,
                f"no upstream is called `{short(host)}`, so nginx looks that name up in DNS; there "
                f"is an upstream `{short(near)}`",
                f"write `{short(near)}`",
                host,
            )


def misspelled(host: str, upstreams: Container[str], names: Names) -> str:
    """The upstream that a name which is none probably means; else an empty text."""
    if host in upstreams or host == "localhost" or set(host) & set("$.:[]"):
        return ""
    return names.near(host)


def _giving(config: Config, item: Item, host: str) -> Item:
    """The line that gives a variable the host, where the directive does not name it itself."""
    if not variables(target(item).host):
        return item
    for one in config.every("set"):
        if len(one.args) == _PAIR and host in {one.args[1], host_of(one.args[1])}:
            return one
    for block in config.blocks("map", "geo", "split_clients"):
        for one in block.items:
            if one.args and host in {one.args[-1], host_of(one.args[-1])}:
                return one
    return item


_UPSTREAM = "upstream backend {\n    server 127.0.0.1:9000;\n}\n"
_BY_NAME = (
    _UPSTREAM + "server {\n    listen 8080;\n    server_name a.example.test;\n"
    "    resolver 127.0.0.1;\n    location / {\n        set $service NAME;\n"
    "        proxy_pass http://$service;\n    }\n}"
)
NAME_TYPO = Rule(
    "upstream-name-typo",
    "proxy_pass names a host that is almost an upstream",
    "A name that no upstream has is taken for a host name: resolved once, at the start, or with "
    "variables for each request (ngx_http_upstream_module, upstream; proxy_pass).",
    http(_BY_NAME.replace("NAME", "backned")),
    http(_BY_NAME.replace("NAME", "backend")),
    find=_name_typo,
)

PROXYING: tuple[Rule, ...] = (PASS_SLASH, PATH_CHANGED, TARGET_CHANGED, LOOP, NAME_TYPO)
