"""Search/replace blocks are read as they are meant, or refused."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.patch.comparing import signs
from workflow.patch.interface import (
    Create,
    Dialect,
    Edit,
    Hunk,
    Names,
    PatchError,
    Reason,
    Repair,
)
from workflow.patch.read import read
from workflow.types import RepoPath

BLOCK = "<<<<<<< SEARCH\none\ntwo\nthree\n=======\none\nTWO\nthree\n>>>>>>> REPLACE\n"
READ = Hunk(1, b"one\ntwo\nthree\n", b"one\nTWO\nthree\n", b" -+ ")
PATH = "app/x.py"


def names(*written: str) -> Names:
    """Return what a name can stand for."""
    return tuple(map(RepoPath, written))


@pytest.mark.parametrize(
    "text",
    [
        f"{PATH}\n{BLOCK}",
        f"{PATH}\n```python\n{BLOCK}```\n",
        f"```python\n{PATH}\n{BLOCK}```\n",
        f"```python {PATH}\n{BLOCK}```\n",
        f"```{PATH}\n{BLOCK}```\n",
        f"```python:{PATH}\n{BLOCK}```\n",
        f"```python path={PATH}\n{BLOCK}```\n",
        f"### {PATH}\n\n{BLOCK}",
        f"### `{PATH}`\n{BLOCK}",
        f"**{PATH}**\n{BLOCK}",
        f"**`{PATH}`**:\n{BLOCK}",
        f"File: {PATH}\n{BLOCK}",
        f"**File:** `{PATH}`\n{BLOCK}",
        f"1. `{PATH}`\n\n~~~\n{BLOCK}~~~\n",
        f"{PATH} (new name)\n{BLOCK}",
        f"In `{PATH}` the loop is wrong:\n\n```\n{BLOCK}```\nThat is all.\n",
        f"./{PATH}\n{BLOCK}",
        f"<<<<<<< SEARCH {PATH}\n{BLOCK.partition(chr(10))[2]}",
        f"{PATH}\n" + BLOCK.replace("<<<<<<<", "<<<<<").replace(">>>>>>>", ">>>>>"),
        f"{PATH}\n" + BLOCK.replace("<<<<<<<", "<" * 9).replace("=======", "=" * 9),
        f"{PATH}\n" + BLOCK.replace("=======", "====="),
        f"{PATH}\n" + BLOCK.replace("<<<<<<<", "-------").replace(">>>>>>>", "+++++++"),
        f"{PATH}\n{BLOCK}".replace("\n", "\r\n"),
    ],
)
def test_one_block_in_any_dress(text: str) -> None:
    """The path stands above, beside or in the fence, in any Markdown dress."""
    reading = read(text.encode())
    assert reading.dialect is Dialect.SEARCH_REPLACE
    assert reading.operations == (Edit(names(PATH), (READ,)),)


def test_each_block_is_an_edit_of_its_own() -> None:
    """Blocks are made one after the other; a path holds until another is told."""
    other = BLOCK.replace("three", "3")
    text = f"{PATH}\n{BLOCK}\nand then\n\n```\n{other}```\n\n`g.py`\n{BLOCK}"
    reading = read(text.encode())
    assert [operation.names for operation in reading.operations] == [(PATH,), (PATH,), ("g.py",)]
    assert reading.operations[1:2] == (
        Edit(names(PATH), (Hunk(2, b"one\ntwo\n3\n", b"one\nTWO\n3\n", b" -+ "),)),
    )


def test_the_same_block_twice_counts_once() -> None:
    """A second time it could only be placed in what the first has left."""
    reading = read(f"{PATH}\n{BLOCK}{BLOCK}".encode())
    assert len(reading.operations) == 1
    assert (Repair.REPEATED, PATH) in reading.repairs


def test_an_empty_search_makes_a_file() -> None:
    """There is nothing to find in a file that is new."""
    text = f"{PATH}\n<<<<<<< SEARCH\n=======\nnew\n>>>>>>> REPLACE\n"
    assert read(text.encode()).operations == (Create(names(PATH), b"new\n"),)


def test_an_empty_replacement_removes_lines() -> None:
    """All old lines go."""
    text = f"{PATH}\n<<<<<<< SEARCH\none\n=======\n>>>>>>> REPLACE\n"
    assert read(text.encode()).operations == (Edit(names(PATH), (Hunk(1, b"one\n", b"", b"-"),)),)


def test_contents_may_look_like_other_dialects() -> None:
    """What stands between the marks is text of a file, whatever it looks like."""
    inside = "--- a/f\n+++ b/f\n@@ -1 +1 @@\n```diff\n*** Begin Patch\n==\n"
    text = f"{PATH}\n<<<<<<< SEARCH\n{inside}=======\n{inside}more\n>>>>>>> REPLACE\n"
    (edit,) = read(text.encode()).operations
    assert edit == Edit(
        names(PATH), (Hunk(1, inside.encode(), f"{inside}more\n".encode(), b"      +"),)
    )


def test_a_heading_underlined_with_other_marks() -> None:
    """The dividing line has as many marks as the opening one, if there are several."""
    text = f"{PATH}\n<<<<<<< SEARCH\nTitle\n=====\n=======\nNew\n=====\n>>>>>>> REPLACE\n"
    (edit,) = read(text.encode()).operations
    assert isinstance(edit, Edit)
    assert (edit.changes[0].old, edit.changes[0].new) == (b"Title\n=====\n", b"New\n=====\n")


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        (BLOCK, Reason.UNREADABLE, "no path stands above search/replace block 1"),
        (f"Some words.\n{BLOCK}", Reason.UNREADABLE, "no path"),
        (f"`a.py` and `b.py`\n{BLOCK}", Reason.UNREADABLE, "no path"),
        (f"{PATH}\n{BLOCK[:-20]}", Reason.UNREADABLE, "does not end"),
        (f"{PATH}\n<<<<<<< SEARCH\na\n{BLOCK}", Reason.UNREADABLE, "before the next one begins"),
        (f"{PATH}\n{BLOCK}>>>>>>> REPLACE\n", Reason.UNREADABLE, "has not begun"),
        (
            f"{PATH}\n{BLOCK.replace('TWO', '=======')}",
            Reason.UNREADABLE,
            "2 lines of ======= instead of one",
        ),
        (f"{PATH}\n{BLOCK.replace('=======', 'x')}", Reason.UNREADABLE, "0 lines of ======="),
        (f"```\n{PATH}\n{BLOCK}x = 1\n```\n", Reason.UNREADABLE, "holds more than"),
        (f"```markdown docs/a.md\nwords\n{BLOCK}```\n", Reason.UNREADABLE, "holds more than"),
        (f"{PATH}\n{BLOCK}--- a/f\n+++ b/f\n@@\n a\n", Reason.CONFLICTING, "'--- a/f'"),
        (f"{PATH}\n{BLOCK}*** Begin Patch\n", Reason.CONFLICTING, "Begin Patch"),
        (
            f'{PATH}\n{BLOCK}\n{{"path": "f", "old_str": "a", "new_str": "b"}}\n',
            Reason.CONFLICTING,
            "old_str",
        ),
    ],
)
def test_what_is_refused(text: str, reason: Reason, words: str) -> None:
    """Marks that do not make blocks, a block without a path, and a second dialect."""
    with pytest.raises(PatchError) as caught:
        read(text.encode())
    assert caught.value.refusals[0].reason is reason
    assert words in caught.value.message
    assert caught.value.hint


# --- which lines stay -----------------------------------------------------------------------------

TEXTS = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"\n", b"d\r\n"]), max_size=12)


@given(TEXTS, TEXTS)
def test_signs_give_both_texts(old: list[bytes], new: list[bytes]) -> None:
    """Lines with - and context make the old text, lines with + and context the new."""
    found = signs(b"".join(old), b"".join(new))
    counts = Counter(found)
    assert set(found) <= set(b" -+")
    assert counts[ord(" ")] + counts[ord("-")] == len(old)
    assert counts[ord(" ")] + counts[ord("+")] == len(new)
    at = other = 0
    for sign in found:
        if sign == ord(" "):
            assert old[at] == new[other]
        at += sign != ord("+")
        other += sign != ord("-")


def test_lines_that_stand_once_stay() -> None:
    """Two changes with like lines between them are told apart."""
    old, new = b"a\nx\nb\nc\ny\nd\n", b"a\nX\nb\nc\nY\nd\n"
    assert signs(old, new) == b" -+  -+ "
