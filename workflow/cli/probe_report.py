"""What the CLI says about probes: for people in lines, for programs with stable keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from workflow import probes
from workflow.cli.output import visible
from workflow.cli.people import of_probe
from workflow.probes import Health

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from sqlite3 import Connection

    from workflow.journal import Landing
    from workflow.probes import ProbeResult, Seen

LANDING = {
    "probes": "the last word of each probe about it: `probe`, `moment`, `landing`, `passed`,"
    " `summary`, `seconds`, `attempts`, `despite` (it failed before, and was to decide nothing)",
}
"""What `apply` and `rollback` add to a landing's keys."""
PROBE = {
    "probes": "`probe`, `passed`, `summary`, `seconds`, `attempts`, and with --log `said`: what it"
    " was told, sealed",
    "next": "the next command",
}
"""The keys of `workflow probe`."""


def about(connection: Connection, landing: Landing) -> tuple[Seen, ...]:
    """The last word of each probe about a landing."""
    return probes.of_landing(probes.seen(connection, landing.proposal), landing.id)


def of_landing(found: Sequence[Seen]) -> dict[str, Any]:
    """What probes say about a landing, as JSON-ready values."""
    return {"health": str(probes.health(found)), "probes": [of_probe(one) for one in found]}


def of_result(result: ProbeResult) -> dict[str, Any]:
    """How a probe ended that was asked by hand, as JSON-ready values."""
    return {
        "probe": result.name,
        "passed": result.is_passed,
        "summary": result.summary,
        "seconds": result.seconds,
        "attempts": result.attempts,
    }


def lines(found: Sequence[Seen]) -> Iterator[Text]:
    """A line for each probe of a landing, and one where that proves nothing."""
    for one in found:
        yield line(
            one.result, "" if one.result.is_passed or one.decides else " (it decides nothing)"
        )
    if not found:
        yield Text("  no probe has looked: the last known good is unproven", style="dim")
    elif probes.health(found) is Health.UNPROVEN:
        yield Text("  the last known good is unproven", style="yellow")


def line(result: ProbeResult, more: str = "") -> Text:
    """How one probe ended."""
    mark = ("✓ ", "green") if result.is_passed else ("✗ ", "red")
    took = f"{result.seconds:.1f} s"
    if result.attempts > 1:
        took += f", {result.attempts} tries"
    said = f"probe {result.name}: {visible(result.summary)} ({took}){more}"
    return Text.assemble("  ", mark, said)
