"""What can go from a patch: layout that means nothing, and what no check misses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflow import shrink
from workflow.canonical import sha256
from workflow.errors import GitError
from workflow.shrink import MAX_READ, MAX_RUNS, describe, lines_of, split
from workflow.types import (
    ChangeKind,
    Evidence,
    Excess,
    FileChange,
    Outcome,
    RepoPath,
    Side,
    Spare,
    SparePart,
    TreeChange,
    TreeId,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.unit.conftest import Desk

APP = RepoPath("app/main.py")
PYTEST = Verdict("pytest", Outcome.PASS, "1 passed", proofs=("pytest: test_it",))
OLD = b"import os\n\n\ndef f():\n    return 1\n\n\ndef g():\n    return 2\n\n\nprint(os, f, g)\n"
NEW = (
    OLD.replace(b"os\n", b"os  # system\n")
    .replace(b"return 1", b"return 10")
    .replace(b"return 2", b"return 20")
)


@dataclass
class Judge:
    """Gates by hand: the files of a tree say whether all still holds."""

    desk: Desk
    says: Callable[[Mapping[str, bytes]], bool]
    trees: list[TreeId] = field(default_factory=list)

    def __call__(self, change: TreeChange) -> bool:
        """Judge the proposed tree by its files."""
        self.trees.append(change.proposed)
        return self.says(files_of(self.desk, change.proposed))


def files_of(desk: Desk, tree: TreeId) -> dict[str, bytes]:
    """Return the bytes of every file of a tree."""
    return {entry.path: desk.git.blob(entry.blob) for entry in desk.git.entries(tree)}


def started(desk: Desk, files: dict[str, bytes]) -> None:
    """Commit files to start from."""
    desk.repo.commit(dict(files))


def found(
    desk: Desk,
    change: TreeChange,
    says: Callable[[Mapping[str, bytes]], bool] = lambda _: False,
    verdicts: tuple[Verdict, ...] = (),
    budget_s: float = 30.0,
) -> tuple[Excess, Judge, list[str]]:
    """Run the stage; return what it found, who judged, and what it told."""
    told: list[str] = []
    judge = Judge(desk, says)
    excess = shrink.find(
        desk.git,
        change,
        verdicts,
        holds=judge,
        budget_s=budget_s,
        tell=told.append,
    )
    assert excess
    return excess, judge, told


def needs(text: bytes) -> Callable[[Mapping[str, bytes]], bool]:
    """Return a gate whose test passes only where the app has `text`."""
    return lambda files: text in files.get(APP, b"")


def test_neutral_part_is_named_and_left_out(desk: Desk) -> None:
    """A comment can go; the tree without it is the rest of the patch, byte for byte."""
    started(desk, {APP: OLD})
    excess, judge, told = found(desk, desk.change({APP: NEW}))
    assert excess.parts == (SparePart(APP, 1, 1, 1, Spare.NEUTRAL),)
    assert (excess.changed, excess.needed, excess.score) == (6, 4, 1.5)
    assert files_of(desk, excess.tree)[APP] == NEW.replace(b"  # system", b"")
    assert (excess.is_tried, excess.untried, judge.trees, told) == (False, 0, [], [])
    assert describe(excess) == (
        "2 of 6 changed lines change nothing that app/main.py means (line 1)",
    )


def test_wholly_neutral_patch_leaves_the_base(desk: Desk) -> None:
    """Where nothing is needed the smaller tree is the base's own."""
    change = desk.change({APP: b"print( 1 )\n", "site.conf": b"one\ntwo\nthree\n"})
    excess, _, _ = found(desk, change)
    assert (excess.changed, excess.needed, excess.score) == (2, 0, 2.0)
    assert excess.tree == change.base


def test_minimal_patch_has_no_spare_parts(desk: Desk) -> None:
    """A patch that is all needed is its own smallest form."""
    change = desk.change({"site.conf": b"one\n2\nthree\n"})
    excess, _, _ = found(desk, change)
    assert (excess.parts, excess.score, excess.tree) == ((), 1.0, change.proposed)
    assert describe(excess) == ()


def test_formatted_file_is_searched_by_halves(desk: Desk) -> None:
    """A hundred re-spaced lines around one that matters are all found."""
    old = b"".join(b"a%d = %d\n\nb%d = 0\n" % (n, n, n) for n in range(100))
    new = b"".join(b"a%d  =  %d\n\nb%d = 0\n" % (n, n, n) for n in range(100))
    wanted = old.replace(b"a57 = 57\n", b"a57  =  58\n")
    started(desk, {APP: old})
    excess, _, _ = found(desk, desk.change({APP: new.replace(b"a57  =  57\n", b"a57  =  58\n")}))
    assert len(excess.parts) == 99
    assert excess.needed == 2
    assert files_of(desk, excess.tree)[APP] == wanted


def test_unproven_part_is_found_by_evidence(desk: Desk) -> None:
    """A part that no check misses is named; the tree without it is what was judged."""
    started(desk, {APP: OLD})
    change = desk.change({APP: NEW})
    excess, judge, told = found(desk, change, needs(b"return 10"), (PYTEST,))
    assert excess.parts == (
        SparePart(APP, 1, 1, 1, Spare.NEUTRAL),
        SparePart(APP, 9, 1, 1, Spare.UNPROVEN),
    )
    assert excess.is_tried
    # Without the last part that is left nothing would be: it is not tried.
    assert told == ["without line 9 of app/main.py"]
    assert judge.trees == [excess.tree]
    assert files_of(desk, excess.tree)[APP] == OLD.replace(b"return 1", b"return 10")
    assert (
        describe(excess)[1]
        == "2 of 6 changed lines are in app/main.py and no check misses them (line 9)"
    )


@pytest.mark.parametrize(
    "verdicts",
    [
        (),
        (Verdict("pytest", Outcome.PASS, "nothing is proven"),),
        (PYTEST, Verdict("nginx", Outcome.ERROR, "could not judge")),
    ],
)
def test_without_proof_no_gate_is_run(desk: Desk, verdicts: tuple[Verdict, ...]) -> None:
    """Evidence can tell nothing where no check needs the patch, or a gate did not pass."""
    started(desk, {APP: OLD})
    excess, judge, _ = found(desk, desk.change({APP: NEW}), lambda _: True, verdicts)
    assert (judge.trees, excess.is_tried) == ([], False)


def test_what_does_not_hold_keeps_a_part(desk: Desk) -> None:
    """Each part is tried, and stays where something is missed without it."""
    started(desk, {APP: OLD})
    excess, judge, _ = found(desk, desk.change({APP: NEW}), lambda _: False, (PYTEST,))
    assert len(judge.trees) == 2
    assert {part.why for part in excess.parts} == {Spare.NEUTRAL}


def test_whole_files_come_and_go_as_one(desk: Desk) -> None:
    """A new file and a removed one are parts for evidence alone; what goes is undone exactly."""
    started(desk, {APP: OLD, "old.py": b"# old\n"})
    change = desk.change({APP: NEW, "new.py": b"# new\n# new\n", "old.py": None})
    excess, judge, told = found(desk, change, needs(b"return 10"), (PYTEST,))
    # What went first stayed out while the next was tried.
    assert "new.py" not in files_of(desk, judge.trees[1])
    assert "old.py" in files_of(desk, judge.trees[1])
    assert told[:2] == ["without line 1 of old.py", "without the 2 new lines at the top of new.py"]
    assert [(part.path, part.why) for part in excess.parts if part.path != APP] == [
        ("new.py", Spare.UNPROVEN),
        ("old.py", Spare.UNPROVEN),
    ]
    assert (excess.changed, excess.needed) == (9, 2)
    kept = files_of(desk, excess.tree)
    assert "new.py" not in kept
    assert kept["old.py"] == b"# old\n"


def test_the_last_part_is_not_tried(desk: Desk) -> None:
    """The base itself is never judged as if it were a smaller patch."""
    started(desk, {APP: OLD})
    new = OLD.replace(b"return 1", b"return 10").replace(b"return 2", b"return 20")
    excess, judge, _ = found(desk, desk.change({APP: new}), lambda _: True, (PYTEST,))
    assert len(judge.trees) == 1
    assert (excess.needed, len(excess.parts)) == (2, 1)


def test_prose_is_not_tried(desk: Desk) -> None:
    """No gate reads a README, so that no gate could miss its lines."""
    started(desk, {APP: OLD, "README.md": b"one\n"})
    change = desk.change({APP: NEW, "README.md": b"two\n", "NOTES.TXT": b"new\n"})
    excess, _, told = found(desk, change, needs(b"return 10"), (PYTEST,))
    assert len(told) == 2
    assert {part.path for part in excess.parts} == {APP}


def test_too_many_parts_are_said_and_not_tried(desk: Desk) -> None:
    """More parts than the bound are not tried one by one, and that is not kept quiet."""
    old = b"".join(b"a%d = 1\n\n" % n for n in range(MAX_RUNS + 1))
    started(desk, {APP: old})
    change = desk.change({APP: old.replace(b"= 1", b"= 2")})
    excess, judge, told = found(desk, change, lambda _: True, (PYTEST,))
    assert (judge.trees, excess.is_tried, excess.untried) == ([], False, MAX_RUNS + 1)
    assert told == [f"{MAX_RUNS + 1} parts of the patch were not tried: that would take too long"]
    assert describe(excess) == tuple(told)


@pytest.mark.parametrize(("budget_s", "runs"), [(0.0, 0), (5.9, 0), (6.0, 1)])
def test_gates_may_run_for_a_time(desk: Desk, budget_s: float, runs: int) -> None:
    """What the gates took on the whole patch says what all trials would take; 0 is never."""
    started(desk, {APP: OLD, "b.py": b"b = 1\n"})
    change = desk.change({APP: OLD.replace(b"return 1", b"return 10"), "b.py": b"b = 2\n"})
    log = sha256(b"")
    slow = replace(
        PYTEST,
        evidence=(
            Evidence(Side.BASE, "pytest", 0, 1.0, log),
            Evidence(Side.PATCHED, "pytest", 0, 2.0, log),
            Evidence(Side.PATCHED, "pytest", 0, 1.0, log),
        ),
    )
    excess, judge, told = found(desk, change, needs(b"return 10"), (slow,), budget_s)
    assert (len(judge.trees), excess.is_tried) == (runs, runs > 0)
    assert excess.untried == (2 if budget_s == 5.9 else 0)
    assert bool(told) == (budget_s > 0)


def test_parsing_is_bounded(desk: Desk) -> None:
    """Beyond the bound no more is parsed, and what was not tried is counted."""
    old = b"".join(b"a = %d\n#%s\n" % (n, b"-" * 20_000) for n in range(20))
    new = b"".join(b"a = %d\n#%s\n" % (n + n % 2, b"-" * 20_000) for n in range(20))
    new = new.replace(b" = ", b"  =  ")
    # The file itself and nine trials: the whole, halves, and so on from the end.
    assert MAX_READ // len(new) == 10
    started(desk, {"a.py": old, "b.py": old})
    excess, _, _ = found(desk, desk.change({"a.py": new, "b.py": new}))
    # Of b.py the last three were tried by themselves, two of which are needed; of a.py none.
    assert {part.path for part in excess.parts} == {"b.py"}
    assert (len(excess.parts), excess.untried) == (1, 20 + 17)


def test_two_parts_can_be_neutral_only_together(desk: Desk) -> None:
    """Tabs for spaces in half a block is an error, and in all of it nothing."""
    old = b"if a:\n\tb\n\n\tc\n"
    started(desk, {APP: old})
    excess, _, _ = found(desk, desk.change({APP: old.replace(b"\t", b"        ")}))
    assert (len(excess.parts), excess.needed) == (2, 0)


def test_two_parts_can_be_neutral_only_apart(desk: Desk) -> None:
    """What is left out first stays out while the others are tried."""
    comment = b"#" * 300_000 + b"\n"
    old = comment + b"a = 1\n" + comment
    started(desk, {APP: old})
    excess, _, _ = found(desk, desk.change({APP: b"a = 1\n"}))
    # With both comments the file is too large to be read.
    assert excess.parts == (SparePart(APP, 3, 1, 0, Spare.NEUTRAL),)


def test_mode_of_a_changed_file_is_kept(desk: Desk) -> None:
    """A file that becomes executable stays so when some of its lines go."""
    started(desk, {APP: OLD})
    base = desk.git.snapshot().tree
    excess, _, _ = found(desk, desk.git.change(base, desk.tree(base, {APP: NEW}, mode="100755")))
    assert len(excess.parts) == 1
    assert [one.mode for one in desk.git.entries(excess.tree, APP)] == ["100755"]


@pytest.mark.parametrize("more", [{}, {"README.md": b"new\n"}])
def test_one_part_is_not_tried(desk: Desk, more: dict[str, bytes | None]) -> None:
    """The only part that a gate can judge is what the proof is of."""
    change = desk.change({APP: b"print(2)\n", **more})
    excess, judge, _ = found(desk, change, lambda _: True, (PYTEST,))
    assert (judge.trees, excess.is_tried, excess.parts) == ([], False, ())


def test_what_is_not_text_has_no_parts(desk: Desk) -> None:
    """Binary files, links and modes are left as they are; alone there is nothing to say of them."""
    started(desk, {"a.py": b"a = 1\n", "b.bin": b"\0one\n"})
    base = desk.git.snapshot().tree
    tree = desk.tree(base, {"b.bin": b"\0two\n"})
    tree = desk.tree(tree, {"a.py": b"a = 1\n"}, mode="100755")
    tree = desk.tree(tree, {"link": b"a.py"}, mode="120000")
    nothing = shrink.find(
        desk.git,
        desk.git.change(base, tree),
        (),
        holds=Judge(desk, lambda _: False),
        budget_s=30.0,
        tell=print,
    )
    assert nothing is None
    tree = desk.tree(tree, {"a.py": b"a  =  1\n"}, mode="100755")
    change = desk.git.change(base, tree)
    excess, _, _ = found(desk, change)
    assert (excess.changed, excess.needed) == (2, 0)
    kept = {entry.path: entry for entry in desk.git.entries(excess.tree)}
    assert (kept[RepoPath("a.py")].mode, kept[RepoPath("link")].mode) == ("100755", "120000")
    assert files_of(desk, excess.tree)["b.bin"] == b"\0two\n"
    assert files_of(desk, excess.tree)["a.py"] == b"a = 1\n"


def test_a_link_that_becomes_a_file_is_left_alone(desk: Desk) -> None:
    """A file of another type is no text edit."""
    change = desk.git.change(
        desk.git.snapshot().tree,
        desk.tree(desk.git.snapshot().tree, {APP: b"site.conf"}, mode="120000"),
    )
    assert split(desk.git, change) == ()


TEXTS = st.lists(
    st.sampled_from(
        [b"a\n", b"b\n", b"\n", b"a\r\n", b"\r", b"\xff\n", b"\x0c\n", b"@@ -1 +1 @@\n"]
    )
    | st.sampled_from([b"index 00..11\n", b"diff --git a/a b/a\n", b"-- a\n", b"\\ No newline\n"]),
    max_size=12,
).map(b"".join)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    pairs=st.lists(st.tuples(TEXTS, TEXTS, st.sampled_from([b"", b"z"])), min_size=1, max_size=12)
)
def test_all_parts_give_the_patch_and_none_the_base(
    desk: Desk, pairs: list[tuple[bytes, bytes, bytes]]
) -> None:
    """Whatever two files hold, their parts lead from one to the other and back, byte for byte."""
    olds: dict[str, bytes | None] = {f"{n}.txt": old for n, (old, _, _) in enumerate(pairs)}
    news: dict[str, bytes | None] = {
        f"{n}.txt": new + tail for n, (_, new, tail) in enumerate(pairs)
    }
    base = desk.tree(desk.git.snapshot().tree, olds)
    change = desk.git.change(base, desk.tree(base, news))
    files = split(desk.git, change)
    assert [one.change for one in files] == list(change.files)
    for one in files:
        assert one.without(frozenset()) == news[one.change.path]
        assert one.without(frozenset(range(len(one.parts)))) == olds[one.change.path]
    patch = desk.git.patch(change.base, change.proposed)
    assert sum(part.size for one in files for part in one.parts) == sum(desk.git.numstat(patch))


def test_lines_end_at_line_feeds_alone() -> None:
    """Lines are counted as git does: a carriage return or a form feed is part of one."""
    assert lines_of(b"a\r\nb\rc\x0cd\n\ne") == (b"a\r\n", b"b\rc\x0cd\n", b"\n", b"e")
    assert lines_of(b"") == ()


def test_a_diff_of_other_files_is_refused(desk: Desk) -> None:
    """A change whose trees and blobs do not belong together is not split at all."""
    change = desk.change({"site.conf": b"one\n"})
    other = desk.change({APP: b"print(2)\n"})
    mixed = TreeChange(change.base, other.proposed, change.files)
    with pytest.raises(GitError, match=r"site\.conf: git's diff does not give the proposed file"):
        split(desk.git, mixed)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (SparePart(APP, 3, 1, 5, Spare.NEUTRAL), "line 3"),
        (SparePart(APP, 3, 4, 0, Spare.NEUTRAL), "lines 3-6"),
        (SparePart(APP, 3, 0, 1, Spare.NEUTRAL), "the new line before line 3"),
        (SparePart(APP, 3, 0, 2, Spare.NEUTRAL), "the 2 new lines before line 3"),
        (SparePart(APP, 1, 0, 2, Spare.NEUTRAL), "the 2 new lines at the top"),
    ],
)
def test_places_are_said_in_the_base_files_lines(part: SparePart, words: str) -> None:
    """A reviewer finds the place in the file as it is."""
    excess = Excess(9, 1, (part,), TreeId("0" * 40), is_tried=False)
    assert describe(excess)[0].endswith(f"({words})")


def test_many_places_are_counted() -> None:
    """A sentence names a few places and counts the others."""
    parts = tuple(SparePart(APP, n, 1, 1, Spare.NEUTRAL) for n in range(1, 10))
    (said,) = describe(Excess(20, 2, parts, TreeId("0" * 40), is_tried=False))
    assert said.startswith("18 of 20 changed lines change nothing that app/main.py means (line 1,")
    assert said.endswith("line 6 and 3 more places)")


def test_a_file_is_whole_unless_it_is_modified() -> None:
    """Only a file on both sides has parts of its own."""
    added = FileChange(APP, ChangeKind.ADDED, None, "100644", None, None)
    assert shrink.Split(added, (), ()).is_whole
