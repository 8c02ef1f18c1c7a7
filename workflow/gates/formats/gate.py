"""Judges changed configuration files by their form alone: nothing is run, nothing is looked up.

Files are read in this process.  Each reader has bounds of its own, calls no code of the repository,
takes no reference for a path to open, and looks no variable up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.gates.formats.found import Found, fresh
from workflow.gates.formats.look import STRICT_INI, is_template, look
from workflow.gates.formats.places import Places
from workflow.gates.identity import identity
from workflow.gates.text import bounded, listed, one_line
from workflow.semantics import formats
from workflow.semantics.formats import Format, format_of
from workflow.semantics.places import is_in_test_folder
from workflow.types import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.gates.interface import Case, Tree
    from workflow.semantics.formats import Problem
    from workflow.types import RepoPath, TreeId

_MOST_FILES = 100
_MOST_REFERRING = 20
_LIBRARIES = ("PyYAML", "jsonschema", "dockerfile-parse", "python-dotenv", "cronsim")
_ONLY_FORM = "only the form of these files is checked here, not what they do"
_REFERRING = (Format.COMPOSE, Format.DOCKERFILE)


@dataclass(frozen=True, slots=True)
class _Judged:
    """One file as both trees have it; `base` is `None` where it is new."""

    path: RepoPath
    kind: Format
    base: Found | None
    patched: Found
    is_template: bool = False

    @property
    def why_not(self) -> str:
        """Why nothing can be said of it; empty where something can."""
        unread = self.patched.unread
        if self.base is None and self.is_template and (unread or self.patched.problems):
            return "it is a template"
        if unread is None:
            return ""
        if self.patched.is_bounded:
            return unread.message
        if self.base is not None and self.base.unread is not None:
            return f"as on the base, it does not parse ({_at(self.path, unread)})"
        is_loose = self.kind is Format.INI and self.path.name not in STRICT_INI
        return "it is of another format" if self.base is None and is_loose else ""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong and was not before; tests have files that are wrong on purpose."""
        return () if is_in_test_folder(self.path) else self._wrong

    @property
    def doubts(self) -> tuple[Problem, ...]:
        """What a person should look at and was not there before."""
        found = fresh(self.base.doubts if self.base else (), self.patched.doubts)
        return (*self._wrong, *found) if is_in_test_folder(self.path) else found

    @property
    def old(self) -> int:
        """How much is wrong that was wrong before."""
        return len(self.patched.problems) - len(self._wrong) if not self.patched.unread else 0

    @property
    def _wrong(self) -> tuple[Problem, ...]:
        if self.patched.unread is not None:
            return () if self.why_not else (self.patched.unread,)
        return fresh(self.base.problems if self.base else (), self.patched.problems)


@dataclass(frozen=True, slots=True)
class FormatsGate:
    """Passes where nothing is wrong with changed files that was not wrong before.

    It applies to files of a format that is read, as far as something can be said of them: a
    template that does not parse, a file that is too large, and one that did not parse on the base
    are left to other gates.
    """

    name: str = field(default="formats", init=False)
    _last: dict[tuple[TreeId, TreeId], tuple[_Judged, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def applies(self, case: Case) -> bool:
        """Whether something can be said of a changed file."""
        return any(not one.why_not for one in self._judged(case))

    def identity(self, case: Case) -> str:  # noqa: ARG002 - a gate is asked with its case
        """Return the readers and the libraries that they use."""
        try:
            versions = [metadata.version(name) for name in _LIBRARIES]
        except metadata.PackageNotFoundError:
            return ""
        readers = Path(formats.__file__).parent
        return identity(self.name, versions, tools=(readers,))

    def judge(self, case: Case) -> Verdict:
        """Read the changed files of both trees, and compare what is wrong with them."""
        judged = self._judged(case)
        told = [one for one in judged if not one.why_not]
        problems = [_at(one.path, problem) for one in told for problem in one.problems]
        doubts = [_at(one.path, problem) for one in told for problem in one.doubts]
        notes = [f"{one.path} is not judged: {one.why_not}" for one in judged if one.why_not]
        notes += [note for one in told for note in one.patched.notes]
        old = sum(one.old for one in told)
        if old:
            notes.append(f"{old} problem(s) were there before")
        if not told:
            hint = "see the notes for why"
            return Verdict(
                self.name, Outcome.ERROR, "no file can be judged", (), bounded(notes), hint
            )
        if problems:
            hint = one_line(_mends(told) or "correct these places")
            summary = one_line(listed(problems, 2), 400)
            more = [_with_mend(one.path, problem) for one in told for problem in one.problems]
            said = bounded([*(more if len(more) > 1 else []), *notes])
            return Verdict(self.name, Outcome.FAIL, summary, (), said, hint, doubts=bounded(doubts))
        summary = _summary(told)
        return Verdict(
            self.name,
            Outcome.PASS,
            summary,
            (),
            bounded(notes),
            doubts=bounded([_ONLY_FORM, *doubts]),
        )

    def _judged(self, case: Case) -> tuple[_Judged, ...]:
        """Look at the files; who asks whether the gate applies asks for its verdict next."""
        key = case.base.id, case.patched.id
        found = self._last.get(key)
        if found is None:
            found = tuple(_judged(case))
            self._last.clear()
            self._last[key] = found
        return found


def _judged(case: Case) -> Iterator[_Judged]:
    """Give each file that is looked at: those that changed, and those that may name a lost one."""
    places = Places(case.base), Places(case.patched)
    changed = [file.path for file in case.change.files if file.new is not None]
    gone = [file.path for file in case.change.files if file.new is None]
    paths = [path for path in changed if format_of(path)][:_MOST_FILES]
    if gone:
        paths += _referring(case.patched, {*changed})
    before = _regular(case.base)
    after = _regular(case.patched)
    for path in paths:
        kind = format_of(path)
        if kind is None or path not in after:
            continue
        data = case.patched.read(path)
        base = look(path, kind, case.base.read(path), places[0]) if path in before else None
        found = look(path, kind, data, places[1])
        has_marks = is_template(data.decode("utf-8", "replace"))
        yield _Judged(path, kind, base, found, has_marks)


def _referring(tree: Tree, changed: set[RepoPath]) -> list[RepoPath]:
    """Return files of the tree that name others; a file that is gone may be one of those."""
    named = (entry.path for entry in tree.entries if format_of(entry.path) in _REFERRING)
    return [path for path in named if path not in changed][:_MOST_REFERRING]


def _regular(tree: Tree) -> set[RepoPath]:
    return {entry.path for entry in tree.entries if entry.is_regular}


def _at(path: RepoPath, problem: Problem) -> str:
    place = f"{path}:{problem.line}" if problem.line else path
    return f"{place}: {problem.message}"


def _with_mend(path: RepoPath, problem: Problem) -> str:
    return _at(path, problem) + (f" ({problem.mend})" if problem.mend else "")


def _mends(told: list[_Judged]) -> str:
    return next((one.mend for judged in told for one in judged.problems if one.mend), "")


def _summary(told: list[_Judged]) -> str:
    """Say how many files parse, and which fit a schema."""
    count = f"{len(told)} file{'s' if len(told) > 1 else ''} parse{'' if len(told) > 1 else 's'}"
    names = sorted({one.patched.schema for one in told if one.patched.schema})
    parts = [
        f"{sum(one.patched.schema == name for one in told)} against the {name} schema"
        for name in names
    ]
    return ", ".join([count, *parts])
