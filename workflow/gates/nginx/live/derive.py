"""Makes requests from the effective configuration of both trees: changed places first."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from workflow.gates.nginx.live import variants
from workflow.gates.nginx.live.asked import PUBLIC, Door, Request
from workflow.gates.nginx.live.inside.told import HTTP1
from workflow.gates.nginx.live.ports import listeners
from workflow.gates.nginx.live.samples import matching, modified, neighbours, primary, shared
from workflow.gates.nginx.live.scopes import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workflow.gates.nginx.live.asked import Listener
    from workflow.gates.nginx.live.scopes import Reaches
    from workflow.semantics.nginx.expanded import Config, Item

_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_MOST_DOORS = 4
_MOST_SERVERS = 400
_MOST_LOCATIONS = 2000
_MOST_SIZED = 3
_MOST_SHARED = 20
_TELLING = 6
"""So many of the neighbours of a path, the most telling ones, come early."""
_ENOUGH = 10
"""So many times the limit of requests are made to choose from; of more servers only their root."""
_ANY_NAME = ("*", "_", "")


@dataclass(frozen=True, slots=True)
class Doors:
    """How addresses in a configuration become those that are connected to.

    `moved` are ports whose wildcard listener was given one address, to leave the rest to upstreams.
    """

    moved: Mapping[int, str]

    def address(self, listener: Listener) -> str:
        """Return where to connect to."""
        if listener.is_wildcard and listener.port in self.moved:
            return self.moved[listener.port]
        return {"*": PUBLIC, "::": "::1"}.get(listener.address, listener.address)

    def door(self, listener: Listener, name: str) -> Door:
        """Return where a server is reached."""
        return Door(self.address(listener), listener.port, name, listener.is_tls)


def requests(
    sides: Sequence[Config], reached: Reaches, doors: Doors, limit: int
) -> tuple[tuple[Request, ...], int]:
    """Return what to ask, and how many more requests there would be; patched is the last side.

    What a change is about comes first, whatever the order in the file.
    """
    found: dict[str, Request] = {}
    deriver = _Deriver(reached, doors, variants.origins(tuple(reversed(sides))))
    for config in reversed(sides):
        # Servers that a change is in come first: of very many, the others are not looked at.
        servers = sorted(config.servers, key=lambda one: not reached.is_in(one))
        for server in servers[:_MOST_SERVERS]:
            serving = [(words, scopes(one)) for words, one in _prefixes(server)]
            for request in deriver.of_server(server):
                placed = replace(request, scopes=request.scopes | _serving(request, serving))
                found[request.name] = _both(found.get(request.name), placed)
            if len(found) > _ENOUGH * limit:
                break
    limits = {size for config in sides for size in variants.limits(config)}
    posts = [one for one in found.values() if one.note == variants.PLAIN_POST]
    for request in sorted(posts, key=_first)[:_MOST_SIZED]:
        for sized in variants.sized(replace(request, first=1), limits):
            found.setdefault(sized.name, sized)
    every = sorted(found.values(), key=_first)
    return tuple(every[:limit]), max(len(every) - limit, 0)


def _first(request: Request) -> int:
    return request.first


def _both(known: Request | None, request: Request) -> Request:
    """Return one request for two of the same name, made for the blocks of both."""
    if known is None:
        return request
    both = known.scopes | request.scopes
    return replace(known, scopes=both, first=min(known.first, request.first))


def _prefixes(server: Item) -> Iterator[tuple[tuple[str, str], Item]]:
    for location in _locations(server):
        modifier, path = modified(location)
        if not modifier.startswith("~") and path.startswith("/"):
            yield (modifier, path), location


def _serving(
    request: Request, prefixes: Sequence[tuple[tuple[str, str], frozenset[str]]]
) -> frozenset[str]:
    """Return the labels of the location whose prefix fits best, as nginx does without regexes."""
    path = unquote(request.target.partition("?")[0])
    clean = posixpath.normpath(f"/{path.lstrip('/')}") + ("/" if path.endswith("/") else "")
    best, own = -1, frozenset[str]()
    for (modifier, prefix), labels in prefixes:
        is_fitting = clean == prefix if modifier == "=" else clean.startswith(prefix)
        # One that is exact wins over a prefix of the same length.
        length = 2 * len(prefix) + (modifier == "=")
        if is_fitting and length > best:
            best, own = length, labels
    return own


@dataclass(frozen=True, slots=True)
class _Deriver:
    """Makes the requests of a tree.

    Of a request, `first` is 0 and 1 for what a change is in, 2 for what is around that, and so on.
    """

    reached: Reaches
    doors: Doors
    origins: tuple[str, ...]

    def of_server(self, server: Item) -> Iterator[Request]:
        """Yield requests for a server and for its locations."""
        found, names = listeners(server), _names(server)
        plain = [one for one in found if not one.has_proxy_line and not one.is_quic]
        entrances = [self.doors.door(one, names[0]) for one in plain[:_MOST_DOORS]]
        if not entrances:
            return
        # Where there is TLS, it is what people use.
        door = next((one for one in entrances if one.is_tls), entrances[0])
        is_near = self.reached.is_in(server) or bool(self.reached.everywhere)
        base = Request(door, "/", scopes=scopes(server), first=1 if is_near else 4)
        yield base
        for other in entrances:
            yield replace(base, door=other, first=1 if is_near else 5)
        for name in names[1:3]:
            yield replace(base, door=replace(door, host=name), first=2 if is_near else 6)
        if is_near:
            yield from self._protocols(base, found, names[0])
            strange = ("Host", "unknown.invalid")
            yield replace(base, headers=(strange,), note="an unknown Host", first=2)
        for location in _locations(server):
            yield from self._of_location(location, door, entrances)
            if location.label in self.reached.labels:
                yield from self._shared(location, server, door)

    def _protocols(self, base: Request, found: Sequence[Listener], name: str) -> Iterator[Request]:
        for listener in found:
            if listener.has_proxy_line or not listener.port:
                continue
            door = self.doors.door(listener, name)
            for protocol in listener.protocols:
                if protocol != HTTP1:
                    yield replace(base, door=door, protocol=protocol, first=1)
            for version in _VERSIONS if listener.is_tls and not listener.is_quic else ():
                yield replace(base, door=door, version=version, note=f"{version} only", first=2)

    def _shared(self, location: Item, server: Item, door: Door) -> Iterator[Request]:
        """Yield requests that two patterns match: which of them is first in the file decides."""
        patterned = [one for one in _locations(server) if _is_pattern(one)]
        others = [one for one in patterned if one is not location]
        for other in others[:_MOST_SHARED] if _is_pattern(location) else ():
            if path := shared(location, other):
                both = scopes(location) | scopes(other)
                yield Request(door, path, scopes=both, first=0)

    def _of_location(
        self, location: Item, door: Door, entrances: Sequence[Door]
    ) -> Iterator[Request]:
        path = primary(location)
        if not path:
            return
        own = scopes(location)
        is_in = location.label in self.reached.labels
        is_near = bool(self.reached.touching(own))
        base = Request(door, path, scopes=own, first=0 if is_in else 2 if is_near else 4)
        yield base
        for other in entrances if is_in else ():
            yield replace(base, door=other, first=2 if other != door else 0)
        for number, near in enumerate(neighbours(location)):
            first = (1 if number < _TELLING else 3) if is_in else 4 if is_near else 7
            yield replace(base, target=near, first=first)
        if is_in:
            is_limited = self.reached.is_about_limits
            yield from variants.thoroughly(base, location, self.origins, is_limited=is_limited)
        elif is_near:
            yield from variants.lightly(replace(base, first=3), self.origins)


def unasked(sides: Sequence[Config], reached: Reaches) -> tuple[str, ...]:
    """Return a note for each changed location that no path was found for."""
    found = {
        f"no request was found for the {location.label}: its pattern was not sampled"
        for config in sides
        for server in config.servers[:_MOST_SERVERS]
        for location in _locations(server)
        if location.label in reached.labels and _is_pattern(location) and not primary(location)
    }
    return tuple(sorted(found))


def _is_pattern(location: Item) -> bool:
    return modified(location)[0].startswith("~")


def _names(server: Item) -> tuple[str, ...]:
    """Return host names that a server answers to; an empty one where it has none."""
    found: list[str] = []
    for given in (name for one in server.named("server_name") for name in one.args):
        if given.startswith("~"):
            made = matching(given[1:]).lower()
            found += [made] if re.fullmatch(r"[\w.-]+", made) else []
        elif "$" not in given and given not in _ANY_NAME:
            name = given.replace("*", "any")
            found.append(f"any{name}" if name.startswith(".") else name.rstrip("."))
    return tuple(dict.fromkeys(found)) or ("",)


def _locations(server: Item) -> Iterator[Item]:
    for count, item in enumerate(server.walk()):
        if count > _MOST_LOCATIONS:
            return
        if item.is_block and item.name == "location" and item.args:
            yield item
