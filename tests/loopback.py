"""A provider on a loopback socket: the wire formats of OpenAI and Anthropic, with scripted faults.

It keeps the bytes of every request exactly as they came off the socket.
"""

from __future__ import annotations

import gzip
import json
import socket
import socketserver
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Fault:
    """What one request gets instead of its answer, or done to it.

    A `status` with `headers`; a `drop` of the connection without an answer, or `cut` in its middle;
    the right answer but in gzip; or `html` in its place.
    """

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    drop: bool = False
    cut: bool = False
    gzip: bool = False
    html: bool = False


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
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(slots=True)
class Loopback:
    """The server's address, what arrived, and what it is to say.

    `says` is the text of each answer, and the arguments of each tool call.
    """

    port: int
    says: str = "fine"
    faults: deque[Fault] = field(default_factory=deque)
    arrived: list[Arrived] = field(default_factory=list)
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

    def handle(self) -> None:
        """Answer one request after the other."""
        state = self.server.state
        state.connections += 1
        while (request := self._receive()) is not None:
            state.arrived.append(request)
            fault = state.faults.popleft() if state.faults else Fault()
            if fault.drop:
                self.request.shutdown(socket.SHUT_RDWR)
                return
            kind, content = _answer(request, state.says)
            status = fault.status or HTTPStatus.OK
            if fault.status:
                kind, content = "application/json", b'{"error": {"message": "scripted"}}'
            if fault.html:
                kind, content = "text/html", b"<p>down for maintenance"
            headers = [("Content-Type", kind), *fault.headers]
            if fault.gzip:
                content = gzip.compress(content)
                headers.append(("Content-Encoding", "gzip"))
            headers.append(("Content-Length", str(len(content))))
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
            sent = content[: len(content) // 2] if fault.cut else content
            self.wfile.write(f"HTTP/1.1 {int(status)} Scripted\r\n{lines}\r\n".encode() + sent)
            if fault.cut:
                return

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


# --- the wire formats --------------------------------------------------------------------------


def _answer(request: Arrived, says: str) -> tuple[str, bytes]:
    """The content type and content that the path and the request's words ask for."""
    asked = request.json if request.body.startswith(b"{") else {}
    path = request.path.partition("?")[0]
    if path.endswith("/count_tokens"):
        return "application/json", b'{"input_tokens": 7}'
    formats = {
        "/messages": (_message, _message_events),
        "/responses": (_response, _response_events),
        "/chat/completions": (_completion, _completion_events),
    }
    ending = next((ending for ending in formats if path.endswith(ending)), "")
    if not ending:
        return "application/json", b'{"id": "other"}'
    whole, events = formats[ending]
    answer = whole(asked, says)
    if not asked.get("stream"):
        return "application/json", json.dumps(answer).encode()
    lines = (
        (f"event: {event['type']}\n" if "type" in event else "") + f"data: {json.dumps(event)}\n\n"
        for event in events(answer)
    )
    end = "data: [DONE]\n\n" if ending == "/chat/completions" else ""
    return "text/event-stream", ("".join(lines) + end).encode()


def _message(asked: dict[str, Any], says: str) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": says}
    if tools := asked.get("tools"):
        name = tools[0]["name"]
        block = {"type": "tool_use", "id": "toolu_1", "name": name, "input": json.loads(says)}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": asked.get("model", ""),
        "content": [block],
        "stop_reason": "tool_use" if tools else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 3},
    }


def _message_events(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {
        "type": "message_start",
        "message": {**answer, "content": [], "stop_reason": None},
    }
    (block,) = answer["content"]
    if block["type"] == "text":
        empty: dict[str, Any] = {"text": ""}
        delta = {"type": "text_delta", "text": block["text"]}
    else:
        empty = {"input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    yield {"type": "content_block_start", "index": 0, "content_block": {**block, **empty}}
    yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": answer["stop_reason"], "stop_sequence": None},
        "usage": answer["usage"],
    }
    yield {"type": "message_stop"}


def _response(asked: dict[str, Any], says: str) -> dict[str, Any]:
    item: dict[str, Any] = {
        "type": "message",
        "id": "item_1",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": says, "annotations": []}],
    }
    if tools := asked.get("tools"):
        item = {
            "type": "function_call",
            "id": "item_1",
            "call_id": "call_1",
            "name": tools[0]["name"],
            "arguments": says,
            "status": "completed",
        }
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": asked.get("model", ""),
        "status": "completed",
        "output": [item],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
    }


def _response_events(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    (item,) = answer["output"]
    place = {"output_index": 0, "item_id": item["id"]}
    begun = {**answer, "status": "in_progress", "output": []}
    events: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
    if item["type"] == "message":
        (part,) = item["content"]
        place["content_index"] = 0
        empty = {**part, "text": ""}
        events += [
            {"type": "response.output_item.added", "item": {**item, "content": []}, **place},
            {"type": "response.content_part.added", "part": empty, **place},
            {"type": "response.output_text.delta", "delta": part["text"], "logprobs": [], **place},
        ]
    else:
        kind = "response.function_call_arguments.delta"
        events += [
            {"type": "response.output_item.added", "item": {**item, "arguments": ""}, **place},
            {"type": kind, "delta": item["arguments"], **place},
        ]
    events += [
        {"type": "response.output_item.done", "item": item, **place},
        {"type": "response.completed", "response": answer},
    ]
    for number, event in enumerate(events):
        yield {**event, "sequence_number": number}


def _completion(asked: dict[str, Any], says: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": says}
    if tools := asked.get("tools"):
        call = {"name": tools[0]["function"]["name"], "arguments": says}
        calls = [{"id": "call_1", "type": "function", "function": call}]
        message = {"role": "assistant", "content": None, "tool_calls": calls}
    reason = "tool_calls" if tools else "stop"
    return {
        "id": "chatcmpl_1",
        "object": "chat.completion",
        "created": 1,
        "model": asked.get("model", ""),
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
    }


def _completion_events(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    (choice,) = answer["choices"]
    delta = dict(choice["message"])
    if "tool_calls" in delta:
        delta["tool_calls"] = [{"index": 0, **call} for call in delta["tool_calls"]]
    shared = {**answer, "object": "chat.completion.chunk"}
    yield {**shared, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    reason = choice["finish_reason"]
    yield {**shared, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
