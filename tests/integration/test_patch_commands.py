"""`workflow patch` as a person or a script runs it, in folders with and without git."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import CommandResult, GitRepo, GitRepoFactory, WorkflowCommand

KILLED = Path(__file__).with_name("killed.py")
PYTHON = "def f():\n    a = 1\n    return a\n\n\ndef g():\n    return 2\n"
DIFF = """\
--- a/app/x.py
+++ b/app/x.py
@@ def f():
 def f():
-    a = 1
+    a = 10
     return a
"""
SECOND = """\
--- a/app/y.py
+++ b/app/y.py
@@ def f():
 def f():
-    a = 1
+    a = 20
     return a
"""
HOLD = """\
import sys
from pathlib import Path
from workflow.standalone.folder import Folder
from workflow.standalone.swap import exclusive
with Folder(Path.cwd()) as folder, exclusive(folder):
    print("held", flush=True)
    sys.stdin.read()
"""
CHANGED = PYTHON.replace("a = 1", "a = 10")
DIALECTS = {
    "unified-diff": f"Here is the change:\n\n```diff\n{DIFF}```\nDone.\n",
    "search-replace": (
        "app/x.py\n```python\n<<<<<<< SEARCH\n    a = 1\n    return a\n=======\n"
        "    a = 10\n    return a\n>>>>>>> REPLACE\n```\n"
    ),
    "str-replace": json.dumps(
        {"command": "str_replace", "path": "app/x.py", "old_str": "a = 1\n", "new_str": "a = 10\n"}
    ),
    "v4a": (
        "*** Begin Patch\n*** Update File: app/x.py\n@@ def f():\n def f():\n-    a = 1\n"
        "+    a = 10\n     return a\n*** End Patch\n"
    ),
    "apply-patch-operations": json.dumps(
        {
            "type": "update_file",
            "path": "app/x.py",
            "diff": "@@ def f():\n def f():\n-    a = 1\n+    a = 10\n     return a\n",
        }
    ),
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder outside git with two files."""
    place = tmp_path / "place"
    (place / "app").mkdir(parents=True)
    (place / "app/x.py").write_text(PYTHON)
    (place / "app/y.py").write_text(PYTHON)
    return place


def _files(place: Path) -> Mapping[str, bytes]:
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }


def _wrote_nothing(place: Path) -> bool:
    expected = {"app/x.py": PYTHON.encode(), "app/y.py": PYTHON.encode()}
    return _files(place) == expected


# --- apply --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_applies_every_dialect(place: Path, workflow: WorkflowCommand, dialect: str) -> None:
    """Each way of writing the same change gives the same file, from standard input."""
    done = workflow("patch", "apply", "-", "--json", cwd=place, stdin=DIALECTS[dialect])
    assert done.exit_status == 0, done.stdout
    assert done.json["dialect"] == dialect
    assert done.json["applied"] is True
    assert done.json["files"][0]["path"] == "app/x.py"
    assert _files(place) == {"app/x.py": CHANGED.encode(), "app/y.py": PYTHON.encode()}


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
    assert _wrote_nothing(place)


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
    assert _wrote_nothing(place)


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
    assert _wrote_nothing(place)


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

    assert die(0) == 0
    after = _files(place)
    steps = int(steps_file.read_text())
    seen = set()
    # The files are swapped near the end; tests/unit/test_swap.py tries every call there.
    for step in range(steps - 20, 0, -(steps // 5)):
        assert die(step) == -signal.SIGKILL
        looked = workflow("patch", "explain", str(patch), "--json", cwd=place)
        assert looked.exit_status == 0
        is_after = _files(place) == after
        assert is_after or _wrote_nothing(place), f"killed at step {step}"
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
    assert _wrote_nothing(place)


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
    assert _wrote_nothing(place)
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
    assert _wrote_nothing(place)


# --- in a repository ----------------------------------------------------------------------------


def test_in_a_repository_index_and_branches_stay(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """Only the file changes; what is staged and committed does not."""
    repo = git_repo({"app/x.py": PYTHON})
    before = repo.snapshot()
    assert workflow("patch", "apply", cwd=repo.path, stdin=DIFF).exit_status == 0
    after = repo.snapshot()
    assert (after.head, after.refs, after.index) == (before.head, before.refs, before.index)
    assert repo.git("status", "--porcelain") == " M app/x.py"
    assert (repo.path / "app/x.py").read_text() == CHANGED


def test_in_a_subfolder_its_own_files_are_meant(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """Names start from the current folder, and the canonical patch from the repository's top."""
    repo = git_repo({"app/x.py": PYTHON})
    here = repo.path / "app"
    local = DIFF.replace("app/", "")
    shown = workflow("patch", "normalize", cwd=here, stdin=local)
    assert "--- a/app/x.py\n+++ b/app/x.py\n" in shown.stdout
    subprocess.run(["git", "apply", "--check"], cwd=here, input=shown.stdout.encode(), check=True)
    away = workflow("patch", "apply", cwd=here, stdin=DIFF)
    assert away.exit_status == 3
    assert f"cd {repo.path}" in away.stdout
    assert workflow("patch", "apply", cwd=here, stdin=local).exit_status == 0
    assert (here / "x.py").read_text() == CHANGED


def test_the_last_file_of_the_callers_folder_can_go(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """The folder that the command was called in stays, though it is empty."""
    repo = git_repo({"app/old.txt": "one\n"})
    gone = "--- a/old.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n"
    done = workflow("patch", "apply", "--allow", "deleted-file", cwd=repo.path / "app", stdin=gone)
    assert done.exit_status == 0, done.stdout
    assert list((repo.path / "app").iterdir()) == []


def test_the_policy_is_the_one_of_head(
    git_repo: GitRepoFactory, workflow: WorkflowCommand, tmp_path: Path
) -> None:
    """The committed policy judges, also from a subfolder; one on the command line comes first."""
    built_in = (Path(__file__).parents[2] / "policies/default.yaml").read_text()
    assert "protected:\n" in built_in
    strict = built_in.replace("protected:\n", "protected:\n  - paths: [app/**]\n", 1)
    repo = git_repo(
        {
            "app/x.py": PYTHON,
            "workflow.toml": 'policy = "mine.yaml"\n',
            "mine.yaml": strict,
        }
    )
    # What is not committed does not count.
    repo.write({"mine.yaml": built_in})
    local = DIFF.replace("app/", "")
    done = workflow("patch", "apply", "--json", cwd=repo.path / "app", stdin=local)
    assert done.exit_status == 3
    assert done.json["policy"]["source"] == "mine.yaml"
    assert [(each["rule"], each["path"]) for each in done.json["findings"]] == [
        ("protected-path", "app/x.py")
    ]
    other = tmp_path / "other.yaml"
    other.write_text(built_in)
    words = ("patch", "apply", "--policy", str(other))
    assert workflow(*words, cwd=repo.path / "app", stdin=local).exit_status == 0


def test_a_file_with_approvers_is_not_for_apply(
    place: Path, workflow: WorkflowCommand, tmp_path: Path
) -> None:
    """Where named people must approve, the patch is refused and says who they are."""
    built_in = (Path(__file__).parents[2] / "policies/default.yaml").read_text()
    entry = "protected:\n  - paths: [app/**]\n    approvers: [ann@example.test]\n"
    rules = tmp_path / "rules.yaml"
    rules.write_text(built_in.replace("protected:\n", entry, 1))
    words = ("--policy", str(rules))
    done = workflow("patch", "apply", *words, "--json", cwd=place, stdin=DIFF)
    assert done.exit_status == 3
    assert done.json["requirements"] == [{"path": "app/x.py", "approvers": ["ann@example.test"]}]
    shown = workflow("patch", "normalize", *words, cwd=place, stdin=DIFF)
    assert (shown.exit_status, shown.stdout) == (3, "")
    assert "app/x.py needs the approval of ann@example.test" in shown.stderr
    assert _wrote_nothing(place)


def test_a_repository_without_a_commit_has_the_built_in_policy(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """Before the first commit there is no policy to read, and a note says what judges."""
    repo = git_repo()
    repo.write({"app/x.py": PYTHON})
    done = workflow("patch", "apply", cwd=repo.path, stdin=DIFF)
    assert done.exit_status == 0
    assert "there is no commit yet: the built-in policy judges" in done.stderr


def test_a_repository_that_git_distrusts_is_an_error(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """Where there is a repository whose policy cannot be read, no other policy stands in."""
    repo = git_repo({"app/x.py": PYTHON})
    (repo.path / ".git").rename(repo.path / "elsewhere")
    (repo.path / ".git").write_text("gitdir: /nowhere\n")
    done = workflow("patch", "apply", cwd=repo.path, stdin=DIFF)
    assert done.exit_status == 1
    assert "not a git repository: /nowhere" in done.stderr
    assert (repo.path / "app/x.py").read_text() == PYTHON


def test_another_repository_below_is_left_alone(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """A repository in the folder has a policy of its own, and is not patched from outside."""
    repo = git_repo({"app/x.py": PYTHON}, name="inner")
    outer = repo.path.parent
    done = workflow("patch", "apply", "--json", cwd=outer, stdin=DIFF.replace("app/", "inner/app/"))
    assert done.exit_status == 3
    assert done.json["refusals"][0]["reason"] == "not-a-file"


# --- check, normalize, explain ------------------------------------------------------------------


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
    assert _wrote_nothing(place)


def test_normalize_prints_what_git_applies(place: Path, workflow: WorkflowCommand) -> None:
    """The output is git's own diff, and `git apply` makes the same of it."""
    shown = workflow("patch", "normalize", cwd=place, stdin=DIALECTS["unified-diff"])
    assert shown.exit_status == 0
    assert shown.stdout.startswith("diff --git a/app/x.py b/app/x.py\nindex ")
    assert _wrote_nothing(place)
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
    assert {"prose", "counts"} <= {each["repair"] for each in told["repairs"]}
    assert told["blast_radius"] == {"files": 1, "hunks": 1, "added": 1, "removed": 1}
    assert told["files"] == [
        {"path": "app/x.py", "change": "M", "old_mode": "100644", "new_mode": "100644"}
    ]
    assert told["is_clear"] is True
    assert told["applied"] is False
    assert _wrote_nothing(place)


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


# --- what it cannot do --------------------------------------------------------------------------


def _fails(done: CommandResult, status: int, words: str) -> None:
    assert done.exit_status == status
    assert words in done.stderr
    assert "try: " in done.stderr
    assert "Traceback" not in done.stderr


def test_the_patch_must_be_there(place: Path, workflow: WorkflowCommand) -> None:
    """A missing file, a folder, an endless device: each is said, with what to do."""
    for verb in ("apply", "check", "normalize", "explain"):
        run = workflow("patch", verb, "none.diff", cwd=place)
        _fails(run, 2, "none.diff: No such file or directory")
    _fails(workflow("patch", "apply", "app", cwd=place), 2, "app is a folder")
    _fails(workflow("patch", "apply", "/dev/zero", cwd=place), 2, "over 64 MiB")
    _fails(workflow("patch", "apply", "--policy", "no", cwd=place, stdin=DIFF), 2, "the policy")
    _fails(workflow("patch", "aply", cwd=place), 2, "No such command")
    done = workflow("patch", "apply", "none.diff", "--json", cwd=place)
    assert done.json["exit_code"] == 2


def test_a_rule_that_does_not_exist_cannot_be_allowed(
    place: Path, workflow: WorkflowCommand
) -> None:
    """A mistyped rule is said, and not silently of no use."""
    done = workflow("patch", "apply", "--allow", "excutable-bit", cwd=place, stdin=DIFF)
    _fails(done, 2, "excutable-bit")
    assert _wrote_nothing(place)


def test_without_a_command_it_teaches(place: Path, workflow: WorkflowCommand) -> None:
    """`workflow patch` alone prints its help."""
    done = workflow("patch", cwd=place)
    assert done.exit_status == 2
    assert "normalize" in done.stdout


def test_hidden_characters_in_a_repository_are_refused(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """The default policy judges a patch by hand as it judges a model's."""
    repo: GitRepo = git_repo({"app/x.py": PYTHON})
    done = workflow(
        "patch", "apply", "--json", cwd=repo.path, stdin=DIFF.replace("a = 10", "a = '\u202e'")
    )
    assert done.exit_status == 3
    assert "hidden-character" in {each["rule"] for each in done.json["findings"]}
    assert repo.git("status", "--porcelain") == ""
