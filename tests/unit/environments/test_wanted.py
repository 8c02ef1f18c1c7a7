from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.environments import EnvironmentUnavailableError
from workflow.environments.wanted import Wanted, wanted

if TYPE_CHECKING:
    from workflow.types import RepoPath

PROJECT = """
[project]
name = "My_Project"
dependencies = ["pydantic>2"]
[project.optional-dependencies]
docs = ["sphinx"]
test = ["httpx", "my-project[extra,all]"]
all = ["my.project[test]"]
extra = ["redis"]
[dependency-groups]
dev = ["ruff", {include-group = "more"}]
more = [{include-group = "dev"}, "mypy"]
lint = ["flake8"]
"""

UV_LOCK = """
[[package]]
name = "H11"
version = "1.5"
source = { registry = 'https://index.example.test/' }
[[package]]
name = "me"
version = "1"
source = { editable = "." }
"""


def look(files: dict[str, str], root: str = "", named: tuple[str, ...] = ()) -> Wanted:
    """Return what a tree of these files wants."""

    def read(path: RepoPath) -> bytes:
        return files[str(path)].encode()

    return wanted(read, root, named)


def test_project_gives_what_tests_use() -> None:
    """Dependencies count, with the extras and groups for tests, and what these include."""
    found = look({"pyproject.toml": PROJECT})
    assert found.lines == ("httpx", "mypy", "pydantic>2", "redis", "ruff")
    assert found.files == ("pyproject.toml",)


def test_requirement_files_include_one_another() -> None:
    """Inclusion is from where the file is, each file once, and constraints stay constraints."""
    files = {
        "requirements/test.txt": "-r ../requirements.txt\n-r test.txt\npytest",
        "requirements.txt": "-c bounds.txt\nuvicorn",
        "bounds.txt": "-r more.txt\nuvicorn<1",
        "more.txt": "h11==1",
    }
    found = look(files)
    assert found.lines == ("pytest", "uvicorn")
    assert found.constraints == ("h11==1", "uvicorn<1")


def test_nearest_folder_that_says_anything_counts() -> None:
    """A project in a folder takes the files there, else those of the folder above."""
    files = {"requirements.txt": "top", "a/b/x": "", "a/requirements.txt": "middle"}
    assert look(files, "a/b").lines == ("middle",)
    assert look(files, "other").lines == ("top",)


def test_named_files_alone_count() -> None:
    """Where the settings name files, nothing else is looked for."""
    files = {"requirements.txt": "one", "ci/all.txt": "two"}
    assert look(files, "", ("ci/all.txt",)).lines == ("two",)


@pytest.mark.parametrize(
    "line", ["-r missing.txt", "-r ../../etc/passwd", "-r /etc/passwd", "-r https://x.test/a"]
)
def test_files_outside_the_tree_are_refused(line: str) -> None:
    """An included file is one of the tree, and nothing of the host."""
    with pytest.raises(EnvironmentUnavailableError, match="is not in the repository"):
        look({"requirements.txt": line})


def test_folder_of_the_tree_brings_what_it_needs() -> None:
    """`-e .[docs]` asks for the dependencies of the project there; it is not installed itself."""
    files = {"requirements.txt": "-e .[docs]\n-e ./nothing", "pyproject.toml": PROJECT}
    found = look(files, "", ("requirements.txt",))
    assert found.lines == ("pydantic>2", "sphinx")
    assert found.notes == ("requirements.txt: './nothing' is not installed",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "uv.lock",
            UV_LOCK,
        ),
        ("poetry.lock", '[[package]]\nname="h11"\nversion="1.5"\n'),
        ("pylock.toml", '[[packages]]\nname="h11"\nversion="1.5"\n'),
    ],
)
def test_lock_bounds_the_versions(name: str, text: str) -> None:
    """What a lock has in one version is a constraint; what comes from a folder is not."""
    found = look({"requirements.txt": "h11", name: text})
    assert found.constraints == ("h11==1.5",)
    assert found.files == ("requirements.txt", name)


def test_lock_that_is_too_large_is_told() -> None:
    """A lock that is not read does not stand in the way of what is required."""
    found = look({"requirements.txt": "a", "uv.lock": "#" * 2_000_000})
    assert found.lines == ("a",)
    assert found.constraints == ()
    assert found.notes == ("uv.lock is not read: larger than 1,048,576 characters",)


def test_lock_with_two_versions_leaves_the_choice() -> None:
    """A package that a lock has twice is left to the resolver."""
    twice = '[[package]]\nname="a"\nversion="1"\n[[package]]\nname="a"\nversion="2"\n'
    assert look({"requirements.txt": "a", "uv.lock": twice}).constraints == ()


def test_what_is_not_read_is_said() -> None:
    """Where nothing is found, the files that this product does not read are named."""
    found = look({"setup.py": "", "Pipfile": ""})
    assert found.lines == ()
    assert found.notes == ("not read: setup.py, Pipfile",)
    poetry = look({"pyproject.toml": '[tool.poetry.dependencies]\npython="^3.11"'})
    assert poetry.notes == ("pyproject.toml: the tables of Poetry are not read",)


def test_broken_and_huge_files_are_refused() -> None:
    """A file that is no TOML, or larger than a file of requirements is, is an error."""
    with pytest.raises(EnvironmentUnavailableError, match=r"pyproject\.toml"):
        look({"pyproject.toml": "["})
    with pytest.raises(EnvironmentUnavailableError, match="larger than 1 MiB"):
        look({"requirements.txt": "#" * 2_000_000})


def test_address_in_a_project_is_refused() -> None:
    """A dependency that names an address is refused in every file."""
    text = '[project]\ndependencies = ["a @ https://x.test/a"]'
    with pytest.raises(EnvironmentUnavailableError, match="comes from an address"):
        look({"pyproject.toml": text})


def test_tree_that_is_the_same_where_it_was_looked_wants_the_same() -> None:
    """What was looked for, there or not, is all that can change what is wanted."""
    files = {"requirements.txt": "-r more.txt", "more.txt": "a", "other.py": ""}
    looked = look(files).looked
    assert {"requirements.txt", "more.txt", "pyproject.toml", "uv.lock"} <= looked
    assert "other.py" not in looked


def test_long_texts_take_no_longer_than_they_are_long() -> None:
    """A hostile requirement of a million blanks is refused at once, not in hours."""
    for blank in (" ", "[", ",", "a["):
        text = f'[project]\nname = "me"\ndependencies = ["me{blank * (900_000 // len(blank))}!"]'
        with pytest.raises(EnvironmentUnavailableError, match="no requirement"):
            look({"pyproject.toml": text})
