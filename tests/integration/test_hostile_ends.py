"""Rounds, money, ends in the middle, and hostile repositories: what holds all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.integration.hostile import (
    BASE,
    GOOD,
    POLICY,
    SITE,
    WORDS,
    edits,
    settings,
    tasks,
)
from tests.loopback import Count, Fault, Loopback, Say, faults, loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.conftest import GitRepo, GitRepoFactory, WorkflowCommand

pytestmark = [pytest.mark.usefixtures("quick"), pytest.mark.forked]


@pytest.fixture
def server() -> Iterator[Loopback]:
    """Yield a model server on this machine."""
    with loopback() as running:
        yield running


@pytest.fixture
def shop(git_repo: GitRepoFactory) -> GitRepo:
    """Return a small site."""
    return git_repo(BASE)


def ruled(repo: GitRepo, spending: str) -> None:
    """Commit a policy with these caps."""
    text = f"{POLICY}spending: {{{spending}}}\n"
    repo.commit({"policies/own.yaml": text, "workflow.toml": 'policy = "policies/own.yaml"\n'})


# --- rounds and money --------------------------------------------------------------------------


def test_rounds_end_without_a_cap(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """A draft that is another one each time ends after ten; the last is kept, and all are paid."""
    ruled(shop, "day_usd: 5.0")
    server.answers += [edits(GOOD.replace("16k", f"{place}furlongs")) for place in range(20)]
    done = workflow("propose", WORDS, SITE, "--json", cwd=shop.path, env=settings(server))
    assert done.exit_status == 3
    assert len(server.arrived) == 10
    assert [one["stands"] for one in done.json["rounds"]] == [False] * 9 + [True]
    total = workflow("stats", "--json", cwd=shop.path).json["total"]
    assert (total["answers"], total["microdollars"]) == (10, 10 * 44)


def test_a_reviewers_words_stay_in_all_rounds(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """What a gate says of a draft does not take the place of what the reviewer wants."""
    ruled(shop, "rounds: 2")
    server.answers += [edits(), edits(GOOD.replace("16k", "24parsecs")), edits()]
    workflow("propose", WORDS, SITE, cwd=shop.path, env=settings(server))
    workflow("revise", "1", "rather 24k", "--json", cwd=shop.path, env=settings(server))
    assert "parsecs" not in tasks(server)[1]
    assert "rather 24k" in tasks(server)[1]
    assert "invalid value" in tasks(server)[2]
    assert "rather 24k" in tasks(server)[2]


def test_a_cap_ends_the_rounds_and_keeps_the_last_draft(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """The answer that is paid is in the proposal and in the statistics, whatever else it is."""
    ruled(shop, "request_tokens: 30000, rounds: 5")
    bad = edits(GOOD.replace("16k", "16parsecs"))
    server.answers += [Say(bad.text, count=Count(fresh=20_000, output=900)), edits()]
    done = workflow("propose", WORDS, SITE, "--json", cwd=shop.path, env=settings(server))
    assert done.exit_status == 3
    (made,) = done.json["rounds"]
    assert "request_tokens" in " ".join(made["notes"])
    total = workflow("stats", "--json", cwd=shop.path).json["total"]
    assert (total["answers"], total["input_tokens"]) == (1, 20_000)
    assert len(server.arrived) == 1


def test_two_commands_at_once_do_not_pass_a_cap(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """One is answered, slowly; the other is turned away before it asks."""
    ruled(shop, "day_tokens: 30000")
    server.faults.append(Fault(put=faults.slowly(0.3)))
    server.answers += [edits(), edits()]
    with ThreadPoolExecutor(2) as both:
        made = [
            both.submit(workflow, "propose", WORDS, SITE, cwd=shop.path, env=settings(server))
            for _ in range(2)
        ]
    assert sorted(one.result().exit_status for one in made) == [0, 3]
    assert "day_tokens" in "".join(one.result().stderr for one in made)
    assert len(server.arrived) == 1


@pytest.mark.parametrize("count", [Count(fresh=-5, output=10**30), Count(fresh="7", output=None)])
def test_absurd_counts_are_paid_by_an_estimate(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback, count: Count
) -> None:
    """A server that counts nonsense neither stops the command nor earns a free answer."""
    server.answers.append(Say(edits().text, count=count))
    done = workflow("propose", WORDS, SITE, cwd=shop.path, env=settings(server))
    assert done.exit_status == 0, done.stderr
    total = workflow("stats", "--json", cwd=shop.path).json["total"]
    assert total["input_tokens"] > 500
    assert 50 < total["output_tokens"] < 10_000


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_an_end_in_the_middle_of_an_answer(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback, sent: signal.Signals
) -> None:
    """The next commands work, nothing is half stored, and the ledger holds."""
    server.faults.append(Fault(put=faults.slowly(1.0)))
    server.answers += [edits(), edits()]
    before = shop.snapshot().files
    command = [sys.executable, "-P", "-m", "workflow", "propose", WORDS, SITE]
    env = {**os.environ, **settings(server)}
    with subprocess.Popen(command, cwd=shop.path, env=env, stderr=subprocess.PIPE) as running:
        while not server.arrived:
            assert running.poll() is None, "it ended before it asked"
            time.sleep(0.05)
        time.sleep(3)
        running.send_signal(sent)
        _, said = running.communicate(timeout=60)
    assert b"Traceback" not in said
    assert running.returncode != 0
    assert workflow("list", "--json", cwd=shop.path).json["proposals"] == []
    assert shop.snapshot().files == before
    part = workflow("stats", "--json", cwd=shop.path).json["total"]
    assert part["answers"] == (1 if sent == signal.SIGINT else 0)
    again = workflow("propose", WORDS, SITE, cwd=shop.path, env=settings(server))
    assert again.exit_status == 0, again.stderr
    workflow("approve", "1", cwd=shop.path)
    assert workflow("apply", "1", cwd=shop.path).exit_status == 0


# --- a repository ------------------------------------------------------------------------------

SETTINGS = {
    "half an address": '[providers.openai]\nbase_url = "http://[::1"',
    "a stranger's address": '[providers.openai]\nbase_url = "https://api.openai.com@a.example.test"',
    "a deep value": "a = " + "[" * 5000,
    "a long number": "x = " + "9" * 5000,
    "recipes above": 'recipes = "../../etc"',
    "recipes elsewhere": 'recipes = "/etc"',
    "a model's name with an escape": '[roles.surgeon]\nmodel = "m\\u001b[31m"',
    "no deadline": "[roles.surgeon]\ndeadline_s = nan",
    "endless tries": "[roles.surgeon]\nretries = 1000000",
}


@pytest.mark.parametrize("text", SETTINGS.values(), ids=SETTINGS.keys())
def test_settings_that_cannot_be_are_an_error_with_a_mend(
    shop: GitRepo, workflow: WorkflowCommand, text: str
) -> None:
    """The message is of the settings; it is no defect of ours that is told."""
    shop.commit({"workflow.toml": f"{text}\n"})
    done = workflow("recipes", "list", cwd=shop.path)
    assert done.exit_status == 1
    assert "a defect of workflow" not in done.stderr
    assert "try: " in done.stderr


def recipe(more: str = "", front: Mapping[str, str] | None = None) -> str:
    """Return a small recipe with something in its task."""
    head = {"recipe": "surgical-edit", "title": "Own", "role": "surgeon", "answer": "edits"}
    lines = "".join(f"{key}: {value}\n" for key, value in {**head, **(front or {})}.items())
    data = "{{ fence }}\n{{ files }}\n{{ context }}\n"
    task = "{{ request }}\n{{ complaint }}\n"
    return f"---\n{lines}---\n# Rules\n\nx\n\n# Data\n\n{data}\n# Task\n\n{task}{more}\n"


RECIPES = {
    "a loop": recipe("{% for x in request %}{{ x }}{% endfor %}"),
    "a class": recipe("{{ ''.__class__ }}"),
    "an attribute": recipe("{{ request.__class__ }}"),
    "much": recipe("{{ 'x' * 10000000000 }}"),
    "another role": recipe(front={"role": "architect", "answer": "files"}),
    "another file": recipe("{% include 'README.md' %}"),
    "yaml's own types": recipe(front={"title": "!!python/name:os.system"}),
    "an alias": recipe(front={"title": "&a x"}),
}


@pytest.mark.parametrize("text", RECIPES.values(), ids=RECIPES.keys())
def test_a_repositorys_recipe_can_only_be_a_recipe(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback, text: str
) -> None:
    """It is refused with its place before anything is asked."""
    shop.commit({"workflow.toml": 'recipes = "prompts"\n', "prompts/surgical-edit.md": text})
    done = workflow("propose", WORDS, SITE, cwd=shop.path, env=settings(server))
    assert done.exit_status == 1, done.stdout + done.stderr
    assert "prompts/surgical-edit.md" in done.stderr
    assert server.arrived == []
