"""`workflow approve` and `workflow reject`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from workflow import approval, seal, wiring
from workflow.cli import refusals, report, session
from workflow.cli.output import visible
from workflow.errors import UsageError
from workflow.identity import SigningError, signatures
from workflow.types import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workflow.approval import Glass, Standing
    from workflow.cli.output import Output
    from workflow.cli.show import Words
    from workflow.identity import Statement
    from workflow.store import Stored
    from workflow.types import Person
    from workflow.votes import Approval

_MAX_SIGNATURE = 64 * 1024
_MAX_FILES = 10


@dataclass(frozen=True, slots=True)
class Signing:
    """How a yes is signed: here (`sign`), or elsewhere and handed in as a file.

    With `statement`, nothing is approved: what is to be signed elsewhere is printed.
    """

    sign: bool = False
    signature: Path | None = None
    statement: bool = False


_UNSIGNED = Signing()


def approve(output: Output, number: int, digest: str, signing: Signing = _UNSIGNED) -> None:
    """Record a yes to what the approver has seen."""
    repository = session.open_repository(output)
    store, git = repository.store, repository.git
    who = session.person(repository)
    stored = store.get(number)
    if signing.statement:
        _print_statement(output, stored, who)
        return
    armored = _armored(repository, stored, who, signing)
    with refusals.told(repository, number, "approve", who):
        yes = approval.approve(store, git, number, who, digest, signature=armored)
    stored = store.get(number)
    stands = approval.standing(store, git, stored, at=approval.utc_now())
    broken = approval.glass(store, git, number)
    words = _words(output, repository, stored)
    compared = report.compared(store, stored.proposal)
    data = report.of_proposal(stored, words, compared, store.approvals(number))
    data |= {
        "self_approved": yes.is_own,
        "signed": yes.signature is not None,
        "waiting_for": stands.waiting_for if stored.state is State.AWAITING else "",
    }
    if stored.state is State.AWAITING:
        look = "" if stands.hopeless else f"somebody else: workflow show {number}, then "
        wanted = approval.way_out if stands.hopeless else approval.approve_command
        data["next"] = f"{look}{wanted(stored)}"
    output.result(data, *_said(stored, yes, stands, broken))
    output.next(data["next"])


def reject(output: Output, number: int, reason: str) -> None:
    """Record a no."""
    repository = session.open_repository(output)
    who = session.person(repository)
    # Not while it lands: then it is too late, and `rollback` is the way back.
    with repository.journal.exclusive(f"workflow reject {number}"):
        said = sealed(repository, repository.store.get(number), reason)
        stored = approval.reject(repository.store, number, who, said)
    compared = report.compared(repository.store, stored.proposal)
    data = report.of_proposal(stored, _words(output, repository, stored), compared)
    output.result({**data, "reason": said}, Text(f"Proposal {number} is rejected."))
    output.next(data["next"])


def sealed(repository: wiring.Repository, stored: Stored, reason: str) -> str:
    """A reason without the values of the files that it may speak of."""
    if not reason:
        return ""
    base = stored.proposal.base.tree
    vault = wiring.vault(repository, base)
    seal.learn(vault, repository.git, repository.git.change(base, stored.proposal.tree))
    seal.learn_tree(vault, repository.git, base)
    return vault.scrub_text(reason)


# --- signatures -----------------------------------------------------------------------------------


def _armored(
    repository: wiring.Repository, stored: Stored, who: Person, signing: Signing
) -> str | None:
    """The signature that goes with a yes, if one is asked for."""
    if signing.sign and signing.signature is not None:
        message = "--sign makes a signature, and --signature takes one that was made elsewhere"
        raise UsageError(message, hint="give one of them")
    if signing.signature is not None:
        return _read(signing.signature)
    if not signing.sign:
        return None
    return signed(repository, approval.statement(stored, who.identity.email))


def signed(repository: wiring.Repository, said: Statement) -> str:
    """A signature of a statement with git's SSH key, or the agent's only one.

    Raises `SigningError` where there is neither, or it does not sign.
    """
    key = signatures.own_key(repository.git)
    if key is None:
        message = "git names no SSH key to sign with, and no ssh-agent runs"
        hint = "git config gpg.format ssh, and git config user.signingKey ~/.ssh/id_ed25519.pub"
        raise SigningError(message, hint=hint)
    return signatures.sign(said, key)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_SIGNATURE + 1)
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise UsageError(message, hint="give the .sig file that ssh-keygen wrote") from error
    if len(data) > _MAX_SIGNATURE:
        message = f"{path}: too large for a signature"
        raise UsageError(message, hint="give the .sig file that ssh-keygen wrote")
    return data.decode("utf-8", "replace")


def _print_statement(output: Output, stored: Stored, who: Person) -> None:
    """Print the bytes to sign; a file of exactly these is what ssh-keygen has to be given."""
    data = signatures.message(approval.statement(stored, who.identity.email))
    following = (
        f"workflow approve {stored.id} --digest {stored.digest.short} --signature statement.sig"
    )
    if output.as_json:
        said = {"id": stored.id, "statement": data.decode(), "namespace": signatures.NAMESPACE}
        output.result({**said, "next": following})
        return
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    output.note(
        "save this as statement, byte for byte, and sign it: "
        f"ssh-keygen -Y sign -f KEY -n {signatures.NAMESPACE} statement"
    )
    # Not on stdout, which is the file to sign.
    output.note(f"then: {following}")


# --- words ----------------------------------------------------------------------------------------


def _said(stored: Stored, yes: Approval, stands: Standing, broken: Glass | None) -> Iterator[Text]:
    """What was approved, in short, and what that comes to."""
    number = stored.id
    who = visible(yes.approver)
    if stored.state is State.APPROVED:
        yield Text(f"Proposal {number} is approved by {who}: {yes.digest.short}")
    elif stored.state is State.AWAITING:
        said = f"Proposal {number} has an approval, not yet enough, by {who}: {yes.digest.short}"
        yield Text(said)
        yield Text(visible(stands.waiting_for), "yellow")
    else:
        yield Text(f"Proposal {number}, landed with broken glass, was reviewed by {who}.")
        if broken and not broken.is_reviewed:
            yield Text("That is not enough yet: others have to review it, too.", "yellow")
    yield from _what(stored)
    if yes.signature is not None:
        yield Text("Your signature is kept with it.")
    if yes.is_own:
        asked = "You approved what you asked for yourself: nobody else has looked at it."
        yield Text(asked, "yellow")


def _what(stored: Stored) -> Iterator[Text]:
    """The files, the verdicts in one line, and every doubt."""
    proposal = stored.proposal
    paths = [visible(change.path) for change in proposal.files]
    more = f" and {len(paths) - _MAX_FILES} more" if len(paths) > _MAX_FILES else ""
    radius = proposal.blast_radius
    yield Text(f"  {', '.join(paths[:_MAX_FILES])}{more} (+{radius.added} -{radius.removed})")
    gates = ", ".join(f"{visible(one.gate)} {one.outcome}" for one in proposal.verdicts)
    yield Text(f"  {gates}; base {proposal.base.commit.short} on {visible(proposal.base.branch)}")
    for verdict in proposal.verdicts:
        for doubt in verdict.doubts:
            said = f"{visible(verdict.gate)} passed with a doubt: {visible(doubt)}"
            yield Text.assemble(("! ", "yellow"), said)


def _words(output: Output, repository: wiring.Repository, stored: Stored) -> Words:
    """What changes, in sentences; only JSON has them here."""
    if not output.as_json:
        return {}
    vault = wiring.vault(repository, stored.proposal.base.tree)
    return report.content(repository.git, stored.proposal, vault)[1]
