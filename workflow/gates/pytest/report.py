"""What one run of pytest said, read strictly: a report that contradicts itself is no report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from workflow.gates.text import one_line

if TYPE_CHECKING:
    from workflow.process import Ran

_PASSED, _FAILED, _NO_TESTS = 0, 1, 5
_PHASES = {"setup", "call", "teardown"}


class Ended(StrEnum):
    """How one test ended, over its three phases."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Report:
    """Each test's outcome, what could not be collected and why, and what is wrong with the run.

    `problem` is empty when the session came to its end and all that it said agrees.  A run with a
    problem is either `broken` (it hung, crashed, gave up: it says so itself) or contradicts itself.
    """

    tests: dict[str, Ended]
    uncollected: tuple[str, ...] = ()
    why: str = ""
    problem: str = ""
    broken: bool = False
    timed_out: bool = False

    def names(self, *outcomes: Ended) -> frozenset[str]:
        """Return the ids of the tests that ended in one of these ways."""
        return frozenset(name for name, ended in self.tests.items() if ended in outcomes)

    @property
    def ran(self) -> frozenset[str]:
        """Return the ids of the tests that came to an end of their own."""
        return self.names(Ended.PASSED, Ended.FAILED)


def read(ran: Ran) -> Report:
    """Read the report of a run and hold it against the exit status."""
    state = _State()
    try:
        for line in ran.report.decode("utf-8", "surrogateescape").splitlines():
            state.hear(json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError):
        problem = "the report of the tests is damaged"
        return Report(state.tests, problem=problem, timed_out=ran.timed_out)
    broken = _broken(ran, state)
    problem = broken or _contradiction(ran, state)
    return Report(
        tests=state.tests,
        uncollected=tuple(state.uncollected),
        why=state.why,
        problem=problem,
        broken=bool(broken),
        timed_out=ran.timed_out,
    )


class _State:
    """What the lines said so far."""

    def __init__(self) -> None:
        self.phases: dict[str, dict[str, Ended]] = {}
        self.uncollected: list[str] = []
        self.why = ""
        self.end: int | None = None

    @property
    def tests(self) -> dict[str, Ended]:
        """Every test's outcome."""
        return {name: _ended(phases) for name, phases in self.phases.items()}

    def hear(self, said: dict[str, Any]) -> None:
        """Take one line; `ValueError` for one that cannot be."""
        if self.end is not None:
            raise ValueError(said)
        if "collected" in said:
            for name in said["collected"]:
                self.phases.setdefault(str(name), {})
        elif "uncollected" in said:
            self.uncollected.append(str(said["uncollected"]) or ".")
            self.why = self.why or str(said["why"])
        elif "test" in said:
            if said["when"] not in _PHASES:
                raise ValueError(said)
            phases = self.phases.setdefault(str(said["test"]), {})
            # NOTE: subtests report the same phase several times; one failure stays.
            if phases.get(said["when"]) is not Ended.FAILED:
                phases[said["when"]] = Ended(said["outcome"])
        else:
            self.end = int(said["end"])


def _ended(phases: dict[str, Ended]) -> Ended:
    if Ended.FAILED in phases.values():
        return Ended.FAILED
    if "teardown" not in phases:
        return Ended.NOT_RUN
    if Ended.SKIPPED in phases.values():
        return Ended.SKIPPED
    return Ended.PASSED if "call" in phases else Ended.NOT_RUN


def _broken(ran: Ran, state: _State) -> str:
    """Return how the run came to no end of its own, for all to see."""
    if ran.timed_out:
        return f"the tests did not end within {ran.seconds:.0f} s"
    if ran.truncated:
        return "the tests printed more than the limit"
    status = ran.exit_status
    if state.end is None and status not in {_PASSED, _NO_TESTS}:
        return f"pytest ended early with status {status}: {_last_line(ran)}"
    if (
        state.end == status
        and status not in {_PASSED, _FAILED, _NO_TESTS}
        and not state.uncollected
    ):
        return f"pytest gave up with status {status}: {_last_line(ran)}"
    return ""


def _contradiction(ran: Ran, state: _State) -> str:
    """Return in what the run contradicts itself; empty when it can be believed."""
    if state.end is None:
        return f"the tests ended with status {ran.exit_status} before pytest was done"
    if state.end != ran.exit_status:
        return f"pytest said status {state.end}, but the process ended with {ran.exit_status}"
    bad = bool(state.uncollected) or not {Ended.FAILED, Ended.NOT_RUN}.isdisjoint(
        state.tests.values()
    )
    if bad and state.end in {_PASSED, _NO_TESTS}:
        return f"pytest said status {state.end}, but not every test passed"
    if not bad and state.end == _FAILED:
        return "pytest said that tests failed, but reported none"
    return ""


def _last_line(ran: Ran) -> str:
    lines = (ran.stderr.strip() or ran.stdout.strip()).splitlines()
    return one_line(lines[-1], 160) if lines else "no output"
