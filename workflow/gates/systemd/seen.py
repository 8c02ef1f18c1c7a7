"""What `systemd-analyze` says of both trees: only what the patch brings in counts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from workflow.gates.systemd import analyze
from workflow.gates.text import listed, one_line
from workflow.process import side_by_side
from workflow.semantics.systemd.keys import keys
from workflow.types import Evidence, Side

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.gates.interface import Case
    from workflow.gates.systemd.analyze import Complaint, Tool
    from workflow.gates.systemd.fault import Fault
    from workflow.gates.systemd.judged import Look
    from workflow.gates.systemd.units import Unit
    from workflow.process import Ran
    from workflow.sandbox import Command

_MAX_FOLDERS = 12
_MAX_EXPOSED = 12
_STUB_NAME = re.compile(r"[A-Za-z0-9:_.\\@-]{1,255}\Z")
_NOISE = 0.05


@dataclass(frozen=True, slots=True)
class Seen:
    """What the tool said of both trees; `unknown` are the keys that it does not know.

    `unknown` is `None` where it did not run.
    """

    new: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    unknown: frozenset[str] | None = None
    problem: str = ""

    def knows(self, fault: Fault) -> bool:
        """Whether this systemd knows a key that our table does not have."""
        is_key = fault.rule == "unknown-key" and self.unknown is not None
        return is_key and fault.key[2] not in (self.unknown or ())


def analyzed(case: Case, look: Look, tool: Tool, limit_s: float) -> Seen:
    """Run `verify` and `security` on both trees; `limit_s` bounds each run, in seconds."""
    stubs = frozenset(name for name in look.stubs() if _STUB_NAME.match(name))
    runs = list(_verifying(look, tool, stubs, limit_s))
    exposed = [unit for unit in look.touched if unit.section == "Service"][:_MAX_EXPOSED]
    pairs = [(unit, base) for unit in exposed if (base := look.before(unit))]
    commands = [command for _, _, command in runs]
    for unit, base in pairs:
        commands.append(analyze.security(tool, look.base, base, stubs, limit_s))
        commands.append(analyze.security(tool, look.patched, unit, stubs, limit_s))
    rans = side_by_side([partial(case.sandbox.run, command) for command in commands])
    verified = [(side, place, ran) for (side, place, _), ran in zip(runs, rans, strict=False)]
    evidence = tuple(
        Evidence(
            side,
            f"systemd-analyze verify in {place or 'the top folder'}",
            ran.exit_status,
            round(ran.seconds, 3),
            case.keep(ran.stdout + ran.stderr),
        )
        for side, place, ran in verified
    )
    problem = next((told for _, _, ran in verified if (told := _problem(ran))), "")
    if problem:
        return Seen(evidence=evidence, problem=problem)
    was, now = (
        [one for side, _, ran in verified if side is wanted for one in analyze.complaints(ran)]
        for wanted in (Side.BASE, Side.PATCHED)
    )
    rest = rans[len(runs) :]
    rises = [
        _rise(unit, *two)
        for (unit, _), two in zip(pairs, zip(rest[::2], rest[1::2], strict=True), strict=True)
    ]
    doubts = tuple(told for told in rises if told)
    return replace(_complained(was, now), doubts=doubts, evidence=evidence)


def _verifying(
    look: Look, tool: Tool, stubs: frozenset[str], limit_s: float
) -> Iterator[tuple[Side, str, Command]]:
    """Yield the runs of `verify`, one for each folder of each tree."""
    sides = {Side.BASE: look.base, Side.PATCHED: look.patched}
    for folder in analyze.folders(look.touched)[:_MAX_FOLDERS]:
        for side, units in sides.items():
            if folder in analyze.folders(units.units):
                yield side, folder, analyze.verify(tool, units, folder, stubs, limit_s)


def _problem(ran: Ran) -> str:
    """Say why a run is no answer; empty when it is one."""
    if ran.timed_out or ran.truncated or ran.exit_status is None:
        return "systemd-analyze did not come to an end within its bounds"
    said = ran.stderr.decode("utf-8", "backslashreplace").strip()
    if ran.exit_status not in {0, 1} or (ran.exit_status and not said):
        tail = one_line(said.splitlines()[-1]) if said else "no word"
        return f"systemd-analyze ended with status {ran.exit_status}: {tail}"
    if "error while loading shared libraries" in said or "Failed to create directory" in said:
        return one_line(f"systemd-analyze does not work here: {said}")
    return ""


def _complained(was: Sequence[Complaint], now: Sequence[Complaint]) -> Seen:
    """Tell new complaints from those that the base has, too."""
    old, left = Counter(one.key for one in was), Counter(one.key for one in now)
    had_cycles, has_cycles = (any(one.is_cycle for one in rows) for rows in (was, now))
    new, notes = [], []
    for one in now:
        if old[one.key] > 0 or (one.is_cycle and had_cycles):
            # One without a line can be repeated: it is about the unit.
            old[one.key] -= bool(one.line)
        elif (place := one.unknown_key) is not None:
            if place[1] in keys(place[0]):
                notes.append(
                    f"this systemd is too old to know {place[1]}=, and leaves it out: {one}"
                )
        elif not one.is_covered:
            new.append(f"systemd-analyze: {one}")
    mended = [
        f"systemd-analyze: no more: {one.key}"
        for one in was
        if left[one.key] == 0 and not one.is_covered and not (one.is_cycle and has_cycles)
    ]
    fresh = len(new) + len(notes)
    if kept := sum(not one.is_covered for one in now) - fresh:
        notes.append(f"systemd-analyze complains of {kept} more thing(s), as on the base")
    unknown = frozenset(place[1] for one in now if (place := one.unknown_key))
    return Seen(tuple(new), tuple(dict.fromkeys(mended)), tuple(notes), unknown=unknown)


def _rise(unit: Unit, *two: Ran) -> str:
    """Say that a service is more exposed than it was, and by which settings."""
    was, now = (analyze.exposures(ran) for ran in two)
    if not was or not now:
        return ""
    total = [round(sum(rows.values()), 1) for rows in (was, now)]
    worse = [
        f"{name} {was.get(name, 0):g} → {value:g}"
        for name, value in now.items()
        if value > was.get(name, 0) + _NOISE
    ]
    if not worse or total[1] <= total[0]:
        return ""
    told = f"the exposure of {unit.name} rises from {total[0]:g} to {total[1]:g}"
    return f"{told} (systemd-analyze security): {listed(worse, 4)}"
