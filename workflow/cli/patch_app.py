"""The words of `workflow patch`: what each command takes, and the help that teaches it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflow.errors import ExitCode

patch_app = typer.Typer(
    name="patch",
    help="Apply what a model wrote, in any dialect, to the current folder: only where every place "
    "is proven, and all of it or nothing.",
    epilog="Exit status: 0 done, 1 error, 2 usage, 3 refused by the patch itself or by the policy, "
    "130 interrupted (nothing is applied then).",
    invoke_without_command=True,
)

File = Annotated[
    str,
    typer.Argument(metavar="FILE", help="The patch; `-`, or nothing, is standard input."),
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="RULE",
        help="Say that a rule's objection is intended, where the policy lets you. Repeatable.",
    ),
]
Policy = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        help="Judge by this policy; else by the one that HEAD names, else by the built-in one.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing when all is well.")]


@patch_app.callback()
def patch(context: typer.Context) -> None:
    """Show the help where no command is named."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(ExitCode.USAGE)


@patch_app.command()
def apply(
    file: File = "-",
    allow: Allow = None,
    policy: Policy = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Apply a patch to the files in the current folder, all or nothing.

    Exit status 0 if and only if it is applied, 3 if it is refused.

    It works outside git, too.  In a repository, the index and the branches stay as they are.

    Names in the patch start from the current folder.  Example:

    workflow patch apply answer.md
    """
    from workflow.cli import patch as command
    from workflow.cli.output import Output

    asked = command.Asked(file, tuple(allow or ()), policy)
    command.apply(Output(as_json=as_json, quiet=quiet), asked)


@patch_app.command()
def check(
    file: File = "-",
    allow: Allow = None,
    policy: Policy = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say whether a patch would be applied, and write nothing.

    Exit status 0 if it would, 3 if it would be refused.  Example:

    workflow patch check answer.md && echo fine
    """
    from workflow.cli import patch as command
    from workflow.cli.output import Output

    asked = command.Asked(file, tuple(allow or ()), policy)
    command.check(Output(as_json=as_json, quiet=quiet), asked)


@patch_app.command()
def normalize(file: File = "-", allow: Allow = None, policy: Policy = None) -> None:
    """Print what a patch would change as git's own diff, and write nothing.

    Exit status 0, or 3 and no output if `apply` would refuse it.

    In a repository, its names start from the repository's top, as those of `git diff`.  Example:

    workflow patch normalize answer.md | git apply --index
    """
    from workflow.cli import patch as command
    from workflow.cli.output import Output

    asked = command.Asked(file, tuple(allow or ()), policy)
    command.normalize(Output(as_json=False), asked)


@patch_app.command()
def explain(
    file: File = "-", allow: Allow = None, policy: Policy = None, as_json: Json = False
) -> None:
    """Tell all about a patch: dialect, repairs, places, refusals, policy, and what would change.

    Exit status 0 also when the patch would be refused: it says so, and why.  Example:

    workflow patch explain answer.md
    """
    from workflow.cli import patch as command
    from workflow.cli.output import Output

    asked = command.Asked(file, tuple(allow or ()), policy)
    command.explain(Output(as_json=as_json), asked)
