"""Names of a request as nginx writes them, each checked before it may stand in a file."""

from __future__ import annotations

import ipaddress
import re

from workflow.providers.offline.first_pass.asked import Target
from workflow.providers.offline.first_pass.saying import refused

_MAX_PORT = 65535
_MAX_NAME = 100
_TARGET = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?::(?P<port>\d{1,6}))?(?P<uri>/[\w.~/-]{0,200})?\Z",
    re.ASCII,
)
_ORIGIN = re.compile(
    r"(?P<scheme>https?|wss?)://(?P<host>(?:\*\.)?[A-Za-z0-9_.-]{1,253})(?::(?P<port>\d{1,6}))?/?\Z",
    re.ASCII | re.IGNORECASE,
)
_SAFE_PATH = re.compile(r"/[A-Za-z0-9_.~/@*-]{0,250}\Z")
_SIZE = re.compile(r"(\d{1,9})\s?([kmg]?)[a-z]*\Z", re.IGNORECASE)
_TIME = re.compile(r"(\d{1,9})\s?(ms|s|m|h)[a-z]*\Z", re.IGNORECASE)
_RATE = re.compile(r"(\d{1,6})")
_POLICY = re.compile(r"[A-Za-z0-9 ;:/.*'_=+-]{1,1000}\Z")


def port(text: str, around: str = "") -> str:
    """A port that a socket can have."""
    if not 0 < int(text) <= _MAX_PORT:
        message = f"'{around or text}' has no valid port"
        raise refused(message, "ports are 1 to 65535")
    return str(int(text))


def server_name(text: str) -> str:
    """A host name, spelled as it came: a placeholder in it has capitals."""
    if len(text) > _MAX_NAME:
        message = f"'{text}' is {len(text)} characters long"
        raise refused(message, f"at most {_MAX_NAME}")
    return text


def is_address(text: str) -> bool:
    """Whether a text is an IP address, a network, or an address with a port."""
    bare = (
        re.sub(r"(?<=[\]\d]):\d{1,5}\Z", "", text) if text.count(":") == 1 or "]" in text else text
    )
    try:
        ipaddress.ip_network(bare.strip("[]"), strict=False)
    except ValueError:
        return False
    return True


def network(text: str) -> str:
    """An address or a network of proxies, as `set_real_ip_from` takes it."""
    try:
        found = ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError as error:
        way_out = "say an address or a network: 10.0.0.5, 10.0.0.0/8"
        message = f"'{text}' is not an address of a proxy"
        raise refused(message, way_out) from error
    is_single = found.prefixlen == found.max_prefixlen
    if not found.prefixlen:
        message = f"'{text}' would trust every address there is"
        raise refused(message, "name the proxy's own address")
    return str(found.network_address) if is_single else str(found)


def target(text: str) -> Target:
    """Where requests go, from a URL, an address with a port, or a Unix socket."""
    if "unix:" in text or text.startswith("/"):
        scheme = "https" if text.startswith("https:") else "http"
        path = text.partition("unix:")[2] or text
        return Target(scheme, f"unix:{safe_path(path.rstrip('.'))}")
    found = _TARGET.match(text if "://" in text else f"http://{text}")
    if found is None:
        message = f"'{text}' is no proxy target"
        raise refused(message, "say http://host:port or unix:/run/app.sock")
    default = "443" if found["scheme"] == "https" else "80"
    number = port(found["port"] or default, text)
    uri = found["uri"] or ""
    return Target(found["scheme"], f"{found['host']}:{number}", "" if uri == "/" else uri)


def origin(text: str) -> str:
    """An origin: scheme, host and port, no path.  The host is spelled as it came."""
    found = _ORIGIN.match(text if "://" in text else f"https://{text}")
    if found is None:
        message = f"'{text}' is not an origin"
        raise refused(message, "an origin is scheme://host:port, with no path")
    number = f":{port(found['port'], text)}" if found["port"] else ""
    return f"{found['scheme'].lower()}://{found['host']}{number}"


def safe_path(text: str) -> str:
    """A path of the server's file system."""
    if not _SAFE_PATH.match(text) or ".." in text.split("/"):
        message = f"'{text}' is not a path that can be written"
        raise refused(message, "say /etc/ssl/site.crt")
    return text


def size(text: str) -> str:
    """A size as nginx writes it: `20 MB` is `20m`, `900 bytes` is `900`."""
    found = _SIZE.match(text)
    if found is None:
        message = f"'{text}' is not a size"
        raise refused(message, "sizes are whole numbers of bytes, k, m or g")
    unit = "" if found[2].lower() not in set("kmg") else found[2].lower()
    return f"{int(found[1])}{unit}"


def time(text: str) -> str:
    """A time as nginx writes it: `2 minutes` is `2m`."""
    found = _TIME.match(text)
    if found is None or not int(found[1]):
        message = f"'{text}' is not a time"
        raise refused(message, "times are whole numbers of ms, s, m or h")
    return f"{int(found[1])}{found[2].lower()}"


def rate(text: str) -> str:
    """A rate as nginx writes it: `10 requests per second` is `10r/s`."""
    found = _RATE.match(text)
    number = int(found[1]) if found else 0
    if not number:
        message = f"'{text}' lets nobody in"
        raise refused(message, "say 10 requests per second")
    unit = re.search(r"(?:r/|rp|per|each|every|/|\ba)\s*(s|m)", text, re.IGNORECASE)
    return f"{number}r/{unit[1].lower() if unit else 's'}"


def policy(text: str) -> str:
    """A Content-Security-Policy, whole."""
    if not _POLICY.match(text) or "-src" not in text:
        message = f"'{text}' is not a policy"
        raise refused(message, "say CSP \"default-src 'self'\"")
    return " ".join(text.split()).rstrip("; ")
