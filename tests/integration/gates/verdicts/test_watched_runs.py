"""Honest projects of all shapes run under watch as they run without: the real pytest, confined."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from workflow.gates.pytest import canary, report, start
from workflow.gates.pytest.report import Ended
from workflow.sandbox import Command, Limits, Network, Scratch
from workflow.sandbox.interpreter import interpreter

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from workflow.gates.pytest.report import Report
    from workflow.process import Ran
    from workflow.sandbox.bubblewrap import Bubblewrap

PASSES = "def test_{}():\n    assert True\n"


class Watched(Protocol):
    """Runs the tests of some files under watch; `words` go to pytest."""

    def __call__(
        self,
        files: Mapping[str, str],
        *words: str,
        plugins: Collection[str] = (),
        known: Collection[str] = (),
        stops: bool = False,
    ) -> tuple[Ran, Report]:
        """Return how it ended, and what it said."""
        ...


@pytest.fixture
def watched(sandbox: Bubblewrap, tmp_path: Path) -> Watched:
    """Return the runner, in the real sandbox."""
    python = interpreter(Path(sys.executable))

    def run(
        files: Mapping[str, str],
        *words: str,
        plugins: Collection[str] = (),
        known: Collection[str] = (),
        stops: bool = False,
    ) -> tuple[Ran, Report]:
        for name, text in files.items():
            path = tmp_path / "tree" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        watch = canary.watch(
            lambda _: secrets.token_hex(32), "", plugins=plugins, known=known, stops=stops
        )
        place = f"{canary.INSIDE}/start.py"
        ran = sandbox.run(
            Command(
                argv=(str(python.program), place, "-q", "-p", "no:cacheprovider", *words),
                tree=Scratch(tmp_path / "tree"),
                env={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"},
                read_only=python.folders,
                files=((place, Path(start.__file__).read_bytes()), *watch.files),
                dirs=watch.dirs,
                limits=Limits(wall_s=20.0),
                network=Network.LOOPBACK,
                report=True,
            )
        )
        found = report.read(ran, watch)
        assert not any(name.encode() in ran.stdout + ran.stderr for name in watch.canaries)
        return ran, found

    return run


def test_fixtures_are_made_as_often_as_without(watched: Watched) -> None:
    """The canaries between the tests tear no fixture of a session, folder or file down."""
    conftest = (
        "import pytest\nmade = []\n"
        "@pytest.fixture(scope='session', autouse=True)\ndef whole():\n    made.append('session')\n"
        "@pytest.fixture(scope='package')\ndef some():\n    made.append('package')\n"
        "def pytest_sessionfinish():\n    print(sorted(made))\n"
    )
    test = (
        "import conftest, pytest\n"
        "@pytest.fixture(scope='module')\ndef here():\n    conftest.made.append(__name__)\n"
        "class TestAll:\n"
        "    @pytest.fixture(scope='class')\n"
        "    def mine(self):\n        conftest.made.append('class')\n"
        "    def test_a(self, here, some, mine):\n        assert True\n"
        "    def test_b(self, here, some, mine):\n        assert True\n"
        "def test_c(here, some):\n    assert True\n"
    )
    more = "def test_d(here):\n    assert True\ndef test_e(here):\n    assert True\n"
    ran, found = watched({"conftest.py": conftest, "test_one.py": test, "test_two.py": test + more})
    assert (found.problem, found.unwatched) == ("", "")
    assert len(found.names(Ended.PASSED)) == 8
    assert b"['class', 'class', 'package', 'session', 'test_one', 'test_two']" in ran.stdout


def test_counts_and_status_are_the_tests_own(watched: Watched) -> None:
    """What pytest prints and how it ends has no trace of the canaries."""
    ran, found = watched({"test_a.py": PASSES.format("a"), "b/test_b.py": PASSES.format("b")})
    assert (ran.exit_status, found.problem) == (0, "")
    assert b"2 passed in" in ran.stdout
    assert found.tests == {"test_a.py::test_a": Ended.PASSED, "b/test_b.py::test_b": Ended.PASSED}


@pytest.mark.parametrize("words", [("-x",), ("--maxfail=1",), ("-v",), ("-n0", "-p", "xdist")])
def test_options_of_projects_are_kept(watched: Watched, words: tuple[str, ...]) -> None:
    """A canary that fails is no failure that ends a run at the first one."""
    _, found = watched({"test_a.py": PASSES.format("a")}, *words)
    assert (found.problem, found.unwatched) == ("", "")
    assert found.tests == {"test_a.py::test_a": Ended.PASSED}


def test_stopping_at_the_first_failure_is_heard(watched: Watched) -> None:
    """With `-x` the rest is not run, and that is no contradiction."""
    files = {"test_a.py": "def test_a():\n    assert 0\n", "test_b.py": PASSES.format("b")}
    _, found = watched(files, "-x")
    assert (found.problem, found.unwatched) == ("", "")
    assert found.tests == {"test_a.py::test_a": Ended.FAILED, "test_b.py::test_b": Ended.NOT_RUN}


def test_run_stops_when_it_is_to(watched: Watched) -> None:
    """Without a word to pytest, a run ends at its first failure; teardown is done."""
    files = {"test_a.py": "def test_a():\n    assert 0\n", "test_b.py": PASSES.format("b")}
    ran, found = watched(files, stops=True)
    assert ran.exit_status == 2
    assert found.problem == ""
    assert found.tests == {"test_a.py::test_a": Ended.FAILED, "test_b.py::test_b": Ended.NOT_RUN}


def test_tests_of_other_kinds_are_watched(watched: Watched) -> None:
    """Doctests, classes of unittest, parameters, expected failures and skipped files."""
    files = {
        "test_a.txt": ">>> 1 + 1\n2\n",
        "test_b.py": "import unittest\nclass TestB(unittest.TestCase):\n"
        "    def test_b(self):\n        self.assertEqual(1, 1)\n"
        "    def test_s(self):\n        self.skipTest('no')\n",
        "test_c.py": "import pytest\n@pytest.mark.parametrize('n', [1, 2])\n"
        "def test_c(n):\n    assert n\n"
        "@pytest.mark.xfail\ndef test_x():\n    assert 0\n"
        "@pytest.mark.xfail\ndef test_y():\n    assert 1\n",
        "test_d.py": "import pytest\npytestmark = pytest.mark.skip\n" + PASSES.format("d"),
        "test_e.py": "import pytest\ndef setup_module():\n    pytest.skip('not here')\n"
        + PASSES.format("e"),
    }
    _, found = watched(files, "--doctest-glob=*.txt")
    assert (found.problem, found.unwatched) == ("", "")
    assert found.tests == {
        "test_a.txt::test_a.txt": Ended.PASSED,
        "test_b.py::TestB::test_b": Ended.PASSED,
        "test_b.py::TestB::test_s": Ended.SKIPPED,
        "test_c.py::test_c[1]": Ended.PASSED,
        "test_c.py::test_c[2]": Ended.PASSED,
        "test_c.py::test_x": Ended.XFAILED,
        "test_c.py::test_y": Ended.XPASSED,
        "test_d.py::test_d": Ended.SKIPPED,
        "test_e.py::test_e": Ended.SKIPPED,
    }


def test_fixture_that_wants_a_class_leaves_the_run_unwatched(watched: Watched) -> None:
    """What an honest project does to all of its tests may not fit ours: said, and no lie."""
    conftest = (
        "import pytest\n@pytest.fixture(autouse=True)\ndef _all(request):\n"
        "    assert request.cls.__name__ == 'TestA'\n"
    )
    test = "class TestA:\n    def test_a(self):\n        assert True\n"
    _, found = watched({"conftest.py": conftest, "test_a.py": test})
    assert found.problem == ""
    assert found.unwatched


def test_deselected_tests_are_told(watched: Watched) -> None:
    """A test that is there and left out is known by its name."""
    _, found = watched({"test_a.py": PASSES.format("a") + PASSES.format("b")}, "-k", "a and not b")
    assert found.deselected == {"test_a.py::test_b"}


def test_modules_of_the_environment_cannot_be_hidden(watched: Watched) -> None:
    """A new file of the name of a module is not imported instead of it, and is told."""
    test = "import statistics, yaml\ndef test_a():\n    assert statistics.mean and yaml.safe_load\n"
    files = {"test_a.py": test, "statistics.py": "", "yaml/__init__.py": "", "src/csv.py": ""}
    _, found = watched(files)
    assert found.tests == {"test_a.py::test_a": Ended.PASSED}
    assert found.hidden == ("csv", "statistics", "yaml")


def test_modules_that_the_base_has_are_its_own(watched: Watched) -> None:
    """A project that has always hidden a module goes on doing so."""
    test = "import statistics\ndef test_a():\n    assert statistics.OURS\n"
    files = {"test_a.py": test, "statistics.py": "OURS = 1\n"}
    _, found = watched(files, known=["statistics"])
    assert found.tests == {"test_a.py::test_a": Ended.PASSED}
    assert found.hidden == ()


FIXTURE = "def test_a(anyio_backend_name):\n    assert anyio_backend_name\n"


@pytest.mark.parametrize(
    ("plugins", "words", "end"),
    [
        ((), (), Ended.FAILED),
        (("anyio",), (), Ended.PASSED),
        (("AnyIO",), (), Ended.PASSED),
        (("anyio.pytest_plugin",), (), Ended.PASSED),
        (("anyio",), ("-p", "no:anyio"), Ended.FAILED),
        ((), ("-p", "anyio"), Ended.PASSED),
    ],
)
def test_plugins_are_loaded_by_name_alone(
    watched: Watched, plugins: tuple[str, ...], words: tuple[str, ...], end: Ended
) -> None:
    """An installed plugin is not loaded unasked; `-p` of the settings counts as ever."""
    _, found = watched({"test_a.py": FIXTURE}, *words, plugins=plugins)
    assert [*found.tests.values()] == [end]


def test_plugin_of_the_project_is_loaded_by_its_settings(watched: Watched) -> None:
    """`-p` may name a module of the tree, as with `python -m pytest`."""
    plugin = "import pytest\n@pytest.fixture\ndef given():\n    return 1\n"
    test = "def test_a(given):\n    assert given\n"
    _, found = watched({"ours/plugin.py": plugin, "test_a.py": test}, "-p", "ours.plugin")
    assert found.tests == {"test_a.py::test_a": Ended.PASSED}


def test_tests_run_in_one_process(watched: Watched) -> None:
    """A project that asks for workers runs without them, for we watch one process."""
    test = "import os\ndef test_a():\n    assert 'PYTEST_XDIST_WORKER' not in os.environ\n"
    _, found = watched({"test_a.py": test}, "-n", "2", plugins=["xdist"])
    assert (found.problem, found.unwatched) == ("", "")
    assert found.tests == {"test_a.py::test_a": Ended.PASSED}


def test_nothing_of_the_watch_is_left_to_find(watched: Watched) -> None:
    """No variable, file, or descriptor of a child tells the key or leads to the pipe."""
    test = (
        "import os, pathlib, subprocess, sys\n"
        "def test_a():\n"
        "    assert not [name for name in os.environ if 'WORKFLOW' in name]\n"
        "    assert 'PYTEST_DISABLE_PLUGIN_AUTOLOAD' not in os.environ\n"
        "    assert not list(pathlib.Path('/run/workflow/once').iterdir())\n"
        "    count = 'import os; print(len(os.listdir(\"/proc/self/fd\")))'\n"
        "    words = [sys.executable, '-c', count]\n"
        "    import __main__\n"
        "    assert not [name for name in vars(__main__) if 'anary' in name or name == '_aside']\n"
        "    assert __main__.__spec__.name == 'pytest.__main__' and 'start' not in sys.argv[0]\n"
        "    said = subprocess.run(words, stdout=-1, close_fds=False).stdout\n"
        "    assert int(said) == 4\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        mine = [os.readlink(f'/proc/self/fd/{fd}') for fd in os.listdir('/proc/self/fd')"
        " if os.path.exists(f'/proc/self/fd/{fd}')]\n"
        "        os._exit(sum(one.startswith('pipe:') for one in mine))\n"
        "    own = [os.readlink(f'/proc/self/fd/{fd}') for fd in os.listdir('/proc/self/fd')"
        " if os.path.exists(f'/proc/self/fd/{fd}')]\n"
        "    pipes = sum(one.startswith('pipe:') for one in own)\n"
        "    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == pipes - 1\n"
    )
    ran, found = watched({"test_a.py": test})
    assert found.tests == {"test_a.py::test_a": Ended.PASSED}, ran.stdout.decode()


def test_fork_that_goes_on_as_pytest_says_nothing(watched: Watched) -> None:
    """A child that comes back out of its test cannot report, wherever the pipe's number leads."""
    test = (
        "import os\nplace = '/tmp/said'\n"
        "def test_a():\n"
        "    global kept\n"
        "    if os.fork():\n        os.wait()\n"
        "    else:\n        kept = [open(place, 'a') for _ in range(5)]\n"
        "def test_b():\n    assert not os.path.getsize(place)\n"
    )
    _, found = watched({"test_a.py": test})
    assert (found.problem, found.unwatched) == ("", "")
    assert found.tests == {"test_a.py::test_a": Ended.PASSED, "test_a.py::test_b": Ended.PASSED}
