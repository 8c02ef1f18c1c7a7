"""Compares the tests of two trees: each one's turn, and what of it speaks against a patch."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.gates.pytest import names as names_of
from workflow.gates.pytest.flaky import Settled, settled
from workflow.gates.pytest.report import Ended, Report
from workflow.gates.text import listed, one_line
from workflow.types import Tally, Turn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BROKEN = (Turn.PASS_TO_FAIL, Turn.NEW_FAIL)
_CLEAR_S = 5.0
_CLEAR_TIMES = 2.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """The reports of both trees of one root, and those of tests that were run again.

    `brought` is the report of the patch's own test files over the base's sources: a test in it that
    fails there is one that fails without the patch, whether the base had it or not.
    """

    base: Report
    patched: Report
    base_again: tuple[Report, ...] = ()
    patched_again: tuple[Report, ...] = ()
    brought: Report = field(default_factory=lambda: Report({}))

    @property
    def settled(self) -> dict[str, Settled]:
        """What became of each test of either tree."""
        every = self.base.tests.keys() | self.patched.tests.keys()
        return {name: self._settled(name) for name in every}

    @property
    def is_usable(self) -> bool:
        """Whether both runs got as far as single tests."""
        return not (self.base.problem or self.patched.problem or self.patched.uncollected)

    def _settled(self, name: str) -> Settled:
        first = self.base.tests.get(name)
        without = self.brought.tests.get(name)
        # A new test that passes without the patch was still not there; one that fails tells more.
        if without is Ended.FAILED or (first is not None and without is Ended.PASSED):
            first = without
        return settled(
            _runs(first, self.base_again, name),
            _runs(self.patched.tests.get(name), self.patched_again, name),
        )


def _runs(first: Ended | None, again: Sequence[Report], name: str) -> tuple[Ended, ...]:
    later = (report.tests.get(name) for report in again)
    return () if first is None else (first, *(one for one in later if one is not None))


# --- what speaks against a patch ------------------------------------------------------------------


def broken(turns: Mapping[str, Settled]) -> tuple[str, ...]:
    """Return what fails now and did not before, as a sentence; none when nothing does."""
    names = sorted(name for name, one in turns.items() if is_broken(one))
    said = f"{len(names)} test(s) fail on the patched tree and not on the base: {listed(names)}"
    return (said,) if names else ()


def losses(base: Report, patched: Report) -> tuple[str, ...]:
    """Return which tests passed and do not run any more: no number of runs changes that."""
    passed = base.names(Ended.PASSED, Ended.XPASSED)
    idle = passed & patched.names(Ended.SKIPPED, Ended.XFAILED, Ended.NOT_RUN)
    idle |= passed & patched.deselected - patched.tests.keys()
    gone = passed - patched.tests.keys() - idle
    found = (
        (gone, "passed on the base and are gone"),
        (idle, "passed on the base and do not run any more"),
    )
    return tuple(
        f"{len(names)} test(s) {what}: {listed(sorted(names))}" for names, what in found if names
    )


def open_questions(turns: Mapping[str, Settled]) -> str:
    """Return which tests are unsteady on the patched tree alone; empty when none is."""
    names = sorted(name for name, one in turns.items() if one.is_open)
    if not names:
        return ""
    return (
        f"{len(names)} test(s) pass in some runs of the patched tree and fail in others, and the "
        f"base shows nothing like it: {listed(names)}"
    )


def is_broken(one: Settled) -> bool:
    """Whether a test fails that did not before."""
    return one.turn in _BROKEN


def disagreements(turns: Mapping[str, Settled]) -> tuple[str, ...]:
    """Return the tests that would speak against the patch, or leave a question, in order."""
    return tuple(sorted(name for name, one in turns.items() if is_broken(one) or one.is_open))


# --- what is said of single tests -----------------------------------------------------------------


def named(turns: Mapping[str, Settled], *wanted: Turn) -> frozenset[str]:
    """Return the tests that took one of these turns."""
    return frozenset(name for name, one in turns.items() if one.turn in wanted)


def tallies(turns: Sequence[Mapping[str, Settled]]) -> tuple[Tally, ...]:
    """Return how many tests took each turn, with the first names; each mapping is a root's own.

    A test that two roots have collected counts once.
    """
    found: dict[Turn, set[str]] = {}
    for name, one in (item for root in turns for item in root.items()):
        if one.turn is not None:
            found.setdefault(one.turn, set()).add(name)
    return tuple(
        Tally(
            turn,
            len(found[turn]),
            tuple(names_of.shown(name) for name in sorted(found[turn])[: names_of.MAX_NAMED]),
        )
        for turn in Turn
        if turn in found
    )


def proofs(base: Report, turns: Mapping[str, Settled]) -> frozenset[str]:
    """Return the tests that pass with the patch, and fail without it or are not there.

    One that was idle on the base is neither.
    """
    idle = base.names(Ended.SKIPPED, Ended.NOT_RUN)
    return named(turns, Turn.FAIL_TO_PASS) | (named(turns, Turn.NEW_PASS) - idle)


def notes(compared: Comparison, turns: Mapping[str, Settled], root: str) -> list[str]:
    """Return what a reviewer should know of single tests, by their names from the top."""
    base, patched = compared.base, compared.patched
    failed = base.names(Ended.FAILED)
    cured = named(turns, Turn.FAIL_TO_PASS)
    new = named(turns, Turn.NEW_PASS) - base.tests.keys()
    facts = [
        (cured & failed, "failed on the base, passes now"),
        (cured - failed, "fails without the patch, passes with it"),
        (new, "new, passes"),
        (named(turns, Turn.FLAKY), "flaky, decides nothing"),
        (named(turns, Turn.FAIL_TO_FAIL), "fails on both trees"),
        (failed - patched.tests.keys(), "failed on the base, is gone"),
        (patched.names(Ended.SKIPPED) - base.names(Ended.SKIPPED), "skipped now"),
        (base.names(Ended.SKIPPED) - patched.tests.keys(), "skipped on the base, is gone"),
    ]
    found = [
        f"{what}: {posixpath.join(root, name)}" for names, what in facts for name in sorted(names)
    ]
    if base.uncollected:
        found.insert(0, f"on the base, tests could not be collected: {cause(base.why)}")
    found += [
        f"a new module {names_of.shown(name)} would hide the environment's, and was kept from it"
        for name in sorted(set(patched.hidden).difference(base.hidden))
    ]
    return [*found, *durations(base, patched)]


def durations(base: Report, patched: Report) -> list[str]:
    """Return how much longer the tests take, when that is plain: 5 s more, and twice as long.

    Tests that ran on one tree only do not count.
    """
    both = base.durations.keys() & patched.durations.keys()
    before = sum(base.durations[name] for name in both)
    after = sum(patched.durations[name] for name in both)
    if after < before + _CLEAR_S or after < before * _CLEAR_TIMES:
        return []
    slowest = max(both, key=lambda name: patched.durations[name] - base.durations[name])
    named = names_of.shown(slowest)
    said = f"the same tests take {after:.1f} s with the patch and {before:.1f} s without it"
    most = f"{named} takes {patched.durations[slowest]:.1f} s, not {base.durations[slowest]:.1f} s"
    return [f"{said}; {most}"]


def cause(why: str) -> str:
    """Return the line of a collection failure that says most."""
    lines = re.findall(r"(?m)^E +(.*)$", why) or why.strip().splitlines() or ["no reason given"]
    return one_line(lines[-1], 160)


def from_top(root: str, turns: Mapping[str, Settled]) -> dict[str, Settled]:
    """Return the same under the tests' names from the top of the tree."""
    return {posixpath.join(root, name): one for name, one in turns.items()}
