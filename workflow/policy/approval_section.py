"""The section of a policy that says who has to approve, as it is written in YAML."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema, model_validator

from workflow.policy.fold import shown
from workflow.policy.section import Address, Count, Pattern, Patterns, Section
from workflow.types import Carry, SelfApproval

_ROLE = re.compile(r"[a-z0-9][a-z0-9_-]*")
_ACCOUNT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.$@-]*|\?")
_OWNER = re.compile(r"@[A-Za-z0-9_][A-Za-z0-9_./-]*")
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+")


def _role(value: str) -> str:
    if not _ROLE.fullmatch(value):
        message = f"'{shown(value)}' is no name of a role, such as ops"
        raise ValueError(message)
    return value


def _account(value: str) -> str:
    if not _ACCOUNT.fullmatch(value):
        message = f"'{shown(value)}' is no name of an account, such as deploy"
        raise ValueError(message)
    return value


def _owner(value: str) -> str:
    if not _OWNER.fullmatch(value):
        message = f"'{shown(value)}' is no name as in CODEOWNERS, such as @name or @example/ops"
        raise ValueError(message)
    return value


def _role_or_people(value: object) -> str | tuple[str, ...]:
    if isinstance(value, str) and _ROLE.fullmatch(value):
        return value
    if isinstance(value, list) and value:
        people = tuple(who for who in value if isinstance(who, str) and _ADDRESS.fullmatch(who))
        if len(people) == len(value):
            return people
    message = f"'{shown(str(value))}' is neither a role nor a list of e-mail addresses"
    raise ValueError(message)


_PEOPLE = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_People = Annotated[tuple[Address, ...], Field(min_length=1)]
_Role = Annotated[str, AfterValidator(_role)]
_Account = Annotated[str, AfterValidator(_account)]
_Owner = Annotated[str, AfterValidator(_owner)]
_RoleOrPeople = Annotated[
    str | tuple[str, ...],
    PlainValidator(_role_or_people),
    WithJsonSchema({"anyOf": [{"type": "string"}, _PEOPLE]}),
]
_Days = Annotated[int, Field(strict=True, gt=0, le=366)]


class ReservedSection(Section):
    """Paths that named people have to approve."""

    paths: Patterns = Field(description="Patterns of paths and folders, as in `protected`.")
    roles: tuple[_Role, ...] = Field(default=(), description="Roles whose people may approve.")
    approvers: tuple[Address, ...] = Field(default=(), description="E-mail addresses, besides.")
    needed: Count = Field(default=1, description="How many of them have to.")


class ApprovalSection(Section):
    """Who has to approve, who may not, and for how long it counts."""

    quorum: Count = Field(default=1, description="How many people have to approve.")
    self_approval: SelfApproval = Field(
        default=SelfApproval.SINGLE_USER,
        description=(
            "Whether who asked may approve: never, allowed, or only where git's setting "
            "workflow.singleUser says that one person works alone."
        ),
    )
    expires_days: _Days = Field(default=7, description="Days for which an approval counts.")
    fresh_minutes: Count | None = Field(
        default=None, description="How old the evidence may be when somebody approves."
    )
    signatures: Literal["required", "optional"] = Field(
        default="optional", description="Whether only approvals with an SSH signature count."
    )
    signers: Pattern | None = Field(
        default=None, description="The file of the repository with allowed signers."
    )
    carry: Carry = Field(
        default=Carry.NEVER,
        description="Whether approvals hold on a newer base where nothing else has changed.",
    )
    break_glass: tuple[Address, ...] = Field(
        default=(), description="Who may land without approvals, and has to say why."
    )
    shared_accounts: tuple[_Account, ...] = Field(
        default=(), description="Accounts of several people, whom their signatures tell apart."
    )
    codeowners: Literal["on", "off"] = Field(
        default="on", description="Whether a CODEOWNERS file is heeded."
    )
    roles: dict[_Role, _People] = Field(default={}, description="People by what they do.")
    teams: dict[_Owner, _RoleOrPeople] = Field(
        default={}, description="A role or people for each @name of the CODEOWNERS file."
    )
    paths: tuple[ReservedSection, ...] = Field(
        default=(), description="Paths that named people have to approve."
    )

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if self.signatures == "required" and self.signers is None:
            message = "signatures are required, so signers has to name the file of allowed ones"
            raise ValueError(message)
        roles = [role for one in self.paths for role in one.roles]
        for role in (*roles, *(one for one in self.teams.values() if isinstance(one, str))):
            if role not in self.roles:
                message = f"'{shown(role)}' is no role; {_some_roles(self.roles)}"
                raise ValueError(message)
        for one in self.paths:
            named = (*one.approvers, *(who for role in one.roles for who in self.roles[role]))
            people = {who.casefold() for who in named}
            if len(people) < one.needed:
                wants = f"wants {one.needed} to approve and names {len(people)}"
                message = f"'{shown(one.paths[0])}' {wants}"
                raise ValueError(message)
        return self


def _some_roles(roles: dict[str, tuple[str, ...]]) -> str:
    return f"there are {', '.join(map(shown, roles))}" if roles else "approval.roles names them"
