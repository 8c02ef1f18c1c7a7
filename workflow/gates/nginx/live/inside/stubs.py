"""Upstreams that stand in: they answer everything and remember what reached them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import selectors
import socket
import struct
import threading
from typing import TYPE_CHECKING

from workflow.gates.nginx.live.inside import gateways, streams
from workflow.gates.nginx.live.inside.told import UPSTREAM_COOKIE, UPSTREAM_PAGE, Received

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Mapping

    from workflow.gates.nginx.live.inside.told import Stub

MAX_BODY = 8 * 1024 * 1024
_MAX_HEAD = 256 * 1024
_CHUNK = 65536
_IDLE_S = 5.0
_BODY_S = 0.25
_MOST = 200
_DNS_HEAD = 12
_ADDRESS, _ANY = 1, 255


class Memory:
    """What the upstreams received since it was last taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received: list[Received] = []

    def add(self, received: Received) -> None:
        """Remember one request; of a flood the first ones."""
        with self._lock:
            if len(self._received) < _MOST:
                self._received.append(received)

    def take(self) -> list[Received]:
        """Return what was received, and forget it."""
        with self._lock:
            taken, self._received = self._received, []
            return taken


class Stream:
    """A connection that is read piece by piece; `EOFError` when it ends early."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.held = b""

    def more(self) -> None:
        """Read some more."""
        chunk = self.sock.recv(_CHUNK)
        if not chunk:
            raise EOFError
        self.held += chunk

    def exactly(self, size: int) -> bytes:
        """Return so many bytes."""
        while len(self.held) < size:
            self.more()
        taken, self.held = self.held[:size], self.held[size:]
        return taken

    def until(self, end: bytes) -> bytes:
        """Return what comes up to `end`, and drop that."""
        while end not in self.held:
            if len(self.held) > _MAX_HEAD:
                raise EOFError
            self.more()
        taken, _, self.held = self.held.partition(end)
        return taken


def received(  # noqa: PLR0913, PLR0917 - what a request is made of
    stub: Stub,
    protocol: str,
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
) -> Received:
    """Return what is remembered of a request."""
    return {
        "name": stub["name"],
        "protocol": protocol,
        "method": method,
        "target": target,
        "headers": list(headers),
        "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }


class Upstreams:
    """All that stand in, in threads of their own; they end with the process."""

    def __init__(self, stubs: list[Stub], context: ssl.SSLContext | None) -> None:
        self.memory = Memory()
        self.failed: list[str] = []
        self._context = context
        self._selector = selectors.DefaultSelector()
        for stub in stubs:
            try:
                self._selector.register(_listening(stub), selectors.EVENT_READ, stub)
            except OSError as error:
                self.failed.append(f"{stub['name']}: {error.strerror}")
        if self._selector.get_map():
            threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                listener: socket.socket = key.fileobj  # type: ignore[assignment]  # what was registered
                with contextlib.suppress(OSError):
                    sock, _ = listener.accept()
                    words = (sock, key.data)
                    threading.Thread(target=self._talk, args=words, daemon=True).start()

    def _talk(self, sock: socket.socket, stub: Stub) -> None:
        sock.settimeout(_IDLE_S)
        with (
            contextlib.suppress(OSError, EOFError, ValueError, struct.error),
            contextlib.closing(sock),
        ):
            secure = sock
            if stub["protocol"] == "https" and self._context:
                secure = self._context.wrap_socket(sock, server_side=True)
            with secure:
                self._answer(Stream(secure), stub)

    def _answer(self, stream: Stream, stub: Stub) -> None:
        answer = _PROTOCOLS.get(stub["protocol"], _http)
        stream.more()
        if stream.held.startswith(b"PRI "):
            answer = _http2
        answer(stream, stub, self.memory)


def _listening(stub: Stub) -> socket.socket:
    if not stub["port"]:
        # On a machine the service makes it, such as /run/php.
        os.makedirs(os.path.dirname(stub["address"]), exist_ok=True)  # noqa: PTH103, PTH120 - pathlib costs start-up time
    family = socket.AF_INET if stub["port"] else socket.AF_UNIX
    family = socket.AF_INET6 if ":" in stub["address"] else family
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((stub["address"], stub["port"]) if stub["port"] else stub["address"])
        sock.listen(64)
    except OSError:
        sock.close()
        raise
    return sock


def _http(stream: Stream, stub: Stub, memory: Memory) -> None:
    while True:
        first, *lines = stream.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        method, target, version = [*first.split(" ", 2), "", ""][:3]
        pairs = [line.partition(":") for line in lines]
        headers = [(name.strip(), value.strip()) for name, _, value in pairs]
        given = {name.lower(): value for name, value in headers}
        if given.get("expect", "").lower() == "100-continue":
            stream.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = _body(stream, given)
        memory.add(received(stub, version.lower(), method, target, headers, body))
        if given.get("upgrade"):
            said = f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: {given['upgrade']}\r\n"
            stream.sock.sendall(f"{said}Connection: upgrade\r\n\r\n".encode("latin-1"))
            return
        stream.sock.sendall(page(given, method))
        if version != "HTTP/1.1" or given.get("connection", "").lower() == "close":
            return


def _body(stream: Stream, given: Mapping[str, str]) -> bytes:
    """Return the body; as much as comes soon, for of a subrequest nginx may only declare it."""
    stream.sock.settimeout(_BODY_S)
    try:
        return _whole_body(stream, given)
    except TimeoutError:
        return stream.held
    finally:
        stream.sock.settimeout(_IDLE_S)


def _whole_body(stream: Stream, given: Mapping[str, str]) -> bytes:
    if given.get("transfer-encoding", "").lower() != "chunked":
        return stream.exactly(min(int(given.get("content-length") or 0), MAX_BODY))
    body = b""
    while size := int(stream.until(b"\r\n").split(b";")[0], 16):
        body += stream.exactly(size)
        stream.until(b"\r\n")
        if len(body) > MAX_BODY:
            raise EOFError
    stream.until(b"\r\n")
    return body


def page(given: Mapping[str, str], method: str, start: str = "HTTP/1.1 200 OK") -> bytes:
    """Return the answer: a page, and a cookie for who has one."""
    lines = [start, "Content-Type: text/html", "Server: upstream", "X-Powered-By: upstream"]
    lines.append(f"Content-Length: {len(UPSTREAM_PAGE)}")
    if given.get("cookie") or given.get("http_cookie"):
        lines.append(f"Set-Cookie: {UPSTREAM_COOKIE}")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return head if method == "HEAD" else head + UPSTREAM_PAGE


def _fastcgi(stream: Stream, stub: Stub, memory: Memory) -> None:
    while True:
        asked = gateways.fastcgi(stream.exactly, MAX_BODY)
        memory.add(_gateway(stub, asked.params, asked.body))
        said = page({key.lower(): value for key, value in asked.params}, "", "Status: 200 OK")
        stream.sock.sendall(gateways.fastcgi_answer(asked.number, said))
        if not asked.keeps:
            return


def _plain_gateway(read: Callable[[Callable[[int], bytes], int], gateways.Request]) -> Protocol:
    def answer(stream: Stream, stub: Stub, memory: Memory) -> None:
        given, body = read(stream.exactly, MAX_BODY)
        memory.add(_gateway(stub, given, body))
        start = "HTTP/1.1 200 OK" if stub["protocol"] == "uwsgi" else "Status: 200 OK"
        stream.sock.sendall(page({key.lower(): value for key, value in given}, "", start))

    return answer


def _gateway(stub: Stub, given: list[tuple[str, str]], body: bytes) -> Received:
    words = dict(given)
    method, target = words.get("REQUEST_METHOD", ""), words.get("REQUEST_URI", "")
    return received(stub, stub["protocol"], method, target, given, body)


def _http2(stream: Stream, stub: Stub, memory: Memory) -> None:
    def remember(headers: list[tuple[str, str]], body: bytes) -> None:
        given = dict(headers)
        method, target = given.get(":method", ""), given.get(":path", "")
        plain = [pair for pair in headers if not pair[0].startswith(":")]
        memory.add(received(stub, "h2", method, target, plain, body))

    streams.serve(stream.sock, stream.held, remember)


if TYPE_CHECKING:
    Protocol = Callable[[Stream, Stub, Memory], None]

_PROTOCOLS: dict[str, Protocol] = {
    "fastcgi": _fastcgi,
    "uwsgi": _plain_gateway(gateways.uwsgi),
    "scgi": _plain_gateway(gateways.scgi),
    "grpc": _http2,
}


def serve_names(names: Mapping[str, str], resolvers: Iterable[tuple[str, int]]) -> None:
    """Answer for a name server: what it knows, and of everything else that it is not there."""
    for address in resolvers:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with contextlib.suppress(OSError):
            sock.bind(address)
            threading.Thread(target=_name_server, args=(sock, names), daemon=True).start()


def _name_server(sock: socket.socket, names: Mapping[str, str]) -> None:
    while True:
        with contextlib.suppress(OSError, ValueError, IndexError, struct.error):
            asked, client = sock.recvfrom(512)
            sock.sendto(_resolved(asked, names), client)


def _resolved(asked: bytes, names: Mapping[str, str]) -> bytes:
    """Return the answer to a question of DNS (RFC 1035)."""
    labels, place = [], _DNS_HEAD
    while length := asked[place]:
        labels.append(asked[place + 1 : place + 1 + length].decode("ascii"))
        place += 1 + length
    kind = struct.unpack(">H", asked[place + 1 : place + 3])[0]
    question = asked[_DNS_HEAD : place + 5]
    address = names.get(".".join(labels).lower())
    found = b""
    if address and kind in {_ADDRESS, _ANY}:
        found = struct.pack(">HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(address)
    flags = 0x8180 if address else 0x8183
    return (
        struct.pack(">HHHHHH", *struct.unpack(">H", asked[:2]), flags, 1, bool(found), 0, 0)
        + question
        + found
    )
