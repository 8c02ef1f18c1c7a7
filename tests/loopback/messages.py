"""Anthropic's Messages API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.loopback.checks import NAME, need, strict_schema
from tests.loopback.say import Count, Event, Say, Way, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CACHED_BLOCKS = 4
_SAMPLING = ("temperature", "top_p", "top_k")


def whole(asked: Event, say: Say) -> Event:
    """The answer in one piece."""
    blocks: list[Event] = [{"type": "text", "text": say.text}]
    stop = "end_turn"
    tools = asked.get("tools") or []
    if say.way is Way.ASKED and tools:
        name = say.tool or tools[0]["name"]
        call = {"type": "tool_use", "name": name, "input": json.loads(say.text)}
        blocks = [{**call, "id": f"toolu_{number}"} for number in range(1, say.calls + 1)]
        stop = "tool_use"
    elif say.way in {Way.REFUSAL, Way.NOTHING}:
        blocks = []
        stop = "refusal" if say.way is Way.REFUSAL else "end_turn"
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": asked.get("model", ""),
        "content": blocks,
        "stop_reason": stop if say.stop == "" else say.stop,
        "stop_sequence": None,
        "usage": _usage(say.count),
    }


def events(asked: Event, say: Say) -> Iterator[Event]:
    """The answer event by event; a tool's arguments go out as they are, JSON or not."""
    answer = whole(asked, Say("{}", say.way, say.tool, say.calls, say.stop, say.count))
    begun = {**answer, "content": [], "stop_reason": None}
    if say.count:
        begun["usage"] = {**_usage(say.count), "output_tokens": 1}
    yield {"type": "message_start", "message": begun}
    yield {"type": "ping"}
    for index, block in enumerate(answer["content"]):
        is_call = block["type"] == "tool_use"
        yield {"type": "content_block_start", "index": index, "content_block": _empty(block)}
        for piece in pieces(say.text):
            text = {"type": "text_delta", "text": piece}
            arguments = {"type": "input_json_delta", "partial_json": piece}
            delta = arguments if is_call else text
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ending = {"stop_reason": answer["stop_reason"], "stop_sequence": None}
    last: Event = {"type": "message_delta", "delta": ending}
    if say.count:
        last["usage"] = {"output_tokens": say.count.output}
    yield last
    yield {"type": "message_stop"}


def check(asked: Event, headers: Mapping[str, str]) -> None:
    """Refuse a request that the vendor does not take."""
    need("anthropic-version" in headers, "the header anthropic-version is missing")
    need(isinstance(asked.get("model"), str) and asked["model"] != "", "model: field required")
    limit = asked.get("max_tokens")
    need(isinstance(limit, int) and limit > 0, "max_tokens: field required")
    for name in _SAMPLING:
        need(name not in asked, f"{name}: not supported by this model")
    messages = asked.get("messages")
    need(isinstance(messages, list) and messages != [], "messages: at least one is required")
    need(asked["messages"][0].get("role") == "user", "messages: the first must be the user's")
    blocks = _blocks(asked.get("system", [])) + [
        block for message in asked["messages"] for block in _blocks(message.get("content"))
    ]
    for block in blocks:
        need(block.get("type") != "text" or bool(block.get("text")), "text blocks are non-empty")
    cached = sum("cache_control" in block for block in blocks + (asked.get("tools") or []))
    need(cached <= _CACHED_BLOCKS, "at most 4 blocks with cache_control")
    _check_tools(asked)


def _check_tools(asked: Event) -> None:
    names = []
    for tool in asked.get("tools") or []:
        need(bool(NAME.fullmatch(str(tool.get("name")))), "tools: name")
        need(isinstance(tool.get("input_schema"), dict), "tools: input_schema: field required")
        if tool.get("strict"):
            strict_schema(tool["input_schema"])
        names.append(tool["name"])
    choice = asked.get("tool_choice") or {"type": "auto"}
    if choice["type"] == "tool":
        need(choice.get("name") in names, "tool_choice: names no tool")
    need(choice["type"] == "auto" or bool(names), "tool_choice: there are no tools")


def _blocks(content: object) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content or [])  # type: ignore[call-overload]  # as the SDK sends it


def _empty(block: Event) -> Event:
    return {**block, "text": ""} if block["type"] == "text" else {**block, "input": {}}


def _usage(count: Count | None) -> Event:
    if count is None:
        return {}
    return {
        "input_tokens": count.fresh,
        "cache_creation_input_tokens": count.written,
        "cache_read_input_tokens": count.cached,
        "output_tokens": count.output,
    }
