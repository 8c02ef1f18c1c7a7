"""The `workflow` command: the one place where an error becomes words and an exit status."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from workflow.errors import ExitCode, OutputError, WorkflowError
from workflow.errors import UsageError as WorkflowUsageError

__all__ = ["main"]


def main() -> None:
    """Run the command and leave with its exit status."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets its code, not an end of the command.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def _open_streams() -> None:
    """Give the streams that the caller has closed (`>&-`) to nobody, instead of being without."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            descriptor = os.open(os.devnull, os.O_RDONLY if mode == "r" else os.O_WRONLY)
            if descriptor != number:
                os.dup2(descriptor, number)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))


def run(arguments: list[str]) -> int:
    """Run the command with `arguments` and return its exit status."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return _interrupted(arguments)


def _run(arguments: list[str]) -> int:
    """Run the command; only Ctrl-C comes out of it."""
    from sqlite3 import Error as DatabaseError

    from workflow.cli.output import abandon_stdout

    try:
        return _call(arguments)
    except WorkflowError as error:
        if isinstance(error, OutputError):
            abandon_stdout()
        return _failed(arguments, error.message, error.hint, error.exit_code, error.details)
    except BrokenPipeError:
        abandon_stdout()
    except (OSError, DatabaseError) as error:
        from workflow.cli.machine import told

        return _failed(arguments, *told(error), ExitCode.ERROR)
    except Exception as error:  # noqa: BLE001 - the edge: no traceback reaches a user unasked
        message = f"a defect of workflow: {type(error).__name__}: {error}"
        hint = "run it again with --debug, and report it"
        return _failed(arguments, message, hint, ExitCode.ERROR)
    return int(ExitCode.DONE)


def _call(arguments: list[str]) -> int:
    """Let Typer parse and run; its own complaints become usage errors of ours."""
    # Typer imports pydantic, which would look through all installed packages for plugins: 25 ms.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # Typer exports no base class of its usage errors.
    from typer._click.exceptions import ClickException, UsageError

    from workflow.cli.app import app

    if not arguments:
        app(["--help"], prog_name="workflow", standalone_mode=False)
        return int(ExitCode.USAGE)
    try:
        status = app(arguments, prog_name="workflow", standalone_mode=False)
    except ClickException as error:
        context = error.ctx if isinstance(error, UsageError) else None
        command = context.command_path if context else "workflow"
        # Pydantic's beginning, which says nothing.
        message = error.format_message().replace(": Value error, ", ": ")
        raise WorkflowUsageError(message, hint=f"{command} --help") from error
    if status == ExitCode.INTERRUPTED:
        raise KeyboardInterrupt  # Typer has made an exit status of it; the edge says more
    return status if isinstance(status, int) else int(ExitCode.DONE)


def _interrupted(arguments: list[str]) -> int:
    """Say that Ctrl-C has come, also when it came before we can say anything well."""
    code = int(ExitCode.INTERRUPTED)
    if "workflow.cli.output" not in sys.modules:
        sys.stderr.write("error: interrupted: nothing was begun\n")
        if "--json" in arguments:
            body = '{"error": "interrupted", "hint": "run it again", "exit_code": %d}\n'
            sys.stdout.write(body % code)
        return code
    hint = "run it again"
    if _is_in_repository():
        hint += "; `workflow list` shows what is there"
    return _failed(arguments, "interrupted", hint, code)


def _is_in_repository() -> bool:
    """Whether it looks as if a repository were around; nothing is started to find out."""
    from pathlib import Path

    try:
        here = Path.cwd()
    except OSError:
        return False
    return any((folder / ".git").exists() for folder in (here, *here.parents))


def _failed(arguments: list[str], message: str, hint: str, code: int, details: str = "") -> int:
    from workflow.cli.output import Output

    if "--debug" in arguments:
        import traceback

        sys.stderr.write(_sealed(traceback.format_exc()))
    output = Output(as_json="--json" in arguments)
    output.error(_sealed(message), _sealed(hint), int(code), _sealed(details))
    return int(code)


def _sealed(text: str) -> str:
    """Words without the values of the files that were read; before any was read, as they are."""
    live = sys.modules.get("workflow.redaction.live")
    return live.sealed(text) if live else text
