"""An answer as single facts that can be held against another's, whatever the body is."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from workflow.gates.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflow.gates.service.answers import Answer, Json
    from workflow.gates.service.exchange import Said

STATUS = "status"
# What differs from one answer to the next by its nature, or says only how long the body is.
_PASSING = frozenset(
    {
        *("date", "content-length", "transfer-encoding", "connection", "keep-alive", "etag"),
        *("x-request-id", "x-correlation-id", "x-process-time", "x-response-time", "last-modified"),
        *("server-timing", "traceparent", "age", "expires"),
    }
)
_MAX_FACTS = 400
_MAX_VALUE = 80
_MAX_PLACE = 500
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def facts(said: Said) -> dict[str, str]:
    """Return what is to be compared of an answer, by name, each value on one short line."""
    answer = said.answer
    if answer is None:
        return {STATUS: "no answer"}
    found = {STATUS: str(answer.status)}
    for name in {name for name, _ in answer.headers} - _PASSING:
        values = [value for key, value in answer.headers if key == name]
        shown = map(_cookie, values) if name == "set-cookie" else values
        found[f"header {one_line(name, _MAX_VALUE)}"] = _shown("; ".join(shown))
    if not answer.is_whole:
        found["body"] = "too long to be compared"
    elif answer.body:
        found.update(_body(answer))
    return found


def shape(said: Said) -> dict[str, set[str]]:
    """Return what kinds of things an answer is made of, by place; a list's items share one."""
    answer = said.answer
    if answer is None or not answer.body:
        return {}
    kind = _kind(answer)
    found = {"its type": {kind or "none"}}
    if not answer.is_whole:
        return {**found, "body": {"too long to be compared"}}
    if not _is_json(kind):
        return found
    try:
        stack: list[tuple[str, Json]] = [("body", answer.json)]
    except ValueError:
        return {**found, "body": {"no JSON"}}
    while stack:
        place, item = stack.pop()
        found.setdefault(place, set()).add(_sort(item))
        if len(place) > _MAX_PLACE:
            continue
        if isinstance(item, dict):
            stack += [(f"{place}.{_key(key)}", one) for key, one in item.items()]
        elif isinstance(item, list):
            stack += [(f"{place}[]", one) for one in item]
    return found


def _sort(item: Json) -> str:
    match item:
        case dict():
            return "a table"
        case list():
            return "a list"
        case str():
            return "text"
        case bool():
            return "true or false"
        case None:
            return "null"
        case _:
            return "a number"


def _kind(answer: Answer) -> str:
    return (answer.header("content-type") or "").partition(";")[0].strip().lower()


def _is_json(kind: str) -> bool:
    return kind == "application/json" or kind.endswith("+json")


def _cookie(value: str) -> str:
    """Return a cookie's name and attributes; its value is nobody's business."""
    pair, *attributes = value.split(";")
    return ", ".join([pair.partition("=")[0].strip(), *(part.strip() for part in attributes)])


def _body(answer: Answer) -> Mapping[str, str]:
    digest = hashlib.sha256(answer.body).hexdigest()[:12]
    if _is_json(_kind(answer)):
        try:
            return dict(_of_json(answer.json, digest))
        except ValueError:
            return {"body": "no JSON, but says so"}
    return {"body": f"{len(answer.body)} bytes, SHA-256 {digest}"}


def _of_json(value: Json, digest: str) -> Iterator[tuple[str, str]]:
    """Give each leaf of a document with its place; a stack, since a body may be deep."""
    stack: list[tuple[str, Json]] = [("body", value)]
    given = 0
    while stack:
        place, item = stack.pop()
        given += 1
        if given > _MAX_FACTS:
            yield "body, the rest", f"{len(stack) + 1} more, SHA-256 of it all {digest}"
            return
        if isinstance(item, dict):
            inner = [(f"{place}.{_key(key)}", one) for key, one in item.items()]
            yield place, "a table"
        elif isinstance(item, list):
            inner = [(f"{place}[{number}]", one) for number, one in enumerate(item)]
            yield place, f"a list of {len(item)}"
        else:
            inner = []
            yield place, _leaf(item)
        stack += reversed(inner)


def _key(key: str) -> str:
    return one_line(key, 40)


def _leaf(item: str | float | bool | None) -> str:  # noqa: FBT001 - a value of JSON
    if isinstance(item, str):
        if _TIME.fullmatch(item):
            return "a time"
        return "a UUID" if _UUID.fullmatch(item) else _shown(f'"{item}"')
    if item is None or isinstance(item, bool):
        return {True: "true", False: "false", None: "null"}[item]
    return _shown(repr(item))


def _shown(text: str) -> str:
    """Return a value on one line; of a long one its start, and a hash that tells it from others."""
    line = one_line(text, _MAX_VALUE)
    if line == text:
        return line
    return f"{line} ({hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]})"
