"""Whether the program of a gate can be found where the gate runs, for `workflow doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.sandbox import Command

if TYPE_CHECKING:
    from workflow.gates.command.gate import CommandGate
    from workflow.sandbox import Sandbox
    from workflow.sandbox.interpreter import Interpreter

_FIND = 'command -v -- "$0"'


def program(gate: CommandGate, python: Interpreter | None, sandbox: Sandbox) -> str:
    """Return the place of the gate's program inside; empty where there is none.

    `python` is the interpreter of the project's tests.  Raises `SandboxUnavailableError`.
    """
    argv = ("/bin/sh", "-c", _FIND, gate.settings.argv[0])
    ran = sandbox.run(
        Command(
            argv=argv,
            env={"PATH": gate.path(python)},
            read_only=gate.shown(python),
            links=python.links if python else (),
        )
    )
    return ran.stdout.decode("utf-8", "replace").strip() if ran.is_ok else ""
