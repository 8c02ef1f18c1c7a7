"""Unified diffs are read as they are meant, or refused."""

from __future__ import annotations

import pytest

from workflow.patch.interface import (
    Delete,
    Edit,
    Hunk,
    Move,
    Names,
    Operation,
    PatchError,
    Reason,
    Repair,
)
from workflow.patch.read import read
from workflow.types import RepoPath

HEAD = "--- a/f\n+++ b/f\n"
HUNK = "@@ -1,3 +1,3 @@ server {\n one\n-two\n+TWO\n three\n"
BARE = "@@\n one\n-two\n+TWO\n three\n"
MARK = "\\ No newline at end of file\n"
GIT = "diff --git a/f b/f\nindex 1234567..89abcde 100644\n"
READ = Hunk(1, b"one\ntwo\nthree\n", b"one\nTWO\nthree\n", b" -+ ")


def names(*written: str) -> Names:
    """Return what a name can stand for."""
    return tuple(map(RepoPath, written))


def operations(text: str) -> tuple[Operation, ...]:
    """Return what a draft says."""
    return read(text.encode("utf-8", "surrogateescape")).operations


def hunks(text: str) -> tuple[Hunk, ...]:
    """Return the hunks of a draft for one file."""
    (operation,) = operations(text)
    assert isinstance(operation, Edit | Move)
    assert all(isinstance(change, Hunk) for change in operation.changes)
    return tuple(change for change in operation.changes if isinstance(change, Hunk))


def repairs(text: str) -> set[Repair]:
    """Return which repairs a draft needed."""
    return {repair for repair, _ in read(text.encode("utf-8", "surrogateescape")).repairs}


def refusal(text: str | bytes) -> tuple[Reason, str]:
    """Return why a draft is refused, and the message; every refusal has a hint."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    with pytest.raises(PatchError) as caught:
        read(data)
    assert all(each.hint for each in caught.value.refusals)
    return caught.value.refusals[0].reason, caught.value.message


# --- dress --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        (HEAD + HUNK, set()),
        (GIT + HEAD + HUNK, set()),
        (HEAD + BARE, set()),
        (HEAD + BARE.replace("@@", "@@ server {"), set()),
        (HEAD + BARE.replace("@@", "@@ ... @@"), set()),
        (HEAD + BARE.replace("@@", "@@ -1,3 +1 @ server {"), {Repair.COUNTS}),
        (HEAD + BARE.replace("@@", "@@ 12 @@"), {Repair.COUNTS}),
        (HEAD + HUNK.replace("-1,3 +1,3", "-999,1 +7,99"), {Repair.COUNTS}),
        (HEAD + HUNK.replace("-1,3 +1,3", "-70,3 +9,3"), set()),
        (HEAD + HUNK.removesuffix("\n"), {Repair.NO_FINAL_NEWLINE}),
        (HEAD + HUNK + "\n\n", {Repair.STRAY_BLANKS}),
        (HEAD + "\n" + HUNK, {Repair.STRAY_BLANKS}),
        ("--- f\n+++ f\n" + HUNK, {Repair.PREFIX}),
        ("--- a/f\n+++ f\n" + HUNK, {Repair.PREFIX}),
        ("--- f\n+++ b/f\n" + HUNK, {Repair.PREFIX}),
        ("--- ./f\n+++ ./f\n" + HUNK, {Repair.PREFIX}),
        ("--- i/f\n+++ w/f\n" + HUNK, set()),
        ("--- c/f\n+++ i/f\n" + HUNK, set()),
        ('--- "a/f"\n+++ "b/f"\n' + HUNK, {Repair.PREFIX}),
        ('--- "a/\\146"\n+++ "b/\\146"\n' + HUNK, {Repair.PREFIX}),
        ("--- a/f\t2026-01-01 00:00:00\n+++ b/f\t2026-01-01\n" + HUNK, set()),
        ("--- a/f 2026-01-01 00:00:00.123 +0100\n+++ b/f 2026-01-01 00:00:00\n" + HUNK, set()),
        ((HEAD + HUNK).replace("\n", "\r\n"), {Repair.LINE_ENDS}),
        ("The change:\n\n" + HEAD + HUNK, {Repair.PROSE}),
        (HEAD + HUNK + "\nThat is all.\n", {Repair.PROSE}),
        (GIT + HUNK, {Repair.NO_FILE_HEADER}),
        (HEAD + HUNK + "-- \n2.39.5\n\n", set()),
        ("Index: f\n" + "=" * 67 + "\n" + HEAD + HUNK, {Repair.PROSE}),
        (HEAD + HUNK + HEAD + HUNK, {Repair.REPEATED}),
        ("\ufeff" + HEAD + HUNK, set()),
    ],
)
def test_one_hunk_in_any_dress(text: str, repaired: set[Repair]) -> None:
    """Numbers, prefixes, dates, prose and blanks change nothing, and what was repaired is said."""
    assert operations(text) == (Edit(names("f"), (READ,)),)
    assert repairs(text) == repaired


@pytest.mark.parametrize("text", ["--- a/f\n" + HUNK, "+++ b/f\n" + HUNK, "\n--- a/f\n\n" + HUNK])
def test_one_name_may_be_missing(text: str) -> None:
    """The other one tells the file, and may or may not have git's prefix."""
    (edit,) = operations(text)
    assert isinstance(edit, Edit)
    assert edit.names in {("f", "a/f"), ("f", "b/f")}
    assert edit.changes == (READ,)
    assert Repair.NO_FILE_HEADER in repairs(text)


def test_hunks_are_numbered_through_all_files() -> None:
    """A message can name a hunk by one number."""
    edits = operations(HEAD + HUNK + BARE.replace("two", "2") + "--- a/g\n+++ b/g\n" + HUNK)
    assert [edit.names for edit in edits] == [("f",), ("g",)]
    assert [hunk.number for edit in edits for hunk in getattr(edit, "changes", ())] == [1, 2, 3]


def test_sections_of_one_file_become_one_edit() -> None:
    """All hunks of a file are placed in the same text, wherever the draft names the file."""
    other = HUNK.replace("two", "2")
    text = HEAD + HUNK + "--- a/g\n+++ b/g\n" + HUNK + HEAD + other
    first, second = operations(text)
    assert [hunk.number for hunk in getattr(first, "changes", ())] == [1, 3]
    assert second.names == ("g",)


def test_gits_own_diff_of_several_files() -> None:
    """The lines that git puts between two files belong to neither's hunks."""
    head = "diff --git a/{0} b/{0}\nindex 1234567..89abcde 100644\n--- a/{0}\n+++ b/{0}\n"
    text = "".join(head.format(name) + HUNK for name in ("f", "g", "h"))
    assert [(edit.names, len(getattr(edit, "changes", ()))) for edit in operations(text)] == [
        (("f",), 1),
        (("g",), 1),
        (("h",), 1),
    ]


def test_a_series_of_mails() -> None:
    """The diffs of `git format-patch` are made one after the other, each on what the last left."""
    mail = "From {0} Mon Sep 17 00:00:00 2001\nSubject: x\n\nwords\n---\n f | 2 +-\n\n"
    mail += "{1}-- \n2.39.5\n\n"
    text = mail.format("a" * 40, GIT + HEAD + HUNK)
    text += mail.format("b" * 40, GIT + HEAD + HUNK.replace("TWO", "2").replace("two", "TWO"))
    first, second = operations(text)
    assert first.names == second.names == ("f",)


def test_other_tools_banners() -> None:
    """GNU diff's and Subversion's lines above a header are no part of the hunk before."""
    bar = "=" * 67
    for banner in ("diff -ruN x/g y/g\n", f"Index: g\n{bar}\n", f"\nIndex: g\n{bar}\n"):
        first, second = operations(HEAD + HUNK + banner + "--- g\n+++ g\n" + HUNK)
        assert getattr(first, "changes", ()) == (READ,)
        assert second.names == ("g",)


# --- lines --------------------------------------------------------------------------------------


def test_blank_context_may_have_lost_its_space() -> None:
    """An editor that strips trailing blanks does not spoil a draft."""
    text = HEAD + "@@\n one\n\n-two\n+TWO\n\n three\n\n"
    (hunk,) = hunks(text)
    assert hunk.old == b"one\n\ntwo\n\nthree\n"
    assert hunk.signs == b"  -+  "
    assert {Repair.BLANK_CONTEXT, Repair.STRAY_BLANKS} <= repairs(text)


def test_counts_tell_blank_context_from_a_separator() -> None:
    """A blank line at the end of a hunk belongs to it if its counts say so, and only then."""
    two = "@@ -1,4 +1,4 @@\n one\n-two\n+TWO\n three\n\n"
    (hunk,) = hunks(HEAD + two)
    assert hunk.old == b"one\ntwo\nthree\n\n"
    assert repairs(HEAD + two) == {Repair.BLANK_CONTEXT}
    (hunk,) = hunks(HEAD + two + "\n\n")
    assert hunk.old == b"one\ntwo\nthree\n\n"
    for wrong in (two.replace("1,4", "1,9"), two.replace("+1,4", "+1,3")):
        (hunk,) = hunks(HEAD + wrong)
        assert hunk.old == b"one\ntwo\nthree\n"


def test_blank_context_of_a_file_with_crlf() -> None:
    """A line that holds only a carriage return is a blank one that lost its space."""
    (hunk,) = hunks(HEAD + "@@\n one\r\n\r\n-two\r\n+TWO\r\n")
    assert hunk.old == b"one\r\n\r\ntwo\r\n"


def test_bytes_go_through() -> None:
    """Carriage returns, tabs, NUL and bytes that are no UTF-8 stay in their lines."""
    data = b"--- a/f\n+++ b/f\n@@\n one\r\n-\ttwo \xe9\r\0\n+\ttwo\x0c\xff\n three\x1c\n"
    (edit,) = read(data).operations
    assert isinstance(edit, Edit)
    assert edit.changes[0].old == b"one\r\n\ttwo \xe9\r\0\nthree\x1c\n"
    assert edit.changes[0].new == b"one\r\n\ttwo\x0c\xff\nthree\x1c\n"


def test_a_crlf_file_in_a_draft_with_line_feeds() -> None:
    """Only headers end in a line feed alone: the carriage returns are the file's."""
    text = HEAD + "@@ -1,2 +1,2 @@\n" + " one\r\n-two\r\n+TWO\r\n"
    assert hunks(text)[0].new == b"one\r\nTWO\r\n"
    assert repairs(text) == set()


@pytest.mark.parametrize("mark", [MARK, "\\\n", "\\ Kein Zeilenumbruch am Dateiende\n"])
def test_the_last_line_may_have_no_end(mark: str) -> None:
    """The mark takes the line feed off the line above it, on the side that it belongs to."""
    (hunk,) = hunks(HEAD + f"@@\n one\n-two\n{mark}+TWO\n{mark}")
    assert (hunk.old, hunk.new, hunk.signs) == (b"one\ntwo", b"one\nTWO", b" -+")
    (hunk,) = hunks(HEAD + f"@@\n-one\n+ONE\n two\n{mark}")
    assert (hunk.old, hunk.new) == (b"one\ntwo", b"ONE\ntwo")
    (hunk,) = hunks(HEAD + f"@@\n one\n-two\n{mark}+two\n")
    assert (hunk.old, hunk.new) == (b"one\ntwo", b"one\ntwo\n")


@pytest.mark.parametrize(
    "body",
    [
        f" one\n{MARK} two\n",
        f"-one\n{MARK}-two\n",
        f"+one\n{MARK} two\n",
        f"{MARK} one\n",
        f" one\n+\n{MARK}",
    ],
)
def test_a_mark_above_a_line_that_goes_on_is_refused(body: str) -> None:
    """Only a side's last line can lack its end."""
    assert refusal(f"{HEAD}@@\n{body}")[0] is Reason.UNREADABLE


def test_a_hunk_without_a_change_is_read() -> None:
    """It may have lost its `+`, so its place is still looked for."""
    (hunk,) = hunks(HEAD + "@@\n one\n two\n")
    assert hunk.old == hunk.new == b"one\ntwo\n"


# --- lines that look like a header ----------------------------------------------------------------


def test_lines_that_look_like_a_header_inside_a_hunk() -> None:
    """A removed `-- x` above an added `++ y` is content: no other file begins there."""
    text = HEAD + "@@\n one\n--- drop guard\n+++ keep guard\n three\n@@\n four\n+five\n"
    first, second = hunks(text)
    assert first.old == b"one\n-- drop guard\nthree\n"
    assert first.new == b"one\n++ keep guard\nthree\n"
    assert second.new == b"four\nfive\n"


def test_lines_that_look_like_a_header_at_the_end_of_the_draft() -> None:
    """Also without a line after them they are content."""
    (hunk,) = hunks(HEAD + "@@\n one\n--- a/f\n+++ b/f\n")
    assert hunk.old == b"one\n-- a/f\n"
    assert hunk.new == b"one\n++ b/f\n"


def test_right_counts_tell_content_from_a_header() -> None:
    """Above another hunk, only the counts can tell; without them it is a header."""
    pair, more = "--- a/g\n+++ b/g\n", "@@ -9 +9 @@\n-x\n+y\n"
    assert len(hunks(HEAD + "@@ -1,2 +1,2 @@\n one\n" + pair + more)) == 2
    assert [edit.names for edit in operations(HEAD + "@@ -1 +1 @@\n one\n" + pair + more)] == [
        ("f",),
        ("g",),
    ]
    assert len(operations(HEAD + "@@\n one\n" + pair + more)) == 2


def test_files_that_go_without_their_lines() -> None:
    """A header with /dev/null needs no hunk, also at the end of another file's hunk."""
    gone = "--- a/g\n+++ /dev/null\n--- a/h\n+++ /dev/null\n"
    assert operations(HEAD + HUNK + gone)[1:] == (
        Delete(names("g", "a/g")),
        Delete(names("h", "a/h")),
    )
    assert len(operations(HEAD + HUNK + gone + "--- a/k\n+++ b/k\n" + HUNK)) == 4


def test_the_signature_of_a_mail_is_no_removed_line() -> None:
    """`-- ` above git's version, at the very end, is a signature; elsewhere it is content."""
    for end in ("2.39.5\n", "2.39.5 (Apple Git-154)\n\n", "2.40.0.rc1\n"):
        assert hunks(HEAD + BARE + "-- \n" + end) == (READ,)
    (hunk,) = hunks(HEAD + BARE + "-- \n+2.39.5\n")
    assert hunk.old.endswith(b"- \n")
