"""A landing on a branch of its own, and what keeps a landing from branches that are busy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow import apply, approval, recovery
from workflow.apply import Shape, Terms
from workflow.errors import BusyError, DirtyFileError, StaleProposalError, UsageError
from workflow.journal import LandingKind, LandingState
from workflow.types import State

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Desk
    from workflow.apply import Move

NEW = b"one\nTWO\nthree\n"
BRANCH = Terms(Shape.BRANCH)


def prepare(desk: Desk, terms: Terms = BRANCH) -> Move:
    """Prepare the landing of a change."""
    number = desk.approved({"site.conf": NEW}).id if not desk.store.rows() else 1
    cleared = approval.cleared(desk.store, desk.git, number)
    return apply.prepare(desk.git, desk.store, cleared, terms)


@pytest.mark.parametrize(("to", "name"), [("", "workflow/1"), ("fix/two", "fix/two")])
def test_a_new_branch_holds_the_landing(desk: Desk, to: str, name: str) -> None:
    """One commit on the base; the base's branch, its files and its last known good stay."""
    before = desk.repo.snapshot()
    move = prepare(desk, Terms(Shape.BRANCH, to))
    landing = apply.keep(desk.git, desk.journal, desk.carry_out(move))
    assert (landing.branch, landing.work_tree) == (name, None)
    assert desk.repo.git("rev-list", f"main..{name}") == move.after
    after = desk.repo.snapshot()
    assert (after.files, after.index, after.head) == (before.files, before.index, before.head)
    assert desk.git.head_of("main") == move.before
    assert desk.git.read_ref("refs/workflow/last-known-good/main") is None
    assert desk.store.get(1).state is State.APPLIED


def test_a_landing_on_a_branch_can_be_taken_back(desk: Desk) -> None:
    """By a commit on that branch."""
    apply.keep(desk.git, desk.journal, desk.carry_out(prepare(desk)))
    back = desk.roll_back()
    assert back.branch == "workflow/1"
    assert desk.git.tree_of(back.after) == desk.git.snapshot().tree
    assert desk.store.get(1).state is State.ROLLED_BACK


@pytest.mark.parametrize("name", ["a..b", "-x", "a b", "@{-1}", "x.lock", "refs/heads//x", "\x1b"])
def test_what_is_no_name_of_a_branch(desk: Desk, name: str) -> None:
    """It is refused in words, before anything moves."""
    with pytest.raises(UsageError, match="is no name of a branch"):
        prepare(desk, Terms(Shape.BRANCH, name))
    assert desk.journal.landings() == ()


def test_a_branch_that_is_there_is_not_moved(desk: Desk) -> None:
    """Neither when it is found in time, nor when it is made in the last moment."""
    move = prepare(desk)
    desk.repo.git("branch", "workflow/1")
    with pytest.raises(UsageError, match="there is a branch workflow/1 already"):
        prepare(desk)
    with pytest.raises(StaleProposalError):
        desk.carry_out(move)
    assert desk.git.head_of("workflow/1") == move.before
    assert [one.state for one in desk.journal.landings()] == [LandingState.ABANDONED]
    assert desk.store.get(1).state is State.APPROVED


@pytest.mark.parametrize("moved", [False, True])
def test_a_new_branch_cut_short(desk: Desk, *, moved: bool) -> None:
    """Killed before the branch was made it is forgotten, afterwards it is complete."""
    move = prepare(desk)
    apply.intend(desk.store, desk.journal, move, desk.git.identity())
    if moved:
        desk.git.move_ref("refs/heads/workflow/1", move.after, None, why="test")
    recovery.recover(desk.git, desk.store, desk.journal)
    found = apply.unconfirmed(desk.journal, LandingKind.APPLY, 1)
    assert (found is not None, desk.journal.unfinished()) == (moved, ())
    assert desk.store.get(1).state is (State.APPLIED if moved else State.APPROVED)


def test_a_branch_that_is_being_rebased(desk: Desk, tmp_path: Path) -> None:
    """In whichever work tree, a rebase of the branch would be spoilt: nothing moves."""
    stored = desk.approved({"site.conf": NEW})
    desk.repo.git("switch", "--quiet", "-c", "side")
    linked = tmp_path / "linked"
    desk.repo.git("worktree", "add", "--quiet", str(linked), "main")
    other = type(desk.repo)(linked)
    other.git("-c", "sequence.editor=sed -i 1ibreak", "rebase", "--quiet", "-i", "--root")
    with pytest.raises(BusyError, match="main is being rebased"):
        desk.prepare(stored.id)
    other.git("rebase", "--abort")
    assert desk.prepare(stored.id).work_tree == linked


def test_a_branch_in_two_work_trees(desk: Desk, tmp_path: Path) -> None:
    """Only one could follow, so that both are named."""
    stored = desk.approved({"site.conf": NEW})
    desk.repo.git("worktree", "add", "--quiet", "--force", str(tmp_path / "linked"), "main")
    with pytest.raises(DirtyFileError, match=r"main is checked out in .*repo and in .*linked"):
        desk.prepare(stored.id)


def test_a_detached_head_elsewhere(desk: Desk, tmp_path: Path) -> None:
    """A work tree that is on no branch is nobody's business."""
    stored = desk.approved({"site.conf": NEW})
    linked = tmp_path / "linked"
    desk.repo.git("worktree", "add", "--quiet", "--detach", str(linked))
    desk.carry_out(desk.prepare(stored.id))
    assert (linked / "site.conf").read_bytes() == b"one\ntwo\nthree\n"
    assert type(desk.repo)(linked).git("status", "--porcelain") == ""


def test_every_unrelated_file_stays_to_the_byte(desk: Desk) -> None:
    """Edited, staged, renamed, deleted, untracked and ignored files are as before."""
    files = {f"{name}.txt": f"{name}\n" for name in ("edited", "staged", "both", "moved", "gone")}
    desk.repo.commit({**files, ".gitignore": "*.ignored\n"})
    desk.repo.write({"edited.txt": "1\n", "staged.txt": "2\n", "both.txt": "3\n"})
    desk.repo.git("add", "staged.txt", "both.txt")
    desk.repo.git("mv", "moved.txt", "elsewhere.txt")
    desk.repo.git("rm", "--quiet", "--cached", "gone.txt")
    desk.repo.write({"both.txt": "4\n", "new.txt": "5\n", "x.ignored": "6\n", "mine/y.txt": "7\n"})
    stored = desk.approved({"site.conf": NEW, "app/main.py": None, "deep/new.py": b"x\n"})
    before = desk.repo.snapshot()
    apply.keep(desk.git, desk.journal, desk.carry_out(desk.prepare(stored.id)))
    after = desk.repo.snapshot()
    assert after.status == before.status
    changed = {"site.conf", "app/main.py", "deep/new.py"}
    assert {n: f for n, f in after.files.items() if n not in changed} == {
        n: f for n, f in before.files.items() if n not in changed
    }
