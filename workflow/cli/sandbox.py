"""`workflow sandbox run`: any command behind the walls that gates run behind."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import wiring
from workflow.cli import session
from workflow.cli.output import Output, abandon_stdout, visible
from workflow.errors import UsageError, WorkflowError
from workflow.sandbox import TREE, Command, Laid, Limits, Network, Scratch

if TYPE_CHECKING:
    from workflow.process import Ran
    from workflow.sandbox.interpreter import Interpreter

TIMED_OUT, NOT_RUN, ENDED = 124, 125, 137
"""As of `timeout`, of `docker run`, and of a shell for a killed program."""
_OUTPUT = 64 * 1024 * 1024
_MIB = 1024**2
# Colour and weight; everything else that drives a terminal is shown as what it is.
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")


@dataclass(frozen=True, slots=True)
class Asked:
    """A command with its words, seconds that it may take and MiB of memory."""

    argv: tuple[str, ...]
    timeout: float
    memory: int
    loopback: bool = False
    stdin: bool = False
    as_json: bool = False


def run(asked: Asked) -> int:
    """Run the command, pass on what it prints, and return its exit status."""
    try:
        ran = _run(asked, session.here())
    except WorkflowError as error:
        Output(as_json=asked.as_json).error(error.message, error.hint, NOT_RUN)
        return NOT_RUN
    status = _status(ran)
    if asked.as_json:
        said = {
            "argv": list(asked.argv),
            "exit_status": status,
            "stdout": ran.stdout.decode("utf-8", "backslashreplace"),
            "stderr": ran.stderr.decode("utf-8", "backslashreplace"),
            "seconds": round(ran.seconds, 3),
            "timed_out": ran.timed_out,
            "out_of_memory": ran.out_of_memory,
            "truncated": ran.truncated,
        }
        sys.stdout.write(json.dumps(said) + "\n")
        return status
    _pass_on(1, ran.stdout)
    _pass_on(2, ran.stderr)
    if why := _cut(ran, asked):
        sys.stderr.write(f"workflow: ended: {why}\n")
    return status


def _run(asked: Asked, here: Path) -> Ran:
    _require_project(here)
    python = _interpreter(here)
    limits = Limits(
        wall_s=asked.timeout,
        output=_OUTPUT,
        memory=asked.memory * _MIB,
        address_space=max(Limits().address_space, 2 * asked.memory * _MIB),
    )
    path = ["/usr/local/bin", "/usr/bin", "/bin"]
    command = Command(
        argv=asked.argv,
        tree=Scratch(here, _hidden(here)),
        cwd=TREE,
        env={
            "PATH": ":".join([str(python.program.parent), *path] if python else path),
            "PYTHONDONTWRITEBYTECODE": "1",
            **{name: os.environ[name] for name in ("TERM", "NO_COLOR") if name in os.environ},
        },
        read_only=python.folders if python else (),
        links=python.links if python else (),
        limits=limits,
        stdin=_input() if asked.stdin else b"",
        network=Network.LOOPBACK if asked.loopback else Network.NONE,
    )
    return wiring.sandbox().run(command)


def _require_project(here: Path) -> None:
    """Refuse a folder of which no copy should be shown, or can be made.

    Raises `UsageError`.
    """
    home = Path.home().resolve()
    hint = "run it in the folder of a project"
    if here.resolve() in (home, *home.parents):
        message = f"{here} is your home folder, or holds it: the command would see all of it"
        raise UsageError(message, hint=hint)
    if here.resolve().parts[1:2] in [("proc",), ("sys",), ("dev",)]:
        message = f"{here} is the kernel's, and cannot be copied"
        raise UsageError(message, hint=hint)


def _input() -> bytes:
    """Our standard input to its end.

    Raises `UsageError` for more than may be passed on.
    """
    data = sys.stdin.buffer.read(_OUTPUT + 1)
    if len(data) > _OUTPUT:
        message = f"standard input has more than {_OUTPUT // _MIB} MiB"
        raise UsageError(message, hint="put it into a file of this folder")
    return data


def _hidden(here: Path) -> tuple[Laid, ...]:
    """What of the folder is no content of it: git's own folder, or the file that names it."""
    git = here / ".git"
    return (Laid(".git"),) if git.is_symlink() or git.exists() else ()


def _interpreter(here: Path) -> Interpreter | None:
    """The Python of the project's tests, as far as there is one already."""
    repository = wiring.open_repository(here) if session.git_around(here) else None
    if repository is None:
        settings = wiring.default_settings()
    else:
        settings = wiring.read_settings(repository.git, repository.git.snapshot().tree)
    pythons = wiring.environments(repository, settings, wiring.sandbox())
    try:
        found = pythons.kept(wiring.read_base(repository))
    except WorkflowError as error:
        sys.stderr.write(f"workflow: without the Python of the tests: {error.message}\n")
        return None
    if found is None:
        said = "without the Python of the tests, which the first gate that needs it builds"
        sys.stderr.write(f"workflow: {said}\n")
    return found.interpreter if found else None


def _status(ran: Ran) -> int:
    if ran.timed_out:
        return TIMED_OUT
    return ENDED if ran.exit_status is None else ran.exit_status


def _cut(ran: Ran, asked: Asked) -> str:
    if ran.timed_out:
        return f"it took more than {asked.timeout:g} s (--timeout)"
    if ran.out_of_memory:
        return f"it took more than {asked.memory} MiB of memory (--memory)"
    return f"it printed more than {_OUTPUT // _MIB} MiB" if ran.truncated else ""


def _pass_on(number: int, data: bytes) -> None:
    """Write what the command printed: as it is, but that no byte of it drives a terminal."""
    stream = sys.stdout if number == 1 else sys.stderr
    try:
        if stream.isatty():
            stream.write(_harmless(data.decode("utf-8", "replace")))
        else:
            stream.buffer.write(data)
        stream.flush()
    except BrokenPipeError:
        abandon_stdout()


def _harmless(text: str) -> str:
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(
        "".join(part if _COLOUR.fullmatch(part) else visible(part) for part in _COLOUR.split(line))
        for line in lines
    )
