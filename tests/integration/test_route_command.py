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


@pytest.mark.parametrize("path", ["app/other.py", "app"])
def test_a_path_is_refused_as_propose_refuses_it(
    path: str, sandbox_repo: GitRepo, workflow: WorkflowCommand
) -> None:
    """A path that is not there and a folder have the same error and the same hint in both."""
    ran = workflow("route", "raise the limit", path, "--json", cwd=sandbox_repo.path)
    proposed = workflow("propose", "raise the limit", path, "--json", cwd=sandbox_repo.path)
    assert ran.exit_status == proposed.exit_status != 0
    assert ran.json == proposed.json
    assert path in ran.json["error"]


@pytest.mark.parametrize(
    ("words", "following"),
    [
        (
            ["don't gzip JSON", "site_nginx.conf"],
            """workflow propose 'don'"'"'t gzip JSON' site_nginx.conf""",
        ),
        (
            ["fix it"],
            "workflow propose 'fix it' --route surgeon, or --route architect or mixed",
        ),
        (
            ["is everything safe?"],
            (
                "workflow explain ID, or workflow propose 'is everything safe?' PATH"
                " --recipe safety-check"
            ),
        ),
        (["--", "- turn gzip off for JSON"], "workflow propose -- '- turn gzip off for JSON'"),
    ],
)
def test_the_next_command_is_whole(
    words: list[str], following: str, sandbox_repo: GitRepo, workflow: WorkflowCommand
) -> None:
    """Words and paths are in it, quoted for the shell; a question has commands of its own."""
    ran = workflow("route", "--json", *words, cwd=sandbox_repo.path)
    assert ran.json["next"] == following


def test_an_edit_of_no_certain_file_needs_a_path(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """Where no file can only be meant, the next command says that one is to be named."""
    repo = git_repo({"a.conf": "gzip on;\n", "b.conf": "gzip on;\n"})
    ran = workflow("route", "turn gzip off for JSON", "--json", cwd=repo.path)
    assert ran.json["role"] == "surgeon"
    assert ran.json["next"] == "workflow propose 'turn gzip off for JSON' PATH"


def test_a_doubt_has_no_per_cent(sandbox_repo: GitRepo, workflow: WorkflowCommand) -> None:
    """A person is told what is unclear; how unclear stands in the JSON."""
    ran = workflow("route", "fix it", cwd=sandbox_repo.path)
    assert ran.stdout.startswith("ask  it is not clear who should draft")
    assert "%" not in ran.stdout


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
