from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.gates.cases import LINK, case
from workflow.gates.pytest import tripwire

_EQUAL = "class A:\n    def __eq__(self, o):\n"
PLAIN = "def add(a, b):\n    return a + b\n"


def doubts(new: str, old: str = PLAIN, path: str = "app.py") -> tuple[str, ...]:
    """Return the doubts on one file's change."""
    return tripwire.doubts(case({path: old} if old else {}, {path: new}))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import sys\nsys._getframe(1)", "frames"),
        ("from sys import _getframe as up\nup()", "frames"),
        ("import inspect as i\ni.stack()", "frames"),
        ("import gc\ngc.get_objects()", "frames"),
        ("def f(e):\n    return e.__traceback__.tb_frame.f_back", "frames"),
        ("import sys\nsys.settrace(None)", "frames"),
        ("import pytest\npytest.exit('x')", "what runs the tests"),
        ("from _pytest import runner", "what runs the tests"),
        ("import unittest\nunittest.TestCase.run = None", "what runs the tests"),
        ("import sys\nsys.modules['app'] = None", "import"),
        ("import sys\ndel sys.modules['app']", "import"),
        ("import sys\nsys.meta_path.insert(0, None)", "import"),
        ("import builtins\nbuiltins.len = None", "import"),
        ("import os\nos._exit(0)", "ends the process"),
        ("from os import _exit\nstop = _exit", "ends the process"),
        ("import atexit\natexit.register(print)", "ends the process"),
        ("import sys\nsys.exit = None", "replaces something"),
        ("import json\nsetattr(json, 'dumps', None)", "replaces something"),
        ("def f():\n    pass\nf.__code__ = None", "replaces something"),
        ("import ctypes", "below Python"),
        ("import os\nos.write(3, b'x')", "below Python"),
        ("exec('a' + 'b')", "put together"),
        ("def f(x):\n    return eval(x)", "put together"),
        ("__import__('o' + 's')", "put together"),
        ("def f(x, y):\n    return getattr(x, 'a' + y)", "put together"),
        ("import inspect\ninspect.getsource(inspect)", "reads source"),
        ("open(__file__).read()", "reads source"),
        ("from pathlib import Path\nPath(__file__).read_text()", "reads source"),
        ("def f():\n    return f.__closure__", "reads source"),
        ("class A:\n    def __eq__(self, other):\n        return True", "equal to everything"),
        ("class A:\n    def __ne__(self, other):\n        return False", "equal to everything"),
        ("class A:\n    __eq__ = lambda self, other: True", "equal to everything"),
        ("from unittest.mock import ANY\nx = ANY", "equal to everything"),
        (
            f"{_EQUAL}        if not o:\n            return NotImplemented\n        return True",
            "equal",
        ),
        ("import sys\nx = 'pytest' in sys.modules", "test run"),
        ("import sys\nx = NAME in sys.modules", "test run"),
        ("import os\nos.environ.get('PYTEST_CURRENT_TEST')", "test run"),
        ("x = '/proc/self/mem'", "test run"),
        ("import os\nx = os.getcwd() == '/tree'", "test run"),
        ("import sys\ngetattr(sys, '_getframe')(1)", "frames"),
        ("import sys\nvars(sys)['_getframe'](1)", "frames"),
        ("import operator\noperator.attrgetter('f_code')", "frames"),
        ("import traceback as t\nt.extract_stack()", "frames"),
        ("def f(log):\n    return log.findCaller()", "frames"),
        ("import warnings\nwarnings.catch_warnings(record=True)", "frames"),
        ("from __main__ import x", "what runs the tests"),
        ("def f(kind):\n    kind.runtest = None", "what runs the tests"),
        ("import os\nx = [k for k in os.environ]", "test run"),
        ("import os\nfor k in os.environ.keys():\n    pass", "test run"),
        ("import sys\nfor k in sys.modules:\n    pass", "test run"),
        ("import sys\nx = 'start' in sys.argv[0]", "test run"),
        ("import socket\nx = socket.gethostname() == 'a'", "test run"),
        ("import sys\nx = type(sys.stdout)", "test run"),
        ("import importlib\nimportlib.import_module('.'.join(x))", "put together"),
        (f"{_EQUAL}        return isinstance(o, int)", "equal to everything"),
        ("class A(int):\n    def __eq__(self, o):\n        return self - o < 9", "built-in kind"),
        ("def pytest_runtest_makereport(item, call):\n    pass", "run or reported"),
        ("pytest_plugins = ['x']", "run or reported"),
        ("pytest_runtest_protocol = print", "run or reported"),
    ],
)
def test_tricks_are_seen(code: str, words: str) -> None:
    """Each way to make tests say something else is told, in its line, and only if it is new."""
    new = f"{PLAIN}{code}\n"
    found = doubts(new)
    assert any(words in doubt for doubt in found), found
    assert all(doubt.startswith("app.py, line ") for doubt in found)
    assert doubts(f"# words\n{new}", new) == ()
    assert any(words in doubt for doubt in doubts(new, old=""))


@pytest.mark.parametrize(
    "code",
    [
        '"""Run it with pytest."""',
        "import sys\nsys.exit(1)",
        "import sys\nmine = sys.modules[__name__]",
        "import os\nos.environ['X'] = '1'",
        "from pathlib import Path\nPath(__file__).parent.joinpath('x').read_text()",
        "exec('x = 1')",
        "class A:\n    def __eq__(self, other):\n        return self.a == other.a",
        "class A:\n    def __eq__(self, other):\n        return type(self) is type(other)",
        "from app import settings\nsettings.debug = True",
        "import re\nre.compile(x)",
        "getattr(x, name)",
        "self.f = 1",
        "def pytest_addoption(parser):\n    pass",
    ],
)
def test_plain_code_is_not_doubted(code: str) -> None:
    """What honest programs do all the time says nothing."""
    assert doubts(f"{code}\n") == ()


def test_tests_may_do_what_tests_do() -> None:
    """They know their runner and replace things; hooks and exits are told in them, too."""
    plain = "import pytest, json\njson.dumps = 'pytest'\n"
    assert doubts(plain, path="tests/test_app.py") == ()
    hook = "import os\ndef pytest_runtest_call(item):\n    os._exit(0)\n"
    found = doubts(hook, path="tests/conftest.py")
    assert [doubt.partition(": ")[2].split()[0] for doubt in found] == ["decides", "ends"]


@pytest.mark.parametrize(
    "path",
    ["a.pth", "sitecustomize.py", "a/b.so", "a.pyc", "x.dist-info/entry_points.txt", "junit.xml"],
)
def test_files_that_act_by_themselves_are_told(path: str) -> None:
    """Some files need no line of code to do something to the tests."""
    assert doubts("x = 1\n", old="", path=path)


@pytest.mark.parametrize("path", ["t.pkl", "a/w.PT", "lib.dll", "x.whl", "m.npy"])
def test_data_that_may_be_code_is_told(path: str) -> None:
    """A program that loads it runs it, and no line of Python changes."""
    assert len(doubts("x", old="y", path=path)) == 1


def test_data_is_known_by_how_it_begins() -> None:
    """Whatever a pickle is called; a text is none."""
    assert "may be code" in doubts("PK\x03\x04", old="", path="data.bin")[0]
    assert doubts("PK", old="", path="data.bin") == ()


@pytest.mark.parametrize(("target", "leaves"), [("/etc/x", True), ("../../x", True), ("b", False)])
def test_links_out_of_the_tree_are_told(target: str, *, leaves: bool) -> None:
    """What they lead to is there in one place and not in another."""
    assert bool(doubts(f"{LINK}{target}", path="a/app.py")) is leaves


def test_sign_that_moves_is_a_new_one() -> None:
    """What was honest in one function need not be so in another."""
    old = "import sys\ndef a():\n    return 'pytest' in sys.modules\ndef b():\n    return 1\n"
    new = old.replace("'pytest' in sys.modules", "2").replace("1", "'pytest' in sys.modules")
    assert [doubt[:14] for doubt in doubts(new, old)] == ["app.py, line 5"]


def test_encodings_that_hide_code_are_told() -> None:
    """A line of comments can be a program in another encoding."""
    assert "hide code" in doubts("# -*- coding: utf-7 -*-\n")[0]
    assert doubts("# coding: utf-8\n") == ()


def test_many_signs_of_one_statement_are_read_at_once() -> None:
    """A long list of what could tell a test run takes no longer than a list."""
    (doubt,) = doubts("x = [" + "'/proc/', " * 15_000 + "]\n")
    assert doubt.startswith("app.py, line 1: could tell")


def test_files_that_go_are_not_told() -> None:
    """What a patch takes away does nothing."""
    assert tripwire.doubts(case({"a.py": "import os\nos._exit(0)\n"}, {})) == ()


def test_doubts_are_bounded() -> None:
    """A patch that does all of it in every file is told in few lines."""
    files = {f"a{n}.py": "import os\nos._exit(0)\n" for n in range(30)}
    found = tripwire.doubts(case({}, files))
    assert len(found) == 21
    assert found[-1] == "and 10 more places like these"


@pytest.mark.parametrize("new", ["def f(:\n", "f(" * 500 + ")" * 500, "x" * 600_000, "\xff\0"])
def test_what_cannot_be_read_is_told(new: str) -> None:
    """A file in which nobody could look is a doubt of its own."""
    (doubt,) = doubts(new)
    assert "nobody looked for tricks" in doubt


def test_large_patches_are_not_read_whole() -> None:
    """Beyond a bound nobody looks, and that is said instead."""
    files = {"a.py": "import os\nos._exit(0)\n", "b.py": "(" * 300_000, "c.py": "exec(a)\n"}
    found = tripwire.doubts(case({}, files))
    assert [doubt[:9] for doubt in found] == ["a.py, lin", "the patch"]


def test_places_are_those_that_are_new() -> None:
    """Of several lines, the ones that were not there are named."""
    old = "import os\nos._exit(0)\n"
    assert doubts(f"{old}os._exit(1)\n", old) == (
        "app.py, line 3: ends the process, or puts itself before its end",
    )


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever stands in a file, there are doubts or none."""
    doubts(text.encode("utf-8", "replace").decode())
