"""Faults of servers: names that never match, two for one name, whose the unnamed requests are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Rule
from workflow.semantics.nginx.rules.pairs import pairs
from workflow.semantics.nginx.rules.proxying import port_of
from workflow.semantics.nginx.rules.routes import (
    Finding,
    http,
    is_template,
    servers,
    short,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_DEFAULT = frozenset({"default_server", "default"})
_ANY = frozenset({"*", "0.0.0.0", ""})  # noqa: S104 - an address as it is written, not bound
_ODD_NAME = re.compile(r"://|/|,|;|\s|:\d+\Z|\A\^|\\|\(")


def _two(first: str, second: str) -> str:
    return http(f"server {{\n{first}}}\nserver {{\n{second}}}")


def socket(listen: Item) -> tuple[str, str]:
    """The address and the port of a `listen`, so that two ways to write one are the same."""
    address = listen.args[0] if listen.args else ""
    if address.startswith("unix:"):
        return address, ""
    host = address.rpartition(":")[0] if ":" in address.rpartition("]")[2] else address
    if host.isdigit():
        host = ""
    host = "*" if host in _ANY else host.lower()
    return host, port_of(listen)


def _sockets(config: Config) -> dict[tuple[str, str], list[tuple[Item, Item | None]]]:
    """For each socket the servers that listen on it, with the `listen`, in order."""
    found: dict[tuple[str, str], list[tuple[Item, Item | None]]] = {}
    for server in servers(config):
        listens = server.named("listen")
        for listen in listens:
            found.setdefault(socket(listen), []).append((server, listen))
        if not listens:
            found.setdefault(("*", "80"), []).append((server, None))
    return found


def _is_default(listen: Item | None) -> bool:
    return listen is not None and bool(_DEFAULT & set(listen.args))


def _names(server: Item) -> tuple[str, ...]:
    """The names of a server as nginx compares them; one without any has the empty name."""
    names = [name.lower() for one in server.named("server_name") for name in one.args]
    return tuple(dict.fromkeys(names)) or ("",)


def _conflict(config: Config) -> Iterator[Fault]:
    found = Finding("server-name-taken")
    for (_, port), here in _sockets(config).items():
        taken: dict[str, Item] = {}
        for server, listen in here:
            for name in _names(server):
                first = taken.setdefault(name, server)
                if first is server or is_template(name):
                    continue
                said = f"`{short(name)}`" if name else "requests without a known name"
                yield found.fault(
                    (server.named("server_name") or (listen or server,))[0],
                    f"this server never gets {said} on port {port or 'of its socket'}: an earlier "
                    "server of the same address has the same name, and nginx only warns",
                    "remove the name from one of the two, or join the servers",
                    name,
                    port,
                )


CONFLICT = Rule(
    "server-name-taken",
    "Two servers of one address have the same name",
    "The first one wins; nginx prints `conflicting server name ... ignored` as a warning and "
    "starts (ngx_http_core_module, server_name).",
    _two(
        "    listen 8080;\n    server_name a.example.test;\n    return 404;\n",
        "    listen 8080;\n    server_name a.example.test;\n    return 403;\n",
    ),
    _two(
        "    listen 8080;\n    server_name a.example.test;\n    return 404;\n",
        "    listen 8080;\n    server_name b.example.test;\n    return 403;\n",
    ),
    find=_conflict,
)


def _odd_names(config: Config) -> Iterator[Fault]:
    found = Finding("server-name-never-matches")
    for item in config.every("server_name"):
        for name in item.args:
            if name.startswith("~") or is_template(name) or "$" in name:
                continue
            if odd := _ODD_NAME.search(name):
                mended = name.partition("://")[2] or name
                mended = re.split(r"[/,;:\s]", mended)[0]
                yield found.fault(
                    item,
                    f"no request has the host `{short(name)}`: nginx compares the name alone, so "
                    f"`{odd[0].strip() or 'a blank'}` in it never matches",
                    f"write `{short(mended)}`" if mended else "write the bare name",
                    name,
                )


ODD_NAME = Rule(
    "server-name-never-matches",
    "A server name that no Host header can have",
    "Names are separated by blanks and have no scheme, port or path (ngx_http_core_module, "
    "server_name).",
    http("server {\n    listen 8080;\n    server_name a.example.test, b.example.test;\n}"),
    http("server {\n    listen 8080;\n    server_name a.example.test b.example.test;\n}"),
    find=_odd_names,
)


def _no_catch_all(config: Config) -> Iterator[Fault]:
    found = Finding("catch-all-without-default")
    for (_, port), here in _sockets(config).items():
        default = next((server for server, listen in here if _is_default(listen)), here[0][0])
        for server, listen in here:
            if server is default or _names(server) not in {("_",), ("",), ("*",)}:
                continue
            if server.value("ssl_reject_handshake") or _wildcard(here, server):
                continue
            why = "it has no name" if _names(server) == ("",) else "`_` is a name like any other"
            yield found.fault(
                (server.named("server_name") or (listen or server,))[0],
                f"this server gets no unnamed request on port {port}: {why}, "
                f"and they go to {_called(default)}, the default server of that address",
                f"write `listen {short(' '.join(listen.args)) if listen else port} "
                "default_server;` here",
                port,
            )


def _wildcard(here: list[tuple[Item, Item | None]], server: Item) -> bool:
    """Whether the server listens twice, the other time as the default one."""
    return any(one is server and _is_default(listen) for one, listen in here)


def _called(server: Item) -> str:
    return f"`{short(server.label)}`"


NO_CATCH_ALL = Rule(
    "catch-all-without-default",
    "A server that is meant for all other names does not get them",
    "Requests with an unknown name go to the server with `default_server`, else to the first of "
    "that address; `_` has no meaning of its own (ngx_http_core_module, server_name).",
    _two(
        "    listen 8080;\n    server_name a.example.test;\n    return 404;\n",
        "    listen 8080;\n    server_name _;\n    return 444;\n",
    ),
    _two(
        "    listen 8080;\n    server_name a.example.test;\n    return 404;\n",
        "    listen 8080 default_server;\n    server_name _;\n    return 444;\n",
    ),
    find=_no_catch_all,
)


def _one_family(config: Config) -> Iterator[Fault]:
    found = Finding("ipv6-missing")
    both: set[str] = set()
    only: list[tuple[Item, str]] = []
    for server in servers(config):
        every_one = [socket(one) for one in server.named("listen")]
        six = {port for host, port in every_one if host == "[::]"}
        four = {port for host, port in every_one if host == "*"}
        both |= six & four
        only += [(server, port) for port in sorted(four - six) if port]
    for server, port in only:
        if port in both:
            listen = next(one for one in server.named("listen") if port_of(one) == port)
            yield found.doubt(
                listen,
                f"other servers listen on port {port} by IPv4 and IPv6, this one by IPv4 alone: "
                "by IPv6 its names are answered by another server",
                f"add `listen [::]:{port}`, with the same parameters",
                port,
            )


ONE_FAMILY = Rule(
    "ipv6-missing",
    "A server without the IPv6 listener that others have",
    "`listen 80` is IPv4 alone (ngx_http_core_module, listen); a client that connects by IPv6 "
    "gets the default server of `[::]:80`.",
    _two(
        "    listen 8080;\n    listen [::]:8080;\n    server_name a.example.test;\n",
        "    listen 8080;\n    server_name b.example.test;\n",
    ),
    _two(
        "    listen 8080;\n    listen [::]:8080;\n    server_name a.example.test;\n",
        "    listen 8080;\n    listen [::]:8080;\n    server_name b.example.test;\n",
    ),
    find=_one_family,
)


def _default_moved(base: Config, patched: Config) -> Iterator[Fault]:
    found = Finding("default-server-moved")
    counterpart = {id(one.old): one.new for one in pairs(base, patched) if one.old.name == "server"}
    before, after = _sockets(base), _sockets(patched)
    told: set[tuple[str, int, int]] = set()  # once for the IPv4 and IPv6 listeners of a port
    for name, here in after.items():
        if name not in before:
            continue
        old, was_said = _default(before[name])
        new, _ = _default(here)
        if counterpart.get(id(old)) is new or old.label == new.label:
            continue
        if (name[1], id(old), id(new)) in told:
            continue
        told.add((name[1], id(old), id(new)))
        line = next((one for server, one in here if server is new and one), new)
        cause = (
            f"requests with an unknown name on port {name[1]} are answered by {_called(new)} "
            f"instead of {_called(old)}"
        )
        if was_said and counterpart.get(id(old)) is not None:
            fix = f"leave `default_server` with {_called(old)}"
            yield found.fault(line, cause, fix, *name, old.label)
        else:
            how = ": it is now the first of that address" if not _is_default(line) else ""
            fix = (
                f"write `default_server` on the listen of the server that is meant, {_called(old)}"
            )
            yield found.doubt(line, cause + how, fix, *name, old.label)


def _default(here: list[tuple[Item, Item | None]]) -> tuple[Item, bool]:
    """The default server of a socket, and whether that is said."""
    said = next((server for server, listen in here if _is_default(listen)), None)
    return (said, True) if said else (here[0][0], False)


DEFAULT_MOVED = Rule(
    "default-server-moved",
    "Another server answers requests with unknown names",
    "The default server of an address is the one that says so, else the first in the files, by "
    "name of the included file (ngx_http_core_module, listen).",
    _two(
        "    listen 8080;\n    server_name a.example.test;\n    return 404;\n",
        "    listen 8080 default_server;\n    server_name b.example.test;\n    return 403;\n",
    ),
    _two(
        "    listen 8080 default_server;\n    server_name a.example.test;\n    return 404;\n",
        "    listen 8080;\n    server_name b.example.test;\n    return 403;\n",
    ),
    compare=_default_moved,
)


VIRTUAL: tuple[Rule, ...] = (
    CONFLICT,
    ODD_NAME,
    NO_CATCH_ALL,
    ONE_FAMILY,
    DEFAULT_MOVED,
)
