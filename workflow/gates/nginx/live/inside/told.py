"""What the driver is told, and what it reports: the words that host and sandbox share."""

from __future__ import annotations

from typing import TypedDict

UPSTREAM_PAGE = (
    b"<!doctype html>\n<title>the upstream's own page</title>\n" + b"<p>one line of it</p>\n" * 100
)
"""What an upstream that stands in answers with: large enough to be compressed."""

UPSTREAM_COOKIE = "session=of-the-upstream; Path=/"
"""The cookie that it sets where it is sent one."""

HTTP1, HTTP2, HTTP2_CLEAR, HTTP3 = "http/1.1", "h2", "h2c", "h3"


class Ask(TypedDict):
    """One request.

    `address` is an IP address, or the path of a UNIX socket with port 0.  `source` is the client's
    own address, empty for the system's choice.  `version` pins TLS (`TLSv1.2`), empty for any.
    `body` is in base64; `pad` adds that many spaces; `declared` declares that many bytes and sends
    none unless nginx asks for them.
    """

    protocol: str
    address: str
    port: int
    source: str
    tls: bool
    sni: str
    version: str
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: str
    pad: int
    declared: int
    chunked: bool


class Stub(TypedDict):
    """One upstream that stands in; `address` as in `Ask`, `name` as a person knows it."""

    name: str
    protocol: str
    address: str
    port: int


class Told(TypedDict):
    """Everything that the driver is told.

    `ready` are the TCP addresses that nginx listens on; `pages` the files to make where there are
    none, with their text; `names` what the name server that stands in knows, at `resolvers`.
    `spread` sends each request without a source from an address of its own.
    Times are in seconds.  `packages` is the folder of h2 and aioquic; empty without them.
    """

    nginx: list[str]
    ready: list[tuple[str, int]]
    stubs: list[Stub]
    names: dict[str, str]
    resolvers: list[tuple[str, int]]
    pages: list[tuple[str, str]]
    certificate: str
    key: str
    asks: list[Ask]
    turns: int
    start_s: float
    request_s: float
    timeout_s: float
    settle_s: float
    spread: bool
    packages: str


class Received(TypedDict):
    """What an upstream received."""

    name: str
    protocol: str
    method: str
    target: str
    headers: list[tuple[str, str]]
    size: int
    sha256: str


class Got(TypedDict):
    """What came of one request.

    `end` is `answer`, `deadline` (cut off: what came by then is told), `limit` (larger than is
    read), or why there is no answer at all.  `body` is the start of it in base64, `size` and
    `sha256` are of all of it that was read.
    """

    end: str
    status: int
    headers: list[tuple[str, str]]
    body: str
    size: int
    sha256: str
    protocol: str
    tls: str
    certificate: str


def nothing(end: str) -> Got:
    """Return what is reported where there is no answer."""
    return {
        "end": end,
        "status": 0,
        "headers": [],
        "body": "",
        "size": 0,
        "sha256": "",
        "protocol": "",
        "tls": "",
        "certificate": "",
    }
