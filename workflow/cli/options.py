"""Options and arguments that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="RULE",
        help="Say that a rule's objection is intended, where the policy lets you. Repeatable.",
    ),
]
# SQLite's largest row number.
MOST = 2**63 - 1
Number = Annotated[
    int, typer.Argument(metavar="ID", help="The proposal's number.", min=1, max=MOST)
]


Push = Annotated[
    bool, typer.Option("--push", help="Push it, too, onto what the remote has now; never by force.")
]
Remote = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="With --push: the remote; else landing.push, the branch's, or origin."
    ),
]


class Shape(StrEnum):
    """What an approved proposal can become."""

    COMMIT = "commit"
    BRANCH = "branch"
    PATCH = "patch"


class Drafting(StrEnum):
    """Who can be asked to draft: one role, or both for a request of two parts."""

    ARCHITECT = "architect"
    SURGEON = "surgeon"
    MIXED = "mixed"
