"""`workflow route` says who would draft, in a repository and outside, and leaves no trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GitRepo, GitRepoFactory, WorkflowCommand


@pytest.mark.parametrize(
    ("words", "role"),
    [
        (["allow origin https://s.example.test", "site_nginx.conf"], "surgeon"),
        (["generate a backend from this client", "analytics.js"], "architect"),
        (["create app/admin.py and register it in app/main.py"], "mixed"),
        (["fix it"], "ask"),
    ],
)
def test_it_answers_as_json(
    words: list[str], role: str, sandbox_repo: GitRepo, workflow: WorkflowCommand
) -> None:
    """Role, confidence, reasons, what was looked at and the next command; nothing is written."""
    before = sandbox_repo.snapshot()
    ran = workflow("route", *words, "--json", cwd=sandbox_repo.path)
    assert ran.exit_status == 0, ran.stderr
    assert set(ran.json) == {"role", "confidence", "reasons", "looked_at", "next"}
    assert ran.json["role"] == role
    assert 0 <= ran.json["confidence"] <= 1
    assert ran.json["reasons"]
    assert "workflow propose" in ran.json["next"]
    assert sandbox_repo.snapshot() == before
    assert not (sandbox_repo.path / ".git" / "workflow").exists()


def test_a_path_that_does_not_exist_is_a_fact(
    sandbox_repo: GitRepo, workflow: WorkflowCommand
) -> None:
    """A named path that is not there is no error here, but a reason to ask."""
    ran = workflow("route", "raise the limit", "app/other.py", "--json", cwd=sandbox_repo.path)
    assert ran.json["role"] == "ask"
    assert "app/other.py" in ran.json["reasons"][0]


def test_outside_a_repository_it_goes_by_the_words(
    tmp_path: Path, workflow: WorkflowCommand
) -> None:
    """It says so, and says that named files were not looked at."""
    ran = workflow("route", "scaffold a FastAPI backend", "client.js", "--json", cwd=tmp_path)
    assert ran.exit_status == 0, ran.stderr
    assert ran.json["role"] == "architect"
    assert "no repository" in ran.json["looked_at"][0]
    assert "not looked at" in ran.stderr


def test_without_a_commit_the_architect_begins(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """A repository without a commit has nothing to edit."""
    ran = workflow("route", "turn gzip off", "--json", cwd=git_repo().path)
    assert (ran.json["role"], ran.json["confidence"]) == ("architect", 1)


def test_a_person_reads_the_same(sandbox_repo: GitRepo, workflow: WorkflowCommand) -> None:
    """The role first, then why, then the next command; escapes in the words stay harmless."""
    ran = workflow("route", "turn off gzip\x1b[31m", "site_nginx.conf", cwd=sandbox_repo.path)
    assert ran.stdout.startswith("surgeon")
    assert "the request is about files that exist" in ran.stdout
    assert "Next: workflow propose" in ran.stdout
    assert "\x1b" not in ran.stdout
