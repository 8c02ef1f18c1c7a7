"""HTTP/3 by aioquic's own protocol machines over one UDP socket, without an event loop."""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from typing import TYPE_CHECKING

from workflow.gates.nginx.live.inside.client import MAX_READ, body_of, told_of
from workflow.gates.nginx.live.inside.streams import fields_of, status_of, texts
from workflow.gates.nginx.live.inside.told import HTTP3, Ask, Got, nothing

if TYPE_CHECKING:
    from aioquic.h3.connection import H3Connection
    from aioquic.quic.connection import QuicConnection

_DATAGRAM = 65536


class Quic:
    """The connections over HTTP/3, each used for all the requests that fit it."""

    def __init__(self) -> None:
        self._open: dict[tuple[object, ...], _Connection] = {}

    def ask(self, ask: Ask, until: float) -> Got:
        """Send one request and read its answer."""
        key = tuple(ask[word] for word in ("address", "port", "source", "sni"))
        connection = self._open.pop(key, None) or _Connection(ask)
        try:
            got = connection.ask(ask, until)
        except OSError:
            connection.close()
            return nothing("nothing answers over QUIC")
        if got["end"] == "answer":
            self._open[key] = connection
        else:
            connection.close()
        return got


class _Connection:
    def __init__(self, ask: Ask) -> None:
        from aioquic.h3.connection import H3_ALPN  # noqa: PLC0415 - loaded only where it is spoken
        from aioquic.quic.configuration import QuicConfiguration  # noqa: PLC0415 - as above
        from aioquic.quic.connection import QuicConnection  # noqa: PLC0415 - as above

        configuration = QuicConfiguration(
            is_client=True,
            alpn_protocols=H3_ALPN,
            server_name=ask["sni"] or None,
            verify_mode=ssl.CERT_NONE,
        )
        family = socket.AF_INET6 if ":" in ask["address"] else socket.AF_INET
        self._sock = socket.socket(family, socket.SOCK_DGRAM)
        if ask["source"] and family is socket.AF_INET:
            self._sock.bind((ask["source"], 0))
        self._sock.connect((ask["address"], ask["port"]))
        self._peer = (ask["address"], ask["port"])
        self._quic: QuicConnection = QuicConnection(configuration=configuration)
        self._quic.connect(self._peer, time.monotonic())
        self._http: H3Connection | None = None
        self._certificate = ""

    def close(self) -> None:
        """Say goodbye, so that nginx does not wait for this one."""
        self._quic.close()
        try:
            self._flush()
        except OSError:
            pass
        finally:
            self._sock.close()

    def ask(self, ask: Ask, until: float) -> Got:
        """Raises `OSError` when nothing answers."""
        state = _Answer()
        while not state.is_done and time.monotonic() < until:
            if self._http is not None and state.number is None:
                self._send(ask, state)
            self._flush()
            self._wait(until)
            while event := self._quic.next_event():
                self._take(event, state)
        got = told_of(status_of(state.headers), state.plain, bytes(state.body), state.end)
        got["protocol"], got["tls"], got["certificate"] = HTTP3, "TLSv1.3", self._certificate
        return got

    def _send(self, ask: Ask, state: _Answer) -> None:
        if self._http is None:
            return
        body = body_of(ask)
        state.number = self._quic.get_next_available_stream_id()
        self._http.send_headers(state.number, fields_of(ask), end_stream=not body)
        if body:
            self._http.send_data(state.number, body, end_stream=True)

    def _flush(self) -> None:
        for data, _ in self._quic.datagrams_to_send(time.monotonic()):
            self._sock.send(data)

    def _wait(self, until: float) -> None:
        """Wait for a datagram, or for the moment at which something is to be sent again."""
        timer = self._quic.get_timer()
        now = time.monotonic()
        self._sock.settimeout(max(min(until, timer or until) - now, 0.001))
        try:
            data = self._sock.recv(_DATAGRAM)
        except TimeoutError:
            self._quic.handle_timer(time.monotonic())
        else:
            self._quic.receive_datagram(data, self._peer, time.monotonic())

    def _take(self, event: object, state: _Answer) -> None:
        from aioquic.h3.connection import H3Connection  # noqa: PLC0415 - as above
        from aioquic.h3.events import DataReceived, HeadersReceived  # noqa: PLC0415 - as above
        from aioquic.quic import events  # noqa: PLC0415 - as above

        if isinstance(event, events.HandshakeCompleted):
            self._http = H3Connection(self._quic)
            self._certificate = _shown(self._quic)
        elif isinstance(event, events.ConnectionTerminated):
            state.end, state.is_done = f"QUIC: {event.reason_phrase or 'closed'}", True
        elif isinstance(event, events.StreamReset) and event.stream_id == state.number:
            state.end, state.is_done = "the stream was reset", True
        if self._http is None or not isinstance(event, events.QuicEvent):
            return
        for one in self._http.handle_event(event):
            if not isinstance(one, DataReceived | HeadersReceived) or one.stream_id != state.number:
                continue
            if isinstance(one, HeadersReceived):
                state.headers = state.headers or texts(one.headers)
            else:
                state.body += one.data
            if one.stream_ended:
                state.end, state.is_done = "answer", True
            elif len(state.body) > MAX_READ:
                state.end, state.is_done = "limit", True


class _Answer:
    """What came of one stream so far."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.end = "deadline"
        self.is_done = False

    @property
    def plain(self) -> list[tuple[str, str]]:
        return [pair for pair in self.headers if not pair[0].startswith(":")]


def _shown(quic: QuicConnection) -> str:
    """Return the digest of the certificate that the server showed."""
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - as above

    certificate = quic.tls._peer_certificate  # noqa: SLF001 - aioquic has no public name for it
    return (
        ""
        if certificate is None
        else hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    )
