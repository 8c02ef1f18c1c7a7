"""What `workflow patch` says of a file holds none of its secrets, and no placeholder is applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import WorkflowCommand

pytestmark = pytest.mark.forked

SECRET = "hQ3nR6sVd1" + "GfK5wBq0Tx"


def _settings(place: Path) -> Path:
    path = place / "app.env"
    path.write_text(f"HOST=a\nDB_PASSWORD={SECRET}\nPORT=1\n")
    return path


def _patch(*lines: str) -> str:
    return "".join(f"{line}\n" for line in ("--- a/app.env", "+++ b/app.env", "@@", *lines))


def test_a_refusal_quotes_no_secret(place: Path, workflow: WorkflowCommand) -> None:
    """The nearest lines of the file are what people hand back to a model."""
    path = _settings(place)
    for args in (("check",), ("check", "--json"), ("explain",), ("apply",)):
        patch = _patch(" HOST=b", f" DB_PASSWORD={SECRET}", "-PORT=2", "+PORT=3")
        done = workflow("patch", *args, "-", cwd=place, stdin=patch)
        assert SECRET not in done.stdout + done.stderr, args
        assert "ZQVX" in done.stdout, args
    assert SECRET in path.read_text()


def test_an_explanation_shows_no_secret(place: Path, workflow: WorkflowCommand) -> None:
    """Its diff is for people; the exact patch is what `normalize` prints."""
    _settings(place)
    patch = _patch(" HOST=a", f" DB_PASSWORD={SECRET}", "-PORT=1", "+PORT=3")
    done = workflow("patch", "explain", "-", cwd=place, stdin=patch)
    assert SECRET not in done.stdout
    assert "It can be applied." in done.stdout
    assert SECRET in workflow("patch", "normalize", "-", cwd=place, stdin=patch).stdout


def test_a_placeholder_is_not_applied(place: Path, workflow: WorkflowCommand) -> None:
    """It would stand in the file in place of the value: only a proposal can restore it."""
    path = _settings(place)
    before = path.read_bytes()
    patch = _patch(" HOST=a", "+KEY=ZQVX2QST86N4DTS7", f" DB_PASSWORD={SECRET}")
    done = workflow("patch", "apply", "-", "--json", cwd=place, stdin=patch)
    assert done.exit_status == 3
    assert "placeholder-unknown" in [one["rule"] for one in done.json["findings"]]
    assert path.read_bytes() == before


def test_a_secret_of_the_patch_is_a_finding(place: Path, workflow: WorkflowCommand) -> None:
    """One that is written down in a patch from anywhere has to be declared."""
    patch = "--- /dev/null\n+++ b/new.env\n@@ -0,0 +1 @@\n+API_TOKEN=" + SECRET + "\n"
    done = workflow("patch", "check", "-", "--json", cwd=place, stdin=patch)
    assert done.exit_status == 3
    assert [one["rule"] for one in done.json["findings"]] == ["secret-added"]
    declared = workflow("patch", "check", "-", "--allow", "secret-added", cwd=place, stdin=patch)
    assert declared.exit_status == 0, declared.stdout
