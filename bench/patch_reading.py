"""MB of a large unified diff read in a CPU second, beside unidiff and `git apply --numstat`.

The diff is git's own of the standard library's files and the same with random edits, about 10 MB;
each reader takes its turn in every round.  User + system time is counted, as other work on the
machine does not change it as much.  Bar: 35 MB/s.  `--profile` shows where the time goes,
`--seed N` makes the same diff again.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import pstats
import random
import resource
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from unidiff.patch import PatchSet

if TYPE_CHECKING:
    from collections.abc import Callable

_TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_TOP))

from workflow.patch.read import read  # noqa: E402 - the checkout's, from wherever this is started

ROUNDS = 5
SIZE = 10_000_000
_LINES_PER_EDIT = 25
_MOST_LINES = 4
_FOLDERS = 40
_FILES_PER_LOOK = 500
_SHOWN = 8


def main() -> None:
    """Print the table, or the profile."""
    arguments = _arguments()
    print(f"seed {arguments.seed}")
    with tempfile.TemporaryDirectory() as name:
        diff = _diff(Path(name), random.Random(arguments.seed))  # noqa: S311 - sample edits
        if arguments.profile:
            _profile(diff)
        else:
            _table(diff, Path(name))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true", help="show the eight dearest functions")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    return parser.parse_args()


def _table(diff: bytes, place: Path) -> None:
    text = diff.decode("utf-8", "surrogateescape")
    bare = b"\n".join(b"@@" if line[:2] == b"@@" else line for line in diff.split(b"\n"))
    readers: dict[str, Callable[[], object]] = {
        "workflow": lambda: read(diff),
        "workflow, bare @@": lambda: read(bare),
        "unidiff": lambda: PatchSet(io.StringIO(text, newline="\n")),
        "git apply --numstat": lambda: _numstat(diff, place),
    }
    taken: dict[str, list[float]] = {label: [] for label in readers}
    for turn in range(ROUNDS + 1):
        for label, reader in readers.items():
            start = _cpu_seconds()
            reader()
            if turn:  # the first round warms caches
                taken[label].append(_cpu_seconds() - start)
    hunks = diff.count(b"\n@@ ")
    print(f"{len(diff) / 1e6:.1f} MB, {diff.count(b'diff --git ')} files, {hunks} hunks")
    print(f"{'reader':<20} {'median MB/s':>12} {'min':>7} {'max':>7} {'x unidiff':>10}")
    base = taken["unidiff"]
    for label, runs in taken.items():
        speeds = [len(diff) / 1e6 / seconds for seconds in runs]
        times = statistics.median(other / own for other, own in zip(base, runs, strict=True))
        print(
            f"{label:<20} {statistics.median(speeds):>12.1f} {min(speeds):>7.1f}"
            f" {max(speeds):>7.1f} {times:>10.1f}"
        )


def _cpu_seconds() -> float:
    """What this process and its finished children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _profile(diff: bytes) -> None:
    profile = cProfile.Profile()
    profile.runcall(read, diff)
    report = io.StringIO()
    pstats.Stats(profile, stream=report).sort_stats("tottime").print_stats(_SHOWN)
    print(report.getvalue())


def _numstat(diff: bytes, place: Path) -> None:
    argv = ["git", "apply", "--numstat", "-"]
    subprocess.run(argv, cwd=place, input=diff, check=True, capture_output=True)


def _diff(place: Path, rng: random.Random) -> bytes:
    """Git's diff of a folder of real files and its edited copy."""
    before, after = place / "a", place / "b"
    sources = sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py"))
    rng.shuffle(sources)
    for number, source in enumerate(sources):
        data = source.read_bytes()
        if b"\0" in data:
            continue
        for folder, text in ((before, data), (after, _edited(data, rng))):
            target = folder / f"{number % _FOLDERS:02d}" / f"{number}_{source.name}"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text)
        if (number + 1) % _FILES_PER_LOOK == 0:
            diff = _git_diff(place)
            if len(diff) >= SIZE:
                return diff
    return _git_diff(place)


def _git_diff(place: Path) -> bytes:
    argv = ["git", "diff", "--no-index", "--no-prefix", "--no-color", "a", "b"]
    return subprocess.run(argv, cwd=place, check=False, capture_output=True).stdout


def _edited(data: bytes, rng: random.Random) -> bytes:
    """The text with lines replaced, removed and added here and there."""
    lines = data.split(b"\n")
    for _ in range(max(1, len(lines) // _LINES_PER_EDIT)):
        at = rng.randrange(len(lines))
        size = rng.randint(0, _MOST_LINES)
        new = [
            b"    edited = %d" % rng.randrange(10**6) for _ in range(rng.randint(0, _MOST_LINES))
        ]
        lines[at : at + size] = new or [b"# one more"]
    return b"\n".join(lines)


if __name__ == "__main__":
    main()
