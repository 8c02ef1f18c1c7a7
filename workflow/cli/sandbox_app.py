"""The words of `workflow sandbox`: what each command takes, and the help that teaches it."""

from __future__ import annotations

from typing import Annotated

import typer

from workflow.errors import ExitCode

sandbox_app = typer.Typer(
    name="sandbox",
    help="Run any command behind the walls that gates run behind.",
    invoke_without_command=True,
)


@sandbox_app.callback()
def sandbox(context: typer.Context) -> None:
    """Show the help where no command is named."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(ExitCode.USAGE)


@sandbox_app.command(
    context_settings={"allow_interspersed_args": False},
    epilog="Exit status: that of the command; 124 it took too long, 125 there is no sandbox or no "
    "input, 127 it is not there or cannot be started, 137 it was ended for memory or output, "
    "128 + N by signal N.",
)
def run(  # noqa: PLR0913, PLR0917 - each is a word or an option that a person types
    command: Annotated[
        list[str], typer.Argument(metavar="[--] CMD [WORDS]", help="The command and its words.")
    ],
    loopback: Annotated[
        bool, typer.Option("--net-loopback", help="Give it a loopback network of its own.")
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, max=86_400, help="Seconds that it may take.")
    ] = 300.0,
    memory: Annotated[
        int, typer.Option("--memory", min=16, help="MiB for all of its processes together.")
    ] = 2048,
    stdin: Annotated[
        bool, typer.Option("--stdin", "-i", help="Give it our standard input, to its end.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object with what it printed.")
    ] = False,
) -> None:
    """Run a command in a scratch copy of the current folder, exactly as a gate would.

    It sees the system, the Python of the project's tests, and a copy of
    this folder, in which it may write; all of that is gone afterwards.
    It sees no home, no other file, no network, no process of the machine,
    and none of your environment.

    Git's own folder is not in the copy; files that git ignores are.
    It works outside git, too. What the command prints comes when it has
    ended, 64 MiB at most. Examples:

    workflow sandbox run -- pytest -q

    workflow sandbox run -- sh -c 'cat ~/.ssh/id_ed25519 || echo nothing here'
    """
    from workflow.cli import sandbox as action

    asked = action.Asked(
        tuple(command), timeout, memory, loopback=loopback, stdin=stdin, as_json=as_json
    )
    status = action.run(asked)
    raise typer.Exit(status)
