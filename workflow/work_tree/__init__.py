"""A checked-out branch follows a landing, and nothing else in it is touched."""

from workflow.work_tree.checkout import Held, WorkTree, in_checkout, release, remains

__all__ = ["Held", "WorkTree", "in_checkout", "release", "remains"]
