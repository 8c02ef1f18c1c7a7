"""Sandboxing: settings that a change takes away or loosens, and those that stop the program."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.gates.declared import REMOVED_HARDENING
from workflow.gates.systemd.commands import expand, starts
from workflow.gates.systemd.fault import Fault, Level, at
from workflow.gates.systemd.units import is_yes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.gates.systemd.units import Unit

REMOVED = "removed-hardening"

_SWITCHES = (
    *("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "PrivateNetwork", "PrivateUsers"),
    *("PrivateMounts", "PrivateIPC", "ProtectClock", "ProtectControlGroups", "ProtectHostname"),
    *("ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "LockPersonality"),
    *("MemoryDenyWriteExecute", "RestrictRealtime", "RestrictSUIDSGID", "RemoveIPC"),
    *("RestrictNamespaces", "DynamicUser"),
)
# From open to closed, by systemd.exec(5).
_STEPS = {
    "ProtectSystem": ("no", "yes", "full", "strict"),
    "ProtectHome": ("no", "read-only", "tmpfs", "yes"),
    "ProtectProc": ("default", "noaccess", "ptraceable", "invisible"),
    "ProcSubset": ("all", "pid"),
    "DevicePolicy": ("auto", "closed", "strict"),
}
# Lists of what is allowed: unset allows everything.
_ALLOWED = (
    *("CapabilityBoundingSet", "SystemCallFilter", "SystemCallArchitectures"),
    *("RestrictAddressFamilies", "RestrictFileSystems", "SocketBindDeny", "IPAddressDeny"),
    *("InaccessiblePaths", "ReadOnlyPaths", "NoExecPaths"),
)
_GROWS = ("AmbientCapabilities", "ReadWritePaths", "BindPaths", "IPAddressAllow", "DeviceAllow")
_LIMITS = ("MemoryMax", "MemoryHigh", "TasksMax", "CPUQuota")
_PRIVILEGED = frozenset("+!")
_HOMES = re.compile(r"/(?:home|root|run/user)(?:/|\Z)")
_COMPILERS = re.compile(r"(?:node|nodejs|java|dotnet|deno|bun|luajit|pypy[\d.]*|julia)\Z")
_LOW = 1024


def compared(base: Unit, patched: Unit) -> Iterator[Fault]:
    """Yield what protects the service on the base and does not any more, or less."""
    for key in _SWITCHES:
        yield from _step(base, patched, key, _switch(base, key), _switch(patched, key))
    for key, steps in _STEPS.items():
        levels = [_level(unit.value(key), steps) for unit in (base, patched)]
        yield from _step(base, patched, key, *levels)
    yield from _lists(base, patched)
    yield from _account(base, patched)


def _switch(unit: Unit, key: str) -> int:
    value = unit.value(key)
    return int(bool(value) and value.lower() not in {"no", "false", "off", "0", "n", "f"})


def _level(value: str, steps: tuple[str, ...]) -> int:
    if is_yes(value) and "yes" in steps:
        value = "yes"
    return steps.index(value) if value in steps else 0


def _step(base: Unit, patched: Unit, key: str, was: int, now: int) -> Iterator[Fault]:
    """Yield a fault where a setting went off, a doubt where it is weaker than it was."""
    if now >= was:
        return
    old, new = base.value(key), patched.value(key)
    if now:
        yield _less(patched, key, f"{key}= is weaker: {old} → {new}", Level.DOUBT)
    else:
        told = f"now {new}" if new else "not set any more"
        yield _less(patched, key, f"{key}={old} protected the service and is {told}")


def _less(unit: Unit, key: str, cause: str, level: Level = Level.FAULT) -> Fault:
    place = unit.last(key)
    path, line = (place.path, place.line) if place else (unit.path, 1)
    fix = f"keep {key}=; if it is meant to go, declare it: --allow {REMOVED_HARDENING}"
    return Fault(REMOVED, path, line, cause, (REMOVED, unit.name, key), fix, level)


def _lists(base: Unit, patched: Unit) -> Iterator[Fault]:
    for key in _ALLOWED:
        was, now = _values(base, key), _values(patched, key)
        if was is not None and now is None:
            yield _less(patched, key, f"{key}= restricted the service and is not set any more")
        elif was is not None and was != now:
            cause = f"{key}= is another one: {_told(was)} → {_told(now)}"
            yield _less(patched, key, cause, Level.DOUBT)
    for key in _GROWS:
        more = (_values(patched, key) or set()) - (_values(base, key) or set())
        if more:
            yield _less(patched, key, f"{key}= allows more: {_told(more)}", Level.DOUBT)
    for key in _LIMITS:
        if base.value(key) and not patched.value(key):
            cause = f"{key}={base.value(key)} bounded the service and is not set any more"
            yield _less(patched, key, cause, Level.DOUBT)


def _values(unit: Unit, key: str) -> set[str] | None:
    """Return the words of a list; `None` where it is not set at all."""
    found = [one for one in unit.settings if (one.section, one.key) == (unit.section, key)]
    return {word for one in found for word in one.value.split()} if found else None


def _told(words: set[str] | None) -> str:
    return " ".join(sorted(words or ())[:8]) or "(empty)"


def _account(base: Unit, patched: Unit) -> Iterator[Fault]:
    """Yield that a service runs as root now, or a command of it with all privileges."""
    if unit_is_root(patched) and not unit_is_root(base):
        cause = "the service ran under an account of its own and runs as root now"
        yield _less(patched, "User", cause)
    was = {start.program for start in starts(base) if _PRIVILEGED & {*start.prefix}}
    for start in starts(patched):
        if _PRIVILEGED & {*start.prefix} and start.program not in was and base.section:
            cause = f"{start.prefix}{start.program} runs with full privileges, past User="
            yield at(REMOVED, patched, start.setting, cause, level=Level.DOUBT)


def unit_is_root(unit: Unit) -> bool:
    """Whether the unit's commands run as root."""
    return not unit.is_on("DynamicUser") and unit.value("User") in {"", "root", "0"}


def faults(unit: Unit) -> Iterator[Fault]:
    """Yield settings that keep the unit's own program from working."""
    yield from _homes(unit)
    yield from _network(unit)
    for start in starts(unit, "ExecStart"):
        if unit.is_on("MemoryDenyWriteExecute") and _COMPILERS.match(start.name):
            cause = f"{start.name} compiles as it runs: MemoryDenyWriteExecute= ends it"
            place = unit.last("MemoryDenyWriteExecute") or start.setting
            yield at("no-compiler", unit, place, cause, level=Level.DOUBT)


def _homes(unit: Unit) -> Iterator[Fault]:
    """Yield paths in homes that the unit itself hides (systemd.exec(5), `ProtectHome=`)."""
    place = unit.last("ProtectHome")
    if place is None or not (is_yes(place.value) or place.value == "tmpfs"):
        return
    used = [(start.setting, start.program) for start in starts(unit)]
    folder = unit.last("WorkingDirectory")
    used += [(folder, expand(folder.value, unit).lstrip("-"))] if folder else []
    shown = {
        word.lstrip("-+").partition(":")[0]
        for key in ("BindPaths", "BindReadOnlyPaths")
        for _, word in unit.words(key)
    }
    for setting, path in used:
        if _HOMES.match(path) and not any(path.startswith(one) for one in shown):
            cause = f"ProtectHome={place.value} hides {path} from the service"
            yield at("home-hidden", unit, setting, cause, fix="ProtectHome=read-only shows it")


def _network(unit: Unit) -> Iterator[Fault]:
    for start in starts(unit, "ExecStart"):
        if not start.port or start.is_handed_socket:
            continue
        families = _values(unit, "RestrictAddressFamilies")
        is_closed = families is not None and not any(word.startswith("~") for word in families)
        if is_closed and families and not families & {"AF_INET", "AF_INET6"}:
            place = unit.last("RestrictAddressFamilies") or start.setting
            cause = f"{start.name} listens on port {start.port}, and no internet family is allowed"
            yield at("no-network", unit, place, cause, fix="add AF_INET AF_INET6")
        if unit.is_on("PrivateNetwork"):
            place = unit.last("PrivateNetwork") or start.setting
            cause = f"nobody reaches port {start.port} of {start.name} in a network of its own"
            yield at("no-network", unit, place, cause, fix="remove PrivateNetwork=")
        if _values(unit, "IPAddressDeny") and not _values(unit, "IPAddressAllow"):
            place = unit.last("IPAddressDeny") or start.setting
            if "any" in place.value.split():
                cause = f"IPAddressDeny=any keeps everybody from port {start.port}"
                yield at("no-network", unit, place, cause, fix="add IPAddressAllow=localhost")
        yield from _low_port(unit, start.port)


def _low_port(unit: Unit, port: int) -> Iterator[Fault]:
    place = unit.last("ExecStart")
    if port >= _LOW or place is None or unit_is_root(unit):
        return
    ambient = _values(unit, "AmbientCapabilities") or set()
    if "CAP_NET_BIND_SERVICE" not in ambient:
        cause = f"port {port} needs CAP_NET_BIND_SERVICE, which {unit.value('User') or 'it'} lacks"
        yield at("low-port", unit, place, cause, fix="AmbientCapabilities=CAP_NET_BIND_SERVICE")
