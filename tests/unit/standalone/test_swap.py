from __future__ import annotations

import errno
import itertools
import os
import random
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import workflow
from tests.unit.standalone.samples import (
    ALL,
    CREATE,
    DELETE,
    EDIT,
    RUN,
    State,
    die_half_way,
    fresh,
    in_child,
    only_files,
    recover,
    state_of,
    swap_all,
)
from workflow.errors import BusyError, WorkflowError
from workflow.patch.interface import Content
from workflow.standalone.folder import Folder, FolderError
from workflow.standalone.plan import JOURNAL, UnfinishedSwapError
from workflow.standalone.swap import ChangedFileError, Exchange, Swap, exclusive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

SWAPPED = {
    f"{Path(workflow.__file__).parent}/standalone/{name}.py"
    for name in ("swap", "recovery", "plan", "folder")
}


def test_brings_every_file(top: Path) -> None:
    """Edits, modes, creations and deletions take place, and nothing of ours stays."""
    swap_all(top)
    assert state_of(top) == {
        "a": (0o755, b""),
        "a/edit": (0o640, b"new\n"),
        "b": (0o755, b""),
        "b/c": (0o755, b""),
        "b/c/new": (0o755, b"fresh\n"),
        "run": (0o755, b"#!\n"),
    }


def test_says_when_it_is_done(top: Path) -> None:
    """The caller hears of it when all is changed, and not when it is refused."""
    heard: list[bytes] = []
    with Folder(top) as folder, exclusive(folder) as exchange:
        exchange.swap(ALL, lambda: heard.append((top / EDIT.path).read_bytes()))
        with pytest.raises(ChangedFileError):
            exchange.swap(ALL, lambda: heard.append(b"never"))
    assert heard == [b"new\n"]


def test_new_files_have_the_umask(top: Path) -> None:
    """A new file is as closed as the user's own would be."""
    before = os.umask(0o077)
    try:
        swap_all(top, [CREATE])
    finally:
        os.umask(before)
    assert (top / "b/c/new").stat().st_mode & 0o777 == 0o700


def test_losing_the_executable_bit(top: Path) -> None:
    """Nobody may execute the file any more, and who could read it still can."""
    (top / "run").chmod(0o751)
    swap_all(top, [Swap(RUN.path, Content("100755", b"#!\n"), Content("100644", b"#!\n"))])
    assert (top / "run").stat().st_mode & 0o777 == 0o640


def test_the_owner_is_kept(top: Path) -> None:
    """Root, who edits somebody's file, does not take it away from them."""
    if os.geteuid():
        return  # only root can give files away
    os.chown(top / "run", 1234, 1234)
    swap_all(top, [Swap(RUN.path, RUN.before, Content("100644", b"other\n"))])
    seen = (top / "run").stat()
    assert (seen.st_uid, seen.st_gid) == (1234, 1234)


def test_the_callers_folder_stays(top: Path) -> None:
    """The folder that the command was called in is not removed under the caller's feet."""
    swap_all(top, [DELETE], stay="d")
    assert (top / "d").is_dir()


@pytest.mark.parametrize("number", range(len(ALL)))
def test_a_changed_file_stops_everything(top: Path, number: int) -> None:
    """When one file is not what was read, no file is touched."""
    path = top / ALL[number].path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"meanwhile\n")
    before = state_of(top)
    with pytest.raises(ChangedFileError, match=ALL[number].path):
        swap_all(top)
    assert state_of(top) == before


def test_a_changed_mode_stops_everything(top: Path) -> None:
    """The executable bit is part of what was read."""
    (top / "run").chmod(0o755)
    before = state_of(top)
    with pytest.raises(ChangedFileError):
        swap_all(top)
    assert state_of(top) == before


def test_a_target_that_became_a_link_stops_everything(top: Path, tmp_path: Path) -> None:
    """A link put in a file's place is neither followed nor replaced."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"gone\n")
    (top / DELETE.path).unlink()
    (top / DELETE.path).symlink_to(outside)
    with pytest.raises(ChangedFileError, match="link"):
        swap_all(top)
    assert outside.read_bytes() == b"gone\n"
    assert (top / DELETE.path).is_symlink()
    assert (top / EDIT.path).read_bytes() == b"old\n"


def test_a_folder_that_became_a_link_stops_everything(top: Path, tmp_path: Path) -> None:
    """A folder on the way that is swapped for a link leads nowhere."""
    (top / "a").rename(tmp_path / "a")
    (top / "a").symlink_to(tmp_path / "a")
    with pytest.raises(ChangedFileError, match="link"):
        swap_all(top)
    assert (tmp_path / "a/edit").read_bytes() == b"old\n"
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["edit"]


def test_what_is_typed_at_the_last_moment_is_kept(top: Path) -> None:
    """An editor that still writes into the old file, once it is aside, stops everything."""
    with (top / EDIT.path).open("r+b") as editor, Folder(top) as folder:

        class Late(Exchange):
            def _settle(self, *arguments: Any) -> None:
                editor.write(b"typed\n")
                editor.flush()
                super()._settle(*arguments)

        with pytest.raises(ChangedFileError, match="a/edit has changed"):
            Late(folder).swap(ALL)
    assert (top / EDIT.path).read_bytes() == b"typed\n"
    assert (top / DELETE.path).exists()
    assert not (top / "b").exists()


def test_a_full_disk_stops_everything(top: Path) -> None:
    """A content that cannot be written whole leaves everything as it was."""
    before = state_of(top)
    large = Swap(EDIT.path, EDIT.before, Content("100644", b"x" * 100_000))
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limit[1]))
    try:
        with pytest.raises(FolderError, match="a/edit: nothing is applied: File too large"):
            swap_all(top, [RUN, CREATE, large])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, ignored)
    assert state_of(top) == before


def test_one_at_a_time(top: Path) -> None:
    """A second exchange in the same folder is told to wait."""
    with (
        Folder(top) as first,
        exclusive(first),
        Folder(top) as second,
        pytest.raises(BusyError),
        exclusive(second),
    ):
        pass
    assert recover(top) == ""


# --- at every step ------------------------------------------------------------------------------


@pytest.fixture
def _unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: it outlives a process that dies, and some hundred of them do."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def _at_step(number: int, do: Callable[[], None], *, after: bool = True) -> Callable[[], int]:
    """Do something after, or before, the Nth call to the system of our code; count the calls."""
    steps = 0

    def count(frame: FrameType, event: str, called: object) -> None:
        nonlocal steps
        is_ours = frame.f_code.co_filename in SWAPPED
        if is_ours and event == ("c_return" if after else "c_call"):
            if getattr(called, "__module__", "") not in {"posix", "_signal", "fcntl"}:
                return
            steps += 1
            if steps == number:
                do()

    sys.setprofile(count)
    return lambda: steps


def _every_fourth() -> range:
    """Steps from a random start, so that each run tries others."""
    return range(random.randrange(1, 5), 100_000, 4)  # noqa: S311 - a choice of tests, no secret


@pytest.mark.usefixtures("_unsynced")
def test_killed_at_any_step_it_ends_before_or_after(
    tmp_path: Path, states: tuple[State, State]
) -> None:
    """Wherever it dies, what is found next is one of two whole states."""
    seen: list[State] = []
    for number in _every_fourth():
        top = fresh(tmp_path / str(number))

        def act(top: Path = top, number: int = number) -> None:
            _at_step(number, lambda: os.kill(os.getpid(), signal.SIGKILL))
            swap_all(top)

        status = in_child(act)
        recover(top)
        seen.append(state_of(top))
        assert seen[-1] in states, f"killed at step {number}"
        assert recover(top) == ""
        if os.WIFEXITED(status):
            break
    assert len(seen) > 25
    changes = sum(one != other for one, other in itertools.pairwise(seen))
    assert changes == 1, "one step makes the difference"


@pytest.mark.usefixtures("_unsynced")
def test_recovery_killed_at_any_step_is_done_again(
    tmp_path: Path, states: tuple[State, State]
) -> None:
    """Undoing can be killed, too, and still ends where it has to."""
    for number in _every_fourth():
        top = fresh(tmp_path / str(number))

        def undo(top: Path = top, number: int = number) -> None:
            _at_step(number, lambda: os.kill(os.getpid(), signal.SIGKILL))
            recover(top)

        die_half_way(top)
        assert (top / JOURNAL).exists()
        status = in_child(undo)
        recover(top)
        assert state_of(top) == states[0], f"killed at step {number}"
        if os.WIFEXITED(status):
            break


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C mean what it means to a command: a shell's background process ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible", "_unsynced")
def test_interrupted_at_any_step_it_ends_before_or_after(
    tmp_path: Path, states: tuple[State, State]
) -> None:
    """Ctrl-C anywhere leaves the old state, unless all is done and it comes too late."""
    ends: list[bool] = []
    taken: list[int] = []
    for number in range(1, 100_000):
        top = fresh(tmp_path / str(number))
        with Folder(top) as folder, exclusive(folder) as exchange:
            steps = _at_step(number, lambda: os.kill(os.getpid(), signal.SIGINT))
            try:
                exchange.swap(ALL)
                ends.append(True)
            except KeyboardInterrupt:
                ends.append(False)
            finally:
                sys.setprofile(None)
        assert state_of(top) == states[ends[-1]], f"interrupted at step {number}"
        taken.append(steps())
        if steps() < number:
            break
    assert taken[0] < taken[-1] / 2, "it does not write all contents first"
    assert ends.count(False) > 50
    assert ends.count(True) > 50


@pytest.mark.usefixtures("_unsynced")
def test_a_failure_at_any_step_ends_before_or_after(
    tmp_path: Path, states: tuple[State, State]
) -> None:
    """Whatever the system refuses, the files are in a whole state, at once or after recovery."""

    def fail() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    files = [only_files(state) for state in states]

    for number in range(1, 100_000):
        top = fresh(tmp_path / str(number))
        with Folder(top) as folder, exclusive(folder) as exchange:
            steps = _at_step(number, fail, after=False)
            try:
                exchange.swap(ALL)
                sys.setprofile(None)
                assert state_of(top)["a/edit"][1] == b"new\n"
            except (WorkflowError, OSError) as error:
                sys.setprofile(None)
                is_unfinished = isinstance(error, UnfinishedSwapError)
                assert is_unfinished == (top / JOURNAL).exists()
                assert is_unfinished or only_files(state_of(top)) == files[0]
            exchange.recover()
        # An empty folder that cannot be removed may stay.
        assert only_files(state_of(top)) in files, f"failed at step {number}"
        if steps() < number:
            break
