"""One verdict of the four kinds of evidence on a configuration, the worst of them first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workflow.gates.declared import NGINX
from workflow.gates.text import bounded, one_line
from workflow.semantics.nginx.fault import Level
from workflow.types import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.gates.nginx.effective import Pair
    from workflow.gates.nginx.live.result import Result as Live
    from workflow.semantics.nginx.expanded import Unread
    from workflow.semantics.nginx.fault import Fault
    from workflow.types import Verdict

_HINT = "mend it: {fix}; or say that it is intended: --allow {declared}"
_LIVE_HINT = (
    "mend the patch; `workflow show ID --log nginx`, with the proposal's ID, shows every answer"
)
_TOLD_OLD = 5


@dataclass(frozen=True, slots=True)
class Found:
    """The silent faults of every target: those that the patch brings, and older ones."""

    fresh: tuple[Fault, ...]
    old: tuple[Fault, ...]
    changes: int
    unread: tuple[Unread, ...]


def faults_of(pairs: Sequence[Pair]) -> Found:
    """Search every target that is still there, each fault once."""
    fresh: dict[Fault, None] = {}
    old: dict[Fault, None] = {}
    unread: dict[Unread, None] = {}
    changes = set()
    for pair in pairs:
        changes |= set(pair.changes())
        unread |= dict.fromkeys(pair.patched.unread)
        if not pair.is_gone:
            came, stayed = pair.faults()
            fresh |= dict.fromkeys(came)
            old |= dict.fromkeys(stayed)
    left = tuple(one for one in old if one not in fresh)
    return Found(tuple(fresh), left, len(changes), tuple(unread))


def with_faults(verdict: Verdict, found: Found, declared: frozenset[str]) -> Verdict:
    """Add what the rules find: a new fault fails, unless it was declared; a doubt is a doubt."""
    allowed = [one for one in found.fresh if f"{NGINX}{one.rule}" in declared]
    against = [one for one in found.fresh if one not in allowed and one.level is Level.FAULT]
    doubts = [one for one in found.fresh if one not in allowed and one.level is Level.DOUBT]
    said = [
        *(f"declared as intended: {one}" for one in allowed),
        *map(str, doubts),
        *(f"not read for silent faults: {one.place}: {one.reason}" for one in found.unread),
    ]
    notes = [*verdict.notes, *(f"silent fault: {one}; mend: {one.fix}" for one in against)]
    if found.old:
        rules = list(dict.fromkeys(one.rule for one in found.old))
        told = f"{', '.join(rules[:_TOLD_OLD])}{', …' if len(rules) > _TOLD_OLD else ''}"
        notes.append(f"silent faults from before the change: {len(found.old)} ({told})")
    verdict = replace(verdict, notes=bounded(notes), doubts=bounded([*verdict.doubts, *said]))
    if verdict.outcome is Outcome.PASS and not against:
        words = f"{verdict.summary}; {_changes(found.changes)}"
        return replace(verdict, summary=one_line(words))
    if verdict.outcome is Outcome.FAIL or not against:
        return verdict
    first = against[0]
    more = f", and {len(against) - 1} more" if len(against) > 1 else ""
    hint = _HINT.format(fix=first.fix, declared=f"{NGINX}{first.rule}")
    summary = one_line(f"{first.place}: {first.cause}{more}")
    return replace(verdict, outcome=Outcome.FAIL, summary=summary, hint=one_line(hint))


def _changes(count: int) -> str:
    told = f"{count} real change{'' if count == 1 else 's'}" if count else "nothing really changes"
    return f"{told}, no silent fault"


def with_live(verdict: Verdict, seen: Sequence[Live]) -> Verdict:
    """Add what the running configurations answered; a loss that nothing explains fails."""
    for live in seen:
        if not live.is_probed:
            doubt = f"no live answers of {live.target}: {live.why}"
            verdict = replace(verdict, doubts=bounded([*verdict.doubts, doubt]))
            continue
        if verdict.outcome is Outcome.PASS:
            is_good = live.outcome is Outcome.PASS
            said = f"{verdict.summary}; {live.summary}" if is_good else live.summary
            hint = "" if is_good else _LIVE_HINT
            verdict = replace(verdict, outcome=live.outcome, summary=one_line(said), hint=hint)
        verdict = replace(
            verdict,
            notes=bounded([*verdict.notes, *live.told]),
            doubts=bounded([*verdict.doubts, *live.doubts]),
            proofs=(*verdict.proofs, *live.proofs),
            tallies=(*verdict.tallies, *live.tallies),
            evidence=(*verdict.evidence, *live.evidence),
        )
    return verdict
