"""The story's stages beside what they cannot be faster than, in one run on one machine.

`propose` runs `nginx -t` and pytest on two trees, so its baseline is pytest twice by hand, one
after the other; `apply` makes a commit and updates a checkout, so its baseline is `git commit`.
Medians of wall seconds; the ratio is what to compare, because machines differ and are noisy.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDS = 5
REQUEST = "Add a /collect endpoint and allow origin https://s.ado.im via CORS and CSP"
_TOP = Path(__file__).resolve().parent.parent


def main() -> None:
    """Print the table."""
    workflow = [sys.executable, "-m", "workflow"]
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    taken: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        for turn in range(ROUNDS + 1):
            place = Path(name) / str(turn)
            _repository(place)
            seconds = {
                "pytest twice, by hand": _wall(pytest, place) + _wall(pytest, place),
                "git commit, by hand": _commit(place),
                "propose": _wall([*workflow, "propose", REQUEST, "site_nginx.conf"], place),
                "approve": _wall([*workflow, "approve", "1"], place),
                "apply": _wall([*workflow, "apply", "1"], place),
                "rollback": _wall([*workflow, "rollback"], place),
            }
            if turn:  # the first round warms caches
                for label, took in seconds.items():
                    taken.setdefault(label, []).append(took)
    medians = {label: statistics.median(runs) for label, runs in taken.items()}
    print(f"{'what':<24} {'median s':>9} {'min':>7} {'max':>7}  beside")
    for label, runs in taken.items():
        base = "pytest twice, by hand" if label == "propose" else "git commit, by hand"
        ratio = f"{medians[label] / medians[base]:.2f} x {base}" if "hand" not in label else ""
        print(f"{label:<24} {medians[label]:>9.3f} {min(runs):>7.3f} {max(runs):>7.3f}  {ratio}")


def _repository(place: Path) -> None:
    shutil.copytree(_TOP / "sandbox_repo", place)
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "start"]):
        _git(place, *words)
    _git(place, "config", "user.name", "Bench")
    _git(place, "config", "user.email", "bench@example.com")


def _commit(place: Path) -> float:
    """A person's own edit, staged and committed."""
    (place / "README.md").write_text("edited\n")
    started = time.monotonic()
    _git(place, "add", "README.md")
    _git(place, "commit", "-qm", "edit")
    return time.monotonic() - started


def _git(place: Path, *words: str) -> None:
    who = ["-c", "user.name=Bench", "-c", "user.email=bench@example.com"]
    subprocess.run(["git", *who, *words], cwd=place, check=True)


def _wall(argv: Sequence[str], place: Path) -> float:
    environment = {**os.environ, "PYTHONPATH": str(_TOP), "NO_COLOR": "1"}
    started = time.monotonic()
    subprocess.run(argv, cwd=place, env=environment, check=True, capture_output=True)
    return time.monotonic() - started


if __name__ == "__main__":
    main()
