"""Which tests to run first: those that use what a patch changed, where there are many others.

Of a small suite all tests run at once: to start pytest once more takes longer than they do.
"""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workflow.gates.pytest import roots as roots_of
from workflow.gates.pytest.runs import arguments
from workflow.sandbox import TREE, Command, Limits
from workflow.semantics.python import UnreadableError, pytest_settings
from workflow.types import RepoPath

if TYPE_CHECKING:
    from workflow.gates.interface import Tree
    from workflow.gates.pytest.runs import Bench
    from workflow.process import Ran

MANY: Final = 40
"""From how many test files on it is looked for those that come first."""
_SHARE = 3
_MOST = 200
_SCAN = Path(__file__).with_name("scan.py")
_INSIDE = "/run/workflow"
_LIMITS = Limits(wall_s=20.0, output=4 * 1024 * 1024)
# What decides, beside the names of files, which tests a run without arguments collects.
_SELECTS = re.compile(r"--ignore|--deselect|--pyargs|(?<![\w-])-x|--maxfail|--exitfirst")
_WORD = re.compile(r"[^\s,'\"\[\]]+")
_SETTINGS = ("python_files", "norecursedirs", "collect_imported_tests")


def first(bench: Bench) -> tuple[str, ...]:
    """Return the test files of the patched tree to run before all others, below the root.

    None where the suite is small, or the files make up more than a third of it, and where settings
    decide in other ways than by names which files a run without arguments collects.
    """
    case, root = bench.case, bench.root
    every = roots_of.test_files(case.patched, root)
    if len(every) < MANY or not _is_plain(case.base, root) or not _is_plain(case.patched, root):
        return ()
    paths = _collected(case.patched, root)
    chosen = [name for name in using(bench) if name in every and _is_below(name, paths)]
    return arguments(chosen) if len(chosen) * _SHARE <= len(every) else ()


def using(bench: Bench) -> tuple[str, ...]:
    """Return the test files of the patched tree that use what the patch changed, below the root.

    They are looked for inside the sandbox.  None when they cannot be told, or are too many.
    """
    inside = f"{bench.root}/" if bench.root else ""
    changed = [path[len(inside) :] for path in bench.case.change.paths if path.startswith(inside)]
    python = bench.pair.patched.interpreter
    home = posixpath.join(TREE, bench.root) if bench.root else TREE
    ran = bench.case.sandbox.run(
        Command(
            argv=(
                *(str(python.program), "-I", "-S", f"{_INSIDE}/scan.py"),
                *(home, f"{_INSIDE}/changed.json"),
            ),
            tree=bench.case.patched.scratch,
            cwd="/",
            env={"PYTHONDONTWRITEBYTECODE": "1"},
            read_only=python.folders,
            links=python.links,
            files=(
                (f"{_INSIDE}/scan.py", _SCAN.read_bytes()),
                (f"{_INSIDE}/changed.json", json.dumps(changed).encode()),
            ),
            limits=_LIMITS,
            report=True,
        )
    )
    return _said(ran)


def _said(ran: Ran) -> tuple[str, ...]:
    """Return the names that a scan found; none when it broke."""
    if not ran.is_ok:
        return ()
    try:
        found = json.loads(ran.report)
    except ValueError:
        return ()
    if not isinstance(found, list) or len(found) > _MOST:
        return ()
    return tuple(name for name in found if isinstance(name, str))


def _is_plain(tree: Tree, root: str) -> bool:
    settings = _settings(tree, root)
    options = settings.get("addopts", "")
    return not _SELECTS.search(options) and not any(name in settings for name in _SETTINGS)


def _collected(tree: Tree, root: str) -> tuple[str, ...]:
    """Return where tests are looked for, by `testpaths`; `.` is everywhere."""
    paths = _WORD.findall(_settings(tree, root).get("testpaths", ""))
    return tuple(posixpath.normpath(path) for path in paths) or (".",)


def _is_below(name: str, paths: tuple[str, ...]) -> bool:
    return any(path in {".", name} or name.startswith(f"{path}/") for path in paths)


def _settings(tree: Tree, root: str) -> dict[str, str]:
    name = roots_of.configuration(tree, root)
    if not name:
        return {}
    try:
        return pytest_settings(name, tree.read(RepoPath(posixpath.join(root, name))))
    except UnreadableError:
        return dict.fromkeys(_SETTINGS, "")
