"""What is installed is complete: the wheel, the editable install, the pins."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import get_args

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from workflow.resources import Folder, folder

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDERS: tuple[Folder, ...] = get_args(Folder)
BUILD_TIMEOUT_S = 120
NOT_SHIPPED = shutil.ignore_patterns(
    ".git", ".venv", ".hypothesis", ".*_cache", "__pycache__", "*.pyc", ".DS_Store"
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what a wheel is built from, as clean as a fresh clone."""
    path = tmp_path_factory.mktemp("source") / "a checkout"
    path.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(CHECKOUT / name, path)
    for name in ("workflow", *FOLDERS):
        shutil.copytree(CHECKOUT / name, path / name, ignore=NOT_SHIPPED)
    return path


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel offline, from a tree in which somebody has worked."""
    worked_in = source.with_name("worked in")
    shutil.copytree(source, worked_in)
    for litter in (
        "sandbox_repo/.venv/lib/x.py",
        "sandbox_repo/.pytest_cache/x",
        "sandbox_repo/app/__pycache__/x.cpython-311.pyc",
        "workflow/__pycache__/x.cpython-311.pyc",
        "workflow/.mypy_cache/x",
    ):
        (worked_in / litter).parent.mkdir(parents=True)
        (worked_in / litter).touch()
    out = tmp_path_factory.mktemp("wheel")
    offline = ("--no-index", "--no-deps", "--no-build-isolation")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", *offline, "-w", str(out), str(worked_in)],
        check=True,
        timeout=BUILD_TIMEOUT_S,
    )
    (built,) = out.iterdir()
    return built


def _files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", FOLDERS)
def test_the_wheel_carries_each_folder_whole(name: Folder, source: Path, wheel: Path) -> None:
    """Every file of the folder is in the wheel, dotfiles too, and no file beyond them."""
    expected = _files(source / name)
    assert expected
    prefix = f"workflow/data/{name}/"
    listed = {
        entry.removeprefix(prefix)
        for entry in zipfile.ZipFile(wheel).namelist()
        if entry.startswith(prefix)
    }
    assert listed == expected


def test_the_wheel_carries_the_code_and_nothing_else(source: Path, wheel: Path) -> None:
    """Outside its data the wheel holds the package's own files and its metadata."""
    listed = {
        entry
        for entry in zipfile.ZipFile(wheel).namelist()
        if not entry.startswith("workflow/data/") and ".dist-info/" not in entry
    }
    assert listed == {f"workflow/{name}" for name in _files(source / "workflow")}


def test_the_patient_keeps_its_dotfiles(wheel: Path) -> None:
    """`sandbox_repo` is a repository in waiting: its .gitignore has to travel."""
    assert "workflow/data/sandbox_repo/.gitignore" in zipfile.ZipFile(wheel).namelist()


def test_an_installed_wheel_finds_its_folders_from_anywhere(wheel: Path, tmp_path: Path) -> None:
    """Installed away from the checkout, each folder is found inside the installation."""
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from workflow.resources import folder\n"
        "print(*map(folder, sys.argv[2:]), sep='\\n')"
    )
    # NOTE: -S keeps the running environment's editable install out of sight.
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(site), *FOLDERS],
        cwd="/",
        check=True,
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT_S,
    )
    assert ran.stdout.splitlines() == [str(site / "workflow" / "data" / name) for name in FOLDERS]


def test_this_environment_is_an_editable_install_of_this_checkout() -> None:
    """The tests run the code of this checkout and its folders, not a copy."""
    for name in FOLDERS:
        assert folder(name) == CHECKOUT / name


def _asked_for(*, with_tools: bool) -> set[str]:
    """Return the normal names of what pyproject.toml asks for, with the demo's and the build's."""
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    groups = settings["dependency-groups"]
    return {
        canonicalize_name(Requirement(line).name)
        for line in itertools.chain(
            settings["build-system"]["requires"],
            settings["project"]["dependencies"],
            settings["project"]["optional-dependencies"]["demo"],
            groups["build"],
            groups["dev"] if with_tools else (),
        )
    }


def _pins(name: str) -> dict[str, str]:
    text = (CHECKOUT / "constraints" / name).read_text()
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", text, flags=re.MULTILINE))


@pytest.mark.parametrize(("name", "with_tools"), [("demo.txt", False), ("dev.txt", True)])
def test_everything_asked_for_is_pinned(name: str, *, with_tools: bool) -> None:
    """A dependency in pyproject.toml without a pin means: run `make constraints`."""
    assert _asked_for(with_tools=with_tools) <= _pins(name).keys()


def test_both_files_pin_the_same_versions() -> None:
    """What the demo runs on is what the tests test."""
    assert _pins("demo.txt").items() <= _pins("dev.txt").items()


@pytest.mark.parametrize("name", ["demo.txt", "dev.txt"])
def test_pins_hold_hashes_and_no_addresses(name: str) -> None:
    """Where packages come from is the reader's pip configuration; what they are is the hash."""
    text = (CHECKOUT / "constraints" / name).read_text()
    assert "://" not in text
    assert "-url" not in text
    for block in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        assert "--hash=sha256:" in block
