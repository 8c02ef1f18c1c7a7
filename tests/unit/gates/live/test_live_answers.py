"""Answers of two trees held against each other, and reports that are read strictly."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from workflow.gates.nginx.live.asked import Door, Request
from workflow.gates.nginx.live.compare import compared
from workflow.gates.nginx.live.report import Answer, Received, Report, read
from workflow.gates.nginx.live.result import Result
from workflow.gates.nginx.live.scopes import EVERYWHERE, Reach, Reaches
from workflow.gates.nginx.live.weigh import Difference, Weight
from workflow.process import Ran
from workflow.semantics.nginx.change import Change, Effect
from workflow.types import Outcome

_DOOR = Door("198.51.100.1", 80, "a.example.test", is_tls=False)
_PLACE = frozenset({"location / of server a.example.test"})
_GET = Request(_DOOR, "/x", scopes=_PLACE)
_OK = Answer("answer", 200, (("server", "nginx"),), b"page", 4, "d1", "http/1.1")


def _reach(directive: str, effect: Effect = Effect.CHANGED, after: str = "") -> Reach:
    change = Change(effect, "location /", directive, f"the words of {directive}", after=after)
    return Reach(change, _PLACE)


def _report(*turns: Answer) -> Report:
    return Report(1, answers={(turn, 0): answer for turn, answer in enumerate(turns)})


def _differences(
    before: tuple[Answer, Answer],
    after: tuple[Answer, Answer],
    *reached: Reach,
    request: Request = _GET,
) -> tuple[Difference, ...]:
    (one,) = compared([request], _report(*before), _report(*after), Reaches(reached))
    return one.differences


def _one(before: Answer, after: Answer, *reached: Reach, request: Request = _GET) -> Difference:
    (found,) = _differences((before, before), (after, after), *reached, request=request)
    return found


def _with(**headers: str) -> Answer:
    more = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return replace(_OK, headers=_OK.headers + more)


def _asked(*targets: str, name: str = "app:1") -> Answer:
    made = (Received(name, "http/1.0", "GET", one, (), 0, "") for one in targets)
    return replace(_OK, upstream=tuple(made))


# --- comparing -----------------------------------------------------------------------------------


def test_the_same_answers_differ_in_nothing() -> None:
    """The time of day and what nginx makes of a file's age say nothing."""
    before, after = (_with(date=day, etag=day, last_modified=day) for day in ("Mon", "Tue"))
    assert not _differences((before, before), (after, after))


def test_the_time_of_day_is_no_difference() -> None:
    """Both trees are asked at their own moment; how long an answer may be kept is compared."""
    first, second = (
        replace(
            _with(
                date=f"Mon, 23 Nov 2026 05:24:0{at} GMT",
                expires=f"Tue, 24 Nov 2026 05:24:0{at} GMT",
                x_at=f"2026-11-23T05:24:0{at}+00:00 179543424{at}.123 0.00{at}",
                set_cookie=f"a=b; expires=Tue, 24-Nov-26 05:24:0{at} GMT",
            ),
            body=f"it is 23/Nov/2026:05:24:0{at} +0000".encode(),
            size=32,
            digest=str(at),
        )
        for at in (1, 2)
    )
    assert not _differences((first, first), (second, second))
    later = _with(date="Mon, 23 Nov 2026 05:24:02 GMT", expires="Tue, 24 Nov 2026 06:24:02 GMT")
    found = _one(
        _with(date="Mon, 23 Nov 2026 05:24:01 GMT", expires="Tue, 24 Nov 2026 05:24:01 GMT"), later
    )
    assert (found.before, found.after) == ("86400 s later", "90000 s later")


def test_what_is_never_the_same_is_not_compared() -> None:
    """A number of the request differs on one tree from turn to turn."""
    first, second, third, fourth = (_with(x_request_id=str(number)) for number in range(4))
    assert not _differences((first, second), (third, fourth))


def test_another_status_makes_another_answer() -> None:
    """Only the status is told then, in the words of both answers."""
    after = replace(_with(location="/y"), status=301, digest="d2")
    found = _one(_OK, after)
    assert (found.what, found.before, found.after) == ("status", "200", "301 to /y")


def test_a_change_in_the_place_explains_a_difference() -> None:
    """In another place it does not, and one of another header neither."""
    after = _with(x_new="1")
    assert _one(_OK, after, _reach("add_header X-New")).weight is Weight.EXPLAINED
    assert _one(_OK, after, _reach("add_header X-Other")).weight is Weight.DOUBT
    elsewhere = replace(_reach("add_header X-New"), labels=frozenset({"location /other"}))
    found = _one(_OK, after, elsewhere)
    assert (found.weight, found.cause) == (Weight.DOUBT, "nothing in the change accounts for it")
    everywhere = replace(_reach("add_header X-New"), labels=frozenset({EVERYWHERE}))
    assert _one(_OK, after, everywhere).weight is Weight.EXPLAINED


@pytest.mark.parametrize(
    ("before", "after", "reach", "weight", "cause"),
    [
        (_with(x_frame_options="DENY"), _OK, "proxy_pass", "fault", "x-frame-options is lost"),
        (_with(x_frame_options="D"), _OK, "add_header X-Frame-Options", "doubt", "is lost"),
        (_OK, replace(_OK, status=502), "proxy_pass", "fault", "answered with 502"),
        (_OK, Answer("the connection was reset", 0), "root", "fault", "answered with the conn"),
        (replace(_OK, status=401), _OK, "root", "fault", "refused with 401 is let in"),
        (replace(_OK, status=401), _OK, "auth_basic", "doubt", "refused with 401 is let in"),
        (replace(_OK, status=413), _OK, "client_max_body_size", "explained", "the words of"),
        (replace(_OK, status=413), _OK, "root", "fault", "413 is let in"),
        (replace(_OK, status=405), _OK, "proxy_pass", "explained", "the words of proxy_pass"),
        (replace(_OK, status=405), _OK, "limit_except", "doubt", "405 is let in"),
        (replace(_OK, status=101), _OK, "proxy_set_header Upgrade", "doubt", "WebSocket"),
        (_OK, _with(x_split="1"), "return", "fault", "an encoded line break"),
        (_asked("/a"), _asked("/b/a"), "proxy_pass", "doubt", "for /b/a instead of /a"),
        (_asked("/a"), _asked("/b/a"), "add_header X", "fault", "for /b/a instead of /a"),
        (_asked("/a"), _asked("//a"), "proxy_pass", "fault", "a doubled slash"),
    ],
)
def test_how_a_difference_weighs(
    before: Answer, after: Answer, reach: str, weight: str, cause: str
) -> None:
    """What is dangerous is a fault, unless a change is about just that: then a person decides."""
    found = _one(before, after, _reach(reach))
    assert (str(found.weight), cause in found.cause) == (weight, True), found


@pytest.mark.parametrize(
    ("status", "reach", "weight"),
    [
        (404, _reach("try_files", after="try_files $uri =404"), "doubt"),
        (404, _reach("root", after="root /srv"), "doubt"),
        (404, _reach("return", after="return 404"), "explained"),
        (410, _reach("return", after="return 410"), "explained"),
        (403, _reach("return", after="return 404"), "doubt"),
        (403, _reach("deny", after="deny all"), "explained"),
        (404, _reach("deny", after="deny all"), "doubt"),
        (401, _reach("auth_basic", after="auth_basic x"), "explained"),
        (405, _reach("if", after="if ($request_method != POST) return 405"), "explained"),
    ],
)
def test_what_becomes_an_error_is_a_doubt_unless_the_change_refuses(
    status: int, reach: Reach, weight: str
) -> None:
    """Explained or not: pages that are gone are seldom what a change is for."""
    found = _one(_OK, replace(_OK, status=status), reach)
    assert str(found.weight) == weight
    assert f"the words of {reach.change.directive}" in found.cause
    again = _one(replace(_OK, status=404), replace(_OK, status=403), reach)
    assert again.weight is Weight.EXPLAINED


def test_an_interim_answer_loses_no_header() -> None:
    """That a body is wanted says nothing about the headers of the answer."""
    before = replace(_with(x_frame_options="DENY"), status=413)
    found = _one(before, Answer("answer", 100), _reach("client_max_body_size"))
    assert (found.what, found.weight) == ("status", Weight.EXPLAINED)


def test_a_long_header_is_told_by_the_words_that_it_gains() -> None:
    """And compared to its end."""
    policy = "default-src 'self'; connect-src " + " ".join(f"https://{n}.test" for n in range(30))
    after = _with(content_security_policy=f"{policy} https://new.test")
    reach = _reach("add_header Content-Security-Policy")
    before = _with(content_security_policy=policy)
    old, new = _report(before, before), _report(after, after)
    result = Result("n.conf", compared=compared([_GET], old, new, Reaches([reach])))
    assert result.told[0].endswith("content-security-policy: gains https://new.test")


def test_a_new_location_that_says_that_it_refuses_explains_it() -> None:
    """Its text tells: `allows POST only`."""
    new = _reach("location = /x", Effect.ADDED)
    says = replace(new, change=replace(new.change, text="it is new: allows POST only"))
    refused = replace(_OK, status=403)
    assert _one(_OK, refused, says).weight is Weight.EXPLAINED
    assert _one(_OK, refused, new).weight is Weight.DOUBT


@pytest.mark.parametrize(
    ("failed", "address", "weight"),
    [
        ("unix:/run/p.sock: Permission denied", "fastcgi://unix:/run/p.sock:", "doubt"),
        ("app:3000: Address already in use", "http://127.0.1.1:3000/x", "doubt"),
        ("app:3001: Address already in use", "http://127.0.1.1:3000/x", "fault"),
    ],
)
def test_an_upstream_that_could_not_stand_in_is_no_fault(
    failed: str, address: str, weight: str
) -> None:
    """It is the probe that failed then; another upstream's error still is one."""
    logged = (
        f'[crit] connect() failed, server: a, request: "GET /x HTTP/1.1", upstream: "{address}"'
    )
    bad = replace(_OK, status=502)
    patched = replace(_report(bad, bad), logged=(logged,), failed=(failed,))
    (one,) = compared([_GET], _report(_OK, _OK), patched, Reaches(()))
    (found,) = one.differences
    assert str(found.weight) == weight
    assert (failed in found.cause) is (weight == "doubt")


def test_an_error_that_the_change_asks_for_is_a_doubt() -> None:
    """`return 503` answers with 503."""
    found = _one(_OK, replace(_OK, status=503), _reach("return", after="return 503"))
    assert found.weight is Weight.DOUBT


def test_what_nginx_logged_about_a_request_is_its_cause() -> None:
    """The line without what says which request it was about."""
    logged = (
        '[error] no resolver defined to resolve app, server: a.example.test, request: "GET /x'
        ' HTTP/1.1", host: "a.example.test"'
    )
    bad = replace(_OK, status=502)
    patched = replace(_report(bad, bad), logged=(logged,))
    (one,) = compared([_GET], _report(_OK, _OK), patched, Reaches(()))
    assert one.differences[0].cause == "[error] no resolver defined to resolve app"


def test_an_origin_that_only_looks_allowed_is_a_fault() -> None:
    """And `null`, which any page can have."""
    for origin in ("https://ok.example.test.lookalike.invalid", "null"):
        request = replace(_GET, headers=(("Origin", origin),))
        found = _one(_OK, _with(access_control_allow_origin=origin), request=request)
        assert found.weight is Weight.FAULT
    request = replace(_GET, headers=(("Origin", "https://ok.example.test"),))
    allowed = _with(access_control_allow_origin="https://ok.example.test")
    assert _one(_OK, allowed, request=request).weight is Weight.DOUBT


def test_a_service_that_is_not_asked_for_leave_any_more_is_a_fault() -> None:
    """The request itself is still answered."""
    before = replace(_OK, upstream=(*_asked("/in", name="sso:1").upstream, *_asked("/x").upstream))
    found = _one(before, _asked("/x"))
    assert (found.weight, found.cause) == (Weight.FAULT, "sso:1 is not asked any more")


def test_redirects_in_a_circle_are_a_fault_only_where_they_are_new() -> None:
    """A circle of two, found among the answers."""
    asked = [replace(_GET, target="/x"), replace(_GET, target="/y")]
    to = {one: replace(_OK, status=301, headers=(("location", one),)) for one in ("/x", "/y")}
    turns = {
        (turn, place): to[where] for turn in (0, 1) for place, where in enumerate(("/y", "/x"))
    }
    circle = Report(1, answers=turns)
    plain = Report(1, answers=dict.fromkeys(turns, _OK))
    found = compared(asked, plain, circle, Reaches(()))
    assert all(any("circle" in one.cause for one in each.differences) for each in found)
    assert not any(each.differences for each in compared(asked, circle, circle, Reaches(())))


def test_what_was_not_asked_is_not_as_before() -> None:
    """A run that stopped early says nothing about the rest."""
    assert compared([_GET], Report(1), Report(1), Reaches(())) == ()


# --- results -------------------------------------------------------------------------------------


def test_a_result_counts_what_is_the_same_wrong_and_proven() -> None:
    """Doubtful answers are in none of the three."""
    asked = [replace(_GET, target=f"/{name}") for name in "abcd"]
    after = [_OK, _with(x_new="1"), replace(_OK, status=502), _with(x_other="1")]
    turns = (0, 1)
    base = Report(1, answers={(turn, place): _OK for turn in turns for place in range(4)})
    patched = Report(1, answers={(turn, p): one for turn in turns for p, one in enumerate(after)})
    result = Result(
        "n.conf", compared=compared(asked, base, patched, Reaches([_reach("add_header X-New")]))
    )
    counts = {str(tally.turn): tally.count for tally in result.tallies}
    assert counts == {"pass-to-pass": 1, "fail-to-pass": 1, "pass-to-fail": 1}
    assert result.outcome is Outcome.FAIL
    assert not result.proofs
    assert "answered with 502" in result.summary


def test_what_could_not_be_probed_is_no_pass() -> None:
    """It is an `ERROR`; where the base comes up and the patched tree does not, a `FAIL`."""
    assert Result("n.conf", why="so").outcome is Outcome.ERROR
    assert Result("n.conf", why="so", is_broken=True).outcome is Outcome.FAIL
    assert Result("n.conf", why="so").plain()["outcome"] == "error"


# --- reports -------------------------------------------------------------------------------------


def _ran(*lines: object, stderr: bytes = b"", status: int = 0) -> Ran:
    report = b"".join(
        line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines
    )
    return Ran(("python",), status, b"", stderr, seconds=0.1, report=report)


def _line(**changed: object) -> dict[str, object]:
    got = {
        "end": "answer",
        "status": 200,
        "headers": [["X-A", "b"]],
        "size": 1,
        "sha256": "d",
        "body": base64.b64encode(b"a").decode(),
        "protocol": "h2",
        "tls": "",
        "certificate": "",
        **changed,
    }
    return {"turn": 0, "ask": 0, "ms": 1, "upstream": [], "ended": None, "got": got}


_START, _DONE = {"started_ms": 3}, {"done": True, "ended": None}


def test_a_report_is_read() -> None:
    """Header names are lower-case, whatever was sent."""
    report = read(_ran(_START, _line(), _DONE), [_GET])
    assert (report.started_ms, report.problem) == (3, "")
    assert report.answers[0, 0].headers == (("x-a", "b"),)


@pytest.mark.parametrize(
    "line",
    [
        *(b"{", b"[]\n", b"\xff\n", b"1\n"),
        _line(status="200"),
        _line(status=True),
        _line(headers=[["a"]]),
        _line(headers=[[1, "b"]]),
        _line(body="no base64!"),
        {**_line(), "ask": 1},
        {**_line(), "ask": -1},
        {**_line(), "got": None},
        {**_line(), "upstream": [{}]},
    ],
)
def test_a_damaged_report_is_a_problem(line: object) -> None:
    """Never an error of ours, and never taken for an answer."""
    report = read(_ran(_START, line, _DONE), [_GET])
    assert report.problem == "the report of the probe is damaged"
    assert not report.is_up


def test_a_report_that_breaks_off_is_a_problem() -> None:
    """Without its last line nothing is known to be all."""
    report = read(_ran(_START, _line(), stderr=b"Killed\n", status=137), [_GET])
    assert report.problem == "the probe was ended from inside, with status 137: Killed"


def test_why_nginx_did_not_start_is_in_its_own_words() -> None:
    """The first emergency, without time and numbers."""
    said = b"2026/01/01 00:00:00 [emerg] 5#5: host not found in upstream\nnginx: more\n"
    report = read(_ran({"stopped": 1}, _DONE, stderr=said), [_GET])
    assert report.problem == "nginx ended with status 1: host not found in upstream"


def test_errors_that_nginx_logs_are_kept_once_and_printable() -> None:
    """Without the client; other levels are not kept."""
    line = (
        b'2026/01/01 00:00:00 [error] 5#5: *1 bad \x1b[31m, client: 1.2.3.4, server: a, host: "h"\n'
    )
    report = read(_ran(_START, _DONE, stderr=line * 2 + line.replace(b"error", b"notice")), [_GET])
    assert report.logged == ('[error] bad \\x1b[31m, server: a, host: "h"',)


def test_changes_are_told_in_their_order() -> None:
    """What explains an answer first is the first change, whatever the order of names in a set."""
    labels = [f"location /{number}" for number in range(40)]
    every = [Reach(_reach(f"add_header X-{label}").change, frozenset({label})) for label in labels]
    assert Reaches(every).touching(frozenset(labels)) == tuple(every)
