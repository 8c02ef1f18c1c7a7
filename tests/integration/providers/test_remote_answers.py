"""What is sent to each provider, and the draft that is made of a good answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.integration.providers.remote_desk import (
    BRIEF,
    DIFF,
    FILE,
    FINE,
    GOOD,
    KEY,
    RECIPES,
    Desk,
    Ends,
    Vendor,
    brief,
    outcomes,
    say,
)
from tests.loopback import Fault, Say
from tests.loopback.faults import slowly
from workflow.canonical import sha256
from workflow.types import AnswerKind, Observation, Outcome, Wanted

NAMES = {
    AnswerKind.EDITS: "propose_edits",
    AnswerKind.FILES: "propose_files",
    AnswerKind.FINDINGS: "report_findings",
    AnswerKind.EXPLANATION: "explain",
}


@pytest.mark.parametrize("kind", AnswerKind)
def test_each_kind_of_answer(kind: AnswerKind, desk: Desk) -> None:
    """From the wire to a draft, with all that it says."""
    desk.server.answers.append(say(GOOD[kind]))
    found = desk.ask(brief(kind))
    Ends(None, 1, (True,)).check(desk, found)
    draft = found.draft
    assert draft
    assert (draft.provider, draft.model) == (desk.vendor.value, desk.model.name)
    if kind is AnswerKind.EXPLANATION:
        assert (draft.text, draft.explanation) == ("", "It adds a directive.")
        assert (draft.forecasts, draft.notes) == ((), ("see above",))
        return
    assert outcomes(draft) == [("nginx", Outcome.PASS, 93), ("pytest", Outcome.FAIL, 60)]
    assert draft.forecasts[0].tests == ("tests/test_a.py::test_b",)
    if kind is AnswerKind.FILES:
        assert f"+++ b/{FILE['path']}\n@@ -0,0 +1,1 @@\n+{FILE['content']}" in draft.text
        assert draft.wanted == (Wanted("site.conf", "proxy /collect"),)
    else:
        assert draft.text == DIFF
    if kind is AnswerKind.FINDINGS:
        assert draft.observations == (Observation("site.conf", 3, "high", "open", "close"),)
        assert draft.smoke_test.startswith("#!/bin/sh\n")


@pytest.mark.parametrize("kind", AnswerKind)
def test_the_answer_is_kept_and_the_request_recorded(kind: AnswerKind, desk: Desk) -> None:
    """First what is sent, then what is answered, each to the byte, and the draft names both."""
    desk.server.answers.append(say(GOOD[kind]))
    draft = desk.ask(brief(kind)).draft
    assert draft
    assert desk.kept.order == ["sent", "answered"]
    ((answer, body),) = desk.kept.answers
    assert body == say(GOOD[kind]).text.encode()
    assert draft.answer == sha256(body)
    assert (answer.recipe, answer.model) == (RECIPES[kind], desk.model.name)
    (sent,) = draft.sent
    (arrived,) = desk.server.arrived
    assert sent.body == sha256(arrived.body)
    assert (sent.size, sent.model) == (len(arrived.body), desk.model.name)


def test_two_briefs_one_after_the_other(desk: Desk) -> None:
    """A provider is used again: each draft has the requests of its own."""
    provider = desk.provider()
    first, second = (
        desk.ask(by=provider).draft,
        desk.ask(brief(AnswerKind.EDITS), by=provider).draft,
    )
    assert first
    assert second
    assert len(first.sent) == len(second.sent) == 1
    assert len(desk.server.arrived) == 2


def test_progress_is_told(desk: Desk) -> None:
    """That it waits, for whom, and how much has come."""
    desk.server.answers.append(say({**GOOD[AnswerKind.EDITS], "notes": ["word " * 700] * 40}))
    desk.server.faults.append(Fault(put=slowly(0.02)))
    found = desk.ask()
    assert found.draft
    assert desk.model.name in found.told[0]
    assert any("token" in each for each in found.told[1:])
    assert len(found.told) <= 4 * (found.seconds + 1)
    assert all(each.isprintable() and len(each) < 100 for each in found.told)


# --- the request -------------------------------------------------------------------------------


def sent(desk: Desk, kind: AnswerKind = AnswerKind.EDITS) -> Any:
    """The one request that arrives for a kind of answer, parsed."""
    desk.server.answers.append(say(GOOD[kind]))
    assert desk.ask(brief(kind)).draft
    (arrived,) = desk.server.arrived
    return arrived.json


def schema_of(asked: Any, vendor: Vendor) -> tuple[str, bool, Any]:
    """The form's name, whether it is strict, and its schema, where each vendor has them."""
    if vendor is Vendor.ANTHROPIC:
        (tool,) = asked["tools"]
        return tool["name"], tool["strict"], tool["input_schema"]
    if vendor is Vendor.COMPATIBLE:
        form = asked["response_format"]
        assert form["type"] == "json_schema"
        return (inner := form["json_schema"])["name"], inner["strict"], inner["schema"]
    form = asked["text"]["format"]
    assert form["type"] == "json_schema"
    return form["name"], form["strict"], form["schema"]


@pytest.mark.parametrize("kind", AnswerKind)
def test_the_form_is_strict(kind: AnswerKind, desk: Desk) -> None:
    """A name, strictness, and exactly the members that an answer has."""
    name, strict, schema = schema_of(sent(desk, kind), desk.vendor)
    assert (name, strict) == (NAMES[kind], True)
    assert set(schema["properties"]) == set(GOOD[kind])
    assert schema["additionalProperties"] is False


def test_the_prompt_goes_out_in_its_order(desk: Desk) -> None:
    """Rules, data, task: what changes least comes first, and nothing else is in it."""
    asked = sent(desk)
    prompt = BRIEF.prompt
    if desk.vendor is Vendor.ANTHROPIC:
        rules = asked["system"]
        blocks = asked["messages"][0]["content"]
        assert [block["text"] for block in (*rules, *blocks)] == [
            prompt.rules,
            prompt.data,
            prompt.task,
        ]
        ephemeral = {"type": "ephemeral"}
        assert rules[-1]["cache_control"] == blocks[0]["cache_control"] == ephemeral
        assert "cache_control" not in blocks[-1]
    elif desk.vendor is Vendor.OPENAI:
        assert asked["instructions"] == prompt.rules
        assert _texts(asked["input"]) == prompt.data + prompt.task
    else:
        assert asked["messages"][0]["content"] == prompt.rules
        assert _texts(asked["messages"][1:]) == prompt.data + prompt.task


def _texts(messages: Any) -> str:
    """All text of messages, in order, without line feeds between its parts."""
    if isinstance(messages, str):
        return messages.replace("\n\n", "\n")
    contents = [message["content"] for message in messages]
    flat = [part if isinstance(part, str) else part["text"] for c in contents for part in _list(c)]
    return "".join(flat).replace("\n\n", "\n")


def _list(content: Any) -> list[Any]:
    return [content] if isinstance(content, str) else list(content)


def test_a_prompt_without_data_is_no_fault(desk: Desk) -> None:
    """Vendors refuse an empty block of text, and a request for new files may have no data."""
    given = replace(BRIEF, prompt=replace(BRIEF.prompt, data=""))
    Ends(None, 1, (True,)).check(desk, desk.ask(given))


def test_limits_and_settings_of_the_request(desk: Desk) -> None:
    """Bounded, streamed, kept by nobody, with no tool but the form."""
    desk.limit(max_output_tokens=1234)
    asked = sent(desk)
    assert asked["stream"] is True
    assert asked["model"] == desk.model.name
    assert 1234 in {asked.get(name) for name in ("max_output_tokens", "max_tokens")} | {
        asked.get("max_completion_tokens")
    }
    assert "metadata" not in asked
    if desk.vendor is Vendor.ANTHROPIC:
        assert asked["tool_choice"] == {
            "type": "tool",
            "name": "propose_edits",
            "disable_parallel_tool_use": True,
        }
    elif desk.vendor is Vendor.OPENAI:
        assert asked["store"] is False
        assert "tools" not in asked
        assert KEY not in asked["prompt_cache_key"]
    else:
        assert asked["stream_options"] == {"include_usage": True}
        assert "tools" not in asked


def test_the_same_brief_is_the_same_request(desk: Desk) -> None:
    """To the byte, so that a cache can know it again; nothing random, no time of day."""
    desk.ask()
    desk.ask()
    first, second = desk.kept.bodies
    assert first == second


def test_what_changes_comes_last(desk: Desk) -> None:
    """Another task leaves all that comes before it as it was: that is what a cache keeps."""
    desk.ask()
    desk.ask(replace(BRIEF, prompt=replace(BRIEF.prompt, task="another task\n")))
    first, second = (body.decode() for body in desk.kept.bodies)
    at = first.index("the task")
    assert first[:at] == second[:at]


def test_a_server_of_this_machine_needs_no_key(desk: Desk) -> None:
    """A local model has no account; the two vendors refuse before anything is sent."""
    desk.key = ""
    found = desk.ask()
    if desk.vendor is Vendor.COMPATIBLE:
        Ends(None, 1, (True,)).check(desk, found)
        assert desk.server.arrived[0].headers["authorization"] == "Bearer none"
    else:
        assert type(found.error).__name__ == "MissingKeyError"
        assert desk.server.connections == 0


def test_a_missing_key_is_called_by_its_own_variable(desk: Desk) -> None:
    """Also for a compatible server that is not on this machine; nothing is sent."""
    desk.key = ""
    found = desk.ask(by=desk.provider("https://models.example.test/v1"))
    variable = {
        Vendor.OPENAI: "OPENAI_API_KEY",
        Vendor.ANTHROPIC: "ANTHROPIC_API_KEY",
        Vendor.COMPATIBLE: "WORKFLOW_COMPATIBLE_API_KEY",
    }[desk.vendor]
    assert type(found.error).__name__ == "MissingKeyError"
    assert f": {variable} is not set" in found.message
    assert f"export {variable}=" in found.message
    assert desk.kept.bodies == []


def test_a_large_answer_arrives_whole(desk: Desk) -> None:
    """Just under the most that an answer may have, with letters of each width."""
    text = "é€𝄞x" * 150_000
    desk.server.answers.append(say({**GOOD[AnswerKind.EDITS], "diff": text}))
    found = desk.ask()
    Ends(None, 1, (True,)).check(desk, found)
    assert found.draft
    assert found.draft.text == text


def test_several_answers_in_a_row(desk: Desk) -> None:
    """The server gives its answers in turn, and then what it always says."""
    desk.server.answers += [Say(FINE.replace("one directive", "first")), Say(FINE)]
    reasons = [draft.forecasts[0].why for _ in range(3) if (draft := desk.ask().draft) is not None]
    assert reasons == ["first", "one directive", "one directive"]
