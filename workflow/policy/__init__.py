"""Policy: values from YAML on the base commit, rules over the difference of two trees."""

from workflow.policy.interface import Policy
from workflow.policy.load import PolicyError, load
from workflow.policy.rules import judge

__all__ = ["Policy", "PolicyError", "judge", "load"]
