"""A branch and its checkout move to exactly what was approved, and back again."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import git as gitpython
import pytest

from workflow import apply, approval, ledger, recovery
from workflow.canonical import digest
from workflow.errors import (
    BusyError,
    DirtyFileError,
    GitError,
    StaleProposalError,
    StateError,
    UnfinishedLandingError,
)
from workflow.git_store import GitStore, discover
from workflow.journal import LandingKind, LandingState
from workflow.types import CommitId, Identity, Person, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.conftest import Desk, DeskFactory

BOB = Identity("Bob", "bob@example.test")
OLD, NEW = b"one\ntwo\nthree\n", b"one\nTWO\nthree\n"
GOOD = "refs/workflow/last-known-good/main"
OWN = "Ada Author <ada@example.test> (own, single user)"


def site(desk: Desk) -> bytes:
    """Return what the checked-out file holds."""
    return (desk.repo.path / "site.conf").read_bytes()


def clean(desk: Desk) -> bool:
    """Say whether git calls the checkout clean."""
    return desk.repo.git("--no-optional-locks", "status", "--porcelain") == ""


def parsed(desk: Desk, commit: str) -> list[str]:
    """Return what git takes for the trailers of a commit."""
    body = desk.repo.git("show", "-s", "--format=%B", commit)
    words = ["git", "interpret-trailers", "--parse"]
    ran = subprocess.run(words, input=body.encode(), check=True, capture_output=True)
    return ran.stdout.decode().splitlines()


# --- applying ----------------------------------------------------------------------------------


def test_a_landing_is_one_commit_on_the_branch(desk: Desk) -> None:
    """Its parent is the base, its tree the proposal's, and its message says whose yes it has."""
    base = desk.git.snapshot().commit
    stored = desk.approved({"site.conf": NEW}, text="make two louder")
    before = ledger.head(desk.store.connection)
    landing = desk.carry_out(desk.prepare(stored.id))
    head = gitpython.Repo(desk.repo.path).head.commit
    assert (head.hexsha, [parent.hexsha for parent in head.parents]) == (landing.after, [base])
    assert head.tree.hexsha == stored.proposal.tree
    assert head.author.email == "ada@example.test"
    message = str(head.message)
    assert message.startswith("make two louder\n\n")
    assert "Workflow-Proposal: 1\n" in message
    assert f"Workflow-Digest: {stored.digest}\n" in message
    assert parsed(desk, landing.after) == [
        "Workflow-Proposal: 1",
        f"Workflow-Request: {digest(stored.proposal.request)}",
        f"Workflow-Digest: {stored.digest}",
        "Workflow-Recipe: surgical-edit",
        "Workflow-Model: hand none",
        f"Approved-by: {OWN}",
        f"Workflow-Ledger: {before.trailer}",
    ]
    assert (site(desk), clean(desk)) == (NEW, True)
    assert (landing.kind, landing.state) == (LandingKind.APPLY, LandingState.MOVED)
    assert desk.store.get(1).state is State.APPLIED


def test_preparing_moves_nothing(desk: Desk) -> None:
    """Until it is carried out, refs, index and files are as they were."""
    stored = desk.approved({"site.conf": NEW})
    before = desk.repo.snapshot()
    desk.prepare(stored.id)
    assert desk.repo.snapshot() == before
    assert desk.journal.landings() == ()


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("x" * 72, "x" * 72),
        ("x" * 73, "x" * 71 + "…"),
        ("a\n\nApproved-by: Eve <e@e>", "a Approved-by: Eve <e@e>"),
        ("a\r\x1b[31m\0\u202eb\u2028c", "a [31m b c"),
        ("  a \t b  ", "a b"),
        ("--- a", "Change: --- a"),
        ("# " + "-" * 24 + " >8 " + "-" * 24, "Change: # " + "-" * 24 + " >8 " + "-" * 24),
        ("\u3164\u200b", "Change:"),
    ],
)
def test_a_request_cannot_pose_as_a_trailer(desk: Desk, title: str, subject: str) -> None:
    """The commit's subject is one printable line, whatever was asked for."""
    stored = desk.approved({"site.conf": NEW}, text=title)
    desk.carry_out(desk.prepare(stored.id))
    assert desk.repo.git("show", "-s", "--format=%s", "HEAD") == subject
    names = desk.repo.git("show", "-s", "--format=%(trailers:key=Approved-by,valueonly)", "HEAD")
    assert names.strip() == OWN


def test_a_branch_that_has_moved(desk: Desk) -> None:
    """What was judged on another base is stale, and the branch's place is named."""
    stored = desk.approved({"site.conf": NEW})
    desk.repo.commit({"other": "x\n"})
    head = desk.git.snapshot().commit
    with pytest.raises(StaleProposalError, match=f"main is at {head.short}"):
        desk.prepare(stored.id)


def test_a_branch_that_is_gone(desk: Desk) -> None:
    """A deleted branch is said to be gone."""
    stored = desk.approved({"site.conf": NEW})
    desk.repo.git("switch", "--quiet", "-c", "other")
    desk.repo.git("branch", "--quiet", "-D", "main")
    with pytest.raises(StaleProposalError, match="main is gone"):
        desk.prepare(stored.id)


def test_a_dirty_file_stops_it_before_anything_moves(desk: Desk) -> None:
    """Nothing is written down, and nothing is lost."""
    stored = desk.approved({"site.conf": NEW})
    desk.repo.write({"site.conf": "mine\n"})
    with pytest.raises(DirtyFileError):
        desk.prepare(stored.id)
    assert site(desk) == b"mine\n"
    assert desk.journal.landings() == ()


def test_a_branch_that_moves_in_the_last_moment(desk: Desk) -> None:
    """The compare-and-swap fails: the landing is abandoned, and files and states stay."""
    move = desk.prepare(desk.approved({"site.conf": NEW}).id)
    desk.repo.commit({"other": "x\n"})
    with pytest.raises(StaleProposalError):
        desk.carry_out(move)
    assert site(desk) == OLD
    assert [landing.state for landing in desk.journal.landings()] == [LandingState.ABANDONED]
    assert desk.store.get(1).state is State.APPROVED
    assert desk.journal.unfinished() == ()


def test_a_branch_that_git_cannot_move(desk: Desk) -> None:
    """A locked ref abandons the landing, too, and it can be tried again."""
    stored = desk.approved({"site.conf": NEW})
    lock = desk.repo.path / ".git/refs/heads/main.lock"
    lock.touch()
    with pytest.raises(GitError, match=r"main\.lock"):
        desk.carry_out(desk.prepare(stored.id))
    assert [landing.state for landing in desk.journal.landings()] == [LandingState.ABANDONED]
    lock.unlink()
    assert desk.carry_out(desk.prepare(stored.id)).state is LandingState.MOVED


def test_a_no_in_the_last_moment(desk: Desk) -> None:
    """A rejection between the check and the move is obeyed."""
    move = desk.prepare(desk.approved({"site.conf": NEW}).id)
    approval.reject(desk.store, 1, Person(BOB), "wait!")
    with pytest.raises(StateError, match="has become rejected"):
        desk.carry_out(move)
    assert desk.git.head_of("main") == move.before
    assert (site(desk), desk.store.get(1).state) == (OLD, State.REJECTED)
    assert desk.journal.landings() == ()


def test_a_busy_index_stops_it_before_anything_moves(desk: Desk) -> None:
    """When git takes the index in this very moment, branch and files stay; later it works."""
    move = desk.prepare(desk.approved({"site.conf": NEW}).id)
    lock = desk.repo.path / ".git/index.lock"
    lock.touch()
    with pytest.raises(BusyError, match=r"index\.lock"):
        desk.carry_out(move)
    assert (desk.git.head_of("main"), desk.journal.landings()) == (move.before, ())
    lock.unlink()
    assert desk.carry_out(move).state is LandingState.MOVED


def test_an_edit_in_the_last_moment_stops_it(desk: Desk) -> None:
    """A file that changed between the check and the move is seen in time."""
    move = desk.prepare(desk.approved({"site.conf": NEW}).id)
    desk.repo.write({"site.conf": "mine\n"})
    with pytest.raises(DirtyFileError):
        desk.carry_out(move)
    assert (desk.git.head_of("main"), desk.journal.landings()) == (move.before, ())
    assert sorted(path.name for path in (desk.repo.path / ".git").glob("index*")) == ["index"]


def test_a_switch_in_the_last_moment_stops_it(desk: Desk) -> None:
    """A checkout that has gone to another branch is not given this one's files."""
    move = desk.prepare(desk.approved({"site.conf": NEW}).id)
    desk.repo.git("switch", "--quiet", "-c", "side")
    with pytest.raises(DirtyFileError, match="has left main"):
        desk.carry_out(move)
    assert (desk.git.head_of("main"), site(desk)) == (move.before, OLD)


@dataclass(frozen=True, slots=True)
class Interrupted(GitStore):
    """A repository where something happens at once after a branch has moved."""

    happens: Callable[[], object] = print

    def move_ref(self, ref: str, new: CommitId, old: CommitId | None, *, why: str) -> None:
        """Move it, and let it happen."""
        GitStore.move_ref(self, ref, new, old, why=why)
        self.happens()


def interrupted(desk: Desk, happens: Callable[[], object]) -> Interrupted:
    """Return the desk's repository, where something happens once a branch has moved."""
    git = desk.git
    return Interrupted(git.top, git.git_dir, git.common_dir, happens)


def test_files_that_cannot_follow(desk: Desk) -> None:
    """The branch has moved and its files are lost: that is said, and the next command mends it."""
    move = desk.prepare(desk.approved({"site.conf": NEW}).id)
    scratch = desk.folder()
    git = interrupted(desk, lambda: shutil.rmtree(scratch / "staged"))
    with pytest.raises(UnfinishedLandingError, match="could not follow") as caught:
        apply.carry_out(git, desk.store, desk.journal, move, who=BOB, scratch=scratch)
    assert "completes the landing" in caught.value.hint
    assert [landing.state for landing in desk.journal.unfinished()] == [LandingState.INTENDED]
    (said,) = recovery.recover(desk.git, desk.store, desk.journal)
    assert "its files have followed" in said
    assert (site(desk), clean(desk)) == (NEW, True)


def test_no_commit_comes_between_the_branch_and_its_index(desk: Desk) -> None:
    """A `git commit` at once after the branch moved cannot commit the old index on top."""
    move = desk.prepare(desk.approved({"site.conf": NEW}).id)
    ended: list[subprocess.CompletedProcess[bytes]] = []
    words = ["git", "commit", "--allow-empty", "-m", "mine"]

    def commit() -> None:
        ended.append(subprocess.run(words, cwd=desk.repo.path, check=False, capture_output=True))

    git = interrupted(desk, commit)
    apply.carry_out(git, desk.store, desk.journal, move, who=BOB, scratch=desk.folder())
    assert ended[0].returncode != 0
    assert b"index.lock" in ended[0].stderr
    assert (desk.git.head_of("main"), site(desk), clean(desk)) == (move.after, NEW, True)
    commit()
    assert ended[1].returncode == 0
    assert desk.git.tree_of(CommitId(desk.repo.git("rev-parse", "HEAD"))) == move.change.proposed


def test_a_branch_that_is_not_checked_out(desk: Desk) -> None:
    """The branch moves, and the files of the one that is checked out stay."""
    stored = desk.approved({"site.conf": NEW})
    desk.repo.git("switch", "--quiet", "-c", "side")
    before = desk.repo.snapshot()
    landing = desk.carry_out(desk.prepare(stored.id))
    assert landing.work_tree is None
    assert desk.repo.git("show", "main:site.conf").encode() == NEW.rstrip()
    assert (desk.repo.snapshot().files, desk.repo.snapshot().index) == (before.files, before.index)
    assert apply.keep(desk.git, desk.journal, landing).state is LandingState.KEPT


def test_another_work_tree_follows(desk: Desk, tmp_path: Path) -> None:
    """Where the branch is checked out elsewhere, that checkout follows and this one does not."""
    stored = desk.approved({"site.conf": NEW})
    desk.repo.git("switch", "--quiet", "-c", "side")
    linked = tmp_path / "linked"
    desk.repo.git("worktree", "add", "--quiet", str(linked), "main")
    landing = desk.carry_out(desk.prepare(stored.id))
    assert landing.work_tree == linked
    assert (linked / "site.conf").read_bytes() == NEW
    assert site(desk) == OLD
    assert type(desk.repo)(linked).git("status", "--porcelain") == ""
    apply.keep(desk.git, desk.journal, landing)


def test_a_work_tree_that_is_gone_does_not_follow(desk: Desk, tmp_path: Path) -> None:
    """A linked checkout whose folder was removed is nobody's."""
    stored = desk.approved({"site.conf": NEW})
    desk.repo.git("switch", "--quiet", "-c", "side")
    desk.repo.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "main")
    (tmp_path / "linked").rename(tmp_path / "moved")
    assert desk.prepare(stored.id).work_tree is None


def test_the_main_work_tree_of_a_separate_git_directory_follows(
    desk: Desk, desk_for: DeskFactory, tmp_path: Path
) -> None:
    """Where git misnames the checkout, as in a submodule, its files still follow."""
    place = tmp_path / "clone"
    separate = f"--separate-git-dir={tmp_path / 'kept'}"
    desk.repo.git("clone", "--quiet", separate, ".", str(place))
    other = desk_for(type(desk.repo)(place))
    landing = other.land({"site.conf": NEW})
    assert landing.work_tree == place
    assert (site(other), clean(other)) == (NEW, True)


# --- confirming --------------------------------------------------------------------------------


def test_a_confirmed_landing_is_the_last_known_good(desk: Desk) -> None:
    """Before the first landing the base was good; after it, what landed is."""
    base = desk.git.snapshot().commit
    landing = desk.carry_out(desk.prepare(desk.approved({"site.conf": NEW}).id))
    assert desk.git.read_ref(GOOD) == base
    assert apply.unconfirmed(desk.journal, LandingKind.APPLY, 1) == landing
    kept = apply.keep(desk.git, desk.journal, landing)
    assert (kept.state, desk.git.read_ref(GOOD)) == (LandingState.KEPT, landing.after)
    assert apply.unconfirmed(desk.journal, LandingKind.APPLY, 1) is None


def test_an_edit_keeps_it_from_being_confirmed(desk: Desk) -> None:
    """A file that somebody changed is named; once it is put right, confirming goes on."""
    landing = desk.carry_out(desk.prepare(desk.approved({"site.conf": NEW}).id))
    desk.repo.write({"site.conf": "mine\n"})
    with pytest.raises(UnfinishedLandingError, match=r"differ from it: site\.conf") as caught:
        apply.keep(desk.git, desk.journal, landing)
    assert "workflow apply 1" in caught.value.hint
    assert desk.git.read_ref(GOOD) == landing.before
    desk.repo.git("checkout", "--", "site.conf")
    assert apply.keep(desk.git, desk.journal, landing).state is LandingState.KEPT


def test_a_branch_that_was_reset_is_not_confirmed(desk: Desk) -> None:
    """Somebody who moved the branch back has decided otherwise."""
    landing = desk.carry_out(desk.prepare(desk.approved({"site.conf": NEW}).id))
    desk.repo.git("reset", "--quiet", "--hard", "HEAD~1")
    with pytest.raises(StaleProposalError, match="no longer holds"):
        apply.keep(desk.git, desk.journal, landing)


def test_later_commits_do_not_hinder_the_confirmation(desk: Desk) -> None:
    """What landed is in the branch's history, and the files are the later commit's."""
    landing = desk.carry_out(desk.prepare(desk.approved({"site.conf": NEW}).id))
    desk.repo.commit({"site.conf": "later\n"})
    assert apply.keep(desk.git, desk.journal, landing).state is LandingState.KEPT
    assert desk.git.read_ref(GOOD) == landing.after


def test_a_checkout_that_went_elsewhere_is_not_compared(desk: Desk) -> None:
    """Another branch's files are no edits of this one."""
    landing = desk.carry_out(desk.prepare(desk.approved({"site.conf": NEW}).id))
    desk.repo.git("switch", "--quiet", "-c", "side", "HEAD~1")
    assert apply.keep(desk.git, desk.journal, landing).state is LandingState.KEPT


# --- rolling back ------------------------------------------------------------------------------


def test_a_rollback_restores_every_file(desk: Desk) -> None:
    """Tree, checkout and index are what they were, by a commit of its own."""
    before = desk.repo.snapshot()
    landing = desk.land({"site.conf": NEW, "app/main.py": None, "new/x": b"x\n"})
    back = desk.roll_back()
    after = desk.repo.snapshot()
    assert (after.files, after.index, after.status) == (before.files, before.index, before.status)
    assert desk.git.tree_of(back.after) == desk.git.tree_of(landing.before)
    assert desk.repo.git("rev-list", "--count", "HEAD") == "3"
    assert (back.kind, back.reverts, back.state) == (
        *(LandingKind.ROLLBACK, landing.id, LandingState.KEPT),
    )
    assert desk.store.get(1).state is State.ROLLED_BACK
    assert desk.journal.landing(landing.id).state is LandingState.UNDONE
    assert f"Workflow-Reverts: {landing.after}" in desk.repo.git(
        "show", "-s", "--format=%B", "HEAD"
    )
    assert ledger.verify(desk.store.connection)[1] == ()


def test_nothing_to_roll_back(desk: Desk) -> None:
    """Before anything has landed, and for a proposal that has not."""
    with pytest.raises(StateError, match="nothing has been applied"):
        desk.roll_back()
    desk.land({"site.conf": NEW})
    with pytest.raises(StateError, match="nothing of proposal 7"):
        desk.roll_back(7)


def test_a_rollback_can_be_rolled_back(desk: Desk) -> None:
    """A rollback is a landing, so taking it back brings the change in again, and so on."""
    desk.land({"site.conf": NEW})
    expected = [(OLD, State.ROLLED_BACK), (NEW, State.APPLIED), (OLD, State.ROLLED_BACK)]
    for content, state in expected:
        desk.roll_back(1)
        assert (site(desk), desk.store.get(1).state, clean(desk)) == (content, state, True)
    states = [landing.state for landing in desk.journal.landings()]
    assert states == [LandingState.KEPT, *[LandingState.UNDONE] * 3]


def test_later_commits_stay(desk: Desk) -> None:
    """Only the landing's own files go back; what came later is kept, dirty files too."""
    desk.land({"site.conf": NEW, "app/main.py": b"2\n"})
    desk.repo.commit({"later.txt": "later\n"})
    desk.repo.write({"later.txt": "dirty\n"})
    desk.roll_back()
    assert site(desk) == OLD
    assert desk.repo.git("show", "HEAD:later.txt") == "later"
    assert desk.repo.git("status", "--porcelain") == " M later.txt"


def test_an_older_landing_is_taken_back_alone(desk: Desk) -> None:
    """Of two proposals the first is taken back, and the second stays."""
    desk.land({"site.conf": NEW})
    desk.land({"app/main.py": b"2\n"})
    desk.roll_back(1)
    assert site(desk) == OLD
    assert (desk.repo.path / "app/main.py").read_bytes() == b"2\n"
    assert [desk.store.get(n).state for n in (1, 2)] == [State.ROLLED_BACK, State.APPLIED]
    desk.roll_back(2)
    assert (desk.repo.path / "app/main.py").read_bytes() == b"print(1)\n"


def test_a_file_that_changed_since_is_not_taken_back(desk: Desk) -> None:
    """A later change of the same file would be lost: it is named, and nothing moves."""
    desk.land({"site.conf": NEW, "app/main.py": b"2\n"})
    desk.repo.commit({"site.conf": "later\n"})
    head = desk.git.snapshot().commit
    with pytest.raises(StaleProposalError, match=r"site\.conf has changed on main since") as caught:
        desk.roll_back()
    assert "git revert" in caught.value.hint
    assert desk.git.snapshot().commit == head


def test_a_mode_that_changed_since_is_a_change(desk: Desk) -> None:
    """A file that was made executable later keeps that."""
    desk.land({"site.conf": NEW})
    (desk.repo.path / "site.conf").chmod(0o755)
    desk.repo.commit()
    with pytest.raises(StaleProposalError, match=r"site\.conf has changed"):
        desk.roll_back()


@pytest.mark.parametrize("later", ["old.txt/inner", "old.txt"])
def test_a_file_does_not_come_back_over_another(desk: Desk, later: str) -> None:
    """Where a deleted file stood, a later one of that name, or a folder, is not lost."""
    desk.repo.commit({"old.txt": "old\n"})
    desk.land({"old.txt": None})
    desk.repo.commit({later: "later\n"})
    with pytest.raises(StaleProposalError, match=r"old\.txt"):
        desk.roll_back()
    assert desk.repo.git("show", f"HEAD:{later}") == "later"


def test_a_dirty_file_is_not_rolled_back(desk: Desk) -> None:
    """Edits that are not committed would be lost."""
    desk.land({"site.conf": NEW})
    desk.repo.write({"site.conf": "mine\n"})
    with pytest.raises(DirtyFileError):
        desk.roll_back()


def test_an_edit_during_a_rollback_is_told(desk: Desk) -> None:
    """A rollback that had to leave a file alone does not claim that all is restored."""
    landing = desk.land({"site.conf": NEW, "app/main.py": b"2\n"})
    move = apply.prepare_rollback(desk.git, desk.store, landing, BOB)
    git = interrupted(desk, lambda: desk.repo.write({"site.conf": "mine\n"}))
    back = apply.carry_out(git, desk.store, desk.journal, move, who=BOB, scratch=desk.folder())
    with pytest.raises(UnfinishedLandingError, match=r"differ from it: site\.conf") as caught:
        apply.keep(desk.git, desk.journal, back)
    assert "workflow rollback" in caught.value.hint
    assert apply.unconfirmed(desk.journal, LandingKind.ROLLBACK, None) == back
    assert site(desk) == b"mine\n"
    assert (desk.repo.path / "app/main.py").read_bytes() == b"print(1)\n"
    assert desk.store.get(1).state is State.ROLLED_BACK


def test_a_branch_that_is_gone_is_not_rolled_back(desk: Desk) -> None:
    """There is nothing to commit to."""
    desk.land({"site.conf": NEW})
    desk.repo.git("switch", "--quiet", "-c", "side")
    desk.repo.git("branch", "--quiet", "-D", "main")
    with pytest.raises(StaleProposalError, match="main is gone"):
        desk.roll_back()


def test_an_anchored_proposal_survives_gc(desk: Desk) -> None:
    """A proposal's objects are held by its ref, however often that is made."""
    stored = desk.propose({"site.conf": NEW})
    apply.anchor(desk.git, desk.store, stored.id)
    desk.repo.git("gc", "--quiet", "--prune=now")
    assert discover(desk.repo.path).tree_of(stored.proposal.commit) == stored.proposal.tree
    assert isinstance(desk.git.read_ref(approval.proposal_ref(1)), CommitId)
