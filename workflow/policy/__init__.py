"""Policy: values from YAML on the base commit, rules over the difference of two trees."""

from workflow.policy.approvals import required, unknown_owners
from workflow.policy.document import schema
from workflow.policy.interface import (
    Approvals,
    Budget,
    Budgets,
    Case,
    Judgement,
    Level,
    Policy,
    Protected,
    Reserved,
    Sizes,
    Spending,
)
from workflow.policy.judge import judge, judge_excess
from workflow.policy.load import PolicyError, load, require_known
from workflow.policy.rule import Rule, Sample, Special
from workflow.policy.rules import RULES
from workflow.policy.sample import case_of, excess_of

__all__ = [
    "RULES",
    "Approvals",
    "Budget",
    "Budgets",
    "Case",
    "Judgement",
    "Level",
    "Policy",
    "PolicyError",
    "Protected",
    "Reserved",
    "Rule",
    "Sample",
    "Sizes",
    "Special",
    "Spending",
    "case_of",
    "excess_of",
    "judge",
    "judge_excess",
    "load",
    "require_known",
    "required",
    "schema",
    "unknown_owners",
]
