"""Runs the tests of one project on one tree, watched, and keeps what it printed as evidence."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.gates.pytest import canary
from workflow.gates.pytest import report as reports_of
from workflow.gates.pytest import roots as roots_of
from workflow.process import side_by_side
from workflow.sandbox import TREE, Command, Limits, Network
from workflow.types import Evidence, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.environments import Pair
    from workflow.gates.interface import Case, Tree
    from workflow.gates.pytest.canary import Watch
    from workflow.gates.pytest.report import Report
    from workflow.sandbox import Scratch

_START = Path(__file__).with_name("start.py")
_INSIDE = "/run/workflow"
_OUTPUT = 16 * 1024 * 1024
_LACKING = re.compile(rb"^E +fixture '([A-Za-z_]\w{0,60})' not found$", re.MULTILINE)
# The policy's rule on tests.
_DECLARED = "weakened-test"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One run of pytest: on whose sources, under whose configuration, and which tests.

    `side` is the tree whose sources are tested, `settings` the one whose configuration counts.
    `what` says in words what is special about the run; it is empty for a tree as it is.  `only`
    names files or tests below the root, and is empty for all.  `stops` ends the run at the first
    failure.
    """

    side: Side
    scratch: Scratch
    settings: Tree
    what: str = ""
    only: tuple[str, ...] = ()
    stops: bool = False
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Bench:
    """Where one root's tests are run, and what was run there so far.

    `root` is the folder of the project, empty at the top.  `plugins` are names of plugins that the
    base's configuration needs, `known` the modules that the base has.  `timeout_s` bounds one run,
    in seconds of wall time.  `lacking` are fixtures that the base's own tests ask for in vain.
    """

    case: Case
    root: str
    pair: Pair
    plugins: tuple[str, ...]
    known: frozenset[str]
    timeout_s: float
    evidence: list[Evidence] = field(default_factory=list)
    lacking: set[str] = field(default_factory=set)

    @property
    def may_weaken(self) -> bool:
        """Whether the requester says that tests are meant to go, or to check less."""
        return _DECLARED in self.case.declared

    def run(self, *wanted: Wanted) -> tuple[Report, ...]:
        """Run side by side what is wanted, and return each report, in order."""
        watches = [self._watch(one) for one in wanted]
        calls = [
            partial(self.case.sandbox.run, self._command(one, watch))
            for one, watch in zip(wanted, watches, strict=True)
        ]
        reports = []
        for one, watch, ran in zip(wanted, watches, side_by_side(calls), strict=True):
            log = self.case.keep(watch.scrubbed(ran.stdout + ran.stderr))
            where = f" in {self.root}" if self.root else ""
            words = f"pytest -q{where}{', ' if one.what else ''}{one.what}"
            seconds = round(ran.seconds, 3)
            self.evidence.append(Evidence(one.side, words, ran.exit_status, seconds, log))
            reports.append(reports_of.read(ran, watch))
            if one.side is Side.BASE and not one.what:
                self.lacking.update(name.decode() for name in _LACKING.findall(ran.stdout))
        return tuple(reports)

    def _watch(self, one: Wanted) -> Watch:
        # NOTE: the same run has the same canaries, or no run would be known again.
        about = [one.scratch.id, one.settings.id, self.root, one.what, one.attempt, one.only]
        return canary.watch(
            self.case.token,
            repr(about),
            plugins=self.plugins,
            known=self.known,
            stops=one.stops,
        )

    def _command(self, one: Wanted, watch: Watch) -> Command:
        pair = self.pair
        python = (pair.base if one.side is Side.BASE else pair.patched).interpreter
        home = posixpath.join(TREE, self.root) if self.root else TREE
        name = roots_of.configuration(one.settings, self.root)
        # Named in every case: pytest would look for one in the folders above, another project's.
        config = posixpath.join(home, name) if name else f"{_INSIDE}/pytest.ini"
        return Command(
            argv=(
                *(str(python.program), f"{_INSIDE}/start.py", "-q", "-p", "no:cacheprovider"),
                *("-c", config, "--rootdir", home, "--confcutdir", home),
                *one.only,
            ),
            tree=one.scratch,
            cwd=home,
            env={
                "PATH": f"{python.program.parent}:/usr/local/bin:/usr/bin:/bin",
                "PYTHONDONTWRITEBYTECODE": "1",
                # The same for both trees; 0 would tell a program that it is watched.
                "PYTHONHASHSEED": str(int(self.case.token("pytest hash seed")[:7], 16)),
                "PYTHONNOUSERSITE": "1",
            },
            read_only=python.folders,
            links=python.links,
            files=(
                (f"{_INSIDE}/start.py", _START.read_bytes()),
                (f"{_INSIDE}/pytest.ini", b"[pytest]\n"),
                *watch.files,
            ),
            dirs=watch.dirs,
            limits=Limits(wall_s=self.timeout_s, output=_OUTPUT),
            network=Network.LOOPBACK,
            report=True,
            attempt=one.attempt,
        )


def arguments(names: Sequence[str]) -> tuple[str, ...]:
    """Return those names that pytest's command line takes for what they are."""
    return tuple(name for name in names if name[:1] not in {"-", "@", ""} and "\0" not in name)
