"""What scratch trees cost in a repository of 80,000 files, beside git's own commands.

Nothing is removed before the end: ext4 takes up to ten times as long to make files shortly after
as many were removed, for git as for us.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import git_store, trees
from workflow.trees import checkout, verify
from workflow.trees.cache import Cache
from workflow.types import Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from workflow.git_store import GitStore
    from workflow.types import Entry, TreeChange, TreeId

FILES, COMMITTED, PATCHED = 80_000, 20, 3
RUNS, WHOLE = 11, 3
ADA = Identity("Ada", "ada@example.test")
_PER_FOLDER, _PER_PART = 20, 100


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="bench-trees-") as name:
        folder = Path(name)
        git = _repository(folder / "repo")
        base = git.snapshot().tree
        entries = git.entries(base)
        print(f"{FILES:,} files of 2 KB; wall s, median, and the longest run")
        print(f"{'':<52}{'ours':>7}{'max':>7}{'git':>8}{'max':>7}  git's own")
        _whole(git, folder, base)
        _opened(git, base, entries)
        _forward(git, folder, base, entries)
        listed = _times(partial(git.git, "ls-tree", "-r", "-z", base))
        said = "every entry, read when first asked for"
        _row(said, _times(partial(git.entries, base)), listed, "ls-tree -r")


def _whole(git: GitStore, folder: Path, tree: TreeId) -> None:
    """Whole checkouts, ours and git's in turn."""
    ours, theirs = [], []
    git.git("read-tree", tree)
    for number in range(WHOLE):
        theirs += _times(
            partial(git.git, "checkout-index", "-a", f"--prefix={folder}/git-{number}/"), 1
        )
        root = folder / f"ours-{number}"
        root.mkdir()
        ours += _times(partial(checkout.write_tree, git, tree, root, _quiet), 1)
    _row("first checkout", ours, theirs, "checkout-index -a")
    compared = _times(partial(verify.is_exact, git, tree, folder / "ours-0"), WHOLE)
    _row("compared byte for byte, once a boot", compared)


def _opened(git: GitStore, base: TreeId, entries: Sequence[Entry]) -> None:
    """Both trees of a patch, once the base is cached, or commits behind."""
    moved = _edited(git, base, entries[:: FILES // COMMITTED])
    patch = git.change(base, _edited(git, base, entries[1 :: FILES // PATCHED]))
    later = git.change(moved, _edited(git, moved, entries[1 :: FILES // PATCHED]))
    _open(git, patch)
    _row(f"both trees of {PATCHED} patched files, base cached", _times(partial(_open, git, patch)))
    _row(f"the same, base {COMMITTED} files on, laid over", _times(partial(_open, git, later)))


def _open(git: GitStore, change: TreeChange) -> None:
    with trees.opened(git, change, tell=_quiet):
        pass


def _forward(git: GitStore, folder: Path, base: TreeId, entries: Sequence[Entry]) -> None:
    """A checkout brought forward in place, over commit after commit, ours and git's in turn."""
    head = git.snapshot().commit
    place = folder / "work-tree"
    git.git("worktree", "add", "--quiet", "--detach", str(place), head)
    ours, theirs = [], []
    for number in range(RUNS):
        base = _edited(git, base, entries[number :: FILES // COMMITTED])
        head = git.commit(base, (head,), "a commit", ADA)
        words = ["git", "-C", str(place), "checkout", "--quiet", "--detach", head]
        theirs += _times(partial(subprocess.run, words, check=True), 1)
        ours += _times(partial(_hold, git, base), 1)
    _row(f"brought forward over {COMMITTED} files", ours, theirs, "checkout --detach")


def _hold(git: GitStore, tree: TreeId) -> None:
    with Cache(git, _quiet).held(tree, exactly=True):
        pass


def _edited(git: GitStore, base: TreeId, entries: Sequence[Entry]) -> TreeId:
    """A tree with a line more in some files, unlike any before."""
    old = git.blobs([one.blob for one in entries])
    new = git.write_blobs([data + b"%d\n" % time.time_ns() for data in old])
    names = (one.path for one in entries)
    return git.write_tree(
        base, {path: ("100644", blob) for path, blob in zip(names, new, strict=True)}
    )


def _repository(top: Path) -> GitStore:
    """Make one commit of many Python files, packed."""
    run = partial(subprocess.run, check=True)
    run(["git", "init", "--quiet", "--initial-branch", "main", str(top)])
    run(["git", "-C", str(top), "fast-import", "--quiet", "--done"], input=b"".join(_stream()))
    return git_store.discover(top)


def _stream() -> Iterator[bytes]:
    choose = random.Random(6)  # noqa: S311 - contents of a benchmark
    yield b"commit refs/heads/main\ncommitter A <a@example.test> 1700000000 +0000\ndata 3\nall\n"
    for number in range(FILES):
        lines = choose.randrange(10, 200)
        body = b"".join(b"x%d = %d\n" % (n, choose.randrange(10**9)) for n in range(lines))
        folder, name = divmod(number, _PER_FOLDER)
        part, folder = divmod(folder, _PER_PART)
        yield b"M 100644 inline p%d/f%d/m%d.py\ndata %d\n" % (part, folder, name, len(body))
        yield body + b"\n"
    yield b"done\n"


def _times(work: Callable[[], object], runs: int = RUNS) -> list[float]:
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return times


def _row(what: str, ours: Sequence[float], theirs: Sequence[float] = (), whose: str = "") -> None:
    cells = [
        text
        for times in (ours, theirs)
        for text in (
            (f"{statistics.median(times):.3f}", f"{max(times):.3f}") if times else ("", "")
        )
    ]
    print(f"{what:<52}{cells[0]:>7}{cells[1]:>7}{cells[2]:>8}{cells[3]:>7}  {whose}")


def _quiet(_: str) -> None:
    """Say nothing of how far it is."""


if __name__ == "__main__":
    main()
