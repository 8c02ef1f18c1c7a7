"""A policy as it is written in YAML, and the JSON Schema of that."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from workflow.policy.approval_section import ApprovalSection
from workflow.policy.fold import shown

# Not under TYPE_CHECKING: pydantic reads the annotation.
from workflow.policy.interface import Level  # noqa: TC001 - see above
from workflow.policy.rules import FIXED, RULES, near
from workflow.policy.section import Address, Count, Pattern, Patterns, Section, pattern
from workflow.redaction.interface import Kind, SealingError
from workflow.redaction.settings import Sort
from workflow.redaction.tenant.names import name_of

_Money = Annotated[float, Field(strict=True, ge=0, le=1_000_000)]


def _rule(value: str) -> str:
    known = {rule.id for rule in RULES}
    if value not in known:
        message = f"no rule has the id '{shown(value)}': {near(value)}"
        raise ValueError(message)
    if value in FIXED:
        message = f"{value} always refuses, in every policy"
        raise ValueError(message)
    return value


def _where(value: object) -> str | tuple[str, ...]:
    if isinstance(value, str) and value in {"on", "off"}:
        return value
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return tuple(map(pattern, value))
    message = f"'{shown(str(value))}' is neither on nor off nor a list of paths"
    raise ValueError(message)


def _sort(value: str) -> str:
    if value not in set(Sort):
        kinds = ", ".join(Sort)
        message = (
            f"'{shown(value)}' is nothing that can be on or off: there are {kinds}, and secrets "
            "are always sealed"
        )
        raise ValueError(message)
    return value


def _kind(value: str) -> str:
    if value not in ALLOWABLE:
        kinds = ", ".join(ALLOWABLE)
        message = f"'{shown(value)}' is no kind that can be allowed; there are {kinds}"
        raise ValueError(message)
    return value


def _kind_of_names(value: str) -> str:
    if value not in _NAMED:
        message = f"'{shown(value)}' is no kind of names; there are {', '.join(_NAMED)}"
        raise ValueError(message)
    return value


def _match(value: str) -> str:
    if value not in {"words", "anywhere"}:
        message = f"'{shown(value)}' is neither words nor anywhere"
        raise ValueError(message)
    return value


def _day(value: str) -> str:
    try:
        is_day = date.fromisoformat(value).isoformat() == value
    except ValueError:
        is_day = False
    if not is_day:
        message = f"'{shown(value)}' is no day, such as 2027-01-31"
        raise ValueError(message)
    return value


def _reason(value: str) -> str:
    if not any(char.isalnum() for char in value):
        message = "a reason is expected, in words"
        raise ValueError(message)
    return value


def _words(*words: str) -> WithJsonSchema:
    """What an editor offers for a value; the validators say in plain words what is wrong."""
    return WithJsonSchema({"type": "string", "enum": list(words)})


_NAMED = (Kind.CUSTOMER.value, Kind.TENANT.value, Kind.HOST.value, Kind.DOMAIN.value)
ALLOWABLE = (*(kind.value for kind in Kind if kind is not Kind.MARKER), "any")
_Reason = Annotated[str, AfterValidator(_reason)]
_Day = Annotated[str, AfterValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
_PATHS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_Where = Annotated[
    str | tuple[str, ...],
    PlainValidator(_where),
    WithJsonSchema({"anyOf": [{"enum": ["on", "off"]}, _PATHS]}),
]
_Sort = Annotated[str, AfterValidator(_sort)]
_OneOfNamed = Annotated[str, AfterValidator(_kind_of_names), _words(*_NAMED)]
_Allowable = Annotated[str, AfterValidator(_kind), _words(*ALLOWABLE)]
_Match = Annotated[str, AfterValidator(_match), _words("words", "anywhere")]


class BudgetSection(Section):
    """How much one proposal may touch."""

    files: Count = Field(description="Files that change.")
    hunks: Count = Field(description="Hunks of the canonical patch, over all files.")
    changed_lines: Count = Field(description="Lines added plus lines removed.")
    excess: float = Field(
        strict=True, ge=1, description="Lines changed for each line that is needed."
    )
    things: Count | None = Field(
        default=None,
        description="Functions, routes, dependencies and the like whose meaning changes.",
    )


class BlastRadiusSection(Section):
    """A budget for each role, and one for a patch from anywhere."""

    surgeon: BudgetSection = Field(description="Edits of existing files.")
    architect: BudgetSection = Field(description="New files.")
    patch: BudgetSection = Field(description="A patch from anywhere: `workflow patch`.")


class SizesSection(Section):
    """How much text one proposal may bring in."""

    line_characters: Count = Field(description="Characters in one added line.")
    added_bytes: Count = Field(description="Bytes of all added lines.")
    file_bytes: Count = Field(description="Bytes of one file that grows.")


class ProtectedSection(Section):
    """Paths that nobody's draft may change, or that only some people may approve."""

    paths: tuple[Annotated[str, AfterValidator(pattern)], ...] = Field(
        min_length=1,
        description=(
            "Patterns of paths and folders: `*` and `?` within one name, `**` across folders."
        ),
    )
    approvers: tuple[Address, ...] = Field(
        default=(), description="E-mail addresses; one of them has to approve.  None: refused."
    )


class NamesSection(Section):
    """Names of one kind, which no model gets to see."""

    kind: _OneOfNamed = Field(description="What they are names of.")
    names: tuple[str, ...] = Field(default=(), description="The names.")
    file: Pattern = Field(
        default="", description="A file of the repository with more of them, one a line."
    )
    match: _Match = Field(
        default="words",
        description="Whether they count as whole words only, or within longer words, too.",
    )

    @model_validator(mode="after")
    def _has_names(self) -> Self:
        if not self.names and not self.file:
            message = "names are expected, or a file of them"
            raise ValueError(message)
        for name in self.names:
            try:
                name_of(name, Kind(self.kind), whole=True)
            except SealingError as error:
                raise ValueError(error.message) from error
        return self


class AllowSection(Section):
    """Values that may be seen, why, and until when."""

    kinds: tuple[_Allowable, ...] = Field(min_length=1, description="What is allowed.")
    reason: _Reason = Field(description="Why; reviewers see it.")
    expires: _Day = Field(description="The last day on which it holds, at most a year ahead.")
    paths: Patterns = Field(default=(), description="Where; everywhere for a text.")
    rule: str = Field(default="", description="The rule that found it, where only one is meant.")
    text: str = Field(default="", description="The very value, where it is public.")

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        if not self.text and not any(
            any(char not in "*?/." for char in pattern) for pattern in self.paths
        ):
            message = "this allows everything: name paths, or the text that is public"
            raise ValueError(message)
        return self


class MoveSection(Section):
    """Where a draft may move or copy what stands for a sealed value."""

    paths: Patterns = Field(description="Within and between these files.")
    reason: _Reason = Field(description="Why; reviewers see it.")


class SealingSection(Section):
    """What no model gets to see, beside secrets, which are always sealed."""

    kinds: dict[_Sort, _Where] = Field(
        default={},
        description=(
            "Tenant data known by its form: on, off, or the paths where it is on.  card and iban "
            "are on unless said otherwise, all others off."
        ),
        json_schema_extra={"propertyNames": {"enum": list(Sort)}},
    )
    names: tuple[NamesSection, ...] = Field(
        default=(), description="Names of customers, tenants, hosts and domains."
    )
    allow: tuple[AllowSection, ...] = Field(
        default=(), description="Values that may be seen, each with a reason and a last day."
    )
    moves: tuple[MoveSection, ...] = Field(
        default=(), description="Where placeholders may move; nowhere else may they."
    )


class SpendingSection(Section):
    """How much answers of remote models may take; what is not here has no cap."""

    request_usd: _Money | None = Field(
        default=None, description="US dollars for one request, with all its rounds."
    )
    day_usd: _Money | None = Field(
        default=None, description="US dollars in one day (UTC), for the whole repository."
    )
    request_tokens: Count | None = Field(
        default=None, description="Tokens for one request, input and output together."
    )
    day_tokens: Count | None = Field(
        default=None, description="Tokens in one day (UTC), for the whole repository."
    )
    rounds: Count | None = Field(
        default=None, description="Answers to one request in one role, the first one included."
    )


class Document(Section):
    """A policy of `workflow`: the values that its rules judge by."""

    blast_radius: BlastRadiusSection = Field(description="How much one proposal may touch.")
    sizes: SizesSection = Field(description="How much text one proposal may bring in.")
    protected: tuple[ProtectedSection, ...] = Field(
        description="Paths that nobody's draft may change, or that only some people may approve."
    )
    rules: dict[Annotated[str, AfterValidator(_rule)], Level] = Field(
        default={}, description="What a rule's objection does; a rule that is not here refuses."
    )
    approval: ApprovalSection = Field(
        default=ApprovalSection(),
        description="Who has to approve, who may not, and for how long it counts.",
    )
    sealing: SealingSection = Field(
        default=SealingSection(),
        description="What no model gets to see, beside secrets, which are always sealed.",
    )
    spending: SpendingSection = Field(
        default=SpendingSection(),
        description="How much answers of remote models may take, before a call that could pass it.",
    )


def schema() -> str:
    """The JSON Schema of a policy, as the text of the published file."""
    made: dict[str, Any] = Document.model_json_schema()
    free = [rule.id for rule in RULES if not rule.is_fixed]
    made["properties"]["rules"]["propertyNames"] = {"enum": free}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Policy"}
    return json.dumps({**head, **made, "title": "Policy"}, indent=2) + "\n"
