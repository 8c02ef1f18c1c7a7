"""What `nginx -t` needs around a configuration that its repository does not hold.

A shim is found by running on the base, one complaint of nginx at a time; the set is then frozen
and the patched tree gets exactly the same.  A shim adds something beside the configuration (a
throwaway certificate, a folder, a host name); none hides a directive.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workflow.gates import throwaway
from workflow.gates.nginx_layout import PREFIXES, Context
from workflow.sandbox import TREE, Command, Limits, Network

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workflow.gates.nginx_layout import Target
    from workflow.sandbox import Scratch

ETC = PREFIXES[0]
WRAPPER = f"{ETC}/.workflow-wrapper.conf"
SETUP_FAILED = 124
_RUN = "/run/workflow"
_PREFIX = f"{_RUN}/prefix"
_WRITABLE = ("/etc", "/run", "/var")
# Not for an empty folder of ours: the sandbox's own, or needed to run anything.
_TAKEN = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "dev", "proc", "sys", "oldroot"}
_OPEN = {"etc", "run", "var", "tmp", "work"}
_NAME = re.compile(r"[A-Za-z0-9._-]+\Z")


class Kind(StrEnum):
    """What a shim stands in for; the value is how people read it."""

    CERTIFICATE = "throwaway certificate"
    KEY = "throwaway key"
    PARAMETERS = "DH parameters of RFC 7919"
    TICKET_KEY = "throwaway ticket key"
    INCLUDE = "empty include"
    FOLDER = "folder"
    HOST = "host name to 127.0.0.1"
    ACCOUNT = "account"
    VARIABLE = "empty variable"
    LOG_FORMAT = "log format"
    REQUEST_ZONE = "limit_req zone"
    CONNECTION_ZONE = "limit_conn zone"
    CACHE_ZONE = "cache zone"


_CONTENT = {
    Kind.CERTIFICATE: throwaway.CERTIFICATE,
    Kind.KEY: throwaway.KEY,
    Kind.PARAMETERS: throwaway.PARAMETERS,
    Kind.TICKET_KEY: throwaway.TICKET_KEY,
    Kind.INCLUDE: throwaway.EMPTY,
}
# What only a main file can define: a shim needs a wrapper to stand in.
_WRAPPED = {
    Kind.VARIABLE: 'map "" ${0} {{ default ""; }}',
    Kind.LOG_FORMAT: "log_format {0} '$remote_addr';",
    Kind.REQUEST_ZONE: "limit_req_zone $binary_remote_addr zone={0}:1m rate=100r/s;",
    Kind.CONNECTION_ZONE: "limit_conn_zone $binary_remote_addr zone={0}:1m;",
    Kind.CACHE_ZONE: "proxy_cache_path /tmp/cache-{0} keys_zone={0}:1m;",
}
# `nginx: [emerg] ...`, or with a time and process number in front: both go to stderr.
_LINE = re.compile(r"(?m)^(?:nginx: |[\d/]+ [\d:]+ )\[(\w+)\] (?:\d+#\d+: )?(?:\*\d+ )?(.*)$")
_MISSING = r"failed \((?:2|SSL: error:\w+:system library::No such file)[^)]*"
# nginx's complaint, and what answers it; the first that matches counts.
_COMPLAINTS = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r'cannot load certificate "([^"]+)": BIO_new_file\(\) failed', Kind.CERTIFICATE),
        (r'cannot load certificate key "([^"]+)": BIO_new_file\(\) failed', Kind.KEY),
        (r'SSL_CTX_load_verify_locations\("([^"]+)"\) failed', Kind.CERTIFICATE),
        (r'SSL_load_client_CA_file\("([^"]+)"\) failed', Kind.CERTIFICATE),
        (rf'BIO_new_file\("([^"]+)"\) {_MISSING}', Kind.PARAMETERS),
        (r'open\(\) "([^"]+)" failed \(2: [^)]*\) in ', Kind.INCLUDE),
        (r'host not found in upstream "(?:\w+://)?([^":/]+)', Kind.HOST),
        (r'host not found in (?:resolver|set_real_ip_from) "([^":/]+)', Kind.HOST),
        (r'host not found in "?([^":/\s]+)\S* of the "listen" directive', Kind.HOST),
        (r'(?:getpwnam|getgrnam)\("([^"]+)"\) failed', Kind.ACCOUNT),
        (r'mkdir\(\) "([^"]+)" failed \((?:2|13|30):', Kind.FOLDER),
        (r'(?:open|chmod)\(\) "([^"]+)" failed \((?:2|13|30):', Kind.FOLDER),
        (r"bind\(\) to unix:(\S+) failed \((?:2|13|30):", Kind.FOLDER),
        (r'unknown "([A-Za-z0-9_]+)" variable', Kind.VARIABLE),
        (r'unknown log format "([^"]+)"', Kind.LOG_FORMAT),
        (r'"proxy_cache" zone "([^"]+)" is unknown', Kind.CACHE_ZONE),
        (r'zero size shared memory zone "([^"]+)"', Kind.REQUEST_ZONE),
    )
)
_MODULES = tuple(
    (re.compile(pattern), module)
    for pattern, module in (
        (r"http3.*|quic.*", "http_v3"),
        (r"brotli.*", "brotli (ngx_brotli)"),
        (r"zstd.*", "zstd (ngx_http_zstd)"),
        (r"geoip2.*", "geoip2 (ngx_http_geoip2)"),
        (r"geoip_.*", "http_geoip"),
        (r".*_by_lua.*|lua_.*|init_by_.*", "lua (OpenResty)"),
        (r"js_.*", "njs"),
        (r"perl.*", "http_perl"),
        (r"modsecurity.*", "ModSecurity"),
        (r"passenger.*", "Passenger"),
        (r"pagespeed.*", "PageSpeed"),
        (r"vhost_traffic_status.*", "vhost_traffic_status (VTS)"),
        (r"stub_status", "http_stub_status"),
        (r"gzip_static", "http_gzip_static"),
        (r"gunzip.*", "http_gunzip"),
        (r"sub_filter.*", "http_sub"),
        (r"add(?:before|after)_body|addition_types", "http_addition"),
        (r"dav_.*|create_full_put_path|min_delete_depth", "http_dav"),
        (r"image_filter.*", "http_image_filter"),
        (r"xslt_.*|xml_entities", "http_xslt"),
        (r"mp4.*", "http_mp4"),
        (r"flv", "http_flv"),
        (r"slice", "http_slice"),
        (r"random_index", "http_random_index"),
        (r"secure_link.*", "http_secure_link"),
        (r"auth_request.*", "http_auth_request"),
        (r"auth_ldap.*|ldap_server", "auth_ldap"),
        (r"auth_pam.*", "auth_pam"),
        (r"(?:more_set|more_clear)_.*", "headers_more"),
        (r"fancyindex.*", "fancyindex"),
        (r"upstream_check.*|check(?:_.*)?", "upstream_check"),
        (r"upload_.*|track_uploads|upload_progress", "upload"),
        (r"push_stream_.*|nchan_.*", "push_stream / nchan"),
        (r"rtmp.*", "rtmp"),
        (r"(?:proxy|fastcgi|uwsgi|scgi)_cache_purge", "cache_purge"),
        (r"sticky.*|status_zone|api|health_check.*|zone_sync.*", "NGINX Plus"),
        (r"(?:ssl_)?preread.*", "stream_ssl_preread"),
        (r"opentelemetry.*|otel_.*|opentracing.*", "OpenTelemetry"),
        (r"google_perftools_profiles", "google_perftools"),
        (r"real_ip_.*|set_real_ip_from", "http_realip"),
        (r"mail|imap_.*|pop3_.*|smtp_.*", "mail"),
        (r"srcache_.*|memc_.*|redis2_.*|redis_pass|set_escape_uri|set_unescape_uri", "OpenResty"),
    )
)


@dataclass(frozen=True, slots=True, order=True)
class Shim:
    """One shim: what it is, and the path or name that it answers to."""

    kind: Kind
    value: str

    def __str__(self) -> str:
        """As a note for a reviewer."""
        return f"{self.kind} {self.value}"


def complaint(stderr: str) -> str:
    """Return nginx's first fatal complaint without its prefix, or an empty string."""
    for found in _LINE.finditer(stderr):
        if found[1] in {"emerg", "alert", "crit", "error"}:
            return found[2]
    other = re.search(r"(?m)^nginx: ((?!\[|the configuration|configuration file).*)$", stderr)
    return other[1] if other else ""


def warnings(stderr: str) -> frozenset[str]:
    """Return nginx's warnings, without line numbers, so that both trees can be compared."""
    found = (line[2] for line in _LINE.finditer(stderr) if line[1] == "warn")
    return frozenset(re.sub(r":\d+$", "", text) for text in found)


def missing_module(said: str) -> str:
    """Return the module that a complaint is about and that this nginx lacks, or an empty string."""
    directive = re.match(r'unknown directive "([^"]+)"', said)
    if directive:
        known = (name for pattern, name in _MODULES if pattern.fullmatch(directive[1]))
        return next(known, "")
    for pattern in (r"requires ngx_(\w+?)_module", r'dlopen\(\) "([^"]+)" failed'):
        found = re.search(pattern, said)
        if found:
            return posixpath.basename(found[1])
    if "dynamic modules" in said or "load_module" in said:
        return "dynamic modules"
    return "http_v3" if 'invalid parameter "quic"' in said else ""


def answer(said: str, *, wrapped: bool, connection_zones: frozenset[str]) -> Shim | None:
    """Return the shim that answers a complaint, if one may."""
    for pattern, kind in _COMPLAINTS:
        found = pattern.search(said)
        if found is None:
            continue
        value = found[1]
        if kind is Kind.REQUEST_ZONE and value in connection_zones:
            kind = Kind.CONNECTION_ZONE  # noqa: PLW2901 - nginx says the same of both
        if kind in _WRAPPED:
            return Shim(kind, value) if wrapped and re.fullmatch(r"\w[\w-]*", value) else None
        if kind in {Kind.HOST, Kind.ACCOUNT}:
            return Shim(kind, value) if _NAME.match(value) else None
        if kind is Kind.FOLDER:
            value = posixpath.dirname(value)
        elif kind is Kind.INCLUDE and "ticket" in value:
            kind = Kind.TICKET_KEY  # noqa: PLW2901 - the same words, but it must have a size
        value = posixpath.normpath(value)
        return Shim(kind, value) if _is_placeable(value) else None
    return None


def command(  # noqa: PLR0913 - what to test, with what, where, for how long
    binary: Path,
    scratch: Scratch,
    target: Target,
    *,
    context: Context | None,
    shims: Sequence[Shim],
    texts: str,
    limits: Limits,
) -> Command:
    """Return the confined `nginx -t` for one tree."""
    main = WRAPPER if context else f"{ETC}/{posixpath.basename(target.path)}"
    home = posixpath.normpath(f"{TREE}/{target.folder}") if target.folder else TREE
    links = [(prefix, home) for prefix in PREFIXES if prefix == ETC or f"{prefix}/" in texts]
    mounts = [_mount_of(shim.value) for shim in shims if shim.value.startswith("/")]
    mounts += [_mount_of(prefix) for prefix, _ in links]
    files = [
        ("/etc/passwd", _accounts(shims, "{0}:x:0:0::/:/bin/sh")),
        ("/etc/group", _accounts(shims, "{0}:x:0:")),
        ("/etc/hosts", _hosts(shims)),
        *((f"{_RUN}/{kind.name}", content) for kind, content in _CONTENT.items()),
        (f"{_RUN}/setup", _setup(shims, wrapped=context is not None)),
        (f"{_RUN}/wrapper", _wrapper(target, context, shims) if context else b""),
    ]
    test = (str(binary), "-t", "-e", "stderr", "-p", f"{_PREFIX}/", "-c", main)
    return Command(
        argv=("/bin/sh", f"{_RUN}/setup", *test),
        tree=scratch,
        read_only=(binary,),
        files=tuple(files),
        dirs=tuple(dict.fromkeys([*_WRITABLE, *(mount for mount in mounts if mount)])),
        links=tuple(links),
        limits=limits,
        network=Network.LOOPBACK,
        low_ports=True,
        as_root=True,
    )


def _setup(shims: Sequence[Shim], *, wrapped: bool) -> bytes:
    """Return the script that puts the shims in place: inside, where links are harmless."""
    lines = [
        f'fail() {{ echo "the shims could not be set up" >&2; exit {SETUP_FAILED}; }}',
        'place() { [ -e "$2" ] || { rm -f "$2" && mkdir -p "${2%/*}" && cp "$1" "$2"; }; }',
        f"mkdir -p {_PREFIX} || fail",
    ]
    if wrapped:
        lines.append(f"cp {_RUN}/wrapper {WRAPPER} || fail")
    for shim in shims:
        path = shlex.quote(shim.value)
        if shim.kind is Kind.FOLDER:
            lines.append(f"mkdir -p {path} || fail")
        elif shim.kind in _CONTENT:
            lines.append(f"place {_RUN}/{shim.kind.name} {path} || fail")
    return "\n".join([*lines, 'exec "$@"', ""]).encode()


def _wrapper(target: Target, context: Context, shims: Sequence[Shim]) -> bytes:
    before = " ".join(
        _WRAPPED[shim.kind].format(shim.value) for shim in shims if shim.kind in _WRAPPED
    )
    path = re.sub(r'(["\\\\])', r"\\\1", f"{TREE}/{target.path}")
    part = f'include "{path}";'
    text = {
        Context.MAIN: f"events {{}} {part}",
        Context.HTTP: f"events {{}} http {{ {before} {part} }}",
        Context.SERVER: f"events {{}} http {{ {before} server {{ {part} }} }}",
        Context.LOCATION: f"events {{}} http {{ {before} server {{ location / {{ {part} }} }} }}",
        Context.STREAM: f"events {{}} stream {{ {part} }}",
    }[context]
    return f"{text}\n".encode()


def _accounts(shims: Sequence[Shim], line: str) -> bytes:
    # Every name is id 0: the only id that exists inside, so that nginx can hand folders over.
    # The first four are the defaults that binaries are built with.
    names = [
        "root",
        "nobody",
        "nogroup",
        "users",
        *(shim.value for shim in shims if shim.kind is Kind.ACCOUNT),
    ]
    return "".join(line.format(name) + "\n" for name in names).encode()


def _hosts(shims: Sequence[Shim]) -> bytes:
    names = ["localhost", *(shim.value for shim in shims if shim.kind is Kind.HOST)]
    return "".join(f"127.0.0.1 {name}\n" for name in names).encode()


def _is_placeable(path: str) -> bool:
    top = path.split("/")[1] if path.startswith("/") else ""
    if not top or not path.isprintable() or top in _TAKEN:
        return False
    return top in _OPEN or bool(_mount_of(path))


def _mount_of(path: str) -> str:
    """Return the folder that must be empty and writable for `path`; empty when there is none."""
    parts = path.split("/")
    if parts[1] in _OPEN or parts[1] in _TAKEN:
        return ""
    if parts[1] == "usr":
        second = parts[2] if len(parts) > 3 else ""  # noqa: PLR2004 - /usr/local/x, not /usr/x
        return f"/usr/{second}" if second in {"local", "share"} else ""
    return f"/{parts[1]}" if _NAME.match(parts[1]) else ""


def named(shims: Sequence[Shim]) -> list[str]:
    """Return a note that names every shim, for a reviewer; none when there are none."""
    return [f"shims: {'; '.join(map(str, shims))}"] if shims else []
