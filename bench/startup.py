"""CPU seconds of the commands that people wait for, beside a bare `import typer` in the same run.

Each command runs warm, in turn with the others, and the median of its user + system time is shown
(`getrusage` of the finished child).  Bars: `--help` 0.35 s, `list` 0.30 s on two cores.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 11
BASELINE = "python -c 'import typer'"
_TOP = Path(__file__).resolve().parent.parent


def main() -> None:
    """Print the table."""
    python = sys.executable
    commands = {
        BASELINE: [python, "-c", "import typer"],
        "python -c 'pass'": [python, "-c", "pass"],
        "workflow --help": [python, "-m", "workflow", "--help"],
        "workflow list": [python, "-m", "workflow", "list"],
        "workflow history": [python, "-m", "workflow", "history"],
        "workflow propose --help": [python, "-m", "workflow", "propose", "--help"],
    }
    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / "repo"
        _repository(place)
        taken: dict[str, list[float]] = {label: [] for label in commands}
        for turn in range(ROUNDS + 1):
            for label, argv in commands.items():
                seconds = _cpu_seconds(argv, place)
                if turn:  # the first round warms caches
                    taken[label].append(seconds)
    base = statistics.median(taken[BASELINE])
    print(f"{'command':<28} {'median CPU s':>12} {'min':>7} {'max':>7} {'x typer':>8}")
    for label, runs in taken.items():
        median = statistics.median(runs)
        low, high = min(runs), max(runs)
        print(f"{label:<28} {median:>12.3f} {low:>7.3f} {high:>7.3f} {median / base:>8.2f}")


def _repository(place: Path) -> None:
    """A small committed repository with an empty store."""
    shutil.copytree(_TOP / "sandbox_repo", place)
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "start"]):
        who = ["-c", "user.name=Bench", "-c", "user.email=bench@example.com"]
        subprocess.run(["git", *who, *words], cwd=place, check=True)
    _cpu_seconds([sys.executable, "-m", "workflow", "list"], place)


def _cpu_seconds(argv: list[str], place: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(_TOP), "NO_COLOR": "1"}
    subprocess.run(argv, cwd=place, env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
