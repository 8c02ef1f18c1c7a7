"""`workflow nginx` on files and folders, outside git: what it prints, and how it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from workflow.cli import nginx_report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import WorkflowCommand

    Said = tuple[int, dict[str, Any]]
    Ask = Callable[..., Said]

pytestmark = pytest.mark.forked

SITE = """\
upstream app { server app.internal:8000; }
server {
    listen 80;
    server_name a.example.test;
    add_header X-Content-Type-Options nosniff always;
    add_header X-Frame-Options DENY always;

    location / {
        proxy_pass http://app;
    }
}
"""
REFORMATTED = """\
# the app
upstream app
{
    server 'app.internal:8000';
}
server
{
    server_name "a.example.test"; listen 80;
    add_header X-Frame-Options "DENY" always;
    add_header "X-Content-Type-Options" nosniff always;
    location / { proxy_pass http://app; }
}
"""
OWN_HEADER = SITE.replace(
    "proxy_pass http://app;", 'proxy_pass http://app;\n        add_header Cache-Control "no-store";'
)


@pytest.fixture
def ask(workflow: WorkflowCommand, tmp_path: Path) -> Ask:
    """Run a command of `workflow nginx` on files of these contents, with `--json`."""

    def asked(command: str, *words: str, **files: str) -> Said:
        for name, text in files.items():
            (tmp_path / f"{name}.conf").write_text(text)
        done = workflow("nginx", command, *words, "--json", cwd=tmp_path)
        return done.exit_status, json.loads(done.stdout)

    return asked


@pytest.mark.parametrize(
    ("base", "patched", "status", "words"),
    [
        (SITE, SITE, 0, "passes"),
        (None, SITE, 0, "passes"),
        (SITE, SITE.replace("app.internal", "app.intrenal"), 3, "app.intrenal"),
        (SITE, SITE.replace("listen 80;", "listen 80"), 3, "site.conf:4"),
        (SITE, SITE.replace("listen 80;", "lisen 80;"), 3, "lisen"),
        (None, "server { brotli on; }", 1, "brotli"),
    ],
    ids=["same", "no base", "host", "semicolon", "directive", "module"],
)
def test_check_ends_by_what_nginx_says(
    ask: Ask, base: str | None, patched: str, status: int, words: str
) -> None:
    """0 where it loads, 3 where it does not, 1 where this nginx cannot tell, each with words."""
    files = {"site": patched, **({"base": base} if base else {})}
    ended, said = ask("check", "site.conf", *(("--base", "base.conf") if base else ()), **files)
    assert ended == status == said["exit_code"]
    assert words in said["summary"]
    assert set(said) == set(nginx_report.CHECK)


def test_a_check_names_what_stands_in(ask: Ask) -> None:
    """What only the servers have is listed, with the digest of the whole."""
    _, said = ask("check", "site.conf", site=SITE)
    (target,) = said["targets"]
    assert [one["name"] for one in target["manifest"]["shims"]] == ["app.internal"]
    assert target["manifest"]["digest"].startswith("sha256:")


def test_another_layout_is_no_change(ask: Ask) -> None:
    """Layout, quotes, comments and the order of servers' directives are nothing."""
    ended, said = ask("diff", "a.conf", "b.conf", a=SITE, b=REFORMATTED)
    assert (ended, said) == (0, {"changes": [], "unread": [], "exit_code": 0})


def test_a_change_is_told_once_with_what_follows(ask: Ask) -> None:
    """One added header is one change; the inherited ones that it hides are its consequence."""
    ended, said = ask("diff", "a.conf", "b.conf", a=SITE, b=OWN_HEADER)
    (change,) = said["changes"]
    assert (ended, change["effect"]) == (0, "added")
    assert change["patched"] == {"file": "b.conf", "line": 10}
    assert any("X-Frame-Options" in one for one in change["consequences"])
    assert set(said) == set(nginx_report.DIFF)


def test_what_cannot_be_read_is_not_judged(ask: Ask) -> None:
    """A file with a syntax error ends with 1 and its line, never with `nothing changes`."""
    broken = SITE + "}\n"
    ended, said = ask("diff", "a.conf", "b.conf", a=SITE, b=broken)
    assert ended == 1
    assert {"file": "b.conf", "line": 12, "reason": 'unexpected "}"'} in said["unread"]
    ended, said = ask("lint", "b.conf")
    assert (ended, said["unread"][0]["line"]) == (1, 12)


def test_lint_counts_what_is_new(ask: Ask) -> None:
    """With a base, what was there before is listed apart and does not count."""
    ended, said = ask("lint", "b.conf", "--base", "a.conf", a=SITE, b=OWN_HEADER)
    assert ended == 3
    assert "header-inheritance" in {one["rule"] for one in said["findings"]}
    assert set(said) == set(nginx_report.LINT)
    ended, said = ask("lint", "b.conf", "--base", "b.conf")
    assert (ended, said["findings"]) == (0, [])
    assert "header-inheritance" in {one["rule"] for one in said["old"]}


def test_probe_lists_answers_and_differences(ask: Ask) -> None:
    """Without a base every answer is listed; with one, what differs, and why."""
    ended, said = ask("probe", "a.conf", a=SITE)
    assert ended == 0
    assert any(one["patched"].startswith("200") for one in said["targets"][0]["answers"])
    gone = SITE.replace("    add_header X-Frame-Options DENY always;\n", "")
    ended, said = ask("probe", "b.conf", "--base", "a.conf", b=gone)
    told = said["targets"][0]["differences"]
    assert any("x-frame-options" in one["what"] for one in told), said
    assert set(said) == set(nginx_report.PROBE)


@pytest.mark.parametrize("command", ["check", "lint", "probe"])
def test_a_folder_without_configuration_is_said(ask: Ask, tmp_path: Path, command: str) -> None:
    """A folder of other files is a usage error; so is a path that is not there."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/a.txt").write_text("nothing\n")
    for name in ("notes", "nowhere"):
        ended, said = ask(command, name)
        assert (ended, said["exit_code"]) == (2, 2)
        assert name in said["error"]


def test_a_folder_is_checked_as_a_whole(workflow: WorkflowCommand, tmp_path: Path) -> None:
    """Parts are tested in the main file that includes them; a fault names the part and its line."""
    etc = tmp_path / "etc"
    (etc / "sites").mkdir(parents=True)
    (etc / "nginx.conf").write_text("events {}\nhttp { include sites/*.conf; }\n")
    (etc / "sites/a.conf").write_text(SITE)
    done = workflow("nginx", "check", "etc", cwd=tmp_path)
    assert (done.exit_status, "passes on nginx.conf" in done.stdout) == (0, True)
    (etc / "sites/a.conf").write_text(SITE.replace("always;", "allways;", 1))
    done = workflow("nginx", "check", "etc", cwd=tmp_path)
    assert done.exit_status == 3
    assert "sites/a.conf:5" in done.stdout
