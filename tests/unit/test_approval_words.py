"""What is said of lacking approvals: the command, who can give it, and where nobody can."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from workflow import apply, approval, votes
from workflow.errors import NotApprovedError
from workflow.types import Consent, Identity, Person, RepoPath, Requirement
from workflow.types import SelfApproval as Own

if TYPE_CHECKING:
    from tests.unit.conftest import Desk

NEW = {"site.conf": b"new\n"}
ADA = Person(Identity("Ada Author", "ada@example.test"), "ada")
BOB = Person(Identity("Bob", "bob@example.test"), "bob")
NEVER = Consent(self_approval=Own.NEVER)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJb4Tq1Dm0k1kH0mKk0m0kQ0kq0kZ0kq0kq0kq0kq0kq"
SITE = RepoPath("site.conf")


@pytest.fixture(autouse=True)
def _not_alone(desk: Desk) -> None:
    """Switch off what the sealed settings of tests say: nobody works alone here."""
    desk.repo.git("config", "workflow.singleUser", "false")


def propose(desk: Desk, consent: Consent, *needs: Requirement) -> None:
    """Store what Ada asks for, under a policy that wants `consent` and `needs`."""
    made = desk.proposal(NEW)
    request = replace(made.request, account="ada")
    made = replace(made, consent=consent, request=request, requirements=needs)
    stored = desk.store.add(made)
    apply.anchor(desk.git, desk.store, stored.id)


def following(desk: Desk, who: Person | None) -> str:
    """Return what proposal 1 waits for, as it is said to somebody."""
    return approval.following(desk.store, desk.git, desk.store.get(1), who)


@pytest.mark.parametrize(
    ("signatures", "command"), [(False, "workflow approve 1"), (True, "workflow approve 1 --sign")]
)
def test_the_requester_is_told_that_it_is_for_others(
    desk: Desk, *, signatures: bool, command: str
) -> None:
    """The command is the reviewer's, with `--sign` where nothing else would count."""
    propose(desk, replace(NEVER, signatures=signatures))
    assert following(desk, BOB) == command
    assert following(desk, ADA) == f"somebody else: {command}"
    assert following(desk, None) == f"somebody who did not ask for it: {command}"
    with pytest.raises(NotApprovedError) as caught:
        approval.cleared(desk.store, desk.git, 1)
    hint = f"workflow show 1, then somebody who did not ask for it: {command}"
    assert caught.value.hint == hint


def test_who_works_alone_is_told_the_command(desk: Desk) -> None:
    """Where one's own yes counts, it is nobody else's."""
    propose(desk, replace(NEVER, self_approval=Own.ALLOWED))
    assert following(desk, ADA) == following(desk, None) == "workflow approve 1"


def test_people_at_one_account_are_told_to_sign(desk: Desk) -> None:
    """Where the policy says that they share it and the base has keys of both, and only there."""
    desk.repo.commit({"keys": f"ada@example.test {KEY}\nbob@example.test {KEY}\n"})
    shared = replace(NEVER, signers=RepoPath("keys"), shared_accounts=("ada",))
    propose(desk, shared)
    here = replace(BOB, account="ada")
    assert following(desk, here) == "workflow approve 1 --sign"
    assert following(desk, ADA) == "somebody else: workflow approve 1"
    with pytest.raises(approval.NotAllowedError) as caught:
        desk.approve(1, here)
    assert caught.value.hint.endswith("so sign it: workflow approve 1 --sign")
    stranger = Person(Identity("Eve", "eve@example.test"), "ada")
    with pytest.raises(approval.NotAllowedError, match="from the same account") as caught:
        desk.approve(1, stranger)
    assert "--sign" not in caught.value.hint
    assert "keys has no key of eve@example.test" in caught.value.hint


def test_the_setting_that_is_lacking_is_named(desk: Desk) -> None:
    """As it is written in the policy, with the account; in a user namespace that is everybody's."""
    propose(desk, NEVER)
    for account, written in (("ada", "[ada]"), ("?", '["?"]')):
        with pytest.raises(approval.NotAllowedError) as caught:
            desk.approve(1, replace(BOB, account=account))
        assert f"(approval: shared_accounts: {written})" in caught.value.hint
        assert "their keys in approval: signers" in caught.value.hint
    with pytest.raises(approval.NotAllowedError) as caught:
        desk.approve(1, replace(BOB, account="token:ada"))
    assert caught.value.hint == "somebody else has to approve it"


OWNED = Requirement(SITE, ("ada@example.test",), 1, "approval.paths site.conf")


def test_what_only_the_requester_could_give_is_hopeless(desk: Desk) -> None:
    """It is said so, with the ways out, instead of waiting for ever."""
    propose(desk, Consent(breakers=("bob@example.test",)), OWNED)
    stands = approval.standing(desk.store, desk.git, desk.store.get(1), at=approval.utc_now())
    assert stands.hopeless == (OWNED,)
    lost = "(approval.paths site.conf), and only who asked for the change could give it"
    assert lost in stands.waiting_for
    with pytest.raises(NotApprovedError, match="only who asked for the change") as caught:
        approval.cleared(desk.store, desk.git, 1)
    assert caught.value.hint == following(desk, BOB) == following(desk, ADA)
    for way in ("another approver", "workflow rebase 1", "workflow.singleUser", "--break-glass"):
        assert way in caught.value.hint
    desk.repo.git("config", "workflow.singleUser", "true")
    assert following(desk, ADA) == "workflow approve 1"


@pytest.mark.parametrize(
    ("approvers", "needed", "is_hopeless"),
    [
        (("ada+x@example.test",), 1, True),
        (("ada@example.test", "bob@example.test"), 1, False),
        (("ada@example.test", "bob@example.test"), 2, True),
        (("bob@example.test",), 1, False),
    ],
)
def test_who_is_left_to_give_it(
    desk: Desk, approvers: tuple[str, ...], needed: int, *, is_hopeless: bool
) -> None:
    """As many as are needed, without every spelling of the requester."""
    propose(desk, NEVER, Requirement(SITE, approvers, needed))
    stands = approval.standing(desk.store, desk.git, desk.store.get(1), at=approval.utc_now())
    assert bool(stands.hopeless) is is_hopeless


@pytest.mark.parametrize(
    ("fresh_s", "words"), [(60, "of the last minute"), (120, "of the last 2 minutes")]
)
def test_one_minute_is_not_minutes(desk: Desk, fresh_s: int, words: str) -> None:
    """The bound of the evidence is said as people say it."""
    propose(desk, replace(NEVER, fresh_s=fresh_s))
    votes.look(desk.store.connection, 1, desk.store.get(1).digest, BOB)
    later = datetime.now(UTC) + timedelta(minutes=5)
    with pytest.raises(approval.NotAllowedError) as caught:
        approval.approve(desk.store, desk.git, 1, BOB, clock=lambda: later)
    assert caught.value.message.endswith(words)
