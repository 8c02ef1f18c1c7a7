"""Parts a patch's tests from its sources: each can be held against the other side's base.

A patch may bring sources and tests, and the tests decide about the sources.  So its sources are
also run under the base's own tests and configuration, and its tests over the base's own sources.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.gates.pytest.collected import Collected
from workflow.sandbox import Laid
from workflow.semantics.python import UnreadableError, is_settings_file, pytest_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.gates.interface import Case, Tree
    from workflow.sandbox import Scratch
    from workflow.types import Entry, FileChange, RepoPath

_BYTE_CODE = (".pyc", ".pyo")
# What Python or pytest loads by itself, from a folder on the path.
_SELF_LOADING = re.compile(r"(?:site|user)customize\.py|.*\.pth", re.DOTALL)
_METADATA = re.compile(r".*\.(?:dist|egg)-info", re.DOTALL)
_PACKAGE = "__init__.py"
_MODULES = (".py", ".so")
_LINK = "120000"
_REGULAR = ("100644", "100755")


def clean(tree: Tree) -> Scratch:
    """Return a tree's scratch without the byte code in it, which need not be that of its source."""
    found = (entry.path for entry in tree.entries if entry.path.endswith(_BYTE_CODE))
    return tree.scratch.laid(*(Laid(path) for path in found))


def infrastructure(case: Case) -> tuple[RepoPath, ...]:
    """Return the changed files that are tests, what tests use, or what configures them."""
    collected = Collected(case)
    return tuple(
        file.path for file in case.change.files if _is_infrastructure(case, file, collected)
    )


def guarded(case: Case, also: Sequence[RepoPath] = ()) -> Scratch | None:
    """Return the patched sources under the base's tests and their configuration.

    `also` are changed files that are the base's, too.  `None` when the patch touches neither tests
    nor configuration, nor these: then that is the patched tree.
    """
    return _mixed(case, case.patched, case.base, also)


def transplanted(case: Case) -> Scratch | None:
    """Return the base's sources under the patch's tests and their configuration, or `None`."""
    return _mixed(case, case.base, case.patched)


def known(tree: Tree) -> frozenset[str]:
    """Return the names under which modules of a tree could be imported without a package's."""
    # Plain text, for a tree may have a hundred thousand files.
    files = [str(entry.path).rpartition("/") for entry in tree.entries if _is_module(entry)]
    packages = {folder for folder, _, name in files if name == _PACKAGE}
    names = {name.partition(".")[0] for folder, _, name in files if folder not in packages}
    names |= {_last(one) for one in packages if _above(one) not in packages}
    # A folder without a mark is a package, too.
    return frozenset(names | {folder.partition("/")[0] for folder, _, _ in files if folder})


def _is_module(entry: Entry) -> bool:
    return entry.path.endswith(_MODULES)


def _is_infrastructure(case: Case, file: FileChange, collected: Collected) -> bool:
    path = file.path
    if _SELF_LOADING.fullmatch(path.name) or collected.is_test(file):
        return True
    if any(map(_METADATA.fullmatch, path.parts)):
        return True
    if not is_settings_file(path.name):
        return False
    before = _settings(case.base, path, file.old_mode)
    return before != _settings(case.patched, path, file.new_mode)


def _settings(tree: Tree, path: RepoPath, mode: str | None) -> dict[str, str] | bytes:
    """Return pytest's settings in a file; what cannot be read is the same as itself alone."""
    if mode == _LINK:
        return tree.links[path].encode("utf-8", "surrogateescape")
    if mode not in _REGULAR:
        return {}
    data = tree.read(path)
    try:
        return pytest_settings(path.name, data)
    except UnreadableError:
        return data


def _mixed(case: Case, sources: Tree, tests: Tree, also: Sequence[RepoPath] = ()) -> Scratch | None:
    """Return one tree, with all that is for tests as it is in the other one."""
    paths = (*infrastructure(case), *also)
    if not paths:
        return None
    touched = frozenset(paths)
    there = {entry.path: entry for entry in tests.entries if entry.path in touched}
    laid = [_laid(tests, path, there.get(path)) for path in paths]
    wanted = [file.path for file in laid if file.content is not None]
    folders = {folder for path in wanted for folder in _parents(path)}
    # Files, or links, where the others have a folder.
    blocked = (entry.path for entry in sources.entries if entry.path in folders)
    return clean(sources).laid(*map(Laid, blocked), *laid)


def _laid(tree: Tree, path: RepoPath, entry: Entry | None) -> Laid:
    if entry is None:
        return Laid(path)
    if entry.mode == _LINK:
        return Laid(path, _LINK, tree.links[path].encode("utf-8", "surrogateescape"))
    return Laid(path, entry.mode, tree.read(path)) if entry.is_regular else Laid(path)


def _parents(path: str) -> Iterator[str]:
    while path := _above(path):
        yield path


def _above(path: str) -> str:
    return path.rpartition("/")[0]


def _last(path: str) -> str:
    return path.rpartition("/")[2]
