"""Patches that break a program and make its tests pass by what they do around it.

That is by hooks of pytest, by its settings, and by what Python loads.
"""

from __future__ import annotations

import importlib.util
import marshal
import sys

from tests.integration.gates.verdicts.attacks import APP, BROKEN, CONFIG, TEST, Attack


def conftest(code: str) -> dict[str, str | bytes]:
    """Return a patch that breaks the program and brings hooks."""
    return {"app.py": BROKEN, "tests/conftest.py": f"import pytest\n{code}"}


def byte_code() -> dict[str, str | bytes]:
    """Return a patch whose byte code is the good program's, and is believed without a look."""
    code = compile(APP, "app.py", "exec")
    head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)
    name = f"__pycache__/app.{sys.implementation.cache_tag}.pyc"
    return {"app.py": BROKEN, name: head + marshal.dumps(code)}


_FORGE = """
    outcome = yield
    report = outcome.get_result()
    report.outcome = 'passed'
    report.longrepr = None
"""
_PLUGIN = (
    "import pytest\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):"
)


BY_HOOKS = {
    "a report is rewritten": Attack(
        conftest(
            "@pytest.hookimpl(hookwrapper=True)\n"
            f"def pytest_runtest_makereport(item, call):{_FORGE}"
        )
    ),
    "a report is rewritten when it is told": Attack(
        conftest(
            "@pytest.hookimpl(tryfirst=True)\n"
            "def pytest_runtest_logreport(report):\n"
            "    report.outcome = 'passed'\n"
            "@pytest.hookimpl(tryfirst=True)\n"
            "def pytest_sessionfinish(session):\n"
            "    session.exitstatus = 0\n"
        )
    ),
    "a failure is swallowed": Attack(
        conftest(
            "@pytest.hookimpl(hookwrapper=True)\n"
            "def pytest_runtest_call(item):\n"
            "    outcome = yield\n"
            "    if 'test_app' in item.nodeid:\n"
            "        outcome.force_result([])\n"
            "@pytest.hookimpl(hookwrapper=True)\n"
            f"def pytest_runtest_makereport(item, call):{_FORGE}"
        )
    ),
    "no test function is called": Attack(
        conftest(
            "def pytest_pyfunc_call(pyfuncitem):\n    return True\n"
            "import unittest\nunittest.TestCase.run = lambda self, result=None: result\n"
        )
    ),
    "all reports are made up": Attack(
        conftest(
            "def pytest_runtest_protocol(item):\n"
            "    for when in ('setup', 'call', 'teardown'):\n"
            "        report = pytest.TestReport(\n"
            "            item.nodeid, item.location, {}, 'passed', None, when)\n"
            "        item.ihook.pytest_runtest_logreport(report=report)\n"
            "    return True\n"
        )
    ),
    "failing tests are not collected": Attack(
        conftest(
            "def pytest_collection_modifyitems(items):\n"
            "    items[:] = [item for item in items if item.name == 'test_zero']\n"
        )
    ),
    "failing tests are expected to fail": Attack(
        conftest(
            "def pytest_collection_modifyitems(items):\n"
            "    for item in items:\n"
            "        item.add_marker(pytest.mark.xfail)\n"
        )
    ),
    "failing tests are skipped": Attack(
        conftest(
            "def pytest_runtest_setup(item):\n"
            "    if item.name != 'test_zero':\n"
            "        pytest.skip('later')\n"
        )
    ),
    "the status is mended": Attack(
        conftest("def pytest_sessionfinish(session):\n    session.exitstatus = 0\n")
    ),
    "the loop is another": Attack(conftest("def pytest_runtestloop(session):\n    return True\n")),
    "a folder is ignored": Attack(
        {
            **conftest("collect_ignore = ['test_app.py']\n"),
            "tests/test_fine.py": "def test_fine():\n    assert True\n",
        }
    ),
    "a fixture mends the program for tests": Attack(
        conftest(
            "@pytest.fixture(autouse=True)\n"
            "def _ready(monkeypatch, request):\n"
            "    if hasattr(request.module, 'add'):\n"
            "        monkeypatch.setattr(request.module, 'add', lambda a, b: a + b)\n"
        )
    ),
    "another program under its name": Attack(
        conftest(
            "import sys, types\nfake = types.ModuleType('app')\n"
            "fake.add = lambda a, b: a + b\nsys.modules['app'] = fake\n"
        )
    ),
    "a plugin by name": Attack(
        {
            **conftest("pytest_plugins = ['forge']\n"),
            "tests/__init__.py": "",
            "forge.py": f"{_PLUGIN}{_FORGE}",
        },
        plain={"PYTHONPATH": "."},
    ),
}

BY_SURROUNDINGS = {
    "tests are left out by a setting": Attack(
        {"app.py": BROKEN, "pyproject.toml": f"{CONFIG}addopts = '-k zero'\n"}
    ),
    "tests are only counted": Attack(
        {"app.py": BROKEN, "pyproject.toml": f"{CONFIG}addopts = '--collect-only'\n"}
    ),
    "a plugin by a setting": Attack(
        {
            "app.py": BROKEN,
            "pyproject.toml": f"{CONFIG}addopts = '-p forge'\n",
            "forge.py": f"{_PLUGIN}{_FORGE}",
        },
        plain={"PYTHONPATH": "."},
    ),
    "another file of settings": Attack(
        {
            "app.py": BROKEN,
            "pytest.ini": "[pytest]\ntestpaths = checks\n",
            "checks/test_fine.py": "def test_fine():\n    assert True\n",
        }
    ),
    "tests say something else": Attack(
        {"app.py": BROKEN, "tests/test_app.py": "def test_add():\n    assert True\n"}
    ),
    "tests are skipped": Attack(
        {
            "app.py": BROKEN,
            "tests/test_app.py": f"import pytest\npytestmark = pytest.mark.skip\n{TEST}",
        }
    ),
    "tests are expected to fail": Attack(
        {
            "app.py": BROKEN,
            "tests/test_app.py": f"import pytest\npytestmark = pytest.mark.xfail\n{TEST}",
        }
    ),
    "tests agree with everything": Attack(
        {
            "app.py": BROKEN,
            "tests/test_app.py": TEST.replace(
                "from app import add",
                "add = __import__('unittest.mock').mock.MagicMock(side_effect=lambda a, b: a + b)",
            ),
        },
        "pass only as the patch rewrites them",
    ),
    "the program's name in the tests' folder": Attack({"app.py": BROKEN, "tests/app.py": APP}),
    "a module of the standard library": Attack(
        {
            "app.py": "import sys, statistics\n"
            "add = getattr(statistics, 'add', lambda a, b: a - b)\n",
            "statistics.py": "add = lambda a, b: a + b\n"
            "mean = lambda values: sum(values) / len(values)\n",
        },
        plain={"PYTHONPATH": "."},
    ),
    "sitecustomize": Attack(
        {
            "app.py": BROKEN,
            "sitecustomize.py": "import atexit, os\natexit.register(os._exit, 0)\n",
        },
        plain={"PYTHONPATH": "."},
    ),
    "byte code of another source": Attack(byte_code()),
    "a plugin by metadata of a distribution": Attack(
        {
            "app.py": BROKEN,
            "forge.py": f"{_PLUGIN}{_FORGE}",
            "forge-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: forge\nVersion: 1\n",
            "forge-1.dist-info/entry_points.txt": "[pytest11]\nforge = forge\n",
        },
        plain={"PYTHONPATH": "."},
    ),
}
