"""The pytest gate: the project's own tests on both trees; what passed must still pass."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from workflow.environments import Environments, EnvironmentUnavailableError, Installed
from workflow.errors import UsageError
from workflow.gates import identity as identity_of
from workflow.gates.pytest import compare, guard, names, plugins, proof, trial, tripwire, words
from workflow.gates.pytest import roots as roots_of
from workflow.gates.pytest.pair import Both
from workflow.gates.pytest.runs import Bench
from workflow.gates.text import bounded, listed, one_line
from workflow.types import Outcome, Turn, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.environments import Pair
    from workflow.gates.interface import Case
    from workflow.gates.pytest.words import Result
    from workflow.types import Evidence

_SEVERITY = {Outcome.PASS: 0, Outcome.ERROR: 1, Outcome.FAIL: 2}


@dataclass(frozen=True, slots=True)
class PytestGate:
    """Judges by the tests of the nearest project around the changed files.

    `environments` gives the interpreter and the packages; `timeout_s` bounds one run of pytest, in
    seconds of wall time; `plugins` names pytest plugins of the environment to load beside those
    that the base's own files mention.

    A change passes when every test that passed on the base is there and passes on the patched
    tree, and no other test began to fail; when the base's own tests pass on the patch's sources,
    too; and when no test is unsteady on the patched tree alone.  Tests that fail on both are noted.
    Where no test passes on the patched tree nothing is proven, which is an error.

    What passes may still come with doubts: no test fails without the patch, or none notices when
    what it changed is broken on purpose, or the patch holds code of the kind that cheats tests.
    """

    environments: Environments = field(default_factory=Installed)
    timeout_s: float = 300.0
    plugins: tuple[str, ...] = ()
    name: str = field(default="pytest", init=False)

    def applies(self, case: Case) -> bool:
        """Whether there are Python tests around a changed file."""
        return bool(roots_of.around(case, case.change.paths))

    def identity(self, case: Case) -> str:
        """Return a digest of the settings and of the Python that the tests run on."""
        try:
            pairs = [self._pair(case, root) for root in roots_of.around(case, case.change.paths)]
        except (EnvironmentUnavailableError, UsageError):
            return ""
        both = [one for pair in pairs for one in (pair.base, pair.patched)]
        tools = tuple(dict.fromkeys(path for one in both for path in one.interpreter.folders))
        return identity_of.identity(
            self.timeout_s, self.plugins, [one.key for one in both], tools=tools
        )

    def judge(self, case: Case) -> Verdict:
        """Run the tests of each root on both trees and compare, test by test."""
        benches: list[Bench] = []
        told: dict[str, None] = {}
        known = guard.known(case.base)
        for root in roots_of.around(case, case.change.paths):
            try:
                pair = self._pair(case, root)
            except (EnvironmentUnavailableError, UsageError) as error:
                return Verdict(self.name, Outcome.ERROR, one_line(error.message), hint=error.hint)
            wanted = (*self.plugins, *plugins.mentioned(case.base, root))
            benches.append(Bench(case, root, pair, wanted, known, self.timeout_s))
            told |= dict.fromkeys(pair.notes)
        if not benches:
            return Verdict(self.name, Outcome.ERROR, "there are no tests around the change")
        results = _results(benches)
        for bench in benches:
            told |= dict.fromkeys(_lacking(bench))
        evidence = [run for bench in benches for run in bench.evidence]
        verdict = _verdict(self.name, case, results, evidence, tuple(told))
        below = dict.fromkeys(doubt for bench in benches for doubt in bench.pair.doubts)
        return replace(verdict, doubts=bounded([*below, *verdict.doubts]))

    def _pair(self, case: Case, root: str) -> Pair:
        paths = case.change.paths
        return self.environments.pair(case.base.read, case.patched.read, root, paths)


def _results(benches: Sequence[Bench]) -> list[Result]:
    """Return what comes of each root; nothing is to be proven before it passes in all of them."""
    heard = [(bench, trial.judge(bench)) for bench in benches]
    if all(isinstance(one, Both) for _, one in heard):
        return [proof.shown(bench, one) for bench, one in heard if isinstance(one, Both)]
    return [
        words.passed(one.compared, bench.root) if isinstance(one, Both) else one
        for bench, one in heard
    ]


def _lacking(bench: Bench) -> Iterator[str]:
    """Say which fixtures there are not, though the base's own tests ask for them."""
    if bench.lacking:
        said = f"on the base, there is no fixture {listed(sorted(bench.lacking))}"
        yield f"{said}: {words.PLUGIN_HINT}"


def _verdict(
    gate: str,
    case: Case,
    results: Sequence[Result],
    evidence: Sequence[Evidence],
    told: tuple[str, ...],
) -> Verdict:
    """Put what came of each root together: the worst decides."""
    worst = max(results, key=lambda result: _SEVERITY[result.outcome])
    passed = worst.outcome is Outcome.PASS
    summary = "; ".join(one.summary for one in results) if passed else worst.summary
    ran = [one.from_top(one.ran) for one in results if one.ran is not None]
    return Verdict(
        gate=gate,
        outcome=worst.outcome,
        summary=one_line(summary),
        evidence=tuple(evidence),
        notes=bounded([*told, *(note for result in results for note in result.notes)]),
        hint=worst.hint,
        proofs=names.proofs([name for one in results for name in one.from_top(one.proofs)])
        if passed
        else (),
        ran=case.keep(names.lines([name for some in ran for name in some]))
        if len(ran) == len(results)
        else None,
        tallies=compare.tallies([compare.from_top(one.root, one.turns) for one in results]),
        doubts=bounded([*_doubts(results), *tripwire.doubts(case)]),
    )


def _doubts(results: Sequence[Result]) -> list[str]:
    """Return what a reviewer should look at; what one root shows, another need not show again."""
    found = [doubt for one in results for doubt in one.doubts]
    unnoticed = [
        doubt for doubt in results[0].unnoticed if all(doubt in one.unnoticed for one in results)
    ]
    proven = any(
        one.turn is Turn.FAIL_TO_PASS for result in results for one in result.turns.values()
    )
    if proven and unnoticed:
        unnoticed.append(words.AT_ODDS)
    return [*dict.fromkeys(found), *unnoticed]
