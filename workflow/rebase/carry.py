"""Which approvals hold for a proposal on a newer base, where the policy lets them.

A yes was given to a patch as it reads and to what the gates said of it.  It holds for another base
only where both are what they were: nothing that the approver has looked at may be different but the
numbers of lines.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workflow.rebase import hunks
from workflow.rebase.interface import Carried
from workflow.types import Carry, SelfApproval, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.git_store import GitStore
    from workflow.types import Consent, Proposal, Verdict
    from workflow.votes import Approval

_LAXITY = (SelfApproval.NEVER, SelfApproval.SINGLE_USER, SelfApproval.ALLOWED)
# How long a run took is another thing each time.
_TIME = re.compile(r"\b\d+(?:\.\d+)? ?(?:ms|s|min)\b")


def patch_identity(git: GitStore, proposal: Proposal) -> tuple[object, ...]:
    """What a patch says wherever its lines stand; equal for two patches that read the same.

    That is each file's path, what becomes of it and its modes before and after, and of each hunk
    what git's heading says it is in and its lines with all context.  Only the numbers of lines are
    left out; of a file that comes, goes or changes its type, the blobs are in it, too.
    """
    known = hunks.read(git.patch(proposal.base.tree, proposal.tree))
    return tuple(
        (
            *(file.path, file.kind, file.old_mode, file.new_mode),
            tuple((one.heading, one.body) for one in known[pair])
            if (pair := (file.old or "", file.new or "")) in known
            else (file.old, file.new)
            if file.old != file.new
            else (),
        )
        for file in proposal.files
    )


def kept_from(git: GitStore, before: Proposal, after: Proposal) -> tuple[str, ...]:
    """Why approvals of one proposal do not hold for another, in words; empty where they do."""
    if after.consent.carry is not Carry.UNCHANGED:
        return ("the policy wants every proposal approved anew",)
    return tuple(_differences(git, before, after))


def _differences(git: GitStore, before: Proposal, after: Proposal) -> Iterator[str]:
    if not after.is_clear:
        yield "it does not pass"
    drafted = ("request", "route", "rounds", "wish", "askers")
    if any(getattr(before, name) != getattr(after, name) for name in drafted):
        yield "it is not the same draft for the same request"
    if patch_identity(git, before) != patch_identity(git, after):
        yield "the patch reads otherwise: other lines stand around what it changes"
    yield from _verdicts(before.verdicts, after.verdicts)
    for finding in after.findings + after.declared:
        if finding not in before.findings + before.declared:
            yield f"the policy says something new of {finding.path}: {finding.rule}"
    for need in after.requirements:
        if need not in before.requirements:
            yield f"{need.path} has come under another rule on who approves it"
    if said := _stricter(before.consent, after.consent):
        yield said


def carried(
    git: GitStore, before: Proposal, after: Proposal, given: Sequence[Approval], now: datetime
) -> Carried:
    """Those of the approvals `given` to `before` that hold for `after`, and why others do not.

    Each is as it was given: its time, from which it expires, its signature, and the digest that
    it was given to.
    """
    if not given:
        return Carried()
    if reasons := kept_from(git, before, after):
        return Carried(reasons=reasons)
    lasts = timedelta(seconds=after.consent.expires_s)
    young = tuple(one for one in given if timedelta(0) <= now - _at(one) < lasts)
    late = tuple(f"that of {one.approver} has expired" for one in given if one not in young)
    return Carried(young, late)


def _at(one: Approval) -> datetime:
    return datetime.fromisoformat(one.at)


def _stricter(before: Consent, after: Consent) -> str:
    """What a newer policy wants that the one before did not; empty where it wants no more."""
    fresh = before.fresh_s if before.fresh_s is not None else float("inf")
    wants = (
        (after.quorum > before.quorum, "more people"),
        (after.signatures and not before.signatures, "signatures"),
        (after.signatures and after.signers != before.signers, "the keys of another file"),
        (after.expires_s < before.expires_s, "younger approvals"),
        (after.fresh_s is not None and after.fresh_s < fresh, "younger evidence"),
        (
            _LAXITY.index(after.self_approval) < _LAXITY.index(before.self_approval),
            "somebody other than the requester",
        ),
    )
    wanted = [what for is_wanted, what in wants if is_wanted]
    return f"the policy wants {' and '.join(wanted)} by now" if wanted else ""


# --- verdicts -------------------------------------------------------------------------------------


def _verdicts(before: Sequence[Verdict], after: Sequence[Verdict]) -> Iterator[str]:
    """What the gates say that they did not say before."""
    known = {one.gate: one for one in before}
    if set(known) != {one.gate for one in after}:
        yield "other gates judge it"
    for one in after:
        was = known.get(one.gate)
        if was is not None and (said := _said(was, one)):
            yield f"{one.gate} {said}"


def _said(before: Verdict, after: Verdict) -> str:
    if before.outcome is not after.outcome:
        return f"says {after.outcome}, and said {before.outcome}"
    if set(before.proofs) != set(after.proofs):
        return "proves other things"
    if not set(map(_timeless, after.doubts)) <= set(map(_timeless, before.doubts)):
        return "has a new doubt"
    if _turns(before) != _turns(after) or _passing(after) < _passing(before):
        return "counts other checks"
    notes = set(map(_timeless, before.notes))
    if not set(map(_timeless, after.notes)) <= notes:
        return "notes something new"
    is_same = after.tallies or _timeless(before.summary) == _timeless(after.summary)
    return "" if is_same else "says something else"


def _turns(verdict: Verdict) -> dict[Turn, tuple[int, tuple[str, ...]]]:
    """What became of checks, but for those that pass before and after."""
    return {
        one.turn: (one.count, one.names)
        for one in verdict.tallies
        if one.turn is not Turn.PASS_TO_PASS
    }


def _passing(verdict: Verdict) -> int:
    """How many checks pass before and after: more of them say nothing against a patch."""
    return sum(one.count for one in verdict.tallies if one.turn is Turn.PASS_TO_PASS)


def _timeless(text: str) -> str:
    return _TIME.sub("", text)
