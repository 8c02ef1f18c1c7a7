"""The words of `workflow targets`: what each command takes, and the help that teaches it."""

from __future__ import annotations

from typing import Annotated

import typer

from workflow.cli.options import (  # noqa: TC001 - Typer reads the annotations when it runs
    Json,
    Quiet,
)
from workflow.errors import ExitCode

targets_app = typer.Typer(
    name="targets",
    help="Live files outside git, such as NGINX's: trust, install, compare and restore them.",
    invoke_without_command=True,
)
_Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help="One target; else all.")]
_One = Annotated[str, typer.Argument(metavar="NAME", help="The target.")]


@targets_app.callback()
def targets(context: typer.Context) -> None:
    """Show the help where no command is named."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(ExitCode.USAGE)


@targets_app.command()
def status(name: _Name = None, as_json: Json = False) -> None:
    """Compare each target's live files with what was installed, and with the repository.

    Exit status 3 when a file was edited by hand (drift), or a target is stuck.
    """
    from workflow.cli import targets as action
    from workflow.cli.output import Output

    raise typer.Exit(action.status(Output(as_json=as_json), name))


@targets_app.command()
def trust(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take every yes back.")] = False,
    as_json: Json = False,
) -> None:
    """Show what this repository would run and write on this machine, and say yes to it.

    The yes covers exactly the sections `targets` and `probes` of the branch's
    newest commit. When a landing changes them, nothing runs until you
    have looked again. Commands run as you, outside the sandbox.
    """
    from workflow.cli import targets as action
    from workflow.cli.output import Output

    action.trust(Output(as_json=as_json), yes=yes, revoke=revoke)


@targets_app.command()
def install(name: _Name = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """Install what was approved last: snapshot, replace, validate, reload, probe.

    Never from the work tree: only from the newest landing, or the last
    known good commit. When anything fails, what was live before is live
    again, exactly.
    """
    from workflow.cli import targets as action
    from workflow.cli.output import Output

    action.install(Output(as_json=as_json, quiet=quiet), name)


@targets_app.command()
def adopt(name: _One, as_json: Json = False) -> None:
    """Stash what is live now as it is; the next install may then replace it.

    For a target that is new here, or whose files were edited by hand.
    Nothing live is written.
    """
    from workflow.cli import targets as action
    from workflow.cli.output import Output

    action.adopt(Output(as_json=as_json), name)


@targets_app.command()
def restore(
    name: _One,
    over_edits: Annotated[
        bool,
        typer.Option("--over-edits", help="Put by what was edited since, and go on."),
    ] = False,
    mark_restored: Annotated[
        bool,
        typer.Option("--mark-restored", help="A stuck target was brought back by hand."),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Bring back exactly what was live before the newest install, and reload.

    Bytes, mode, owner, attributes and times. For a stuck target it does
    what is left to do. The repository stays as it is; `workflow rollback`
    takes a landing back with its live files.
    """
    from workflow.cli import targets as action
    from workflow.cli.output import Output

    output = Output(as_json=as_json, quiet=quiet)
    action.restore(output, name, over_edits=over_edits, mark_restored=mark_restored)
