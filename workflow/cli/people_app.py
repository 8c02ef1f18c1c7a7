"""The commands about people: who one is here, whose keys count, and tokens."""

from __future__ import annotations

from typing import Annotated

import typer

from workflow.cli.options import Json  # noqa: TC001 - Typer reads the annotations when it runs
from workflow.errors import ExitCode
from workflow.identity import Scope  # noqa: TC001 - Typer reads the annotations when it runs

tokens_app = typer.Typer(
    name="tokens",
    help="Tokens for the page and the API: made once, kept as a hash, until revoked.",
    invoke_without_command=True,
)


@tokens_app.callback()
def tokens(context: typer.Context) -> None:
    """Show the help where no command is named."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(ExitCode.USAGE)


def whoami(as_json: Json = False) -> None:
    """Say who you are here, how that is known, and what you may approve; nothing is changed.

    Your name and address are git's, and your account is who logged in, whatever `sudo` makes
    of the process since. Both decide whose yes is whose.
    """
    from workflow.cli import whoami as command
    from workflow.cli.output import Output

    command.run(Output(as_json=as_json))


def keys(as_json: Json = False) -> None:
    """Show whose SSH keys may sign approvals, by the file that the policy of the base names.

    Only the newest commit's file counts: a key that a proposal brings in cannot approve it.
    """
    from workflow.cli import keys as command
    from workflow.cli.output import Output

    command.run(Output(as_json=as_json))


@tokens_app.command("list")
def tokens_list(as_json: Json = False) -> None:
    """List every token that was made, what it is good for, and until when."""
    from workflow.cli import tokens as command
    from workflow.cli.output import Output

    command.list_tokens(Output(as_json=as_json))


@tokens_app.command("create")
def tokens_create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it, such as ci-page.")],
    scopes: Annotated[
        list[Scope] | None, typer.Option("--scope", help="What it is good for. Repeatable.")
    ] = None,
    days: Annotated[int, typer.Option("--days", help="Days until it expires, at most 366.")] = 90,
    person: Annotated[
        str, typer.Option("--for", metavar="'NAME <EMAIL>'", help="Whose it is; else yours.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Make a token and print its secret, which cannot be shown again.

    One for yourself acts from your account. One for somebody else does not make a second
    person of you: what was asked for at your account cannot be approved with it.

    Example: workflow tokens create ci-page --scope read --scope propose --days 30
    """
    from workflow.cli import tokens as command
    from workflow.cli.output import Output
    from workflow.errors import UsageError

    if not scopes:
        message = "a token is good for something: read, propose, approve, land or admin"
        raise UsageError(message, hint=f"workflow tokens create {name} --scope read")
    command.create(Output(as_json=as_json), command.Asked(name, tuple(scopes), days, person))


@tokens_app.command("revoke")
def tokens_revoke(
    token: Annotated[
        str, typer.Argument(metavar="TOKEN", help="The token's number or name, as `list` has it.")
    ],
    as_json: Json = False,
) -> None:
    """Revoke a token for good, from this moment."""
    from workflow.cli import tokens as command
    from workflow.cli.output import Output

    command.revoke(Output(as_json=as_json), token)
