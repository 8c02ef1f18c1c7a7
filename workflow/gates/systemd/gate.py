"""The systemd gate: `systemd-analyze` on both trees, and the faults that it never sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.gates.declared import REMOVED_HARDENING
from workflow.gates.identity import identity
from workflow.gates.systemd import analyze
from workflow.gates.systemd.confine import REMOVED
from workflow.gates.systemd.fault import Level
from workflow.gates.systemd.judged import Look
from workflow.gates.systemd.seen import Seen, analyzed
from workflow.gates.text import bounded, listed, one_line
from workflow.types import Outcome, Verdict

if TYPE_CHECKING:
    from workflow.gates.interface import Case
    from workflow.gates.systemd.analyze import Tool

_INSTALL = "install the package systemd, or set `[gates.systemd] binary` to an unpacked one"


@dataclass(frozen=True, slots=True)
class SystemdGate:
    """Judges unit files of systemd, drop-ins among them.

    `binary` is `system`, the full path of a `systemd-analyze`, or of a folder with an unpacked
    systemd and its libraries.  `known_users`, `known_units` and `known_paths` are names that the
    servers have and the base does not mention.  `timeout_s` bounds one run, in seconds.
    """

    binary: str = analyze.SYSTEM
    known_users: tuple[str, ...] = ()
    known_units: tuple[str, ...] = ()
    known_paths: tuple[str, ...] = ()
    timeout_s: float = 20.0
    name: str = field(default="systemd", init=False)

    def applies(self, case: Case) -> bool:
        """Whether a unit file changed, or a file that one starts is gone."""
        return self._look(case, None).is_ours

    def identity(self, case: Case) -> str:
        """Return the settings and the program; nothing where there is none."""
        del case
        tool = analyze.find(self.binary)
        words = (self.known_users, self.known_units, self.known_paths, self.timeout_s)
        return identity(*words, tools=(tool.program,)) if tool else ""

    def judge(self, case: Case) -> Verdict:
        """Compare what is wrong on both trees; only what is new counts."""
        tool = analyze.find(self.binary)
        look = self._look(case, tool)
        fresh, mended = look.faults()
        seen = analyzed(case, look, tool, self.timeout_s) if tool and look.touched else Seen()
        faults = [one for one in fresh if one.level is Level.FAULT and not seen.knows(one)]
        declared = [
            one for one in faults if one.rule == REMOVED and REMOVED_HARDENING in case.declared
        ]
        faults = [one for one in faults if one not in declared]
        doubts = [str(one) for one in fresh if one.level is Level.DOUBT]
        reasons = [*map(str, faults), *seen.new]
        notes = [*reasons, *(f"intended: {one}" for one in declared), *_notes(look), *seen.notes]
        proofs = [*(f"systemd: no more: {one}" for one in mended), *seen.mended]
        hint = next((one.fix for one in faults if one.fix), "mend the line that is named")
        said = _Said(tuple(reasons), tuple(proofs), hint)
        outcome, summary, hint = self._outcome(look, tool, seen, said)
        return Verdict(
            self.name,
            outcome,
            one_line(summary),
            seen.evidence,
            bounded(notes),
            "" if outcome is Outcome.PASS else one_line(hint),
            tuple(map(one_line, proofs)) if outcome is Outcome.PASS else (),
            doubts=bounded([*doubts, *seen.doubts]),
        )

    def _look(self, case: Case, tool: Tool | None) -> Look:
        given = frozenset((*self.known_users, *self.known_units, *self.known_paths))
        return Look(case, given, Path(tool.stock)) if tool else Look(case, given)

    def _outcome(
        self, look: Look, tool: Tool | None, seen: Seen, said: _Said
    ) -> tuple[Outcome, str, str]:
        if said.reasons:
            more = f" (and {len(said.reasons) - 1} more)" if len(said.reasons) > 1 else ""
            return Outcome.FAIL, f"{said.reasons[0]}{more}", said.hint
        if unjudged := self._unjudged(look, tool, seen):
            return Outcome.ERROR, *unjudged
        if not look.touched:
            return Outcome.PASS, "units are gone, and nothing that is left needs them", ""
        names = listed([unit.name for unit in look.touched])
        return Outcome.PASS, f"{names}: nothing new to complain about", ""

    def _unjudged(self, look: Look, tool: Tool | None, seen: Seen) -> tuple[str, str] | None:
        """Return why no verdict is possible, and what to do; `None` where one is."""
        if unread := look.unread:
            told = f"too large, or one of too many, to be read: {listed(unread)}"
            return told, "split the change"
        if tool is None:
            told = f"there is no systemd-analyze at {self.binary!r}; our own rules find nothing"
            return told, _INSTALL
        if seen.problem:
            return seen.problem, _INSTALL
        if not look.touched and look.patched.skipped:
            told = f"filled in elsewhere, so nothing was checked: {listed(look.patched.skipped)}"
            return told, "have the templates rendered into the repository"
        return None


@dataclass(frozen=True, slots=True)
class _Said:
    """Why a patch is refused, what it mends, and the first mend."""

    reasons: tuple[str, ...]
    proofs: tuple[str, ...]
    hint: str


def _notes(look: Look) -> list[str]:
    """Return what a reviewer has to know of how it was judged."""
    notes = []
    if granted := look.granted():
        notes.append(f"taken for granted, as on the base: {listed(granted, 12)}")
    if look.patched.skipped:
        notes.append(f"not checked, filled in elsewhere: {listed(look.patched.skipped)}")
    return notes
