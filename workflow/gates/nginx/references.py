"""What a configuration refers to and its repository does not hold, found by reading alone.

Most configurations need only this; what is left, nginx itself is asked for (`derive`).
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.gates.nginx.complaints import NAME
from workflow.gates.nginx.manifest import Kind, Shim
from workflow.gates.nginx.places import is_placeable, landing
from workflow.gates.nginx.shims import ETC, PREFIX
from workflow.semantics.nginx.files import PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.gates.nginx.source import Source
    from workflow.semantics.nginx.expanded import Config, Item

_SIDES = ("", "proxy_", "grpc_", "uwsgi_")
_FILES = {
    **{f"{side}ssl_client_certificate": Kind.CERTIFICATE for side in _SIDES},
    **{f"{side}ssl_trusted_certificate": Kind.CERTIFICATE for side in _SIDES},
    **{f"{side}ssl_crl": Kind.REVOCATIONS for side in _SIDES},
    **{f"{side}ssl_password_file": Kind.PASSWORDS for side in _SIDES},
    "ssl_dhparam": Kind.PARAMETERS,
    "ssl_session_ticket_key": Kind.TICKET_KEY,
    "ssl_stapling_file": Kind.OCSP_RESPONSE,
}
_PAIRS = {f"{side}ssl_certificate": f"{side}ssl_certificate_key" for side in _SIDES}
_PASSES = frozenset(
    ("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass")
)
_NEED_PORT = frozenset(("fastcgi_pass", "uwsgi_pass", "scgi_pass", "memcached_pass"))
_LOGS = frozenset(("access_log", "error_log"))
_TEMPORARY = frozenset(
    (
        *("client_body_temp_path", "proxy_temp_path", "fastcgi_temp_path", "uwsgi_temp_path"),
        *("scgi_temp_path", "proxy_cache_path", "fastcgi_cache_path", "uwsgi_cache_path"),
        "scgi_cache_path",
    )
)
_ADDRESSES = frozenset(("resolver", "set_real_ip_from"))
_CACHES = frozenset(("proxy_cache", "fastcgi_cache", "uwsgi_cache", "scgi_cache"))
_NOT_FILES = ("data:", "engine:", "store:", "syslog:", "memory:", "unix:", "|")
_BUILT_IN_FORMATS = {"combined", "off"}


@dataclass(frozen=True, slots=True)
class Home:
    """A tree, with the folder of it that stands for /etc/nginx."""

    source: Source
    folder: str

    def holds(self, place: str) -> bool:
        """Whether the tree has the file that a configuration names so."""
        return self.source.holds(place, self.folder)


def shims(config: Config, home: Home, *, is_part: bool) -> frozenset[Shim]:
    """Return what stands in for the files and names that a configuration refers to.

    Of a part, and of a configuration with missing files, also what those would define: log formats,
    zones, thread pools.
    """
    found: set[Shim] = set()
    holders: dict[Item, None] = {}
    upstreams = {item.args[0].lower() for item in config.blocks("upstream") if item.args}
    for missing in config.missing:
        found.update(_file(Kind.INCLUDE, missing.pattern, home))
    for item in config.main.walk():
        found.update(_of(item, upstreams, home))
        if item.name in _PAIRS and item.parent is not None:
            holders[item.parent] = None
        if is_part or config.missing:
            found.update(_defined_elsewhere(item, upstreams))
    for block in holders:
        found.update(_pairs(block, home))
    if is_part or config.missing:
        found -= _defined(config)
    return frozenset(found)


def unopened(config: Config, home: Home) -> frozenset[str]:
    """Return the files that nginx opens for requests alone, and that the tree does not have."""
    return frozenset(
        item.args[0]
        for item in config.every("auth_basic_user_file")
        if item.args and "$" not in item.args[0] and not home.holds(item.args[0])
    )


def prefixes(text: str) -> frozenset[Shim]:
    """Return where on servers a text says that nginx's folder is, beside the usual place."""
    return frozenset(
        Shim(Kind.PREFIX, prefix) for prefix in PREFIXES if prefix != ETC and f"{prefix}/" in text
    )


def _of(item: Item, upstreams: set[str], home: Home) -> Iterator[Shim]:
    """Yield the shims for one directive."""
    if not item.args:
        return
    name, first = item.name, item.args[0]
    if name in _FILES:
        yield from _file(_FILES[name], first, home)
    elif name in _LOGS:
        yield from _log(first)
    elif name == "pid" or name in _TEMPORARY:
        yield from _folder(first, PREFIX)
    elif name == "user":
        yield from (Shim(Kind.ACCOUNT, word) for word in item.args if NAME.match(word))
    else:
        yield from _hosts(item, upstreams)


def _hosts(item: Item, upstreams: set[str]) -> Iterator[Shim]:
    """Yield the hosts that one directive names."""
    name, first = item.name, item.args[0]
    if name in _PASSES:
        yield from _upstream(first, upstreams)
    elif name == "server" and not item.is_block and item.parent and item.parent.name == "upstream":
        yield from _host(first)
    elif name in _ADDRESSES:
        for word in item.args:
            yield from _host(word) if "=" not in word else ()
    elif name in {"auth_http", "ssl_stapling_responder"}:
        yield from _upstream(first, set())
    elif name == "listen":
        yield from _listen(first)


def _file(
    kind: Kind, place: str, home: Home, detail: str = "", *, is_wanted: bool = False
) -> Iterator[Shim]:
    if "$" in place or place.startswith(_NOT_FILES) or (home.holds(place) and not is_wanted):
        return
    path = landing(place, home.folder)
    if is_placeable(path):
        yield Shim(kind, path, detail)


def _pairs(block: Item, home: Home) -> Iterator[Shim]:
    """Yield the certificates and keys of a block; both where the tree holds one of a pair only."""
    for name, key_name in _PAIRS.items():
        own = [one.args[0] for one in block.named(name) if one.args]
        keys = [one.args[0] for one in block.effective(key_name) if one.args] if own else []
        ciphers = block.value("ssl_ciphers") if own else ""
        for index, place in enumerate(own):
            places = [
                (Kind.CERTIFICATE, place),
                *((Kind.KEY, key) for key in keys[index : index + 1]),
            ]
            is_there = [home.holds(one) for _, one in places]
            if all(is_there):
                continue
            words = (
                ["rsa"]
                if _is_rsa(place, ciphers, is_first_of_many=index == 0 < len(own) - 1)
                else []
            )
            for (kind, one), there in zip(places, is_there, strict=True):
                detail = " ".join([*words, "over"] if there else words)
                yield from _file(kind, one, home, detail, is_wanted=True)


def _is_rsa(place: str, ciphers: str, *, is_first_of_many: bool) -> bool:
    """Which type a certificate has, by its name, by the ciphers, or by its place among several."""
    name = place.lower()
    if re.search(r"ecdsa|ecc|[-_./]ec[-_./]|p256|prime256", name):
        return False
    if "rsa" in name:
        return True
    if re.search(r"(?<![!+-])\b(?:ECDHE-RSA|DHE-RSA|aRSA)", ciphers) and "ECDSA" not in ciphers:
        return True
    return is_first_of_many


def _upstream(place: str, upstreams: set[str]) -> Iterator[Shim]:
    """Yield the host of a `proxy_pass` and its kin, where it is no upstream."""
    address = re.sub(r"^\w+://", "", place)
    if address.startswith("unix:") or "$" in address:
        return
    address = address.partition("/")[0]
    if address.lower() not in upstreams:
        yield from _host(address)


def _host(address: str) -> Iterator[Shim]:
    """Yield a host name; none for addresses, sockets, and what is known at run time alone."""
    if address.startswith(("unix:", "[")) or "$" in address or "/" in address:
        return
    host = re.sub(r":\d*(?:-\d+)?$", "", address)
    if not NAME.match(host) or host == "localhost" or host.isdecimal():
        return
    try:
        ipaddress.ip_address(host)
    except ValueError:
        yield Shim(Kind.HOST, host)


def _listen(address: str) -> Iterator[Shim]:
    if address.startswith("unix:"):
        yield from _folder(address[len("unix:") :], "/")
    elif not address.isdecimal() and not address.startswith(("*", "[")):
        yield from _host(address)


def _log(place: str) -> Iterator[Shim]:
    if place.startswith("syslog:"):
        server = re.search(r"server=([^,\s]+)", place)
        if server:
            yield from _host(server[1])
    elif place not in {"off", "stderr"} and not place.startswith(_NOT_FILES) and "$" not in place:
        yield from _folder(place, PREFIX)


def _folder(place: str, home: str) -> Iterator[Shim]:
    """Yield the folder that a file, or a folder that nginx makes itself, must lie in."""
    path = posixpath.normpath(posixpath.join(home, place))
    folder = posixpath.dirname(path)
    if folder.startswith("/dev") or path == "/dev":
        return
    if is_placeable(folder):
        yield Shim(Kind.FOLDER, folder)


def _defined_elsewhere(item: Item, upstreams: set[str]) -> Iterator[Shim]:
    """Yield what another file of the same configuration would define."""
    args = item.args
    found: tuple[Kind, str] | None = None
    if not args:
        return
    if item.name == "access_log" and len(args) > 1 and "=" not in args[1]:
        found = (Kind.LOG_FORMAT, args[1]) if args[1] not in _BUILT_IN_FORMATS else None
    elif item.name in _CACHES and args[0] != "off":
        found = (Kind.CACHE_ZONE, args[0])
    elif item.name == "limit_conn":
        found = (Kind.CONNECTION_ZONE, args[0])
    elif item.name == "limit_req":
        zone = next((word[5:] for word in args if word.startswith("zone=")), "")
        found = (Kind.REQUEST_ZONE, zone)
    elif item.name == "aio" and args[0].startswith("threads="):
        found = (Kind.THREAD_POOL, args[0][len("threads=") :])
    elif item.name in _NEED_PORT or (item.name == "proxy_pass" and item.within("stream")):
        name = re.sub(r"^\w+://", "", args[0])
        found = (Kind.UPSTREAM, name) if name.lower() not in upstreams else None
    if found and re.fullmatch(r"\w[\w.-]*", found[1]):
        yield Shim(*found)


def _defined(config: Config) -> set[Shim]:
    """Return what a configuration defines itself."""
    found: set[Shim] = set()
    for item in config.main.walk():
        if item.name == "log_format" and item.args:
            found.add(Shim(Kind.LOG_FORMAT, item.args[0]))
        elif item.name == "thread_pool" and item.args:
            found.add(Shim(Kind.THREAD_POOL, item.args[0]))
        elif item.name in {"limit_req_zone", "limit_conn_zone"} or item.name.endswith(
            "_cache_path"
        ):
            for word in item.args:
                zone = re.match(r"(?:keys_)?zone=([^:]+)", word)
                for kind in (Kind.REQUEST_ZONE, Kind.CONNECTION_ZONE, Kind.CACHE_ZONE):
                    found.update([Shim(kind, zone[1])] if zone else [])
    return found
