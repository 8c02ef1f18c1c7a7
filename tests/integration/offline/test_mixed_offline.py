"""A request for new files and for edits, drafted offline by both roles, up to the landed commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import GitRepo, GitRepoFactory, WorkflowCommand

pytestmark = [pytest.mark.usefixtures("quick"), pytest.mark.forked]

SITE = "nginx/site_nginx.conf"
BACKEND = "scaffold a FastAPI backend in backend/ for analytics.js"
ORIGIN = f"allow origin https://s.ado.im via CORS and CSP in {SITE}"
NGINX = {
    "nginx/nginx.conf": "events {}\nhttp {\n    include site.conf;\n}\n",
    "nginx/site.conf": "server {\n    listen 8081;\n    server_name a.test;\n    return 204;\n}\n",
}
NEW_SITE = (
    "nginx server block for shop.example.test, plain http, listen 8082, upstream 127.0.0.1:8000,"
    " in nginx/shop.conf, and include it in nginx/nginx.conf"
)


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ([f"{BACKEND}, and {ORIGIN}"], ["--route", "mixed"]),
        ([f"{BACKEND}, and {ORIGIN}", SITE, "analytics.js"], ["--route", "architect"]),
    ],
    ids=["mixed", "architect"],
)
def test_both_roles_draft_their_part(
    sandbox_repo: GitRepo, workflow: WorkflowCommand, words: list[str], options: list[str]
) -> None:
    """Whoever begins, the proposal has the new files and the edit, and lands in one commit."""
    # What is there already is proven elsewhere, and takes its time.
    sandbox_repo.git("rm", "-r", "--quiet", "app", "tests", "pyproject.toml")
    sandbox_repo.commit(message="the browser's side alone")
    ran = workflow("propose", *words, *options, "--json", cwd=sandbox_repo.path)
    assert ran.exit_status == 0, ran.stdout + ran.stderr
    assert ran.json["state"] == "awaiting-approval"
    shown = workflow("show", "1", cwd=sandbox_repo.path).stdout
    assert f"left to the surgeon: in {SITE}, '{ORIGIN}'" in shown
    assert '+    "https://s.ado.im"   $http_origin;' in shown
    for command in ("approve", "apply"):
        ran = workflow(command, "1", cwd=sandbox_repo.path)
        assert ran.exit_status == 0, ran.stdout + ran.stderr
    files = set(sandbox_repo.git("show", "--format=", "--name-only", "HEAD").split())
    assert {SITE, "backend/app/main.py", "backend/tests/test_collect.py"} <= files
    assert all(path == SITE or path.startswith("backend/") for path in files)


def test_a_clause_that_nobody_takes_is_refused_by_name(
    sandbox_repo: GitRepo, workflow: WorkflowCommand
) -> None:
    """Nothing is dropped in silence, and nothing else is proposed."""
    request = f"{BACKEND} and put it behind Varnish"
    ran = workflow("propose", request, "--route", "architect", cwd=sandbox_repo.path)
    assert ran.exit_status != 0
    assert "does not understand 'Varnish'" in ran.stderr
    assert "roles.architect" in ran.stderr
    assert workflow("list", "--json", cwd=sandbox_repo.path).json["proposals"] == []


def test_a_new_site_is_included(git_repo: GitRepoFactory, workflow: WorkflowCommand) -> None:
    """A server block in a file of its own, and the line of the main file that reads it."""
    path = git_repo(NGINX).path
    ran = workflow("propose", NEW_SITE, "--recipe", "nginx-first-pass", "--json", cwd=path)
    assert ran.exit_status == 0, ran.stdout + ran.stderr
    assert ran.json["state"] == "awaiting-approval"
    shown = workflow("show", "1", cwd=path).stdout
    assert "+    include shop.conf;" in shown
    assert "forecast: pass" in shown
