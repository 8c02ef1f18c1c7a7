"""The parts of a drafted backend that are the same for every client."""

from __future__ import annotations

LIMITS = '''\
"""Keeps a body from being larger than the service takes, also one of unknown length."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = {limit}


class LimitBody:
    """Answers 413 before the service reads a body that is too large.

    A chunked body declares no length, so its bytes are counted as they come.
    """

    def __init__(self, app: ASGIApp, max_bytes: int = MAX_BODY_BYTES) -> None:
        """Stand in front of `app`."""
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body up to the limit, then hand it on as one piece."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        is_large = len(declared) > 18 or int(declared or 0) > self.max_bytes
        body = bytearray()
        more = not is_large
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self.max_bytes:
                is_large, more = True, False
        if is_large:
            said = {{"detail": f"send at most {{self.max_bytes}} bytes"}}
            await JSONResponse(said, status_code=413)(scope, receive, send)
            return
        waiting: list[Message] = [{{"type": "http.request", "body": bytes(body)}}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self.app(scope, replay, send)
'''

PROBLEMS = '''\
MAX_PROBLEMS = 10


def problems(errors: Sequence[Any]) -> list[dict[str, str]]:
    """Say which fields are wrong and why, without the values that were sent."""
    return [
        {
            "field": ".".join(str(part) for part in error["loc"])[:100],
            "reason": error["type"],
        }
        for error in errors[:MAX_PROBLEMS]
    ]
'''

READING_QUERY = '''\
"""Says what is wrong with a path or a query."""

from collections.abc import Sequence
from typing import Any

'''

READING_BODY = '''\
"""Reads and checks bodies; what is refused is never sent back."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
{imports}
from fastapi import HTTPException, Request
from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")
'''

MEDIA_TYPE = '''

def media_type(request: Request) -> str:
    """Name the content type without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
'''

JSON_BODY = '''

def json_body(adapter: TypeAdapter[T]) -> Callable[[Request], Awaitable[T]]:
    """Make a reader of JSON; a beacon sends it as text/plain, without a preflight."""

    async def read(request: Request) -> T:
        if media_type(request) not in {"application/json", "text/plain"}:
            raise HTTPException(415, "send application/json or text/plain")
        try:
            return adapter.validate_json(await request.body())
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            raise HTTPException(422, problems(found)) from None

    return read
'''

FORM_BODY = '''

def form_body(adapter: TypeAdapter[T]) -> Callable[[Request], Awaitable[T]]:
    """Make a reader of forms as `URLSearchParams` writes them."""

    async def read(request: Request) -> T:
        if media_type(request) != "application/x-www-form-urlencoded":
            raise HTTPException(415, "send application/x-www-form-urlencoded")
        try:
            text = (await request.body()).decode()
            fields = parse_qsl(text, keep_blank_values=True, max_num_fields=100)
        except ValueError:
            raise HTTPException(422, "the body is not a form") from None
        try:
            return adapter.validate_python(dict(fields))
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            raise HTTPException(422, problems(found)) from None

    return read
'''

OPTIONAL_BODY = '''

def maybe(
    read: Callable[[Request], Awaitable[T]],
) -> Callable[[Request], Awaitable[T | None]]:
    """Make a reader that also takes no body at all."""

    async def read_some(request: Request) -> T | None:
        return await read(request) if await request.body() else None

    return read_some
'''

MODELS_BASES = {
    "Closed": '''

class Closed(BaseModel):
    """What every payload has in common: no room for unknown fields, no conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
''',
    "Open": '''

class Open(BaseModel):
    """A payload to which the client adds fields whose names are not in its source."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
''',
    "Written": '''

class Written(BaseModel):
    """Fields that come as text, in a query or a form; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
''',
    "WrittenOpen": '''

class WrittenOpen(BaseModel):
    """Fields that come as text, to which the client adds others."""

    model_config = ConfigDict(extra="allow", frozen=True)
''',
}

ALIASES = {
    "Text": "Annotated[str, Field(max_length=2048)]",
    "LongText": "Annotated[str, Field(max_length=16384)]",
    "Name": "Annotated[str, Field(max_length=64)]",
    "Whole": "Annotated[int, Field(ge=-(2**53), le=2**53)]",
    "Number": "Annotated[float, Field(allow_inf_nan=False)]",
    "Moment": "AwareDatetime",
    "Fields": "Annotated[dict[Name, JsonValue], Field(max_length=64)]",
    "Several": "Annotated[list[T], Field(max_length=500)]",
}

CONFTEST = '''\
"""The service under test, with a list of what it takes."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from app.main import create_app

Taken = list[tuple[str, dict[str, object]]]


@pytest.fixture
def taken() -> Taken:
    """Make an empty list."""
    return []


@pytest.fixture
def client(taken: Taken) -> Iterator[TestClient]:
    """Make a client of a service that writes down what it takes."""

    def keep(endpoint: str, parts: dict[str, object]) -> None:
        taken.append((endpoint, parts))

    with TestClient(create_app(keep)) as client:
        yield client
'''

HEALTH_TEST = '''\
"""GET /healthz: the service answers."""

from starlette.testclient import TestClient


def test_healthz_answers(client: TestClient) -> None:
    """As long as the process serves requests."""
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


def test_healthz_only_answers_get(client: TestClient) -> None:
    """Another method is refused."""
    assert client.delete("/healthz").status_code == 405
'''
