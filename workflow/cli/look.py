"""`workflow show`, `list` and `history`: they read, and change nothing."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from workflow import approval, wiring
from workflow.cli import report, session
from workflow.cli.output import visible, visible_lines
from workflow.errors import UsageError
from workflow.journal import LandingKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.cli.output import Output
    from workflow.journal import Landing
    from workflow.store import ProposalRow, Stored

_TITLE = 60
_PROBE, _UNPROVEN = "probe:", "unproven"


@dataclass(frozen=True, slots=True)
class View:
    """Which part of a proposal is asked for, when not all of it."""

    prompt: bool = False
    patch: bool = False
    log: str = ""
    reveal: bool = False


def show(output: Output, number: int, view: View) -> None:
    """Print a proposal, or one part of it as it is."""
    repository = session.open_repository(output, needs_files=False)
    stored = repository.store.get(number)
    part = _part(repository, stored, view)
    if part is not None and output.as_json:
        name = "patch" if view.patch else "prompt" if view.prompt else "log"
        output.result({"id": number, name: part.decode("utf-8", "backslashreplace")})
        return
    if part is not None:
        # Bytes for a file or a pipe go out as they are; a terminal gets them harmless.
        if sys.stdout.isatty():
            sys.stdout.write(visible_lines(part.decode("utf-8", "replace")))
        else:
            sys.stdout.buffer.write(part)
        return
    from workflow.cli import people
    from workflow.cli.show import lines, page

    about = people.said(repository.store, repository.git, stored)
    git, proposal = repository.git, stored.proposal
    vault = None if view.reveal else wiring.vault(repository, proposal.base.tree)
    content = report.content(git, proposal, vault)
    compared = report.compared(repository.store, proposal)
    data = {**report.of_proposal(stored, content[1], compared), **people.data(about)}
    moved = f"workflow rebase {number}"
    data["next"] = moved if about.has_moved else people.next_of(repository, stored)
    whole = page(repository.store, stored, content, compared)
    output.result({**data, "patch": content[0]}, *lines(whole), *people.lines(about))
    session.displayed(repository, stored)
    output.next(data["next"])


def list_proposals(output: Output) -> None:
    """Print a line for each proposal."""
    repository = session.open_repository(output, needs_files=False)
    rows = repository.store.rows()
    following = report.next_command(rows[0].id, rows[0].state) if rows else 'workflow propose "…"'
    broken = approval.broken_numbers(repository.store.connection)
    data = {
        "proposals": [{**report.of_row(row), "glass": row.id in broken} for row in rows],
        "next": following,
    }
    lines = [
        _columns(
            *(str(row.id), row.state, row.created, _title(row)),
            f"glass broken  {_files(row.files)}" if row.id in broken else _files(row.files),
        )
        for row in rows
    ]
    output.result(data, *(lines or [Text("No proposals yet.")]))
    output.next(following)


def history(output: Output) -> None:
    """Print a line for each landing."""
    repository = session.open_repository(output, needs_files=False)
    landings = repository.journal.landings()
    titles = {row.id: _title(row) for row in repository.store.rows()}
    is_in = bool(landings) and landings[0].kind is LandingKind.APPLY
    following = "workflow rollback" if is_in else "workflow list"
    health = {landing.id: _health(repository, landing) for landing in landings}
    rows = [{**report.of_landing(one), "health": health[one.id]} for one in landings]
    data = {"landings": rows, "next": following}
    lines = [
        _columns(
            *(str(landing.id), f"{landing.kind} {landing.state}", landing.at),
            f"{landing.branch} {landing.before.short} -> {landing.after.short}",
            f"proposal {landing.proposal}: {titles.get(landing.proposal, '')}"
            + _marks(landing, health[landing.id]),
        )
        for landing in landings
    ]
    output.result(data, *(lines or [Text("Nothing has landed yet.")]))
    output.next(following)


def _health(repository: wiring.Repository, landing: Landing) -> str:
    """What probes have made of a landing."""
    from workflow import probes

    found = probes.seen(repository.store.connection, landing.proposal)
    return str(probes.health(probes.of_landing(found, landing.id)))


def _marks(landing: Landing, health: str) -> str:
    """What is not as usual about a landing."""
    marks = [f"glass broken: {landing.glass}"] if landing.glass else []
    marks += ["by itself"] if landing.is_automatic else []
    marks += [landing.reason] if landing.reason else []
    marks += [health] if health != _UNPROVEN else []
    return f"  ({'; '.join(marks)})" if marks else ""


def _part(repository: wiring.Repository, stored: Stored, view: View) -> bytes | None:
    """The prompt, the patch or a gate's log, if one of them is asked for."""
    proposal, git = stored.proposal, repository.git
    if view.patch:
        return git.patch(proposal.base.tree, proposal.tree)
    if view.prompt:
        prompts = [repository.store.kept(one.receipt.prompt) for one in proposal.rounds]
        return b"\n".join(prompts)
    if view.log.startswith(_PROBE):
        from workflow import probes

        name = view.log.removeprefix(_PROBE)
        every = probes.seen(repository.store.connection, stored.id)
        said = [one for one in every if one.result.name == name]
        if not said:
            message = f"no probe {name!r} has looked at a landing of proposal {stored.id}"
            known = ", ".join(dict.fromkeys(one.result.name for one in every)) or "none"
            raise UsageError(message, hint=f"those that have: {known}")
        heads = [f"--- {one.when}: {one.result.summary}\n".encode() for one in said]
        logs = [repository.store.kept(one.result.log) for one in said]
        return b"".join(head + log for head, log in zip(heads, logs, strict=True))
    if view.log:
        runs = [run for v in proposal.verdicts if v.gate == view.log for run in v.evidence]
        if not runs:
            gates = ", ".join(verdict.gate for verdict in proposal.verdicts) or "none"
            message = f"proposal {stored.id} has no evidence of a gate {view.log!r}"
            raise UsageError(message, hint=f"its gates: {gates}")
        heads = [f"--- {run.side} tree: {run.command}\n".encode() for run in runs]
        logs = [repository.store.kept(run.log) for run in runs]
        return b"".join(head + log for head, log in zip(heads, logs, strict=True))
    return None


def _columns(number: str, state: str, at: str, title: str, rest: str) -> Text:
    return Text.assemble(
        (f"{number:>4}  ", "bold"),
        f"{state:<18} {visible(at)}  {visible(title)}  ",
        (visible(rest), "dim"),
    )


def _title(row: ProposalRow) -> str:
    return _short(report.title(row.title, row.wish, row.revises))


def _files(paths: Sequence[str]) -> str:
    """The files of a proposal: all where they are short, else how many and the first of them."""
    whole = ", ".join(paths)
    if len(whole) <= _TITLE:
        return whole
    many = f"{len(paths)} files: " if len(paths) > 1 else ""
    return _short(f"{many}{whole}")


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _TITLE else one_line[: _TITLE - 1] + "…"
