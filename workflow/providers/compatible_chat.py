"""Asks a model behind an address that speaks OpenAI's chat completions: Ollama, llama.cpp, vLLM.

Such servers ignore forced tools without a word, and most have no Responses API; what they do hold
a model to is a JSON schema for the whole answer.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.config import is_loopback
from workflow.providers import remote
from workflow.providers.calling import RemoteProvider
from workflow.providers.exchange import Stop
from workflow.providers.failures import Fault, Trouble, code_of, status_of
from workflow.providers.keys import COMPATIBLE_KEY_VARIABLE, NO_KEY
from workflow.redaction.egress.guard import Destination

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from workflow.providers.exchange import Question, Reply
    from workflow.providers.remote import Remote
    from workflow.redaction.egress.bounds import Bounds

_STOPS = {
    "stop": Stop.DONE,
    "length": Stop.TRUNCATED,
    "content_filter": Stop.REFUSED,
}


class CompatibleChat(RemoteProvider):
    """A model behind `chat/completions`, held to the form by a JSON schema.

    A server on this machine needs no key.  One that does not count tokens has them estimated.
    """

    key_variable = COMPATIBLE_KEY_VARIABLE

    def _load(self) -> None:
        remote.load_openai()

    def _events(
        self, question: Question, bounds: Bounds
    ) -> Generator[Mapping[str, object], None, None]:
        prompt, form = question.prompt, question.form
        words = f"{prompt.data}\n{prompt.task}"
        settings = _with_key(self._remote)
        client = remote.openai_client(
            settings, self._leaks, self._outbox, bounds, self.key_variable
        )
        with closing(client):
            yield from remote.events(
                lambda: client.chat.completions.create(
                    model=question.model,
                    messages=[
                        {"role": "system", "content": prompt.rules},
                        {"role": "user", "content": words},
                    ]
                    if prompt.rules
                    else [{"role": "user", "content": words}],
                    response_format={
                        "type": "json_schema",
                        "json_schema": {
                            "name": form.name,
                            "description": form.description,
                            "schema": dict(form.schema),
                            "strict": True,
                        },
                    },
                    # Not `max_completion_tokens`, which older servers pass over.
                    max_tokens=question.max_output_tokens,
                    stream=True,
                    stream_options={"include_usage": True},
                )
            )

    def _read(self, event: Mapping[str, object], reply: Reply) -> None:
        if event.get("error"):
            code = code_of(event)
            raise Fault(Trouble.STATUS, status_of(code), code)
        _count(event.get("usage"), reply)
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                _read_choice(choice, reply)


def _with_key(settings: Remote) -> Remote:
    here = is_loopback(Destination.parse(settings.base_url, ()).host)
    return replace(settings, api_key=NO_KEY) if here and not settings.api_key else settings


def _read_choice(choice: Mapping[str, object], reply: Reply) -> None:
    delta = choice.get("delta")
    if isinstance(delta, dict):
        reply.add(delta.get("content"))
        reply.note(delta.get("refusal"))
        if delta.get("refusal"):
            reply.stop = Stop.REFUSED
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            _read_call(call, reply)
    if choice.get("index"):
        reply.flaw = "it has several texts"
    reason = choice.get("finish_reason")
    if isinstance(reason, str) and reply.stop is None:
        reply.stop = _STOPS.get(reason, Stop.OTHER)


def _read_call(call: object, reply: Reply) -> None:
    reply.flaw = "it calls a tool"
    match call:
        case {"function": {"arguments": text}}:
            reply.note(text)
        case _:
            pass


def _count(usage: object, reply: Reply) -> None:
    if isinstance(usage, dict):
        details = usage.get("prompt_tokens_details")
        cached = details.get("cached_tokens") if isinstance(details, dict) else None
        read, made = usage.get("prompt_tokens"), usage.get("completion_tokens")
        reply.count(read=read, made=made, cached=cached)
