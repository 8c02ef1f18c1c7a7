"""Judges a change: every rule looks at it, and the policy says what an objection does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.policy.interface import Judgement, Level
from workflow.policy.look import Look, look
from workflow.policy.rules import RULES
from workflow.policy.size import EXCESS
from workflow.types import Finding, Requirement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from workflow.policy.interface import Case
    from workflow.policy.rule import Rule, Said
    from workflow.types import Excess

_MAX_SAID = 20


def judge(case: Case) -> Judgement:
    """What all rules say of a change, in the order of the rules.

    Raises what `case.blobs` and `case.names` raise.
    """
    return _judged(RULES, look(case), case.allowed)


def judge_excess(excess: Excess, case: Case) -> Judgement:
    """What the policy says of a patch that changes more than it needs to; reads nothing."""
    view = Look(
        case.policy,
        case.role,
        None,
        None,
        (),
        (),
        case.names,
        case.committed,
        excess,
        creates=case.creates,
    )
    return _judged((EXCESS,), view, case.allowed)


def _judged(rules: Sequence[Rule], view: Look, allowed: Collection[str]) -> Judgement:
    findings: list[Finding] = []
    declared: list[Finding] = []
    requirements: dict[Requirement, None] = {}
    for rule in rules:
        level = Level.REFUSE if rule.is_fixed else view.policy.level(rule.id)
        if level is Level.OFF:
            continue
        said = list(rule.check(view))
        requirements |= {one: None for one in said if isinstance(one, Requirement)}
        found = _bounded(rule, (one for one in said if not isinstance(one, Requirement)))
        is_allowed = rule.id in allowed
        if level is Level.DECLARE and is_allowed:
            declared += found
        else:
            note = _note(rule, level, is_allowed=is_allowed)
            findings += [replace(finding, reason=finding.reason + note) for finding in found]
    return Judgement(tuple(findings), tuple(declared), tuple(requirements))


def _note(rule: Rule, level: Level, *, is_allowed: bool) -> str:
    """What a requester who wants the change all the same has to know, behind the reason."""
    if level is Level.DECLARE:
        return f"; if that is intended, say so: --allow {rule.id}"
    if not is_allowed:
        return ""
    if rule.is_fixed:
        return "; this rule always refuses"
    return "; this policy does not let it be declared"


def _bounded(rule: Rule, said: Iterable[Said]) -> list[Finding]:
    """A rule's objections, of each file so many that a person reads them."""
    reasons: dict[object, list[Finding]] = {}
    for one in said:
        if not isinstance(one, Requirement):
            path, reason = one
            reasons.setdefault(path, []).append(Finding(rule.id, path, reason))
    found: list[Finding] = []
    for own in reasons.values():
        found += own[:_MAX_SAID]
        if len(own) > _MAX_SAID:
            more = f"{len(own) - _MAX_SAID} more objections of this rule to this file"
            found.append(replace(own[0], reason=more))
    return found
