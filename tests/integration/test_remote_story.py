"""The whole story with models behind both roles, over real sockets, by the command itself."""

from __future__ import annotations

import json
import random
import string
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.loopback import Count, Loopback, Say, loopback
from workflow import resources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import GitRepo, WorkflowCommand

pytestmark = [pytest.mark.usefixtures("quick"), pytest.mark.forked]

SITE = "nginx/site_nginx.conf"
KEY = "own-" + "".join(random.Random(55).choices(string.ascii_letters, k=24))  # noqa: S311 - no secret
FORECASTS = [
    {"gate": "nginx", "outcome": "pass", "confidence": 95, "why": "one value", "tests": []},
    {"gate": "pytest", "outcome": "pass", "confidence": 80, "why": "none reads it", "tests": []},
]
REQUEST = "Raise the read timeout of the proxy to 15s"
DIFF = """--- a/nginx/snippets/proxy.conf
+++ b/nginx/snippets/proxy.conf
@@
{before}-{old}
+{new}
{after}"""


@pytest.fixture
def server() -> Iterator[Loopback]:
    """Yield a model server on this machine."""
    with loopback() as running:
        yield running


def settings(kind: str, server: Loopback) -> dict[str, str]:
    """Return the environment in which both roles are models of one provider."""
    base_url = server.origin if kind == "anthropic" else server.v1
    roles = {
        f"WORKFLOW_ROLES__{role}__{key}": value
        for role in ("ARCHITECT", "SURGEON")
        for key, value in (("PROVIDER", kind), ("MODEL", "model-of-a-test"))
    }
    return {
        **roles,
        f"WORKFLOW_PROVIDERS__{kind.upper()}__BASE_URL": base_url,
        f"WORKFLOW_PROVIDERS__{kind.upper()}__INPUT_USD": "2",
        f"WORKFLOW_PROVIDERS__{kind.upper()}__OUTPUT_USD": "10",
        "OPENAI_API_KEY": KEY,
        "ANTHROPIC_API_KEY": KEY,
    }


def edits(diff: str, forecasts: list[dict[str, Any]] | None = None, **more: Any) -> Say:
    """Return an answer with a diff."""
    said = {"diff": diff, "forecasts": forecasts or FORECASTS, "notes": [], **more}
    return Say(json.dumps(said))


def raised(repo: GitRepo, to: str = "15s") -> str:
    """Return a diff that raises the proxy's read timeout."""
    path = repo.path / "nginx/snippets/proxy.conf"
    lines = path.read_text().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if "proxy_read_timeout" in line)
    old = lines[at]
    new = old.replace(old.split()[1], f"{to};")
    return DIFF.format(
        before="".join(f" {line}" for line in lines[max(0, at - 3) : at]),
        old=old.rstrip("\n"),
        new=new.rstrip("\n"),
        after="".join(f" {line}" for line in lines[at + 1 : at + 4]),
    )


@pytest.mark.parametrize("kind", ["compatible", "openai", "anthropic"])
def test_from_words_to_a_rollback(
    sandbox_repo: GitRepo, workflow: WorkflowCommand, server: Loopback, kind: str
) -> None:
    """Proposed, shown, accounted for, approved, applied and taken back."""
    here, env = sandbox_repo.path, settings(kind, server)
    server.answers.append(edits(raised(sandbox_repo)))
    done = workflow("propose", REQUEST, "nginx/snippets/proxy.conf", cwd=here, env=env)
    assert done.exit_status == 0, done.stdout + done.stderr
    assert len(server.arrived) == 1
    assert server.objections == []
    shown = workflow("show", "1", cwd=here).stdout
    assert f"the surgeon ({kind} model-of-a-test, surgical-edit)" in shown
    assert "forecast: pass (95 %), because one value" in shown
    body = workflow("show", "1", "--json", cwd=here).json
    assert [one["is_right"] for one in body["forecasts"]] == [True, True]
    (made,) = workflow("receipt", "1", "--json", cwd=here).json["rounds"]
    assert made["requests"][0]["text"].encode() == server.arrived[0].body
    assert json.loads(made["answer"])["diff"] == raised(sandbox_repo)
    assert made["usage"]["microdollars"] == 7 * 2 + 3 * 10
    stats = workflow("stats", "--json", cwd=here).json
    assert "model-of-a-test" in json.dumps(stats)
    assert KEY not in shown + json.dumps([body, made, stats]) + done.stderr
    workflow("approve", "1", cwd=here)
    # No model is asked any more, and no key is needed.
    assert workflow("apply", "1", cwd=here).exit_status == 0
    assert "proxy_read_timeout" in (here / "nginx/snippets/proxy.conf").read_text()
    assert workflow("rollback", cwd=here).exit_status == 0
    assert len(server.arrived) == 1
    kept = b"".join(path.read_bytes() for path in (here / ".git/workflow").rglob("*.db*"))
    assert KEY.encode() not in kept


def test_a_draft_is_mended_in_rounds(
    sandbox_repo: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """No place, then a gate that fails and was forecast to pass, then a draft that holds."""
    here, env = sandbox_repo.path, settings("compatible", server)
    good = raised(sandbox_repo)
    server.answers += [
        edits(good.replace(" proxy_", " prxy_").replace("-proxy", "-prxy")),
        edits(raised(sandbox_repo, "15parsecs")),
        edits(good),
    ]
    done = workflow(*("propose", REQUEST, "nginx/snippets/proxy.conf", "--json"), cwd=here, env=env)
    assert done.exit_status == 0, done.stdout + done.stderr
    first, second, third = done.json["rounds"]
    assert "no-place" in first["objection"]
    assert "The gate nginx says fail" in second["objection"]
    assert (third["objection"], third["stands"]) == ("", True)
    tasks = [request.json["messages"][-1]["content"] for request in server.arrived]
    assert "proxy_read_timeout" in tasks[1]
    assert "invalid value" in tasks[2]


def test_a_mixed_request_is_one_proposal(
    sandbox_repo: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """New files by one model and an edit by the other, both with forecasts, approved at once."""
    here, env = sandbox_repo.path, settings("compatible", server)
    test = "def test_made():\n    assert open('docs/limits.md').read()\n"
    files = {
        "files": [
            {"path": "docs/limits.md", "content": "# Limits\n"},
            {"path": "tests/test_limits.py", "content": test},
        ],
        "edits_wanted": [],
        "forecasts": [{**FORECASTS[1], "tests": ["tests/test_limits.py::test_made"]}],
        "notes": [],
    }
    server.answers += [Say(json.dumps(files)), edits(raised(sandbox_repo))]
    asked = "Create docs/limits.md with a test, and raise proxy_read_timeout in proxy.conf to 15s"
    done = workflow("propose", asked, "nginx/snippets/proxy.conf", "--json", cwd=here, env=env)
    assert done.exit_status == 0, done.stdout + done.stderr
    body = done.json
    assert body["route"] == "mixed"
    assert [one["role"] for one in body["rounds"]] == ["architect", "surgeon"]
    assert sorted(body["files"]) == [
        *("docs/limits.md", "nginx/snippets/proxy.conf", "tests/test_limits.py")
    ]


def test_a_wrong_forecast_is_shown_first(
    sandbox_repo: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """A test that was foretold and does not run makes a forecast wrong, and it is on top."""
    here, env = sandbox_repo.path, settings("compatible", server)
    wrong = [FORECASTS[0], {**FORECASTS[1], "tests": ["tests/test_nothing.py::test_it"]}]
    server.answers.append(edits(raised(sandbox_repo), wrong))
    workflow("propose", REQUEST, "nginx/snippets/proxy.conf", cwd=here, env=env)
    shown = workflow("show", "1", cwd=here).stdout
    assert shown.index("Forecast WRONG") < shown.index("What changes")
    assert "tests/test_nothing.py::test_it" in shown


def test_a_reviewer_asks_for_another_round(
    sandbox_repo: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """The second proposal has the reviewer's words, and the first one stays as it was."""
    here, env = sandbox_repo.path, settings("compatible", server)
    server.answers += [edits(raised(sandbox_repo)), edits(raised(sandbox_repo, "20s"))]
    workflow("propose", REQUEST, "nginx/snippets/proxy.conf", cwd=here, env=env)
    done = workflow("revise", "1", "make it 20s instead", "--json", cwd=here, env=env)
    assert done.exit_status == 0, done.stdout + done.stderr
    assert done.json["wish"] == "make it 20s instead"
    task = server.arrived[1].json["messages"][-1]["content"]
    assert "make it 20s instead" in task
    assert "15s" in task
    states = [row["state"] for row in workflow("list", "--json", cwd=here).json["proposals"]]
    assert states == ["awaiting-approval", "awaiting-approval"]


def test_a_cap_stops_before_the_call(
    sandbox_repo: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """Nothing arrives, nothing is proposed, and the message names the cap."""
    here = sandbox_repo.path
    env = settings("compatible", server) | {"WORKFLOW_PROVIDERS__COMPATIBLE__OUTPUT_USD": "9999"}
    done = workflow("propose", REQUEST, "nginx/snippets/proxy.conf", cwd=here, env=env)
    assert done.exit_status == 3
    assert "request_usd" in done.stderr
    assert server.arrived == []


def test_a_price_that_nobody_knows_is_not_zero(
    sandbox_repo: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """With a cap in money, a model of unknown price is not asked."""
    here = sandbox_repo.path
    env = {
        name: value for name, value in settings("compatible", server).items() if "USD" not in name
    }
    done = workflow("propose", REQUEST, "nginx/snippets/proxy.conf", cwd=here, env=env)
    assert done.exit_status == 3
    assert "price" in done.stderr
    assert server.arrived == []


def test_a_repository_cannot_send_a_key_elsewhere(
    sandbox_repo: GitRepo, workflow: WorkflowCommand
) -> None:
    """A committed address of a stranger stops everything that would read it."""
    here = sandbox_repo.path
    text = '[roles.surgeon]\nprovider = "openai"\nmodel = "m"\n'
    text += '[providers.openai]\nbase_url = "https://models.example.test/v1"\n'
    sandbox_repo.commit({"workflow.toml": text})
    done = workflow("propose", REQUEST, SITE, cwd=here, env={"OPENAI_API_KEY": KEY})
    assert done.exit_status == 1
    assert "counts in the environment only" in done.stderr
    assert KEY not in done.stdout + done.stderr


def test_without_a_key_nothing_is_asked(sandbox_repo: GitRepo, workflow: WorkflowCommand) -> None:
    """The message names the variable, and reading commands do not care."""
    here = sandbox_repo.path
    text = '[roles.surgeon]\nprovider = "anthropic"\nmodel = "m"\n'
    sandbox_repo.commit({"workflow.toml": text})
    done = workflow("propose", REQUEST, SITE, cwd=here)
    assert done.exit_status == 1
    assert "ANTHROPIC_API_KEY" in done.stderr
    assert workflow("list", cwd=here).exit_status == 0
    assert "it has no key" in workflow("doctor", cwd=here).stdout


def test_a_model_explains_a_proposal(
    sandbox_repo: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """It is shown the patch, its words are printed harmless, and nothing has changed."""
    here, env = sandbox_repo.path, settings("compatible", server)
    workflow("propose", "set proxy_read_timeout to 15s", "nginx/snippets/proxy.conf", cwd=here)
    server.answers.append(Say(json.dumps({"explanation": "It waits\x1b[31m longer.", "notes": []})))
    done = workflow("explain", "1", cwd=here, env=env)
    assert done.exit_status == 0, done.stderr
    assert "It waits<U+001B>[31m longer." in done.stdout
    assert "+proxy_read_timeout    15s" in server.arrived[0].body.decode().replace("\\n", "\n")
    head = subprocess.run(["git", "status", "--short"], cwd=here, capture_output=True, check=True)
    assert head.stdout == b""


def test_a_revision_counts_with_what_it_revises(
    sandbox_repo: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """The cap of one request holds over its revisions, too."""
    here, env = sandbox_repo.path, settings("compatible", server)
    policy = (resources.folder("policies") / "default.yaml").read_text()
    sandbox_repo.commit(
        {
            "workflow.toml": 'policy = "policies/workflow.yaml"\n',
            "policies/workflow.yaml": policy.replace("rounds: 3", "rounds: 1").replace(
                "request_tokens: 400000", "request_tokens: 40000"
            ),
        }
    )
    answer = edits(raised(sandbox_repo))
    server.answers += [replace(answer, count=Count(fresh=20_000, output=10))] * 2
    first = workflow("propose", REQUEST, "nginx/snippets/proxy.conf", cwd=here, env=env)
    assert first.exit_status == 0, first.stderr
    second = workflow("revise", "1", "make it 20s", cwd=here, env=env)
    assert second.exit_status == 3
    assert "request_tokens" in second.stderr
    assert len(server.arrived) == 1


def test_a_check_that_asks_for_no_edit_is_a_report(
    sandbox_repo: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """The worst comes first, the smoke test is printed, and it is no error."""
    here, env = sandbox_repo.path, settings("compatible", server)
    rows = [(SITE, 3, "low", "a small thing"), (SITE, 0, "high", "a big thing")]
    seen = [
        {"path": path, "line": line, "severity": bad, "what": what, "mend": "mend it"}
        for path, line, bad, what in rows
    ]
    said = {"findings": seen, "diff": "", "smoke_test": "#!/bin/sh\ncurl -f /healthz\n"}
    server.answers.append(Say(json.dumps({**said, "forecasts": FORECASTS, "notes": ["fine"]})))
    done = workflow(*("propose", "check it", SITE, "--recipe", "safety-check"), cwd=here, env=env)
    assert done.exit_status == 0, done.stderr
    assert done.stdout.index("a big thing") < done.stdout.index("a small thing")
    assert f"{SITE}: a big thing; mend it" in done.stdout
    assert "curl -f /healthz" in done.stdout
    assert workflow("list", "--json", cwd=here).json["proposals"] == []
