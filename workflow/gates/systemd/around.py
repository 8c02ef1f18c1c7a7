"""Faults between a unit and the web server before it: a port that only one of them changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.gates.systemd.commands import starts
from workflow.gates.systemd.fault import Fault, at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.gates.systemd.units import Unit, Units

_WEB = re.compile(
    r"(?:.*/)?(?:[\w.-]*\.(?:conf|nginx|vhost|caddy)|Caddyfile|sites-[a-z]+/[\w.-]+)\Z"
)
_UPSTREAM = re.compile(
    rb"^[ \t]*(?:server|proxy_pass|reverse_proxy|grpc_pass|uwsgi_pass|fastcgi_pass)\b[^\n#]{0,200}?"
    rb"(?:127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})\b",
    re.MULTILINE,
)
_MAX_FILES = 200
_MAX_BYTES = 256 * 1024


def is_web(path: str) -> bool:
    """Whether a file of this name may configure a web server."""
    return _WEB.match(path) is not None


def moved(
    base: Units, patched: Units, read_base: Callable[[str], bytes], read: Callable[[str], bytes]
) -> Iterator[Fault]:
    """Yield that the web server is sent away from a unit's port, to one that no unit is at."""
    at_port = {
        start.port: unit
        for unit in patched.units
        for start in starts(unit, "ExecStart")
        if start.port
    }
    if not at_port:
        return
    was = {port for _, port, _ in _upstreams(base, read_base)}
    now = list(_upstreams(patched, read))
    left = sorted((was & at_port.keys()) - {port for _, port, _ in now})
    for path, port, line in now:
        if left and port not in was and port not in at_port:
            name = at_port[left[0]].name
            cause = f"requests go to port {port} now, and {name} listens on {left[0]}"
            key = ("port-mismatch", path, str(port))
            yield Fault("port-mismatch", path, line, cause, key, f"change {name}, too")
            return


def compared(
    base: Unit, patched: Unit, units: Units, read: Callable[[str], bytes]
) -> Iterator[Fault]:
    """Yield that the web server of the tree still sends requests to a port that was given up."""
    was = {start.port for start in starts(base, "ExecStart") if start.port}
    now = {start.port: start for start in starts(patched, "ExecStart") if start.port}
    others = {start.port for unit in units.units for start in starts(unit, "ExecStart")}
    gone = was - others
    if not gone or not now:
        return
    start = next(iter(now.values()))
    for path, port, line in _upstreams(units, read):
        if port in gone:
            cause = f"{start.name} listens on port {start.port} now, and {path}:{line} still sends"
            fix = f"change {path}, too"
            yield at("port-mismatch", patched, start.setting, f"{cause} to {port}", fix=fix)
            return


def _upstreams(units: Units, read: Callable[[str], bytes]) -> Iterator[tuple[str, int, int]]:
    """Yield the ports of this machine that web servers' files name: path, port, line."""
    names = [path for path, mode in units.modes.items() if mode[:3] == "100" and _WEB.match(path)]
    for path in names[:_MAX_FILES]:
        data = read(path)[:_MAX_BYTES]
        for found in _UPSTREAM.finditer(data):
            yield path, int(found[1]), data.count(b"\n", 0, found.start(1)) + 1
