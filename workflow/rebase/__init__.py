"""Puts a proposal on the commit that its branch is at now, exactly or not at all."""

from workflow.rebase.carry import carried, kept_from
from workflow.rebase.exact import exact
from workflow.rebase.interface import Carried, Clash, ConflictError, Reason
from workflow.rebase.place import may_rebase, moved, present
from workflow.rebase.settle import require_approved, settle, told

__all__ = [
    "Carried",
    "Clash",
    "ConflictError",
    "Reason",
    "carried",
    "exact",
    "kept_from",
    "may_rebase",
    "moved",
    "present",
    "require_approved",
    "settle",
    "told",
]
