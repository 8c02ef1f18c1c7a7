"""Placeholders are keyed, of fixed length, and found again exactly."""

from __future__ import annotations

import ipaddress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.redaction.interface import Kind
from workflow.redaction.vault.placeholder import Shape, damaged, make, places, shape_of, words

KEY = bytes(32)
LENGTHS = {Shape.WORD: 16, Shape.NUMBER: 18, Shape.IPV4: 15, Shape.IPV6: 39}


@given(st.binary(), st.sampled_from(Shape), st.binary(min_size=32, max_size=32))
def test_a_placeholder_is_found_again(value: bytes, shape: Shape, key: bytes) -> None:
    """Alone, and between what may stand around it."""
    made = make(key, value, shape)
    assert len(made) == LENGTHS[shape]
    assert made.isascii()
    assert places(made) == [(0, len(made))]
    assert places(b"x = " + made + b", y") == [(4, 4 + len(made))]
    assert damaged(made) == []
    assert bool(words(made)) is (shape is Shape.WORD)


@given(st.sets(st.tuples(st.binary(max_size=8), st.sampled_from(Shape)), min_size=2))
def test_none_begins_another(rows: set[tuple[bytes, Shape]]) -> None:
    """So that no text can be read as two of them."""
    made = sorted(make(KEY, value, shape) for value, shape in rows)
    assert not any(two.startswith(one) and one != two for one, two in pairwise(made))


@given(st.binary(), st.sampled_from([Shape.WORD, Shape.IPV6]))
def test_another_key_gives_another_placeholder(value: bytes, shape: Shape) -> None:
    """Two repositories never share one."""
    assert make(KEY, value, shape) != make(b"\1" * 32, value, shape)


def test_attempts_differ() -> None:
    """Two values that share a placeholder by chance get different ones."""
    for shape in Shape:
        assert len({make(KEY, b"x", shape, attempt) for attempt in range(20)}) == 20


def test_addresses_are_nobodys() -> None:
    """They parse, and lie where no host can be."""
    for number in range(500):
        value = b"%d" % number
        four = ipaddress.IPv4Address(make(KEY, value, Shape.IPV4).decode())
        assert four in ipaddress.IPv4Network("240.0.0.0/4")
        six = make(KEY, value, Shape.IPV6).decode()
        assert ipaddress.IPv6Address(six) in ipaddress.IPv6Network("fd5a:5156::/32")
        assert str(ipaddress.IPv6Address(six)) == six
        assert int(make(KEY, value, Shape.NUMBER)) < 2**63


@pytest.mark.parametrize(
    ("value", "before", "after", "shape"),
    [
        (b"1234", b'"pin": ', b",", Shape.NUMBER),
        (b"1234", b'"pin":', b"}", Shape.NUMBER),
        (b"-12.5e3", b"pin = ", b"  # why", Shape.NUMBER),
        (b"0xBEEF", b"key = ", b"", Shape.NUMBER),
        (b"1234", b"", b"", Shape.NUMBER),
        (b"1234", b'"pin": "', b'",', Shape.WORD),
        (b"1234", b"user:", b"@host", Shape.WORD),
        (b"1234", b"<pin>", b"</pin>", Shape.WORD),
        (b"1234", b"v1.", b"", Shape.WORD),
        (b"1234", b"x", b"", Shape.WORD),
        (b"12x4", b"pin: ", b"", Shape.WORD),
    ],
)
def test_a_bare_number_stays_a_number(
    value: bytes, before: bytes, after: bytes, shape: Shape
) -> None:
    """Where a word would keep the file from being read."""
    assert shape_of(Kind.PASSWORD, value, before, after) is shape


@pytest.mark.parametrize(
    ("value", "before", "after", "shape"),
    [
        (b"10.1.2.3", b"allow ", b"/24;", Shape.IPV4),
        (b"10.1.2.3", b"allow ", b":8080;", Shape.IPV4),
        (b"10.1.2.3", b"saw ", b". Then", Shape.IPV4),
        (b"10.1.2.3", b"x", b"", Shape.WORD),
        (b"10.1.2.3", b"", b".4", Shape.WORD),
        (b"10.1.2.3/8", b"", b"", Shape.WORD),
        (b"fe80::1", b"[", b"]:80", Shape.IPV6),
        (b"::ffff:10.1.2.3", b"", b"/96", Shape.IPV6),
        (b"fe80::1", b"a:", b"", Shape.WORD),
        (b"fe80::1", b"", b":a", Shape.WORD),
    ],
)
def test_an_address_stays_an_address(
    value: bytes, before: bytes, after: bytes, shape: Shape
) -> None:
    """With what belongs to it left outside."""
    assert shape_of(Kind.IP, value, before, after) is shape


def test_what_is_ordinary_is_no_placeholder() -> None:
    """Networks, masks and numbers of real files."""
    for text in (b"240.0.0.0/4", b"254.0.0.0", b"255.255.255.0", b"726112345678901234567", b"ZQVX"):
        assert places(text) == []


def test_damage_is_told() -> None:
    """Lower case, cut, lengthened, a separator or a line end inside."""
    word = make(KEY, b"x", Shape.WORD)
    for text in (
        word.lower(),
        word.title(),
        word[:-1],
        word[:4],
        word[:4] + b"-" + word[4:],
        word[:2] + b"\n" + word[2:],
        word[:3] + b'" + "' + word[3:],
        word[:3] + "\u200b".encode() + word[3:],
        make(KEY, b"x", Shape.NUMBER)[:-1],
        make(KEY, b"x", Shape.NUMBER) + b"1",
        make(KEY, b"x", Shape.IPV6).upper(),
        make(KEY, b"x", Shape.IPV6)[:-3],
    ):
        assert damaged(b"a = " + text + b";"), text
