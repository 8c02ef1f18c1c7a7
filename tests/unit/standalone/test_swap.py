from __future__ import annotations

import errno
import itertools
import os
import random
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

import workflow
from workflow.errors import BusyError, WorkflowError
from workflow.patch.interface import Content
from workflow.standalone.folder import Folder, FolderError
from workflow.standalone.plan import DONE, JOURNAL, UnfinishedSwapError
from workflow.standalone.swap import ChangedFileError, Exchange, Swap, exclusive
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

State: TypeAlias = "Mapping[str, tuple[int, bytes]]"
"""Every file and folder below the top with its permissions and bytes."""

SWAPPED = {
    f"{Path(workflow.__file__).parent}/standalone/{name}.py" for name in ("swap", "plan", "folder")
}
EDIT = Swap(RepoPath("a/edit"), Content("100644", b"old\n"), Content("100644", b"new\n"))
RUN = Swap(RepoPath("run"), Content("100644", b"#!\n"), Content("100755", b"#!\n"))
CREATE = Swap(RepoPath("b/c/new"), None, Content("100755", b"fresh\n"))
DELETE = Swap(RepoPath("d/gone"), Content("100644", b"gone\n"), None)
ALL = (EDIT, RUN, CREATE, DELETE)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """Return a folder with the files that `ALL` changes."""
    return _fresh(tmp_path / "top")


def _fresh(top: Path) -> Path:
    top.mkdir()
    for swap in ALL:
        if swap.before:
            path = top / swap.path
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(swap.before.data)
    (top / "a/edit").chmod(0o640)
    return top


def _state(top: Path) -> State:
    return {
        str(path.relative_to(top)): (
            path.lstat().st_mode & 0o777,
            b"" if path.is_dir() else path.read_bytes(),
        )
        for path in sorted(top.rglob("*"))
    }


def _only_files(state: State) -> State:
    return {path: is_now for path, is_now in state.items() if path not in {"a", "b", "b/c", "d"}}


def _swap(top: Path, swaps: Sequence[Swap] = ALL, stay: str = "") -> None:
    with Folder(top) as folder, exclusive(folder, stay) as exchange:
        exchange.swap(swaps)


def _recover(top: Path) -> str:
    with Folder(top) as folder, exclusive(folder) as exchange:
        return exchange.recover()


@pytest.fixture
def states(tmp_path: Path) -> tuple[State, State]:
    """Return the state before and the state after `ALL`."""
    top = _fresh(tmp_path / "states")
    before = _state(top)
    _swap(top)
    return before, _state(top)


def test_brings_every_file(top: Path) -> None:
    """Edits, modes, creations and deletions take place, and nothing of ours stays."""
    _swap(top)
    assert _state(top) == {
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
        _swap(top, [CREATE])
    finally:
        os.umask(before)
    assert (top / "b/c/new").stat().st_mode & 0o777 == 0o700


def test_losing_the_executable_bit(top: Path) -> None:
    """Nobody may execute the file any more, and who could read it still can."""
    (top / "run").chmod(0o751)
    _swap(top, [Swap(RUN.path, Content("100755", b"#!\n"), Content("100644", b"#!\n"))])
    assert (top / "run").stat().st_mode & 0o777 == 0o640


def test_the_owner_is_kept(top: Path) -> None:
    """Root, who edits somebody's file, does not take it away from them."""
    if os.geteuid():
        return  # only root can give files away
    os.chown(top / "run", 1234, 1234)
    _swap(top, [Swap(RUN.path, RUN.before, Content("100644", b"other\n"))])
    seen = (top / "run").stat()
    assert (seen.st_uid, seen.st_gid) == (1234, 1234)


def test_the_callers_folder_stays(top: Path) -> None:
    """The folder that the command was called in is not removed under the caller's feet."""
    _swap(top, [DELETE], stay="d")
    assert (top / "d").is_dir()


@pytest.mark.parametrize("number", range(len(ALL)))
def test_a_changed_file_stops_everything(top: Path, number: int) -> None:
    """When one file is not what was read, no file is touched."""
    path = top / ALL[number].path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"meanwhile\n")
    before = _state(top)
    with pytest.raises(ChangedFileError, match=ALL[number].path):
        _swap(top)
    assert _state(top) == before


def test_a_changed_mode_stops_everything(top: Path) -> None:
    """The executable bit is part of what was read."""
    (top / "run").chmod(0o755)
    before = _state(top)
    with pytest.raises(ChangedFileError):
        _swap(top)
    assert _state(top) == before


def test_a_target_that_became_a_link_stops_everything(top: Path, tmp_path: Path) -> None:
    """A link put in a file's place is neither followed nor replaced."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"gone\n")
    (top / DELETE.path).unlink()
    (top / DELETE.path).symlink_to(outside)
    with pytest.raises(ChangedFileError, match="link"):
        _swap(top)
    assert outside.read_bytes() == b"gone\n"
    assert (top / DELETE.path).is_symlink()
    assert (top / EDIT.path).read_bytes() == b"old\n"


def test_a_folder_that_became_a_link_stops_everything(top: Path, tmp_path: Path) -> None:
    """A folder on the way that is swapped for a link leads nowhere."""
    (top / "a").rename(tmp_path / "a")
    (top / "a").symlink_to(tmp_path / "a")
    with pytest.raises(ChangedFileError, match="link"):
        _swap(top)
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
    before = _state(top)
    large = Swap(EDIT.path, EDIT.before, Content("100644", b"x" * 100_000))
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limit[1]))
    try:
        with pytest.raises(FolderError, match="a/edit: nothing is applied: File too large"):
            _swap(top, [RUN, CREATE, large])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, ignored)
    assert _state(top) == before


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
    assert _recover(top) == ""


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


def _in_child(act: Callable[[], None]) -> int:
    """Act in a process of its own; return its wait status."""
    child = os.fork()
    if not child:
        try:
            act()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


@pytest.mark.usefixtures("_unsynced")
def test_killed_at_any_step_it_ends_before_or_after(
    tmp_path: Path, states: tuple[State, State]
) -> None:
    """Wherever it dies, what is found next is one of two whole states."""
    seen: list[State] = []
    for number in _every_fourth():
        top = _fresh(tmp_path / str(number))

        def act(top: Path = top, number: int = number) -> None:
            _at_step(number, lambda: os.kill(os.getpid(), signal.SIGKILL))
            _swap(top)

        status = _in_child(act)
        _recover(top)
        seen.append(_state(top))
        assert seen[-1] in states, f"killed at step {number}"
        assert _recover(top) == ""
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
        top = _fresh(tmp_path / str(number))

        def undo(top: Path = top, number: int = number) -> None:
            _at_step(number, lambda: os.kill(os.getpid(), signal.SIGKILL))
            _recover(top)

        _die_half_way(top)
        assert (top / JOURNAL).exists()
        status = _in_child(undo)
        _recover(top)
        assert _state(top) == states[0], f"killed at step {number}"
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
        top = _fresh(tmp_path / str(number))
        with Folder(top) as folder, exclusive(folder) as exchange:
            steps = _at_step(number, lambda: os.kill(os.getpid(), signal.SIGINT))
            try:
                exchange.swap(ALL)
                ends.append(True)
            except KeyboardInterrupt:
                ends.append(False)
            finally:
                sys.setprofile(None)
        assert _state(top) == states[ends[-1]], f"interrupted at step {number}"
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

    files = [_only_files(state) for state in states]

    for number in range(1, 100_000):
        top = _fresh(tmp_path / str(number))
        with Folder(top) as folder, exclusive(folder) as exchange:
            steps = _at_step(number, fail, after=False)
            try:
                exchange.swap(ALL)
                sys.setprofile(None)
                assert _state(top)["a/edit"][1] == b"new\n"
            except (WorkflowError, OSError) as error:
                sys.setprofile(None)
                is_unfinished = isinstance(error, UnfinishedSwapError)
                assert is_unfinished == (top / JOURNAL).exists()
                assert is_unfinished or _only_files(_state(top)) == files[0]
            exchange.recover()
        # An empty folder that cannot be removed may stay.
        assert _only_files(_state(top)) in files, f"failed at step {number}"
        if steps() < number:
            break


# --- what recovery finds ------------------------------------------------------------------------


def _die_half_way(top: Path, at: str = "_settle") -> None:
    def half() -> None:
        with Folder(top) as folder, exclusive(folder) as exchange:
            setattr(exchange, at, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            exchange.swap(ALL)

    assert os.WIFSIGNALED(_in_child(half))


def test_recovery_says_what_it_did(top: Path) -> None:
    """One sentence tells whether a dead patch was undone or tidied up after."""
    _die_half_way(top)
    assert _recover(top) == "a patch that was half applied here has been undone"
    _die_half_way(top, "_clear")
    assert (top / DONE).exists()
    assert _recover(top) == "a patch that was applied here has been tidied up after"


def test_recovery_keeps_what_was_edited_since(top: Path) -> None:
    """A file that somebody wrote after the crash stays, and is named; its old content, too."""
    _die_half_way(top)
    (top / "a/edit").write_bytes(b"mine\n")
    (top / "b/c/new").write_bytes(b"mine, too\n")
    said = _recover(top)
    assert "a/edit was changed since" in said
    assert "b/c/new was changed since" in said
    assert (top / "a/edit").read_bytes() == b"mine\n"
    assert (top / "b/c/new").read_bytes() == b"mine, too\n"
    assert (top / "run").stat().st_mode & 0o777 == 0o644
    assert [path.read_bytes() for path in (top / "a").glob(".workflow-patch-*.old")] == [b"old\n"]
    assert _recover(top) == ""


def test_recovery_is_not_led_away_by_a_link(top: Path, tmp_path: Path) -> None:
    """A folder that became a link after the crash is left alone, and so is where it leads."""
    _die_half_way(top)
    (top / "a").rename(tmp_path / "a")
    (top / "a").symlink_to(tmp_path / "a")
    before = _state(tmp_path / "a")
    assert "a/edit was changed since" in _recover(top)
    assert _state(tmp_path / "a") == before


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b'{"folder": 1, "folders": [], "rows": []}',
        b'{"folder": HERE, "folders": ["../x"], "rows": []}',
        b'{"folder": HERE, "folders": [], "rows": [%s]}'
        % b'{"path": "x", "before": null, "after": null, "new": "run", "old": "../../z"}',
    ],
)
def test_a_strange_journal_moves_nothing(top: Path, text: bytes) -> None:
    """A journal that came with a repository, or from another folder, is not obeyed."""
    for name in (JOURNAL, DONE):
        (top / name).write_bytes(text.replace(b"HERE", b"%d" % top.stat().st_ino))
        before = _state(top)
        with pytest.raises(UnfinishedSwapError, match="was not written by"):
            _recover(top)
        assert _state(top) == before
        (top / name).unlink()


def test_a_copied_journal_moves_nothing(top: Path, tmp_path: Path) -> None:
    """A copy of a half-changed folder is not the folder that the journal is about."""
    import shutil  # noqa: PLC0415 - this test alone copies

    _die_half_way(top)
    shutil.copytree(top, tmp_path / "copy")
    with pytest.raises(UnfinishedSwapError):
        _recover(tmp_path / "copy")
