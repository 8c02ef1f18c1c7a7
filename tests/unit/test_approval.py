"""A yes covers exactly what was seen, and only that lands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from workflow import apply, approval, votes
from workflow.canonical import digest, encode, plain
from workflow.errors import (
    ChangedProposalError,
    ExitCode,
    NotApprovedError,
    StateError,
    UnknownProposalError,
    UsageError,
)
from workflow.types import Finding, Identity, Person, RepoPath, Requirement, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.conftest import Desk
    from workflow.store import Stored

BOB = Person(Identity("Bob", "bob@example.test"), "bob")
NEW = {"site.conf": b"new\n"}
REF = "refs/workflow/proposals/1"


def approve(desk: Desk, number: int = 1, seen: str = "") -> object:
    """Approve as the command does, after a look."""
    stored = desk.store.get(number)
    votes.look(desk.store.connection, number, stored.digest, BOB)
    return approval.approve(desk.store, desk.git, number, BOB, seen)


def cleared(desk: Desk, number: int = 1) -> approval.Cleared:
    """Clear as `land` does."""
    return approval.cleared(desk.store, desk.git, number)


def test_what_was_approved_is_cleared(desk: Desk) -> None:
    """The proposal, its approval, and what git says that it changes."""
    desk.propose(NEW)
    approve(desk)
    found = cleared(desk)
    assert found.stored == desk.store.get(1)
    assert [yes.approver for yes in found.approvals] == [str(BOB)]
    assert found.change.files == found.stored.proposal.files


@pytest.mark.parametrize("step", [approve, cleared])
def test_an_unknown_number(desk: Desk, step: Callable[[Desk], object]) -> None:
    """What is not there can neither be approved nor land."""
    with pytest.raises(UnknownProposalError, match="no proposal 1"):
        step(desk)


def test_without_an_approval_nothing_is_cleared(desk: Desk) -> None:
    """A fresh proposal waits, with an exit status of its own."""
    desk.propose(NEW)
    with pytest.raises(NotApprovedError, match="awaits approval") as caught:
        cleared(desk)
    assert caught.value.exit_code == ExitCode.AWAITING_APPROVAL
    assert "workflow approve 1" in caught.value.hint


@pytest.mark.parametrize(
    "state",
    [State.REFUSED, State.REJECTED, State.APPLIED, State.ROLLED_BACK, State.SUPERSEDED],
)
def test_only_what_awaits_is_approved(desk: Desk, state: State) -> None:
    """Each other state is named, with the command that fits it."""
    desk.propose(NEW)
    desk.store.set_state(1, state)
    with pytest.raises(StateError, match=f"is {state}, so it cannot be approved") as caught:
        approve(desk)
    assert caught.value.hint
    assert desk.store.approvals(1) == ()


@pytest.mark.parametrize("state", [State.REFUSED, State.REJECTED, State.APPLIED, State.ROLLED_BACK])
def test_only_what_is_approved_lands(desk: Desk, state: State) -> None:
    """A state that is neither waiting nor approved is refused by name."""
    desk.approved(NEW)
    desk.store.set_state(1, state)
    with pytest.raises(StateError, match=f"is {state}, so it cannot be applied"):
        cleared(desk)


@pytest.mark.parametrize("state", [State.REJECTED, State.APPLIED, State.ROLLED_BACK])
def test_what_is_over_is_not_rejected(desk: Desk, state: State) -> None:
    """A no comes too late for what has landed, and once is enough."""
    desk.propose(NEW)
    desk.store.set_state(1, state)
    with pytest.raises(StateError, match="cannot be rejected"):
        approval.reject(desk.store, 1, BOB, "no")


@pytest.mark.parametrize("first", ["approve", "refuse", "wait"])
def test_a_rejection_ends_it(desk: Desk, first: str) -> None:
    """Before and after an approval a no is possible, and nothing lands after it."""
    desk.propose(NEW, clear=first != "refuse")
    if first == "approve":
        approve(desk)
    assert approval.reject(desk.store, 1, BOB, "no").state is State.REJECTED
    with pytest.raises(StateError, match="is rejected"):
        cleared(desk)
    with pytest.raises(StateError, match="is rejected"):
        approve(desk)


@pytest.mark.parametrize(("prefix", "cut"), [("", 12), ("sha256:", 20), ("sha256:", 64)])
def test_the_digest_that_was_seen_may_be_cut(desk: Desk, prefix: str, cut: int) -> None:
    """The beginning of the digest on the screen is enough."""
    stored = desk.propose(NEW)
    approve(desk, seen=prefix + stored.digest.removeprefix("sha256:")[:cut])
    assert desk.store.get(1).state is State.APPROVED


@pytest.mark.parametrize("seen", ["sha256:", "sha256", "x", " ", "0" * 11])
def test_a_digest_that_is_too_short_means_nothing(desk: Desk, seen: str) -> None:
    """A few digits could be those of many proposals: at least what the screen shows is needed."""
    stored = desk.propose(NEW)
    with pytest.raises(UsageError, match="too short"):
        approve(desk, seen=seen)
    with pytest.raises(UsageError, match="too short"):
        approve(desk, seen=stored.digest[: len("sha256:") + 11])
    assert desk.store.get(1).state is State.AWAITING


@pytest.mark.parametrize("seen", ["0" * 12, "sha256:" + "0" * 64])
def test_another_digest_is_refused(desk: Desk, seen: str) -> None:
    """Who looked at something else, or at no digest at all, has approved nothing."""
    desk.propose(NEW)
    with pytest.raises(ChangedProposalError, match="not 000000000000"):
        approve(desk, seen=seen)
    assert desk.store.get(1).state is State.AWAITING


def tamper_body(desk: Desk, _: Stored) -> None:
    """Change what the row says."""
    desk.store.connection.execute("UPDATE proposals SET body = replace(body, 'note', 'nope')")


def move_ref(desk: Desk, stored: Stored) -> None:
    """Point the proposal's ref to another commit."""
    base = stored.proposal.base
    other = desk.git.commit(desk.tree(base.tree, {"x": b"x\n"}), (base.commit,), "m", BOB.identity)
    desk.repo.git("update-ref", REF, other)


def same_tree(desk: Desk, stored: Stored) -> None:
    """Point the proposal's ref to another commit of the very same tree."""
    base = stored.proposal.base
    desk.repo.git(
        "update-ref", REF, desk.git.commit(stored.proposal.tree, (base.commit,), "m", BOB.identity)
    )


def drop_ref(desk: Desk, _: Stored) -> None:
    """Remove the proposal's ref."""
    desk.repo.git("update-ref", "-d", REF)


@pytest.mark.parametrize("attack", [tamper_body, move_ref, same_tree, drop_ref])
def test_what_changed_is_neither_approved_nor_cleared(
    desk: Desk, attack: Callable[[Desk, Stored], None]
) -> None:
    """The row, the ref and the commit are what was recorded, or nothing goes on."""
    attack(desk, desk.propose(NEW))
    with pytest.raises(ChangedProposalError):
        approve(desk)


@pytest.mark.parametrize("attack", [tamper_body, move_ref, same_tree, drop_ref])
def test_what_changed_after_the_approval_does_not_land(
    desk: Desk, attack: Callable[[Desk, Stored], None]
) -> None:
    """The same holds for what an approval was given to."""
    attack(desk, desk.approved(NEW))
    with pytest.raises(ChangedProposalError):
        cleared(desk)


def forge(desk: Desk, stored: Stored, **fields: object) -> None:
    """Rewrite a proposal with a right digest, as somebody with the file can do."""
    made = replace(stored.proposal, **fields)  # type: ignore[arg-type]  # fields by name
    desk.store.connection.execute(
        "UPDATE proposals SET body = ?, digest = ?", (encode(plain(made)).decode(), digest(made))
    )


def test_an_approval_is_for_one_digest(desk: Desk) -> None:
    """A row rewritten as a whole has another digest, which the ledger does not know."""
    stored = desk.approved(NEW)
    forge(desk, stored, wish="another")
    with pytest.raises(ChangedProposalError, match="was changed after it was recorded"):
        cleared(desk)


def test_an_approval_that_the_ledger_does_not_know_counts_as_none(desk: Desk) -> None:
    """A row put into the table by hand is nobody's yes."""
    stored = desk.propose(NEW)
    desk.store.set_state(1, State.APPROVED)
    desk.store.connection.execute(
        "INSERT INTO approvals (proposal, digest, approver, account, proof, is_own, at)"
        " VALUES (1, ?, 'Boss', '', 'git', 0, '2026-01-02T03:04:05Z')",
        (stored.digest,),
    )
    assert desk.store.approvals(1) == ()
    with pytest.raises(NotApprovedError):
        cleared(desk)


def test_nothing_lands_on_a_broken_ledger(desk: Desk) -> None:
    """One changed fact, whichever it is, stops every landing."""
    desk.approved(NEW)
    desk.store.connection.execute("DROP TRIGGER ledger_keeps")
    desk.store.connection.execute("UPDATE ledger SET at = 'never' WHERE event = 'route'")
    with pytest.raises(ChangedProposalError, match="ledger does not hold"):
        cleared(desk)


def test_a_state_alone_is_no_approval(desk: Desk) -> None:
    """A row that says approved, without anybody's yes, does not land."""
    desk.propose(NEW)
    desk.store.set_state(1, State.APPROVED)
    with pytest.raises(NotApprovedError):
        cleared(desk)


def test_a_refused_proposal_never_lands(desk: Desk) -> None:
    """Also when its state is rewritten and somebody approves it, the verdicts are against it."""
    stored = desk.propose(NEW, clear=False)
    desk.store.set_state(1, State.AWAITING)
    with pytest.raises(ChangedProposalError, match="evidence is against it"):
        approve(desk)
    desk.store.set_state(1, State.APPROVED)
    yes = votes.Approval(1, stored.digest, str(BOB), stored.proposal.created, "bob")
    votes.add(desk.store.connection, yes)
    with pytest.raises(ChangedProposalError, match="evidence is against it"):
        cleared(desk)


@pytest.mark.parametrize("what", ["commit", "tree", "files", "patch", "base"])
def test_git_is_the_judge_of_a_forged_row(desk: Desk, what: str) -> None:
    """A row and an approval forged to agree with each other still have to agree with git."""
    stored = desk.propose(NEW)
    proposal = stored.proposal
    other = desk.tree(proposal.base.tree, {"site.conf": b"evil\n"})
    forged: dict[str, dict[str, object]] = {
        "commit": {"commit": desk.git.commit(other, (proposal.base.commit,), "m", BOB.identity)},
        "tree": {"tree": other},
        "files": {"files": ()},
        "patch": {"patch": proposal.policy},
        "base": {"base": replace(proposal.base, tree=other)},
    }
    forge(desk, stored, **forged[what])
    with pytest.raises(ChangedProposalError):
        approve(desk)


def test_a_changed_view_of_the_diff_is_no_change(desk: Desk) -> None:
    """What the user sets for diffs, or writes to .gitattributes meanwhile, spoils no approval."""
    desk.approved(NEW)
    desk.repo.write({".gitattributes": "* -diff\n"})
    desk.repo.git("config", "diff.suppressBlankEmpty", "true")
    assert cleared(desk).stored.id == 1


def test_a_finding_keeps_it_from_landing(desk: Desk) -> None:
    """What a rule objects to is refused when it is stored, so nobody is asked."""
    finding = Finding("rule", RepoPath("site.conf"), "why")
    desk.store.add(replace(desk.proposal(NEW), findings=(finding,)))
    with pytest.raises(StateError, match="is refused"):
        approve(desk)


# --- approvers that the policy names ------------------------------------------------------------

CAROL = Person(Identity("Carol", "Carol@Example.test"), "carol")
DAVE = Person(Identity("Dave", "dave@example.test"), "dave")


def needing(desk: Desk, *needs: tuple[str, ...]) -> Stored:
    """Store a clear proposal with one requirement for each tuple of addresses."""
    requirements = tuple(Requirement(RepoPath(f"ci/{at}"), who) for at, who in enumerate(needs))
    stored = desk.store.add(replace(desk.proposal(NEW), requirements=requirements))
    apply.anchor(desk.git, desk.store, stored.id)
    return stored


def test_a_named_approver_has_to_approve(desk: Desk) -> None:
    """Somebody else's yes is kept, and does not do; the named one's does, whatever its case."""
    needing(desk, ("carol@example.test", "erin@example.test"))
    approve(desk)
    assert desk.store.get(1).state is State.AWAITING
    with pytest.raises(NotApprovedError, match=r"ci/0 needs .* carol@example\.test or"):
        cleared(desk)
    desk.approve(1, CAROL)
    assert desk.store.get(1).state is State.APPROVED
    assert [yes.approver for yes in cleared(desk).approvals] == [str(BOB), str(CAROL)]


def test_each_requirement_has_to_be_met(desk: Desk) -> None:
    """Two files with an approver each need both of them, in any order."""
    stored = needing(desk, ("dave@example.test",), ("carol@example.test",))
    desk.approve(1, CAROL)
    stands = approval.standing(desk.store, desk.git, stored, at=approval.utc_now())
    assert [need.path for need in stands.missing] == ["ci/0"]
    assert stands.waiting_for == "ci/0 needs the approval of dave@example.test"
    desk.approve(1, DAVE)
    assert cleared(desk).stored.state is State.APPROVED


def test_nobody_approves_twice(desk: Desk) -> None:
    """A second yes of the same person adds nothing, and says what is waited for."""
    needing(desk, ("carol@example.test",))
    approve(desk)
    with pytest.raises(StateError, match="you have approved proposal 1 already") as caught:
        approve(desk)
    assert "carol@example.test" in caught.value.hint


def test_a_state_that_was_set_by_hand_does_not_do(desk: Desk) -> None:
    """A row that says `approved` without the named approver's yes lands nothing."""
    needing(desk, ("carol@example.test",))
    approve(desk)
    desk.store.set_state(1, State.APPROVED)
    with pytest.raises(NotApprovedError, match=r"ci/0 needs the approval of carol"):
        cleared(desk)


def test_a_name_that_holds_an_address_is_not_that_person(desk: Desk) -> None:
    """Only the address that git has for the person counts, not what the name says."""
    needing(desk, ("carol@example.test",))
    desk.approve(1, Person(Identity("carol@example.test", "mallory@example.test"), "mallory"))
    assert desk.store.get(1).state is State.AWAITING
    for posing in (Identity("x <carol@example.test", "m@x.test"), Identity("x", "m <c@x.test")):
        with pytest.raises(UsageError, match="no name that can be written down"):
            desk.approve(1, Person(posing, "other"))
