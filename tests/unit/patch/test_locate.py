"""A hunk goes where its old lines stand, once, exactly; or nowhere at all."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from workflow.errors import DraftError
from workflow.patch import FileEdit, Hunk, apply, parse
from workflow.types import RepoPath

PATH = RepoPath("f")
MARK = b"\\ No newline at end of file\n"


def edited(data: bytes, *hunks: tuple[bytes, bytes]) -> bytes:
    """Apply hunks given as old and new text."""
    made = [
        Hunk(number, tuple(split(old)), tuple(split(new)))
        for number, (old, new) in enumerate(hunks, 1)
    ]
    return apply(FileEdit(PATH, tuple(made)), data)


def test_hunks_go_to_their_places() -> None:
    """In any order, also side by side; all other bytes stay."""
    data = b"a\r\nb\nc\n\xff\ne"
    assert edited(data, (b"\xff\ne", b"X\ne"), (b"b\nc\n", b"B\n")) == b"a\r\nB\nX\ne"


def test_bytes_outside_the_hunks_are_untouched() -> None:
    """Odd line ends, blanks and a missing last line end survive an edit elsewhere."""
    data = b"\xef\xbb\xbfone \r\n\x0c\x1c\x85\n\rtwo\n\n\n  three"
    assert edited(data, (b"\rtwo\n", b"2\n")) == data.replace(b"\rtwo", b"2")


@pytest.mark.parametrize(
    ("data", "old", "reason"),
    [
        (b"x\ny\nx\n", b"x\n", r"fits 2 places \(lines 1, 3\)"),
        (b"x\nx\nx\n", b"x\nx\n", r"fits 2 places \(lines 1, 2\)"),
        (b"a\nb\n", b"c\n", "stand nowhere"),
        (b"a\nb\n", b"b\na\n", "stand nowhere"),
        (b"a\n b\n", b"a\nb\n", "stand nowhere"),
        (b"a \nb\n", b"a\nb\n", "stand nowhere"),
        (b"a\r\nb\r\n", b"a\nb\n", "stand nowhere"),
        (b"a\nb\n", b"a\r\nb\r\n", "stand nowhere"),
        (b"\ta\n", b"    a\n", "stand nowhere"),
        (b"a\nb", b"a\nb\n", "stand nowhere"),
        (b"a\nb\n", b"a\nb", "stand nowhere"),
        (b"", b"a\n", "stand nowhere"),
        (b"a\n", b"a\nb\nc\n", "stand nowhere"),
    ],
)
def test_no_place_and_several_places(data: bytes, old: bytes, reason: str) -> None:
    """Not found exactly, or found more than once: the hunk is named and nothing is guessed."""
    with pytest.raises(DraftError, match=f"hunk 1 of f.*{reason}"):
        edited(data, (old, b"new\n"))


def test_every_hunk_or_nothing() -> None:
    """One hunk without a place refuses the whole draft."""
    with pytest.raises(DraftError, match="hunk 2"):
        edited(b"a\nb\n", (b"a\n", b"A\n"), (b"z\n", b"Z\n"))


@pytest.mark.parametrize("second", [b"b\n", b"b\nc\n", b"a\nb\n", b"a\nb\nc\n"])
def test_hunks_do_not_overlap(second: bytes) -> None:
    """Two hunks about one line contradict each other."""
    with pytest.raises(DraftError, match="overlaps another hunk"):
        edited(b"a\nb\nc\n", (b"a\nb\n", b"A\nB\n"), (second, b"x\n"))


@pytest.mark.parametrize(
    ("old", "new"), [(b"a\n", b"A"), (b"a\nb\n", b"a\nb"), (b"b\n", b"b"), (b"c", b"c")]
)
def test_a_line_without_its_end_is_the_last(old: bytes, new: bytes) -> None:
    """A draft that ends a file in its middle would glue two lines together."""
    hunk = Hunk(1, tuple(split(old)), (*split(new), b"x\n"))
    with pytest.raises(DraftError, match="ends where it goes on"):
        apply(FileEdit(PATH, (hunk,)), b"a\nb\nc")


def test_the_last_line_end_comes_and_goes() -> None:
    """Adding or removing the file's last line end is an edit like any other."""
    assert edited(b"a\nb", (b"b", b"b\n")) == b"a\nb\n"
    assert edited(b"a\nb\n", (b"b\n", b"b")) == b"a\nb"
    assert edited(b"a\n", (b"a\n", b"")) == b""


def test_the_refusal_shows_the_nearest_line() -> None:
    """Who wrote the draft is told which line is missing, and what stands there instead."""
    with pytest.raises(DraftError) as caught:
        edited(b"server_name example.test;\nlisten 80;\n", (b"listen 8O;\n", b"listen 81;\n"))
    assert caught.value.hint == "not in the file: 'listen 8O;'; the nearest line is 'listen 80;'"


def test_many_equal_lines_are_named_in_part() -> None:
    """A long list of places is cut."""
    with pytest.raises(DraftError, match=r"fits 50 places \(lines 1, 2, 3, 4, 5\)"):
        edited(b"x\n" * 50, (b"x\n", b"y\n"))


# --- a diff from a to b gives b, or is refused -------------------------------------------------

LINE = st.sampled_from(
    [
        *(b"", b" ", b"a", b"b", b"}", b"    return", b"\treturn", b"a\r", b"\r", b"\xe9", b"\x0c"),
        *(
            b"-- x",
            b"++ x",
            b"-- a/f",
            b"++ b/f",
            b"@@",
            b"+",
            b"-",
            b"\\ x",
            b"```",
            b"diff --git ",
        ),
    ]
)
FILE = st.builds(
    lambda lines, end: b"\n".join(lines) + (b"\n" if lines and end else b""),
    st.lists(LINE, max_size=12),
    st.booleans(),
)


def split(data: bytes) -> list[bytes]:
    """Split at line feeds alone, keeping them."""
    return [line for line in data.replace(b"\n", b"\n\0").split(b"\0") if line]


def numberless(old: bytes, new: bytes, context: int) -> str:
    """Write a diff as a model is asked to: bare `@@`, marks where a last line has no end."""
    a, b = split(old), split(new)
    out = b"--- a/f\n+++ b/f\n"
    for group in difflib.SequenceMatcher(None, a, b, autojunk=False).get_grouped_opcodes(context):
        out += b"@@\n"
        for tag, a1, a2, b1, b2 in group:
            rows = [(b" ", a[a1:a2])] if tag == "equal" else [(b"-", a[a1:a2]), (b"+", b[b1:b2])]
            for sign, lines in rows:
                for line in lines:
                    out += sign + (line if line.endswith(b"\n") else line + b"\n" + MARK)
    return out.decode("utf-8", "surrogateescape")


@given(FILE, FILE, st.integers(0, 3))
@example(b"-- f\n", b"++ f\n", 0)
@example(b"a\n-- a/f\nb\n", b"a\n++ b/f\nb\n", 0)
@example(b"a\nb", b"a\nb\nc\n", 3)
@example(b"a\n", b"", 3)
def test_a_diff_gives_what_it_was_made_of_or_nothing(old: bytes, new: bytes, context: int) -> None:
    """Never something else, however the lines look and wherever they stand twice."""
    assume(old != new)
    try:
        (edit,) = parse(numberless(old, new, context))
        result = apply(edit, old)
    except DraftError:
        return
    assert result == new


@given(st.lists(st.integers(0, 10**6), unique=True, min_size=1, max_size=20), st.data())
def test_unique_lines_are_never_refused(numbers: list[int], data: st.DataObject) -> None:
    """Where no two lines are equal, every diff with context finds its place."""
    lines = [f"{number}\n".encode() for number in numbers]
    at = data.draw(st.integers(0, len(lines) - 1))
    fresh = data.draw(st.lists(LINE.map(lambda line: b"new " + line + b"\n"), max_size=4))
    until = data.draw(st.integers(at, len(lines)))
    new = [*lines[:at], *fresh, *lines[until:]]
    assume(new != lines)
    old = b"".join(lines)
    (edit,) = parse(numberless(old, b"".join(new), 3))
    assert apply(edit, old) == b"".join(new)


@given(FILE, FILE)
def test_two_files_side_by_side_do_not_mix(old: bytes, new: bytes) -> None:
    """A second file's diff after the first changes nothing about either."""
    assume(old != new)
    second = "--- a/g\n+++ b/g\n@@\n one\n-two\n+TWO\n"
    try:
        edits = parse(numberless(old, new, 3) + second)
        result = apply(edits[0], old)
    except DraftError:
        return
    assert [edit.path for edit in edits] == ["f", "g"]
    assert result == new
    assert apply(edits[1], b"one\ntwo\n") == b"one\nTWO\n"
