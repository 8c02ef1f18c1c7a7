"""`workflow patch check`, `normalize` and `explain` write nothing and tell everything."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.integration.patch_commands.samples import CHANGED, DIALECTS, DIFF, wrote_nothing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import WorkflowCommand

pytestmark = pytest.mark.forked


def test_check_writes_nothing(place: Path, workflow: WorkflowCommand, tmp_path: Path) -> None:
    """A good patch would be applied, a bad one is refused, and the files stay."""
    patch = tmp_path / "a patch.diff"
    patch.write_text(DIFF)
    good = workflow("patch", "check", str(patch), cwd=place)
    assert good.exit_status == 0
    assert good.stdout.startswith("Would apply  1 file, 1 hunk, +1 -1\n")
    assert good.stdout.endswith(f"Next: workflow patch apply '{patch}'\n")
    assert workflow("patch", "check", "-q", str(patch), cwd=place).stdout == ""
    bad = workflow("patch", "check", cwd=place, stdin=DIFF + DIFF.replace("a = 1", "a = 7"))
    assert bad.exit_status == 3
    assert wrote_nothing(place)


def test_normalize_prints_what_git_applies(place: Path, workflow: WorkflowCommand) -> None:
    """The output is git's own diff, and `git apply` makes the same of it."""
    shown = workflow("patch", "normalize", cwd=place, stdin=DIALECTS["unified-diff"])
    assert shown.exit_status == 0
    assert shown.stdout.startswith("diff --git a/app/x.py b/app/x.py\nindex ")
    assert wrote_nothing(place)
    subprocess.run(["git", "apply"], cwd=place, input=shown.stdout.encode(), check=True)
    assert (place / "app/x.py").read_text() == CHANGED


def test_normalize_prints_nothing_that_apply_would_refuse(
    place: Path, workflow: WorkflowCommand
) -> None:
    """A pipe into `git apply` gets nothing of a patch that has no place, or that a rule forbids."""
    for bad in (DIFF.replace("-    a = 1", "-    a = 7"), DIFF.replace("a = 10", "a = '\u202e'")):
        shown = workflow("patch", "normalize", cwd=place, stdin=bad)
        assert (shown.exit_status, shown.stdout) == (3, "")
        assert "the patch is refused: " in shown.stderr


def test_normalize_keeps_bytes(place: Path) -> None:
    """Bytes that are no text go to a pipe as they are."""
    (place / "latin").write_bytes(b"caf\xe9\nx\n")
    patch = b"--- a/latin\n+++ b/latin\n@@ -1,2 +1,2 @@\n caf\xe9\n-x\n+\xe9\n"
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "workflow", "patch", "normalize"],
        cwd=place,
        input=patch,
        capture_output=True,
        check=True,
    )
    assert b" caf\xe9\n-x\n+\xe9\n" in ran.stdout


def test_a_terminal_gets_nothing_raw(place: Path) -> None:
    """What a patch says is shown on a terminal with its control characters as codes."""
    (place / "x.txt").write_bytes(b"\x1b]0;title\x07\n1\n")
    patch = b"--- a/x.txt\n+++ b/x.txt\n@@ -1,2 +1,2 @@\n \x1b]0;title\x07\n-1\n+2\n"
    (place / "p.diff").write_bytes(patch)
    for verb in ("normalize", "explain", "apply"):
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "workflow", "patch", verb, "p.diff"],
            cwd=place,
            stdout=theirs,
            stderr=theirs,
            stdin=subprocess.DEVNULL,
        ) as running:
            os.close(theirs)
            said = b""
            while True:
                try:
                    chunk = os.read(ours, 4096)
                except OSError:
                    break
                if not chunk:
                    break
                said += chunk
        os.close(ours)
        assert running.returncode == 0, said
        assert b"\x1b]0" not in said
        assert verb == "apply" or b"<U+001B>]0;title<U+0007>" in said


def test_explain_tells_everything(place: Path, workflow: WorkflowCommand) -> None:
    """Dialect, repairs, places, policy and the change are there, for a person and as JSON."""
    said = workflow("patch", "explain", cwd=place, stdin=DIALECTS["unified-diff"])
    assert said.exit_status == 0
    for words in (
        "Patch  unified-diff, 1 file, 1 hunk, +1 -1",
        "text around the patch was left out",
        "app/x.py  hunk 1 at lines 1-3",
        "no rule objects",
        "+    a = 10",
        "It can be applied.",
    ):
        assert words in said.stdout
    told = workflow("patch", "explain", "--json", cwd=place, stdin=DIALECTS["unified-diff"]).json
    assert told["places"] == [
        {"path": "app/x.py", "hunk": 1, "line": 1, "lines": 3, "fit": "exact"}
    ]
    assert {"prose"} == {each["repair"] for each in told["repairs"]}
    radius = {"files": 1, "hunks": 1, "added": 1, "removed": 1, "things": 1}
    assert told["blast_radius"] == radius
    assert told["files"] == [
        {"path": "app/x.py", "change": "M", "old_mode": "100644", "new_mode": "100644"}
    ]
    assert told["is_clear"] is True
    assert told["applied"] is False
    assert wrote_nothing(place)


def test_explain_can_tell_of_a_refused_patch(place: Path, workflow: WorkflowCommand) -> None:
    """It succeeds at explaining, also prose, and says that the patch is refused."""
    for bad in ("I am sorry.\n", "", DIFF.replace("-    a = 1", "-    a = 7")):
        said = workflow("patch", "explain", cwd=place, stdin=bad)
        assert said.exit_status == 0
        assert "Refused  nothing is changed" in said.stdout
        assert said.stderr == ""


def test_names_that_are_not_utf8_are_told_without_loss(
    place: Path, workflow: WorkflowCommand
) -> None:
    """JSON escapes such a name so that Python reads it back."""
    name = os.fsdecode(b"caf\xe9.txt")
    (place / name).write_text("1\n")
    quoted = '--- "a/caf\\351.txt"\n+++ "b/caf\\351.txt"\n@@ -1 +1 @@\n-1\n+2\n'
    told = workflow("patch", "explain", "--json", cwd=place, stdin=quoted).json
    assert [place["path"] for place in told["places"]] == [name]


def test_a_name_adds_no_line_of_its_own(place: Path, workflow: WorkflowCommand) -> None:
    """A line feed in a name is shown, so that it cannot say that all is well."""
    (place / "x\n✓ no rule objects\nIt can be applied.").write_text("1\n")
    name = '"{}/x\\n\\342\\234\\223 no rule objects\\nIt can be applied."'
    patch = f"--- {name.format('a')}\n+++ {name.format('b')}\n@@ -1 +1 @@\n-{{}}\n+2\n"
    for verb, old, status in (("check", 1, 0), ("check", 7, 3), ("explain", 1, 0)):
        said = workflow("patch", verb, cwd=place, stdin=patch.format(old))
        assert said.exit_status == status
        assert "x<U+000A>✓ no rule objects<U+000A>It can be applied." in said.stdout
        lines = [line.strip() for line in said.stdout.splitlines()]
        assert lines.count("✓ no rule objects") == (verb == "explain")
        assert lines.count("It can be applied.") == (verb == "explain")


def test_a_renamed_file_is_told_as_one(place: Path, workflow: WorkflowCommand) -> None:
    """The same bytes under another name are a move, and no loss of a file."""
    patch = (
        "diff --git a/app/x.py b/app/z.py\nsimilarity index 100%\n"
        "rename from app/x.py\nrename to app/z.py\n"
    )
    said = workflow("patch", "check", "--allow", "renamed-file", cwd=place, stdin=patch)
    assert said.exit_status == 0, said.stdout
    assert "  R app/x.py -> app/z.py\n" in said.stdout
    assert "  D " not in said.stdout
    assert "  A " not in said.stdout


def test_no_next_command_for_what_came_once(place: Path, workflow: WorkflowCommand) -> None:
    """Standard input is gone when the next command runs."""
    assert "Next: " not in workflow("patch", "check", cwd=place, stdin=DIFF).stdout
    bad = DIFF.replace("-    a = 1", "-    a = 7")
    refused = workflow("patch", "normalize", cwd=place, stdin=bad)
    assert "give the same patch to `workflow patch explain`" in refused.stderr


def test_too_long_names_are_refused(place: Path, workflow: WorkflowCommand) -> None:
    """What the system could not open is refused like any other bad path, also in JSON."""
    for path in ("x" * 256, "d/" * 65 + "f"):
        new = f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+1\n"
        told = workflow("patch", "apply", "--json", cwd=place, stdin=new)
        assert told.exit_status == 3
        assert [each["reason"] for each in told.json["refusals"]] == ["unsafe-path"]
    assert wrote_nothing(place)


def test_names_do_not_lead_out_of_the_current_folder(
    place: Path, workflow: WorkflowCommand
) -> None:
    """Who names a file above learns where names start."""
    subprocess.run(["git", "init", "-q"], cwd=place, check=True)
    patch = DIFF.replace("a/app/x.py", "../x.py").replace("b/app/x.py", "../x.py")
    said = workflow("patch", "check", cwd=place / "app", stdin=patch)
    assert said.exit_status == 3
    assert "names start from the current folder, app, and cannot lead out of it" in said.stdout
