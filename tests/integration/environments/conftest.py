"""Wheels made by the test, folders of them, and the real sandbox to build in."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Protocol

import pytest

from workflow.environments import Choice, Configured, Mode
from workflow.sandbox.bubblewrap import Bubblewrap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from workflow.environments import Read
    from workflow.types import RepoPath


class MakeWheel(Protocol):
    """Writes a wheel into a folder."""

    def __call__(
        self,
        folder: Path,
        name: str,
        version: str = "1.0",
        files: Mapping[str, str | bytes] | None = None,
        needs: tuple[str, ...] = (),
    ) -> Path:
        """Return the wheel of a package whose module says its version; `needs` are its own."""
        ...


@pytest.fixture
def wheel() -> MakeWheel:
    """Return the maker of wheels."""

    def make(
        folder: Path,
        name: str,
        version: str = "1.0",
        files: Mapping[str, str | bytes] | None = None,
        needs: tuple[str, ...] = (),
    ) -> Path:
        info = f"{name}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        metadata += "".join(f"Requires-Dist: {one}\n" for one in needs)
        all_files: dict[str, str | bytes] = {
            f"{name}.py": f"__version__ = {version!r}\n",
            **(files or {}),
            f"{info}/METADATA": metadata,
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{path},,\n" for path in [*all_files, f"{info}/RECORD"])
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for place, content in {**all_files, f"{info}/RECORD": record}.items():
                archive.writestr(place, content)
        return path

    return make


@pytest.fixture
def wheels(tmp_path: Path, wheel: MakeWheel) -> Path:
    """Return a wheelhouse with a pytest that is none, and two versions of a package."""
    folder = tmp_path / "wheels"
    wheel(folder, "pytest", "99.0")
    wheel(folder, "colour", "1.0")
    wheel(folder, "colour", "2.0", needs=("paint>=3",))
    wheel(folder, "paint", "3.1", {"bin_paint.py": "print('painted')\n"})
    return folder


@pytest.fixture(scope="session")
def sandbox() -> Bubblewrap:
    """Return the real sandbox; a machine without one fails the suite."""
    return Bubblewrap()


class Choose(Protocol):
    """Makes environments that are built from a wheelhouse, or by pip's configuration."""

    def __call__(self, wheels: Path | None = None, **variables: str) -> Configured:
        """Return them; without a wheelhouse the variables are those that pip sees."""
        ...


@pytest.fixture
def choose(tmp_path: Path, sandbox: Bubblewrap) -> Choose:
    """Return the maker of environments, with a cache of this test's own."""

    def make(wheels: Path | None = None, **variables: str) -> Configured:
        choice = Choice(
            mode=Mode.BUILD,
            wheels=str(wheels) if wheels else "",
            environ={"PIP_CONFIG_FILE": "/dev/null", **variables},
        )
        return Configured(choice, sandbox, tmp_path / "cache")

    return make


@pytest.fixture
def tree() -> Callable[[str], Read]:
    """Return the maker of trees that hold a `requirements.txt` of this text and nothing else."""

    def make(text: str) -> Read:
        def read(path: RepoPath) -> bytes:
            return {"requirements.txt": text.encode()}[str(path)]

        return read

    return make
