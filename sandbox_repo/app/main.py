"""The HTTP side of the ingest service; run it with `uvicorn app.main:app`."""

import logging
import os
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from app.models import FIELD_NAMES, PAYLOAD, Event, Hide, PageView
from app.sink import Sink, sink_from

MAX_BODY_BYTES: Final = 8 * 1024  # client_max_body_size in nginx says the same
MAX_PROBLEMS: Final = 10
MEDIA_TYPES: Final = frozenset({"application/json", "text/plain"})  # a string beacon is text/plain

log = logging.getLogger(__name__)


async def read_body(request: Request) -> bytes:
    """Read at most MAX_BODY_BYTES; bytes are counted because a chunked body declares no length."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        raise HTTPException(415, "send application/json or text/plain")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise HTTPException(413, f"send at most {MAX_BODY_BYTES} bytes")
    except ClientDisconnect:
        raise HTTPException(400, "the body is incomplete") from None
    return bytes(body)


def refusal(error: ValidationError) -> HTTPException:
    """Say which field is wrong and why, in our own words only: input is never sent back."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    if any(item["type"] == "json_invalid" for item in errors):
        return HTTPException(400, "the body is not JSON")
    problems = [
        {
            "field": next((part for part in item["loc"] if part in FIELD_NAMES), None),
            "reason": item["type"],
        }
        for item in errors[:MAX_PROBLEMS]
    ]
    return HTTPException(422, problems)


async def read_payload(body: Annotated[bytes, Depends(read_body)]) -> PageView | Event | Hide:
    """Turn the body into a payload, or refuse it."""
    try:
        return PAYLOAD.validate_json(body)
    except ValidationError as error:
        raise refusal(error) from None


Checked = Annotated[PageView | Event | Hide, Depends(read_payload)]


def create_app(sink: Sink) -> FastAPI:
    """Build the service around `sink`."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Answer as long as the process serves requests."""
        return {"status": "ok"}

    @app.post("/v1/validate", status_code=204)
    async def validate(_payload: Checked) -> None:
        """Check a payload without keeping it, for people who integrate the client."""

    @app.post("/collect")
    async def collect(payload: Checked) -> Response:
        """Keep a payload."""
        record = {"received_at": datetime.now(UTC).isoformat(), **payload.model_dump()}
        try:
            sink.append(record)
        except OSError:
            log.exception("cannot append to the sink")
            raise HTTPException(503, "cannot keep the payload now") from None
        return Response(status_code=202)

    return app


app = create_app(sink_from(os.environ))
