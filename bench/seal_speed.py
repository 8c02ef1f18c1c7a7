"""How fast secrets are found: a tree, a prompt, starting up, growing files, hostile lines.

Bars: 25 MB in a CPU second over a tree, 10 ms for a prompt of 100 KB, 1 s to start when warm, and
time and memory that grow no faster than the file (`--full` goes to 1 GB; memory stays flat).
Beside it: the vendor library alone, our structural rules alone, and one alternation of Python's
`re`.  Ends with 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

_TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_TOP))

from bench.sealing import corpus  # noqa: E402 - the checkout's
from bench.sealing.hostile import LINES  # noqa: E402 - see above
from bench.sealing.scanners import OURS  # noqa: E402 - see above

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Scan = Callable[[bytes, str], Iterable[tuple[int, int]]]

MB = 1_000_000
TREE_MB_PER_S, PROMPT_S, START_S, GROWTH = 25.0, 0.010, 1.0, 2.6
ROUNDS = 5
_TREE_SIZE = 40 * MB
_RE = re.compile(
    rb"(?i)(?:password|passwd|pwd|secret|token|api_?key|private_?key)\w*\s*[:=]\s*\S{4,}"
    rb"|://[^/\s:@]+:[^/\s:@]+@|-----BEGIN [A-Z ]*PRIVATE KEY-----|gh[opusr]_\w{36}"
)


def main() -> int:
    """Print the tables; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--full", action="store_true", help="grow to 1 GB, which takes minutes")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    rng = random.Random(arguments.seed)  # noqa: S311 - sample files
    scans = {name: made() for name, made in OURS.items()}
    missed = _tree(rng, scans) + _prompt(rng, scans["finder"]) + _hostile(scans["finder"])
    with tempfile.TemporaryDirectory() as folder:
        missed += _start(Path(folder))
        missed += _growth(rng, Path(folder), (1, 10, 100, 1000) if arguments.full else (1, 10, 50))
    return int(missed > 0)


def _tree(rng: random.Random, scans: dict[str, Scan]) -> int:
    files = [
        path
        for root in ("stdlib", "purelib")
        for path in Path(sysconfig.get_path(root)).rglob("*")
        if path.suffix in {".py", ".md", ".txt", ".json", ".toml", ".h", ".pyi"} and path.is_file()
    ]
    rng.shuffle(files)
    texts: list[tuple[str, bytes]] = []
    size = 0
    for path in files:
        data = path.read_bytes()
        if b"\0" not in data and size < _TREE_SIZE:
            texts.append((path.name, data))
            size += len(data)
    scans = {**scans, "Python re": lambda data, _: (hit.span() for hit in _RE.finditer(data))}
    print(f"a tree of {len(texts)} files, {size / MB:.1f} MB: MB per CPU second")
    speeds = {}
    for name, scan in scans.items():
        start = time.process_time()
        for title, data in texts:
            for _ in scan(data, title):
                pass
        speeds[name] = size / MB / (time.process_time() - start)
        print(f"  {name:<12} {speeds[name]:>8.1f}")
    return speeds["finder"] < TREE_MB_PER_S


def _prompt(rng: random.Random, scan: Scan) -> int:
    sources = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    times: list[float] = []
    for _ in range(4 * ROUNDS):
        text = b"".join(case.data for case in corpus.cases(rng, 20, encoding="plain"))
        while len(text) < 100_000:  # noqa: PLR2004 - 100 KB
            text += rng.choice(sources).read_bytes()
        start = time.perf_counter()
        for _ in scan(text[:100_000], "notes.txt"):
            pass
        times.append(time.perf_counter() - start)
    middle = statistics.median(times)
    print(
        f"a prompt of 100 KB with 20 secrets: {middle * 1e3:.1f} ms, worst {max(times) * 1e3:.1f}"
    )
    return middle > PROMPT_S


def _hostile(scan: Scan) -> int:
    """Texts of 0.5 and 1 MB: what takes over 2.6 times as long for the second grows faster."""
    worst, name = 0.0, ""
    missed = 0
    for label, make in LINES.items():
        times = []
        for size in (MB // 2, MB):
            data = make(size)
            start = time.process_time()
            for _ in scan(data, "a.txt"):
                pass
            times.append(time.process_time() - start)
        ratio = times[1] / max(times[0], 0.05)
        if times[1] > worst:
            worst, name = times[1], label
        if ratio > GROWTH or times[1] > 2 * ROUNDS:
            missed += 1
            print(f"  {label}: {times[0]:.2f} s for 0.5 MB, {times[1]:.2f} s for 1 MB")
    print(
        f"{len(LINES)} hostile texts of 1 MB: at most {worst:.2f} CPU s ({name}); {missed} missed"
    )
    return missed


def _start(folder: Path) -> int:
    small = folder / "small.env"
    small.write_text("PORT=80\n")
    runs = [_command(small, folder)[0] for _ in range(ROUNDS + 1)]
    warm = statistics.median(runs[1:])
    print(f"`seal --check` of a small file: cold {runs[0]:.2f} s, warm {warm:.2f} s (wall)")
    return warm > START_S


def _growth(rng: random.Random, folder: Path, sizes: tuple[int, ...]) -> int:
    print("`seal --check` of a growing log:   MB   CPU s   MB/s   peak MB")
    rows: list[tuple[float, float]] = []
    for size in sizes:
        path = folder / f"grow-{size}.log"
        _grow(rng, path, size * MB)
        _, seconds, peak = _command(path, folder)
        rows.append((seconds, peak))
        print(f"{'':<33} {size:>5} {seconds:>7.2f} {size / seconds:>6.1f} {peak:>9.0f}")
        path.unlink()
    (before, low), (last, high) = rows[-2:]
    return int(last / before > sizes[-1] / sizes[-2] * 1.3 or high > 2 * low)


def _grow(rng: random.Random, path: Path, size: int) -> None:
    """Ordinary log lines with a secret in about each thousandth."""
    secrets = [case.data for case in corpus.cases(rng, 300, encoding="plain") if b"\n" in case.data]
    with path.open("wb") as file:
        while file.tell() < size:
            block = [
                b"2026-01-05T10:%02d:%02dZ INFO request id=%d path=/items/%d status=200 ms=%d\n"
                % tuple(rng.randrange(60) for _ in range(5))
                for _ in range(1000)
            ]
            file.writelines([*block, rng.choice(secrets)])


def _command(path: Path, folder: Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak MB of one `workflow seal --check`."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "HOME": str(folder)}
    argv = [sys.executable, "-m", "workflow", "seal", "--check", path.name]
    start = time.perf_counter()
    quiet = subprocess.DEVNULL
    with subprocess.Popen(argv, cwd=folder, env=environment, stdout=quiet, stderr=quiet) as ran:
        _, status, used = os.wait4(ran.pid, 0)
        ran.returncode = os.waitstatus_to_exitcode(status)
    if ran.returncode not in {0, 3}:
        print(f"  it ended with {ran.returncode}")
    return time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
