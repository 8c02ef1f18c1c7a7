"""A patch on another base: exactly there, byte for byte, or a conflict that says where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflow.git_command import run_git
from workflow.rebase import ConflictError, Reason, exact, hunks
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.unit.conftest import Desk
    from workflow.types import TreeChange, TreeId

SITE = RepoPath("site.conf")
LINES = tuple(f"line {number}\n".encode() for number in range(30))
TEXT = b"".join(LINES)


@dataclass(frozen=True)
class Case:
    """A base, a patch of it, and what the branch has come to."""

    desk: Desk
    change: TreeChange
    now: TreeId

    def files(self) -> dict[str, tuple[str, bytes]]:
        """Put the patch on the branch; return every file with its mode."""
        made = exact(self.desk.git, self.change, self.now)
        assert (made.base, made.paths) == (self.now, self.change.paths)
        entries = self.desk.git.entries(made.proposed)
        return {one.path: (one.mode, self.desk.git.blob(one.blob)) for one in entries}

    def text(self) -> bytes:
        """Put the patch on the branch; return what the site holds then."""
        return self.files()[SITE][1]

    def reasons(self) -> list[Reason]:
        """Return why the patch cannot be put on the branch."""
        with pytest.raises(ConflictError) as caught:
            self.files()
        assert caught.value.exit_code == 3
        return [one.reason for one in caught.value.clashes]


def case(
    desk: Desk,
    base: Mapping[str, bytes],
    patch: Mapping[str, bytes | None],
    branch: Mapping[str, bytes | None],
) -> Case:
    """Make trees of a base, of what the patch makes of it, and of what the branch does."""
    empty = desk.git.write_tree(
        desk.git.snapshot().tree, {SITE: None, RepoPath("app/main.py"): None}
    )
    start = desk.tree(empty, base)
    change = desk.git.change(start, desk.tree(start, patch))
    return Case(desk, change, desk.tree(start, branch))


def of_text(desk: Desk, base: bytes, patch: bytes, branch: bytes) -> Case:
    """Make a case of one file."""
    return case(desk, {SITE: base}, {SITE: patch}, {SITE: branch})


def edited(*edits: tuple[int, bytes], base: tuple[bytes, ...] = LINES) -> bytes:
    """Return the text with lines replaced, each by any bytes."""
    lines = list(base)
    for number, data in edits:
        lines[number] = data
    return b"".join(lines)


# --- where it fits --------------------------------------------------------------------------------


def test_an_untouched_file_gets_the_proposed_bytes(desk: Desk) -> None:
    """Where the branch has changed other files alone, the file is the proposed one."""
    files = {SITE: TEXT, "other": b"a\n"}
    made = case(
        desk, files, {SITE: edited((4, b"new\n"))}, {"other": b"b\n", "more": b"c\n"}
    ).files()
    assert made[SITE][1] == edited((4, b"new\n"))
    assert (made["other"][1], made["more"][1]) == (b"b\n", b"c\n")


def test_hunks_move_with_their_lines(desk: Desk) -> None:
    """Lines that came above, between and below the hunks shift them, and stay."""
    patch = edited((8, b"eight\n"), (22, b"22\nand more\n"))
    branch = edited((0, b"top\nline 0\n"), (15, b""), (29, b"line 29\nbottom\n"))
    both = edited(
        (0, b"top\nline 0\n"),
        (8, b"eight\n"),
        (15, b""),
        (22, b"22\nand more\n"),
        (29, b"line 29\nbottom\n"),
    )
    assert of_text(desk, TEXT, patch, branch).text() == both


def test_a_line_beside_the_context_may_change(desk: Desk) -> None:
    """Three lines of context are what has to stay, and no more."""
    patch = edited((10, b"ten\n"))
    branch = edited((6, b"six\n"), (14, b"14\n"))
    both = edited((6, b"six\n"), (10, b"ten\n"), (14, b"14\n"))
    assert of_text(desk, TEXT, patch, branch).text() == both


def test_the_mode_of_the_branch_stays_under_a_patch_of_lines(desk: Desk) -> None:
    """A patch that sets no mode leaves the one that the branch has given meanwhile."""
    made = of_text(desk, TEXT, edited((10, b"ten\n")), TEXT)
    row = ("100755", desk.git.write_blob(TEXT))
    now = desk.git.write_tree(made.change.base, {SITE: row})
    assert Case(desk, made.change, now).files()[SITE] == ("100755", edited((10, b"ten\n")))


def test_a_patch_of_the_mode_alone_keeps_the_lines_of_the_branch(desk: Desk) -> None:
    """A mode goes onto a file that has other lines by now."""
    made = of_text(desk, TEXT, TEXT, edited((3, b"three\n")))
    program = desk.git.write_tree(made.change.base, {SITE: ("100755", desk.git.write_blob(TEXT))})
    change = desk.git.change(made.change.base, program)
    assert Case(desk, change, made.now).files()[SITE] == ("100755", edited((3, b"three\n")))


def test_files_come_and_go_and_get_other_names(desk: Desk) -> None:
    """What the branch has left alone may go, move, or become a folder."""
    base = {"goes": b"1\n", "moves": TEXT, "becomes": b"2\n", "folder/one": b"3\n", "stays": b"4\n"}
    patch = {
        "goes": None,
        "moves": None,
        "moved": TEXT,
        "becomes": None,
        "becomes/file": b"5\n",
        "folder/one": None,
        "folder": b"6\n",
    }
    made = case(desk, base, patch, {"stays": b"44\n"}).files()
    assert {path: data for path, (_, data) in made.items()} == {
        "moved": TEXT,
        "becomes/file": b"5\n",
        "folder": b"6\n",
        "stays": b"44\n",
    }


def test_crlf_and_a_last_line_without_an_end_are_bytes_like_others(desk: Desk) -> None:
    """Line ends are kept as they are, on both sides."""
    lines = tuple(line.replace(b"\n", b"\r\n") for line in LINES)
    base, patch, branch = (
        edited(*edits, (29, b"last"), base=lines)
        for edits in ((), ((27, b"new\r\n"),), ((2, b"two\r\n"),))
    )
    both = edited((2, b"two\r\n"), (27, b"new\r\n"), (29, b"last"), base=lines)
    assert of_text(desk, base, patch, branch).text() == both


# --- where it does not ----------------------------------------------------------------------------


OTHER_BYTES: dict[str, tuple[tuple[int, bytes], ...]] = {
    "the line itself": ((10, b"other\n"),),
    "next to it": ((9, b"other\n"),),
    "the first of its context": ((7, b"other\n"),),
    "a blank at an end": ((13, b"line 13 \n"),),
    "a line end": ((11, b"line 11\r\n"),),
    "a line of context is gone": ((11, b""),),
    "a line came within the context": ((12, b"line 12\nmore\n"),),
    "the branch has it already": ((10, b"ten\n"),),
    "its lines are there twice": ((29, b"".join(LINES[7:14])),),
}


def test_any_other_byte_in_a_hunk_is_a_conflict(desk: Desk) -> None:
    """A hunk stands once with all its context, or nowhere."""
    found = {
        name: of_text(desk, TEXT, edited((10, b"ten\n")), edited(*branch)).reasons()
        for name, branch in OTHER_BYTES.items()
    }
    several = found.pop("its lines are there twice")
    assert several == [Reason.SEVERAL_PLACES]
    assert set(map(tuple, found.values())) == {(Reason.CHANGED,)}


def test_the_one_that_is_left_of_two_is_not_taken_for_the_other(desk: Desk) -> None:
    """Of two equal places the branch took the one that was meant; the other is another place."""
    block = b"".join(LINES[:9])
    changed = block.replace(b"line 4\n", b"FOUR\n")
    made = of_text(desk, block + TEXT[40:] + block, changed + TEXT[40:] + block, TEXT[40:] + block)
    assert Reason.SEVERAL_PLACES in made.reasons() or made.reasons() == [Reason.CHANGED]


def test_a_block_that_has_moved_is_a_conflict(desk: Desk) -> None:
    """Lines that stand once, but below another heading by now, are git's to object to."""
    block = LINES[3:12]
    branch = b"".join((*LINES[:3], *LINES[12:25], *block, *LINES[25:]))
    assert of_text(desk, TEXT, edited((7, b"seven\n")), branch).reasons() == [Reason.MERGE]


def test_hunks_that_have_changed_places_are_a_conflict(desk: Desk) -> None:
    """Two hunks that stand once each, the second one above the first by now, fit nowhere."""
    patch, branch = edited((7, b"7\n"), (22, b"22\n")), b"".join((*LINES[15:], *LINES[:15]))
    with pytest.raises(ConflictError, match="stand in another order by now"):
        of_text(desk, TEXT, patch, branch).text()


def test_the_beginning_and_the_end_of_a_file_are_context(desk: Desk) -> None:
    """A hunk at the first line does not follow it down, and one at the last not up."""
    first = of_text(desk, TEXT, edited((0, b"new\n")), b"above\n" + TEXT)
    last = of_text(desk, TEXT, edited((29, b"line 29\nnew\n")), TEXT + b"below\n")
    emptied = of_text(desk, b"", b"new\n", b"branch\n")
    assert [first.reasons(), last.reasons()] == [[Reason.CHANGED]] * 2
    assert emptied.reasons() == [Reason.CHANGED]


def test_two_that_end_a_file_otherwise_are_a_conflict(desk: Desk) -> None:
    """A line feed at the end of the file is a part of the last line."""
    base, patch = TEXT.removesuffix(b"\n"), edited((28, b"28\n")).removesuffix(b"\n")
    assert of_text(desk, base, patch, TEXT).reasons() == [Reason.CHANGED]


WHOLE: dict[str, tuple[dict[str, bytes], dict[str, bytes | None], dict[str, bytes | None]]] = {
    "goes, changed": ({"f": b"1\n"}, {"f": None}, {"f": b"2\n"}),
    "goes, gone": ({"f": b"1\n"}, {"f": None}, {"f": None}),
    "changed, gone": ({"f": b"1\n"}, {"f": b"2\n"}, {"f": None}),
    "changed, a folder": ({"f": b"1\n"}, {"f": b"2\n"}, {"f": None, "f/g": b"3\n"}),
    "comes, there": ({}, {"f": b"1\n"}, {"f": b"2\n"}),
    "comes, the same there": ({}, {"f": b"1\n"}, {"f": b"1\n"}),
    "comes below a file": ({}, {"f/g": b"1\n"}, {"f": b"2\n"}),
    "comes, a folder": ({}, {"f": b"1\n"}, {"f/g": b"2\n"}),
    "a fuller folder": ({"f/g": b"1\n"}, {"f/g": None, "f": b"2\n"}, {"f/h": b"3\n"}),
    "binary": ({"f": b"\0a\n"}, {"f": b"\0b\n"}, {"f": b"\0c\n"}),
    "becomes binary": ({"f": TEXT}, {"f": TEXT + b"\0"}, {"f": b"x\n" + TEXT}),
}


def test_whole_files_that_do_not_fit(desk: Desk) -> None:
    """A file that comes, goes or is binary needs the place as it was."""
    found = {
        name: case(desk, {"stays": b"0\n", **base}, patch, branch).reasons()
        for name, (base, patch, branch) in WHOLE.items()
    }
    assert found == {
        "goes, changed": [Reason.WHOLE_FILE],
        "goes, gone": [Reason.GONE],
        "changed, gone": [Reason.GONE],
        "changed, a folder": [Reason.GONE],
        "comes, there": [Reason.OCCUPIED],
        "comes, the same there": [Reason.OCCUPIED],
        "comes below a file": [Reason.OCCUPIED],
        "comes, a folder": [Reason.OCCUPIED],
        "a fuller folder": [Reason.OCCUPIED],
        "binary": [Reason.WHOLE_FILE],
        "becomes binary": [Reason.WHOLE_FILE],
    }


def test_links_and_modes_must_be_what_they_were(desk: Desk) -> None:
    """A link that the branch has turned, and a mode that it has set, are conflicts."""
    git = desk.git
    start = of_text(desk, TEXT, TEXT, TEXT).change.base
    plain, link = git.write_blob(TEXT), git.write_blob(b"elsewhere")
    program = git.write_tree(start, {SITE: ("100755", plain)})
    turned = git.write_tree(start, {SITE: ("120000", link)})
    edit = desk.tree(start, {SITE: edited((1, b"one\n"))})
    back = git.change(program, start)
    assert Case(desk, git.change(start, edit), turned).reasons() == [Reason.WHOLE_FILE]
    assert Case(desk, git.change(start, turned), edit).reasons() == [Reason.WHOLE_FILE]
    assert Case(desk, git.change(start, program), program).reasons() == [Reason.MODE]
    assert Case(desk, back, start).reasons() == [Reason.MODE]


def test_each_conflict_is_told_in_order_with_its_lines(desk: Desk) -> None:
    """A conflict says which hunk, what it expects, and what is there now, by its line."""
    base = {"a": TEXT, "b": b"1\n", SITE: TEXT}
    patch = {"a": edited((10, b"ten\n")), "b": None, SITE: edited((5, b"5\n"), (20, b"20\n"))}
    branch = {
        "a": edited((0, b"more\nline 0\n"), (10, b"TEN\nELEVEN\n")),
        "b": b"2\n",
        SITE: edited((20, b"line 20 \n")),
    }
    with pytest.raises(ConflictError, match=r"a: the hunk at line 8.*and 2 more") as caught:
        exact(desk.git, (made := case(desk, base, patch, branch)).change, made.now)
    first, second, third = caught.value.clashes
    assert (first.path, first.hunk, first.line) == ("a", "@@ -8,7 +8,7 @@ line 6", 9)
    assert first.expected == tuple(f"line {number}" for number in range(7, 14))
    assert first.found == ("line 7", "line 8", "line 9", "TEN", "ELEVEN", *first.expected[4:])
    assert (second.path, second.reason, second.hunk) == ("b", Reason.WHOLE_FILE, "")
    assert (third.path, third.line, "other blanks" in third.message) == (SITE, 18, True)


def test_what_is_told_of_a_conflict_is_bounded(desk: Desk) -> None:
    """A hunk of very many lines is told by the first of them."""
    many = b"".join(b"%d\n" % number for number in range(500))
    found = of_text(desk, many, b"0\n", many + b"more\n")
    with pytest.raises(ConflictError) as caught:
        found.text()
    clash = caught.value.clashes[0]
    assert (len(clash.expected), clash.expected[-1]) == (41, "(and 460 more lines)")


# --- git's own merge ------------------------------------------------------------------------------

SOME = st.sampled_from([b"a\n", b"b\n", b"c\n", b"}\n", b"\n", b"d\r\n", b" a\n"])
EDITS = st.lists(
    st.tuples(st.integers(0, 39), st.integers(0, 3), st.lists(SOME, max_size=3)), max_size=4
)


def changed(lines: list[bytes], edits: list[tuple[int, int, list[bytes]]], *, ends: bool) -> bytes:
    """Return lines with runs of them replaced, and perhaps without the last line feed."""
    made = list(lines)
    for at, count, new in edits:
        made[at : at + count] = new
    text = b"".join(made)
    return text if ends else text.removesuffix(b"\n")


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lines=st.lists(st.integers(0, 25).map(lambda n: b"%d\n" % n), min_size=8, max_size=40),
    patch=EDITS,
    branch=EDITS,
    ends=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_where_it_fits_git_merges_the_same(
    desk: Desk,
    lines: list[bytes],
    patch: list[tuple[int, int, list[bytes]]],
    branch: list[tuple[int, int, list[bytes]]],
    ends: tuple[bool, bool, bool],
) -> None:
    """Random edits on both sides: where the patch fits, git's own three-way merge is the same."""
    base = {SITE: changed(lines, [], ends=ends[0]), "other": b"1\n"}
    ours = {SITE: changed(lines, branch, ends=ends[1]), "other": b"2\n", "more": b"3\n"}
    made = case(desk, base, {SITE: changed(lines, patch, ends=ends[2])}, ours)
    if not made.change.files:
        return
    theirs = merged(desk, made)
    try:
        result = exact(desk.git, made.change, made.now)
    except ConflictError as conflict:
        clashing = {one.path for one in conflict.clashes}
        result = None
    if result is None:
        assert clashing == {SITE}
        return
    assert result.proposed == theirs
    assert [one.path for one in desk.git.change(made.now, result.proposed).files] == [SITE]


def merged(desk: Desk, made: Case) -> TreeId | None:
    """Merge by a command of git's own, with commits on real branches."""
    git = desk.git
    root = git.commit(made.change.base, (), "base", git.identity())
    ours, theirs = (
        git.commit(tree, (root,), "side", git.identity())
        for tree in (made.now, made.change.proposed)
    )
    ran = run_git("merge-tree", "--write-tree", ours, theirs, cwd=git.top)
    return type(made.now)(ran.stdout.decode().strip()) if ran.exit_status == 0 else None


def test_no_attribute_and_no_setting_says_how_git_merges(desk: Desk) -> None:
    """What a repository or a person has set up for their own merges decides nothing here."""
    desk.repo.commit({".gitattributes": "* -merge\n", "site.conf": TEXT})
    desk.repo.git("config", "merge.default", "binary")
    patch, branch = edited((10, b"ten\n")), edited((20, b"20\n"))
    made = of_text(desk, TEXT, patch, branch)
    attributes = {".gitattributes": b"* -merge\n"}
    start, change = desk.tree(made.change.base, attributes), made.change
    moved = desk.git.change(start, desk.tree(change.proposed, attributes))
    found = Case(desk, moved, desk.tree(made.now, attributes))
    assert merged(desk, found) is None
    assert found.text() == edited((10, b"ten\n"), (20, b"20\n"))


# --- reading hunks --------------------------------------------------------------------------------


def test_two_files_with_the_same_bytes_have_the_same_hunks(desk: Desk) -> None:
    """Copies that are changed alike are not taken for one file with all hunks twice."""
    new = edited((10, b"ten\n"))
    branch = {"a": b"top\n" + TEXT, "b": TEXT + b"end\n"}
    made = case(desk, {"a": TEXT, "b": TEXT}, {"a": new, "b": new}, branch).files()
    assert (made["a"][1], made["b"][1]) == (b"top\n" + new, new + b"end\n")


def test_lines_that_look_like_headers_are_lines(desk: Desk) -> None:
    """A hunk may remove and add lines that read like a patch's own."""
    tricky = (b"-- a/site.conf\n", b"++ b/site.conf\n", b"diff --git a/x b/x\n", b"@@ -1 +1 @@\n")
    base, new = (
        edited(*((10 + at, line) for at, line in enumerate(lines)))
        for lines in (tricky, tricky[::-1])
    )
    assert of_text(desk, base, new, b"top\n" + base).text() == b"top\n" + new


def test_a_place_is_told_through_what_the_branch_did() -> None:
    """Lines that were removed, added and replaced above say where a hunk stands now."""
    hunk = hunks.Hunk(10, 7, b"", b"", b"", b"", at_start=False, at_end=False)
    shift = hunks.Shift
    assert hunks.now_at(hunk, ()) == (10, 17)
    assert hunks.now_at(hunk, (shift(0, 0, 0, 2), shift(5, 6, 7, 7))) == (11, 18)
    assert hunks.now_at(hunk, (shift(12, 13, 12, 15), shift(17, 17, 19, 20))) == (10, 20)
    assert hunks.now_at(hunk, (shift(8, 12, 8, 9), shift(30, 31, 27, 28))) == (8, 14)
    assert hunks.now_at(hunk, (shift(10, 10, 10, 12),)) == (10, 19)
    assert hunks.now_at(hunk, (shift(0, 40, 0, 3),)) == (0, 3)
