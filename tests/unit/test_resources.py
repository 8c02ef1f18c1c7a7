"""The shipped folders are found in a wheel and in a checkout, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest

from workflow.resources import Folder, MissingResourceError, folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return the folder of a `workflow` package that carries no data."""
    path = tmp_path / "lib" / "workflow"
    path.mkdir(parents=True)
    return path


@pytest.mark.parametrize("name", get_args(Folder))
def test_this_checkout_has_each_folder(name: Folder) -> None:
    """Each folder is found, as an absolute path, for the code under test."""
    found = folder(name)
    assert found.is_absolute()
    assert found.is_dir()
    assert found.name == name


def test_a_wheel_carries_them_as_package_data(package: Path) -> None:
    """In an installed wheel the folder is inside the package."""
    (package / "data" / "prompts").mkdir(parents=True)
    assert folder("prompts", package=package) == package / "data" / "prompts"


def test_a_checkout_has_them_beside_the_package(package: Path) -> None:
    """In a checkout, known by its pyproject.toml, the folder is beside the package."""
    (package.parent / "pyproject.toml").touch()
    (package.parent / "policies").mkdir()
    assert folder("policies", package=package) == package.parent / "policies"


def test_package_data_wins_over_a_folder_beside_it(package: Path) -> None:
    """What was installed together belongs together."""
    (package / "data" / "prompts").mkdir(parents=True)
    (package.parent / "pyproject.toml").touch()
    (package.parent / "prompts").mkdir()
    assert folder("prompts", package=package) == package / "data" / "prompts"


def test_a_folder_of_the_same_name_in_site_packages_is_not_ours(package: Path) -> None:
    """Another distribution's `policies` beside an incomplete installation is never read."""
    (package.parent / "policies").mkdir()
    with pytest.raises(MissingResourceError, match="policies"):
        folder("policies", package=package)


def test_a_missing_folder_is_named_with_the_places_searched(package: Path) -> None:
    """The error says which folder, where it was looked for, and what mends it."""
    (package.parent / "pyproject.toml").touch()
    with pytest.raises(MissingResourceError) as caught:
        folder("sandbox_repo", package=package)
    assert str(package / "data" / "sandbox_repo") in caught.value.message
    assert str(package.parent / "sandbox_repo") in caught.value.message
    assert "install" in caught.value.hint
