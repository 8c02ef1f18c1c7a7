"""Which folder's tests speak for a changed file: the nearest project around it."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from workflow.semantics.toml import read_toml
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workflow.gates.interface import Tree

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
    found = (_root(tree, files, path) for path in changed)
    return frozenset(root for root in found if root is not None and has_tests(tree, root))


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


def configuration(tree: Tree, root: str) -> str:
    """Return the name of the file in `root` that configures pytest, or an empty name."""
    files = {entry.path for entry in tree.entries if entry.is_regular}
    for name in _CONFIGURATIONS:
        path = posixpath.join(root, name)
        if path in files and _configures(name, tree.read(RepoPath(path))):
            return name
    return ""


def _root(tree: Tree, files: frozenset[RepoPath], path: RepoPath) -> str | None:
    folders = list(_above(path))
    for folder in folders:
        if configuration(tree, folder) or _has_test_folder(files, folder):
            return folder
    for folder in folders:
        names = (name for name in files if posixpath.dirname(name) == folder)
        if any(_TEST_FILE.match(name.name) for name in names):
            return folder
    return None


def _above(path: RepoPath) -> Iterator[str]:
    folder = posixpath.dirname(path)
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
