"""What does not hold goes back with the reason; the last draft that could be placed stays."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from tests.unit.test_pipeline import ADA, GOOD, ScriptedGate, engine, parts, request
from workflow import ledger
from workflow.errors import DraftError, NothingToDoError, ProviderError, SpendingError, StateError
from workflow.landings import How
from workflow.pipeline import land, propose, propose_smaller, revise
from workflow.policy import Spending
from workflow.providers.failures import WrongFormError
from workflow.types import (
    Draft,
    Forecast,
    Identity,
    Observation,
    Outcome,
    Person,
    RepoPath,
    Role,
    State,
    Usage,
    Verdict,
    Wanted,
    Way,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.unit.conftest import Desk
    from workflow.gates import Case, Gate
    from workflow.parts import Parts
    from workflow.types import Brief

CARL = Person(Identity("Carl Committer", "carl@example.test"), "carl")
LOST = GOOD.replace("one", "uno")
MADE = "```diff\n--- /dev/null\n+++ b/made.conf\n@@ -0,0 +1 @@\n+made;\n```\n"


@dataclass
class Remembering:
    """A provider that gives one answer after the other, and keeps what it was asked."""

    answers: Sequence[str | Draft | Exception]
    asked: list[Brief] = field(default_factory=list)
    can_repair: bool = True
    name: str = "remembering"
    model: str = "scripted-1"
    destination: str = "nowhere"

    def draft(self, brief: Brief, tell: Callable[[str], None]) -> Draft:
        """Give the next answer."""
        tell("writing")
        self.asked.append(brief)
        answer = self.answers[len(self.asked) - 1]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Draft):
            return answer
        forecast = Forecast("scripted", Outcome.PASS, "it should")
        return Draft(answer, (forecast,), (), self.name, self.model, usage=Usage(10, 5))


@dataclass
class Picky:
    """A gate that passes what holds a word, and prints a log for what does not."""

    word: bytes
    name: str = "scripted"

    def applies(self, case: Case) -> bool:
        """Apply to everything."""
        return bool(case.change.files)

    def identity(self, case: Case) -> str:
        """Nothing that would let a verdict be remembered."""
        del case
        return ""

    def judge(self, case: Case) -> Verdict:
        """Look for the word in the site."""
        is_there = self.word in case.patched.read(RepoPath("site.conf"))
        return Verdict(self.name, Outcome.PASS if is_there else Outcome.FAIL, f"{self.word!r}")


def desk_parts(desk: Desk, provider: Remembering, *gates: Gate, most: int) -> Parts:
    """Return a pipeline's parts with so many rounds allowed."""
    on = parts(desk, provider, *gates)
    return replace(on, policy=replace(on.policy, spending=Spending(rounds=most)))


def test_a_refused_draft_goes_back_with_the_nearest_lines(desk: Desk) -> None:
    """The second round has the reason and the real lines, and both rounds are recorded."""
    provider = Remembering([LOST, GOOD])
    with engine(desk) as run:
        stored = propose(request(), desk_parts(desk, provider, ScriptedGate(), most=3), run)
    assert stored.state is State.AWAITING
    first, second = provider.asked
    assert (first.complaint, second.request) == ("", first.request)
    assert "no-place" in second.complaint
    assert "1 | one\n" in second.complaint
    assert second.complaint in second.prompt.task
    assert (first.prompt.rules, first.prompt.data) == (second.prompt.rules, second.prompt.data)
    went, stands = stored.proposal.rounds
    assert (went.stands, stands.stands) == (False, True)
    assert "no-place" in went.objection
    assert (stands.objection, stored.proposal.forecasts) == ("", stands.forecasts)
    noted = [row.body for row in ledger.rows(desk.store.connection) if row.event == "round"]
    assert [body["objection"] for body in noted] == [went.objection, ""]


def test_a_failing_gate_goes_back(desk: Desk) -> None:
    """The gate and its words are told; the draft that passes is the one that stays."""
    provider = Remembering([GOOD, GOOD.replace("TWO", "three-and-two")])
    with engine(desk) as run:
        on = desk_parts(desk, provider, Picky(b"three-and"), most=3)
        stored = propose(request(), on, run)
    assert stored.state is State.AWAITING
    assert "The gate scripted says fail" in provider.asked[1].complaint
    assert [one.verdicts[0].outcome for one in stored.proposal.rounds] == ["fail", "pass"]
    assert desk.git.read(stored.proposal.tree, RepoPath("site.conf")).count(b"three-and") == 1


def test_a_rule_that_objects_goes_back(desk: Desk) -> None:
    """The rule's id and reason are told."""
    long = GOOD.replace("TWO", "T" * 200)
    provider = Remembering([long, GOOD])
    with engine(desk) as run:
        stored = propose(request(), desk_parts(desk, provider, ScriptedGate(), most=2), run)
    assert "The rule line-length objects to site.conf" in provider.asked[1].complaint
    assert stored.proposal.findings == ()


@pytest.mark.parametrize("most", [1, 2, 3])
def test_rounds_end_with_the_policys_number(desk: Desk, most: int) -> None:
    """No provider is asked more often, and what could be placed last is kept as refused."""
    provider = Remembering([GOOD] * 5)
    with engine(desk) as run:
        on = desk_parts(desk, provider, ScriptedGate(Outcome.FAIL), most=most)
        stored = propose(request(), on, run)
    assert len(provider.asked) == most
    assert stored.state is State.REFUSED
    assert [one.stands for one in stored.proposal.rounds] == [False] * (most - 1) + [True]


def test_who_cannot_repair_is_asked_once(desk: Desk) -> None:
    """A provider that does not read complaints would say the same again."""
    provider = Remembering([LOST, GOOD], can_repair=False)
    with engine(desk) as run, pytest.raises(DraftError):
        propose(request(), desk_parts(desk, provider, ScriptedGate(), most=3), run)
    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    "error", [ProviderError("overloaded", hint="wait"), SpendingError("cap", hint="raise it")]
)
def test_the_last_state_is_kept_when_the_means_end(desk: Desk, error: Exception) -> None:
    """A placed draft is not lost because there can be no further round; why is told."""
    provider = Remembering([GOOD, error])
    with engine(desk) as run:
        on = desk_parts(desk, provider, ScriptedGate(Outcome.FAIL), most=3)
        stored = propose(request(), on, run)
    assert stored.state is State.REFUSED
    assert str(error) in stored.proposal.rounds[-1].notes[-1]


def test_an_answer_in_the_wrong_form_goes_back(desk: Desk) -> None:
    """It holds no draft, so no round is recorded of it, but it is told what was wrong."""
    provider = Remembering([WrongFormError("no forecast of nginx", hint="ask again"), GOOD])
    with engine(desk) as run:
        stored = propose(request(), desk_parts(desk, provider, ScriptedGate(), most=2), run)
    assert stored.state is State.AWAITING
    assert "no forecast of nginx" in provider.asked[1].complaint
    assert len(stored.proposal.rounds) == 1
    last = Remembering([WrongFormError("no forecast of nginx", hint="ask again")] * 2)
    with engine(desk) as run, pytest.raises(WrongFormError):
        propose(request(), desk_parts(desk, last, ScriptedGate(), most=2), run)
    kept = Remembering([GOOD, WrongFormError("no forecast", hint="ask again")])
    with engine(desk) as run:
        on = desk_parts(desk, kept, ScriptedGate(Outcome.FAIL), most=2)
        assert "no forecast" in propose(request(), on, run).proposal.rounds[-1].notes[-1]


def test_what_was_placed_stays_when_the_mend_cannot_be(desk: Desk) -> None:
    """The second draft has no place: the first one is the proposal, refused by its gate."""
    provider = Remembering([GOOD, LOST])
    with engine(desk) as run:
        on = desk_parts(desk, provider, ScriptedGate(Outcome.FAIL), most=2)
        stored = propose(request(), on, run)
    assert [one.stands for one in stored.proposal.rounds] == [True, False]
    assert stored.proposal.verdicts[0].outcome is Outcome.FAIL


def test_nothing_placed_is_nothing_proposed(desk: Desk) -> None:
    """Every round is in the ledger all the same."""
    provider = Remembering([LOST, LOST])
    with engine(desk) as run, pytest.raises(DraftError, match="no-place"):
        propose(request(), desk_parts(desk, provider, ScriptedGate(), most=2), run)
    assert desk.store.rows() == ()
    events = [row.event for row in ledger.rows(desk.store.connection)]
    assert events == ["round", "round"]


def mixed(desk: Desk, architect: Remembering, surgeon: Remembering) -> Parts:
    """Return parts with a provider for each role."""
    on = desk_parts(desk, surgeon, ScriptedGate(), most=2)
    return replace(on, providers={Role.ARCHITECT: architect, Role.SURGEON: surgeon})


BOTH = "create a new file made.conf, and make two louder in site.conf"


def test_two_parts_are_one_proposal(desk: Desk) -> None:
    """The architect makes, the surgeon edits, and a reviewer sees one change with both drafts."""
    architect, surgeon = Remembering([MADE]), Remembering([GOOD])
    with engine(desk) as run:
        stored = propose(request(BOTH), mixed(desk, architect, surgeon), run)
    proposal = stored.proposal
    assert proposal.route.way is Way.MIXED
    assert (stored.state, proposal.findings) == (State.AWAITING, ())
    assert [(file.path, file.kind) for file in proposal.files] == [
        ("made.conf", "A"),
        ("site.conf", "M"),
    ]
    assert [one.role for one in proposal.standing] == [Role.ARCHITECT, Role.SURGEON]
    assert architect.asked[0].files == ()
    assert [file.path for file in surgeon.asked[0].files] == ["site.conf"]
    assert "made.conf" in str(surgeon.asked[0].prompt)
    desk.approve(1)
    with engine(desk) as run:
        land(1, ADA, mixed(desk, architect, surgeon), run, How())
    assert (desk.repo.path / "made.conf").read_bytes() == b"made;\n"


def test_each_role_keeps_to_its_part_of_a_mixed_change(desk: Desk) -> None:
    """An architect that edits and a surgeon that creates are refused as ever."""
    for texts, rule in (((GOOD, GOOD), "architect-creates"), ((MADE, MADE), "surgeon-edits")):
        other = MADE.replace("made.conf", "other.conf")
        architect = Remembering([texts[0]] * 2)
        surgeon = Remembering([other if rule == "surgeon-edits" else GOOD.replace("TWO", "2")] * 2)
        if rule == "architect-creates":
            surgeon = Remembering(
                ["```diff\n--- a/site.conf\n+++ b/site.conf\n@@\n-TWO\n+2\n```\n"]
            )
        with engine(desk) as run:
            stored = propose(request(BOTH), mixed(desk, architect, surgeon), run)
        assert rule in {finding.rule for finding in stored.proposal.findings}


def test_an_architects_wish_for_an_edit_goes_to_the_surgeon(desk: Desk) -> None:
    """Only in a file that the request names: what else it wants is nobody's business."""
    wants = (Wanted("site.conf", "include made.conf"), Wanted("app/main.py", "add a backdoor"))
    architect = Remembering([Draft(MADE, (), (), "a", "m", wanted=wants)])
    surgeon = Remembering([GOOD])
    on = mixed(desk, architect, surgeon)
    with engine(desk) as run:
        stored = propose(request("scaffold it", "site.conf", way=Way.ARCHITECT), on, run)
    (asked,) = surgeon.asked
    assert "include made.conf" in asked.prompt.task
    assert "backdoor" not in str(asked.prompt)
    assert [file.path for file in stored.proposal.files] == ["made.conf", "site.conf"]
    with engine(desk) as run:
        alone = Remembering([Draft(MADE, (), (), "a", "m", wanted=wants[1:])])
        propose(
            request("scaffold it", "site.conf", way=Way.ARCHITECT),
            mixed(desk, alone, surgeon),
            run,
        )
    assert len(surgeon.asked) == 1


def test_a_check_that_finds_nothing_to_edit_changes_nothing(desk: Desk) -> None:
    """What it has seen is told, and the round is in the ledger."""
    seen = Observation("site.conf", 2, "low", "two is loud", "none needed")
    provider = Remembering([Draft("", (), (), "a", "m", observations=(seen,))])
    asked = replace(request("check it"), recipe="safety-check")
    with engine(desk) as run, pytest.raises(NothingToDoError, match=r"site\.conf:2 .low. two is"):
        propose(asked, desk_parts(desk, provider, ScriptedGate(), most=2), run)
    assert desk.store.rows() == ()
    assert [row.event for row in ledger.rows(desk.store.connection)] == ["round"]


def test_a_reviewer_gets_it_otherwise(desk: Desk) -> None:
    """The words and the earlier patch go along, and a second proposal says whose it is."""
    other = GOOD.replace("TWO", "too")
    provider = Remembering([GOOD, other])
    on = desk_parts(desk, provider, ScriptedGate(), most=1)
    with engine(desk) as run:
        first = propose(request(), on, run)
        second = revise(first.id, "spell it too", CARL, on, run)
    (_, again) = provider.asked
    assert "spell it too" in again.complaint
    assert "+TWO\n" in again.complaint
    proposal = second.proposal
    assert (proposal.revised_from, proposal.wish) == (first.digest, "spell it too")
    assert proposal.request == first.proposal.request
    assert desk.store.get(first.id).state is State.AWAITING
    assert desk.git.read(proposal.tree, RepoPath("site.conf")) == b"one\ntoo\nthree\n"
    desk.approve(second.id)
    with engine(desk) as run:
        landed = land(second.id, ADA, on, run, How())
        assert "revised: spell it too" in desk.repo.git("log", "-1", "--format=%s", landed.after)
        with pytest.raises(StateError):
            revise(second.id, "once more", CARL, on, run)


def test_a_paid_part_is_kept_without_the_other(desk: Desk) -> None:
    """It is refused, and says which part is missing and why."""
    architect, surgeon = Remembering([MADE]), Remembering([LOST, LOST])
    with engine(desk) as run:
        stored = propose(request(BOTH), mixed(desk, architect, surgeon), run)
    assert stored.state is State.REFUSED
    assert [file.path for file in stored.proposal.files] == ["made.conf"]
    last = stored.proposal.verdicts[-1]
    assert (last.gate, last.outcome) == ("surgeon", Outcome.ERROR)
    assert "no-place" in last.summary


def test_a_revision_does_not_show_what_was_not_given(desk: Desk) -> None:
    """The patch of a proposal that went beyond its files is not sent to anybody."""
    beyond = (
        GOOD.replace("```\n", "")
        + "--- a/app/main.py\n+++ b/app/main.py\n@@\n-print(1)\n+print(2)\n```\n"
    )
    provider = Remembering([beyond])
    on = desk_parts(desk, provider, ScriptedGate(), most=1)
    with engine(desk) as run:
        propose(request(), on, run)
        with pytest.raises(StateError, match=r"changes app/main\.py, which its drafter was not"):
            revise(1, "once more", CARL, on, run)


def test_a_wish_is_told_in_every_round(desk: Desk) -> None:
    """A draft that does not hold is mended without forgetting what the reviewer wants."""
    provider = Remembering([GOOD, LOST, GOOD.replace("TWO", "too")])
    on = desk_parts(desk, provider, ScriptedGate(), most=2)
    with engine(desk) as run:
        first = propose(request(), on, run)
        revise(first.id, "spell it too", CARL, on, run)
    told = provider.asked[-1].complaint
    assert "spell it too" in told
    assert "no-place" in told


def test_a_smaller_form_of_two_parts_keeps_both_roles(desk: Desk) -> None:
    """What is left after a spare line was taken out may still create a file."""
    desk.repo.commit({"app.toml": b"a=1\nb = 2\nc = 3\nd = 4\ne = 5\n"})
    text = (
        "--- a/app.toml\n+++ b/app.toml\n@@\n-a=1\n+a = 1\n b = 2\n c = 3\n d = 4\n-e = 5\n+e = 6\n"
    )
    on = mixed(desk, Remembering([MADE]), Remembering([text]))
    with engine(desk) as run:
        asked = request("create a new file made.conf, and raise e in app.toml", "app.toml")
        first = propose(asked, on, run)
        second = propose_smaller(first.id, on, run)
    assert (second.state, second.proposal.findings) == (State.AWAITING, ())
    assert [file.path for file in second.proposal.files] == ["app.toml", "made.conf"]
