"""`workflow seal`: what it prints, how it ends, and that no value is ever in a report."""

from __future__ import annotations

import json
import os
import pty
import random
import re
import signal
import string
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import CommandResult, GitRepoFactory, WorkflowCommand

pytestmark = pytest.mark.forked

CHANCE = random.Random(4)  # noqa: S311 - values for tests, the same each time
LETTERS = string.ascii_letters + string.digits
VALUE = "".join(CHANCE.choices(LETTERS, k=18)) + "aZ7"
OTHER = "".join(CHANCE.choices(LETTERS, k=18)) + "qX3"
PAIR = f"HOST=db\nDB_PASSWORD={VALUE}\nPORT=5432\n"


def _rows(done: CommandResult) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def _until(days: int = 30) -> date:
    return datetime.now(UTC).date() + timedelta(days=days)


def test_prints_what_a_model_would_see(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """The file comes with a placeholder for its value, and the counts go to stderr."""
    (tmp_path / "app.env").write_text(PAIR)
    done = workflow("seal", "app.env", cwd=tmp_path)
    assert done.exit_status == 0
    assert VALUE not in done.stdout
    before, _, after = PAIR.partition(VALUE)
    assert done.stdout.startswith(before)
    assert done.stdout.endswith(after)
    assert len(done.stdout) == len(before) + 16 + len(after)
    assert done.stderr.endswith("1 value sealed: 1 password\n")


def test_a_repository_has_a_key_of_its_own(
    git_repo: GitRepoFactory, tmp_path: Path, workflow: WorkflowCommand
) -> None:
    """Placeholders stay the same within a repository, and differ between two, and outside."""
    one, two = (git_repo({"app.env": PAIR}, name=name).path for name in ("one", "two"))
    (tmp_path / "app.env").write_text(PAIR)
    shown = [
        workflow("seal", "app.env", cwd=cwd).stdout for cwd in (one, one, two, tmp_path, tmp_path)
    ]
    assert shown[0] == shown[1]
    assert len(set(shown)) == 4
    assert (one / ".git/workflow/seal.key").stat().st_mode & 0o777 == 0o600


def test_several_files_have_headings(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """With several files each has a heading; a value of one is sealed in the others, too."""
    (tmp_path / "a.txt").write_text(f"we used {VALUE} for this\n")
    (tmp_path / "b.env").write_text(PAIR)
    (tmp_path / f"{VALUE}.txt").touch()
    done = workflow("seal", "a.txt", "b.env", f"{VALUE}.txt", cwd=tmp_path)
    assert done.exit_status == 0
    assert done.stdout.startswith("==> a.txt <==\nwe used ZQVX")
    assert "\n\n==> b.env <==\nHOST=db\n" in done.stdout
    assert VALUE not in done.stdout
    assert "2 values sealed: 2 password\n" in done.stderr


def test_standard_input_is_sealed(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """A dash is what comes from a pipe."""
    done = workflow("seal", "-", cwd=tmp_path, stdin=PAIR)
    assert done.exit_status == 0
    assert VALUE not in done.stdout
    assert done.stdout.startswith("HOST=db\nDB_PASSWORD=ZQVX")


def test_json_says_all_in_one_object(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """`--json` holds the sealed text, and each value's place and placeholder."""
    (tmp_path / "app.env").write_text(PAIR)
    said = workflow("seal", "--json", "app.env", cwd=tmp_path).json
    (file,) = said["files"]
    (value,) = file["values"]
    assert said["counts"] == {"password": 1}
    assert value["placeholder"] in file["text"]
    assert (value["line"], value["start"]) == (2, PAIR.index(VALUE))
    assert VALUE not in json.dumps(said)


def test_check_says_where_and_never_what(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """`--check` prints a line of JSON for each value, with offsets into the file's own bytes."""
    (tmp_path / "app.env").write_text(PAIR)
    done = workflow("seal", "--check", "app.env", cwd=tmp_path)
    assert done.exit_status == 3
    (row,) = _rows(done)
    start = PAIR.index(VALUE)
    place = {"file": "app.env", "line": 2, "start": start, "end": start + len(VALUE)}
    assert row == {**place, "kind": "password", "rule": row["rule"]}
    assert VALUE not in done.stdout + done.stderr


def test_check_ends_with_0_where_nothing_is_found(
    tmp_path: Path, workflow: WorkflowCommand
) -> None:
    """A clean file is no finding."""
    (tmp_path / "a.txt").write_text("nothing to see\n")
    done = workflow("seal", "--check", "a.txt", cwd=tmp_path)
    assert (done.exit_status, done.stdout) == (0, "")
    assert done.stderr.endswith("no value found\n")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
def test_offsets_are_those_of_the_file(
    tmp_path: Path, workflow: WorkflowCommand, encoding: str
) -> None:
    """Whatever the encoding, the offsets cut the value out of the file's bytes."""
    data = f"# Größe\n{PAIR}".encode(encoding)
    (tmp_path / "app.env").write_bytes(data)
    (row,) = _rows(workflow("seal", "--check", "app.env", cwd=tmp_path))
    codec = encoding + "-le" if encoding.startswith("utf") else encoding
    assert data[row["start"] : row["end"]].decode(codec) == VALUE
    assert row["line"] == 3


def test_a_value_is_found_in_every_file(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """What one file shows to be a secret is one in all that are looked at with it."""
    (tmp_path / "app.env").write_text(PAIR)
    (tmp_path / "notes.txt").write_text(f"see {VALUE} there\n")
    rows = _rows(workflow("seal", "--check", ".", cwd=tmp_path))
    assert {(row["file"], row["start"]) for row in rows} == {
        ("./app.env", PAIR.index(VALUE)),
        ("./notes.txt", 4),
    }


def test_git_decides_what_a_folder_holds(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """A hook sees what git lists; naming a file, or `--all`, sees what is ignored, too."""
    repo = git_repo({".gitignore": ".env\n", "a.txt": "clean\n"})
    repo.write({".env": PAIR})
    assert workflow("seal", "--check", ".", cwd=repo.path).exit_status == 0
    assert workflow("seal", "--check", ".env", cwd=repo.path).exit_status == 3
    assert workflow("seal", "--check", "--all", ".", cwd=repo.path).exit_status == 3
    assert not (repo.path / ".git/workflow").exists()


def test_a_named_binary_is_an_error(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """A file that cannot be read as text ends with 1 in every mode; nothing of it is shown."""
    (tmp_path / "a.bin").write_bytes(b"\x7fELF\0\1\2\xff" + VALUE.encode())
    (tmp_path / "app.env").write_text(PAIR)
    for mode in ((), ("--check",), ("--explain",), ("--json",)):
        done = workflow("seal", *mode, "app.env", "a.bin", cwd=tmp_path)
        assert done.exit_status == 1, mode
        assert "a.bin" in done.stderr
        assert VALUE not in done.stdout + done.stderr
        assert mode == ("--check",) or "ZQVX" not in done.stdout
    assert len(_rows(workflow("seal", "--check", "app.env", "a.bin", cwd=tmp_path))) == 1


def test_what_is_skipped_in_a_folder_is_said(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """Binary files and links of a folder are counted on stderr."""
    (tmp_path / "a.bin").write_bytes(b"\0\1\2\xff\0" * 9)
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "a.txt").write_text("clean\n")
    done = workflow("seal", "--check", ".", cwd=tmp_path)
    assert done.exit_status == 0
    assert "not read: 1 not text, 1 symbolic link\n" in done.stderr


def test_an_unreadable_file_is_an_error(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """What cannot be read is named, the rest is looked through, and the status is 1."""
    (tmp_path / "b.env").write_text(PAIR)
    # Nobody can read its beginning, not even root: nothing is mapped there.
    done = workflow("seal", "--check", "/proc/self/mem", "b.env", cwd=tmp_path)
    assert done.exit_status == 1
    assert "/proc/self/mem cannot be read" in done.stderr
    assert len(_rows(done)) == 1


def test_pipes_and_missing_files_are_refused(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """A pipe is not waited for, and a file that is not there is an error."""
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "none", "/dev/null"):
        done = workflow("seal", "--check", name, cwd=tmp_path, timeout=30)
        assert done.exit_status == 1
        assert name in done.stderr


def test_explain_tells_how(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """`--explain` shows place, kind, rule, placeholder and the line as a model sees it."""
    (tmp_path / "app.env").write_text(PAIR)
    (tmp_path / "notes.txt").write_text(f"see {VALUE} there\n")
    done = workflow("seal", "--explain", "app.env", "notes.txt", cwd=tmp_path)
    assert done.exit_status == 0
    assert VALUE not in done.stdout + done.stderr
    assert "app.env:2:13" in done.stdout
    assert "shown as     DB_PASSWORD=ZQVX" in done.stdout
    assert "notes.txt:1:5" in done.stdout
    assert "known from   app.env, line 2" in done.stdout


def test_an_allowed_value_is_said_and_an_expired_one_found(
    tmp_path: Path, workflow: WorkflowCommand
) -> None:
    """A comment with kind, reason and date lets a value stay; one that has expired does not."""
    said = f"# workflow: allow password until {_until()} because of a test"
    (tmp_path / "good.env").write_text(f"DB_PASSWORD={VALUE}  {said}\n")
    good = workflow("seal", "--check", "good.env", cwd=tmp_path)
    assert good.exit_status == 0, good.stdout + good.stderr
    assert f"allowed: good.env:1: password is allowed until {_until()}" in good.stderr
    old = f"# workflow: allow password until {_until(-2)} because of a test"
    (tmp_path / "old.env").write_text(f"DB_PASSWORD={OTHER}  {old}\n")
    late = workflow("seal", "--check", "old.env", cwd=tmp_path)
    assert late.exit_status == 3
    assert "not allowed: old.env:1:" in late.stderr


def test_names_are_printed_harmless(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """Line ends, escapes and broken UTF-8 in names add no lines and drive no terminal."""
    for name in (b"a\nb.env", b"\x1b[31m.env", b"\xff.env"):
        with open(os.path.join(os.fsencode(tmp_path), name), "w") as file:  # noqa: PTH118, PTH123
            file.write(PAIR)
    done = workflow("seal", "--check", ".", cwd=tmp_path)
    rows = _rows(done)
    assert {row["file"] for row in rows} == {"./a\nb.env", "./\x1b[31m.env", "./\udcff.env"}
    shown = workflow("seal", ".", cwd=tmp_path)
    assert "\x1b" not in shown.stdout


def test_check_and_explain_are_two_questions(tmp_path: Path, workflow: WorkflowCommand) -> None:
    """Both at once are a usage error."""
    assert workflow("seal", "--check", "--explain", ".", cwd=tmp_path).exit_status == 2


def test_a_bad_key_stops_sealing_and_not_checking(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """A key that others may read is refused; nothing is printed."""
    repo = git_repo({"app.env": PAIR})
    assert workflow("seal", "app.env", cwd=repo.path).exit_status == 0
    (repo.path / ".git/workflow/seal.key").chmod(0o644)
    done = workflow("seal", "app.env", cwd=repo.path)
    assert (done.exit_status, done.stdout) == (1, "")
    assert workflow("seal", "--check", "app.env", cwd=repo.path).exit_status == 3


def test_a_terminal_gets_lines_for_people(tmp_path: Path) -> None:
    """On a terminal, `--check` prints place, kind and rule, and how to allow a value."""
    (tmp_path / "app.env").write_text(PAIR)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-P", "-m", "workflow", "seal", "--check", "app.env"]
    ran = subprocess.run(
        command, cwd=tmp_path, stdout=theirs, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(theirs)
    said = re.sub(r"\x1b\[[0-9;]*m", "", os.read(ours, 10_000).decode())
    os.close(ours)
    assert ran.returncode == 3
    assert said.split()[:2] == ["app.env:2:13", "password"]
    assert b"workflow: allow KIND until" in ran.stderr
    assert VALUE not in said + ran.stderr.decode()


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    """Who reads only the first line gets it, no traceback, and the status of what was found."""
    lines = "".join(f"PASSWORD_{number}={VALUE}{number}\n" for number in range(20_000))
    (tmp_path / "app.env").write_text(lines)
    command = [sys.executable, "-P", "-m", "workflow", "seal", "--check", "app.env"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout
        assert running.stderr
        assert json.loads(running.stdout.readline())["line"] == 1
        running.stdout.close()
        said = running.stderr.read().decode()
    assert running.returncode == 3
    assert "Traceback" not in said
    assert "error" not in said


def test_an_interrupt_ends_cleanly(tmp_path: Path) -> None:
    """Ctrl-C while it waits for input ends with 130 and says so."""
    command = [sys.executable, "-P", "-m", "workflow", "seal", "-"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdin
        assert running.stderr
        running.stdin.write(PAIR.encode() * 10)
        running.stdin.flush()
        while not _waits(running.pid):
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        said = running.stderr.read().decode()
    assert running.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said


def _waits(pid: int) -> bool:
    """Whether a process has read its input, and waits for more."""
    return "pipe" in Path(f"/proc/{pid}/wchan").read_text()
