"""Acting on other processes: the host's, the parents', another run's; and leaving one's bounds."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import socket
from pathlib import Path

from tests.integration.sandbox.escapes.attempts.calls import call
from tests.integration.sandbox.escapes.attempts.reading import marked, processes, text_of
from tests.integration.sandbox.escapes.attempts.table import Target, attempt

_TRACEME, _SEIZE = 0, 0x4206
_KCMP_FILE = 0


class Piece(ctypes.Structure):
    """An address and a length, as `process_vm_readv` wants them (struct iovec)."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def of_host(pid: int, target: Target) -> int:
    """Return the number of the host's process; raise when another one has it inside."""
    inside = 1000
    # The host's numbers begin anew at 300 after the last one.
    if pid > inside:
        return pid
    words = text_of(f"/proc/{pid}/cmdline")
    if words == target["launcher"] or target["mark"] in words:
        return pid
    raise ProcessLookupError


@attempt(seen=True)
def signal_to_host(target: Target) -> str:
    """End a process of the host by its number."""
    os.kill(of_host(target["victims"]["signal_to_host"], target), signal.SIGKILL)
    return "sent"


@attempt(seen=True)
def signal_by_descriptor(target: Target) -> str:
    """End a process of the host by a descriptor of it."""
    fd = os.pidfd_open(of_host(target["victims"]["signal_by_descriptor"], target))
    signal.pidfd_send_signal(fd, signal.SIGKILL)
    return "sent"


@attempt(seen=True)
def signal_to_whom_is_seen(target: Target) -> str:
    """End a process of the launcher that is found by looking."""
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{target['mark']}:signal_to_whom_is_seen" in text_of(path / "cmdline").split("\0"):
                os.kill(int(path.name), signal.SIGKILL)
    return "sent"


@attempt()
def traced_by_parent(_target: Target) -> str:
    """Ask to be traced, the first step of every debugger."""
    return f"returned {call('ptrace', _TRACEME, 0, 0, 0)}"


@attempt()
def parent_traced(_target: Target) -> str:
    """Take hold of the process that started the first one here."""
    driver = int(text_of(f"/proc/{os.getppid()}/stat").rpartition(")")[2].split()[1])
    return f"returned {call('ptrace', _SEIZE, driver, 0, 0)}"


@attempt()
def host_traced(target: Target) -> str:
    """Take hold of a process of the host."""
    return f"returned {call('ptrace', _SEIZE, of_host(target['pid'], target), 0, 0)}"


@attempt()
def memory_of_host_by_call(target: Target) -> str:
    """Read the launcher's memory by a system call."""
    length = len(target["mark"])
    buffer = ctypes.create_string_buffer(length)
    here, there = Piece(ctypes.addressof(buffer), length), Piece(target["address"], length)
    call("process_vm_readv", target["pid"], ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    return marked(buffer.raw.decode("utf-8", "replace"), target)


@attempt(unless="reading memory by a system call")
def memory_by_call(_target: Target) -> str:
    """Use that system call at all, here on this process itself."""
    text, buffer = ctypes.create_string_buffer(b"own"), ctypes.create_string_buffer(3)
    here, there = Piece(ctypes.addressof(buffer), 3), Piece(ctypes.addressof(text), 3)
    call("process_vm_readv", os.getpid(), ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    return buffer.raw.decode()


@attempt()
def descriptor_of_host(target: Target) -> str:
    """Take a descriptor out of the launcher."""
    pid = target["pid"]
    fd = call("pidfd_getfd", os.pidfd_open(pid), target["descriptor"], 0)
    return marked(os.pread(fd, 4096, 0).decode("utf-8", "replace"), target)


@attempt()
def descriptor_by_call(_target: Target) -> str:
    """Use that system call at all, here on this process itself."""
    return f"descriptor {call('pidfd_getfd', os.pidfd_open(os.getpid()), 1, 0)}"


@attempt(unless="kcmp")
def kernel_pointers_compared(_target: Target) -> str:
    """Compare addresses in the kernel."""
    return f"returned {call('kcmp', os.getpid(), os.getpid(), _KCMP_FILE, 1, 1)}"


@attempt()
def other_run_seen(target: Target) -> str:
    """Find another run's processes."""
    found = [text for text in processes("cmdline") if target["sibling"] in text]
    return "".join(found)[-99:]


@attempt()
def other_run_read(target: Target) -> str:
    """Read a file that another run has in /tmp."""
    return text_of(target["sibling_file"])


@attempt()
def other_run_called(target: Target) -> str:
    """Connect to another run's abstract socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        one.settimeout(3.0)
        one.connect("\0" + target["sibling"])
        return one.recv(99).decode()


@attempt(root=True)
def priority_raised(_target: Target) -> str:
    """Go before the host's own processes."""
    os.setpriority(os.PRIO_PROCESS, 0, -5)
    return f"nice {os.getpriority(os.PRIO_PROCESS, 0)}"


@attempt(root=True)
def real_time_priority(_target: Target) -> str:
    """Go before every process that is not real-time."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return "allowed"


@attempt(root=True, unless="the right to raise limits (CAP_SYS_RESOURCE)")
def limit_raised(_target: Target) -> str:
    """Raise a limit above what was set."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return limited(resource.RLIMIT_NOFILE, hard + 1)


@attempt(root=True)
def core_dump(_target: Target) -> str:
    """Allow oneself to dump core, which the kernel hands to a program of the host."""
    return limited(resource.RLIMIT_CORE, 4096)


def limited(kind: int, bound: int) -> str:
    """Set a limit, soft and hard."""
    try:
        resource.setrlimit(kind, (bound, bound))
    except ValueError as error:
        raise PermissionError(0, str(error)) from error
    return f"{bound} allowed"
