"""OpenAI's chat completions, as Ollama, llama.cpp and vLLM speak them, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.loopback.checks import NAME, need, strict_schema
from tests.loopback.responses import check_format
from tests.loopback.say import Count, Event, Say, Way, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def whole(asked: Event, say: Say) -> Event:
    """The answer in one piece."""
    message, reason = _message(asked.get("tools") or [], say)
    choice = {"message": message, "finish_reason": reason if say.stop == "" else say.stop}
    answer: Event = {
        "id": "chatcmpl_1",
        "object": "chat.completion",
        "created": 1,
        "model": asked.get("model", ""),
        "choices": [{"index": 0, **choice}],
    }
    if say.count:
        answer["usage"] = _usage(say.count)
    return answer


def _message(tools: list[Event], say: Say) -> tuple[Event, str]:
    base: Event = {"role": "assistant", "content": None, "refusal": None}
    if say.way is Way.NOTHING:
        return {**base, "content": ""}, "stop"
    if say.way is Way.REFUSAL:
        return {**base, "refusal": say.text}, "stop"
    if say.way is Way.ASKED and (tools or say.tool):
        call = {"name": say.tool or tools[0]["function"]["name"], "arguments": say.text}
        calls: list[Any] = [
            {"id": f"call_{number}", "type": "function", "function": call}
            for number in range(1, say.calls + 1)
        ]
        return {**base, "tool_calls": calls}, "tool_calls"
    return {**base, "content": say.text}, "stop"


def events(asked: Event, say: Say) -> Iterator[Event]:
    """The answer chunk by chunk; usage comes last, and only for one who asks for it."""
    answer = whole(asked, say)
    (choice,) = answer["choices"]
    usage = answer.pop("usage", None)
    shared = {**answer, "object": "chat.completion.chunk"}

    def chunk(delta: Event, reason: str | None = None) -> Event:
        return {**shared, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    yield chunk({"role": "assistant", "content": ""})
    message = choice["message"]
    for name in ("content", "refusal"):
        for piece in pieces(message[name] or ""):
            yield chunk({name: piece})
    for index, call in enumerate(message.get("tool_calls", ())):
        function = call["function"]
        started = {**call, "index": index, "function": {**function, "arguments": ""}}
        yield chunk({"tool_calls": [started]})
        for piece in pieces(function["arguments"]):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, choice["finish_reason"])
    if usage and (asked.get("stream_options") or {}).get("include_usage"):
        yield {**shared, "choices": [], "usage": usage}


def check(asked: Event, _headers: Mapping[str, str]) -> None:
    """Refuse a request that the vendor does not take."""
    need(isinstance(asked.get("model"), str) and asked["model"] != "", "model: required parameter")
    messages = asked.get("messages")
    need(isinstance(messages, list) and messages != [], "messages: required parameter")
    for message in asked["messages"]:
        need(message.get("role") in {"system", "user", "assistant", "tool"}, "messages: role")
        has_words = bool(message.get("content")) or bool(message.get("tool_calls"))
        need(has_words, "messages: content is empty")
    need("stream_options" not in asked or bool(asked.get("stream")), "stream_options: no stream")
    form = asked.get("response_format") or {"type": "text"}
    if form["type"] == "json_schema":
        check_format(form.get("json_schema") or {})
    for tool in asked.get("tools") or []:
        function = tool.get("function") or {}
        need(bool(NAME.fullmatch(str(function.get("name")))), "tools: name")
        if function.get("strict"):
            strict_schema(function.get("parameters"))


def _usage(count: Count) -> Event:
    both = (count.input, count.output)
    return {
        "prompt_tokens": count.input,
        "completion_tokens": count.output,
        "total_tokens": sum(each for each in both if isinstance(each, int)),
        "prompt_tokens_details": {"cached_tokens": count.cached},
    }
