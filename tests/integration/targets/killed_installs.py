"""Installs or takes back a target and dies by SIGKILL at many steps; what the next command finds.

`killed_installs.py REPO LIVE WHAT RUNS` prints JSON: how many steps there are, and for each run at
which step it died and whether the live files are then as `before` or `after`, or `between`.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from tests.integration.killed import counted
from workflow import config, git_store, targets, trust
from workflow.store import Store
from workflow.targets import installing
from workflow.targets.plan import plan
from workflow.types import RepoPath


def site(repo: Path) -> targets.Site:
    """Open everything anew, as a command does."""
    git = git_store.discover(repo)
    text = git.read(git.snapshot().tree, RepoPath("workflow.toml")).decode()
    store = Store(git.common_dir / "workflow")
    settings = config.load(text, {}, "workflow.toml")
    return targets.Site(git, store, settings, "Ada <ada@example.test>", store.keep, str)


def install(on: targets.Site) -> None:
    """Install the newest commit, whatever is live."""
    head = on.git.snapshot().commit
    (target,) = targets.targets_of(on)
    planned = plan(on, target, head, before=head, landing=None)
    installing.keep(on_book := targets.Book(on.store), installing.carry_out(on, target, planned))
    del on_book


def restore(on: targets.Site) -> None:
    """Take back the newest install."""
    targets.restore(on, "web", over_edits=False)


def state_of(live: Path) -> dict[str, Any]:
    """Every name below the live folder with what can be told of it."""
    return {
        str(path.relative_to(live)): (
            path.lstat().st_mode,
            path.lstat().st_uid,
            path.read_text() if path.is_file() else "",
        )
        for path in sorted(live.rglob("*"))
    }


def main() -> None:
    """Run to the end once, then die as often as asked, evenly spread over all steps."""
    repo, live, what, runs = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    saved = repo.parent / "saved"
    on = site(repo)
    trust.trust(targets.place_of(on), on.settings)
    if what == "restore":
        install(on)
    on.store.close()
    saves = [(live, saved / "live"), (repo / ".git/workflow", saved / "state")]
    for folder, place in saves:
        shutil.copytree(folder, place, symlinks=True)
    act = {"install": install, "restore": restore}[what]
    before = state_of(live)
    total = counted(lambda: act(site(repo)), 0)
    after = state_of(live)
    found = []
    for number in range(runs):
        for folder, place in saves:
            shutil.rmtree(folder)
            shutil.copytree(place, folder, symlinks=True)
        step = 1 + number * total // runs
        child = os.fork()
        if not child:
            counted(lambda: act(site(repo)), step)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        on = site(repo)
        targets.recover(on.git, on.store)
        now = state_of(live)
        ends = "before" if now == before else "after" if now == after else f"between: {now}"
        is_clean = not targets.is_needed(on.store)
        targets.require_settled(on.store)
        on.store.close()
        found.append([step, os.WIFSIGNALED(status), ends, is_clean])
    print(json.dumps({"steps": total, "runs": found}))  # noqa: T201 - its result


if __name__ == "__main__":
    main()
