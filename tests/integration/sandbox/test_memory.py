"""Memory of all processes of a run together, bounded by control groups and by the watch."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.sandbox import Command, Limits, cgroup
from workflow.sandbox.interpreter import interpreter
from workflow.sandbox.launcher import LAUNCHER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.process import Ran
    from workflow.sandbox.bubblewrap import Bubblewrap

MEBIBYTE = 1024**2
LIMITS = Limits(wall_s=20.0, memory=120 * MEBIBYTE)
# 160 MiB each, 40 at a time or in one piece; then there is time to be seen.
BOMBS = {
    "one process": "x = b'x' * (160 << 20)",
    "four processes": (
        "for _ in range(4):\n    if os.fork() == 0:\n        x = b'x' * (40 << 20); time.sleep(20)"
    ),
    "a file in /tmp": "open('/tmp/x', 'wb').write(b'x' * (60 << 20)); x = b'x' * (100 << 20)",
    "an unnamed file": (
        "f = os.memfd_create('x')\nfor _ in range(40): os.write(f, b'x' * (4 << 20))"
    ),
    "shared pages": (
        "import mmap\nm = mmap.mmap(-1, 160 << 20)\nfor at in range(0, 160 << 20, 4096): m[at] = 1"
    ),
    "sockets that nobody reads": (
        "import socket\n"
        "pairs = [socket.socketpair(type=socket.SOCK_DGRAM) for _ in range(500)]\n"
        "for a, b in pairs:\n"
        "    a.setblocking(False); b.setblocking(False)\n"
        "    try:\n"
        "        while True: a.send(bytes(32768)); b.send(bytes(32768))\n"
        "    except BlockingIOError: pass"
    ),
    "a process that hides": (
        "import ctypes\nctypes.CDLL(None).prctl(4, 0)\nx = b'x' * (160 << 20)"
    ),
}
EVERY_BOMB = pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())


@pytest.fixture(params=["control group", "watch"])
def means(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Take the control group, where this machine has one, and then take it away."""
    LAUNCHER.close()  # A sandbox may be kept prepared, with a control group.
    if request.param == "watch":
        monkeypatch.setattr("workflow.sandbox.cgroup.make", lambda _limits: None)
    elif cgroup.find() is None:
        pytest.skip("no control group may be had here")
    yield request.param
    LAUNCHER.close()


def ran(sandbox: Bubblewrap, code: str, limits: Limits = LIMITS) -> Ran:
    """Run Python that keeps what it has for a while."""
    python = interpreter(Path(sys.executable))
    code = f"import os, time\n{code}\ntime.sleep(5)\nprint('got through')"
    argv = (str(python.program), "-I", "-S", "-c", code)
    return sandbox.run(Command(argv, read_only=python.folders, limits=limits))


@EVERY_BOMB
@pytest.mark.usefixtures("means")
def test_too_much_together_ends_the_run(sandbox: Bubblewrap, bomb: str) -> None:
    """However the memory is taken, the run ends, and says that it was memory."""
    found = ran(sandbox, bomb)
    assert found.out_of_memory, found
    assert not found.timed_out
    assert found.exit_status is None
    assert b"got through" not in found.stdout


@pytest.mark.usefixtures("means")
def test_a_pool_of_workers_is_not_too_much(sandbox: Bubblewrap) -> None:
    """Eight forked workers that share 60 MiB have 60, and not 480."""
    code = (
        "x = b'x' * (60 << 20)\n"
        "for _ in range(8):\n"
        "    if os.fork() == 0:\n"
        "        sum(x[::4096]); time.sleep(1); os._exit(0)\n"
        "for _ in range(8): os.wait()\n"
        "print('pooled', flush=True); os._exit(0)"
    )
    found = ran(sandbox, code)
    assert (found.stdout, found.out_of_memory) == (b"pooled\n", False), found


def test_groups_are_removed_with_their_runs(sandbox: Bubblewrap) -> None:
    """Neither a good end nor a kill leaves a control group behind."""
    home = cgroup.find()
    if home is None:
        pytest.skip("no control group may be had here")
    sandbox.run(Command(("true",)))
    ran(sandbox, BOMBS["one process"])
    sandbox.run(Command(("sleep", "9"), limits=Limits(wall_s=0.3)))
    LAUNCHER.close()
    left = [path for folder in home.folders for path in folder.glob(f"workflow-{os.getpid()}-*")]
    assert not left


def test_groups_of_a_dead_launcher_are_swept() -> None:
    """What a killed launcher left is removed with what still runs in it; others' groups stay."""
    if cgroup.find() is None:
        pytest.skip("no control group may be had here")
    read, write = os.pipe()
    launcher = os.fork()
    if launcher == 0:
        group = cgroup.make(LIMITS)
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        if group is not None:
            group.add(child)
            os.write(write, f"{child} {' '.join(map(str, group.folders))}".encode())
        os._exit(0)
    orphan, *folders = os.read(read, 65536).decode().split()
    os.waitpid(launcher, 0)
    own = cgroup.make(LIMITS)
    assert own is not None
    try:
        assert all(Path(folder).is_dir() for folder in folders)
        cgroup.sweep()
        assert not any(Path(folder).exists() for folder in folders)
        assert all(folder.is_dir() for folder in own.folders)
        status = Path(f"/proc/{orphan}/stat")
        assert not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"
    finally:
        own.close()
        os.close(read)
        os.close(write)
