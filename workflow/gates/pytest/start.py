"""Starts pytest inside the sandbox and reports each test's outcome over the report pipe.

Runs on the project's interpreter, which may be as old as 3.9: standard library and pytest 7 only.
pytest, its plugins and this reporter are loaded before the project's own folders can be, and the
standard library and the environment cannot be hidden by modules that a patch adds.

What stands here cannot be sealed: the tested code runs in the same process, and whoever looks for
this reporter finds it.  It makes tampering evident together with the canaries, the run of the
base's own tests and the mutants, which all are decided outside.
"""

from __future__ import annotations

import hmac
import importlib
import importlib.metadata
import importlib.util
import json
import os
import re
import sys
from importlib.machinery import ModuleSpec, PathFinder
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Say = Callable[..., None]

_INSIDE = "/run/workflow"
_TOLD = f"{_INSIDE}/once/told.json"
_FD = "WORKFLOW_REPORT_FD"
_OLDEST = 7
_NO_AUTOLOAD = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
# Every project may have these, whatever the environment has.
_PROJECTS_OWN = {"test", "tests", "conftest", "setup", "src", "docs", "examples", "benchmarks"}
_SKIPS = (pytest.skip.Exception, pytest.xfail.Exception)
# What reports that a test ran: of a canary, it goes to nobody who counts or prints.
_QUIET = (
    *("pytest_runtest_logreport", "pytest_runtest_logstart", "pytest_runtest_logfinish"),
    "pytest_exception_interact",
)


def _speaker(fd: int, key: bytes) -> Say:
    """Return what says a line, now or with the next one: numbered, and authentic.

    All that it needs is kept here, so that replacing it in its module later changes nothing.
    """
    write, digest, getpid = os.write, hmac.digest, os.getpid
    encode = json.JSONEncoder().encode
    speaker = getpid()
    number = 0
    lines = b""

    def say(said: dict[str, object], *, soon: bool = False) -> None:
        nonlocal number, lines
        if getpid() != speaker:
            return  # a fork of a test, which has no pipe any more
        text = f"{number} {encode(said)}".encode()
        number += 1
        lines += digest(key, text, "sha256").hex().encode() + b" " + text + b"\n"
        while lines and not soon:
            lines = lines[write(fd, lines) :]

    # The programs that tests start shall not hold the pipe, and neither shall their forks.
    os.set_inheritable(fd, False)
    os.register_at_fork(after_in_child=lambda: os.close(fd))
    return say


# --- what is imported from where ------------------------------------------------------------------


class _Environment:
    """Finds the modules of the standard library and the environment where they really are."""

    def __init__(self, path: Sequence[str], known: Iterable[str]) -> None:
        self._path = [*path]
        self.names = _modules(path) - {*known} - _PROJECTS_OWN

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: object = None
    ) -> ModuleSpec | None:
        """Find a module at the top, as if the tree were not there."""
        del target
        if path is not None or name not in self.names:
            return None
        return PathFinder.find_spec(name, self._path)


class _Late:
    """Finds the project's modules last, while pytest reads its settings and loads its plugins."""

    def __init__(self, folders: Sequence[str]) -> None:
        self._folders = [*folders]

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: object = None
    ) -> ModuleSpec | None:
        """Find a module at the top."""
        del target
        return PathFinder.find_spec(name, self._folders) if path is None else None


def _modules(path: Sequence[str]) -> set[str]:
    """Return the names at the top of some folders, and what Python itself brings."""
    names = {*sys.builtin_module_names, *getattr(sys, "stdlib_module_names", ())}
    for folder in path:
        names |= _stems(folder)
    return names


def _stems(folder: str) -> set[str]:
    try:
        found = os.listdir(folder)  # noqa: PTH208 - strings, as on the path
    except OSError:
        return set()
    stems = {name.partition(".")[0] for name in found if name.endswith((".py", ".so"))}
    return {stem for stem in stems | {name for name in found if "." not in name} if stem}


def _entry_points(wanted: Iterable[str], path: list[str]) -> list[Any]:
    """Return the plugins of the environment that are wanted by one of their names."""
    words = {_normal(word) for word in wanted}
    found = []
    for distribution in importlib.metadata.distributions(path=path):
        for point in distribution.entry_points:
            if point.group != "pytest11":
                continue
            names = (point.name, point.value.partition(":")[0], distribution.metadata["Name"])
            if "*" in words or not words.isdisjoint(map(_normal, names)):
                found.append(point)
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name or "").lower()


class _Loading:
    """The plugin that loads the named plugins first, and lets the project in afterwards."""

    def __init__(self, told: dict[str, Any], folders: list[str]) -> None:
        self._path = [*sys.path]
        self._folders = folders
        self._points = _entry_points(told["plugins"], self._path) if told["plugins"] else []
        self._late = _Late(folders)
        self.environment = _Environment(self._path, told["known"])
        sys.meta_path.insert(0, self.environment)
        sys.meta_path.append(self._late)
        os.environ[_NO_AUTOLOAD] = "1"

    @property
    def words(self) -> list[str]:
        """What pytest is told besides.

        Tests run in this process, where they are watched; and how much of a program is covered is
        no evidence, but a failure where only some of the tests run.
        """
        words = {"xdist": "-n0", "pytest_cov": "--no-cov"}
        return [words[point.name] for point in self._points if point.name in words]

    def pytest_addhooks(self, pluginmanager: Any) -> None:  # noqa: ANN401 - of any version
        """Load the named plugins under their own names: `-p no:NAME` still takes them out."""
        for point in self._points:
            if not pluginmanager.has_plugin(point.name):
                pluginmanager.register(point.load(), name=point.name)

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self) -> None:
        """Let the project's folders in, as `python -m pytest` would have from the start."""
        os.environ.pop(_NO_AUTOLOAD, None)
        sys.meta_path.remove(self._late)
        sys.meta_path.remove(self.environment)
        sys.meta_path.insert(0, self.environment)
        place = next((n for n, name in enumerate(sys.path) if name in self._path), len(sys.path))
        sys.path[place:place] = self._folders


# --- what is reported -----------------------------------------------------------------------------


class _Outcomes:
    """The plugin that says what became of each test."""

    def __init__(self, say: Say, canaries: set[str], *, stops: bool) -> None:
        self._say = say
        self._canaries = canaries
        self._stops = stops
        self._session: pytest.Session | None = None
        self._raised: set[tuple[str, str]] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Say which tests there are."""
        self._session = session
        self._say({"collected": [item.nodeid for item in session.items]})

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Say which tests were found and left out."""
        self._say({"deselected": [item.nodeid for item in items]})

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Say what could not be collected."""
        if report.failed:
            self._say({"uncollected": report.nodeid, "why": str(report.longrepr)[-2000:]})

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        """See whether it raises."""
        self._see(item, "setup", (yield))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """See whether it raises."""
        self._see(item, "call", (yield))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Iterator[None]:
        """See whether it raises."""
        self._see(item, "teardown", (yield))

    def _see(self, item: pytest.Item, when: str, result: Any) -> None:  # noqa: ANN401 - pluggy's
        # Here before any hook makes a report of it.
        self._raised.discard((item.nodeid, when))
        if result.excinfo and not issubclass(result.excinfo[0], _SKIPS):
            self._raised.add((item.nodeid, when))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Say how one phase of one test ended."""
        name, when = report.nodeid, str(report.when)
        seconds = round(float(report.duration), 4)
        said: dict[str, object] = {"test": name, "when": when, "outcome": report.outcome}
        said["s"] = seconds
        if hasattr(report, "wasxfail"):
            said["expected"] = True
        if (name, when) in self._raised:
            said["raised"] = True
        # What a test says goes out together, for each line wakes the reader up.
        self._say(said, soon=when != "teardown")
        is_canary = name.rpartition("::")[2] in self._canaries
        if self._stops and report.outcome == "failed" and not is_canary and self._session:
            self._session.shouldstop = "a test failed"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Say that this is the end, and which status the process is going to have."""
        self._say({"end": int(exitstatus)})


# --- the canaries ---------------------------------------------------------------------------------


class _Relay:
    """Hooks of an item, some of which do not go to all plugins."""

    def __init__(self, hooks: Any, own: dict[str, Any]) -> None:  # noqa: ANN401 - pluggy's
        self._hooks = hooks
        self._own = own

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as above
        return self._own.get(name) or getattr(self._hooks, name)


class _Canary(pytest.Function):
    """A test of ours: every hook that could change its outcome sees it, and nobody counts it."""

    relay: Any = None

    @property
    def ihook(self) -> Any:  # noqa: ANN401 - a relay of hooks, ours or pytest's
        return self.relay or super().ihook

    def iter_markers_with_node(self, name: str | None = None) -> Iterator[Any]:
        """Return nothing: marks of the tests around are not for it."""
        del name
        return iter(())


class _Watching:
    """The plugin that puts the canaries in between the tests."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._module: str = told["module"]
        self._names: list[list[str]] = told["canaries"]
        self._places = tuple(os.path.join(name, "") for name in sys.path)  # noqa: PTH118 - strings

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Iterator[None]:
        """Put them in when all is collected, and nothing looks at the list any more."""
        before = [*session.items]
        if before and not session.config.option.collectonly:
            session.items[:] = self._among(before, session)
        yield
        session.items[:] = before

    def _among(self, items: list[pytest.Item], session: pytest.Session) -> list[pytest.Item]:
        module = self._loaded()
        middle = len(items) // 2
        # Between two files: within one, fixtures of the file would be made twice.
        seams = [n for n in range(1, len(items)) if items[n - 1].path != items[n].path]
        seam = min(seams, key=lambda n: abs(n - middle), default=len(items))
        first, second, third = self._names
        found = [*self._made(items[0], session, module, first), *items[:seam]]
        neighbour = items[seam] if seam < len(items) else items[-1]
        found += [*self._made(neighbour, session, module, second), *items[seam:]]
        return found + self._made(items[-1], session, module, third)

    def _loaded(self) -> Any:  # noqa: ANN401 - a module of any shape
        # Imported now, as a test would be: what was done to imports and assertions does it harm.
        folder = f"{_INSIDE}/{self._module}"
        sys.path.insert(0, folder)
        try:
            return importlib.import_module(self._module)
        finally:
            sys.path.remove(folder)

    def _made(
        self,
        beside: pytest.Item,
        session: pytest.Session,
        module: Any,  # noqa: ANN401 - as above
        names: Sequence[str],
    ) -> list[pytest.Item]:
        folder: Any = beside.parent
        while isinstance(folder, (pytest.Module, pytest.Class)) and folder.parent is not None:
            folder = folder.parent
        path = type(beside.path)(module.__file__)
        parent = pytest.Module.from_parent(folder, path=path)
        parent.obj = module
        manager = session.config.pluginmanager
        counters = [one for one in manager.get_plugins() if self._counts(one)]
        own = {name: manager.subset_hook_caller(name, counters) for name in _QUIET}
        made: list[pytest.Item] = []
        for name in names:
            canary = _Canary.from_parent(parent, name=name, callobj=getattr(module, name))
            canary.relay = _Relay(beside.ihook, own)
            made.append(canary)
        return made

    def _counts(self, plugin: object) -> bool:
        """Whether a plugin is pytest's or the environment's: these print and count."""
        module = plugin if hasattr(plugin, "__file__") else sys.modules.get(type(plugin).__module__)
        return str(getattr(module, "__file__", None)).startswith(self._places)


def main() -> None:
    """Run pytest on the words after the script, as `python -m pytest` would."""
    if int(pytest.__version__.partition(".")[0]) < _OLDEST:
        message = f"pytest {_OLDEST} or newer is needed: this is {pytest.__version__}"
        raise SystemExit(message)
    with open(_TOLD, encoding="utf-8") as file:  # noqa: PTH123 - nothing more is imported
        told = json.load(file)
    os.unlink(_TOLD)  # noqa: PTH108 - as above
    say = _speaker(int(os.environ.pop(_FD)), bytes.fromhex(told.pop("key")))
    home = os.getcwd()  # noqa: PTH109 - strings, for the path
    folders = [home, os.path.join(home, "src")]  # noqa: PTH118 - as above
    os.environ["PYTHONPATH"] = os.pathsep.join(folders)
    del sys.path[0]
    loading = _Loading(told, folders)
    hidden = loading.environment.names & set().union(*map(_stems, folders))
    say({"hidden": sorted(hidden)})
    canaries = {name for names in told["canaries"] for name in names}
    plugins = [loading, _Outcomes(say, canaries, stops=told["stops"]), _Watching(told)]
    status = int(pytest.main([*sys.argv[1:], *loading.words], plugins=plugins))
    say({"left": status})
    # Not by `sys.exit`, which may be another's by now.
    raise SystemExit(status)


def _aside() -> Callable[[], None]:
    """Return `main` of a module that nobody finds by a name; `__main__` is pytest's own instead."""
    spec = importlib.util.spec_from_file_location("", __file__)
    own = importlib.util.find_spec("pytest.__main__")
    if spec is None or spec.loader is None or own is None:
        message = "pytest cannot be started here"
        raise SystemExit(message)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    named = importlib.util.module_from_spec(own)
    named.__name__ = "__main__"
    sys.modules["__main__"] = named
    sys.argv[0] = str(own.origin)
    run: Callable[[], None] = module.main
    return run


if __name__ == "__main__":
    _aside()()
