"""The stories: commands that move a branch or live files, each in the place before it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.crashes import prepare
from tests.crashes.matrix import Matrix, Story

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crashes.warm import Warm

COMMANDS = {
    "approve": ("approve", "1"),
    "apply": ("apply", "1"),
    "rollback": ("rollback",),
    "live-approve": ("approve", "1"),
    "live-apply": ("apply", "1"),
    "live-rollback": ("rollback",),
    "live-restore": ("targets", "restore", "web"),
    "live-install": ("targets", "install", "web"),
}
EARLIER = {
    "apply": "approve",
    "rollback": "apply",
    "live-apply": "live-approve",
    "live-rollback": "live-apply",
    "live-restore": "live-apply",
    "live-install": "live-restore",
}


@dataclass(frozen=True, slots=True)
class Crashes:
    """The stories of one repository; the place before each is made on demand, and kept."""

    warm: Warm
    folder: Path

    def story(self, name: str) -> Story:
        """Return a story by its name; one on live files begins with `live-`."""
        live = ("live",) if name.startswith("live-") else ()
        return Story(name, self._place(name), COMMANDS[name], live)

    def matrix(self, name: str) -> Matrix:
        """Return a story's matrix."""
        return Matrix(self.story(name), self.warm, self.folder / "work")

    def _place(self, name: str) -> Path:
        place, work = self.folder / name, self.folder / "work"
        if place.exists():
            return place
        if earlier := EARLIER.get(name, ""):
            before = self._place(earlier)
            shutil.rmtree(work, ignore_errors=True)
            shutil.copytree(before, work, symlinks=True)
            self._run(COMMANDS[earlier])
        else:
            shutil.rmtree(work, ignore_errors=True)
            self._begin(work, is_live=name.startswith("live-"))
        # Made at the very path where it is used: a trusted place is one at a path.
        shutil.copytree(work, place, symlinks=True)
        return place

    def _begin(self, work: Path, *, is_live: bool) -> None:
        live = work / "live"
        repo = prepare.repository(work / "repo", prepare.LIVE.format(live=live) if is_live else "")
        if is_live:
            live.mkdir()
            (live / "site.conf").write_text(prepare.FILES["site.conf"])
            (live / "site.conf").chmod(0o640)
            self._run(("targets", "trust", "--yes"))
            self._run(("targets", "adopt", "web"))
        prepare.proposed(repo)
        self._run(("show", "1"))

    def _run(self, command: tuple[str, ...]) -> None:
        done = self.warm.run(self.folder / "work/repo", *command)
        assert done.status == 0, done.stdout + done.stderr
