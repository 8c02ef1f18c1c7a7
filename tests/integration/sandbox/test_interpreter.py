from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.errors import UsageError
from workflow.sandbox import Command, Limits
from workflow.sandbox.interpreter import interpreter

if TYPE_CHECKING:
    from workflow.sandbox.bubblewrap import Bubblewrap

PRIVATE = "not for others"
REAL = Path(sys.executable).resolve()
SYSTEM = Path("/usr/bin/python3")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a scratch home with a folder of secrets and a repository."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_rsa").write_text(PRIVATE)
    (home / "repo").mkdir()
    monkeypatch.setenv("HOME", str(home))
    return home


def environment(folder: Path, target: Path, base: Path | None = None) -> Path:
    """Make what looks like a virtual environment, and return its Python."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(target)
    (folder / "pyvenv.cfg").write_text(f"home = {base or target.parent}\n")
    return folder / "bin" / "python"


def said(sandbox: Bubblewrap, python: Path, code: str) -> str:
    """Return what some code prints on that Python inside."""
    found = interpreter(python)
    argv = (str(found.program), "-c", code)
    limits = Limits(wall_s=20.0)
    command = Command(argv=argv, read_only=found.folders, links=found.links, limits=limits)
    ran = sandbox.run(command)
    return (ran.stdout + ran.stderr).decode()


def test_home_of_a_hostile_environment_is_not_shown(home: Path, sandbox: Bubblewrap) -> None:
    """A `pyvenv.cfg` that names a folder of secrets does not bring it inside."""
    python = environment(home / "repo" / ".venv", REAL, home / ".ssh")
    secret = home / ".ssh" / "id_rsa"
    script = f"read line < {secret}; echo $line"
    shell = Command(argv=("/bin/sh", "-c", script), read_only=interpreter(python).folders)
    assert PRIVATE not in sandbox.run(shell).stdout.decode()
    assert all(home / ".ssh" not in {path, *path.parents} for path in interpreter(python).folders)


@pytest.mark.parametrize("deep", ["private", "private/bin", ".local/bin"])
def test_links_through_a_private_folder_are_shown_alone(
    home: Path, sandbox: Bubblewrap, deep: str
) -> None:
    """Of a folder on the way, such as uv's `~/.local/bin`, nothing but the one link is seen."""
    private = home / deep
    private.mkdir(parents=True)
    (private / "secret").write_text(PRIVATE)
    (private / "python").symlink_to(REAL)
    python = environment(home / "repo" / ".venv", private / "python")
    assert not any(folder in {private, *private.parents} for folder in interpreter(python).folders)
    code = f"import json, os, sys; print(sys.prefix, os.listdir({str(private)!r}))"
    assert said(sandbox, python, code).split() == [str(home / "repo" / ".venv"), "['python']"]


@pytest.mark.parametrize("version", ["own", "system"])
def test_environments_with_a_copy_of_the_program_run(
    version: str, tmp_path: Path, sandbox: Bubblewrap
) -> None:
    """`venv --copies` leaves only a line of text to say where the library is."""
    base = REAL if version == "own" else SYSTEM
    words = [str(base), "-m", "venv", "--copies", "--without-pip", str(tmp_path / "made")]
    subprocess.run(words, check=True)
    python = tmp_path / "made" / "bin" / "python"
    assert not python.is_symlink()
    assert said(sandbox, python, "import json, sys; print(sys.prefix)").strip() == str(
        tmp_path / "made"
    )


def test_copy_cannot_choose_what_is_shown(home: Path) -> None:
    """A program beside a `pyvenv.cfg` that names a folder of secrets is no Python."""
    python = environment(home / "repo" / ".venv", REAL, home / ".ssh")
    python.unlink()
    python.write_text("#!/bin/sh\n")
    (home / ".ssh" / "python").write_text("")
    with pytest.raises(UsageError, match="home folder"):
        interpreter(python)


def test_shim_of_pyenv_is_refused_with_the_way_out(home: Path) -> None:
    """A shim is a shell script that chooses a Python by the folder it is started in."""
    shims = home / ".pyenv" / "shims"
    shims.mkdir(parents=True)
    (shims / "python").write_text("#!/bin/sh\n")
    with pytest.raises(UsageError, match="is no Python") as caught:
        interpreter(shims / "python")
    assert "pyenv which" in caught.value.hint


def test_links_through_a_disguised_folder_are_refused(home: Path) -> None:
    """A folder that is called `bin` in an environment but is a link elsewhere is refused."""
    (home / "private").mkdir()
    (home / "private" / "python").symlink_to(REAL)
    fake = home / "repo" / "fake"
    fake.mkdir()
    (fake / "pyvenv.cfg").write_text("")
    (fake / "bin").symlink_to(home / "private")
    python = environment(home / "repo" / ".venv", fake / "bin" / "python")
    with pytest.raises(UsageError, match="leads through"):
        interpreter(python)


def test_program_outside_an_installation_is_refused(home: Path) -> None:
    """A link to any file does not show the folders around that file."""
    deeper = home / ".ssh" / "keys" / "bin"
    deeper.mkdir(parents=True)
    (deeper / "key").write_text(PRIVATE)
    first = environment(home / "repo" / "one", home / ".ssh" / "id_rsa")
    with pytest.raises(UsageError, match="home folder"):
        interpreter(first)
    second = environment(home / "repo" / "two", deeper / "key")
    with pytest.raises(UsageError, match="is no Python"):
        interpreter(second)


def test_what_may_not_be_looked_at_is_no_python(home: Path) -> None:
    """Where another account's folder is in the way, that is said; root finds that it is none."""
    closed = home / "closed"
    (closed / "bin").mkdir(parents=True)
    (closed / "bin/python").write_text("")
    closed.chmod(0)
    try:
        with pytest.raises(UsageError, match="no Python"):
            interpreter(closed / "bin/python")
    finally:
        closed.chmod(0o700)


@pytest.mark.parametrize("at", ["", "repo"])
def test_home_and_repository_are_never_shown_whole(home: Path, at: str) -> None:
    """Neither a home nor a repository counts as an environment, whatever it holds."""
    (home / "repo" / ".git").mkdir()
    with pytest.raises(UsageError, match="would show"):
        interpreter(environment(home / at, REAL))


def test_other_name_of_the_same_python_is_shown(home: Path, sandbox: Bubblewrap) -> None:
    """An environment made from a linked installation, as uv makes it, runs."""
    alias = home / "alias"
    alias.symlink_to(REAL.parent.parent)
    python = environment(home / "repo" / ".venv", alias / "bin" / REAL.name)
    assert alias in interpreter(python).folders
    assert said(sandbox, python, "import json, sys; print(sys.prefix)").strip() == str(
        home / "repo" / ".venv"
    )


@pytest.mark.parametrize("kind", ["own", "system", "bin", "nested"])
def test_ordinary_environments_run(
    kind: str, tmp_path: Path, home: Path, sandbox: Bubblewrap
) -> None:
    """Environments of this Python, of the system's and of another environment run inside."""
    made = tmp_path / "made"
    argv = ["-m", "venv", "--without-pip", str(made)]
    if kind == "own":
        python = Path(sys.executable)
    else:
        base = {"system": SYSTEM, "bin": Path("/bin/python3")}.get(kind, Path(sys.executable))
        subprocess.run([str(base), *argv], check=True)
        python = made / "bin" / "python"
    if kind == "nested":
        subprocess.run([str(python), *argv[:-1], str(tmp_path / "second")], check=True)
        python = environment(home / "third", tmp_path / "second" / "bin" / "python")
    shown = said(sandbox, python, "import json, sys; print(sys.prefix)").strip()
    assert shown == os.path.normpath(python.parent.parent)


def test_relative_path_is_refused() -> None:
    """A relative path would depend on where the command was started."""
    with pytest.raises(UsageError, match="must be absolute"):
        interpreter(Path(".venv/bin/python"))
