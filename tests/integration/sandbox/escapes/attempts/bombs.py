"""Using up what the host has: each program here prints how far it came, and stops at an amount.

Started as `python -I -S bombs.py NAME FOLDER SECONDS`: where files may be written, and how long
memory is held.  Bounded, so that it does no harm on the bare host: a few dozen processes, 160 MiB,
seconds.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1024 * 1024
PROCESSES = THREADS = 60
MEMORY = 160
FILES = 3000
OPEN = 900
OUTPUT = 4
SECONDS = 1.5
REPORT = "WORKFLOW_REPORT_FD"
PAGE = b"x" * MIB


def told(amount: float) -> None:
    """Say how far it came; the last line counts."""
    os.write(1, f"reached {amount}\n".encode())


def hold() -> None:
    """Keep what was taken for as long as the starter wants."""
    time.sleep(float(sys.argv[3]))


def processes(_place: Path) -> None:
    """Start many processes that stay."""
    children = []
    for number in range(PROCESSES):
        children.append(os.fork())
        if children[-1] == 0:
            time.sleep(60)
            os._exit(0)
        told(number + 1)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def threads(_place: Path) -> None:
    """Start many threads that stay."""
    end = threading.Event()
    try:
        for number in range(THREADS):
            threading.Thread(target=end.wait, daemon=True).start()
            told(number + 1)
    finally:
        end.set()


def memory_of_one(_place: Path) -> None:
    """Fill the memory of one process."""
    held = []
    for number in range(MEMORY):
        held.append(bytearray(PAGE))
        told(number + 1)
    hold()


def memory_of_many(_place: Path) -> None:
    """Fill the memory of many processes, each of which stays small."""
    each, children = MEMORY // 8, []
    for _ in range(8):
        children.append(os.fork())
        if children[-1] == 0:
            held = [bytearray(PAGE) for _ in range(each)]
            time.sleep(60)
            os._exit(len(held) != each)
        time.sleep(0.15)
        told(each * len(children))
    hold()
    for child in children:
        if os.waitpid(child, os.WNOHANG)[0]:
            told(0)  # one was killed: the others do not count as more than the bound
        else:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def memory_of_nobody(_place: Path) -> None:
    """Fill files that are in memory and have no name."""
    fds = []
    for number in range(MEMORY):
        if number % 3 == 0:
            fds.append(os.memfd_create("bomb"))
        os.write(fds[-1], PAGE)
        told(number + 1)
    hold()


def memory_shared(_place: Path) -> None:
    """Fill memory that processes share."""
    held = []
    for number in range(MEMORY):
        held.append(mmap.mmap(-1, MIB))
        held[-1].write(PAGE)
        told(number + 1)
    hold()


def memory_of_system_v(_place: Path) -> None:
    """Fill shared memory of the old kind, which outlives its processes."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    libc.shmat.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
    for number in range(MEMORY):
        segment = libc.shmget(0, MIB, 0o1600)
        if segment < 0:
            raise OSError(ctypes.get_errno(), "no shared memory")
        address = libc.shmat(segment, None, 0)
        libc.shmctl(segment, 0, None)
        ctypes.memset(address, 1, MIB)
        told(number + 1)
    hold()


def files_of(place: Path, count: int, size: int) -> None:
    """Write that many files, of that many MiB; say how many MiB, or files, it came to."""
    for number in range(count):
        place.joinpath(f"bomb-{number}").write_bytes(PAGE * size)
        told((number + 1) * (size or 1))


def memory_of_files(place: Path) -> None:
    """Fill the folder for temporary files, which is in memory."""
    files_of(place, MEMORY // 2, 2)
    hold()


def disk_by_one_file(place: Path) -> None:
    """Write one large file."""
    with place.joinpath("bomb").open("wb", buffering=0) as file:
        for number in range(MEMORY // 4):
            if file.write(PAGE) < MIB:
                return
            told(number + 1)


def disk_by_many_files(place: Path) -> None:
    """Write many files, none of them large."""
    files_of(place, MEMORY // 4, 1)


def disk_by_empty_file(place: Path) -> None:
    """Make a file that is large and empty."""
    with place.joinpath("bomb").open("wb") as file:
        file.truncate(1 << 40)
    told(MEMORY)


def disk_by_number_of_files(place: Path) -> None:
    """Make many empty files."""
    files_of(place, FILES, 0)


def disk_by_number_of_links(place: Path) -> None:
    """Make many symbolic links."""
    for number in range(FILES):
        place.joinpath(f"bomb-{number}").symlink_to("nowhere")
        told(number + 1)


def open_files(_place: Path) -> None:
    """Open one file many times."""
    fds = []
    for number in range(OPEN):
        fds.append(os.open("/dev/null", os.O_RDONLY))
        told(number + 1)


def flood(fd: int) -> None:
    """Write without end to that descriptor."""
    for _ in range(OUTPUT):
        left = PAGE
        while left:
            left = left[os.write(fd, left) :]


def output(_place: Path) -> None:
    """Print much."""
    flood(1)


def output_of_errors(_place: Path) -> None:
    """Complain much."""
    flood(2)


def report(_place: Path) -> None:
    """Report much."""
    flood(int(os.environ[REPORT]))


def deaf(_place: Path) -> None:
    """Go on, whatever signal comes."""
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    time.sleep(SECONDS)
    told(SECONDS)


def stopped(_place: Path) -> None:
    """Stop, and have a child of another session go on."""
    if os.fork() == 0:
        os.setsid()
        time.sleep(SECONDS)
        told(SECONDS)
        os.kill(os.getppid(), signal.SIGCONT)
        os._exit(0)
    os.kill(os.getpid(), signal.SIGSTOP)


def busy(_place: Path) -> None:
    """Compute on every core."""
    for _ in range(os.cpu_count() or 1):
        if os.fork() == 0:
            break
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        pass
    told(SECONDS)


def never_the_same(_place: Path) -> None:
    """Flee: each process lives for a moment, and starts the next one in a session of its own."""
    until = time.monotonic() + SECONDS
    if os.fork():
        time.sleep(SECONDS * 2)
        os._exit(0)
    while time.monotonic() < until:
        if os.fork():
            os._exit(0)
        os.setsid()
        time.sleep(0.002)
    told(SECONDS)


def daemon(_place: Path) -> None:
    """Leave a process behind, out of every group, and end well."""
    words = [sys.executable, "-I", "-S", __file__, "deaf", ".", "0"]
    subprocess.Popen(words, start_new_session=True, stdin=subprocess.DEVNULL)
    os._exit(0)


BOMBS: dict[str, Callable[[Path], None]] = {
    make.__name__: make
    for make in (
        *(processes, threads, memory_of_one, memory_of_many, memory_of_nobody, memory_shared),
        *(memory_of_system_v, memory_of_files, disk_by_one_file, disk_by_many_files),
        *(disk_by_empty_file, disk_by_number_of_files, disk_by_number_of_links, open_files),
        *(output, output_of_errors, report, deaf, stopped, busy, never_the_same, daemon),
    )
}

if __name__ == "__main__":
    try:
        BOMBS[sys.argv[1]](Path(sys.argv[2]))
    except (OSError, MemoryError, RuntimeError) as error:
        sys.exit(f"stopped: {error}")
