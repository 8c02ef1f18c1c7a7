"""Words become a proposal, a proposal a commit, and whatever stands against it is told."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from workflow import approval, evidence, prompts
from workflow.canonical import sha256
from workflow.config import Settings
from workflow.engine import Inline
from workflow.errors import DraftError, SandboxUnavailableError, StateError
from workflow.landings import How
from workflow.parts import Live, Parts
from workflow.pipeline import land, propose, propose_smaller, roll_back
from workflow.policy import Budget, Budgets, Level, Policy, Protected, Sizes
from workflow.redaction import Finder, Vault
from workflow.targets import Site
from workflow.types import (
    ChangeRequest,
    Draft,
    Forecast,
    Identity,
    Outcome,
    RepoPath,
    Role,
    Sent,
    Spare,
    State,
    Verdict,
    Way,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.conftest import Desk
    from workflow.gates import Case, Gate
    from workflow.process import Ran
    from workflow.providers import Provider
    from workflow.sandbox import Command
    from workflow.sandbox.interface import Wall
    from workflow.types import Brief

ADA = Identity("Ada Author", "ada@example.test")
GOOD = "```diff\n--- a/site.conf\n+++ b/site.conf\n@@\n one\n-two\n+TWO\n three\n```\n"


@dataclass(frozen=True)
class Scripted:
    """A provider that gives the answer it was made with."""

    text: str = GOOD
    notes: tuple[str, ...] = ("as asked",)
    destination: str = "nowhere"
    name: str = "scripted"
    sent: tuple[Sent, ...] = ()
    model: str = "none"
    can_repair: bool = False

    def draft(self, brief: Brief, tell: Callable[[str], None]) -> Draft:
        """Answer any brief."""
        del tell
        forecast = Forecast("scripted", Outcome.PASS, f"{len(brief.files)} files")
        return Draft(self.text, (forecast,), self.notes, self.name, "none", self.sent)


@dataclass
class ScriptedGate:
    """A gate that says what it was made with, and counts how often it was asked."""

    outcome: Outcome | Exception = Outcome.PASS
    is_for_all: bool = True
    name: str = "scripted"
    asked: list[tuple[bytes, bytes]] = field(default_factory=list)

    def applies(self, case: Case) -> bool:
        """Apply to everything, or to nothing."""
        return self.is_for_all and bool(case.change.files)

    def identity(self, case: Case) -> str:
        """Nothing that would let a verdict be remembered."""
        del case
        return ""

    def judge(self, case: Case) -> Verdict:
        """Note what both checkouts hold, and answer."""
        base, patched = (tree.read(RepoPath("site.conf")) for tree in (case.base, case.patched))
        self.asked.append((base, patched))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return Verdict(self.name, self.outcome, "scripted")


class NoSandbox:
    """A machine without a sandbox."""

    def run(self, command: Command) -> Ran:
        """Refuse."""
        message = f"no sandbox for {command.argv[0]}"
        raise SandboxUnavailableError(message, hint="none")

    def walls(self) -> tuple[Wall, ...]:
        """Name no wall."""
        return ()


@dataclass
class Heard:
    """An observer that remembers the stages."""

    stages: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)

    def began(self, stage: str) -> None:
        """Remember a stage."""
        self.stages.append(stage)

    def detail(self, text: str) -> None:
        """Remember a detail."""
        self.details.append(text)

    def ended(self, stage: str, seconds: float) -> None:
        """Check that the stage that ends is the one that began."""
        assert (self.stages[-1], seconds >= 0) == (stage, True)


def _policy() -> Policy:
    """Return a policy that protects the application and has room for a small edit."""
    budget = Budget(files=2, hunks=10, changed_lines=10, excess=5.0)
    budgets, sizes = Budgets(budget, budget, budget), Sizes(100, 1000, 1000)
    return Policy(budgets, sizes, (Protected(("app/**",)),), (), "test", sha256(b"policy"))


def parts(desk: Desk, provider: Provider, *gates: Gate) -> Parts:
    """Return a pipeline's parts; nothing lives outside git, and no probe looks."""
    vault = Vault(b"k" * 32, Finder(()))
    site = Site(
        desk.git, desk.store, Settings(), "Ada", desk.store.keep, vault.scrub_text, lambda _: None
    )
    return Parts(
        base=desk.git.snapshot(),
        git=desk.git,
        store=desk.store,
        journal=desk.journal,
        policy=_policy(),
        vault=vault,
        secrets=Finder(()).find,
        recipe=prompts.load,
        providers=dict.fromkeys(Role, provider),
        room=dict.fromkeys(Role, 100_000),
        gates=gates,
        sandbox=NoSandbox(),
        shrink_s=30.0,
        live=Live(site, (), vault),
    )


@contextmanager
def engine(desk: Desk, heard: Heard | None = None) -> Iterator[Inline]:
    """Yield an engine for one command."""
    with desk.journal.running("a test") as run:
        yield Inline(run, heard or Heard())


def request(text: str = "make two louder", *names: str, way: Way | None = None) -> ChangeRequest:
    """Return a request for the site, or for the files named."""
    paths = tuple(RepoPath(name) for name in names or ("site.conf",))
    return ChangeRequest(text, paths, ADA, way)


def test_the_whole_way(desk: Desk) -> None:
    """Proposed, approved, landed and rolled back: every file is what it was."""
    gate, heard = ScriptedGate(), Heard()
    on = parts(desk, Scripted(), gate)
    before = desk.repo.snapshot()
    with engine(desk, heard) as run:
        stored = propose(request(), on, run)
    after = desk.repo.snapshot()
    assert (after.files, after.index, after.head) == (before.files, before.index, before.head)
    assert after.refs.replace(
        f"{stored.proposal.commit} commit\trefs/workflow/proposals/1", ""
    ) == (before.refs + "\n")
    assert heard.stages == [
        *(
            "resolve",
            "route",
            "recipe",
            "gather",
            "seal",
            "draft",
            "place",
            "policy",
            "gates",
            "shrink",
            "record",
        )
    ]
    assert heard.details == ["scripted"]
    assert gate.asked == [(b"one\ntwo\nthree\n", b"one\nTWO\nthree\n")]
    proposal = stored.proposal
    assert (stored.state, proposal.is_clear) == (State.AWAITING, True)
    assert (proposal.blast_radius.added, proposal.blast_radius.removed) == (1, 1)
    receipt = proposal.rounds[0].receipt
    assert (receipt.destination, receipt.sent_bytes) == ("nowhere", 0)
    assert proposal.forecasts[0].why == "1 files"
    desk.approve(1)
    with engine(desk) as run:
        landed = land(1, ADA, on, run, How())
    assert (desk.repo.path / "site.conf").read_bytes() == b"one\nTWO\nthree\n"
    assert len(gate.asked) == 1
    with engine(desk) as run:
        back = roll_back(None, ADA, on, run)
    assert back.reverts == landed.id
    assert desk.repo.snapshot().files == before.files


def test_a_remote_provider_is_accounted_for(desk: Desk) -> None:
    """The receipt has every request that was made, and the prompt is kept for it."""
    sent = tuple(
        Sent("2026-01-02T03:04:05Z", "https://api.example.test/v1", "m", sha256(body), len(body))
        for body in (b"first", b"again")
    )
    on = parts(desk, Scripted(destination="api.example.test", sent=sent), ScriptedGate())
    with engine(desk) as run:
        receipt = propose(request(), on, run).proposal.rounds[0].receipt
    assert (receipt.destination, receipt.requests) == ("api.example.test", sent)
    assert receipt.sent_bytes == len(b"firstagain")
    assert receipt.files == ("site.conf",)
    assert len(desk.store.kept(receipt.prompt)) == receipt.prompt_bytes > 100


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.ERROR, RuntimeError("broken")])
def test_only_passes_pass(desk: Desk, outcome: Outcome | Exception) -> None:
    """A gate that says no, cannot say, or breaks, refuses the proposal."""
    on = parts(desk, Scripted(), ScriptedGate(), ScriptedGate(outcome, name="other"))
    with engine(desk) as run:
        stored = propose(request(), on, run)
    assert stored.state is State.REFUSED
    assert [verdict.gate for verdict in stored.proposal.verdicts] == ["scripted", "other"]
    if isinstance(outcome, Exception):
        assert "RuntimeError: broken" in stored.proposal.verdicts[1].summary


@pytest.mark.parametrize("gates", [(), (ScriptedGate(is_for_all=False),)])
def test_no_verdict_is_not_clearance(desk: Desk, gates: tuple[ScriptedGate, ...]) -> None:
    """What no gate judges cannot be approved."""
    on = parts(desk, Scripted(), *gates)
    with engine(desk) as run:
        assert propose(request(), on, run).state is State.REFUSED


def test_without_a_sandbox_nothing_is_proposed(desk: Desk) -> None:
    """The machine's lack is an error, and not a verdict on the change."""
    gate = ScriptedGate(SandboxUnavailableError("no walls", hint="none"))
    with engine(desk) as run, pytest.raises(SandboxUnavailableError):
        propose(request(), parts(desk, Scripted(), gate), run)
    assert desk.store.rows() == ()


def test_a_rule_that_objects_refuses(desk: Desk) -> None:
    """A protected file is found in the trees, whatever the gates say."""
    text = "--- a/app/main.py\n+++ b/app/main.py\n@@\n-print(1)\n+print(2)\n"
    with engine(desk) as run:
        on = parts(desk, Scripted(text), ScriptedGate())
        stored = propose(request("change it", "app/main.py"), on, run)
    assert stored.state is State.REFUSED
    assert [finding.rule for finding in stored.proposal.findings] == ["protected-path"]


def test_a_nul_that_a_draft_brings_in_is_found(desk: Desk) -> None:
    """Git would call the file binary from now on, and show a reviewer nothing."""
    with engine(desk) as run:
        on = parts(desk, Scripted(GOOD.replace("TWO", "T\0WO")), ScriptedGate())
        stored = propose(request(), on, run)
    assert [finding.rule for finding in stored.proposal.findings] == ["binary-file"]
    assert b"+T\0WO\n" in desk.git.patch(stored.proposal.base.tree, stored.proposal.tree)


@pytest.mark.parametrize(
    ("provider", "reason"),
    [
        (Scripted("I would rather not."), "[not-a-patch]"),
        (Scripted("site.conf\n```\none\nTWO\nthree\n```\n"), "[file-exists]"),
        (Scripted(GOOD.replace("site.conf", "absent")), "[no-such-file]"),
        (Scripted(GOOD.replace("site.conf", "../x")), "[unsafe-path]"),
        (Scripted(GOOD.replace("-two\n+TWO", " two")), "[no-change]"),
        (Scripted(GOOD.replace("one", "uno")), "[no-place]"),
        (Scripted(GOOD + "\ud800"), "cannot be recorded"),
        (Scripted(notes=("\ud800",)), "cannot be recorded"),
    ],
)
def test_a_draft_that_is_no_contained_patch(desk: Desk, provider: Scripted, reason: str) -> None:
    """Nothing is stored, nothing has moved, and the reason can be acted on."""
    before = desk.repo.snapshot()
    with engine(desk) as run, pytest.raises(DraftError) as caught:
        propose(request(), parts(desk, provider, ScriptedGate()), run)
    assert reason in caught.value.message
    assert desk.store.rows() == ()
    assert desk.repo.snapshot() == before


NEW_FILE = "--- /dev/null\n+++ b/new.conf\n@@ -0,0 +1 @@\n+new\n"
OTHER_FILE = GOOD.replace("site.conf", "app/main.py").replace(
    " one\n-two\n+TWO\n three", "-print(1)\n+print(2)"
)


@pytest.mark.parametrize(
    ("role", "text", "rules"),
    [
        (Role.ARCHITECT, GOOD, ["architect-creates"]),
        (Role.ARCHITECT, NEW_FILE, []),
        (Role.SURGEON, NEW_FILE, ["surgeon-edits"]),
        (Role.SURGEON, OTHER_FILE, ["outside-request", "protected-path"]),
    ],
)
def test_roles_are_kept_apart(desk: Desk, role: Role, text: str, rules: list[str]) -> None:
    """An architect creates, a surgeon edits what the request named, and the trees tell."""
    on = parts(desk, Scripted(text), ScriptedGate())
    with engine(desk) as run:
        stored = propose(request(way=Way(role.value)), on, run)
    assert sorted({one.rule for one in stored.proposal.findings}) == sorted(rules)
    assert (stored.state is State.REFUSED) == bool(rules)


REFORMATTED = """--- a/app.toml
+++ b/app.toml
@@
-a=1
+a = 1
 b = 2
 c = 3
 d = 4
-e = 5
+e = 6
"""


def test_a_smaller_proposal_is_made_and_judged_anew(desk: Desk) -> None:
    """What changes no meaning is named, kept in the first proposal, and left out of the second."""
    desk.repo.commit({"app.toml": b"a=1\nb = 2\nc = 3\nd = 4\ne = 5\n"})
    gate = ScriptedGate()
    on = parts(desk, Scripted(REFORMATTED), gate)
    with engine(desk) as run:
        first = propose(request("raise e", "app.toml"), on, run)
        second = propose_smaller(first.id, on, run)
    excess = first.proposal.excess
    assert excess is not None
    assert [(part.line, part.why) for part in excess.parts] == [(1, Spare.NEUTRAL)]
    assert (excess.changed, excess.needed, excess.is_tried) == (4, 2, False)
    found = [desk.git.read(one.proposal.tree, RepoPath("app.toml")) for one in (first, second)]
    assert found == [
        b"a = 1\nb = 2\nc = 3\nd = 4\ne = 6\n",
        b"a=1\nb = 2\nc = 3\nd = 4\ne = 6\n",
    ]
    assert (second.proposal.shrunk_from, second.state) == (first.digest, State.AWAITING)
    assert second.proposal.rounds == first.proposal.rounds
    assert len(gate.asked) == 2
    assert desk.store.get(first.id) == first
    with engine(desk) as run, pytest.raises(StateError, match="proposal 2 has no spare part"):
        propose_smaller(second.id, on, run)


def test_a_patch_that_only_reformats_has_nothing_smaller(desk: Desk) -> None:
    """Where every part is spare nothing would be left, and that is said."""
    desk.repo.commit({"app.toml": b"a=1\nb = 2\nc = 3\nd = 4\ne = 5\n"})
    on = parts(desk, Scripted(REFORMATTED.replace("e = 6", "e  =  5")), ScriptedGate())
    with engine(desk) as run:
        first = propose(request("tidy", "app.toml"), on, run)
        with pytest.raises(StateError, match="nothing is left of proposal 1"):
            propose_smaller(first.id, on, run)
    assert first.proposal.excess
    assert (first.proposal.excess.needed, first.proposal.excess.score) == (0, 4.0)


def test_an_objection_can_be_declared(desk: Desk) -> None:
    """Where the policy lets it, what the requester says is intended is kept apart and shown."""
    desk.repo.commit(
        {"tests/test_a.py": b"def test_a():\n    assert 1 + 1 == 2\n    assert 2 + 1 == 3\n"}
    )
    text = "--- a/tests/test_a.py\n+++ b/tests/test_a.py\n@@\n     assert 1 + 1 == 2\n"
    text += "-    assert 2 + 1 == 3\n"
    on = parts(desk, Scripted(text), ScriptedGate())
    on = replace(on, policy=replace(on.policy, levels=(("weakened-test", Level.DECLARE),)))
    asked = request("drop the second", "tests/test_a.py")
    with engine(desk) as run:
        refused = propose(asked, on, run)
        awaiting = propose(replace(asked, allowed=("weakened-test",)), on, run)
    assert [one.rule for one in refused.proposal.findings] == ["weakened-test"]
    assert "--allow weakened-test" in refused.proposal.findings[0].reason
    assert (awaiting.state, awaiting.proposal.findings) == (State.AWAITING, ())
    assert [one.rule for one in awaiting.proposal.declared] == ["weakened-test"]


def test_what_was_mended_is_said(desk: Desk) -> None:
    """A draft with wrong counts and other blanks at line ends is placed, and the proposal tells."""
    desk.repo.commit({"site.conf": b"one  \ntwo\nthree\n"})
    text = "--- a/site.conf\n+++ b/site.conf\n@@ -9,9 +9,9 @@\n one\n-two\n+TWO\n three\n"
    with engine(desk) as run:
        stored = propose(request(), parts(desk, Scripted(text), ScriptedGate()), run)
    assert stored.proposal.rounds[0].repairs == (
        "a header with wrong numbers: hunk 1 of site.conf",
        "placed in spite of other blanks at the ends of lines: hunk 1 of site.conf",
    )
    found = desk.git.read(stored.proposal.tree, RepoPath("site.conf"))
    assert found == b"one  \nTWO\nthree\n"


def test_the_policy_is_that_of_the_base_that_is_changed(desk: Desk) -> None:
    """A commit that comes while the parts are built does not slip under the old one's policy."""
    on = parts(desk, Scripted(), ScriptedGate())
    later = desk.repo.commit({"other": b"x\n"})
    with engine(desk) as run:
        stored = propose(request(), on, run)
    assert stored.proposal.base == on.base
    assert stored.proposal.base.commit != later


def test_bytes_that_are_no_text_are_kept(desk: Desk) -> None:
    """An edit of a latin-1 file with CRLF changes its line, and no byte of the others."""
    desk.repo.commit({"site.conf": b"caf\xe9\r\ntwo\r\n\xff\r\n"})
    text = b"--- a/site.conf\n+++ b/site.conf\n@@\n caf\xe9\r\n-two\r\n+TWO\r\n \xff\r\n"
    on = parts(desk, Scripted(text.decode("utf-8", "surrogateescape")), ScriptedGate())
    with engine(desk) as run:
        stored = propose(request(), on, run)
    found = desk.git.read(stored.proposal.tree, RepoPath("site.conf"))
    assert found == b"caf\xe9\r\nTWO\r\n\xff\r\n"


def test_controls_in_a_request_stay_out_of_the_commit(desk: Desk) -> None:
    """A request may hold controls; its commit's message is printable."""
    on = parts(desk, Scripted(), ScriptedGate())
    with engine(desk) as run:
        stored = propose(request("make it\x1b[31m\nred"), on, run)
    message = desk.repo.git("show", "-s", "--format=%B", stored.proposal.commit).strip()
    assert message == "Propose: make it [31m red"


def old_proposal(desk: Desk, hours: float) -> None:
    """Store and approve a proposal that was judged some time ago."""
    made = desk.proposal({"site.conf": b"one\nTWO\nthree\n"})
    when = datetime.now(UTC) - timedelta(hours=hours)
    stored = desk.store.add(replace(made, created=when.strftime("%Y-%m-%dT%H:%M:%SZ")))
    desk.repo.git("update-ref", approval.proposal_ref(stored.id), stored.proposal.commit)
    desk.store.anchored(stored.id)
    desk.approve(stored.id)


def test_old_evidence_is_made_again(desk: Desk) -> None:
    """After an hour the gates judge the same two trees once more before anything moves."""
    old_proposal(desk, 1.1)
    gate = ScriptedGate()
    with engine(desk) as run:
        land(1, ADA, parts(desk, Scripted(), gate), run, How())
    assert gate.asked == [(b"one\ntwo\nthree\n", b"one\nTWO\nthree\n")]
    assert desk.store.get(1).state is State.APPLIED


@pytest.mark.parametrize(
    "gates", [(), (ScriptedGate(Outcome.FAIL),), (ScriptedGate(OSError("x")),)]
)
def test_what_does_not_pass_any_more_does_not_land(
    desk: Desk, gates: tuple[ScriptedGate, ...]
) -> None:
    """A gate that has changed its mind, or is not there any more, stops the landing."""
    old_proposal(desk, 30)
    head = desk.git.snapshot().commit
    with engine(desk) as run, pytest.raises(StateError, match="does not hold any more"):
        land(1, ADA, parts(desk, Scripted(), *gates), run, How())
    assert desk.git.snapshot().commit == head
    assert desk.journal.landings() == ()


def test_fresh_evidence_counts_for_an_hour(desk: Desk) -> None:
    """To the second."""
    made = desk.proposal({"site.conf": b"new\n"})
    created = datetime.fromisoformat(made.created)
    assert evidence.is_fresh(made, created + timedelta(hours=1))
    assert not evidence.is_fresh(made, created + timedelta(hours=1, seconds=1))
    assert not evidence.is_fresh(made, created - timedelta(seconds=1))


def test_an_unconfirmed_landing_is_confirmed_and_not_made_twice(desk: Desk) -> None:
    """Killed before its confirmation, applying again only confirms."""
    stored = desk.approved({"site.conf": b"one\nTWO\nthree\n"})
    desk.carry_out(desk.prepare(stored.id))
    heard = Heard()
    with engine(desk, heard) as run:
        land(1, ADA, parts(desk, Scripted(), ScriptedGate()), run, How())
    assert heard.stages == ["install", "probe", "confirm", "anchor"]
    assert desk.repo.git("rev-list", "--count", "HEAD") == "2"
