"""Chooses the environment of a project's tests as the settings have it, and says which it is."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.environments import reach
from workflow.environments.build import Build, base_of, built, described, folder_of
from workflow.environments.cache import Cache
from workflow.environments.installed import AUTO, installed
from workflow.environments.interface import Environment, EnvironmentUnavailableError, Pair, Source
from workflow.environments.lines import name_of
from workflow.environments.project import active_python, own_python
from workflow.environments.sources import configured, wheelhouse
from workflow.environments.wanted import Wanted, may_matter, wanted
from workflow.sandbox.interpreter import interpreter

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from workflow.environments.interface import Read
    from workflow.sandbox import Sandbox
    from workflow.types import RepoPath

_MOST_TOLD = 12
# As `_differences` says them: pytest, what it is made of, and its plugins.
_JUDGES = re.compile(r"[+-]?(?:pytest|pluggy|iniconfig)(?![a-z0-9])")


class Mode(StrEnum):
    """What `[gates.pytest] environment` may say."""

    AUTO = "auto"
    """The setting `python`, the project's own, the active one, one from a wheelhouse, or ours."""
    BUILD = "build"
    """One built from the project's files; over the network where pip is so configured."""
    INSTALLED = "installed"
    """As `auto`, and never a build."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the settings and this user say.

    `python` is an absolute path or `auto`; `requirements` are files by their paths from the top,
    empty to look for them; `wheels` is the folder of a wheelhouse or empty; `environ` are this
    process's variables, for the active environment and for pip, which may hold credentials.
    """

    python: str = AUTO
    mode: Mode = Mode.AUTO
    requirements: tuple[str, ...] = ()
    wheels: str = ""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Configured:
    """Gives each tree its environment, by the settings of the base.

    `cache` is the folder that keeps what was built; `top` is the work tree's folder, `None` without
    a repository, and `is_committed` says whether a path in it is tracked by git.  `tell` hears that
    a build begins.
    """

    choice: Choice
    sandbox: Sandbox
    cache: Path
    top: Path | None = None
    is_committed: Callable[[str], bool] = field(default=lambda _: False)
    tell: Callable[[str], None] = field(default=lambda _: None)

    def pair(
        self,
        base: Read,
        patched: Read,
        root: str = "",
        changed: Collection[RepoPath] | None = None,
    ) -> Pair:
        """Return both environments; see `Environments`."""
        there = self._there(root)
        if there is None:
            before = self._wanted(base, root)
            is_same = changed is not None and before.looked.isdisjoint(changed)
            if self.choice.mode is Mode.BUILD or before.lines:
                return self._built_pair(before, before if is_same else self._wanted(patched, root))
            there = installed(AUTO)
        if changed is not None and not may_matter(changed, self.choice.requirements):
            return Pair(there, there)
        return Pair(there, there, self._unmet(there, base, patched, root))

    def kept(self, read: Read, root: str = "") -> Environment | None:
        """Return the environment of a tree without building any; `None` if it would be built.

        Raises what `pair` raises.
        """
        there = self._there(root)
        if there is not None:
            return there
        wants = self._wanted(read, root)
        if self.choice.mode is not Mode.BUILD and not wants.lines:
            return installed(AUTO)
        build, cache = self._build(wants), Cache(self.cache)
        return described(build, cache.place(build.key)) if cache.kept(build.key) else None

    def built(self, read: Read, root: str = "") -> Environment:
        """Return the environment that a tree gets, building it where it is not kept."""
        return self.pair(read, read, root).base

    def _there(self, root: str) -> Environment | None:
        """Return what needs no build; `None` where one is to be made, if anything is required."""
        choice = self.choice
        if choice.mode is Mode.BUILD:
            return None
        if choice.python != AUTO:
            return installed(choice.python)
        own = own_python(self.top, root, self.is_committed) if self.top else None
        if own is not None and self.top is not None:
            name = own.parent.parent.relative_to(self.top)
            found = interpreter(own)
            return Environment(found, Source.PROJECT, f"the project's own {name}", str(own))
        active = active_python(choice.environ)
        if active is not None and active != Path(sys.executable):
            told = f"the active environment {active.parent.parent}"
            return Environment(interpreter(active), Source.ACTIVE, told, str(active))
        if choice.wheels and choice.mode is Mode.AUTO:
            return None
        return installed(AUTO)

    def _wanted(self, read: Read, root: str) -> Wanted:
        return wanted(read, root, self.choice.requirements)

    def _build(self, wants: Wanted) -> Build:
        choice = self.choice
        if not wants.lines:
            message = "nothing says what the tests need, so no environment can be built"
            hint = "; ".join(("name files in `[gates.pytest] requirements`", *wants.notes))
            raise EnvironmentUnavailableError(message, hint=hint)
        python = base_of(Path(sys.executable if choice.python == AUTO else choice.python))
        places = wheelhouse(choice.wheels) if choice.wheels else configured(choice.environ)
        return Build(python, wants, places)

    def _made(self, wants: Wanted) -> Environment:
        build, cache = self._build(wants), Cache(self.cache)
        if not cache.kept(build.key):
            self.tell(f"building the tests' environment from {build.sources.told}")
        return built(build, cache, self.sandbox)

    def _built_pair(self, base: Wanted, patched: Wanted) -> Pair:
        """Build for the base; for the patched tree anew only where it requires something else."""
        first = self._made(base)
        second = first
        if (base.lines, base.constraints) != (patched.lines, patched.constraints):
            try:
                second = self._made(patched)
            except EnvironmentUnavailableError as error:
                message = f"on the patched tree, {error.message}"
                raise EnvironmentUnavailableError(message, hint=error.hint) from error
        notes = [f"tests run on {first.told}", *base.notes]
        if second.key == first.key:
            return Pair(first, second, tuple(notes))
        notes += [note for note in patched.notes if note not in base.notes]
        changed = _differences(first.packages, second.packages)
        if not changed:
            notes.append("the patch changes what tests need, which is met by the same packages")
        return Pair(first, second, tuple(notes), tuple(_doubts(first, second, changed)))

    def _unmet(self, there: Environment, base: Read, patched: Read, root: str) -> tuple[str, ...]:
        """Say what a patch requires anew that an environment which is there does not follow."""
        try:
            before, after = self._wanted(base, root), self._wanted(patched, root)
        except EnvironmentUnavailableError as error:
            return (f"what tests need is not read: {error.message}",)
        changed = _differences(before.lines, after.lines)
        if not changed:
            return ()
        said = f"the patch changes what tests need ({_listed(changed)}); they run on {there.told}"
        return (f"{said}, which is not made anew",)


def _doubts(first: Environment, second: Environment, changed: list[str]) -> Iterator[str]:
    """Say what a patch puts below the tests, and what of it can take hold of them."""
    if changed:
        said = f"the patch changes what tests run on: {_listed(changed)}"
        yield f"{said}; the code of these packages runs together with the tests"
    judges = [said for said in changed if _JUDGES.match(said)]
    if judges:
        yield f"the patch changes what runs the tests: {_listed(judges)}"
    before = frozenset(reach.startup(folder_of(first)))
    started = [name for name in reach.startup(folder_of(second)) if name not in before]
    if started:
        said = "what the patch requires has code that runs before everything else"
        yield f"{said}: {_listed(started)}"
    known = frozenset(reach.overwritten(folder_of(first)))
    taken = [name for name in reach.overwritten(folder_of(second)) if name not in known]
    if taken:
        said = "of what the patch requires, one package replaces files of another"
        yield f"{said}: {_listed(taken)}"


def _differences(before: tuple[str, ...], after: tuple[str, ...]) -> list[str]:
    """Return what came, went and changed, by the names of packages, sorted."""
    old = {name_of(line): line for line in before if line not in after}
    new = {name_of(line): line for line in after if line not in before}
    said = []
    for name in sorted(old.keys() | new.keys()):
        if name in old and name in new:
            said.append(f"{old[name]} -> {new[name]}")
        else:
            said.append(f"+{new[name]}" if name in new else f"-{old[name]}")
    return said


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_TOLD
    return ", ".join(names[:_MOST_TOLD]) + (f" and {more} more" if more > 0 else "")
