"""Every kind of call that we make with both SDKs, each with one text of the caller's in it."""

from __future__ import annotations

import base64
import json
import random
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from pydantic import BaseModel

from workflow.providers.remote import Remote, anthropic_client, openai_client
from workflow.redaction.egress.leak import Leaks
from workflow.redaction.interface import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anthropic import Anthropic
    from openai import OpenAI

    from tests.loopback import Loopback
    from workflow.redaction.egress.guard import Sent

_RANDOM = random.Random(4)  # noqa: S311 - reproducible, and no secret
_LETTERS = string.ascii_letters + string.digits
KEY = "own-" + "".join(_RANDOM.choices(_LETTERS, k=24))
SECRET = (
    "".join(_RANDOM.choices(_LETTERS, k=12)) + '"/é+\\' + "".join(_RANDOM.choices(_LETTERS, k=9))
)
OPENAI_MODEL = "gpt-6-luna"
ANTHROPIC_MODEL = "claude-haiku-5-5"
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"patch": {"type": "string"}},
    "required": ["patch"],
    "additionalProperties": False,
}
SAYS = '{"patch": "one"}'


class Answer(BaseModel):
    """What a structured answer holds."""

    patch: str


@dataclass(frozen=True, slots=True)
class Known:
    """A value of a vault."""

    data: bytes
    kind: Kind = Kind.PASSWORD
    path: str = "config/prod.env"
    line: int = 3
    is_strong: bool = True


def leaks(*values: str) -> Leaks:
    """A search for `values`."""
    known = [Known(value.encode()) for value in values]
    return Leaks(lambda: known)


def forms(secret: str) -> dict[str, str]:
    """`secret` in each form that the issue names, made here and not by the product."""
    data = secret.encode()
    escaped = json.dumps(secret)[1:-1]
    encoded = {
        "raw": secret,
        "json": escaped,
        "json unicode": json.dumps(secret, ensure_ascii=False)[1:-1],
        "json all": "".join(f"\\u{ord(c):04x}" for c in secret),
        "url": quote(secret, safe=""),
        "url all": "".join(f"%{byte:02X}" for byte in data),
        "hex": data.hex(),
        "HEX": data.hex().upper(),
    }
    for lead in range(3):
        whole = base64.b64encode(b"x" * lead + data + b"tail")
        encoded[f"base64 +{lead}"] = whole.decode()
        encoded[f"base64url +{lead}"] = whole.translate(bytes.maketrans(b"+/", b"-_")).decode()
    encoded["base64 wrapped"] = "\n".join(
        whole.decode()[at : at + 10] for at in range(0, len(whole), 10)
    )
    return encoded


def unrecorded(_sent: Sent) -> None:
    """Keep no receipt."""


def openai_at(
    server: Loopback,
    found: Leaks,
    record: Callable[[Sent], None] = unrecorded,
    *,
    retries: int = 2,
) -> OpenAI:
    """OpenAI's client, guarded, for the loopback server."""
    return openai_client(Remote(KEY, server.v1, 10.0, retries), found, record)


def anthropic_at(
    server: Loopback,
    found: Leaks,
    record: Callable[[Sent], None] = unrecorded,
    *,
    retries: int = 2,
) -> Anthropic:
    """Anthropic's client, guarded, for the loopback server."""
    return anthropic_client(Remote(KEY, server.origin, 10.0, retries), found, record)


def _respond(client: OpenAI, text: str) -> object:
    return client.responses.create(model=OPENAI_MODEL, input=text).output_text


def _respond_raw(client: OpenAI, text: str) -> object:
    return client.responses.with_raw_response.create(model=OPENAI_MODEL, input=text).text


def _respond_streamed(client: OpenAI, text: str) -> object:
    with client.responses.stream(model=OPENAI_MODEL, input=text) as stream:
        return stream.get_final_response().output_text


def _respond_events(client: OpenAI, text: str) -> object:
    events = client.responses.create(model=OPENAI_MODEL, input=text, stream=True)
    return [event.type for event in events]


def _respond_parsed(client: OpenAI, text: str) -> object:
    return client.responses.parse(model=OPENAI_MODEL, input=text, text_format=Answer).output_parsed


def _respond_with_tool(client: OpenAI, text: str) -> object:
    return client.responses.create(
        model=OPENAI_MODEL,
        input=[
            {"role": "user", "content": "go"},
            {
                "type": "function_call",
                "call_id": "call_1",
                "name": "edit",
                "arguments": json.dumps({"patch": text}),
            },
            {"type": "function_call_output", "call_id": "call_1", "output": "refused"},
        ],
        tools=[{"type": "function", "name": "edit", "parameters": SCHEMA, "strict": True}],
    ).output


def _complete(client: OpenAI, text: str) -> object:
    return client.chat.completions.create(
        model=OPENAI_MODEL, messages=[{"role": "user", "content": text}]
    ).choices


def _complete_streamed(client: OpenAI, text: str) -> object:
    messages: list[object] = [{"role": "user", "content": text}]
    with client.chat.completions.stream(
        model=OPENAI_MODEL,
        messages=messages,  # type: ignore[arg-type]  # a union of dictionaries
    ) as stream:
        return stream.get_final_completion().choices


def _complete_parsed(client: OpenAI, text: str) -> object:
    return client.chat.completions.parse(
        model=OPENAI_MODEL,
        messages=[{"role": "user", "content": text}],
        response_format=Answer,
    ).choices


def _complete_with_tool(client: OpenAI, text: str) -> object:
    return client.chat.completions.create(
        model=OPENAI_MODEL,
        messages=[
            {"role": "user", "content": "go"},
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "edit", "arguments": "{}"},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": text},
        ],
        tools=[{"type": "function", "function": {"name": "edit", "parameters": SCHEMA}}],
    ).choices


def _message(client: Anthropic, text: str) -> object:
    return client.messages.create(
        model=ANTHROPIC_MODEL, max_tokens=9, messages=[{"role": "user", "content": text}]
    ).content


def _message_with_system(client: Anthropic, text: str) -> object:
    return client.messages.create(
        model=ANTHROPIC_MODEL,
        max_tokens=9,
        system=[{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}],
        messages=[{"role": "user", "content": "go"}],
    ).content


def _message_streamed(client: Anthropic, text: str) -> object:
    with client.messages.stream(
        model=ANTHROPIC_MODEL, max_tokens=9, messages=[{"role": "user", "content": text}]
    ) as stream:
        return stream.get_final_message().content


def _message_events(client: Anthropic, text: str) -> object:
    events = client.messages.create(
        model=ANTHROPIC_MODEL,
        max_tokens=9,
        messages=[{"role": "user", "content": text}],
        stream=True,
    )
    return [event.type for event in events]


def _message_parsed(client: Anthropic, text: str) -> object:
    return client.messages.parse(
        model=ANTHROPIC_MODEL,
        max_tokens=9,
        messages=[{"role": "user", "content": text}],
        output_format=Answer,
    ).parsed_output


def _message_with_tool(client: Anthropic, text: str) -> object:
    return client.messages.create(
        model=ANTHROPIC_MODEL,
        max_tokens=9,
        messages=[
            {"role": "user", "content": "go"},
            {
                "role": "assistant",
                "content": [
                    {"type": "tool_use", "id": "toolu_1", "name": "edit", "input": {text: text}}
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "toolu_1", "content": "refused"}
                ],
            },
        ],
        tools=[{"name": "edit", "input_schema": SCHEMA, "strict": True}],
        tool_choice={"type": "tool", "name": "edit", "disable_parallel_tool_use": True},
    ).content


def _message_beta(client: Anthropic, text: str) -> object:
    return client.beta.messages.create(
        model=ANTHROPIC_MODEL, max_tokens=9, messages=[{"role": "user", "content": text}]
    ).content


def _count(client: Anthropic, text: str) -> object:
    return client.messages.count_tokens(
        model=ANTHROPIC_MODEL, messages=[{"role": "user", "content": text}]
    ).input_tokens


OPENAI_CALLS: Sequence[Callable[[OpenAI, str], object]] = (
    _respond,
    _respond_raw,
    _respond_streamed,
    _respond_events,
    _respond_parsed,
    _respond_with_tool,
    _complete,
    _complete_streamed,
    _complete_parsed,
    _complete_with_tool,
)
ANTHROPIC_CALLS: Sequence[Callable[[Anthropic, str], object]] = (
    _message,
    _message_with_system,
    _message_streamed,
    _message_events,
    _message_parsed,
    _message_with_tool,
    _message_beta,
    _count,
)
