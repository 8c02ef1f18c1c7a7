"""Which folder's tests speak for a changed file: the nearest project around it."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from workflow.semantics.toml import read_toml
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workflow.gates.interface import Case, Tree

_TEST_FILE = re.compile(r"test_[^/]*\.py\Z|[^/]*_test\.py\Z")
_SECTIONS = {"tox.ini": "pytest", "setup.cfg": "tool:pytest"}
# In pytest's own order: the first that says anything about pytest counts.
_CONFIGURATIONS = (
    *("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"),
    *("pyproject.toml", "tox.ini", "setup.cfg"),
)
_FOLDERS = ("tests", "test")


def roots(tree: Tree, changed: Iterable[RepoPath]) -> frozenset[str]:
    """Return the folders to run pytest in for these files; the tree's own root is the empty name.

    For each file that is the nearest folder above it with a pytest configuration, or with a folder
    `tests` that has test files and is not part of a package; failing both, the nearest with a test
    file of its own.  A root without any test file is none.
    """
    files = frozenset(entry.path for entry in tree.entries if entry.is_regular)
    found = [_root(tree, files, folder) for folder in {posixpath.dirname(path) for path in changed}]
    return frozenset(root for root in found if root is not None and has_tests(tree, root))


def around(case: Case, changed: Iterable[RepoPath]) -> tuple[str, ...]:
    """Return the folders whose tests speak for these files, for both trees, each once."""
    paths = tuple(changed)
    return tuple(sorted(roots(case.base, paths) | roots(case.patched, paths)))


def has_tests(tree: Tree, root: str) -> bool:
    """Whether a root has test files, or says itself what a test file is called."""
    inside = f"{root}/" if root else ""
    name = configuration(tree, root)
    if name and b"python_files" in tree.read(RepoPath(posixpath.join(root, name))):
        return True
    return any(
        entry.path.startswith(inside) and _TEST_FILE.match(entry.path.name)
        for entry in tree.entries
        if entry.is_regular
    )


def test_files(tree: Tree, root: str) -> frozenset[str]:
    """Return the files below a root that pytest takes for tests by their names, from the root."""
    inside = f"{root}/" if root else ""
    return frozenset(
        entry.path[len(inside) :]
        for entry in tree.entries
        if entry.is_regular and entry.path.startswith(inside) and _TEST_FILE.match(entry.path.name)
    )


def configuration(tree: Tree, root: str) -> str:
    """Return the name of the file in `root` that configures pytest, or an empty name."""
    paths = {posixpath.join(root, name): name for name in _CONFIGURATIONS}
    there = {
        paths[entry.path] for entry in tree.entries if entry.path in paths and entry.is_regular
    }
    for name in _CONFIGURATIONS:
        if name in there and _configures(name, tree.read(RepoPath(posixpath.join(root, name)))):
            return name
    return ""


def _root(tree: Tree, files: frozenset[RepoPath], folder: str) -> str | None:
    above = list(_up(folder))
    for one in above:
        if configuration(tree, one) or _has_test_folder(files, one):
            return one
    for one in above:
        names = (name for name in files if posixpath.dirname(name) == one)
        if any(_TEST_FILE.match(name.name) for name in names):
            return one
    return None


def _up(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _has_test_folder(files: frozenset[RepoPath], folder: str) -> bool:
    if posixpath.join(folder, "__init__.py") in files:
        return False
    starts = tuple(posixpath.join(folder, name) + "/" for name in _FOLDERS)
    return any(name.startswith(starts) and _TEST_FILE.match(name.name) for name in files)


def _configures(name: str, data: bytes) -> bool:
    """Whether a file speaks about pytest; a damaged one does when the word is in it."""
    text = data.decode("utf-8", "replace")
    if name == "pyproject.toml":
        try:
            tool = read_toml(text).get("tool", {})
        except ValueError:
            return "[tool.pytest" in text
        return isinstance(tool, dict) and "pytest" in tool
    if name in _SECTIONS:
        # A section's head begins its line, and stands nowhere else; nothing else is asked for.
        return f"\n[{_SECTIONS[name]}]" in f"\n{text}"
    return True
