"""From an approved proposal to a branch that holds exactly it, and back again."""

from workflow.apply.anchor import anchor
from workflow.apply.hooks import HookError
from workflow.apply.interface import Move, Shape, Terms, command, last_known_good_ref
from workflow.apply.mail import mail
from workflow.apply.move import carry_out, follower, intend, keep, settle, unconfirmed
from workflow.apply.prepare import branch_name, prepare, require_base
from workflow.apply.push import Lease, Pushed, PushError, push, ready_to_push
from workflow.apply.sign import SigningError, is_unsigned
from workflow.apply.undo import prepare_rollback, to_roll_back

__all__ = [
    "HookError",
    "Lease",
    "Move",
    "PushError",
    "Pushed",
    "Shape",
    "SigningError",
    "Terms",
    "anchor",
    "branch_name",
    "carry_out",
    "command",
    "follower",
    "intend",
    "is_unsigned",
    "keep",
    "last_known_good_ref",
    "mail",
    "prepare",
    "prepare_rollback",
    "push",
    "ready_to_push",
    "require_base",
    "settle",
    "to_roll_back",
    "unconfirmed",
]
