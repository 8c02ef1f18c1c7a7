"""The service: what it keeps, and what it refuses in which words."""

import asyncio
import json
from pathlib import Path

import pytest
from fastapi import HTTPException, Request
from starlette.testclient import TestClient
from starlette.types import Message

from app.main import MAX_BODY_BYTES, MAX_PROBLEMS, create_app, read_body
from app.sink import MEMORY_RECORDS, FileSink, MemorySink, sink_from

PAGE = "https://www.ado.im/pricing"
VIEW = {"type": "pageview", "url": PAGE, "referrer": "", "title": "Pricing"}
EVENT = {"type": "event", "url": PAGE, "name": "signup", "props": {"plan": "team"}}
HIDE = {"type": "hide", "url": PAGE, "visible_ms": 5120}

PAYLOADS = pytest.mark.parametrize("payload", [VIEW, EVENT, HIDE], ids=lambda item: item["type"])
POST_PATHS = pytest.mark.parametrize("path", ["/collect", "/v1/validate"])
JSON_TYPE = {"content-type": "application/json"}


def test_healthz(client: TestClient) -> None:
    """The health check answers with a tiny JSON object."""
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@PAYLOADS
def test_collect_keeps_a_payload(
    client: TestClient, sink: MemorySink, payload: dict[str, object]
) -> None:
    """Every kind of payload is answered with 202 and kept with the time it arrived."""
    answer = client.post("/collect", json=payload)
    assert (answer.status_code, answer.content) == (202, b"")
    (record,) = sink.records
    assert record.items() >= payload.items()
    assert record.keys() == payload.keys() | {"received_at"}


def test_collect_takes_a_string_beacon(client: TestClient, sink: MemorySink) -> None:
    """The text/plain that sendBeacon sends for a string is read as JSON."""
    headers = {"content-type": "text/plain;charset=UTF-8"}
    answer = client.post("/collect", content=json.dumps(HIDE), headers=headers)
    assert answer.status_code == 202
    assert len(sink.records) == 1


@PAYLOADS
def test_validate_keeps_nothing(
    client: TestClient, sink: MemorySink, payload: dict[str, object]
) -> None:
    """A dry run accepts the same payloads and leaves no record."""
    answer = client.post("/v1/validate", json=payload)
    assert (answer.status_code, answer.content) == (204, b"")
    assert not sink.records


def padded(size: int) -> bytes:
    """Return a valid payload of exactly `size` bytes."""
    body = json.dumps(VIEW).encode()
    return body + b" " * (size - len(body))


@POST_PATHS
def test_body_limit_with_content_length(client: TestClient, path: str) -> None:
    """The limit itself is accepted, one byte more is 413."""
    full = client.post(path, content=padded(MAX_BODY_BYTES), headers=JSON_TYPE)
    over = client.post(path, content=padded(MAX_BODY_BYTES + 1), headers=JSON_TYPE)
    assert (full.is_success, over.status_code) == (True, 413)


@POST_PATHS
def test_body_limit_without_content_length(client: TestClient, path: str) -> None:
    """A chunked body has no Content-Length and is 413 all the same."""
    chunks = (b" " * 1024 for _ in range(MAX_BODY_BYTES // 1024 + 1))
    answer = client.post(path, content=chunks, headers=JSON_TYPE)
    assert answer.request.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in answer.request.headers
    assert answer.status_code == 413


def test_body_is_not_read_past_the_limit() -> None:
    """An endless body is refused as soon as it is too long."""
    received = 0

    async def endless() -> Message:
        nonlocal received
        received += 1
        return {"type": "http.request", "body": b" " * 1024, "more_body": True}

    scope = {"type": "http", "headers": [(b"content-type", b"text/plain")]}
    with pytest.raises(HTTPException, match="413"):
        asyncio.run(read_body(Request(scope, endless)))
    assert received == MAX_BODY_BYTES // 1024 + 1


def test_client_that_hangs_up() -> None:
    """A connection that ends inside the body is a refusal and not a crash."""

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "headers": [(b"content-type", b"text/plain")]}
    with pytest.raises(HTTPException, match="400"):
        asyncio.run(read_body(Request(scope, gone)))


@POST_PATHS
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_wrong_method(client: TestClient, path: str, method: str) -> None:
    """Only POST carries a payload, and the answer says so."""
    answer = client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@POST_PATHS
@pytest.mark.parametrize(
    "media_type", ["", "application/x-www-form-urlencoded", "application/jsonp", "text/html"]
)
def test_wrong_media_type(client: TestClient, path: str, media_type: str) -> None:
    """Anything but JSON or plain text is 415."""
    answer = client.post(path, content=json.dumps(VIEW), headers={"content-type": media_type})
    assert answer.status_code == 415


@POST_PATHS
@pytest.mark.parametrize("body", [b"", b"{", b"nonsense-input", b'{"type":"\xff"}', b"[" * 5000])
def test_invalid_json(client: TestClient, path: str, body: bytes) -> None:
    """A body that is not JSON is 400, in our words and without a trace."""
    answer = client.post(path, content=body, headers=JSON_TYPE)
    assert (answer.status_code, answer.json()) == (400, {"detail": "the body is not JSON"})


@POST_PATHS
@pytest.mark.parametrize(
    ("payload", "field", "reason"),
    [
        ([], None, "dict_type"),
        ({"url": PAGE}, None, "union_tag_not_found"),
        ({"type": "evil-input", "url": PAGE}, None, "union_tag_invalid"),
        ({"type": "pageview"}, "url", "missing"),
        (VIEW | {"evil-input": 1}, None, "extra_forbidden"),
        (VIEW | {"title": "evil-input" * 30}, "title", "string_too_long"),
        (VIEW | {"url": f"{PAGE}/{'evil-input' * 300}"}, "url", "string_too_long"),
        (VIEW | {"url": "javascript:evil-input"}, "url", "string_pattern_mismatch"),
        (EVENT | {"name": "Evil-Input"}, "name", "string_pattern_mismatch"),
        (EVENT | {"props": {"plan": "evil-input" * 30}}, "props", "string_too_long"),
        (EVENT | {"props": {f"p{n}": "" for n in range(17)}}, "props", "too_long"),
        (HIDE | {"visible_ms": -1}, "visible_ms", "greater_than_equal"),
        (HIDE | {"visible_ms": "5120"}, "visible_ms", "int_type"),
    ],
)
def test_refused_payload(
    client: TestClient, path: str, payload: object, field: str | None, reason: str
) -> None:
    """A wrong payload is 422 with the field and the reason, and never with the input."""
    answer = client.post(path, json=payload)
    assert answer.status_code == 422
    assert answer.json() == {"detail": [{"field": field, "reason": reason}]}
    assert "evil-input" not in answer.text.lower()


def test_many_problems_make_a_short_answer(client: TestClient) -> None:
    """The answer to a payload with a thousand faults stays small."""
    answer = client.post("/collect", json=HIDE | {f"f{n}": 0 for n in range(500)})
    assert answer.status_code == 422
    assert len(answer.json()["detail"]) == MAX_PROBLEMS


def test_unknown_path(client: TestClient) -> None:
    """A path that does not exist is a JSON 404, also with a trailing slash."""
    for path in ("/nothing", "/healthz/", "/docs", "/openapi.json"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


def test_file_sink_writes_one_line_per_payload(tmp_path: Path) -> None:
    """With ANALYTICS_SINK set, each payload becomes one JSON line, whatever it holds."""
    path = tmp_path / "events.jsonl"
    with TestClient(create_app(sink_from({"ANALYTICS_SINK": str(path)}))) as client:
        client.post("/collect", json=VIEW | {"title": "two\nlines \u2028 ü"})
        client.post("/collect", json=HIDE)
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [record["type"] for record in records] == ["pageview", "hide"]
    assert records[0]["title"] == "two\nlines \u2028 ü"


def test_full_disk_is_503(tmp_path: Path) -> None:
    """A sink that cannot write makes a clean 503 that names no path."""
    with TestClient(create_app(FileSink(tmp_path / "missing" / "events.jsonl"))) as client:
        answer = client.post("/collect", json=VIEW)
    assert answer.status_code == 503
    assert answer.json() == {"detail": "cannot keep the payload now"}


def test_memory_sink_is_bounded() -> None:
    """Without ANALYTICS_SINK only the newest records stay."""
    sink = sink_from({})
    assert isinstance(sink, MemorySink)
    for number in range(MEMORY_RECORDS + 1):
        sink.append({"number": number})
    assert len(sink.records) == MEMORY_RECORDS
    assert sink.records[0] == {"number": 1}
