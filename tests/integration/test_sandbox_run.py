"""`workflow sandbox run`: any command behind the walls, with its own exit status."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GitRepoFactory, WorkflowCommand

LOOPBACK = """
import socket
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname())
print("connected")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder outside git with one file."""
    place = tmp_path / "a folder"
    place.mkdir()
    (place / "file").write_text("as it was\n")
    return place


def test_output_and_status_are_passed_on(folder: Path, workflow: WorkflowCommand) -> None:
    """What the command prints arrives on its own stream, and its status is ours."""
    script = "cat file; echo wrong >&2; exit 7"
    ran = workflow("sandbox", "run", "--", "sh", "-c", script, cwd=folder)
    assert (ran.exit_status, ran.stdout, ran.stderr) == (7, "as it was\n", "wrong\n")


def test_the_folder_stays_as_it_was(folder: Path, workflow: WorkflowCommand) -> None:
    """The command may change and remove what it sees; nothing of that is left."""
    script = "echo new > file && touch other && rm file && ls -A"
    ran = workflow("sandbox", "run", "--", "sh", "-c", script, cwd=folder)
    assert (ran.exit_status, ran.stdout) == (0, "other\n")
    assert [path.name for path in folder.iterdir()] == ["file"]
    assert (folder / "file").read_text() == "as it was\n"


def test_nothing_else_is_there(
    folder: Path, workflow: WorkflowCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a file beside the folder nor a variable of the caller can be read."""
    beside = folder.parent / "beside"
    beside.write_text("not for you")
    monkeypatch.setenv("SOME_VALUE", "not for you")
    script = f"cat '{beside}' 2>/dev/null || echo closed; echo $SOME_VALUE; echo $HOME"
    ran = workflow("sandbox", "run", "--", "sh", "-c", script, cwd=folder)
    assert ran.stdout == "closed\n\n/tmp/home\n"


def test_git_is_hidden_and_ignored_files_are_there(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """In a repository the work tree is copied as it is, without git's own folder."""
    repo = git_repo({"kept": "1", ".gitignore": "ignored\n"})
    (repo.path / "ignored").write_text("2")
    (repo.path / "kept").write_text("changed")
    ran = workflow("sandbox", "run", "--", "sh", "-c", "ls -A; cat kept", cwd=repo.path)
    assert ran.stdout == ".gitignore\nignored\nkept\nchanged"


def test_the_network_is_asked_for(folder: Path, workflow: WorkflowCommand) -> None:
    """There is none, unless the loopback is asked for."""
    words = ("--", sys.executable, "-c", LOOPBACK)
    without = workflow("sandbox", "run", *words, cwd=folder)
    assert without.exit_status == 1
    assert "not supported" in without.stderr
    having = workflow("sandbox", "run", "--net-loopback", *words, cwd=folder)
    assert (having.exit_status, having.stdout) == (0, "connected\n")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--timeout", "0.5", "--", "sleep", "30"), 124, "more than 0.5 s"),
        (("--memory", "64", "--", sys.executable, "-c", "x = b'x' * 2**28"), 137, "64 MiB"),
        (("--", "no-such-program"), 127, "no-such-program"),
        (("--", "/tree/file"), 127, "/tree/file"),
        (("--", "sh", "-c", "kill -9 $$"), 137, ""),
    ],
    ids=["time", "memory", "missing", "no program", "killed"],
)
def test_how_it_ends_is_told(
    folder: Path, workflow: WorkflowCommand, words: tuple[str, ...], status: int, said: str
) -> None:
    """Each way to end that is not the command's own has a status, and words that say why."""
    ran = workflow("sandbox", "run", *words, cwd=folder)
    assert ran.exit_status == status
    assert said in ran.stderr


def test_input_is_given_when_asked_for(folder: Path, workflow: WorkflowCommand) -> None:
    """With `--stdin` the command reads what we are given, and else nothing."""
    given = workflow("sandbox", "run", "-i", "--", "cat", cwd=folder, stdin="some words")
    assert (given.exit_status, given.stdout) == (0, "some words")
    without = workflow("sandbox", "run", "--", "cat", cwd=folder, stdin="some words")
    assert (without.exit_status, without.stdout) == (0, "")


def test_the_commands_own_options_are_its_own(folder: Path, workflow: WorkflowCommand) -> None:
    """What stands behind the program belongs to it, with and without `--`."""
    ran = workflow("sandbox", "run", "echo", "-n", "--json", cwd=folder)
    assert (ran.exit_status, ran.stdout) == (0, "--json")


@pytest.mark.parametrize("place", ["home", ".", "/proc/self"])
def test_some_folders_are_not_shown(tmp_path: Path, workflow: WorkflowCommand, place: str) -> None:
    """Neither the home folder, nor one that holds it, nor the kernel's own."""
    home = tmp_path / "home"
    home.mkdir()
    ran = workflow("sandbox", "run", "ls", cwd=tmp_path / place, env={"HOME": str(home)})
    assert (ran.exit_status, ran.stdout) == (125, "")
    assert "try: run it in the folder of a project" in ran.stderr


def test_json_has_everything(folder: Path, workflow: WorkflowCommand) -> None:
    """One object with what was printed and how it ended; the status is passed on here, too."""
    argv = ["sh", "-c", "printf 'a\\377'; exit 4"]
    ran = workflow("sandbox", "run", "--json", "--", *argv, cwd=folder)
    told = json.loads(ran.stdout)
    assert ran.exit_status == 4
    assert told.pop("seconds") > 0
    assert told == {
        "argv": argv,
        "exit_status": 4,
        "stdout": "a\\xff",
        "stderr": "",
        "timed_out": False,
        "out_of_memory": False,
        "truncated": False,
    }


def test_without_a_sandbox_nothing_runs(
    folder: Path, workflow: WorkflowCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no walls can be built the status says so, and no command has run."""
    monkeypatch.setenv("WORKFLOW_BUBBLEWRAP", "/nowhere/bwrap")
    ran = workflow("sandbox", "run", "--", "sh", "-c", "echo ran", cwd=folder)
    assert (ran.exit_status, ran.stdout) == (125, "")
    assert "no working sandbox" in ran.stderr


def test_a_terminal_is_not_driven(folder: Path) -> None:
    """On a terminal colours are let through and everything else is shown as what it is."""
    ours, theirs = pty.openpty()
    script = "printf '\\033[31mred\\033[0m \\033]0;title\\007\\n'"
    words = ["-m", "workflow", "sandbox", "run", "--", "sh", "-c", script]
    with subprocess.Popen([sys.executable, *words], cwd=folder, stdout=theirs) as running:
        os.close(theirs)
        said = os.read(ours, 65536)
        assert running.wait(timeout=60) == 0
    os.close(ours)
    assert b"\x1b[31mred\x1b[0m" in said
    assert b"<U+001B>]0;title<U+0007>" in said
