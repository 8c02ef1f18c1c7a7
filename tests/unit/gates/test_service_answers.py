from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.gates.service.answers import Answer, NotHttpError, read
from workflow.gates.service.exchange import Said
from workflow.gates.service.facts import facts

NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12).filter(
    lambda name: name not in {"content-length", "transfer-encoding"}
)
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=6)
STATUSES = st.integers(200, 599).filter(lambda status: status not in {204, 304})


def sent(status: int, headers: list[tuple[str, str]], body: bytes, way: str, at: int = 3) -> bytes:
    """Write an answer down as servers do, its length told in one of three ways."""
    told = list(headers)
    if way == "length":
        told.append(("Content-Length", str(len(body))))
    if way == "chunks":
        told.append(("Transfer-Encoding", "chunked"))
        parts = [body[:at], body[at:]]
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part)
        body += b"0\r\n\r\n"
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in told)]
    return "\r\n".join([*lines, "", ""]).encode() + body


@given(STATUSES, HEADERS, st.binary(max_size=200), st.sampled_from(["length", "chunks", "close"]))
def test_what_is_written_is_read(
    status: int, headers: list[tuple[str, str]], body: bytes, way: str
) -> None:
    """An answer comes back as it was, however its length is told."""
    answer = read(sent(status, headers, body, way), "GET", 7)
    assert (answer.status, answer.body, answer.is_whole, answer.ms) == (status, body, True, 7)
    assert answer.headers[: len(headers)] == tuple(headers)


@given(
    STATUSES, st.binary(min_size=1, max_size=50), st.sampled_from(["length", "chunks"]), st.data()
)
def test_what_breaks_off_is_not_whole(
    status: int, body: bytes, way: str, data: st.DataObject
) -> None:
    """An answer that is cut anywhere is none, or is known not to be whole."""
    raw = sent(status, [], body, way)
    cut = raw[: data.draw(st.integers(0, len(raw) - 1))]
    with contextlib.suppress(NotHttpError):
        assert not read(cut, "GET").is_whole


@given(
    st.binary(max_size=300) | st.binary(max_size=200).map(lambda data: b"HTTP/1.1 200\r\n" + data)
)
def test_no_bytes_do_harm(raw: bytes) -> None:
    """Whatever is sent is an answer or is refused, and an answer's facts are short lines."""
    try:
        answer = read(raw, "GET")
    except NotHttpError:
        return
    for name, value in facts(Said(answer)).items():
        assert (name + value).isprintable()
        assert len(value) < 100


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "nothing was sent"),
        (b"HTTP/1.1 200 OK\r\na: b\r\n", "no end"),
        (b"HTTP/1.1 20 OK\r\n\r\n", "no status line"),
        (b"HTTP/2 200 OK\r\n\r\n", "no status line"),
        (b"HTTP/1.1 200 OK\na: b\r\n\r\n", "no status line"),
        (b"HTTP/1.1 200 OK\r\n folded\r\n\r\n", "a header that is none"),
        (b"HTTP/1.1 200 OK\r\na b: c\r\n\r\n", "a header that is none"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 201 + b"\r\n", "more than 200 headers"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 11, "too many interim answers"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "doubtful length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "doubtful length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "doubtful length"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
            "doubtful length",
        ),
    ],
)
def test_what_is_no_answer(raw: bytes, why: str) -> None:
    """Bytes that a lenient client would guess at are refused, with the reason."""
    with pytest.raises(NotHttpError, match=why):
        read(raw, "GET")


def test_interim_answers_are_passed_over() -> None:
    """An answer that only announces the next one is not the answer."""
    raw = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + sent(201, [], b"made", "length")
    assert read(raw, "POST").status == 201


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_answers_without_a_body(method: str, status: int) -> None:
    """A body where there can be none makes the answer one that is not whole."""
    raw = b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status
    assert read(raw, method) == Answer(status, (("content-length", "5"),), b"")
    assert not read(raw + b"12345", method).is_whole


def test_longer_than_it_says() -> None:
    """What follows the declared length is not taken for the body, and noticed."""
    answer = read(sent(200, [], b"12345", "length") + b"more", "GET")
    assert (answer.body, answer.is_whole) == (b"12345", False)


def shown(body: bytes, kind: str = "application/json") -> dict[str, str]:
    """Return the facts of a body."""
    return facts(Said(Answer(200, (("content-type", kind),), body)))


def test_facts_of_json() -> None:
    """Each leaf of a document is a fact with its place; what passes is told by its kind alone."""
    body = b'{"a": [1, true, null], "b": {"c": "x"}, "t": "2026-01-02T03:04:05Z"}'
    assert shown(body) == {
        "status": "200",
        "header content-type": "application/json",
        "body": "a table",
        "body.a": "a list of 3",
        "body.a[0]": "1",
        "body.a[1]": "true",
        "body.a[2]": "null",
        "body.b": "a table",
        "body.b.c": '"x"',
        "body.t": "a time",
    }


def test_facts_of_hostile_bodies() -> None:
    """Depth, width, huge numbers and control characters end in few, short, printable facts."""
    for body in (
        b"[" * 60_000,
        b"[" * 500 + b"]" * 500,
        b"[" + b"0," * 30_000 + b"0]",
        b"9" * 60_000,
        b'{"\\u202e\\u0000": "\\u001b[31m"}',
        b'{"' + b"k" * 60_000 + b'": "' + b"v" * 100 + b'"}',
        b'"\\ud800"',
    ):
        found = shown(body)
        assert len(found) < 500
        assert all((name + value).isprintable() for name, value in found.items())
        assert all(len(name) < 3000 and len(value) < 120 for name, value in found.items())


def test_two_long_values_are_told_apart() -> None:
    """Values that differ only past what is shown are still two."""
    first, second = (shown(b'"' + b"v" * 200 + end + b'"') for end in (b"1", b"2"))
    assert first["body"] != second["body"]
    first, second = (shown(b"[" + b"0," * 1000 + end + b"]") for end in (b"1", b"2"))
    assert first["body, the rest"] != second["body, the rest"]


def test_chunks_have_ends() -> None:
    """A chunk that does not end where it says makes an answer that is not whole."""
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert read(start + b"2\r\nab\r\n0\r\n\r\n", "GET").is_whole
    assert not read(start + b"2\r\nabxx0\r\n\r\n", "GET").is_whole
    assert read(start + b"0\r\ntrailer: x\r\n\r\n", "GET").is_whole


def test_cookies_are_told_without_their_values() -> None:
    """Of a cookie its name and attributes are a fact, and not its value."""
    value = "session=" + "abc" * 5 + "; HttpOnly; Path=/"
    answer = Answer(200, (("set-cookie", value),), b"")
    assert facts(Said(answer))["header set-cookie"] == "session, HttpOnly, Path=/"
