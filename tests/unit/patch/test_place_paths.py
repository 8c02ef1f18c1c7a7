"""Operations on whole files: which file a name means, and what may not be said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.patch.interface import (
    Content,
    Create,
    Delete,
    Edit,
    Move,
    PatchError,
    Reason,
    Refusal,
    Snippet,
)
from workflow.patch.place import MAX_HUNKS, named, place
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.patch.interface import Operation

X, Y, AX, BX = (RepoPath(name) for name in ("x", "y", "a/x", "b/x"))


class Memory:
    """Files that are only in memory; `None` stands for a folder or a link."""

    def __init__(self, files: Mapping[str, bytes | None]) -> None:
        self._files = files
        self.prepared: list[RepoPath] = []

    def prepare(self, paths: Sequence[RepoPath]) -> None:
        """Note what will be asked for."""
        self.prepared += paths

    def read(self, path: RepoPath) -> Content | None:
        """Return what there is."""
        if path not in self._files:
            return None
        data = self._files[path]
        if data is None:
            raise PatchError(Refusal(Reason.NOT_A_FILE, f"{path} is a link", "name a file", path))
        return Content("100755", data)


def edit(*names: RepoPath, old: bytes = b"1", new: bytes = b"2") -> Edit:
    """Make an edit of one snippet."""
    return Edit(names, (Snippet(1, old, new),))


def files(there: Mapping[str, bytes | None], *operations: Operation) -> dict[str, bytes | None]:
    """Return what becomes of the files that change."""
    placement = place(operations, Memory(there))
    return {path: content.data if content else None for path, content in placement.files}


def reasons(there: Mapping[str, bytes | None], *operations: Operation) -> list[Reason]:
    """Return why operations are refused."""
    with pytest.raises(PatchError) as caught:
        place(operations, Memory(there))
    return [refusal.reason for refusal in caught.value.refusals]


def test_the_file_that_exists_is_meant() -> None:
    """With git's prefix or without it, whichever is there; neither and both are refused."""
    assert files({"x": b"1"}, edit(X, AX)) == {"x": b"2"}
    assert files({"a/x": b"1"}, edit(X, AX)) == {"a/x": b"2"}
    assert files({"x": b"1", "a/x": None}, edit(X, AX)) == {"x": b"2"}
    assert reasons({"x": b"1", "a/x": b"1"}, edit(X, AX)) == [Reason.AMBIGUOUS_PATH]
    assert reasons({}, edit(X, AX)) == [Reason.NO_SUCH_FILE]
    assert reasons({"x": None}, edit(X, AX)) == [Reason.NOT_A_FILE]


def test_a_new_file() -> None:
    """It goes where nothing is, under the likelier name, with its own mode."""
    placement = place([Create((X, BX), b"new", "100755")], Memory({"b/x": None}))
    assert placement.files == ((X, Content("100755", b"new")),)
    assert reasons({"x": b""}, Create((X, BX), b"new")) == [Reason.FILE_EXISTS]
    assert reasons({"b/x": b""}, Create((X, BX), b"new")) == [Reason.FILE_EXISTS]
    assert reasons({"x": None}, Create((X, BX), b"new")) == [Reason.NOT_A_FILE]


@pytest.mark.parametrize("shown", [None, b"1\n2\n", b"1\n2", b"1 \r\n2\r\n"])
def test_a_deleted_file(shown: bytes | None) -> None:
    """It goes when the draft shows what it holds, or nothing of it."""
    assert files({"x": b"1\n2\n"}, Delete((X,), shown)) == {"x": None}


@pytest.mark.parametrize("shown", [b"", b"1\n", b"1\n2\n3\n", b"2\n1\n", b" 1\n2\n"])
def test_a_deleted_file_that_holds_something_else(shown: bytes) -> None:
    """Who deletes a file and shows another one means another one."""
    assert reasons({"x": b"1\n2\n"}, Delete((X,), shown)) == [Reason.NO_PLACE]
    assert reasons({}, Delete((X,), shown)) == [Reason.NO_SUCH_FILE]


def test_a_moved_file() -> None:
    """It takes its mode and its changes along; where it goes nothing may be."""
    placement = place([Move((X,), (Y,), (Snippet(1, b"1", b"2"),))], Memory({"x": b"1"}))
    assert placement.files == ((X, None), (Y, Content("100755", b"2")))
    assert placement.places[0].path == X
    assert files({"a/x": b"1"}, Move((X, AX), (Y, RepoPath("b/y")))) == {"a/x": None, "b/y": b"1"}
    assert reasons({"x": b"1", "y": b""}, Move((X,), (Y,))) == [Reason.FILE_EXISTS]
    assert reasons({"y": b""}, Move((X,), (Y,))) == [Reason.NO_SUCH_FILE]
    assert reasons({"x": b"1"}, Move((X,), (X,))) == [Reason.FILE_EXISTS]


def test_a_mode_is_set() -> None:
    """With a change or alone."""
    placement = place([Edit((X,), (), "100644")], Memory({"x": b"1"}))
    assert placement.files == ((X, Content("100644", b"1")),)


def test_edits_follow_one_another() -> None:
    """Each is placed in what the one before left, and the file is given once."""
    assert files({"x": b"1"}, edit(X), edit(X, old=b"2", new=b"3")) == {"x": b"3"}
    assert reasons({"x": b"1"}, edit(X), edit(X, old=b"1", new=b"3")) == [Reason.NO_PLACE]
    assert reasons({"x": b"1"}, edit(X), edit(X, old=b"2", new=b"1")) == [Reason.NO_CHANGE]


@pytest.mark.parametrize(
    "operations",
    [
        (edit(X), Delete((X,))),
        (Delete((X,)), edit(X)),
        (Delete((X,)), Delete((X,))),
        (Move((X,), (Y,)), edit(X)),
        (Move((X,), (Y,)), edit(Y)),
        (edit(X), Move((X,), (Y,))),
        (Create((Y,), b"1"), edit(Y)),
        (Create((Y,), b""), Create((Y,), b"")),
        (Create((Y,), b""), Move((X,), (Y,))),
        (Create((Y,), b""), Create((RepoPath("y/z"),), b"")),
        (Create((RepoPath("n/y/z"),), b""), Create((RepoPath("n"),), b"")),
    ],
)
def test_two_things_about_one_path(operations: tuple[Operation, ...]) -> None:
    """What becomes of a file is said once, but for edits in place."""
    assert reasons({"x": b"1"}, *operations) == [Reason.CONFLICTING]


def test_what_stays_the_same_is_left_out() -> None:
    """A file is given only if it changes, and some file has to."""
    same = edit(X, new=b"1")
    assert files({"x": b"1", "y": b"1"}, same, edit(Y)) == {"y": b"2"}
    assert reasons({"x": b"1"}, same) == [Reason.NO_CHANGE]
    assert reasons({}) == [Reason.NO_CHANGE]


def test_all_that_fails_is_told() -> None:
    """Of every file, in the draft's order; a later edit is placed in what did work before it."""
    two = Edit((X,), (Snippet(1, b"1", b"2"), Snippet(2, b"nowhere", b"")))
    operations = (edit(Y), two, edit(X, old=b"2", new=b"3"), Delete((X,)))
    assert reasons({"x": b"1"}, *operations) == [
        *(Reason.NO_SUCH_FILE, Reason.NO_PLACE, Reason.CONFLICTING)
    ]


def test_many_files_are_asked_for_at_once() -> None:
    """Files that can be read together are told all names beforehand."""
    there = Memory({"x": b"1"})
    operations: list[Operation] = [edit(X, AX), Move((BX,), (Y, BX)), edit(X)]
    assert named(operations) == (X, AX, BX, Y)
    with pytest.raises(PatchError):
        place(operations, there)
    assert there.prepared == [X, AX, BX, Y]


def test_too_much_searching_is_refused() -> None:
    """A draft that would take minutes to place is told to be shorter."""
    data = b"x" * 50_000_000
    edits = [edit(X, old=b"xy %d" % number) for number in range(60)]
    with pytest.raises(PatchError) as caught:
        place(edits, Memory({"x": data}))
    found = [refusal.reason for refusal in caught.value.refusals]
    assert (found[0], found[-1]) == (Reason.NO_PLACE, Reason.NOT_SUPPORTED)


def test_a_file_has_so_many_hunks() -> None:
    """Beyond a bound git itself would take minutes to show the change; edits in turn count, too."""
    lines = [b"line %d\n" % number for number in range(MAX_HUNKS + 1)]
    data = b"".join(lines)
    hunks = tuple(Snippet(n, line, b"x" + line) for n, line in enumerate(lines, 1))
    one, most = hunks[:1], hunks[1:]
    assert reasons({"x": data}, Edit((X,), hunks)) == [Reason.NOT_SUPPORTED]
    assert reasons({"x": data}, Edit((X,), one), Edit((X,), most)) == [Reason.NOT_SUPPORTED]
    assert files({"x": data}, Edit((X,), most))["x"] == b"line 0\n" + b"".join(
        b"x" + line for line in lines[1:]
    )
