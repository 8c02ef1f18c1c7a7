"""The commands about who drafts, how they are asked, and how well they did."""

from __future__ import annotations

from typing import Annotated

import typer

from workflow.cli.options import Json  # noqa: TC001 - Typer reads the annotations when it runs
from workflow.errors import ExitCode

recipes_app = typer.Typer(
    name="recipes", help="The prompts that models are given.", invoke_without_command=True
)


@recipes_app.callback()
def recipes(context: typer.Context) -> None:
    """Show the help where no command is named."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(ExitCode.USAGE)


def route(
    request: Annotated[str, typer.Argument(help="What should change, in words.")],
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATHS", help="The files that the request is about."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say who would draft a change, how sure that is, and why; nothing is drafted or sent.

    Example: workflow route "scaffold a FastAPI backend for analytics.js"
    """
    from workflow.cli import route as command
    from workflow.cli.output import Output

    command.run(Output(as_json=as_json), request, paths or [])


@recipes_app.command("list")
def recipes_list(as_json: Json = False) -> None:
    """List the recipes that there are, and what each is for."""
    from workflow.cli import recipes as command
    from workflow.cli.output import Output

    command.list_recipes(Output(as_json=as_json))


@recipes_app.command("show")
def recipes_show(
    name: Annotated[str, typer.Argument(metavar="RECIPE", help="The recipe's name.")],
    as_json: Json = False,
) -> None:
    """Show a recipe: what it takes, what it is answered with, and its text."""
    from workflow.cli import recipes as command
    from workflow.cli.output import Output

    command.show(Output(as_json=as_json), name)


@recipes_app.command("render")
def recipes_render(
    name: Annotated[str, typer.Argument(metavar="RECIPE", help="The recipe's name.")],
    request: Annotated[str, typer.Argument(help="What should change, in words.")],
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATHS", help="The files that may be edited.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the prompt exactly as a model would be given it, sealed; nothing is sent."""
    from workflow.cli import recipes as command
    from workflow.cli.output import Output

    command.render(Output(as_json=as_json), name, request, paths or [])


def stats(as_json: Json = False) -> None:
    """Show what drafts cost, how good forecasts were, and how people and landings fare.

    Cost and forecasts, by model and recipe, say which model to use. Waiting
    says how long changes lie. Approvals within 10 s of the first look say
    who may be waving things through. Rollbacks within 7 days say how often
    an approved change was wrong. Too few say nothing, and that is said.
    """
    from workflow.cli import stats as command
    from workflow.cli.output import Output

    command.run(Output(as_json=as_json))
