"""`workflow patch apply` does all of it or nothing, whatever comes in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.patch_commands.samples import (
    CHANGED,
    DIALECTS,
    DIFF,
    HOLD,
    KILLED,
    PYTHON,
    SECOND,
    files,
    wrote_nothing,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import WorkflowCommand

pytestmark = pytest.mark.forked


@pytest.mark.parametrize("dialect", DIALECTS)
def test_applies_every_dialect(place: Path, workflow: WorkflowCommand, dialect: str) -> None:
    """Each way of writing the same change gives the same file, from standard input."""
    done = workflow("patch", "apply", "-", "--json", cwd=place, stdin=DIALECTS[dialect])
    assert done.exit_status == 0, done.stdout
    assert done.json["dialect"] == dialect
    assert done.json["applied"] is True
    assert done.json["files"][0]["path"] == "app/x.py"
    assert files(place) == {"app/x.py": CHANGED.encode(), "app/y.py": PYTHON.encode()}


def test_applies_whole_new_files(place: Path, workflow: WorkflowCommand) -> None:
    """A file with its path becomes a new file, in a new folder; an existing one is not replaced."""
    answer = "`lib/new.py`\n\n```python\nx = 1\n```\n"
    done = workflow("patch", "apply", "--json", cwd=place, stdin=answer)
    assert done.exit_status == 0, done.stdout
    assert done.json["dialect"] == "whole-files"
    assert (place / "lib/new.py").read_text() == "x = 1\n"
    again = workflow("patch", "apply", "--json", cwd=place, stdin=answer)
    assert again.exit_status == 3
    assert again.json["refusals"][0]["reason"] == "file-exists"


def test_says_what_it_did(place: Path, workflow: WorkflowCommand, tmp_path: Path) -> None:
    """A person sees how much changed, and where; with --quiet, nothing."""
    patch = tmp_path / "answer.md"
    patch.write_text(DIFF)
    done = workflow("patch", "apply", str(patch), cwd=place)
    assert done.stdout == (
        "Applied  1 file, 1 hunk, +1 -1\n  M app/x.py\n      hunk 1 at lines 1-3\n"
    )
    patch.write_text(SECOND)
    done = workflow("patch", "apply", str(patch), "--quiet", cwd=place)
    assert (done.exit_status, done.stdout, done.stderr) == (0, "", "")
    assert (place / "app/y.py").read_text() == PYTHON.replace("a = 1", "a = 20")


@pytest.mark.parametrize(
    "bad",
    [
        SECOND.replace("-    a = 1", "-    a = 7"),
        SECOND.replace("app/y.py", "app/none.py"),
        "--- a/app/x.py\n+++ b/app/x.py\n@@\n def g():\n-    return 7\n+    return 8\n",
    ],
)
def test_all_or_nothing(place: Path, workflow: WorkflowCommand, bad: str) -> None:
    """When one hunk or one file has no place, the others are not changed either."""
    done = workflow("patch", "apply", cwd=place, stdin=DIFF + bad)
    assert done.exit_status == 3
    assert done.stdout.startswith("Refused  nothing is changed\n")
    assert wrote_nothing(place)


def test_a_refusal_shows_the_nearest_lines(place: Path, workflow: WorkflowCommand) -> None:
    """A hunk without a place is named with its reason, a hint, and the file's own lines."""
    done = workflow(
        "patch", "apply", "--json", cwd=place, stdin=DIFF.replace("-    a = 1", "-    a = 7")
    )
    assert done.exit_status == done.json["exit_code"] == 3
    (refusal,) = done.json["refusals"]
    assert (refusal["reason"], refusal["path"], refusal["hunk"]) == ("no-place", "app/x.py", 1)
    assert {"line": 2, "text": "    a = 1"} in [
        {**each, "text": each["text"].rstrip("\n")} for each in refusal["nearest"]
    ]
    assert done.json["is_clear"] is done.json["applied"] is False


def test_a_link_is_not_followed(place: Path, workflow: WorkflowCommand, tmp_path: Path) -> None:
    """A file outside is not changed through a link, whatever the patch says."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.py").write_text(PYTHON)
    for path in (place / "app/x.py", place / "app/y.py"):
        path.unlink()
    (place / "app").rmdir()
    (place / "app").symlink_to(outside)
    done = workflow("patch", "apply", "--json", cwd=place, stdin=DIFF)
    assert done.exit_status == 3
    assert done.json["refusals"][0]["reason"] == "not-a-file"
    assert (outside / "x.py").read_text() == PYTHON


def test_a_file_in_the_way_changes_nothing(place: Path, workflow: WorkflowCommand) -> None:
    """A new file below what is a file cannot be made, and then nothing is."""
    new = "--- /dev/null\n+++ b/app/y.py/new\n@@ -0,0 +1 @@\n+x\n"
    assert workflow("patch", "apply", cwd=place, stdin=DIFF + new).exit_status == 3
    assert wrote_nothing(place)


def test_a_full_disk_changes_nothing(place: Path) -> None:
    """A write that fails in the middle leaves all files as they were, and says so."""
    line = "+" + "x" * 78 + "\n"
    new = f"--- /dev/null\n+++ b/new\n@@ -0,0 +1,150 @@\n{line * 150}"
    limited = (
        "import resource, signal, sys\n"
        "from workflow import cli\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        # git's own files stay below; a byte more than the new file has is too much.
        "from workflow.standalone import swap\n"
        "write = swap._write_file\n"
        "def full(*arguments, **words):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (8000, resource.RLIM_INFINITY))\n"
        "    write(*arguments, **words)\n"
        "swap._write_file = full\n"
        "sys.exit(cli.run(['patch', 'apply']))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-P", "-c", limited],
        cwd=place,
        input=(DIFF + new).encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 1
    assert b"new: nothing is applied: File too large" in ran.stderr
    assert b"free some space" in ran.stderr
    assert wrote_nothing(place)


def test_killed_anywhere_it_ends_before_or_after(place: Path, workflow: WorkflowCommand) -> None:
    """Wherever `apply` dies, the next command says so and leaves one of two whole states."""
    steps_file = place.with_suffix(".steps")
    patch = place.with_suffix(".diff")
    patch.write_text(DIFF + SECOND)

    def die(step: int) -> int:
        for name in ("x", "y"):
            (place / f"app/{name}.py").write_text(PYTHON)
        return subprocess.run(
            [sys.executable, "-P", str(KILLED), str(step), "patch", "apply", str(patch)],
            cwd=place,
            env={**os.environ, "STEPS_FILE": str(steps_file)},
            check=False,
            capture_output=True,
            timeout=120,
        ).returncode

    # The first of a session may fill caches, which takes steps that a later one does not take.
    assert [die(0), die(0)] == [0, 0]
    after = files(place)
    steps = int(steps_file.read_text())
    seen = set()
    # The files are swapped near the end; tests/unit/test_swap.py tries every call there.
    # Random names make for some 20 steps more or less.
    for step in range(steps - 80, 0, -(steps // 5)):
        assert die(step) == -signal.SIGKILL
        looked = workflow("patch", "explain", str(patch), "--json", cwd=place)
        assert looked.exit_status == 0
        is_after = files(place) == after
        assert is_after or wrote_nothing(place), f"killed at step {step}"
        assert looked.json["is_clear"] is not is_after
        seen.add(is_after)
    assert seen == {False, True}


def test_what_a_killed_one_left_is_undone_first(place: Path, workflow: WorkflowCommand) -> None:
    """A half-applied patch is taken back by the next command, which tells about it."""
    dead = (
        "import os, signal, sys\n"
        "from workflow import cli\nfrom workflow.standalone import swap\n"
        "swap.Exchange._settle = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.exit(cli.run(['patch', 'apply']))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-P", "-c", dead], cwd=place, input=(DIFF + SECOND).encode(), check=False
    )
    assert ran.returncode == -signal.SIGKILL
    assert (place / "app/x.py").read_text() == CHANGED
    checked = workflow("patch", "check", cwd=place, stdin=DIFF)
    assert checked.exit_status == 0
    assert "note: a patch that was half applied here has been undone" in checked.stderr
    assert wrote_nothing(place)


def test_one_apply_at_a_time(place: Path, workflow: WorkflowCommand) -> None:
    """While one `apply` works in a folder, a second one is told to wait."""
    first = subprocess.Popen(
        [
            *(sys.executable, "-P", "-c"),
            HOLD,
        ],
        cwd=place,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with first:
        assert first.stdout
        assert first.stdout.readline() == b"held\n"
        second = workflow("patch", "apply", cwd=place, stdin=DIFF)
        assert second.exit_status == 1
        assert "another `workflow patch` is at work here" in second.stderr
        # To look does not need the folder for itself.
        assert workflow("patch", "check", cwd=place, stdin=DIFF).exit_status == 0
        first.communicate(timeout=60)
    assert wrote_nothing(place)
    assert workflow("patch", "apply", cwd=place, stdin=DIFF).exit_status == 0


def test_ctrl_c_changes_nothing(place: Path) -> None:
    """Interrupted while it waits for its input, it says that nothing is applied."""
    # A process that a shell has put into the background ignores Ctrl-C, and so do its children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    running = subprocess.Popen(
        [sys.executable, "-P", "-m", "workflow", "patch", "apply"],
        cwd=place,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with running:
        assert running.stdin
        running.stdin.write(DIFF.encode())
        running.stdin.flush()
        time.sleep(2)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    signal.signal(signal.SIGINT, before)
    assert running.returncode == 130
    assert b"interrupted: nothing is applied" in said
    assert wrote_nothing(place)
