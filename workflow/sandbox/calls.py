"""A list of system calls as a program of its own, which starts in no time and needs no interpreter.

Walls that a process puts up around itself must go up after bubblewrap's mounts and before the
program, by something that is inside already.  A Python there costs 9 ms and more; this is an ELF
file of some twenty instructions and a table, and costs less than one.  The instructions walk the
table: they make the call of a row, store its result where the row says, and go on to the next row,
or to the row named for a failure.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from workflow.sandbox.syscalls import NUMBERS, Machine

# Where the code appears in memory, and where the table; the table's place in the file is below it
# by the same offset whatever the size of a page.
_CODE_AT, _TABLE_AT, _TABLE_OFFSET = 0x400000, 0x601000, 0x1000
_LOAD, _STACK = 1, 0x6474E551
_EXECUTE, _WRITE, _READ = 1, 2, 4
_LARGEST_PAGE = 0x10000
_ELF = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SEGMENTS = 3
_MACHINE = {Machine.X86_64: 62, Machine.AARCH64: 183}
_EXECUTABLE, _VERSION = 2, 1

_ARGUMENTS = 6
_ROW = struct.Struct(f"<Q{_ARGUMENTS}QQQ")
_WORD = 2**64 - 1

# Verified with the GNU assembler; in both, one register holds the address of the row.
_WALK_X86_64 = bytes.fromhex(
    "48c7c300106000"  # ------ mov rbx, 0x601000
    "488b03"  # next: -------- mov rax, [rbx]
    "488b7b08"  # ------------ mov rdi, [rbx + 8]
    "488b7310"  # ------------ mov rsi, [rbx + 16]
    "488b5318"  # ------------ mov rdx, [rbx + 24]
    "4c8b5320"  # ------------ mov r10, [rbx + 32]
    "4c8b4328"  # ------------ mov r8, [rbx + 40]
    "4c8b4b30"  # ------------ mov r9, [rbx + 48]
    "0f05"  # ---------------- syscall
    "488b4b38"  # ------------ mov rcx, [rbx + 56]
    "8901"  # ---------------- mov [rcx], eax
    "4885c0"  # -------------- test rax, rax
    "7806"  # ---------------- js failed
    "4883c348"  # ------------ add rbx, 72
    "ebd2"  # ---------------- jmp next
    "488b5b40"  # failed: ---- mov rbx, [rbx + 64]
    "ebcc"  # ---------------- jmp next
)
_WALK_AARCH64 = struct.pack(
    "<13I",
    0xD2820013,  # ----------- mov x19, 0x1000
    0xF2A00C13,  # ----------- movk x19, 0x60, lsl 16
    0xA9400268,  # next: ----- ldp x8, x0, [x19]
    0xA9410A61,  # ----------- ldp x1, x2, [x19, 16]
    0xA9421263,  # ----------- ldp x3, x4, [x19, 32]
    0xA9435265,  # ----------- ldp x5, x20, [x19, 48]
    0xD4000001,  # ----------- svc 0
    0xB9000280,  # ----------- str w0, [x20]
    0xB7F80060,  # ----------- tbnz x0, 63, failed
    0x91012273,  # ----------- add x19, x19, 72
    0x17FFFFF8,  # ----------- b next
    0xF9402273,  # failed: --- ldr x19, [x19, 64]
    0x17FFFFF6,  # ----------- b next
)
_WALK = {Machine.X86_64: _WALK_X86_64, Machine.AARCH64: _WALK_AARCH64}


@dataclass(frozen=True, slots=True)
class Call:
    """One system call.

    An argument is a number, bytes whose address is passed, or strings, passed as `execve` takes
    them.  With `feeds_next` the result becomes the first argument of the next call.  A call that
    fails writes `error` to stderr and ends the program with `status`; with `skips` it does not, and
    that many of the following calls are left out.
    """

    name: str
    arguments: tuple[int | bytes | tuple[bytes, ...], ...] = ()
    feeds_next: bool = False
    skips: int | None = None
    error: bytes = b""
    status: int = 125


def assembled(calls: tuple[Call, ...], machine: Machine) -> bytes:
    """Return `calls` as an executable; the last of them must not return."""
    rows, endings = list(calls), {}
    for call in calls:
        ending = (call.error, call.status)
        if call.skips is None and ending not in endings:
            endings[ending] = len(rows)
            rows += _ending(*ending)
    memory = _Memory(_TABLE_AT + len(rows) * _ROW.size)
    spare = memory.place(bytes(8))
    table = bytearray()
    for at, call in enumerate(rows):
        values = [memory.value(argument) for argument in call.arguments]
        values += [0] * (_ARGUMENTS - len(values))
        skipped = at + 1 + call.skips if call.skips is not None else None
        failed = skipped if skipped is not None else endings[call.error, call.status]
        # The number of the next row stands first, its first argument eight bytes on.
        result = _row(at + 1) + 8 if call.feeds_next else spare
        table += _ROW.pack(NUMBERS[machine][call.name], *values, result, _row(failed))
    return _file(machine, bytes(table) + bytes(memory.content))


def _ending(error: bytes, status: int) -> tuple[Call, Call]:
    return (
        Call("write", (2, error, len(error)), skips=0),
        Call("exit_group", (status,), skips=0),
    )


def _row(index: int) -> int:
    return _TABLE_AT + index * _ROW.size


class _Memory:
    """What the rows point to, with the addresses that it will have."""

    def __init__(self, start: int) -> None:
        self._start = start
        self.content = bytearray()

    def place(self, content: bytes) -> int:
        """Return the address that `content` will have."""
        self.content += bytes(-len(self.content) % 8)
        address = self._start + len(self.content)
        self.content += content
        return address

    def value(self, argument: int | bytes | tuple[bytes, ...]) -> int:
        """Return what to pass for `argument`."""
        if isinstance(argument, int):
            return argument & _WORD
        if isinstance(argument, bytes):
            return self.place(argument)
        addresses = [self.place(text + b"\0") for text in argument]
        return self.place(struct.pack(f"<{len(addresses) + 1}Q", *addresses, 0))


def _file(machine: Machine, table: bytes) -> bytes:
    """Return an ELF file of three segments: the code, the table, and a stack that is no code."""
    code_offset = _ELF.size + _SEGMENTS * _SEGMENT.size
    code_end = code_offset + len(_WALK[machine])
    identity = b"\x7fELF" + bytes((2, 1, _VERSION))
    start = _CODE_AT + code_offset
    sizes = (_ELF.size, _SEGMENT.size, _SEGMENTS, 0, 0, 0)
    header = _ELF.pack(
        identity, _EXECUTABLE, _MACHINE[machine], _VERSION, start, _ELF.size, 0, 0, *sizes
    )
    segments = (
        (_LOAD, _READ | _EXECUTE, 0, _CODE_AT, code_end),
        (_LOAD, _READ | _WRITE, _TABLE_OFFSET, _TABLE_AT, len(table)),
        (_STACK, _READ | _WRITE, 0, 0, 0),
    )
    for kind, access, offset, address, size in segments:
        header += _SEGMENT.pack(kind, access, offset, address, address, size, size, _LARGEST_PAGE)
    return (header + _WALK[machine]).ljust(_TABLE_OFFSET, b"\0") + table
