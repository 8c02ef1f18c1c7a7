"""Drafts are read as edits of existing files, or refused with a reason."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.errors import DraftError
from workflow.patch import FileEdit, Hunk, parse
from workflow.types import RepoPath

HEAD = "--- a/f\n+++ b/f\n"
HUNK = "@@ server {\n one\n-two\n+TWO\n three\n"


def hunks(text: str) -> tuple[Hunk, ...]:
    """Return the hunks of a draft for one file."""
    (edit,) = parse(text)
    return edit.hunks


# --- what is read ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        HEAD + HUNK,
        HEAD + HUNK.removesuffix("\n"),
        HEAD + HUNK + "\n\n",
        HEAD + "\n" + HUNK,
        f"```diff\n{HEAD}{HUNK}```\n",
        f"Here you are:\n\n```diff\n{HEAD}{HUNK}```\nI expect nginx -t to pass.\n",
        f"````\n{HEAD}{HUNK}````",
        "--- f\n+++ f\n" + HUNK,
        "--- a/f\t2026-01-01 00:00:00\n+++ b/f\t2026-01-01\n" + HUNK,
        HEAD + HUNK.replace("@@ server {", "@@ -1,3 +1,3 @@ server {"),
        HEAD + HUNK.replace("@@ server {", "@@ -999,1 +7,99 @@"),
        HEAD + HUNK.replace("@@ server {", "@@"),
        f"diff --git a/f b/f\nindex 1234567..89abcde 100644\n{HEAD}{HUNK}",
    ],
)
def test_one_hunk_in_any_dress(text: str) -> None:
    """Fences, numbers, prose round the fence, dates and git's header line change nothing."""
    old, new = (b"one\n", b"two\n", b"three\n"), (b"one\n", b"TWO\n", b"three\n")
    assert parse(text) == (FileEdit(RepoPath("f"), (Hunk(1, old, new),)),)


def test_hunks_are_numbered_through_all_files() -> None:
    """A message can name a hunk by one number."""
    text = HEAD + HUNK + HUNK + "--- a/g\n+++ b/g\n" + HUNK
    edits = parse(text)
    assert [edit.path for edit in edits] == ["f", "g"]
    assert [hunk.number for edit in edits for hunk in edit.hunks] == [1, 2, 3]


def test_gits_own_diff_of_several_files() -> None:
    """The lines that git puts between two files belong to neither's hunks."""
    head = "diff --git a/{0} b/{0}\nindex 1234567..89abcde 100644\n--- a/{0}\n+++ b/{0}\n"
    text = "".join(head.format(name) + HUNK for name in ("f", "g", "h"))
    edits = parse(text)
    assert [edit.path for edit in edits] == ["f", "g", "h"]
    assert {edit.hunks[0].old for edit in edits} == {(b"one\n", b"two\n", b"three\n")}


def test_blank_context_may_have_lost_its_space() -> None:
    """An editor that strips trailing blanks does not spoil a draft."""
    (hunk,) = hunks(HEAD + "@@\n one\n\n-two\n+TWO\n\n three\n\n")
    assert hunk.old == (b"one\n", b"\n", b"two\n", b"\n", b"three\n")


def test_bytes_go_through() -> None:
    """Carriage returns, tabs and bytes that are no UTF-8 stay in their lines."""
    text = b"--- a/f\n+++ b/f\n@@\n one\r\n-\ttwo \xe9\n+\ttwo\x0c\xff\n three\x1c\n".decode(
        "utf-8", "surrogateescape"
    )
    (hunk,) = hunks(text)
    assert hunk.old == (b"one\r\n", b"\ttwo \xe9\n", b"three\x1c\n")
    assert hunk.new == (b"one\r\n", b"\ttwo\x0c\xff\n", b"three\x1c\n")


def test_the_last_line_may_have_no_end() -> None:
    """Git's mark takes the line feed off the line above it, on the side that it belongs to."""
    mark = "\\ No newline at end of file\n"
    (hunk,) = hunks(HEAD + f"@@\n one\n-two\n{mark}+TWO\n{mark}")
    assert (hunk.old, hunk.new) == ((b"one\n", b"two"), (b"one\n", b"TWO"))
    (hunk,) = hunks(HEAD + f"@@\n-one\n+ONE\n two\n{mark}")
    assert (hunk.old, hunk.new) == ((b"one\n", b"two"), (b"ONE\n", b"two"))
    (hunk,) = hunks(HEAD + f"@@\n one\n-two\n{mark}+two\n")
    assert (hunk.old, hunk.new) == ((b"one\n", b"two"), (b"one\n", b"two\n"))


@pytest.mark.parametrize("mark", ["\\", "\\ Kein Zeilenumbruch am Dateiende"])
def test_the_mark_is_known_by_its_backslash(mark: str) -> None:
    """Git translates the sentence."""
    (hunk,) = hunks(HEAD + f"@@\n one\n+two\n{mark}\n")
    assert hunk.new == (b"one\n", b"two")


def test_lines_that_look_like_a_header_inside_a_hunk() -> None:
    """A removed `-- x` above an added `++ y` is content: no other file begins there."""
    text = HEAD + "@@\n one\n--- drop guard\n+++ keep guard\n three\n@@\n four\n+five\n"
    first, second = hunks(text)
    assert first.old == (b"one\n", b"-- drop guard\n", b"three\n")
    assert first.new == (b"one\n", b"++ keep guard\n", b"three\n")
    assert second.new == (b"four\n", b"five\n")


def test_lines_that_look_like_a_header_at_the_end_of_the_draft() -> None:
    """Also without a line after them they are content."""
    (hunk,) = hunks(HEAD + "@@\n one\n--- a/f\n+++ b/f\n")
    assert hunk.old == (b"one\n", b"-- a/f\n")
    assert hunk.new == (b"one\n", b"++ b/f\n")


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("a/f", "b/f", "f"),
        ("a/a/f", "b/a/f", "a/f"),
        ("a/f", "a/f", "a/f"),
        ("b/f", "b/f", "b/f"),
        ("dir/f", "dir/f", "dir/f"),
        ("a/with space", "b/with space", "with space"),
    ],
)
def test_the_prefix_is_taken_off_as_a_pair(old: str, new: str, path: str) -> None:
    """`a/` and `b/` together are git's; the same name twice is the name."""
    assert [edit.path for edit in parse(f"--- {old}\n+++ {new}\n{HUNK}")] == [path]


def test_a_hunk_without_a_change_is_read() -> None:
    """It may have lost its `+`, so its place is still looked for."""
    (hunk,) = hunks(HEAD + "@@\n one\n two\n")
    assert hunk.old == hunk.new == (b"one\n", b"two\n")


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no diff"),
        ("I would add a location block to your site.", "holds no diff"),
        ("```nginx\nserver {}\n```", "holds no diff"),
        (f"```diff\n{HEAD}{HUNK}```\n```diff\n{HEAD}{HUNK}```\n", "4 fence lines"),
        (f"```diff\n{HEAD}{HUNK}", "1 fence lines"),
        (f"```\nserver {{}}\n```\n{HEAD}{HUNK}", "holds no diff"),
        (HEAD + HUNK + HEAD + HUNK, "two diffs for f"),
        (HEAD, "names f and has no hunk"),
        (HEAD + "--- a/g\n+++ b/g\n" + HUNK, "names f and has no hunk"),
        (HEAD + " one\n-two\n+TWO\n", "above its first @@"),
        (HEAD + "-one\n+ONE\n" + HUNK, "above its first @@"),
        (HEAD + "some prose\n" + HUNK, "above its first @@"),
        (HEAD + HUNK + "That is all.\n", "none of ' -+': 'That is all.'"),
        (HEAD + HUNK + "\ttab\n", "none of ' -+'"),
        (HEAD + "@@\n one\r\n\r\n+two\r\n", "none of ' -+'"),
        ("--- /dev/null\n+++ b/f\n@@\n+one\n", "turns '/dev/null' into 'b/f'"),
        ("--- a/f\n+++ /dev/null\n@@\n-one\n", "turns 'a/f' into '/dev/null'"),
        ("--- /dev/null\n+++ /dev/null\n" + HUNK, "not a contained"),
        ("--- a/f\n+++ b/g\n" + HUNK, "turns 'f' into 'g'"),
        ("--- a/f\n+++ f\n" + HUNK, "turns 'a/f' into 'f'"),
        ("--- a/../f\n+++ b/../f\n" + HUNK, "not a contained"),
        ("--- /etc/passwd\n+++ /etc/passwd\n" + HUNK, "not a contained"),
        ("--- a/.git/config\n+++ b/.git/config\n" + HUNK, "not a contained"),
        ("--- a/.GIT/hooks/x\n+++ b/.GIT/hooks/x\n" + HUNK, "not a contained"),
        ("--- a/x\0y\n+++ b/x\0y\n" + HUNK, "not a contained"),
        ("--- \n+++ \n" + HUNK, "not a contained"),
        (HEAD + "@@\n+one\n", "no old line"),
        (HEAD + "@@\n \n+one\n \t\n", "no old line"),
        (HEAD + "@@\n" + HUNK, "no old line"),
        (HEAD + HUNK + "@@\n", "no old line"),
        (f"diff --git a/f b/f\nold mode 100644\nnew mode 100755\n{HEAD}{HUNK}", "'old mode"),
        (f"{HEAD}{HUNK}diff --git a/g b/g\nold mode 100644\nnew mode 100755\n", "'old mode"),
        (f"diff --git a/x b/y\nrename from x\nrename to y\n{HEAD}{HUNK}", "'rename from x'"),
        (f"{HEAD}{HUNK}diff --git a/x b/y\nrename from x\nrename to y\n", "'rename from x'"),
        (f"{HEAD}{HUNK}diff --git a/x b/y\ncopy from x\ncopy to y\n", "'copy from x'"),
        (f"{HEAD}{HUNK}diff --git a/x b/x\nnew file mode 120000\n", "'new file mode"),
        (f"{HEAD}{HUNK}diff --git a/x b/x\ndeleted file mode 100644\n", "'deleted file"),
        (f"{HEAD}{HUNK}diff --git a/x b/x\nGIT binary patch\ndelta 3\n", "'GIT binary"),
        (f"{HEAD}{HUNK}diff --git a/x b/x\nBinary files a/x and b/x differ\n", "'Binary files"),
        (HEAD + HUNK + "\ud800", "not text"),
    ],
)
def test_what_is_no_edit_of_an_existing_file(text: str, reason: str) -> None:
    """Prose, rewrites, several answers, paths outside, and what a surgeon may not do."""
    with pytest.raises(DraftError) as caught:
        parse(text)
    assert reason in caught.value.message
    assert caught.value.hint


LINES = st.lists(
    st.sampled_from(
        [
            *(" one", "-two", "+TWO", "", " ", "@@", "@@ -1 +1 @@", "--- a/f", "+++ b/f"),
            *("--- a/g", "+++ b/g", "--- /dev/null", "```", "```diff", "diff --git a/f b/f"),
            *("\\ No newline at end of file", "new mode 100755", "prose", "\r", "--- x", "+++ x"),
        ]
    ),
    max_size=25,
)


@given(LINES)
def test_any_lines_are_read_or_refused(lines: list[str]) -> None:
    """Nothing else happens, and whatever is read has files, hunks and old lines to find."""
    try:
        edits = parse("\n".join(lines))
    except DraftError:
        return
    assert edits
    assert len({edit.path for edit in edits}) == len(edits)
    for edit in edits:
        assert edit.hunks
        for hunk in edit.hunks:
            assert any(line.strip() for line in hunk.old)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the reader fail in another way, lone surrogates included."""
    for draft in (text, HEAD + text, HEAD + HUNK + text):
        with suppress(DraftError):
            assert parse(draft)
