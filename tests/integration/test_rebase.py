"""Proposals on a branch that moves: what fits goes along, what does not is shown with its lines."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from workflow import approval, ledger, pipeline, votes, wiring
from workflow.engine import Inline
from workflow.errors import NotApprovedError, StaleProposalError, StateError
from workflow.landings import How
from workflow.rebase import ConflictError
from workflow.resources import folder
from workflow.types import (
    ChangeRequest,
    Draft,
    Identity,
    Outcome,
    Person,
    RepoPath,
    Role,
    State,
    Verdict,
    Way,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import GitRepo, GitRepoFactory, WorkflowCommand
    from workflow.gates import Case, Gate
    from workflow.parts import Parts
    from workflow.store import Stored
    from workflow.types import Brief, Sent, Snapshot

pytestmark = pytest.mark.forked

ADA = Identity("Ada Author", "ada@example.test")
BOB = Person(Identity("Bob Builder", "bob@example.test"), "bob")
LIMITS = RepoPath("limits.yaml")
QUEUED = 12
"""`facts/engine.md` has 30, 29 of them stale with strict binding; by hand, all 30 landed once."""
SETTINGS = 'policy = "policy.yaml"\n[shrink]\nbudget_s = 0\n'


def section(number: int, limit: int = 10) -> str:
    """Return one section of the limits, of eight lines that no other section has."""
    rows = [f"  zone_{number}_{row}: {number}" for row in range(6)]
    rows[3] = f"  limit_{number}: {limit}"
    return "\n".join([f"section_{number}:", *rows, ""]) + "\n"


def limits(count: int, **changed: int) -> str:
    """Return a file of limits: `limits(3, at1=20)`."""
    return "".join(section(at, changed.get(f"at{at}", 10)) for at in range(count))


@dataclass(frozen=True)
class Writer:
    """A drafter that answers with the patch it was made with."""

    text: str
    name: str = "writer"
    destination: str = "nowhere"
    model: str = "none"
    can_repair: bool = False
    sent: tuple[Sent, ...] = ()

    def draft(self, brief: Brief, tell: Callable[[str], None]) -> Draft:
        """Answer any brief."""
        del brief, tell
        return Draft(f"```diff\n{self.text}```\n", (), (), self.name, self.model, self.sent)


class Quiet:
    """An observer that has nothing to say."""

    def began(self, stage: str) -> None:
        """Hear that a stage begins."""

    def detail(self, text: str) -> None:
        """Hear what it is at."""

    def ended(self, stage: str, seconds: float) -> None:
        """Hear that it has ended."""


@dataclass
class Pushy:
    """A gate that passes, and before that lets somebody else commit, as often as it is told to."""

    repo: GitRepo
    times: int
    name: str = "pushy"
    count: int = field(default=0)

    def applies(self, case: Case) -> bool:
        """Apply to everything."""
        return bool(case.change.files)

    def identity(self, case: Case) -> str:
        """Nothing that would let a verdict be remembered."""
        del case
        return ""

    def judge(self, case: Case) -> Verdict:
        """Move the branch on."""
        del case
        if self.count < self.times:
            self.count += 1
            self.repo.commit({"other.txt": f"{self.count}\n"})
        return Verdict(self.name, Outcome.PASS, "it passes")


@dataclass
class Office:
    """A repository with its store, where Ada asks, Bob approves, and both move the branch."""

    repo: GitRepo
    home: wiring.Repository
    gates: tuple[Gate, ...] = ()
    built: dict[Snapshot, Parts] = field(default_factory=dict)

    def parts(self, base: Snapshot, provider: Writer | None = None) -> Parts:
        """Return what the pipeline works with on a base, with its real formats gate."""
        made = self.built.get(base) or wiring.build(self.home, base)
        self.built[base] = made
        made = replace(made, gates=(*made.gates, *self.gates))
        return replace(made, providers=dict.fromkeys(Role, provider)) if provider else made

    @contextmanager
    def engine(self) -> Iterator[Inline]:
        """Yield an engine for one command."""
        with self.home.journal.running("a test") as run:
            yield Inline(run, Quiet())

    def propose(self, at: int, limit: int = 20) -> Stored:
        """Propose another limit in one section."""
        rows = section(at).splitlines()[1:8]
        new = [f"+  limit_{at}: {limit}" if "limit" in row else f" {row}" for row in rows]
        new.insert(3, f"-{rows[3]}")
        text = "\n".join((f"--- a/{LIMITS}", f"+++ b/{LIMITS}", "@@", *new[:-1])) + "\n"
        request = ChangeRequest(f"raise limit {at}", (LIMITS,), ADA, Way.SURGEON)
        with self.engine() as run:
            base = self.home.git.snapshot()
            stored = pipeline.propose(request, self.parts(base, Writer(text)), run)
        assert stored.state is State.AWAITING, (stored.proposal.findings, stored.proposal.verdicts)
        return stored

    def approve(self, stored: Stored) -> None:
        """Let Bob look at a proposal, and approve it."""
        store = self.home.store
        votes.look(store.connection, stored.id, stored.digest, BOB)
        approval.approve(store, self.home.git, stored.id, BOB)

    def approved(self, at: int, limit: int = 20) -> Stored:
        """Propose another limit, and have it approved."""
        stored = self.propose(at, limit)
        self.approve(stored)
        return self.home.store.get(stored.id)

    def land(self, number: int) -> int:
        """Land a proposal, or the one that takes its place; return that one's number."""
        with self.engine() as run:
            landed, parts = pipeline.renewed(number, self.home, self.parts, run)
            pipeline.land(landed, ADA, parts, run, How())
        return landed

    def state(self, number: int) -> State:
        """Return where a proposal stands."""
        return self.home.store.get(number).state


@pytest.fixture
def office(git_repo: GitRepoFactory) -> Iterator[Callable[[str, int], Office]]:
    """Yield a maker of offices with so many sections, where the policy says this of approvals."""
    made: list[Office] = []

    def make(said: str, sections: int) -> Office:
        policy = (folder("policies") / "default.yaml").read_text()
        files = {
            "limits.yaml": limits(sections),
            "workflow.toml": SETTINGS,
            "policy.yaml": f"{policy}\napproval: {{{said}}}\n",
        }
        repo = git_repo(files)
        made.append(Office(repo, wiring.open_repository(repo.path)))
        return made[-1]

    yield make
    for one in made:
        one.home.store.close()


# --- a queue of approvals -------------------------------------------------------------------------


def test_a_queue_of_approvals_lands_where_the_policy_carries_them(
    office: Callable[[str, int], Office],
) -> None:
    """Thirty approved changes of one file land one after the other, each on the one before."""
    here = office("carry: unchanged", QUEUED)
    made = [here.approved(at, 20 + at) for at in range(QUEUED)]
    queue = made[::2] + made[::-2]
    landed = [here.land(stored.id) for stored in queue]
    assert len(set(landed)) == QUEUED
    assert {here.state(number) for number in landed} == {State.APPLIED}
    assert (here.repo.path / LIMITS).read_text() == limits(
        QUEUED, **{f"at{at}": 20 + at for at in range(QUEUED)}
    )
    assert here.repo.git("rev-list", "--count", "HEAD") == str(QUEUED + 1)
    carried = [here.home.store.approvals(number)[0].carried_from for number in landed]
    assert carried == [None, *(stored.digest for stored in queue[1:])]
    assert ledger.verify(here.home.store.connection)[1] == ()


def test_a_queue_of_approvals_waits_where_the_policy_is_silent(
    office: Callable[[str, int], Office],
) -> None:
    """Without a word on it, one of thirty lands and the others have to be looked at again."""
    here = office("quorum: 1", QUEUED)
    queue = [here.approved(at) for at in range(QUEUED)]
    landed, asked = [], []
    for stored in queue:
        try:
            landed.append(here.land(stored.id))
        except NotApprovedError as again:
            asked.append((again.exit_code, again.message.partition(":")[0]))
    assert landed == [queue[0].id]
    numbers = range(QUEUED + 1, 2 * QUEUED)
    assert asked == [
        (4, f"proposal {new} is proposal {old.id} on the new base")
        for new, old in zip(numbers, queue[1:], strict=True)
    ]
    assert {here.state(number) for number in numbers} == {State.AWAITING}


# --- a target that moves --------------------------------------------------------------------------


def test_what_was_judged_is_the_base_that_it_says(office: Callable[[str, int], Office]) -> None:
    """A branch that moves while gates run leaves a proposal on the base that they judged."""
    here = office("carry: unchanged", 3)
    stored = here.approved(0)
    base = here.repo.commit({"other.txt": "0\n"})
    here.gates = (Pushy(here.repo, 1),)
    with here.engine() as run:
        after = pipeline.renew(stored.id, here.parts(here.home.git.snapshot()), run)
    assert after.proposal.base.commit == base != here.repo.git("rev-parse", "HEAD")


def test_a_branch_that_never_rests_stops_a_landing(office: Callable[[str, int], Office]) -> None:
    """Three newer bases in one landing are enough; nothing has moved, and it can be tried again."""
    here = office("carry: unchanged", 3)
    pushy = Pushy(here.repo, 0)
    here.gates = (pushy,)
    stored = here.approved(0)
    here.repo.commit({"other.txt": "0\n"})
    pushy.times = 100
    with pytest.raises(StaleProposalError, match="has moved 3 times"):
        here.land(stored.id)
    assert pushy.count == 3
    pushy.times = 0
    newest = here.home.store.rows()[0].id
    assert (here.state(newest), newest) == (State.APPROVED, stored.id + 3)
    here.land(newest)


# --- other terms on the newer base ----------------------------------------------------------------


def test_the_policy_of_the_newer_base_judges(office: Callable[[str, int], Office]) -> None:
    """A file that has come under protection meanwhile is refused on the newer base."""
    here = office("carry: unchanged", 3)
    stored = here.approved(0)
    policy = (here.repo.path / "policy.yaml").read_text()
    here.repo.commit(
        {"policy.yaml": policy.replace("protected:\n", "protected:\n  - paths: [limits.yaml]\n", 1)}
    )
    with pytest.raises(StateError, match="there it is refused"):
        here.land(stored.id)
    newest = here.home.store.rows()[0].id
    assert (here.state(stored.id), here.state(newest)) == (State.SUPERSEDED, State.REFUSED)
    assert "protected" in {
        one.rule.partition("-")[0] for one in here.home.store.get(newest).proposal.findings
    }


def test_a_policy_that_has_become_stricter_asks_again(office: Callable[[str, int], Office]) -> None:
    """Approvals of when one person was enough do not go along to where two are wanted."""
    here = office("carry: unchanged", 3)
    stored = here.approved(0)
    policy = (here.repo.path / "policy.yaml").read_text()
    here.repo.commit(
        {"policy.yaml": policy.replace("carry: unchanged", "carry: unchanged, quorum: 2")}
    )
    with pytest.raises(NotApprovedError, match="the policy wants more people by now"):
        here.land(stored.id)


# --- the command ----------------------------------------------------------------------------------


def test_a_conflict_is_shown_with_its_lines(
    office: Callable[[str, int], Office], workflow: WorkflowCommand
) -> None:
    """What the patch expects and what is there now, harmless and without secrets; exit 3."""
    here = office("carry: unchanged", 3)
    stored = here.approved(1)
    secret = f"AK{'IA'}IOSFODNN7EXAMQLE"
    here.repo.commit(
        {
            "limits.yaml": limits(3).replace(
                "  zone_1_2: 1", f"  zone_1_2: \x1b[31m1\n  aws_key: {secret}"
            )
        }
    )
    before = here.repo.snapshot()
    said = workflow("rebase", str(stored.id), cwd=here.repo.path)
    told = workflow("rebase", str(stored.id), "--json", cwd=here.repo.path)
    assert (said.exit_status, told.exit_status) == (3, 3), said.stderr
    assert here.repo.snapshot() == before
    assert "-   zone_1_2: 1" in said.stdout
    assert "+   zone_1_2: <U+001B>[31m1" in said.stdout
    assert "from line 10" in said.stdout
    assert f'Next: workflow revise {stored.id} "…"' in said.stdout
    assert secret not in said.stdout + said.stderr + told.stdout + told.stderr
    assert "\x1b" not in said.stdout + told.stdout
    (conflict,) = told.json["conflicts"]
    assert (conflict["path"], conflict["reason"], conflict["line"]) == (LIMITS, "changed", 10)
    assert "  zone_1_2: 1" in conflict["expected"]
    assert (told.json["id"], told.json["exit_code"]) == (stored.id, 3)
    facts = ledger.facts(here.home.store.connection, "rebase-conflict", stored.id)
    assert [fact["at"] for fact in facts] == [[{"path": LIMITS, "reason": "changed"}]] * 2
    assert here.state(stored.id) is State.APPROVED


def test_a_rebase_says_what_has_become_of_the_approvals(
    office: Callable[[str, int], Office], workflow: WorkflowCommand
) -> None:
    """The new proposal takes the place of the old one; its approval goes along, and it lands."""
    here = office("carry: unchanged", 3)
    stored = here.approved(1)
    here.repo.commit({"limits.yaml": limits(3, at0=99)})
    said = workflow("rebase", str(stored.id), cwd=here.repo.path)
    assert said.exit_status == 0, said.stdout + said.stderr
    assert "Proposal 2 takes the place of 1: main as it is now" in said.stdout
    assert "1 approval went along" in said.stdout
    assert "Next: workflow apply 2" in said.stdout
    again = workflow("rebase", str(stored.id), "--json", cwd=here.repo.path)
    assert again.exit_status == 3
    assert again.json["error"] == "proposal 1 is superseded: proposal 2 has taken its place"
    assert again.json["hint"] == "workflow show 2, then workflow rebase 2"
    refused = workflow("apply", str(stored.id), cwd=here.repo.path)
    assert refused.exit_status == 3
    assert "try: workflow show 2, then workflow apply 2" in refused.stderr
    done = workflow("apply", "2", cwd=here.repo.path)
    assert done.exit_status == 0, done.stdout + done.stderr
    assert (here.repo.path / LIMITS).read_text() == limits(3, at0=99, at1=20)


def test_apply_says_whose_approval_was_carried_over(
    office: Callable[[str, int], Office], workflow: WorkflowCommand
) -> None:
    """It lands the same change on the new base, and names the proposal and the approver."""
    here = office("carry: unchanged", 3)
    stored = here.approved(1)
    here.repo.commit({"limits.yaml": limits(3, at0=99)})
    done = workflow("apply", str(stored.id), cwd=here.repo.path)
    assert done.exit_status == 0, done.stdout + done.stderr
    told = "note: proposal 2 is proposal 1 on the new base; 1 approval carried over (Bob Builder)"
    assert told in done.stderr


def test_on_its_own_base_the_evidence_is_fresh(
    office: Callable[[str, int], Office], workflow: WorkflowCommand
) -> None:
    """Where nothing has moved, the same patch gets new evidence and a new digest."""
    here = office("quorum: 1", 3)
    stored = here.approved(1)
    told = workflow("rebase", str(stored.id), "--json", cwd=here.repo.path).json
    assert (told["rebases"], told["carried"], told["id"]) == (1, 0, 2)
    assert told["not_carried"] == ["the policy wants every proposal approved anew"]
    after = here.home.store.get(2).proposal
    assert (after.base, after.tree) == (stored.proposal.base, stored.proposal.tree)
    assert after.verdicts[0].judged >= stored.proposal.verdicts[0].judged
    assert not after.verdicts[0].is_kept
    assert told["digest"] != stored.digest


def test_apply_puts_a_proposal_on_the_newer_base_by_itself(
    office: Callable[[str, int], Office], workflow: WorkflowCommand
) -> None:
    """With the approvals it lands; without them it ends with 4 and says what to look at."""
    here = office("carry: unchanged", 3)
    first, second = here.approved(0), here.approved(2)
    for number in (first.id, second.id):
        done = workflow("apply", str(number), cwd=here.repo.path)
        assert done.exit_status == 0, done.stdout + done.stderr
    assert (here.repo.path / LIMITS).read_text() == limits(3, at0=20, at2=20)
    third = here.approved(1)
    policy = (here.repo.path / "policy.yaml").read_text()
    here.repo.commit({"policy.yaml": policy.replace("carry: unchanged", "carry: never")})
    asked = workflow("apply", str(third.id), cwd=here.repo.path)
    assert asked.exit_status == 4
    assert "proposal 5 is proposal 4 on the new base: look and approve it" in asked.stderr
    assert "workflow show 5" in asked.stderr


def test_a_conflict_stops_a_landing_before_anything_moves(
    office: Callable[[str, int], Office],
) -> None:
    """Of two changes of one line the second one is a conflict, and the branch stays."""
    here = office("carry: unchanged", 3)
    first, second = here.approved(1, 20), here.approved(1, 30)
    here.land(first.id)
    before = here.repo.snapshot()
    with pytest.raises(ConflictError, match=r"proposal 2.*limits.yaml"):
        here.land(second.id)
    assert here.repo.snapshot() == before
    assert here.state(second.id) is State.APPROVED
