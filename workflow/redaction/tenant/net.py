"""Where exactly an e-mail or IP address stands, and whether it is one."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address

from workflow.redaction.settings import Sort

_LOCAL_MAX, _DOMAIN_MAX, _LABEL_MAX, _TLD_MIN = 64, 255, 63, 2
_LOCAL = re.compile(rb"[A-Za-z0-9._%+\x80-\xff-]{1,64}\Z")
_DOMAIN = re.compile(rb"[A-Za-z0-9.\x80-\xff-]{1,255}")
# The letter of an escape, such as of `\n`, is not the first one of an address behind it.
_ESCAPED = re.compile(rb"\A(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[bfnrtv])")
_BACKSLASHES = re.compile(rb"\\+\Z")
_OCTET = re.compile(rb"%([0-9A-Fa-f]{2})")
_MAILBOX = re.compile(rb"[A-Za-z0-9._%+\x80-\xff-]")
# What stands before `user@host` where that is an account on a machine and no mailbox.
_LOGIN = re.compile(rb"(?:://[^\s/@]{0,300}|\b(?:ssh|scp|sftp|rsync)\s[^\n]{0,80})\Z")
# Last labels that no domain has, but units of systemd, pictures and code do.
_NO_DOMAIN = frozenset(
    b"""service socket timer target path slice scope mount automount swap device png jpg jpeg gif
    svg webp ico css scss js mjs jsx ts tsx py rb java json yaml yml toml xml html htm txt lock
    example test invalid localhost""".split()
)
# RFC 2606: nobody's mailbox is there.
_RESERVED = (b"example.com", b"example.net", b"example.org")

_LOCK_FILES = (
    "*.lock", "*-lock.json", "*-lock.yaml", "*.lock.json", "*.lockb", "go.sum", "requirements*.txt",
    "constraints*.txt", "npm-shrinkwrap.json", "*.sum", "*.mod", "*.lockfile",
)  # fmt: skip
_QUAD = re.compile(
    rb"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9A-Za-z_]|\.[0-9])"
)
_VERSION_BEFORE = re.compile(
    rb"(?:(?:(?:version|release|revision|firmware|driver|build|section|chapter|clause)[a-z_]{0,12}"
    rb"|(?<![a-z])(?:oid|ver|rev|sect|sec))[\"'\])]{0,2}[\s:=.,(>\"']{0,6}"
    rb"|[=~^<>!]=|[a-z]-|[a-z0-9_]@)\Z",
    re.IGNORECASE,
)
_PRODUCT_BEFORE = re.compile(rb"[A-Za-z]/\Z")
_BEFORE, _LINE_REACH, _SMALL = 40, 80, 20
_NET = re.compile(
    rb"//|\b(?:ips?|ipv4|addr(?:ess)?|hosts?|servers?|listen|allow|deny|proxy|dns|nameserver|bind|"
    rb"gateway|route|peer|remote|client|resolver|upstream|ping|ssh|from|inet|subnet|network)\b|_ip\b|"
    rb"ip_|_addr|_host|\bIN\s+A\b",
    re.IGNORECASE,
)
_NET_AFTER = re.compile(rb"[:/][0-9]")
# Open resolvers that everybody uses; they say nothing of a tenant.
_RESOLVERS = frozenset(
    ip_address(one)
    for one in (
        *("1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "149.112.112.112"),
        *("208.67.222.222", "208.67.220.220", "2001:4860:4860::8888", "2001:4860:4860::8844"),
        *("2606:4700:4700::1111", "2606:4700:4700::1001", "2620:fe::fe"),
    )
)
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![0-9A-Za-z:])")


def email(text: bytes, at: int) -> tuple[int, int] | None:
    """The address around the `@` at an offset."""
    before = _LOCAL.search(text, max(0, at - _LOCAL_MAX), at)
    after = _DOMAIN.match(text, at + 1, at + 1 + _DOMAIN_MAX)
    if before is None or after is None:
        return None
    local = _cut_local(before[0])
    slashes = _BACKSLASHES.search(text, max(0, at - len(local) - _LOCAL_MAX), at - len(local))
    if slashes and len(slashes[0]) % 2:
        local = _ESCAPED.sub(b"", local)
    domain = _cut_domain(after[0])
    start, end = at - len(local), at + 1 + len(domain)
    if not local or not domain or text[end : end + 1] in {b"@", b"_"}:
        return None
    if _LOGIN.search(text, max(0, start - 300), start) or (
        text[end : end + 1] == b":" and local == b"git"
    ):
        return None
    return start, end


def _cut_local(local: bytes) -> bytes:
    """The end of some bytes that can be a mailbox; without what only stands before one."""
    if not local.isascii():
        try:
            read, code = local.decode(), "utf-8"
        except UnicodeDecodeError:
            read, code = local.decode("latin-1"), "latin-1"
        kept = len(read)
        while kept and (read[kept - 1].isalnum() or read[kept - 1] in "._%+-"):
            kept -= 1
        local = read[kept:].encode(code)
    return local[_last_octet(local) :].lstrip(b".%+-")


def _last_octet(local: bytes) -> int:
    """Where the last `%3D` or the like ends that is no character of a mailbox; 0 if none is."""
    octets = (one for one in _OCTET.finditer(local) if not _MAILBOX.fullmatch(_unquoted(one)))
    return max((one.end() for one in octets), default=0)


def _unquoted(octet: re.Match[bytes]) -> bytes:
    return bytes((int(octet[1], 16),))


def _cut_domain(domain: bytes) -> bytes:
    """The beginning of some bytes that is a domain, or nothing."""
    if not domain.isascii():
        try:
            read = domain.decode()
        except UnicodeDecodeError:
            read = domain.decode("latin-1").split("\x80")[0]
            return _checked(read.encode("latin-1"), read)
        cut = next((i for i, char in enumerate(read) if not (char.isalnum() or char in ".-")), None)
        read = read[:cut].rstrip(".-")
        return _checked(read.encode(), read)
    domain = domain.rstrip(b".-")
    return _checked(domain, domain.decode())


def _checked(domain: bytes, read: str) -> bytes:
    labels = read.split(".")
    last = labels[-1].lower()
    if len(labels) == 1 or not all(0 < len(label) <= _LABEL_MAX for label in labels):
        return b""
    if not (last.isalpha() or last.startswith("xn--")) or len(last) < _TLD_MIN:
        return b""
    lower = domain.lower()
    is_reserved = any(lower == one or lower.endswith(b"." + one) for one in _RESERVED)
    return b"" if is_reserved or last.encode() in _NO_DOMAIN else domain


def ipv4(text: bytes, start: int, sorts: frozenset[Sort], path: str) -> tuple[int, int] | None:
    """The IPv4 address that starts at an offset; none in lock files, and no version or OID."""
    found = _QUAD.match(text, start)
    if found is None or any(len(part) > 1 and part[:1] == b"0" for part in found.groups()):
        return None
    parts = tuple(map(int, found.groups()))
    try:
        address = IPv4Address(bytes(parts))
    except ValueError:
        return None
    if not _wanted(address, sorts) or _is_version(text, found, address, path):
        return None
    return found.span()


def ipv6(text: bytes, start: int, sorts: frozenset[Sort]) -> tuple[int, int] | None:
    """The IPv6 address that starts at an offset, without its zone and prefix length."""
    found = _HEX.match(text, start)
    if found is None:
        return None
    written = found[0]
    if written.endswith(b":") and not written.endswith(b"::"):
        written = written[:-1]
    try:
        address = IPv6Address(written.decode())
    except ValueError:
        return None
    return (start, start + len(written)) if _wanted(address, sorts) else None


def _wanted(address: IPv4Address | IPv6Address, sorts: frozenset[Sort]) -> bool:
    """Whether an address is of a sort that is sealed; masks, multicast and the like never are."""
    if address.is_multicast or address in _RESOLVERS:
        return False
    if address.is_global:
        return Sort.IP in sorts
    if address.version == 4 and (address.is_reserved or address == _BROADCAST):  # noqa: PLR2004 - IP
        return False
    return Sort.PRIVATE_IP in sorts


_BROADCAST = IPv4Address("255.255.255.255")


def _is_version(text: bytes, found: re.Match[bytes], address: IPv4Address, path: str) -> bool:
    """Whether four numbers rather are a version, a section or an object identifier."""
    start, end = found.span()
    name = path.rpartition("/")[2]
    before = text[max(0, start - _BEFORE) : start]
    if _VERSION_BEFORE.search(before) or any(fnmatchcase(name, one) for one in _LOCK_FILES):
        return True
    if not address.packed[-1] and _PRODUCT_BEFORE.search(before):
        return True
    is_small = address.is_global and max(address.packed) <= _SMALL
    if not is_small or _NET_AFTER.match(text, end):
        return False
    low = max(text.rfind(b"\n", max(0, start - _LINE_REACH), start) + 1, start - _LINE_REACH, 0)
    return _NET.search(text[low:start]) is None
