"""What goes wrong between a provider and a client, on demand."""

from __future__ import annotations

import itertools
import json
import socket
import struct
import time
import zlib
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.loopback.say import Event

PATIENCE_S = 20.0
"""After this, a fault that never ends gives up, so that a failed test leaves no thread behind."""


@dataclass(slots=True)
class Reply:
    """An answer that is ready to go: `frames` are sent one by one where it is `streamed`."""

    status: int
    headers: list[tuple[str, str]]
    frames: list[bytes]
    is_streamed: bool

    @property
    def content(self) -> bytes:
        """All frames in one."""
        return b"".join(self.frames)


class Wire(Protocol):
    """The server's end of a connection."""

    @property
    def socket(self) -> socket.socket:
        """The socket itself."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        ...

    def head(self, reply: Reply, *framing: tuple[str, str]) -> None:
        """Send the status line and the headers."""
        ...

    def chunk(self, data: bytes) -> None:
        """Send one chunk of chunked encoding; an empty one ends the body."""
        ...

    def break_off(self) -> None:
        """Close by RST."""
        ...


Put: TypeAlias = "Callable[[Wire, Reply], None]"
"""Puts an answer on a connection, which is closed afterwards."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What one request gets instead of its answer, or done to it.

    A `status` with `headers`; a `drop` of the connection without an answer, or `cut` in its middle;
    the right answer but in gzip; or `html` in its place.  `body` is sent in place of the answer, as
    `kind`; `events` and `frames` change the stream before it goes; `put` sends it its own way.
    """

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    drop: bool = False
    cut: bool = False
    gzip: bool = False
    html: bool = False
    body: bytes | None = field(default=None, repr=False)
    kind: str = ""
    events: Callable[[list[Event]], Iterable[Event]] | None = None
    frames: Callable[[list[bytes]], Sequence[bytes]] | None = None
    put: Put | None = None

    @property
    def is_answer(self) -> bool:
        """Whether what the model says takes part in it."""
        return not (self.status or self.drop or self.html or self.body is not None)


def error(status: int, kind: str, *headers: tuple[str, str], words: str = "scripted") -> Fault:
    """An error as both vendors write it, with a type and a code."""
    told = {"type": kind, "code": kind, "message": words}
    body = json.dumps({"type": "error", "error": told}).encode()
    return Fault(status, headers, body=body, kind="application/json")


def page(status: int = 200) -> Fault:
    """A web page where an answer was due."""
    return Fault(status, html=True)


# --- ways to put an answer on a connection -----------------------------------------------------


def first(count: int, *, then: Callable[[Wire], None]) -> Put:
    """Send so many frames as they should be, and then something else."""

    def put(wire: Wire, reply: Reply) -> None:
        wire.head(reply, ("Transfer-Encoding", "chunked"))
        for frame in reply.frames[:count]:
            wire.chunk(frame)
        then(wire)

    return put


def silence(wire: Wire) -> None:
    """Say nothing more until the client leaves."""
    wire.socket.settimeout(PATIENCE_S)
    wire.socket.recv(1)


def hang_up(_wire: Wire) -> None:
    """Close the connection in the middle of the body."""


def reset(wire: Wire) -> None:
    """Reset the connection."""
    wire.break_off()


def clean_end(wire: Wire) -> None:
    """End the body as if it were whole."""
    wire.chunk(b"")


def drip(data: bytes, pause_s: float = 0.1) -> Callable[[Wire], None]:
    """Send these bytes over and over, one at a time."""

    def then(wire: Wire) -> None:
        ends = time.monotonic() + PATIENCE_S
        for number in itertools.cycle(data):
            if time.monotonic() > ends:
                break
            wire.chunk(bytes([number]))
            time.sleep(pause_s)

    return then


def flood(data: bytes) -> Callable[[Wire], None]:
    """Send these bytes over and over, as fast as they go."""

    def then(wire: Wire) -> None:
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            wire.chunk(data)

    return then


def slowly(pause_s: float) -> Put:
    """Send the answer as it should be, with a pause after each frame."""

    def put(wire: Wire, reply: Reply) -> None:
        wire.head(reply, ("Transfer-Encoding", "chunked"))
        for frame in reply.frames:
            wire.chunk(frame)
            time.sleep(pause_s)
        wire.chunk(b"")

    return put


def dripping_head(wire: Wire, _reply: Reply) -> None:
    """Send headers for ever, byte by byte."""
    wire.write(b"HTTP/1.1 200 OK\r\nX-Pad: ")
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        wire.write(b"x")
        time.sleep(0.1)


def wrong_chunk_sizes(wire: Wire, reply: Reply) -> None:
    """Send chunks with sizes that do not fit their bytes."""
    wire.head(reply, ("Transfer-Encoding", "chunked"))
    for frame in reply.frames:
        wire.write(b"%x\r\n%s\r\n" % (max(1, len(frame) - 5), frame))


def endless_chunk_size(wire: Wire, reply: Reply) -> None:
    """Send a first chunk that is said to be larger than any memory."""
    wire.head(reply, ("Transfer-Encoding", "chunked"))
    wire.write(b"f" * 16 + b"\r\n" + reply.content)


@cache
def bomb(megabytes: int, status: int = 200) -> Fault:
    """Zeros that pack well, as a stream in gzip."""
    packer = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
    zeros = b"0" * 1_000_000
    parts = [packer.compress(b"data: "), *(packer.compress(zeros) for _ in range(megabytes))]
    packed = b"".join([*parts, packer.compress(b"\n\n"), packer.flush()])
    headers = (("Content-Encoding", "gzip"),)
    return Fault(status, headers, body=packed, kind="text/event-stream")


def linger_nothing(connection: socket.socket) -> None:
    """Have the next close of this socket send RST and no FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
