"""What one run of pytest said, read strictly: a report that contradicts itself is no report."""

from __future__ import annotations

import hmac
import json
import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from workflow.gates.text import listed, one_line

if TYPE_CHECKING:
    from workflow.gates.pytest.canary import Watch
    from workflow.process import Ran

_PASSED, _FAILED, _INTERRUPTED, _NO_TESTS = 0, 1, 2, 5
_PHASES = {"setup", "call", "teardown"}
_FAULTS = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


class Ended(StrEnum):
    """How one test ended, over its three phases.

    Under a mark that expects it to fail (`xfail`) a test says nothing, whichever way it ends.
    """

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"
    NOT_RUN = "not run"


_OUTCOMES = {"passed": Ended.PASSED, "failed": Ended.FAILED, "skipped": Ended.SKIPPED}
_EXPECTED = {Ended.PASSED: Ended.XPASSED, Ended.SKIPPED: Ended.XFAILED, Ended.FAILED: Ended.FAILED}


@dataclass(frozen=True, slots=True)
class Report:
    """Each test's outcome, what could not be collected and why, and what is wrong with the run.

    `problem` is empty when the session came to its end and all that it said agrees.  A run with a
    problem is either `broken` (it hung, crashed, gave up: it says so itself) or contradicts itself,
    which is never believed.  `durations` are seconds of all phases, for each test that ran;
    `deselected` are tests that were found and left out; `hidden` are modules of the tree that would
    stand in front of the environment's, and did not.  `unwatched` says why the canaries could not
    tell whether passes are real: honest fixtures can keep them from running, and so can others.
    """

    tests: dict[str, Ended]
    uncollected: tuple[str, ...] = ()
    why: str = ""
    problem: str = ""
    broken: bool = False
    timed_out: bool = False
    durations: dict[str, float] = field(default_factory=dict)
    deselected: frozenset[str] = frozenset()
    hidden: tuple[str, ...] = ()
    unwatched: str = ""

    def names(self, *outcomes: Ended) -> frozenset[str]:
        """Return the ids of the tests that ended in one of these ways."""
        return frozenset(name for name, ended in self.tests.items() if ended in outcomes)

    @property
    def ran(self) -> frozenset[str]:
        """Return the ids of the tests that came to an end of their own."""
        return self.names(Ended.PASSED, Ended.FAILED)


def read(ran: Ran, watch: Watch) -> Report:
    """Read the report of a run and hold it against its watch and the exit status.

    What this shows has a limit: the reporter lives in the process of the tested code, which can
    reach everything there.  It can be made to lie; the canaries, the run of the base's own tests
    and the mutants are there to notice.
    """
    state = _State(watch)
    is_whole = _hear(ran.report, state, watch.key)
    broken = _broken(ran, state, watch)
    problem = broken or ("" if is_whole else "the report of the tests is damaged")
    problem = problem or _contradiction(ran, state) or _lie(state, watch)
    return Report(
        tests=state.tests,
        uncollected=tuple(state.uncollected),
        why=state.why,
        problem=problem,
        broken=bool(broken),
        timed_out=ran.timed_out,
        durations=state.durations,
        deselected=frozenset(state.deselected),
        hidden=tuple(state.hidden),
        unwatched=_unwatched(state, watch),
    )


def _hear(data: bytes, state: _State, key: bytes) -> bool:
    """Take in every line that is authentic and in its turn; whether all were."""
    *lines, rest = data.split(b"\n")
    for number, line in enumerate(lines):
        mark, _, text = line.partition(b" ")
        place, _, said = text.partition(b" ")
        genuine = hmac.digest(key, text, "sha256").hex().encode()
        if not hmac.compare_digest(mark, genuine) or place != str(number).encode():
            return False
        try:
            state.hear(json.loads(said))
        except _FAULTS:
            return False
    return not rest


class _State:
    """What the lines said so far."""

    def __init__(self, watch: Watch) -> None:
        self.phases: dict[str, dict[str, Ended]] = {}
        self.canaries: dict[str, dict[str, Ended]] = {}
        self.durations: dict[str, float] = {}
        self.uncollected: list[str] = []
        self.deselected: list[str] = []
        self.hidden: list[str] = []
        self.covered: list[str] = []
        self.why = ""
        self.ends: list[int] = []
        self._names = watch.canaries
        self._collected: set[str] = set()

    @property
    def tests(self) -> dict[str, Ended]:
        """Every test's outcome."""
        return {name: _ended(phases) for name, phases in self.phases.items()}

    @property
    def strange(self) -> list[str]:
        """The tests that were reported and never collected."""
        return sorted(self.phases.keys() - self._collected)

    def hear(self, said: dict[str, Any]) -> None:
        """Take one line; `ValueError` for one that cannot be."""
        if len(self.ends) > 1 or (self.ends and "left" not in said):
            raise ValueError(said)
        if "collected" in said:
            names = [str(name) for name in said["collected"]]
            self._collected.update(names)
            for name in names:
                self.phases.setdefault(name, {})
        elif "deselected" in said:
            self.deselected += map(str, said["deselected"])
        elif "hidden" in said:
            self.hidden += map(str, said["hidden"])
        elif "uncollected" in said:
            self.uncollected.append(str(said["uncollected"]) or ".")
            self.why = self.why or str(said["why"])
        elif "test" in said:
            self._hear_test(said)
        else:
            self.ends.append(int(said["left"] if "left" in said else said["end"]))

    def _hear_test(self, said: dict[str, Any]) -> None:
        name, when, outcome = str(said["test"]), str(said["when"]), str(said["outcome"])
        if when not in _PHASES:
            raise ValueError(said)
        is_canary = name.rpartition("::")[2] in self._names
        phases = (self.canaries if is_canary else self.phases).setdefault(name, {})
        if outcome == "rerun":
            return  # a plugin is going to run it again: that end does not count
        ended = _OUTCOMES[outcome]
        if said.get("raised") and ended is Ended.PASSED and not is_canary:
            self.covered.append(name)
            ended = Ended.FAILED
        if said.get("expected"):
            ended = _EXPECTED[ended]
        # NOTE: subtests report the same phase several times; one failure stays.
        if phases.get(when) is not Ended.FAILED:
            phases[when] = ended
        if not is_canary:
            self.durations[name] = self.durations.get(name, 0.0) + _seconds(said["s"])


def _seconds(value: float) -> float:
    seconds = float(value)
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(value)
    return seconds


def _ended(phases: dict[str, Ended]) -> Ended:
    if Ended.FAILED in phases.values():
        return Ended.FAILED
    if "teardown" not in phases:
        return Ended.NOT_RUN
    for ended in (Ended.SKIPPED, Ended.XFAILED, Ended.XPASSED):
        if ended in phases.values():
            return ended
    return Ended.PASSED if "call" in phases and "setup" in phases else Ended.NOT_RUN


def _broken(ran: Ran, state: _State, watch: Watch) -> str:
    """Return how the run came to no end of its own, for all to see."""
    cut = (
        (ran.timed_out, f"the tests did not end within {ran.seconds:.0f} s"),
        (ran.out_of_memory, "the tests took more memory than the limit"),
        (ran.truncated, "the tests printed more than the limit"),
    )
    for was, how in cut:
        if was:
            return how
    status = ran.exit_status
    is_meant = watch.stops and status == _INTERRUPTED and Ended.FAILED in state.tests.values()
    if not state.ends and status not in {_PASSED, _NO_TESTS}:
        return f"pytest ended early with status {status}: {_last_line(ran, watch)}"
    is_agreed = bool(state.ends) and set(state.ends) == {status}
    if (
        is_agreed
        and status not in {_PASSED, _FAILED, _NO_TESTS}
        and not (state.uncollected or is_meant)
    ):
        return f"pytest gave up with status {status}: {_last_line(ran, watch)}"
    return ""


def _contradiction(ran: Ran, state: _State) -> str:
    """Return in what the run contradicts itself; empty when it can be believed."""
    if not state.ends:
        return f"the tests ended with status {ran.exit_status} before pytest was done"
    for end in state.ends:
        if end != ran.exit_status:
            return f"pytest said status {end}, but the process ended with {ran.exit_status}"
    if len(state.ends) == 1:
        return f"the process ended with status {ran.exit_status} before pytest was done"
    return _disagreement(state, state.ends[0])


def _disagreement(state: _State, end: int) -> str:
    """Return in what the tests' outcomes disagree with one another or with the end."""
    if state.covered:
        return f"a failure was reported as a pass: {listed(sorted(set(state.covered)))}"
    if state.strange:
        return f"tests were reported that were not collected: {listed(state.strange)}"
    ends = set(state.tests.values())
    bad = bool(state.uncollected) or not ends.isdisjoint({Ended.FAILED, Ended.NOT_RUN})
    if bad and end in {_PASSED, _NO_TESTS}:
        return f"pytest said status {end}, but not every test passed"
    if not bad and end == _FAILED:
        return "pytest said that tests failed, but reported none"
    return ""


def _canaries(state: _State) -> dict[str, Ended]:
    """Return how each canary ended that was heard of."""
    return {name.rpartition("::")[2]: _ended(phases) for name, phases in state.canaries.items()}


def _lie(state: _State, watch: Watch) -> str:
    """Return what the canaries show to be false."""
    ends = _canaries(state)
    if any(ends.get(name) is Ended.PASSED for name in watch.failing):
        return "a test that must fail was reported as a pass: the outcomes are not the tests' own"
    return ""


def _unwatched(state: _State, watch: Watch) -> str:
    """Return why the canaries could not tell whether tests passed that are said to have."""
    if Ended.PASSED not in state.tests.values():
        return ""
    ends = _canaries(state)
    # NOTE: a run that stops at its first failure (`-x`) does not come to the last ones.
    is_short = Ended.NOT_RUN in state.tests.values()
    if not ends or (len(ends) < len(watch.canaries) and not is_short):
        return "tests of which the end is known did not run"
    right = dict.fromkeys(watch.failing, Ended.FAILED) | dict.fromkeys(watch.passing, Ended.PASSED)
    if any(ended is not right[name] for name, ended in ends.items()):
        return "tests of which the end is known ended in another way"
    return ""


def _last_line(ran: Ran, watch: Watch) -> str:
    said = watch.scrubbed(ran.stderr.strip() or ran.stdout.strip())
    lines = said.splitlines()
    return one_line(lines[-1], 160) if lines else "no output"
