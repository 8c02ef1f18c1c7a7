from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from workflow.sandbox import Command, Scratch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GitRepo, GitRepoFactory
    from tests.integration.sandbox.conftest import Confined, Naked
    from workflow.sandbox.bubblewrap import Bubblewrap

# Each is written by the tested code; MARK is a path of the host, touched by whoever falls for it.
HOOK = """
import os
os.makedirs(".git/hooks", exist_ok=True)
with open(".git/hooks/pre-commit", "w") as file: file.write("#!/bin/sh\\ntouch MARK\\n")
os.chmod(".git/hooks/pre-commit", 0o755)
"""
CONFIG = """
with open(".git/config", "a") as file: file.write('''{section}''')
with open(".gitattributes", "w") as file: file.write("* filter=f diff=d\\n")
with open("file", "a") as file: file.write("changed\\n")
"""
OTHER = """
import os, shutil
shutil.copytree(".git", "evil")
shutil.rmtree(".git")
with open("evil/config", "a") as file: file.write('[core]\\nfsmonitor = "touch MARK;:"\\n')
with open(".git", "w") as file: file.write("gitdir: evil")
"""
POISONS = {
    "hook": (HOOK, ("commit", "--allow-empty", "-m", "x")),
    "monitor": (CONFIG.format(section='[core]\nfsmonitor = "touch MARK;:"\n'), ("status",)),
    "filter": (CONFIG.format(section='[filter "f"]\nclean = "touch MARK; cat"\n'), ("diff",)),
    "external diff": (CONFIG.format(section='[diff]\nexternal = "touch MARK;:"\n'), ("diff",)),
    "text conversion": (
        CONFIG.format(section='[diff "d"]\ntextconv = "touch MARK; cat"\n'),
        ("diff",),
    ),
    "alias": (CONFIG.format(section='[alias]\nst = "!touch MARK"\n'), ("st",)),
    "connection": (
        CONFIG.format(section='[core]\nsshCommand = "touch MARK;:"\n'),
        ("fetch", "ssh://h/x"),
    ),
    "other folder": (OTHER, ("status",)),
}


@pytest.fixture
def tree(git_repo: GitRepoFactory) -> Path:
    """Return a repository as the tree, with its `.git`: no product tree has one."""
    return git_repo({"file": "as it was\n"}).path


@pytest.mark.parametrize("name", POISONS)
def test_git_of_the_host_runs_nothing_that_was_planted(
    name: str, tree: Path, tmp_path: Path, confined: Confined, naked: Naked
) -> None:
    """What the tested code plants in a `.git` never reaches the one that the host's git reads."""
    mark = tmp_path / "mark"
    code, words = POISONS[name]
    code = code.replace("MARK", str(mark))

    def look() -> None:
        # NOTE: the host's git may fail on what was planted; only the mark counts.
        subprocess.run(["git", *words], cwd=tree, check=False, capture_output=True, timeout=20)

    ran = confined(code)
    assert ran.is_ok, ran.stderr
    look()
    assert not mark.exists()
    naked(code)
    look()
    assert mark.exists()


def test_no_descriptor_takes_a_forged_report(sandbox: Bubblewrap) -> None:
    """A run without a report pipe can write to no descriptor but its outputs, whatever it says."""
    code = (
        "import os\n"
        "for fd in range(3, 256):\n"
        "    try: os.write(fd, b'{\"exit-code\": 0}\\n')\n"
        "    except OSError: continue\n"
        "    print('took', fd, flush=True)\n"
        "os._exit(7)\n"
    )
    ran = sandbox.run(Command(argv=("/usr/bin/python3", "-c", code)))
    assert (ran.exit_status, ran.stdout, ran.report) == (7, b"", b"")
    read, write = os.pipe()
    words = [sys.executable, "-c", code]
    bare = subprocess.run(words, pass_fds=(write,), capture_output=True, check=False, timeout=20)
    assert b"took" in bare.stdout
    assert os.read(read, 99)
    os.close(read)
    os.close(write)


def test_files_that_pose_as_reports_are_not_read(sandbox: Bubblewrap, tree: Path) -> None:
    """What is written into the tree is no result: the report is what came over the pipe alone."""
    code = (
        "import os\n"
        "for name in ('report', 'report.xml', 'junit.xml', 'exit-code', 'status.json'):\n"
        "    open(name, 'w').write('passed')\n"
        "os.symlink('report', '/tmp/report')\n"
        "os._exit(3)\n"
    )
    command = Command(argv=("/usr/bin/python3", "-c", code), tree=Scratch(tree), report=True)
    ran = sandbox.run(command)
    assert (ran.exit_status, ran.report, ran.stdout) == (3, b"", b"")
    assert sorted(path.name for path in tree.iterdir()) == [".git", "file"]


def test_run_that_kills_all_it_can_is_not_a_success(sandbox: Bubblewrap) -> None:
    """Signals to parents and to everybody end the run itself at most, and show."""
    code = (
        "import os, signal\n"
        "for pid in (1, os.getppid(), -1):\n"
        "    try: os.kill(pid, signal.SIGKILL)\n"
        "    except OSError: pass\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ran = sandbox.run(Command(argv=("/usr/bin/python3", "-c", code)))
    assert not ran.is_ok
    assert ran.exit_status in {128 + 9, -9, None}
    assert sandbox.run(Command(argv=("true",))).is_ok


def test_git_inside_does_not_see_a_repository_outside(
    sandbox: Bubblewrap, git_repo: GitRepoFactory
) -> None:
    """Git in the tree finds no repository above it, though the host's folder lies in one."""
    repo: GitRepo = git_repo({"part/file": "text"}, name="outer")
    command = Command(
        argv=("git", "rev-parse", "--show-toplevel"), tree=Scratch(repo.path / "part")
    )
    ran = sandbox.run(command)
    assert (ran.exit_status, ran.stdout) == (128, b"")
    assert repo.git("-C", "part", "rev-parse", "--show-toplevel") == str(repo.path)
