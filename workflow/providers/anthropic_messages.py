"""Asks a model of Anthropic, through the Messages API."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from workflow.providers import remote
from workflow.providers.calling import RemoteProvider
from workflow.providers.exchange import Stop

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from workflow.providers.exchange import Question, Reply
    from workflow.redaction.egress.bounds import Bounds

_STOPS = {
    "tool_use": Stop.DONE,
    "max_tokens": Stop.TRUNCATED,
    "model_context_window_exceeded": Stop.TRUNCATED,
    "refusal": Stop.REFUSED,
}
_CACHED: Final = "ephemeral"
_INPUTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


class AnthropicMessages(RemoteProvider):
    """A model behind the Messages API.

    The form of the answer is a strict tool that the model has to call, once.  The rules, and the
    files after them, are marked for the provider's cache: the next round begins with both.
    """

    key_variable = remote.ANTHROPIC_KEY_VARIABLE

    def _load(self) -> None:
        remote.load_anthropic()

    def _events(
        self, question: Question, bounds: Bounds
    ) -> Generator[Mapping[str, object], None, None]:
        prompt, form = question.prompt, question.form
        client = remote.anthropic_client(self._remote, self._leaks, self._outbox, bounds)
        with closing(client):
            yield from remote.events(
                lambda: client.messages.create(
                    model=question.model,
                    max_tokens=question.max_output_tokens,
                    system=[
                        {"type": "text", "text": prompt.rules, "cache_control": {"type": _CACHED}}
                    ]
                    if prompt.rules
                    else [],
                    messages=[
                        {
                            "role": "user",
                            "content": [
                                {
                                    "type": "text",
                                    "text": prompt.data,
                                    "cache_control": {"type": _CACHED},
                                },
                                {"type": "text", "text": prompt.task},
                            ]
                            # An empty block would be refused.
                            if prompt.data and prompt.task
                            else prompt.data or prompt.task,
                        }
                    ],
                    tools=[
                        {
                            "name": form.name,
                            "description": form.description,
                            "input_schema": dict(form.schema),
                            "strict": True,
                        }
                    ],
                    tool_choice={
                        "type": "tool",
                        "name": form.name,
                        "disable_parallel_tool_use": True,
                    },
                    stream=True,
                )
            )

    def _read(self, event: Mapping[str, object], reply: Reply) -> None:
        match event:
            case {"type": "message_start", "message": {"usage": dict(usage)}}:
                _count(usage, reply)
            case {"type": "content_block_start", "content_block": {"type": str(kind), **block}}:
                if kind.endswith("tool_use"):
                    reply.call(block.get("name"))
            case {"type": "content_block_delta", "delta": {"partial_json": text}}:
                reply.add(text)
            case {"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}}:
                reply.note(text)
            case {"type": "message_delta", "delta": dict(delta)}:
                _count(event.get("usage"), reply)
                if isinstance(reason := delta.get("stop_reason"), str):
                    reply.stop = _STOPS.get(reason, Stop.OTHER)
            case _:
                pass


def _count(usage: object, reply: Reply) -> None:
    """Take up counts; the input is what was read, what was written to the cache, and the rest."""
    if not isinstance(usage, dict):
        return
    inputs = [usage.get(name) for name in _INPUTS]
    known = [each for each in inputs if isinstance(each, int)]
    read = sum(known) if isinstance(inputs[0], int) and min(known) >= 0 else None
    reply.count(
        read=read,
        made=usage.get("output_tokens"),
        cached=usage.get("cache_read_input_tokens"),
        written=usage.get("cache_creation_input_tokens"),
    )
