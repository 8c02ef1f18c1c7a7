"""Draws a patch and its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from workflow.cli.output import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.types import BlastRadius


def size(radius: BlastRadius) -> Text:
    """How much a patch touches, such as `1 file, 2 hunks, +3 -1`."""
    return Text.assemble(
        f"{_count(radius.files, 'file')}, {_count(radius.hunks, 'hunk')}, ",
        (f"+{radius.added}", "green"),
        " ",
        (f"-{radius.removed}", "red"),
    )


def lines(patch: str) -> Iterator[Text]:
    """A canonical patch in colour, harmless, without what git puts in it for itself alone."""
    for line in patch.split("\n")[:-1]:
        # Lines of a hunk begin with a sign, so this can only be git's.
        if not line.startswith("index "):
            # The carriage return of a CRLF file is its habit, not a trick.
            shown = visible(line.removesuffix("\r"))
            yield Text(f"  {shown}", style=_style(shown), no_wrap=True)


def _style(line: str) -> str:
    if line.startswith(("+++", "---", "diff ")):
        return "bold"
    return {"@": "cyan", "+": "green", "-": "red"}.get(line[:1], "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
