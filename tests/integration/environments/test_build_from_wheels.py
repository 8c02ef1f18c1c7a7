from __future__ import annotations

import importlib.util
import marshal
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from workflow.environments import EnvironmentUnavailableError, Source
from workflow.sandbox import Command, Limits
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.environments import Configured, Environment, Read
    from workflow.sandbox.bubblewrap import Bubblewrap

    Choose = Callable[..., Configured]
    MakeWheel = Callable[..., Path]
    Tree = Callable[[str], Read]


def said(sandbox: Bubblewrap, environment: Environment, code: str) -> str:
    """Return what some code prints on an environment inside."""
    python = environment.interpreter
    ran = sandbox.run(
        Command(
            argv=(str(python.program), "-c", code),
            read_only=python.folders,
            links=python.links,
            limits=Limits(wall_s=20.0),
        )
    )
    return (ran.stdout + ran.stderr).decode().strip()


def test_environment_has_what_is_required(
    wheels: Path, choose: Choose, tree: Tree, sandbox: Bubblewrap
) -> None:
    """The packages, what they need and pytest are there, compiled, and nothing of ours is."""
    made = choose(wheels).built(tree("colour"))
    assert made.source is Source.BUILT
    assert made.packages == ("colour==2.0", "paint==3.1", "pytest==99.0")
    code = (
        "import colour, importlib.util as u, os, sys; print(colour.__version__, "
        "os.path.isfile(colour.__cached__), u.find_spec('pydantic'), sys.prefix)"
    )
    place = made.interpreter.program.parent.parent
    assert said(sandbox, made, code) == f"2.0 True None {place}"


def test_environment_is_built_once(wheels: Path, choose: Choose, tree: Tree) -> None:
    """A comment changes nothing, a version does; what is kept needs no wheel any more."""
    environments = choose(wheels)
    assert environments.kept(tree("colour")) is None
    first = environments.built(tree("colour"))
    again = environments.kept(tree("# why\nColour\n"))
    assert again == first
    other = environments.built(tree("colour==1.0"))
    assert other.packages == ("colour==1.0", "pytest==99.0")
    assert other.key != first.key


def test_environment_cannot_be_written(
    wheels: Path, choose: Choose, tree: Tree, sandbox: Bubblewrap
) -> None:
    """What runs on it can change neither a package nor the interpreter's settings."""
    made = choose(wheels).built(tree("colour"))
    code = (
        "import colour, sys\n"
        "for name in (colour.__file__, colour.__cached__, sys.prefix + '/pyvenv.cfg'):\n"
        "    try: open(name, 'w')\n"
        "    except OSError as error: print(error.errno)\n"
    )
    assert said(sandbox, made, code).split() == ["30", "30", "30"]


def test_patch_that_requires_more_gets_its_own(wheels: Path, choose: Choose, tree: Tree) -> None:
    """Both trees run on the same unless the patch says otherwise, and then that is told."""
    environments = choose(wheels)
    same = environments.pair(tree("colour==1.0"), tree("colour==1.0  # why"))
    assert same.is_same
    assert same.notes == (f"tests run on {same.base.told}",)
    pair = environments.pair(tree("colour==1.0"), tree("colour==2.0"))
    assert not pair.is_same
    (doubt,) = pair.doubts
    assert doubt.startswith(
        "the patch changes what tests run on: colour==1.0 -> colour==2.0, +paint==3.1; "
    )


def test_package_that_takes_hold_of_the_tests_is_told(
    wheels: Path, wheel: MakeWheel, choose: Choose, tree: Tree
) -> None:
    """Code at start-up, another package's files and another pytest are each a doubt by name."""
    files = {"evil.pth": "import evil\n", "pytest.py": "X = 1\n", "sitecustomize.py": ""}
    wheel(wheels, "evil", "1.0", {**files, "paths.pth": "/somewhere\n"})
    wheel(wheels, "pytest", "98.0")
    pair = choose(wheels).pair(tree("colour"), tree("colour\nevil\npytest==98.0"))
    assert [doubt.rpartition(": ")[2] for doubt in pair.doubts[1:]] == [
        "pytest==99.0 -> pytest==98.0",
        "evil.pth, sitecustomize.py",
        "pytest.py (of evil-1.0 and pytest-98.0)",
    ]


def test_change_elsewhere_reads_the_base_alone(wheels: Path, choose: Choose, tree: Tree) -> None:
    """Where the patch changes none of the files, both trees run on the base's environment."""
    changed = [RepoPath("app.py")]
    pair = choose(wheels).pair(tree("colour==1.0"), tree("never read"), "", changed)
    assert pair.is_same
    changed = [RepoPath("requirements.txt")]
    assert not choose(wheels).pair(tree("colour==1.0"), tree("paint"), "", changed).is_same


def test_missing_wheel_says_which_to_fetch(wheels: Path, choose: Choose, tree: Tree) -> None:
    """A package that the wheelhouse lacks is named, with the command that fetches it."""
    with pytest.raises(EnvironmentUnavailableError) as caught:
        choose(wheels).built(tree("colour\nabsent>=2"))
    assert "there is no wheel of 'absent>=2' for this Python" in caught.value.message
    assert f"-d {wheels} 'absent>=2'" in caught.value.hint
    with pytest.raises(EnvironmentUnavailableError, match=r"where the newest is 2\.0"):
        choose(wheels).built(tree("colour>=3"))


def test_contradiction_is_told(wheels: Path, wheel: MakeWheel, choose: Choose, tree: Tree) -> None:
    """Requirements that cannot be met together are told as that."""
    wheel(wheels, "paint", "2.0")
    with pytest.raises(EnvironmentUnavailableError, match="contradict one another"):
        choose(wheels).built(tree("colour==2.0\npaint<3"))


def test_patched_tree_is_named_where_it_fails(wheels: Path, choose: Choose, tree: Tree) -> None:
    """A patch that asks for what is not there is at fault, and that is said."""
    with pytest.raises(EnvironmentUnavailableError, match=r"on the patched tree, .*absent"):
        choose(wheels).pair(tree("colour"), tree("colour\nabsent"))


def test_source_is_never_executed(tmp_path: Path, wheels: Path, choose: Choose, tree: Tree) -> None:
    """A package without a wheel is not there: to build one would be to execute its code."""
    (tmp_path / "setup.py").write_text("raise SystemExit('setup has run')\n")
    (tmp_path / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    with tarfile.open(wheels / "evil-1.0.tar.gz", "w:gz") as archive:
        for name in ("setup.py", "PKG-INFO"):
            archive.add(tmp_path / name, f"evil-1.0/{name}")
    with pytest.raises(EnvironmentUnavailableError, match="no wheel of 'evil'") as caught:
        choose(wheels).built(tree("evil"))
    assert "setup has run" not in caught.value.message


def test_compiled_code_of_a_wheel_is_dropped(
    wheels: Path, wheel: MakeWheel, choose: Choose, tree: Tree, sandbox: Bubblewrap
) -> None:
    """A wheel whose compiled module says something else than its source is harmless."""
    code = marshal.dumps(compile("__version__ = 'forged'\n", "evil.py", "exec"))
    # The flag says: never look at the source.
    poisoned = importlib.util.MAGIC_NUMBER + b"\x01\0\0\0" + b"\0" * 8 + code
    cached = f"__pycache__/evil.{sys.implementation.cache_tag}.pyc"
    wheel(wheels, "evil", "1.0", {cached: poisoned, "hidden.pyc": poisoned})
    made = choose(wheels).built(tree("evil"))
    look = "import evil, importlib.util as u; print(evil.__version__, u.find_spec('hidden'))"
    assert said(sandbox, made, look) == "1.0 None"


def test_wheel_cannot_write_outside(
    tmp_path: Path, wheels: Path, wheel: MakeWheel, choose: Choose, tree: Tree
) -> None:
    """A wheel with a path that leads out of the environment does not get there."""
    wheel(wheels, "evil", "1.0", {"../../../../../escaped.py": "x"})
    with pytest.raises(EnvironmentUnavailableError):
        choose(wheels).built(tree("evil"))
    assert not list(tmp_path.rglob("escaped.py"))
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]


@pytest.mark.parametrize("line", ["-r /etc/passwd", "-c ../../etc/passwd", "-r pyvenv.cfg"])
def test_requirement_file_includes_no_file_of_the_host(
    wheels: Path, choose: Choose, tree: Tree, line: str
) -> None:
    """An included file that is none of the tree is refused before anything is built."""
    with pytest.raises(EnvironmentUnavailableError, match="is not in the repository"):
        choose(wheels).pair(tree("colour"), tree(f"colour\n{line}"))
