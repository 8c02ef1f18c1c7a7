"""Tests do not go, are not skipped and do not check less, in whatever way that is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
CHECK = "def check(value)"
BY_TEXT = "the whole file comes to reach names by {}, which can take tests away"


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
        (
            HEAD + "def test_sum():",
            f"{HEAD}def test_sum():\n    yield\n",
            "test_sum is not collected as a test any more",
        ),
        (ASSERT, f"{ASSERT}    yield from ()\n", "test_sum is not collected as a test any more"),
        (
            "def test_sum",
            "@pytest.fixture\ndef test_sum",
            "test_sum is not collected as a test any more",
        ),
        (
            "class TestThings:\n",
            "class TestThings:\n    def __new__(cls):\n        return None\n\n",
            "TestThings.test_thing is not collected as a test any more",
        ),
        (
            "class TestThings:\n",
            "class TestThings:\n    __init__ = print\n\n",
            "TestThings.test_thing is not collected as a test any more",
        ),
        (
            "    total = add(1, 2)\n",
            "    if True:\n        return\n    total = add(1, 2)\n",
            "test_sum: 2 assertions can no longer fail",
        ),
        (
            "    total = add(1, 2)\n",
            "    with open():\n        if not 0:\n            pytest.skip('x')\n",
            "test_sum: 2 assertions can no longer fail",
        ),
        (
            "    total = add(1, 2)\n",
            "    try:\n        return\n    finally:\n        make()\n",
            "test_sum: 2 assertions can no longer fail",
        ),
        ("    total = add(1, 2)\n", "    os._exit(0)\n", "test_sum gains os._exit"),
        (CHECK, f"from other import test_sum\n\n\n{CHECK}", "test_sum goes"),
        (CHECK, f"import other as test_sum\n\n\n{CHECK}", "test_sum goes"),
        (CHECK, f"for test_sum in ():\n    pass\n\n\n{CHECK}", "test_sum goes"),
        (CHECK, f"with make() as (test_sum, x):\n    pass\n\n\n{CHECK}", "test_sum goes"),
        (CHECK, f"*test_sum, x = 1, 2\n\n\n{CHECK}", "test_sum goes"),
        (CHECK, f"print(test_sum := None)\n\n\n{CHECK}", "test_sum goes"),
        (CHECK, f"globals().pop('test_sum')\n\n\n{CHECK}", BY_TEXT.format("globals")),
        (CHECK, f"if vars().pop('test_sum'):\n    pass\n\n\n{CHECK}", BY_TEXT.format("vars")),
        (CHECK, f"delattr(TestThings, 'test_thing')\n\n\n{CHECK}", BY_TEXT.format("delattr")),
        (CHECK, f"del sys.modules[__name__].test_sum\n\n\n{CHECK}", BY_TEXT.format("modules")),
        (CHECK, f"builtins.exec('del test_sum')\n\n\n{CHECK}", BY_TEXT.format("exec")),
        (CHECK, f"def f(x=locals().clear()): ...\n\n\n{CHECK}", BY_TEXT.format("locals")),
        (
            "class TestThings:\n",
            "class TestThings(*globals()):\n",
            BY_TEXT.format("globals"),
        ),
        (HEAD, f"{HEAD}from marks import pytestmark\n", "pytestmark is imported"),
        (HEAD, f"{HEAD}from other import load_tests\n", "load_tests decides"),
        (HEAD, f"{HEAD}load_tests = print\n", "load_tests decides"),
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
        (HEAD, HEAD + "from other import *\nfrom marks import slow\nmodules = [1]\n"),
        ("    total = add(1, 2)\n", "    total = add(*globals())\n    self.setattr(1)\n"),
        ("    total = add(1, 2)\n", "    if slow:\n        return\n    total = add(1, 2)\n"),
        (ASSERT, f"{ASSERT}    def inner():\n        yield\n    inner()\n"),
        (ASSERT, f"{ASSERT}    make(lambda: (yield))\n"),
        ("def test_sum", "@pytest.mark.asyncio\nasync def test_sum"),
    ]:
        (text,) = changed(old, new)
        assert said(bench, text) == [], new
    assert said(bench, BASE.replace("\n", "\r\n")) == []


def test_a_test_does_not_become_a_coroutine_that_nobody_runs(bench: Bench) -> None:
    """Where none was there, and no mark says who runs it, plain pytest does not."""
    one, two = b"import pytest\ndef test_a(): f()\n", b"async def test_b(): f()\n"
    for base, before, after, objects in [
        (one, b"def", b"async def", True),
        (one, b"def", b"@pytest.mark.slow\nasync def", True),
        (one, b"def", b"@pytest.mark.anyio\nasync def", False),
        (one, b"def", b"async def helper(): ...\ndef", False),
        (two + one, b"\ndef", b"\nasync def", False),
    ]:
        new = base.replace(before, after)
        reasons = bench.reasons("weakened-test", {"test_a.py": base}, {"test_a.py": new})
        assert [one.startswith("test_a becomes a coroutine") for one in reasons] == [True] * objects
