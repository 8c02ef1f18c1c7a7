"""V4A patches are read as they are meant, or refused."""

from __future__ import annotations

import pytest

from workflow.patch.interface import (
    Create,
    Delete,
    Dialect,
    Edit,
    Hunk,
    Move,
    Names,
    PatchError,
    Reason,
    Repair,
)
from workflow.patch.read import read
from workflow.types import RepoPath

BODY = " one\n-two\n+TWO\n three\n"
UPDATE = f"*** Update File: app/x.py\n@@ def f():\n{BODY}"
PATCH = f"*** Begin Patch\n{UPDATE}*** End Patch\n"
READ = Hunk(1, b"one\ntwo\nthree\n", b"one\nTWO\nthree\n", b" -+ ")


def names(*written: str) -> Names:
    """Return what a name can stand for."""
    return tuple(map(RepoPath, written))


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        (PATCH, set()),
        (PATCH.replace("@@ def f():", "@@"), set()),
        (PATCH.replace("@@ def f():\n", ""), set()),
        (PATCH.replace("@@ def f():", "@@ class A:\n@@     def f():"), set()),
        (PATCH.replace("*** End", "\n*** End"), {Repair.STRAY_BLANKS}),
        (UPDATE, {Repair.NO_FILE_HEADER}),
        (f"```\n*** Begin Patch\n{UPDATE}```\n", {Repair.NO_FILE_HEADER}),
        (f"```\n{PATCH}```\n", set()),
        (f"```diff\n{PATCH}```\n", set()),
        (f"Here:\n\n{PATCH}\nThat is all.\n\n- really\n", {Repair.PROSE}),
        (f"apply_patch <<'EOF'\n{PATCH}EOF\n", {Repair.PROSE}),
        (PATCH + PATCH, {Repair.REPEATED}),
        (PATCH.replace("\n", "\r\n"), {Repair.LINE_ENDS}),
        (PATCH.removesuffix("\n"), {Repair.NO_FINAL_NEWLINE}),
    ],
)
def test_one_hunk_in_any_dress(text: str, repaired: set[Repair]) -> None:
    """Headings, fences, prose and a missing envelope change nothing."""
    reading = read(text.encode())
    assert reading.dialect is Dialect.V4A
    assert reading.operations == (Edit(names("app/x.py"), (READ,)),)
    assert {repair for repair, _ in reading.repairs} == repaired


def test_every_operation() -> None:
    """Files are edited, moved, added and deleted in one envelope."""
    text = (
        f"*** Begin Patch\n{UPDATE}*** Update File: m\n*** Move to: n\n@@\n{BODY}@@\n-x\n+y\n"
        "*** Update File: p\n*** Move to: q\n*** Add File: new\n+a\n+\n+ b\n*** Delete File: old\n"
        "*** End Patch\n"
    )
    assert read(text.encode()).operations == (
        Edit(names("app/x.py"), (READ,)),
        Move(
            names("m"),
            names("n"),
            (Hunk(2, READ.old, READ.new, READ.signs), Hunk(3, b"x\n", b"y\n", b"-+")),
        ),
        Move(names("p"), names("q")),
        Create(names("new"), b"a\n\n b\n"),
        Delete(names("old")),
    )


def test_the_end_of_the_file() -> None:
    """The mark says that the hunk above it ends where the file does."""
    text = PATCH.replace("*** End", "*** End of File\n*** End")
    (edit,) = read(text.encode()).operations
    assert edit == Edit(names("app/x.py"), (Hunk(1, READ.old, READ.new, READ.signs, at_end=True),))


def test_sections_of_one_file_become_one_edit() -> None:
    """All hunks of a file are placed in the same text."""
    text = f"*** Begin Patch\n{UPDATE}{UPDATE.replace('two', '2')}*** End Patch\n"
    (edit,) = read(text.encode()).operations
    assert isinstance(edit, Edit)
    assert [change.number for change in edit.changes] == [1, 2]


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        ("*** Begin Patch\n*** End Patch\n", Reason.NOT_A_PATCH, "a patch of nothing"),
        (f"*** Begin Patch\n{UPDATE}", Reason.UNREADABLE, "cut off"),
        (f"```\n*** Begin Patch\n{UPDATE}", Reason.UNREADABLE, "cut off"),
        (f"{PATCH}{PATCH[:-14]}", Reason.UNREADABLE, "cut off"),
        ("*** Update File: f\n", Reason.UNREADABLE, "names f and has no hunk"),
        ("*** Update File: f\n@@\n", Reason.UNREADABLE, "has no lines"),
        (f"*** Update File: f\n{BODY}prose\n", Reason.UNREADABLE, "'prose'"),
        ("*** Update File: f\n@@\none\n+two\n", Reason.UNREADABLE, "'one'"),
        ("*** Add File: f\n+a\n\n+b\n", Reason.UNREADABLE, "does not begin with +"),
        ("*** Add File: f\na\n", Reason.UNREADABLE, "'a'"),
        ("*** Delete File: f\n-a\n", Reason.UNREADABLE, "below *** Delete File: f"),
        ("*** Begin Patch\n*** Move to: f\n", Reason.UNREADABLE, "Move to"),
        ("*** Add File: f\n*** Move to: g\n+a\n", Reason.UNREADABLE, "Move to"),
        (f"{UPDATE}*** Move to: g\n", Reason.UNREADABLE, "Move to"),
        ("*** Begin Patch: f\n" + UPDATE, Reason.UNREADABLE, "more than a mark"),
        (f"*** Update File: f\n{BODY}*** Insert\n", Reason.UNREADABLE, "'*** Insert'"),
        (f"{PATCH}--- a/f\n+++ b/f\n@@\n one\n", Reason.CONFLICTING, "'--- a/f'"),
        (
            f"```\n{PATCH}```\n```\n{PATCH.replace('TWO', '2')}```\n",
            Reason.CONFLICTING,
            "two fences",
        ),
        ("*** Update File: \n@@\n a\n", Reason.UNSAFE_PATH, "''"),
    ],
)
def test_what_is_refused(text: str, reason: Reason, words: str) -> None:
    """A line that says nothing certain is named."""
    with pytest.raises(PatchError) as caught:
        read(text.encode())
    assert caught.value.refusals[0].reason is reason
    assert words in caught.value.message
    assert caught.value.hint
