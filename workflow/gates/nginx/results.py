"""What came of testing configurations, and how it is told in a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.gates.text import bounded, listed, one_line
from workflow.types import Evidence, Outcome, Verdict

if TYPE_CHECKING:
    from workflow.gates.nginx.binaries import Binary
    from workflow.gates.nginx.layout import Target
    from workflow.gates.nginx.manifest import Manifest

_SEVERITY = {Outcome.PASS: 0, Outcome.ERROR: 1, Outcome.FAIL: 2}


@dataclass(frozen=True, slots=True)
class Result:
    """What one nginx says of one target.

    `manifest` is what stood around the patched tree; `None` where it came to no run of it.
    """

    target: Target
    binary: Binary
    outcome: Outcome
    summary: str = ""
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    hint: str = ""
    proofs: tuple[str, ...] = ()
    manifest: Manifest | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """What came of every target, under every nginx that is configured.

    `refusal` is the `ERROR` for a setting that keeps everything from being judged.  `removed` are
    files that are gone and that nothing includes.
    """

    results: tuple[Result, ...] = ()
    refusal: tuple[str, str] | None = None
    removed: tuple[str, ...] = ()

    @property
    def contexts(self) -> dict[str, str]:
        """In which context each part was tested, by its path."""
        return {
            one.target.path: str(one.manifest.context)
            for one in self.results
            if one.manifest and one.manifest.context
        }

    def verdict(self, gate: str) -> Verdict:
        """Return the worst of the results, with the evidence and notes of all."""
        if self.refusal:
            return Verdict(gate, Outcome.ERROR, self.refusal[0], hint=self.refusal[1])
        if not self.results and self.removed:
            summary = f"{listed(self.removed)} is removed, and no main file includes it"
            return Verdict(gate, Outcome.PASS, summary)
        if not self.results:
            return Verdict(gate, Outcome.ERROR, "the change has no nginx configuration")
        worst = max(self.results, key=lambda result: _SEVERITY[result.outcome])
        programs = list(dict.fromkeys(result.binary.title for result in self.results))
        summary = worst.summary
        if worst.outcome is Outcome.PASS:
            paths = list(dict.fromkeys(str(result.target.path) for result in self.results))
            summary = f"nginx -t passes on {listed(paths)}"
            if len(programs) > 1:
                summary += f", with {', '.join(programs)}"
        elif len(programs) > 1:
            summary = f"{worst.binary.title}: {summary}"
        notes = [note for result in self.results for note in result.notes]
        if len(programs) > 1:
            notes.append(f"judged by {', '.join(programs)}")
        doubts = [doubt for result in self.results for doubt in result.doubts]
        return Verdict(
            gate=gate,
            outcome=worst.outcome,
            summary=one_line(summary),
            evidence=tuple(one for result in self.results for one in result.evidence),
            notes=bounded(list(dict.fromkeys(notes))),
            hint=worst.hint,
            proofs=tuple(dict.fromkeys(one for result in self.results for one in result.proofs)),
            doubts=bounded(list(dict.fromkeys(doubts))),
        )
