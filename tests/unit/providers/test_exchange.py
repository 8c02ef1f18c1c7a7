"""What a server may send as an event of an answer, and what is taken up of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.providers.scripted import REMOTE, Desk
from workflow.providers.anthropic_messages import AnthropicMessages
from workflow.providers.compatible_chat import CompatibleChat
from workflow.providers.exchange import Reply
from workflow.providers.failures import Fault
from workflow.providers.interface import Model
from workflow.providers.openai_responses import OpenAIResponses
from workflow.redaction.egress.leak import Leaks

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.providers.calling import RemoteProvider

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *[
                        "type",
                        "delta",
                        "response",
                        "usage",
                        "choices",
                        "output",
                        "content",
                        "message",
                    ],
                    *["error", "code", "stop_reason", "content_block", "input_tokens", "status"],
                    *[
                        "function",
                        "tool_calls",
                        "arguments",
                        "finish_reason",
                        "partial_json",
                        "text",
                    ],
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)
TYPES = [
    *["response.output_text.delta", "response.refusal.delta", "response.completed", "error"],
    *["response.incomplete", "response.failed", "message_start", "content_block_start"],
    *["content_block_delta", "message_delta", "message_stop", "ping"],
]
READERS: list[Callable[..., RemoteProvider]] = [OpenAIResponses, AnthropicMessages, CompatibleChat]


@pytest.mark.parametrize("odd", [7, "words", True, [7], [[]], {"a": 1}, [None], 0.5])
@pytest.mark.parametrize("name", ["content", "refusal", "tool_calls", "index", "finish_reason"])
def test_any_member_of_a_choice_can_be_read(name: str, odd: object) -> None:
    """Of whatever type it is."""
    desk = Desk()
    by = CompatibleChat(Model("openai", "gpt-x"), REMOTE, Leaks(lambda: ()), desk, desk)
    reply = Reply("propose_edits")
    for choice in ({name: odd}, {"delta": {name: odd}}, odd):
        by._read({"choices": [choice]}, reply)
    assert isinstance(reply.body, bytes)


@pytest.mark.parametrize("kind", READERS)
@given(event=JSON, name=st.sampled_from(TYPES))
def test_any_event_can_be_read(
    event: object, name: str, kind: Callable[..., RemoteProvider]
) -> None:
    """A server may send anything in any place: it is taken up, passed over, or a fault."""
    desk = Desk()
    by = kind(Model("openai", "gpt-x"), REMOTE, Leaks(lambda: ()), desk, desk)
    reply = Reply("propose_edits")
    members = event if isinstance(event, dict) else {"delta": event, "response": event}
    try:
        by._read({"type": name, **members}, reply)
    except Fault:
        return
    assert reply.usage(9).input_tokens >= 0
    assert isinstance(reply.body, bytes)


@given(read=st.integers(0, 99), cached=st.integers(0, 99), written=st.integers(0, 99))
def test_parts_of_the_input_are_not_more_than_it(read: int, cached: int, written: int) -> None:
    """Or a price could fall below zero."""
    reply = Reply("form")
    reply.count(read=read, cached=cached, written=written)
    usage = reply.usage(5)
    assert usage.input_tokens == read
    assert 0 <= usage.cached_tokens + usage.written_tokens <= read


def test_prose_is_what_is_said_beside_the_form() -> None:
    """With a text, or a call of the tool, there is something to judge by itself."""
    said, written, called = Reply("form"), Reply("form"), Reply("form")
    assert not said.is_prose
    for reply in (said, written, called):
        reply.note("Sure!")
    written.add("{}")
    called.call("form")
    assert [one.is_prose for one in (said, written, called)] == [True, False, False]
