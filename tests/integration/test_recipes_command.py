"""`workflow recipes` lists and shows them, and renders exactly what would be sent."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REQUEST
from workflow.cli import recipes as command

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GitRepo, GitRepoFactory, WorkflowCommand

OURS = """---
recipe: NAME
title: As we edit here
role: surgeon
answer: edits
gates: [pytest]
forecast: [outcome, confidence, why]
---
# Rules

Foretell {{ gates }}: `outcome`, `confidence`, `why`.

# Data

{{ fence }}
{{ files }}
{{ context }}

# Task

{{ request }}
{{ complaint }}
"""
SETTINGS = 'recipes = "ai/recipes"\n'
FENCE = re.compile(r"\b[0-9a-f]{32}\b")
FOLDER = "ai/recipes"


def ours(name: str) -> str:
    """Return a recipe of that name."""
    return OURS.replace("NAME", name)


@pytest.fixture
def shop(git_repo: GitRepoFactory) -> GitRepo:
    """Return a repository with a recipe of its own and one that replaces a shipped one."""
    return git_repo(
        {
            "workflow.toml": SETTINGS,
            f"{FOLDER}/ours.md": ours("ours"),
            f"{FOLDER}/systemd-edit.md": ours("systemd-edit"),
            f"{FOLDER}/README.md": "What these are.\n",
            "app.conf": "retries 3;\n",
        }
    )


def names(listed: list[dict[str, str]]) -> dict[str, str]:
    """Return the source of each listed recipe."""
    return {one["name"]: one["source"] for one in listed}


def test_the_shipped_recipes_are_listed_anywhere(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """Outside of a repository, and in one without a commit, the built-in ones are there."""
    listed = workflow("recipes", "list", "--json", cwd=tmp_path).json
    assert len(listed["recipes"]) == 8
    assert {one["source"] for one in listed["recipes"]} == {"built in"}
    assert set(listed["recipes"][0]) == set(command.RECIPE)
    text = workflow("recipes", "list", cwd=tmp_path).stdout
    assert "surgical-edit        surgeon    edits        The smallest edit of" in text
    assert text.splitlines()[-1].startswith("Next: workflow recipes show NAME")


def test_in_a_repository_without_a_commit(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """Where nothing is committed, the built-in recipes are what there is."""
    here = git_repo().path
    assert len(workflow("recipes", "list", "--json", cwd=here).json["recipes"]) == 8


def test_a_repository_brings_its_own(shop: GitRepo, workflow: WorkflowCommand) -> None:
    """Its recipes come before the shipped ones and add to them, as they are committed."""
    shop.write({f"{FOLDER}/later.md": ours("later"), f"{FOLDER}/ours.md": "broken"})
    found = names(workflow("recipes", "list", "--json", cwd=shop.path).json["recipes"])
    assert len(found) == 9
    assert found["ours"] == f"{FOLDER}/ours.md"
    assert found["systemd-edit"] == f"{FOLDER}/systemd-edit.md"
    assert found["surgical-edit"] == "built in"
    shown = workflow("recipes", "show", "systemd-edit", "--json", cwd=shop.path).json
    data = ours("systemd-edit").encode()
    assert shown["digest"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert shown["title"] == "As we edit here"


def test_a_recipe_in_words(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """`show` says what the front matter says, and prints the text."""
    text = workflow("recipes", "show", "backend-from-client", cwd=tmp_path).stdout
    for line in (
        "backend-from-client  A FastAPI backend for what a browser client sends",
        "role     architect, who answers with files",
        "takes    client (*.js): the browser client, such as analytics.js",
        "reads    named, listing",
        "gates    pytest; of each is foretold: outcome, confidence, why, tests",
        "# Rules",
        "{{ request }}",
    ):
        assert line in text.splitlines()
    shown = workflow("recipes", "show", "backend-from-client", "--json", cwd=tmp_path).json
    assert shown["inputs"] == [
        {
            "name": "client",
            "what": "the browser client, such as analytics.js",
            "pattern": "*.js",
            "required": True,
        }
    ]
    assert shown["rules"].startswith("# Rules\n")


def test_an_unknown_recipe(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """A name that is none is a usage error with the nearest ones."""
    done = workflow("recipes", "show", "safety-chek", cwd=tmp_path)
    assert done.exit_status == 2
    assert "perhaps safety-check; workflow recipes list" in done.stderr


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({f"{FOLDER}/ours.md": ours("other")}, f"recipe {FOLDER}/ours.md: it calls itself other"),
        ({f"{FOLDER}/Ours.md": ours("ours")}, f"{FOLDER}/Ours.md: not the name of a recipe"),
        (
            {f"{FOLDER}/ours.md": ours("ours") + "{% for i in range(1000000000) %}{% endfor %}"},
            f"recipe {FOLDER}/ours.md, # Task, line 5: for is not for recipes",
        ),
        (
            {f"{FOLDER}/ours.md": ours("ours") + "{{ secret }}"},
            f"recipe {FOLDER}/ours.md, # Task, line 5: 'secret' is undefined here",
        ),
        ({"workflow.toml": 'recipes = "../x"\n'}, "recipes: "),
    ],
)
def test_a_broken_recipe_is_told(
    shop: GitRepo, workflow: WorkflowCommand, files: dict[str, str], said: str
) -> None:
    """The error names the file and the fault, and no recipe is listed as if all were well."""
    shop.commit(files)
    done = workflow("recipes", "list", cwd=shop.path)
    assert done.exit_status == 1
    assert f"error: {said}" in done.stderr
    assert not done.stdout


def test_what_is_rendered_is_what_is_sent(approved: GitRepo, workflow: WorkflowCommand) -> None:
    """The rendered prompt is that of the proposal for the same request, but for the fence."""
    args = ("recipes", "render", "surgical-edit", REQUEST, "site_nginx.conf")
    before = approved.snapshot()
    rendered = workflow(*args, cwd=approved.path).stdout
    kept = workflow("show", "1", "--prompt", cwd=approved.path).stdout
    assert FENCE.sub("<fence>", rendered) == FENCE.sub("<fence>", kept)
    assert len({*FENCE.findall(rendered)} - {*FENCE.findall(kept)}) == 1
    assert approved.snapshot() == before
    assert len(workflow("list", "--json", cwd=approved.path).json["proposals"]) == 1


def test_what_is_rendered_is_sealed(shop: GitRepo, workflow: WorkflowCommand) -> None:
    """A secret in a file or in the request is a placeholder, and the model is told of those."""
    token = hashlib.sha256(b"made up").hexdigest()
    shop.commit({"app.conf": f"retries 3;\napi_key = {token}\n"})
    words = f"raise retries; the key stays {token}"
    render = ("recipes", "render", "surgical-edit", words, "app.conf")
    done = workflow(*render, "--json", cwd=shop.path)
    assert token not in done.stdout + done.stderr
    placeholder = re.search(r"ZQVX[0-9A-Z]{12}", done.json["task"])
    assert placeholder
    assert placeholder[0] in done.json["data"]
    assert "Some values are withheld." in done.json["data"]


def test_rendering_needs_a_repository(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """What would be sent depends on files, so there is nothing to render elsewhere."""
    done = workflow("recipes", "render", "scaffold", "a thing", cwd=tmp_path)
    assert done.exit_status == 1
    assert "not a git repository" in done.stderr
