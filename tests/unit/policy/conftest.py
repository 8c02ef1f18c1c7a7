"""What tests of rules share: the built-in policy, and short ways to judge a small change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from workflow.policy import Sample, case_of, excess_of, judge, judge_excess, load
from workflow.resources import folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.policy import Judgement, Policy, Special
    from workflow.types import Role


@dataclass(frozen=True, slots=True)
class Bench:
    """Judges small changes under a policy."""

    policy: Policy

    def judged(self, sample: Sample, *allowed: str) -> Judgement:
        """Judge a sample, its excess included."""
        case = replace(case_of(sample, self.policy), allowed=frozenset(allowed))
        return judge(case) + judge_excess(excess_of(sample, case), case)

    def found(self, sample: Sample) -> list[tuple[str, str]]:
        """Judge a sample; return each finding's rule and file."""
        findings = self.judged(sample).findings
        assert all(finding.reason and finding.reason.isprintable() for finding in findings)
        return [(finding.rule, finding.path) for finding in findings]

    def rules(
        self,
        base: Mapping[str, bytes | Special],
        proposed: Mapping[str, bytes | Special],
        role: Role | None = None,
    ) -> set[str]:
        """Judge two trees; return the rules that object."""
        return {rule for rule, _ in self.found(Sample(base, proposed, role))}

    def reasons(
        self,
        rule: str,
        base: Mapping[str, bytes | Special],
        proposed: Mapping[str, bytes | Special],
    ) -> list[str]:
        """Judge two trees; return what one rule says."""
        sample = Sample(base, proposed)
        findings = self.judged(sample, rule).declared or self.judged(sample).findings
        return [finding.reason for finding in findings if finding.rule == rule]


@pytest.fixture(scope="session")
def bench() -> Bench:
    """Return a bench under the built-in policy."""
    return Bench(load((folder("policies") / "default.yaml").read_bytes(), "default"))
