"""`workflow stats` adds up what was stored, and takes nothing unknown for nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from workflow.store import Store
from workflow.types import Answered, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import GitRepo, WorkflowCommand


@pytest.fixture
def store(approved: GitRepo) -> Iterator[Store]:
    """Yield the store of a repository in which one proposal was made offline."""
    made = Store(approved.path / ".git" / "workflow")
    yield made
    made.close()


def answer(  # noqa: PLR0913 - an answer has as many sides
    store: Store,
    model: str,
    usage: Usage,
    *,
    provider: str = "openai",
    recipe: str = "surgical-edit",
    usable: bool = True,
    days_ago: int = 0,
) -> None:
    """Record an answer, on an earlier day if need be."""
    store.answered(Answered(provider, model, recipe, "surgeon", usage, usable), b"an answer")
    at = (datetime.now(UTC) - timedelta(days=days_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
    store.connection.execute(
        "UPDATE answers SET at = ? WHERE id = (SELECT max(id) FROM answers)", (at,)
    )


def stats(workflow: WorkflowCommand, repo: GitRepo) -> Any:
    """Return what the command prints as JSON."""
    done = workflow("stats", "--json", cwd=repo.path)
    assert (done.exit_status, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_an_offline_repository(approved: GitRepo, workflow: WorkflowCommand) -> None:
    """No answer was paid for; rounds and forecasts are those of the codemods."""
    found = stats(workflow, approved)
    assert found["answers"] == found["days"] == found["unreadable"] == []
    assert found["total"]["microdollars"] == found["total"]["unpriced"] == 0
    assert found["rounds"] == {"proposals": 1, "by_rounds": {"1": 1}}
    overall, *gates = found["forecasts"]
    assert overall["provider"] == "offline"
    assert overall["recipe"] == "surgical-edit"
    assert overall["gate"] is None
    assert overall["judged"] == overall["right"] == len(gates) > 0
    assert [row["gate"] for row in gates] == sorted(row["gate"] for row in gates)
    assert all(0 <= row["brier"] < 0.25 for row in found["forecasts"])
    text = workflow("stats", cwd=approved.path).stdout
    assert "Answers of remote models\n  none\n" in text
    assert "1 proposal, 1.0 rounds each: 1 took 1 round\n" in text
    assert "(100 %), Brier score 0.0" in text


def test_answers_are_summed_by_model_and_recipe(
    store: Store, approved: GitRepo, workflow: WorkflowCommand
) -> None:
    """Tokens, usable ones, and money; each pair of model and recipe for itself."""
    answer(store, "gpt-b", Usage(1000, 100, 400, 120_000))
    answer(store, "gpt-b", Usage(500, 50, 0, 1234), usable=False)
    answer(store, "gpt-b", Usage(1, 1, 0, 1), recipe="safety-check")
    answer(store, "gpt-a", Usage(7, 7, 0, 0))
    found = stats(workflow, approved)
    assert [(row["model"], row["recipe"]) for row in found["answers"]] == [
        ("gpt-a", "surgical-edit"),
        ("gpt-b", "safety-check"),
        ("gpt-b", "surgical-edit"),
    ]
    assert found["answers"][2] == {
        "provider": "openai",
        "model": "gpt-b",
        "recipe": "surgical-edit",
        "answers": 2,
        "usable": 1,
        "input_tokens": 1500,
        "cached_tokens": 400,
        "output_tokens": 150,
        "microdollars": 121_234,
        "unpriced": 0,
    }
    assert found["total"]["microdollars"] == 121_235
    text = workflow("stats", cwd=approved.path).stdout
    assert (
        "openai gpt-b, surgical-edit\n    2 answers, 1,500 tokens in (400 cached), 150 out" in text
    )
    assert "$0.121234; 1 usable (50 %)\n" in text
    assert "openai gpt-a, surgical-edit\n    1 answer, 7 tokens in, 7 out, $0.00; 1 usable" in text


def test_an_unknown_price_is_shown_as_unknown(
    store: Store, approved: GitRepo, workflow: WorkflowCommand
) -> None:
    """It is at least what is known, and not known at all where nothing is."""
    for _ in range(3):
        answer(store, "local", Usage(10, 1), provider="compatible")
    text = workflow("stats", cwd=approved.path).stdout
    assert text.count("3 answers of unknown price") == 3
    assert "$" not in text
    answer(store, "gpt", Usage(10, 1, 0, 120_000))
    text = workflow("stats", cwd=approved.path).stdout
    assert text.count("≥ $0.12, 3 answers of unknown price") == 2
    assert stats(workflow, approved)["total"]["unpriced"] == 3


def test_days_are_the_last_14(store: Store, approved: GitRepo, workflow: WorkflowCommand) -> None:
    """In UTC, today included; what is older still counts in the sums by model."""
    for days_ago in (0, 1, 1, 13, 14, 400):
        answer(store, "gpt", Usage(10, 1, 0, 5), days_ago=days_ago)
    found = stats(workflow, approved)
    assert [row["answers"] for row in found["days"]] == [1, 2, 1]
    assert found["total"]["answers"] == 6
    today = datetime.now(UTC).date()
    assert found["days"][0]["day"] == (today - timedelta(days=13)).isoformat()


def test_hostile_names_are_harmless(
    store: Store, approved: GitRepo, workflow: WorkflowCommand
) -> None:
    """A model's name is what a server says it is."""
    answer(store, "gpt\x1b[2J\u202e\n  fake", Usage(1, 1))
    text = workflow("stats", cwd=approved.path).stdout
    assert "gpt<U+001B>[2J<U+202E><U+000A>  fake" in text


def test_a_changed_proposal_is_named_and_left_out(
    store: Store, approved: GitRepo, workflow: WorkflowCommand
) -> None:
    """One bad row does not hide the rest, nor is it counted."""
    store.connection.execute("UPDATE proposals SET body = '{}'")
    found = stats(workflow, approved)
    assert found["unreadable"] == [1]
    assert found["forecasts"] == []
    assert "Proposal 1 could not be read" in workflow("stats", cwd=approved.path).stdout


def test_a_smaller_form_counts_once(
    store: Store, approved: GitRepo, workflow: WorkflowCommand
) -> None:
    """It has the rounds of the proposal that it was made from."""
    first = store.get(1)
    store.anchored(store.add(replace(first.proposal, shrunk_from=first.digest)).id)
    assert stats(workflow, approved)["rounds"] == {"proposals": 1, "by_rounds": {"1": 1}}


def test_reading_is_light(approved: GitRepo) -> None:
    """No SDK, price list or model is imported to add numbers up."""
    code = (
        "import sys; from workflow.cli import run; run(['stats', '--json']); "
        "heavy = {'openai', 'anthropic', 'httpx2', 'numpy', 'genai_prices', 'keyring', 'yaml'}; "
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=approved.path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stderr == "[]\n"
