"""A doubt about a place refuses the hunk; it never makes another place the only one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from workflow.patch.read import read
from workflow.types import RepoPath

PATH = RepoPath("x")
HEAD = b"--- a/x\n+++ b/x\n"
MARK = b"\xef\xbb\xbf"


class Memory:
    """One file that is only in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, path: RepoPath) -> Content | None:
        """Return it."""
        return Content("100644", self._data) if path == PATH else None


def placed(data: bytes, draft: bytes | Snippet) -> Placement:
    """Place the hunks of a draft, or a snippet, in a file `x`."""
    if isinstance(draft, Snippet):
        return place([Edit((PATH,), (draft,))], Memory(data))
    return place(read(HEAD + draft).operations, Memory(data))


def edited(data: bytes, draft: bytes | Snippet) -> bytes:
    """Return the bytes that come of it."""
    ((_, content),) = placed(data, draft).files
    assert content
    return content.data


def refusal(data: bytes, draft: bytes | Snippet) -> PatchError:
    """Place what is refused."""
    with pytest.raises(PatchError) as caught:
        placed(data, draft)
    return caught.value


def reason(data: bytes, draft: bytes | Snippet) -> Reason:
    """Return why it is refused."""
    return refusal(data, draft).refusals[0].reason


# --- suspicious shifts --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "draft"),
    [
        # The last place is off by one column only, and is one for all that.
        (
            b"def f(\n    \tif r:\n    \t\tgo()\n    \tend\n) -> x:\n\tif r:\n\t\tgo()\n\tend\n",
            b"@@\n if r:\n \tgo()\n+\n end\n",
        ),
        (b" a\n  b\n-\n        a\n         b\n", b"@@\n a\n+x\n  b\n"),
        # Tabs for spaces at one place, one column at the other.
        (b"\ta\n\t\tb\n-\n     a\n         b\n", b"@@\n     a\n+        x\n         b\n"),
        # At neither place does the added line tell.
        (b"     a\n     b\n-\n   a\n   b\n", b"@@\n     a\n+     x\n     b\n"),
    ],
)
def test_a_doubtful_place_counts_as_one(data: bytes, draft: bytes) -> None:
    """Where it and another have the old lines, neither is chosen."""
    assert reason(data, draft) is Reason.SEVERAL_PLACES


def test_a_doubtful_place_alone_is_refused_by_name() -> None:
    """The refusal says where the lines stand, shows them, and tells what seems to be wrong."""
    error = refusal(b"top\n    a\n    b\n", b"@@\n    a\n+    x\n    b\n")
    (only,) = error.refusals
    assert only.reason is Reason.NO_PLACE
    assert "stands at line 2 with another indentation" in only.message
    assert "lost or doubled their sign" in only.hint
    assert (2, b"    a") in only.nearest


def test_tabs_for_spaces_are_not_guessed_in_added_lines() -> None:
    """Blanks in a text of several lines may be meant as they are, so that the author is asked."""
    data = b"\tpolicy = load()\n\tassert policy\n"
    draft = b"@@\n   policy = load()\n+TEXT = '(\n+  - item\n+)'\n   assert policy\n"
    error = refusal(data, draft)
    assert error.refusals[0].reason is Reason.NO_PLACE
    assert "tabs or spaces with which the file is indented" in error.hint
    assert edited(data, draft.replace(b"+  -", b"+-")) == (
        b"\tpolicy = load()\nTEXT = '(\n- item\n)'\n\tassert policy\n"
    )


def test_a_line_that_cannot_be_shifted_chooses_no_other_place() -> None:
    """It fits only one of two places, which proves neither."""
    draft = b"@@\n     a\n+  x\n     b\n"
    assert reason(b"a\nb\n", draft) is Reason.NO_PLACE
    assert reason(b"a\nb\n-\n      a\n      b\n", draft) is Reason.SEVERAL_PLACES


@given(
    st.lists(
        st.tuples(st.sampled_from([b"", b" ", b"  ", b"    ", b"\t", b"\t\t"]), st.booleans()),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([b"", b" ", b"\t", b"     "]),
    st.sampled_from([b"", b" ", b"  ", b"\t"]),
)
def test_what_is_added_chooses_no_place(
    shifts: list[tuple[bytes, bool]], own: bytes, come: bytes
) -> None:
    """With added lines of any indentation a hunk is placed where it is without them, or nowhere."""
    data = b"".join(
        b"".join(shift + line for line in ((b"a\n", b"\tb\n") if deep else (b"a\n", b"b\n")))
        + b"-\n"
        for shift, deep in shifts
    )
    old = own + b"a\n" + own + b"b\n"
    bare = Hunk(1, old, b"", b"--")
    full = Hunk(1, old, own + b"a\n" + come + b"x\n" + own + b"b\n", b" + ")
    places = []
    for change in (bare, full):
        try:
            (at,) = place([Edit((PATH,), (change,))], Memory(data)).places
            places.append((at.line, at.fit))
        except PatchError:
            places.append((0, Fit.EXACT))
    assert places[1] in (places[0], (0, Fit.EXACT))


# --- a byte-order mark --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "draft", "result"),
    [
        (b"one\ntwo\n", b"@@\n one\n-two\n+2\n", b"one\n2\n"),
        (b"one\ntwo\n", b"@@\n-one\n+1\n two\n", b"1\ntwo\n"),
        (b"one\ntwo\n", b"@@\n+zero\n one\n", b"zero\none\ntwo\n"),
        (b"one\ntwo\n", b"@@\n-one\n two\n", b"two\n"),
        (b"one\ntwo\n", b"@@\n-one\n-two\n", b""),
        (b"one\r\ntwo\r\n", b"@@\n-one\n+1\n two\n", b"1\r\ntwo\r\n"),
        (b"one", b"@@\n one\n+two\n", b"one\ntwo\n"),
        (b"  one\n    two\n", b"@@\n-one\n+if 1:\n   two\n", b"  if 1:\n    two\n"),
        (b"\tone\n\t\ttwo\n", b"@@\n-    one\n+1\n         two\n", b"1\n\t\ttwo\n"),
        (b"one\ntwo\n", b"@@\n-one\n+" + MARK + b"1\n two\n", b"1\ntwo\n"),
    ],
)
def test_a_byte_order_mark_stays_in_front(data: bytes, draft: bytes, result: bytes) -> None:
    """Who wrote the draft did not see it: the first line is found, and the mark remains first."""
    placement = placed(MARK + data, draft)
    assert placement.files == ((PATH, Content("100644", MARK + result)),)
    assert placement.places[0].line == 1
    assert placement.places[0].fit is not Fit.EXACT


def test_a_byte_order_mark_that_is_shown_is_the_authors() -> None:
    """A draft with the mark in its old lines may take it away."""
    assert edited(MARK + b"one\n", b"@@\n-" + MARK + b"one\n+one\n") == b"one\n"
    assert edited(MARK + b"one \n", b"@@\n-" + MARK + b"one\n+one\n") == b"one\n"


def test_a_byte_order_mark_hides_no_second_place() -> None:
    """What stands behind the mark and once more is not unique for who does not see it."""
    assert reason(MARK + b"one\ntwo\none\n", b"@@\n-one\n+1\n") is Reason.SEVERAL_PLACES
    assert reason(MARK + b"one \ntwo\none\t\n", b"@@\n-one\n+1\n") is Reason.SEVERAL_PLACES
    assert reason(MARK + b"  one\ntwo\n\tone\n", b"@@\n-one\n+1\n") is Reason.SEVERAL_PLACES
    assert edited(MARK + b"one\ntwo\none\n", b"@@\n two\n-one\n+1\n") == MARK + b"one\ntwo\n1\n"


# --- snippets among CRLF lines ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "old", "new", "result"),
    [
        (b"a = 1\r\nb\r\n", b"a = 1", b"a = 1\nz = 3", b"a = 1\r\nz = 3\r\nb\r\n"),
        (b"a = 1\r\nb\r\n", b"= 1", b"= (\n1\r\n)", b"a = (\r\n1\r\n)\r\nb\r\n"),
        (b"a\r\nb = 1", b"= 1", b"= (\n1)", b"a\r\nb = (\r\n1)"),
        (b"a = 1\nb\r\n", b"= 1", b"= (\n1)", b"a = (\n1)\nb\r\n"),
        (b"a = 1", b"= 1", b"= (\n1)", b"a = (\n1)"),
        # Line ends that the old text shows are the author's.
        (b"a\r\nb\r\n", b"a\r\nb", b"a\nb", b"a\nb\r\n"),
    ],
)
def test_a_snippet_gets_the_line_ends_of_its_line(
    data: bytes, old: bytes, new: bytes, result: bytes
) -> None:
    """Bare line feeds do not come into lines that end in CRLF."""
    assert edited(data, Snippet(1, old, new)) == result


# --- applied already ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "draft"),
    [
        (b"top\na\nB\nc\n", b"@@\n a\n-b\n+B\n c\n"),
        (b"top\na\nc\n", b"@@\n a\n-b\n c\n"),
    ],
)
def test_a_hunk_that_is_applied_already(data: bytes, draft: bytes) -> None:
    """Its new lines stand exactly and once in the file, and the refusal says where."""
    error = refusal(data, draft)
    assert error.refusals[0].reason is Reason.NO_PLACE
    assert "its new lines stand at line 2: is it applied already?" in error.refusals[0].message
    assert "leave this hunk out" in error.hint
    assert (2, b"a") in error.refusals[0].nearest


@pytest.mark.parametrize(
    ("data", "draft"),
    [
        (b"a\nB\nc\na\nB\nc\n", b"@@\n a\n-b\n+B\n c\n"),
        (b"a\n", b"@@\n a\n-b\n"),
        (b"a\n\nz\n", b"@@\n-b\n+\n"),
        (b"a\nB \nc\n", b"@@\n a\n-b\n+B\n c\n"),
        (b"y\n", b"@@\n z\n"),
    ],
)
def test_a_hunk_of_which_nobody_can_tell(data: bytes, draft: bytes) -> None:
    """New lines that stand twice, or with other blanks, or that say nothing, are no sign of it."""
    assert "already" not in refusal(data, draft).refusals[0].message


# --- long names and lines -----------------------------------------------------------------------

LONG = "d/" * 1500 + "x\x1b\U0001f600" * 100
LINE = "\x1b\U0001f600 " * 5000


@pytest.mark.parametrize("path", [LONG, "d/" * 1500 + "x", "\U0001f600" * 900])
@pytest.mark.parametrize(
    "text",
    [
        "--- a/{0}\n+++ b/{0}\n@@\n-" + LINE + "\n+x\n",
        "--- a/{0}\n+++ b/{0}\n@@\n-one\n+x\n",
        "--- a/{0}\n+++ b/{0}\n@@\n+x\n",
        "--- a/{0}\n+++ b/{0}\n@@\n-        two\n+ " + LINE + "\n",
        "--- a/{0}\n+++ b/{0}\n@@\n    same\n+    " + LINE + "\n",
        "--- a/{0}\n+++ b/{0}\n@@\n" + LINE + "\n",
        "--- a/{0}\n+++ b/{0}\n@@\n-three\n+x\n@@\n-three\n+y\n",
        "--- a/{0}\n+++ /dev/null\n@@\n-" + LINE + "\n",
        "--- /dev/null\n+++ b/{0}\n@@\n+x\n",
        "--- a/{0}\n+++ b/{0}/x\n@@\n-one\n+x\n",
        "--- a/{0}/none\n+++ b/{0}/none\n@@\n-one\n+x\n",
        "--- a/{0}\n+++ b/{0}\n" + LINE + "\n@@\n-one\n+x\n",
        "diff --git a/{0} b/{0}/y\n--- a/{0}\n+++ b/{0}\n@@\n-one\n+x\n",
        "diff --git a/{0} b/{0}\nnew mode " + LINE + "\n",
        "*** Begin Patch\n*** Add File: {0}\n" + LINE + "\n*** End Patch\n",
        "*** Begin Patch\n*** Delete File: {0}\n" + LINE + "\n*** End Patch\n",
        "{0}\n<<<<<<< SEARCH\none\n=======\n" + LINE + "\n>>>>>>> REPLACE\n",
        '{{"path": "{0}", "old_str": "nowhere", "new_str": "x"}}',
    ],
)
def test_no_message_is_long(path: str, text: str) -> None:
    """Whatever a draft names and holds, a person can read what is wrong with it."""
    data = b"one\n one\n\ttwo\none\nthree\n    same\n"

    class Any:
        """A folder in which there is only the one file."""

        def read(self, name: RepoPath) -> Content | None:
            """Return it."""
            return Content("100644", data) if name == path else None

    with pytest.raises(PatchError) as caught:
        place(read(text.format(path).encode()).operations, Any())
    for each in caught.value.refusals:
        assert len(each.message) <= 400, each.message
        assert len(each.hint) <= 500, each.hint
