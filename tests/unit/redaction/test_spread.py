from __future__ import annotations

import base64
import random
import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.redaction.interface import Kind, Span
from workflow.redaction.spread import Spread, is_strong

VALUE = b"Kn7/" + b"pQ x+w9Z"


def _found(values: list[bytes], text: bytes) -> set[bytes]:
    spread = Spread((value, Kind.PASSWORD) for value in values)
    return {text[span.start : span.end] for span in spread.find(text)}


@pytest.mark.parametrize("value", ["admin", "postgres", "true|false", "20240101", "a" * 40, "Ab1!"])
def test_words_and_dates_are_weak(value: str) -> None:
    """What stands in any file by accident is sealed only where it was found."""
    assert not is_strong(value.encode())


@pytest.mark.parametrize("value", ["winter24", "hunter2!", "correct horse battery", "x7Kpq" * 3])
def test_mixed_and_long_values_are_strong(value: str) -> None:
    """What nobody writes by accident is looked for everywhere."""
    assert is_strong(value.encode())


def test_a_value_is_found_in_each_form() -> None:
    """Plain, in a URL, in hexadecimal, and in base64 at any alignment."""
    for form in (VALUE, quote(VALUE, safe="").encode(), VALUE.hex().encode()):
        assert _found([VALUE], b"a " + form + b" b") == {form}
    for lead in range(3):
        code = base64.b64encode(b"x" * lead + VALUE + b"yz")
        bits = code[lead * 8 // 6 : -(-(lead + len(VALUE)) * 8 // 6)]
        (hit,) = _found([VALUE], b"a " + code + b" b")
        assert bits in hit
        assert len(hit) <= len(bits) + 2


def test_every_place_is_found() -> None:
    """There is no cap on the number of places."""
    text = b" ".join([VALUE] * 5000)
    assert len(list(Spread([(VALUE, Kind.TOKEN)]).find(text))) == 5000


@pytest.mark.parametrize("compiled", [False, True])
def test_many_values_are_found_alike(compiled: bool) -> None:  # noqa: FBT001 - pytest gives it
    """Looking for all at once, compiled or not, finds what looking one by one finds."""
    rng = random.Random(4)  # noqa: S311 - test data
    values = [
        "".join(rng.choices(string.ascii_letters + "0123456789", k=14)).encode() for _ in range(200)
    ]
    text = b"\n".join(base64.b64encode(v) + b" " + v + b" " + v.hex().encode() for v in values)
    text += b"." * 100
    spread = Spread((value, Kind.TOKEN) for value in values)
    if compiled:
        assert not set(spread.find(b" " * 2_000_000))
    few = {span for at in range(0, 200, 10) for span in _some(values[at : at + 10], text)}
    for cut in range(9):
        assert set(spread.find(b"." * cut + text)) == {
            Span(s.start + cut, s.end + cut, s.kind, s.rule) for s in few
        }


def test_values_of_one_end_and_many_lengths_are_told_apart() -> None:
    """Each suffix that is a value of its own is found, also where the text begins with it."""
    rng = random.Random(5)  # noqa: S311 - test data
    whole = "".join(rng.choices(string.ascii_letters + string.digits, k=300)).encode()
    values = [whole[at:] for at in range(280)]
    found = {(s.start, s.end) for s in Spread((v, Kind.TOKEN) for v in values).find(whole)}
    assert found == {(at, 300) for at in range(280)}


def test_a_value_of_any_length_is_looked_for() -> None:
    """One that is too long to be compiled is found among many others, and only as a whole."""
    rng = random.Random(6)  # noqa: S311 - test data
    long = "".join(rng.choices(string.ascii_letters, k=40_000)).encode()
    spread = Spread([(long, Kind.TOKEN), (long[:39_999] + b"-", Kind.TOKEN)])
    text = b" " * 2_000_000 + long + b" "
    assert [(span.start, span.end) for span in spread.find(text)] == [(2_000_000, 2_040_000)]


def test_texts_shorter_than_a_word_hold_nothing() -> None:
    """No length of a text is too small to be looked at."""
    spread = Spread((b"%dKpq%d" % (at, at * 7919), Kind.TOKEN) for at in range(1000, 1300))
    assert not [span for size in range(12) for span in spread.find(b"1" * size)]


def _some(values: list[bytes], text: bytes) -> set[Span]:
    return set(Spread((value, Kind.TOKEN) for value in values).find(text))


@given(st.binary(min_size=8, max_size=20), st.binary(max_size=50), st.binary(max_size=50))
def test_a_strong_value_is_found_between_any_bytes(
    value: bytes, before: bytes, after: bytes
) -> None:
    """Whatever stands around it, the place of the value is among those found."""
    if is_strong(value) and b"\0" not in value:
        places = {
            (s.start, s.end) for s in Spread([(value, Kind.TOKEN)]).find(before + value + after)
        }
        overlapping = any(start <= len(before) < end for start, end in places)
        assert (len(before), len(before) + len(value)) in places or overlapping
