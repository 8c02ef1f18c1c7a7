"""Whatever a killed command left, the next one brings to an end, and says so."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from workflow import apply, ledger, recovery
from workflow.errors import UnfinishedLandingError
from workflow.journal import LandingKind, LandingState
from workflow.types import State
from workflow.work_tree import WorkTree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Snapshot
    from tests.unit.conftest import Desk, Spawn
    from workflow.apply import Move
    from workflow.journal import Landing

FILES = {"site.conf": b"one\nTWO\nthree\n", "app/main.py": None, "new/x.py": b"x\n"}
DIE = """
import sys
from pathlib import Path
from workflow.database import connect
from workflow.journal import Journal
folder = Path(sys.argv[1])
journal = Journal(folder, connect(folder))
with journal.exclusive("workflow apply 1"), journal.running("workflow apply 1") as run:
    run.note("move")
    print("held", flush=True)
    sys.stdin.readline()
"""


def recover(desk: Desk) -> tuple[str, ...]:
    """Recover, and check that a second time there is nothing to do."""
    said = recovery.recover(desk.git, desk.store, desk.journal)
    assert not recovery.is_needed(desk.git, desk.journal, desk.store)
    assert recovery.recover(desk.git, desk.store, desk.journal) == ()
    assert ledger.verify(desk.store.connection)[1] == ()
    return said


def intend(desk: Desk, move: Move) -> Landing:
    """Write a move down, as the command that was killed had done."""
    who = desk.git.identity()
    return apply.intend(desk.store, desk.journal, move, who)


def move_branch(desk: Desk, move: Move) -> None:
    """Move the branch, as the command that was killed had done."""
    desk.git.move_ref("refs/heads/main", move.after, move.before, why="test")


def seen(desk: Desk) -> Snapshot:
    """Return all that a command could change, but for the ref by which git is told of rows."""
    found = desk.repo.snapshot()
    refs = [row for row in found.refs.splitlines() if not row.endswith("refs/workflow/ledger")]
    return replace(found, refs="\n".join(refs))


def status(desk: Desk) -> str:
    """Return what git thinks of the checkout."""
    return desk.repo.git("--no-optional-locks", "status", "--porcelain")


@pytest.fixture
def move(desk: Desk) -> Move:
    """Return an approved proposal's move: a change, a deletion and a new file."""
    return desk.prepare(desk.approved(FILES).id)


def test_nothing_to_do_is_found_cheaply(desk: Desk) -> None:
    """After everything has ended well nothing needs recovery."""
    desk.land(FILES)
    ledger.anchor(desk.git, desk.store.connection)
    assert not recovery.is_needed(desk.git, desk.journal, desk.store)
    assert recover(desk) == ()


def test_a_landing_of_which_git_was_not_told(desk: Desk) -> None:
    """Killed before git was told how far the ledger had come, it is told now."""
    desk.land(FILES)
    assert recovery.is_needed(desk.git, desk.journal, desk.store)
    assert recover(desk) == ()
    assert ledger.is_anchored(desk.store.connection)


def test_a_held_index_is_let_go(desk: Desk, move: Move, python: Spawn) -> None:
    """Killed while it held the index, before or after the branch moved, the lock goes."""
    child = python(DIE, desk.store.folder)
    assert child.line() == "held"
    child.kill()
    checkout = WorkTree(desk.git)
    checkout._take()
    assert recovery.is_needed(desk.git, desk.journal, desk.store)
    recover(desk)
    assert not (desk.repo.path / ".git/index.lock").exists()
    intend(desk, move)
    move_branch(desk, move)
    checkout._take()
    (said,) = recover(desk)
    assert "its files have followed" in said
    assert status(desk) == ""


def test_an_index_that_could_not_be_let_go(desk: Desk) -> None:
    """A landing that was refused, and could not take its lock away, is in nobody's way later."""
    ledger.anchor(desk.git, desk.store.connection)
    checkout = WorkTree(desk.git)
    checkout._take()
    (desk.repo.path / ".git/index.workflow").write_bytes(b"an index")
    assert recover(desk) == ()
    assert not list((desk.repo.path / ".git").glob("index.*"))
    checkout._take()
    assert desk.git.git_dir.joinpath("index.lock").exists()


def test_a_lock_of_gits_own_stays(desk: Desk) -> None:
    """What git holds is not ours to take away."""
    ledger.anchor(desk.git, desk.store.connection)
    lock = desk.repo.path / ".git/index.lock"
    lock.write_bytes(b"")
    assert not recovery.is_needed(desk.git, desk.journal, desk.store)
    recovery.recover(desk.git, desk.store, desk.journal)
    assert lock.exists()


def test_a_stopped_command_is_named_and_left_alone(desk: Desk, move: Move, python: Spawn) -> None:
    """What a stopped process is at stays its own; the next command says how to go on."""
    child = python(DIE, desk.store.folder)
    assert child.line() == "held"
    intend(desk, move)
    move_branch(desk, move)
    pid = child.process.pid
    os.kill(pid, signal.SIGSTOP)
    os.waitid(os.P_PID, pid, os.WSTOPPED)
    (said,) = recovery.recover(desk.git, desk.store, desk.journal)
    assert "is stopped" in said
    assert f"kill -CONT {pid}" in said
    assert len(desk.journal.unfinished()) == 1
    os.kill(pid, signal.SIGCONT)
    child.kill()
    assert "its files have followed" in recover(desk)[-1]


def test_a_store_that_cannot_be_locked_is_looked_at(desk: Desk, move: Move) -> None:
    """Where nothing can be written, what is open is said and looking still works."""
    intend(desk, move)
    lock = desk.store.folder / "lock"
    lock.unlink(missing_ok=True)
    lock.mkdir()
    (said,) = recovery.recover(desk.git, desk.store, desk.journal)
    assert "cannot be put in order yet" in said
    lock.rmdir()
    assert "had not moved main" in recover(desk)[0]


def test_the_clock_decides_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that jumps back by decades, what came last is still what came last."""
    for year in ("2051", "1999", "2030", "1971"):
        for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
            monkeypatch.setenv(name, f"{year}-01-02T03:04:05+00:00")
        desk.land({"site.conf": year.encode()})
    landing = apply.to_roll_back(desk.journal, None)
    assert (landing.proposal, landing.id) == (4, 4)
    desk.roll_back()
    assert (desk.repo.path / "site.conf").read_text() == "2030"
    move = desk.prepare(desk.approved({"app/main.py": b"2\n"}).id)
    intend(desk, move)
    move_branch(desk, move)
    assert "its files have followed" in recover(desk)[0]


def test_a_row_without_a_ref(desk: Desk) -> None:
    """Killed between row and ref: the proposal is whole and gets its ref."""
    stored = desk.store.add(desk.proposal(FILES))
    assert recovery.is_needed(desk.git, desk.journal, desk.store)
    assert recover(desk) == ("proposal 1 was complete; it has its ref now",)
    assert desk.git.read_ref("refs/workflow/proposals/1") == stored.proposal.commit


def test_a_row_whose_commit_is_gone(desk: Desk) -> None:
    """Left so long that git has collected its commit, it is said once and stops nobody."""
    desk.store.add(desk.proposal(FILES))
    desk.repo.git("gc", "--quiet", "--prune=now")
    (said,) = recover(desk)
    assert "lost its commit" in said


def test_an_intent_before_the_branch_moved(desk: Desk, move: Move) -> None:
    """Nothing has happened, and the proposal can be applied again."""
    before = desk.repo.snapshot()
    landing = intend(desk, move)
    (said,) = recover(desk)
    assert "had not moved main: nothing has changed" in said
    assert desk.repo.snapshot() == before
    assert desk.journal.landing(landing.id).state is LandingState.ABANDONED
    assert desk.store.get(1).state is State.APPROVED
    assert desk.carry_out(desk.prepare(1)).state is LandingState.MOVED


@pytest.mark.parametrize("done", [0, 1, 2, 5])
def test_a_branch_that_moved_before_its_files(desk: Desk, move: Move, done: int) -> None:
    """Killed anywhere between the ref and the last index row, the files follow."""
    landing = intend(desk, move)
    move_branch(desk, move)
    desk.repo.write({"dirty.txt": "mine\n"})
    if done & 1:
        desk.repo.write({"site.conf": FILES["site.conf"] or b""})
    if done & 2:
        (desk.repo.path / "app/main.py").unlink()
        desk.repo.write({"new/x.py": b"x\n"})
    if done & 4:
        desk.repo.git("update-index", "--add", "--remove", "site.conf")
    (said,) = recover(desk)
    assert "its files have followed" in said
    assert "workflow apply 1` to confirm" in said
    assert status(desk) == "?? dirty.txt"
    assert desk.store.get(1).state is State.APPLIED
    found = apply.unconfirmed(desk.journal, LandingKind.APPLY, 1)
    assert found is not None
    assert found == desk.journal.landing(landing.id)
    assert apply.keep(desk.git, desk.journal, found).state is LandingState.KEPT


def test_files_that_followed_before_the_record(desk: Desk, move: Move) -> None:
    """Killed after the files and before the record, only the record is made."""
    intend(desk, move)
    move_branch(desk, move)
    checkout = WorkTree(desk.git)
    checkout.bring(move.change, checkout.stage(move.change, desk.folder()))
    before = seen(desk)
    recover(desk)
    assert seen(desk) == before
    assert desk.store.get(1).state is State.APPLIED


def test_edits_made_meanwhile_are_kept(desk: Desk, move: Move) -> None:
    """A file that somebody edited after the crash is left alone and named."""
    intend(desk, move)
    move_branch(desk, move)
    desk.repo.write({"site.conf": "mine\n"})
    (said,) = recover(desk)
    assert "but for your own edits in site.conf" in said
    assert (desk.repo.path / "site.conf").read_text() == "mine\n"
    assert (desk.repo.path / "new/x.py").read_text() == "x\n"


def test_a_checkout_that_went_elsewhere_is_left_alone(desk: Desk, move: Move) -> None:
    """After the crash the user has switched branches: that branch's files are not touched."""
    desk.repo.git("branch", "side")
    intend(desk, move)
    move_branch(desk, move)
    desk.repo.git("checkout", "--quiet", "--force", "side")
    before = seen(desk)
    (said,) = recover(desk)
    assert "files have followed" not in said
    assert seen(desk) == before
    assert desk.store.get(1).state is State.APPLIED
    desk.repo.git("checkout", "--quiet", "main")
    assert status(desk) == ""


def test_commits_made_meanwhile_stay(desk: Desk, move: Move) -> None:
    """Where the branch has gone on, files and index are the later commit's business."""
    intend(desk, move)
    move_branch(desk, move)
    desk.repo.git("checkout", "--quiet", "--force", "main")
    desk.repo.git("reset", "--quiet", "--hard")
    desk.repo.commit({"site.conf": "later\n"})
    before = seen(desk)
    (said,) = recover(desk)
    assert "files have followed" not in said
    assert seen(desk) == before
    assert desk.store.get(1).state is State.APPLIED


def test_a_branch_that_was_deleted_meanwhile(desk: Desk, move: Move) -> None:
    """There is nothing left to complete."""
    intend(desk, move)
    move_branch(desk, move)
    desk.repo.git("checkout", "--quiet", "--force", "-b", "side")
    desk.repo.git("branch", "--quiet", "-D", "main")
    landing = desk.journal.unfinished()[0]
    recover(desk)
    assert desk.journal.landing(landing.id).state is LandingState.ABANDONED


def test_a_linked_work_tree_follows_later(desk: Desk, tmp_path: Path) -> None:
    """Recovery from this checkout brings the other along that has the branch."""
    stored = desk.approved(FILES)
    desk.repo.git("switch", "--quiet", "-c", "side")
    linked = tmp_path / "linked"
    desk.repo.git("worktree", "add", "--quiet", str(linked), "main")
    move = desk.prepare(stored.id)
    intend(desk, move)
    move_branch(desk, move)
    before = desk.repo.snapshot().files
    recover(desk)
    assert (linked / "site.conf").read_bytes() == FILES["site.conf"]
    assert type(desk.repo)(linked).git("status", "--porcelain") == ""
    assert desk.repo.snapshot().files == before


@pytest.mark.parametrize("moved", [False, True])
def test_a_rollback_cut_short(desk: Desk, *, moved: bool) -> None:
    """Before its branch moved it is forgotten, afterwards it is completed."""
    before = desk.repo.snapshot()
    landing = desk.land(FILES)
    applied = desk.repo.snapshot()
    move = apply.prepare_rollback(desk.git, desk.store, landing, desk.git.identity())
    intend(desk, move)
    if moved:
        move_branch(desk, move)
    (said,) = recover(desk)
    assert "rollback of proposal 1" in said
    assert ("`workflow rollback` to confirm" in said) is moved
    files = before.files if moved else applied.files
    assert (desk.repo.snapshot().files, status(desk)) == (files, "")
    state = State.ROLLED_BACK if moved else State.APPLIED
    assert desk.store.get(1).state is state
    undone = LandingState.UNDONE if moved else LandingState.KEPT
    assert desk.journal.landing(landing.id).state is undone
    # The same command again confirms it; it does not take it back.
    found = apply.unconfirmed(desk.journal, LandingKind.ROLLBACK, None)
    assert (found is not None) is moved


def test_a_killed_command_is_named(desk: Desk, move: Move, python: Spawn) -> None:
    """A process that died with lock and run held is told with its stage, and its landing ends."""
    child = python(DIE, desk.store.folder)
    assert child.line() == "held"
    intend(desk, move)
    move_branch(desk, move)
    child.kill()
    said = recover(desk)
    assert said[0] == "`workflow apply 1` was killed at the stage 'move'"
    assert "its files have followed" in said[1]
    assert status(desk) == ""


def test_a_live_command_is_not_recovered(desk: Desk, move: Move, python: Spawn) -> None:
    """While its process lives, nobody else finishes its landing or removes its folder."""
    child = python(DIE, desk.store.folder)
    assert child.line() == "held"
    intend(desk, move)
    move_branch(desk, move)
    assert recovery.is_needed(desk.git, desk.journal, desk.store)
    assert recovery.recover(desk.git, desk.store, desk.journal) == ()
    assert desk.journal.has_remains()
    assert len(desk.journal.unfinished()) == 1


def test_what_cannot_be_completed_yet_blocks_landings_and_nothing_else(
    desk: Desk, move: Move
) -> None:
    """With git at work in the checkout it is said, kept for later, and no landing goes on top."""
    landing = intend(desk, move)
    move_branch(desk, move)
    lock = desk.repo.path / ".git/index.lock"
    lock.touch()
    (said,) = recovery.recover(desk.git, desk.store, desk.journal)
    assert "cannot follow yet" in said
    assert "index.lock" in said
    with pytest.raises(UnfinishedLandingError, match="apply of proposal 1"):
        recovery.require_finished(desk.journal)
    lock.unlink()
    (said,) = recover(desk)
    assert "its files have followed" in said
    recovery.require_finished(desk.journal)
    assert desk.journal.landing(landing.id).state is LandingState.MOVED
