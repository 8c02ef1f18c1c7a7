"""Faults between units: names that nobody vouches for, and units that start nothing or never."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.gates.systemd.commands import starts
from workflow.gates.systemd.fault import Fault, Level, at
from workflow.gates.systemd.names import Kind, Name, names
from workflow.semantics.systemd import suffix_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.gates.systemd.units import Unit, Units
    from workflow.gates.systemd.vouch import Known

_SETTING = {
    Kind.USER: "known_users",
    Kind.GROUP: "known_users",
    Kind.FILE: "known_paths",
    Kind.FOLDER: "known_paths",
    Kind.PROGRAM: "known_paths",
    Kind.UNIT: "known_units",
}
_MOST = 50
_TRIGGERS = frozenset((".timer", ".socket", ".path"))
_WANTED = ("WantedBy", "RequiredBy", "UpheldBy", "Alias")
_STARTS = ("Requires", "Wants", "BindsTo", "Requisite", "Upholds", "OnFailure", "OnSuccess")
_PORT = re.compile(r"(?:.*:)?(\d{1,5})\Z")
# Installed by themselves, or started by others without being named.
_FREE = frozenset((".target", ".slice", ".scope", ".mount", ".swap", ".automount"))


def unvouched(unit: Unit, known: Known) -> Iterator[Fault]:
    """Yield the names of a unit that neither the base nor anything else vouches for.

    Of a unit that is new, all names are: they are doubts, unless a known name is very near.
    """
    is_new = unit.name not in known.base.by_name
    seen: set[tuple[Kind, str]] = set()
    for name in names(unit):
        if (name.kind, name.value) in seen or known.vouches(unit, name):
            continue
        seen.add((name.kind, name.value))
        if len(seen) > _MOST:
            return
        yield _unknown(unit, name, known.near(name), is_new=is_new)
    if not unit.has_file and unit.name not in known.base.by_name:
        place = next(iter(unit.settings), None)
        about = Name(Kind.UNIT, unit.name, place) if place else None
        if about and not known.vouches(unit, about):
            near = known.near(about)
            cause = f"nothing shows that there is a {unit.name} that these settings are for"
            fix = f"put it below {near}.d/" if near else "`[gates.systemd] known_units`"
            key = ("unknown-unit", unit.name)
            level = Level.FAULT if near else Level.DOUBT
            yield Fault("unknown-unit", unit.path, 1, cause, key, fix, level)


def _unknown(unit: Unit, name: Name, near: str, *, is_new: bool) -> Fault:
    setting = name.setting
    rule = f"unknown-{name.kind}"
    known = f"if the servers have it: `[gates.systemd] {_SETTING[name.kind]}` in workflow.toml"
    if near:
        cause = f"{setting.key}= names the {name.kind} {name.value}; the base knows {near}"
        return at(rule, unit, setting, cause, fix=f"write {near}; {known}")
    cause = f"{setting.key}= names the {name.kind} {name.value}, which nothing vouches for"
    level = Level.DOUBT if is_new else Level.FAULT
    return at(rule, unit, setting, cause, fix=known, level=level)


def faults(unit: Unit, units: Units, known: Known) -> Iterator[Fault]:
    """Yield what is wrong between a unit and those around it."""
    yield from _triggers(unit, known)
    yield from _sockets(unit, units)
    yield from _never_started(unit, units)
    ordered = {word for _, word in unit.words("After", "Unit")}
    ordered |= {word for _, word in unit.words("Before", "Unit")}
    for key in ("Requires", "BindsTo"):
        for one, word in unit.words(key, "Unit"):
            if word not in ordered and suffix_of(word) not in {".mount", ".slice", ".socket"}:
                cause = f"{key}={word} without After={word} starts both at the same time"
                yield at("no-order", unit, one, cause, fix=f"add After={word}", level=Level.DOUBT)


def _triggers(unit: Unit, known: Known) -> Iterator[Fault]:
    """Yield a timer, socket or path that starts a unit nobody has."""
    kind = suffix_of(unit.name)
    if kind not in _TRIGGERS or not unit.has_file:
        return
    given = unit.last("Service" if kind == ".socket" else "Unit")
    if given:
        return
    at_sign = "@" if kind == ".socket" and unit.is_on("Accept") else ""
    target = f"{unit.name.removesuffix(kind)}{at_sign}.service"
    place = next(iter(unit.settings), None)
    if place and not known.vouches(unit, Name(Kind.UNIT, target, place)):
        cause = f"it starts {target}, which is not there"
        key = ("starts-nothing", unit.name, target)
        fix = f"add {target}, or name another one"
        yield Fault("starts-nothing", unit.path, 1, cause, key, fix)


def _sockets(unit: Unit, units: Units) -> Iterator[Fault]:
    """Yield a service that opens a port by itself although systemd opens one for it."""
    socket = units.by_name.get(f"{unit.name.removesuffix('.service')}.socket")
    if unit.section != "Service" or socket is None:
        return
    ports = {
        int(found[1])
        for _, word in socket.words("ListenStream")
        if (found := _PORT.match(word)) and not word.startswith("/")
    }
    for start in starts(unit, "ExecStart"):
        if not ports or not start.port or start.is_handed_socket:
            continue
        told = ", ".join(map(str, sorted(ports)))
        cause = f"{socket.name} listens on port {told}, and {start.name} opens {start.port} itself"
        yield at("two-listeners", unit, start.setting, cause, fix="take the socket: --fd 3")


def _never_started(unit: Unit, units: Units) -> Iterator[Fault]:
    kind = suffix_of(unit.name)
    is_wanted = any(unit.last(key, "Install") for key in _WANTED)
    if is_wanted or kind in _FREE or "@" in unit.name or not unit.has_file:
        return
    others = {
        word
        for other in units.units
        for key in (*_STARTS, "Also")
        for _, word in other.words(key, "Install" if key == "Also" else "Unit")
    }
    triggered = {
        other.value("Service" if suffix_of(other.name) == ".socket" else "Unit")
        or f"{other.stem}.service"
        for other in units.units
        if suffix_of(other.name) in _TRIGGERS
    }
    if unit.name in others or unit.name in triggered:
        return
    cause = "nothing starts it: no WantedBy=, and no unit that wants or triggers it"
    fix = "add [Install] with WantedBy=multi-user.target"
    key = ("never-started", unit.name)
    yield Fault("never-started", unit.path, 1, cause, key, fix, Level.DOUBT)


def compared(base: Unit, patched: Unit) -> Iterator[Fault]:
    """Yield that a unit cannot be enabled any more."""
    was = any(base.last(key, "Install") for key in _WANTED)
    if was and not any(patched.last(key, "Install") for key in _WANTED):
        cause = "it was started at boot, and `systemctl enable` has no effect on it any more"
        fix = "keep WantedBy= in [Install]"
        key = ("not-enabled", patched.name)
        yield Fault("not-enabled", patched.path, 1, cause, key, fix)
