"""Timeouts and sizes: changing the value that is in force, where it is in force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.providers.offline import style
from workflow.providers.offline.intents import Direction
from workflow.providers.offline.literals import bytes_in, like_time, milliseconds_in
from workflow.providers.offline.locations import find_location
from workflow.providers.offline.refusals import refusal
from workflow.providers.offline.site import (
    Change,
    Level,
    choose,
    find_include,
    http_level,
    servers,
)
from workflow.semantics.nginx import Directive, Edit, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.providers.offline.intents import SetDirective
    from workflow.providers.offline.revision import Revision
    from workflow.providers.offline.site import Site, Work

_SERVER_ONLY = frozenset({"client_header_timeout", "ssl_session_timeout"})
_SIZES = frozenset({"client_max_body_size"})


@dataclass(frozen=True, slots=True)
class _Place:
    """One occurrence of the directive."""

    revision: Revision
    node: Directive
    level: Level

    @property
    def label(self) -> str:
        """For people: the level and the line."""
        return f"{self.level.label} ({self.revision.path}:{self.node.line})"


def set_directive(work: Work, intent: SetDirective) -> Change:
    """Set a value.  Raises `NotUnderstoodError` where it is not clear which of several is meant."""
    location = intent.scope.location
    if location and location != "server":
        return _in_location(work, intent)
    places = _all_places(work, intent.name)
    is_scoped = bool(intent.scope.server or intent.scope.port or intent.scope.file)
    if len(places) == 1 and not is_scoped and not location and _may_stand_alone(places[0], intent):
        return _replace(places, intent)
    site = choose(work, intent.scope)
    own = [
        _Place(site.revision, node, level)
        for level in (site.level, *site.level.below())
        for node in level.own(intent.name)
    ]
    at_server = [place for place in own if place.level is site.level]
    if at_server:
        return _at_server(at_server, own, intent)
    outer = [
        _Place(site.revision, node, level)
        for level in site.level.up()
        if level is not site.level
        for node in level.own(intent.name)
    ]
    if own and not location:
        return _in_locations(own, intent)
    if outer and len(servers(work)) == 1:
        return _replace(tuple(outer[:1]), intent) + _kept(own, intent)
    return _new(work, site, site.level, intent) + _kept(own, intent)


def _all_places(work: Work, name: str) -> tuple[_Place, ...]:
    """Every occurrence in every file."""
    found: list[_Place] = []
    for revision in work.files.values():
        top = Level(None, revision.tree.children)
        levels: list[Level] = list(_levels(top))
        if http_level(revision).node is None and not top.own("server"):
            levels = [top, *top.below()]
        found += (_Place(revision, node, level) for level in levels for node in level.own(name))
    return tuple(found)


def _levels(level: Level) -> Iterator[Level]:
    """A level and all blocks below it, upstreams and streams left out."""
    yield level
    for node in level.own("http", "server", "location", "if", "limit_except"):
        yield from _levels(Level(node, node.children, level))


def _may_stand_alone(place: _Place, intent: SetDirective) -> bool:
    """Whether the only occurrence is surely meant; a location's body size may be deliberate."""
    in_location = place.level.node is not None and place.level.node.name == "location"
    return not (in_location and intent.name in _SIZES)


def _amount(name: str, value: str) -> float | None:
    """A value as a number to compare; a body size of 0 means no limit."""
    if name in _SIZES:
        size = bytes_in(value)
        return float("inf") if size == 0 else size
    return milliseconds_in(value)


def _check(place: _Place, intent: SetDirective) -> None:
    """Refuse a request that contradicts the file."""
    old = place.node.values[0] if place.node.args else ""
    now, new = _amount(intent.name, old), _amount(intent.name, intent.value)
    if now is None or new is None:
        message = f"{intent.name} on line {place.node.line} is '{old}', not a plain value"
        raise refusal(message)
    if intent.expected and _amount(intent.name, intent.expected) != now:
        message = f"{intent.name} is {old} in {place.label}, not {intent.expected}"
        raise refusal(message)
    wrong = (intent.direction is Direction.RAISE and new < now) or (
        intent.direction is Direction.LOWER and new > now
    )
    if wrong:
        message = (
            f"{intent.name} is {old} in {place.label}: {intent.value} would not "
            f"{intent.direction.value} it"
        )
        raise refusal(message)


def _replace(places: tuple[_Place, ...], intent: SetDirective) -> Change:
    """Change the values at these places."""
    change = Change()
    for place in places:
        word = place.node.args[0]
        if _amount(intent.name, word.value) == _amount(intent.name, intent.value):
            change += Change(notes=(f"already so: {intent.name} {word.value} in {place.label}",))
            continue
        _check(place, intent)
        value = intent.value if intent.name in _SIZES else like_time(intent.value, word.value)
        edit = Edit(word.span.start, word.span.end, f"{word.quote}{value}{word.quote}")
        note = f"{intent.name}: {word.value} becomes {value} in {place.label}"
        change += Change(((place.revision.path, edit),), (note,))
    return change


def _kept(places: list[_Place], intent: SetDirective) -> Change:
    """Notes for inner values that override the changed one."""
    return Change(
        notes=tuple(
            f"{place.label} keeps its own {intent.name} {' '.join(place.node.values)}"
            for place in places
        )
    )


def _at_server(at_server: list[_Place], own: list[_Place], intent: SetDirective) -> Change:
    """Change the server's value and its repeats; other values below are deliberate and stay."""
    old = at_server[0].node.values
    same = tuple(place for place in own if place.node.values == old)
    others = [place for place in own if place.node.values != old]
    return _replace(same, intent) + _kept(others, intent)


def _in_locations(own: list[_Place], intent: SetDirective) -> Change:
    """Change a value that only locations have, if they agree."""
    values = {place.node.values for place in own}
    if intent.name in _SIZES or len(values) > 1:
        names = "; ".join(f"{place.label}: {' '.join(place.node.values)}" for place in own)
        message = f"{intent.name} is set in locations, and the request names none: {names}"
        raise refusal(
            message,
            f"say for example: set {intent.name} to {intent.value} in /path, or: on the server",
        )
    return _replace(tuple(own), intent)


def _in_location(work: Work, intent: SetDirective) -> Change:
    """Set the value in one location."""
    if intent.name in _SERVER_ONLY:
        message = f"{intent.name} cannot stand in a location"
        raise refusal(message, f"say: set {intent.name} to {intent.value} on the server")
    site = choose(work, intent.scope)
    level = find_location(site, intent.scope.location)
    own = tuple(_Place(site.revision, node, level) for node in level.own(intent.name))
    return _replace(own, intent) if own else _new(work, site, level, intent)


def _inherited(level: Level, name: str) -> str:
    """The value in force at a level, as far as its file says."""
    return next((node.values[0] for up in level.up() for node in up.own(name) if node.args), "")


def _new(work: Work, site: Site, level: Level, intent: SetDirective) -> Change:
    """Add the directive at a level that has none."""
    _check_includes(work, level, intent.name)
    old = _inherited(level, intent.name)
    if intent.expected or (old and intent.direction is not Direction.SET):
        now, new = _amount(intent.name, old), _amount(intent.name, intent.value)
        bad = now is None or new is None or (intent.expected and intent.expected != old)
        up = intent.direction is Direction.RAISE
        if bad or (now is not None and new is not None and (new < now if up else new > now)):
            message = f"{intent.name} is {old or 'not set'} in {level.label}"
            raise refusal(message)
    if old and _amount(intent.name, old) == _amount(intent.name, intent.value):
        return Change(notes=(f"already so: {intent.name} {old} is in force in {level.label}",))
    line = f"{intent.name} {intent.value};"
    own = level.own()
    family = intent.name.split("_")[0] + "_"
    alike = [node for node in own if node.name.startswith(family) and node.block is None]
    near = [node for node in alike if node.name.endswith("_timeout")] or alike
    plain = [
        node
        for node in own
        if node.name in {"server_name", "listen", "root", "http2", *_SIZES}
        or node.name.endswith("_timeout")
    ]
    tree = site.revision.tree
    anchor = (near or plain)[-1] if near or plain else None
    if anchor is not None:
        edit = style.after(tree, anchor, (line,))
    else:
        edit = style.at_start(tree, level.node, (line,))
    was = f"; in force so far: {old}" if old else ""
    return Change(((site.path, edit),), (f"{line} is new in {level.label}{was}",))


def _check_includes(work: Work, level: Level, name: str) -> None:
    """Refuse where an included file may set the value closer to the request."""
    for inner in (level, *level.below()):
        for item in inner.own("include"):
            files = find_include(work, item)
            hidden = not files and inner.node is not None and inner.node.name == "location"
            sets = any(node.name == name for file in files for node in walk(file.tree.children))
            if sets or (
                hidden and name.split("_", maxsplit=1)[0] in {"proxy", "fastcgi", "uwsgi", "grpc"}
            ):
                what = item.values[0] if item.args else "a file"
                message = f"{inner.label} includes {what}, which may set {name} itself"
                raise refusal(message, f"name that file, too, or change {name} in it")
