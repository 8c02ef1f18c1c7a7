"""What a draft says twice counts once, and two things of one file are refused in any spelling."""

from __future__ import annotations

import time

import pytest

from workflow.patch.interface import Content, Edit, Hunk, PatchError, Reason, Repair, Snippet
from workflow.patch.place import place
from workflow.patch.read import read
from workflow.types import RepoPath

HUNK = "@@\n b\n c\n+d\n"
OTHER = "@@\n b\n c\n+e\n"
SPELLINGS = ("--- a/x\n+++ b/x\n", "--- a/x\n+++ a/x\n", "--- b/x\n+++ b/x\n", "--- x\n+++ x\n")
MODES = "diff --git a/x b/x\nold mode 100644\nnew mode 100755\n"
BLOCK = "`{0}`\n<<<<<<< SEARCH\nc\n=======\nc\nd\n>>>>>>> REPLACE\n"
CALL = '{{"path": "{0}", "old_str": "c\\n", "new_str": "c\\nd\\n"}}\n'
V4A = "*** Begin Patch\n*** Update File: {0}\n@@\n b\n c\n+d\n*** End Patch\n"
OPERATION = '{{"type": "update_file", "path": "{0}", "diff": "@@\\n b\\n c\\n+d\\n"}}\n'
MAIL = "From {0} Mon Sep 17 00:00:00 2001\nSubject: x\n\n---\n\n{1}-- \n2.39.5\n\n"


class Memory:
    """Files that are only in memory."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def read(self, path: RepoPath) -> Content | None:
        """Return what there is."""
        return Content("100644", b"a\nb\nc\n") if path in self._names else None


def files(text: str, *names: str) -> dict[str, Content | None]:
    """Return what a draft makes of files, of which there is one unless more are named."""
    return dict(place(read(text.encode()).operations, Memory(*(names or ("x",)))).files)


def reason(text: str, *names: str) -> Reason:
    """Return why a draft is refused."""
    with pytest.raises(PatchError) as caught:
        files(text, *names)
    return caught.value.refusals[0].reason


def fenced(text: str) -> str:
    """Return a text in a fence."""
    return f"```\n{text}```\n"


ONCE = {"x": Content("100644", b"a\nb\nc\nd\n")}


# --- unified diffs ------------------------------------------------------------------------------


@pytest.mark.parametrize("one", SPELLINGS)
@pytest.mark.parametrize("other", SPELLINGS)
def test_a_diff_again_in_another_spelling(one: str, other: str) -> None:
    """In two fences or in one diff it is applied once."""
    for text in (fenced(one + HUNK) + fenced(other + HUNK), one + HUNK + other + HUNK):
        assert files(text) == ONCE


@pytest.mark.parametrize("one", SPELLINGS)
@pytest.mark.parametrize("other", SPELLINGS)
def test_a_contradiction_in_another_spelling(one: str, other: str) -> None:
    """Two fences that want different things of a file are refused."""
    assert reason(fenced(one + HUNK) + fenced(other + OTHER)) is Reason.CONFLICTING
    assert reason(one + HUNK + other + OTHER) in {Reason.CONFLICTING, Reason.OVERLAP}


def test_a_repetition_is_noted() -> None:
    """The reviewer reads that something was there twice."""
    text = fenced(SPELLINGS[0] + HUNK) + fenced(SPELLINGS[1] + HUNK)
    reading = read(text.encode())
    assert len(reading.operations) == 1
    assert reading.operations[0].names == ("a/x", "x")
    assert Repair.REPEATED in {repair for repair, _ in reading.repairs}


def test_a_section_with_a_mode_and_one_without() -> None:
    """They are for one file: hunks count once, and the mode stays."""
    for text in (
        MODES + SPELLINGS[0] + HUNK + SPELLINGS[0] + HUNK,
        SPELLINGS[0] + HUNK + MODES + SPELLINGS[0] + HUNK,
        SPELLINGS[0] + HUNK + MODES,
    ):
        assert files(text) == {"x": Content("100755", b"a\nb\nc\nd\n")}
    both = MODES + MODES.replace("mode 100755", "mode 100644")
    assert reason(both) is Reason.CONFLICTING
    assert reason(fenced(SPELLINGS[0] + HUNK) + fenced(MODES)) is Reason.CONFLICTING


def test_hunks_in_two_spellings_are_placed_in_one_text() -> None:
    """The second section does not see what the first one has made."""
    first, second = "@@\n-a\n+A\n b\n", "@@\n b\n-c\n+C\n"
    text = SPELLINGS[0] + first + SPELLINGS[1] + second
    assert files(text) == {"x": Content("100644", b"A\nb\nC\n")}
    assert reason(SPELLINGS[0] + first + SPELLINGS[1] + "@@\n-A\n+1\n b\n") is Reason.NO_PLACE


def test_names_that_can_be_two_files() -> None:
    """Folders may be called like git's prefixes; what is not certain is refused."""
    no_prefix = [f"--- {name}\n+++ {name}\n{HUNK}" for name in ("1/x", "2/x")]
    for text in ("".join(no_prefix), "".join(map(fenced, no_prefix))):
        assert set(files(text, "1/x", "2/x")) == {"1/x", "2/x"}
    a_and_x = SPELLINGS[0] + HUNK + SPELLINGS[1] + HUNK
    assert reason(a_and_x, "x", "a/x") is Reason.AMBIGUOUS_PATH
    three = SPELLINGS[0] + HUNK + "--- a/a/x\n+++ b/a/x\n" + OTHER + SPELLINGS[1] + HUNK
    assert reason(three, "x", "a/x") is Reason.CONFLICTING


def test_a_mail_that_is_there_twice() -> None:
    """The same commit counts once; two commits with the same change are two only in between."""
    one = MAIL.format("a" * 40, SPELLINGS[0] + HUNK)
    other = MAIL.format("b" * 40, SPELLINGS[0] + HUNK)
    assert files(one + one) == ONCE
    assert files(one + other) == ONCE
    back = MAIL.format("c" * 40, SPELLINGS[0] + "@@\n c\n-d\n")
    assert files(one + back + other) == ONCE


# --- other dialects -----------------------------------------------------------------------------


@pytest.mark.parametrize("text", [BLOCK, CALL, V4A, OPERATION])
@pytest.mark.parametrize("names", [("x", "x"), ("x", "a/x"), ("a/x", "x"), ("a/x", "a/x")])
def test_other_dialects_again(text: str, names: tuple[str, str]) -> None:
    """Old text that would stand in the file again after the first time is not looked for."""
    assert files("".join(text.format(name) for name in names)) == ONCE


def test_two_folders_are_two_files() -> None:
    """The same block for files of two folders is done in both."""
    for text in (BLOCK, CALL, V4A, OPERATION):
        both = text.format("a/x") + text.format("b/x")
        assert set(files(both, "a/x", "b/x")) == {"a/x", "b/x"}


def test_an_answer_that_is_there_twice() -> None:
    """All blocks of a file again count once; one that comes back after others may be meant."""
    back = BLOCK.replace("\nc\n=======\nc\nd\n", "\nc\nd\n=======\nc\n")
    more = BLOCK.replace("\nc\n=======\nc\nd\n", "\na\n=======\nA\n")
    twice = (BLOCK + more) * 2
    assert files(twice.format("x")) == {"x": Content("100644", b"A\nb\nc\nd\n")}
    assert reason((BLOCK + back + BLOCK).format("x")) is Reason.CONFLICTING


# --- in place -----------------------------------------------------------------------------------


def test_two_edits_that_meet_in_one_file() -> None:
    """Names of which only the files tell that they are one are no way round."""
    hunk = Hunk(1, b"c\n", b"c\nd\n", b" +")
    names = [(RepoPath(name), RepoPath("x")) for name in ("a/x", "b/x")]
    edits = [Edit(each, (hunk,)) for each in names]
    assert dict(place(edits, Memory("x")).files) == ONCE
    edits[1] = Edit(names[1], (Snippet(2, b"b", b"B"),))
    with pytest.raises(PatchError) as caught:
        place(edits, Memory("x"))
    assert caught.value.refusals[0].reason is Reason.CONFLICTING


@pytest.mark.parametrize(
    "unit", ["--- a/%d\n+++ a/%d\n@@\n-x\n", "```\n--- a/%d\n+++ b/%d\n@@\n-x\n```\n"]
)
def test_many_files_take_no_longer_each(unit: str) -> None:
    """Names are compared with those of the same file alone."""
    begin = time.process_time()
    read("".join(unit.replace("%d", str(at)) for at in range(8000)).encode())
    assert time.process_time() - begin < 4
