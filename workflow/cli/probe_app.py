"""The words of `workflow probe`."""

from __future__ import annotations

from typing import Annotated

import typer

from workflow.cli.options import (  # noqa: TC001 - Typer reads the annotations when it runs
    Json,
    Quiet,
)


def probe(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAMES]", help="Some of them; else all.")
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Print what each of them was told.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Ask the probes of the branch's newest commit now, as they are asked around a landing.

    Nothing changes, and nothing is kept. Exit status 3 when one fails.
    """
    from workflow.cli import probe as command
    from workflow.cli.output import Output

    command.run(Output(as_json=as_json, quiet=quiet), names or (), log=log)
