"""One value has one byte form, and every difference shows in the digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from workflow.canonical import digest, encode, plain, sha256
from workflow.types import BlastRadius, Digest, Evidence, Outcome, Proposal, Side, Verdict

if TYPE_CHECKING:
    from tests.unit.conftest import Desk


def test_the_order_of_keys_does_not_matter() -> None:
    """Two spellings of one object are the same bytes."""
    assert encode({"b": 1, "a": [True, None, "é"]}) == '{"a":[true,null,"é"],"b":1}'.encode()
    assert encode({"a": 1, "b": 2}) == encode({"b": 2, "a": 1})


def test_sha256_is_the_usual_one() -> None:
    """The digest is the standard library's, with its name in front."""
    assert sha256(b"abc") == "sha256:" + hashlib.sha256(b"abc").hexdigest()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_what_is_encoded_can_be_read_back(value: object) -> None:
    """Canonical JSON is JSON, and loses nothing."""
    assert json.loads(encode(value)) == value


def test_a_dataclass_becomes_plain_values() -> None:
    """Enumerations become their values and tuples lists, all the way down."""
    evidence = Evidence(Side.PATCHED, "nginx -t", None, 0.25, sha256(b""))
    made = plain(Verdict("nginx", Outcome.PASS, "ok", (evidence,), ("note",)))
    assert made["outcome"] == "pass"
    assert type(made["outcome"]) is str
    assert made["evidence"][0] == {
        "side": "patched",
        "command": "nginx -t",
        "exit_status": None,
        "seconds": 0.25,
        "log": str(sha256(b"")),
    }


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_equal_values_have_equal_digests(files: int, hunks: int, added: int, removed: int) -> None:
    """A digest depends on the value alone, and changes with any field."""
    radius = BlastRadius(files, hunks, added, removed)
    assert digest(radius) == digest(BlastRadius(files, hunks, added, removed))
    for field in fields(radius):
        other = replace(radius, **{field.name: getattr(radius, field.name) + 1})
        assert digest(other) != digest(radius)


def test_every_field_of_a_proposal_is_covered(desk: Desk) -> None:
    """What an approval covers is the whole proposal: no field can change behind it."""
    proposal = desk.proposal({"site.conf": b"new\n"})
    body = plain(proposal)
    assert set(body) == {field.name for field in fields(Proposal)}
    for name in body:
        assert sha256(encode({**body, name: "another"})) != digest(proposal)


def test_a_proposal_read_back_is_equal(desk: Desk) -> None:
    """Its canonical form holds all of a proposal."""
    proposal = desk.proposal({"site.conf": b"new\n", "app/main.py": None})
    assert TypeAdapter(Proposal).validate_json(encode(plain(proposal))) == proposal


def test_what_is_not_unicode_has_no_canonical_form() -> None:
    """A lone surrogate is refused instead of being hashed in some way."""
    with pytest.raises(ValueError, match="UTF-8"):
        encode({"text": "\ud800"})
    assert isinstance(digest(BlastRadius(0, 0, 0, 0)), Digest)
