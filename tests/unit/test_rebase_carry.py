"""Approvals go along to a newer base only where nothing that they were given to is different."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from workflow import apply, approval, ledger, rebase, votes
from workflow.canonical import sha256
from workflow.database import transaction
from workflow.errors import NotApprovedError, StaleProposalError, StateError
from workflow.identity import signatures
from workflow.journal import LandingKind, LandingState
from workflow.rebase.carry import patch_identity
from workflow.types import (
    Carry,
    Consent,
    Finding,
    Identity,
    Outcome,
    Person,
    Proof,
    RepoPath,
    Requirement,
    SelfApproval,
    State,
    Tally,
    Turn,
    Verdict,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Desk
    from workflow.store import Stored
    from workflow.types import Proposal

BOB = Person(Identity("Bob Builder", "bob@example.test"), "bob")
EVE = Person(Identity("Eve Else", "eve@example.test"), "eve")
SITE = RepoPath("site.conf")
LINES = [f"line {number}\n" for number in range(30)]
CONSENT = Consent(carry=Carry.UNCHANGED)
PASSED = Verdict(
    gate="pytest",
    outcome=Outcome.PASS,
    summary="3 passed on the patched tree (base: 2 passed)",
    notes=("failed on the base, passes now: t::a", "the same tests take 9.1 s with the patch"),
    proofs=("t::a",),
    tallies=(Tally(Turn.FAIL_TO_PASS, 1, ("t::a",)), Tally(Turn.PASS_TO_PASS, 2, ())),
    doubts=("only the form is judged",),
)


def text(**lines: str) -> bytes:
    """Return the site with lines replaced: `text(at10="ten")`."""
    changed = dict(enumerate(LINES)) | {int(at[2:]): f"{new}\n" for at, new in lines.items()}
    return "".join(changed[at] for at in sorted(changed)).encode()


def proposed(desk: Desk, consent: Consent = CONSENT) -> Stored:
    """Commit the site, and store a proposal of one line of it."""
    desk.repo.commit({"site.conf": text()})
    made = desk.proposal({"site.conf": text(at10="ten")})
    stored = desk.store.add(replace(made, verdicts=(PASSED,), consent=consent))
    apply.anchor(desk.git, desk.store, stored.id)
    return stored


def onto(desk: Desk, before: Stored) -> Proposal:
    """Put a proposal on its branch as it is now, with the verdicts that it had."""
    base = rebase.present(desk.git, before)
    was = before.proposal
    change = rebase.exact(desk.git, desk.git.change(was.base.tree, was.tree), base.tree)
    return replace(
        was,
        base=base,
        commit=desk.git.commit(change.proposed, (base.commit,), "Propose", was.request.requester),
        tree=change.proposed,
        patch=sha256(desk.git.patch(base.tree, change.proposed)),
        files=change.files,
        created=ledger.now(),
        rebased_from=before.digest,
    )


def settled(desk: Desk, before: Stored, after: Proposal) -> tuple[Stored, rebase.Carried]:
    """Record a proposal in the place of another one, as the pipeline does."""
    with transaction(desk.store.connection):
        stored = desk.store.add(after)
        result = rebase.settle(desk.git, desk.store, before, stored)
    apply.anchor(desk.git, desk.store, stored.id)
    return desk.store.get(stored.id), result


def moved(desk: Desk, top: str = "line 0\nanother line on top") -> None:
    """Move the branch by a commit that changes the site above the proposed line."""
    here = (desk.repo.path / "site.conf").read_bytes()
    desk.repo.commit({"site.conf": here.replace(b"line 0", top.encode(), 1), "other": top})


def approved(desk: Desk, consent: Consent = CONSENT) -> Stored:
    """Store a proposal that Bob has approved."""
    stored = proposed(desk, consent)
    desk.approve(stored.id, BOB)
    return desk.store.get(stored.id)


# --- the same patch -------------------------------------------------------------------------------


def test_a_patch_is_the_same_wherever_its_lines_stand(desk: Desk) -> None:
    """Only the numbers of lines are left out of what a patch is."""
    before = proposed(desk)
    moved(desk)
    after = onto(desk, before)
    assert after.patch != before.proposal.patch
    assert patch_identity(desk.git, after) == patch_identity(desk.git, before.proposal)


@pytest.mark.parametrize(
    "branch",
    [{"at6": "six"}, {"at14": "14"}, {"at6": "def surrounding():", "at0": "0"}],
    ids=["above the context", "below the context", "another heading"],
)
def test_the_heading_of_a_hunk_is_a_part_of_it(desk: Desk, branch: dict[str, str]) -> None:
    """What git says that a hunk is in may not change; what it does not show may."""
    before = proposed(desk)
    desk.repo.commit({"site.conf": text(**branch)})
    same = patch_identity(desk.git, onto(desk, before)) == patch_identity(desk.git, before.proposal)
    # Each line of this file is a heading to git, so that only what is below it may change.
    assert same is ("at6" not in branch)


def test_a_mode_that_the_branch_has_set_is_another_patch(desk: Desk) -> None:
    """The modes before and after belong to what was approved."""
    before = proposed(desk)
    desk.repo.git("update-index", "--chmod=+x", "site.conf")
    desk.repo.git("commit", "--quiet", "--message", "a program")
    after = onto(desk, before)
    assert patch_identity(desk.git, after) != patch_identity(desk.git, before.proposal)
    (reason,) = rebase.kept_from(desk.git, before.proposal, after)
    assert reason.startswith("the patch reads otherwise")


# --- the same verdicts and terms ------------------------------------------------------------------


def said(desk: Desk, changes: dict[str, Any]) -> tuple[str, ...]:
    """Return why approvals do not go along to a proposal that differs in some fields."""
    before = proposed(desk)
    moved(desk)
    return rebase.kept_from(desk.git, before.proposal, replace(onto(desk, before), **changes))


def test_times_and_more_passing_checks_make_no_difference(desk: Desk) -> None:
    """Another duration, and checks that pass on both sides, were there for nobody to approve."""
    tallies = (PASSED.tallies[0], replace(PASSED.tallies[1], count=40))
    verdict = replace(
        PASSED,
        summary="41 passed on the patched tree (base: 40 passed)",
        notes=(PASSED.notes[0], "the same tests take 11 s with the patch"),
        tallies=tallies,
        judged="2026-01-02T03:04:05Z",
    )
    assert said(desk, {"verdicts": (verdict,)}) == ()


OTHER_VERDICTS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"outcome": Outcome.ERROR}, "pytest says error"),
    ({"proofs": ()}, "pytest proves other things"),
    ({"doubts": (*PASSED.doubts, "new")}, "pytest has a new doubt"),
    ({"notes": ("skipped now: t::b",)}, "pytest notes something new"),
    ({"tallies": PASSED.tallies[:1]}, "pytest counts other checks"),
    ({"tallies": (*PASSED.tallies, Tally(Turn.SKIPPED, 1, ("t::c",)))}, "pytest counts other"),
    ({"tallies": (), "summary": "x"}, "pytest counts other checks"),
    ({"gate": "nginx"}, "other gates judge it"),
)


def test_another_verdict_ends_an_approval(desk: Desk) -> None:
    """Whatever a gate says that it did not say before has to be looked at."""
    before = proposed(desk)
    moved(desk)
    after = onto(desk, before)
    for change, reason in OTHER_VERDICTS:
        other = replace(after, verdicts=(replace(PASSED, **change),))
        found = rebase.kept_from(desk.git, before.proposal, other)
        assert any(one.startswith(reason) for one in found), (change, found)


def test_a_summary_counts_where_nothing_is_counted(desk: Desk) -> None:
    """Of a gate without tallies the sentence is what was looked at, but for its times."""
    before = proposed(desk)
    moved(desk)
    plain = replace(PASSED, tallies=(), summary="the configuration holds (0.8 s)")
    was = replace(before.proposal, verdicts=(plain,))
    after = replace(
        onto(desk, before), verdicts=(replace(plain, summary="the configuration holds (12 ms)"),)
    )
    other = replace(after, verdicts=(replace(plain, summary="it was not read (12 ms)"),))
    assert rebase.kept_from(desk.git, was, after) == ()
    assert rebase.kept_from(desk.git, was, other) == ("pytest says something else",)


OTHER_TERMS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"findings": (Finding("r", SITE, "no"),)}, "it does not pass"),
    ({"declared": (Finding("r", SITE, "meant"),)}, "the policy says something new"),
    ({"requirements": (Requirement(SITE, ("bob@example.test",)),)}, "site.conf has come under"),
    ({"consent": Consent()}, "the policy wants every proposal approved anew"),
    ({"consent": replace(CONSENT, quorum=2)}, "the policy wants more people"),
    ({"consent": replace(CONSENT, signatures=True)}, "the policy wants signatures"),
    ({"consent": replace(CONSENT, expires_s=60)}, "the policy wants younger approvals"),
    ({"consent": replace(CONSENT, fresh_s=60)}, "the policy wants younger evidence"),
    ({"consent": replace(CONSENT, self_approval=SelfApproval.NEVER)}, "the policy wants somebody"),
    ({"wish": "otherwise"}, "it is not the same draft"),
    ({"revisers": (EVE,)}, "it is not the same draft"),
)


def test_other_terms_end_an_approval(desk: Desk) -> None:
    """A policy that wants more than it did, or a draft that is another, is approved anew."""
    before = proposed(desk)
    moved(desk)
    after = onto(desk, before)
    for change, reason in OTHER_TERMS:
        other = replace(after, **change)
        found = rebase.kept_from(desk.git, before.proposal, other)
        assert any(one.startswith(reason) for one in found), (change, found)


def test_a_looser_policy_lets_approvals_go_along(desk: Desk) -> None:
    """Terms that ask for less are no reason to ask again."""
    loose = replace(CONSENT, self_approval=SelfApproval.ALLOWED, expires_s=10**9)
    assert said(desk, {"consent": loose}) == ()


def test_an_approval_expires_from_when_it_was_given(desk: Desk) -> None:
    """A newer base makes no yes younger, and a clock that was set back makes none valid."""
    before = approved(desk)
    moved(desk)
    after, (yes,) = onto(desk, before), desk.store.approvals(before.id)

    def found(age: timedelta) -> rebase.Carried:
        now = datetime.fromisoformat(yes.at) + age
        return rebase.carried(desk.git, before.proposal, after, (yes,), now)

    lasts = timedelta(seconds=CONSENT.expires_s)
    assert found(lasts - timedelta(seconds=1)).approvals == (yes,)
    assert found(lasts) == rebase.Carried((), (f"that of {BOB} has expired",))
    assert found(timedelta(hours=-1)).approvals == ()
    now = datetime.now(UTC)
    assert rebase.carried(desk.git, before.proposal, after, (), now) == rebase.Carried()


# --- taking its place -----------------------------------------------------------------------------


def test_what_nothing_has_changed_stays_approved(desk: Desk) -> None:
    """The former proposal is superseded; its yes goes along as it was given, and lands."""
    before = approved(desk)
    moved(desk)
    after, result = settled(desk, before, onto(desk, before))
    (was,), (yes,) = desk.store.approvals(before.id), desk.store.approvals(after.id)
    assert (after.state, desk.store.get(before.id).state) == (State.APPROVED, State.SUPERSEDED)
    assert yes == replace(was, proposal=after.id, digest=after.digest, carried_from=before.digest)
    assert (result.reasons, rebase.told(desk.store, after.id)) == ((), ())
    assert desk.store.successor(before.digest) == after.id
    landing = desk.carry_out(desk.prepare(after.id))
    assert desk.git.read(desk.git.tree_of(landing.after), SITE) == text(
        at0="line 0\nanother line on top", at10="ten"
    )
    assert ledger.verify(desk.store.connection)[1] == ()


def test_a_yes_goes_along_as_often_as_the_base_moves(desk: Desk) -> None:
    """On the third base it is still the one that was given to the first proposal."""
    first = approved(desk)
    moved(desk)
    second, _ = settled(desk, first, onto(desk, first))
    moved(desk, "top")
    third, _ = settled(desk, second, onto(desk, second))
    (yes,) = desk.store.approvals(third.id)
    assert (yes.carried_from, yes.at) == (first.digest, desk.store.approvals(first.id)[0].at)
    assert approval.cleared(desk.store, desk.git, third.id).approvals == (yes,)


def test_where_the_policy_is_silent_everybody_looks_again(desk: Desk) -> None:
    """Without `carry`, the proposal on the newer base awaits approval, and says why."""
    before = approved(desk, Consent())
    moved(desk)
    after, result = settled(desk, before, onto(desk, before))
    assert (after.state, desk.store.approvals(after.id)) == (State.AWAITING, ())
    assert result.reasons == ("the policy wants every proposal approved anew",)
    with pytest.raises(NotApprovedError, match=f"proposal {after.id} is proposal {before.id} on"):
        rebase.require_approved(desk.store, before, after)
    with pytest.raises(StateError, match="is superseded"):
        approval.cleared(desk.store, desk.git, before.id)


def test_too_few_approvals_go_along_and_wait_for_more(desk: Desk) -> None:
    """One yes of two is carried over; the other one makes it enough."""
    before = approved(desk, replace(CONSENT, quorum=2))
    moved(desk)
    after, _ = settled(desk, before, onto(desk, before))
    assert after.state is State.AWAITING
    desk.approve(after.id, EVE)
    assert desk.store.get(after.id).state is State.APPROVED


def test_a_refused_one_supersedes_and_lands_nothing(desk: Desk) -> None:
    """A gate that fails on the newer base ends the approvals, and the next step says so."""
    before = approved(desk)
    moved(desk)
    failed = replace(onto(desk, before), verdicts=(replace(PASSED, outcome=Outcome.FAIL),))
    after, result = settled(desk, before, failed)
    assert (after.state, result.approvals) == (State.REFUSED, ())
    with pytest.raises(StateError, match="there it is refused"):
        rebase.require_approved(desk.store, before, after)


def test_a_carried_yes_that_the_ledger_does_not_know_is_none(desk: Desk) -> None:
    """A row that claims to be carried over counts for nothing by itself."""
    before = approved(desk, Consent())
    moved(desk)
    after, _ = settled(desk, before, onto(desk, before))
    (yes,) = desk.store.approvals(before.id)
    forged = replace(yes, proposal=after.id, digest=after.digest, carried_from=before.digest)
    desk.store.connection.execute(
        "INSERT INTO approvals (proposal, digest, approver, account, proof, is_own, carried_from,"
        " at) VALUES (?, ?, ?, ?, ?, 0, ?, ?)",
        (
            after.id,
            after.digest,
            forged.approver,
            forged.account,
            forged.proof,
            before.digest,
            yes.at,
        ),
    )
    desk.store.set_state(after.id, State.APPROVED)
    assert desk.store.approvals(after.id) == ()
    with pytest.raises((NotApprovedError, StateError)):
        approval.cleared(desk.store, desk.git, after.id)


def test_a_decision_in_between_wins(desk: Desk) -> None:
    """A rejection while gates ran is not undone by the proposal that was to take its place."""
    before = approved(desk)
    moved(desk)
    after = onto(desk, before)
    approval.reject(desk.store, before.id, BOB, "no")
    count = desk.store.connection.execute("SELECT count(*) FROM ledger").fetchone()[0]
    with pytest.raises(StateError, match="has become rejected"):
        settled(desk, before, after)
    assert [row.id for row in desk.store.rows()] == [before.id]
    assert desk.store.connection.execute("SELECT count(*) FROM ledger").fetchone()[0] == count


def test_a_landing_in_between_wins(desk: Desk) -> None:
    """What is on its way to the branch is not superseded under its landing's feet."""
    before = approved(desk)
    base = before.proposal.base
    landing = desk.journal.intend(
        kind=LandingKind.APPLY,
        proposal=before.id,
        reverts=None,
        branch=base.branch,
        work_tree=None,
        before=base.commit,
        after=before.proposal.commit,
        who=BOB.identity,
    )
    with pytest.raises(StateError, match="is landing"):
        settled(desk, before, replace(before.proposal, rebased_from=before.digest))
    desk.journal.close(landing, LandingState.ABANDONED)
    settled(desk, before, replace(before.proposal, rebased_from=before.digest))


# --- signatures -----------------------------------------------------------------------------------


def signed(desk: Desk, key: Path) -> Stored:
    """Store a proposal that Bob has approved by a signature, where only signed ones count."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    line = " ".join(["bob@example.test", *key.with_suffix(".pub").read_text().split()[:2]])
    desk.repo.commit({"signers": f"{line}\n"})
    stored = proposed(desk, replace(CONSENT, signatures=True, signers=RepoPath("signers")))
    armored = signatures.sign(approval.statement(stored, BOB.identity.email), key)
    approval.approve(desk.store, desk.git, stored.id, BOB, stored.digest, signature=armored)
    return desk.store.get(stored.id)


def test_a_signature_goes_along_and_is_still_of_what_was_signed(desk: Desk, tmp_path: Path) -> None:
    """On the newer base the old statement is verified again, by the keys of the newer base."""
    before = signed(desk, tmp_path / "key")
    moved(desk)
    after, _ = settled(desk, before, onto(desk, before))
    (was,), (yes,) = desk.store.approvals(before.id), desk.store.approvals(after.id)
    assert (yes.signature, yes.proof, yes.carried_from) == (
        *(was.signature, Proof.SIGNATURE, before.digest),
    )
    assert approval.cleared(desk.store, desk.git, after.id).approvals == (yes,)
    row = ("UPDATE approvals SET carried_from = ? WHERE id = 2", (after.digest,))
    desk.store.connection.execute(*row)
    with pytest.raises(NotApprovedError):
        approval.cleared(desk.store, desk.git, after.id)


def test_a_key_that_the_newer_base_does_not_allow_counts_no_more(
    desk: Desk, tmp_path: Path
) -> None:
    """Who has lost their key between two bases has no say on the second one."""
    before = signed(desk, tmp_path / "key")
    line = (desk.repo.path / "signers").read_text().replace("bob@", "eve@")
    desk.repo.commit({"signers": line, "other": "1"})
    after, result = settled(desk, before, onto(desk, before))
    assert (after.state, desk.store.approvals(after.id)) == (State.AWAITING, ())
    assert [one.partition(":")[0] for one in result.reasons] == [f"that of {BOB} does not count"]
    with pytest.raises(NotApprovedError):
        approval.cleared(desk.store, desk.git, after.id)


def test_who_asked_may_not_approve_it_on_a_newer_base_either(desk: Desk) -> None:
    """A newer base makes nobody another person than the one who asked."""
    before = proposed(desk, replace(CONSENT, self_approval=SelfApproval.NEVER))
    moved(desk)
    after, _ = settled(desk, before, onto(desk, before))
    with pytest.raises(approval.NotAllowedError, match="asked for"):
        desk.approve(after.id, before.proposal.request.requester)


# --- who may be put on another base ---------------------------------------------------------------


def test_what_is_over_is_not_put_on_another_base(desk: Desk) -> None:
    """What has landed, was rejected, or has a successor stays where it is."""
    stored = proposed(desk)
    for state in (State.APPLIED, State.ROLLED_BACK, State.REJECTED, State.SUPERSEDED):
        desk.store.set_state(stored.id, state)
        with pytest.raises(StateError, match=f"is {state}, so it cannot be put on another base"):
            rebase.may_rebase(desk.store, desk.git, stored.id)


def test_a_proposal_of_which_a_part_is_missing_stays_refused(desk: Desk) -> None:
    """Gates judge what is there; that a role's part is not there would be forgotten."""
    missing = Verdict("surgeon", Outcome.ERROR, "the surgeon's part is missing: too dear")
    made = replace(desk.proposal({"site.conf": b"new\n"}), verdicts=(PASSED, missing))
    stored = desk.store.add(made)
    apply.anchor(desk.git, desk.store, stored.id)
    with pytest.raises(StateError, match="is not whole: the surgeon's part"):
        rebase.may_rebase(desk.store, desk.git, stored.id)


def test_a_branch_that_is_gone_is_said_to_be(desk: Desk) -> None:
    """There is nothing to put a proposal on where its branch was deleted."""
    stored = proposed(desk)
    assert desk.git.is_at(stored.proposal.base)
    desk.repo.git("switch", "--quiet", "-c", "elsewhere")
    desk.repo.git("branch", "-D", "main")
    assert not desk.git.is_at(stored.proposal.base)
    with pytest.raises(StaleProposalError, match="that branch is gone"):
        rebase.present(desk.git, stored)


def test_a_look_at_the_former_one_is_none_at_the_newer(desk: Desk) -> None:
    """Who has looked at a proposal has not seen the one on the newer base."""
    before = approved(desk, Consent())
    moved(desk)
    after, _ = settled(desk, before, onto(desk, before))
    with pytest.raises(approval.NotSeenError):
        approval.approve(desk.store, desk.git, after.id, BOB)
    votes.look(desk.store.connection, after.id, after.digest, BOB)
    approval.approve(desk.store, desk.git, after.id, BOB)
