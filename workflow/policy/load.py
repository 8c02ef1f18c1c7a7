"""Reads a policy from YAML: strict, with no key that nobody reads."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from workflow.canonical import sha256
from workflow.errors import UsageError, WorkflowError
from workflow.policy.document import (
    AllowSection,
    BudgetSection,
    Document,
    SealingSection,
    SpendingSection,
)
from workflow.policy.faults import fault_of
from workflow.policy.interface import (
    Approvals,
    Budget,
    Budgets,
    Level,
    Policy,
    Protected,
    Reserved,
    Sizes,
    Spending,
)
from workflow.policy.rules import IDS, near
from workflow.redaction.interface import Kind
from workflow.redaction.settings import (
    EVERYWHERE,
    NOWHERE,
    Allowance,
    Move,
    Names,
    Scope,
    SealingSettings,
    Sort,
)
from workflow.types import Consent, RepoPath

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from workflow.policy.approval_section import ApprovalSection

_MAX_BYTES = 256 * 1024
_DAY_S = 86_400


class PolicyError(WorkflowError):
    """A policy file does not say what a policy must say, or a rule is named that is none."""


class _Loader(yaml.SafeLoader):
    """YAML in which nothing is said twice, elsewhere, or in a way that reads as something else.

    A key that stands twice, an alias or a merge would make text mean what its reader does not see.
    Plain words are strings (`off` is not "false"), and numbers are decimal.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own attribute

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401 - PyYAML's own signature
        """Compose a node, refusing anchors and aliases."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # as in the stubs
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            problem = "anchors and aliases are not read"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's own signature
        """Construct a mapping, refusing repeated keys."""
        seen: set[str] = set()
        for key, _ in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name in seen:
                problem = f"the key {name!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


for _tag, _form, _first in (
    ("int", r"0|[1-9][0-9]{0,17}", "0123456789"),
    ("float", r"(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17}", "0123456789"),
    ("null", r"null|~|", ["n", "~", ""]),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_form})\Z"), _first
    )


def load(data: bytes, source: str) -> Policy:
    """The policy in a YAML document; `source` names it in messages and in proposals.

    Raises `PolicyError` naming the first fault.
    """
    if len(data) > _MAX_BYTES:
        message = f"{source}: {len(data):,} bytes; a policy has at most {_MAX_BYTES:,}"
        raise PolicyError(message, hint="shorten and commit it")
    try:
        # A subclass of the safe loader: it makes plain values only.
        read: object = yaml.load(data, _Loader)  # noqa: S506 - see above
    except (yaml.YAMLError, RecursionError) as error:
        said = "nested too deeply" if isinstance(error, RecursionError) else _fault(error)
        message = f"{source}: not YAML: {said}"
        raise PolicyError(message, hint="correct and commit it") from error
    try:
        document = Document.model_validate(read)
    except ValidationError as error:
        fault, hint = fault_of(read, error.errors())
        message = f"{source}: {fault}"
        raise PolicyError(message, hint=hint) from error
    return _policy(document, source, data)


def require_known(rules: Iterable[str]) -> None:
    """Check ids of rules that a person typed.  Raises `UsageError` with what they may mean."""
    for rule in rules:
        if rule not in IDS:
            message = f"no rule has the id {rule!r}"
            raise UsageError(message, hint=near(rule))


def _policy(document: Document, source: str, data: bytes) -> Policy:
    radius, sizes = document.blast_radius, document.sizes
    return Policy(
        budgets=Budgets(*map(_budget, (radius.surgeon, radius.architect, radius.patch))),
        sizes=Sizes(sizes.line_characters, sizes.added_bytes, sizes.file_bytes),
        protected=tuple(Protected(one.paths, one.approvers) for one in document.protected),
        levels=tuple(
            (rule, level) for rule, level in document.rules.items() if level is not Level.REFUSE
        ),
        source=source,
        digest=sha256(data),
        sealing=_sealing(document.sealing),
        spending=_spending(document.spending),
        approvals=_approvals(document.approval),
    )


def _budget(section: BudgetSection) -> Budget:
    counts = (section.files, section.hunks, section.changed_lines)
    return Budget(*counts, section.excess, section.things)


def _spending(section: SpendingSection) -> Spending:
    return Spending(
        request_microdollars=_microdollars(section.request_usd),
        day_microdollars=_microdollars(section.day_usd),
        request_tokens=section.request_tokens,
        day_tokens=section.day_tokens,
        rounds=section.rounds,
    )


def _approvals(section: ApprovalSection) -> Approvals:
    roles = section.roles
    minutes = section.fresh_minutes
    return Approvals(
        consent=Consent(
            quorum=section.quorum,
            self_approval=section.self_approval,
            expires_s=section.expires_days * _DAY_S,
            fresh_s=None if minutes is None else minutes * 60,
            signatures=section.signatures == "required",
            signers=None if section.signers is None else RepoPath(section.signers),
            carry=section.carry,
            breakers=section.break_glass,
            shared_accounts=section.shared_accounts,
        ),
        paths=tuple(
            Reserved(
                one.paths,
                tuple(
                    dict.fromkeys((*(who for r in one.roles for who in roles[r]), *one.approvers))
                ),
                one.needed,
            )
            for one in section.paths
        ),
        owners=tuple(
            (name.casefold(), roles[who] if isinstance(who, str) else who)
            for name, who in section.teams.items()
        ),
        codeowners=section.codeowners == "on",
    )


def _microdollars(dollars: float | None) -> int | None:
    """Millionths; what is written beyond them is dropped, so that no cap grows."""
    return None if dollars is None else int(Decimal(str(dollars)) * 1_000_000)


def _sealing(section: SealingSection) -> SealingSettings:
    scopes = dict(SealingSettings().scopes)
    for kind, where in section.kinds.items():
        fixed = {"on": EVERYWHERE, "off": NOWHERE}
        scopes[Sort(kind)] = fixed[where] if isinstance(where, str) else Scope(where)
    return SealingSettings(
        scopes=tuple(scopes.items()),
        names=tuple(
            Names(Kind(one.kind), one.names, one.file, one.match == "words")
            for one in section.names
        ),
        allowances=tuple(map(_allowance, section.allow)),
        moves=tuple(Move(Scope(one.paths), one.reason) for one in section.moves),
    )


def _allowance(section: AllowSection) -> Allowance:
    kinds = () if "any" in section.kinds else section.kinds
    return Allowance(
        scope=Scope(section.paths) if section.paths else EVERYWHERE,
        kinds=frozenset(map(Kind, kinds)),
        reason=section.reason,
        expires=date.fromisoformat(section.expires),
        rule=section.rule,
        text=section.text,
    )


def _fault(error: yaml.YAMLError) -> str:
    """What is wrong and where, without the line itself: it may hold a customer's name."""
    mark = getattr(error, "problem_mark", None)
    said = str(getattr(error, "problem", "") or "it cannot be read")
    return f"{said}, line {mark.line + 1}, column {mark.column + 1}" if mark else said
