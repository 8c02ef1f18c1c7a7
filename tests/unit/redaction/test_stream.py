"""Windows: whatever is cut where, each byte is answered for once, with enough around it."""

from __future__ import annotations

import codecs
import re
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.redaction.files.stream import Window, clipped, windows
from workflow.redaction.interface import Kind, Span
from workflow.redaction.reading import UndecodableError

if TYPE_CHECKING:
    from collections.abc import Iterator

MARGIN = 32  # at least a value's length, in any encoding
SIZE = 8 * MARGIN
WORD = re.compile(r"<\w*>")
TEXTS = st.lists(
    # The last three have a line feed's byte within them, or next to each other.
    st.sampled_from(["<value>", "\n", "a" * 30, "é b", "\U0001f600", "\u0a0a", "\u0100", "\u010a"]),
    max_size=60,
).map(lambda parts: "".join(parts) * 4)
ENCODINGS = st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
MARKS = {
    "utf-8": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


def _find(window: Window) -> tuple[Span, ...]:
    """What a finder would say: every `<word>` in the data of a window, by its place there."""
    encoding = window.wide.name if window.wide else "utf-8"
    text = window.data.decode(encoding, "surrogateescape")
    places = []
    for match in WORD.finditer(text):
        start, end = (
            len(text[:at].encode(encoding, "surrogateescape"))
            for at in (match.start(), match.end())
        )
        places.append(Span(start, end, Kind.TOKEN, "word"))
    return tuple(places)


def _scan(data: bytes) -> Iterator[tuple[Span, tuple[int, int]]]:
    done = 0
    for window in windows(BytesIO(data), SIZE, MARGIN):
        spans = clipped(window, _find(window), done)
        done = spans[-1].end if spans else done
        yield from zip(spans, window.places(spans), strict=True)


@given(text=TEXTS, encoding=ENCODINGS)
def test_windows_find_what_the_whole_file_holds(text: str, encoding: str) -> None:
    """Values are found once each, at their place, line and column, wherever windows are cut."""
    data = MARKS[encoding] + text.encode(encoding)
    unit, lead = len("a".encode(encoding)), len(MARKS[encoding])
    expected = []
    for match in WORD.finditer(text):
        before = text[: match.start()]
        start = lead + len(before.encode(encoding))
        line = before.rpartition("\n")[2]
        column = len(line.encode(encoding)) // unit + 1
        column += lead // unit if "\n" not in before and lead and start >= 0 else 0
        end = start + len(match[0].encode(encoding))
        expected.append((Span(start, end, Kind.TOKEN, "word"), before.count("\n") + 1, column))
    found = [(span, line) for span, (line, _) in _scan(data)]
    assert found == [(span, line) for span, line, _ in expected]


@given(text=TEXTS, encoding=ENCODINGS)
def test_parts_make_up_the_file(text: str, encoding: str) -> None:
    """The parts that windows answer for are the file, without the marks put before them."""
    data = MARKS[encoding] + text.encode(encoding)
    parts = [window.part[window.lead :] for window in windows(BytesIO(data), SIZE, MARGIN)]
    assert b"".join(parts) == data


def test_windows_overlap_on_both_sides_of_a_seam() -> None:
    """Whatever begins in the part of a window has a margin of text on both sides of it."""
    data = b"".join(b"%06d\n" % number for number in range(1000))
    cut = list(windows(BytesIO(data), SIZE, MARGIN))
    assert len(cut) > 10
    for before, after in pairwise(cut):
        assert before.until == after.first
        assert after.first - after.start >= MARGIN
        assert before.start + len(before.data) - before.until >= MARGIN
        assert data[after.first - 1 : after.first] == b"\n"


def test_a_small_file_is_one_window() -> None:
    """A file up to the size is given to the finder as it is."""
    (window,) = windows(BytesIO(b"x" * SIZE), SIZE, MARGIN)
    assert (window.data, window.first, window.until) == (b"x" * SIZE, 0, SIZE)


def test_a_long_line_is_seen_whole_up_to_a_bound() -> None:
    """A line of three windows is one window; a longer one is cut between characters."""
    (window,) = windows(BytesIO(b"x" * SIZE * 3), SIZE, MARGIN)
    assert len(window.data) == SIZE * 3
    many = list(windows(BytesIO("é".encode() * SIZE * 10), SIZE, MARGIN))
    assert len(many) > 2
    assert all(window.data.decode() for window in many)


def test_columns_count_from_the_beginning_of_the_line() -> None:
    """The column of a value is the one that an editor shows."""
    assert [place for _, place in _scan(b"a\n bc <x> <y>\n<z>")] == [(2, 5), (2, 9), (3, 1)]


def test_utf16_without_a_mark_is_cut_between_units() -> None:
    """Windows of UTF-16 that has no mark get one, so that a finder reads each as it is."""
    text = "key = <value>\nĊ\n" * 100
    spans = [span for span, _ in _scan(text.encode("utf-16-le"))]
    assert len(spans) == 100


def test_bytes_that_are_no_text_are_refused() -> None:
    """Zero bytes that are no UTF-16 are an error before anything is found."""
    with pytest.raises(UndecodableError):
        list(windows(BytesIO(b"\x7fELF\0\1\2\3\0" * 1000), SIZE, MARGIN))
