"""kill -9, a jump of the clock or a lost right at every effect of every command that moves things.

Usage: `python -m bench.crash_matrix [--each N] [--act kill|past|future|FOLDER] [STORY…]`.  Tries
each N-th point (1: all of them), before and after every effect, and prints where each command
ended: before, after, or between.  With a FOLDER of the repository (`.git`), nothing may be written
there from the point on, until the command has ended.  A landing that is after but to be confirmed
says so at the next command, and `workflow apply` confirms it; live files that are to follow do so
all together.  Exits with 1 if anything was between.  A full disk: `tests/crashes/disk.py`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.crashes.matrix import AFTER, BEFORE, TO_CONFIRM, TO_FOLLOW, told
from tests.crashes.stories import COMMANDS, Crashes
from tests.crashes.warm import DAY_S, KILL, NO_RIGHTS, warm

if TYPE_CHECKING:
    from tests.crashes.matrix import Left
    from tests.crashes.warm import Act

SIDES = (BEFORE, AFTER, TO_CONFIRM, TO_FOLLOW)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--each", type=int, default=1)
    parser.add_argument("--act", default="kill")
    parser.add_argument("stories", nargs="*", default=list(COMMANDS))
    asked = parser.parse_args()
    wrong: list[Left] = []
    print(
        f"{'story':<14}{'points':>8}{'tried':>7}" + "".join(f"{side:>26}" for side in SIDES), end=""
    )
    print(f"{'between':>9}{'wrong':>7}{'s each':>8}")
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top)
        _alone(folder)
        act = _act(asked.act, folder)
        is_root = act[0] == "forbid" and os.geteuid() == 0
        with warm(folder, prefix=NO_RIGHTS if is_root else ()) as process:
            for name in asked.stories:
                wrong += _story(Crashes(process, folder), name, asked.each, act)
    if wrong:
        sys.exit(f"\n{told(wrong)}")


def _act(name: str, folder: Path) -> Act:
    match name:
        case "kill":
            return KILL
        case "past" | "future":
            return ("clock", 400 * DAY_S * (1 if name == "future" else -1))
    return ("forbid", str(folder / "work/repo" / name))


def _story(crashes: Crashes, name: str, each: int, act: Act) -> list[Left]:
    matrix = crashes.matrix(name)
    points = matrix.points[::each]
    started = time.monotonic()
    lefts = matrix.each(points, act)
    seconds = (time.monotonic() - started) / len(points)
    sides = Counter(left.side for left in lefts)
    wrong = [left for left in lefts if left.wrong]
    row = "".join(f"{sides[side]:>26}" for side in SIDES) + f"{sides['']:>9}{len(wrong):>7}"
    print(f"{name:<14}{len(matrix.points):>8}{len(points):>7}{row}{seconds:>8.2f}", flush=True)
    return wrong


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
