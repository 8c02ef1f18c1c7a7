"""Assertions that stay in their file, and are not run, not heard, or not collected any more."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.policy.conftest import Bench

HEAD = "import pytest, sys, unittest\n\n\n"
LOOP = "    for gross in (119, 238):\n        assert net(gross) == 1\n"
BASE = f"""{HEAD}def test_sum():
    total = add(1, 2)
    assert total == 3


def test_loop():
{LOOP}

@pytest.mark.parametrize("value", [1])
def test_each(value):
    if value:
        assert value > 0


@pytest.fixture
def thing():
    return 1
"""
ASSERT = "    assert total == 3\n"
IDLE = "test_sum: 1 assertion can no longer fail"
OPEN = "test_sum: what decides whether 1 assertion run, or are heard, changes"
LOOP_OPEN = OPEN.replace("test_sum", "test_loop")
EACH_OPEN = OPEN.replace("test_sum", "test_each")
SUM_SKIPS = "def test_sum():"


def said(bench: Bench, old: str, new: str) -> list[str]:
    """Judge an edit of the file of tests, and return what the rule says."""
    assert old in BASE, old
    path = "tests/test_a.py"
    proposed = {path: BASE.replace(old, new, 1).encode()}
    reasons = bench.reasons("weakened-test", {path: BASE.encode()}, proposed)
    return [reason.partition("; if that")[0] for reason in reasons]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        *(
            ("(119, 238)", empty, "test_loop: 1 assertion can no longer fail")
            for empty in (
                *("range(0)", "''", "()", "[]", "{}", "list()", "set()", "reversed(())"),
                *("enumerate([])", "{}.items()", "[*()]", "range(2, 1)"),
            )
        ),
        *(("(119, 238)", other, LOOP_OPEN) for other in ("grosses", "f()", "range(n)", "[*f()]")),
        ("(119, 238)", "[g for g in (1, 2) if g > 2]", LOOP_OPEN),
        (LOOP, f"    cases = []\n{LOOP.replace('(119, 238)', 'cases')}", LOOP_OPEN),
        (ASSERT, f"    if slow:\n    {ASSERT}", OPEN),
        (ASSERT, f"    if slow:\n        pass\n    else:\n    {ASSERT}", OPEN),
        (ASSERT, f"    while slow:\n    {ASSERT}", OPEN),
        (ASSERT, f"    if not __debug__:\n    {ASSERT}", IDLE),
        (ASSERT, f"    if list():\n    {ASSERT}", IDLE),
        (ASSERT, f"    match 0:\n      case 1:\n    {ASSERT}", IDLE),
        (ASSERT, f"    match total:\n      case 1:\n    {ASSERT}", OPEN),
        (ASSERT, f"    while True:\n        return\n{ASSERT}", IDLE),
        (ASSERT, f"    for _ in (1, 2):\n        return\n{ASSERT}", IDLE),
        ("if value:", "if not value:", EACH_OPEN),
        ("if value:", "if value:\n        pass\n    else:", EACH_OPEN),
        (ASSERT, f"    try:\n    {ASSERT}    finally:\n        return\n", IDLE),
        (ASSERT, f"    for _ in (1,):\n      try:\n    {ASSERT}      finally: break\n", IDLE),
        (ASSERT, f"    E = AssertionError\n    try:\n    {ASSERT}    except E: pass\n", IDLE),
        (ASSERT, f"    E = (Exception, X)\n    try:\n    {ASSERT}    except E: pass\n", IDLE),
        (ASSERT, f"    try:\n    {ASSERT}    except kinds(): pass\n", OPEN),
        (ASSERT, f"    with pytest.raises(BaseException):\n    {ASSERT}", OPEN),
        (ASSERT, f"    with pytest.raises((X, AssertionError)):\n    {ASSERT}", OPEN),
        (ASSERT, f"    with pytest.raises(expected_exception=Exception):\n    {ASSERT}", OPEN),
        (ASSERT, f"    with contextlib.suppress(*kinds):\n    {ASSERT}", IDLE),
        (ASSERT, f"    with contextlib.suppress(builtins.Exception):\n    {ASSERT}", IDLE),
        (ASSERT, f"    def inner():\n    {ASSERT}    inner\n", IDLE),
        (HEAD, f"{HEAD}m = pytest.mark\n@m.skip\n", "test_sum gains pytest.mark.skip"),
        (HEAD, f"{HEAD}p = pytest\nq = p.mark\n@q.xfail\n", "test_sum gains pytest.mark.xfail"),
        (SUM_SKIPS, f"@getattr(pytest.mark, 'sk' + 'ip')\n{SUM_SKIPS}", "test_sum gains getattr"),
        (SUM_SKIPS, f"{SUM_SKIPS}\n    getattr(pytest, w)()", "test_sum gains getattr of pytest"),
        (
            SUM_SKIPS,
            f"{SUM_SKIPS}\n    __import__('pytest').skip()",
            "test_sum gains __import__ with .skip",
        ),
        (
            SUM_SKIPS,
            f"@importlib.import_module(name).mark.skip\n{SUM_SKIPS}",
            "test_sum gains mark.skip",
        ),
        (SUM_SKIPS, f"@__import__(x).y\n{SUM_SKIPS}", "the whole file comes to reach names by"),
        ("[1]", "list()", "test_each loses 1 of 1 cases"),
        (
            "@pytest.fixture\n",
            "@pytest.fixture(autouse=True)\n",
            "thing, a fixture that tests use without naming it, changes",
        ),
        (
            "@pytest.fixture\n",
            "@pytest.fixture(autouse=True)\ndef all(): ...\n\n\n@pytest.fixture\n",
            "all comes, a fixture that tests use without naming it",
        ),
        (HEAD, f"{HEAD}pytest_plugins = ['other']\n", "collect_ignore, collect_ignore_glob or"),
        (HEAD, f"{HEAD}sys.exit()\n", "the whole file comes to end pytest where it is loaded"),
        (HEAD, f"{HEAD}raise SystemExit\n", "the whole file comes to end pytest where it is"),
        (HEAD, f"{HEAD}if x:\n    exit(0)\n", "the whole file comes to end pytest where it is"),
        (HEAD, f"{HEAD}for x in y():\n  ", "test_sum gains a condition around it"),
        (HEAD, f"{HEAD}for x in ():\n  ", "test_sum gains a condition around it"),
        (HEAD, f"{HEAD}try: pass\nexcept E:\n  ", "test_sum gains a condition around it"),
    ],
)
def test_what_is_not_run_or_heard_is_named(old: str, new: str, reason: str, bench: Bench) -> None:
    """One edit of a file of tests, and what is said of it."""
    if new.endswith("  ") and not new.endswith("\n"):
        old, new = f"{HEAD}def test_sum():\n", f"{new}def test_sum():\n"
    reasons = said(bench, old, new)
    assert any(one.startswith(reason) for one in reasons), reasons


def test_ordinary_edits_pass(bench: Bench) -> None:
    """More cases, another way to write a loop, new blocks beside what was there."""
    for old, new in [
        ("(119, 238)", "[119, 238, 357]"),
        ("(119, 238)", "range(1, 3)"),
        ("(119, 238)", "[*f(), 1]"),
        (
            "for gross in (119, 238)",
            "for i, gross in enumerate(sorted({119: 1, 238: 2}.items()))",
        ),
        (LOOP, f"    cases = [1, 2]\n{LOOP.replace('(119, 238)', 'cases')}"),
        (LOOP, f"{LOOP}    for x in f():\n        assert x\n"),
        (LOOP, f"{LOOP}    with pytest.raises(Exception):\n        assert_that(1)\n"),
        (LOOP, f"{LOOP}    while True:\n        if f():\n            break\n        return\n"),
        ("assert value > 0", "assert value > 0\n        assert value < 9"),
        (ASSERT, f"    with open() as file:\n    {ASSERT}"),
        (ASSERT, f"    try:\n    {ASSERT}    finally:\n        close()\n"),
        (ASSERT, f"    try:\n    {ASSERT}    except errors.X: pass\n"),
        (ASSERT, f"    with pytest.raises(ValueError):\n    {ASSERT}"),
        (ASSERT, f"    getattr(total, name)\n{ASSERT}"),
        (ASSERT, f"    with pytest.raises(SystemExit):\n        sys.exit()\n{ASSERT}"),
        (HEAD, f"{HEAD}if __name__ == '__main__':\n    sys.exit(pytest.main())\n"),
        (HEAD, f"{HEAD}for x in (1, 2):\n    y = x\n"),
        ("    return 1\n", "    return 2\n"),
        ("@pytest.fixture\n", "@pytest.fixture(autouse=False)\n"),
    ]:
        assert said(bench, old, new) == [], new


ONE = b"def test_a():\n    assert f() == 1\n"


@pytest.mark.parametrize("path", ["tests/__init__.py", "tests/common.py", "tests/conftest.py"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import pytest\npytest.skip('x', allow_module_level=True)\n", "the whole file gains"),
        ("import unittest\nraise unittest.SkipTest('x')\n", "the whole file gains unittest.Skip"),
        ("import sys\nsys.exit(0)\n", "the whole file comes to end pytest"),
        ("from sys import exit as e\ne()\n", "the whole file comes to end pytest"),
    ],
)
def test_what_other_files_load_does_not_skip(
    path: str, text: str, reason: str, bench: Bench
) -> None:
    """Whether the file comes, or was there without any function."""
    base = {"tests/test_a.py": ONE}
    for before in (base, {**base, path: b"x = 1\n"}):
        (found,) = bench.reasons("weakened-test", before, {**base, path: text.encode()})
        assert found.startswith(reason), found


def test_new_files_do_not_act_on_tests_that_were_there(bench: Bench) -> None:
    """A fixture for all, a plugin, an end of pytest; a folder without tests has none to harm."""
    fixture = b"import pytest\n@pytest.fixture(autouse=True)\ndef off(): ...\n"
    conftest = {"tests/conftest.py": fixture}
    for base in ({"tests/test_a.py": ONE}, {"tests/unit/test_a.py": ONE}):
        more = {**base, **conftest, "tests/unit/test_b.py": b"x = 1\n"}
        (reason,) = bench.reasons("weakened-test", base, more)
        assert reason.startswith("off comes, a fixture that tests use without naming it")
    other = {"a.py": b"x = 1\n"}
    new = {**other, **conftest, "tests/unit/test_b.py": ONE}
    assert bench.reasons("weakened-test", other, new) == []
    for text in (b"import sys\nsys.exit()\n", b"pytest_plugins = 'x'\n"):
        reasons = bench.reasons("weakened-test", other, {**other, "tests/test_b.py": text})
        assert len(reasons) == 1, text
    setup = {"tests/__init__.py": b"import pytest\ndef setup_module():\n    pytest.skip()\n"}
    base = {"tests/test_a.py": ONE}
    (reason,) = bench.reasons("weakened-test", base, {**base, **setup})
    assert reason.startswith("setup_module comes, with pytest.skip")


def test_tests_do_not_move_to_where_they_are_not_collected(bench: Bench) -> None:
    """By the file's name, a folder that pytest passes over, or a folder that is none of tests."""
    for path, to, objects in [
        ("tests/test_q.py", "tests/check_q.py", True),
        ("tests/test_q.py", "build/tests/test_q.py", True),
        ("tests/test_q.py", "tests/.old/test_q.py", True),
        ("tests/test_q.py", "lib/test_q.py", True),
        ("test_q.py", "tests/check_q.py", True),
        ("tests/test_q.py", "tests/unit/test_r.py", False),
        ("test_q.py", "tests/test_q.py", False),
        ("test_q.py", "lib/q_test.py", False),
        ("tests/check_q.py", "tests/cases.py", False),
    ]:
        reasons = bench.reasons("weakened-test", {path: ONE}, {to: ONE})
        assert [one.startswith("the tests move to") for one in reasons] == [True] * objects, to
    # Too little of the file is left for a move.
    base = {"tests/test_q.py": ONE + b"# a comment\n" * 99}
    (reason,) = bench.reasons("weakened-test", base, {"tests/check_q.py": ONE})
    assert reason.startswith("test_a goes")


def test_very_many_guards_are_read_in_time(bench: Bench) -> None:
    """Each is compared once, however deep it stands."""
    chain = "".join(f" elif x == {number}:\n  assert y\n" for number in range(120))
    text = f"def test_a():\n if x:\n  assert y\n{chain}"
    loops = "".join(f"{' ' * depth}for a{depth} in x:\n" for depth in range(1, 90))
    deep = "def test_b():\n" + loops + f"{' ' * 90}assert x\n"
    started = time.process_time()
    for base in (text, deep):
        new = base.replace("x", "z")
        bench.reasons("weakened-test", {"test_a.py": base.encode()}, {"test_a.py": new.encode()})
    assert time.process_time() - started < 5
