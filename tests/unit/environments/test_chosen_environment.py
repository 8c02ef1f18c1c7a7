from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.environments import (
    Choice,
    Configured,
    EnvironmentUnavailableError,
    Installed,
    Mode,
    Source,
)
from workflow.environments.build import Build, base_of
from workflow.environments.sources import wheelhouse
from workflow.environments.wanted import Wanted
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.environments import Read
    from workflow.process import Ran
    from workflow.sandbox import Command, Wall

REAL = Path(sys.executable).resolve()
AS_IT_IS = Choice()


class Never:
    """A sandbox for environments that are there: it fails the test that runs something."""

    def run(self, command: Command) -> Ran:
        """Fail."""
        pytest.fail(f"{command.argv} was run")

    def walls(self) -> tuple[Wall, ...]:
        """Return none."""
        return ()


def chosen(
    top: Path,
    choice: Choice = AS_IT_IS,
    is_committed: Callable[[str], bool] = lambda _: False,
) -> Configured:
    """Return the environments of a work tree."""
    return Configured(choice, Never(), top / "cache", top, is_committed)


def tree(**files: str) -> Read:
    """Return a tree of files, whose names lack `.txt`."""

    def read(path: RepoPath) -> bytes:
        return files[str(path).removesuffix(".txt")].encode()

    return read


def venv(folder: Path) -> Path:
    """Make what is a virtual environment with pytest, and return its Python."""
    packages = folder / "lib" / f"python3.{sys.version_info[1]}" / "site-packages"
    (packages / "pytest").mkdir(parents=True)
    (packages / "pytest" / "__init__.py").write_text("")
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(REAL)
    (folder / "pyvenv.cfg").write_text(f"home = {REAL.parent}\n")
    return folder / "bin" / "python"


@pytest.mark.parametrize("name", [".venv", "venv"])
def test_own_environment_is_taken(tmp_path: Path, name: str) -> None:
    """The project's own environment comes before ours, also from a folder in the project."""
    python = venv(tmp_path / name)
    pair = chosen(tmp_path).pair(tree(), tree(), "backend")
    assert pair.base.source is Source.PROJECT
    assert pair.base.interpreter.program == python
    assert pair.base.told == f"the project's own {name}"


def test_nearest_own_environment_is_taken(tmp_path: Path) -> None:
    """Where a project in a folder has one, it comes before the one at the top."""
    venv(tmp_path / ".venv")
    inner = venv(tmp_path / "backend" / ".venv")
    environments = chosen(tmp_path)
    assert environments.pair(tree(), tree(), "backend").base.interpreter.program == inner
    assert environments.pair(tree(), tree()).base.told == "the project's own .venv"


def test_committed_environment_is_not_taken(tmp_path: Path) -> None:
    """What git tracks is content of the repository, which may be hostile."""
    venv(tmp_path / ".venv")
    environments = chosen(tmp_path, is_committed=lambda path: path == ".venv")
    assert environments.pair(tree(), tree()).base.source is Source.OURS


def test_environment_behind_a_link_is_not_taken(tmp_path: Path) -> None:
    """A link of the work tree does not decide which folder is shown."""
    venv(tmp_path / "elsewhere" / ".venv")
    work = tmp_path / "work"
    work.mkdir()
    (work / "backend").symlink_to(tmp_path / "elsewhere")
    assert chosen(work).pair(tree(), tree(), "backend").base.source is Source.OURS


def test_environment_without_pytest_is_not_taken(tmp_path: Path) -> None:
    """One that cannot run tests is passed over."""
    venv(tmp_path / ".venv")
    (next((tmp_path / ".venv").glob("lib/*/*/pytest")) / "__init__.py").unlink()
    assert chosen(tmp_path).pair(tree(), tree()).base.source is Source.OURS


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_active_environment_comes_before_ours(tmp_path: Path, variable: str) -> None:
    """What this user has activated counts where the project has no environment of its own."""
    python = venv(tmp_path / "active")
    choice = Choice(environ={variable: str(tmp_path / "active")})
    environment = chosen(tmp_path, choice).pair(tree(), tree()).base
    assert environment.source is Source.ACTIVE
    assert environment.interpreter.program == python
    venv(tmp_path / ".venv")
    assert chosen(tmp_path, choice).pair(tree(), tree()).base.source is Source.PROJECT


def test_setting_comes_first(tmp_path: Path) -> None:
    """A named interpreter counts, whatever the project has."""
    venv(tmp_path / ".venv")
    named = venv(tmp_path / "named")
    environment = chosen(tmp_path, Choice(python=str(named))).pair(tree(), tree()).base
    assert environment.source is Source.SETTING
    assert environment.interpreter.program == named


def test_nothing_is_built_unasked(tmp_path: Path) -> None:
    """Without a wheelhouse and a setting, requirements build nothing."""
    wants = tree(requirements="colour")
    pair = chosen(tmp_path).pair(wants, wants)
    assert pair.base.source is Source.OURS
    assert pair.notes == ()
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.INSTALLED])
def test_wheelhouse_builds_only_where_something_is_required(tmp_path: Path, mode: Mode) -> None:
    """With a wheelhouse `auto` would build, unless nothing is required; `installed` never."""
    choice = Choice(mode=mode, wheels=str(tmp_path))
    environments = chosen(tmp_path, choice)
    bare = environments.kept(tree())
    assert bare is not None
    assert bare.source is Source.OURS
    assert environments.pair(tree(), tree()).base == bare
    wants_build = environments.kept(tree(requirements="colour")) is None
    assert wants_build is (mode is Mode.AUTO)


def test_requirements_that_are_not_followed_are_told(tmp_path: Path) -> None:
    """A patch that requires something else runs on what is there, and that is said."""
    pair = chosen(tmp_path).pair(
        tree(requirements="colour==1\nold"), tree(requirements="colour==2\nnew")
    )
    assert pair.is_same
    (note,) = pair.notes
    assert "what tests need (colour==1 -> colour==2, +new, -old)" in note
    assert note.endswith("the Python that runs `workflow`, which is not made anew")


def test_nothing_is_read_for_a_change_elsewhere(tmp_path: Path) -> None:
    """A patch of sources costs no look at what is required."""

    def never(path: RepoPath) -> bytes:
        pytest.fail(f"{path} was read")

    pair = chosen(tmp_path).pair(never, never, "", [RepoPath("app/main.py")])
    assert pair.notes == ()


def test_unreadable_requirements_do_not_stop_what_is_there(tmp_path: Path) -> None:
    """Where nothing is built, a file that cannot be read is a note."""
    pair = chosen(tmp_path).pair(tree(requirements="colour"), tree(requirements="-r gone"))
    assert pair.notes == (
        "what tests need is not read: requirements.txt: 'gone' is not in the repository",
    )


def test_build_of_nothing_is_refused(tmp_path: Path) -> None:
    """A setting that asks for a build of a project that requires nothing is an error."""
    environments = chosen(tmp_path, Choice(mode=Mode.BUILD, wheels=str(tmp_path)))
    with pytest.raises(EnvironmentUnavailableError, match="nothing says") as caught:
        environments.pair(tree(), tree())
    assert "requirements" in caught.value.hint


def test_installed_is_one_for_both() -> None:
    """The simplest of all is the interpreter that runs us, without a word."""
    pair = Installed().pair(tree(), tree())
    assert pair.is_same
    assert pair.notes == ()
    assert pair.base.interpreter.program == Path(sys.executable)


def test_key_tells_what_matters(tmp_path: Path) -> None:
    """Another requirement, bound or wheel is another environment; files and notes are not."""
    python, places = base_of(Path(sys.executable)), wheelhouse(str(tmp_path))
    one = Build(python, Wanted(("a",), (), ("requirements.txt",)), places).key
    assert one == Build(python, Wanted(("a",), (), ("other.txt",), ("note",)), places).key
    assert one == Build(python, Wanted(("a", "pytest")), places).key
    others = [Wanted(("b",)), Wanted(("a",), ("a<2",)), Wanted(("a", "a<2"))]
    keys = {Build(python, wants, places).key for wants in others}
    (tmp_path / "a-1-py3-none-any.whl").write_text("")
    keys.add(Build(python, Wanted(("a",)), wheelhouse(str(tmp_path))).key)
    assert len(keys | {one}) == 5


def test_base_of_an_environment_is_its_installation(tmp_path: Path) -> None:
    """What is built stands on the Python behind a virtual environment, not on its packages."""
    base = base_of(venv(tmp_path / ".venv"))
    assert base.program == REAL
    assert base.folders == (REAL.parent.parent,)
