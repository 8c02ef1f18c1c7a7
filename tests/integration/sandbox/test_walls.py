from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.sandbox import Command, Limits, Network, Scratch
from workflow.sandbox.launcher import LAUNCHER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.sandbox.conftest import Confined, Naked
    from workflow.sandbox.bubblewrap import Bubblewrap

IN = "GOT-IN"


def attempt(action: str) -> str:
    """Return code that makes the attempt and says so when it worked."""
    body = "\n".join(f"    {line}" for line in action.strip().splitlines())
    return f"import os, socket\ntry:\n{body}\n    print({IN!r})\nexcept OSError as e: print(e)\n"


def assert_wall(action: str, naked: Naked, confined: Confined) -> None:
    """Assert that the attempt works on the bare host and does not inside, on a loopback too."""
    assert IN in naked(attempt(action))
    for network in (Network.NONE, Network.LOOPBACK):
        ran = confined(attempt(action), network=network)
        assert ran.is_ok, ran.stderr
        assert IN.encode() not in ran.stdout


def test_scratch_secret_of_the_host_is_invisible(
    tmp_path: Path, naked: Naked, confined: Confined
) -> None:
    """A file beside the tree, as a home has many, cannot be read."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    assert_wall(f"open({str(secret)!r}).read()", naked, confined)


def test_link_in_the_tree_does_not_lead_out(
    tmp_path: Path, tree: Path, naked: Naked, confined: Confined
) -> None:
    """A symbolic link of the tree is followed inside, where the host's file is not."""
    (tmp_path / "secret").write_text("s3cret")
    (tree / "link").symlink_to(tmp_path / "secret")
    assert_wall("open('link').read()", naked, confined)


def test_home_of_the_launcher_is_invisible(naked: Naked, confined: Confined) -> None:
    """The launcher's own home holds nothing inside that it holds outside."""
    home = Path.home()
    found = sorted(path.name for path in home.iterdir())[:1] if home.is_dir() else []
    if found:
        assert_wall(f"os.lstat({str(home / found[0])!r})", naked, confined)
    listing = confined("import os; print(os.listdir(os.environ['HOME']))")
    assert listing.stdout == b"[]\n"


def test_environment_of_the_launcher_is_hidden(
    monkeypatch: pytest.MonkeyPatch, naked: Naked, confined: Confined
) -> None:
    """A variable of the launcher is neither in the environment nor in another process's."""
    monkeypatch.setenv("SCRATCH_TOKEN", "s3cret-token")
    code = (
        "import glob, os\nprint(dict(os.environ))\n"
        "for path in glob.glob('/proc/[0-9]*/environ'):\n"
        "    try: print(open(path).read())\n"
        "    except OSError: pass\n"
    )
    assert "s3cret-token" in naked(code)
    ran = confined(code)
    assert ran.is_ok
    assert b"s3cret-token" not in ran.stdout


def test_host_paths_are_not_in_any_command_line(tmp_path: Path, confined: Confined) -> None:
    """The words that built the sandbox do not show in it."""
    code = "import glob\nfor p in glob.glob('/proc/[0-9]*/cmdline'): print(open(p).read())"
    ran = confined(code)
    assert str(tmp_path).encode() not in ran.stdout
    assert b"--overlay-src" not in ran.stdout


def test_loopback_server_of_the_host_is_out_of_reach(naked: Naked, confined: Confined) -> None:
    """A TCP server of the host cannot be reached from inside."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert_wall(f"socket.create_connection(('127.0.0.1', {port}), timeout=2)", naked, confined)


def test_abstract_socket_of_the_host_is_out_of_reach(naked: Naked, confined: Confined) -> None:
    """An abstract unix socket of the host cannot be reached from inside."""
    name = f"\0scratch-{secrets.token_hex(6)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(name)
        server.listen(4)
        assert_wall(f"socket.socket(socket.AF_UNIX).connect({name!r})", naked, confined)


def test_own_loopback_works(confined: Confined) -> None:
    """A server and its client inside find each other, where a loopback is asked for."""
    code = (
        "import socket\ns = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(s.getsockname(), timeout=2)\nprint('met')"
    )
    assert confined(code, network=Network.LOOPBACK).stdout == b"met\n"
    assert b"not supported by protocol" in confined(code).stderr


def test_tree_is_copy_on_write(tree: Path, naked: Naked, confined: Confined) -> None:
    """Writing, creating and removing work inside and leave the host's tree as it was."""
    code = (
        "import os\nopen('file', 'w').write('changed')\nopen('folder/new', 'w').write('x')\n"
        "os.mkdir('more')\nprint(open('file').read(), os.path.exists('folder/new'))\n"
        "os.remove('file')\n"
    )
    ran = confined(code)
    assert ran.stdout == b"changed True\n", ran.stderr
    assert (tree / "file").read_text() == "as it was"
    assert sorted(path.name for path in tree.iterdir()) == ["file", "folder"]
    naked(code)
    assert not (tree / "file").exists()


def test_a_run_leaves_nothing_for_the_next(confined: Confined) -> None:
    """What one run wrote into its copy is gone in the next."""
    assert confined("open('left', 'w').write('x')").is_ok
    assert b"left" not in confined("import os; print(os.listdir('.'))").stdout


def test_writing_outside_the_tree_is_refused(
    tmp_path: Path, naked: Naked, confined: Confined
) -> None:
    """A scratch path of the host can be written bare, and neither it nor the system inside."""
    assert_wall(f"open({str(tmp_path / 'new')!r}, 'w').write('x')", naked, confined)
    for path in ("/new", "/usr/new", "/etc/new", "/etc/passwd", "/dev/new", "/run/new"):
        assert IN.encode() not in confined(attempt(f"open({path!r}, 'w')")).stdout


def test_kernel_settings_cannot_be_opened(naked: Naked, confined: Confined) -> None:
    """No file of /proc/sys opens for writing; as root it does outside.  Nothing is written."""
    action = "os.close(os.open('/proc/sys/kernel/hostname', os.O_WRONLY))"
    if os.geteuid() == 0:
        assert IN in naked(attempt(action))
    for path in (
        "/proc/sys/kernel/hostname",
        "/proc/sys/net/ipv4/ip_forward",
        "/proc/sysrq-trigger",
        "/proc/sys/vm/drop_caches",
    ):
        code = attempt(f"os.close(os.open({path!r}, os.O_WRONLY))")
        assert IN.encode() not in confined(code).stdout, path


def test_nobody_inside_is_root_of_the_machine(
    tmp_path: Path, sandbox: Bubblewrap, naked: Naked
) -> None:
    """A private file that is mounted by mistake stays closed when root launched the sandbox."""
    private = tmp_path / "private"
    private.write_text("s3cret")
    private.chmod(0o600 if os.geteuid() == 0 else 0o000)
    if os.geteuid() == 0:
        assert IN in naked(attempt(f"open({str(private)!r}).read()"))
    for as_root in (False, True):
        ran = sandbox.run(
            Command(argv=("cat", str(private)), read_only=(private,), as_root=as_root)
        )
        assert ran.exit_status != 0
        assert b"Permission denied" in ran.stderr


@pytest.mark.parametrize("as_root", [False, True])
@pytest.mark.parametrize("low_ports", [False, True])
def test_no_capability_in_any_mode(sandbox: Bubblewrap, *, as_root: bool, low_ports: bool) -> None:
    """Neither uid 0 nor low ports bring a capability."""
    ran = sandbox.run(
        Command(argv=("cat", "/proc/self/status"), as_root=as_root, low_ports=low_ports)
    )
    lines = dict(line.split(":", 1) for line in ran.stdout.decode().splitlines())
    sets = {name: int(lines[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd")}
    assert sets == dict.fromkeys(sets, 0)
    assert lines["NoNewPrivs"].strip() == "1"
    assert lines["Uid"].split()[0] == ("0" if as_root else "1000")


def test_new_user_namespace_is_refused(confined: Confined) -> None:
    """No nested namespace, the usual first step of an escape."""
    code = "import ctypes; print(ctypes.CDLL(None).unshare(0x10000000))"
    assert confined(code).stdout == b"-1\n"


def test_low_ports_and_foreign_addresses(sandbox: Bubblewrap) -> None:
    """With `low_ports` a server can listen as in production; without, it cannot."""
    code = (
        "import socket\nfor a in (('127.0.0.1', 80), ('203.0.113.9', 443)):\n"
        "    try: socket.create_server(a); print('bound')\n"
        "    except OSError as e: print(e.errno)\n"
        "try: open('/proc/sys/net/ipv4/ip_nonlocal_bind', 'w'); print('open')\n"
        "except OSError: print('shut')\n"
    )
    command = Command(argv=_system_python(code), network=Network.LOOPBACK, low_ports=True)
    assert sandbox.run(command).stdout == b"bound\nbound\nshut\n"
    without = dataclasses.replace(command, low_ports=False)
    assert b"bound" not in sandbox.run(without).stdout


def test_low_ports_do_not_open_the_host(sandbox: Bubblewrap) -> None:
    """The network made for low ports is not the host's."""
    before = Path("/proc/sys/net/ipv4/ip_nonlocal_bind").read_text()
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = attempt(f"socket.create_connection({server.getsockname()!r}, timeout=2)")
        command = Command(argv=_system_python(code), network=Network.LOOPBACK, low_ports=True)
        ran = sandbox.run(command)
    assert ran.is_ok
    assert IN.encode() not in ran.stdout
    assert Path("/proc/sys/net/ipv4/ip_nonlocal_bind").read_text() == before


def test_daemon_does_not_survive_the_deadline(sandbox: Bubblewrap, tree: Path) -> None:
    """A daemon in a session of its own is gone when `run` returns; bare, it would live on."""
    mark = f"{secrets.randbelow(10**6) + 10**6}.5"
    script = f"setsid sleep {mark} & setsid -f sleep {mark}; sleep 30"
    started = time.monotonic()
    ran = sandbox.run(
        Command(argv=("sh", "-c", script), tree=Scratch(tree), limits=Limits(wall_s=1.0))
    )
    assert ran.timed_out
    assert time.monotonic() - started < 2
    assert not list(processes(mark))


def test_daemon_does_not_survive_a_normal_end(sandbox: Bubblewrap, naked: Naked) -> None:
    """A daemon that outlives a bare command does not outlive a confined one."""
    mark = f"{secrets.randbelow(10**6) + 10**6}.5"
    naked(f"import os; os.system('setsid -f sleep {mark} >/dev/null 2>&1 </dev/null')")
    bare = list(processes(mark))
    assert bare
    for pid in bare:
        os.kill(pid, 9)
    ran = sandbox.run(Command(argv=("sh", "-c", f"setsid -f sleep {mark}; echo done")))
    assert ran.stdout == b"done\n"
    assert not list(processes(mark))


def test_output_bomb_is_cut(sandbox: Bubblewrap) -> None:
    """Endless output is cut at its bound, long before the deadline."""
    ran = sandbox.run(Command(argv=("yes",), limits=Limits(wall_s=20.0, output=1_000_000)))
    assert ran.truncated
    assert len(ran.stdout) == 1_000_000
    assert ran.seconds < 10


def test_memory_bomb_is_refused(naked: Naked, confined: Confined) -> None:
    """One process cannot have more memory than its limit; 200 MB are harmless on the host."""
    code = "x = bytearray(200 * 1024 ** 2); print('GOT-IN')"
    assert IN in naked(code)
    ran = confined(code, Limits(wall_s=10.0, address_space=100 * 1024**2))
    assert ran.exit_status == 1
    assert b"MemoryError" in ran.stderr


def test_fork_bomb_is_bounded(naked: Naked, confined: Confined) -> None:
    """A few dozen children are too many inside, whatever runs elsewhere under the same id."""
    code = (
        "import os, time\nchildren = 0\ntry:\n"
        "    for _ in range(40):\n        if os.fork() == 0:\n"
        "            time.sleep(0.5); os._exit(0)\n        children += 1\n"
        "except OSError: pass\nprint(children)\n"
    )
    assert naked(code) == "40\n"
    assert 0 < int(confined(code).stdout) < 24


def test_file_bomb_is_bounded(naked: Naked, confined: Confined) -> None:
    """No file grows beyond its limit."""
    code = (
        "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\ntry:\n"
        "    f = open('big', 'wb')\n    for _ in range(8): f.write(bytes(1024 ** 2))\n"
        "    f.flush(); print('GOT-IN')\nexcept OSError as e: print(e)\n"
    )
    assert IN in naked(code)
    ran = confined(code)
    assert b"File too large" in ran.stdout


def test_every_needed_wall_stands(sandbox: Bubblewrap) -> None:
    """What doctor shows: all walls stand but those that only some machines have."""
    walls = sandbox.walls()
    fallen = {wall.name for wall in walls if not wall.stands}
    assert fallen <= {"Landlock", "control group"}
    assert {wall.name for wall in walls if not wall.needed} <= {"Landlock", "control group"}
    assert len(walls) == len({wall.name for wall in walls})


@pytest.mark.parametrize(
    ("part", "stand_in", "fallen"),
    [
        ("seccomp.program", b"", {"system call filter", "no other sockets", "no network at all"}),
        ("landlock.version", 0, {"Landlock"}),
        ("cgroup.find", None, {"control group"}),
        ("memory.Watch.__call__", "", {"total memory bounded"}),
    ],
)
def test_a_wall_that_is_missing_is_said(
    sandbox: Bubblewrap,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    stand_in: object,
    fallen: set[str],
) -> None:
    """Take a wall away, and it is its absence that doctor shows."""
    monkeypatch.setattr(f"workflow.sandbox.{part}", lambda *_, **__: stand_in)
    monkeypatch.setattr("workflow.sandbox.cgroup.make", lambda _: None)
    LAUNCHER.close()  # A sandbox may be kept prepared, with a control group.
    missing = {wall.name for wall in sandbox.walls() if not wall.stands}
    assert fallen <= missing <= fallen | {"control group"}


def processes(mark: str) -> Iterator[int]:
    """Yield the processes of this machine with `mark` in their words."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if mark.encode() in path.read_bytes() and int(path.parent.name) != os.getpid():
                yield int(path.parent.name)


def _system_python(code: str) -> tuple[str, ...]:
    return ("/usr/bin/python3", "-I", "-S", "-c", code)
