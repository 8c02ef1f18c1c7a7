"""The namespace of a rootless container engine: the product's own sandbox stands in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import workflow
from workflow.sandbox import engine

WALLS = """
import json, sys
from workflow.sandbox.bubblewrap import Bubblewrap
from workflow.sandbox.launcher import LAUNCHER
LAUNCHER.through(tuple(json.loads(sys.argv[1])))
walls = {wall.name: wall.stands for wall in Bubblewrap().walls() if wall.needed}
words = open(f'/proc/{LAUNCHER.pid}/cmdline').read().split(chr(0))
print(json.dumps([words[:2], walls]))
"""


def test_root_borrows_no_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's root needs none, and engines would run it as root."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert not engine.words()


def test_without_an_engine_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is guessed: no program, no words; nor with one that cannot do it."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not engine.words()
    (tmp_path / "podman").write_text("#!/bin/sh\nexit 125\n")
    (tmp_path / "podman").chmod(0o755)
    assert not engine.words()


def test_words_start_a_command_with_its_descriptors(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With an engine that does as told, the command gets its words and what is open."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "podman").write_text('#!/bin/sh\n[ "$1" = unshare ] && shift && exec "$@"\n')
    (tmp_path / "podman").chmod(0o755)
    found = engine.words()
    if not found:
        pytest.skip("no user namespace may be made here")
    assert found[-2:] == (str(tmp_path / "podman"), "unshare")
    read, write = os.pipe()
    script = f"echo through >/dev/fd/{write}; env | sed 's/=.*//' | sort"
    done = subprocess.run(
        [*found, "sh", "-c", script], pass_fds=[write], env={}, capture_output=True, check=True
    )
    os.close(write)
    assert os.read(read, 99) == b"through\n"
    os.close(read)
    known = {"HOME", "PATH", "PWD", "XDG_RUNTIME_DIR", "SHLVL", "_", "OLDPWD"}
    assert set(done.stdout.decode().split()) <= known


def test_every_needed_wall_stands_in_the_engines_namespace() -> None:
    """With the real engine of this machine, for a user with subordinate ids."""
    found = engine.words()
    if not found:
        pytest.skip("needs podman, uidmap and a user with subordinate ids who is not root")
    paths = [str(Path(workflow.__file__).parents[1]), *[path for path in sys.path if path]]
    done = subprocess.run(
        [sys.executable, "-c", WALLS, json.dumps(found)],
        env={**os.environ, "PYTHONPATH": ":".join(paths), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    words, walls = json.loads(done.stdout)
    assert words == list(found[-2:])
    assert all(walls.values()), walls
