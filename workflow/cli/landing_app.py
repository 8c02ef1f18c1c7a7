"""The commands about people's decisions, and about what lands and what is taken back."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads the annotations when it runs
from typing import Annotated

import typer

from workflow.cli.options import MOST, Json, Number, Push, Quiet, Remote, Shape


def approve(  # noqa: PLR0913, PLR0917 - one parameter for each option
    number: Number,
    digest: Annotated[
        str | None,
        typer.Option(help="The digest that `show` displayed; refused if it is another by now."),
    ] = None,
    sign: Annotated[
        bool, typer.Option("--sign", help="Sign it with git's SSH key, or the agent's only one.")
    ] = False,
    signature: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A signature that was made elsewhere.")
    ] = None,
    statement: Annotated[
        bool, typer.Option("--statement", help="Print what is to be signed, and approve nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Approve a proposal exactly as it stands: these bytes, this evidence."""
    from workflow.cli import decide
    from workflow.cli.output import Output
    from workflow.errors import UsageError

    if digest is not None and not digest.strip():
        message = "--digest is empty"
        raise UsageError(message, hint=f"workflow show {number} displays it")
    signing = decide.Signing(sign, signature, statement)
    decide.approve(Output(as_json=as_json), number, digest or "", signing)


def reject(
    number: Number,
    message: Annotated[str, typer.Option("--message", "-m", help="Why.")] = "",
    as_json: Json = False,
) -> None:
    """Reject a proposal, with a reason."""
    from workflow.cli import decide
    from workflow.cli.output import Output

    decide.reject(Output(as_json=as_json), number, message)


def rebase(number: Number, as_json: Json = False, quiet: Quiet = False) -> None:
    """Put a proposal on its branch as it is now, exactly or not at all, and judge it anew.

    The same draft becomes a new proposal with a new digest; no model is asked.  On a branch that
    has not moved, the evidence is made afresh.  A conflict is shown with its lines, and ends with
    3.
    """
    from workflow.cli import rebase as command
    from workflow.cli.output import Output

    command.run(Output(as_json=as_json, quiet=quiet), number)


def apply(  # noqa: PLR0913, PLR0917 - one parameter for each option
    number: Number,
    shape: Annotated[
        Shape,
        typer.Option(
            "--as",
            help="A commit on the branch that it was proposed for, or on a new branch; or a mail "
            "for `git am`, printed as it is.",
        ),
    ] = Shape.COMMIT,
    to: Annotated[
        str, typer.Option(metavar="NAME", help="The new branch's name; else workflow/ID.")
    ] = "",
    push: Push = False,
    remote: Remote = "",
    glass: Annotated[
        str,
        typer.Option(
            "--break-glass",
            metavar="REASON",
            help="Land without the approvals that it waits for, where the policy names you; "
            "the reason shows wherever the proposal does.",
        ),
    ] = "",
    sign: Annotated[
        bool, typer.Option("--sign", help="With --break-glass: sign that it was you.")
    ] = False,
    despite: Annotated[
        list[str] | None,
        typer.Option(
            "--despite-probe",
            metavar="NAME",
            help="A probe that fails already and is to decide nothing. Repeatable.",
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Commit an approved proposal to its branch and bring the checked-out files along.

    Run again with --push, it pushes what has landed before.
    """
    from workflow import apply as landing
    from workflow.cli import land, pushing
    from workflow.cli.output import Output

    where = pushing.Where(push, remote)
    asked = land.Asked(landing.Shape(shape.value), to, where, glass, tuple(despite or ()), sign)
    land.apply(Output(as_json=as_json, quiet=quiet), number, asked)


def rollback(
    number: Annotated[
        int | None,
        typer.Argument(
            metavar="[ID]",
            help="The proposal to take back; else the last landing.",
            min=1,
            max=MOST,
        ),
    ] = None,
    push: Push = False,
    remote: Remote = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Restore what was there before the last landing (a rollback is a landing, too)."""
    from workflow.cli import land, pushing
    from workflow.cli.output import Output

    where = pushing.Where(push, remote)
    land.rollback(Output(as_json=as_json, quiet=quiet), number, where)


def history(as_json: Json = False) -> None:
    """List what has landed and what was taken back, newest first."""
    from workflow.cli import look
    from workflow.cli.output import Output

    look.history(Output(as_json=as_json))
