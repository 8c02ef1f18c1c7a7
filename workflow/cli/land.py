"""`workflow apply` and `workflow rollback`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from workflow import apply as landing_of
from workflow import approval, ledger, pipeline, wiring
from workflow.apply import Shape, Terms
from workflow.canonical import plain, sha256
from workflow.cli import probe_report, pushing, refusals, report, session
from workflow.cli.cost import counted
from workflow.cli.decide import sealed, signed
from workflow.cli.output import visible, visible_lines
from workflow.cli.pushing import Where
from workflow.cli.rebase import require_in_place, show_conflict
from workflow.config import ConfigError
from workflow.config.landing import LandingSettings
from workflow.errors import ExitCode, StateError, UsageError
from workflow.identity import Decision
from workflow.journal import LandingKind, LandingState
from workflow.landings import How
from workflow.rebase import ConflictError
from workflow.targets import Book, InstallState
from workflow.types import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.apply import Pushed
    from workflow.approval import Glass
    from workflow.cli.output import Output
    from workflow.journal import Landing
    from workflow.targets import Install
    from workflow.types import Person, TreeId

APPLIED = {
    **report.LANDING,
    **probe_report.LANDING,
    "installs": "what became of live files: `install`, `target`, `state`",
    "unsigned": "whether it bears no signature although git is set up to sign",
    "pushed": "`remote`, `branch`, `commit`, `also`: earlier commits that"
    " went along, and `was_there`: the remote had it already; or null",
    "next": "the next command",
}
PATCH = {
    "proposal": "the proposal's number",
    "base": "the commit that `git am` has to start from",
    "digest": "`sha256:` of the mail's bytes",
    "patch": "the mail, as text; bytes that are no UTF-8 are in base64 within it",
    "next": "the next command",
}


_NOWHERE = Where()


@dataclass(frozen=True, slots=True)
class Asked:
    """How a proposal is to land, as it was typed.

    A remote in `where` without `push` is an error; without a name, `push` goes to the settings'
    remote, the branch's own, or `origin`.  `glass` is the reason to land without
    approvals, and `despite` are the probes that fail already and are to decide nothing.  `sign`
    signs the breaking of the glass.
    """

    shape: Shape = Shape.COMMIT
    to: str = ""
    where: Where = _NOWHERE
    glass: str = ""
    despite: tuple[str, ...] = ()
    sign: bool = False


_PLAIN = Asked()


def apply(output: Output, number: int, asked: Asked = _PLAIN) -> None:
    """Bring an approved proposal in: as a commit, on a branch of its own, or as a mail."""
    _require_sense(asked, number)
    repository = session.open_repository(output)
    try:
        _apply(output, repository, number, asked)
    except ConflictError as conflict:
        show_conflict(output, conflict)
        raise typer.Exit(ExitCode.REFUSED) from None
    except KeyboardInterrupt:
        for landing in repository.journal.unconfirmed():
            output.note(f"{landing.branch} has moved, and waits: {landing_of.command(landing)}")
        raise


def _apply(output: Output, repository: wiring.Repository, number: int, asked: Asked) -> None:
    who = session.person(repository)
    command = f"workflow apply {number}"
    with (
        refusals.told(repository, number, "apply", who),
        session.landing(repository, output, command) as engine,
    ):
        again = _landed(repository, number)
        if again and asked.where.push:
            settings = _settings(repository, repository.store.get(number).proposal.base.tree)
            lease = pushing.after_landing(repository, again, asked.where, settings)
            pushed = pushing.push(repository, lease, again, settings)
            _say(output, repository, again, f"Proposal {number} was applied before", pushed)
            return
        _require_new(repository, number, again)
        words = repository.store.get(number).proposal.request.text
        on = partial(wiring.build, repository, words=words, tell=engine.tell)
        asked_for = number
        number, parts = pipeline.renewed(asked_for, repository, on, engine, waits=not asked.glass)
        if number != asked_for:
            output.note(_renewed(repository, asked_for, number))
        glass = _broken(repository, number, who, asked)
        settings = _settings(repository, parts.base.tree)
        terms = Terms(asked.shape, asked.to, settings.hooks == "user", settings.sign == "auto")
        how = How(terms, asked.despite, glass)
        if asked.shape is Shape.PATCH:
            mail = pipeline.hand_out(number, parts, engine, how)
            _hand_out(output, repository, number, mail, who)
            return
        # Looked at before anything moves: a landing that was to be pushed is not left behind.
        name = asked.to or landing_of.branch_name(number)
        new = name if asked.shape is Shape.BRANCH else None
        git, base = repository.git, parts.base
        remote = pushing.remote_of(git, base.branch, asked.where, settings)
        lease = pushing.before_landing(git, remote, base, number, new)
        landing = pipeline.land(number, who.identity, parts, engine, how)
        pushed = pushing.push(repository, lease, landing, settings)
    _say(output, repository, landing, f"Proposal {number} is applied", pushed)


def rollback(output: Output, number: int | None, where: Where = _NOWHERE) -> None:
    """Take a landing back."""
    repository = session.open_repository(output)
    command = "workflow rollback" + (f" {number}" if number else "")
    who = repository.git.identity()
    with session.landing(repository, output, command) as engine:
        grounds = wiring.grounds(repository, number, tell=engine.tell)
        landing = pipeline.roll_back(number, who, grounds, engine)
        # Afterwards, since no remote and no setting can stand in the way of a rollback; as they
        # are again, since what is taken back may have broken them.
        try:
            settings = _settings(repository, repository.git.tree_of(landing.after))
        except ConfigError as error:
            output.note(f"landing.push is not known: {error}")
            settings = LandingSettings()
        lease = pushing.after_landing(repository, landing, where, settings)
        pushed = pushing.push(repository, lease, landing, settings)
    is_in = repository.store.get(landing.proposal).state is State.APPLIED
    done = "is in again" if is_in else "is taken back"
    said = f"Proposal {landing.proposal} {done} (landing {landing.reverts} undone)"
    _say(output, repository, landing, said, pushed)


def _broken(repository: wiring.Repository, number: int, who: Person, asked: Asked) -> Glass | None:
    """The glass that is broken for a landing, if its reason is given."""
    if not asked.glass:
        return None
    stored = repository.store.get(number)
    reason = sealed(repository, stored, asked.glass)
    signature = None
    if asked.sign:
        said = approval.statement(stored, who.identity.email, Decision.BREAK_GLASS)
        signature = signed(repository, said)
    cleared = approval.break_glass(
        repository.store, repository.git, number, who, reason, signature=signature
    )
    return cleared.glass


def _require_sense(asked: Asked, number: int) -> None:
    again = f"workflow apply {number} --help"
    if asked.to and asked.shape is not Shape.BRANCH:
        message = "--to names a new branch"
        raise UsageError(message, hint=f"workflow apply {number} --as branch --to {asked.to}")
    if asked.shape is Shape.PATCH and asked.where.push:
        message = "a mail is not pushed"
        raise UsageError(message, hint=again)
    if asked.sign and not asked.glass:
        message = "--sign is for --break-glass: an approval was signed when it was given"
        raise UsageError(message, hint=again)
    if asked.where.remote and not asked.where.push:
        message = "--remote says where to push"
        raise UsageError(
            message, hint=f"workflow apply {number} --push --remote {asked.where.remote}"
        )


def _settings(repository: wiring.Repository, tree: TreeId) -> LandingSettings:
    return wiring.read_settings(repository.git, tree).landing


def _landed(repository: wiring.Repository, number: int) -> Landing | None:
    """The landing by which a proposal is in, if it is, and is confirmed."""
    if repository.store.get(number).state is not State.APPLIED:
        return None
    found = repository.journal.of_proposal(number)
    return next((one for one in reversed(found) if one.state is LandingState.KEPT), None)


def _require_new(repository: wiring.Repository, number: int, landing: Landing | None) -> None:
    """Refuse a proposal that is in already, or whose place another has taken: with which, where.

    Raises `StateError`.
    """
    if landing:
        where = landing.branch
        hint = "workflow history; workflow rollback takes it back"
        if not repository.git.head_of(where):
            where = f"{where}, a branch that is gone"
            hint = f"git branch {landing.branch} {landing.after.short}; or {hint}"
        message = f"proposal {number} is applied already, on {where}"
        raise StateError(message, hint=hint)
    require_in_place(repository, number, "apply")


def _renewed(repository: wiring.Repository, before: int, number: int) -> str:
    """Which proposal lands in the place of which, and whose approvals went along."""
    votes = repository.store.approvals(number)
    people = ", ".join(dict.fromkeys(vote.approver.partition(" <")[0] for vote in votes))
    said = f"proposal {number} is proposal {before} on the new base"
    return f"{said}; {counted(len(votes), 'approval')} carried over ({people})" if votes else said


# --- what is said ---------------------------------------------------------------------------------


def _hand_out(
    output: Output, repository: wiring.Repository, number: int, mail: bytes, who: Person
) -> None:
    """Print a mail as it is, once the ledger has it that it was given out."""
    stored = repository.store.get(number)
    base = stored.proposal.base.commit
    facts = {"proposal": number, "digest": stored.digest, "mail": sha256(mail), "who": str(who)}
    repository.store.log("handed-out", facts)
    after = f"git am FILE, on {base.short}"
    output.note(f"it changes nothing here; elsewhere: {after}")
    if output.as_json:
        text = mail.decode("utf-8", "backslashreplace")
        data = {"proposal": number, "base": base, "digest": facts["mail"], "patch": text}
        output.result({**data, "next": after})
    elif sys.stdout.isatty():
        sys.stdout.write(visible_lines(mail.decode("utf-8", "replace")))
    else:
        sys.stdout.buffer.write(mail)


def _say(
    output: Output,
    repository: wiring.Repository,
    landing: Landing,
    done: str,
    pushed: Pushed | None,
) -> None:
    about = probe_report.about(repository.store.connection, landing)
    where = "and its files" if landing.work_tree else "(not checked out)"
    lines = [
        Text.assemble(("✓ ", "green"), f"{done}: {visible(landing.branch)} {where}"),
        Text(f"  {landing.before.short} -> {landing.after.short}, confirmed byte for byte"),
    ]
    installs = _installs(repository, landing)
    stuck = [one.target for one in Book(repository.store).in_state(InstallState.STUCK)]
    is_unsigned = landing_of.is_unsigned(repository.git, landing.after)
    lines += _warnings(repository, landing, is_unsigned=is_unsigned)
    lines += [
        Text(f"  target {visible(one.target)}: {_installed(one)} (install {one.number})")
        for one in installs
    ]
    lines += probe_report.lines(about)
    lines += pushing.lines(pushed)
    data = {
        **report.of_landing(landing),
        **probe_report.of_landing(about),
        "installs": [
            {"install": one.number, "target": one.target, "state": str(one.state)}
            for one in installs
        ],
        "unsigned": is_unsigned,
        "pushed": plain(pushed) if pushed else None,
        "next": f"workflow targets restore {stuck[0]}" if stuck else "workflow rollback",
    }
    output.result(data, *lines)
    review = f"somebody else reviews it: workflow approve {landing.proposal}; "
    first = f"workflow targets restore {stuck[0]}; " if stuck else ""
    first += review if landing.glass else ""
    output.next(f"{first}workflow history; workflow rollback takes this back")


def _installed(one: Install) -> str:
    """What is live of an install, after how it has ended."""
    if one.state is InstallState.RESTORED:
        return "restored: what was live before is live again"
    is_live = one.state in {InstallState.INSTALLED, InstallState.KEPT}
    return f"{one.state}: {one.commit[:10]} is live" if is_live else str(one.state)


def _installs(repository: wiring.Repository, landing: Landing) -> list[Install]:
    """What a landing has brought to live files, and what it has taken back there."""
    book = Book(repository.store)
    numbers = (landing.id, landing.reverts) if landing.reverts else (landing.id,)
    return [one for number in numbers for one in book.of_landing(number)]


def _warnings(
    repository: wiring.Repository, landing: Landing, *, is_unsigned: bool
) -> Iterator[Text]:
    """What is not as it should be, although the branch has moved as it was to."""
    if is_unsigned and landing.kind is LandingKind.ROLLBACK:
        # A landing whose settings say so is not signed either, and that is no news.
        said = "not signed, for git could not: `git commit-tree -S HEAD^{tree}` shows why"
        yield Text.assemble(("! ", "yellow"), said)
    if landing.kind is LandingKind.ROLLBACK and ledger.verify(repository.store.connection)[1]:
        # Going back is never refused for that, but nobody should believe that all is well.
        yield Text.assemble(("! ", "bold red"), "the ledger does not hold: workflow ledger verify")
    if landing.glass:
        told = f"landed without the approvals that it waited for: {landing.glass}"
        yield Text.assemble(("! ", "bold red"), visible(told))
    for one in Book(repository.store).in_state(InstallState.STUCK):
        told = f"target {one.target} is stuck: workflow targets restore {one.target}"
        yield Text.assemble(("! ", "bold red"), visible(told))
