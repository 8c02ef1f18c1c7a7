"""What several runs of one test show: an outcome that changes from run to run decides nothing.

A test is run again where it fails on one tree and passes on the other, or is not there.  Of all its
runs, the first ones and the ones made again:

- it passes in every run of one tree and fails in every run of the other: that is what happened;
- the base's runs do not agree, and it passes on the patched tree at least once: it is flaky, and
  decides nothing;
- the base's runs do not agree, and it never passes on the patched tree: it counts as broken, for
  what fails every time is not excused by what fails now and then;
- it fails in every run of the base, and the patched tree's runs do not agree: it is flaky, decides
  nothing, and proves nothing;
- it passes in every run of the base, or is not there, and the patched tree's runs do not agree: it
  is flaky, and the question stays open.  A gate with an open question does not pass: whether the
  patch made the test unsteady, or luck did, was not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from workflow.gates.pytest.report import Ended
from workflow.types import Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_RUNS: Final = 2
"""How often a test is run again on each tree, at most."""

_IDLE: Final = (Ended.SKIPPED, Ended.NOT_RUN)
_PASSES: Final = (Ended.PASSED, Ended.XPASSED)
_FAILS: Final = (Ended.FAILED, Ended.XFAILED)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one test, and whether that leaves a question that nobody may pass over.

    `turn` is `None` for a test that is idle on the patched tree and was no more than that before.
    `is_known` says whether more runs could not change what is said.
    """

    turn: Turn | None
    is_open: bool = False
    is_known: bool = True


def settled(base: Sequence[Ended], patched: Sequence[Ended]) -> Settled:
    """Return what the runs of both trees show, the first run first; no run: the test is not there.

    Of later runs only passes and failures count.
    """
    before, after = _passes(base), _passes(patched)
    if before and after and base[0] not in _IDLE and patched[0] not in _IDLE:
        return _both(base[0], patched[0], before, after)
    if len(after) > 1:
        return Settled(Turn.FLAKY, is_open=True)
    return Settled(turn(base[0] if base else None, patched[0] if patched else None))


def _both(first: Ended, then: Ended, before: frozenset[bool], after: frozenset[bool]) -> Settled:
    """Return what the runs of both trees show of a test that ran on both."""
    if len(before) > 1:
        if True in after:
            return Settled(Turn.FLAKY)
        return Settled(Turn.PASS_TO_FAIL, is_known=False)
    if len(after) > 1:
        is_open = True in before
        return Settled(Turn.FLAKY, is_open=is_open, is_known=not is_open)
    return Settled(turn(first, then))


def turn(before: Ended | None, after: Ended | None) -> Turn | None:
    """Return what became of a test of which each tree says one thing, or has it not.

    A pass under a mark that allows failing is a pass.
    """
    if after is None:
        return None if before is None else Turn.REMOVED
    if after in _PASSES:
        if before in _PASSES:
            return Turn.PASS_TO_PASS
        return Turn.FAIL_TO_PASS if before in _FAILS else Turn.NEW_PASS
    if after is Ended.FAILED:
        if before in _PASSES:
            return Turn.PASS_TO_FAIL
        return Turn.FAIL_TO_FAIL if before is Ended.FAILED else Turn.NEW_FAIL
    is_lost = before in _PASSES or before is Ended.FAILED
    return Turn.SKIPPED if is_lost else None


def _passes(runs: Sequence[Ended]) -> frozenset[bool]:
    """Return whether the runs pass: both answers where they do not agree, none where none ran."""
    return frozenset(one in _PASSES for one in runs if one in _PASSES or one in _FAILS)
