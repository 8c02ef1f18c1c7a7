"""Programs made of system calls, run for real on this machine; as plain processes, no sandbox."""

from __future__ import annotations

import os
import platform
import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

from workflow.errors import SandboxUnavailableError
from workflow.sandbox import entry
from workflow.sandbox.calls import Call, assembled
from workflow.sandbox.interface import Command, Limits, Network
from workflow.sandbox.landlock import DEVICES, LIST, READ, WRITE, Place, calls, version
from workflow.sandbox.syscalls import Machine

if TYPE_CHECKING:
    from pathlib import Path

HERE = Machine.of(platform.machine())
DONE = Call("exit_group", (0,))


def say(text: bytes) -> Call:
    """Return a call that writes to stdout."""
    return Call("write", (1, text, len(text)), error=b"cannot write\n", status=9)


def ran(tmp_path: Path, *steps: Call) -> subprocess.CompletedProcess[bytes]:
    """Assemble the calls for this machine and run them."""
    assert HERE is not None
    program = tmp_path / "program"
    program.write_bytes(assembled(steps, HERE))
    program.chmod(0o700)
    return subprocess.run([program], capture_output=True, check=False, timeout=20, env={})


def test_calls_are_made_in_their_order(tmp_path: Path) -> None:
    """Two writes and an exit are two writes and an exit."""
    done = ran(tmp_path, say(b"one "), say(b"two"), Call("exit_group", (7,)))
    assert (done.returncode, done.stdout, done.stderr) == (7, b"one two", b"")


def test_a_failure_says_its_words_and_ends(tmp_path: Path) -> None:
    """Nothing after a failed call is made."""
    broken = Call("dup3", (999, 5, 0), error=b"no such descriptor\n", status=42)
    done = ran(tmp_path, say(b"one"), broken, say(b"two"), DONE)
    assert (done.returncode, done.stdout, done.stderr) == (42, b"one", b"no such descriptor\n")


@pytest.mark.parametrize(("skips", "left"), [(0, b"abc"), (1, b"bc"), (2, b"c")])
def test_a_failure_may_skip_what_depends_on_it(tmp_path: Path, skips: int, left: bytes) -> None:
    """So many calls are left out, and the rest is made."""
    broken = Call("dup3", (999, 5, 0), skips=skips)
    assert ran(tmp_path, broken, *(say(bytes([b])) for b in b"abc"), DONE).stdout == left


def test_a_result_feeds_the_next_call(tmp_path: Path) -> None:
    """What was opened is written to, whatever its number."""
    target = os.fsencode(tmp_path / "target") + b"\0"
    opened = Call("openat", (-100, target, os.O_CREAT | os.O_WRONLY, 0o600), feeds_next=True)
    ran(tmp_path, opened, Call("write", (0, b"fed", 3)), DONE)
    assert (tmp_path / "target").read_bytes() == b"fed"


def test_execve_gets_exactly_its_words_and_environment(tmp_path: Path) -> None:
    """Arguments and environment arrive as they are, empty and odd ones too."""
    words = (b"sh", b"-c", b'printf "%s|" "$0" "$@"; env', b"", b"a b", b"\xff\n")
    become = Call("execve", (b"/bin/sh\0", words, (b"KEY=a value",)))
    done = ran(tmp_path, become)
    assert done.stdout.startswith(b"|a b|\xff\n|")
    assert b"KEY=a value\n" in done.stdout
    assert b"PATH=/" not in done.stdout


@pytest.mark.skipif(not shutil.which("qemu-aarch64"), reason="needs qemu-aarch64, of qemu-user")
def test_the_other_machine_walks_the_same_table(tmp_path: Path) -> None:
    """On an emulated aarch64 a result is fed, a failure skips, and another one ends."""
    target = os.fsencode(tmp_path / "target") + b"\0"
    steps = (
        Call("openat", (-100, target, os.O_CREAT | os.O_WRONLY, 0o600), feeds_next=True),
        Call("write", (0, b"fed", 3)),
        Call("dup3", (999, 5, 0), skips=1),
        say(b"never"),
        say(b"spoken"),
        Call("dup3", (999, 5, 0), error=b"ended\n", status=42),
    )
    program = tmp_path / "program"
    program.write_bytes(assembled(steps, Machine.AARCH64))
    program.chmod(0o700)
    done = subprocess.run(
        ["qemu-aarch64", program], capture_output=True, check=False, timeout=60, env={}
    )
    assert (done.returncode, done.stdout, done.stderr) == (42, b"spoken", b"ended\n")
    assert (tmp_path / "target").read_bytes() == b"fed"


# --- Landlock, on files of this test's own -----------------------------------------------------


def confined(tmp_path: Path, script: str, *, available: int, network: Network) -> str:
    """Run a shell script that may read everything and write to `writable` alone."""
    (tmp_path / "writable").mkdir(exist_ok=True)
    places = (
        Place("/", READ | LIST),
        Place("/dev/null", DEVICES),
        Place(str(tmp_path / "absent"), WRITE),
        Place(str(tmp_path / "writable"), WRITE),
    )
    become = Call("execve", (b"/bin/sh\0", (b"sh", b"-c", script.encode()), ()))
    walls = calls(places, network, available)
    # NOTE: without a privilege the kernel wants this promise first; bubblewrap gives it.
    return ran(tmp_path, *walls, become).stdout.decode()


@pytest.mark.skipif(os.geteuid() != 0, reason="without no_new_privs only root may confine itself")
@pytest.mark.parametrize("available", sorted({2, 3, 4, 5, 6, version()} & set(range(20))))
def test_landlock_holds_in_every_version(tmp_path: Path, available: int) -> None:
    """For each version's rules: writing works where it should, and nowhere else."""
    if available > version():
        return
    script = (
        f"exec 2>/dev/null; cd '{tmp_path}/writable'; mkdir a b; echo x >a/f; mv a/f b/f; cat b/f; "
        f"(echo y >'{tmp_path}/escaped') && echo ESCAPED; rm -r a b && echo removed; "
        "mknod device c 1 3 && echo DEVICE; echo end"
    )
    said = confined(tmp_path, script, available=available, network=Network.NONE)
    assert said.split() == ["x", "removed", "end"]
    bare = confined(tmp_path, script, available=1, network=Network.NONE)
    assert bare.split() == ["x", "ESCAPED", "removed", "DEVICE", "end"]


def test_landlock_of_no_use_is_left_out() -> None:
    """Below version 2 there is no call at all."""
    assert not calls((Place("/", READ),), Network.NONE, 1)
    assert not calls((Place("/", READ),), Network.NONE, 0)


def test_the_ruleset_grows_with_the_version() -> None:
    """Each version is asked for what it knows, and tcp only where there is a network."""
    sizes = {n: calls((), Network.NONE, n)[0].arguments[1] for n in (2, 3, 4, 5, 6, 7, 99)}
    assert sizes == {2: 8, 3: 8, 4: 16, 5: 16, 6: 24, 7: 24, 99: 24}
    rights = {}
    for known in (2, 3, 5, 9, 99):
        ruleset = calls((), Network.NONE, known)[0].arguments[0]
        assert isinstance(ruleset, bytes)
        rights[known] = struct.unpack_from("=Q", ruleset)[0].bit_length()
    assert rights == {2: 14, 3: 15, 5: 16, 9: 17, 99: 17}
    for network, tcp in ((Network.NONE, 3), (Network.LOOPBACK, 0), (Network.HOST, 0)):
        ruleset = calls((), network, 4)[0].arguments[0]
        assert isinstance(ruleset, bytes)
        assert struct.unpack("=2Q", ruleset)[1] == tcp


# --- the entry ---------------------------------------------------------------------------------


def started(
    tmp_path: Path, *argv: str, limits: Limits | None = None, path: str = "/usr/bin:/bin"
) -> subprocess.CompletedProcess[bytes]:
    """Run an entry on the bare machine, without Landlock: its places are those of a sandbox."""
    program = tmp_path / "entry"
    command = Command(argv, limits=limits or Limits())
    walls = entry.program(command, {"PATH": path, "HOME": "/tmp"})  # noqa: S108 - a word to pass on
    program.write_bytes(walls)
    program.chmod(0o700)
    return subprocess.run([program], capture_output=True, check=False, timeout=20, env={})


@pytest.fixture
def unconfined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this kernel have no Landlock."""
    monkeypatch.setattr("workflow.sandbox.landlock.version", lambda: 0)


@pytest.mark.usefixtures("unconfined")
def test_entry_sets_every_limit(tmp_path: Path) -> None:
    """Soft and hard bounds are what the command asks for, and no core is dumped."""
    limits = Limits(wall_s=3, address_space=2**30, file_size=2**20, open_files=77, processes=2**15)
    done = started(tmp_path, "cat", "/proc/self/limits", limits=limits)
    lines = [line[26:68].split() for line in done.stdout.decode().splitlines()]
    found = {tuple(words) for words in lines}
    cpu = 4 * (os.cpu_count() or 1)
    for bound in (2**30, 2**20, 77, 2**15, 0, cpu):
        assert (str(bound), str(bound)) in found, done.stdout.decode()


@pytest.mark.usefixtures("unconfined")
def test_entry_looks_for_the_program_in_its_path(tmp_path: Path) -> None:
    """The first folder with the program counts; the launcher's own path does not."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tool").write_text(f"#!/bin/sh\necho {name}\n")
    (tmp_path / "two" / "tool").chmod(0o755)
    path = f"{tmp_path}/none:{tmp_path}/one:{tmp_path}/two"
    assert started(tmp_path, "tool", path=path).stdout == b"two\n"


@pytest.mark.usefixtures("unconfined")
@pytest.mark.parametrize("name", ["absent-tool", "/absent/tool", "/etc/passwd", ""])
def test_entry_says_what_cannot_be_started(tmp_path: Path, name: str) -> None:
    """No program, or none that can be executed: 127, as of a shell, and its name."""
    done = started(tmp_path, name)
    assert done.returncode == entry.NOT_STARTED
    assert done.stderr == f"sandbox: {name}: not found, or not executable\n".encode()


def test_entry_knows_no_other_machine() -> None:
    """Without code for the machine nothing is run."""
    with pytest.raises(SandboxUnavailableError, match="riscv64"):
        entry.program(Command(("true",)), {}, "riscv64")
