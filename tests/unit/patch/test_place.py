"""A hunk goes where its old lines stand, once, proven; or nowhere at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.patch.interface import (
    Content,
    Edit,
    Fit,
    Hunk,
    PatchError,
    Placement,
    Reason,
    Snippet,
)
from workflow.patch.place import place
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = RepoPath("f")


class Memory:
    """Files that are only in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def read(self, path: RepoPath) -> Content | None:
        """Return what there is."""
        data = self._files.get(path)
        return None if data is None else Content("100644", data)


def hunk(text: bytes, number: int = 1, *, at_end: bool = False) -> Hunk:
    r"""Make a hunk of a diff's lines; `\` after a line takes its line feed away."""
    rows: list[bytes] = []
    for line in text.split(b"\n")[:-1]:
        if line == b"\\":
            rows[-1] = rows[-1].removesuffix(b"\n")
        else:
            rows.append(line + b"\n")
    old = b"".join(row[1:] for row in rows if row[:1] != b"+")
    new = b"".join(row[1:] for row in rows if row[:1] != b"-")
    return Hunk(number, old, new, b"".join(row[:1] for row in rows), at_end)


def placed(data: bytes, *texts: bytes | Hunk | Snippet) -> Placement:
    """Place hunks in a file `f`."""
    changes = [
        hunk(text, number) if isinstance(text, bytes) else text
        for number, text in enumerate(texts, 1)
    ]
    return place([Edit((PATH,), tuple(changes))], Memory({PATH: data}))


def edited(data: bytes, *texts: bytes | Hunk | Snippet) -> bytes:
    """Return the bytes that hunks give."""
    ((_, content),) = placed(data, *texts).files
    assert content
    return content.data


def refusal(data: bytes, *texts: bytes | Hunk | Snippet) -> PatchError:
    """Place hunks that are refused."""
    with pytest.raises(PatchError) as caught:
        placed(data, *texts)
    return caught.value


def reasons(error: PatchError) -> list[tuple[int | None, Reason]]:
    """Return each refused hunk's number and the reason."""
    return [(refusal.number, refusal.reason) for refusal in error.refusals]


# --- exact -------------------------------------------------------------------------------------


def test_hunks_go_to_their_places() -> None:
    """In any order, also side by side; all other bytes stay, and each place is told."""
    data = b"a\r\nb\nc\n\xff\ne"
    result = placed(data, b" \xff\n-e\n\\\n+E\n\\\n", b"-b\n+B\n c\n")
    assert result.files == ((PATH, Content("100644", b"a\r\nB\nc\n\xff\nE")),)
    assert [(at.number, at.line, at.lines, at.fit) for at in result.places] == [
        *((1, 4, 2, Fit.EXACT), (2, 2, 2, Fit.EXACT))
    ]


def test_bytes_outside_the_hunks_are_untouched() -> None:
    """A byte-order mark, odd line ends, NUL, blanks and a missing last line end survive."""
    data = b"\xef\xbb\xbfone \r\n\x0c\x1c\x85\n\rtwo\n\n\0\n  three"
    assert edited(data, b"-\rtwo\n+2\n") == data.replace(b"\rtwo", b"2")
    assert edited(b"a\rb\rc", b"-a\rb\rc\n\\\n+a\rB\rc\n\\\n") == b"a\rB\rc"


@pytest.mark.parametrize(
    ("data", "text", "reason"),
    [
        (b"x\ny\nx\n", b"-x\n+X\n", Reason.SEVERAL_PLACES),
        (b"x\nx\nx\n", b"-x\n x\n", Reason.SEVERAL_PLACES),
        (b"b\nx\nb", b"-b\n+B\n", Reason.SEVERAL_PLACES),
        (b"a\nb\n", b"-c\n+C\n", Reason.NO_PLACE),
        (b"a\nb\n", b" b\n-a\n", Reason.NO_PLACE),
        (b"a\nb\n", b" a\n b\n-c\n", Reason.NO_PLACE),
        (b"ab\n", b"-b\n+B\n", Reason.NO_PLACE),
        (b"", b"-a\n", Reason.NO_PLACE),
        (b"a\n\nb\n", b" \n+x\n", Reason.NO_ANCHOR),
        (b"a\n", b"+x\n", Reason.NO_ANCHOR),
        (b"a\n", b"-\t \n+x\n", Reason.NO_ANCHOR),
        (b"a\nb\n", b"-a\n\\\n+A\n", Reason.NOT_THE_END),
        (b"a\nb\n", b"-a\n+A\n\\\n", Reason.NOT_THE_END),
    ],
)
def test_nothing_is_guessed(data: bytes, text: bytes, reason: Reason) -> None:
    """Not found, found twice, or nothing to find: the hunk is named and refused."""
    assert reasons(refusal(data, text)) == [(1, reason)]


def test_several_places_are_named() -> None:
    """The message says where, up to five lines."""
    error = refusal(b"x\n" * 50, b"-x\n+y\n")
    assert error.refusals[0].message == (
        "hunk 1 of f fits several places (lines 1, 2, 3, 4, 5 and more)"
    )
    assert "unchanged lines" in error.hint


def test_every_failing_hunk_is_named() -> None:
    """One refusal for each, in the draft's order; a good hunk does not help."""
    error = refusal(b"a\nb\nb\n", b"-z\n", b"-a\n+A\n", b"-b\n")
    assert reasons(error) == [(1, Reason.NO_PLACE), (3, Reason.SEVERAL_PLACES)]
    assert str(error).endswith("(and 1 more)")


def test_an_exact_place_goes_before_a_similar_one() -> None:
    """Lines that only look alike are no second place where others are the same."""
    assert edited(b"x \nx\n\tx\n", b"-x\n+y\n") == b"x \ny\n\tx\n"


def test_a_hunk_without_a_change_has_to_exist() -> None:
    """It may have lost its plus; it proves nothing and changes nothing."""
    assert edited(b"a\nb\n", b" a\n", b"-b\n+B\n") == b"a\nB\n"
    assert reasons(refusal(b"a\nb\n", b" z\n", b"-b\n+B\n")) == [(1, Reason.NO_PLACE)]
    assert reasons(refusal(b"a\nb\n", b" a\n b\n")) == [(None, Reason.NO_CHANGE)]


def test_an_empty_file_is_filled() -> None:
    """It has one place, and no line to prove it by."""
    assert edited(b"", b"+a\n+b\n\\\n") == b"a\nb"
    assert reasons(refusal(b"", b"+a\n", b"+b\n")) == [(2, Reason.OVERLAP)]


# --- overlaps ----------------------------------------------------------------------------------


def test_hunks_share_context() -> None:
    """Only the lines that change must not collide."""
    assert edited(b"a\nb\nc\n", b"-a\n+A\n b\n", b" b\n-c\n+C\n") == b"A\nb\nC\n"
    assert edited(b"a\nb\n", b" a\n+x\n b\n", b"-a\n+A\n b\n") == b"A\nx\nb\n"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (b"-a\n+A\n", b"-a\n+1\n b\n"),
        (b" a\n+x\n b\n", b" a\n+y\n b\n c\n"),
        (b" a\n+x\n", b"+y\n b\n"),
        (b"-a\n-b\n", b"-b\n-c\n"),
    ],
)
def test_hunks_do_not_collide(first: bytes, second: bytes) -> None:
    """Two changes of one line, or two insertions at one point, contradict each other."""
    for pair in ((first, second), (second, first)):
        assert reasons(refusal(b"a\nb\nc\n", *pair)) == [(2, Reason.OVERLAP)]


def test_two_hunks_at_the_end_collide() -> None:
    """A line that gets its line end because another follows is changed by that."""
    two = (b" b\n+c\n", b"-b\n\\\n+B\n")
    assert reasons(refusal(b"a\nb", *two)) == [(2, Reason.OVERLAP)]


# --- the end of the file -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "text", "result"),
    [
        # As in the file: as written.
        (b"a\nb", b"-b\n\\\n+b\n", b"a\nb\n"),
        (b"a\nb\n", b"-b\n+b\n\\\n", b"a\nb"),
        (b"a\n", b"-a\n", b""),
        (b"a\nb", b" a\n-b\n\\\n", b"a\n"),
        (b"a\nb", b"-b\n\\\n+b\n+c\n\\\n", b"a\nb\nc"),
        # The file has no last line feed, and the hunk does not say so.
        (b"a\nb", b"-a\n+A\n b\n", b"A\nb"),
        (b"a\nb", b" b\n+c\n", b"a\nb\nc\n"),
        (b"a\nb", b" b\n+c\n\\\n", b"a\nb\nc"),
        (b"a\nb", b"-b\n+c\n\\\n", b"a\nc"),
        (b"a\nb", b" a\n-b\n", b"a\n"),
        (b"a\nb", b"+x\n b\n", b"a\nx\nb"),
        (b"a\r\nb", b" a\n b\n+c\n", b"a\r\nb\r\nc\r\n"),
        (b"a\r\nb", b" a\n b\n+c\n\\\n", b"a\r\nb\r\nc"),
        # The hunk says that it has none, and it has.
        (b"a\nb\n", b"-b\n\\\n+c\n\\\n", b"a\nc\n"),
        (b"a\nb\n", b"-b\n\\\n+c\n", b"a\nc\n"),
        (b"a\nb\n", b"-a\n+A\n b\n\\\n", b"A\nb\n"),
        (b"b\na\nb\n", b"-b\n\\\n+c\n\\\n", b"b\na\nc\n"),
    ],
)
def test_the_last_line_feed(data: bytes, text: bytes, result: bytes) -> None:
    """What the hunk says of it is done; about what it does not say, the file decides."""
    assert edited(data, text) == result


def test_the_last_line_feed_shows_in_the_fit() -> None:
    """A place is exact only if the file ends as the hunk says."""
    fits = {
        (b"a\nb", b"-a\n b\n"): Fit.TRAILING_SPACE,
        (b"a\nb\n", b"-a\n b\n\\\n"): Fit.TRAILING_SPACE,
        (b"a\nb", b"-a\n b\n\\\n"): Fit.EXACT,
        (b"a\nb\nc", b"-a\n b\n"): Fit.EXACT,
    }
    assert {key: placed(*key).places[0].fit for key in fits} == fits


def test_an_untold_last_line_feed_is_not_guessed() -> None:
    """Of a new last line nobody knows whether it should have one, unless the dialect cannot say."""
    error = refusal(b"a\nb", b"-b\n+c\n")
    assert reasons(error) == [(1, Reason.NO_PLACE)]
    assert "No newline at end of file" in error.hint
    assert edited(b"a\nb", hunk(b"-b\n+c\n", at_end=True)) == b"a\nc"
    assert edited(b"a\nb", Snippet(1, b"b\n", b"c\n")) == b"a\nc"


def test_the_end_makes_a_place_unique() -> None:
    """A hunk that says that it ends the file can stand at one place only."""
    assert edited(b"b\na\nb\n", hunk(b"-b\n+c\n", at_end=True)) == b"b\na\nc\n"
    assert reasons(refusal(b"b\na\n", hunk(b"-b\n+c\n", at_end=True))) == [(1, Reason.NOT_THE_END)]
    many = b"x\n" * 1000
    assert edited(many, hunk(b" x\n-x\n+y\n", at_end=True)) == b"x\n" * 999 + b"y\n"
    assert edited(b"\tx\n" * 99, hunk(b"-x\n+y\n", at_end=True)) == b"\tx\n" * 98 + b"\ty\n"


# --- trailing blanks and line ends -------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "text", "result"),
    [
        (b"a \nb\t\nc\n", b" a\n-b\n+B\n c \n", b"a \nB\nc\n"),
        (b"a\r\nb\r\nc\r\n", b" a\n-b\n+B\n c\n", b"a\r\nB\r\nc\r\n"),
        (b"a\r\nb\r\n", b" a\n+x\r\n b\n", b"a\r\nx\r\nb\r\n"),
        (b"a\nb\n", b" a\r\n-b\r\n+B\r\n", b"a\nB\n"),
        # What is removed and added as it was keeps the file's bytes.
        (b"a \nb \nc \n", b"-a\n-b\n-c\n+a\n+B\n+c\n", b"a \nB\nc \n"),
        (b"a \nb \nc \nd \n", b"-a\n-b\n-c\n-d\n+1\n+b\n+c\n+2\n", b"1\nb \nc \n2\n"),
        # Of an added line every blank is meant.
        (b"a \nb\n", b" a\n-b\n+B  \n", b"a \nB  \n"),
        # Line ends of both kinds do no harm where nothing is added.
        (b"a\r\nb\nc\r\n", b" a\n-b\n c\n", b"a\r\nc\r\n"),
        # As in the file: as written.
        (b"a\r\nb\nc \r\n", b" a\r\n-b\n+B\n c\r\n", b"a\r\nB\nc \r\n"),
    ],
)
def test_blanks_at_line_ends(data: bytes, text: bytes, result: bytes) -> None:
    """They do not hide a place; context keeps the file's, and new lines get its line ends."""
    placement = placed(data, text)
    assert [at.fit for at in placement.places] == [Fit.TRAILING_SPACE]
    assert placement.files == ((PATH, Content("100644", result)),)


def test_mixed_line_ends_are_not_guessed() -> None:
    """Between lines of both kinds an added one could have either end."""
    error = refusal(b"a\r\nb\nc\r\n", b" a\n-b\n+B\n c\n")
    assert reasons(error) == [(1, Reason.NO_PLACE)]
    assert "CRLF" in str(error)


# --- indentation -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "text", "result"),
    [
        (b"\tif x:\n\t\ty\n\n", b" if x:\n-\ty\n+\tz\n+\n \n", b"\tif x:\n\t\tz\n\n\n"),
        (b"  a\n    b\n", b"     a\n-      b\n+      c\n+   d\n", b"  a\n    c\n d\n"),
        (b"if x:\n  y\n", b" \n   if x:\n-    y\n+    z\n", None),
        (b"\ta\n\t\tb\n", b"     a\n-        b\n+c\n", b"\ta\nc\n"),
        (b"  a\n    b\n", b" \ta\n-\t\tb\n+\n", b"  a\n\n"),
        (b" a\nb\n", b"-a\n+c\n", b" c\nb\n"),
        (b"    a\n\n\n    b\n", b" a\n \n \n-b\n+c\n", b"    a\n\n\n    c\n"),
        (b"x\n\n    a\n", b" \n-a\n+b\n", b"x\n\n    b\n"),
    ],
)
def test_one_shift_of_the_indentation(data: bytes, text: bytes, result: bytes | None) -> None:
    """All lines are indented by the same more or less, and added lines follow."""
    if result is None:
        assert reasons(refusal(data, text)) == [(1, Reason.NO_PLACE)]
        return
    placement = placed(data, text)
    assert [at.fit for at in placement.places] == [Fit.REINDENTED]
    assert placement.files == ((PATH, Content("100644", result)),)


@pytest.mark.parametrize(
    ("data", "text", "reason"),
    [
        # Not the same shift on every line.
        (b"  a\n   b\n", b" a\n-b\n+c\n", Reason.NO_PLACE),
        (b"\ta\n    b\n", b" a\n-b\n+c\n", Reason.NO_PLACE),
        # Blank lines are not lines of blanks and something.
        (b"  a\n  x\n  b\n", b" a\n \n-b\n+c\n", Reason.NO_PLACE),
        # Two places, however different their indentation.
        (b"  a\n\t\ta\n", b"-a\n+b\n", Reason.SEVERAL_PLACES),
        (b"\tb\n        b\n", b"-    b\n+    c\n", Reason.SEVERAL_PLACES),
        # An added line with less indentation than all lose.
        (b"a\n", b"-    a\n+  b\n", Reason.NO_PLACE),
        (b"\ta\n", b"-    a\n+   b\n", Reason.NO_PLACE),
        (b"    a\n", b"-\ta\n+ \tb\n", Reason.NO_PLACE),
        # Added lines with blanks that may not be meant as the file's.
        (b"\ta\n\t\tb\n", b"     a\n-        b\n+        c\n", Reason.NO_PLACE),
        (b"  a\n    b\n", b" \ta\n-\t\tb\n+\t\tb\n", Reason.NO_PLACE),
        # Context that has lost its sign looks like a shift by one column.
        (b"    a\n    b\n", b"    a\n+    x\n    b\n", Reason.NO_PLACE),
        (b"    a\n\n    b\n", b"    a\n-\n+    x\n    b\n", Reason.NO_PLACE),
        (b"    a\n    b\n", b"-   a\n-   b\n+   a\n+    x\n+   b\n", Reason.NO_PLACE),
        # Added lines that are right as they are.
        (b"    a\n  b\n", b"   a\n b\n+    x\n", Reason.NO_PLACE),
    ],
)
def test_another_indentation_is_not_guessed(data: bytes, text: bytes, reason: Reason) -> None:
    """Nothing but one shift of every line is believed, and it must lead to one place."""
    assert reasons(refusal(data, text)) == [(1, reason)]


def test_a_shift_by_one_column_that_new_lines_tell() -> None:
    """New lines that fit the place only when they are shifted show that all were meant to be."""
    assert edited(b"    a\n    b\n", b"    a\n+   x\n    b\n") == b"    a\n    x\n    b\n"


def test_bytes_that_the_search_uses_itself() -> None:
    """A file with control characters is searched like any other."""
    data = b" \x02a\n  \x01\x02a\n  b\n \x02\x02a\n c\n"
    assert edited(data, b" \x01\x02a\n-b\n+B\n") == data.replace(b"b\n", b"B\n")
    assert edited(data, b" \x02\x02a\n-c\n+C\n") == data.replace(b"c\n", b"C\n")
    assert reasons(refusal(b"x\x02  a\n  b\n", b" a\n-b\n+B\n")) == [(1, Reason.NO_PLACE)]


# --- snippets ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "old", "new", "result"),
    [
        (b"a = 1; b = 2\n", b"b = 2", b"b = 3", b"a = 1; b = 3\n"),
        (b"a\nb\nc\n", b"a\nb", b"A", b"A\nc\n"),
        (b"a\nb\nc", b"\nc", b"", b"a\nb"),
        (b"a \r\n  b\r\nc\r\n", b"a\n  b\n", b"a\n  B\n", b"a \r\n  B\r\nc\r\n"),
        (b"\ta\n\t\tb\n", b"a\n\tb", b"a\n\tB\n\tC", b"\ta\n\t\tB\n\t\tC\n"),
        (b"a \nb \n", b"a\nb\n", b"", b""),
    ],
)
def test_snippets(data: bytes, old: bytes, new: bytes, result: bytes) -> None:
    """Text inside lines is found exactly; whole lines are found in every tier."""
    assert edited(data, Snippet(1, old, new)) == result


@pytest.mark.parametrize(
    ("data", "old", "new", "reason"),
    [
        (b"aaa\n", b"aa", b"b", Reason.SEVERAL_PLACES),
        (b"a a\n", b"a", b"b", Reason.SEVERAL_PLACES),
        (b"a\n", b"", b"b", Reason.NO_ANCHOR),
        (b"a \n b\n", b" \n ", b"", Reason.NO_ANCHOR),
        (b"a\n", b"b", b"c", Reason.NO_PLACE),
        (b"a \nb\n", b"a\nb\n", b"x", Reason.NO_PLACE),
        (b"xa \nb\n", b"a\nb\n", b"x\n", Reason.NO_PLACE),
    ],
)
def test_snippets_are_not_guessed(data: bytes, old: bytes, new: bytes, reason: Reason) -> None:
    """Overlapping finds count, blanks prove nothing, and part of a line is found exactly only."""
    assert reasons(refusal(data, Snippet(1, old, new))) == [(1, reason)]


def test_snippets_of_one_edit_do_not_collide() -> None:
    """They are all placed in the same text."""
    assert edited(b"a b\n", Snippet(1, b"a", b"b"), Snippet(2, b"b", b"a")) == b"b a\n"
    two = (Snippet(1, b"a b", b"x"), Snippet(2, b"b c", b"y"))
    assert reasons(refusal(b"a b c\n", *two)) == [(2, Reason.OVERLAP)]
