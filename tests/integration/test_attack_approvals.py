"""Ways to land what nobody else has approved: each is tried for real, and each is refused.

People are values here, since a test cannot log in twice; keys, signatures, git and rows are real.
`test_approving.py` has what the command itself is tricked with.
"""

from __future__ import annotations

import subprocess
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

import pytest

from tests.unit.conftest import desk_for  # noqa: F401 - the fixture that `scene` asks for
from workflow import apply, approval, ledger, policy, votes
from workflow.errors import WorkflowError
from workflow.git_store import discover
from workflow.identity import Decision, signatures
from workflow.resources import folder
from workflow.store import Store
from workflow.types import Consent, Identity, Person, Proof, RepoPath, Requirement, State
from workflow.types import SelfApproval as Own
from workflow.wiring.settings import read_policy, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import GitRepoFactory
    from tests.unit.conftest import Desk, DeskFactory
    from workflow.store import Stored

ADA = Person(Identity("Ada Author", "ada@example.test"), "ada")
BOB = Person(Identity("Bob", "bob@example.test"), "bob")
EVE = Person(Identity("Eve", "eve@example.test"), "eve")
NEVER = Consent(self_approval=Own.NEVER)
SIGNERS = RepoPath("keys/allowed_signers")
SIGNED = replace(NEVER, signatures=True, signers=SIGNERS)
NEW = {"site.conf": b"new\n"}


@dataclass(frozen=True, slots=True)
class Scene:
    """A repository in which nobody works alone, Ada asks, and Bob's key is known."""

    desk: Desk
    keys: Path

    def key(self, name: str) -> Path:
        """Return somebody's private key, made when it is first asked for."""
        path = self.keys / name
        if not path.exists():
            words = ("-q", "-t", "ed25519", "-N", "", "-f", str(path))
            subprocess.run(["ssh-keygen", *words], check=True, stdin=subprocess.DEVNULL)
        return path

    def line(self, name: str, options: str = "") -> str:
        """Return somebody's line of allowed signers."""
        public = " ".join(self.key(name).with_suffix(".pub").read_text().split()[:2])
        return f"{name}@example.test {options}{public}\n"

    def propose(
        self, consent: Consent = NEVER, files: dict[str, bytes] | None = None, **fields: object
    ) -> Stored:
        """Store what Ada asks for on the present base."""
        made = self.desk.proposal(files or NEW)
        request = replace(made.request, account="ada")
        made = replace(made, consent=consent, request=request, **fields)  # type: ignore[arg-type]  # fields by name
        stored = self.desk.store.add(made)
        apply.anchor(self.desk.git, self.desk.store, stored.id)
        return stored

    def sign(self, stored: Stored, who: Person, key: str = "") -> str:
        """Return a signature of somebody's approval, by their own key or another's."""
        said = approval.statement(stored, who.identity.email)
        return signatures.sign(said, self.key(key or who.account))

    def approve(
        self, who: Person, number: int = 1, signature: str | None = None, seen: str = ""
    ) -> votes.Approval:
        """Let somebody look and approve."""
        store = self.desk.store
        votes.look(store.connection, number, store.get(number).digest, who)
        return approval.approve(store, self.desk.git, number, who, seen, signature=signature)

    def insert(self, yes: votes.Approval) -> None:
        """Put a row into the table by hand."""
        self.desk.store.connection.execute(
            "INSERT INTO approvals (proposal, digest, approver, account, proof, is_own, signature,"
            " carried_from, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(yes.proposal, yes.digest, yes.approver, yes.account, yes.proof, yes.is_own),
                *(yes.signature, yes.carried_from, yes.at),
            ),
        )
        self.desk.store.set_state(yes.proposal, State.APPROVED)

    def yes(self, stored: Stored, who: Person = BOB) -> votes.Approval:
        """Return the row that somebody's approval would be."""
        return votes.Approval(stored.id, stored.digest, str(who), ledger.now(), who.account)

    def land(self, number: int = 1) -> None:
        """Do what `apply` does before anything moves."""
        cleared = approval.cleared(self.desk.store, self.desk.git, number)
        apply.prepare(self.desk.git, self.desk.store, cleared)


@pytest.fixture
def scene(git_repo: GitRepoFactory, desk_for: DeskFactory, tmp_path: Path) -> Scene:  # noqa: F811 - the fixture
    """Return a scene whose base names Bob's key."""
    made = Scene(desk_for(git_repo({"site.conf": "old\n"})), tmp_path / "keys")
    made.keys.mkdir()
    made.desk.repo.git("config", "workflow.singleUser", "false")
    made.desk.repo.commit({SIGNERS: made.line("bob")})
    return made


Attack: TypeAlias = "Callable[[Scene], object]"


# --- another thing than what was seen -------------------------------------------------------------


def approve_one_land_another(scene: Scene) -> None:
    """Bob's yes is to proposal 1; its row is put under proposal 2."""
    scene.propose()
    scene.approve(BOB)
    other = scene.propose(files={"site.conf": b"evil\n"})
    scene.desk.store.connection.execute(
        "UPDATE approvals SET proposal = 2, digest = ?", (other.digest,)
    )
    scene.desk.store.set_state(2, State.APPROVED)
    scene.land(2)


def swap_the_rows(scene: Scene) -> None:
    """The whole body of another proposal, with its digest, goes under the approved number."""
    scene.propose()
    scene.approve(BOB)
    scene.propose(files={"site.conf": b"evil\n"})
    scene.desk.store.connection.execute(
        "UPDATE proposals SET (body, digest) = (SELECT body, digest FROM proposals WHERE id = 2)"
        " WHERE id = 1"
    )
    scene.land()


def show_one_approve_another(scene: Scene) -> None:
    """Bob types the digest of what he saw, and the number of something else."""
    seen = scene.propose()
    scene.propose(files={"site.conf": b"evil\n"})
    scene.approve(BOB, 2, seen=seen.digest)


def swap_the_tree_under_the_ref(scene: Scene) -> None:
    """The approved proposal's ref is pointed to another commit."""
    stored = scene.propose()
    scene.approve(BOB)
    desk, base = scene.desk, stored.proposal.base
    other = desk.git.commit(
        desk.tree(base.tree, {"site.conf": b"evil\n"}), (base.commit,), "m", ADA.identity
    )
    desk.repo.git("update-ref", approval.proposal_ref(1), other)
    scene.land()


def edit_the_approval(scene: Scene) -> None:
    """Eve's row gets the name of the one who has to approve."""
    need = Requirement(RepoPath("site.conf"), ("bob@example.test",))
    scene.propose(requirements=(need,))
    scene.approve(EVE)
    scene.desk.store.connection.execute("UPDATE approvals SET approver = ?", (str(BOB),))
    scene.desk.store.set_state(1, State.APPROVED)
    scene.land()


def insert_an_approval(scene: Scene) -> None:
    """A row that the ledger has never heard of."""
    scene.insert(scene.yes(scene.propose()))
    scene.land()


def forge_the_ledger_in_the_middle(scene: Scene) -> None:
    """A fact that fits the row is written over an older one."""
    yes = scene.yes(scene.propose())
    scene.insert(yes)
    connection = scene.desk.store.connection
    votes.add(connection, replace(yes, approver=str(EVE)))
    connection.execute("DROP TRIGGER ledger_keeps")
    connection.execute("UPDATE ledger SET body = replace(body, ?, ?)", (str(EVE), str(BOB)))
    scene.land()


def forge_row_and_ledger_where_signatures_count(scene: Scene) -> None:
    """Who can write the store can append to the ledger; nobody can sign for Bob."""
    stored = scene.propose(SIGNED)
    kept = scene.desk.store.keep(scene.sign(stored, BOB, key="eve").encode())
    yes = replace(scene.yes(stored), proof=Proof.SIGNATURE, signature=kept)
    votes.add(scene.desk.store.connection, yes)
    scene.desk.store.set_state(1, State.APPROVED)
    scene.land()


# --- replay ---------------------------------------------------------------------------------------


def replay_in_a_clone(scene: Scene) -> None:
    """The row and its fact go into the store of a clone, which has the very same commits."""
    stored = scene.propose()
    yes = scene.approve(BOB)
    clone = scene.keys.parent / "clone"
    scene.desk.repo.git("clone", "-q", str(scene.desk.repo.path), str(clone))
    scene.desk.repo.git("push", "-q", str(clone), "refs/workflow/*:refs/workflow/*")
    git = discover(clone)
    store = Store(git.common_dir / "workflow")
    try:
        store.add(stored.proposal)
        votes.add(store.connection, yes)
        store.set_state(1, State.APPROVED)
        approval.cleared(store, git, 1)
    finally:
        store.close()


def replay_a_signature_in_another_repository(scene: Scene) -> None:
    """The same change is proposed elsewhere, and Bob's signature is handed in there."""
    armored = scene.sign(scene.propose(SIGNED), BOB)
    scene.desk.store.connection.execute(
        "UPDATE meta SET value = 'repo-other' WHERE key = 'repository'"
    )
    scene.propose(SIGNED)
    scene.approve(BOB, 2, armored)


def replay_on_another_base(scene: Scene) -> None:
    """The same words and files, on a base that has moved on."""
    scene.propose(SIGNED)
    armored = scene.sign(scene.desk.store.get(1), BOB)
    scene.approve(BOB, 1, armored)
    scene.desk.repo.commit({"other": "x\n"})
    scene.propose(SIGNED)
    scene.approve(BOB, 2, armored)


def land_on_another_base(scene: Scene) -> None:
    """The branch has moved since the yes."""
    scene.propose()
    scene.approve(BOB)
    scene.desk.repo.commit({"other": "x\n"})
    scene.land()


def replay_after_a_rejection(scene: Scene) -> None:
    """Bob's own yes, put back after Carol's no."""
    scene.propose()
    yes = scene.approve(BOB)
    approval.reject(scene.desk.store, 1, EVE, "no")
    scene.insert(yes)
    scene.land()


def claim_broken_glass(scene: Scene) -> None:
    """A landing says that glass was broken for it, and the ledger does not know."""
    scene.propose(replace(NEVER, breakers=("bob@example.test",)))
    why = "production is down again"
    store, git = scene.desk.store, scene.desk.git
    real = approval.break_glass(store, git, 1, BOB, why).glass
    assert real is not None
    assert approval.cleared(store, git, 1, real).glass == real
    approval.cleared(store, git, 1, replace(real, reason="another reason"))


def land_on_old_glass(scene: Scene) -> None:
    """Glass was broken, that landing could not happen, and somebody else tries later."""
    scene.propose(replace(NEVER, breakers=("bob@example.test",)))
    store, git = scene.desk.store, scene.desk.git
    approval.break_glass(store, git, 1, BOB, "production is down again")
    scene.land()


def replay_an_approval_as_broken_glass(scene: Scene) -> None:
    """A signature that says approve is no signature that says break the glass."""
    consent = replace(SIGNED, breakers=("bob@example.test",))
    stored = scene.propose(consent)
    armored = scene.sign(stored, BOB)
    why = "production is down again"
    store, git = scene.desk.store, scene.desk.git
    approval.break_glass(store, git, 1, BOB, why, signature=armored)


# --- one's own ------------------------------------------------------------------------------------


def approve_through_an_agent(scene: Scene) -> None:
    """An agent asks under a name of its own, from Ada's account; Ada approves."""
    made = scene.desk.proposal(NEW)
    bot = Identity("Agent", "agent@bots.test")
    request = replace(made.request, requester=bot, account="ada")
    stored = scene.desk.store.add(replace(made, request=request, consent=NEVER))
    apply.anchor(scene.desk.git, scene.desk.store, stored.id)
    scene.approve(ADA)


def approve_through_an_agent_with_a_signature(scene: Scene) -> None:
    """The same, and Ada signs: it is still she who had it asked."""
    scene.desk.repo.commit({SIGNERS: scene.line("bob") + scene.line("ada")})
    made = scene.desk.proposal(NEW)
    for name in ("agent@bots.test", "bob@example.test"):
        request = replace(made.request, requester=Identity("Agent", name), account="ada")
        stored = scene.desk.store.add(replace(made, request=request, consent=SIGNED))
        apply.anchor(scene.desk.git, scene.desk.store, stored.id)
    with pytest.raises(approval.NotAllowedError, match="same account"):
        scene.approve(ADA, 2, scene.sign(scene.desk.store.get(2), ADA))
    scene.approve(ADA, 1, scene.sign(scene.desk.store.get(1), ADA))


def approve_in_another_spelling(scene: Scene) -> None:
    """Ada's address in capitals, with a tag, in wide letters, at another account."""
    scene.propose()
    for email in ("ADA@example.test", "ada+me@example.test", "\uff41da@example.test"):
        with pytest.raises(approval.NotAllowedError):
            scene.approve(Person(Identity("A", email), "elsewhere"))
    scene.approve(Person(Identity("A", "\u0430da@example.test"), "elsewhere"))


def approve_a_revision_of_ones_own(scene: Scene) -> None:
    """Bob wanted it otherwise, and it is as Bob wants."""
    scene.propose(revisers=(BOB,))
    scene.approve(BOB)


def approve_what_was_rebased(scene: Scene) -> None:
    """On a newer base the change is still Ada's and Bob's."""
    first = scene.propose(revisers=(BOB,))
    scene.desk.repo.commit({"other": "x\n"})
    scene.propose(revisers=(BOB,), rebased_from=first.digest)
    with pytest.raises(approval.NotAllowedError):
        scene.approve(ADA, 2)
    scene.approve(BOB, 2)


def say_that_one_is_alone(scene: Scene) -> None:
    """The setting that lets oneself approve comes along in the repository."""
    scene.desk.repo.git("config", "--unset", "workflow.singleUser")
    scene.desk.repo.git("config", "--global", "--unset", "workflow.singleUser")
    scene.desk.repo.commit({".gitconfig": "[workflow]\n\tsingleUser = true\n"})
    scene.desk.repo.git("config", "include.path", "../.gitconfig")
    scene.propose(Consent())
    scene.approve(ADA)


def vote_twice(scene: Scene) -> None:
    """One person, two names, one account, for a quorum of two."""
    scene.propose(replace(NEVER, quorum=2))
    scene.approve(BOB)
    scene.approve(Person(Identity("Bea", "bea@example.test"), "bob"))


# --- stale ----------------------------------------------------------------------------------------


def stale_vote_after_new_evidence(scene: Scene) -> None:
    """The gates have judged again: that is another digest, and Bob has not seen it."""
    first = scene.propose()
    yes = scene.approve(BOB)
    verdict = replace(first.proposal.verdicts[0], summary="it passes now, with a doubt")
    second = scene.propose(verdicts=(verdict,), rebased_from=first.digest)
    votes.add(scene.desk.store.connection, replace(yes, proposal=2))
    scene.desk.store.set_state(2, State.APPROVED)
    assert second.digest != first.digest
    scene.land(2)


def carry_what_was_not_given(scene: Scene) -> None:
    """A yes is said to come from the proposal before, which nobody has approved."""
    first = scene.propose()
    second = scene.propose(rebased_from=first.digest)
    yes = replace(scene.yes(second), carried_from=first.digest)
    votes.add(scene.desk.store.connection, yes)
    scene.desk.store.set_state(2, State.APPROVED)
    scene.land(2)


def land_after_the_approval_expired(scene: Scene) -> None:
    """Eight days later."""
    scene.propose()
    scene.approve(BOB)
    later = datetime.now(UTC) + timedelta(days=8)
    approval.cleared(scene.desk.store, scene.desk.git, 1, clock=lambda: later)


# --- keys -----------------------------------------------------------------------------------------


def no_signature(scene: Scene) -> None:
    """Where only signed approvals count."""
    scene.propose(SIGNED)
    scene.approve(BOB)


def sign_for_somebody_else(scene: Scene) -> None:
    """Bob's key, and git says that it is Carol who approves."""
    stored = scene.propose(SIGNED)
    carol = Person(Identity("Carol", "carol@example.test"), "carol")
    scene.approve(carol, 1, scene.sign(stored, carol, key="bob"))


def an_expired_key(scene: Scene) -> None:
    """The base says until when Bob's key counts."""
    line = scene.line("bob", 'valid-before="20200101Z" ')
    scene.desk.repo.commit({SIGNERS: line})
    stored = scene.propose(SIGNED)
    scene.approve(BOB, 1, scene.sign(stored, BOB))


def a_signer_added_by_the_very_patch(scene: Scene) -> None:
    """The patch names Eve's key; the base does not."""
    lines = (scene.line("bob") + scene.line("eve")).encode()
    stored = scene.propose(SIGNED, {SIGNERS: lines, **NEW})
    scene.approve(EVE, 1, scene.sign(stored, EVE))


def a_signer_added_to_the_work_tree(scene: Scene) -> None:
    """Eve writes her key into the file, and does not even commit it."""
    stored = scene.propose(SIGNED)
    scene.desk.repo.write({SIGNERS: scene.line("bob") + scene.line("eve")})
    scene.approve(EVE, 1, scene.sign(stored, EVE))


def swap_the_signature(scene: Scene) -> None:
    """The bytes that were kept are exchanged after they were checked."""
    stored = scene.propose(SIGNED)
    scene.approve(BOB, 1, scene.sign(stored, BOB))
    eve = zlib.compress(scene.sign(stored, BOB, key="eve").encode())
    scene.desk.store.connection.execute(
        "UPDATE blobs SET data = ? WHERE digest IN (SELECT signature FROM approvals)", (eve,)
    )
    scene.land()


ATTACKS: tuple[tuple[Attack, str], ...] = (
    (approve_one_land_another, "awaits approval"),
    (swap_the_rows, "was changed after it was recorded"),
    (show_one_approve_another, "proposal 2 is"),
    (swap_the_tree_under_the_ref, "no longer points to what was proposed"),
    (edit_the_approval, "awaits approval"),
    (insert_an_approval, "awaits approval"),
    (forge_the_ledger_in_the_middle, "the ledger does not hold"),
    (forge_row_and_ledger_where_signatures_count, "has no line for the key"),
    (replay_in_a_clone, "made in another repository"),
    (replay_a_signature_in_another_repository, "would not count: the signature"),
    (replay_on_another_base, "would not count: the signature"),
    (land_on_another_base, "is from"),
    (replay_after_a_rejection, "awaits approval"),
    (claim_broken_glass, "knows no such break of glass"),
    (land_on_old_glass, "awaits approval"),
    (replay_an_approval_as_broken_glass, "it is not over this statement"),
    (approve_through_an_agent, "as Agent <agent@bots.test>, from the same account"),
    (approve_through_an_agent_with_a_signature, "from the same account"),
    (approve_in_another_spelling, "asked for this change"),
    (approve_a_revision_of_ones_own, "asked for this change"),
    (approve_what_was_rebased, "asked for this change"),
    (say_that_one_is_alone, "asked for this change"),
    (vote_twice, "you have approved proposal 1 already, as Bob"),
    (stale_vote_after_new_evidence, "it is for .* and this is"),
    (carry_what_was_not_given, "has no such approval"),
    (land_after_the_approval_expired, "it expired at"),
    (no_signature, "it is not signed"),
    (sign_for_somebody_else, "by bob@example.test, not by carol@example.test"),
    (an_expired_key, "would not count: .* expired"),
    (a_signer_added_by_the_very_patch, "has no line for the key"),
    (a_signer_added_to_the_work_tree, "has no line for the key"),
    (swap_the_signature, "kept bytes .* are changed"),
)


@pytest.mark.parametrize(("attack", "words"), ATTACKS, ids=[one.__name__ for one, _ in ATTACKS])
def test_it_is_refused(scene: Scene, attack: Attack, words: str) -> None:
    """The refusal says what is wrong, and the branch is where it was."""
    with pytest.raises(WorkflowError, match=words) as caught:
        attack(scene)
    assert caught.value.hint
    git = scene.desk.git
    head = git.head_of("main")
    assert head is not None
    assert git.read(git.tree_of(head), RepoPath("site.conf")) == b"old\n"


def test_the_honest_way_works(scene: Scene) -> None:
    """The same scene lets Bob sign and the change land, so that no attack fails for nothing."""
    stored = scene.propose(SIGNED)
    yes = scene.approve(BOB, 1, scene.sign(stored, BOB))
    assert yes.proof is Proof.SIGNATURE
    scene.land()
    assert approval.cleared(scene.desk.store, scene.desk.git, 1).approvals == (yes,)


def test_people_with_keys_may_share_an_account(scene: Scene) -> None:
    """Where the policy of the base names the account: then their signatures tell them apart."""
    scene.desk.repo.commit({SIGNERS: scene.line("bob") + scene.line("ada")})
    consent = replace(SIGNED, shared_accounts=("ada",))
    stored = scene.propose(consent)
    both = replace(BOB, account="ada")
    assert scene.approve(both, 1, scene.sign(stored, BOB, key="bob")).account == "ada"
    agent = replace(
        stored.proposal.request, requester=Identity("Agent", "agent@bots.test"), account="ada"
    )
    second = scene.propose(consent)
    third = scene.desk.store.add(replace(second.proposal, request=agent))
    apply.anchor(scene.desk.git, scene.desk.store, third.id)
    with pytest.raises(approval.NotAllowedError, match="same account"):
        scene.approve(both, third.id, scene.sign(third, BOB, key="bob"))


def test_glass_with_a_signature(scene: Scene) -> None:
    """Where signatures are wanted, breaking the glass is signed, as what it is."""
    stored = scene.propose(replace(SIGNED, breakers=("bob@example.test",)))
    said = approval.statement(stored, "bob@example.test", Decision.BREAK_GLASS)
    armored = signatures.sign(said, scene.key("bob"))
    store, git = scene.desk.store, scene.desk.git
    with pytest.raises(approval.NotAllowedError, match="needs one, too"):
        approval.break_glass(store, git, 1, BOB, "production is down")
    cleared = approval.break_glass(store, git, 1, BOB, "production is down", signature=armored)
    assert cleared.glass is not None
    assert cleared.glass.who.proof is Proof.SIGNATURE


def test_the_policy_that_counts_is_the_bases(scene: Scene) -> None:
    """A patch that lets everybody approve is judged, and recorded, by what it would replace."""
    default = (folder("policies") / "default.yaml").read_text()
    strict = default + "\napproval: {self_approval: never, quorum: 2, codeowners: on}\n"
    loose = default + "\napproval: {self_approval: allowed, codeowners: off}\n"
    scene.desk.repo.commit(
        {
            "workflow.toml": 'policy = "policies/own.yaml"\n',
            "policies/own.yaml": strict,
            "CODEOWNERS": "* bob@example.test\n",
        }
    )
    files = {"policies/own.yaml": loose.encode(), "CODEOWNERS": b"* eve@example.test\n"}
    change = scene.desk.change(files)
    scene.desk.repo.write({"policies/own.yaml": loose, "CODEOWNERS": "* eve@example.test\n"})
    git, base = scene.desk.git, scene.desk.git.snapshot()
    rules = read_policy(git, base.tree, read_settings(git, base.tree))
    assert (rules.approvals.consent.quorum, rules.approvals.consent.self_approval) == (2, Own.NEVER)
    needs = policy.required(rules, change.paths, lambda path: git.committed(base.tree, path))
    assert {need.approvers for need in needs} == {("bob@example.test",)}
