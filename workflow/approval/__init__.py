"""What a yes covers, who has to say it, and the check that what lands is exactly that."""

from workflow.approval.broken import broken_numbers
from workflow.approval.clear import cleared, intact, may_revise, may_shrink, require_policy
from workflow.approval.decide import approve, recount, reject
from workflow.approval.glass import break_glass, glass
from workflow.approval.interface import (
    Cleared,
    Glass,
    NotAllowedError,
    NotSeenError,
    Standing,
    Void,
    approve_command,
    proposal_ref,
    way_out,
)
from workflow.approval.signed import statement
from workflow.approval.standing import following, standing, utc_now

__all__ = [
    "Cleared",
    "Glass",
    "NotAllowedError",
    "NotSeenError",
    "Standing",
    "Void",
    "approve",
    "approve_command",
    "break_glass",
    "broken_numbers",
    "cleared",
    "following",
    "glass",
    "intact",
    "may_revise",
    "may_shrink",
    "proposal_ref",
    "recount",
    "reject",
    "require_policy",
    "standing",
    "statement",
    "utc_now",
    "way_out",
]
