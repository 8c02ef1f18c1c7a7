"""Faults of what a unit starts: modules and files that the tree lacks, and wrong expectations."""

from __future__ import annotations

import posixpath
import re
from itertools import islice
from typing import TYPE_CHECKING

from workflow.gates.systemd import deployed
from workflow.gates.systemd.commands import starts
from workflow.gates.systemd.fault import Fault, Level, at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.gates.systemd.commands import Start
    from workflow.gates.systemd.deployed import Module, Places
    from workflow.gates.systemd.units import Unit, Units

# Programs that never tell systemd that they are ready.
_SILENT = frozenset(("uvicorn", "hypercorn", "flask", "http.server", "waitress-serve", "daphne"))
# Programs that do, by their documentation.
_TELLING = re.compile(
    r"(?:gunicorn|nginx|postgres|mariadbd|mysqld|redis-server|caddy|php-fpm[\d.]*|haproxy"
    r"|dockerd|containerd|prometheus|systemd-[\w-]+|unbound|chronyd|apache2|httpd|node_exporter"
    r"|cloudflared|traefik|vault|consul|etcd|mongod)\Z"
)
_NOTIFIES = re.compile(rb"sd_notify|sdnotify|NOTIFY_SOCKET|systemd-notify|systemd\.daemon")
_DYNAMIC = re.compile(rb"import \*|__getattr__|globals\(\)|setattr\(")
_MAX_READ = 200
_MAX_STARTS = 50


def faults(
    unit: Unit, units: Units, places: Places, read: Callable[[str], bytes]
) -> Iterator[Fault]:
    """Yield what is wrong with a unit's commands; `read` gives a file of the tree."""
    for start in starts(unit):
        if "/" in start.program and not start.program.startswith(("/", "%", "$")):
            cause = f"{start.program} is neither a full path nor a plain name: systemd refuses it"
            yield at("relative-program", unit, start.setting, cause, fix="write the full path")
        yield from _files(unit, start, units, places)
        module = deployed.module_of(start, unit)
        if module:
            yield from _module(unit, module, units, places, read)
    yield from _types(unit, units, read)


def _files(unit: Unit, start: Start, units: Units, places: Places) -> Iterator[Fault]:
    """Yield files of the tree that a command needs and that are not there, or no programs."""
    for number, word in enumerate(start.argv):
        path = places.tree_path(word) if word.startswith("/") else None
        if path is None or (number and not word.endswith((".py", ".sh", ".js", ".pl", ".rb"))):
            continue
        if path in units.modes:
            if number == 0 and units.modes[path] != "100755":
                cause = f"{path} is not executable in the repository (mode {units.modes[path]})"
                fix = f"git update-index --chmod=+x {path}"
                yield at("not-executable", unit, start.setting, cause, fix=fix)
            continue
        if number and posixpath.dirname(path) in units.folders:
            cause = f"the repository has no {path}, which is {word} on the servers"
            yield at("missing-file", unit, start.setting, cause, fix="correct the path")


def _module(
    unit: Unit, module: Module, units: Units, places: Places, read: Callable[[str], bytes]
) -> Iterator[Fault]:
    """Yield a module that the folder it is started in does not have."""
    if any("PYTHONPATH" in one.value for one in unit.every("Environment")):
        return
    known = places.tree_path(module.folder) if module.folder else None
    folders = [known] if known is not None else [*deployed.candidates(module.folder, units)]
    found = next((one for one in folders if deployed.file_of(module, one, units.modes)), None)
    setting = module.start.setting
    if found is None:
        if known is not None and known not in units.folders:
            cause = f"the repository has no folder {known}, which is {module.folder} on the servers"
            place = unit.last("WorkingDirectory") or setting
            yield at("missing-folder", unit, place, cause, fix="correct the folder")
        elif (known is not None and module.attribute) or any(
            deployed.has_package(module, one, units) for one in folders
        ):
            inside = f" below {folders[0]}" if folders[0] else ""
            cause = f"the repository has no module {module.name}{inside}"
            yield at("missing-module", unit, setting, cause, fix="correct the module's name")
        return
    if not module.attribute:
        return
    data = read(deployed.file_of(module, found, units.modes))
    word = rb"(?<![\w.])" + re.escape(module.attribute.encode()) + rb"\b"
    if not re.search(word, data) and not _DYNAMIC.search(data):
        cause = f"the module {module.name} has no {module.attribute}"
        yield at("missing-name", unit, setting, cause, fix="correct the name behind the colon")


def _types(unit: Unit, units: Units, read: Callable[[str], bytes]) -> Iterator[Fault]:
    """Yield expectations of a service's type that its command does not meet."""
    kind = unit.last("Type")
    if kind is None or unit.section != "Service":
        return
    restart = unit.last("Restart")
    if kind.value == "oneshot" and restart and restart.value in {"always", "on-success"}:
        cause = f"Restart={restart.value} is refused with Type=oneshot"
        yield at("restart-oneshot", unit, restart, cause, fix="Restart=on-failure is allowed")
    is_waiting = kind.value in {"notify", "notify-reload"}
    is_told = is_waiting and _tells(units, read)
    for start in islice(starts(unit, "ExecStart"), _MAX_STARTS):
        name = start.name.rpartition("/")[2]
        if is_waiting and not is_told and not _TELLING.match(name):
            if name in _SILENT:
                cause = (
                    f"{name} never says that it is ready: Type={kind.value} waits, then kills it"
                )
                yield at("never-ready", unit, kind, cause, fix="Type=exec")
            else:
                cause = f"nothing shows that {name} says when it is ready (sd_notify)"
                yield at("never-ready", unit, kind, cause, level=Level.DOUBT)
        is_kept = name in _SILENT or "--nodaemon" in start.argv
        if kind.value == "forking" and is_kept:
            cause = f"{name} stays in the foreground: Type=forking waits, then kills it"
            yield at("never-forks", unit, kind, cause, fix="Type=exec")


def _tells(units: Units, read: Callable[[str], bytes]) -> bool:
    """Whether a program or a list of packages of the tree speaks of readiness."""
    names = (
        path
        for path, mode in units.modes.items()
        if mode.startswith("100") and path.endswith((".py", ".js", ".ts", ".sh", ".toml", ".txt"))
    )
    return any(_NOTIFIES.search(read(path)) for path in islice(names, _MAX_READ))


def compared(base: Unit, patched: Unit) -> Iterator[Fault]:
    """Yield what a person should look at in how a service is started now."""
    was, now = base.value("Restart") or "no", patched.value("Restart") or "no"
    if was != "no" and now == "no":
        place = patched.last("Restart")
        path, line = (place.path, place.line) if place else (patched.path, 1)
        cause = f"it was started again (Restart={was}), and stays down after a crash now"
        yield Fault(
            "no-restart", path, line, cause, ("no-restart", patched.name), level=Level.DOUBT
        )
    ignored = {start.program for start in starts(base) if "-" in start.prefix}
    for start in starts(patched):
        if "-" in start.prefix and start.program not in ignored:
            cause = f"that {start.name} fails is ignored now"
            yield at("ignored-failure", patched, start.setting, cause, level=Level.DOUBT)
