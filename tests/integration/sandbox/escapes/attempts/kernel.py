"""The kernel's other doors: keys, devices, terminals, programs and modules loaded into it."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import stat
from pathlib import Path

from tests.integration.sandbox.escapes.attempts.calls import call, libc, numbered, reached
from tests.integration.sandbox.escapes.attempts.reading import marked
from tests.integration.sandbox.escapes.attempts.table import NOTHING, Control, Target, attempt

_SESSION_KEYRING, _PROCESS_KEYRING = -3, -2
_GET_KEYRING, _SEARCH, _READ = 0, 10, 11
_TIOCSTI, _TIOCLINUX, _TIOCSCTTY = 0x5412, 0x541C, 0x540E
_NO_RANDOM_ADDRESSES = 0x40000
_USER_MODE_ONLY = 1
_X86 = "a processor of the x86 family"
_STANDARD = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "console"}


@attempt()
def key_added(_target: Target) -> str:
    """Keep something in the kernel."""
    return f"key {call('add_key', b'user', b'escape', b'x', 1, _PROCESS_KEYRING)}"


@attempt()
def key_requested(_target: Target) -> str:
    """Ask for a key; the kernel starts a program of the host when it has none."""
    return reached("request_key", b"user", b"no such key", 0, 0)


@attempt()
def keyring_opened(_target: Target) -> str:
    """Take hold of the session's keys."""
    return f"keyring {call('keyctl', _GET_KEYRING, _SESSION_KEYRING, 1, 0, 0)}"


@attempt()
def key_of_host(target: Target) -> str:
    """Read a key that the launcher keeps in the kernel."""
    number = call("keyctl", _SEARCH, _SESSION_KEYRING, b"user", target["key"].encode(), 0)
    buffer = ctypes.create_string_buffer(99)
    call("keyctl", _READ, number, buffer, 99, 0)
    return marked(buffer.value.decode(), target)


def opens(path: str, flags: int = os.O_RDONLY) -> str:
    """Open a device and close it; nothing is read."""
    os.close(os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC))
    return f"{path} opened"


@attempt(root=True)
def device_made(_target: Target) -> str:
    """Make a device in the tree, here a harmless one, and open it."""
    os.mknod("zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    return opens("zero")


@attempt(root=True, unless="a loop device")
def disk_made(_target: Target) -> str:
    """Make a disk in the tree, here an empty one."""
    os.mknod("disk", stat.S_IFBLK | 0o666, os.makedev(7, 0))
    return opens("disk")


@attempt(unless="a device besides the standard ones")
def devices_present(_target: Target) -> str:
    """Find devices that no tool needs."""
    found = []
    for path in Path("/dev").rglob("*"):
        special = path.lstat().st_mode
        if stat.S_ISCHR(special) or stat.S_ISBLK(special):
            found += [] if path.name in _STANDARD or path.parent.name == "pts" else [str(path)]
    return ", ".join(found[:9])


@attempt(root=True, unless="/dev/mem")
def device_of_memory(_target: Target) -> str:
    """Open the machine's memory."""
    return opens("/dev/mem")


@attempt(root=True)
def device_of_disk(target: Target) -> str:
    """Open the machine's disk."""
    for path in target["disks"]:
        with contextlib.suppress(OSError):
            return opens(path)
    return NOTHING


@attempt(root=True, unless="loop devices")
def device_of_loops(_target: Target) -> str:
    """Open what makes disks of files."""
    return opens("/dev/loop-control")


@attempt(root=True, unless="FUSE")
def device_of_file_systems(_target: Target) -> str:
    """Open what makes file systems of programs."""
    return opens("/dev/fuse", os.O_RDWR)


@attempt(root=True, unless="network tunnels")
def device_of_tunnels(_target: Target) -> str:
    """Open what makes network interfaces."""
    return opens("/dev/net/tun", os.O_RDWR)


@attempt(root=True, unless="a virtual terminal")
def device_of_terminal(_target: Target) -> str:
    """Open the machine's own terminal."""
    return opens("/dev/tty0", os.O_RDWR | os.O_NOCTTY)


@attempt(root=True, unless="a writable kernel log")
def kernel_log_written(_target: Target) -> str:
    """Open the kernel's log for writing; nothing is written."""
    return opens("/dev/kmsg", os.O_WRONLY)


def own_terminal() -> int:
    """Make a terminal and become its session's leader."""
    os.setsid()
    _, terminal = os.openpty()
    call("ioctl", terminal, _TIOCSCTTY, 0)
    return terminal


@attempt(unless="TIOCSTI (dev.tty.legacy_tiocsti=1)")
def typed_into_terminal(_target: Target) -> str:
    """Type into a terminal, as into that of the person who started the run."""
    return f"returned {call('ioctl', own_terminal(), _TIOCSTI, b'x')}"


@attempt(unless="TIOCSTI (dev.tty.legacy_tiocsti=1)")
def typed_by_a_long_number(_target: Target) -> str:
    """Type into it by a request whose upper half the kernel drops, and a careless filter not."""
    return f"returned {call('ioctl', own_terminal(), 1 << 32 | _TIOCSTI, b'x')}"


@attempt()
def pasted_into_terminal(_target: Target) -> str:
    """Ask for the console's clipboard, which can paste as well."""
    return reached("ioctl", own_terminal(), _TIOCLINUX, b"\x00")


@attempt(root=True, unless="BPF")
def program_in_kernel(_target: Target) -> str:
    """Make what programs in the kernel keep their values in."""
    words = (ctypes.c_uint32 * 16)(2, 4, 8, 1)
    return f"descriptor {call('bpf', 0, ctypes.byref(words), ctypes.sizeof(words))}"


@attempt(unless="performance counters")
def performance_counter(_target: Target) -> str:
    """Count the processor's events, this process's own."""
    words = (ctypes.c_uint32 * 32)(1, 128)
    words[10] = 0b1100001  # disabled, neither the kernel nor the hypervisor
    return f"descriptor {call('perf_event_open', ctypes.byref(words), 0, -1, -1, 0)}"


@attempt(unless="userfaultfd")
def page_faults(_target: Target) -> str:
    """Stop the kernel in the midst of a copy, the aid of many an exploit."""
    return f"descriptor {call('userfaultfd', _USER_MODE_ONLY)}"


@attempt(unless="io_uring")
def ring_of_calls(_target: Target) -> str:
    """Make system calls that no filter sees."""
    words = (ctypes.c_uint32 * 32)()
    return f"descriptor {call('io_uring_setup', 4, ctypes.byref(words))}"


@attempt(root=True, unless="loadable modules")
def module_loaded(_target: Target) -> str:
    """Load a module, an empty one."""
    return reached("init_module", b"", 0, b"")


@attempt(root=True, unless="loadable modules")
def module_of_file(_target: Target) -> str:
    """Load a module from a file that is none."""
    return reached("finit_module", os.open("/dev/null", os.O_RDONLY), b"", 0)


@attempt(root=True, unless="loadable modules")
def module_removed(_target: Target) -> str:
    """Remove a module that does not exist."""
    return reached("delete_module", b"no_such_module", 0)


@attempt(root=True, unless="kexec")
def other_kernel(_target: Target) -> str:
    """Start another kernel, with flags that do not exist."""
    return reached("kexec_load", 0, 0, 0, 0x4000)


@attempt(root=True)
def rebooted(_target: Target) -> str:
    """Reboot, with numbers that mean nothing."""
    return reached("reboot", 0, 0, 0, 0)


@attempt(root=True, unless="swap files")
def swap_file(_target: Target) -> str:
    """Swap to a file that does not exist."""
    return reached("swapon", b"/nowhere/swap", 0)


@attempt(root=True, unless="process accounting")
def accounting(_target: Target) -> str:
    """Have the kernel write every process's end into a file that does not exist."""
    return reached("acct", b"/nowhere/accounts")


@attempt(unless="disk quotas")
def quota(_target: Target) -> str:
    """Ask for quotas of a disk that does not exist."""
    return reached("quotactl", 0x80000700, b"/nowhere/disk", 0, 0)


@attempt(root=True, unless=_X86)
def ports_of_processor(_target: Target) -> str:
    """Be allowed to speak to hardware directly."""
    return f"returned {call('ioperm', 0x80, 1, 1)}"


@attempt(root=True, unless=_X86)
def level_of_processor(_target: Target) -> str:
    """Be allowed to speak to all hardware directly."""
    return f"returned {call('iopl', 3)}"


@attempt(root=True)
def clock(_target: Target) -> str:
    """Set the clock: its zone, to what it is."""
    zone = (ctypes.c_int * 2)()
    libc.gettimeofday(None, ctypes.byref(zone))
    return f"returned {call('settimeofday', 0, ctypes.byref(zone))}"


@attempt(root=True, unless="fanotify")
def file_events(_target: Target) -> str:
    """Watch and hold up what others do with files."""
    return f"descriptor {call('fanotify_init', 4, 0)}"


@attempt()
def addresses_fixed(_target: Target) -> str:
    """Switch the randomness of addresses off."""
    return f"was {call('personality', _NO_RANDOM_ADDRESSES):#x}"


@attempt(unless="32-bit system calls")
def calls_of_32_bits(_target: Target) -> str:
    """Call by the table of 32-bit programs, where every number means another call."""
    if os.uname().machine != "x86_64":
        return NOTHING
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20 (getpid); int 0x80; ret
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    got = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
    return f"getpid returned {got}" if got == os.getpid() else NOTHING


@attempt(unless="x32 system calls")
def calls_of_x32(_target: Target) -> str:
    """Call by the table of the x32 programs."""
    return f"getpid returned {numbered(0x40000000 + 39)}"


@attempt(Control.LAX)
def controlled_by_nobody(_target: Target) -> str:
    """Find no filter of system calls at all."""
    text = Path("/proc/self/status").read_text("ascii")
    return "no filter" if "Seccomp:\t0" in text else NOTHING
