from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow import process

ROOT = Path(process.__file__).parent.parent
ENV = {"PATH": os.environ["PATH"]}


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not."""
    with contextlib.suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        return state != "Z"
    return False


def wait_until_gone(pid: int) -> bool:
    """Wait up to two seconds for a process to be gone."""
    until = time.monotonic() + 2
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not is_alive(pid)


def test_output_and_status_come_back() -> None:
    """Both streams, the status and the words are in the result."""
    ran = process.run(["sh", "-c", "echo out; echo err >&2; exit 3"], env=ENV)
    assert (ran.stdout, ran.stderr, ran.exit_status) == (b"out\n", b"err\n", 3)
    assert not ran.is_ok


def test_signal_shows_as_negative_status() -> None:
    """A command that a signal ended says which."""
    assert process.run(["sh", "-c", "kill -TERM $$"], env=ENV).exit_status == -signal.SIGTERM


def test_environment_is_exactly_what_was_given() -> None:
    """Nothing of our own environment reaches the command."""
    ran = process.run(["/usr/bin/env"], env={"ONLY": "this"})
    assert ran.stdout == b"ONLY=this\n"


def test_no_shell_reads_the_words() -> None:
    """Words that a shell would act on arrive as they are."""
    words = ["$HOME", "; echo x", "`id`", "*", "a b", ""]
    code = "import sys; sys.stdout.buffer.write('\\0'.join(sys.argv[1:]).encode())"
    ran = process.run([sys.executable, "-I", "-S", "-c", code, *words], env=ENV)
    assert ran.stdout.decode().split("\0") == words


def test_missing_program_has_a_hint() -> None:
    """A program that is not there is an error with a way out."""
    with pytest.raises(process.ProgramNotFoundError, match="no-such-program") as caught:
        process.run(["/no-such-program"], env=ENV)
    assert "doctor" in caught.value.hint


def test_missing_program_closes_the_report_pipe() -> None:
    """The write end is closed also when nothing could be started."""
    read, write = os.pipe()
    with pytest.raises(process.ProgramNotFoundError):
        process.run(["/no-such-program"], env=ENV, report_pipe=(read, write))
    assert os.read(read, 1) == b""
    os.close(read)


def test_deadline_kills_grandchildren(tmp_path: Path) -> None:
    """At the deadline the whole group is gone, also what the command started."""
    note = tmp_path / "pid"
    script = f"sleep 60 & echo $! >{note}; wait"
    ran = process.run(["sh", "-c", script], env=ENV, timeout=0.5)
    assert ran.timed_out
    assert ran.exit_status is None
    assert ran.seconds < 3
    assert wait_until_gone(int(note.read_text()))


def test_what_is_left_in_the_group_is_killed_at_a_normal_end(tmp_path: Path) -> None:
    """A command that ends by itself leaves nothing of its group behind."""
    note = tmp_path / "pid"
    script = f"sleep 60 >/dev/null 2>&1 & echo $! >{note}"
    ran = process.run(["sh", "-c", script], env=ENV)
    assert ran.is_ok
    assert wait_until_gone(int(note.read_text()))


def test_daemon_that_holds_the_pipes_is_not_waited_for() -> None:
    """The end is the command's own end, whoever still holds its output open."""
    ran = process.run(["sh", "-c", "echo done; setsid sleep 2 &"], env=ENV, timeout=30)
    assert ran.stdout == b"done\n"
    assert ran.seconds < 1.5
    assert not ran.timed_out


def test_closed_output_does_not_end_the_wait() -> None:
    """A command that closes its output and works on is waited for, up to the deadline."""
    quiet = process.run(["sh", "-c", "exec >&- 2>&-; sleep 0.2; exit 7"], env=ENV)
    assert quiet.exit_status == 7
    late = process.run(["sh", "-c", "exec >&- 2>&-; sleep 60"], env=ENV, timeout=0.3)
    assert late.timed_out


def test_output_is_bounded() -> None:
    """A command that floods its output is killed, and what was kept is within the bound."""
    ran = process.run(["sh", "-c", "yes"], env=ENV, max_output=100_000)
    assert ran.truncated
    assert len(ran.stdout) == 100_000
    assert ran.exit_status is None


def test_stdin_larger_than_a_pipe_does_not_block() -> None:
    """Input and output of many pipes' size flow side by side."""
    data = os.urandom(3_000_000)
    assert process.run(["cat"], env=ENV, stdin=data).stdout == data


def test_command_that_reads_no_stdin_is_fine() -> None:
    """A closed input is the command's choice, not an error."""
    assert process.run(["true"], env=ENV, stdin=b"x" * 1_000_000).is_ok


@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=200_000))
def test_bytes_survive_the_round_trip(data: bytes) -> None:
    """Any bytes come back as they went in."""
    assert process.run(["cat"], env=ENV, stdin=data).stdout == data


def test_report_pipe_brings_its_bytes_back() -> None:
    """A pipe of its own carries more than a pipe holds, and both ends close."""
    read, write = os.pipe()
    script = f"head -c 300000 /dev/zero >/proc/self/fd/{write}; echo out"
    ran = process.run(["sh", "-c", script], env=ENV, report_pipe=(read, write))
    os.close(read)
    assert (len(ran.report), ran.stdout) == (300_000, b"out\n")
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(write)


def test_descriptors_are_not_inherited() -> None:
    """Beyond the three standard ones only the named descriptors reach the command."""
    read, write = os.pipe()
    os.set_inheritable(read, True)
    ran = process.run(["sh", "-c", "ls /proc/$$/fd"], env=ENV, pass_fds=[write])
    os.close(read)
    os.close(write)
    assert set(ran.stdout.decode().split()) == {"0", "1", "2", str(write)}


def test_working_folder_and_program_name(tmp_path: Path) -> None:
    """The folder is the given one, and a program can be shown under another name."""
    ran = process.run(["shown", "-c", "pwd; echo $0"], env=ENV, cwd=tmp_path, executable="/bin/sh")
    assert ran.stdout.decode().splitlines() == [str(tmp_path), "shown"]


def test_interrupt_kills_the_command(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a run ends the command and its children before it goes on."""
    note = tmp_path / "pid"
    code = (
        "from workflow import process\n"
        f"process.run(['sh', '-c', 'sleep 60 & echo $! >{note}; wait'], "
        "env={'PATH': '/usr/bin:/bin'})\n"
    )
    launcher = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True
    )
    until = time.monotonic() + 10
    while not (note.exists() and note.read_text().strip()) and time.monotonic() < until:
        time.sleep(0.02)
    launcher.send_signal(signal.SIGINT)
    _, said = launcher.communicate(timeout=10)
    assert b"KeyboardInterrupt" in said
    assert wait_until_gone(int(note.read_text()))


def test_interrupt_during_a_start_is_held_until_the_child_can_be_killed() -> None:
    """Ctrl-C between fork and `try` counts a moment later, not never and not too early."""
    with process._HeldInterrupt() as held:
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            held.release()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_side_by_side_ends_all_when_one_fails() -> None:
    """A failing call ends the others' processes at once, and its error is what is raised."""
    started = time.monotonic()

    def fails() -> process.Ran:
        time.sleep(0.2)
        message = "no"
        raise LookupError(message)

    def sleeps() -> process.Ran:
        return process.run(["sleep", "30"], env=dict(os.environ))

    with pytest.raises(LookupError):
        process.side_by_side([sleeps, fails, sleeps])
    assert time.monotonic() - started < 10
    assert process.side_by_side([lambda: 1, lambda: 2]) == (1, 2)
