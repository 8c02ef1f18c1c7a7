from __future__ import annotations

import pytest

from tests.unit.gates.cases import case
from workflow.gates.pytest import borrowed, examples

SAME = "def same(a, b):\n    assert a == b\n"
BASE = {
    "app.py": "A = 1\n",
    "checks.py": SAME,
    "wanted.json": "1\n",
    "tests/test_app.py": "from checks import same\nimport app\nopen('wanted.json')\n",
}


@pytest.mark.parametrize("path", ["checks.py", "wanted.json"])
def test_files_that_only_tests_use_are_found(path: str) -> None:
    """A module that checks, and data that tests name: they say what is asked for."""
    one = case(BASE, {**BASE, path: "2\n"})
    assert borrowed.borrowed(one) == (path,)


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("app.py", {}),
        ("checks.py", {"other.py": "import checks\n"}),
        ("checks.py", {"other.py": "from . import (a, checks)\n"}),
        ("wanted.json", {"other.py": "NAME = 'wanted.json'\n"}),
    ],
)
def test_files_of_the_program_are_not(path: str, more: dict[str, str]) -> None:
    """What a source uses, or what checks nothing, is the program's own."""
    base = {**BASE, **more}
    assert borrowed.borrowed(case(base, {**base, path: "2\n"})) == ()


def test_what_is_new_or_means_the_same_is_not() -> None:
    """The base's tests cannot use what is not there, and a comment changes nothing."""
    patched = {**BASE, "more.json": "1\n", "checks.py": f"# words\n{SAME}"}
    assert borrowed.borrowed(case(BASE, patched)) == ()


DOCS = '"""Add.\n\n>>> add(1, 2)\n3\n"""\n'


@pytest.mark.parametrize(
    ("new", "is_kept"),
    [
        (DOCS, True),
        (f"x = 1\n{DOCS}    >>> more\n", True),
        (DOCS.replace("3", "-1"), False),
        (DOCS.replace("2)", "3)"), False),
        ("", False),
    ],
)
def test_examples_are_kept_or_not(new: str, *, is_kept: bool) -> None:
    """Each with what it prints; what stands around them is nothing to them."""
    assert examples.kept(DOCS.encode(), new.encode()) is is_kept
