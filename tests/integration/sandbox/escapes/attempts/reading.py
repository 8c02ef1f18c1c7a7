"""Reading what is the host's: files, memory, the environment, the names of things."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.integration.sandbox.escapes.attempts.calls import call, libc
from tests.integration.sandbox.escapes.attempts.table import NOTHING, Control, Target, attempt

if TYPE_CHECKING:
    from collections.abc import Iterator


def text_of(path: str | Path) -> str:
    """Return the beginning of a file."""
    with open(path, "rb") as file:  # noqa: PTH123 - some of these are descriptors' names in /proc
        return file.read(1 << 20).decode("utf-8", "replace")


def marked(text: str, target: Target) -> str:
    """Return the text's beginning when it is the host's own, and nothing else."""
    mark: str = target["mark"]
    return text[:200] if mark in text else NOTHING


def processes(name: str) -> Iterator[str]:
    """Yield what stands in that file of every process that may be looked at, but for this one."""
    for path in sorted(Path("/proc").glob(f"[0-9]*/{name}")):
        if path.parent.name != str(os.getpid()):
            with contextlib.suppress(OSError):
                yield text_of(path)


@attempt()
def secret_by_path(target: Target) -> str:
    """Read a file of the host by its path."""
    return marked(text_of(target["secret"]), target)


@attempt()
def key_in_home(target: Target) -> str:
    """Read the launcher's private key."""
    return marked(text_of(Path(target["home"], ".ssh", "id")), target)


@attempt()
def secret_by_link(target: Target) -> str:
    """Read through a symbolic link that the tree holds."""
    return marked(text_of("link"), target)


@attempt()
def secret_by_relative_link(target: Target) -> str:
    """Read through a link that climbs out of the tree."""
    return marked(text_of("climbing"), target)


@attempt()
def secret_by_swapped_link(target: Target) -> str:
    """Read through a folder that is swapped for a link while it is walked."""
    Path("real").mkdir()
    Path("real/secret").write_text("harmless")
    until = time.monotonic() + 0.5

    def swap() -> None:
        while time.monotonic() < until:
            for name in (target["folder"], "real"):
                Path("next").symlink_to(name)
                Path("next").replace("swapped")

    swapper = threading.Thread(target=swap)
    swapper.start()
    got = NOTHING
    while time.monotonic() < until and not got:
        with contextlib.suppress(OSError):
            got = marked(text_of("swapped/secret"), target)
    swapper.join()
    return got


@attempt()
def secret_by_hard_link(target: Target) -> str:
    """Give a file of the host a second name in the tree."""
    os.link(target["secret"], "second-name")
    return marked(text_of("second-name"), target)


@attempt()
def secret_by_root_of_process(target: Target) -> str:
    """Reach the host's files through the root folder of another process."""
    name = target["secret"].lstrip("/")
    return marked("".join(processes(f"root/{name}")), target)


@attempt(root=True, unless="a first process with no more rights than root here")
def secret_by_root_of_first_process(target: Target) -> str:
    """Reach the host's files through the root folder of process 1."""
    return marked(text_of(f"/proc/1/root{target['secret']}"), target)


@attempt()
def secret_by_folder_of_process(target: Target) -> str:
    """Reach the host's files through the working folder of another process."""
    return marked("".join(processes("cwd/secret")), target)


@attempt()
def secret_by_descriptor_of_process(target: Target) -> str:
    """Open what another process has open."""
    for path in Path("/proc").glob("[0-9]*/fd/*"):
        if path.parts[2] != str(os.getpid()):
            with contextlib.suppress(OSError):
                if path.is_file() and (got := marked(text_of(path), target)):
                    return got
    return NOTHING


@attempt(Control.LAX, root=True, unless="file handles on its file system")
def secret_by_handle(target: Target) -> str:
    """Open a file by its handle, with no path that leads there."""
    handle = ctypes.create_string_buffer(bytes.fromhex(target["handle"]))
    for place in (target["folder"], "/", "/tree", "/usr", "/etc", "/tmp"):  # noqa: S108 - looked at
        with contextlib.suppress(OSError):
            mount = os.open(place, os.O_RDONLY)
            fd = call("open_by_handle_at", mount, handle, os.O_RDONLY)
            return marked(text_of(f"/proc/self/fd/{fd}"), target)
    return NOTHING


@attempt()
def environment_of_processes(target: Target) -> str:
    """Read the launcher's variables from the environment of any process."""
    return marked("".join(processes("environ")), target)


@attempt()
def environment_of_parents(target: Target) -> str:
    """Read the launcher's variables from the processes that this one comes from."""
    pid, told = os.getpid(), NOTHING
    while pid > 0:
        status = dict(
            line.split(":", 1)
            for line in text_of(f"/proc/{pid}/status").splitlines()
            if ":" in line
        )
        pid = int(status["PPid"])
        with contextlib.suppress(OSError):
            told += text_of(f"/proc/{pid}/environ") if pid else NOTHING
    return marked(told, target)


@attempt()
def environment_inherited(target: Target) -> str:
    """Find the launcher's variables in one's own environment."""
    return marked(repr(dict(os.environ)), target)


@attempt()
def library_preloaded(_target: Target) -> str:
    """Be started with a library that the launcher's environment names."""
    every = [*processes("environ"), *os.environ]
    return "LD_PRELOAD" if any("LD_PRELOAD" in text for text in every) else NOTHING


@attempt()
def command_lines(target: Target) -> str:
    """Read host paths from the arguments of other processes."""
    return marked("".join(processes("cmdline")), target)


@attempt()
def memory_maps_of_host(target: Target) -> str:
    """Read where the launcher's memory is."""
    return marked("".join(processes("maps")), target)


@attempt()
def memory_of_host(target: Target) -> str:
    """Read the launcher's memory."""
    with open(f"/proc/{target['pid']}/mem", "rb", buffering=0) as memory:  # noqa: PTH123 - unbuffered
        memory.seek(target["address"])
        return marked(memory.read(len(target["mark"])).decode("utf-8", "replace"), target)


@attempt(Control.LAX)
def mounts_name_host_paths(target: Target) -> str:
    """Read host paths from the list of mounts."""
    return marked(text_of("/proc/self/mountinfo"), target)


@attempt(Control.LAX)
def mounts_of_processes_name_host_paths(target: Target) -> str:
    """Read host paths from the lists of mounts of other processes."""
    return marked("".join(processes("mountinfo")), target)


@attempt()
def descriptor_inherited(target: Target) -> str:
    """Read from a file that the launcher left open."""
    for fd in range(3, 256):
        with contextlib.suppress(OSError):
            if got := marked(os.pread(fd, 4096, 0).decode("utf-8", "replace"), target):
                return got
    return NOTHING


@attempt()
def folder_inherited(target: Target) -> str:
    """Climb from a folder that the launcher left open."""
    for fd in range(3, 256):
        with contextlib.suppress(OSError):
            opened = os.open("secret", os.O_RDONLY, dir_fd=fd)
            return marked(os.read(opened, 4096).decode(), target)
    return NOTHING


@attempt()
def standard_input_reopened(_target: Target) -> str:
    """Open once more, for writing, what was handed over for reading."""
    for fd in range(3):
        with contextlib.suppress(OSError):
            again = os.open(f"/proc/self/fd/{fd}", os.O_RDWR)
            if Path(f"/proc/self/fd/{again}").is_file():
                return str(Path(f"/proc/self/fd/{again}").readlink())
    return NOTHING


@attempt(root=True)
def password_file(_target: Target) -> str:
    """Open the host's password hashes; nothing is read of them."""
    os.close(os.open("/etc/shadow", os.O_RDONLY))
    return "opened"


@attempt()
def folders_of_host(_target: Target) -> str:
    """List folders of the host that no tool needs."""
    found = []
    for name in ("/var/lib", "/var/log", "/var/spool", "/boot", "/mnt"):
        with contextlib.suppress(OSError):
            found += [str(path) for path in Path(name).iterdir()]
    return ", ".join(found[:9])


@attempt()
def hardware_listed(_target: Target) -> str:
    """List the machine's devices."""
    return ", ".join(sorted(path.name for path in Path("/sys/class").iterdir())[:9])


@attempt()
def sockets_listed(target: Target) -> str:
    """Find the host's sockets in the kernel's list."""
    return marked(text_of("/proc/net/unix"), target)


@attempt(root=True, unless="a kernel log")
def kernel_log_by_device(_target: Target) -> str:
    """Open the kernel's log."""
    os.close(os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK))
    return "opened"


@attempt(root=True, unless="a kernel log")
def kernel_log_by_call(_target: Target) -> str:
    """Read the kernel's log by a system call."""
    buffer = ctypes.create_string_buffer(64)
    return f"{call('syslog', 3, buffer, 64)} bytes"


@attempt(root=True, unless="/proc/kcore")
def kernel_memory(_target: Target) -> str:
    """Open the kernel's memory; nothing is read of it."""
    os.close(os.open("/proc/kcore", os.O_RDONLY))
    return "opened"


@attempt(root=True, unless="/proc/kallsyms with addresses")
def kernel_addresses(_target: Target) -> str:
    """Read where the kernel's functions are."""
    found = [
        line for line in text_of("/proc/kallsyms").splitlines()[:99] if int(line.split()[0], 16)
    ]
    return "".join(found[:1])


@attempt()
def shared_memory_of_host(target: Target) -> str:
    """Attach the launcher's System V shared memory."""
    libc.shmat.restype = ctypes.c_void_p
    number = libc.shmget(target["shm_key"], 0, 0)
    if number < 0:
        return NOTHING
    address = libc.shmat(number, None, 0o10000)
    return marked(ctypes.string_at(address).decode("utf-8", "replace"), target)


@attempt()
def shared_file_of_host(target: Target) -> str:
    """Read the launcher's POSIX shared memory."""
    return marked(text_of(target["shm_file"]), target)


@attempt(root=True, unless="a control group of cgroup v1 or v2 to make")
def control_group_named(target: Target) -> str:
    """Read the host's name of one's control group."""
    return marked(text_of("/proc/self/cgroup"), target)
