"""What came of every attempt, made once for each kind of user and shared by all workers."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.integration.gates.conftest import kept, make_case

__all__ = ["kept", "make_case", "outcome"]

ROOT = Path(__file__).parents[4]
NOBODY = 65534
SECONDS = 240
DROP = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


class Outcome(Protocol):
    """Says what came of everything that one kind of user tried: `outcome("root")`."""

    def __call__(self, who: str) -> dict[str, Any]:
        """Return the attempts by batch, and the bombs; skip the test where `who` cannot be had."""
        ...


@pytest.fixture(scope="session")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Return what makes all attempts, at the first question, or reads what another worker made."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    known: dict[str, dict[str, Any]] = {}

    def ask(who: str) -> dict[str, Any]:
        if who == "root" and os.geteuid() != 0:
            pytest.skip("NOT RUN AS ROOT: run the suite as root, too")
        if who not in known:
            place = shared / f"escapes-{who}.json"
            with (shared / f"escapes-{who}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not place.exists():
                    place.write_text(_made(who), "utf-8")
            known[who] = json.loads(place.read_text("utf-8"))
        return known[who]

    return ask


def _made(who: str) -> str:
    """Make all attempts in a process of that user."""
    drops = who == "user" and os.geteuid() == 0
    python = reachable_python() if drops else sys.executable
    # Not below pytest's own folder, which is for its user alone; and short, for paths of sockets.
    with tempfile.TemporaryDirectory(prefix="esc-", dir="/tmp", ignore_cleanup_errors=True) as top:
        if drops:
            os.chown(top, NOBODY, NOBODY)
        packages = [path for path in sys.path if "site-packages" in path]
        variables = {
            "PATH": "/usr/bin:/bin",
            "HOME": top,
            "TMPDIR": top,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), *packages]),
        }
        words = [python, "-m", "tests.integration.sandbox.escapes.outside", top]
        ran = subprocess.run(
            # `env` in between: setpriv itself still has root's capabilities when it starts it.
            [*DROP, "env", *words] if drops else words,
            cwd=ROOT,
            env=variables,
            check=False,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    if ran.returncode:
        pytest.fail(f"the attempts were not made: {ran.stderr[-3000:]}")
    return ran.stdout


def reachable_python() -> str:
    """Return a Python of our version that everybody may start."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        tried = subprocess.run([*DROP, "env", python, "-c", ""], check=False, capture_output=True)
        if tried.returncode == 0:
            return python
    pytest.fail("no Python of our version that an ordinary user can start")
