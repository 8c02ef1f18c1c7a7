"""What the gates' tools are on this machine, for `workflow doctor`: values, nothing printed.

A configured program may come from a repository's settings, so it is asked inside the sandbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.errors import WorkflowError
from workflow.gates.nginx import binaries
from workflow.gates.text import one_line
from workflow.sandbox import Command, Limits

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.gates.nginx.binaries import Binary
    from workflow.process import Ran
    from workflow.sandbox import Sandbox
    from workflow.sandbox.interpreter import Interpreter

_LIMITS = Limits(wall_s=20.0, output=1024 * 1024)
_NGINX = "set `[gates.nginx] binary`"
_PYTHON = (
    "set `[gates.pytest] python` to an interpreter that has pytest, or make a `.venv` with pytest "
    "and what the tests import"
)


class ToolError(WorkflowError):
    """A configured tool is not there, or does not answer."""


@dataclass(frozen=True, slots=True)
class Pytest:
    """A pytest: the interpreter that has it, and both versions."""

    python: Path
    python_version: str
    version: str


def nginx(sandbox: Sandbox, binary: str) -> Binary:
    """Return the nginx that a setting names, asked for its version and modules.

    Raises `ToolError` when there is none, or when what is there does not answer as nginx does.
    """
    found = binaries.find(binary)
    if found is None:
        message = f"there is no nginx at {binary!r}"
        raise ToolError(message, hint=_NGINX)
    if not binaries.can_be_shown(found):
        message = f"{found.program} cannot be shown in the sandbox"
        raise ToolError(message, hint=_NGINX)
    known = binaries.known(sandbox, found)
    if not known.version:
        message = f"{found.program}: no answer that nginx gives"
        raise ToolError(message, hint=_NGINX)
    return known


def pytest(sandbox: Sandbox, python: Interpreter) -> Pytest:
    """Return the pytest of a Python; `ToolError` where it has none."""
    code = "import sys, pytest; print(*sys.version_info[:3], sep='.'); print(pytest.__version__)"
    # NOTE: isolated, and without a tree: what it imports is the environment's own.
    argv = (str(python.program), "-I", "-c", code)
    command = Command(argv=argv, read_only=python.folders, links=python.links, limits=_LIMITS)
    ran = sandbox.run(command)
    python_version, version, *_ = [*_answer(ran, python.program, _PYTHON).split(), "", ""]
    return Pytest(python.program, python_version, version)


def _answer(ran: Ran, path: Path, hint: str) -> str:
    said = (ran.stdout + ran.stderr).decode("utf-8", "replace")
    if not ran.is_ok:
        last = said.strip().splitlines()[-1:] or ["no answer"]
        message = f"{path}: {one_line(last[0])}"
        raise ToolError(message, hint=hint)
    return said
