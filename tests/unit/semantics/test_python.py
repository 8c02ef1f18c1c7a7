"""Python is read and never executed, however it is written."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.semantics.python import (
    Function,
    UnreadableError,
    count,
    fingerprint,
    pytest_settings,
    take_inventory,
)


def function(text: str, name: str = "test_a") -> Function:
    """Return one function of a file."""
    return {one.name: one for one in take_inventory(text.encode()).functions}[name]


def test_assertions() -> None:
    """Those that can fail, and those that cannot."""
    for body, live, idle in [
        ("assert x", 1, 0),
        ("assert x; assert y", 2, 0),
        ("assert True", 0, 1),
        ("assert x or y", 1, 0),
        ("assert x and True", 1, 0),
        ("assert (x or (y or 1))", 0, 1),
        ("assert not x", 1, 0),
        ("assert False", 1, 0),
        ("assert 0", 1, 0),
        ("assert not True", 1, 0),
        ("assert x == x", 0, 1),
        ("assert x != x", 1, 0),
        ("assert f() == f()", 1, 0),
        ("assert 1 == 1", 0, 1),
        ("assert f'{x}'", 0, 1),
        ("with pytest.raises(E): f()", 1, 0),
        ("with raises(E): assert x", 2, 0),
        ("self.assertIn(1, x)", 1, 0),
        ("mock.assert_called_once_with(1)", 1, 0),
        ("np.testing.assert_allclose(x, y)", 1, 0),
        ("x = self.assertEqual(1, y)", 1, 0),
        ("pytest.fail('x')", 1, 0),
        ("if x:\n  assert y\n else:\n  assert z", 2, 0),
        ("if x: return\n assert y", 1, 0),
        ("for x in y:\n  break\n  assert z", 0, 1),
        ("match x:\n  case 1:\n   assert y", 1, 0),
        ("while x:\n  assert y\n else:\n  assert z", 2, 0),
        ("try:\n  f()\n except E:\n  assert x\n else:\n  assert y\n finally:\n  assert z", 3, 0),
        ("try:\n  assert x\n except (ValueError, AssertionError):\n  pass", 0, 1),
        ("try:\n  assert x\n except Exception:\n  pytest.fail('x')", 2, 0),
        ("async with x:\n  assert y\n async for z in x:\n  assert z", 2, 0),
        ("class C:\n  def m(self):\n   assert x", 0, 1),
        ("f(lambda: self.assertTrue(x))", 1, 0),
        ("text.startswith('assert')", 0, 0),
    ]:
        head = "import pytest\nfrom pytest import raises\n"
        found = function(f"{head}async def test_a(self):\n {body}\n")
        assert (found.assertions, found.idle) == (live, idle), body


def test_a_function_is_known_by_what_it_does() -> None:
    """Its name and its place do not count; decorators, arguments and body do."""
    text = "def test_a(x=1):\n    assert x\n\n\n\ndef test_b(x = 1): assert x\n"
    assert fingerprint(function(text)) == fingerprint(function(text, "test_b"))
    for other in ["def test_a(x=2):\n assert x\n", "@d\ndef test_a(x=1):\n assert x\n"]:
        assert fingerprint(function(other)) != fingerprint(function(text))


def test_cases_are_multiplied() -> None:
    """Stacked marks, classes' marks, lists with names; what is no list cannot be told."""
    mark = "@pytest.mark.parametrize"
    for text, cases in [
        ("def test_a(): ...", 1),
        (f"{mark}('x', [1, 2])\n{mark}('y', (1, 2, 3))\ndef test_a(): ...", 6),
        (f"{mark}('x', argvalues=[1, 2])\ndef test_a(): ...", 2),
        (f"L = [1, 2]\n{mark}('x', L)\ndef test_a(): ...", 2),
        (f"L = [1]\nL = f()\n{mark}('x', L)\ndef test_a(): ...", None),
        (f"{mark}('x', [*y])\ndef test_a(): ...", None),
        (f"{mark}\ndef test_a(): ...", 1),
        (f"{mark}('x', range(3))\ndef test_a(): ...", 3),
        (f"{mark}('x', range(-3, 3, -1))\ndef test_a(): ...", 0),
        (f"{mark}('x', range(10 ** 30))\ndef test_a(): ...", None),
        (f"{mark}('x', range(1{'0' * 30}))\ndef test_a(): ...", None),
        (f"{mark}('x', list())\ndef test_a(): ...", 0),
        (f"{mark}('x', list(f()))\ndef test_a(): ...", None),
        (f"{mark}('x', sorted([2, *(1, 3), *'ab']))\ndef test_a(): ...", 5),
        (f"{mark}('x', {{1: 2}}.items())\ndef test_a(): ...", 1),
    ]:
        assert function(f"import pytest\n{text}\n").cases == cases, text
    bomb = f"{mark}('x', L)\n" * 1000
    assert function(f"import pytest\nL = {[0] * 99}\n{bomb}def test_a(): ...\n").cases == 1_000_000


def test_lists_of_lists_of_marks_have_an_end() -> None:
    """Each line doubles the marks, if somebody counts them all."""
    text = "import pytest\na = [pytest.mark.skip]\n" + "a = [a, a]\n" * 60
    found = function(f"{text}\n@pytest.mark.parametrize('x', a)\ndef test_a(): ...\n")
    assert 0 < len(found.skips) <= 1000


@pytest.mark.parametrize(
    "text",
    [
        "def test_a(:",
        "x = " + "(" * 10_000,
        "x = " + "-" * 100_000 + "1",
        "x" + ".a" * 100_000,
        "x" + "+a" * 100_000,
        "x = '\0'",
        "# coding: nonsense\n",
        "x = 1" + "0" * 10_000,
        "#" * 1_100_000,
    ],
)
def test_what_cannot_be_read_is_said(text: str) -> None:
    """With one short line, whatever Python made of it."""
    with pytest.raises(UnreadableError) as caught:
        take_inventory(text.encode())
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 100


def test_blocks_at_the_top_are_looked_into() -> None:
    """Whatever stands in them is defined; under a condition, it may not be."""
    text = (
        "with a:\n def test_a(): assert x\n"
        "if b:\n pass\nelse:\n def test_b(): assert x\n"
        "try:\n def test_c(): assert x\nexcept E:\n def test_d(): assert x\n"
        "else:\n def test_e(): assert x\nfinally:\n def test_f(): assert x\n"
        "for y in z:\n def test_g(): assert x\n"
    )
    functions = take_inventory(text.encode()).functions
    assert [one.name for one in functions] == [f"test_{letter}" for letter in "abcdefg"]
    assert [one.name for one in functions if one.skips] == ["test_b", "test_d", "test_g"]


def test_a_long_chain_of_conditions_is_read() -> None:
    """It nests as deep as it is long."""
    chain = " elif x:\n  assert y\n" * 500
    assert function(f"def test_a():\n if x:\n  assert y\n{chain}").assertions == 501
    take_inventory(
        f"if x:\n y = 1\n{chain.replace('  assert', '   assert').replace(' elif', 'elif')}".encode()
    )


def test_doubtful_escapes_are_the_files_own_business() -> None:
    """They are warnings elsewhere, and errors in our own tests."""
    assert take_inventory(b"x = '\\d'\nassert (x, 1)\n").functions == ()


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_can_be_counted_and_looked_at(data: bytes) -> None:
    """With an answer or with the one error."""
    count(data)
    for read in (take_inventory, lambda data: pytest_settings("pyproject.toml", data)):
        with suppress(UnreadableError):
            read(data + b"\n[tool.pytest]\n")


def test_settings_of_each_kind_of_file() -> None:
    """From the section that pytest reads there, and from no other."""
    for name, text, found in [
        ("pyproject.toml", "[tool.pytest.ini_options]\na = 1\n[tool.x]\npytest = 1", {"a": "1"}),
        ("pyproject.toml", "[tool.pytest]\na = [1]\n", {"a": "[1]"}),
        ("pyproject.toml", "[tool]\npytest = 1", {}),
        ("pytest.ini", "[pytest]\na = 1\n  2\n[x]\nb=1", {"a": "1 2"}),
        ("tox.ini", "[tox]\nx = pytest\n[pytest]\nA = %(x)s", {"A": "%(x)s"}),
        ("setup.cfg", "[tool:pytest]\na: 1\n[pytest]\nb=1", {"a": "1"}),
        ("setup.cfg", "nothing of it", {}),
        ("pytest.ini", "[DEFAULT]\na = 1\n[pytest]\nb = 2", {"b": "2"}),
    ]:
        assert pytest_settings(name, text.encode()) == found, text
    with pytest.raises(UnreadableError, match="no valid INI"):
        pytest_settings("tox.ini", b"pytest")
