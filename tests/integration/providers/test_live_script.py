"""`tests/live/live.py` itself: what it says without keys, and what it makes of answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.providers.remote_desk import EXPLANATION, KEY, Vendor, say
from tests.loopback import Fault, Say
from tests.loopback.faults import error

if TYPE_CHECKING:
    from tests.loopback import Loopback

PREFIX = "WORKFLOW_LIVE_COMPATIBLE"
ROOT = Path(__file__).parents[3]
EDIT = """--- a/site.conf
+++ b/site.conf
@@ @@
     listen 8080;
     server_name example.test;
-    gzip on;
+    gzip off;
     location /healthz {
         return 204;
"""
FORECAST = {"gate": "nginx", "outcome": "pass", "confidence": 95, "why": "it is valid", "tests": []}
FINE = {"diff": EDIT, "forecasts": [FORECAST], "notes": []}


def live(**environment: str) -> subprocess.CompletedProcess[str]:
    """Run it with this environment."""
    return subprocess.run(
        [sys.executable, "-m", "tests.live.live"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_without_a_key_it_says_that_nothing_ran() -> None:
    """One line for each vendor, with the name of what is missing; that is no failure."""
    ran = live()
    assert ran.stdout.splitlines() == [
        "openai: did not run: OPENAI_API_KEY is not set",
        "anthropic: did not run: ANTHROPIC_API_KEY is not set",
        f"local: did not run: {PREFIX}_URL and {PREFIX}_MODEL are not set",
    ]
    assert (ran.returncode, ran.stderr) == (0, "")


def environment(vendor: Vendor, server: Loopback) -> dict[str, str]:
    """What lets it run for one vendor, against the server."""
    keys = {Vendor.OPENAI: "OPENAI_API_KEY", Vendor.ANTHROPIC: "ANTHROPIC_API_KEY"}
    prefix = f"WORKFLOW_LIVE_{vendor.name}"
    found = {f"{prefix}_URL": vendor.url(server), f"{prefix}_MODEL": vendor.model.name}
    return {**found, keys[vendor]: KEY} if vendor in keys else found


@pytest.mark.parametrize("vendor", Vendor)
def test_a_vendor_that_answers_well_passes(vendor: Vendor, server: Loopback) -> None:
    """Each check is named; a wrong key and an unknown model are refused as we expect."""
    server.answers += [say(FINE), say(EXPLANATION)]
    server.faults += [
        Fault(),
        Fault(),
        error(401, "invalid_api_key"),
        error(404, "not_found_error"),
    ]
    ran = live(**environment(vendor, server))
    checks = [line for line in ran.stdout.splitlines() if "passed" in line]
    assert (ran.returncode, len(checks)) == (0, 2 if vendor is Vendor.COMPATIBLE else 4), ran
    assert len(server.arrived) == len(checks)
    assert KEY not in ran.stdout + ran.stderr


def test_a_vendor_that_answers_badly_fails(server: Loopback) -> None:
    """Another edit, no explanation, and any key taken: each is said, and the status is 1."""
    other = json.dumps(FINE).replace("gzip off", "gzip static")
    server.answers += [Say(other), say(FINE), say(FINE), say(FINE)]
    ran = live(**environment(Vendor.OPENAI, server))
    failures = [line for line in ran.stdout.splitlines() if "FAILED" in line]
    assert (ran.returncode, len(failures)) == (1, 4), ran
    assert KEY not in ran.stdout + ran.stderr
