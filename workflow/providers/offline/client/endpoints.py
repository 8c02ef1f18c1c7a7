"""Puts the requests of a client together into the endpoints of one service."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workflow.errors import NotUnderstoodError
from workflow.providers.offline.client.addresses import (
    ASSUMED,
    SAME,
    SCRIPT,
    Address,
    AddressError,
    Parameter,
    address,
    snake,
)
from workflow.providers.offline.client.sending import FORM, Body, Sending, refused
from workflow.providers.offline.client.sinks import Means
from workflow.providers.offline.client.values import Record, merged
from workflow.providers.offline.refusals import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_ENDPOINTS = 40
_HEALTH = ("GET", "/healthz")
_BRACES = re.compile(r"\{[^}]*\}")
_HOST = re.compile(r"[A-Za-z0-9.:_-]{1,253}\Z")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method and a path of the service, with all that is sent there.

    `bodies` are empty for one that takes none; with `is_bare` it is sometimes sent without one.
    `sites` are the places in the client, as `path:line`.
    """

    name: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    query: Record | None
    bodies: tuple[Body, ...]
    is_bare: bool
    is_read: bool
    is_image: bool
    sites: tuple[str, ...]

    @property
    def is_form(self) -> bool:
        """Whether its body is a form and not JSON."""
        return bool(self.bodies) and all(body.media == FORM for body in self.bodies)


@dataclass(frozen=True, slots=True)
class Service:
    """The endpoints, who may call them from another origin, and what was assumed.

    `is_cross` says whether pages of other origins call it, with `has_credentials` also with their
    cookies; `headers` are the names of headers that the client sets itself.
    """

    endpoints: tuple[Endpoint, ...]
    is_cross: bool
    has_credentials: bool
    headers: tuple[str, ...]
    notes: tuple[str, ...]


def service(found: Iterable[Sending], hosts: Sequence[str]) -> Service:
    """Group requests by method and path; `hosts` are those that the change request names.

    Raises `NotUnderstoodError` for an address that cannot be told, for requests to more than one
    other host when the change request names none of them, and for a host that nothing is sent to.
    """
    notes: dict[str, None] = {}
    located: list[tuple[Sending, Address]] = []
    for one in found:
        try:
            where = address(one.address)
        except AddressError as error:
            raise refused(one.site, f"its address cannot be told: {error}") from None
        located.append((one, where))
    kept = _ours(located, hosts, notes)
    groups: dict[tuple[str, str], list[tuple[Sending, Address]]] = {}
    for one, where in kept:
        notes.update(dict.fromkeys(one.notes))
        notes.update({f"{one.site.place}: {note}": None for note in where.notes})
        key = (one.method, _BRACES.sub("{}", where.path))
        if key == _HEALTH:
            notes[f"{one.site.place}: GET /healthz is the service's own health check"] = None
            continue
        groups.setdefault(key, []).append((one, where))
    if len(groups) > MAX_ENDPOINTS:
        site = kept[0][0].site
        raise refused(site, f"the client has more than {MAX_ENDPOINTS} endpoints; name fewer files")
    names = _names(tuple(groups))
    endpoints = [_endpoint(names[key], group) for key, group in groups.items()]
    cross = [where.origin != SAME for _, where in kept]
    return Service(
        # What is written out comes before what a parameter would take for itself.
        tuple(sorted(endpoints, key=lambda one: ("{" in one.path, one.path, one.method))),
        is_cross=any(cross),
        has_credentials=any(one.has_credentials for one, _ in kept),
        headers=tuple(sorted({name for one, _ in kept for name in one.headers})),
        notes=tuple(notes),
    )


def _ours(
    located: Sequence[tuple[Sending, Address]], wanted: Sequence[str], notes: dict[str, None]
) -> list[tuple[Sending, Address]]:
    """The requests to the service that is to be drafted, without those to others."""
    hosts = [where.origin for _, where in located if where.origin not in {SAME, SCRIPT, ASSUMED}]
    others = list(dict.fromkeys(hosts))
    named = [host for host in others if host in wanted or host.partition(":")[0] in wanted]
    for host in wanted:
        if host not in named and not any(one.startswith(f"{host}:") for one in named):
            message = f"the offline architect: the client sends nothing to {printable(host)}"
            listed = printable(", ".join(filter(_HOST.match, others)) or "its own origin alone")
            raise NotUnderstoodError(message, hint=f"it sends to {listed}")
    has_own = len(hosts) < len(located)
    if named:
        ours = set(named)
    elif has_own:
        ours = set()
    elif len(others) == 1:
        ours = set(others)
    else:
        first = located[0][0].site
        listed = ", ".join(host for host in others[:4] if _HOST.match(host))
        message = f"the client in {first.place} talks to several hosts: {listed}"
        raise NotUnderstoodError(
            message, hint=f"say in the request which is to be drafted: 'for {others[0][:100]}'"
        )
    kept = []
    for one, where in located:
        if where.origin in {SAME, SCRIPT, ASSUMED} or where.origin in ours:
            kept.append((one, where))
        else:
            is_plain = _HOST.match(where.origin) is not None
            host = where.origin if is_plain else "another host"
            how = f": say 'also {host}' to have it in" if is_plain else ""
            note = f"left out: {one.site.place} talks to {host}, which is not this service{how}"
            notes[note] = None
    return kept


def _names(keys: tuple[tuple[str, str], ...]) -> dict[tuple[str, str], str]:
    """A name for each endpoint, from its path, and from its method where that is not enough."""
    plain = {key: _slug(key[1]) for key in keys}
    counts: dict[str, int] = {}
    for name in plain.values():
        counts[name] = counts.get(name, 0) + 1
    found: dict[tuple[str, str], str] = {}
    for key, name in plain.items():
        chosen = name if counts[name] == 1 else f"{key[0].lower()}_{name}"
        taken = {"healthz", *found.values()}
        ways = (chosen, *(f"{chosen}_{number}" for number in range(2, MAX_ENDPOINTS + 2)))
        found[key] = next(one for one in ways if one not in taken)
    return found


def _slug(path: str) -> str:
    words = [part.replace("{}", "") for part in path.split("/") if part.replace("{}", "")]
    name = snake(" ".join(words), "root")
    one = "_one" if path.endswith("}") else ""
    return f"{name}{one}"


def _endpoint(name: str, group: list[tuple[Sending, Address]]) -> Endpoint:
    first, where = group[0]
    query: Record | None = None
    queries = [one.query for _, one in group]
    for one in queries:
        if one is not None:
            query = _both(query, one) if query is not None else one
    if query is not None and any(one is None for one in queries):
        entries = tuple(replace(entry, is_optional=True) for entry in query.entries)
        query = Record(entries, query.is_open)
    bodies = tuple(dict.fromkeys(one.body for one, _ in group if one.body is not None))
    return Endpoint(
        name=name,
        method=first.method,
        path=where.path,
        parameters=where.parameters,
        query=query,
        bodies=bodies,
        is_bare=any(one.body is None for one, _ in group),
        is_read=any(one.is_read for one, _ in group),
        is_image=all(one.means is Means.IMAGE for one, _ in group),
        sites=tuple(dict.fromkeys(one.site.place for one, _ in group)),
    )


def _both(first: Record, second: Record) -> Record:
    """What both have is required, what one of them has is not."""
    names = [
        {entry.name for entry in one.entries if not entry.is_optional} for one in (first, second)
    ]
    sure = names[0] & names[1]
    both = merged(first, second, is_sure=False)
    entries = tuple(replace(entry, is_optional=entry.name not in sure) for entry in both.entries)
    return Record(entries, both.is_open)
