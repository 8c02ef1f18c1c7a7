"""The test server itself: what the real SDKs read from it, and which requests it does not take."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.providers.remote_desk import KEY
from tests.loopback import HOST, Count, Say, Way
from workflow.providers.remote import Remote, anthropic_client, openai_client
from workflow.redaction.egress.leak import Leaks

if TYPE_CHECKING:
    from collections.abc import Iterator

    import anthropic
    import openai

    from tests.loopback import Loopback
    from workflow.redaction.egress.guard import Sent

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"patch": {"type": "string"}},
    "required": ["patch"],
    "additionalProperties": False,
}
TOOL = {"name": "edit", "description": "Edit.", "input_schema": SCHEMA, "strict": True}
FORMAT = {"type": "json_schema", "name": "edit", "schema": SCHEMA, "strict": True}
SAID = json.dumps({"patch": "é" * 200}, ensure_ascii=False)
COUNT = Count(fresh=100, cached=40, written=20, output=9)


def unrecorded(_sent: Sent) -> None:
    """Keep no receipt."""


@pytest.fixture
def openai_sdk(server: Loopback) -> Iterator[openai.OpenAI]:
    """OpenAI's client for the server."""
    with openai_client(Remote(KEY, server.v1, 10.0, 0), Leaks(tuple), unrecorded) as client:
        yield client


@pytest.fixture
def anthropic_sdk(server: Loopback) -> Iterator[anthropic.Anthropic]:
    """Anthropic's client for the server."""
    remote = Remote(KEY, server.origin, 10.0, 0)
    with anthropic_client(remote, Leaks(tuple), unrecorded) as client:
        yield client


def test_anthropic_reads_a_streamed_tool_call(
    server: Loopback, anthropic_sdk: anthropic.Anthropic
) -> None:
    """Arguments in pieces, the stop reason, and the usage with what the cache gave."""
    server.answers.append(Say(SAID, count=COUNT))
    with anthropic_sdk.messages.stream(
        model="claude-haiku-5-5",
        max_tokens=99,
        messages=[{"role": "user", "content": "go"}],
        tools=[TOOL],  # type: ignore[list-item]  # a union of dictionaries
        tool_choice={"type": "tool", "name": "edit", "disable_parallel_tool_use": True},
    ) as stream:
        pieces = [event for event in stream if event.type == "input_json"]
        message = stream.get_final_message()
    (block,) = message.content
    assert block.type == "tool_use"
    assert (block.name, block.input) == ("edit", json.loads(SAID))
    assert message.stop_reason == "tool_use"
    assert len(pieces) > 10
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens) == (100, 40)
    assert (usage.cache_creation_input_tokens, usage.output_tokens) == (20, 9)


@pytest.mark.parametrize("is_tool", [True, False])
def test_openai_reads_a_streamed_response(
    server: Loopback, openai_sdk: openai.OpenAI, *, is_tool: bool
) -> None:
    """Text in a schema, or a tool's arguments, in pieces; and the usage."""
    server.answers.append(Say(SAID, count=COUNT))
    tool = {"type": "function", "name": "edit", "parameters": SCHEMA, "strict": True}
    given: dict[str, Any] = {"tools": [tool]} if is_tool else {"text": {"format": FORMAT}}
    with openai_sdk.responses.stream(model="gpt-6-luna", input="go", **given) as stream:
        response = stream.get_final_response()
    (item,) = response.output
    said = item.arguments if item.type == "function_call" else response.output_text
    assert (said, response.status) == (SAID, "completed")
    assert response.usage
    assert (response.usage.input_tokens, response.usage.output_tokens) == (160, 9)
    assert response.usage.input_tokens_details.cached_tokens == 40


def test_openai_reads_a_streamed_completion(server: Loopback, openai_sdk: openai.OpenAI) -> None:
    """Text in pieces, and the usage in a last chunk for one who asks for it."""
    server.answers += [Say(SAID, count=COUNT), Say(SAID, count=COUNT)]
    for asks in (True, False):
        form = {"type": "json_schema", "json_schema": {k: FORMAT[k] for k in FORMAT if k != "type"}}
        given: dict[str, Any] = {"response_format": form, "stream_options": {"include_usage": asks}}
        stream = openai_sdk.chat.completions.create(
            model="coder", messages=[{"role": "user", "content": "go"}], stream=True, **given
        )
        chunks = list(stream)
        text = "".join(each.choices[0].delta.content or "" for each in chunks if each.choices)
        assert text == SAID
        usages = [each.usage.prompt_tokens for each in chunks if each.usage]
        assert usages == ([160] if asks else [])


def test_a_refusal_is_marked_as_the_vendors_do(
    server: Loopback, openai_sdk: openai.OpenAI, anthropic_sdk: anthropic.Anthropic
) -> None:
    """A part of its own at OpenAI, a stop reason at Anthropic."""
    server.answers += [Say("I will not", Way.REFUSAL)] * 3
    response = openai_sdk.responses.create(model="gpt-6-luna", input="go")
    assert response.output[0].to_dict()["content"] == [{"type": "refusal", "refusal": "I will not"}]
    completion = openai_sdk.chat.completions.create(
        model="gpt-6-luna", messages=[{"role": "user", "content": "go"}]
    )
    assert completion.choices[0].message.refusal == "I will not"
    message = anthropic_sdk.messages.create(
        model="claude-haiku-5-5", max_tokens=9, messages=[{"role": "user", "content": "go"}]
    )
    assert message.stop_reason == "refusal"


# --- requests that it does not take ------------------------------------------------------------

RESPONSES: dict[str, Any] = {"model": "m", "input": "go", "max_output_tokens": 99}
COMPLETIONS: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "go"}]}
MESSAGES: dict[str, Any] = {**COMPLETIONS, "max_tokens": 9, "tools": [TOOL]}
CACHED = {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}


def schema(**changes: object) -> dict[str, Any]:
    """The schema with something that a strict one must not have."""
    return {**SCHEMA, **changes}


def post(server: Loopback, path: str, body: bytes) -> int:
    """Send a request without any SDK; return the status."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=10)
    try:
        headers = {"anthropic-version": "2023-06-01"} if path.endswith("messages") else {}
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "good", "wrong"),
    [
        ("/v1/responses", RESPONSES, {"model": ""}),
        ("/v1/responses", RESPONSES, {"input": []}),
        ("/v1/responses", RESPONSES, {"max_output_tokens": 15}),
        ("/v1/responses", RESPONSES, {"temperature": 0}),
        ("/v1/responses", RESPONSES, {"prompt_cache_key": "k" * 65}),
        ("/v1/responses", RESPONSES, {"text": {"format": {**FORMAT, "name": "a b"}}}),
        ("/v1/responses", RESPONSES, {"tool_choice": {"type": "function", "name": "other"}}),
        ("/v1/chat/completions", COMPLETIONS, {"messages": []}),
        ("/v1/chat/completions", COMPLETIONS, {"messages": [{"role": "user", "content": ""}]}),
        ("/v1/chat/completions", COMPLETIONS, {"stream_options": {"include_usage": True}}),
        ("/v1/chat/completions", COMPLETIONS, {"response_format": {"type": "json_schema"}}),
        ("/v1/messages", MESSAGES, {"max_tokens": None}),
        ("/v1/messages", MESSAGES, {"messages": [{"role": "assistant", "content": "go"}]}),
        ("/v1/messages", MESSAGES, {"top_p": 1}),
        ("/v1/messages", MESSAGES, {"system": [{"type": "text", "text": ""}]}),
        ("/v1/messages", MESSAGES, {"system": [CACHED] * 5}),
        ("/v1/messages", MESSAGES, {"tool_choice": {"type": "tool", "name": "other"}}),
    ],
)
def test_a_wrong_request_is_a_400(
    path: str, good: dict[str, Any], wrong: dict[str, Any], server: Loopback
) -> None:
    """What the vendor refuses, this server refuses; and takes the same request without it."""
    server.says = SAID
    assert post(server, path, json.dumps(good).encode()) == 200
    assert post(server, path, json.dumps({**good, **wrong}).encode()) == 400
    assert len(server.objections) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"additionalProperties": True},
        {"required": []},
        {"type": "array", "items": SCHEMA},
        {"properties": {"patch": {"type": "string", "maxLength": 9}}},
        {"properties": {"patch": {"type": "array", "items": {"type": "integer", "minimum": 1}}}},
        {"properties": {"patch": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "object"}}},
        {"properties": {"patch": {"anyOf": [{"type": "string", "default": ""}]}}},
    ],
)
def test_a_schema_that_is_not_strict_is_a_400(wrong: dict[str, Any], server: Loopback) -> None:
    """In each wire format, wherever in the schema it stands."""
    server.says = SAID
    bad = schema(**wrong)
    form = {"name": "edit", "strict": True, "schema": bad}
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/v1/responses", {**RESPONSES, "text": {"format": {**FORMAT, "schema": bad}}}),
        ("/v1/messages", {**MESSAGES, "tools": [{**TOOL, "input_schema": bad}]}),
        (
            "/v1/chat/completions",
            {**COMPLETIONS, "response_format": {"type": "json_schema", "json_schema": form}},
        ),
    ]
    for path, body in asked:
        assert post(server, path, json.dumps(body).encode()) == 400


def test_what_is_no_json_is_a_400(server: Loopback) -> None:
    """A body that cannot be read, and one that is no object."""
    assert post(server, "/v1/messages", b"{") == 400
    assert post(server, "/v1/responses", b"[]") == 400
