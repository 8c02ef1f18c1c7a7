"""`workflow propose` and `workflow shrink`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from workflow import approval, wiring
from workflow.cli import findings, people, report, session
from workflow.cli.output import visible, visible_lines
from workflow.cli.show import fresh, page
from workflow.errors import ExitCode
from workflow.pipeline import explain, propose, propose_smaller, revise
from workflow.policy import require_known
from workflow.rounds import NothingFoundError
from workflow.types import AnswerKind, ChangeRequest, State

if TYPE_CHECKING:
    from workflow.cli.output import Output
    from workflow.redaction import Vault
    from workflow.store import Stored
    from workflow.types import Way


@dataclass(frozen=True, slots=True)
class Typed:
    """A request as it was typed, with its options."""

    text: str
    names: tuple[str, ...]
    way: Way | None = None
    recipe: str = ""
    allow: tuple[str, ...] = ()


def run(output: Output, typed: Typed) -> None:
    """Propose a change, print it, and leave with 3 when a gate or the policy says no."""
    text = session.request_text(typed.text)
    require_known(one for one in typed.allow if ":" not in one)
    if of_gates := [one for one in typed.allow if ":" in one]:
        from workflow.gates import declared

        declared.require_known(of_gates)
    repository = session.open_repository(output)
    git = repository.git
    paths = tuple(session.repo_path(repository, name) for name in typed.names)
    base = git.snapshot()
    if git.is_shallow():
        output.note("this is a shallow clone: older history cannot be looked at")
    allowed = tuple(dict.fromkeys(typed.allow))
    who = session.person(repository)
    words = (typed.way, allowed, typed.recipe, who.account)
    request = ChangeRequest(text, paths, who.identity, *words)
    with session.engine(repository, output, "workflow propose") as engine:
        parts = wiring.build(repository, base, text, tell=engine.tell)
        is_check = bool(typed.recipe) and parts.recipe(typed.recipe).answer is AnswerKind.FINDINGS
        try:
            stored = propose(request, parts, engine)
        except NothingFoundError as nothing:
            if not is_check:
                raise
            smoke = nothing.found.smoke_test
            text = repository.store.kept(smoke).decode("utf-8", "replace") if smoke else ""
            findings.report(output, nothing.found, text)
            return
    _say(output, repository, stored, parts.vault)


def revise_as(output: Output, number: int, wish: str) -> None:
    """Propose a change once more, as a reviewer wants it."""
    words = session.request_text(wish, f'workflow revise {number} "make it 20s instead"')
    repository = session.open_repository(output)
    before = repository.store.get(number)
    with session.engine(repository, output, f"workflow revise {number}") as engine:
        parts = wiring.build(repository, repository.git.snapshot(), words, before, engine.tell)
        stored = revise(number, words, session.person(repository), parts, engine)
    _say(output, repository, stored, parts.vault)


def explain_to(output: Output, number: int) -> None:
    """Print what a drafter says that a proposal does."""
    repository = session.open_repository(output)
    stored = repository.store.get(number)
    parts = wiring.build(repository, stored.proposal.base, "", stored)
    with session.engine(repository, output, f"workflow explain {number}") as engine:
        answer = explain(number, parts, engine)
    text = parts.vault.scrub_text(answer.explanation)
    notes = [parts.vault.scrub_text(note) for note in answer.notes]
    data = {"id": number, "explanation": text, "notes": notes, "model": answer.model}
    lines = [Text(line) for line in visible_lines(text).splitlines()]
    lines += [Text.assemble(("note: ", "dim"), visible(note)) for note in notes]
    drafter = visible(f"{answer.provider} {answer.model}")
    said = Text(f"{drafter} says, and nothing of it was checked:", "dim")
    output.result(data, said, *lines)
    output.next(f"workflow show {number}")


def shrink(output: Output, number: int) -> None:
    """Propose what is left of a proposal without its spare parts."""
    repository = session.open_repository(output)
    base = repository.store.get(number).proposal.base
    with session.engine(repository, output, f"workflow shrink {number}") as engine:
        parts = wiring.build(repository, base, tell=engine.tell)
        stored = propose_smaller(number, parts, engine)
    _say(output, repository, stored, parts.vault)


def _say(output: Output, repository: wiring.Repository, stored: Stored, vault: Vault) -> None:
    """Print a fresh proposal, and leave with 3 when it is refused."""
    content = report.content(repository.git, stored.proposal, vault)
    compared = report.compared(repository.store, stored.proposal)
    data = report.of_proposal(stored, content[1], compared)
    stands = approval.standing(repository.store, repository.git, stored, at=approval.utc_now())
    if stands.hopeless and stored.state is State.AWAITING:
        data["next"] = approval.way_out(stored)
    output.result(data, *fresh(page(repository.store, stored, content, compared)))
    session.displayed(repository, stored)
    if stored.state is State.REFUSED:
        output.next(data["next"])
        raise typer.Exit(ExitCode.REFUSED)
    if stands.hopeless:
        output.note(stands.waiting_for)
        output.next(data["next"])
        return
    output.next(f"workflow show {stored.id}, then {people.next_of(repository, stored)}")
