"""Asks one question over HTTP, bounded in time and size: an answer, or why there was none.

The standard library's client, and not that of the models' SDKs: this request goes to the machine
that the operator runs, from `workflow.toml` that the operator trusted, and carries nothing of the
repository.  No proxy of the environment, no redirect, no cookie, no credentials.
"""

from __future__ import annotations

import http.client
import io
import queue
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from workflow.config import is_loopback

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal
    from urllib.parse import SplitResult

    from workflow.probes.interface import HttpCheck

MOST_BODY = 1_000_000
"""How many bytes of a body are read."""
_CHUNK = 64 * 1024
_HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Cache-Control": "no-cache",
    "Connection": "close",
    "User-Agent": "workflow-probe",
}
# What a person looks for in a log; others may hold cookies and the like.
_SHOWN = ("Content-Type", "Content-Length", "Date", "Location", "Retry-After", "Server", "Via")
_Address: TypeAlias = "tuple[socket.AddressFamily, tuple[str | int | bytes, ...]]"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the body as far as it was read, and a few headers."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    is_whole: bool


class NoAnswerError(Exception):
    """There was no answer that can be judged; the message says why, in a line."""


def ask(check: HttpCheck, timeout_s: float) -> Answer:
    """GET the address once, and read until the body ends, holds what is looked for, or is too long.

    All of it, from the name's look-up to the last byte, takes at most `timeout_s` seconds.

    Raises `NoAnswerError`.
    """
    ends = time.monotonic() + timeout_s
    there = urlsplit(check.url)
    try:
        with _connected(check, there, ends) as raw:
            return _exchange(check, there, _Timed(raw, ends))
    except TimeoutError:
        message = f"no whole answer within {timeout_s:.3g} s"
        raise NoAnswerError(message) from None
    except ssl.SSLCertVerificationError as error:
        message = f"its certificate does not hold: {error.verify_message}"
        raise NoAnswerError(message) from error
    except http.client.IncompleteRead as error:
        message = "the answer broke off in the middle"
        raise NoAnswerError(message) from error
    except http.client.RemoteDisconnected as error:
        message = "the connection was closed without an answer"
        raise NoAnswerError(message) from error
    except http.client.HTTPException as error:
        message = f"what came back is no HTTP: {type(error).__name__}"
        raise NoAnswerError(message) from error
    except ssl.SSLError as error:
        message = f"TLS: {(error.reason or 'failed').replace('_', ' ').lower()}"
        raise NoAnswerError(message) from error
    except OSError as error:
        raise NoAnswerError(error.strerror or str(error)) from error


def target(there: SplitResult) -> str:
    """What is asked for on the host: the path with the query."""
    path = there.path or "/"
    return f"{path}?{there.query}" if there.query else path


def _exchange(check: HttpCheck, there: SplitResult, stream: _Timed) -> Answer:
    host = there.hostname or ""
    connection = http.client.HTTPConnection(host, there.port or _default_port(there))
    connection.default_port = _default_port(there)
    # NOTE: a connection with a socket does not make one, and asks no more of it than `_Timed` has.
    connection.sock = stream
    connection.request("GET", target(there), headers=_HEADERS)
    response = connection.getresponse()
    body, is_whole = _body(response, check.contains.encode())
    shown = tuple((name, value) for name in _SHOWN if (value := response.headers.get(name)))
    return Answer(response.status, response.reason, shown, body, is_whole)


def _body(response: http.client.HTTPResponse, wanted: bytes) -> tuple[bytes, bool]:
    """The body as far as it is read, and whether that is all of it."""
    body = bytearray()
    while len(body) < MOST_BODY:
        # What is looked for may begin in the piece before.
        start = max(0, len(body) - len(wanted))
        piece = response.read1(min(_CHUNK, MOST_BODY - len(body)))
        if not piece:
            if response.length:
                raise http.client.IncompleteRead(bytes(body), response.length)
            return bytes(body), True
        body += piece
        if wanted and body.find(wanted, start) >= 0:
            break
    return bytes(body), False


def _connected(check: HttpCheck, there: SplitResult, ends: float) -> socket.socket:
    """A connection to the first of the host's addresses that takes one."""
    last: OSError | None = None
    for family, address in _resolved(there, ends):
        raw = socket.socket(family, socket.SOCK_STREAM)
        try:
            raw.settimeout(_left(ends))
            raw.connect(address)
            return _secured(raw, check, there, ends)
        except OSError as error:
            raw.close()
            last = error
            if isinstance(error, TimeoutError | ssl.SSLError):
                break
    raise last or OSError("the name has no address")


def _secured(
    raw: socket.socket, check: HttpCheck, there: SplitResult, ends: float
) -> socket.socket:
    if there.scheme == "http":
        return raw
    context = ssl.create_default_context()
    if check.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    raw.settimeout(_left(ends))
    return context.wrap_socket(raw, server_hostname=there.hostname)


def _resolved(there: SplitResult, ends: float) -> Sequence[_Address]:
    """The host's addresses; the look-up itself knows no deadline, so it runs beside us.

    `localhost` is this machine's own addresses only, whatever the name server says.
    """
    host, port = there.hostname or "", there.port or _default_port(there)
    found: queue.SimpleQueue[list[_Address] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            found.put(OSError(f"{host} is not known: {error}"))
        else:
            found.put([(row[0], row[4]) for row in rows])

    threading.Thread(target=look_up, daemon=True).start()
    try:
        answer = found.get(timeout=_left(ends))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, OSError):
        raise answer
    if is_loopback(host):
        return [one for one in answer if is_loopback(str(one[1][0]))]
    return answer


def _default_port(there: SplitResult) -> int:
    return http.client.HTTPS_PORT if there.scheme == "https" else http.client.HTTP_PORT


def _left(ends: float) -> float:
    """The seconds that are left.  Raises `TimeoutError` when none are."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Timed:
    """A socket as `http.client` uses one, with one deadline over all that is sent and read.

    A socket's own timeout begins anew with each byte, so that a slow drip would never end.
    """

    def __init__(self, raw: socket.socket, ends: float) -> None:
        self._raw = raw
        self._ends = ends

    def sendall(self, data: bytes) -> None:
        self._raw.settimeout(_left(self._ends))
        self._raw.sendall(data)

    def makefile(self, mode: Literal["rb"]) -> io.BufferedReader:
        del mode
        return io.BufferedReader(_Reader(self._raw, self._ends))

    def close(self) -> None:
        """Leave it open: the client closes it when the body is still to be read."""


class _Reader(io.RawIOBase):
    """Reads from a socket until its deadline."""

    def __init__(self, raw: socket.socket, ends: float) -> None:
        super().__init__()
        self._raw = raw
        self._ends = ends

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # what BufferedReader passes
        self._raw.settimeout(_left(self._ends))
        return self._raw.recv_into(buffer)
