"""Which changed files are tests: by what the base's own settings make of names, and what is there.

A folder that is called `spec` or `testing` may hold a program, and a file `ab_test.py`, too.  What
counts as a test is not held against the tests, so only what the base shows to be one does.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from typing import TYPE_CHECKING, Final

from workflow.semantics.places import TEST_FOLDERS, is_in_test_folder, is_named_as_test
from workflow.semantics.python import UnreadableError, is_settings_file, pytest_settings
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.gates.interface import Case, Tree
    from workflow.types import FileChange

_REGULAR = ("100644", "100755")
# What the names of settings files end with.
_SETTINGS = (".toml", ".ini", ".cfg")
_WORD = re.compile(r"[^\s,'\"\[\]]+")
_EVERY = frozenset({"*.py", "*"})
# Settings by which tests can be called anything.
_NAMING = ("python_functions", "python_classes")
_LOOKS = re.compile(
    rb"(?m)^[^\S\n]*(?:async[^\S\n]+)?def[^\S\n]+test|^[^\S\n]*class[^\S\n]+\w*Test|TestCase|>>> "
)
PLAIN_FOLDERS: Final = frozenset({"tests", "test", "__tests__"})
"""What hardly anybody calls a program's folder."""
_CONFTEST = "conftest.py"


class Collected:
    """Tells the tests among the changed files of one case."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._settings: dict[str, dict[str, str]] = {}
        self._found: frozenset[str] | None = None
        self._folders: dict[str, bool] = {}

    def is_test(self, file: FileChange) -> bool:
        """Whether a changed file is a test, or lies among tests for them to use."""
        path = file.path
        if path.name == _CONFTEST:
            return True
        if not path.name.endswith((".py", ".pyi")) and is_named_as_test(path):
            return True
        if self._is_collected(file):
            return True
        return is_in_test_folder(path) and any(
            self._holds_tests(folder) for folder in _test_folders(path)
        )

    def _is_collected(self, file: FileChange) -> bool:
        """Whether pytest looks for tests in a file, and there were some, or it is new."""
        path = file.path
        if not path.name.endswith((".py", ".pyi")):
            return False
        settings = self._above(path)
        patterns = _WORD.findall(settings.get("python_files", ""))
        matching = {one for one in patterns if _matches(path, one)}
        if not matching and not is_named_as_test(path):
            return False
        if any(name in settings for name in _NAMING) and not matching <= _EVERY:
            return True
        # A new one goes with the others, so that it cannot speak for itself.
        was = self._case.base.read(path) if file.old_mode in _REGULAR else None
        return was is None or _LOOKS.search(was) is not None

    def _above(self, path: RepoPath) -> dict[str, str]:
        """Return the base's settings of pytest that are nearest to a file."""
        if self._found is None:
            entries = self._case.base.entries
            ends = (one for one in entries if one.path.endswith(_SETTINGS) and one.is_regular)
            self._found = frozenset(one.path for one in ends if is_settings_file(one.path.name))
        folder = posixpath.dirname(path)
        if folder not in self._settings:
            self._settings[folder] = self._read(folder, self._found)
        return self._settings[folder]

    def _read(self, folder: str, found: frozenset[str]) -> dict[str, str]:
        for place in _up(folder):
            for path in sorted(one for one in found if posixpath.dirname(one) == place):
                try:
                    name = posixpath.basename(path)
                    settings = pytest_settings(name, self._case.base.read(RepoPath(path)))
                except UnreadableError:
                    continue
                if settings:
                    return settings
        return {}

    def _holds_tests(self, folder: str) -> bool:
        if folder not in self._folders:
            self._folders[folder] = self._are_tests_in(folder)
        return self._folders[folder]

    def _are_tests_in(self, folder: str) -> bool:
        is_plain = posixpath.basename(folder) in PLAIN_FOLDERS
        inside = list(_below(self._case.base, folder))
        if not inside and is_plain:
            inside = list(_below(self._case.patched, folder))
        patterns = _WORD.findall(self._above(RepoPath(f"{folder}/x")).get("python_files", ""))
        return any(
            (is_plain or next(_test_folders(path), "") == folder)
            and (is_named_as_test(path) or any(_matches(path, one) for one in patterns))
            for path in inside
        )


def _matches(path: RepoPath, pattern: str) -> bool:
    if "/" in pattern:
        return fnmatch.fnmatchcase(f"/{path}", f"*/{pattern}")
    return fnmatch.fnmatchcase(path.name, pattern)


def _below(tree: Tree, folder: str) -> Iterator[RepoPath]:
    start = f"{folder}/"
    return (entry.path for entry in tree.entries if entry.path.startswith(start))


def _test_folders(path: RepoPath) -> Iterator[str]:
    """Yield the folders around a file that are called as those of tests, the innermost first."""
    for folder in _up(posixpath.dirname(path)):
        if posixpath.basename(folder) in TEST_FOLDERS:
            yield folder


def _up(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""
