"""The seed's story, both ways: a rewrite that breaks what works is named, a minimal diff passes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workflow.resources import folder

if TYPE_CHECKING:
    from tests.conftest import WorkflowCommand

SITE = "nginx/site_nginx.conf"
HEADERS = (
    *("Strict-Transport-Security", "Content-Security-Policy", "X-Content-Type-Options"),
    *("Referrer-Policy", "Permissions-Policy"),
)
LAST = "    location / {\n        return 404;"
# As a model writes an endpoint that has only seen the rest of the site.
REWRITTEN = """\
    location = /collect {
        limit_except POST { deny all; }
        client_max_body_size 64k;
        add_header Access-Control-Allow-Origin $cors_origin;
        proxy_set_header Host $host;
        proxy_pass http://ingest/;
    }

"""
MINIMAL = """\
    location = /collect {
        if ($request_method = OPTIONS) { return 204; }  # CORS preflight
        if ($request_method != POST) { return 405; }
        client_max_body_size 16k;
        include snippets/proxy.conf;
        proxy_pass http://ingest;
    }

"""


@pytest.fixture
def sites(tmp_path: Path) -> dict[str, Path]:
    """The patient as it is, rewritten, and with the minimal diff."""
    made = {}
    for name, block in (("base", ""), ("rewritten", REWRITTEN), ("minimal", MINIMAL)):
        made[name] = tmp_path / name
        shutil.copytree(folder("sandbox_repo"), made[name])
        site = made[name] / SITE
        site.write_text(site.read_text().replace(LAST, block + LAST))
    return made


def _said(workflow: WorkflowCommand, *words: str) -> tuple[int, Any]:
    done = workflow("nginx", *words, "--json", cwd=Path.cwd())
    return done.exit_status, json.loads(done.stdout)


def test_the_rewrite_is_caught_and_named(workflow: WorkflowCommand, sites: dict[str, Path]) -> None:
    """`nginx -t` accepts the rewrite; the lint names the location and every header it loses."""
    base = ("--base", str(sites["base"]))
    status, checked = _said(workflow, "check", str(sites["rewritten"]), *base)
    assert (status, checked["outcome"]) == (0, "pass")
    status, linted = _said(workflow, "lint", str(sites["rewritten"]), *base)
    assert status == 3
    assert "fault" in {one["level"] for one in linted["findings"]}
    for rule in ("header-removed", "header-inheritance"):
        (lost,) = [one for one in linted["findings"] if one["rule"] == rule]
        assert lost["file"].endswith(SITE)
        assert "/collect" in lost["cause"]
        assert all(name in lost["cause"] for name in HEADERS)


def test_the_rewrite_shows_in_live_answers(
    workflow: WorkflowCommand, sites: dict[str, Path]
) -> None:
    """The running rewrite answers /collect without the headers."""
    status, probed = _said(workflow, "probe", str(sites["rewritten"]), "--base", str(sites["base"]))
    told = json.dumps(probed)
    assert status in {0, 3}
    assert "/collect" in told


def test_the_minimal_diff_passes(workflow: WorkflowCommand, sites: dict[str, Path]) -> None:
    """It loads, brings no silent fault, and is told as one new location."""
    base = ("--base", str(sites["base"]))
    for command in ("check", "lint", "probe"):
        status, said = _said(workflow, command, str(sites["minimal"]), *base)
        assert status == 0, said
    status, told = _said(workflow, "diff", str(sites["base"]), str(sites["minimal"]))
    assert status == 0
    (change,) = told["changes"]
    assert change["effect"] == "added"
    assert not [one for one in change["consequences"] if "header" in one]
    assert "/collect" in change["text"]
