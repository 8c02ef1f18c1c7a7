"""What `workflow patch` says about a patch: JSON with stable keys, and lines for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from workflow.canonical import plain
from workflow.cli import diff
from workflow.cli.output import visible
from workflow.patch import Fit, mended

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.patch import Place, Reading, Refusal
    from workflow.patch.interface import Content
    from workflow.policy import Judgement, Policy
    from workflow.standalone import Examined, Prepared, Swap
    from workflow.types import RepoPath, Requirement

PATCH = {
    "is_clear": "whether it can be applied: every place is proven, and no rule objects",
    "applied": "whether it has been applied, by this command",
    "dialect": "how it is written, or null: `unified-diff`, `search-replace`, `str-replace`, `v4a`,"
    " `apply-patch-operations`, `whole-files`",
    "repairs": "what was mended in the way it is written: `repair`, `where`",
    "places": "where each hunk stands: `path`, `hunk`, `line`, `lines`, `fit`",
    "refusals": "why it is none, or has no proven place: `reason`, `path`, `hunk` (or null),"
    " `message`, `hint`, `nearest`, which are real lines: `line`, `text`",
    "policy": "the policy that judged it: `source`, `digest`",
    "findings": "policy rules that object: `rule`, `path`, `reason`",
    "declared": "objections that `--allow` says are intended",
    "requirements": "files that only named people may approve: `path`, `approvers`",
    "files": "what changes: `path`, `change` (`A`, `M`, `D`), `old_mode`, `new_mode`",
    "blast_radius": "`files`, `hunks`, `added`, `removed`, `things`, or null",
    "patch": "git's own diff of what changes, or null",
    "exit_code": "the command's exit status",
}
_SHOWN = 10
_SIGNS = {"A": ("A", "green"), "M": ("M", "yellow"), "D": ("D", "red")}


def data(found: Examined, rules: Policy, *, applied: bool, exit_code: int) -> dict[str, Any]:
    """Everything about a patch.  Bytes that are not UTF-8 are escaped as lone surrogates."""
    ready, reading = found.prepared, found.reading
    judgement = plain(ready.judgement) if ready else {}
    return {
        "is_clear": found.is_clear,
        "applied": applied,
        "dialect": str(reading.dialect) if reading else None,
        "repairs": [
            {"repair": str(repair), "where": where}
            for repair, where in (reading.repairs if reading else ())
        ],
        "places": [
            {
                "path": place.path,
                "hunk": place.number,
                "line": place.line,
                "lines": place.lines,
                "fit": str(place.fit),
            }
            for place in (ready.places if ready else ())
        ],
        "refusals": [_refusal(refusal) for refusal in found.refusals],
        "policy": {"source": rules.source, "digest": rules.digest},
        "findings": judgement.get("findings", []),
        "declared": judgement.get("declared", []),
        "requirements": judgement.get("requirements", []),
        "files": [
            {
                "path": file.path,
                "change": str(file.kind),
                "old_mode": file.old_mode,
                "new_mode": file.new_mode,
            }
            for file in (ready.change.files if ready else ())
        ],
        "blast_radius": plain(ready.radius) if ready else None,
        "patch": ready.patch.decode("utf-8", "surrogateescape") if ready else None,
        "exit_code": exit_code,
    }


def _refusal(refusal: Refusal) -> dict[str, Any]:
    return {
        "reason": str(refusal.reason),
        "path": refusal.path,
        "hunk": refusal.number,
        "message": refusal.message,
        "hint": refusal.hint,
        "nearest": [
            {"line": line, "text": text.decode("utf-8", "surrogateescape")}
            for line, text in refusal.nearest
        ],
    }


# --- for a person -------------------------------------------------------------------------------


def summary(done: str, found: Examined) -> Iterator[Text]:
    """A line for the patch and some for each file, or all that speaks against it."""
    ready = found.prepared
    if ready is None or not ready.is_clear:
        yield from refused(found)
        return
    yield Text.assemble((f"{done}  ", "bold green"), diff.size(ready.radius))
    origins = _origins(ready.swaps)
    moved = set(origins.values())
    for swap in ready.swaps:
        if swap.path in origins:
            names = f" {visible(origins[swap.path])} -> {visible(swap.path)}"
            yield Text.assemble("  ", ("R", "cyan"), names)
        elif swap.path not in moved:
            yield from _file(swap, ready)
    for finding in ready.judgement.declared:
        said = visible(f"{finding.rule}: {finding.path}: {finding.reason}")
        yield Text.assemble(("  ! ", "yellow"), "allowed  ", said)


def reasons(found: Examined) -> list[str]:
    """A line for each thing that speaks against a patch."""
    said = [f"{refusal.message} [{refusal.reason}]" for refusal in found.refusals]
    if found.prepared:
        judged = found.prepared.judgement
        said += [f"{each.path}: {each.reason} [{each.rule}]" for each in judged.findings]
        said += [_approval(need) for need in judged.requirements]
    return said


def refused(found: Examined) -> Iterator[Text]:
    """Everything that speaks against a patch."""
    yield Text.assemble(("Refused  ", "bold red"), "nothing is changed")
    for refusal in found.refusals[:_SHOWN]:
        yield from _against(refusal)
    if len(found.refusals) > _SHOWN:
        yield Text(f"  and {len(found.refusals) - _SHOWN} more: --json has all of them")
    if found.prepared:
        yield from _objections(found.prepared.judgement)


def explanation(found: Examined, rules: Policy, patch: bytes) -> Iterator[Text]:
    """All about a patch, top to bottom; `patch` is git's own diff as it may be shown."""
    ready = found.prepared
    radius = Text.assemble(", ", diff.size(ready.radius)) if ready else ""
    dialect = str(found.reading.dialect) if found.reading else "cannot be read"
    yield Text.assemble(("Patch  ", "bold"), dialect, radius)
    if found.reading:
        yield from _repairs(found.reading)
    if ready is None:
        yield from refused(found)
        return
    if ready.places:
        yield Text("Places", "bold")
        yield from (Text(f"  {visible(place.path)}  {_place(place)}") for place in ready.places)
    yield Text.assemble(("Policy  ", "bold"), visible(rules.source))
    yield from _objections(ready.judgement)
    for finding in ready.judgement.declared:
        said = visible(f"{finding.path}: {finding.reason}")
        yield Text.assemble(("  ! ", "yellow"), (finding.rule, "bold"), "  allowed  ", said)
    if ready.is_clear and not ready.judgement.declared:
        yield Text.assemble(("  ✓ ", "green"), "no rule objects")
    yield Text("What would change  (git's own diff of the files before and after)", "bold")
    yield from diff.lines(patch.decode("utf-8", "replace"))
    verdict = ("It can be applied.", "green") if ready.is_clear else ("It is refused.", "bold red")
    yield Text(*verdict)


def _repairs(reading: Reading) -> Iterator[Text]:
    sentences = mended(reading)
    if sentences:
        yield Text("Mended in the way it is written", "bold")
    yield from (Text(f"  {visible(sentence)}") for sentence in sentences)


def _origins(swaps: Sequence[Swap]) -> dict[RepoPath, RepoPath]:
    """For each file that only got another name, the one that it had.  Empty files are too alike."""
    gone: dict[Content, list[RepoPath]] = {}
    for swap in swaps:
        if swap.before and swap.before.data and swap.after is None:
            gone.setdefault(swap.before, []).append(swap.path)
    return {
        swap.path: gone[swap.after].pop()
        for swap in swaps
        if swap.before is None and swap.after and gone.get(swap.after)
    }


def _file(swap: Swap, ready: Prepared) -> Iterator[Text]:
    """A file's sign and name, then where each of its hunks stands."""
    sign = "A" if swap.before is None else "D" if swap.after is None else "M"
    yield Text.assemble("  ", _SIGNS[sign], f" {visible(swap.path)}")
    for place in ready.places:
        if place.path == swap.path:
            yield Text(f"      {_place(place)}", "dim")


def _place(place: Place) -> str:
    last = place.line + max(place.lines, 1) - 1
    where = f"line {place.line}" if last <= place.line else f"lines {place.line}-{last}"
    fit = "" if place.fit is Fit.EXACT else f", {place.fit}"
    return f"hunk {place.number} at {where}{fit}"


def _against(refusal: Refusal) -> Iterator[Text]:
    yield Text.assemble(("  ✗ ", "red"), (f"{refusal.reason}  ", "bold"), visible(refusal.message))
    if refusal.hint:
        yield Text.assemble(("      try: ", "bold"), visible(refusal.hint))
    if refusal.nearest:
        yield Text("      the nearest lines of the file:", "dim")
    for line, text in refusal.nearest:
        shown = visible(text.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r"))
        yield Text(f"      {line:>6}  {shown}", no_wrap=True)


def _objections(judgement: Judgement) -> Iterator[Text]:
    for finding in judgement.findings:
        yield Text.assemble(
            ("  ✗ ", "red"),
            (f"{finding.rule}  ", "bold"),
            visible(f"{finding.path}: {finding.reason}"),
        )
    for need in judgement.requirements:
        yield Text.assemble(("  ✗ ", "red"), ("approval  ", "bold"), visible(_approval(need)))


def _approval(need: Requirement) -> str:
    who = " or ".join(need.approvers)
    return f"{need.path} needs the approval of {who}: use `workflow propose`"
