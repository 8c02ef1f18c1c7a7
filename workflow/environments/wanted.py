"""What a project's tests need, by the files of one tree: read, never executed.

Read are `pyproject.toml` (dependencies, and the groups and extras that tests use), requirement
files with what they include, and the versions of a lock.  `setup.py`, `setup.cfg`, `Pipfile`,
`environment.yml` and the tables of Poetry are not.
"""

from __future__ import annotations

import posixpath
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from workflow.environments.interface import EnvironmentUnavailableError
from workflow.environments.lines import Kind, name_of, normal, read_lines, requirement
from workflow.environments.locks import LOCKS, locked
from workflow.semantics.toml import read_toml
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workflow.environments.interface import Read

PROJECT = "pyproject.toml"
_FILES = (
    *("requirements.txt", "requirements-dev.txt", "requirements-test.txt"),
    *("requirements-tests.txt", "requirements_dev.txt", "requirements_test.txt"),
    *("dev-requirements.txt", "test-requirements.txt"),
    *("requirements/base.txt", "requirements/dev.txt", "requirements/test.txt"),
    "requirements/tests.txt",
)
_UNREAD = ("setup.py", "setup.cfg", "Pipfile", "environment.yml")
_FOR_TESTS = ("test", "tests", "testing", "dev")
_MAX_FILES = 50
_MAX_BYTES = 1024 * 1024
_MAX_GROUPS = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """Requirements and bounds of versions in normal form, sorted, each once.

    `files` are the paths that say so, `notes` what in them is not followed.  `looked` are all paths
    that were looked for: a tree that is the same there wants the same.
    """

    lines: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    looked: frozenset[str] = frozenset()


def may_matter(paths: Iterable[str], named: tuple[str, ...] = ()) -> bool:
    """Whether a change of these paths can change what is wanted, judged by their names."""
    names = {PROJECT, *LOCKS}
    return any(
        path in named or path.endswith((".txt", ".in")) or posixpath.basename(path) in names
        for path in paths
    )


def wanted(read: Read, root: str = "", named: tuple[str, ...] = ()) -> Wanted:
    """Return what the project in the folder `root` needs, empty where nothing says so.

    `named` are requirement files by their paths from the top, where a setting names them; else
    what is found in `root`, or in the nearest folder above it that has anything.

    Raises `EnvironmentUnavailableError` for a file that cannot be read so, naming the place.
    """
    reading = _Reading(read)
    if named:
        for name in named:
            reading.include(name, "", constrains=False)
    else:
        for folder in _upwards(root):
            reading.folder(folder)
            if reading.lines:
                break
    return reading.wanted(root)


class _Reading:
    """Collects from files that include one another, each once."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._seen: dict[tuple[str, bool], None] = {}
        self._looked: dict[str, str | None] = {}
        self._left = _MAX_BYTES
        self.lines: dict[str, None] = {}
        self._constraints: dict[str, None] = {}
        self._notes: dict[str, None] = {}

    def wanted(self, root: str) -> Wanted:
        """Return what was collected, with the versions of the nearest lock."""
        files = list(dict.fromkeys(path for path, _ in self._seen))
        if self.lines:
            for folder in _upwards(root):
                lock = locked(partial(self._beside, folder))
                if lock.name:
                    self._constraints |= dict.fromkeys(lock.pins)
                    self._notes |= dict.fromkeys(lock.notes)
                    files.append(posixpath.join(folder, lock.name))
                    break
        return Wanted(
            lines=tuple(sorted(self.lines)),
            constraints=tuple(sorted(self._constraints)),
            files=tuple(files),
            notes=tuple(self._notes),
            looked=frozenset(self._looked),
        )

    def folder(self, folder: str) -> None:
        """Collect what the files of one folder say."""
        self._project(folder, _FOR_TESTS)
        for name in _FILES:
            path = posixpath.join(folder, name)
            if self.text(path) is not None:
                self.include(path, "", constrains=False)
        unread = [name for name in _UNREAD if self.text(posixpath.join(folder, name)) is not None]
        if unread and not self.lines:
            self._note(f"not read: {', '.join(posixpath.join(folder, name) for name in unread)}")

    def include(self, name: str, by: str, *, constrains: bool) -> None:
        """Collect from a requirement file and all that it includes; `by` is who names it."""
        left = [(name, by, constrains)]
        while left:
            path, by, bounds = left.pop()
            place = posixpath.normpath(posixpath.join(posixpath.dirname(by), path))
            if (place, bounds) in self._seen:
                continue
            text = self.text(place)
            if text is None or len(self._seen) >= _MAX_FILES:
                said = "is not in the repository" if text is None else "is one file too many"
                message = f"{by or 'the settings'}: {path!r} {said}"
                hint = "commit it, or correct the path (`[gates.pytest] requirements`)"
                raise EnvironmentUnavailableError(message, hint=hint)
            self._seen[place, bounds] = None
            left += self._lines(text, place, constrains=bounds)

    def text(self, path: str) -> str | None:
        """Return the text of a file, `None` where there is none; each is read once."""
        if path not in self._looked:
            self._looked[path] = self._text(path)
        return self._looked[path]

    def _text(self, path: str) -> str | None:
        try:
            data = self._read(RepoPath(path))
        except (KeyError, ValueError):
            return None
        return data.decode("utf-8", "replace").removeprefix("\ufeff")

    def _beside(self, folder: str, name: str) -> str | None:
        return self.text(posixpath.join(folder, name))

    def _lines(self, text: str, place: str, *, constrains: bool) -> Iterator[tuple[str, str, bool]]:
        """Collect a file's lines, and yield the files that it includes."""
        self._left -= len(text)
        if self._left < 0:
            message = f"{place}: the files that say what tests need are larger than 1 MiB"
            hint = "name smaller ones in `[gates.pytest] requirements`"
            raise EnvironmentUnavailableError(message, hint=hint)
        for line in read_lines(text, place):
            match line.kind:
                case Kind.REQUIREMENT:
                    (self._constraints if constrains else self.lines)[line.text] = None
                case Kind.REQUIREMENTS | Kind.CONSTRAINTS:
                    yield line.text, place, constrains or line.kind is Kind.CONSTRAINTS
                case Kind.LOCAL:
                    self._local(line.text, place)
                case Kind.IGNORED:
                    self._note(f"{place}: {line.text} is not followed: your own settings decide")

    def _local(self, text: str, place: str) -> None:
        """Collect what a project in a folder of the tree needs; it is not installed itself."""
        path, extras = _extras(text)
        folder = posixpath.normpath(posixpath.join(posixpath.dirname(place), path))
        if not self._project("" if folder == "." else folder, extras):
            self._note(f"{place}: {text!r} is not installed")

    def _project(self, folder: str, names: Iterable[str]) -> bool:
        """Collect what a `pyproject.toml` says, with the extras and groups of these names."""
        place = posixpath.join(folder, PROJECT)
        text = self.text(place)
        if text is None:
            return False
        try:
            document = read_toml(text)
        except ValueError as error:
            message = f"{place}: {error}"
            raise EnvironmentUnavailableError(message, hint="correct it") from error
        chosen = [normal(name) for name in names]
        found = [requirement(one, place) for one in _required(document, chosen)]
        if found:
            self._seen[place, False] = None
        self.lines |= dict.fromkeys(found)
        if "poetry" in _table(document.get("tool")) and not found:
            self._note(f"{place}: the tables of Poetry are not read")
        return True

    def _note(self, text: str) -> None:
        self._notes[text] = None


def _required(document: dict[str, Any], chosen: list[str]) -> list[str]:
    """Return the requirements of a project with its extras and groups of the chosen names."""
    project = _table(document.get("project"))
    extras = _by_name(project.get("optional-dependencies"))
    groups = _by_name(document.get("dependency-groups"))
    own = normal(str(project.get("name", "")))
    left = deque(_items(project.get("dependencies")))
    left += [one for name in chosen for one in (*extras.get(name, ()), *groups.get(name, ()))]
    found: dict[str, None] = {}
    opened: set[str] = set()
    while left and len(found) < _MAX_BYTES:
        one = left.popleft()
        if isinstance(one, dict):
            name = normal(str(one.get("include-group", "")))
            if name not in opened and len(opened) < _MAX_GROUPS:
                opened.add(name)
                left += groups.get(name, ())
            continue
        package, inner_extras = _extras(str(one))
        if own and inner_extras and normal(package) == own:
            # The project's own extras by its own name: `all = ["project[test,docs]"]`.
            names = [normal(name) for name in inner_extras]
            fresh = [name for name in names if f"{own}[{name}]" not in opened]
            opened |= {f"{own}[{name}]" for name in fresh}
            left += [inner for name in fresh for inner in extras.get(name, ())]
            continue
        found[str(one)] = None
    return list(found)


def _extras(text: str) -> tuple[str, tuple[str, ...]]:
    """Return what stands before the brackets, and the names in them."""
    what, bracket, rest = text.partition("[")
    if not bracket or not rest.rstrip().endswith("]"):
        return text, ()
    names = rest.rstrip().removesuffix("]").split(",")
    return what.strip(), tuple(name.strip() for name in names)


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list) else ()


def _by_name(value: object) -> dict[str, tuple[object, ...]]:
    return {normal(name): _items(items) for name, items in _table(value).items()}


def _upwards(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def packages_of(lines: Iterable[str]) -> frozenset[str]:
    """Return the names of packages that requirements in normal form ask for."""
    return frozenset(name_of(line) for line in lines) - {""}
