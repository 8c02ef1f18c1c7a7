"""The real sandbox, and a runner that makes the same attempt without and within it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from workflow.sandbox import Command, Limits, Network, Scratch
from workflow.sandbox.bubblewrap import Bubblewrap
from workflow.sandbox.interpreter import interpreter

if TYPE_CHECKING:
    from workflow.process import Ran

LIMITS = Limits(wall_s=10.0, address_space=1024**3, file_size=4 * 1024**2, processes=24)


@pytest.fixture(scope="session")
def sandbox() -> Bubblewrap:
    """Return the real sandbox; a machine without one fails the suite."""
    return Bubblewrap()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a small tree of this test's own."""
    root = tmp_path / "tree"
    (root / "folder").mkdir(parents=True)
    (root / "file").write_text("as it was")
    return root


class Confined(Protocol):
    """Runs Python inside the sandbox, on the test's tree."""

    def __call__(self, code: str, limits: Limits = LIMITS, network: Network = Network.NONE) -> Ran:
        """Return how it ended."""
        ...


class Naked(Protocol):
    """Runs the same Python as a plain process, in the test's tree."""

    def __call__(self, code: str) -> str:
        """Return what it printed."""
        ...


@pytest.fixture
def confined(sandbox: Bubblewrap, tree: Path) -> Confined:
    """Return the runner within the walls."""
    python = interpreter(Path(sys.executable))

    def run(code: str, limits: Limits = LIMITS, network: Network = Network.NONE) -> Ran:
        words = (str(python.program), "-I", "-S", "-c", code)
        return sandbox.run(
            Command(
                argv=words,
                tree=Scratch(tree),
                read_only=python.folders,
                limits=limits,
                network=network,
            )
        )

    return run


@pytest.fixture
def naked(tree: Path) -> Naked:
    """Return the runner without any wall: what it can do shows that the attempt is a real one."""

    def run(code: str) -> str:
        argv = [sys.executable, "-I", "-S", "-c", code]
        return subprocess.run(
            argv, cwd=tree, capture_output=True, text=True, check=False, timeout=20
        ).stdout

    return run
