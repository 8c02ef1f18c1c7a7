from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.gates import Tree
from workflow.gates.nginx import layout as nginx_layout
from workflow.gates.nginx.layout import Context, Target
from workflow.gates.nginx.source import Source
from workflow.gates.pytest import roots as pytest_roots
from workflow.sandbox import Scratch
from workflow.types import BlobId, Entry, RepoPath, TreeId

if TYPE_CHECKING:
    from collections.abc import Mapping

INI = "[tool.pytest.ini_options]\n"
MAIN = "events {}\nhttp { include /etc/nginx/conf.d/*.conf; include sites/*; }\n"


def tree(files: Mapping[str, str]) -> Tree:
    """Return a tree that exists in memory only."""
    blob = BlobId("0" * 40)
    entries = tuple(Entry("100644", blob, RepoPath(name)) for name in files)
    name = TreeId(hashlib.sha256(repr(sorted(files)).encode()).hexdigest())
    return Tree(name, Scratch(Path("/nowhere")), entries, lambda path: files[path].encode())


@pytest.mark.parametrize(
    ("changed", "root"),
    [
        ("inner/nginx/x.conf", "inner"),
        ("inner/tests/unit/test_a.py", "inner"),
        ("README.md", ""),
        ("other/deep/x.py", ""),
        ("plain/x.py", "plain"),
    ],
)
def test_nearest_project_speaks_for_a_file(changed: str, root: str) -> None:
    """The nearest folder with a configuration or a folder of tests is the root."""
    files = {
        "pyproject.toml": INI,
        "tests/test_outer.py": "",
        "inner/pyproject.toml": INI,
        "inner/tests/unit/test_a.py": "",
        "plain/tests/test_b.py": "",
        "inner/nginx/x.conf": "",
    }
    assert pytest_roots.roots(tree(files), [RepoPath(changed)]) == {root}


def test_tests_inside_a_package_are_no_project() -> None:
    """A package that carries its tests belongs to the project above."""
    files = {"setup.cfg": "[tool:pytest]\n", "app/__init__.py": "", "app/tests/test_a.py": ""}
    assert pytest_roots.roots(tree(files), [RepoPath("app/x.py")]) == {""}


def test_project_without_tests_is_none() -> None:
    """A configuration alone is nothing to run."""
    assert not pytest_roots.roots(tree({"pytest.ini": "[pytest]\n"}), [RepoPath("x.py")])


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("pytest.ini", "", True),
        ("pyproject.toml", INI, True),
        ("pyproject.toml", "[tool.ruff]\n", False),
        ("pyproject.toml", "[tool.pytest\n", True),
        ("tox.ini", "[pytest]\n", True),
        ("tox.ini", "[tox]\n", False),
        ("setup.cfg", "[tool:pytest]\nx = %(y)s\n", True),
        ("setup.cfg", "[metadata\n", False),
    ],
)
def test_configuration_is_recognized(name: str, text: str, *, found: bool) -> None:
    """Each file counts when it speaks of pytest, also when it is damaged."""
    assert bool(pytest_roots.configuration(tree({name: text}), "")) is found


@pytest.mark.parametrize(
    ("changed", "target"),
    [
        ("a/nginx.conf", Target(RepoPath("a/nginx.conf"), "a")),
        ("a/conf.d/x.conf", Target(RepoPath("a/nginx.conf"), "a")),
        ("a/sites/y", Target(RepoPath("a/nginx.conf"), "a")),
    ],
)
def test_main_file_that_includes_a_file_is_found(changed: str, target: Target) -> None:
    """Includes are followed, relative ones and those below /etc/nginx."""
    files = {
        "a/nginx.conf": MAIN,
        "a/conf.d/x.conf": "server { }",
        "a/sites/y": "server { }",
        "b/nginx.conf": MAIN,
    }
    assert nginx_layout.targets(Source(tree(files)), [RepoPath(changed)], None) == (target,)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("upstream a { server b; }", Context.HTTP),
        ("location / { }", Context.SERVER),
        ("add_header A b;", Context.HTTP),
        ("worker_processes 1;", Context.MAIN),
        ("# server { }\nlisten 80;", Context.SERVER),
    ],
)
def test_part_is_tried_in_its_likeliest_context(text: str, first: Context) -> None:
    """A part without a main file gets a wrapper by what stands at its left edge."""
    found = nginx_layout.targets(
        Source(tree({"x/conf.d/p.conf": text})), [RepoPath("x/conf.d/p.conf")], None
    )
    assert found[0].folder == "x"
    assert found[0].contexts[0] is first
    assert set(found[0].contexts) == set(Context)


def test_includes_in_a_circle_end() -> None:
    """A file that includes itself is read once."""
    files = {"nginx.conf": "events {}\ninclude nginx.conf;\ninclude *.conf;\n"}
    assert nginx_layout.included(Source(tree(files)), "nginx.conf", "") == {"nginx.conf"}
