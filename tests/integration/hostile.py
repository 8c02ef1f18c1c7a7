"""Harmful drafts and a small site, and what a test of both looks at."""

from __future__ import annotations

import json
import random
import sqlite3
import string
import zlib
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tests.loopback import Loopback, Say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conftest import CommandResult, GitRepo

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
    # Checkouts for gates hold files as they are, as git's objects do; nothing that a tool said.
    files = (path for path in state.rglob("*") if path.relative_to(state).parts[0] != "trees")
    texts = [path.read_bytes() for path in files if path.is_file()]
    with closing(sqlite3.connect(state / "workflow.db")) as base:
        names = [
            row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        for name in names:
            for row in base.execute(f"SELECT * FROM {name}"):  # noqa: S608 - a name of its own
                texts += [zlib.decompress(cell) for cell in row if isinstance(cell, bytes)]
                texts += [cell.encode() for cell in row if isinstance(cell, str)]
    return b"\n".join(texts)
