"""What attempts aim at: secrets, servers and processes of the host, all made for the purpose."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.integration.sandbox.escapes.attempts.calls import call, libc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.sandbox.escapes.attempts.network import Address
    from tests.integration.sandbox.escapes.attempts.table import Target

OTHER_USER = 12345
VICTIMS = ("signal_to_host", "signal_by_descriptor", "signal_to_whom_is_seen")
WRITABLE = ("file_of_host", "file_by_link", "file_by_root_of_process")
CHANGED = (
    *("tree_written", "tree_removed", "tree_renamed", "tree_set_uid_bit", "tree_new_link"),
    *("tree_times", "tree_attribute"),
)
_GROUPS = ("/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified", "/sys/fs/cgroup")
_JOIN_SESSION, _SESSION_KEYRING = 1, -3
_REMOVE, _CREATE = 0, 0o1000
_ADDRESS = bytes((127, 0, 0, 9))


def greet(server: socket.socket, text: bytes) -> None:
    """Say `text` to whoever connects, or asks."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                if server.type == socket.SOCK_DGRAM:
                    _, address = server.recvfrom(99)
                    server.sendto(text, address)
                else:
                    visitor, _ = server.accept()
                    with visitor, contextlib.suppress(OSError):
                        visitor.sendall(text)

    threading.Thread(target=serve, daemon=True).start()


def visit(family: int, address: Address, text: bytes) -> None:
    """Connect there again and again, and say `text`."""

    def go() -> None:
        while True:
            with socket.socket(family, socket.SOCK_STREAM) as one, contextlib.suppress(OSError):
                one.connect(address)
                one.sendall(text)
            time.sleep(0.02)

    threading.Thread(target=go, daemon=True).start()


def name_server() -> None:
    """Answer every question for a name with a loopback address."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        server.bind(("127.0.0.1", 53))
    except OSError:
        server.close()
        return

    def serve() -> None:
        while True:
            asked, address = server.recvfrom(512)
            question = asked[12 : asked.index(b"\0", 12) + 5]
            head = asked[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0)
            record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 1, 4) + _ADDRESS
            server.sendto(head + question + record, address)

    threading.Thread(target=serve, daemon=True).start()


class Lair:
    """A scratch folder of the host, and all that belongs to it.

    `top` must be short, for socket paths have 107 bytes at most.  The last part of `folder` is the
    mark: where it shows inside, something of the host shows.
    """

    def __init__(self, top: Path, mark: str) -> None:
        self.mark = mark
        self.folder = top / mark
        self.shown = top / "shown"
        self.is_root = os.geteuid() == 0
        self._held = contextlib.ExitStack()
        self.target: Target = {"mark": mark, "folder": str(self.folder)}

    def __enter__(self) -> Self:
        self._make_files()
        self._make_memory()
        self._make_sockets()
        self.target |= {"cgroup": self._make_group(), "join": "", "key": self._make_key()}
        self.target |= {"sibling": f"sibling-{secrets.token_hex(4)}"}
        self.target["sibling_file"] = f"/tmp/{self.target['sibling']}"  # noqa: S108 - of a sandbox's own, or removed
        names = ("vda", "sda", "nvme0n1", "xvda", "loop0")
        self.target["disks"] = [f"/dev/{name}" for name in names]
        os.environ["ESCAPE_MARK"] = self.mark
        os.environ["LD_PRELOAD"] = str(self.folder / "library.so")
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def _make_files(self) -> None:
        for path in (self.folder, self.shown, self.folder / "home" / ".ssh", self.folder / "etc"):
            path.mkdir(parents=True)
        for name in ("secret", "home/.ssh/id"):
            (self.folder / name).write_text(f"a secret of {self.mark}")
        (self.folder / "given").write_text("given")
        (self.folder / "share").mkdir()
        self.target |= {
            "secret": str(self.folder / "secret"),
            "home": str(self.folder / "home"),
            "handle": self._handle(self.folder / "secret"),
        }
        etc = {
            "resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
            "nsswitch.conf": "hosts: dns\npasswd: files\n",
            "passwd": "root:x:0:0::/:/bin/sh\n",
        }
        for name, text in etc.items():
            (self.folder / "etc" / name).write_text(text)
        with contextlib.suppress(OSError):
            shutil.copy("/etc/ld.so.cache", self.folder / "etc")
        # Left open on purpose, so that whoever starts a process may hand them on.
        for path in (self.folder / "secret", self.folder):
            fd = os.open(path, os.O_RDONLY)
            self._held.callback(os.close, fd)
            os.set_inheritable(fd, True)
            self.target.setdefault("descriptor", fd)
        os.chdir(self.folder)

    @staticmethod
    def _handle(path: Path) -> str:
        room = 128
        handle = ctypes.create_string_buffer(struct.pack("Ii", room, 0), 8 + room)
        try:
            number = ctypes.c_int()
            call("name_to_handle_at", -100, os.fsencode(path), handle, ctypes.byref(number), 0)
        except OSError:
            return ""
        return handle.raw[: 8 + struct.unpack_from("I", handle)[0]].hex()

    def _make_memory(self) -> None:
        secret = ctypes.create_string_buffer(self.mark.encode())
        self._held.callback(lambda: secret.raw)
        with (self.folder / "secret").open("r+b") as file:
            mapped = mmap.mmap(file.fileno(), 0)
            self._held.callback(mapped.close)
        shared = Path("/dev/shm") / self.mark  # noqa: S108 - as POSIX shared memory is named
        shared.write_text(self.mark)
        self._held.callback(shared.unlink)
        key = secrets.randbelow(1 << 30) + 1
        libc.shmat.restype = ctypes.c_void_p
        libc.shmat.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
        segment = libc.shmget(key, 4096, _CREATE | 0o600)
        self._held.callback(libc.shmctl, segment, _REMOVE, None)
        ctypes.memmove(libc.shmat(segment, None, 0), self.mark.encode(), len(self.mark))
        self.target |= {
            "pid": os.getpid(),
            "launcher": Path("/proc/self/cmdline").read_text(),
            "address": ctypes.addressof(secret),
            "shm_key": key,
            "shm_file": str(shared),
        }

    def _make_sockets(self) -> None:
        text = f"welcome to {self.mark}".encode()
        stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
        v4, v6, unix = socket.AF_INET, socket.AF_INET6, socket.AF_UNIX
        places: dict[str, tuple[int, int, Address]] = {
            "tcp": (v4, stream, ("127.0.0.1", 0)),
            "tcp6": (v6, stream, ("::1", 0)),
            "udp": (v4, datagram, ("127.0.0.1", 0)),
            "udp6": (v6, datagram, ("::1", 0)),
            "unix": (unix, stream, str(self.folder / "unix")),
            "shown": (unix, stream, str(self.shown / "listening")),
            "abstract": (unix, stream, f"\0{self.mark}"),
            "abstract_datagram": (unix, datagram, f"\0{self.mark}-d"),
        }
        for name, (family, kind, address) in places.items():
            server = self._held.enter_context(socket.socket(family, kind))
            self.target[name] = 1
            with contextlib.suppress(OSError):  # a machine without IPv6
                server.bind(address)
                if kind == stream:
                    server.listen(64)
                if family == unix and not str(address).startswith("\0"):
                    Path(str(address)).chmod(0o777)
                own = server.getsockname()
                self.target[name] = own[1] if isinstance(own, tuple) else own
                greet(server, text)
        for name in ("abstract", "abstract_datagram"):
            self.target[name] = self.target[name].decode().removeprefix("\0")
        self.target["shown"] = str(self.shown)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.target |= {"visited": port, "visited_abstract": f"{self.mark}-v"}
        visit(v4, ("127.0.0.1", port), text)
        visit(unix, f"\0{self.mark}-v", text)
        name_server()

    def _make_group(self) -> str:
        for place in _GROUPS:
            with contextlib.suppress(OSError):
                group = Path(place, self.mark)
                group.mkdir()
                self._held.callback(group.rmdir)
                if (group / "cgroup.procs").exists():
                    return str(group)
        return ""

    def _make_key(self) -> str:
        with contextlib.suppress(OSError):
            call("keyctl", _JOIN_SESSION, 0, 0, 0, 0)
            name, text = f"key-{self.mark}".encode(), f"key of {self.mark}".encode()
            call("add_key", b"user", name, text, len(text), _SESSION_KEYRING)
        return f"key-{self.mark}"

    @contextlib.contextmanager
    def tree(self, name: str) -> Iterator[tuple[Path, Target, Callable[[str], bool]]]:
        """Make a tree, victims and writable files for one batch.

        Yields the tree, the target, and what says whether the host sees that an attempt worked.
        """
        tree = self.folder / name
        tree.mkdir()
        writable = {one: self.folder / f"{name}-{one}" for one in WRITABLE}
        writable["file_of_read_only_folder"] = self.shown / f"{name}-file"
        for path in writable.values():
            path.write_text("as it was")
        before = self._fill(tree, writable)
        with contextlib.ExitStack() as held:
            listening = held.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            listening.bind(str(tree / "listening"))
            (tree / "listening").chmod(0o777)
            listening.listen(8)
            greet(listening, f"welcome to {self.mark}".encode())
            pipes = {
                one: held.enter_context(reader(place))
                for one, place in (
                    ("pipe_in_the_tree", tree / "pipe"),
                    ("pipe_in_read_only_folder", self.shown / f"{name}-pipe"),
                )
            }
            victims = {one: held.enter_context(self._victim(one)) for one in VICTIMS}

            def seen(one: str) -> bool:
                if one in victims:
                    return victims[one].poll() is not None
                if one in pipes:
                    return received(pipes[one])
                if one in writable:
                    return writable[one].read_text() != "as it was"
                return (
                    one == "tree_written" if one not in before else state(tree / one) != before[one]
                )

            yield (
                tree,
                {
                    **self.target,
                    "writable": {one: str(path) for one, path in writable.items()},
                    "pipe": str(self.shown / f"{name}-pipe"),
                    "victims": {one: victim.pid for one, victim in victims.items()},
                },
                seen,
            )

    def _fill(self, tree: Path, writable: dict[str, Path]) -> dict[str, tuple[object, ...]]:
        links = {"link": self.target["secret"], "climbing": "../secret"}
        links |= {"socket": self.target["unix"], "file_by_link": str(writable["file_by_link"])}
        for name, target in links.items():
            (tree / name).symlink_to(target)
        shutil.copyfile("/usr/bin/id", tree / "set-uid")
        if self.is_root:
            os.chown(tree / "set-uid", OTHER_USER, OTHER_USER)
        (tree / "set-uid").chmod(0o4755)
        for name in CHANGED[1:]:
            (tree / name).write_text("as it was")
        return {name: state(tree / name) for name in CHANGED}

    @contextlib.contextmanager
    def _victim(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        words = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(90)"]
        with subprocess.Popen(
            [*words, f"{self.mark}:{name}"], stderr=subprocess.DEVNULL, start_new_session=True
        ) as victim:
            try:
                yield victim
            finally:
                victim.send_signal(signal.SIGKILL)


@contextlib.contextmanager
def reader(place: Path) -> Iterator[int]:
    """Make a pipe with a name and read from it."""
    os.mkfifo(place)
    place.chmod(0o666)
    fd = os.open(place, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield fd
    finally:
        os.close(fd)


def received(fd: int) -> bool:
    """Whether anything came through a pipe."""
    with contextlib.suppress(BlockingIOError):
        return bool(os.read(fd, 99))
    return False


def state(path: Path) -> tuple[object, ...]:
    """Return all that an attempt could change of a file of the tree."""
    try:
        told = path.lstat()
    except FileNotFoundError:
        return ()
    link = str(path.readlink()) if path.is_symlink() else ""
    named = () if link else tuple(os.listxattr(path))
    return told.st_mode, told.st_size, told.st_mtime, link, named
