from __future__ import annotations

import pytest

from workflow.gates.service import Check, Expect, told
from workflow.gates.service.answers import Answer
from workflow.gates.service.checks import Kind
from workflow.gates.service.compare import Compared, compared
from workflow.gates.service.exchange import Probe, Said
from workflow.types import Turn

JSON = (("content-type", "application/json"), ("x-kind", "one"))
OWN = Check("own", "GET", "/")
FITTING = Check("fits", "POST", "/", kind=Kind.FITTING)
UNFIT = Check("bad", "POST", "/", kind=Kind.UNFIT)


def said(
    status: int, body: bytes = b"", headers: tuple[tuple[str, str], ...] = (), ms: int = 1
) -> Said:
    """Make what came of a request."""
    return Said(Answer(status, headers, body, ms=ms))


def probe(first: Said, second: Said | None = None) -> Probe:
    """Make a probe of one check, which answers the same twice."""
    return Probe(1, said={(0, 0): first, (1, 0): second or first})


def one(check: Check, base: Probe | None, patched: Probe) -> Compared:
    """Compare one check."""
    (result,) = compared([check], base, patched)
    return result


@pytest.mark.parametrize(
    ("expect", "fault"),
    [
        (Expect(status=200), ""),
        (Expect(status=201), "answered with 200, expected was 201"),
        (Expect(headers=(("X-Kind", "one"),)), ""),
        (Expect(headers=(("X-Kind", "two"),)), "the header X-Kind is another one: one"),
        (Expect(headers=(("X-Other", "one"),)), "the header X-Other is missing"),
        (Expect(contains="b"), ""),
        (Expect(contains="z"), "the body does not contain what is expected"),
        (Expect(json='{"a": [1, {"b": true}]}'), ""),
        (Expect(json='{"a": [1]}'), "the JSON in the body is not what is expected"),
        (Expect(json='{"a": [1, {"b": 1}]}'), "the JSON in the body is not what is expected"),
        (Expect(json='{"z": null}'), "the JSON in the body is not what is expected"),
        (Expect(max_ms=5), ""),
        (Expect(max_ms=4), "answered in 5 ms, expected were 4 ms at most"),
    ],
)
def test_expectations(expect: Expect, fault: str) -> None:
    """Each expectation is met or missed by itself; keys that are not expected may be there."""
    answer = said(200, b'{"a": [1, {"b": true, "c": 2}], "d": 3}', JSON, ms=5)
    check = Check("own", "GET", "/", expect=expect)
    result = one(check, probe(answer), probe(answer))
    assert result.fault == fault
    assert result.turn is (Turn.FAIL_TO_FAIL if fault else Turn.PASS_TO_PASS)


def test_one_quick_answer_of_two_is_enough() -> None:
    """A time that one of two answers keeps is kept: the other may have waited for the machine."""
    check = Check("own", "GET", "/", expect=Expect(max_ms=10))
    assert not one(check, None, probe(said(200, ms=900), said(200, ms=9))).fault


def test_expected_error_is_none() -> None:
    """An error of the server that is expected is what was wanted."""
    check = Check("own", "GET", "/", expect=Expect(status=503))
    assert one(check, None, probe(said(503))).fault == ""


@pytest.mark.parametrize(
    ("base", "patched", "turn", "is_fault"),
    [
        (200, 200, Turn.PASS_TO_PASS, False),
        (200, 500, Turn.PASS_TO_FAIL, True),
        (404, 500, Turn.PASS_TO_FAIL, True),
        (500, 500, Turn.FAIL_TO_FAIL, False),
        (500, 503, Turn.FAIL_TO_FAIL, False),
        (500, 200, Turn.FAIL_TO_PASS, False),
    ],
)
def test_turns_of_a_check_without_expectation(
    base: int, patched: int, turn: Turn, *, is_fault: bool
) -> None:
    """An error that was none on the base is a fault; one that was there before is not."""
    result = one(OWN, probe(said(base)), probe(said(patched)))
    assert (result.turn, bool(result.fault)) == (turn, is_fault)


@pytest.mark.parametrize(
    ("base", "patched", "turn", "is_proof"),
    [
        (404, 201, Turn.NEW_PASS, True),
        (405, 422, Turn.NEW_PASS, False),
        (422, 201, Turn.FAIL_TO_PASS, True),
        (201, 404, Turn.REMOVED, False),
        (404, 500, Turn.NEW_FAIL, False),
        (404, 404, Turn.PASS_TO_PASS, False),
        (201, 201, Turn.PASS_TO_PASS, False),
    ],
)
def test_turns_of_a_route(base: int, patched: int, turn: Turn, *, is_proof: bool) -> None:
    """A route that comes and is accepted is proof; one that goes is told."""
    result = one(FITTING, probe(said(base)), probe(said(patched)))
    assert (result.turn, result.is_proof) == (turn, is_proof)


def test_new_route_without_what_it_needs_is_a_doubt() -> None:
    """A new route that says that something behind it is missing may be right, here."""
    result = one(FITTING, probe(said(404)), probe(said(503)))
    assert not result.fault
    assert "lacks here" in result.doubts[0]
    assert one(FITTING, probe(said(200)), probe(said(503))).fault


def test_no_answer_is_a_fault() -> None:
    """A request without an answer fails, if the base gave one."""
    nothing = Said(None, "the connection was reset")
    assert one(OWN, probe(said(200)), probe(nothing)).fault == "the connection was reset"
    assert not one(OWN, probe(nothing), probe(nothing)).fault


def test_second_answer_counts_where_the_base_gives_it() -> None:
    """What breaks at the second request is a fault, unless the base breaks there, too."""
    assert one(OWN, probe(said(200)), probe(said(200), said(500))).fault
    excused = one(OWN, probe(said(200), said(500)), probe(said(200), said(500)))
    assert not excused.fault
    fresh = one(OWN, None, probe(said(200), said(500)))
    assert not fresh.fault
    assert "second request" in fresh.doubts[0]


@pytest.mark.parametrize(
    ("check", "base", "patched", "is_doubt"),
    [
        (UNFIT, 413, 202, True),
        (UNFIT, 405, 200, True),
        (UNFIT, 404, 200, False),
        (UNFIT, 413, 422, False),
        (UNFIT, 202, 413, False),
        (FITTING, 202, 422, True),
        (FITTING, 202, 404, True),
        (FITTING, 202, 201, False),
        (OWN, 200, 404, False),
    ],
)
def test_doubts(check: Check, base: int, patched: int, *, is_doubt: bool) -> None:
    """A refusal that became an acceptance, or the other way round, is for a person to look at."""
    result = one(check, probe(said(base)), probe(said(patched)))
    assert bool(result.doubts) == is_doubt


def test_new_route_that_takes_everything_is_a_doubt() -> None:
    """A new route that takes what it should refuse is for a person to look at."""
    body = Check("large", "POST", "/", body=b"{}", kind=Kind.UNFIT)
    assert one(body, None, probe(said(202))).doubts == ("large: is new, and accepted",)
    assert one(body, probe(said(404)), probe(said(202))).doubts
    assert not one(body, probe(said(202)), probe(said(202))).doubts
    assert not one(body, None, probe(said(413))).doubts
    assert not one(UNFIT, None, probe(said(200))).doubts


def test_answers_without_a_base_are_told() -> None:
    """Where there is nothing to compare with, each answer is told by its status."""
    assert one(OWN, None, probe(said(204))).differences == ("own: answered with 204",)
    nothing = Said(None, "the connection was reset")
    assert one(OWN, None, probe(nothing)).differences == ("own: the connection was reset",)


def test_lost_guards_are_doubts() -> None:
    """A header that protects and is gone, and an origin that became any, are doubts."""
    before = said(200, headers=(("x-frame-options", "DENY"),))
    after = said(200, headers=(("access-control-allow-origin", "*"),))
    result = one(OWN, probe(before), probe(after))
    assert "own: the header x-frame-options is gone" in result.doubts
    assert "own: every origin may read the answer now" in result.doubts


@pytest.mark.parametrize(
    ("body", "headers", "doubt"),
    [
        (b'{"a": 2, "b": [{"c": 1}], "n": "x"}', JSON, ""),
        (b'{"a": 2, "b": [{"c": 1}], "n": null, "more": 1}', JSON, ""),
        (b'{"b": [{"c": 1}]}', JSON, "fits: the answer has no more body.a, body.n"),
        (b'{"a": 2, "b": [{}], "n": 1}', JSON, "fits: the answer has no more body.b[].c"),
        (b'{"a": 2, "b": 1, "n": 1}', JSON, "fits: body.b is a number, was a list"),
        (b'{"a": "2", "b": [{"c": 1}], "n": 1}', JSON, "fits: body.a is text, was a number"),
        (b"[" * 60_000, JSON, "fits: body is no JSON, was a table"),
        (b"[1]", JSON, "fits: body is a list, was a table"),
        (b"", (), "fits: the answer has no more body, its type"),
    ],
)
def test_losses_are_doubts(body: bytes, headers: tuple[tuple[str, str], ...], doubt: str) -> None:
    """A fitting request's answer that loses a field, its kind or being JSON is to be looked at."""
    base = probe(
        said(200, b'{"a": 1, "b": [{"c": 1}], "n": null, "t": 1}', JSON),
        said(200, b'{"a": 3, "b": [{"c": 2, "d": 1}], "n": null}', JSON),
    )
    result = one(FITTING, base, probe(said(200, body, headers)))
    assert result.doubts == ((doubt,) if doubt else ())
    assert not one(UNFIT, base, probe(said(200, body, headers))).doubts


def test_other_type_is_a_doubt() -> None:
    """What was JSON and is plain text has lost its type and all that was in it."""
    result = one(FITTING, probe(said(200, b"{}", JSON)), probe(said(200, b"x")))
    assert result.doubts == (
        "fits: the answer has no more body",
        "fits: its type is none, was application/json",
    )


def test_answer_that_became_too_long_is_a_doubt() -> None:
    """What cannot be compared any more is said as that."""
    long = Said(Answer(200, JSON, b"[" * 99, is_whole=False))
    result = one(FITTING, probe(said(200, b"{}", JSON)), probe(long))
    assert result.doubts == ("fits: body is too long to be compared, was a table",)


def test_same_difference_is_told_once() -> None:
    """What is the same for many requests is one line with their number."""
    checks = [Check(name, "GET", "/") for name in "abcde"]
    answers = {(turn, n): said(204 if n else 200) for turn in (0, 1) for n in range(5)}
    results = compared(checks, None, Probe(1, said=answers))
    assert told.notes(results) == [
        "a: answered with 200",
        "4 requests: answered with 204 (b, c, d and 1 more)",
    ]


def test_what_passes_is_not_told() -> None:
    """What two answers of the base do not have in common is no difference to the patched tree."""
    base = probe(said(200, b'{"n": 1, "a": 1}', JSON), said(200, b'{"n": 2, "a": 1}', JSON))
    patched = probe(said(200, b'{"n": 3, "a": 2}', JSON), said(200, b'{"n": 4, "a": 2}', JSON))
    assert one(OWN, base, patched).differences == ("own: body.a: 1 -> 2",)


def test_other_status_says_it_all() -> None:
    """Where the status differs, the bodies are not compared; a later difference is told apart."""
    result = one(OWN, probe(said(200, b"x")), probe(said(404, b"y")))
    assert result.differences == ("own: status: 200 -> 404",)
    result = one(OWN, probe(said(201), said(409)), probe(said(201), said(201)))
    assert result.differences == ("own (second request): status: 409 -> 201",)


def test_request_that_was_not_sent_is_no_pass() -> None:
    """A check that the probe did not come to has no answer to pass with."""
    assert one(OWN, probe(said(200)), Probe(1)).fault == "it was not asked"
