"""Answers that break off, never end, are too large, or are no stream of events at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.providers.remote_desk import EDITS, FINE, Desk, Ends, Vendor, say
from tests.loopback import Count, Fault, Loopback, Say
from tests.loopback.faults import (
    clean_end,
    drip,
    endless_chunk_size,
    first,
    flood,
    hang_up,
    reset,
    silence,
    wrong_chunk_sizes,
)
from tests.loopback.server import frame
from workflow.providers.failures import (
    ConnectionLostError,
    DeadlineError,
    NotAnApiError,
    OverloadedError,
    TooLargeError,
    WrongStopError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.loopback.faults import Wire
    from tests.loopback.say import Event

MIDDLE = 12
"""So many events, and each vendor has begun to write its answer and is far from the end."""
PING = b'event: ping\ndata: {"type": "ping"}\n\n'


def has_begun(desk: Desk, count: int) -> bool:
    """Whether something that has to be paid came with so many events.

    Anthropic counts the input tokens in its first one.
    """
    return count >= (1 if desk.vendor is Vendor.ANTHROPIC else MIDDLE)


# --- it never ends -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "then"),
    [
        (0, silence),
        (0, drip(b": wait\n\n")),
        (MIDDLE, silence),
        (MIDDLE, drip(b": wait\n\n")),
    ],
    ids=["stalled", "drip", "stalled in the middle", "drip in the middle"],
)
def test_the_deadline_is_kept(count: int, then: Callable[[Wire], None], desk: Desk) -> None:
    """Time is up when it is up, whatever trickles in; what had come of an answer is kept."""
    desk.limit(deadline_s=1.0 if count else 0.5)
    desk.server.faults += [Fault(put=first(count, then=then))] * 9
    Ends(DeadlineError, 1, (False,) * has_begun(desk, count)).check(desk, desk.ask())


def test_the_deadline_is_over_all_attempts(desk: Desk) -> None:
    """Attempts that each end in time do not add up to more."""
    desk.limit(deadline_s=1.5, retries=50)
    desk.chance = 1.0
    desk.server.faults += [Fault(drop=True)] * 100
    found = desk.ask()
    assert isinstance(found.error, DeadlineError)
    assert found.seconds < 12
    assert 2 <= len(desk.server.arrived) <= 5


# --- it breaks off -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [Fault(drop=True), Fault(put=first(0, then=hang_up)), Fault(put=first(0, then=reset))],
    ids=["closed before headers", "closed after headers", "reset after headers"],
)
def test_a_connection_that_breaks_before_the_answer(fault: Fault, desk: Desk) -> None:
    """It is tried again; nothing was paid, so nothing is kept of it."""
    desk.server.faults.append(fault)
    Ends(None, 2, (True,)).check(desk, desk.ask())


@pytest.mark.parametrize(
    "fault",
    [
        Fault(put=first(MIDDLE, then=hang_up)),
        Fault(put=first(MIDDLE, then=reset)),
        Fault(put=wrong_chunk_sizes),
        Fault(cut=True),
    ],
    ids=["closed", "reset", "wrong chunk sizes", "cut"],
)
def test_an_answer_that_breaks_off_is_tried_again(fault: Fault, desk: Desk) -> None:
    """What came of it may have to be paid: it is kept as unusable, and the next one counts."""
    desk.server.faults.append(fault)
    found = desk.ask()
    assert found.draft, found
    assert desk.usable[-1]
    assert desk.usable[:-1] in ([False], [])
    assert len(desk.server.arrived) == 2


@pytest.mark.parametrize("then", [hang_up, reset], ids=["closed", "reset"])
def test_answers_that_always_break_off(then: Callable[[Wire], None], desk: Desk) -> None:
    """Each attempt is kept with an estimate of its usage, and then it ends."""
    desk.limit(retries=1)
    desk.server.faults += [Fault(put=first(MIDDLE, then=then))] * 9
    Ends(ConnectionLostError, 2, (False, False)).check(desk, desk.ask())
    for answer, body in desk.kept.answers:
        assert answer.usage.input_tokens > 0
        assert answer.usage.output_tokens > 0
        assert answer.reason
        assert body


def test_a_stream_that_ends_cleanly_in_the_middle(desk: Desk) -> None:
    """No error of the SDK's, no stop reason: half an answer is none."""
    desk.limit(retries=1)
    desk.server.faults += [Fault(put=first(MIDDLE, then=clean_end))] * 9
    found = desk.ask()
    assert isinstance(found.error, WrongStopError | ConnectionLostError)
    assert found.draft is None
    assert desk.usable == [False] * len(desk.server.arrived)


def test_a_stream_that_ends_before_its_last_event(desk: Desk) -> None:
    """All of the text has come, and yet nobody said that it was all."""
    desk.limit(retries=0)

    def without_end(events: list[Event]) -> list[Event]:
        last = {"message_delta", "message_stop", "response.completed"}
        return [event for event in events if event.get("type") not in last and not _stops(event)]

    desk.server.faults.append(Fault(events=without_end))
    found = desk.ask()
    assert isinstance(found.error, WrongStopError | ConnectionLostError)
    assert desk.usable == [False]


def _stops(event: Event) -> bool:
    return any(choice.get("finish_reason") for choice in event.get("choices", ()))


# --- it is too large ---------------------------------------------------------------------------


def test_an_answer_of_10_mb_is_not_read_to_its_end(desk: Desk) -> None:
    """It ends at the most that an answer may have."""
    desk.server.answers.append(say({**EDITS, "notes": ["x" * 10_000_000]}))
    found = desk.ask()
    Ends(TooLargeError, 1, (False,)).check(desk, found)
    assert len(desk.kept.answers[0][1]) < 4_000_000


@pytest.mark.parametrize("data", [b"data: " + b"x" * 65_536, PING * 2000], ids=["line", "pings"])
def test_a_flood_meets_the_deadline(data: bytes, desk: Desk) -> None:
    """Bytes without an answer in them, as fast as they come: one line without end, and events."""
    desk.limit(deadline_s=1.0)
    desk.server.faults.append(Fault(put=first(0, then=flood(data))))
    found = desk.ask()
    assert isinstance(found.error, TooLargeError | DeadlineError), found
    assert found.seconds < 12
    assert len(desk.server.arrived) == 1


def test_a_flood_is_not_read_for_ever(desk: Desk) -> None:
    """Long before the deadline it is more than any answer can be."""
    desk.server.faults.append(Fault(put=first(0, then=flood(b": " + b"x" * 65_536 + b"\n\n"))))
    Ends(TooLargeError).check(desk, desk.ask())


def test_a_chunk_larger_than_memory(desk: Desk) -> None:
    """A size is only what the server says."""
    desk.limit(deadline_s=5.0, retries=0)
    desk.server.faults.append(Fault(put=endless_chunk_size))
    found = desk.ask()
    assert found.draft is None or found.error is None
    assert found.seconds < 12


# --- it is no stream that the API sends --------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        b"event: message_start\ndata: {not json\n\n",
        b'event: message_start\ndata: {"type": "message_start"\n\n',
        b"event: message_start\ndata: [1, 2]\n\n",
        b"event: message_start\ndata: \xff\xfe\n\n",
        b"event: message_start\ndata: " + b"[" * 100_000 + b"\n\n",
        b'event: message_start\ndata: {"type": {"a": 1}}\n\n',
        b'event: message_start\ndata: {"type": "message_start", "message": 7}\n\n',
        b'event: x\ndata: {"choices": 7}\n\n',
        b'event: x\ndata: {"choices": [7]}\n\n',
        b'event: x\ndata: {"type": "response.completed", "response": []}\n\n',
        b'event: x\ndata: {"type": "response.output_text.delta", "delta": 7}\n\n',
        b'event: content_block_delta\ndata: {"type": "content_block_delta", "delta": []}\n\n',
        b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": "a"}\n\n',
    ],
)
def test_malformed_events(broken: bytes, desk: Desk) -> None:
    """Whatever stands in the middle of a stream ends in a draft or in a typed error."""
    desk.limit(retries=0)
    desk.server.faults.append(Fault(frames=lambda given: [given[0], broken, *given[1:]]))
    found = desk.ask()
    assert found.error is None or found.message
    assert len(desk.server.arrived) == 1
    assert found.draft is None or found.draft.text == EDITS["diff"]


def test_nothing_but_nonsense_is_no_api(desk: Desk) -> None:
    """A stream in which no event can be read."""
    nonsense = b"event: message_start\ndata: {nonsense\n\n"
    desk.server.faults += [Fault(frames=lambda _given: [nonsense])] * 9
    Ends(NotAnApiError).check(desk, desk.ask())


def test_a_stream_without_any_event(desk: Desk) -> None:
    """A whole body of nothing is no answer, however often it is asked for."""
    desk.limit(retries=0)
    desk.server.faults += [Fault(frames=lambda _given: [b": nothing\n\n"])] * 9
    found = desk.ask()
    assert found.error
    assert found.message
    assert True not in desk.usable


def _unknown(events: list[Event]) -> Iterable[Event]:
    for event in events:
        extra: dict[str, Any] = {**event, "new_field": {"deep": [1]}}
        yield {"type": "brand_new_event", "text": "x", "sequence_number": 0, "choices": []}
        yield extra


def test_unknown_events_and_fields_are_ignored(desk: Desk) -> None:
    """What a vendor adds tomorrow does not break an answer of today."""
    desk.server.faults.append(Fault(events=_unknown))
    found = desk.ask()
    Ends(None, 1, (True,)).check(desk, found)
    assert found.draft
    assert found.draft.text == EDITS["diff"]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_a_stream_may_be_split_anywhere(ending: bytes, desk: Desk) -> None:
    """Byte by byte, in the middle of a letter and of a line end, of each kind."""
    text = json.dumps({**EDITS, "notes": ["é€𝄞"]}, ensure_ascii=False)
    desk.server.answers.append(Say(text))

    def split(frames: list[bytes]) -> list[bytes]:
        whole = b"".join(frames).replace(b"\n", ending)
        return [whole[at : at + 3] for at in range(0, len(whole), 3)]

    desk.server.faults.append(Fault(frames=split))
    found = desk.ask()
    Ends(None, 1, (True,)).check(desk, found)
    assert found.draft
    assert found.draft.notes == ("é€𝄞",)


# --- an error in the middle of a stream --------------------------------------------------------

OVERLOADED = {"type": "service_unavailable_error", "code": "server_is_overloaded", "message": "m"}
FAILED = {"id": "resp_1", "status": "failed", "error": OVERLOADED, "output": []}
STREAMED: list[tuple[Vendor, Event]] = [
    (Vendor.OPENAI, {**OVERLOADED, "type": "error", "sequence_number": 3}),
    (Vendor.OPENAI, {"type": "error", "error": OVERLOADED, "sequence_number": 3}),
    (Vendor.OPENAI, {"type": "response.failed", "response": FAILED, "sequence_number": 3}),
    (Vendor.ANTHROPIC, {"type": "error", "error": {"type": "overloaded_error", "message": "m"}}),
    (Vendor.ANTHROPIC, {"type": "error", "error": {"type": "api_error", "message": "m"}}),
    (Vendor.COMPATIBLE, {"error": {"type": "server_error", "code": 500, "message": "m"}}),
]


@pytest.mark.parametrize(("vendor", "event"), STREAMED)
def test_an_error_in_the_stream_is_tried_again(
    vendor: Vendor, event: Event, server: Loopback
) -> None:
    """Before and after the first words of an answer, in each shape; and it ends when it stays."""
    for count in (1, MIDDLE):
        desk = Desk(vendor, server, vendor.model)
        server.faults.append(Fault(events=lambda given, count=count: [*given[:count], event]))  # type: ignore[misc]  # no type for a default
        found = desk.ask()
        assert found.draft, found
        assert desk.usable == [False] * has_begun(desk, count) + [True]
    desk = Desk(vendor, server, vendor.model)
    desk.limit(retries=1)
    server.faults += [Fault(events=lambda given: [*given[:1], event])] * 2
    found = desk.ask()
    assert isinstance(found.error, OverloadedError)
    assert len(server.arrived) == 6


# --- what it says that it counted ---------------------------------------------------------------


@pytest.mark.parametrize(
    "count",
    [
        None,
        Count(fresh=-5, output=-1),
        Count(fresh=10**30, output=10**30, cached=10**30),
        Count(fresh="many", output="few", cached=[]),
        Count(fresh=1.5, output=2.5),
        Count(fresh=True, output=None),
    ],
    ids=["missing", "negative", "huge", "words", "fractions", "no numbers"],
)
def test_absurd_usage_is_estimated(count: Count | None, desk: Desk) -> None:
    """A count that cannot be is not believed, nor does it lose the answer."""
    desk.server.answers.append(say(FINE, count=count))
    found = desk.ask()
    Ends(None, 1, (True,)).check(desk, found)
    ((answer, _body),) = desk.kept.answers
    usage = answer.usage
    assert 0 < usage.input_tokens < 10_000_000
    assert 0 < usage.output_tokens < 10_000_000
    assert 0 <= usage.cached_tokens <= usage.input_tokens


def test_usage_with_what_the_cache_gave(desk: Desk) -> None:
    """All input tokens together, those of the cache besides, and money from the purse."""
    desk.server.answers.append(say(FINE, count=Count(fresh=100, cached=40, written=20, output=9)))
    found = desk.ask()
    assert found.draft
    usage = found.draft.usage
    assert usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens) == (160, 9, 40)
    assert usage.written_tokens == (0 if desk.vendor is Vendor.COMPATIBLE else 20)
    assert usage.microdollars == 169
    assert desk.kept.answers[0][0].usage == usage


def test_frames_are_those_of_the_server() -> None:
    """The server's own frames are what the tests above take apart."""
    assert frame({"type": "ping"}) == PING
