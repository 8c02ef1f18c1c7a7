"""OpenAI's Responses API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.loopback.checks import NAME, need, strict_schema
from tests.loopback.say import Count, Event, Say, Way, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LEAST_OUTPUT_TOKENS = 16
_LONGEST_CACHE_KEY = 64
_DELTAS = {
    "output_text": ("text", "response.output_text"),
    "refusal": ("refusal", "response.refusal"),
    "function_call": ("arguments", "response.function_call_arguments"),
}
_SAMPLING = ("temperature", "top_p")


def whole(asked: Event, say: Say) -> Event:
    """The answer in one piece; `stop` makes it incomplete, for that reason."""
    tools = asked.get("tools") or []
    answer: Event = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": asked.get("model", ""),
        "status": "incomplete" if say.stop else "completed",
        "incomplete_details": {"reason": say.stop} if say.stop else None,
        "error": None,
        "output": _items(tools, say),
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
    }
    if say.count:
        answer["usage"] = _usage(say.count)
    return answer


def events(asked: Event, say: Say) -> Iterator[Event]:
    """The answer event by event, numbered."""
    for number, event in enumerate(_unnumbered(whole(asked, say))):
        yield {**event, "sequence_number": number}


def _unnumbered(answer: Event) -> Iterator[Event]:
    begun = {**answer, "status": "in_progress", "output": [], "incomplete_details": None}
    begun.pop("usage", None)
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(answer["output"]):
        place: Event = {"output_index": index, "item_id": item["id"]}
        if item["type"] == "function_call":
            started = {**item, "arguments": "", "status": "in_progress"}
            yield {"type": "response.output_item.added", "item": started, **place}
            yield from _written(item, place)
        else:
            started = {**item, "content": [], "status": "in_progress"}
            yield {"type": "response.output_item.added", "item": started, **place}
            for at, part in enumerate(item["content"]):
                place["content_index"] = at
                empty = {**part, _DELTAS[part["type"]][0]: ""}
                yield {"type": "response.content_part.added", "part": empty, **place}
                yield from _written(part, place)
                yield {"type": "response.content_part.done", "part": part, **place}
        yield {"type": "response.output_item.done", "item": item, **place}
    ending = "incomplete" if answer["status"] == "incomplete" else "completed"
    yield {"type": f"response.{ending}", "response": answer}


def _written(part: Event, place: Event) -> Iterator[Event]:
    field, kind = _DELTAS[part["type"]]
    more: Event = {"logprobs": []} if field == "text" else {}
    for piece in pieces(part[field]):
        yield {"type": f"{kind}.delta", "delta": piece, **more, **place}
    yield {"type": f"{kind}.done", field: part[field], **more, **place}


def _items(tools: list[Event], say: Say) -> list[Event]:
    if say.way is Way.NOTHING:
        return []
    if say.way is Way.ASKED and (tools or say.tool):
        name = say.tool or tools[0]["name"]
        call = {"type": "function_call", "name": name, "arguments": say.text, "status": "completed"}
        numbers = range(1, say.calls + 1)
        return [{**call, "id": f"item_{each}", "call_id": f"call_{each}"} for each in numbers]
    part: Event = {"type": "output_text", "text": say.text, "annotations": [], "logprobs": []}
    if say.way is Way.REFUSAL:
        part = {"type": "refusal", "refusal": say.text}
    message = {"type": "message", "role": "assistant", "status": "completed", "content": [part]}
    return [{**message, "id": f"item_{number}"} for number in range(1, say.calls + 1)]


def check(asked: Event, _headers: Mapping[str, str]) -> None:
    """Refuse a request that the vendor does not take."""
    need(isinstance(asked.get("model"), str) and asked["model"] != "", "model: required parameter")
    given = asked.get("input")
    need(isinstance(given, str | list) and bool(given), "input: required parameter")
    limit = asked.get("max_output_tokens", _LEAST_OUTPUT_TOKENS)
    need(isinstance(limit, int) and limit >= _LEAST_OUTPUT_TOKENS, "max_output_tokens: too small")
    for name in _SAMPLING:
        need(name not in asked, f"{name}: not supported with this model")
    key = asked.get("prompt_cache_key", "")
    need(isinstance(key, str) and len(key) <= _LONGEST_CACHE_KEY, "prompt_cache_key: too long")
    form = (asked.get("text") or {}).get("format") or {"type": "text"}
    if form["type"] == "json_schema":
        check_format(form)
    names = []
    for tool in asked.get("tools") or []:
        need(tool.get("type") == "function", "tools: type")
        need(bool(NAME.fullmatch(str(tool.get("name")))), "tools: name")
        if tool.get("strict"):
            strict_schema(tool.get("parameters"))
        names.append(tool["name"])
    choice = asked.get("tool_choice", "auto")
    if isinstance(choice, dict) and choice.get("type") == "function":
        need(choice.get("name") in names, "tool_choice: names no tool")


def check_format(form: Event) -> None:
    """Refuse a named JSON schema that the vendor does not take."""
    need(bool(NAME.fullmatch(str(form.get("name")))), "format: name")
    need(isinstance(form.get("schema"), dict), "format: schema is missing")
    if form.get("strict"):
        strict_schema(form["schema"])


def _usage(count: Count) -> Event:
    both = (count.input, count.output)
    total = sum(each for each in both if isinstance(each, int))
    return {
        "input_tokens": count.input,
        "input_tokens_details": {
            "cached_tokens": count.cached,
            "cache_write_tokens": count.written,
        },
        "output_tokens": count.output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": total,
    }
