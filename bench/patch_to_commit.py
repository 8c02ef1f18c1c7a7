"""From a patch's bytes to a commit: `workflow` beside raw git plumbing, in turn, in fresh copies.

Ours reads the patch, places every hunk, writes blobs and trees, derives the canonical patch, proves
its round trip, reads it with unidiff, commits and moves a ref.  Git's is `read-tree`,
`apply --cached`, `write-tree`, `commit-tree` and `update-ref`.  Bar: 1.5 times git's median for
1,000 files.  Git writes a file for each blob, so that its time hangs on the file system: compare
with TMPDIR=/dev/shm.
"""

from __future__ import annotations

import itertools
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from workflow import git_store, patch
from workflow.types import CommitId, Identity

_TOP = Path(__file__).resolve().parent.parent
WHO = Identity("Bench", "bench@example.com")
STAGES = ("read", "place", "write", "difference", "canonical", "commit")
WORDS = ("listen", "server", "name", "proxy", "location", "return", "header", "timeout", "buffer")


@dataclass(frozen=True, slots=True)
class Shape:
    """A repository to patch: its files, how many the patch touches, and how it changes them.

    `every` is the distance between changed lines.
    """

    label: str
    files: int
    touched: int
    lines: int
    every: int
    rounds: int


SHAPES = (
    Shape("1,000 files", 1000, 1000, 60, 20, 7),
    Shape("10 MB patch", 20, 20, 6000, 2, 2),
    Shape("3 of 80,000 files", 80_000, 3, 60, 20, 3),
)


def main() -> None:
    """Print the tables; with arguments, make one run and print its figures (see `_apart`)."""
    if len(sys.argv) > 1:
        _alone(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
        return
    print(f"{'patch':<20} {'MB':>6} {'git s':>8} {'ours s':>8} {'ratio':>6}   ", *STAGES)
    for shape in SHAPES:
        with tempfile.TemporaryDirectory() as name:
            _compare(shape, Path(name))


def _compare(shape: Shape, place: Path) -> None:
    """One row: medians of runs in turn, each in a fresh copy, and the peak memory of each."""
    _build(shape, place / "base", place / "patch")
    took: dict[str, list[list[float]]] = {"git": [], "ours": []}
    memory: dict[str, float] = {}
    for turn in range(shape.rounds + 1):
        for who, runs in took.items():
            shutil.copytree(place / "base", place / "copy")
            *seconds, own, children = _apart(who, place / "copy", place / "patch")
            shutil.rmtree(place / "copy")
            # NOTE: a child counts its parent's memory, too, until it has become another program.
            memory[who] = own if who == "ours" else children
            if turn:  # the first round warms caches
                runs.append(seconds)
    git, ours = (statistics.median(sum(run) for run in runs) for runs in took.values())
    parts = [statistics.median(part) for part in zip(*took["ours"], strict=True)]
    size = (place / "patch").stat().st_size / 1e6
    shares = " ".join(f"{part:.3f}" for part in parts)
    print(f"{shape.label:<20} {size:>6.2f} {git:>8.3f} {ours:>8.3f} {ours / git:>6.2f}   ", shares)
    print(f"{'':<20} peak memory: git {memory['git']:.0f} MB, ours {memory['ours']:.0f} MB")


def _apart(who: str, repository: Path, diff: Path) -> list[float]:
    """Run once in a process of its own: seconds of each stage, MB of itself, MB of its children."""
    argv = [sys.executable, __file__, who, str(repository), str(diff)]
    environment = {**os.environ, "PYTHONPATH": str(_TOP)}
    out = subprocess.run(argv, env=environment, check=True, capture_output=True).stdout
    return [float(word) for word in out.split()]


def _alone(who: str, repository: Path, diff: Path) -> None:
    base = CommitId(_git(repository, "rev-parse", "main").decode().strip())
    seconds = _ours(repository, diff, base) if who == "ours" else [_raw(repository, diff, base)]
    usage = (resource.getrusage(whom) for whom in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(*seconds, *(one.ru_maxrss / 1024 for one in usage))


def _ours(repository: Path, diff: Path, base: CommitId) -> list[float]:
    git = git_store.discover(repository)
    with tempfile.TemporaryDirectory() as name:
        marks = [time.perf_counter()]
        reading = patch.read(diff.read_bytes())
        marks.append(time.perf_counter())
        before = git.tree_of(base)
        placement = patch.place(reading.operations, patch.TreeFiles(git, before))
        marks.append(time.perf_counter())
        tree = patch.write(git, before, placement)
        marks.append(time.perf_counter())
        change = git.change(before, tree)
        marks.append(time.perf_counter())
        patch.canonical(git, change, Path(name) / "index")
        marks.append(time.perf_counter())
        commit = git.commit(tree, (base,), "bench", WHO)
        git.move_ref("refs/workflow/bench", commit, None, why="bench")
        marks.append(time.perf_counter())
    return [end - start for start, end in itertools.pairwise(marks)]


def _raw(repository: Path, diff: Path, base: CommitId) -> float:
    started = time.perf_counter()
    index = {"GIT_INDEX_FILE": str(repository / "raw.index")}
    _git(repository, "read-tree", f"{base}^{{tree}}", env=index)
    _git(repository, "apply", "--cached", str(diff), env=index)
    tree = _git(repository, "write-tree", env=index).decode().strip()
    commit = _git(repository, "commit-tree", tree, "-p", base, "-m", "bench").decode().strip()
    _git(repository, "update-ref", "refs/workflow/bench", commit, "0" * len(commit))
    return time.perf_counter() - started


def _build(shape: Shape, top: Path, diff: Path) -> None:
    """A packed repository without a checkout, and the patch for it."""
    chance = random.Random(1)  # noqa: S311 - the same repository each time, nothing secret
    touched = set(chance.sample(range(shape.files), shape.touched))
    names = [f"d{at // 400:03}/m{at % 20:02}/f{at:05}.conf" for at in range(shape.files)]
    old = [b"commit refs/heads/main\ncommitter B <b@x> 0 +0000\ndata 0\n"]
    new = [b"commit refs/heads/new\ncommitter B <b@x> 0 +0000\ndata 0\nfrom main\n"]
    for at, name in enumerate(names):
        count = shape.lines if at in touched else 3
        lines = [f"{' '.join(chance.choices(WORDS, k=5))} {at} {line}\n" for line in range(count)]
        old.append(_entry(name, "".join(lines)))
        if at in touched:
            for line in range(0, count, shape.every):
                lines[line] = f"changed {lines[line]}"
            new.append(_entry(name, "".join(lines)))
    top.mkdir()
    _git(top, "init", "--quiet", "--initial-branch", "main")
    _git(top, "fast-import", "--quiet", stdin=b"".join(old))
    _git(top, "fast-import", "--quiet", stdin=b"".join(new))
    diff.write_bytes(_git(top, "diff", "main", "new"))
    _git(top, "update-ref", "-d", "refs/heads/new")
    _git(top, "repack", "-adq")
    _git(top, "prune", "--expire=now")


def _entry(name: str, text: str) -> bytes:
    data = text.encode()
    return b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(data), data)


def _git(top: Path, *words: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> bytes:
    who = ("-c", "user.name=Bench", "-c", "user.email=bench@example.com", "-c", "gc.auto=0")
    argv = ["git", "-C", str(top), *who, *words]
    environment = {**os.environ, **(env or {})}
    return subprocess.run(
        argv, input=stdin, env=environment, check=True, capture_output=True
    ).stdout


if __name__ == "__main__":
    main()
