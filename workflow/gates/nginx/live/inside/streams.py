"""HTTP/2 on both sides of nginx, by h2, which is loaded only where it is needed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from workflow.gates.nginx.live.inside.client import (
    MAX_READ,
    body_of,
    connected,
    failed,
    left,
    secured,
    told_of,
)
from workflow.gates.nginx.live.inside.told import HTTP2, UPSTREAM_PAGE, Ask, Got, nothing

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

    from h2.connection import H2Connection

_CHUNK = 65536
_MOST_STREAMS = 500
# RFC 9113, 8.2.2: headers that are about one connection and not about the request.
_OF_CONNECTION = {"connection", "upgrade", "host", "keep-alive", "transfer-encoding"}


def fields_of(ask: Ask) -> list[tuple[bytes, bytes]]:
    """Return a request's fields as HTTP/2 and HTTP/3 have them."""
    host = next((value for name, value in ask["headers"] if name.lower() == "host"), "")
    fields = [(":method", ask["method"]), (":scheme", "https" if ask["tls"] else "http")]
    fields += [(":authority", host)] if host else []
    fields.append((":path", ask["target"]))
    fields += [
        (name.lower(), value)
        for name, value in ask["headers"]
        if name.lower() not in _OF_CONNECTION
    ]
    size = len(body_of(ask))
    if size and not ask["chunked"]:
        fields.append(("content-length", str(size)))
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in fields]


def status_of(headers: list[tuple[str, str]]) -> int:
    """Return the status among the fields of an answer; 0 without one."""
    found = dict(headers).get(":status", "")
    return int(found) if found.isascii() and found.isdigit() else 0


def texts(headers: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Return fields as text."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


class Streams:
    """The connections over HTTP/2, each used for all the requests that fit it."""

    def __init__(self) -> None:
        self._open: dict[tuple[object, ...], _Connection] = {}

    def ask(self, ask: Ask, until: float) -> Got:
        """Send one request and read its answer; a connection that fails is tried once more."""
        key = tuple(ask[word] for word in ("address", "port", "source", "tls", "sni", "version"))
        known = self._open.pop(key, None)
        try:
            connection = known or _Connection(ask, until)
        except OSError as error:
            return failed(error)
        if not connection.is_agreed:
            connection.close()
            return nothing("HTTP/2 is not offered")
        got = connection.ask(ask, until)
        if got["end"] == "answer" and connection.is_open:
            self._open[key] = connection
        else:
            connection.close()
            if known is not None and not got["status"] and got["end"] != "deadline":
                return self.ask(ask, until)
        return got


class _Connection:
    def __init__(self, ask: Ask, until: float) -> None:
        from h2.config import H2Configuration  # noqa: PLC0415 - loaded only where it is spoken
        from h2.connection import H2Connection  # noqa: PLC0415 - as above

        self.sock = connected(ask, until)
        self._seen = secured(self.sock)
        secure: ssl.SSLSocket | None = self.sock if ask["tls"] else None  # type: ignore[assignment]  # what `connected` makes of it
        self.is_agreed = secure is None or secure.selected_alpn_protocol() == HTTP2
        config = H2Configuration(
            client_side=True,
            header_encoding=None,
            validate_outbound_headers=False,
            validate_inbound_headers=False,
        )
        self._h2 = H2Connection(config)
        self.is_open = True
        if self.is_agreed:
            self._h2.initiate_connection()

    def close(self) -> None:
        self.sock.close()

    def ask(self, ask: Ask, until: float) -> Got:
        from h2.exceptions import ProtocolError  # noqa: PLC0415 - as above

        number = self._h2.get_next_available_stream_id()
        state = _Answer()
        try:
            body = body_of(ask)
            self._h2.send_headers(number, fields_of(ask), end_stream=not body)
            while not state.is_done:
                body = self._send(number, body)
                self.sock.settimeout(left(until))
                data = self.sock.recv(_CHUNK)
                if not data:
                    break
                self._take(data, number, state)
        except TimeoutError:
            state.end = "deadline"
        except OSError as error:
            state.end = failed(error)["end"]
        except ProtocolError as error:
            state.end = f"no HTTP/2: {type(error).__name__}"
        got = told_of(status_of(state.headers), state.plain, bytes(state.body), state.end)
        got["protocol"] = HTTP2
        got["tls"], got["certificate"] = self._seen
        return got

    def _send(self, number: int, body: bytes) -> bytes:
        """Send what may be sent now, and return what is left of the body."""
        while body:
            room = min(self._h2.local_flow_control_window(number), self._h2.max_outbound_frame_size)
            if room <= 0:
                break
            piece, body = body[:room], body[room:]
            self._h2.send_data(number, piece, end_stream=not body)
        self.sock.sendall(self._h2.data_to_send())
        return body

    def _take(self, data: bytes, number: int, state: _Answer) -> None:
        from h2 import events  # noqa: PLC0415 - as above

        for event in self._h2.receive_data(data):
            if isinstance(event, events.ConnectionTerminated):
                self.is_open = False
                state.is_done = True
            elif getattr(event, "stream_id", number) != number:
                continue
            elif isinstance(event, events.ResponseReceived):
                state.headers = texts(
                    [(bytes(name), bytes(value)) for name, value in event.headers]
                )
            elif isinstance(event, events.DataReceived):
                state.body += event.data
                self._h2.acknowledge_received_data(event.flow_controlled_length, number)
                if len(state.body) > MAX_READ:
                    state.end, state.is_done = "limit", True
            elif isinstance(event, events.StreamEnded):
                state.end, state.is_done = "answer", True
            elif isinstance(event, events.StreamReset):
                # RFC 9113, 8.1: NO_ERROR tells the client to stop sending, behind a whole answer.
                state.end = "answer" if state.end == "answer" else "the stream was reset"
                state.is_done = True


class _Answer:
    """What came of one stream so far."""

    def __init__(self) -> None:
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.end = "closed without an answer"
        self.is_done = False

    @property
    def plain(self) -> list[tuple[str, str]]:
        return [pair for pair in self.headers if not pair[0].startswith(":")]


def serve(
    sock: socket.socket, held: bytes, remember: Callable[[list[tuple[str, str]], bytes], None]
) -> None:
    """Be an upstream over HTTP/2, as gRPC servers are; `held` is what was read already."""
    from h2.config import H2Configuration  # noqa: PLC0415 - as above
    from h2.connection import H2Connection  # noqa: PLC0415 - as above
    from h2.exceptions import ProtocolError  # noqa: PLC0415 - as above

    connection = H2Connection(H2Configuration(client_side=False, header_encoding=None))
    connection.initiate_connection()
    sock.sendall(connection.data_to_send())
    asked: dict[int, tuple[list[tuple[str, str]], bytearray]] = {}
    until = time.monotonic() + 60
    try:
        while held and time.monotonic() < until and len(asked) < _MOST_STREAMS:
            _serve_some(connection, held, asked, remember)
            sock.sendall(connection.data_to_send())
            held = sock.recv(_CHUNK)
    except ProtocolError:
        return


def _serve_some(
    connection: H2Connection,
    data: bytes,
    asked: dict[int, tuple[list[tuple[str, str]], bytearray]],
    remember: Callable[[list[tuple[str, str]], bytes], None],
) -> None:
    from h2 import events  # noqa: PLC0415 - as above

    for event in connection.receive_data(data):
        if isinstance(event, events.RequestReceived):
            pairs = [(bytes(name), bytes(value)) for name, value in event.headers]
            asked[event.stream_id] = texts(pairs), bytearray()
        elif isinstance(event, events.DataReceived):
            asked[event.stream_id][1].extend(event.data)
            connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, events.StreamEnded):
            headers, body = asked[event.stream_id]
            remember(headers, bytes(body))
            _answer(connection, event.stream_id, dict(headers))


def _answer(connection: H2Connection, number: int, given: dict[str, str]) -> None:
    is_grpc = given.get("content-type", "").startswith("application/grpc")
    kind = b"application/grpc" if is_grpc else b"text/html"
    said = [(b":status", b"200"), (b"content-type", kind), (b"server", b"upstream")]
    connection.send_headers(number, said)
    connection.send_data(number, UPSTREAM_PAGE, end_stream=not is_grpc)
    if is_grpc:
        connection.send_headers(number, [(b"grpc-status", b"0")], end_stream=True)
