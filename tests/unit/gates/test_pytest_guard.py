from __future__ import annotations

import pytest

from tests.unit.gates.cases import LINK, case, tree
from workflow.gates.pytest import guard
from workflow.sandbox import Laid
from workflow.types import RepoPath

BASE = {"app.py": "A = 1\n", "tests/test_app.py": "old\n", "tests/data.json": "1\n"}
SETTINGS = "[project]\nname = 'x'\n[tool.pytest.ini_options]\naddopts = '-q'\n"


@pytest.mark.parametrize(
    "path",
    [
        *("tests/test_app.py", "tests/data.json", "conftest.py", "a/conftest.py", "test_x.py"),
        *("pytest.ini", "sitecustomize.py", "usercustomize.py", "x.pth", "a/b_test.py"),
        *("x.dist-info/entry_points.txt", "x.egg-info/PKG-INFO"),
    ],
)
def test_tests_and_what_configures_them_are_found(path: str) -> None:
    """Each of these can decide what the tests say."""
    patched = {**BASE, "app.py": "A = 2\n", path: "[pytest]\naddopts = -x\n"}
    assert guard.infrastructure(case(BASE, patched)) == (path,)


@pytest.mark.parametrize("path", ["app.py", "contest.py", "docs/a.md", "setup.cfg", "a/latest.py"])
def test_sources_are_no_tests(path: str) -> None:
    """A patch of these alone needs no guard: its tests are the base's."""
    one = case(BASE, {**BASE, path: "other\n"})
    assert guard.infrastructure(one) == ()
    assert guard.guarded(one) is None
    assert guard.transplanted(one) is None


def test_settings_count_where_they_differ() -> None:
    """Another dependency in the same file is no change of how tests run."""
    base = {**BASE, "pyproject.toml": SETTINGS}
    harmless = {**base, "pyproject.toml": SETTINGS.replace("'x'", "'y'")}
    assert guard.infrastructure(case(base, harmless)) == ()
    for text in (SETTINGS.replace("-q", "-x"), "[tool.pytest", f"{LINK}elsewhere"):
        patched = {**base, "pyproject.toml": text}
        assert guard.infrastructure(case(base, patched)) == ("pyproject.toml",)


def test_guarded_has_new_sources_and_old_tests() -> None:
    """What the patch changed, added and removed of tests is put back; its sources stay."""
    patched = {"app.py": "A = 2\n", "tests/test_app.py": "new\n", "tests/conftest.py": "new\n"}
    scratch = guard.guarded(case(BASE, patched))
    assert scratch is not None
    assert scratch.folder.name == "patched"
    assert set(scratch.over) == {
        Laid("tests/test_app.py", content=b"old\n"),
        Laid("tests/data.json", content=b"1\n"),
        Laid("tests/conftest.py"),
    }


def test_transplanted_has_old_sources_and_new_tests() -> None:
    """The mirror image: the patch's tests over the base."""
    patched = {"app.py": "A = 2\n", "tests/test_app.py": "new\n", "tests/conftest.py": "new\n"}
    scratch = guard.transplanted(case(BASE, patched))
    assert scratch is not None
    assert scratch.folder.name == "base"
    assert set(scratch.over) == {
        Laid("tests/test_app.py", content=b"new\n"),
        Laid("tests/data.json"),
        Laid("tests/conftest.py", content=b"new\n"),
    }


def test_links_are_put_back_as_links() -> None:
    """A symbolic link among the tests is no file with its target's content."""
    base = {**BASE, "tests/test_app.py": f"{LINK}../real.py"}
    scratch = guard.guarded(case(base, BASE))
    assert scratch is not None
    assert scratch.over == (Laid("tests/test_app.py", "120000", b"../real.py"),)


@pytest.mark.parametrize("blocker", ["a file\n", f"{LINK}/elsewhere"])
def test_file_in_the_place_of_a_folder_goes_first(blocker: str) -> None:
    """A patch that puts something where the tests' folder was does not keep them out."""
    scratch = guard.guarded(case(BASE, {"app.py": "A = 1\n", "tests": blocker}))
    assert scratch is not None
    assert scratch.over[0] == Laid("tests")
    assert Laid("tests/test_app.py", content=b"old\n") in scratch.over[1:]


def test_byte_code_is_taken_out() -> None:
    """Byte code need not be that of the source beside it."""
    files = {**BASE, "__pycache__/app.cpython-311.pyc": "x", "app.pyo": "x"}
    scratch = guard.clean(tree(files, "base"))
    assert scratch.over == (Laid("__pycache__/app.cpython-311.pyc"), Laid("app.pyo"))
    assert guard.clean(tree(BASE, "base")) == tree(BASE, "base").scratch


def test_modules_that_a_tree_has_at_a_top_are_known() -> None:
    """Files and packages count where a folder on the path could have them."""
    files = {
        "app.py": "",
        "package/__init__.py": "",
        "package/inner.py": "",
        "package/deeper/__init__.py": "",
        "src/lib/__init__.py": "",
        "tests/types.py": "",
        "space/mod.py": "",
        "docs/a.md": "",
    }
    known = guard.known(tree(files, "base"))
    assert known == {"app", "package", "src", "lib", "tests", "types", "space", "mod"}


@pytest.mark.parametrize(
    "path", ["rules/spec/core.py", "numpy/testing/_private/utils.py", "app/ab_test.py"]
)
def test_programs_in_places_of_tests_are_sources(path: str) -> None:
    """A name alone makes no test: there has to be one on the base."""
    base = {**BASE, path: "A = 1\n", "numpy/testing/tests/test_utils.py": "def test_a(): ...\n"}
    assert guard.infrastructure(case(base, {**base, path: "A = 2\n"})) == ()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("pyproject.toml", "[tool.pytest.ini_options]\npython_files = ['check_*.py', 'x.py']\n"),
        ("pytest.ini", "[pytest]\npython_files = check_*.py x.py\n"),
        ("setup.cfg", "[tool:pytest]\npython_files =\n    check_*.py\n"),
    ],
)
def test_tests_are_called_as_the_base_says(name: str, settings: str) -> None:
    """Settings decide what a test is called; the patch's own do not."""
    base = {**BASE, name: settings, "in/check_a.py": "def test_a():\n    assert 1\n"}
    patched = {**base, "in/check_a.py": "def test_a(): ...\n", "in/deep/check_b.py": "x = 1\n"}
    assert guard.infrastructure(case(base, patched)) == ("in/check_a.py", "in/deep/check_b.py")
    later = {**BASE, name: settings, "app.py": "A = 2\n"}
    opened = {**later, name: settings.replace("check_*", "*"), "app.py": "A = 3\n"}
    assert guard.infrastructure(case(later, opened)) == (name,)


def test_what_else_the_tests_use_is_put_back() -> None:
    """On demand, other files are as they were on the base, too."""
    patched = {"app.py": "A = 2\n", "wanted.json": "2\n"}
    one = case({"app.py": "A = 1\n", "wanted.json": "1\n"}, patched)
    assert guard.guarded(one) is None
    scratch = guard.guarded(one, [RepoPath("wanted.json")])
    assert scratch is not None
    assert scratch.over == (Laid("wanted.json", content=b"1\n"),)
