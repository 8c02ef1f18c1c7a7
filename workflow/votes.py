"""Who was shown a proposal and who said yes to it, as rows of which the ledger knows each yes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow import ledger
from workflow.database import transaction
from workflow.types import Digest, Identity, Person, Proof

if TYPE_CHECKING:
    import sqlite3

_GIVEN, _CARRIED, _REJECTED = "approval", "approval-carried", "rejection"


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody was shown a digest; `at` is RFC 3339 in UTC."""

    proposal: int
    digest: Digest
    viewer: Person
    at: str


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody's yes to exactly one digest.

    `approver` is `Name <email>`, and `at` is RFC 3339 in UTC.  `is_own` says that they had asked
    for the change themselves.  `signature` is the digest under which an armored SSH signature was
    kept, and `carried_from` that of the proposal to which the yes was given before it was put on a
    newer base: the signature is of that one.
    """

    proposal: int
    digest: Digest
    approver: str
    at: str
    account: str = ""
    proof: Proof = Proof.GIT
    is_own: bool = False
    signature: Digest | None = None
    carried_from: Digest | None = None

    @property
    def person(self) -> Person:
        """Who said yes."""
        return _person(self.approver, self.account, self.proof)


def look(
    connection: sqlite3.Connection, proposal: int, digest: Digest, viewer: Person, *, at: str = ""
) -> None:
    """Note that somebody is shown a digest now, or at another time."""
    connection.execute(
        "INSERT INTO looks (proposal, digest, viewer, account, at) VALUES (?, ?, ?, ?, ?)",
        (proposal, digest, str(viewer), viewer.account, at or ledger.now()),
    )


def looks(connection: sqlite3.Connection, proposal: int) -> tuple[Look, ...]:
    """Who was shown what of a proposal, oldest first."""
    found = connection.execute(
        "SELECT proposal, digest, viewer, account, at FROM looks WHERE proposal = ? ORDER BY id",
        (proposal,),
    )
    return tuple(
        Look(
            row["proposal"],
            Digest(row["digest"]),
            _person(row["viewer"], row["account"]),
            row["at"],
        )
        for row in found
    )


def add(connection: sqlite3.Connection, approval: Approval) -> None:
    """Write a yes down, with its ledger row; within the caller's transaction if there is one."""
    with transaction(connection):
        connection.execute(
            "INSERT INTO approvals (proposal, digest, approver, account, proof, is_own, signature,"
            " carried_from, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(approval.proposal, approval.digest, approval.approver, approval.account),
                *(approval.proof, approval.is_own, approval.signature, approval.carried_from),
                approval.at,
            ),
        )
        ledger.append(connection, _CARRIED if approval.carried_from else _GIVEN, _facts(approval))


def end(connection: sqlite3.Connection, proposal: int) -> None:
    """Drop every yes to a proposal that was rejected; they stay in the ledger."""
    connection.execute("DELETE FROM approvals WHERE proposal = ?", (proposal,))


def approvals(connection: sqlite3.Connection, proposal: int) -> tuple[Approval, ...]:
    """Every yes to a proposal, oldest first; one that the ledger does not know as it is, is none.

    After a rejection there are none.  Whether they count is another question
    (`approval.standing`).
    """
    if ledger.facts(connection, _REJECTED, proposal):
        return ()
    known = [
        fact for event in (_GIVEN, _CARRIED) for fact in ledger.facts(connection, event, proposal)
    ]
    found = connection.execute(
        "SELECT proposal, digest, approver, at, account, proof, is_own, signature, carried_from"
        " FROM approvals WHERE proposal = ? ORDER BY id",
        (proposal,),
    )
    return tuple(
        _approval(row) for row in found if {**dict(row), "is_own": bool(row["is_own"])} in known
    )


def _approval(row: sqlite3.Row) -> Approval:
    """A row that the ledger knows, so that its ids are ids."""
    return Approval(
        *(row["proposal"], Digest(row["digest"]), row["approver"], row["at"], row["account"]),
        *(Proof(row["proof"]), bool(row["is_own"])),
        signature=Digest(row["signature"]) if row["signature"] else None,
        carried_from=Digest(row["carried_from"]) if row["carried_from"] else None,
    )


def _facts(approval: Approval) -> dict[str, Any]:
    return {
        "proposal": approval.proposal,
        "digest": approval.digest,
        "approver": approval.approver,
        "at": approval.at,
        "account": approval.account,
        "proof": approval.proof,
        "is_own": approval.is_own,
        "signature": approval.signature,
        "carried_from": approval.carried_from,
    }


def _person(written: str, account: str, proof: Proof = Proof.GIT) -> Person:
    """A person from `Name <email>`; git lets no `<` into either."""
    name, _, rest = written.rpartition(" <")
    return Person(Identity(name, rest.removesuffix(">")), account, proof)
