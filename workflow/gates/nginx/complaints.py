"""What nginx says of a configuration, and which shim would answer it."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.gates.nginx.manifest import Kind, Shim
from workflow.gates.nginx.places import is_placeable, landing

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = re.compile(r"[A-Za-z0-9._-]+\Z")
# `nginx: [emerg] ...`, or with a time and process number in front: both go to stderr.
_LINE = re.compile(r"(?m)^(?:nginx: |[\d/]+ [\d:]+ )\[(\w+)\] (?:\d+#\d+: )?(?:\*\d+ )?(.*)$")
_MISSING = r"failed \((?:2|SSL: error:\w+:system library::No such file)[^)]*"
_OTHER = re.compile(r"(?m)^nginx: ((?!\[|the configuration|configuration file).*)$")
_PLACE = re.compile(r" in (/\S.*?):(\d+)$")
# nginx's complaint, and what answers it; the first that matches counts.
_COMPLAINTS = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r'cannot load certificate "([^"]+)": BIO_new_file\(\) failed', Kind.CERTIFICATE),
        (r'cannot load certificate key "([^"]+)": BIO_new_file\(\) failed', Kind.KEY),
        (r'SSL_CTX_load_verify_locations\("([^"]+)"\) failed', Kind.CERTIFICATE),
        (r'SSL_load_client_CA_file\("([^"]+)"\) failed', Kind.CERTIFICATE),
        (r'X509_LOOKUP_load_file\("([^"]+)"\) failed', Kind.REVOCATIONS),
        (rf'BIO_new_file\("([^"]+)"\) {_MISSING}', Kind.PARAMETERS),
        (r'open\(\) "([^"]+)" failed \(2: [^)]*\) in ', Kind.INCLUDE),
        (r'host not found in (?:upstream|auth_http server) "(?:\w+://)?([^":/]+)', Kind.HOST),
        (r'host not found in (?:resolver|set_real_ip_from) "([^":/]+)', Kind.HOST),
        (r'host not found in "?([^":/\s]+)\S* of the "listen" directive', Kind.HOST),
        (r'host not found in (?:syslog server )?"([^":/\s]+)', Kind.HOST),
        (r'(?:getpwnam|getgrnam)\("([^"]+)"\) failed', Kind.ACCOUNT),
        (r'mkdir\(\) "([^"]+)" failed \((?:2|13|30):', Kind.FOLDER),
        (r'(?:open|chmod)\(\) "([^"]+)" failed \((?:2|13|30):', Kind.FOLDER),
        (r"bind\(\) to unix:(\S+) failed \((?:2|13|30):", Kind.FOLDER),
        (r'unknown "([A-Za-z0-9_]+)" variable', Kind.VARIABLE),
        (r'unknown log format "([^"]+)"', Kind.LOG_FORMAT),
        (r'"\w+_cache" zone "([^"]+)" is unknown', Kind.CACHE_ZONE),
        (r'zero size shared memory zone "([^"]+)"', Kind.REQUEST_ZONE),
        (r'no port in upstream "([^"]+)"', Kind.UPSTREAM),
        (r'no "(ssl_certificate)" is defined for ', Kind.SERVER_CERTIFICATE),
        (r'unknown thread pool "([^"]+)"', Kind.THREAD_POOL),
    )
)
INSIDE_HTTP = {
    *(Kind.VARIABLE, Kind.LOG_FORMAT, Kind.REQUEST_ZONE, Kind.CONNECTION_ZONE, Kind.CACHE_ZONE),
    *(Kind.THREAD_POOL, Kind.UPSTREAM, Kind.SERVER_CERTIFICATE),
}
# Warnings that nearly always mean that something does not work as it is written.
_DANGEROUS = re.compile(
    r"conflicting server name|duplicate|protocol options redefined|ssl_stapling. ignored"
    r"|overlap|could not build optimal|never used|is not used|low address bits"
)


@dataclass(frozen=True, slots=True)
class Spot:
    """A line of a file, as nginx names it."""

    path: str
    line: int


def complaint(stderr: str) -> str:
    """Return nginx's first fatal complaint without its prefix, or an empty string."""
    for found in _LINE.finditer(stderr):
        if found[1] in {"emerg", "alert", "crit", "error"}:
            return found[2]
    other = _OTHER.search(stderr)
    return other[1] if other else ""


def warnings(stderr: str) -> frozenset[str]:
    """Return nginx's warnings, without line numbers, so that both trees can be compared."""
    found = (line[2] for line in _LINE.finditer(stderr) if line[1] == "warn")
    return frozenset(re.sub(r":\d+$", "", text) for text in found)


def is_dangerous(warning: str) -> bool:
    """Whether what nginx only warns of is a reason for a person to look."""
    return _DANGEROUS.search(warning) is not None


def is_about_a_name(said: str) -> bool:
    """Whether a complaint is about something that only a server can have, a file or an account."""
    return any(pattern.search(said) for pattern, kind in _COMPLAINTS if kind not in INSIDE_HTTP)


def spot(said: str) -> Spot | None:
    """Return the file and line that a complaint is about, where nginx says so."""
    found = _PLACE.search(said)
    return Spot(found[1], int(found[2])) if found else None


def without_line(said: str) -> str:
    """Return a complaint without its line, which a patch may move."""
    return re.sub(r":\d+$", "", said)


def answer(said: str, zones: Mapping[str, Kind], folder: str = "") -> Shim | None:
    """Return the shim that answers a complaint, if one may.

    `zones` are the shared zones that the text uses, by name: nginx says the same of all.  `folder`
    is the tree's folder that stands for /etc/nginx.
    """
    for pattern, kind in _COMPLAINTS:
        found = pattern.search(said)
        if found is None:
            continue
        value = found[1]
        if kind is Kind.REQUEST_ZONE:
            kind = zones.get(value, kind)  # noqa: PLW2901 - nginx says the same of all zones
        if kind in INSIDE_HTTP:
            return Shim(kind, value) if re.fullmatch(r"\w[\w.-]*", value) else None
        if kind in {Kind.HOST, Kind.ACCOUNT}:
            return Shim(kind, value) if NAME.match(value) else None
        if kind is Kind.FOLDER:
            value = posixpath.dirname(value) if value.count("/") > 1 else value
        elif kind is Kind.INCLUDE:
            kind = _file_kind(value)  # noqa: PLW2901 - as above, but each needs another content
        value = landing(value, folder)
        return Shim(kind, value) if is_placeable(value) else None
    return None


def _file_kind(path: str) -> Kind:
    """Return what a file that nginx cannot open would hold, by its name."""
    if "ticket" in path:
        return Kind.TICKET_KEY
    if path.endswith((".js", ".mjs")):
        return Kind.NJS_MODULE
    return Kind.PASSWORDS if "pass" in posixpath.basename(path) else Kind.INCLUDE
