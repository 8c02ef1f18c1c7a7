"""Whole answers that are no draft: refused, cut short, empty, or not in the form asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.providers.remote_desk import (
    DIFF,
    EDITS,
    EXPLANATION,
    FILES,
    FINDING,
    FINDINGS,
    FINE,
    FORECASTS,
    WORDS,
    Desk,
    Ends,
    Vendor,
    brief,
    say,
)
from tests.loopback import Way
from workflow.providers.failures import (
    EmptyAnswerError,
    RefusalError,
    TruncatedError,
    WrongFormError,
    WrongStopError,
)
from workflow.types import AnswerKind

if TYPE_CHECKING:
    from tests.loopback import Loopback
    from workflow.errors import WorkflowError

ESCAPES = "\x1b[2J\x1b]0;owned\x07\u202egpj.exe\u2066"
"""Clears a terminal, renames its window, and turns the direction of the text."""


def ends(error: type[WorkflowError]) -> Ends:
    """One attempt; the answer is kept, as one that cannot be used."""
    return Ends(error, 1, (False,))


# --- why it stopped ----------------------------------------------------------------------------


def test_a_refusal(desk: Desk) -> None:
    """The model's own words are not repeated; asking again would cost the same for nothing."""
    desk.server.answers += [say(f"I will not, because {WORDS}", way=Way.REFUSAL)] * 9
    ends(RefusalError).check(desk, desk.ask())


STOPS: list[tuple[Vendor, str | None, type[WorkflowError]]] = [
    (Vendor.OPENAI, "max_output_tokens", TruncatedError),
    (Vendor.OPENAI, "content_filter", RefusalError),
    (Vendor.OPENAI, "something_new", WrongStopError),
    (Vendor.ANTHROPIC, "max_tokens", TruncatedError),
    (Vendor.ANTHROPIC, "model_context_window_exceeded", TruncatedError),
    (Vendor.ANTHROPIC, "refusal", RefusalError),
    (Vendor.ANTHROPIC, "end_turn", WrongStopError),
    (Vendor.ANTHROPIC, "stop_sequence", WrongStopError),
    (Vendor.ANTHROPIC, "pause_turn", WrongStopError),
    (Vendor.ANTHROPIC, "something_new", WrongStopError),
    (Vendor.COMPATIBLE, "length", TruncatedError),
    (Vendor.COMPATIBLE, "content_filter", RefusalError),
    (Vendor.COMPATIBLE, "tool_calls", WrongStopError),
    (Vendor.COMPATIBLE, "something_new", WrongStopError),
]


@pytest.mark.parametrize(("vendor", "stop", "error"), STOPS)
def test_another_stop_than_the_one_asked_for(
    vendor: Vendor, stop: str, error: type[WorkflowError], server: Loopback
) -> None:
    """Also with a whole answer before it: only a proper end makes it one."""
    server.answers += [say(FINE, stop=stop)] * 9
    desk = Desk(vendor, server, vendor.model)
    ends(error).check(desk, desk.ask())


@pytest.mark.parametrize("stop", [f"{WORDS}\x1b[31m", "x" * 100_000])
def test_a_stop_reason_is_not_shown(stop: str, desk: Desk) -> None:
    """It is the provider's word, and may be anything."""
    desk.server.answers += [say(FINE, stop=stop)] * 9
    found = desk.ask()
    ends(WrongStopError).check(desk, found)
    assert len(found.message) < 1000


def test_an_answer_cut_short_in_the_middle(desk: Desk) -> None:
    """Half of the JSON, and the vendor's word for the most tokens."""
    stop = {
        Vendor.OPENAI: "max_output_tokens",
        Vendor.ANTHROPIC: "max_tokens",
        Vendor.COMPATIBLE: "length",
    }
    desk.server.answers += [say(FINE[: len(FINE) // 2], stop=stop[desk.vendor])] * 9
    found = desk.ask()
    ends(TruncatedError).check(desk, found)
    assert "max_output_tokens" in found.message


# --- in which form -----------------------------------------------------------------------------


def test_an_empty_answer(desk: Desk) -> None:
    """A proper end, and nothing before it."""
    desk.server.answers += [say("", way=Way.NOTHING)] * 9
    found = desk.ask()
    assert isinstance(found.error, EmptyAnswerError | WrongStopError)
    assert desk.usable == [False]
    assert len(desk.server.arrived) == 1


def test_prose_in_place_of_the_form(desk: Desk) -> None:
    """What local servers do that ignore a schema, and models that would rather talk."""
    desk.server.answers += [say(f"Sure! Here is {WORDS}", way=Way.TEXT)] * 9
    found = desk.ask()
    ends(WrongFormError).check(desk, found)
    assert "prose" in found.message


def test_prose_round_the_form(desk: Desk) -> None:
    """JSON with a word before it is no JSON."""
    desk.server.answers += [say(f"Here it is: {FINE}")] * 9
    ends(WrongFormError).check(desk, desk.ask())


def test_another_tool(desk: Desk) -> None:
    """A tool that was never offered is called."""
    desk.server.answers += [say(FINE, tool="delete_everything")] * 9
    found = desk.ask()
    ends(WrongFormError).check(desk, found)


def test_two_tool_calls(desk: Desk) -> None:
    """Both are right, and which one counts?"""
    desk.server.answers += [say(FINE, calls=2, tool=_offered(desk))] * 9
    found = desk.ask()
    assert isinstance(found.error, WrongFormError | WrongStopError), found
    assert desk.usable == [False]
    assert len(desk.server.arrived) == 1


def _offered(desk: Desk) -> str:
    return "" if desk.vendor is Vendor.ANTHROPIC else "propose_edits"


BROKEN: dict[str, str] = {
    "half": FINE[: len(FINE) // 2],
    "deep": '{"diff": ' + "[" * 200_000,
    "deep object": '{"a":' * 100_000,
    "closed and deep": '{"diff": ' + "[" * 90_000 + "]" * 90_000 + "}",
    "key twice": FINE[:-1] + ', "diff": "another"}',
    "not a number": FINE.replace("93", "NaN"),
    "huge number": FINE.replace("93", "9" * 5000),
    "no object": "[]",
    "null": "null",
    "number": "7",
    "two values": FINE + FINE,
    "lone surrogate": FINE.replace("one directive", "\\ud800"),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_broken_json(text: str, desk: Desk) -> None:
    """No strict JSON, no draft, and no more than a line about why."""
    desk.server.answers += [say(text)] * 9
    found = desk.ask()
    ends(WrongFormError).check(desk, found)
    assert len(found.message) < 1000


def changed(base: dict[str, Any], **changes: object) -> dict[str, Any]:
    """An answer with other members."""
    return {**base, **changes}


def forecast(**changes: object) -> dict[str, Any]:
    """The first forecast with other members, before the second."""
    return changed(EDITS, forecasts=[{**FORECASTS[0], **changes}, FORECASTS[1]])


WRONG: dict[str, tuple[AnswerKind, object]] = {
    "no diff": (AnswerKind.EDITS, {k: v for k, v in EDITS.items() if k != "diff"}),
    "diff of another type": (AnswerKind.EDITS, changed(EDITS, diff=[DIFF])),
    "one member more": (AnswerKind.EDITS, changed(EDITS, **{WORDS: 1})),
    "confidence of 49": (AnswerKind.EDITS, forecast(confidence=49)),
    "confidence of 101": (AnswerKind.EDITS, forecast(confidence=101)),
    "confidence in words": (AnswerKind.EDITS, forecast(confidence="93")),
    "confidence in parts": (AnswerKind.EDITS, forecast(confidence=93.5)),
    "outcome of error": (AnswerKind.EDITS, forecast(outcome="error")),
    "no forecast": (AnswerKind.EDITS, changed(EDITS, forecasts=[])),
    "a gate missing": (AnswerKind.EDITS, changed(EDITS, forecasts=FORECASTS[:1])),
    "a gate twice": (AnswerKind.EDITS, changed(EDITS, forecasts=[*FORECASTS, FORECASTS[0]])),
    "an unknown gate": (AnswerKind.EDITS, forecast(gate=WORDS)),
    "too many notes": (AnswerKind.EDITS, changed(EDITS, notes=["a"] * 10_000)),
    "a long note": (AnswerKind.EDITS, changed(EDITS, notes=["a" * 100_000])),
    "too many tests": (AnswerKind.EDITS, forecast(tests=["a"] * 10_000)),
    "edits for files": (AnswerKind.FILES, EDITS),
    "files without a path": (AnswerKind.FILES, changed(FILES, files=[{"content": "a"}])),
    "too many files": (
        AnswerKind.FILES,
        changed(FILES, files=[{"path": f"a{n}", "content": ""} for n in range(5000)]),
    ),
    "a path of two lines": (
        AnswerKind.FILES,
        changed(FILES, files=[{"path": "a\n+++ b/etc/passwd", "content": "a"}]),
    ),
    "an odd severity": (
        AnswerKind.FINDINGS,
        changed(FINDINGS, findings=[{**FINDING, "severity": f"worst {WORDS}"}]),
    ),
    "a line below 0": (AnswerKind.FINDINGS, changed(FINDINGS, findings=[{**FINDING, "line": -1}])),
    "files for an explanation": (AnswerKind.EXPLANATION, FILES),
    "no notes": (AnswerKind.EXPLANATION, {"explanation": "a"}),
}


@pytest.mark.parametrize(("kind", "answer"), WRONG.values(), ids=WRONG)
def test_another_form(kind: AnswerKind, answer: object, server: Loopback) -> None:
    """JSON that is not what was asked for, by each rule of the form; local servers send such."""
    desk = Desk(Vendor.COMPATIBLE, server, Vendor.COMPATIBLE.model)
    desk.server.answers += [say(answer)] * 9
    ends(WrongFormError).check(desk, desk.ask(brief(kind)))


def test_a_missing_gate_is_named(desk: Desk) -> None:
    """Its name is ours, so it may be said."""
    desk.server.answers.append(say(changed(EDITS, forecasts=FORECASTS[:1])))
    assert "pytest" in desk.ask().message


NOTHING = {
    AnswerKind.EDITS: changed(EDITS, diff=" \n", notes=[]),
    AnswerKind.FILES: changed(FILES, files=[], edits_wanted=[], notes=[]),
    AnswerKind.EXPLANATION: changed(EXPLANATION, explanation=""),
}


@pytest.mark.parametrize("kind", NOTHING)
def test_a_form_with_nothing_in_it(kind: AnswerKind, desk: Desk) -> None:
    """All members are there, and nothing is proposed."""
    desk.server.answers.append(say(NOTHING[kind]))
    ends(EmptyAnswerError).check(desk, desk.ask(brief(kind)))


def test_nothing_to_change_and_why(desk: Desk) -> None:
    """An empty diff with a note is what the recipe asks for where nothing is to change."""
    desk.server.answers.append(say(changed(EDITS, diff="")))
    found = desk.ask()
    Ends(None, 1, (True,)).check(desk, found)
    assert found.draft
    assert (found.draft.text, found.draft.notes) == ("", ("one", "two"))


# --- what it is made of ------------------------------------------------------------------------


def test_escapes_stay_data(desk: Desk) -> None:
    """In a draft they are kept as they came, for the patch to judge; nothing tells them."""
    desk.server.answers.append(say({**EDITS, "diff": DIFF + ESCAPES, "notes": [ESCAPES]}))
    found = desk.ask()
    Ends(None, 1, (True,)).check(desk, found)
    assert found.draft
    assert found.draft.text == DIFF + ESCAPES
    assert found.draft.notes == (ESCAPES,)


def test_escapes_in_a_wrong_answer_are_not_shown(desk: Desk) -> None:
    """Names that a model makes up do not reach a terminal through a message."""
    desk.server.answers.append(say({**EDITS, ESCAPES: 1, "forecasts": [{ESCAPES: 2}]}))
    found = desk.ask()
    ends(WrongFormError).check(desk, found)
    assert "\u202e" not in found.message
    assert "owned" not in found.message


def test_what_is_kept_is_what_came(desk: Desk) -> None:
    """Also of an answer that cannot be used: the bytes of its text, to the last."""
    text = json.dumps({"what": "é€\U0001d11e", "why": ESCAPES}, ensure_ascii=False)
    desk.server.answers.append(say(text))
    desk.ask()
    ((answer, body),) = desk.kept.answers
    assert body == text.encode()
    assert not answer.is_usable
    assert answer.reason
    assert (answer.recipe, answer.role) == ("surgical-edit", "surgeon")
