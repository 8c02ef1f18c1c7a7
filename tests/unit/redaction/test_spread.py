from __future__ import annotations

import base64
import random
import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.redaction.interface import Kind
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


def test_many_values_in_a_large_text_are_found_alike() -> None:
    """Looking for all at once finds what looking one by one finds."""
    rng = random.Random(4)  # noqa: S311 - test data
    values = [
        "".join(rng.choices(string.ascii_letters + "0123456789", k=14)).encode() for _ in range(60)
    ]
    text = b"\n".join(base64.b64encode(v) + b" " + v + b" " + v.hex().encode() for v in values)
    text += b" " * 500_000
    spread = Spread((value, Kind.TOKEN) for value in values)
    assert len(spread) * len(text) > 64_000_000 > len(spread) * len(text) / 10
    few = {span for at in range(0, 60, 6) for span in _some(values[at : at + 6], text)}
    assert set(spread.find(text)) == few


def _some(values: list[bytes], text: bytes) -> set[object]:
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
