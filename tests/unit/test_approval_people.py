"""Whose yes counts: looks, quorum, own requests, expiry, fresh evidence, carried votes, glass."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from workflow import apply, approval, ledger, votes
from workflow.canonical import sha256
from workflow.errors import (
    ChangedProposalError,
    NotApprovedError,
    RefusedError,
    StateError,
    UsageError,
)
from workflow.policy import Approvals, load
from workflow.resources import folder
from workflow.types import (
    Consent,
    Identity,
    Outcome,
    Person,
    Proof,
    RepoPath,
    Requirement,
    State,
)
from workflow.types import SelfApproval as Own

if TYPE_CHECKING:
    from tests.unit.conftest import Desk
    from workflow.store import Stored

NEW = {"site.conf": b"new\n"}
ADA = Person(Identity("Ada Author", "ada@example.test"), "ada")
BOB = Person(Identity("Bob", "bob@example.test"), "bob")
CAROL = Person(Identity("Carol", "carol@example.test"), "carol")
NEVER = Consent(self_approval=Own.NEVER)


@pytest.fixture(autouse=True)
def _not_alone(desk: Desk) -> None:
    """Switch off what the sealed settings of tests say: nobody works alone here."""
    desk.repo.git("config", "workflow.singleUser", "false")


def propose(desk: Desk, consent: Consent = NEVER, **fields: object) -> Stored:
    """Store what Ada asks for, under a policy that wants `consent`."""
    made = desk.proposal(NEW)
    request = replace(made.request, account="ada")
    made = replace(made, consent=consent, request=request)
    stored = desk.store.add(replace(made, **fields))  # type: ignore[arg-type]  # fields by name
    apply.anchor(desk.git, desk.store, stored.id)
    return stored


def after(days: float) -> datetime:
    """Return a moment so many days from now."""
    return datetime.now(UTC) + timedelta(days=days)


# --- looks ----------------------------------------------------------------------------------------


def test_nobody_approves_what_they_were_not_shown(desk: Desk) -> None:
    """Without a look and without a digest there is nothing that the yes could be for."""
    stored = propose(desk)
    with pytest.raises(approval.NotSeenError, match="was not shown proposal 1") as caught:
        approval.approve(desk.store, desk.git, 1, BOB)
    assert caught.value.hint.startswith("look first: workflow show 1")
    votes.look(desk.store.connection, 1, stored.digest, BOB)
    assert approval.approve(desk.store, desk.git, 1, BOB).digest == stored.digest


@pytest.mark.parametrize(
    "viewer",
    [CAROL, replace(BOB, account="agent"), replace(BOB, identity=Identity("Bot", "b@x.test"))],
)
def test_somebody_elses_look_is_not_mine(desk: Desk, viewer: Person) -> None:
    """Neither another person's, nor an agent's at my account, nor my name from another account."""
    votes.look(desk.store.connection, 1, propose(desk).digest, viewer)
    with pytest.raises(approval.NotSeenError):
        approval.approve(desk.store, desk.git, 1, BOB)


def test_the_newest_look_counts(desk: Desk) -> None:
    """Who was shown something else last has to look again."""
    stored = propose(desk)
    for digest in (stored.digest, sha256(b"other")):
        votes.look(desk.store.connection, 1, digest, BOB)
    with pytest.raises(ChangedProposalError, match="and you were shown") as caught:
        approval.approve(desk.store, desk.git, 1, BOB)
    assert caught.value.hint == "look again: workflow show 1"
    assert approval.approve(desk.store, desk.git, 1, BOB, stored.digest).approver == str(BOB)


# --- one's own ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "who",
    [
        ADA,
        replace(ADA, account=""),
        Person(Identity("A. A.", "ADA+x@EXAMPLE.test."), "elsewhere"),
        Person(Identity("Agent", "agent@bots.test"), "ada"),
        replace(ADA, account="", proof=Proof.TOKEN),
    ],
)
def test_who_asked_does_not_approve(desk: Desk, who: Person) -> None:
    """Not under another spelling, nor as somebody else from the same account, nor by a token."""
    propose(desk)
    with pytest.raises(approval.NotAllowedError, match="by somebody who asked for this change"):
        desk.approve(1, who)
    assert desk.store.approvals(1) == ()


def test_the_mailmap_of_the_base_tells_who_is_who(desk: Desk) -> None:
    """Two addresses of one person, as the repository says itself."""
    desk.repo.commit({".mailmap": "Ada <ada@example.test> <bob@example.test>\n"})
    propose(desk)
    with pytest.raises(approval.NotAllowedError, match="asked for this change, as Ada Author"):
        desk.approve(1, BOB)


def test_who_revised_counts_as_the_requester(desk: Desk) -> None:
    """The reviewer whose wish it is does not approve it; a third person does."""
    propose(desk, revisers=(BOB,))
    for who in (ADA, BOB, Person(Identity("Bobby", "bobby@example.test"), "bob")):
        with pytest.raises(approval.NotAllowedError, match="asked for this change"):
            desk.approve(1, who)
    desk.approve(1, CAROL)
    assert desk.store.get(1).state is State.APPROVED


def test_alone_one_may_approve_and_it_is_said(desk: Desk) -> None:
    """Only while git's own setting says so, at the yes and at the landing."""
    propose(desk, Consent())
    with pytest.raises(approval.NotAllowedError) as caught:
        desk.approve(1, ADA)
    assert "git config workflow.singleUser true" in caught.value.hint
    desk.repo.git("config", "workflow.singleUser", "yes")
    yes = desk.approve(1, ADA)
    assert yes.is_own
    (fact,) = ledger.facts(desk.store.connection, "approval", 1)
    assert fact["is_own"] is True
    assert approval.cleared(desk.store, desk.git, 1).approvals == (yes,)
    desk.repo.git("config", "workflow.singleUser", "false")
    with pytest.raises(NotApprovedError, match="asked for this change"):
        approval.cleared(desk.store, desk.git, 1)


def test_a_policy_that_says_never_is_not_overruled(desk: Desk) -> None:
    """Whoever works alone or says so: the policy of the base wants somebody else."""
    desk.repo.git("config", "workflow.singleUser", "true")
    propose(desk)
    with pytest.raises(approval.NotAllowedError) as caught:
        desk.approve(1, ADA)
    assert "singleUser" not in caught.value.hint


def test_a_file_of_the_tree_does_not_say_who_is_alone(desk: Desk) -> None:
    """Settings that git includes from the work tree could be anybody's commit."""
    desk.repo.git("config", "--unset", "workflow.singleUser")
    desk.repo.commit({"settings": "[workflow]\n\tsingleUser = true\n"})
    desk.repo.git("config", "include.path", str(desk.repo.path / "settings"))
    propose(desk, Consent())
    with pytest.raises(approval.NotAllowedError):
        desk.approve(1, ADA)


def test_a_policy_may_allow_it_outright(desk: Desk) -> None:
    """And still it is recorded as one's own."""
    propose(desk, Consent(self_approval=Own.ALLOWED))
    assert desk.approve(1, ADA).is_own
    assert not desk.approve(1, BOB).is_own


# --- quorum ---------------------------------------------------------------------------------------


def test_a_quorum_is_of_people(desk: Desk) -> None:
    """Another spelling and another name at the same account are the same person."""
    stored = propose(desk, replace(NEVER, quorum=2))
    desk.approve(1, BOB)
    assert desk.store.get(1).state is State.AWAITING
    stands = approval.standing(desk.store, desk.git, stored, at=approval.utc_now())
    assert (stands.people, stands.waiting_for) == (1, "it needs one more approval")
    for who in (
        Person(Identity("Bob", "BOB@example.test"), "other"),
        Person(Identity("Dave", "dave@example.test"), "bob"),
    ):
        with pytest.raises(StateError, match="you have approved proposal 1 already, as Bob"):
            desk.approve(1, who)
    desk.approve(1, CAROL)
    assert desk.store.get(1).state is State.APPROVED
    assert len(approval.cleared(desk.store, desk.git, 1).approvals) == 2


def test_votes_of_one_person_count_once_at_landing(desk: Desk) -> None:
    """Rows that got past the first check do not get past the second."""
    stored = propose(desk, replace(NEVER, quorum=2))
    for email, account in (("bob@example.test", "bob"), ("Bob+2@example.test", "x")):
        yes = votes.Approval(1, stored.digest, f"Bob <{email}>", ledger.now(), account)
        votes.add(desk.store.connection, yes)
    desk.store.set_state(1, State.APPROVED)
    with pytest.raises(NotApprovedError, match="same person approved as Bob"):
        approval.cleared(desk.store, desk.git, 1)


def test_a_third_yes_is_no_harm(desk: Desk) -> None:
    """Somebody who approves what is approved already is counted, and named in the commit."""
    propose(desk)
    desk.approve(1, BOB)
    desk.approve(1, CAROL)
    assert len(approval.cleared(desk.store, desk.git, 1).approvals) == 2


def test_a_requirement_may_need_several(desk: Desk) -> None:
    """Two of three, and a lookalike of one of them is nobody."""
    need = Requirement(
        RepoPath("site.conf"), ("bob@example.test", "carol@example.test", "d@x.test"), 2, "owners"
    )
    stored = propose(desk, requirements=(need,))
    desk.approve(1, BOB)
    wide = Person(Identity("C", "c\u0430rol@example.test"), "lookalike")
    desk.approve(1, wide)
    assert desk.store.get(1).state is State.AWAITING
    stands = approval.standing(desk.store, desk.git, stored, at=approval.utc_now())
    assert "site.conf needs the approval of 2 of bob@example.test or" in stands.waiting_for
    assert stands.waiting_for.endswith("(owners)")


# --- time -----------------------------------------------------------------------------------------


def test_an_approval_expires(desk: Desk) -> None:
    """After its days it counts no more, the message says so, and the person may approve again."""
    propose(desk, replace(NEVER, expires_s=86_400))
    desk.approve(1, BOB)
    cleared = approval.cleared(desk.store, desk.git, 1, clock=lambda: after(0.99))
    assert len(cleared.approvals) == 1
    with pytest.raises(NotApprovedError, match=r"Bob .* does not count: it expired at 2"):
        approval.cleared(desk.store, desk.git, 1, clock=lambda: after(1.01))
    again = replace(desk.store.approvals(1)[0], at=f"{after(1):%Y-%m-%dT%H:%M:%SZ}")
    votes.add(desk.store.connection, again)
    cleared = approval.cleared(desk.store, desk.git, 1, clock=lambda: after(1.5))
    assert cleared.approvals == (again,)


def test_a_proposal_is_approved_in_time(desk: Desk) -> None:
    """Later it has to be judged again, and the command that does it is named."""
    propose(desk, replace(NEVER, expires_s=86_400))
    votes.look(desk.store.connection, 1, desk.store.get(1).digest, BOB)
    with pytest.raises(approval.NotAllowedError, match="could be approved until") as caught:
        approval.approve(desk.store, desk.git, 1, BOB, clock=lambda: after(1.01))
    assert caught.value.hint.startswith("workflow rebase 1")


def test_an_approval_from_the_future_is_none(desk: Desk) -> None:
    """A clock that was ahead by more than minutes made it: it would count for too long."""
    propose(desk)
    votes.look(desk.store.connection, 1, desk.store.get(1).digest, BOB)
    approval.approve(desk.store, desk.git, 1, BOB, clock=lambda: after(3))
    with pytest.raises(NotApprovedError, match="is the clock right"):
        approval.cleared(desk.store, desk.git, 1)


def test_evidence_has_to_be_fresh(desk: Desk) -> None:
    """As old as the policy allows when the yes is given; the oldest verdict counts."""
    stale = f"{after(-0.05):%Y-%m-%dT%H:%M:%SZ}"
    consent = replace(NEVER, fresh_s=3600)
    verdict = replace(desk.proposal(NEW).verdicts[0], judged=stale)
    propose(desk, consent, verdicts=(verdict,))
    propose(desk, consent)
    with pytest.raises(approval.NotAllowedError, match="evidence of the last 60 minutes") as caught:
        desk.approve(1, BOB)
    assert caught.value.hint.startswith("workflow rebase 1")
    assert desk.approve(2, BOB).proposal == 2


# --- carried --------------------------------------------------------------------------------------


def test_a_carried_yes_needs_the_one_it_comes_from(desk: Desk) -> None:
    """It counts where the proposal that was put on the newer base had it, and nowhere else."""
    first = propose(desk)
    yes = desk.approve(1, BOB)
    second = propose(desk, rebased_from=first.digest)
    carried = replace(yes, proposal=2, digest=second.digest, carried_from=first.digest)
    votes.add(desk.store.connection, carried)
    assert approval.recount(desk.store, desk.git, 2).is_enough
    assert approval.cleared(desk.store, desk.git, 2).approvals == (carried,)
    third = propose(desk, rebased_from=second.digest)
    votes.add(desk.store.connection, replace(carried, proposal=3, digest=third.digest))
    assert approval.recount(desk.store, desk.git, 3).is_enough
    for number, other in enumerate(
        (
            replace(carried, approver=str(CAROL)),
            replace(carried, at=ledger.now()[:-3] + "00Z", account="x"),
            replace(carried, carried_from=sha256(b"no proposal")),
        ),
        4,
    ):
        made = propose(desk, rebased_from=first.digest if number < 6 else None)
        votes.add(desk.store.connection, replace(other, proposal=number, digest=made.digest))
        stands = approval.recount(desk.store, desk.git, number)
        assert "has no such approval" in stands.waiting_for
    assert desk.store.get(4).state is State.AWAITING


# --- glass ----------------------------------------------------------------------------------------

WHY = "production is down, nobody is awake"
GLASS = replace(NEVER, breakers=("carol@example.test",))


def test_glass_lets_a_named_person_land(desk: Desk) -> None:
    """Without approvals, with a reason that the ledger, the proposal and the landing hold."""
    propose(desk, GLASS)
    cleared = approval.break_glass(desk.store, desk.git, 1, CAROL, WHY)
    assert cleared.glass is not None
    assert (cleared.glass.who, cleared.glass.reason, cleared.approvals) == (CAROL, WHY, ())
    (fact,) = ledger.facts(desk.store.connection, "break-glass", 1)
    assert (fact["who"], fact["account"], fact["reason"]) == (str(CAROL), "carol", WHY)
    assert approval.glass(desk.store, desk.git, 1) == cleared.glass
    assert approval.broken_numbers(desk.store.connection) == {1}
    landing = desk.carry_out(apply.prepare(desk.git, desk.store, cleared))
    assert landing.glass == WHY
    assert desk.store.get(1).state is State.APPLIED


@pytest.mark.parametrize(
    ("who", "reason", "words"),
    [
        (BOB, WHY, "may not land without approvals: only carol@example.test may"),
        (ADA, WHY, "may not land without approvals"),
        (Person(Identity("C", "c\u0430rol@example.test"), "carol"), WHY, "may not land"),
        (CAROL, "", "at least 10 letters"),
        (CAROL, "now!!!!!!!!!!!!!!", "at least 10 letters"),
    ],
)
def test_glass_is_not_for_everybody(desk: Desk, who: Person, reason: str, words: str) -> None:
    """Who is not named, or does not say why, breaks nothing."""
    propose(desk, GLASS)
    with pytest.raises((RefusedError, UsageError)) as caught:
        approval.break_glass(desk.store, desk.git, 1, who, reason)
    assert words in caught.value.message
    assert approval.glass(desk.store, desk.git, 1) is None


def test_nobody_is_named_by_default(desk: Desk) -> None:
    """Somebody who works alone approves, and does not break glass."""
    desk.repo.git("config", "workflow.singleUser", "true")
    propose(desk, Consent())
    with pytest.raises(approval.NotAllowedError, match="the policy lets nobody do that"):
        approval.break_glass(desk.store, desk.git, 1, ADA, WHY)


def test_glass_does_not_break_gates(desk: Desk) -> None:
    """What evidence is against, what was rejected, and what is approved anyway are refused."""
    verdict = replace(desk.proposal(NEW).verdicts[0], outcome=Outcome.FAIL)
    propose(desk, GLASS, verdicts=(verdict,))
    with pytest.raises(StateError, match="is refused, so it cannot be applied, not even"):
        approval.break_glass(desk.store, desk.git, 1, CAROL, WHY)
    desk.store.set_state(1, State.AWAITING)
    with pytest.raises(ChangedProposalError, match="evidence is against it"):
        approval.break_glass(desk.store, desk.git, 1, CAROL, WHY)
    propose(desk, GLASS)
    desk.approve(2, BOB)
    with pytest.raises(StateError, match="has the approvals"):
        approval.break_glass(desk.store, desk.git, 2, CAROL, WHY)
    propose(desk, GLASS)
    approval.reject(desk.store, 3, BOB, "no")
    with pytest.raises(StateError, match="is rejected"):
        approval.break_glass(desk.store, desk.git, 3, CAROL, WHY)


def test_glass_is_reviewed_afterwards(desk: Desk) -> None:
    """By people who neither asked nor broke it, as many as an approval needs, whenever."""
    propose(desk, replace(GLASS, quorum=3))
    desk.approve(1, BOB)
    cleared = approval.break_glass(desk.store, desk.git, 1, CAROL, WHY)
    desk.carry_out(apply.prepare(desk.git, desk.store, cleared))
    for who in (ADA, CAROL):
        with pytest.raises(approval.NotAllowedError, match="asked for this change"):
            desk.approve(1, who)
    dave, erin = (Person(Identity(name, f"{name}@x.test"), name) for name in ("dave", "erin"))
    for who, is_reviewed in ((dave, False), (erin, True)):
        votes.look(desk.store.connection, 1, desk.store.get(1).digest, who)
        approval.approve(desk.store, desk.git, 1, who, clock=lambda: after(30))
        glass = approval.glass(desk.store, desk.git, 1)
        assert glass is not None
        assert glass.is_reviewed is is_reviewed
    assert desk.store.get(1).state is State.APPLIED


def test_what_landed_as_usual_is_not_reviewed(desk: Desk) -> None:
    """Only after broken glass is there anything to say yes to."""
    propose(desk)
    desk.approve(1, BOB)
    desk.carry_out(desk.prepare(1))
    with pytest.raises(StateError, match="is applied, so it cannot be approved"):
        desk.approve(1, CAROL)


# --- the policy of the base -----------------------------------------------------------------------


def test_the_base_is_asked_again_at_landing(desk: Desk) -> None:
    """A row that says less than the policy, or names fewer approvers, does not land."""
    desk.repo.commit({"CODEOWNERS": "*.conf carol@example.test\n"})
    policy = load((folder("policies") / "default.yaml").read_bytes(), "default")
    policy = replace(policy, approvals=Approvals(NEVER))
    need = Requirement(RepoPath("site.conf"), ("carol@example.test",), 1, "CODEOWNERS line 1")
    cases = (
        (NEVER, (need,), policy.digest),
        (NEVER, (), policy.digest),
        (NEVER, (need,), sha256(b"other")),
        (replace(NEVER, expires_s=10**6), (need,), policy.digest),
    )
    for number, (consent, needs, digest) in enumerate(cases, 1):
        propose(desk, consent, requirements=needs, policy=digest)
        desk.approve(number, CAROL)
        cleared = approval.cleared(desk.store, desk.git, number)
        if number == 1:
            approval.require_policy(desk.git, cleared, policy)
        else:
            with pytest.raises(ChangedProposalError, match=r"policy of its base|needs approvers"):
                approval.require_policy(desk.git, cleared, policy)


def test_half_a_change_is_not_made_smaller(desk: Desk) -> None:
    """The smaller one would have no verdict that says so, and could land."""
    verdict = replace(
        desk.proposal(NEW).verdicts[0],
        gate="surgeon",
        outcome=Outcome.ERROR,
        summary="the surgeon's part is missing",
    )
    propose(desk, verdicts=(verdict,))
    with pytest.raises(StateError, match="is not whole: the surgeon's part is missing"):
        approval.may_shrink(desk.store, desk.git, 1)
