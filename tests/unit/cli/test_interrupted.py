from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

EARLY = """
import os, signal, sys
from importlib.abc import MetaPathFinder
signal.signal(signal.SIGINT, signal.default_int_handler)
class Press(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            {module!r} in pressed or pressed.append(name) or os.kill(os.getpid(), signal.SIGINT)
pressed = []
sys.meta_path.insert(0, Press())
sys.argv[1:] = {arguments!r}
from workflow.cli import main
main()
"""


def _interrupted(module: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command, and press Ctrl-C when it imports a module."""
    return subprocess.run(
        [sys.executable, "-P", "-c", EARLY.format(module=module, arguments=list(arguments))],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("module", ["sqlite3", "rich.text", "workflow.cli.output"])
def test_ctrl_c_while_loading_is_one_line(tmp_path: Path, module: str) -> None:
    """Pressed before anything can be said well, it is still no traceback."""
    run = _interrupted(module, "patch", "check", folder=tmp_path)
    assert (run.returncode, run.stdout) == (128 + signal.SIGINT, "")
    assert run.stderr == "error: interrupted: nothing was begun\n"
    told = _interrupted(module, "patch", "check", "--json", folder=tmp_path)
    assert json.loads(told.stdout)["exit_code"] == 128 + signal.SIGINT


def test_the_hint_knows_where_it_is(tmp_path: Path) -> None:
    """Proposals are spoken of in a repository only."""
    run = _interrupted("typer.main", "list", folder=tmp_path)
    assert run.returncode == 128 + signal.SIGINT
    assert run.stderr == "error: interrupted\n  try: run it again\n"
    (tmp_path / ".git").mkdir()
    assert "`workflow list`" in _interrupted("typer.main", "list", folder=tmp_path).stderr
