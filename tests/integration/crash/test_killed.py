"""kill -9 at any effect: the next command works, says what happened, and nothing is in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crashes.matrix import AFTER, BEFORE, told

if TYPE_CHECKING:
    import random

    from tests.crashes.stories import Crashes

# `bench/crash_matrix.py` tries all points; here are so many of as many kinds as there are.
RECOVERIES = 3
POINTS = {
    "approve": 2,
    "apply": 6,
    "rollback": 4,
    "live-apply": 4,
    "live-rollback": 3,
    "live-install": 3,
    "live-restore": 3,
}


@pytest.mark.parametrize("name", POINTS)
def test_killed_anywhere_it_ends_before_or_after(
    crashes: Crashes, rng: random.Random, name: str
) -> None:
    """Wherever it dies, all is as before or as after, and the command then works."""
    matrix = crashes.matrix(name)
    lefts = matrix.each(matrix.sample(POINTS[name], rng))
    assert not told(lefts), told(lefts)


def test_the_ends_lie_on_both_sides(crashes: Crashes) -> None:
    """The very first effect is before the landing, and the very last one is after it."""
    matrix = crashes.matrix("apply")
    ends = matrix.each([matrix.points[0], matrix.points[-1]])
    assert [left.side for left in ends] == [BEFORE, AFTER]


def test_recovery_killed_anywhere_recovers_the_next_time(
    crashes: Crashes, rng: random.Random
) -> None:
    """A landing that died in the middle, and then the two commands that were to finish it."""
    matrix = crashes.matrix("apply")
    number = next(point.number for point in matrix.points if "move_ref" in point.what)
    # Two effects on, the branch has moved and nothing has followed it.
    middle = matrix.points[number + 2]
    matrix.begin()
    matrix.run("apply", "1", at=middle.number)
    finishing = matrix.run("list", is_counted=True).points
    assert any("bring" in point.what for point in finishing), "recovery had something to do"
    for _ in range(RECOVERIES):
        first, second = (rng.choice(finishing).number for _ in range(2))
        matrix.begin()
        for command, at in (
            (("apply", "1"), middle.number),
            (("list",), first),
            (("list",), second),
        ):
            matrix.run(*command, at=at)
        left = matrix.judge(middle)
        assert not left.wrong, (first, second, told([left]))


def test_doctor_is_content_afterwards(crashes: Crashes, rng: random.Random) -> None:
    """After a kill and the next command, `workflow doctor` finds nothing to mend."""
    matrix = crashes.matrix("apply")
    (point,) = matrix.sample(1, rng)

    def doctor() -> list[str]:
        done = matrix.run("doctor", "--json")
        return [] if done.status == 0 else [done.stdout]

    left = matrix.at(point, also=doctor)
    assert not left.wrong, told([left])


def test_killed_with_its_children(crashes: Crashes, rng: random.Random) -> None:
    """Its git dies with it, perhaps in the middle of a write, as when the machine loses power.

    Then a lock of git's own may be left.  Nobody can tell whose it is, so it is named, and once a
    person has removed it, everything goes on.
    """
    matrix = crashes.matrix("apply")
    writing = [
        point
        for point in matrix.points
        if point.what.startswith("after fork_exec")
        and any(word in point.what for word in ("update-", "commit-tree"))
    ]
    for point in rng.sample(writing, 3):
        left = matrix.at(point, ("kill-all",))
        if locks := matrix.locks():
            assert any(str(lock) in told([left]) for lock in locks), told([left])
            for lock in locks:
                lock.unlink()
            left = matrix.judge(point)
        assert not left.wrong, told([left])
