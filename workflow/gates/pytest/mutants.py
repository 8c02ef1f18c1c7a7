"""Breaks on purpose what a patch changes: tests that speak for the change must notice.

A mutant runs all that the patch wrote and spoils only what comes of it, and only while a test runs:
code that takes the verdict into its own hands does so in a mutant as well, and the tests that it
made pass go on passing, which gives it away.  What the base has is broken one by one, so that one
honest change does not vouch for all others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from workflow.gates.pytest import spoil
from workflow.gates.pytest.guard import infrastructure
from workflow.gates.pytest.report import Ended
from workflow.sandbox import Laid
from workflow.semantics.neutral import is_same
from workflow.semantics.python import UnreadableError, weight

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterable, Iterator

    from workflow.gates.interface import Case
    from workflow.gates.pytest.report import Report
    from workflow.sandbox import Scratch
    from workflow.types import FileChange, RepoPath

    Chosen = list[tuple[str, spoil.Definition, tuple[str, ...]]]

MOST: Final = 8
"""How many things that the base has are broken one by one; of more, neighbours go together."""
_REGULAR = ("100644", "100755")
_MAX_FILES = 100
# Words and signs of all files of a patch together: about 6 s of reading and writing.
_MAX_WEIGHT = 100_000
_FAULTS = (UnreadableError, RecursionError, MemoryError, ValueError)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A tree in which everything `names` (`file.py: name`) does one thing wrong: `what`, a verb.

    `laid` are the files that make it so.  `before` are those that break the same on the base; none
    where the base does not have it.
    """

    what: str
    scratch: Scratch
    names: tuple[str, ...]
    laid: tuple[Laid, ...] = ()
    before: tuple[Laid, ...] = ()


@dataclass(frozen=True, slots=True)
class Mutants:
    """What can be broken on purpose of a patch; `sources` are its changed files that are no tests.

    `left` are those that mean something else now, and in which nothing could be broken.
    """

    mutants: tuple[Mutant, ...] = ()
    sources: tuple[RepoPath, ...] = ()
    left: tuple[RepoPath, ...] = ()


def mutants(case: Case, under: Scratch, most: int = MOST) -> Mutants:
    """Return the mutants of a patch laid over `under`, which has its sources.

    Every function of the base that changed raises an error when it is done, and constants of the
    base that changed have another value: each in a mutant of its own, or in `most` together.  New
    functions stay as they are unless there are no others: what takes the verdict into its hands is
    likely among them.  In the last one, every function that is new or changed returns or yields
    nothing, where it gives anything.  Of a file in which something else changed, every function
    counts as changed.
    """
    tests = frozenset(infrastructure(case))
    files = [
        file for file in case.change.files if file.path.endswith(".py") and file.path not in tests
    ]
    there = [file for file in files if file.new_mode in _REGULAR]
    sources = [source for file in there[:_MAX_FILES] if (source := _source(case, file))]
    candidates = [source.path for source in sources] + [file.path for file in there[_MAX_FILES:]]
    so_far = accumulate(weight(source.new) for source in sources)
    bounded = [one for one, total in zip(sources, so_far, strict=True) if total <= _MAX_WEIGHT]
    found = (*_broken(under, bounded, most), *_mute(under, bounded))
    broken = {name.rpartition(": ")[0] for one in found for name in one.names}
    return Mutants(
        found,
        tuple(file.path for file in files),
        tuple(path for path in candidates if path not in broken),
    )


def noticed(passed: Iterable[str], mutant: Report) -> bool:
    """Whether one of the tests that passed before fails in a mutant's run, or it never ends.

    A run that contradicts itself shows nothing, and neither does one that cannot load the tests.
    """
    if mutant.problem and not mutant.broken:
        return False
    return mutant.timed_out or not mutant.names(Ended.FAILED).isdisjoint(passed)


@dataclass(frozen=True, slots=True)
class _Source:
    """A changed file as it was and is now, and what its functions and constants said before."""

    path: RepoPath
    mode: str
    old: bytes = field(repr=False)
    new: bytes = field(repr=False)
    known: frozenset[tuple[str, str]] = field(repr=False)

    @property
    def names(self) -> frozenset[str]:
        """The names that the base has."""
        return frozenset(name for name, _ in self.known)


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is broken together of one file: functions by name, or else constants."""

    source: _Source
    functions: frozenset[str] = frozenset()
    constants: frozenset[str] = frozenset()


def _source(case: Case, file: FileChange) -> _Source | None:
    """Return a changed file; `None` where it means the same as before."""
    old = case.base.read(file.path) if file.old_mode in _REGULAR else b""
    new = case.patched.read(file.path)
    if file.old_mode in _REGULAR and is_same(file.path, old, new):
        return None
    try:
        known = frozenset(spoil.things(spoil.parsed(old)))
    except _FAULTS:
        known = frozenset()
    return _Source(file.path, file.new_mode or "", old, new, known)


# --- what is broken together ----------------------------------------------------------------------


def _broken(under: Scratch, sources: list[_Source], most: int) -> Iterator[Mutant]:
    """Yield what breaks each thing that the base has; what is new only where nothing else is."""
    units = [unit for source in sources for unit in _units(source)]
    share = -(-len(units) // max(most, 1)) or 1
    found = [_mutant(under, units[n : n + share]) for n in range(0, len(units), share)]
    if any(found):
        yield from (one for one in found if one)
        return
    names, laid = _laid(sources, _spoiled_new)
    if names:
        yield Mutant(_are(names, "broken on purpose"), under.laid(*laid), names, laid)


def _units(source: _Source) -> list[_Unit]:
    """Return what of a file is broken: each function that changed, and its constants."""
    try:
        module = spoil.parsed(source.new)
        chosen, is_whole = _chosen(module, source)
    except _FAULTS:
        return []
    known = source.names
    changed = {name for name, _, _ in chosen}
    tops: dict[str, set[str]] = {}
    for name, _, around in chosen:
        top = next((one for one in around if one in changed), name)
        if name in known:
            tops.setdefault("" if is_whole else top, set()).add(name)
    constants = frozenset(
        name
        for name, statement in spoil.constants(module)
        if not spoil.is_known(name, statement, source.known) and spoil.can_change(statement)
    )
    found = [_Unit(source, functions=frozenset(names)) for names in tops.values()]
    if constants and chosen:
        constants &= known
    return [*found, _Unit(source, constants=constants)] if constants else found


def _mutant(under: Scratch, units: list[_Unit]) -> Mutant | None:
    """Return the tree in which some units are broken, and how they are broken on the base."""
    by_source: dict[RepoPath, list[_Unit]] = {}
    for unit in units:
        by_source.setdefault(unit.source.path, []).append(unit)

    def spoiled(module: ast.Module, source: _Source) -> list[str]:
        functions = frozenset().union(*(unit.functions for unit in by_source[source.path]))
        constants = frozenset().union(*(unit.constants for unit in by_source[source.path]))
        return [
            *(name for name, one, _ in _named(module, functions) if spoil.raise_at_end(one)),
            *_other_values(module, constants),
        ]

    sources = list({unit.source.path: unit.source for unit in units}.values())
    names, laid = _laid(sources, spoiled)
    _, before = _laid([one for one in sources if one.old], spoiled, is_old=True)
    if not names:
        return None
    return Mutant(_are(names, "broken on purpose"), under.laid(*laid), names, laid, before)


def _mute(under: Scratch, sources: list[_Source]) -> Iterator[Mutant]:
    names, laid = _laid(sources, _muted)
    if names:
        what = "returns nothing" if len(names) == 1 else "return nothing"
        yield Mutant(what, under.laid(*laid), names, laid)


def _are(names: tuple[str, ...], what: str) -> str:
    return f"{'is' if len(names) == 1 else 'are'} {what}"


def _laid(
    sources: list[_Source],
    spoiled: Callable[[ast.Module, _Source], list[str]],
    *,
    is_old: bool = False,
) -> tuple[tuple[str, ...], tuple[Laid, ...]]:
    """Return what was spoiled, as `file: name`, and the files that say so."""
    laid: list[Laid] = []
    names: list[str] = []
    for source in sources:
        try:
            module = spoil.parsed(source.old if is_old else source.new)
            found = spoiled(module, source)
            text = spoil.written(module) if found else b""
        except _FAULTS:
            continue
        if text:
            laid.append(Laid(source.path, source.mode, text))
            names += [f"{source.path}: {name}" for name in dict.fromkeys(found)]
    return tuple(names), tuple(laid)


# --- what of a file -------------------------------------------------------------------------------


def _spoiled_new(module: ast.Module, source: _Source) -> list[str]:
    """Break what is new of a file; return the names."""
    chosen, _ = _chosen(module, source)
    return [name for name, node, _ in chosen if spoil.raise_at_end(node)]


def _muted(module: ast.Module, source: _Source) -> list[str]:
    """Silence what changed of a file, or is new; return the names."""
    chosen, _ = _chosen(module, source)
    return [name for name, node, _ in chosen if spoil.return_nothing(node)]


def _chosen(module: ast.Module, source: _Source) -> tuple[Chosen, bool]:
    """Return the functions that changed, with those in them; of a file where else all of them.

    None in a file where constants changed, and can be given another value.  The second says whether
    it is all of them.
    """
    every = list(spoil.definitions(module))
    changed = {name for name, node, _ in every if (name, spoil.said(node)) not in source.known}
    is_whole = not changed and not any(
        not spoil.is_known(name, statement, source.known) and spoil.can_change(statement)
        for name, statement in spoil.constants(module)
    )
    if is_whole:
        return every, True
    return [one for one in every if not changed.isdisjoint((one[0], *one[2]))], False


def _named(module: ast.Module, names: frozenset[str]) -> Chosen:
    return [one for one in spoil.definitions(module) if one[0] in names]


def _other_values(module: ast.Module, names: frozenset[str]) -> list[str]:
    """Give some constants another value, where it is written out; return the names."""
    found = []
    for name, statement in spoil.constants(module):
        other = spoil.another(statement.value) if name in names and statement.value else None
        if other is not None:
            statement.value = other
            found.append(name)
    return found
