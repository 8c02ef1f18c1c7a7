"""The sockets: takes requests apart, keeps them, and answers as scripted."""

from __future__ import annotations

import gzip
import json
import socketserver
import threading
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tests.loopback import completions, messages, responses
from tests.loopback.checks import RequestError
from tests.loopback.faults import Fault, Reply, linger_nothing
from tests.loopback.say import Event, Say

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

HOST = "127.0.0.1"
_JSON = "application/json"
_FORMATS = {"/messages": messages, "/responses": responses, "/chat/completions": completions}


@dataclass(frozen=True, slots=True)
class Arrived:
    """One request as it was received, headers and all; `head` and `body` are parts of `raw`."""

    raw: bytes
    head: bytes
    body: bytes

    @property
    def path(self) -> str:
        """The request's target."""
        return self.head.split(b" ", 2)[1].decode("latin-1")

    @property
    def headers(self) -> dict[str, str]:
        """The headers, by their names in lower case."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines if line)
        return {name.lower(): value.strip() for name, _, value in pairs}

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(slots=True)
class Loopback:
    """The server's address, what arrived, and what it is to say.

    `answers` are given one after the other; after the last, `says` is the text of each answer, and
    the arguments of each tool call.  `objections` say why requests were answered with 400.
    """

    port: int
    says: str = "fine"
    answers: deque[Say] = field(default_factory=deque)
    faults: deque[Fault] = field(default_factory=deque)
    arrived: list[Arrived] = field(default_factory=list)
    objections: list[str] = field(default_factory=list)
    connections: int = 0

    @property
    def origin(self) -> str:
        """The base URL for Anthropic's client."""
        return f"http://{HOST}:{self.port}"

    @property
    def v1(self) -> str:
        """The base URL for OpenAI's client."""
        return f"{self.origin}/v1"

    @property
    def raw(self) -> bytes:
        """All that arrived, one request after the other."""
        return b"".join(each.raw for each in self.arrived)


@contextmanager
def loopback() -> Iterator[Loopback]:
    """Run the server in a thread of its own until the block ends."""
    with _Server((HOST, 0), _Connection) as server:
        server.state = Loopback(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.state
        finally:
            server.shutdown()
            thread.join()


class _Server(socketserver.ThreadingTCPServer):
    # NOTE: kept-alive connections outlast the test; nobody waits for their threads.
    daemon_threads = True
    block_on_close = False
    state: Loopback
    server_address: tuple[str, int]


class _Connection(socketserver.StreamRequestHandler):
    server: _Server
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer one request after the other."""
        self.server.state.connections += 1
        with suppress(OSError):  # the client may leave whenever it likes
            while (request := self._receive()) is not None:
                if not self._answer(request):
                    return

    def _answer(self, request: Arrived) -> bool:
        """Whether the connection stays open."""
        state = self.server.state
        state.arrived.append(request)
        fault = state.faults.popleft() if state.faults else Fault()
        if fault.drop:
            return False
        reply = _reply(request, fault, state)
        if fault.put:
            fault.put(self, reply)
            return False
        if reply.is_streamed and not fault.cut:
            self.head(reply, ("Transfer-Encoding", "chunked"))
            for frame in reply.frames:
                self.chunk(frame)
            self.chunk(b"")
            return True
        content = reply.content
        self.head(reply, ("Content-Length", str(len(content))))
        self.write(content[: len(content) // 2] if fault.cut else content)
        return not fault.cut

    # --- what a fault may do with the connection --------------------------------------------------

    @property
    def socket(self) -> socket.socket:
        """The socket itself."""
        connection: socket.socket = self.request
        return connection

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.wfile.write(data)

    def head(self, reply: Reply, *framing: tuple[str, str]) -> None:
        """Send the status line and the headers."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in [*reply.headers, *framing])
        self.write(f"HTTP/1.1 {reply.status} Scripted\r\n{lines}\r\n".encode())

    def chunk(self, data: bytes) -> None:
        """Send one chunk of chunked encoding; an empty one ends the body."""
        self.write(b"%x\r\n%s\r\n" % (len(data), data))

    def break_off(self) -> None:
        """Close by RST."""
        linger_nothing(self.request)
        self.rfile.close()
        self.request.close()

    # --- one request ------------------------------------------------------------------------------

    def _receive(self) -> Arrived | None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                if head:  # not a request, but all the same something that arrived
                    self.server.state.arrived.append(Arrived(head, head, b""))
                return None
            head += line
        length, chunked = 0, False
        for line in head.lower().split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            length = int(value) if name == b"content-length" else length
            chunked = chunked or name == b"transfer-encoding"
        if not chunked:
            body = self.rfile.read(length)
            return Arrived(head + body, head, body)
        raw, body = head, b""
        while True:
            size_line = self.rfile.readline()
            size = int(size_line, 16)
            chunk = self.rfile.read(size + 2)
            raw, body = raw + size_line + chunk, body + chunk[:-2]
            if not size:
                return Arrived(raw, head, body)


# --- one answer ---------------------------------------------------------------------------------


def _reply(request: Arrived, fault: Fault, state: Loopback) -> Reply:
    """The answer to a request, with what a fault makes of it."""
    if fault.is_answer:
        reply = _answer(request, fault, state)
    elif fault.html:
        reply = _told(HTTPStatus.OK, b"<p>down for maintenance", "text/html")
    else:
        content = b'{"error": {"message": "scripted"}}' if fault.body is None else fault.body
        reply = _told(HTTPStatus.OK, content, fault.kind or _JSON)
    reply.status = fault.status or reply.status
    if fault.kind:
        reply.headers[0] = ("Content-Type", fault.kind)
    reply.headers += fault.headers
    if fault.frames:
        reply.frames = list(fault.frames(reply.frames))
    if fault.gzip:
        reply.frames, reply.is_streamed = [gzip.compress(reply.content)], False
        reply.headers.append(("Content-Encoding", "gzip"))
    return reply


def _answer(request: Arrived, fault: Fault, state: Loopback) -> Reply:
    """What the path and the request's words ask for."""
    path = request.path.partition("?")[0]
    if path.endswith("/count_tokens"):
        return _told(HTTPStatus.OK, b'{"input_tokens": 7}')
    form = next((form for ending, form in _FORMATS.items() if path.endswith(ending)), None)
    if form is None:
        return _told(HTTPStatus.OK, b'{"id": "other"}')
    try:
        asked = _document(request)
        form.check(asked, request.headers)
    except RequestError as error:
        state.objections.append(str(error))
        told = {"type": "invalid_request_error", "code": "invalid", "message": str(error)}
        body = json.dumps({"type": "error", "error": told}).encode()
        return _told(HTTPStatus.BAD_REQUEST, body)
    say = state.answers.popleft() if state.answers else Say(state.says)
    if not asked.get("stream"):
        return _told(HTTPStatus.OK, json.dumps(form.whole(asked, say)).encode())
    events: list[Event] = list(form.events(asked, say))
    if fault.events:
        events = list(fault.events(events))
    frames = [frame(event) for event in events]
    if form is completions:
        frames.append(b"data: [DONE]\n\n")
    return Reply(HTTPStatus.OK, [("Content-Type", "text/event-stream")], frames, is_streamed=True)


def _document(request: Arrived) -> Event:
    try:
        asked = json.loads(request.body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        message = "the body is no JSON object"
        raise RequestError(message)
    return asked


def frame(event: Event) -> bytes:
    """One event of a stream as it goes over the wire."""
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def _told(status: int, content: bytes, kind: str = _JSON) -> Reply:
    return Reply(int(status), [("Content-Type", kind)], [content], is_streamed=False)
