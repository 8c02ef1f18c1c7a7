"""What `workflow nginx` says: JSON with stable keys, and lines for a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.text import Text

from workflow.canonical import plain
from workflow.cli.output import visible
from workflow.semantics.nginx.fault import Level
from workflow.types import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from workflow.gates.nginx.combine import Found
    from workflow.gates.nginx.effective import Pair
    from workflow.gates.nginx.live.result import Result as Live
    from workflow.gates.nginx.results import Result, Results
    from workflow.semantics.nginx.change import Change
    from workflow.semantics.nginx.expanded import Unread
    from workflow.semantics.nginx.fault import Fault
    from workflow.semantics.nginx.files import Place
    from workflow.types import RepoPath, Verdict

CHECK = {
    "outcome": "`pass`, `fail`, or `error` where it could not be judged",
    "summary": "one line",
    "hint": "what to do, or empty",
    "targets": "each configuration, tested by each nginx: `file`, `context` (the block that a part"
    " was tested in, or empty), `nginx`, `outcome`, `summary`, `hint`, `notes`, `doubts`,"
    " `manifest` (`digest`, and `shims`: `kind`, `name`, `detail`)",
    "exit_code": "the command's exit status",
}
PROBE = {
    "outcome": "`pass`, `fail`, or `error` where it could not be judged",
    "summary": "what `nginx -t` says, in one line",
    "hint": "what to do, or empty",
    "targets": "each configuration that was started: `file`, `outcome`, `why` (it could not be"
    " asked, or empty), `summary`, `differences` (`request`, `what`, `before`, `after`, `weight`"
    " (`fault`, `doubt`, `explained`), `cause`), `answers` (`request`, `base`, `patched`),"
    " `doubts`, `notes`, `proofs`, `seconds`",
    "exit_code": "the command's exit status",
}
DIFF = {
    "changes": "each real change once: `effect` (`added`, `removed`, `changed`, `moved`), `scope`,"
    " `directive`, `text`, `before`, `after`, `base` and `patched` (`file`, `line`, or null),"
    " `consequences` (what follows by inheritance)",
    "unread": "what could not be read, so that nothing is said of it: `file`, `line`, `reason`",
    "exit_code": "the command's exit status",
}
LINT = {
    "findings": "each fault, with a base those alone that the patched side brings in: `rule`,"
    " `level` (`fault`, `doubt`), `file`, `line`, `scope`, `evidence`, `cause`, `fix`",
    "old": "those that the base has, too, of the same form",
    "unread": "what could not be read: `file`, `line`, `reason`",
    "exit_code": "the command's exit status",
}
_SIGNS = {
    "added": ("+", "green"),
    "removed": ("-", "red"),
    "changed": ("~", "yellow"),
    "moved": ("↕", "yellow"),
}
_OUTCOMES = {Outcome.PASS: "green", Outcome.FAIL: "bold red", Outcome.ERROR: "bold yellow"}
_WEIGHTS = {Level.FAULT: "bold red", Level.DOUBT: "yellow"}


@dataclass(frozen=True, slots=True)
class Shown:
    """How the paths of both trees are shown: below which folder, and the base's own names."""

    patched: Path
    base: Path
    names: Mapping[RepoPath, RepoPath] = field(default_factory=dict)

    def of_patched(self, place: Place) -> dict[str, Any]:
        """A place of the patched tree."""
        return {"file": str(self.patched / place.path), "line": place.line}

    def of_base(self, place: Place) -> dict[str, Any]:
        """A place of the base."""
        name = {str(one): str(other) for one, other in self.names.items()}.get(place.path)
        return {"file": str(self.base / (name or place.path)), "line": place.line}


def check_data(done: Results, verdict: Verdict, status: int) -> dict[str, Any]:
    """What nginx says of each target, as JSON."""
    return {
        "outcome": str(verdict.outcome),
        "summary": verdict.summary,
        "hint": verdict.hint,
        "targets": [_target(one) for one in done.results],
        "exit_code": status,
    }


def _target(one: Result) -> dict[str, Any]:
    manifest = one.manifest
    return {
        "file": str(one.target.path),
        "context": str(manifest.context or "") if manifest else "",
        "nginx": one.binary.title,
        "outcome": str(one.outcome),
        "summary": one.summary,
        "hint": one.hint,
        "notes": list(one.notes),
        "doubts": list(one.doubts),
        "manifest": {
            "digest": manifest.digest,
            "shims": [
                {"kind": str(shim.kind), "name": shim.value, "detail": shim.detail}
                for shim in manifest.shims
            ],
        }
        if manifest
        else None,
    }


def check_lines(done: Results, verdict: Verdict) -> Iterator[Text | str]:
    """What nginx says, for a person: the worst first, then what stood in for the servers."""
    yield Text.assemble(
        (f"{verdict.outcome}: ", _OUTCOMES[verdict.outcome]), visible(verdict.summary)
    )
    if verdict.hint:
        yield Text.assemble(("  mend: ", "dim"), visible(verdict.hint))
    several = len(done.results) > 1
    for one in done.results:
        if several:
            said = one.summary or "loads"
            yield Text.assemble(
                f"{visible(str(one.target.path))} ({visible(one.binary.title)}): ",
                (f"{one.outcome}", _OUTCOMES[one.outcome]),
                f": {visible(said)}" if one.summary else "",
            )
        for doubt in one.doubts:
            yield Text.assemble(("  doubt: ", "yellow"), visible(doubt))
        for note in one.notes:
            yield Text(f"  {visible(note)}", style="dim")


def probe_data(
    verdict: Verdict, worst: Outcome, seen: Sequence[Live], status: int
) -> dict[str, Any]:
    """What the running configurations answer, as JSON."""
    return {
        "outcome": str(worst),
        "summary": verdict.summary,
        "hint": verdict.hint,
        "targets": [_live(one) for one in seen],
        "exit_code": status,
    }


def _live(one: Live) -> dict[str, Any]:
    return {
        "file": one.target,
        "outcome": str(one.outcome),
        "why": one.why,
        "summary": one.summary,
        "differences": [plain(each) for each in one.differences],
        "answers": [
            {"request": each.name, "base": each.base, "patched": each.patched}
            for each in one.answers
        ],
        "doubts": list(one.doubts),
        "notes": list(one.notes),
        "proofs": list(one.proofs),
        "seconds": round(one.seconds, 3),
    }


def probe_lines(verdict: Verdict, seen: Sequence[Live]) -> Iterator[Text | str]:
    """What the running configurations answer, for a person."""
    if verdict.outcome is not Outcome.PASS:
        colour = _OUTCOMES[verdict.outcome]
        yield Text.assemble((f"{verdict.outcome}: ", colour), visible(verdict.summary))
        yield Text.assemble(("  mend: ", "dim"), visible(verdict.hint))
    for one in seen:
        colour = _OUTCOMES[one.outcome]
        yield Text.assemble((f"{one.outcome}: ", colour), visible(one.summary))
        for doubt in one.doubts:
            yield Text.assemble(("  doubt: ", "yellow"), visible(doubt))
        for line in one.told:
            yield Text(f"  {visible(line)}")
        if all(not each.base for each in one.answers):
            for each in one.answers:
                yield Text(f"  {visible(each.name)}: {visible(each.patched)}", style="dim")


def lint_data(found: Found, shown: Shown, status: int) -> dict[str, Any]:
    """The faults as JSON."""
    return {
        "findings": [_fault(one, shown) for one in found.fresh],
        "old": [_fault(one, shown) for one in found.old],
        "unread": [_unread(one, shown) for one in found.unread],
        "exit_code": status,
    }


def lint_lines(found: Found, shown: Shown) -> Iterator[Text | str]:
    """The faults for a person."""
    for one in found.unread:
        yield _unread_line(one, shown)
    for fault in found.fresh:
        place = shown.of_patched(fault.place)
        yield Text.assemble(
            (f"{visible(place['file'])}:{place['line']}: ", "bold"),
            (f"{fault.level}: ", _WEIGHTS[fault.level]),
            visible(fault.cause),
            (f"  [{fault.rule}]", "dim"),
        )
        yield Text.assemble(("  line: ", "dim"), visible(fault.evidence))
        yield Text.assemble(("  mend: ", "dim"), visible(fault.fix))
    if not found.fresh and not found.unread:
        yield "no silent fault" + (" that was not there before" if found.old else "")
    if found.old:
        yield Text(f"{len(found.old)} from before: {_counted(found.old)}", style="dim")


def _counted(faults: Sequence[Fault]) -> str:
    rules = [one.rule for one in faults]
    return ", ".join(f"{rule} ({rules.count(rule)})" for rule in dict.fromkeys(rules))


def diff_data(pairs: Sequence[Pair], shown: Shown, status: int) -> dict[str, Any]:
    """The changes as JSON."""
    return {
        "changes": [_change(one, shown) for one in _changes(pairs)],
        "unread": [_unread(one, shown) for pair in pairs for one in pair.unread],
        "exit_code": status,
    }


def diff_lines(pairs: Sequence[Pair], shown: Shown) -> Iterator[Text | str]:
    """The changes for a person."""
    found = _changes(pairs)
    unread = [one for pair in pairs for one in pair.unread]
    for one in unread:
        yield _unread_line(one, shown)
    for change in found:
        sign, colour = _SIGNS[change.effect]
        place = change.patched or change.base
        side = shown.of_patched if change.patched else shown.of_base
        where = side(place) if place else None
        yield Text.assemble(
            (f"{sign} ", colour),
            visible(change.text),
            (f"  ({visible(where['file'])}:{where['line']})" if where else "", "dim"),
        )
        for follows in change.consequences:
            yield Text.assemble(("    → ", "dim"), visible(follows))
    if not unread:
        yield "nothing else changes" if found else "nothing really changes"


def _changes(pairs: Sequence[Pair]) -> tuple[Change, ...]:
    """A file that several targets read changes once."""
    return tuple(dict.fromkeys(one for pair in pairs for one in pair.changes()))


def _change(one: Change, shown: Shown) -> dict[str, Any]:
    return {
        "effect": str(one.effect),
        "scope": one.scope,
        "directive": one.directive,
        "text": one.text,
        "before": one.before,
        "after": one.after,
        "base": shown.of_base(one.base) if one.base else None,
        "patched": shown.of_patched(one.patched) if one.patched else None,
        "consequences": list(one.consequences),
    }


def _fault(one: Fault, shown: Shown) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "level": str(one.level),
        **shown.of_patched(one.place),
        "scope": one.scope,
        "evidence": one.evidence,
        "cause": one.cause,
        "fix": one.fix,
    }


def _unread(one: Unread, shown: Shown) -> dict[str, Any]:
    return {**shown.of_patched(one.place), "reason": one.reason}


def _unread_line(one: Unread, shown: Shown) -> Text:
    place = shown.of_patched(one.place)
    where = f"{visible(place['file'])}:{place['line']}: "
    return Text.assemble((where, "bold"), ("not read: ", "bold red"), visible(one.reason))
