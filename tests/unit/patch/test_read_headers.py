"""The headers of unified diffs say what is done with a file, or the draft is refused."""

from __future__ import annotations

import pytest

from workflow.patch.interface import (
    Create,
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


# --- what is done with a file ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected", "repaired"),
    [
        ("--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+one\n", Create(names("f"), b"one\n"), set()),
        (
            "--- /dev/null\n+++ f\n@@ -0,0 +1 @@\n+one\n",
            Create(names("f"), b"one\n"),
            {Repair.PREFIX},
        ),
        (f"--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+one\n{MARK}", Create(names("f"), b"one"), set()),
        (HEAD + "@@ -0,0 +1 @@\n+one\n", Create(names("f"), b"one\n"), {Repair.NO_FILE_HEADER}),
        (
            GIT + HEAD + "@@ -0,0 +1 @@\n+a\n",
            Edit(names("f"), (Hunk(1, b"", b"a\n", b"+"),)),
            set(),
        ),
        (
            (
                "diff --git a/f b/f\nnew file mode 100755\nindex 0000000..1234567\n"
                "--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+one\n"
            ),
            Create(names("f"), b"one\n", "100755"),
            set(),
        ),
        (
            (
                "diff --git a/f b/f\nindex 0000000..1234567\n"
                "--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+o\n"
            ),
            Create(names("f"), b"o\n"),
            {Repair.NO_FILE_HEADER},
        ),
        (
            "diff --git a/f b/f\nnew file mode 100644\nindex 0000000..e69de29\n",
            Create(names("f"), b""),
            set(),
        ),
        (
            "--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n",
            Delete(names("f", "a/f"), b"one\n"),
            set(),
        ),
        (
            (
                "diff --git a/f b/f\ndeleted file mode 100644\nindex 1234567..0000000\n"
                "--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n"
            ),
            Delete(names("f"), b"one\n"),
            set(),
        ),
        ("diff --git a/f b/f\ndeleted file mode 100644\n", Delete(names("f")), set()),
        (
            "diff --git a/f b/f\nold mode 100644\nnew mode 100755\n",
            Edit(names("f"), (), "100755"),
            set(),
        ),
        (
            f"diff --git a/f b/f\nold mode 100644\nnew mode 100755\nindex 1..2\n{HEAD}{HUNK}",
            Edit(names("f"), (READ,), "100755"),
            set(),
        ),
        (
            "diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n",
            Move(names("x"), names("y")),
            set(),
        ),
        (
            (
                "diff --git a/x b/y\nsimilarity index 90%\nrename from x\nrename to y\n"
                "index 1..2 100644\n"
                f"--- a/x\n+++ b/y\n{HUNK}"
            ),
            Move(names("x"), names("y"), (READ,)),
            set(),
        ),
        (
            (
                'diff --git "a/\\303\\244" "b/\\303\\244 b"\nrename from "\\303\\244"\n'
                'rename to "\\303\\244 b"\n'
            ),
            Move(names("ä"), names("ä b")),
            set(),
        ),
    ],
)
def test_what_is_done_with_a_file(text: str, expected: Operation, repaired: set[Repair]) -> None:
    """Headers say that a file is edited, comes, goes, moves or gets another mode."""
    assert operations(text) == (expected,)
    assert repairs(text) == repaired


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        (HEAD, Reason.UNREADABLE, "names f and has no hunk"),
        (HEAD + "--- a/g\n+++ b/g\n" + HUNK, Reason.UNREADABLE, "names f and has no hunk"),
        (HUNK, Reason.UNREADABLE, "above its first file header"),
        (HEAD + " one\n-two\n+TWO\n", Reason.UNREADABLE, "above its first @@: ' one'"),
        (HEAD + "-one\n+ONE\n" + HUNK, Reason.UNREADABLE, "above its first @@"),
        (HEAD + "some prose\n" + HUNK, Reason.UNREADABLE, "above its first @@"),
        (HEAD + BARE + "That is all.\n", Reason.UNREADABLE, "hunk 1 of f has a line that begins"),
        (HEAD + HUNK + "That is all.\n", Reason.UNREADABLE, "'That is all.'"),
        (HEAD + HUNK + "\nSee:\n\n- the notes\n", Reason.UNREADABLE, "'See:'"),
        (HEAD + HUNK + "\ttab\n", Reason.UNREADABLE, "none of ' -+'"),
        (HEAD + "@@\none\n-two\n+TWO\nthree\n", Reason.UNREADABLE, "'one'"),
        (HEAD + "@@\n" + HUNK, Reason.UNREADABLE, "hunk 1 of f has no lines"),
        (HEAD + HUNK + "@@\n", Reason.UNREADABLE, "hunk 2 of f has no lines"),
        (HEAD + "@@@ -1 -1 +1 @@@\n  a\n", Reason.NOT_SUPPORTED, "combined diff"),
        (f"diff --cc f\nindex 1,2..3\n{HEAD}@@@ -1 -1 +1 @@@\n", Reason.NOT_SUPPORTED, "combined"),
        ("diff --cc f\nindex 1,2..3\n", Reason.NOT_SUPPORTED, "combined"),
        (HEAD + "@@ -1 +1 @@\n one\n--- a/g\n+++ b/g\n", Reason.UNREADABLE, "names g and has no"),
        (HEAD + HUNK.replace("1,3", "1,4") + "\nThat is all.\n", Reason.UNREADABLE, "'That is"),
        (f"{GIT}copy from x\ncopy to f\n", Reason.NOT_SUPPORTED, "copy from x"),
        (f"{GIT}GIT binary patch\ndelta 3\n", Reason.NOT_SUPPORTED, "GIT binary patch"),
        (f"{GIT}Binary files a/f and b/f differ\n", Reason.NOT_SUPPORTED, "Binary files"),
        (
            "diff --git a/f b/f\nnew file mode 120000\n--- /dev/null\n+++ b/f\n@@\n+x\n",
            Reason.NOT_SUPPORTED,
            "mode '120000'",
        ),
        (f"diff --git a/f b/f\nindex 1..2 160000\n{HEAD}{HUNK}", Reason.NOT_SUPPORTED, "160000"),
        (
            "diff --git a/f b/f\nold mode 100644\nnew mode 120000\n",
            Reason.NOT_SUPPORTED,
            "mode '120000'",
        ),
        ("diff --git a/f b/f\nold mode 100644\n", Reason.CONFLICTING, "half of a change of mode"),
        ("--- /dev/null\n+++ /dev/null\n" + HUNK, Reason.CONFLICTING, "comes and goes"),
        ("--- /dev/null\n+++ b/f\n" + HUNK, Reason.CONFLICTING, "have old lines"),
        ("--- a/f\n+++ /dev/null\n" + HUNK, Reason.CONFLICTING, "have new lines"),
        (
            "--- /dev/null\n+++ b/f\n@@\n+x\n@@\n+y\n",
            Reason.CONFLICTING,
            "one hunk only",
        ),
        (
            f"diff --git a/f b/f\nnew file mode 100644\n{HEAD}@@ -0,0 +1 @@\n+x\n",
            Reason.CONFLICTING,
            "new file mode and an old name",
        ),
        (
            f"diff --git a/f b/f\ndeleted file mode 100644\n{HEAD}@@\n-x\n",
            Reason.CONFLICTING,
            "deleted file mode and a new name",
        ),
        ("--- a/f\n+++ b/g\n" + HUNK, Reason.CONFLICTING, "turns 'a/f' into 'b/g'"),
        ("--- src/a.txt\n+++ other.txt\n" + HUNK, Reason.CONFLICTING, "turns"),
        (f"diff --git a/g b/g\n{HEAD}{HUNK}", Reason.CONFLICTING, "than after diff --git"),
        (f"diff --git a/f b/g\n{HUNK}", Reason.CONFLICTING, "two names or none"),
        (
            f"diff --git a/g b/g\n--- /dev/null\n+++ b/f\n{HUNK.replace(' one', '+one')}",
            Reason.CONFLICTING,
            "",
        ),
        ("diff --git a/g b/g\n--- /dev/null\n+++ b/f\n@@\n+x\n", Reason.CONFLICTING, "diff --git"),
        (f"diff --git a/x b/y\nrename from x\n{HUNK}", Reason.CONFLICTING, "half of a rename"),
        (
            "diff --git a/x b/z\nrename from x\nrename to y\n",
            Reason.CONFLICTING,
            "than after rename from and to",
        ),
        (
            f"diff --git a/x b/y\nrename from x\nrename to y\n--- a/x\n+++ b/z\n{HUNK}",
            Reason.CONFLICTING,
            "than after rename from and to",
        ),
        (
            "diff --git a/f b/f\nold mode 100644\nnew mode 100755\nnew mode 100644\n",
            Reason.CONFLICTING,
            "says two things",
        ),
    ],
)
def test_what_is_refused(text: str, reason: Reason, words: str) -> None:
    """A diff that says two things, or something that content cannot prove, and which hunk it is."""
    told, message = refusal(text)
    assert told is reason
    assert words in message


def test_all_that_stands_against_a_diff_is_said() -> None:
    """Every unreadable hunk and header of the draft is named at once."""
    with pytest.raises(PatchError) as caught:
        read((HEAD + "--- a/../g\n+++ b/../g\n" + HUNK).encode())
    assert [each.reason for each in caught.value.refusals] == [
        Reason.UNREADABLE,
        Reason.UNSAFE_PATH,
    ]
