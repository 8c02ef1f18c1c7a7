"""What a safety check has seen, for a terminal and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from workflow.canonical import plain
from workflow.cli.output import visible, visible_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.cli.output import Output
    from workflow.types import Observation, Round

_ORDER = ("high", "medium", "low")
_STYLES = {"high": "red", "medium": "yellow", "low": "dim"}


def report(output: Output, found: Round, smoke_test: str) -> None:
    """Print what a check has seen that needs no edit; there is no proposal."""
    data = {
        "observations": [plain(one) for one in in_order(found.observations)],
        "smoke_test": smoke_test,
        "notes": list(found.notes),
        "model": found.model,
    }
    lines = list(observations(found.observations)) or [Text("The check has found nothing.")]
    lines += [Text.assemble(("  note: ", "dim"), visible(note)) for note in found.notes]
    if smoke_test:
        lines += [Text("Smoke test, which was not run:", "bold")]
        lines += [Text(f"  {line}") for line in visible_lines(smoke_test).splitlines()]
    output.result(data, *lines)


def observations(seen: Sequence[Observation]) -> Iterator[Text]:
    """Each thing that was seen, the worst first."""
    for one in in_order(seen):
        place = f"{one.path}:{one.line}" if one.line else str(one.path)
        mend = f"; {one.mend}" if one.mend else ""
        yield Text.assemble(
            ("  ! ", "yellow"),
            (f"{one.severity:<6}  ", _STYLES.get(one.severity, "")),
            visible(f"{place}: {one.what}{mend}"),
        )


def in_order(seen: Sequence[Observation]) -> list[Observation]:
    """The same, the worst first, then by file and line."""
    known = {severity: place for place, severity in enumerate(_ORDER)}
    return sorted(seen, key=lambda one: (known.get(one.severity, len(known)), one.path, one.line))
