"""What an objection does is the policy's to say, and size is a number in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from workflow.errors import UsageError
from workflow.policy import (
    Budget,
    Budgets,
    Judgement,
    Level,
    Sample,
    Sizes,
    case_of,
    judge,
    require_known,
)
from workflow.types import BlastRadius, Finding, RepoPath, Requirement, Role

if TYPE_CHECKING:
    from tests.unit.policy.conftest import Bench

GONE = Sample({"a": b"x\n"}, {})


def at(bench: Bench, **levels: Level) -> Bench:
    """Return a bench with other levels."""
    rows = tuple((rule.replace("_", "-"), level) for rule, level in levels.items())
    return type(bench)(replace(bench.policy, levels=rows))


def test_what_can_be_declared_says_how(bench: Bench) -> None:
    """Until then it stands against the change."""
    (finding,) = bench.judged(GONE).findings
    assert finding.rule == "deleted-file"
    assert finding.reason.endswith("; if that is intended, say so: --allow deleted-file")


def test_what_was_declared_is_kept_for_the_reviewer(bench: Bench) -> None:
    """It is no finding any more, and not forgotten."""
    judgement = bench.judged(GONE, "deleted-file", "symlink")
    assert judgement.findings == ()
    assert judgement.declared == (Finding("deleted-file", RepoPath("a"), "the file would go"),)


def test_what_refuses_cannot_be_declared(bench: Bench) -> None:
    """The policy decides which objections the requester may answer."""
    judgement = at(bench).judged(GONE, "deleted-file")
    (finding,) = judgement.findings
    assert finding.reason == "the file would go; this policy does not let it be declared"
    assert judgement.declared == ()
    (finding,) = at(bench).judged(GONE, "symlink").findings
    assert finding.reason == "the file would go"


def test_what_is_off_is_not_made(bench: Bench) -> None:
    """Neither as a finding nor as a declaration."""
    judgement = at(bench, deleted_file=Level.OFF).judged(GONE, "deleted-file")
    assert judgement == Judgement(())


def test_fixed_rules_ignore_every_level(bench: Bench) -> None:
    """Even one that got past the reader of policies."""
    here = at(bench, surgeon_edits=Level.OFF, deleted_file=Level.OFF)
    sample = Sample({"a": b"x\n"}, {}, Role.SURGEON)
    assert here.found(sample) == [("surgeon-edits", "a")]
    (finding,) = here.judged(sample, "surgeon-edits").findings
    assert finding.reason.endswith("; this rule always refuses")


def test_many_objections_to_one_file_are_counted(bench: Bench) -> None:
    """Twenty are named, and it is said how many more there are."""
    words = "".join(f"p\u0430y{number} = 1\n" for number in range(50))
    findings = bench.judged(Sample({"a": b""}, {"a": words.encode()})).findings
    assert len(findings) == 21
    assert findings[-1].reason == "30 more objections of this rule to this file"


def test_judgements_add_up() -> None:
    """What is said of a change early and late is one judgement."""
    one, two = (Finding("symlink", RepoPath(name), "x") for name in "ab")
    need = Requirement(RepoPath("c"), ("a@b.example",))
    early, late = Judgement((one,), (two,)), Judgement((two,), (one,), (need,))
    assert early + late == Judgement((one, two), (two, one), (need,))


def test_names_of_rules_are_checked() -> None:
    """A slip is answered with what was meant."""
    require_known(["symlink", "weakened-test"])
    with pytest.raises(UsageError, match="'weakend-test'") as caught:
        require_known(["symlink", "weakend-test"])
    assert caught.value.hint == "did you mean weakened-test?"
    with pytest.raises(UsageError) as caught:
        require_known(["\u2603" * 5000])
    assert caught.value.hint.startswith("the rules are: surgeon-edits, ")


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [*Role, None])
def test_each_role_has_its_budget(role: Role | None, bench: Bench) -> None:
    """Files, hunks and lines are counted each on their own; the limit itself is allowed."""
    small, large = Budget(2, 3, 10, 1.5), Budget(99, 99, 99, 99.0)
    names = {Role.SURGEON: "surgeon", Role.ARCHITECT: "architect", None: "patch"}
    given = {name: small if name == names[role] else large for name in names.values()}
    policy = replace(bench.policy, budgets=Budgets(**given))
    base = {} if role is Role.ARCHITECT else {"a": b"x\n"}
    case = case_of(Sample(base, {"a": b"y\n"}, role), policy)
    for radius, count in [
        (BlastRadius(2, 3, 5, 5), 0),
        (BlastRadius(3, 1, 1, 1), 1),
        (BlastRadius(1, 4, 1, 1), 1),
        (BlastRadius(1, 1, 11, 0), 1),
        (BlastRadius(1, 1, 0, 11), 1),
        (BlastRadius(3, 4, 6, 5), 3),
    ]:
        findings = judge(replace(case, radius=radius)).findings
        assert [finding.rule for finding in findings] == ["blast-radius"] * count


def test_excess_is_judged_by_the_role(bench: Bench) -> None:
    """At the ratio itself nothing is said; without spare parts nothing at all."""
    lines = b"".join(b"x%d = 1\n" % number for number in range(10))
    for spare, rules in ((8, []), (9, ["excess"]), (10, ["excess"]), (0, [])):
        sample = Sample({"a": b""}, {"a": lines}, Role.SURGEON, spare_lines=spare)
        assert [rule for rule, _ in bench.found(sample)] == rules, spare
    declared = bench.judged(replace(sample, spare_lines=9), "excess").declared
    assert [finding.rule for finding in declared] == ["excess"]


def test_bytes_that_come_in_are_counted(bench: Bench) -> None:
    """Over all files, and for each that grows; what shrinks is never too large."""
    here = type(bench)(replace(bench.policy, sizes=Sizes(50, 30, 40)))
    many = {f"f{number}": b"0123456789\n" for number in range(3)}
    assert here.rules({}, dict(list(many.items())[:2])) == set()
    assert here.rules({}, many) == {"added-size"}
    old = b"0123456789\n" * 4
    assert here.rules({"a": old}, {"a": old + b"x\n"}) == {"added-size"}
    assert here.rules({"a": old}, {"a": old[:-1]}) == set()
