"""A command that meets something at each of its points, and what is left then: before or after."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.crashes.facts import Facts, facts, wrongs
from tests.crashes.warm import KILL, Act

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence

    from tests.crashes.warm import Ended, Point, Warm

BEFORE, AFTER = "before", "after"
TO_CONFIRM = "after, to be confirmed"
TO_FOLLOW = "after, live files to follow"
_DEFECT = "a defect of workflow"
_UNCONFIRMED = {"moved": "kept"}


@dataclass(frozen=True, slots=True)
class Story:
    """A command in a prepared place, whose folder `repo` is the repository.

    `live` are folders beside the repository whose files count, too.
    """

    name: str
    prepared: Path
    command: tuple[str, ...]
    live: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Left:
    """What was left at a point: which side of the command, and all that is wrong with it."""

    point: Point
    side: str
    wrong: tuple[str, ...]


class Matrix:
    """One story, its points, and the two states that are whole."""

    def __init__(self, story: Story, warm: Warm, place: Path) -> None:
        self.story = story
        self._warm = warm
        self._place = place
        self._repo = place / "repo"
        self._live = [place / name for name in story.live]
        self.begin()
        self.before = self.facts()
        ended = self.run(*story.command, is_counted=True)
        assert ended.status == 0, ended.stdout + ended.stderr
        self.points = ended.points
        self.after = self.facts()
        assert not self.wrongs(), self.wrongs()

    # --- the place ----------------------------------------------------------------------------

    def begin(self) -> None:
        """Put everything back as it was prepared, at the same path."""
        shutil.rmtree(self._place, ignore_errors=True)
        shutil.copytree(self.story.prepared, self._place, symlinks=True)

    def run(self, *command: str, at: int = 0, act: Act = KILL, is_counted: bool = False) -> Ended:
        """Run a command in the repository."""
        return self._warm.run(self._repo, *command, at=at, act=act, is_counted=is_counted)

    def resume(self, stopped: Ended) -> Ended:
        """Let a stopped command go on to its end."""
        return self._warm.resume(stopped)

    def facts(self) -> Facts:
        """Where everything stands."""
        return facts(self._repo, *self._live)

    def wrongs(self) -> list[str]:
        """What no crash may leave."""
        return wrongs(self._repo, *self._live)

    def locks(self) -> list[Path]:
        """The lock files of git that are there."""
        return list((self._repo / ".git").rglob("*.lock"))

    # --- points -------------------------------------------------------------------------------

    def sample(self, count: int, rng: random.Random) -> list[Point]:
        """Some points of many kinds."""
        return spread(self.points, rng, count)

    def each(
        self, points: Iterable[Point], act: Act = KILL, *, also: Callable[[], list[str]] = list
    ) -> list[Left]:
        """What is left at each point."""
        return [self.at(point, act, also=also) for point in points]

    def at(self, point: Point, act: Act = KILL, *, also: Callable[[], list[str]] = list) -> Left:
        """What is left when a command meets `act` at a point: `also` looks, too."""
        self.begin()
        ended = self.run(*self.story.command, at=point.number, act=act)
        wrong = [f"it says: {ended.stderr}"] if _DEFECT in ended.stderr else []
        undo(act)
        left = self.judge(point, also)
        return replace(left, wrong=(*wrong, *left.wrong))

    def judge(self, point: Point, also: Callable[[], list[str]] = list) -> Left:
        """What the next command finds and leaves, and whether the story can be brought to its end.

        Looking must work and leave nothing half done; what was lost is found by the same command
        again.
        """
        looked = self.run("list")
        wrong = [] if looked.status == 0 else [f"list ends with {looked.status}: {looked.stderr}"]
        found = self.facts()
        side = self._side(found)
        wrong += self.wrongs()
        if found != self.after:
            again = self.run(*self.story.command)
            if again.status:
                wrong.append(f"again ends with {again.status}: {again.stderr}")
            wrong += self.wrongs()
            if (end := self.facts()) != self.after:
                wrong.append(f"it cannot be brought to its end: {end}")
        wrong += also()
        return Left(point, side, tuple(wrong if side else [*wrong, f"between: {found}"]))

    def _side(self, found: Facts) -> str:
        if found == self.before:
            return BEFORE
        if found == self.after:
            return AFTER
        # Moved, and not yet confirmed: then live files may still have to follow, all of them.
        follows = replace(_confirmed(found), live=self.after.live) == self.after
        if follows and found.live == self.after.live:
            return TO_CONFIRM
        return TO_FOLLOW if follows and found.live == self.before.live else ""


def _confirmed(found: Facts) -> Facts:
    """The same with what has yet to be confirmed as if it were."""
    pairs = tuple((kind, _UNCONFIRMED.get(state, state)) for kind, state in found.landings)
    return replace(found, landings=pairs)


def spread(points: Sequence[Point], rng: random.Random, count: int) -> list[Point]:
    """Some points, one of each kind of effect and place before a second one of any."""
    kinds: dict[str, list[Point]] = {}
    for point in points:
        kinds.setdefault(point.what.partition(" ")[2], []).append(point)
    chosen = [rng.choice(alike) for alike in kinds.values()]
    rng.shuffle(chosen)
    return chosen[:count]


def undo(act: Act) -> None:
    """Give the disk its space back, or the folder its rights."""
    match act:
        case ("fill", _, str(folder)):
            Path(folder, "filler").unlink(missing_ok=True)
        case ("forbid", str(folder)):
            Path(folder).chmod(0o755)


def told(lefts: Sequence[Left]) -> str:
    """All that is wrong, a line each, for a failing test."""
    return "\n".join(
        f"{left.point.number} {left.point.what}: {wrong}" for left in lefts for wrong in left.wrong
    )
