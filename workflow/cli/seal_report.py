"""How `workflow seal` says what it has found: where, of which kind and by which rule.

Nothing here is given a value, so nothing here can print one.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from workflow.cli.output import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workflow.cli.seal_view import Seen
    from workflow.redaction.files.scan import Allowed, Finding, Misallowed, Origin
    from workflow.redaction.files.walk import Skipped
    from workflow.redaction.interface import Kind

FINDING = {
    "file": "the file, as it was named; bytes that are no UTF-8 are `\\udc80` to `\\udcff`",
    "line": "its line, from 1",
    "start": "where the value begins, in bytes from the beginning of the file",
    "end": "where it ends: the first byte that is no longer part of it",
    "kind": "`password`, `token`, `private-key`, `connection`, `cookie`, or a kind of tenant data",
    "rule": "what found it; `known:` is a value that was found elsewhere",
}
SEALED = {
    "files": "for each file `file`, `text` as a model would see it, and `values`: a list of the"
    " keys that `--check` prints, and `placeholder`, `shown` (the line as a model would see it)"
    " and `origin` (where a value was found first that is only known here, or null)",
    "counts": "how many values of each kind",
    "allowed": "values that stay readable: `file`, `line`, `kind`, `reason`, `expires`",
    "not_allowed": "comments that allow nothing: `file`, `line`, `why`",
    "skipped": "what lies in a folder and was not read: `file`, `why`",
}


def row(name: str, found: Finding) -> dict[str, str | int]:
    """One finding, with the keys that are documented."""
    span = found.span
    return {
        "file": name,
        "line": found.line,
        "start": span.start,
        "end": span.end,
        "kind": span.kind.value,
        "rule": span.rule,
    }


def json_line(name: str, found: Finding) -> str:
    """One finding as a line of JSON, in ASCII."""
    return json.dumps(row(name, found)) + "\n"


def line(name: str, found: Finding) -> Text:
    """One finding for a person."""
    place = f"{visible(name)}:{found.line}:{found.column}"
    return Text.assemble(
        f"{place:<40}  ",
        (f"{found.span.kind:<12}  ", "bold"),
        (visible(found.span.rule), "dim"),
        no_wrap=True,
    )


def explanation(name: str, seen: Seen) -> Iterator[Text]:
    """All about one finding: where, how it was found, and what stands for it."""
    yield line(name, seen.found)
    if seen.found.origin:
        yield Text(f"    known from   {origin(seen.found.origin)}", "dim")
    yield Text(f"    placeholder  {seen.placeholder}")
    yield Text(f"    shown as     {visible(seen.shown.strip())}", no_wrap=True)


def origin(place: Origin) -> str:
    """Where a value was found first, in words."""
    return f"{visible(place.path)}, line {place.line}" if place.path else f"line {place.line}"


def counted(counts: Counter[Kind], verb: str) -> str:
    """How many values were sealed or found, by kind, such as `3 values sealed: 2 token, 1 ip`."""
    total = counts.total()
    if not total:
        return f"no value {verb}"
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.most_common())
    return f"{total} value{'s' if total > 1 else ''} {verb}: {kinds}"


def skips(skipped: Iterable[Skipped]) -> str:
    """How many files were not read, and why, or nothing."""
    reasons = Counter(one.why for one in skipped)
    return ", ".join(f"{reasons[why]} {why}" for why in sorted(reasons))


def allowances(allowed: Iterable[Allowed], wrong: Iterable[Misallowed]) -> Iterator[Text]:
    """What stays readable and why, and what was meant to and does not."""
    for one in allowed:
        what = f"{visible(one.path)}:{one.line}: {one.kind} is allowed until "
        until = f"{one.allowance.expires}: {visible(one.allowance.reason)}"
        yield Text.assemble(("allowed: ", "yellow"), what, until)
    for fault in wrong:
        said = visible(f"{fault.path}:{fault.line}: {fault.why}")
        yield Text.assemble(("not allowed: ", "yellow"), said)


def allowed_row(one: Allowed) -> dict[str, str | int]:
    """An allowance as JSON."""
    return {
        "file": one.path,
        "line": one.line,
        "kind": one.kind.value,
        "reason": one.allowance.reason,
        "expires": one.allowance.expires.isoformat(),
    }
