"""Tests that move, go, or are decided on elsewhere: whole files, other languages, conftest."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from workflow.policy import Sample

if TYPE_CHECKING:
    from tests.unit.policy.conftest import Bench

TESTS = b"""import pytest


def test_sum():
    assert add(1, 2) == 3


@pytest.mark.parametrize("value", [1, 2, 3])
def test_each(value):
    assert value
"""


def test_named_cases_are_counted(bench: Bench) -> None:
    """A list that is given a name at the top is as good as one in place."""
    old = (
        "import pytest\nCASES = [1, 2]\n@pytest.mark.parametrize('x', CASES)\ndef test_a(x): pass\n"
    )
    base = {"test_a.py": old.encode()}
    fewer = {"test_a.py": old.replace("1, 2", "1").encode()}
    (reason,) = bench.reasons("weakened-test", base, fewer)
    assert reason.startswith("test_a loses 1 of 2 cases")


def test_tests_may_move_between_files(bench: Bench) -> None:
    """With the same body; what is lost on the way is named."""
    one = "def test_a():\n    assert f() == 1\n"
    two = "def test_b():\n    assert f() == 2\n    assert g() == 2\n"
    base = {"tests/test_a.py": (one + two).encode(), "tests/test_b.py": b"def x(): ...\n"}
    moved = {"tests/test_a.py": one.encode(), "tests/test_b.py": b"def x(): ...\n" + two.encode()}
    assert bench.rules(base, moved) == set()
    assert "weakened-test" not in bench.rules(base, {"tests/test_c.py": (one + two).encode()})
    assert bench.reasons("weakened-test", base, {"tests/test_b.py": (one + two).encode()}) == []
    lost = {**moved, "tests/test_b.py": two.replace("    assert g() == 2\n", "").encode()}
    (reason,) = bench.reasons("weakened-test", base, lost)
    assert reason.startswith("test_b goes")


def test_new_files_have_nothing_to_weaken(bench: Bench) -> None:
    """What they skip is their own; what they take from others is not."""
    new = b"import pytest\n\npytestmark = pytest.mark.skip\n\n\ndef helper():\n    pytest.skip()\n"
    assert bench.reasons("weakened-test", {}, {"test_b.py": new}) == []
    one = b"def test_a():\n    assert f() == 1\n"
    (reason,) = bench.reasons(
        "weakened-test",
        {"test_a.py": b"x = 1\n" * 99 + one},
        {"test_a.py": b"x = 1\n" * 99, "test_b.py": new + one},
    )
    assert reason.startswith("test_a goes")
    classes = b"class TestB:\n    @pytest.fixture\n    def f(self):\n        pytest.skip()\n"
    assert bench.reasons("weakened-test", {"test_a.py": one}, {"test_a.py": one + classes}) == []
    old = b"class TestB:\n    def test_b(self):\n        assert f()\n"
    more = old + b"    def setup_method(self):\n        pytest.skip()\n"
    (reason,) = bench.reasons("weakened-test", {"test_a.py": old}, {"test_a.py": more})
    assert reason.startswith("TestB.setup_method comes, with pytest.skip")


def test_a_test_that_moves_to_where_it_is_skipped_goes(bench: Bench) -> None:
    """The same body under other marks is not the same test."""
    one = b"def test_a():\n    assert f() == 1\n"
    new = b"@pytest.mark.skip\nclass TestA:\n    " + one.replace(b"    ", b"        ")
    (reason,) = bench.reasons("weakened-test", {"test_a.py": one}, {"test_a.py": new})
    assert reason.startswith("test_a goes")


def test_files_of_tests_do_not_go(bench: Bench) -> None:
    """Neither by deletion nor by a name under which they are not collected."""
    text = TESTS
    for left in ({"tests/test_a.py": b"x = 1\n"}, {}):
        gone = bench.reasons("weakened-test", {"tests/test_a.py": text}, left)
        assert [one.split(" goes")[0] for one in gone] == ["test_sum", "test_each"]
    for path, to in [("test_a.py", "a.py"), ("tests/x.py", "x.py"), ("a_test.go", "a.go")]:
        (reason,) = bench.reasons("weakened-test", {path: text}, {to: text})
        assert reason.startswith("the tests move to"), path
    for path in ["a_test.go", "web/a.test.ts", "a.spec.js", "tests/x.rs", "test_broken.py"]:
        (reason,) = bench.reasons("weakened-test", {path: b"def (:\n"}, {})
        assert reason.startswith("the test file goes"), path
    for path in ["app/main.py", "latest.py", "contest.go", "tests/data.json", "attest.js"]:
        assert bench.reasons("weakened-test", {path: text}, {}) == [], path


def test_other_languages_are_counted(bench: Bench) -> None:
    """By words: fewer tests, fewer assertions, more skips."""
    old = b"it('a', () => {\n  expect(f()).toBe(1);\n});\nit('b', () => {\n  expect(g());\n});\n"
    for new, reason in [
        (old.replace(b"  expect(g());\n", b""), "1 of 2 assertions go"),
        (old.replace(b"it('b'", b"it.skip('b'"), "1 of 2 tests go"),
        (old[: old.index(b"it('b'")], "1 of 2 tests go"),
        (b"describe.skip(1);" + old, "1 more skips"),
    ]:
        reasons = bench.reasons("weakened-test", {"a.test.js": old}, {"a.test.js": new})
        assert reasons[0].startswith(reason), new
    assert bench.reasons("weakened-test", {"a.test.js": old}, {"a.test.js": old + old}) == []
    broken = b"def test_a(:\n    assert 1\n"
    (reason,) = bench.reasons(
        "weakened-test", {"test_a.py": broken}, {"test_a.py": b"def test_a(:\n"}
    )
    assert reason.startswith("1 of 1 assertion go")


def test_conftest_decides_for_others(bench: Bench) -> None:
    """Hooks and lists of what is ignored are named, in new files as well."""
    hook = "def pytest_collection_modifyitems(items):\n    items.clear()\n"
    for text, reason in [
        (
            "collect_ignore = ['test_a.py']\n",
            "collect_ignore, collect_ignore_glob or pytest_plugins changes",
        ),
        (
            "collect_ignore_glob: list = ['*']\n",
            "collect_ignore, collect_ignore_glob or pytest_plugins changes",
        ),
        (
            "collect_ignore.append('x')\n",
            "collect_ignore, collect_ignore_glob or pytest_plugins changes",
        ),
        (
            "if 1:\n    collect_ignore = ['x']\n",
            "collect_ignore, collect_ignore_glob or pytest_plugins changes",
        ),
        ("pytest_plugins = ['x']\n", "collect_ignore, "),
        (hook, "pytest_collection_modifyitems decides"),
        ("from x import pytest_collection_modifyitems\n", "pytest_collection_modifyitems decides"),
        ("from x import f as pytest_runtest_call\n", "pytest_runtest_call decides"),
        ("pytest_runtest_call = print\n", "pytest_runtest_call decides"),
        ("try:\n    from x import *\nfinally:\n    pass\n", "all names of another file come in"),
        ("globals()['pytest_' 'runtest_call'] = print\n", "the whole file comes to reach names"),
        ("def pytest_ignore_collect(): return True\n", "pytest_ignore_collect decides"),
        ("async def pytest_runtest_call(item): ...\n", "pytest_runtest_call decides"),
        ("import pytest\n\ndef f():\n    pytest.skip()\n", "f comes, with pytest.skip"),
        ("def (\n", "its tests cannot be told any more"),
    ]:
        for base in ({}, {"tests/conftest.py": b"x = 1\n"}):
            proposed = {"tests/conftest.py": text.encode()}
            reasons = bench.reasons("weakened-test", base, proposed)
            assert any(one.startswith(reason) for one in reasons), (text, reasons)
    kept = {"conftest.py": hook.encode()}
    longer = {"conftest.py": b"import pytest\n\n\ndef pytest_other(): ...\n" + hook.encode()}
    assert bench.reasons("weakened-test", kept, longer) == []
    other = {"conftest.py": hook.replace("items.clear()", "items[:] = []").encode()}
    assert len(bench.reasons("weakened-test", kept, other)) == 1


def test_a_file_does_not_stand_in_front_of_another(bench: Bench) -> None:
    """Python would import the new one, in the top folder or in a test's."""
    base = {"src/app.py": b"x = 1\n", "lib/a.py": b"x = 1\n", "data/a.txt": b"x\n"}
    base |= {"tests/in/__init__.py": b"", "setup.py": b"x = 1\n", "top.py": b"x = 1\n"}
    for path, instead in [
        ("pytest.py", "its own pytest"),
        ("_pytest/__init__.py", "its own _pytest"),
        ("unittest.py", "its own unittest"),
        ("src/json.py", "its own json"),
        ("tests/random/__init__.py", "its own random"),
        ("tests/src.py", "src"),
        ("tests/lib/__init__.py", "lib"),
        ("tests/unit/top.py", "top.py"),
        ("tests/app.py", "src/app.py"),
    ]:
        reasons = bench.reasons("weakened-test", base, {**base, path: b"y = 1\n"})
        assert [one.partition("instead of ")[2].partition(";")[0] for one in reasons] == [instead]
    for path in [
        *(
            "app/json.py",
            "tests/in/json.py",
            "tests/in/lib/__init__.py",
            "tests/data.py",
            "lib/b.py",
        ),
        *("tests/conftest.py", "tests/setup.py", "tests/pytest.txt", "tests/new.py", "new.py"),
    ]:
        assert bench.reasons("weakened-test", base, {**base, path: b"y = 1\n"}) == [], path
    assert bench.reasons("weakened-test", {"pytest.py": b"x\n"}, {"pytest.py": b"y = 1\n"}) == []


def test_what_is_too_much_to_read_is_said(bench: Bench) -> None:
    """Files that come are no place to hide behind, and those that were there are read first."""
    old = b"def test_a():\n    assert f() == 1\n"
    new = old.replace(b"f() == 1", b"True")
    padding = b"#" + b" ;" * 110_000
    (reason,) = bench.reasons(
        "weakened-test",
        {"tests/test_b.py": old},
        {"tests/test_a.py": padding * 2, "tests/test_b.py": new},
    )
    assert reason.startswith("test_a: 1 assertion can no longer fail")
    reasons = bench.reasons(
        "weakened-test",
        {"tests/test_a.py": padding, "tests/test_b.py": old},
        {"tests/test_a.py": padding + b"a", "tests/test_b.py": new[:14]},
    )
    too_much = "beyond the words of tests that are read for one change"
    assert [one.partition(";")[0] for one in reasons] == [
        f"its tests cannot be told any more: it is {too_much}",
        f"its tests cannot be told: they are {too_much}",
        "1 of 1 assertion go, counted by their words",
    ]


def test_very_many_classes_are_read_in_time(bench: Bench) -> None:
    """Each one is taken away again, and each is looked up."""
    names = range(6000)
    text = "".join(f"class A{name}:\n  def test_a(s):0\n" for name in names)
    gone = text + "".join(f"A{name}=1\n" for name in names)
    started = time.process_time()
    bench.reasons("weakened-test", {"test_a.py": b"x = 1\n"}, {"test_a.py": gone.encode()})
    assert time.process_time() - started < 5


def test_the_reviewer_can_be_told(bench: Bench) -> None:
    """By the built-in policy it may be declared."""
    judgement = bench.judged(Sample({"test_a.py": TESTS}, {}), "weakened-test", "deleted-file")
    assert judgement.findings == ()
    assert {finding.rule for finding in judgement.declared} == {"weakened-test", "deleted-file"}
