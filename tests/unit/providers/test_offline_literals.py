"""Values from a request, checked and converted."""

from __future__ import annotations

import pytest

from workflow.errors import NotUnderstoodError
from workflow.providers.offline.literals import (
    as_address,
    as_origin,
    as_size,
    as_target,
    as_time,
    bytes_in,
    like_time,
    milliseconds_in,
    quoted,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("20 MB", "20m"),
        ("16k", "16k"),
        ("16 KiB", "16k"),
        ("1 gigabyte", "1g"),
        ("512 bytes", "512"),
    ],
)
def test_sizes(text: str, size: str) -> None:
    """Sizes in words become nginx's."""
    assert as_size(text) == size


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2 minutes", "2m"),
        ("30", "30s"),
        ("1500 ms", "1500ms"),
        ("1h 30m", "1h30m"),
        ("1 month", "1M"),
    ],
)
def test_times(text: str, time: str) -> None:
    """Times in words become nginx's."""
    assert as_time(text) == time


@pytest.mark.parametrize(
    ("time", "old", "expected"),
    [
        ("2m", "60s", "120s"),
        ("2m", "60", "120"),
        ("90s", "1m", "90s"),
        ("2h", "1m", "120m"),
        ("5s", "$t", "5s"),
        ("500ms", "1s", "500ms"),
    ],
)
def test_times_in_the_old_unit(time: str, old: str, expected: str) -> None:
    """A time follows the old value's unit where that is a whole number."""
    assert like_time(time, old) == expected


def test_amounts() -> None:
    """Units compare by what they stand for."""
    assert bytes_in("1m") == bytes_in("1024K") == 1 << 20
    assert milliseconds_in("1h30m") == milliseconds_in("90m") == 5_400_000
    assert bytes_in("$x") is milliseconds_in("$x") is None


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://A.Example.com", "https://a.example.com"),
        ("https://a.io:443", "https://a.io"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://a.io/", "https://a.io"),
        ("https://*.a.io", "https://*.a.io"),
        ("https://[::1]:8443", "https://[::1]:8443"),
    ],
)
def test_origins(text: str, origin: str) -> None:
    """Origins are spelled as browsers send them."""
    assert as_origin(text) == origin


HOSTILE = [
    "",
    " ",
    ";",
    "}",
    "{",
    "\n",
    "$x",
    '"',
    "'",
    "\\",
    "#",
    "a;b",
    "a b",
    "\x00",
    "é",
]


@pytest.mark.parametrize("tail", HOSTILE)
def test_hostile_values_never_pass(tail: str) -> None:
    """Nothing that means something to nginx gets through any of the checks."""
    for check, good in (
        (as_origin, "https://a.io"),
        (as_address, "a.io:80"),
        (as_target, "http://a"),
    ):
        if not tail:
            assert check(good) == good
            continue
        with pytest.raises(NotUnderstoodError):
            check(good + tail)
    if tail in {"\n", "$x", "\\", "\x00", "é"}:
        with pytest.raises(NotUnderstoodError):
            quoted("a" + tail)


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "*",
        "https://*",
        "https://a.io/x",
        "https://a.io?x",
        "https://u:p@a.io",
        "https://a.io:0",
        "https://-a.io",
        "file:///a",
    ],
)
def test_no_origins(text: str) -> None:
    """What is not exactly a scheme, a host and a port is refused."""
    with pytest.raises(NotUnderstoodError):
        as_origin(text)


@pytest.mark.parametrize("text", ["20 parsecs", "1.5m", "", "m", "-1m"])
def test_no_amounts(text: str) -> None:
    """What nginx would not take is refused."""
    for check in (as_size, as_time):
        with pytest.raises(NotUnderstoodError):
            check(text)


def test_quoting() -> None:
    """The quotes are those that the value does not hold; both kinds are refused."""
    assert quoted("a b") == '"a b"'
    assert quoted('a "b"') == "'a \"b\"'"
    assert quoted("a", "'") == "'a'"
    with pytest.raises(NotUnderstoodError, match="both kinds"):
        quoted("'\"")
