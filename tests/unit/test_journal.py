"""Notes outlive the process that wrote them, and its locks do not."""

from __future__ import annotations

import json
import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from workflow import ledger
from workflow.errors import BusyError
from workflow.journal import (
    Journal,
    LandingKind,
    LandingState,
    Remains,
    StoppedError,
    _busy,
)
from workflow.types import Identity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.conftest import Child, Desk, Spawn
    from workflow.journal import Landing

BOB = Identity("Bob", "bob@example.test")
RUN = """
import sys
from pathlib import Path
from workflow.database import connect
from workflow.journal import Journal
folder = Path(sys.argv[1])
with Journal(folder, connect(folder)).running("workflow propose") as run:
    run.note("gates")
    (run.folder / "base").mkdir()
    (run.folder / "base" / "file").touch()
    print(run.folder, flush=True)
    sys.stdin.readline()
"""
HOLD = """
import sys
from pathlib import Path
from workflow.database import connect
from workflow.journal import Journal
folder = Path(sys.argv[1])
with Journal(folder, connect(folder)).exclusive("workflow apply 7"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def running(desk: Desk, python: Spawn) -> Child:
    """Return a process in the middle of a run."""
    child = python(RUN, desk.store.folder)
    assert child.line()
    return child


@pytest.fixture
def holder(desk: Desk, python: Spawn) -> Child:
    """Return a process that holds the repository."""
    child = python(HOLD, desk.store.folder)
    assert child.line() == "held"
    return child


def runs(desk: Desk) -> list[Path]:
    """Return all that is in the folder of runs."""
    return sorted((desk.store.folder / "runs").glob("*"))


# --- runs --------------------------------------------------------------------------------------


def test_a_run_has_a_folder_while_it_lasts(desk: Desk) -> None:
    """Its notes say what it is at, and nothing stays behind."""
    with desk.journal.running("workflow propose") as run:
        assert runs(desk) == [run.folder]
        assert run.folder.stat().st_mode & 0o777 == 0o700
        run.note("draft")
        note = json.loads((run.folder / "note.json").read_text())
        assert note == {"command": "workflow propose", "pid": os.getpid(), "stage": "draft"}
    assert runs(desk) == []
    assert not desk.journal.has_remains()


def test_a_run_that_fails_leaves_nothing(desk: Desk) -> None:
    """An error passes through, and the folder goes with all that is in it."""

    def fail() -> None:
        with desk.journal.running("workflow propose") as run:
            inner = run.folder / "base" / "app"
            inner.mkdir(parents=True)
            (inner / "link").symlink_to(desk.repo.path)
            (inner / "file").touch(mode=0o400)
            inner.chmod(0o500)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert runs(desk) == []
    assert (desk.repo.path / "site.conf").exists()


def test_a_link_for_a_scratch_folder_is_not_followed(desk: Desk) -> None:
    """Removing a run's folder removes links, and never what they point to."""
    with desk.journal.running("workflow propose") as run:
        (run.folder / "link").symlink_to(desk.repo.path)
    assert (desk.repo.path / "site.conf").exists()


def test_live_runs_are_not_swept(desk: Desk, running: Child) -> None:
    """Other commands at work, here or elsewhere, keep their folders."""
    with desk.journal.running("workflow list") as run:
        assert desk.journal.has_remains()
        assert desk.journal.sweep() == ()
        assert run.folder.exists()
        assert len(runs(desk)) == 2
    running.tell("end")
    assert running.close() == 0
    assert runs(desk) == []


def test_what_a_killed_run_left_is_swept_and_told(desk: Desk, running: Child) -> None:
    """The next command removes the folder and says what was being done."""
    running.kill()
    assert desk.journal.has_remains()
    assert desk.journal.sweep() == (Remains("workflow propose", "gates"),)
    assert runs(desk) == []
    assert desk.journal.sweep() == ()


@pytest.mark.parametrize("note", [None, b"", b"[]", b'{"command": 1}', b"\xff"])
def test_a_killed_run_without_a_readable_note_is_swept(
    desk: Desk, running: Child, note: bytes | None
) -> None:
    """Killed before or while it wrote, a run is still removed, and told in general words."""
    running.kill()
    (folder,) = runs(desk)
    (folder / "note.json").unlink()
    if note is not None:
        (folder / "note.json").write_bytes(note)
    assert desk.journal.sweep() == (Remains("a workflow command", "start"),)
    assert runs(desk) == []


def test_a_run_that_ends_while_it_is_looked_at_is_no_remains(desk: Desk) -> None:
    """Commands that end and commands that sweep at the same time do not disturb each other."""
    told: list[Remains] = []
    faults: list[BaseException] = []
    done = threading.Event()

    def sweep() -> None:
        try:
            journal = Journal(desk.store.folder, desk.store.connection)
            while not done.wait(0.001):
                told.extend(journal.sweep())
        except BaseException as error:  # noqa: BLE001 - handed to the test
            faults.append(error)

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for _ in range(10):
            with desk.journal.running("workflow propose") as run:
                for number in range(100):
                    (run.folder / str(number)).touch()
    finally:
        done.set()
        sweeper.join()
    assert (told, faults, runs(desk)) == ([], [], [])


# --- the lock ----------------------------------------------------------------------------------


def test_one_process_holds_the_repository(desk: Desk, holder: Child) -> None:
    """Everybody else is refused and told who is at work, by command and process."""
    since = r"since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    expected = rf"`workflow apply 7` \(process {holder.process.pid}, {since}\) is working"
    with (
        pytest.raises(BusyError, match=expected) as caught,
        desk.journal.exclusive("workflow rollback"),
    ):
        pytest.fail("two at once")
    assert "wait" in caught.value.hint
    holder.tell("end")
    assert holder.close() == 0
    with desk.journal.exclusive("workflow rollback"):
        pass


def test_a_killed_holder_frees_the_repository(desk: Desk, holder: Child, python: Spawn) -> None:
    """The kernel drops the lock of a killed process, and the next holder is named rightly."""
    holder.kill()
    with desk.journal.exclusive("workflow rollback"):
        text = (desk.store.folder / "lock").read_text()
        assert text.startswith(f"`workflow rollback` (process {os.getpid()}, since ")
    again = python(HOLD, desk.store.folder)
    assert again.line() == "held"


def test_a_stopped_holder_is_named_and_keeps_the_repository(desk: Desk, holder: Child) -> None:
    """What it is at stays its own; who waits is told how to go on, and it ends well afterwards."""
    pid = holder.process.pid
    os.kill(pid, signal.SIGSTOP)
    os.waitid(os.P_PID, pid, os.WSTOPPED)
    try:
        with (
            pytest.raises(StoppedError, match=rf"process {pid}, .*is stopped") as caught,
            desk.journal.exclusive("workflow apply 2"),
        ):
            pytest.fail("the lock was stolen")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert f"kill -CONT {pid}" in caught.value.hint
    holder.tell("end")
    assert holder.close() == 0


def test_another_process_of_that_number_is_not_called_stopped(desk: Desk) -> None:
    """What a lock file says of processes that are gone, or is no number, is only repeated."""
    for text in ("`workflow apply 1` (process 4194304000, since now)", "(process ../../x, )", ""):
        assert not isinstance(_busy(text), StoppedError)
    assert desk.journal.unfinished() == ()


def test_a_failed_holder_frees_the_repository(desk: Desk) -> None:
    """An error inside lets the lock go, and leaves nobody's name in it."""
    with pytest.raises(RuntimeError), desk.journal.exclusive("workflow apply 1"):
        raise RuntimeError
    assert (desk.store.folder / "lock").read_text() == ""
    with desk.journal.exclusive("workflow apply 1"):
        pass


def test_the_lock_does_not_nest(desk: Desk) -> None:
    """The same process is refused, too: two landings never overlap."""
    with (
        desk.journal.exclusive("workflow apply 1"),
        pytest.raises(BusyError, match="workflow apply 1"),
        desk.journal.exclusive("workflow apply 2"),
    ):
        pytest.fail("two at once")


# --- landings ----------------------------------------------------------------------------------


@pytest.fixture
def landing(desk: Desk) -> Iterator[Landing]:
    """Yield the intent to apply a proposal."""
    stored = desk.propose({"site.conf": b"new\n"})
    yield desk.journal.intend(
        kind=LandingKind.APPLY,
        proposal=stored.id,
        reverts=None,
        branch="main",
        work_tree=desk.repo.path,
        before=stored.proposal.base.commit,
        after=stored.proposal.commit,
        who=BOB,
    )
    assert ledger.verify(desk.store.connection)[1] == ()


def test_an_intent_is_unfinished_until_it_is_closed(desk: Desk, landing: Landing) -> None:
    """A landing is written down first, and each state of it is in the ledger."""
    assert landing.state is LandingState.INTENDED
    assert desk.journal.unfinished() == desk.journal.landings() == (landing,)
    moved = desk.journal.close(landing, LandingState.MOVED)
    assert moved.state is LandingState.MOVED
    assert desk.journal.unfinished() == ()
    assert desk.journal.landing(landing.id) == moved
    told = [row for row in ledger.rows(desk.store.connection) if row.event.startswith("landing")]
    assert [row.event for row in told] == ["landing-intended", "landing-moved"]
    assert told[0].body["who"] == str(BOB)
    assert told[0].body["after"] == landing.after


def test_a_landing_keeps_its_fields(desk: Desk, landing: Landing) -> None:
    """Everything that recovery needs comes back from the disk."""
    (found,) = Journal(desk.store.folder, desk.store.connection).landings()
    assert found == landing
    assert (found.work_tree, found.branch) == (desk.repo.path, "main")


def test_landings_are_newest_first(desk: Desk, landing: Landing) -> None:
    """A rollback points to what it takes back, and may have no checkout."""
    second = desk.journal.intend(
        kind=LandingKind.ROLLBACK,
        proposal=landing.proposal,
        reverts=landing.id,
        branch="main",
        work_tree=None,
        before=landing.after,
        after=landing.before,
        who=BOB,
    )
    assert desk.journal.landings() == (second, landing)
    assert (second.reverts, second.work_tree) == (landing.id, None)
    # The oldest is finished first.
    assert desk.journal.unfinished() == (landing, second)
