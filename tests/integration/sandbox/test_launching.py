from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow import process
from workflow.errors import SandboxUnavailableError
from workflow.sandbox import TREE, Command, Laid, Limits, Network, Scratch, cgroup
from workflow.sandbox.bubblewrap import find_bubblewrap
from workflow.sandbox.launcher import LAUNCHER, Kind
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.process import Ran
    from workflow.sandbox.bubblewrap import Bubblewrap

ROOT = Path(__file__).parents[3]
MIB = 1024**2


def shell(sandbox: Bubblewrap, script: str, scratch: Scratch, limits: Limits | None = None) -> Ran:
    """Run a script in a scratch tree."""
    command = Command(("sh", "-c", script), tree=scratch, limits=limits or Limits(wall_s=20))
    return sandbox.run(command)


def mark() -> str:
    """Return a time to sleep that no other process sleeps."""
    return f"{100_000 + secrets.randbelow(800_000)}.75"


def living(word: str) -> list[str]:
    """Return the command lines with a word in them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().decode("utf-8", "replace")
            if word in line and "-c\0" not in line:
                found.append(line)
    return found


def comes_true(condition: Callable[[], bool], within_s: float = 10.0) -> bool:
    """Whether a condition comes true in time."""
    until = time.monotonic() + within_s
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


def groups() -> list[str]:
    """Return the control groups that this process's launcher has."""
    home = cgroup.find()
    folders = home.folders if home else ()
    name = f"workflow-{os.getpid()}-*"
    return [str(path) for folder in folders for path in folder.glob(name)]


# --- trees -------------------------------------------------------------------------------------


def test_files_are_laid_over_the_folder(sandbox: Bubblewrap, tree: Path) -> None:
    """New, changed and removed files, programs and links are there; the host's are as before."""
    (tree / "gone").mkdir()
    (tree / "gone" / "only").write_text("x")
    (tree / "whole").mkdir()
    (tree / "whole" / "one").write_text("x")
    over = (
        Laid("deep/er/new", content=b"new"),
        Laid("file", content=b"changed"),
        Laid("run", "100755", b"#!/bin/sh\necho ran\n"),
        Laid("link", "120000", b"deep/er/new"),
        Laid("gone/only"),
        Laid("whole"),
        Laid("was/never"),
    )
    ran = shell(sandbox, "cat link file; ./run; ls; test -x file", Scratch(tree, over))
    assert ran.stdout == b"newchangedran\ndeep\nfile\nfolder\nlink\nrun\n", ran.stderr
    assert ran.exit_status == 1
    assert (tree / "file").read_text() == "as it was"
    assert (tree / "whole" / "one").exists()


def test_later_files_take_the_place_of_earlier_ones(sandbox: Bubblewrap, tree: Path) -> None:
    """What is laid over a scratch tree that has files laid over it comes on top."""
    scratch = Scratch(tree, (Laid("a/b", content=b"1"), Laid("c", content=b"1")))
    ran = shell(sandbox, "cat a; ls", scratch.laid(Laid("a", content=b"2"), Laid("c")))
    assert ran.stdout == b"2a\nfile\nfolder\n"


def test_laid_path_can_be_a_checked_one(sandbox: Bubblewrap, tree: Path) -> None:
    """A path of a repository, which is more than a string, goes to the launcher as well."""
    scratch = Scratch(tree, (Laid(RepoPath("sub/name"), content=b"said"),))
    command = Command(("cat", RepoPath("sub/name")), tree=scratch)
    assert sandbox.run(command).stdout == b"said"


def test_everything_is_writable_and_nothing_is_kept(sandbox: Bubblewrap, tree: Path) -> None:
    """Files of the folder can be changed, renamed and removed, folders too, run after run."""
    script = "echo more >>file && mv file other && rm -r folder && mkdir folder && cat other"
    for _ in range(2):
        ran = shell(sandbox, script, Scratch(tree))
        assert ran.stdout == b"as it wasmore\n", ran.stderr
    assert sorted(path.name for path in tree.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("path", ["out/x", "../x", "/x", "folder/../../x", "file/x"])
def test_file_that_cannot_be_laid_is_refused(path: str, sandbox: Bubblewrap, tree: Path) -> None:
    """Nothing is laid through a link, out of the tree, or below a file; nothing is run."""
    host = tree.parent / "host"
    host.mkdir()
    (tree / "out").symlink_to(host)
    with pytest.raises(ValueError, match=r"tree"):
        shell(sandbox, "true", Scratch(tree, (Laid(path, content=b"x"),)))
    assert not list(host.iterdir())
    assert not (tree.parent / "x").exists()


def test_links_that_are_laid_count_and_removed_ones_do_not(sandbox: Bubblewrap, tree: Path) -> None:
    """A place inside may not lead through a laid link, but may be where a link was removed."""
    (tree / "out").symlink_to("/etc")
    laid = Scratch(tree, (Laid("new", "120000", b"/etc"),))
    with pytest.raises(ValueError, match="symbolic link of the tree"):
        sandbox.run(Command(("true",), tree=laid, files=((f"{TREE}/new/x", b"x"),)))
    removed = Scratch(tree, (Laid("out"),))
    command = Command(("cat", "out/x"), tree=removed, files=((f"{TREE}/out/x", b"said"),))
    assert sandbox.run(command).stdout == b"said"


def test_bytes_of_all_that_is_written_are_bounded(sandbox: Bubblewrap, tree: Path) -> None:
    """The tree's copy, /tmp and /dev/shm together hold no more; files laid over do not count."""
    limits = Limits(wall_s=20, disk=8 * MIB, file_size=64 * MIB)
    over = (Laid("large", content=b"x" * 6 * MIB),)
    script = (
        "dd if=/dev/zero of=/tmp/a bs=1M count=3 2>/dev/null && echo tmp; "
        "dd if=/dev/zero of=/dev/shm/a bs=1M count=3 2>/dev/null && echo shm; "
        "dd if=/dev/zero of=a bs=1M count=3; wc -c <large"
    )
    ran = shell(sandbox, script, Scratch(tree, over), limits)
    assert ran.stdout.split() == [b"tmp", b"shm", str(6 * MIB).encode()], ran.stderr
    assert b"No space left" in ran.stderr


def test_number_of_files_is_bounded(sandbox: Bubblewrap, tree: Path) -> None:
    """Many files, wherever they are, end at the bound, and a folder of many is no way around."""
    limits = Limits(wall_s=20, files=300)
    script = "for d in . /tmp /dev/shm; do for n in $(seq 200); do : >$d/n$n || exit; done; done"
    ran = shell(sandbox, script, Scratch(tree), limits)
    assert b"No space left" in ran.stderr
    assert shell(sandbox, "for n in $(seq 250); do : >$n; done", Scratch(tree), limits).is_ok


# --- what can be seen --------------------------------------------------------------------------


def test_nothing_inside_names_the_host(sandbox: Bubblewrap, tree: Path) -> None:
    """Mounts, words, environment and descriptors inside have no path of the host in them."""
    script = "cat /proc/self/mountinfo; tr '\\0' '\\n' </proc/1/cmdline; ls -l /proc/self/fd"
    ran = shell(sandbox, script, Scratch(tree))
    assert TREE.encode() in ran.stdout
    assert str(tree.parent.parent).encode() not in ran.stdout
    assert b"python" not in ran.stdout


def test_bubblewrap_itself_sees_nothing_else_of_the_host(tmp_path: Path) -> None:
    """What bubblewrap starts in holds the system and what the run needs; no home, no /var."""
    fake = tmp_path / "bin" / "bwrap"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho /* /tmp/* >&2\nexit 1\n")
    fake.chmod(0o755)
    with pytest.raises(SandboxUnavailableError) as caught:
        find_bubblewrap(str(fake))
    said = caught.value.message.partition(f"{fake}: ")[2]
    seen = {word.partition("/")[2] for word in said.split()}
    assert "scratch" in seen
    system = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr"}
    made = {"bubblewrap", "dev", "empty", "etc", "lower", "nix", "proc", "scratch", "tmp", "tmp/*"}
    assert seen - system <= made


def test_output_can_be_opened_by_name(sandbox: Bubblewrap, tree: Path) -> None:
    """The standard streams and the report pipe are the program's own, also to open them anew."""
    script = (
        "echo out >/dev/stdout; echo err >/dev/stderr; echo told >/proc/self/fd/3; cat /dev/stdin"
    )
    ran = sandbox.run(Command(("sh", "-c", script), tree=Scratch(tree), report=True))
    assert (ran.stdout, ran.stderr, ran.report) == (b"out\n", b"err\n", b"told\n")


def test_socket_of_the_host_is_not_reached_through_a_folder(
    sandbox: Bubblewrap, tree: Path
) -> None:
    """A server's socket in a folder that is shown can be seen and not connected to."""
    code = "import socket; socket.socket(socket.AF_UNIX).connect('{}')"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tree / "socket"))
        (tree / "socket").chmod(0o777)
        server.listen(1)
        for path in (tree / "socket", Path(f"{TREE}/socket")):
            words = ("/usr/bin/python3", "-I", "-c", code.format(path))
            ran = sandbox.run(Command(words, tree=Scratch(tree), read_only=(tree,)))
            assert b"ConnectionRefusedError" in ran.stderr


def test_signals_are_the_system_s_own(sandbox: Bubblewrap, tree: Path) -> None:
    """A program at the end of whose pipe nobody reads is ended, as outside."""
    ran = shell(sandbox, "grep SigIgn /proc/self/status; yes | head -n 1", Scratch(tree))
    ignored, said = ran.stdout.removeprefix(b"SigIgn:\t").split(b"\n", 1)
    # From 32 on they are the C library's own, which nobody can give back.
    assert int(ignored, 16) & (1 << 31) - 1 == 0
    assert said == b"y\n"


@pytest.mark.parametrize("network", Network)
def test_only_the_host_s_network_reaches_the_host(network: Network, sandbox: Bubblewrap) -> None:
    """A server of the host is met where the host's network was asked for, and nowhere else."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}))"
        ran = sandbox.run(Command(("/usr/bin/python3", "-I", "-c", code), network=network))
    assert ran.is_ok is (network is Network.HOST), ran.stderr


def test_host_network_has_what_names_and_certificates_need(sandbox: Bubblewrap) -> None:
    """With the host's network its resolver's settings and certificates are there, else not."""
    wanted = Path("/etc/resolv.conf").read_bytes()
    for network in Network:
        ran = sandbox.run(Command(("cat", "/etc/resolv.conf"), network=network))
        assert (ran.stdout == wanted) is (network is Network.HOST)


# --- ends --------------------------------------------------------------------------------------


def test_deadline_ends_all_at_once(sandbox: Bubblewrap) -> None:
    """Daemons in sessions of their own are gone when the run that timed out comes back."""
    word = mark()
    script = f"setsid sleep {word} & (setsid setsid sleep {word} &) ; trap '' TERM; sleep {word}"
    ran = sandbox.run(Command(("sh", "-c", script), limits=Limits(wall_s=0.5)))
    assert ran.timed_out
    assert not living(word)
    assert ran.seconds < 5


def test_runs_from_several_threads_do_not_mix(sandbox: Bubblewrap, tree: Path) -> None:
    """Each of many runs at the same time has its own output, tree and end."""
    said: dict[int, Ran] = {}

    def run(number: int) -> None:
        limits = Limits(wall_s=30, open_files=64 + number % 2)
        scratch = Scratch(tree, (Laid("mine", content=str(number).encode()),))
        said[number] = shell(sandbox, f"sleep 0.1; cat mine; exit {number}", scratch, limits)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: ran.stdout for number, ran in said.items()} == {
        number: str(number).encode() for number in range(12)
    }
    assert all(ran.exit_status == number for number, ran in said.items())


def test_one_failing_thread_ends_the_others_sandboxes(sandbox: Bubblewrap) -> None:
    """Sandboxes of calls that are made side by side end when one of the calls fails."""
    word = mark()

    def fails() -> Ran:
        assert comes_true(lambda: bool(living(word)))
        raise LookupError

    with pytest.raises(LookupError):
        process.side_by_side([lambda: sandbox.run(Command(("sleep", word))), fails])
    assert not living(word)


def test_launcher_that_is_killed_takes_its_runs_along(sandbox: Bubblewrap) -> None:
    """A run whose launcher is gone is an error, leaves nothing, and the next one works."""
    word = mark()
    raised: list[BaseException] = []

    def run() -> None:
        try:
            sandbox.run(Command(("sh", "-c", f"setsid sleep {word} & sleep {word}")))
        except SandboxUnavailableError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert comes_true(lambda: len(living(word)) == 2)
    assert LAUNCHER.pid is not None
    os.kill(LAUNCHER.pid, signal.SIGKILL)
    thread.join(timeout=20)
    assert comes_true(lambda: not living(word))
    assert raised
    assert sandbox.run(Command(("true",))).is_ok


def test_prepared_sandbox_that_nobody_uses_goes(sandbox: Bubblewrap) -> None:
    """A moment after the last run nothing is left of it, and the next run works."""
    assert sandbox.run(Command(("true",))).is_ok
    assert comes_true(lambda: not groups())
    assert sandbox.run(Command(("true",))).is_ok


def test_nothing_is_closed_twice(sandbox: Bubblewrap) -> None:
    """Closing what has ended already leaves descriptors alone that have its numbers by then."""
    limits = Limits()
    launched = LAUNCHER.prepared(Kind(limits, own_network=True, owner=None))
    launched.close()
    taken = [os.open("/dev/null", os.O_RDONLY) for _ in range(8)]
    launched.close()
    for descriptor in taken:
        os.close(descriptor)
    assert sandbox.run(Command(("true",), limits=limits)).is_ok


def test_forked_process_has_a_launcher_of_its_own(sandbox: Bubblewrap) -> None:
    """A process that is forked runs sandboxes, ends, and leaves its parent's launcher alone."""
    assert sandbox.run(Command(("true",))).is_ok
    ours = LAUNCHER.pid
    child = os.fork()
    if child == 0:
        ran = sandbox.run(Command(("sh", "-c", "exit 7")))
        different = LAUNCHER.pid != ours
        LAUNCHER.close()
        os._exit(ran.exit_status or 0 if different else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert sandbox.run(Command(("true",))).is_ok
    assert LAUNCHER.pid == ours


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_parent_that_ends_takes_all_along(number: signal.Signals, sandbox: Bubblewrap) -> None:
    """Ctrl-C, an ordinary end and kill -9 of our process leave no process and no control group."""
    word = mark()
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "from workflow.sandbox import Command\n"
        "from workflow.sandbox.bubblewrap import Bubblewrap\n"
        f"Bubblewrap({str(sandbox.program)!r}).run("
        f"Command(('sh', '-c', 'setsid sleep {word} & sleep {word}')))\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True
    )
    with parent:
        began = comes_true(lambda: len(living(word)) == 2)
        parent.send_signal(number if began else signal.SIGKILL)
    assert began
    assert comes_true(lambda: not living(word))
    home = cgroup.find()
    folders = home.folders if home else ()
    name = f"workflow-{parent.pid}-*"
    assert comes_true(lambda: not [path for folder in folders for path in folder.glob(name)])


def test_memory_of_all_processes_together_is_bounded(sandbox: Bubblewrap) -> None:
    """Processes that are small by themselves are ended when together they take too much."""
    code = (
        "import os, time\n"
        "for _ in range(6):\n"
        "    if os.fork() == 0:\n"
        "        kept = bytearray(b'x') * (40 * 1024 * 1024)\n"
        "        time.sleep(5)\n"
        "        os._exit(0)\n"
        "time.sleep(6)\n"
    )
    limits = Limits(wall_s=20, memory=120 * MIB)
    ran = sandbox.run(Command(("/usr/bin/python3", "-I", "-c", code), limits=limits))
    assert (ran.out_of_memory, ran.exit_status) == (True, None), ran
    assert ran.seconds < 5
