"""Looks and approvals are rows, and a yes counts only as the ledger knows it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from workflow import apply, approval, ledger, votes
from workflow.canonical import sha256
from workflow.errors import StateError
from workflow.types import Digest, Identity, Person, Proof, State

if TYPE_CHECKING:
    from tests.unit.conftest import Desk

BOB = Person(Identity("Bob", "bob@example.test"), "bob")
AT = "2026-01-02T03:04:05Z"
NEW = {"site.conf": b"new\n"}


def events(desk: Desk) -> list[str]:
    """Return the events in the ledger, oldest first."""
    return [row.event for row in ledger.rows(desk.store.connection)]


def test_a_look_is_a_row(desk: Desk) -> None:
    """Who was shown what, from where, and when; the ledger is none the wiser."""
    stored = desk.propose(NEW)
    before = events(desk)
    votes.look(desk.store.connection, 1, stored.digest, BOB, at=AT)
    votes.look(desk.store.connection, 1, stored.digest, replace(BOB, account=""))
    first, second = votes.looks(desk.store.connection, 1)
    assert first == votes.Look(1, stored.digest, BOB, AT)
    assert (second.viewer.account, second.at > AT) == ("", True)
    assert votes.looks(desk.store.connection, 2) == ()
    assert events(desk) == before


def test_a_yes_is_read_back_as_it_was_given(desk: Desk) -> None:
    """Every column, for a plain one and for one that has them all."""
    stored = desk.propose(NEW)
    kept = desk.store.keep(b"signature")
    plain = votes.Approval(1, stored.digest, str(BOB), AT)
    full = votes.Approval(
        *(1, stored.digest, str(BOB), AT, "bob", Proof.SIGNATURE),
        is_own=True,
        signature=kept,
        carried_from=sha256(b"before"),
    )
    for one in (plain, full):
        votes.add(desk.store.connection, one)
    assert desk.store.approvals(1) == (plain, full)
    assert full.person == replace(BOB, proof=Proof.SIGNATURE)
    assert events(desk)[-2:] == ["approval", "approval-carried"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("digest", "sha256:" + "0" * 64),
        ("approver", "Eve <eve@example.test>"),
        ("account", "eve"),
        ("proof", "signature"),
        ("is_own", 1),
        ("signature", None),
        ("carried_from", "sha256:" + "0" * 64),
        ("at", "2036-01-02T03:04:05Z"),
    ],
)
def test_a_changed_row_is_nobodys_yes(desk: Desk, column: str, value: object) -> None:
    """Whichever column somebody with the file rewrites, the ledger does not know it."""
    stored = desk.propose(NEW)
    kept = desk.store.keep(b"signature")
    yes = votes.Approval(1, stored.digest, str(BOB), AT, "bob", signature=kept)
    votes.add(desk.store.connection, yes)
    assert desk.store.approvals(1) == (yes,)
    desk.store.connection.execute(f"UPDATE approvals SET {column} = ?", (value,))  # noqa: S608 - a column named above
    assert desk.store.approvals(1) == ()


def test_a_yes_is_for_one_proposal(desk: Desk) -> None:
    """A row moved to another proposal is none."""
    stored = desk.propose(NEW)
    desk.propose({"site.conf": b"other\n"})
    votes.add(desk.store.connection, votes.Approval(1, stored.digest, str(BOB), AT))
    desk.store.connection.execute("UPDATE approvals SET proposal = 2")
    assert desk.store.approvals(1) == desk.store.approvals(2) == ()


# --- decisions ----------------------------------------------------------------------------------


def test_an_approval_names_digest_and_person(desk: Desk) -> None:
    """A yes is recorded with what it was for and by whom, and moves the state."""
    stored = desk.propose(NEW)
    yes = desk.approve(1, BOB)
    assert desk.store.approvals(1) == (yes,)
    assert (yes.proposal, yes.digest, yes.approver) == (1, stored.digest, str(BOB))
    assert isinstance(desk.store.approvals(1)[0].digest, Digest)
    assert desk.store.get(1).state is State.APPROVED
    assert events(desk)[-1] == "approval"


def test_a_rejection_takes_approvals_away(desk: Desk) -> None:
    """After a no nothing counts as a yes; the ledger keeps both, with the reason."""
    desk.propose(NEW)
    desk.approve(1, BOB)
    approval.reject(desk.store, 1, BOB, "too much")
    assert desk.store.approvals(1) == ()
    assert desk.store.get(1).state is State.REJECTED
    assert events(desk)[-2:] == ["approval", "rejection"]
    assert list(ledger.rows(desk.store.connection))[-1].body["reason"] == "too much"


def test_a_row_that_is_put_back_after_a_rejection_is_none(desk: Desk) -> None:
    """The ledger knows the yes, and it knows the no that came after it."""
    stored = desk.propose(NEW)
    yes = desk.approve(1, BOB)
    approval.reject(desk.store, 1, BOB, "no")
    desk.store.connection.execute(
        "INSERT INTO approvals (proposal, digest, approver, account, proof, is_own, at)"
        " VALUES (1, ?, ?, 'bob', 'git', 0, ?)",
        (stored.digest, str(BOB), yes.at),
    )
    assert desk.store.approvals(1) == ()


def test_a_yes_does_not_undo_a_no(desk: Desk) -> None:
    """Who approves what has been rejected is told, and nothing is recorded."""
    desk.propose(NEW)
    approval.reject(desk.store, 1, BOB, "no")
    with pytest.raises(StateError, match="is rejected"):
        desk.approve(1, BOB)
    assert desk.store.get(1).state is State.REJECTED
    assert "approval" not in events(desk)


def test_a_no_does_not_undo_a_landing(desk: Desk) -> None:
    """Who rejects what has just landed is told that it has."""
    stored = desk.approved(NEW)
    desk.store.set_state(stored.id, State.APPLIED)
    with pytest.raises(StateError, match="is applied"):
        approval.reject(desk.store, 1, BOB, "no")
    assert len(desk.store.approvals(1)) == 1


def test_a_no_does_not_come_between(desk: Desk) -> None:
    """While a landing is intended, the branch may have moved: a no would be about the past."""
    move = desk.prepare(desk.approved(NEW).id)
    apply.intend(desk.store, desk.journal, move, BOB.identity)
    with pytest.raises(StateError, match="is landing in this very moment") as caught:
        approval.reject(desk.store, 1, BOB, "no")
    assert caught.value.hint.startswith("workflow rollback 1")
    assert desk.store.get(1).state is State.APPROVED
    assert len(desk.store.approvals(1)) == 1
