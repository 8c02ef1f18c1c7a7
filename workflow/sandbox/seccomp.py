"""The system call filter: takes away the parts of the kernel that no gate needs and escapes use.

Everything is allowed but what stands in `_rules`: an honest program of any language goes on
working, and what it may not do fails as on a kernel that was built without it.  The list follows
the ones of container runtimes and of flatpak.  Calls that are newer than this table do not exist
inside.  The numbers are Linux's, from `<linux/filter.h>` and `<linux/seccomp.h>`.
"""

from __future__ import annotations

import errno
import functools
import platform
import socket
import struct
from dataclasses import dataclass
from typing import assert_never

from workflow.sandbox.interface import Network
from workflow.sandbox.syscalls import LAST, NUMBERS, Machine

_LOAD, _AND = 0x20, 0x54
_EQUAL, _ABOVE, _AT_LEAST, _ANY_BIT, _RETURN = 0x15, 0x25, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
# Offsets in `struct seccomp_data`: the number, the architecture, six arguments of eight bytes.
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_AUDIT = {Machine.X86_64: 0xC000003E, Machine.AARCH64: 0xC00000B7}
_X32 = 0x40000000
_WORD = 0xFFFFFFFF

# Every flag of clone and unshare that makes a namespace; 0x80, time, is unshare's alone.
_NEW_NAMESPACE = 0x7E020000
_NEW_TIME = 0x80
_INTERNET = (socket.AF_INET, socket.AF_INET6)
_TCP_UDP = (0, socket.IPPROTO_TCP, socket.IPPROTO_UDP)
_TYPE = 0xF
_NETLINK_ROUTE = 0
# What Linux, 32-bit Linux and an old release number are; never one that weakens the address space.
_PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, _WORD)
_FILE_TYPE, _DEVICES = 0xF000, (0x2000, 0x6000)
# Segments of System V have no bound of their own; PostgreSQL's is 56 bytes.
_SEGMENT = 64 * 1024
_INPUT, _CONSOLE = 0x5412, 0x541C


@dataclass(frozen=True, slots=True)
class _Is:
    """The low word of an argument, cut by `mask`, is one of `values`."""

    argument: int
    values: tuple[int, ...]
    mask: int = _WORD
    negated: bool = False


@dataclass(frozen=True, slots=True)
class _Has:
    """The low word of an argument has one of `bits`."""

    argument: int
    bits: int


@dataclass(frozen=True, slots=True)
class _Above:
    """An argument of 64 bits is greater than `value`."""

    argument: int
    value: int


_Condition = _Is | _Has | _Above


@dataclass(frozen=True, slots=True)
class _Rule:
    """The calls `names` fail with `error` when all conditions hold."""

    error: int
    names: str
    when: tuple[_Condition, ...] = ()


_Instruction = tuple[int, int, int, int]
"""The code, how far to jump when true and when false, and the constant."""


@functools.cache
def program(network: Network, machine: str = "", *, is_counted: bool = True) -> bytes:
    """Return the filter as bubblewrap's `--seccomp` reads it; empty where there is no table.

    `machine` is a name as `platform.machine` gives it, by default this machine's.  `is_counted`
    says that a control group counts all memory; without one, what hides memory from a watcher
    cannot be made.
    """
    known = Machine.of(machine or platform.machine())
    if known is None:
        return b""
    numbers = NUMBERS[known]
    words = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _AUDIT[known]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        # The x32 calls are the same kernel code under other numbers, past every rule below.
        *([(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL)] if known is Machine.X86_64 else []),
        (_ABOVE, 0, 1, LAST),
        (_RETURN, 0, 0, _ERROR | errno.ENOSYS),
    ]
    for rule in (*_rules(network), *(() if is_counted else _HIDING)):
        words += _block(rule, [numbers[name] for name in rule.names.split() if name in numbers])
    words.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *word) for word in words)


def _block(rule: _Rule, numbers: list[int]) -> list[_Instruction]:
    """Return the instructions of one rule; the number of the call is loaded, before and after."""
    if not numbers:
        return []
    body: list[_Instruction] = [(_RETURN, 0, 0, _ERROR | rule.error)]
    if rule.when:
        # Whatever condition does not hold leads to the last instruction, which loads the number.
        body.append((_LOAD, 0, 0, _NUMBER))
        for condition in reversed(rule.when):
            body = [*_test(condition, len(body) - 1), *body]
    count = len(numbers)
    found = [(_EQUAL, count - 1 - at, 0, number) for at, number in enumerate(numbers[:-1])]
    return [*found, (_EQUAL, 0, len(body), numbers[-1]), *body]


def _test(condition: _Condition, past: int) -> list[_Instruction]:
    """Return a test that goes on when it holds, and jumps over `past` more when it does not."""
    low = _ARGUMENTS + 8 * condition.argument
    match condition:
        case _Is(_, values, mask, negated):
            words = [(_LOAD, 0, 0, low), *([(_AND, 0, 0, mask)] if mask != _WORD else [])]
            for left, value in zip(range(len(values) - 1, -1, -1), values, strict=True):
                if negated:
                    words.append((_EQUAL, left + past, 0, value))
                else:
                    words.append((_EQUAL, left, past if left == 0 else 0, value))
            return words
        case _Has(_, bits):
            return [(_LOAD, 0, 0, low), (_ANY_BIT, 0, past, bits)]
        case _Above(_, value):
            return [
                (_LOAD, 0, 0, low + 4),
                (_EQUAL, 0, 2, 0),
                (_LOAD, 0, 0, low),
                (_ABOVE, 0, past, value),
            ]
        case _:
            assert_never(condition)


def _rules(network: Network) -> tuple[_Rule, ...]:
    return (*_FORBIDDEN, *_ABSENT, *_PARTLY, *_sockets(network))


_FORBIDDEN = (
    _Rule(
        errno.EPERM,
        # Mounts and namespaces.
        "mount umount2 pivot_root chroot setns "
        # Other processes, and what sees into them.
        "ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp "
        # Keyrings, which no namespace parts; files by number, past every path.
        "add_key request_key keyctl open_by_handle_at fanotify_init "
        # Code in the kernel, and the kernel itself.
        "bpf perf_event_open userfaultfd init_module finit_module delete_module kexec_load "
        "kexec_file_load reboot syslog iopl ioperm modify_ldt "
        # The machine's clock, names, accounts, swap and terminals.
        "settimeofday clock_settime sethostname setdomainname acct quotactl quotactl_fd swapon "
        "swapoff vhangup "
        # Pages of other nodes and processes.
        "mbind set_mempolicy set_mempolicy_home_node get_mempolicy move_pages migrate_pages",
    ),
)
_ABSENT = (
    _Rule(
        errno.ENOSYS,
        # NOTE: a filter cannot read clone3's flags, they are in memory; every C library falls back.
        "clone3 "
        "open_tree open_tree_attr move_mount fsopen fsconfig fsmount fspick mount_setattr "
        "statmount listmount io_uring_setup io_uring_enter io_uring_register "
        # Memory that nobody outside can count.
        "memfd_secret "
        # What Linux itself has given up.
        "uselib ustat sysfs _sysctl create_module get_kernel_syms query_module nfsservctl "
        "lookup_dcookie",
    ),
)
# Memory that belongs to no process: files without a name, also in flight, and message queues.
_HIDING = (_Rule(errno.ENOSYS, "memfd_create msgget"),)
_PARTLY = (
    _Rule(errno.EPERM, "clone", (_Has(0, _NEW_NAMESPACE),)),
    _Rule(errno.EPERM, "unshare", (_Has(0, _NEW_NAMESPACE | _NEW_TIME),)),
    # The kernel takes the low word of a command: what stands above it must not hide it.
    _Rule(errno.EPERM, "ioctl", (_Is(1, (_INPUT, _CONSOLE)),)),
    _Rule(errno.EPERM, "personality", (_Is(0, _PERSONALITIES, negated=True),)),
    _Rule(errno.EPERM, "mknod", (_Is(1, _DEVICES, _FILE_TYPE),)),
    _Rule(errno.EPERM, "mknodat", (_Is(2, _DEVICES, _FILE_TYPE),)),
    _Rule(errno.ENOMEM, "shmget", (_Above(1, _SEGMENT),)),
)


def _sockets(network: Network) -> tuple[_Rule, ...]:
    """Return what sockets there are not; NETLINK_ROUTE lists interfaces, and programs ask it."""
    calls = "socket socketpair"
    match network:
        case Network.NONE:
            return (_Rule(errno.EAFNOSUPPORT, calls, (_Is(0, (socket.AF_UNIX,), negated=True),)),)
        case Network.LOOPBACK | Network.HOST:
            families = (socket.AF_UNIX, *_INTERNET, socket.AF_NETLINK)
            types = (socket.SOCK_STREAM, socket.SOCK_DGRAM)
            internet = _Is(0, _INTERNET)
            return (
                _Rule(errno.EAFNOSUPPORT, calls, (_Is(0, families, negated=True),)),
                _Rule(errno.EPERM, calls, (internet, _Is(1, types, _TYPE, negated=True))),
                _Rule(errno.EPROTONOSUPPORT, calls, (internet, _Is(2, _TCP_UDP, negated=True))),
                _Rule(
                    errno.EPROTONOSUPPORT,
                    calls,
                    (_Is(0, (socket.AF_NETLINK,)), _Is(2, (_NETLINK_ROUTE,), negated=True)),
                ),
            )
        case _:
            assert_never(network)
