"""A model, or a repository, that means harm: what it may not reach, told over real sockets."""

from __future__ import annotations

import json
import random
import string
from typing import TYPE_CHECKING, Any

import pytest

from tests.loopback import Loopback, Say, loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.conftest import CommandResult, GitRepo, GitRepoFactory, WorkflowCommand

KEY = "own-" + "".join(random.Random(56).choices(string.ascii_letters, k=24))  # noqa: S311 - no secret
SITE = "nginx/site.conf"
TEST = "tests/test_site.py"
WORDS = "set client_max_body_size to 16k"
MIXED = "Create docs/limits.md, and set client_max_body_size to 16k in site.conf"
BASE = {
    SITE: "server {\n    listen 8080;\n    server_name shop.example.test;\n"
    "    client_max_body_size 8k;\n    location / {\n        return 204;\n    }\n}\n",
    "nginx/nginx.conf": "events {}\nhttp {\n    include site.conf;\n}\n",
    "nginx/other.conf": "# nobody includes it\n",
    TEST: "from pathlib import Path\n\n\ndef test_port():\n"
    f'    assert "listen 8080;" in Path("{SITE}").read_text()\n',
}
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
HIDDEN = ("\x1b", "\x07", "\u202e", "\u2066", "\u200b", "\u2028", "\U000e0041")


@pytest.fixture
def server() -> Iterator[Loopback]:
    """Yield a model server on this machine."""
    with loopback() as running:
        yield running


@pytest.fixture
def shop(git_repo: GitRepoFactory) -> GitRepo:
    """Return a small site with a test."""
    return git_repo(BASE)


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


def require_plain(done: CommandResult) -> None:
    """Fail if something is printed that a terminal takes for more than text."""
    for char in HIDDEN:
        assert char not in done.stdout + done.stderr, repr(char)
    assert "Traceback" not in done.stderr


DEBUG = True


def say(done: CommandResult) -> None:
    print(done.exit_status, done.stdout[-3000:], done.stderr[-3000:])


@pytest.mark.parametrize("name", ["outside", "new", "both", "abs", "up", "policy", "toml", "recipe", "test"])
def test_x_outside(shop, workflow, server, name):
    diffs = {
        "outside": edit("nginx/other.conf", "# nobody includes it", "# me"),
        "new": new("nginx/new.conf", "# x\n"),
        "both": GOOD + edit("nginx/other.conf", "# nobody includes it", "# me"),
        "abs": new("/etc/cron.d/x"),
        "up": GOOD + new("../x"),
        "policy": GOOD + new("policies/workflow.yaml"),
        "toml": GOOD + new("workflow.toml", 'policy = ""\n'),
        "recipe": GOOD + new("prompts/surgical-edit.md", "x\n"),
        "test": GOOD + edit(TEST, "def test_port():", "def tst_port():"),
    }
    server.answers += [edits(diffs[name])] * 4
    done = workflow("propose", WORDS, SITE, "--json", cwd=shop.path, env=settings(server))
    say(done)
    print(len(server.arrived))
    if done.stdout.startswith("{"):
        print([(f["rule"], f["path"]) for f in done.json["findings"]], done.json["state"])
    assert 0
