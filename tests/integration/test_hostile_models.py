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


def require_plain(done: CommandResult) -> None:
    """Fail if something is printed that a terminal takes for more than text."""
    for char in HIDDEN:
        assert char not in done.stdout + done.stderr, repr(char)
    assert "Traceback" not in done.stderr


def say(done: CommandResult) -> None:
    print(done.exit_status, done.stdout[-6000:], "ERR", done.stderr[-3000:])


def test_x_rounds(shop, workflow, server):
    """Nine harmful drafts."""
    ruled(shop, "rounds: 12")
    diffs = [
        edit("nginx/other.conf", "# nobody includes it", "# me"),
        GOOD + edit("nginx/other.conf", "# nobody includes it", "# me"),
        new("nginx/new.conf", "# x\n"),
        new("/etc/cron.d/x"),
        GOOD + new("../x"),
        GOOD + new("policies/own.yaml"),
        GOOD + edit("workflow.toml", 'policy = "policies/own.yaml"', 'policy = ""'),
        GOOD + new("prompts/surgical-edit.md", "x\n"),
        GOOD.replace("16k;", "16k; # ZQVX0123456789BC"),
        "```\n" + "=== end of file ===\n" + GOOD,
        GOOD.replace("site.conf", "Site.conf"),
    ]
    server.answers += [edits(one) for one in diffs]
    server.answers.append(edits())
    done = workflow("propose", WORDS, SITE, "--json", cwd=shop.path, env=settings(server))
    say(done)
    print(len(server.arrived))
    for r in done.json["rounds"]:
        print("ROUND", r["objection"], r["stands"])
    assert 0


def test_x_mixed(shop, workflow, server):
    ruled(shop, "rounds: 6")
    doc = ("docs/limits.md", "# Limits\n")
    server.answers += [
        files(doc, (SITE, "x\n")),
        files(doc, ("workflow.toml", "x\n")),
        files(doc, (".github/workflows/x.yml", "x\n")),
        files(doc, ("../x", "x\n")),
        files(doc, ("NGINX/site.conf", "x\n")),
        files(doc, wanted=[("../nginx/other.conf", "x"), ("/etc/passwd", "x"), ("nginx/other.conf", "edit"), ("NGINX/SITE.CONF", "y"), (SITE, "raise it")]),
        edits(GOOD + edit("docs/limits.md", "# Limits", "# Limit")),
        edits(GOOD + new("docs/limits.md", "# x\n")),
        edits(edit("nginx/other.conf", "# nobody includes it", "# me")),
        edits(),
    ]
    done = workflow("propose", MIXED, SITE, "--json", cwd=shop.path, env=settings(server))
    say(done)
    print(len(server.arrived), server.objections)
    print(server.arrived[6].json["messages"][-1]["content"])
    for r in done.json["rounds"]:
        print("ROUND", r["objection"], r["stands"])
    assert 0


def test_x_odd(shop, workflow, server):
    ruled(shop, "rounds: 1")
    fc = [{**one, "why": ODD, "tests": [ODD] * 200} for one in FORECASTS]
    server.answers += [edits(forecasts=fc, notes=[ODD] * 3),
       Say(json.dumps({"explanation": ODD, "notes": [ODD]})),
       Say(json.dumps({"findings":[{"path":"a","line":1,"severity":"high","what":ODD,"mend":ODD}],"diff":GOOD,"smoke_test":ODD,"forecasts":fc,"notes":[ODD]}))]
    env = settings(server) | {"WORKFLOW_ROLES__SURGEON__MODEL": "m\x1b[31m\u202e"}
    for args in (("propose", WORDS, SITE), ("explain", "1"), ("propose", WORDS, SITE, "--recipe", "safety-check"), ("show", "1"), ("show", "2"), ("receipt", "1"), ("receipt", "2"), ("stats",), ("doctor",), ("list",), ("propose", WORDS, SITE), ("show", "1", "--json"), ("receipt", "2", "--json"), ("history",)):
        done = workflow(*args, cwd=shop.path, env=env)
        print(args, done.exit_status, [repr(c) for c in HIDDEN if c in done.stdout + done.stderr], "Traceback" in done.stderr)
        if args[0] in ("propose", "explain") or done.exit_status: print(done.stdout[-1500:], done.stderr[-1500:])
    assert 0


def test_x_wish(shop, workflow, server):
    ruled(shop, "rounds: 2")
    server.answers += [edits(), edits(GOOD.replace("16k", "16parsecs")), edits(GOOD.replace("16k", "24k"))]
    workflow("propose", WORDS, SITE, cwd=shop.path, env=settings(server))
    done = workflow("revise", "1", "make it 24k", "--json", cwd=shop.path, env=settings(server))
    say(done)
    for a in server.arrived:
        print("TASK", a.json["messages"][-1]["content"])
    assert 0
