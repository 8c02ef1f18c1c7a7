"""The scan: what one file or window shows to be a value is found in all of them."""

from __future__ import annotations

import re
from datetime import date
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from workflow.redaction.allow import Allow
from workflow.redaction.files import stream
from workflow.redaction.files.scan import ChangedError, Finding, Origin, Recorded, Scan
from workflow.redaction.files.walk import open_file
from workflow.redaction.interface import Kind, SealingError, Span
from workflow.redaction.reading import read
from workflow.redaction.settings import SealingSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHOWN = re.compile(rb"secret=(\S+)")
VALUE = b"abc" + b"DEF" + b"456-xyz"
FAR = 3 * stream.SIZE


class Plain:
    """A finder of `secret=…` alone, so that anything else that is found is known by then."""

    def __init__(self, allow: Recorded) -> None:
        self._allow = allow

    def find(self, data: bytes, path: str = "") -> tuple[Span, ...]:
        """The values that are named."""
        text = read(data).text
        found = [Span(*m.span(1), Kind.PASSWORD, "named") for m in SHOWN.finditer(text)]
        return tuple(span for span in found if not self._allow.drops(text, path, span))


@pytest.fixture
def scan() -> Iterator[Scan]:
    """Yield a scan with the plain finder."""
    allow = Recorded(Allow(SealingSettings(), date(2026, 11, 22)))
    with Scan(Plain(allow), allow) as fresh:
        yield fresh


def _found(scan: Scan, files: dict[str, bytes]) -> dict[str, list[Finding]]:
    for path, data in files.items():
        scan.learn(path, BytesIO(data), lambda: None)
    return {path: list(scan.places(path, partial(BytesIO, data))) for path, data in files.items()}


def test_a_value_of_a_later_file_is_found_in_an_earlier_one(scan: Scan) -> None:
    """Files are looked through again for what others have shown, and the origin is said."""
    files = {"a": b"one\nsee " + VALUE + b"\n", "b": b"x\nsecret=" + VALUE + b"\n"}
    found = _found(scan, files)
    (known,), (named,) = found["a"], found["b"]
    assert (known.span.start, known.span.end, known.line, known.column) == (8, 21, 2, 5)
    assert known.origin == Origin("b", 2)
    assert (named.span.start, named.line, named.column, named.origin) == (9, 2, 8, None)


def test_a_value_at_the_end_of_a_large_file_is_found_at_its_beginning(scan: Scan) -> None:
    """A file of many windows is one file: values are found before and behind their window."""
    line = b"nothing to see here at all\n"
    data = VALUE + b"\n" + line * (FAR // len(line)) + b"secret=" + VALUE + b"\n"
    (found,) = _found(scan, {"big": data}).values()
    assert [each.span.start for each in found] == [0, len(data) - len(VALUE) - 1]
    assert found[0].origin == Origin("big", data.count(b"\n"))


def test_a_weak_value_stays_where_it_was_found(scan: Scan) -> None:
    """A plain word is no secret wherever it stands."""
    found = _found(scan, {"a": b"admin\n", "b": b"secret=admin\n"})
    assert (len(found["a"]), len(found["b"])) == (0, 1)


def test_what_was_found_comes_out_by_file(scan: Scan) -> None:
    """However many places there are, each file gets its own, in order."""
    files = {
        f"f{number}": b"".join(b"secret=w%d\n" % row for row in range(number * 3000))
        for number in range(4)
    }
    found = _found(scan, files)
    for number, path in enumerate(files):
        assert [each.line for each in found[path]] == list(range(1, number * 3000 + 1))


def test_more_values_than_the_bound_are_still_found(
    scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound is on what is looked for elsewhere, never on what is found, and it is told."""
    monkeypatch.setattr("workflow.redaction.files.scan.MOST_VALUES", 2)
    found = _found(scan, {"a": b"".join(b"secret=pa55-Word%d\n" % n for n in range(9))})
    assert len(found["a"]) == 9
    assert scan.is_bounded


def test_a_file_that_fails_leaves_nothing_behind(scan: Scan) -> None:
    """A file that turns out to be no text half way is no part of the scan; others stay right."""
    broken = b"secret=" + VALUE + b"\n" + b"text\n" * stream.SIZE + b"\0\1\0"
    with pytest.raises(SealingError):
        scan.learn("broken", BytesIO(broken), lambda: None)
    (found,) = _found(scan, {"good": b"\nsecret=some-9-Other\n"}).values()
    assert [(each.span.start, each.line) for each in found] == [(8, 2)]


def test_a_file_that_changes_between_readings_is_an_error(scan: Scan, tmp_path: Path) -> None:
    """What was found in a file is said only of the bytes that it was found in."""
    file = tmp_path / "a"
    file.write_bytes(b"secret=" + VALUE + b"\n")
    with open_file(str(file)) as opened:
        scan.learn("a", opened, lambda: None)
    file.write_bytes(b"other\n")
    with pytest.raises(ChangedError, match="changed while it was read"):
        list(scan.places("a", lambda: open_file(str(file))))


def test_allowed_values_are_recorded_and_not_spread(scan: Scan) -> None:
    """A value that a comment allows is told with its line, and found nowhere else either."""
    said = b"  # workflow: allow password until 2027-01-31 because public\n"
    found = _found(scan, {"a": b"\nsecret=" + VALUE + said, "b": VALUE + b"\n"})
    assert not found["a"]
    assert not found["b"]
    (allowed,) = scan.allow.allowed
    assert (allowed.path, allowed.line, allowed.kind) == ("a", 2, Kind.PASSWORD)


def test_a_known_value_can_be_allowed_where_it_stands(scan: Scan) -> None:
    """A comment lets a value be seen on its line, also when another file has shown it."""
    said = b"  # workflow: allow password until 2027-01-31 because public\n"
    found = _found(scan, {"a": b"secret=" + VALUE + b"\n", "b": b"see " + VALUE + said})
    assert (len(found["a"]), len(found["b"])) == (1, 0)


def test_a_comment_that_allows_nothing_is_told(scan: Scan) -> None:
    """An expired allowance is a line to mend."""
    said = b"  # workflow: allow password until 2020-01-31 because public\n"
    (found,) = _found(scan, {"a": b"\nsecret=" + VALUE + said}).values()
    assert len(found) == 1
    (wrong,) = scan.misallowed
    assert (wrong.path, wrong.line) == ("a", 2)


def test_values_in_utf16_are_the_same_values(scan: Scan) -> None:
    """A value is known in whatever encoding a file has."""
    wide = ("see " + VALUE.decode() + "\n").encode("utf-16")
    found = _found(scan, {"a": wide, "b": b"secret=" + VALUE + b"\n"})
    (known,) = found["a"]
    assert wide[known.span.start : known.span.end].decode("utf-16-le").encode() == VALUE
