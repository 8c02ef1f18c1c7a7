"""What the pytest gate says of one project's tests: the sentences, and what they come with."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from workflow.gates.pytest import compare
from workflow.gates.pytest.report import Ended
from workflow.gates.text import listed
from workflow.types import Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from workflow.gates.pytest.compare import Comparison
    from workflow.gates.pytest.flaky import Settled
    from workflow.gates.pytest.report import Report

GUARDED: Final = "the base's tests and settings on the patch's sources"
"""What is special about a run of that kind."""
BROUGHT: Final = "the patch's tests on the base's sources"
BARE: Final = f"{GUARDED}, and what else the tests use"
NOTHING_SHOWN: Final = (
    "nothing shows that this does anything: no test fails without the patch and passes with it"
)
AT_ODDS: Final = (
    "and yet tests fail without the patch and pass with it: either they need something else of it, "
    "or they were made to pass"
)

_HINT = (
    "set `[gates.pytest] python` in workflow.toml to an interpreter that has pytest and what the "
    "tests import, such as /path/to/.venv/bin/python"
)
_LOG_HINT = "`workflow show ID --log pytest`, with the proposal's ID, shows why"
_TIME_HINT = (
    "raise `[gates.pytest] timeout_s` in workflow.toml, or mend the test that does not end; "
    "`workflow show ID --log pytest` shows how far it came"
)
PLUGIN_HINT: Final = (
    "a plugin of the project may not be loaded: name it in `[gates.pytest] plugins` in "
    "workflow.toml, or in the project's requirements"
)
_FAIL_HINT = "mend the patch; a test that is meant to go needs a change of its own"
_OPEN_HINT = "make the test steady, or propose it again if it is known to be unsteady"
_GUARD_HINT = (
    "mend the patch, or say with --allow weakened-test that the tests are meant to need this"
)
_MISSING = re.compile(r"No module named|ImportError|ModuleNotFoundError|cannot import name")
_PLUGIN = re.compile(r"unrecognized arguments|Unknown config option")


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one root.  Names of tests are those from the root.

    `unnoticed` are sentences on changes that no test noticed when they were broken on purpose.
    """

    root: str
    outcome: Outcome
    summary: str
    hint: str = ""
    notes: tuple[str, ...] = ()
    turns: Mapping[str, Settled] = field(default_factory=dict)
    proofs: frozenset[str] = frozenset()
    doubts: tuple[str, ...] = ()
    unnoticed: tuple[str, ...] = ()
    ran: frozenset[str] | None = frozenset()

    def from_top(self, names: Collection[str]) -> list[str]:
        """Return names of tests as they are from the top of the tree."""
        return [posixpath.join(self.root, name) for name in names]


def unusable(base: Report, patched: Report, root: str) -> Result | None:
    """Return the verdict on runs that did not get as far as single tests."""
    where, ran = _in(root), patched.ran
    if base.problem:
        said = f"on the base{where}: {base.problem}"
        return Result(root, Outcome.ERROR, said, _hint(base), ran=ran)
    if patched.problem:
        outcome = Outcome.FAIL if patched.broken else Outcome.ERROR
        said = f"on the patched tree{where}: {patched.problem}"
        return Result(root, outcome, said, _hint(patched), ran=ran)
    if not patched.uncollected:
        return None
    cause = compare.cause(patched.why)
    said = f"cannot be collected{where}: {listed(patched.uncollected)}: {cause}"
    if base.uncollected:
        said = f"on the base too, tests {said}"
        return Result(root, Outcome.ERROR, said, _hint(base), ran=ran)
    hint = f"mend what the patch broke: on the base the tests are collected; {_LOG_HINT}"
    return Result(root, Outcome.FAIL, f"on the patched tree, tests {said}", hint, ran=ran)


def failed(compared: Comparison, root: str, faults: Sequence[str]) -> Result:
    """Return the verdict on tests that got worse."""
    summary = f"{'; '.join(faults)}{_in(root)}"
    return _result(Outcome.FAIL, summary, _FAIL_HINT, compared, root)


def undecided(compared: Comparison, root: str, question: str) -> Result:
    """Return the verdict on tests that only luck would let pass."""
    return _result(Outcome.ERROR, f"{question}{_in(root)}", _OPEN_HINT, compared, root)


def nothing_passes(compared: Comparison, root: str) -> Result:
    """Return the verdict on a tree of which no test passes."""
    said = f"no test passes{_in(root)}, so nothing is proven"
    return _result(Outcome.ERROR, said, _LOG_HINT, compared, root)


def distrusted(compared: Comparison, root: str, said: str) -> Result:
    """Return the verdict on a run of the base's tests on the patch's sources that tells nothing."""
    hint = f"{_GUARD_HINT}; {_LOG_HINT}"
    return _result(Outcome.ERROR, under_guard(said, root), hint, compared, root)


def unwatched(compared: Comparison, root: str) -> Result:
    """Return the verdict on passes that nobody watched, though on the base they can be."""
    said = f"on the patched tree{_in(root)}: {compared.patched.unwatched}"
    return _result(Outcome.ERROR, said, f"{_GUARD_HINT}; {_LOG_HINT}", compared, root)


def forged(compared: Comparison, root: str, tests: Sequence[str]) -> Result:
    """Return the verdict on tests that pass whatever they do."""
    hint = f"{_GUARD_HINT}; {_LOG_HINT}"
    return _result(Outcome.ERROR, f"{stands(tests)}{_in(root)}", hint, compared, root)


def stands(tests: Sequence[str]) -> str:
    """Say that tests pass whatever they do."""
    return (
        f"{len(tests)} test(s) pass with the patch also when they are broken on purpose, and do "
        f"not on the base: {listed(tests)}"
    )


def nobody_watched(compared: Comparison, root: str) -> str:
    """Say that tests cannot be watched here; empty where they are."""
    said = compared.patched.unwatched
    return f"nothing watched whether the passes are real{_in(root)}: {said}" if said else ""


def under_guard(said: str, root: str) -> str:
    """Say what came of the base's tests on the patch's sources."""
    return f"with {GUARDED}{_in(root)}: {said}"


def propped(compared: Comparison, root: str, tests: Sequence[str], by: Sequence[str]) -> Result:
    """Return the verdict on tests that pass only by what the patch does to their surroundings."""
    summary = f"{only_with(tests, by)}{_in(root)}"
    return _result(Outcome.FAIL, summary, _GUARD_HINT, compared, root)


def only_with(tests: Sequence[str], by: Sequence[str]) -> str:
    """Say that tests which the patch does not touch pass only with its other test files."""
    return (
        f"{len(tests)} test(s) of the base pass only with what the patch does to {listed(by)}: "
        f"{listed(tests)}"
    )


def rewritten(tests: Sequence[str]) -> str:
    """Say that tests pass only in the words that the patch gives them."""
    return (
        f"{len(tests)} test(s) pass only as the patch rewrites them, and fail on its sources as "
        f"they were: {listed(tests)}"
    )


def only_borrowed(tests: Sequence[str], files: Sequence[str]) -> str:
    """Say that tests need what a patch does to files of their own that lie elsewhere."""
    which = f"{len(tests)} test(s) pass" if tests else "the base's tests can be run"
    named = f": {listed(tests)}" if tests else ""
    return (
        f"{which} only with what the patch does to {listed(files)}, which tests use and no source "
        f"does{named}"
    )


def other_examples(files: Sequence[str]) -> str:
    """Say that examples which are run as tests went, or changed along with the source."""
    return f"examples in {listed(files)} ran as tests on the base, and the patch rewrites them"


def unlike_base(names: Sequence[str]) -> str:
    """Say that the base's tests notice what is broken on the base, and not with the patch."""
    return (
        f"tests of the base fail when {listed(names)} {'is' if len(names) == 1 else 'are'} broken "
        "on purpose on the base, and none of them does with the patch"
    )


def passed(compared: Comparison, root: str) -> Result:
    """Return the verdict on tests of which none got worse."""
    count, before = (
        len(report.names(Ended.PASSED, Ended.XPASSED))
        for report in (compared.patched, compared.base)
    )
    was = "cannot be collected" if compared.base.uncollected else f"{before} passed"
    summary = f"{count} passed on the patched tree{_in(root)} (base: {was})"
    return _result(Outcome.PASS, summary, "", compared, root)


def _result(outcome: Outcome, summary: str, hint: str, compared: Comparison, root: str) -> Result:
    turns = compared.settled
    return Result(
        root=root,
        outcome=outcome,
        summary=summary,
        hint=hint,
        notes=tuple(compare.notes(compared, turns, root)),
        turns=turns,
        proofs=compare.proofs(compared.base, turns),
        ran=compared.patched.ran,
    )


def _in(root: str) -> str:
    return f" in {root}" if root else ""


def _hint(report: Report) -> str:
    """Return what helps on a run that did not get as far as single tests."""
    if report.timed_out:
        return _TIME_HINT
    said = f"{report.problem}\n{report.why}"
    if _PLUGIN.search(said):
        return f"{PLUGIN_HINT}; {_LOG_HINT}"
    return f"{_HINT}; {_LOG_HINT}" if _MISSING.search(said) else _LOG_HINT
