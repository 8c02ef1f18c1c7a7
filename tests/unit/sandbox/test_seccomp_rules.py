"""The filter, decided by an interpreter of its program: for both machines, without the kernel."""

from __future__ import annotations

import errno
import re
import socket
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.sandbox import seccomp
from workflow.sandbox.interface import Network
from workflow.sandbox.syscalls import LAST, NUMBERS, Machine

ALLOWED, KILLED = "allowed", "killed"
ARCHITECTURE = {Machine.X86_64: 0xC000003E, Machine.AARCH64: 0xC00000B7}
HEADERS = {
    Machine.X86_64: Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    Machine.AARCH64: Path("/usr/include/asm-generic/unistd.h"),
}
MACHINES = pytest.mark.parametrize("machine", list(Machine))
# Calls that are in the table for the entry's own use.
OPEN = {
    "msgget",
    "memfd_create",
    "write",
    "openat",
    "dup3",
    "execve",
    "exit_group",
    "prlimit64",
} | {f"landlock_{name}" for name in ("create_ruleset", "add_rule", "restrict_self")}
PARTLY = {"clone", "unshare", "ioctl", "personality", "mknod", "mknodat", "shmget"} | {
    "socket",
    "socketpair",
}
ABSENT = {"clone3", "memfd_secret", "statmount", "listmount", "open_tree", "fsopen"} | {
    "io_uring_setup",
    "mount_setattr",
    "uselib",
}


def decided(
    number: int,
    *arguments: int,
    machine: Machine,
    network: Network = Network.LOOPBACK,
    arch: int = 0,
) -> str | int:
    """Run the program over one call; return the error, or `allowed`, or `killed`."""
    program = seccomp.program(network, machine)
    values = (*arguments, *[0] * (6 - len(arguments)))
    data = struct.pack("=IIQ6Q", number, arch or ARCHITECTURE[machine], 0, *values)
    words: list[tuple[int, int, int, int]] = list(struct.iter_unpack("=HBBI", program))
    accumulator = at = 0
    for _ in range(len(words)):
        code, when_true, when_false, constant = words[at]
        at += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, constant)
            case 0x54:
                accumulator &= constant
            case 0x06:
                kind = constant & 0xFFFF0000
                return {0x7FFF0000: ALLOWED, 0x80000000: KILLED}.get(kind, constant & 0xFFFF)
            case _:
                held = {
                    0x15: accumulator == constant,
                    0x25: accumulator > constant,
                    0x35: accumulator >= constant,
                    0x45: bool(accumulator & constant),
                }[code]
                at += when_true if held else when_false
    raise AssertionError(program)


@MACHINES
def test_every_call_of_the_table_has_its_answer(machine: Machine) -> None:
    """What is forbidden fails with EPERM, what is absent with ENOSYS, the entry's own pass."""
    for name, number in NUMBERS[machine].items():
        found = decided(number, machine=machine)
        if name in OPEN:
            assert found == ALLOWED, name
        elif name in ABSENT:
            assert found == errno.ENOSYS, name
        elif name not in PARTLY:
            assert found in {errno.EPERM, errno.ENOSYS}, name


@MACHINES
@pytest.mark.parametrize("network", list(Network))
@given(number=st.integers(0, LAST))
def test_what_is_not_in_the_table_is_allowed(
    machine: Machine, network: Network, number: int
) -> None:
    """No other call is touched, whatever the network."""
    if number not in NUMBERS[machine].values():
        assert decided(number, machine=machine, network=network) == ALLOWED


@MACHINES
@given(number=st.integers(LAST + 1, 0x3FFFFFFF))
def test_newer_calls_do_not_exist(machine: Machine, number: int) -> None:
    """A call of a kernel that is newer than the table answers as on an older kernel."""
    assert decided(number, machine=machine) == errno.ENOSYS


@MACHINES
@given(number=st.integers(0, 2**32 - 1), arch=st.integers(1, 2**32 - 1))
def test_another_machines_calls_kill(machine: Machine, number: int, arch: int) -> None:
    """32-bit calls, whose numbers mean others, end the program."""
    if arch != ARCHITECTURE[machine]:
        assert decided(number, machine=machine, arch=arch) == KILLED


@given(number=st.integers(0x40000000, 2**32 - 1))
def test_x32_calls_kill(number: int) -> None:
    """The other numbers of the same calls end the program."""
    assert decided(number, machine=Machine.X86_64) == KILLED


NAMESPACES = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)


@MACHINES
@given(flags=st.integers(0, 2**32 - 1))
def test_clone_and_unshare_make_no_namespace(machine: Machine, flags: int) -> None:
    """They fail if and only if a flag of a namespace is among the others."""
    numbers = NUMBERS[machine]
    new = any(flags & flag for flag in NAMESPACES)
    assert decided(numbers["clone"], flags, machine=machine) == (errno.EPERM if new else ALLOWED)
    new = new or bool(flags & 0x80)
    assert decided(numbers["unshare"], flags, machine=machine) == (errno.EPERM if new else ALLOWED)


@MACHINES
@given(high=st.integers(0, 2**32 - 1), command=st.sampled_from([0x5412, 0x541C, 0x5413, 0x5401]))
def test_high_bits_do_not_hide_a_terminal_command(
    machine: Machine, high: int, command: int
) -> None:
    """The kernel reads 32 bits of an ioctl, and so does the filter."""
    expected = errno.EPERM if command in {0x5412, 0x541C} else ALLOWED
    found = decided(NUMBERS[machine]["ioctl"], 0, high << 32 | command, machine=machine)
    assert found == expected


@MACHINES
@given(size=st.integers(0, 2**64 - 1))
def test_only_small_shared_segments(machine: Machine, size: int) -> None:
    """A segment above 64 KiB is refused, past the 32 bits that a filter compares at a time, too."""
    expected = errno.ENOMEM if size > 65536 else ALLOWED
    assert decided(NUMBERS[machine]["shmget"], 0, size, machine=machine) == expected


@MACHINES
@given(flag=st.integers(0, 2**32 - 1))
def test_personality_never_weakens_the_address_space(machine: Machine, flag: int) -> None:
    """Only the query and what changes no memory layout pass."""
    passes = flag in {0, 8, 0x20000, 0x20008, 0xFFFFFFFF}
    found = decided(NUMBERS[machine]["personality"], flag, machine=machine)
    assert found == (ALLOWED if passes else errno.EPERM)


@MACHINES
@given(mode=st.integers(0, 0xFFFF))
def test_no_device_is_made(machine: Machine, mode: int) -> None:
    """A call of mknod makes files, pipes and sockets, and no devices."""
    expected = errno.EPERM if mode & 0xF000 in {0x2000, 0x6000} else ALLOWED
    assert decided(NUMBERS[machine]["mknodat"], 0, 0, mode, machine=machine) == expected


def expected_socket(network: Network, family: int, kind: int, protocol: int) -> str | int:
    """Return what a socket must come to."""
    internet = family in {socket.AF_INET, socket.AF_INET6}
    if family == socket.AF_UNIX:
        return ALLOWED
    if network is Network.NONE or (not internet and family != socket.AF_NETLINK):
        return errno.EAFNOSUPPORT
    if internet and kind & 0xF not in {1, 2}:
        return errno.EPERM
    if internet and protocol not in {0, 6, 17}:
        return errno.EPROTONOSUPPORT
    if family == socket.AF_NETLINK and protocol:
        return errno.EPROTONOSUPPORT
    return ALLOWED


@MACHINES
@pytest.mark.parametrize("network", list(Network))
@given(
    family=st.one_of(st.integers(0, 48), st.sampled_from([1, 2, 10, 16])),
    kind=st.integers(0, 10),
    protocol=st.one_of(st.integers(0, 300), st.sampled_from([0, 6, 17])),
    flags=st.sampled_from([0, socket.SOCK_CLOEXEC, socket.SOCK_NONBLOCK]),
)
def test_sockets_of_few_families_and_kinds(  # noqa: PLR0913, PLR0917 - the arguments of the call
    machine: Machine, network: Network, family: int, kind: int, protocol: int, flags: int
) -> None:
    """Unix always; TCP, UDP and the interface list with a network; nothing raw, nothing else."""
    for name in ("socket", "socketpair"):
        number = NUMBERS[machine][name]
        found = decided(number, family, kind | flags, protocol, machine=machine, network=network)
        assert found == expected_socket(network, family, kind, protocol)


def test_a_machine_without_a_table_has_no_filter() -> None:
    """There is no guessing at numbers."""
    assert seccomp.program(Network.NONE, "riscv64") == b""


@MACHINES
def test_numbers_are_those_of_the_kernel_headers(machine: Machine) -> None:
    """Where this machine has Linux's headers, every number that they know is as they say."""
    if not HEADERS[machine].is_file():
        return
    text = HEADERS[machine].read_text("ascii")
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)$", text, re.MULTILINE)
    known = {name: int(number) for name, number in found}
    wrong = {
        name: (number, known[name])
        for name, number in NUMBERS[machine].items()
        if known.get(name, number) != number
    }
    assert not wrong
    assert len(known) > 200
