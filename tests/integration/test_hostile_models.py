"""A model, or a repository, that means harm: what it may not reach, told over real sockets."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import string
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.loopback import Count, Fault, Loopback, Say, faults, loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.conftest import CommandResult, GitRepo, GitRepoFactory, WorkflowCommand

KEY = "own-" + "".join(random.Random(56).choices(string.ascii_letters, k=24))  # noqa: S311 - no secret
SITE = "nginx/site.conf"
WORDS = "set client_max_body_size to 16k"
MIXED = "Create docs/limits.md, and set client_max_body_size to 16k in site.conf"
BASE = {
    SITE: "server {\n    listen 8080;\n    server_name shop.example.test;\n"
    "    client_max_body_size 8k;\n    location / {\n        return 204;\n    }\n}\n",
    "nginx/nginx.conf": "events {}\nhttp {\n    include site.conf;\n}\n",
    "nginx/other.conf": "# nobody includes it\n",
}
POLICY = """\
blast_radius:
  surgeon: {files: 10, hunks: 40, changed_lines: 300, excess: 5.0}
  architect: {files: 20, hunks: 20, changed_lines: 2000, excess: 5.0}
  patch: {files: 20, hunks: 100, changed_lines: 1000, excess: 5.0}
sizes: {line_characters: 1000, added_bytes: 1000000, file_bytes: 1000000}
protected: [{paths: [policies/**, "**/workflow.toml", .github/**]}]
"""
GOOD = """--- a/nginx/site.conf
+++ b/nginx/site.conf
@@ server {
     listen 8080;
     server_name shop.example.test;
-    client_max_body_size 8k;
+    client_max_body_size 16k;
     location / {
         return 204;
     }
"""
FORECASTS: list[dict[str, Any]] = [
    {"gate": gate, "outcome": "pass", "confidence": 90, "why": "one value", "tests": []}
    for gate in ("nginx", "pytest")
]
ODD = "\x1b[31mred\x1b]0;title\x07\u202eyb\u2066 \u200b\r\nnew\u2028line\U000e0041"
NOT_GIVEN = "was not given to you"
HIDDEN = ("\x1b", "\x07", "\u202e", "\u2066", "\u200b", "\u2028", "\U000e0041")


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


KINDS = ("openai", "anthropic", "compatible")


def settings(server: Loopback, kind: str = "compatible", **more: str) -> dict[str, str]:
    """Return the environment in which both roles are models of one provider."""
    base_url = server.origin if kind == "anthropic" else server.v1
    roles = {
        f"WORKFLOW_ROLES__{role}__{key}": value
        for role in ("ARCHITECT", "SURGEON")
        for key, value in (("PROVIDER", kind), ("MODEL", "model-of-a-test"))
    }
    where = {"BASE_URL": base_url, "INPUT_USD": "2", "OUTPUT_USD": "10"}
    return {
        **roles,
        **{f"WORKFLOW_PROVIDERS__{kind.upper()}__{key}": value for key, value in where.items()},
        "OPENAI_API_KEY": KEY,
        "ANTHROPIC_API_KEY": KEY,
        **more,
    }


def edits(diff: str = GOOD, **more: Any) -> Say:
    """Return a surgeon's answer."""
    return Say(json.dumps({"diff": diff, "forecasts": FORECASTS, "notes": [], **more}))


def files(*made: tuple[str, str], wanted: Sequence[tuple[str, str]] = (), **more: Any) -> Say:
    """Return an architect's answer."""
    said = {
        "files": [{"path": path, "content": content} for path, content in made],
        "edits_wanted": [{"path": path, "request": words} for path, words in wanted],
        "forecasts": FORECASTS,
        "notes": [],
    }
    return Say(json.dumps({**said, **more}))


def new(path: str, text: str = "x = 1\n") -> str:
    """Return a diff that creates a file."""
    return f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+{text}"


def edit(path: str, old: str, to: str) -> str:
    """Return a diff of one line."""
    return f"--- a/{path}\n+++ b/{path}\n@@\n-{old}\n+{to}\n"


def word(size: int) -> str:
    """Return letters that nobody has seen before."""
    return "".join(random.choices(string.ascii_lowercase + string.digits, k=size))  # noqa: S311 - a sample


def tasks(server: Loopback) -> list[str]:
    """Return what each request asked, the files included."""
    return [one.json["messages"][-1]["content"] for one in server.arrived]


def objections(done: CommandResult) -> list[str]:
    """Return what went against each round's draft."""
    return [one["objection"] for one in done.json["rounds"]]


def kept(repo: GitRepo) -> bytes:
    """Return all that is stored of a repository's proposals, unpacked."""
    state = repo.path / ".git/workflow"
    texts = [path.read_bytes() for path in state.rglob("*") if path.is_file()]
    with closing(sqlite3.connect(state / "workflow.db")) as base:
        names = [
            row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        for name in names:
            for row in base.execute(f"SELECT * FROM {name}"):  # noqa: S608 - a name of its own
                texts += [zlib.decompress(cell) for cell in row if isinstance(cell, bytes)]
                texts += [cell.encode() for cell in row if isinstance(cell, str)]
    return b"\n".join(texts)


# --- drafts that reach out ---------------------------------------------------------------------


def test_a_surgeon_gets_nowhere_but_into_its_file(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """Other files, new ones, the policy that judges it, names that lead out: each goes back."""
    ruled(shop, "rounds: 12")
    other = edit("nginx/other.conf", "# nobody includes it", "# me")
    drafts = {
        other: "outside-request",
        GOOD + other: "outside-request",
        new("nginx/new.conf", "# x\n"): "surgeon-edits",
        new("/etc/cron.d/x"): "unsafe-path",
        GOOD + new("../x"): "unsafe-path",
        GOOD + new("policies/own.yaml"): "file-exists",
        GOOD + edit("workflow.toml", 'policy = "policies/own.yaml"', 'policy = ""'): "outside",
        GOOD + new("prompts/surgical-edit.md"): "surgeon-edits",
        GOOD.replace("16k;", "16k; # ZQVX0123456789BC"): "placeholder-unknown",
        GOOD.replace("site.conf", "Site.conf"): "no-such-file",
    }
    server.answers += [*map(edits, drafts), edits()]
    before = shop.snapshot().files
    done = workflow("propose", WORDS, SITE, "--json", cwd=shop.path, env=settings(server))
    assert done.exit_status == 0, done.stdout + done.stderr
    *refused, last = objections(done)
    for objection, rule in zip(refused, drafts.values(), strict=True):
        assert rule in objection or NOT_GIVEN in objection
    assert last == ""
    assert [one["stands"] for one in done.json["rounds"]] == [False] * len(drafts) + [True]
    assert done.json["files"] == [SITE]
    assert shop.snapshot().files == before


def test_both_parts_of_a_mixed_change_keep_to_themselves(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """An architect replaces nothing and widens nothing, a surgeon edits nothing that it made."""
    ruled(shop, "rounds: 8")
    doc = ("docs/limits.md", "# Limits\n")
    places = ["../x", "/etc/passwd", "nginx/other.conf", "NGINX/SITE.CONF", "ZQVX0123456789BC"]
    wanted = [(path, "wish of an architect") for path in places]
    server.answers += [
        files(doc, wanted=[("nginx/other.conf", "x")] * 10_000),
        files(doc, wanted=[("nginx/\u202eother.conf", "x")]),
        files(doc, (SITE, "x\n")),
        files(doc, (".github/workflows/x.yml", "x\n")),
        files(doc, ("../x", "x\n")),
        files(doc, ("NGINX/site.conf", "x\n")),
        files(doc, wanted=[*wanted, (SITE, "raise it")]),
        edits(GOOD + edit("docs/limits.md", "# Limits", "# Limit")),
        edits(GOOD + new("docs/limits.md")),
        edits(edit("nginx/other.conf", "# nobody includes it", "# me")),
        edits(),
    ]
    done = workflow("propose", MIXED, SITE, "--json", cwd=shop.path, env=settings(server))
    assert done.exit_status == 0, done.stdout + done.stderr
    assert sorted(done.json["files"]) == ["docs/limits.md", SITE]
    said = objections(done)
    rules = ["file-exists", "protected-path", "unsafe-path", "case-collision"]
    rules += ["outside-request", "file-exists", "outside-request"]
    against = [one for one in said if one and "in the form" not in one]
    for objection, rule in zip(against, rules, strict=True):
        assert rule in objection or NOT_GIVEN in objection
    assert len(server.arrived) == 11
    surgeon = tasks(server)[7]
    assert f"{SITE}: raise it" in surgeon
    assert "wish of an architect" not in surgeon


def test_lines_of_a_file_that_was_not_given_do_not_come_back(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """A near miss in a file that the drafter has not seen is no way to read it."""
    ruled(shop, "rounds: 2")
    shop.commit({"notes.txt": "".join(f"fact {place} of the house\n" for place in range(30))})
    miss = "--- a/notes.txt\n+++ b/notes.txt\n@@\n fact 17 of the hause\n-fact 18\n+x\n"
    server.answers += [edits(miss), edits()]
    workflow("propose", WORDS, SITE, cwd=shop.path, env=settings(server))
    assert len(server.arrived) == 2
    assert b"of the house" not in server.raw


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_odd_gets_to_a_terminal(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback, kind: str
) -> None:
    """Escapes, reversed text and line feeds in all that a model may say."""
    ruled(shop, "rounds: 1")
    odd = [{**one, "why": ODD, "tests": [ODD] * 200} for one in FORECASTS]
    seen = {"path": "a", "line": 1, "severity": "high", "what": ODD, "mend": ODD}
    rest = {"diff": GOOD, "smoke_test": ODD, "forecasts": odd, "notes": [ODD]}
    server.answers += [
        Say(json.dumps({"findings": [seen], **rest})),
        Say(json.dumps({"explanation": ODD, "notes": [ODD]})),
        Say(ODD),
    ]
    env = settings(server, kind)
    commands = [("propose", WORDS, SITE, "--recipe", "safety-check"), ("explain", "1"), ("stats",)]
    commands += [(name, "1") for name in ("show", "receipt")] + [("doctor",)]
    for arguments in (*commands, ("propose", WORDS, SITE)):
        done = workflow(*arguments, cwd=shop.path, env=env)
        assert done.exit_status in {0, 1}, done.stdout + done.stderr
        for char in HIDDEN:
            assert char not in done.stdout + done.stderr, (arguments, char)
    assert len(server.arrived) == 3


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


# --- what must not leave -----------------------------------------------------------------------


def test_no_value_arrives_by_any_way(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """Of files, a request, a gate's log, a reviewer's words, an earlier patch, a model's notes."""
    ruled(shop, "rounds: 2")
    header, typed, wish, quoted, user = (word(size) for size in (40, 21, 22, 23, 9))
    site = BASE[SITE].replace("8k;\n", f"8k;\n    proxy_set_header X-Api-Key {header};\n")
    code = "from pathlib import Path\n\n\ndef test_it():\n"
    code += f'    text = Path("{SITE}").read_text()\n    assert "16k" not in text, text[::-1]\n'
    shop.commit({SITE: site, "deploy/.htpasswd": f"ada:{user}\n# end\n", "tests/test_a.py": code})
    diff = edit(SITE, "    client_max_body_size 8k;", "    client_max_body_size 16k;")
    diff += edit("deploy/.htpasswd", "# end", "# End")
    notes = {"notes": [f"password = '{quoted}'"]}
    server.answers += [edits(diff, **notes) for _ in range(4)]
    asked = f"{WORDS} where the password = '{typed}'"
    done = [workflow("propose", asked, SITE, cwd=shop.path, env=settings(server))]
    wished = f"rather 24k, and the password = '{wish}'"
    done += [workflow("revise", "1", wished, cwd=shop.path, env=settings(server))]
    done += [workflow(name, "1", cwd=shop.path) for name in ("show", "receipt")]
    assert len(server.arrived) == 4
    assert "tests/test_a.py::test_it" in tasks(server)[1]
    printed = "".join(one.stdout + one.stderr for one in done).encode()
    for value in (header, typed, wish, user, quoted):
        for form in (value.encode(), value[::-1].encode()):
            assert form not in server.raw
            assert form not in printed
            assert form not in kept(shop)


def test_no_module_of_a_repository_is_run(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback, tmp_path: Path
) -> None:
    """Neither when the keyring is asked nor when an SDK is loaded."""
    mark = tmp_path / "mark"
    names = ("keyring", "sitecustomize", "usercustomize", "openai", "httpx2", "jinja2", "yaml")
    shop.commit({f"{name}.py": f"open({str(mark)!r}, 'w')\n" for name in names})
    env = settings(server, "openai")
    without = workflow("propose", WORDS, SITE, cwd=shop.path, env={**env, "OPENAI_API_KEY": ""})
    assert "nor is it in a keyring" in without.stderr
    server.answers.append(edits())
    assert workflow("propose", WORDS, SITE, cwd=shop.path, env=env).exit_status == 0
    assert not mark.exists()


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
