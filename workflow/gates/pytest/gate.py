"""The pytest gate: the project's own tests on both trees; what passed must still pass."""

from __future__ import annotations

import hashlib
import posixpath
import re
import sys
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.errors import UsageError
from workflow.gates.pytest import report as reports_of
from workflow.gates.pytest import roots as roots_of
from workflow.gates.pytest.report import Ended, Report
from workflow.gates.text import bounded, listed, one_line
from workflow.process import side_by_side
from workflow.sandbox import TREE, Command, Limits, Network
from workflow.sandbox.interpreter import Interpreter, interpreter
from workflow.types import Evidence, Outcome, Side, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.gates.interface import Case, Tree
    from workflow.process import Ran
    from workflow.types import TreeId

_START = Path(__file__).with_name("start.py")
_INSIDE = "/run/workflow"
_OUTPUT = 16 * 1024 * 1024
_HINT = (
    "set `[gates.pytest] python` in workflow.toml to an interpreter that has pytest and what the "
    "tests import, such as /path/to/.venv/bin/python"
)
_LOG_HINT = "`workflow show ID --log pytest`, with the proposal's ID, shows why"
_TIME_HINT = (
    "raise `[gates.pytest] timeout_s` in workflow.toml, or mend the test that does not end; "
    "`workflow show ID --log pytest` shows how far it came"
)
_MISSING = re.compile(r"No module named|ImportError|ModuleNotFoundError|cannot import name")
_MAX_PROOF = 200
_MAX_PROOFS = 200
_SEVERITY = {Outcome.PASS: 0, Outcome.ERROR: 1, Outcome.FAIL: 2}


@dataclass(frozen=True, slots=True)
class PytestGate:
    """Judges by the tests of the nearest project around the changed files.

    `python` is `auto` (the interpreter that runs us) or the full path of one; `timeout_s` bounds
    one run of pytest, in seconds of wall time.

    A change passes when every test that passed on the base is there and passes on the patched
    tree, and no other test began to fail.  Tests that fail on both are noted.  Where no test passes
    on the patched tree nothing is proven, which is an error.

    A gate lives as long as one command, and runs a base's tests once in that time: a command that
    judges several changes of one base, to see what each part is needed for, waits half as long.
    """

    python: str = "auto"
    timeout_s: float = 300.0
    name: str = field(default="pytest", init=False)
    _bases: dict[tuple[TreeId, str], Ran] = field(default_factory=dict, init=False, compare=False)

    def applies(self, case: Case) -> bool:
        """Whether there are Python tests around a changed file."""
        return bool(_roots(case))

    def judge(self, case: Case) -> Verdict:
        """Run the tests of each root on both trees and compare, test by test."""
        try:
            python = interpreter(Path(sys.executable if self.python == "auto" else self.python))
        except UsageError as error:
            return Verdict(self.name, Outcome.ERROR, one_line(error.message), hint=error.hint)
        results = [self._judge(case, root, python) for root in _roots(case)]
        if not results:
            return Verdict(self.name, Outcome.ERROR, "there are no tests around the change")
        worst = max(results, key=lambda result: _SEVERITY[result.outcome])
        passed = worst.outcome is Outcome.PASS
        summary = "; ".join(one.summary for one in results) if passed else worst.summary
        return Verdict(
            gate=self.name,
            outcome=worst.outcome,
            summary=one_line(summary),
            evidence=tuple(evidence for result in results for evidence in result.evidence),
            notes=bounded([note for result in results for note in result.notes]),
            hint=worst.hint,
            proofs=_bounded_proofs([one for result in results for one in result.proofs])
            if passed
            else (),
            ran=case.keep(_lines([name for result in results for name in result.ran])),
        )

    def _judge(self, case: Case, root: str, python: Interpreter) -> _Result:
        """Judge one root; a tree that has no tests there has an empty report."""
        trees = {Side.BASE: case.base, Side.PATCHED: case.patched}
        have = [side for side, tree in trees.items() if roots_of.has_tests(tree, root)]
        base = self._bases.get((case.base.id, root))
        rans = {Side.BASE: base} if base else {}
        left = [side for side in have if side not in rans]
        commands = [self._command(trees[side], root, python) for side in left]
        # Side by side: a person waits for the slower of the two, not for both.
        fresh = side_by_side([partial(case.sandbox.run, command) for command in commands])
        rans |= dict(zip(left, fresh, strict=True))
        if Side.BASE in rans:
            self._bases[case.base.id, root] = rans[Side.BASE]
        reports = dict.fromkeys(trees, Report({}))
        reports |= {side: reports_of.read(rans[side]) for side in have}
        words = f"pytest -q in {root}" if root else "pytest -q"
        runs = tuple(
            Evidence(side, words, ran.exit_status, round(ran.seconds, 3), case.keep(_log(ran)))
            for side, ran in rans.items()
        )
        result = _compared(reports[Side.BASE], reports[Side.PATCHED], root)
        proofs = _proofs(reports[Side.BASE], reports[Side.PATCHED], root)
        ran = tuple(posixpath.join(root, name) for name in reports[Side.PATCHED].ran)
        return replace(result, evidence=runs, proofs=proofs, ran=ran)

    def _command(self, tree: Tree, root: str, python: Interpreter) -> Command:
        home = posixpath.join(TREE, root) if root else TREE
        name = roots_of.configuration(tree, root)
        # Named in every case: pytest would look for one in the folders above, another project's.
        config = posixpath.join(home, name) if name else f"{_INSIDE}/pytest.ini"
        return Command(
            argv=(
                *(str(python.program), f"{_INSIDE}/start.py", "-q", "-p", "no:cacheprovider"),
                *("-c", config, "--rootdir", home, "--confcutdir", home),
            ),
            tree=tree.scratch,
            cwd=home,
            env={
                "PATH": f"{python.program.parent}:/usr/local/bin:/usr/bin:/bin",
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONHASHSEED": "0",
                "PYTHONNOUSERSITE": "1",
            },
            read_only=python.folders,
            files=(
                (f"{_INSIDE}/start.py", _START.read_bytes()),
                (f"{_INSIDE}/pytest.ini", b"[pytest]\n"),
            ),
            limits=Limits(wall_s=self.timeout_s, output=_OUTPUT),
            network=Network.LOOPBACK,
            report=True,
        )


@dataclass(frozen=True, slots=True)
class _Result:
    """What came of one root."""

    outcome: Outcome
    summary: str
    hint: str = ""
    notes: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    proofs: tuple[str, ...] = ()
    ran: tuple[str, ...] = ()


def _log(ran: Ran) -> bytes:
    """What pytest printed, kept as evidence."""
    return ran.stdout + ran.stderr


def _lines(names: Sequence[str]) -> bytes:
    """Names of tests, one a line, in order."""
    escaped = (name.replace("\n", "\\n") for name in sorted(names))
    return "".join(f"{name}\n" for name in escaped).encode("utf-8", "backslashreplace")


def _roots(case: Case) -> tuple[str, ...]:
    """Return the folders whose tests are to run, for both trees, each once."""
    changed = case.change.paths
    found = roots_of.roots(case.base, changed) | roots_of.roots(case.patched, changed)
    return tuple(sorted(found))


def _compared(base: Report, patched: Report, root: str) -> _Result:
    """Judge by both reports of a root, which is empty at the top."""
    where = f" in {root}" if root else ""
    unusable = _unusable(base, patched, where)
    if unusable:
        return unusable
    fault = _fault(base, patched)
    notes = tuple(_notes(base, patched, root))
    if fault:
        hint = "mend the patch; a test that is meant to go needs a change of its own"
        return _Result(Outcome.FAIL, f"{fault}{where}", hint, notes)
    passed, before = (len(report.names(Ended.PASSED)) for report in (patched, base))
    if not passed:
        return _Result(
            Outcome.ERROR, f"no test passes{where}, so nothing is proven", _LOG_HINT, notes
        )
    was = "cannot be collected" if base.uncollected else f"{before} passed"
    summary = f"{passed} passed on the patched tree{where} (base: {was})"
    return _Result(Outcome.PASS, summary, "", notes)


def _unusable(base: Report, patched: Report, where: str) -> _Result | None:
    """Return the verdict on runs that did not get as far as single tests."""
    if base.problem:
        return _Result(Outcome.ERROR, f"on the base{where}: {base.problem}", _hint(base))
    if patched.problem:
        outcome = Outcome.FAIL if patched.broken else Outcome.ERROR
        return _Result(outcome, f"on the patched tree{where}: {patched.problem}", _hint(patched))
    if not patched.uncollected:
        return None
    said = f"cannot be collected{where}: {listed(patched.uncollected)}: {_cause(patched.why)}"
    if base.uncollected:
        return _Result(Outcome.ERROR, f"on the base too, tests {said}", _hint(base))
    hint = f"mend what the patch broke: on the base the tests are collected; {_LOG_HINT}"
    return _Result(Outcome.FAIL, f"on the patched tree, tests {said}", hint)


def _hint(report: Report) -> str:
    """Return what helps on a run that did not get as far as single tests."""
    if report.timed_out:
        return _TIME_HINT
    lacks = _MISSING.search(f"{report.problem}\n{report.why}")
    return f"{_HINT}; {_LOG_HINT}" if lacks else _LOG_HINT


def _fault(base: Report, patched: Report) -> str:
    """Return what got worse; empty when nothing did."""
    passed = base.names(Ended.PASSED)
    broken = patched.names(Ended.FAILED) - base.names(Ended.FAILED)
    gone = passed - patched.tests.keys()
    idle = passed & patched.names(Ended.SKIPPED, Ended.NOT_RUN)
    faults = [
        (broken, "fail on the patched tree and not on the base"),
        (gone, "passed on the base and are gone"),
        (idle, "passed on the base and do not run any more"),
    ]
    return "; ".join(
        f"{len(names)} test(s) {what}: {listed(sorted(names))}" for names, what in faults if names
    )


def _notes(base: Report, patched: Report, root: str) -> list[str]:
    """Return what a reviewer should know of single tests, by their names from the top."""
    failed = base.names(Ended.FAILED)
    facts = [
        (failed & patched.names(Ended.PASSED), "failed on the base, passes now"),
        (patched.names(Ended.PASSED) - base.tests.keys(), "new, passes"),
        (failed & patched.names(Ended.FAILED), "fails on both trees"),
        (failed - patched.tests.keys(), "failed on the base, is gone"),
        (patched.names(Ended.SKIPPED) - base.names(Ended.SKIPPED), "skipped now"),
        (base.names(Ended.SKIPPED) - patched.tests.keys(), "skipped on the base, is gone"),
    ]
    notes = [
        f"{what}: {posixpath.join(root, name)}" for names, what in facts for name in sorted(names)
    ]
    if base.uncollected:
        notes.insert(0, f"on the base, tests could not be collected: {_cause(base.why)}")
    return notes


def _cause(why: str) -> str:
    """Return the line of a collection failure that says most."""
    lines = re.findall(r"(?m)^E +(.*)$", why) or why.strip().splitlines() or ["no reason given"]
    return one_line(lines[-1], 160)


def _proofs(base: Report, patched: Report, root: str) -> tuple[str, ...]:
    """Return the tests that pass now and failed on the base, or were not there."""
    known = base.names(Ended.PASSED, Ended.SKIPPED, Ended.NOT_RUN)
    names = patched.names(Ended.PASSED) - known
    return tuple(_proof(posixpath.join(root, name)) for name in names)


def _proof(name: str) -> str:
    """Return a test's name for the record: printable and bounded, and no other test's."""
    shown = one_line(name, _MAX_PROOF)
    return f"pytest: {shown}" if shown == name else f"pytest: {shown} ({_hash(name)})"


def _bounded_proofs(proofs: Sequence[str]) -> tuple[str, ...]:
    """Return the proofs in order; the surplus is counted, and its hash tells it from another."""
    ordered = sorted(proofs)
    if len(ordered) <= _MAX_PROOFS:
        return tuple(ordered)
    rest = ordered[_MAX_PROOFS:]
    return (*ordered[:_MAX_PROOFS], f"pytest: and {len(rest)} more ({_hash(repr(rest))})")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
