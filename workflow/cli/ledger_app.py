"""The words of `workflow ledger`: what each command takes, and the help that teaches it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - Typer reads the annotations when it runs
from typing import Annotated

import typer

from workflow.cli.options import (
    MOST,
    Json,
    Number,
    Quiet,
)
from workflow.errors import ExitCode

ledger_app = typer.Typer(
    name="ledger",
    help="What happened, one row for each fact, in a chain that shows when it was rewritten.",
    epilog="Exit status: 0 it holds, 1 could not tell, 2 usage, 3 it does not hold.",
    invoke_without_command=True,
)


class Format(StrEnum):
    """How the ledger is exported."""

    JSONL = "jsonl"
    INTOTO = "intoto"


_Proposal = Annotated[
    int | None,
    typer.Option("--proposal", metavar="ID", help="Only what is about it.", min=1, max=MOST),
]


@ledger_app.callback()
def ledger(context: typer.Context) -> None:
    """Show the help where no command is named."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(ExitCode.USAGE)


@ledger_app.command()
def verify(as_json: Json = False) -> None:
    """Recompute the chain, and compare it with what git was told at each landing.

    Each row that was changed, removed, moved, copied, put in or cut off is named; exit status 3
    then.  Example:

    workflow ledger verify || git log refs/workflow/ledger
    """
    from workflow.cli import ledger as action
    from workflow.cli.output import Output

    raise typer.Exit(action.verify(Output(as_json=as_json)))


@ledger_app.command()
def show(
    proposal: _Proposal = None,
    last: Annotated[
        int, typer.Option("--last", metavar="N", help="The newest N rows; 0: all.", min=0, max=MOST)
    ] = 40,
    as_json: Json = False,
) -> None:
    """Print the newest facts, oldest first."""
    from workflow.cli import ledger as action
    from workflow.cli.output import Output

    action.show(Output(as_json=as_json), proposal, last)


@ledger_app.command()
def export(
    format_: Annotated[
        Format,
        typer.Option("--format", help="Every row; or an in-toto statement for each landing."),
    ] = Format.JSONL,
    proposal: _Proposal = None,
    sign: Annotated[
        Path | None,
        typer.Option("--sign", metavar="KEY", help="Sign each statement with this SSH key."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file.")
    ] = None,
) -> None:
    """Print the ledger so that others can check it without this program.

    `jsonl` is one row a line, from which the chain can be recomputed.  `intoto` is one statement
    a line for each landing, in a DSSE envelope where it is signed.  Example:

    workflow ledger export --format intoto --sign ~/.ssh/id_ed25519 -o landings.jsonl
    """
    from workflow.cli import ledger as action
    from workflow.cli.output import Output

    asked = action.Asked(is_intoto=format_ is Format.INTOTO, proposal=proposal, key=sign, file=file)
    action.export(Output(as_json=False), asked)


@ledger_app.command()
def replay(number: Number, as_json: Json = False, quiet: Quiet = False) -> None:
    """Run a proposal's gates again, with today's tools, and compare with what they said then.

    Exit status 0 if every gate says the same, 3 if one says something else, 1 if one could not be
    run.  What was recorded stays as it is.
    """
    from workflow.cli import ledger as action
    from workflow.cli.output import Output

    raise typer.Exit(action.replay(Output(as_json=as_json, quiet=quiet), number))
