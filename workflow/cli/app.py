"""The commands' words: what each takes, and the help that teaches it.

Bodies import what they use, so that `--help` and the reading commands stay fast.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads the annotations when it runs
from typing import Annotated

import typer

from workflow.cli import landing_app, model_app, people_app, probe_app
from workflow.cli.ledger_app import ledger_app
from workflow.cli.nginx_app import nginx_app
from workflow.cli.options import (  # noqa: TC001 - Typer reads the annotations when it runs
    Allow,
    Drafting,
    Json,
    Number,
    Quiet,
)
from workflow.cli.patch_app import patch_app
from workflow.cli.sandbox_app import sandbox_app
from workflow.cli.targets_app import targets_app
from workflow.types import Way

# The panels of `workflow --help`.
_PROPOSE, _LOOK = "Propose a change", "Look at what there is"
_DECIDE, _LAND = "Decide", "Land, and go back"
_ALONE, _SET_UP = "Parts that work by themselves", "Set up"

app = typer.Typer(
    name="workflow",
    help="Let AI change configuration and services: minimal diffs, sandboxed evidence, "
    "human approval, exact rollback.",
    epilog="Exit status: 0 done, 1 error, 2 usage, 3 refused by policy or gate, "
    "4 awaiting approval, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer passes the flag's value by position
    if wanted:
        from workflow import __version__

        typer.echo(f"workflow {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Run a command on the git repository around the current folder."""
    # `--version` acts in its callback, `--debug` in `workflow.cli.run`, which sees every error.
    del version, debug


@app.command(rich_help_panel=_PROPOSE)
def propose(  # noqa: PLR0913, PLR0917 - each is a word or an option that a person types
    request: Annotated[str, typer.Argument(help="What should change, in words.")],
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATHS", help="The files that may be edited."),
    ] = None,
    route: Annotated[
        Drafting | None,
        typer.Option(help="Who drafts; without it, the request and the files decide."),
    ] = None,
    recipe: Annotated[
        str,
        typer.Option(metavar="RECIPE", help="How to ask; `workflow recipes list` has them."),
    ] = "",
    allow: Allow = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draft a change, prove it in the sandbox, and store it for a reviewer.

    Your files, index and branches stay as they are.  Example:

    workflow propose "allow origin https://s.ado.im via CORS and CSP" site_nginx.conf
    """
    from workflow.cli import propose as command
    from workflow.cli.output import Output

    way = Way(route.value) if route else None
    typed = command.Typed(request, tuple(paths or ()), way, recipe, tuple(allow or ()))
    command.run(Output(as_json=as_json, quiet=quiet), typed)


@app.command(rich_help_panel=_PROPOSE)
def revise(
    number: Number,
    words: Annotated[str, typer.Argument(help="What should be otherwise, in words.")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Have a proposal drafted again as a reviewer wants it; the first one stays.

    Example: workflow revise 3 "keep the old timeout, and add a test"
    """
    from workflow.cli import propose as command
    from workflow.cli.output import Output

    command.revise_as(Output(as_json=as_json, quiet=quiet), number, words)


@app.command(rich_help_panel=_LOOK)
def explain(number: Number, as_json: Json = False, quiet: Quiet = False) -> None:
    """Have the surgeon's model say in words what a proposal does; it needs a model."""
    from workflow.cli import propose as command
    from workflow.cli.output import Output

    command.explain_to(Output(as_json=as_json, quiet=quiet), number)


@app.command(rich_help_panel=_PROPOSE)
def shrink(number: Number, as_json: Json = False, quiet: Quiet = False) -> None:
    """Make a second proposal without the parts that a proposal does not need; the first one stays.

    `show` says which parts these are.  The smaller one is judged anew.
    """
    from workflow.cli import propose as command
    from workflow.cli.output import Output

    command.shrink(Output(as_json=as_json, quiet=quiet), number)


@app.command()
def rebase(number: Number, as_json: Json = False, quiet: Quiet = False) -> None:
    """Put a proposal on its branch as it is now, exactly or not at all, and judge it anew.

    The same draft becomes a new proposal with a new digest; no model is asked.  On a branch that
    has not moved, the evidence is made afresh.  A conflict is shown with its lines.
    """
    from workflow.cli import rebase as command
    from workflow.cli.output import Output

    command.run(Output(as_json=as_json, quiet=quiet), number)


@app.command(rich_help_panel=_LOOK)
def show(  # noqa: PLR0913, PLR0917 - one parameter for each option, as Typer has it
    number: Number,
    prompt: Annotated[
        bool, typer.Option("--prompt", help="Print the prompt that a remote model would be given.")
    ] = False,
    patch: Annotated[
        bool, typer.Option("--patch", help="Print the canonical patch alone, for `git apply`.")
    ] = False,
    log: Annotated[
        str, typer.Option("--log", metavar="GATE", help="Print what a gate's tool said.")
    ] = "",
    reveal: Annotated[
        bool,
        typer.Option(
            "--reveal", help="Show the secrets in the diff, for which placeholders stand."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show a proposal: what really changes, the evidence, the forecast, and what was sent."""
    from workflow.cli import look
    from workflow.cli.output import Output

    view = look.View(prompt=prompt, patch=patch, log=log, reveal=reveal)
    look.show(Output(as_json=as_json), number, view)


@app.command("list", rich_help_panel=_LOOK)
def list_(as_json: Json = False) -> None:
    """List proposals, newest first."""
    from workflow.cli import look
    from workflow.cli.output import Output

    look.list_proposals(Output(as_json=as_json))


@app.command(rich_help_panel=_LOOK)
def receipt(
    number: Number,
    body: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Print request N exactly as it was sent."),
    ] = None,
    answer: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Print the answer of round N as it came, sealed."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what left this machine for a proposal, to the byte, and what was sealed in it."""
    from workflow.cli import receipt as command
    from workflow.cli.output import Output
    from workflow.errors import UsageError

    if body and answer:
        message = "--body and --answer are two questions"
        raise UsageError(message, hint="ask one after the other")
    command.run(Output(as_json=as_json), number, body, answer)


@app.command(rich_help_panel=_ALONE)
def seal(  # noqa: PLR0913, PLR0917 - each is a word or an option that a person types
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATHS", help="Files and folders; `-` is standard input."),
    ],
    check: Annotated[
        bool,
        typer.Option("--check", help="Print where values are, and end with 3 if there are any."),
    ] = False,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Print how each value was found, and what stands for it."),
    ] = False,
    is_all: Annotated[
        bool, typer.Option("--all", help="Look at what git ignores in a folder, too.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object; with --check, one for each value."),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Print files as a model would see them: with placeholders for secrets and tenant data.

    It works outside git, too, and changes no file.  A folder in a repository stands for the files
    that git does not ignore.

    With `--check`, exit status 0 if there is nothing to seal, 3 if there is, 1 if a file could not
    be looked through.  Example:

    workflow seal --check . && git push
    """
    from workflow.cli import seal as command
    from workflow.cli.output import Output
    from workflow.errors import UsageError

    if check and explain:
        message = "--check and --explain are two questions"
        raise UsageError(message, hint="ask one after the other")
    mode = command.Mode.CHECK if check else command.Mode.PRINT
    asked = command.Asked(tuple(paths), command.Mode.EXPLAIN if explain else mode, is_all)
    command.run(Output(as_json=as_json, quiet=quiet), asked)


@app.command(rich_help_panel=_SET_UP)
def init(
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
    as_json: Json = False,
) -> None:
    """Look at the repository and write workflow.toml and a policy for it to start from."""
    from workflow.cli import init as command
    from workflow.cli.output import Output

    command.run(Output(as_json=as_json), force=force)


@app.command(rich_help_panel=_SET_UP)
def doctor(as_json: Json = False) -> None:
    """Say what this machine and this repository can do, and how to mend what they cannot."""
    from workflow.cli import doctor as command
    from workflow.cli.output import Output

    command.run(Output(as_json=as_json))


@app.command(rich_help_panel=_SET_UP)
def demo(
    keep: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Work in this new folder and leave it there."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Play the whole story on a scratch copy of a small analytics stack, offline."""
    from workflow.cli import demo as command
    from workflow.cli.output import Output

    command.run(Output(as_json=as_json), keep)


app.command(rich_help_panel=_PROPOSE)(model_app.route)
app.command(rich_help_panel=_LOOK)(landing_app.history)
app.command(rich_help_panel=_LOOK)(model_app.stats)
app.add_typer(ledger_app, rich_help_panel=_LOOK)
app.command(rich_help_panel=_DECIDE)(landing_app.approve)
app.command(rich_help_panel=_DECIDE)(landing_app.reject)
app.command(rich_help_panel=_DECIDE)(people_app.whoami)
app.command(rich_help_panel=_DECIDE)(people_app.keys)
app.add_typer(people_app.tokens_app, rich_help_panel=_DECIDE)
app.command(rich_help_panel=_LAND)(landing_app.rebase)
app.command(rich_help_panel=_LAND)(landing_app.apply)
app.command(rich_help_panel=_LAND)(landing_app.rollback)
app.command(rich_help_panel=_LAND)(probe_app.probe)
app.add_typer(targets_app, rich_help_panel=_LAND)
for group in (nginx_app, patch_app, sandbox_app):
    app.add_typer(group, rich_help_panel=_ALONE)
app.add_typer(model_app.recipes_app, rich_help_panel=_SET_UP)
