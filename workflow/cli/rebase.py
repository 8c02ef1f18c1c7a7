"""`workflow rebase`: a proposal on its branch as it is now, or what stands in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from workflow import ledger, rebase, wiring
from workflow.cli import report, session
from workflow.cli.output import visible
from workflow.cli.people import next_of
from workflow.cli.show import fresh, page
from workflow.errors import ExitCode, StateError
from workflow.pipeline import renew
from workflow.rebase import ConflictError
from workflow.types import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.cli.output import Output
    from workflow.rebase import Clash
    from workflow.store import Stored

REBASED = {
    "rebases": "the number of the proposal whose place it takes, which is superseded",
    "carried": "how many approvals went along",
    "not_carried": "why approvals did not, in words; empty where all did, or there were none",
}
CONFLICT = {
    "error": "what stands in the way, in one line",
    "id": "the proposal's number; it is what it was",
    "base": "the commit that it does not fit",
    "conflicts": "each place that does not fit: `path`, `reason` (`changed`, `several-places`,"
    " `gone`, `occupied`, `whole-file`, `mode`, `merge`), `message`, `hunk` (its header, empty for"
    " a whole file), `expected` (the lines that the patch was made for, sealed), `found` (those"
    " that are there now, sealed), `line` (where those begin, from 1; 0 where there are none)",
    "next": "the next command",
    "exit_code": "3",
}


def run(output: Output, number: int) -> None:
    """Put a proposal on its branch's present commit; leave with 3 when it does not fit there."""
    repository = session.open_repository(output)
    require_in_place(repository, number, "rebase")
    before = repository.store.get(number)
    base = rebase.present(repository.git, before)
    words = before.proposal.request.text
    with session.engine(repository, output, f"workflow rebase {number}") as engine:
        parts = wiring.build(repository, base, words, tell=engine.tell)
        try:
            after = renew(number, parts, engine)
        except ConflictError as conflict:
            show_conflict(output, conflict)
            raise typer.Exit(ExitCode.REFUSED) from None
    store = repository.store
    content = report.content(repository.git, after.proposal, parts.vault)
    compared = report.compared(store, after.proposal)
    approvals = store.approvals(after.id)
    said = ledger.facts(store.connection, "rebase", after.id)[-1]
    data = {
        **report.of_proposal(after, content[1], compared, approvals),
        "rebases": number,
        "carried": said["carried"],
        "not_carried": said["reasons"],
    }
    lines = (*_moved(before, after), *fresh(page(store, after, content, compared, approvals)))
    output.result(data, *lines, *_votes(said["carried"], said["reasons"]))
    if after.state is State.REFUSED:
        output.next(data["next"])
        raise typer.Exit(ExitCode.REFUSED)
    look = "" if after.state is State.APPROVED else f"workflow show {after.id}, then "
    output.next(f"{look}{next_of(repository, after)}")


def require_in_place(repository: wiring.Repository, number: int, command: str) -> None:
    """Refuse a proposal whose place another has taken, and name that.  Raises `StateError`."""
    newest = repository.store.newest(number)
    if newest != number:
        message = f"proposal {number} is superseded: proposal {newest} has taken its place"
        raise StateError(message, hint=f"workflow show {newest}, then workflow {command} {newest}")


def _moved(before: Stored, after: Stored) -> Iterator[Text]:
    """Which proposal takes the place of which."""
    old, new = before.proposal.base, after.proposal.base
    where = f"{visible(new.branch)} as it is now, {new.commit.short}"
    if old.commit == new.commit:
        where = f"the same commit of {visible(new.branch)}, with fresh evidence"
    yield Text(f"Proposal {after.id} takes the place of {before.id}: {where}")


def _votes(carried: int, reasons: list[str]) -> Iterator[Text]:
    """What became of the approvals that there were."""
    if carried:
        many = "1 approval" if carried == 1 else f"{carried} approvals"
        yield Text.assemble(("✓ ", "green"), f"{many} went along: nothing approved is different")
    for reason in reasons:
        yield Text.assemble(("! ", "yellow"), f"not carried over: {visible(reason)}")


# --- a conflict -----------------------------------------------------------------------------------


def show_conflict(output: Output, found: ConflictError) -> None:
    """Print what of a proposal does not fit its branch any more, with the lines in question."""
    data = {
        "error": found.message,
        "id": found.number,
        "base": found.base and found.base.commit,
        "conflicts": [_of_clash(clash) for clash in found.clashes],
        "next": found.hint,
        "exit_code": int(ExitCode.REFUSED),
    }
    lines = [line for clash in found.clashes for line in _clash(clash)]
    base = found.base
    where = f"{visible(base.branch)} at {base.commit.short}" if base else "its branch"
    head = f"Proposal {found.number} does not fit {where} any more"
    output.result(data, Text(head, "bold"), *lines)
    output.next(found.hint)


def _of_clash(clash: Clash) -> dict[str, Any]:
    return {
        "path": clash.path,
        "reason": str(clash.reason),
        "message": clash.message,
        "hunk": clash.hunk,
        "expected": list(clash.expected),
        "found": list(clash.found),
        "line": clash.line,
    }


def _clash(clash: Clash) -> Iterator[Text]:
    yield Text.assemble(
        ("✗ ", "red"), (visible(clash.path), "bold"), f"  {visible(clash.message)}", no_wrap=True
    )
    if not clash.hunk:
        return
    yield Text(f"    {visible(clash.hunk)}", "cyan", no_wrap=True)
    yield Text("    the patch expects:", "dim")
    yield from (_line(line, "red", "-") for line in clash.expected)
    where = f"from line {clash.line}" if clash.found else "nothing"
    yield Text(f"    there is now ({where}):", "dim")
    yield from (_line(line, "green", "+") for line in clash.found)


def _line(line: str, style: str, sign: str) -> Text:
    # The carriage return of a CRLF file shows only where it is what differs.
    return Text(f"    {sign} {visible(line)}", style, no_wrap=True)
