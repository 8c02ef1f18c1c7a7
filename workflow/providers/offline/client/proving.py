"""Writes the tests of a drafted backend: for each endpoint what it takes and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from workflow.providers.offline.client.drawing import WIDTH, bracketed
from workflow.providers.offline.client.values import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.providers.offline.client.drawing import Drawn
    from workflow.providers.offline.client.shapes import Json


def file_name(one: Drawn) -> str:
    """The name of an endpoint's test file."""
    return f"tests/test_{one.endpoint.name}.py"


def test_names(one: Drawn) -> tuple[str, ...]:
    """The ids of an endpoint's tests, as pytest prints them from the project's own folder."""
    takes = [f"test_takes_what_the_client_sends{one}" for one in _ids(one)]
    names = [*takes, _refusing(one)]
    if one.payload is not None:
        names.append("test_refuses_a_body_that_is_too_large")
    return tuple(f"{file_name(one)}::{name}" for name in names)


def _ids(one: Drawn) -> list[str]:
    size = len(one.samples)
    return [f"[payload{number}]" for number in range(size)] if size > 1 else [""]


def _refusing(one: Drawn) -> str:
    if one.payload is not None or one.query_type is not None:
        return "test_refuses_what_the_client_never_sends"
    return "test_refuses_another_method"


def test_module(one: Drawn) -> str:
    """`tests/test_NAME.py`."""
    endpoint = one.endpoint
    about = f"{endpoint.method} {endpoint.path}"
    about = about if len(about) <= WIDTH - 40 else endpoint.name
    lines = [f'"""{about}: takes what the client sends."""\n\n']
    several = len(one.samples) > 1
    imports = []
    if several:
        imports.append("import pytest\n")
    imports.append("from starlette.testclient import TestClient\n")
    if one.payload is not None:
        imports.append("\nfrom app.limits import MAX_BODY_BYTES\n")
    lines += imports
    lines.append(f'\nURL = "{_url(one)}"\n')
    if one.samples and one.endpoint.is_form:
        lines.append(f'PAYLOAD = "{_form(one.samples[0])}"\n')
    elif several:
        lines.append(f"PAYLOADS: list[dict[str, object]] = {literal(list(one.samples))}\n")
    elif one.samples:
        kind = ": dict[str, object]" if isinstance(one.samples[0], dict) else ""
        lines.append(f"PAYLOAD{kind} = {literal(one.samples[0])}\n")
    lines += [_takes(one, several=several), _refuses(one)]
    if one.payload is not None:
        lines.append(_too_large(one))
    return "".join(lines)


def _url(one: Drawn) -> str:
    path = one.endpoint.path
    for part in one.endpoint.parameters:
        path = path.replace(f"{{{part.name}}}", "7" if part.kind is Kind.INT else "a1")
    query = f"?{_form(one.query)}" if one.query else ""
    return f"{path}{query}"


def _form(found: Json) -> str:
    pairs = found.items() if isinstance(found, dict) else ()
    return urlencode([(name, _word(value)) for name, value in pairs])


def _word(value: Json) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _call(one: Drawn, url: str, body: str) -> str:
    media = "application/x-www-form-urlencoded" if one.endpoint.is_form else ""
    parts = [f'"{one.endpoint.method}"', url]
    if body:
        parts.append(body)
    if body and media:
        parts.append(f'headers={{"content-type": "{media}"}}')
    elif body.startswith("content="):
        parts.append('headers={"content-type": "application/json"}')
    return bracketed("    ", "answer = client.request(", parts, ")")


def _takes(one: Drawn, *, several: bool) -> str:
    arguments = ["client: TestClient", "taken: list[object]"]
    lines = ["\n\n"]
    if several:
        lines.append('@pytest.mark.parametrize("payload", PAYLOADS)\n')
        arguments.append("payload: dict[str, object]")
    lines.append(bracketed("", "def test_takes_what_the_client_sends(", arguments, ") -> None:"))
    lines.append('    """Each payload is taken and kept once."""\n')
    body = ""
    if one.samples:
        body = f"json={'payload' if several else 'PAYLOAD'}"
        if one.endpoint.is_form:
            body = "content=PAYLOAD"
    lines.append(_call(one, "URL", body))
    lines.append(f"    assert answer.status_code == {one.status}\n")
    lines.append(f"    assert len(taken) == {0 if one.status == 200 else 1}\n")  # noqa: PLR2004 - a read
    return "".join(lines)


def _refuses(one: Drawn) -> str:
    head = f"\n\ndef {_refusing(one)}(client: TestClient) -> None:\n"
    if one.payload is None and one.query_type is None:
        other = "TRACE"
        return (
            f'{head}    """The path is there for one method only."""\n'
            f'    answer = client.request("{other}", URL)\n    assert answer.status_code == 405\n'
        )
    about = '    """What is not in the client\'s source is invalid."""\n'
    if one.payload is None:
        asked = 'URL + "&unexpected=" + "x" * 2049' if one.query else 'URL + "?unexpected=1"'
        return f"{head}{about}{_call(one, asked, '')}    assert answer.status_code == 422\n"
    is_closed = one.payload.is_closed
    if one.endpoint.is_form:
        body = 'content=PAYLOAD + "&unexpected=1"' if is_closed else 'content=b"\\xff"'
    elif is_closed and isinstance(one.samples[0], dict):
        known = "PAYLOADS[0]" if len(one.samples) > 1 else "PAYLOAD"
        body = f'json={{**{known}, "unexpected": 1}}'
    else:
        body = 'content="{"'
    return f"{head}{about}{_call(one, 'URL', body)}    assert answer.status_code == 422\n"


def _too_large(one: Drawn) -> str:
    body = 'content=b" " * (MAX_BODY_BYTES + 1)'
    return (
        "\n\ndef test_refuses_a_body_that_is_too_large(client: TestClient) -> None:\n"
        '    """One byte over the limit is too much."""\n'
        f"{_call(one, 'URL', body)}    assert answer.status_code == 413\n"
    )


def literal(value: Json, indent: str = "") -> str:
    """A value as Python writes it, over several lines if it has parts."""
    match value:
        case dict() if value:
            inner = "".join(
                f"{indent}    {json.dumps(key)}: {literal(item, f'{indent}    ')},\n"
                for key, item in value.items()
            )
            return f"{{\n{inner}{indent}}}"
        case list() if value:
            inner = "".join(f"{indent}    {literal(item, f'{indent}    ')},\n" for item in value)
            return f"[\n{inner}{indent}]"
        case None | bool():
            return str(value)
        case _:
            return json.dumps(value)


def all_names(found: Sequence[Drawn]) -> tuple[str, ...]:
    """The ids of all tests."""
    own = ("test_healthz_answers", "test_healthz_only_answers_get")
    health = (f"tests/test_healthz.py::{name}" for name in own)
    return (*(name for one in found for name in test_names(one)), *health)
