"""Says in plain words what is wrong with a policy, for the person or the model that wrote it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from workflow.policy.approval_section import ApprovalSection, ReservedSection
from workflow.policy.document import (
    AllowSection,
    BlastRadiusSection,
    BudgetSection,
    Document,
    MoveSection,
    NamesSection,
    ProtectedSection,
    SealingSection,
    SizesSection,
)
from workflow.policy.fold import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

_SEE = "see docs/policies.md"
_UNKNOWN = {"extra_forbidden", "invalid_key"}
# What is expected, for each of pydantic's kinds of faults.
_WORDS = {
    "missing": "the key is missing",
    "model_type": "keys with values are expected",
    "dict_type": "keys with values are expected",
    "tuple_type": "a list is expected, such as [one, two]",
    "too_short": "the list is empty",
    "string_type": "text is expected; put it into quotes",
    "int_type": "a whole number is expected, without quotes",
    "float_type": "a number is expected, without quotes",
    "greater_than": "a number above 0 is expected",
    "greater_than_equal": "1 or more is expected",
    "less_than_equal": "the number is too large",
}
# By the keys on the way to them; numbers of entries are left out.
_SECTIONS: dict[tuple[str, ...], type[BaseModel]] = {
    ("blast_radius",): BlastRadiusSection,
    ("sizes",): SizesSection,
    ("protected",): ProtectedSection,
    ("approval",): ApprovalSection,
    ("approval", "paths"): ReservedSection,
    ("sealing",): SealingSection,
    ("sealing", "names"): NamesSection,
    ("sealing", "allow"): AllowSection,
    ("sealing", "moves"): MoveSection,
}


def fault_of(read: object, errors: Sequence[ErrorDetails]) -> tuple[str, str]:
    """The first fault of what was read, as one line with its place, and a hint.

    `errors` are pydantic's.  An unknown key goes before all else: it often is the missing one.
    """
    if not isinstance(read, dict):
        return "this is no policy: keys with values are expected", _SEE
    radius, protected = read.get("blast_radius"), read.get("protected")
    if isinstance(radius, dict) and radius.keys() & BudgetSection.model_fields:
        message = (
            "blast_radius: this is the policy format of an earlier version: blast_radius has a "
            "budget for each of surgeon, architect and patch"
        )
        return message, f"start again from what `workflow init` writes; {_SEE}"
    for error in errors:
        if error["type"] in _UNKNOWN:
            return _unknown_key(error["loc"]), _SEE
    for number, entry in enumerate(protected if isinstance(protected, list) else ()):
        if isinstance(entry, str):
            message = f"protected.{number}: an entry is more than a pattern: it has the key paths"
            return message, f'write - paths: ["{shown(entry)}"]; {_SEE}'
    place = _place(errors[0]["loc"])
    return f"{place}: {_words(errors[0])}", _SEE


def _unknown_key(loc: tuple[int | str, ...]) -> str:
    *above, key = loc
    known = tuple(_section(loc).model_fields)
    like = get_close_matches(str(key)[:100], known, n=1)
    where = f"{_place(tuple(above))}: " if above else ""
    meant = f"did you mean {like[0]}?" if like else f"the keys are: {', '.join(known)}"
    return f"{where}unknown key '{shown(str(key))}': {meant}"


def _section(loc: tuple[int | str, ...]) -> type[BaseModel]:
    """The section in which a key stands."""
    names = tuple(part for part in loc[:-1] if isinstance(part, str))
    if names[:1] == ("blast_radius",) and len(names) > 1:
        return BudgetSection
    return _SECTIONS.get(names, Document)


def _words(error: ErrorDetails) -> str:
    given = f"'{shown(str(error['input']))}'"
    match error["type"]:
        case "value_error":
            return str(error["ctx"]["error"])
        case "string_pattern_mismatch":
            return f"{given} is no e-mail address"
        case "enum" if error["loc"][0] == "rules":
            return f"{given} is no level; there are refuse, declare and off"
        case "enum" | "literal_error":
            return f"{given} is none of {error['ctx']['expected']}"
        case kind:
            return _WORDS.get(kind, error["msg"])


def _place(loc: tuple[int | str, ...]) -> str:
    return ".".join(shown(str(part)) for part in loc if part != "[key]")
