"""System calls by number: what libc does not wrap, and what it would refuse before the kernel."""

from __future__ import annotations

import ctypes
import errno
import os
import platform

# x86_64, aarch64; from the kernel's tables (arch/x86/entry/syscalls, include/uapi/asm-generic).
_NUMBERS = {
    "ioctl": (16, 29),
    "clone": (56, 220),
    "ptrace": (101, 117),
    "syslog": (103, 116),
    "personality": (135, 92),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "acct": (163, 89),
    "settimeofday": (164, 170),
    "mount": (165, 40),
    "umount2": (166, 39),
    "swapon": (167, 224),
    "reboot": (169, 142),
    "sethostname": (170, 161),
    "iopl": (172, -1),
    "ioperm": (173, -1),
    "init_module": (175, 105),
    "delete_module": (176, 106),
    "quotactl": (179, 60),
    "kexec_load": (246, 104),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "unshare": (272, 97),
    "perf_event_open": (298, 241),
    "fanotify_init": (300, 262),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "setns": (308, 268),
    "process_vm_readv": (310, 270),
    "kcmp": (312, 272),
    "finit_module": (313, 273),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "pidfd_send_signal": (424, 424),
    "io_uring_setup": (425, 425),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "clone3": (435, 435),
    "pidfd_getfd": (438, 438),
    "mount_setattr": (442, 442),
}
_COLUMN = {"x86_64": 0, "aarch64": 1}.get(platform.machine())
_REFUSALS = frozenset({errno.EPERM, errno.EACCES, errno.ENOSYS})

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def call(name: str, *arguments: object) -> int:
    """Make a system call; numbers are passed as 64 bits.  Raises `OSError` as the kernel says."""
    number = -1 if _COLUMN is None else _NUMBERS[name][_COLUMN]
    return numbered(number, *arguments)


def numbered(number: int, *arguments: object) -> int:
    """Make the system call of that number."""
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    result: int = libc.syscall(ctypes.c_long(number), *words)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def reached(name: str, *arguments: object) -> str:
    """Say that the kernel looked at a call's arguments, be it to complain of them.

    This is how calls are tried that must not succeed on a machine that is in use: their arguments
    are no good, and the kernel says so only to a caller that may make the call.
    """
    try:
        return f"{name} returned {call(name, *arguments)}"
    except OSError as error:
        if error.errno in _REFUSALS:
            raise
        return f"{name} was heard: {error.strerror}"
