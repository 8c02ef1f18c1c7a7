"""Tests do not go, are not skipped and do not check less, in whatever way that is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.policy import Sample

if TYPE_CHECKING:
    from tests.unit.policy.conftest import Bench

HEAD = "import pytest\nfrom unittest import TestCase\n\n\n"
BASE = f"""{HEAD}def test_sum():
    total = add(1, 2)
    assert total == 3
    assert total != 4


@pytest.mark.parametrize("value", [1, 2, 3])
def test_each(value):
    assert value


class TestThings:
    def test_thing(self):
        assert make() == 1

    class TestInner:
        async def test_deep(self):
            with pytest.raises(ValueError):
                make(-1)


class Old(TestCase):
    def test_old(self):
        self.assertEqual(make(), 1)
        self.assertTrue(make())


def check(value):
    assert value > 0
"""
ASSERT = "    assert total == 3\n"


def changed(old: str, new: str) -> list[str]:
    """Return the new text of the test file as a list, to see that something was replaced."""
    assert old in BASE, old
    return [BASE.replace(old, new, 1)]


def said(bench: Bench, text: str, path: str = "tests/test_a.py") -> list[str]:
    """Judge an edit of the test file, and return what the rule says."""
    reasons = bench.reasons("weakened-test", {path: BASE.encode()}, {path: text.encode()})
    return [reason.partition("; if that")[0] for reason in reasons]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (ASSERT, "", "test_sum loses 1 of 2 assertions"),
        (ASSERT, "    # assert total == 3\n", "test_sum loses 1 of 2 assertions"),
        (ASSERT, "    '''\n    assert total == 3\n    '''\n", "test_sum loses 1 of 2 assertions"),
        (ASSERT, "    total == 3\n", "test_sum loses 1 of 2 assertions"),
        (ASSERT, "    assert True\n", "test_sum: 1 assertion can no longer fail"),
        (ASSERT, "    assert (total == 3, 'x')\n", "test_sum: 1 assertion can no longer fail"),
        (ASSERT, "    assert total == 3 or True\n", "test_sum: 1 assertion can no longer fail"),
        (ASSERT, "    assert total == 3 or not 0\n", "test_sum: 1 assertion can no longer fail"),
        (ASSERT, "    assert total == total\n", "test_sum: 1 assertion can no longer fail"),
        (ASSERT, "    assert 'total == 3'\n", "test_sum: 1 assertion can no longer fail"),
        (ASSERT, "    assert not []\n", "test_sum: 1 assertion can no longer fail"),
        (ASSERT, "    assert lambda: total == 3\n", "test_sum: 1 assertion can no longer fail"),
        (ASSERT, ASSERT + "    return\n", "test_sum: 1 assertion can no longer fail"),
        (ASSERT, f"    if 0:\n    {ASSERT}", "test_sum: 1 assertion can no longer fail"),
        (ASSERT, f"    while not 1:\n    {ASSERT}", "test_sum: 1 assertion can no longer fail"),
        (ASSERT, f"    for _ in []:\n    {ASSERT}", "test_sum: 1 assertion can no longer fail"),
        (
            ASSERT,
            f"    if 1:\n        pass\n    else:\n    {ASSERT}",
            "test_sum: 1 assertion can no longer fail",
        ),
        (
            ASSERT,
            f"    try:\n    {ASSERT}    except Exception:\n        pass\n",
            "test_sum: 1 assertion can no longer fail",
        ),
        (
            ASSERT,
            f"    try:\n    {ASSERT}    except:\n        print('no')\n",
            "test_sum: 1 assertion can no longer fail",
        ),
        (
            ASSERT,
            f"    with contextlib.suppress(AssertionError):\n    {ASSERT}",
            "test_sum: 1 assertion can no longer fail",
        ),
        (ASSERT, f"    def inner():\n    {ASSERT}", "test_sum: 1 assertion can no longer fail"),
        (
            "    total = add(1, 2)\n",
            "    total = add(1, 2)\n    pytest.skip('flaky')\n",
            "test_sum: 2 assertions can no longer fail",
        ),
        (
            "    total = add(1, 2)\n",
            "    raise Stop\n",
            "test_sum: 2 assertions can no longer fail",
        ),
        (
            "                make(-1)\n",
            "                pass\n        # raises nothing\n",
            "",
        ),
        (
            "            with pytest.raises(ValueError):\n                make(-1)\n",
            "            make(-1)\n",
            "TestThings.TestInner.test_deep loses 1 of 1 assertion",
        ),
        ("        self.assertTrue(make())\n", "", "Old.test_old loses 1 of 2 assertions"),
        ("    assert value > 0\n", "    return value\n", "check loses 1 of 1 assertion"),
        ("def check(value):\n    assert value > 0\n", "", "check goes, with 1 assertion"),
        ("def test_sum", "@pytest.mark.skip\ndef test_sum", "test_sum gains pytest.mark.skip"),
        (
            "def test_sum",
            "@pytest.mark.skipif(True, reason='x')\ndef test_sum",
            "test_sum gains pytest.mark.skipif",
        ),
        ("def test_sum", "@pytest.mark.xfail()\ndef test_sum", "test_sum gains pytest.mark.xfail"),
        (
            "    def test_old",
            "    @unittest.expectedFailure\n    def test_old",
            "Old.test_old gains unittest.expectedFailure",
        ),
        ("self.assertEqual(make(), 1)", "self.skipTest('x')", "Old.test_old gains self.skipTest"),
        (
            "class TestThings",
            "@pytest.mark.skip\nclass TestThings",
            "TestThings.test_thing gains pytest.mark.skip",
        ),
        (
            "class TestThings:\n",
            "class TestThings:\n    pytestmark = [pytest.mark.xfail]\n",
            "TestThings.TestInner.test_deep gains pytest.mark.xfail",
        ),
        (
            "    total = add(1, 2)\n",
            "    pytest.importorskip('numpy')\n    total = add(1, 2)\n",
            "test_sum gains pytest.importorskip",
        ),
        (HEAD, f"{HEAD}pytestmark = pytest.mark.skip\n", "the whole file gains pytest.mark.skip"),
        (
            HEAD,
            f"{HEAD}pytest.skip('x', allow_module_level=True)\n",
            "the whole file gains pytest.skip",
        ),
        (
            HEAD + "def test_sum",
            f"{HEAD}from pytest import mark as m\n\n@m.skip\ndef test_sum",
            "test_sum gains pytest.mark.skip",
        ),
        (
            HEAD + "def test_sum",
            f"{HEAD}later = pytest.mark.skip(reason='x')\n\n@later\ndef test_sum",
            "test_sum gains pytest.mark.skip",
        ),
        ("[1, 2, 3]", "[1]", "test_each loses 2 of 3 cases"),
        ("[1, 2, 3]", "[]", "test_each loses 3 of 3 cases"),
        (
            "[1, 2, 3]",
            "[v for v in ()]",
            "test_each had 3 cases, and how many it has now cannot be told",
        ),
        (
            "[1, 2, 3]",
            "[1, 2, pytest.param(3, marks=pytest.mark.skip)]",
            "test_each gains pytest.mark.skip",
        ),
        ("def test_sum", "def check_sum", "test_sum goes"),
        ("class TestThings", "class Things", "TestThings.test_thing goes"),
        (
            "class TestThings:\n",
            "class TestThings:\n    def __init__(self):\n        pass\n\n",
            "TestThings.test_thing is not collected as a test any more",
        ),
        ("class Old(TestCase)", "class Old", "Old.test_old is not collected as a test any more"),
        (
            "def check(value)",
            "def test_sum():\n    pass\n\n\ndef check(value)",
            "test_sum loses 2 of 2 assertions",
        ),
        ("def check(value)", "del test_sum\n\n\ndef check(value)", "test_sum goes"),
        ("def check(value)", "test_sum = None\n\n\ndef check(value)", "test_sum goes"),
        (
            "def check(value)",
            "TestThings = None\n\n\ndef check(value)",
            "TestThings.test_thing goes",
        ),
        (
            "def check(value)",
            "test_sum.__test__ = False\n\n\ndef check(value)",
            "the whole file gains test_sum.__test__ = …",
        ),
        (
            "class TestThings:\n",
            "class TestThings:\n    __test__ = False\n\n",
            "the whole file gains TestThings.__test__ = …",
        ),
        (
            "def check(value)",
            "@pytest.fixture(autouse=True)\ndef off():\n    pytest.skip()\n\n\ndef check(value)",
            "off comes, with pytest.skip",
        ),
        (
            HEAD + "def test_sum():\n    total = add(1, 2)\n",
            f"{HEAD}if FLAG:\n  def test_sum():\n    total = add(1, 2)\n",
            "test_sum gains a condition around it",
        ),
        ("def test_sum():", "def test_sum(:", "its tests cannot be told any more"),
        ("class Old", "def load_tests(*args):\n    return []\n\n\nclass Old", "load_tests decides"),
    ],
)
def test_weaker_tests_are_named(old: str, new: str, reason: str, bench: Bench) -> None:
    """One edit of a file of tests, and what is said of it."""
    (text,) = changed(old, new)
    reasons = said(bench, text)
    if reason:
        assert any(one.startswith(reason) for one in reasons), reasons
    else:
        assert reasons == []


def test_stronger_and_moved_tests_pass(bench: Bench) -> None:
    """Names, order, layout, more tests, more assertions, more cases."""
    for old, new in [
        ("def test_sum", "def test_total"),
        ("class TestThings", "class TestStuff"),
        (ASSERT, ASSERT + "    assert total\n"),
        (ASSERT, f"    if slow:\n    {ASSERT}"),
        (ASSERT, f"    try:\n    {ASSERT}    except Exception:\n        raise\n"),
        (ASSERT, f"    try:\n    {ASSERT}    except KeyError:\n        pass\n"),
        (ASSERT, f"    def inner():\n    {ASSERT}    inner()\n"),
        (ASSERT, "    assert total == 3, 'the total'\n"),
        (ASSERT, "    assert_that(total, 3)\n"),
        ("[1, 2, 3]", "[1, 2, 3, 4]"),
        ("[1, 2, 3]", "(3, 2, 1)"),
        ("def test_sum", "@pytest.mark.slow\ndef test_sum"),
        ("    total = add(1, 2)\n", "    total = reader.skip(1)\n"),
        (
            "def test_sum",
            "@pytest.mark.skip\ndef test_new():\n    assert 1 == f()\n\n\ndef test_sum",
        ),
        ("assert value > 0", "assert value > 1"),
        (HEAD, HEAD + "# a comment\n"),
        (HEAD, HEAD + "slow = pytest.mark.skip\n"),
    ]:
        (text,) = changed(old, new)
        assert said(bench, text) == [], new
    assert said(bench, BASE.replace("\n", "\r\n")) == []


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
    text = BASE.encode()
    assert said(bench, "x = 1\n")[:2] == ["test_sum goes", "test_each goes"]
    gone = bench.reasons("weakened-test", {"tests/test_a.py": text}, {})
    assert gone[0].startswith("test_sum goes")
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


def test_settings_of_pytest(bench: Bench) -> None:
    """In every file in which pytest looks for them; other settings there are free."""
    toml = b'[project]\nname = "x"\n\n[tool.pytest.ini_options]\naddopts = "-ra"\nmarkers = ["a"]\n'
    ini = b"[flake8]\nx = 1\n[%s]\naddopts = -ra\ntestpaths = tests\n"
    for name, old, before, after, reason in [
        ("pyproject.toml", toml, b"-ra", b"-ra --deselect=x", "addopts gains --deselect"),
        ("pyproject.toml", toml, b"-ra", b"-ra -k 'not a'", "addopts gains -k"),
        ("pyproject.toml", toml, b"-ra", b"-q", "addopts changes"),
        ("pyproject.toml", toml, b'addopts = "-ra"\n', b"", "addopts goes"),
        ("pyproject.toml", toml, b'["a"]', b'["a"]\nxfail_strict = false', "xfail_strict comes"),
        ("pyproject.toml", toml, b'["a"]', b'["a"]\npython_files = "x"', "python_files comes"),
        ("pyproject.toml", toml, b'["a"]', b'["a', "cannot be told any more"),
        ("pyproject.toml", toml, b".ini_options", b".other", "addopts goes"),
        ("pyproject.toml", toml, b".pytest.", b".pyt\\u0065st.", "cannot be told any more"),
        ("pyproject.toml", toml, b"tool.pytest.", b'tool."pyt\\u0065s".', "addopts goes"),
        ("tox.ini", ini % b"pytest", b"= tests", b"= none", "testpaths changes"),
        ("setup.cfg", ini % b"tool:pytest", b"-ra", b"-ra --ignore=x", "addopts gains --ignore"),
        ("pytest.ini", ini % b"pytest", b"testpaths", b"norecursedirs", "norecursedirs comes"),
        ("pytest.ini", ini % b"pytest", b"addopts", b"Addopts", "addopts goes"),
        ("tox.ini", ini % b"pytest", b"[pytest]", b"[DEFAULT]", "addopts goes"),
        ("pytest.toml", b"[pytest]\naddopts = '-ra'\n", b"-ra", b"-x", "addopts gains -x"),
    ]:
        assert before in old
        new = old.replace(before, after, 1)
        reasons = bench.reasons("weakened-test", {f"a/{name}": old}, {f"a/{name}": new})
        assert any(reason in one for one in reasons), (name, after, reasons)
    for name, old, before, after in [
        ("pyproject.toml", toml, b'["a"]', b'["a", "b"]'),
        ("pyproject.toml", toml, b'"x"', b'"y"'),
        ("tox.ini", ini % b"pytest", b"x = 1", b"x = 2"),
        ("settings.ini", ini % b"pytest", b"-ra", b"-x"),
    ]:
        new = old.replace(before, after, 1)
        assert bench.reasons("weakened-test", {name: old}, {name: new}) == [], (name, after)


def test_new_files_of_settings_take_over(bench: Bench) -> None:
    """Even an empty pytest.ini, which pytest prefers to pyproject.toml."""
    for name in ["pytest.ini", ".pytest.ini", "pytest.toml", "tests/pytest.ini"]:
        assert bench.rules({}, {name: b""}) == {"weakened-test"}, name
    assert bench.rules({}, {"tox.ini": b"[pytest]\naddopts = -x\n"}) == {"weakened-test"}
    assert bench.rules({}, {"pyproject.toml": b"[project]\nname = 'x'\n"}) == set()


def test_the_reviewer_can_be_told(bench: Bench) -> None:
    """By the built-in policy it may be declared."""
    judgement = bench.judged(
        Sample({"test_a.py": BASE.encode()}, {}), "weakened-test", "deleted-file"
    )
    assert judgement.findings == ()
    assert {finding.rule for finding in judgement.declared} == {"weakened-test", "deleted-file"}
