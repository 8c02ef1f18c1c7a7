"""Whether tests notice when what a patch changed is broken on purpose, each thing by itself.

For what the base has, the base's own tests have to notice: those that a patch brings would vouch
for whatever it does.  Where only these do, it is tried whether the base's notice it on the base.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workflow.gates.pytest import guard, impact, mutants, words
from workflow.gates.pytest import roots as roots_of
from workflow.gates.pytest.report import Ended
from workflow.gates.pytest.runs import Wanted
from workflow.gates.text import listed
from workflow.types import ChangeKind, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.gates.pytest.mutants import Mutant
    from workflow.gates.pytest.pair import Both
    from workflow.gates.pytest.report import Report
    from workflow.gates.pytest.runs import Bench

# Seconds of the base's tests, in all mutants together.
_MAX_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Trials:
    """What is broken on purpose, and the run of each: of the base's tests if it `has_guard`.

    `only` are the tests that use what changed, if there are many others.
    """

    broken: tuple[Mutant, ...]
    wanted: tuple[Wanted, ...]
    only: tuple[str, ...] = ()
    has_guard: bool = False


def trials(bench: Bench, both: Both, guarded: Wanted | None) -> Trials:
    """Return what to break, and how to run the tests on it."""
    seconds = sum(both.compared.base.durations.values())
    most = max(1, min(mutants.MOST, int(_MAX_SECONDS / max(seconds, 1.0))))
    broken = mutants.mutants(bench.case, guard.clean(bench.case.patched), most).mutants
    only = impact.first(bench) if broken else ()
    wanted = tuple(
        _under_guard(bench, one, guarded, only)
        if guarded is not None and one.before
        else _on_patch(bench, both, one, only)
        for one in broken
    )
    return Trials(broken, wanted, only, guarded is not None)


def heard(
    bench: Bench, both: Both, tried: Trials, reports: Sequence[Report], of_base: Report
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return sentences on what no test noticed, and on what the base's tests should have noticed.

    `of_base` is the report of the base's tests on the patch's sources.
    """
    passed = both.compared.patched.names(Ended.PASSED)
    unnoticed: list[Mutant] = []
    open_ones: list[Mutant] = []
    for one, report in zip(tried.broken, reports, strict=True):
        is_guarded = tried.has_guard and bool(one.before)
        if not mutants.noticed(of_base.names(Ended.PASSED) if is_guarded else passed, report):
            (open_ones if is_guarded else unnoticed).append(one)
    here = [_on_patch(bench, both, one, tried.only) for one in open_ones]
    before = [_on_base(bench, one, tried.only) for one in open_ones]
    later = bench.run(*here, *before)
    expected = of_base.names(Ended.PASSED) & both.compared.base.names(Ended.PASSED)
    odd: list[str] = []
    for n, one in enumerate(open_ones):
        if mutants.noticed(expected, later[len(here) + n]):
            odd.append(words.unlike_base(one.names))
        elif not mutants.noticed(passed, later[n]):
            unnoticed.append(one)
    said = (f"no test fails when {listed(one.names)} {one.what}" for one in unnoticed)
    return tuple(said), tuple(odd)


def _on_patch(bench: Bench, both: Both, one: Mutant, only: tuple[str, ...]) -> Wanted:
    """Return the run of the patch's tests; it goes on where some of them fail anyway."""
    return Wanted(
        side=Side.PATCHED,
        scratch=one.scratch,
        settings=bench.case.patched,
        what=f"when {listed(one.names, 2)} {one.what}",
        only=only,
        stops=not both.compared.patched.names(Ended.FAILED),
    )


def _under_guard(bench: Bench, one: Mutant, guarded: Wanted, only: tuple[str, ...]) -> Wanted:
    """Return the run of the base's tests; it goes on where some may say something else now."""
    rewrites = any(
        file.kind is not ChangeKind.ADDED and file.path in guard.infrastructure(bench.case)
        for file in bench.case.change.files
    )
    return replace(
        guarded,
        scratch=guarded.scratch.laid(*one.laid),
        what=f"when {listed(one.names, 2)} {one.what}, {words.GUARDED}",
        only=_there(bench, only),
        stops=not rewrites,
    )


def _on_base(bench: Bench, one: Mutant, only: tuple[str, ...]) -> Wanted:
    """Return the run of the base's tests on the base, with the same broken."""
    return Wanted(
        side=Side.BASE,
        scratch=guard.clean(bench.case.base).laid(*one.before),
        settings=bench.case.base,
        what=f"when {listed(one.names, 2)} {one.what} on the base",
        only=_there(bench, only),
    )


def _there(bench: Bench, only: tuple[str, ...]) -> tuple[str, ...]:
    there = roots_of.test_files(bench.case.base, bench.root) if only else frozenset()
    return tuple(name for name in only if name in there)
