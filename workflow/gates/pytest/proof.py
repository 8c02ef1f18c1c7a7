"""What a patch has to show whose tests pass: that they can be believed, and that they need it.

The base's own tests judge the patch's sources, where the patch touches tests.  The patch's own
tests run on the base's sources: one that fails there is proof, one that passes is just new.  What
would be proof runs again.  And the tests must notice when what the patch changed is broken on
purpose.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.gates.pytest import (
    borrowed,
    compare,
    examples,
    guard,
    hollow,
    pair,
    tripwire,
    vouched,
    words,
)
from workflow.gates.pytest import roots as roots_of
from workflow.gates.pytest.compare import Comparison
from workflow.gates.pytest.report import Ended, Report
from workflow.gates.pytest.runs import Wanted, arguments
from workflow.semantics.neutral import is_same
from workflow.types import ChangeKind, Side, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.gates.pytest.pair import Both
    from workflow.gates.pytest.runs import Bench
    from workflow.gates.pytest.words import Result
    from workflow.types import FileChange, RepoPath

_REGULAR = ("100644", "100755")


def shown(bench: Bench, both: Both) -> Result:
    """Return the verdict on a patch of which no test got worse: a pass, unless it is not believed.

    It carries the doubts that a reviewer should know.
    """
    if _is_blinded(both.compared):
        return words.unwatched(both.compared, bench.root)
    guarded, brought = _guard(bench, both), _own_tests(bench, both)
    own_files = borrowed.borrowed(bench.case) if both.compared.base.tests else ()
    bare = _without(bench, own_files)
    tried = hollow.hollow(bench, both) if _does_something(bench) else None
    broken = (tried.patched,) if tried is not None else ()
    crossed = [*broken, *(one for one in (brought, guarded, bare) if one is not None)]
    own = brought.only if brought is not None else ()
    old = [name for name in _cured(both) if _file(name) not in own]
    again = _again(both.base, both.patched, old)
    trials = vouched.trials(bench, both, guarded)
    # All at once: a person waits for the longest, and hardly for the others.
    reports = iter(bench.run(*trials.wanted, *again, *crossed))
    mutated = [next(reports) for _ in trials.wanted]
    settled = pair.heard_again(both, again, [next(reports) for _ in again])
    standing = hollow.standing(bench, both, tried, next(reports)) if tried is not None else []
    without = next(reports) if brought is not None else Report({})
    doubts = [words.nobody_watched(both.compared, bench.root), *_examples(bench, both)]
    of_base = both.compared.patched
    if guarded is not None:
        of_base = next(reports)
        found = _under_guard(bench, both, guarded, of_base)
        if not isinstance(found, str):
            return found
        doubts.append(found)
    if standing and not bench.may_weaken:
        return words.forged(both.compared, bench.root, standing)
    if standing:
        doubts.append(words.stands(standing))
    if bare is not None:
        doubts.append(_under_bare(both, of_base, next(reports), own_files))
    both = settled
    if brought is not None and not without.problem:
        both = _held(bench, both, brought, without)
    turns = both.compared.settled
    if bench.may_weaken:
        doubts += compare.losses(both.compared.base, both.compared.patched)
    if not compare.named(turns, Turn.FAIL_TO_PASS) and not without.uncollected:
        doubts.append(words.NOTHING_SHOWN if _does_something(bench) else "")
    unnoticed, odd = vouched.heard(bench, both, trials, mutated, of_base)
    doubts += odd
    kept = tuple(doubt for doubt in doubts if doubt)
    return replace(words.passed(both.compared, bench.root), doubts=kept, unnoticed=unnoticed)


def _is_blinded(compared: Comparison) -> bool:
    """Whether passes can be watched on the base, and not any more with the patch."""
    return bool(compared.patched.unwatched and compared.base.tests and not compared.base.unwatched)


# --- the tests of one tree on the sources of the other --------------------------------------------


def _guard(bench: Bench, both: Both) -> Wanted | None:
    """Return the run of the base's tests on the patch's sources, where they are not the patch's."""
    is_needed = both.compared.base.tests and _touches_sources(bench)
    scratch = guard.guarded(bench.case) if is_needed else None
    if scratch is None:
        return None
    return Wanted(Side.PATCHED, scratch, bench.case.base, words.GUARDED)


def _without(bench: Bench, own_files: Sequence[RepoPath]) -> Wanted | None:
    """Return the run with what the tests use as it is on the base, if that leaves something."""
    paths = guard.infrastructure(bench.case)
    if not own_files or len(paths) + len(own_files) >= len(bench.case.change.files):
        return None
    scratch = guard.guarded(bench.case, own_files)
    return Wanted(Side.PATCHED, scratch, bench.case.base, words.BARE) if scratch else None


def _under_bare(both: Both, of_base: Report, report: Report, own_files: Sequence[RepoPath]) -> str:
    """Return a doubt if the base's tests need what the patch does to files that they use."""
    if report.problem or report.uncollected:
        return words.only_borrowed((), own_files)
    passed = of_base.names(Ended.PASSED) & both.compared.base.names(Ended.PASSED)
    worse = sorted(passed - report.names(Ended.PASSED))
    return words.only_borrowed(worse, own_files) if worse else ""


def _own_tests(bench: Bench, both: Both) -> Wanted | None:
    """Return the run of the test files that the patch makes or changes on the base's sources."""
    changed = set(bench.case.change.paths)
    files = sorted({_file(name) for name in both.compared.patched.tests})
    only = arguments([name for name in files if posixpath.join(bench.root, name) in changed])
    scratch = guard.transplanted(bench.case) if only and _touches_sources(bench) else None
    if scratch is None:
        return None
    return Wanted(Side.BASE, scratch, bench.case.patched, words.BROUGHT, only)


def _touches_sources(bench: Bench) -> bool:
    """Whether the patch changes more than tests: else each of its trees is one that did run."""
    return len(guard.infrastructure(bench.case)) < len(bench.case.change.files)


def _file(name: str) -> str:
    return name.partition("::")[0]


def _under_guard(bench: Bench, both: Both, wanted: Wanted, report: Report) -> Result | str:
    """Return the verdict if the base's tests do not pass on the patch's sources, or a doubt.

    Tests in files that the patch changes may rightly say something else now, which is a doubt.  The
    others must pass without what the patch does to their surroundings.
    """
    compared, root = both.compared, bench.root
    if report.problem and report.broken and bench.may_weaken:
        return words.under_guard(report.problem, root)
    problem = report.problem or ("" if compared.base.unwatched else report.unwatched)
    if problem:
        return words.distrusted(compared, root, problem)
    there = replace(both, patched=wanted, compared=Comparison(compared.base, report))
    turns = pair.settle(bench, there).compared.settled
    passed = compared.base.names(Ended.PASSED, Ended.XPASSED)
    still = compared.patched.names(Ended.PASSED, Ended.XPASSED)
    worse = compare.named(turns, Turn.PASS_TO_FAIL, Turn.SKIPPED, Turn.REMOVED) & passed & still
    question = compare.open_questions(turns)
    if question:
        return words.distrusted(compared, root, question)
    own = sorted(name for name in worse if _is_rewritten(bench, _file(name)))
    others = sorted(worse.difference(own))
    by = guard.infrastructure(bench.case)
    if others and not bench.may_weaken:
        return words.propped(compared, root, others, by)
    said = [words.only_with(others, by)] if others else []
    said += [words.rewritten(own)] if own else []
    return "; ".join(said)


def _held(bench: Bench, both: Both, brought: Wanted, without: Report) -> Both:
    """Hold the patch's own tests against the base's sources, and run again those that need it.

    Of a test that ran again before, what was seen of it on the base stays.
    """
    compared = both.compared
    later = (*compared.base_again, *compared.patched_again)
    known = {name for report in later for name in report.tests}
    tests = {name: end for name, end in without.tests.items() if name not in known}
    compared = replace(compared, brought=replace(without, tests=tests))
    both = replace(both, compared=compared)
    again = _again(brought, both.patched, [name for name in _cured(both) if name in tests])
    return pair.heard_again(both, again, bench.run(*again))


def _cured(both: Both) -> list[str]:
    """Return the first of the tests that fail without the patch and pass with it."""
    return sorted(compare.named(both.compared.settled, Turn.FAIL_TO_PASS))[: pair.MOST_AGAIN]


def _again(before: Wanted, after: Wanted, names: list[str]) -> tuple[Wanted, ...]:
    """Return runs of these tests alone on both trees: what would be proof must not be luck."""
    only = arguments(names)
    return tuple(pair.alone(one, only, 1) for one in (before, after)) if only else ()


def _examples(bench: Bench, both: Both) -> list[str]:
    """Return a doubt on examples in sources that ran as tests, and went along with the source."""
    paths = {posixpath.join(bench.root, name): name for name in map(_file, both.compared.base.ran)}
    tests = frozenset(guard.infrastructure(bench.case))
    found = [
        file.path
        for file in bench.case.change.files
        if file.path in paths
        and file.path not in tests
        and file.old_mode in _REGULAR
        and not examples.kept(
            bench.case.base.read(file.path),
            bench.case.patched.read(file.path) if file.new_mode in _REGULAR else b"",
        )
    ]
    return [words.other_examples(found)] if found else []


# --- whether there is something to show -----------------------------------------------------------


def _is_rewritten(bench: Bench, name: str) -> bool:
    """Whether the patch changes what a test file means, or takes it away."""
    path = posixpath.join(bench.root, name)
    return any(file.path == path and _changes(bench, file) for file in bench.case.change.files)


def _does_something(bench: Bench) -> bool:
    """Whether the patch changes what a source means that is no test, or data that may be code."""
    tests = set(guard.infrastructure(bench.case))
    return any(
        (file.path.endswith(".py") or tripwire.may_run(bench.case, file))
        and file.path not in tests
        and bench.root in roots_of.around(bench.case, (file.path,))
        and _changes(bench, file)
        for file in bench.case.change.files
    )


def _changes(bench: Bench, file: FileChange) -> bool:
    """Whether a file means something else than it did; a new one and one that goes do."""
    if file.kind is not ChangeKind.MODIFIED or file.new_mode not in _REGULAR:
        return True
    case = bench.case
    return not is_same(file.path, case.base.read(file.path), case.patched.read(file.path))
