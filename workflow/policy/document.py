"""A policy as it is written in YAML, and the JSON Schema of that."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from workflow.policy.fold import shown

# Not under TYPE_CHECKING: pydantic reads the annotation.
from workflow.policy.interface import Level  # noqa: TC001 - see above
from workflow.policy.rules import FIXED, RULES, near

_Count = Annotated[int, Field(strict=True, gt=0)]


def _pattern(value: str) -> str:
    if any(part in {"", ".", ".."} for part in value.removesuffix("/").split("/")):
        message = (
            f"'{shown(value)}' matches nothing: patterns are of paths from the repository's top, "
            "such as docs/** or **/*.key"
        )
        raise ValueError(message)
    return value


def _rule(value: str) -> str:
    known = {rule.id for rule in RULES}
    if value not in known:
        message = f"no rule has the id '{shown(value)}': {near(value)}"
        raise ValueError(message)
    if value in FIXED:
        message = f"{value} always refuses, in every policy"
        raise ValueError(message)
    return value


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BudgetSection(_Section):
    """How much one proposal may touch."""

    files: _Count = Field(description="Files that change.")
    hunks: _Count = Field(description="Hunks of the canonical patch, over all files.")
    changed_lines: _Count = Field(description="Lines added plus lines removed.")
    excess: float = Field(
        strict=True, ge=1, description="Lines changed for each line that is needed."
    )


class BlastRadiusSection(_Section):
    """A budget for each role, and one for a patch from anywhere."""

    surgeon: BudgetSection = Field(description="Edits of existing files.")
    architect: BudgetSection = Field(description="New files.")
    patch: BudgetSection = Field(description="A patch from anywhere: `workflow patch`.")


class SizesSection(_Section):
    """How much text one proposal may bring in."""

    line_characters: _Count = Field(description="Characters in one added line.")
    added_bytes: _Count = Field(description="Bytes of all added lines.")
    file_bytes: _Count = Field(description="Bytes of one file that grows.")


class ProtectedSection(_Section):
    """Paths that nobody's draft may change, or that only some people may approve."""

    paths: tuple[Annotated[str, AfterValidator(_pattern)], ...] = Field(
        min_length=1,
        description=(
            "Patterns of paths and folders: `*` and `?` within one name, `**` across folders."
        ),
    )
    approvers: tuple[Annotated[str, Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$")], ...] = Field(
        default=(), description="E-mail addresses; one of them has to approve.  None: refused."
    )


class Document(_Section):
    """A policy of `workflow`: the values that its rules judge by."""

    blast_radius: BlastRadiusSection = Field(description="How much one proposal may touch.")
    sizes: SizesSection = Field(description="How much text one proposal may bring in.")
    protected: tuple[ProtectedSection, ...] = Field(
        description="Paths that nobody's draft may change, or that only some people may approve."
    )
    rules: dict[Annotated[str, AfterValidator(_rule)], Level] = Field(
        default={}, description="What a rule's objection does; a rule that is not here refuses."
    )


def schema() -> str:
    """The JSON Schema of a policy, as the text of the published file."""
    made: dict[str, Any] = Document.model_json_schema()
    free = [rule.id for rule in RULES if not rule.is_fixed]
    made["properties"]["rules"]["propertyNames"] = {"enum": free}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Policy"}
    return json.dumps({**head, **made, "title": "Policy"}, indent=2) + "\n"
