"""kill -9, a full disk or a jump of the clock at every effect of every command that moves things.

Usage: `python bench/crash_matrix.py [EACH [STORY…]]`.  Tries each EACH-th point (1: all of them),
before and after every effect, and prints where each command ended: before, after, or between.  A
landing that is after but to be confirmed says so at the next command, and `workflow apply` confirms
it; live files that are to follow do so all together.  Exits with 1 if anything was between.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.crashes.matrix import AFTER, BEFORE, TO_CONFIRM, TO_FOLLOW, told
from tests.crashes.stories import COMMANDS, Crashes
from tests.crashes.warm import warm

if TYPE_CHECKING:
    from tests.crashes.matrix import Left

SIDES = (BEFORE, AFTER, TO_CONFIRM, TO_FOLLOW)


def main() -> None:
    """Print the table."""
    each = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    names = sys.argv[2:] or list(COMMANDS)
    wrong: list[Left] = []
    print(
        f"{'story':<14}{'points':>8}{'tried':>7}" + "".join(f"{side:>26}" for side in SIDES), end=""
    )
    print(f"{'between':>9}{'s each':>8}")
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top)
        _alone(folder)
        with warm(folder) as process:
            for name in names:
                wrong += _story(Crashes(process, folder), name, each)
    if wrong:
        sys.exit(f"\n{told(wrong)}")


def _story(crashes: Crashes, name: str, each: int) -> list[Left]:
    matrix = crashes.matrix(name)
    points = matrix.points[::each]
    started = time.monotonic()
    lefts = matrix.each(points)
    seconds = (time.monotonic() - started) / len(points)
    sides = Counter(left.side for left in lefts)
    row = "".join(f"{sides[side]:>26}" for side in SIDES)
    print(f"{name:<14}{len(matrix.points):>8}{len(points):>7}{row}{sides['']:>9}{seconds:>8.2f}")
    return [left for left in lefts if left.wrong]


def _alone(folder: Path) -> None:
    """Give the commands a home of their own, in which one person works alone."""
    home = folder / "home"
    home.mkdir()
    config = home / ".gitconfig"
    config.write_text("[workflow]\n\tsingleUser = true\n")
    for who in ("AUTHOR", "COMMITTER"):
        os.environ[f"GIT_{who}_NAME"] = "Ada"
        os.environ[f"GIT_{who}_EMAIL"] = "ada@example.test"
    os.environ |= {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    os.environ |= {"GIT_CONFIG_GLOBAL": str(config), "GIT_CONFIG_NOSYSTEM": "1"}


if __name__ == "__main__":
    main()
