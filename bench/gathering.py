"""What gathering costs in a repository of 20,000 files, beside `git ls-tree -r`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import gather, git_store
from workflow.types import ChangeRequest, Identity, RepoPath, Role

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = 20_000
RUNS = 5
RULES = ("includes", "imports", "importers", "tests", "clients")
ADA = Identity("Ada", "ada@example.test")


def repository(folder: Path) -> None:
    """Make one commit of modules, tests, nginx sites and other text."""
    for number in range(FILES // 4):
        part = folder / f"p{number % 100}"
        part.mkdir(exist_ok=True)
        (part / f"m{number}.py").write_text(f"from p{number % 97} import m{number % 89}\nX = 1\n")
        (part / f"test_m{number}.py").write_text(f"from p{number % 100} import m{number}\n")
        (part / f"site{number}.conf").write_text(f"location /v{number} {{ return 204; }}\n")
        (part / f"notes{number}.txt").write_text(f"see /v{number}\n" * 20)
    (folder / "nginx.conf").write_text("events {}\nhttp { server { include p1/*.conf; } }\n")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.test"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run([*git, *command], cwd=folder, check=True)


def median_ms(work: Callable[[], object]) -> float:
    """The median of the wall time, in ms."""
    times = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return 1000 * statistics.median(times)


def main() -> None:
    """Print one row for each named file."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        repository(folder)
        git = git_store.discover(folder)
        base = git.snapshot()
        listing = ["git", "ls-tree", "-r", "-z", "HEAD"]
        plain = median_ms(
            lambda: subprocess.run(listing, cwd=folder, check=True, capture_output=True)
        )
        sys.stdout.write("| named | ms | beside `git ls-tree -r` |\n| --- | --- | --- |\n")
        for name in ("p1/m1.py", "p1/site1.conf", "nginx.conf"):
            request = ChangeRequest("change it", (RepoPath(name),), ADA)
            named = gather.resolve(git, base, request)
            needs = gather.Needs(role=Role.SURGEON, context=RULES)
            took = median_ms(lambda n=named, w=needs: gather.gather(git, base.tree, w, n))  # type: ignore[misc]  # defaults bind the loop's values
            sys.stdout.write(f"| `{name}` | {took:.0f} | {took / plain:.1f} |\n")
        sys.stdout.write(f"| `git ls-tree -r` | {plain:.0f} | 1.0 |\n")


if __name__ == "__main__":
    main()
