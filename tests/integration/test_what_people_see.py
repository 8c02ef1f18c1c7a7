"""What a person reads of rounds, costs and revisions, and what the next command is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.loopback import Loopback, Say, loopback

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import GitRepo, GitRepoFactory, WorkflowCommand

pytestmark = [pytest.mark.usefixtures("quick"), pytest.mark.forked]

CONFIG = "events {}\nhttp {\n    server {\n        listen 8080;\n        root html;\n    }\n}\n"
HUNK = "--- a/nginx.conf\n+++ b/nginx.conf\n@@\n     server {{\n-        listen {old};\n"
REQUEST = "Let the server listen on 8081"


@pytest.fixture
def server() -> Iterator[Loopback]:
    """Yield a model server on this machine."""
    with loopback() as running:
        yield running


@pytest.fixture
def small(git_repo: GitRepoFactory) -> GitRepo:
    """Return a repository with one configuration of NGINX."""
    repo = git_repo(name="small")
    (repo.path / "nginx.conf").write_text(CONFIG)
    repo.commit(message="a server")
    return repo


def _settings(server: Loopback, **more: str) -> dict[str, str]:
    address = {"WORKFLOW_PROVIDERS__COMPATIBLE__BASE_URL": server.v1}
    roles = {
        f"WORKFLOW_ROLES__{role}__{key}": value
        for role in ("ARCHITECT", "SURGEON")
        for key, value in (("PROVIDER", "compatible"), ("MODEL", "model-of-a-test"))
    }
    prices = {f"WORKFLOW_PROVIDERS__COMPATIBLE__{key}": value for key, value in more.items()}
    return roles | address | prices


def _listens(on: str, old: str = "8080") -> Say:
    """Return an answer that has the server listen elsewhere."""
    diff = f"{HUNK.format(old=old)}+        listen {on};\n         root html;\n"
    says = {"outcome": "pass", "confidence": 90, "why": "a port", "tests": []}
    forecasts = [{"gate": gate, **says} for gate in ("nginx", "pytest")]
    said: dict[str, Any] = {"diff": diff, "forecasts": forecasts, "notes": ["a port alone"]}
    return Say(json.dumps(said))


def test_rounds_costs_and_the_next_command(
    small: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """A refused proposal of three rounds, its costs, each answer, and the way on."""
    here, env = small.path, _settings(server, INPUT_USD="2", OUTPUT_USD="10")
    server.answers += [_listens("1", old="9"), _listens("no-port"), _listens("no port")]
    done = workflow("propose", REQUEST, "nginx.conf", cwd=here, env=env)
    assert done.exit_status == 3, done.stdout + done.stderr
    shown = workflow("show", "1", cwd=here).stdout
    for said in (done.stdout, shown):
        assert 'Next: workflow show 1 --log nginx, then workflow revise 1 "…"' in said
        assert "drafted by the surgeon (compatible model-of-a-test, surgical-edit)" in said
        assert "routed to the surgeon because " in said
        rounds = said[said.index("\nRounds\n") :]
        assert "  1 of 3  surgeon  went back: " in rounds
        assert "  2 of 3  surgeon  went back: " in rounds
        assert "  3 of 3  surgeon  is kept, although " in rounds
        assert "Cost  3 answers, 21 tokens in, 9 out, $0.000132\n" in said
    paid = workflow("receipt", "1", cwd=here).stdout
    assert "bytes in 1 request\n" in paid
    assert "7 tokens in, 3 out; $0.000044" in paid
    assert paid.count("nginx.conf") == 1
    assert "bytes sent; 3 answers, 21 tokens in, 9 out, $0.000132" in paid
    second = workflow("receipt", "1", "--answer", "2", cwd=here).stdout
    assert "no-port" in json.loads(second)["diff"]
    as_json = workflow("receipt", "1", "--answer", "2", "--json", cwd=here).json
    assert as_json == {"id": 1, "answer": second}
    none = workflow("receipt", "1", "--answer", "4", cwd=here)
    assert none.exit_status == 2
    assert "proposal 1 has no answer 4: 3 rounds" in none.stderr


def test_a_revision_goes_by_the_reviewers_words(
    small: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """`list`, `show` and `propose` tell two proposals for one request apart."""
    here = small.path
    env = _settings(server, INPUT_USD="2", OUTPUT_USD="10")
    server.answers += [_listens("8081"), _listens("8082")]
    workflow("propose", REQUEST, "nginx.conf", cwd=here, env=env)
    empty = workflow("revise", "1", " ", cwd=here, env=env)
    assert "try: workflow revise 1 " in empty.stderr
    done = workflow("revise", "1", "make it 8082", cwd=here, env=env)
    assert done.exit_status == 0, done.stdout + done.stderr
    assert "  revises 1: make it 8082\n" in done.stdout
    listed = workflow("list", cwd=here).stdout.splitlines()
    assert "  revises 1: make it 8082  nginx.conf" in listed[0]
    assert f"  {REQUEST}  nginx.conf" in listed[1]
    rows = workflow("list", "--json", cwd=here).json["proposals"]
    assert [(row["wish"], row["revises"]) for row in rows] == [("make it 8082", 1), ("", None)]
    shown = workflow("show", "2", cwd=here).stdout
    assert "  revises proposal 1 (" in shown
    assert "  with every other answer to this request: 2 answers, " in shown
    assert "Rounds" not in shown


def test_doctor_says_what_would_stop_a_model(
    small: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """No address, no price under a cap, and then what is known without asking anybody."""
    here = small.path
    env = _settings(server)
    nowhere = {**env, "WORKFLOW_PROVIDERS__COMPATIBLE__BASE_URL": ""}
    said = _surgeon(workflow("doctor", "--json", cwd=here, env=nowhere).json)
    assert not said["ok"]
    assert said["detail"].endswith("has no address")
    assert "export WORKFLOW_PROVIDERS__COMPATIBLE__BASE_URL=http" in said["mend"]
    said = _surgeon(workflow("doctor", "--json", cwd=here, env=env).json)
    assert not said["ok"]
    assert "its price is not known: with the cap of $" in said["detail"]
    assert "INPUT_USD" in said["mend"]
    free = _settings(server, INPUT_USD="0", OUTPUT_USD="0")
    checked = workflow("doctor", "--json", cwd=here, env=free).json
    said = _surgeon(checked)
    assert said["ok"]
    assert "not tried" in said["detail"]
    assert "for a request; " in checked["checks"][-1]["detail"]
    assert server.arrived == []


def test_a_group_without_a_command_is_its_help(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """No empty error stands behind the help."""
    for group in ("recipes", "patch"):
        done = workflow(group, cwd=tmp_path)
        assert done.exit_status == 2
        assert "Usage: workflow " in done.stdout
        assert done.stderr == ""


def _surgeon(doctor: dict[str, Any]) -> dict[str, Any]:
    (found,) = [check for check in doctor["checks"] if check["name"] == "the surgeon"]
    return dict(found)


def test_init_names_owners_whom_nobody_knows(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """The policy that it writes has no teams yet, so what only they own could not be approved."""
    repo = git_repo({"CODEOWNERS": "*.conf @example/ops ops@example.test\n"}, name="owned")
    done = workflow("init", cwd=repo.path)
    assert "found  CODEOWNERS: @example/ops: who that is, say under approval.teams" in done.stdout
    owners = "nobody is known as @example/ops: what only they own nobody can approve"
    assert owners in workflow("doctor", cwd=repo.path).stdout
    repo.commit({"CODEOWNERS": "*.conf ops@example.test\n"})
    assert "nobody is known as" not in workflow("doctor", cwd=repo.path).stdout
    assert "CODEOWNERS" not in workflow("init", "--force", cwd=repo.path).stdout
