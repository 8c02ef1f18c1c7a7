"""How `workflow stats` tells a person how people and landings fare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from workflow.cli.cost import counted
from workflow.cli.output import visible
from workflow.cli.stats_flow import FEW, QUICK_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.cli.stats_flow import Approver, Decided, Flow, Landed, Waiting

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_MOST = 20


def lines(flow: Flow) -> Iterator[Text]:
    """What a person reads; nothing where nothing was proposed."""
    yield Text("")
    yield Text("Waiting for approval", style="bold")
    yield from map(Text, _waiting(flow.waiting))
    yield Text("")
    yield Text("Decisions", style="bold")
    yield Text(f"  {_decided(flow.decided)}")
    for one in flow.approvers[:_MOST]:
        yield Text(f"  {visible(one.approver)}: {_approver(one)}")
    if len(flow.approvers) > _MOST:
        yield Text(f"  … and {len(flow.approvers) - _MOST} more: --json has all")
    yield Text("")
    yield Text("Landings", style="bold")
    yield from map(Text, _landed(flow.landings))
    yield Text(f"  medians, shares and rates are told from {FEW} on", style="dim")


def span(seconds: float) -> str:
    """A time in the unit that a person would use: `40 s`, `12 min`, `3.5 h`, `2.0 days`."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.1f} h" if seconds < _DAY else f"{seconds / _DAY:.1f} days"


def _waiting(waiting: Waiting) -> Iterator[str]:
    if waiting.median_s is not None and waiting.p90_s is not None:
        median, p90 = span(waiting.median_s), span(waiting.p90_s)
        yield f"  until approved: median {median}, 90 % within {p90} (n = {waiting.proposals})"
    elif waiting.proposals:
        yield f"  until approved: {_few(waiting.proposals)} for a median"
    else:
        yield "  none has been approved yet"
    if waiting.oldest_s is not None:
        still = f"  waiting now: {counted(waiting.open, 'proposal')}"
        median = f", median {span(waiting.open_median_s)}" if waiting.open_median_s else ""
        yield f"{still}, the oldest for {span(waiting.oldest_s)}{median}"


def _decided(decided: Decided) -> str:
    both = decided.approved + decided.rejected
    if not both:
        return "none"
    said = f"{decided.approved} approved, {decided.rejected} rejected"
    if decided.share is None:
        return f"{said}: {_few(both)} for a share"
    return f"{said} ({_percent(decided.share)} approved, n = {both})"


def _approver(one: Approver) -> str:
    said, both = counted(one.approvals, "approval"), one.approvals + one.rejections
    if one.rejections:
        part = _few_of(both) if one.share is None else f"{_percent(one.share)} approved"
        said += f", {counted(one.rejections, 'rejection')} ({part})"
    seen = one.approvals - one.unseen
    if seen:
        part = _few_of(seen) if one.quick_share is None else _percent(one.quick_share)
        said += f"; {one.quick} of {seen} within {QUICK_S} s of the first look ({part})"
    if one.unseen:
        said += f"; {one.unseen} by digest, without a look"
    return said


def _landed(landed: Landed) -> Iterator[str]:
    if not landed.landed:
        yield "  none"
        return
    back = f"{landed.taken_back} taken back within 7 days"
    if landed.taken_back:
        back += f" ({landed.automatic} by a probe)"
    rate = f"{_few(landed.landed)} for a rate"
    if landed.share is not None:
        rate = f"{_percent(landed.share)}, n = {landed.landed}"
    yield f"  {landed.landed} landed, {back}: {rate}"
    if landed.young:
        yield f"  {landed.young} of them landed less than 7 days ago, and may yet be taken back"
    if landed.glass:
        yield (
            f"  {landed.glass} landed without approval (break glass),"
            f" {landed.reviewed} of them reviewed afterwards"
        )


def _few(number: int) -> str:
    return f"too few (n = {number})"


def _few_of(number: int) -> str:
    """The same for a place that has brackets already."""
    return f"too few, n = {number}"


def _percent(part: float) -> str:
    return f"{100 * part:.0f} %"
