"""One gate that a repository defines: its command on both trees, judged by what is new.

The command and all that it starts may be hostile, so its report is only what it says of itself: it
can hide a finding, and cannot make another gate's verdict better.
"""

from __future__ import annotations

import posixpath
import shutil
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.environments import EnvironmentUnavailableError
from workflow.errors import UsageError
from workflow.gates.command.findings import MAX_REPORT, Report, ReportError, read
from workflow.gates.identity import identity
from workflow.gates.text import bounded, listed, one_line
from workflow.patterns import first_match
from workflow.process import side_by_side
from workflow.sandbox import TREE, Command, Limits, Network
from workflow.types import Evidence, Outcome, Side, Tally, Turn, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from workflow.config import CommandSettings
    from workflow.environments import Environments
    from workflow.gates.interface import Case, Tree
    from workflow.process import Ran
    from workflow.sandbox.interpreter import Interpreter

_PATH = "/usr/local/bin:/usr/bin:/bin"
_NOT_STARTED = {126, 127}
_MOST_NAMES = 20
_LOG_HINT = "`workflow show ID --log {}`, with the proposal's ID, shows what it printed"
# The tool prints to stderr, and what it wrote is what comes over stdout; no link is followed.  What
# the tree has in the report's place is no report.
_WITH_REPORT = """
report=$1
shift
rm -rf -- "$report" || exit 125
"$@" >&2
status=$?
if [ -f "$report" ] && [ ! -L "$report" ]; then head -c "$MOST" -- "$report"; fi
exit "$status"
"""


@dataclass(frozen=True, slots=True)
class CommandGate:
    """Runs one command on both trees.

    `tools` are host files and folders that it may need, shown read-only at their own places; a
    folder's `bin`, or else the folder itself, is looked through for programs.  So is the folder of
    the interpreter that the project's tests run on.

    It passes when the patched tree ends with a status that passes.  Otherwise it fails, unless a
    report on both trees shows that nothing is new.
    """

    settings: CommandSettings
    environments: Environments
    tools: tuple[Path, ...] = ()
    name: str = field(init=False)

    def __post_init__(self) -> None:
        """Take the name that the settings give."""
        object.__setattr__(self, "name", self.settings.name)

    def applies(self, case: Case) -> bool:
        """Whether a changed file, as it was or is, matches the patterns."""
        patterns = self.settings.paths
        return any(first_match(patterns, {str(path)}) is not None for path in case.change.paths)

    def identity(self, case: Case) -> str:
        """Return the settings, the tools and the environment."""
        found = self._interpreter(case)
        folders = found.folders if found else ()
        # Of the system, which every run sees, only the program itself is looked at.
        program = shutil.which(self.settings.argv[0], path=_PATH)
        system = (Path(program).resolve(),) if program else ()
        return identity(self.settings.model_dump_json(), tools=(*self.tools, *folders, *system))

    def judge(self, case: Case) -> Verdict:
        """Run the command on both trees side by side, and compare."""
        python = self._interpreter(case)
        if not self._has_folder(case.patched):
            summary = f"there is no folder {one_line(self.settings.folder)} in the patched tree"
            hint = f"correct `folder` of the gate {self.name} in workflow.toml"
            return Verdict(self.name, Outcome.ERROR, summary, hint=hint)
        both = {Side.BASE: case.base, Side.PATCHED: case.patched}
        trees = {side: tree for side, tree in both.items() if self._has_folder(tree)}
        calls = [partial(case.sandbox.run, self._command(tree, python)) for tree in trees.values()]
        rans = dict(zip(trees, side_by_side(calls), strict=True))
        words = one_line(" ".join(self.settings.argv))
        runs = tuple(
            Evidence(side, words, ran.exit_status, round(ran.seconds, 3), case.keep(_log(ran)))
            for side, ran in rans.items()
        )
        said = self._compared(rans.get(Side.BASE), rans[Side.PATCHED])
        notes = bounded(said.notes)
        return Verdict(
            self.name, said.outcome, said.summary, runs, notes, said.hint, tallies=said.tallies
        )

    def _has_folder(self, tree: Tree) -> bool:
        inside = f"{self.settings.folder}/"
        return inside == "/" or any(one.path.startswith(inside) for one in tree.entries)

    def _compared(self, base: Ran | None, patched: Ran) -> _Said:
        """Judge by how both runs ended, and by reports; there is no base run without its folder."""
        hint = _LOG_HINT.format(self.name)
        was_fine = base is None or base.exit_status in self.settings.exit
        if cut := self._cut(patched):
            outcome = Outcome.ERROR if base and self._cut(base) else Outcome.FAIL
            return _Said(outcome, f"on the patched tree, {self.name} {cut}", hint)
        passes = patched.exit_status in self.settings.exit
        ended = {ran.exit_status for ran in (base, patched) if ran}
        if not passes and ended <= _NOT_STARTED:
            program = one_line(self.settings.argv[0])
            mend = f"install it, or export WORKFLOW_GATES__TOOLS=/folder/of/{program}"
            return _Said(Outcome.ERROR, f"{program} cannot be started in the sandbox", mend)
        status = f"{one_line(self.settings.argv[0])} ended with status {patched.exit_status}"
        if self.settings.parser == "plain":
            if passes:
                return _Said(Outcome.PASS, status)
            was = "" if was_fine else f", as on the base; {_PLAIN}"
            return _Said(Outcome.FAIL, status + was, hint)
        return self._by_reports(base, patched, passes=passes, was_fine=was_fine)

    def _by_reports(self, base: Ran | None, patched: Ran, *, passes: bool, was_fine: bool) -> _Said:
        hint = _LOG_HINT.format(self.name)
        try:
            now = read(self.settings.parser, patched.stdout)
        except ReportError as error:
            return _Said(Outcome.ERROR, f"on the patched tree: {error}", hint)
        try:
            before = read(self.settings.parser, base.stdout) if base else Report(Counter())
        except ReportError as error:
            if not passes:
                return _Said(Outcome.FAIL, f"{_counted(now)}, and on the base: {error}", hint)
            before = Report(now.findings)
        fresh = sorted((now.findings - before.findings).elements())
        idle = sorted(before.passed - now.passed - now.findings.keys())
        notes = [f"new: {name}" for name in fresh]
        if old := (now.findings & before.findings).total():
            notes.append(f"{old} finding(s) were there before")
        fault = ""
        if idle:
            fault = f"passed on the base and do not any more: {listed(idle)}"
        elif fresh and not passes:
            fault = f"{len(fresh)} new finding(s): {listed(fresh, 2)}"
        elif not passes and (not now.findings or was_fine):
            fault = f"ended with status {patched.exit_status}, and its report does not say why"
        tallies = _tallies(before, now, fresh)
        if fault:
            return _Said(Outcome.FAIL, fault, hint, notes, tallies)
        summary = f"{self.name} passes" if passes else "nothing new"
        summary += f" ({_counted(now)})" if now.findings else ""
        return _Said(Outcome.PASS, summary, "", notes, tallies)

    def _cut(self, ran: Ran) -> str:
        """Return what stopped a run; empty when it came to its own end."""
        if ran.timed_out:
            return f"did not end within {ran.seconds:.0f} s (`timeout_s`)"
        if ran.out_of_memory:
            return f"took more than {self.settings.memory_mb} MiB of memory (`memory_mb`)"
        return f"printed more than {MAX_REPORT // 1024**2} MiB" if ran.truncated else ""

    def _command(self, tree: Tree, python: Interpreter | None) -> Command:
        settings = self.settings
        argv, env = settings.argv, dict(settings.env)
        if settings.report:
            report = posixpath.join(TREE, settings.report)
            argv = ("/bin/sh", "-c", _WITH_REPORT, "sh", report, *argv)
            env["MOST"] = str(MAX_REPORT + 1)
        env["PATH"] = self.path(python)
        limits = Limits(
            wall_s=settings.timeout_s,
            output=MAX_REPORT,
            memory=settings.memory_mb * 1024**2,
            address_space=max(settings.memory_mb * 1024**2 * 2, Limits().address_space),
        )
        return Command(
            argv=argv,
            tree=tree.scratch,
            cwd=posixpath.join(TREE, settings.folder) if settings.folder else TREE,
            env=env,
            read_only=self.shown(python),
            links=python.links if python else (),
            limits=limits,
            network=Network(settings.network),
        )

    def path(self, python: Interpreter | None) -> str:
        """Return where programs are looked for: beside that Python, in the tools, in the system."""
        folders = [str(python.program.parent)] if python else []
        folders += [str(found) for tool in self.tools for found in _programs(tool)]
        return ":".join([*folders, _PATH])

    def shown(self, python: Interpreter | None) -> tuple[Path, ...]:
        """Return the files and folders of the host that a run sees."""
        return (*self.tools, *(python.folders if python else ()))

    def _interpreter(self, case: Case) -> Interpreter | None:
        """Return the Python of the project's tests, whose folder may have the program, too."""
        try:
            pair = self.environments.pair(
                case.base.read, case.patched.read, self.settings.folder, case.change.paths
            )
        except (EnvironmentUnavailableError, UsageError):
            return None
        return pair.base.interpreter


_PLAIN = "a parser, junit or sarif, could tell what is new"


@dataclass(frozen=True, slots=True)
class _Said:
    """What came of both runs."""

    outcome: Outcome
    summary: str
    hint: str = ""
    notes: Sequence[str] = ()
    tallies: tuple[Tally, ...] = ()


def _programs(tool: Path) -> tuple[Path, ...]:
    """Return where the programs of a tool are."""
    if not tool.is_dir():
        return (tool.parent,)
    return (tool / "bin", tool) if (tool / "bin").is_dir() else (tool,)


def _log(ran: Ran) -> bytes:
    return ran.stdout + ran.stderr


def _counted(report: Report) -> str:
    return f"{report.findings.total()} finding(s)"


def _tallies(before: Report, now: Report, fresh: Sequence[str]) -> tuple[Tally, ...]:
    """Return what became of the checks that the reports name."""
    found, was = set(now.findings), set(before.findings)
    turns = {
        Turn.FAIL_TO_PASS: (was - found) & now.passed if now.passed else was - found,
        Turn.NEW_PASS: now.passed - before.passed - was,
        Turn.PASS_TO_PASS: now.passed & before.passed,
        Turn.PASS_TO_FAIL: found & before.passed,
        Turn.NEW_FAIL: set(fresh) - before.passed,
        Turn.FAIL_TO_FAIL: found & was,
        Turn.SKIPPED: now.skipped & before.passed,
        Turn.REMOVED: before.passed - now.passed - found - now.skipped,
    }
    return tuple(_tally(turn, names) for turn, names in turns.items() if names)


def _tally(turn: Turn, names: Collection[str]) -> Tally:
    return Tally(turn, len(names), tuple(sorted(names)[:_MOST_NAMES]))
