"""All rules, in the order in which their objections are shown."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from workflow.policy.approvals import APPROVER_UNKNOWN
from workflow.policy.homoglyph import HOMOGLYPH
from workflow.policy.modes import EXECUTABLE_BIT, FILE_TYPE, SUBMODULE_RULE, SYMLINK
from workflow.policy.names import CASE_COLLISION, GIT_FILES, RESERVED_NAME, UNICODE_COLLISION
from workflow.policy.paths import DELETED_FILE, PROTECTED_PATH, RENAMED_FILE
from workflow.policy.roles import ARCHITECT_CREATES, OUTSIDE_REQUEST, SURGEON_EDITS
from workflow.policy.sealed import (
    PLACEHOLDER_ALTERED,
    PLACEHOLDER_COPIED,
    PLACEHOLDER_MOVED,
    PLACEHOLDER_REWIRED,
    PLACEHOLDER_UNKNOWN,
    SECRET_ADDED,
)
from workflow.policy.size import ADDED_SIZE, BLAST_RADIUS, EXCESS
from workflow.policy.text import BINARY_FILE, HIDDEN_CHARACTER, LINE_ENDS, LINE_LENGTH
from workflow.policy.weakened import WEAKENED_TEST

if TYPE_CHECKING:
    from workflow.policy.rule import Rule

RULES: tuple[Rule, ...] = (
    SURGEON_EDITS,
    OUTSIDE_REQUEST,
    ARCHITECT_CREATES,
    PROTECTED_PATH,
    APPROVER_UNKNOWN,
    SYMLINK,
    SUBMODULE_RULE,
    FILE_TYPE,
    EXECUTABLE_BIT,
    GIT_FILES,
    RESERVED_NAME,
    CASE_COLLISION,
    UNICODE_COLLISION,
    DELETED_FILE,
    RENAMED_FILE,
    BINARY_FILE,
    HIDDEN_CHARACTER,
    HOMOGLYPH,
    LINE_LENGTH,
    LINE_ENDS,
    ADDED_SIZE,
    BLAST_RADIUS,
    EXCESS,
    WEAKENED_TEST,
    PLACEHOLDER_UNKNOWN,
    PLACEHOLDER_ALTERED,
    PLACEHOLDER_COPIED,
    PLACEHOLDER_MOVED,
    PLACEHOLDER_REWIRED,
    SECRET_ADDED,
)
IDS = tuple(rule.id for rule in RULES)
FIXED = frozenset(rule.id for rule in RULES if rule.is_fixed)


def near(unknown: str) -> str:
    """The rules that somebody who wrote an id that no rule has may have meant, as a sentence."""
    like = get_close_matches(unknown[:100], IDS, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(like)}?" if like else f"the rules are: {', '.join(IDS)}"
