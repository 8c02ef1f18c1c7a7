from __future__ import annotations

import base64
import html
import json
import random
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.redaction.variants import variants

VALUE = 'sch"lüssel/+&= 7<'


def _forms(value: bytes) -> set[bytes]:
    return {form for _, form in variants(value)}


def test_the_value_itself_comes_first() -> None:
    """Who only wants the plain form takes the first."""
    assert next(variants(b"abcdefgh")) == ("raw", b"abcdefgh")


@pytest.mark.parametrize(
    "form",
    [
        json.dumps(VALUE)[1:-1],
        json.dumps(VALUE, ensure_ascii=False)[1:-1],
        json.dumps(VALUE).replace("/", "\\/")[1:-1],
        json.dumps(json.dumps(VALUE))[3:-3],
        quote(VALUE),
        quote(VALUE, safe=""),
        quote_plus(VALUE),
        quote(VALUE, safe="").lower(),
        html.escape(VALUE),
        html.escape(VALUE, quote=False),
        VALUE.encode().hex(),
        VALUE.encode().hex().upper(),
    ],
)
def test_each_writer_s_form_is_among_them(form: str) -> None:
    """JSON's, a URL's, HTML's and hexadecimal writers agree with the list."""
    assert form.encode() in _forms(VALUE.encode())


@given(st.binary(min_size=8, max_size=40), st.binary(max_size=5), st.binary(max_size=5))
def test_base64_of_any_surroundings_holds_one_of_the_forms(
    value: bytes, before: bytes, after: bytes
) -> None:
    """Wherever the value begins within three bytes, one of the alignments fits."""
    whole = before + value + after
    forms = {form for name, form in variants(value) if name.startswith("base64")}
    assert any(form in base64.b64encode(whole) for form in forms)
    assert any(form in base64.urlsafe_b64encode(whole) for form in forms)


def test_a_plain_value_has_few_forms() -> None:
    """Letters and digits look alike in JSON, URLs and HTML, so that these cost nothing."""
    value = random.Random(1).randbytes(9).hex().encode()  # noqa: S311 - test data
    assert {name for name, _ in variants(value)} == {"raw", "base64", "hex"} | (
        {"base64url"} & {name for name, _ in variants(value)}
    )


def test_a_value_in_latin_1_has_its_form_in_utf_8() -> None:
    """A file may be in Latin-1, and what is sent is in UTF-8."""
    assert "pässwörd1".encode() in _forms("pässwörd1".encode("latin-1"))
