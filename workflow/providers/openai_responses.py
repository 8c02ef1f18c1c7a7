"""Asks a model of OpenAI, through the Responses API."""

from __future__ import annotations

import hashlib
from contextlib import closing
from typing import TYPE_CHECKING, TypeGuard

from workflow.providers import remote
from workflow.providers.calling import RemoteProvider
from workflow.providers.exchange import Stop
from workflow.providers.failures import Fault, Trouble, code_of, status_of

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from workflow.providers.exchange import Question, Reply
    from workflow.redaction.egress.bounds import Bounds

_CALLS = frozenset({"custom_tool_call", "function_call"})
_REFUSED = frozenset({"bio_policy", "content_filter", "misalignment_policy_violation"})
"""Why a response is incomplete, or has failed: the words were not to be said."""
_TRUNCATED = frozenset({"max_output_tokens"})


class OpenAIResponses(RemoteProvider):
    """A model behind the Responses API, or at a regional address that speaks it.

    The form of the answer is a strict text format and not a tool: it binds the model from the first
    token on, nothing has to be forced, and a refusal comes as a part of its own.
    """

    key_variable = remote.OPENAI_KEY_VARIABLE

    def _load(self) -> None:
        remote.load_openai()

    def _events(
        self, question: Question, bounds: Bounds
    ) -> Generator[Mapping[str, object], None, None]:
        prompt, form = question.prompt, question.form
        client = remote.openai_client(self._remote, self._leaks, self._outbox, bounds)
        with closing(client):
            yield from remote.events(
                lambda: client.responses.create(
                    model=question.model,
                    instructions=prompt.rules,
                    input=[
                        {
                            "type": "message",
                            "role": "user",
                            "content": [
                                {"type": "input_text", "text": text}
                                for text in (prompt.data, prompt.task)
                                if text
                            ],
                        }
                    ],
                    text={
                        "format": {
                            "type": "json_schema",
                            "name": form.name,
                            "description": form.description,
                            "schema": dict(form.schema),
                            "strict": True,
                        }
                    },
                    max_output_tokens=question.max_output_tokens,
                    prompt_cache_key=_cache_key(question),
                    # Not the account's own, which may cost more than the caps count with.
                    service_tier="default",
                    store=False,
                    stream=True,
                )
            )

    def _read(self, event: Mapping[str, object], reply: Reply) -> None:
        match event:
            case {"type": "response.output_text.delta", "delta": text}:
                reply.add(text)
            case {
                "type": "response.refusal.delta" | "response.function_call_arguments.delta",
                "delta": text,
            }:
                reply.note(text)
            case {"type": "response.completed" | "response.incomplete", "response": dict(response)}:
                _read_end(response, reply)
            case {"type": "response.failed", "response": dict(response)}:
                _count(response.get("usage"), reply)
                _read_failure(response, reply)
            case {"type": "error"}:
                raise _failed(event)
            case _:
                pass


def _cache_key(question: Question) -> str:
    """The same for all requests that begin alike: with the rules of one recipe."""
    return f"workflow-{hashlib.sha256(question.prompt.rules.encode()).hexdigest()[:32]}"


def _read_failure(response: Mapping[str, object], reply: Reply) -> None:
    match response.get("error"):
        case {"code": str(code)} if code in _REFUSED:
            reply.stop = Stop.REFUSED
        case _:
            raise _failed(response)


def _failed(said: Mapping[str, object]) -> Fault:
    code = code_of(said)
    return Fault(Trouble.STATUS, status_of(code), code)


def _read_end(response: Mapping[str, object], reply: Reply) -> None:
    """Take up a whole response: its one text, what it counts, and why it ended."""
    _count(response.get("usage"), reply)
    texts: list[object] = []
    output = response.get("output")
    for item in output if isinstance(output, list) else ():
        match item:
            case {"type": "message", "content": list(parts)} if item.get("phase") != "commentary":
                texts += [part.get("text") for part in parts if _is(part, "output_text")]
                if any(_is(part, "refusal") for part in parts):
                    reply.stop = Stop.REFUSED
            case {"type": str(kind)} if kind in _CALLS:
                reply.flaw = "it calls a tool"
            case _:
                pass
    if len(texts) == 1:
        reply.settle(texts[0])
    elif texts:
        reply.flaw = "it has several texts"
    reply.stop = reply.stop or _stop(response)


def _is(part: object, kind: str) -> TypeGuard[dict[str, object]]:
    return isinstance(part, dict) and part.get("type") == kind


def _stop(response: Mapping[str, object]) -> Stop:
    match response:
        case {"status": "completed"}:
            return Stop.DONE
        case {"incomplete_details": {"reason": str(reason)}} if reason in _TRUNCATED:
            return Stop.TRUNCATED
        case {"incomplete_details": {"reason": str(reason)}} if reason in _REFUSED:
            return Stop.REFUSED
        case _:
            return Stop.OTHER


def _count(usage: object, reply: Reply) -> None:
    if isinstance(usage, dict):
        details = usage.get("input_tokens_details")
        inner = details if isinstance(details, dict) else {}
        reply.count(
            read=usage.get("input_tokens"),
            made=usage.get("output_tokens"),
            cached=inner.get("cached_tokens"),
            written=inner.get("cache_write_tokens"),
        )
