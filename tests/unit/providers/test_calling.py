"""Attempts, waiting, money, and what is kept: all that is the same for every API."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.providers.scripted import (
    BRIEF,
    BUSIES,
    BUSY,
    COUNTS,
    CUT,
    END,
    GOOD,
    TEXT,
    Desk,
    Play,
    Scripted,
    Time,
)
from workflow.canonical import sha256
from workflow.errors import ProviderError, SpendingError
from workflow.providers.exchange import Stop
from workflow.providers.failures import (
    BadKeyError,
    ConnectionLostError,
    DeadlineError,
    EmptyAnswerError,
    Fault,
    OverloadedError,
    RateLimitedError,
    RefusalError,
    RejectedError,
    TooLargeError,
    Trouble,
    TruncatedError,
    WrongFormError,
    WrongStopError,
)
from workflow.providers.interface import Model
from workflow.types import Answered, Prompt, Usage


@pytest.fixture
def play() -> Play:
    """A provider whose answers are scripted."""
    desk, time = Desk(), Time()
    return Play(desk, time, Scripted(Model("openai", "gpt-x", retries=2), desk, time))


def test_a_whole_answer_is_a_draft(play: Play) -> None:
    """Kept under its digest, with what it took; then the reservation is given up."""
    draft = play.ask([{**COUNTS}, TEXT, END])
    assert draft.notes == ("é",)
    assert draft.usage == Usage(100, 50, 40, 150, 10)
    ((answered, body),) = play.desk.kept
    assert body == GOOD.encode()
    assert draft.answer == sha256(body)
    assert answered == Answered(
        "openai", "gpt-x", BRIEF.recipe, BRIEF.role, Usage(100, 50, 40, 150, 10), is_usable=True
    )
    assert play.desk.order == ["begin", "require", "answered", "release"]
    assert play.by.closed == 1
    assert play.time.now_s == 1_060.0, "it was not loaded, once"


def test_a_paid_answer_is_kept_whatever_it_is(play: Play) -> None:
    """It is no JSON, and still it is kept before the error is raised."""
    with pytest.raises(WrongFormError) as caught:
        play.ask([COUNTS, {"add": "Sure!"}, END])
    assert play.reasons == [caught.value.message]
    assert play.desk.kept[0][1] == b"Sure!"
    assert play.desk.order[-2:] == ["answered", "release"]


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        ([TEXT, {"stop": Stop.TRUNCATED}], TruncatedError),
        ([TEXT, {"stop": Stop.REFUSED}], RefusalError),
        ([{"note": "No."}, {"stop": Stop.REFUSED}], RefusalError),
        ([TEXT, {"stop": Stop.OTHER}], WrongStopError),
        ([END], EmptyAnswerError),
        ([{"add": " \n"}, END], EmptyAnswerError),
        ([{"stop": Stop.OTHER}], EmptyAnswerError),
        ([{"note": "Sure!"}, {"stop": Stop.OTHER}], WrongFormError),
        ([{"call": "another"}, TEXT, END], WrongFormError),
        ([{"call": "another"}, END], WrongFormError),
        ([{"call": "propose_edits"}, {"call": "propose_edits"}, TEXT, END], WrongFormError),
    ],
)
def test_an_end_that_was_not_asked_for(
    events: list[object], kind: type[ProviderError], play: Play
) -> None:
    """Each has its error, is kept, and is not asked for again."""
    with pytest.raises(kind) as caught:
        play.ask(events)
    assert type(caught.value) is kind
    assert len(play.reasons) == 1
    assert play.reasons[0]
    assert "workflow stats" in caught.value.hint


def test_the_tool_is_called_once(play: Play) -> None:
    """By the name of the form."""
    assert play.ask([{"call": "propose_edits"}, TEXT, END]).text


@pytest.mark.parametrize("fault", [BUSY, CUT, Fault(Trouble.STATUS, 429)])
def test_what_passes_is_tried_again(fault: Fault, play: Play) -> None:
    """After a wait that grows; the purse is asked before each attempt."""
    assert play.ask([fault], [fault], [TEXT, END]).text
    assert play.time.slept == [0.5, 1.0]
    assert play.desk.order == ["begin", *["require"] * 3, "answered", "release"]
    assert play.by.closed == 3


def test_waits_have_full_jitter_and_a_bound(play: Play) -> None:
    """So that many who were turned away together do not come back together."""
    play.time.chance = 0.25
    play.limit(retries=9)
    assert play.ask(*BUSIES, [TEXT, END]).text
    assert play.time.slept == [0.125, 0.25, 0.5, 1.0, 2.0, 2.0, 2.0, 2.0]


def test_attempts_are_counted(play: Play) -> None:
    """The last fault is told, with how often it was tried."""
    with pytest.raises(OverloadedError, match=r"503 slow_down.*last of 3 attempts"):
        play.ask([BUSY], [BUSY], [BUSY])
    assert play.desk.kept == []
    assert play.desk.order[-1] == "release"


def test_what_would_come_again_is_not_tried_again(play: Play) -> None:
    """A key does not get any better."""
    with pytest.raises(BadKeyError):
        play.ask([Fault(Trouble.STATUS, 401)])
    assert play.time.slept == []


def test_the_provider_says_how_long_to_wait(play: Play) -> None:
    """That is waited, and not less."""
    assert play.ask([Fault(Trouble.STATUS, 429, retry_after_s=7.0)], [TEXT, END]).text
    assert play.time.slept == [7.0]


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimitedError), (503, OverloadedError)])
def test_longer_than_the_deadline_is_not_waited_for(
    status: int, kind: type[Exception], play: Play
) -> None:
    """The call fails at once, and says how long the provider wants."""
    with pytest.raises(kind, match="3,600 s"):
        play.ask([Fault(Trouble.STATUS, status, retry_after_s=3_600.0)])
    assert play.time.slept == []


def test_all_attempts_share_one_deadline(play: Play) -> None:
    """What the first has used is gone for the second."""
    play.limit(deadline_s=10.0)
    with pytest.raises(DeadlineError, match="10 s"):
        play.ask([6.0, CUT], [3.0, CUT])
    assert play.by.remaining == [10.0, 3.5]


def test_a_connection_that_is_refused_says_where(play: Play) -> None:
    """By its origin, without the path, and where to correct it."""
    refused = Fault(Trouble.NOBODY)
    with pytest.raises(ConnectionLostError) as caught:
        play.ask([refused], [refused], [refused])
    assert caught.value.message == (
        "openai (gpt-x) cannot be reached at http://127.0.0.1:9: connection refused, also at the "
        "last of 3 attempts"
    )
    assert caught.value.hint.startswith("start the server, or correct providers.openai.base_url")


def test_a_connection_that_ends_with_the_time_is_late(play: Play) -> None:
    """It is not called a lost connection."""
    play.limit(deadline_s=10.0)
    with pytest.raises(DeadlineError):
        play.ask([10.0, Fault(Trouble.TIMEOUT)])


def test_an_answer_that_was_cut_is_kept_and_tried_again(play: Play) -> None:
    """What came of it may have to be paid: with counts as far as known, else estimated."""
    assert play.ask([{"read": 100, "made": 1}, {"add": "x" * 30}, CUT], [TEXT, END]).text
    assert play.reasons == ["the connection broke", ""]
    cut, body = play.desk.kept[0]
    assert body == b"x" * 30
    assert cut.usage == Usage(100, 10, microdollars=110)
    assert play.desk.order == ["begin", "require", "answered", "require", "answered", "release"]


def test_a_stream_that_just_ends_was_cut(play: Play) -> None:
    """Without a reason to stop, nothing says that the answer is whole."""
    play.limit(retries=0)
    with pytest.raises(ConnectionLostError):
        play.ask([TEXT])
    assert play.reasons == ["the connection broke"]


def test_an_answer_that_is_whole_survives_the_connection(play: Play) -> None:
    """The reason to stop had come; what is missing is not part of the answer."""
    assert play.ask([TEXT, END, CUT]).text
    assert play.reasons == [""]


def test_counts_that_never_came_are_estimated(play: Play) -> None:
    """From the prompt as it was weighed before, and from the text."""
    usage = play.ask([TEXT, END]).usage
    assert usage
    assert usage.input_tokens > 500
    assert usage.output_tokens == -(-len(GOOD.encode()) // 3)


@pytest.mark.parametrize("value", [-1, 10**30, "7", 1.5, True, None, [], {}])
def test_a_count_that_can_be_none_is_not_taken(value: object, play: Play) -> None:
    """A server may say anything; it is estimated then."""
    absurd = {"read": value, "made": value, "cached": value, "written": value}
    usage = play.ask([absurd, TEXT, END]).usage
    assert usage
    assert usage.input_tokens > 500
    assert (usage.cached_tokens, usage.written_tokens) == (0, 0)


def test_an_answer_has_a_largest_size(play: Play) -> None:
    """It is left as soon as it is larger, and kept as far as it came."""
    with pytest.raises(TooLargeError):
        play.ask([*[{"add": "x" * 900_000}] * 5, END])
    ((_, body),) = play.desk.kept
    assert len(body) == 2_700_000
    assert play.by.closed == 1


def test_a_prompt_has_a_largest_size(play: Play) -> None:
    """Nothing is asked, of the purse neither."""
    play.limit(max_input_tokens=100)
    with pytest.raises(TooLargeError, match="more than 100"):
        play.ask()
    assert play.desk.order == []


def test_a_prompt_is_unicode(play: Play) -> None:
    """Bytes that are none cannot be sent as JSON."""
    with pytest.raises(RejectedError, match="UTF-8"):
        play.ask(brief=replace(BRIEF, prompt=Prompt("rules", "\udcff", "task")))


def test_a_cap_stops_before_the_call(play: Play) -> None:
    """Also before a further attempt, however it was that the first has ended."""
    play.desk.calls = 1
    with pytest.raises(SpendingError):
        play.ask([BUSY])
    assert play.desk.order == ["begin", "require", "require", "release"]


def test_control_c_passes(play: Play) -> None:
    """What came until then may have to be paid; the stream is closed."""
    with pytest.raises(KeyboardInterrupt):
        play.ask([TEXT, KeyboardInterrupt()])
    assert play.reasons == ["interrupted"]
    assert play.by.closed == 1
    assert play.desk.order[-1] == "release"


def test_progress_is_told_four_times_a_second(play: Play) -> None:
    """For whom it waits, what has come, and why it is tried again."""
    piece = {"add": "x" * 400}
    with pytest.raises(WrongFormError):
        play.ask([BUSY], [*[piece, 0.1] * 20, END])
    assert play.told[:3] == [
        "waiting for gpt-x",
        "trying again in 0 s (503 slow_down), 2 of 3",
        "waiting for gpt-x",
    ]
    assert play.told[3] == "writing, 300 tokens"
    assert play.told[-1] == "writing, 1.8k tokens"
    assert len(play.told) <= 3 + 2.0 * 4


def test_where_a_brief_would_go() -> None:
    """The host, without the port and the path."""
    by = Scripted(Model("openai", "gpt-x"), Desk(), Time())
    assert (by.name, by.model, by.destination, by.can_repair) == (
        "openai",
        "gpt-x",
        "127.0.0.1",
        True,
    )
