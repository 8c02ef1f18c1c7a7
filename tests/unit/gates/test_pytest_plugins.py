"""Which words of a project's base may be plugins of pytest."""

from __future__ import annotations

from pathlib import Path

from workflow.gates import Tree
from workflow.gates.pytest import plugins
from workflow.sandbox import Scratch
from workflow.types import BlobId, Entry, RepoPath, TreeId

NO_TREE = TreeId("0" * 40)


def tree(**files: str) -> Tree:
    """Return a tree of files; two underlines in a name stand for a slash."""
    contents = {name.replace("__", "/"): text.encode() for name, text in files.items()}
    entries = [Entry("100644", BlobId("0" * 40), RepoPath(name)) for name in contents]
    return Tree(NO_TREE, Scratch(Path("/nowhere")), entries, lambda path: contents[path])


def test_words_come_from_what_says_what_a_project_needs() -> None:
    """Requirements and settings, in the project's folder and at the top, and from nowhere else."""
    given = tree(
        **{
            "pyproject.toml": "test = ['pytest-mock>=3', \"hypothesis[cli]\"]\n",
            "app__requirements-dev.txt": "pytest_asyncio==1.0  # async\n",
            "app__requirements__ci.txt": "pytest-xdist\n",
            "app__src__requirements.txt": "deeper\n",
            "other__requirements.txt": "elsewhere\n",
            "README.md": "prose\n",
        }
    )
    found = plugins.mentioned(given, "app")
    assert {"pytest-mock", "hypothesis", "pytest_asyncio", "pytest-xdist"} <= set(found)
    assert {"deeper", "elsewhere", "prose"}.isdisjoint(found)
    assert "pytest-xdist" not in plugins.mentioned(given, "")


def test_what_is_switched_off_is_not_named() -> None:
    """`-p no:x` names a plugin that the project does not want."""
    given = tree(**{"pytest.ini": "[pytest]\naddopts = -p no:anyio -p myplugin\n"})
    found = plugins.mentioned(given, "")
    assert "myplugin" in found
    assert "anyio" not in found


def test_words_are_bounded_and_in_order() -> None:
    """However long a file is, the same few words come out of it."""
    text = " ".join(f"word{n:06}" for n in range(50_000))
    found = plugins.mentioned(tree(**{"requirements.txt": text}), "")
    assert len(found) == 2000
    assert list(found) == sorted(found)
