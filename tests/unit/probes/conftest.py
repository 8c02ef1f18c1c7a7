"""A server on a loopback socket that answers each connection with scripted bytes."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import pytest

from workflow.canonical import sha256
from workflow.probes import Means

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from workflow.types import Digest


def whole(body: bytes = b"fine", status: str = "200 OK", *headers: str) -> bytes:
    """Return an answer with its length."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


@dataclass
class Server:
    """Answers with `says`, the last of them again and again; keeps what arrived."""

    listener: socket.socket
    says: list[bytes | Callable[[socket.socket], None]]
    tls: ssl.SSLContext | None = None
    arrived: list[bytes] = field(default_factory=list)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        """Answer connections until the listener is closed."""
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True)
        with connection:
            asked = b""
            # A handshake of TLS begins with 0x16; where there is none, it gets an answer, too.
            while not asked.endswith(b"\r\n\r\n") and asked[:1] != b"\x16":
                piece = connection.recv(4096)
                if not piece:
                    return
                asked += piece
            self.arrived.append(asked)
            say = self.says.pop(0) if len(self.says) > 1 else self.says[0]
            if isinstance(say, bytes):
                connection.sendall(say)
            else:
                say(connection)


class Serve(Protocol):
    """Starts a server: `serve(whole(b"fine"))`."""

    def __call__(
        self, *says: bytes | Callable[[socket.socket], None], tls: ssl.SSLContext | None = None
    ) -> Server:
        """Listen on a free port of 127.0.0.1."""
        ...


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Yield a starter of servers, which end with the test."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(
        *says: bytes | Callable[[socket.socket], None], tls: ssl.SSLContext | None = None
    ) -> Server:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        server = Server(listener, list(says), tls)
        threads.append(threading.Thread(target=server.serve, daemon=True))
        threads[-1].start()
        return server

    yield start
    for listener in listeners:
        # Closing alone does not wake a thread that waits in `accept`.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(15)


@dataclass
class Kept:
    """Keeps bytes in memory, by their digests."""

    data: dict[Digest, bytes] = field(default_factory=dict)

    def __call__(self, log: bytes) -> Digest:
        """Keep bytes."""
        name = sha256(log)
        self.data[name] = log
        return name


@pytest.fixture
def kept() -> Kept:
    """Return a store in memory."""
    return Kept()


@pytest.fixture
def means(tmp_path: Path, kept: Kept) -> Means:
    """Return means that keep in memory, seal `hunter` as a vault would, and run in a folder."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    return Means(folder, kept, lambda text: text.replace("hunter", "<SEALED>"))
